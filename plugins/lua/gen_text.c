/* plugins/lua/gen_text.c: text that grows, and values as text; see expr_gen.h. */
#include "expr_gen.h"

#include <math.h>

void gen_say(struct gen *m, const char *format, ...)
{
    va_list args;
    if (m->failed)
        return;
    for (;;) {
        size_t left = m->room - m->n;
        va_start(args, format);
        int n = vsnprintf(m->text != NULL ? m->text + m->n : NULL, left, format, args);
        va_end(args);
        if (n >= 0 && (size_t)n < left) {
            m->n += (size_t)n;
            return;
        }
        size_t room = m->room * 2 + (size_t)(n < 0 ? 0 : n) + 4096;
        char *more = m->e->alloc(m->e->host, room);
        if (more == NULL || n < 0) {
            m->failed = 1;
            expr_fail(m->e, m->e->root, "out of memory");
            return;
        }
        if (m->n != 0)
            memcpy(more, m->text, m->n);
        m->text = more;
        m->room = room;
    }
}

static uint32_t site_new(struct gen *m, enum expr_why why, const struct expr_node *node)
{
    struct expr *e = m->e;
    if (e->n_sites == e->sites_room) {
        uint32_t room = e->sites_room * 2 + 16;
        struct expr_site *sites = e->alloc(e->host, room * sizeof *sites);
        if (sites == NULL) {
            m->failed = 1;
            expr_fail(e, node, "out of memory");
            return 0;
        }
        if (e->n_sites != 0)
            memcpy(sites, e->sites, e->n_sites * sizeof *sites);
        e->sites = sites;
        e->sites_room = room;
    }
    e->sites[e->n_sites] = (struct expr_site){why, node};
    return e->n_sites++;
}

void gen_bad(struct gen *m, enum expr_why why, const struct expr_node *node)
{
    gen_say(m, " BR[nb]=i BS[nb]=%u nb=nb+1 goto next ", site_new(m, why, node));
}

void gen_temp(struct gen *m, char *to, size_t size, uint32_t t)
{
    if (t >= EXPR_TEMPS_MAX && !m->failed) {
        m->failed = 1;
        expr_fail(m->e, m->e->root, "it holds too much at once: divide it");
    }
    if (t >= m->temps)
        m->temps = t + 1;
    snprintf(to, size, "t%u", t);
}

/* ---- values ------------------------------------------------------------------------------------ */

void gen_number(char *to, size_t size, double v)
{
    if (isinf(v))
        snprintf(to, size, "%s", v > 0 ? "(1/0)" : "(-1/0)");
    else
        snprintf(to, size, signbit(v) ? "(%.17g)" : "%.17g", v);
}

void gen_integer(char *to, size_t size, int64_t v)
{
    if (v == INT64_MIN)
        snprintf(to, size, "0x8000000000000000LL");
    else
        snprintf(to, size, v < 0 ? "(%lldLL)" : "%lldLL", (long long)v);
}

void gen_as_f64(const struct expr_node *node, const struct gen_value *value, char *to, size_t size)
{
    if (value->type == GYRE_TYPE_f64)
        snprintf(to, size, "%s", value->v);
    else if (node->op == EXPR_INT)
        gen_number(to, size, (double)node->integer);
    else
        snprintf(to, size, "tonumber(%s)", value->v);
}

struct gen_value gen_result(struct gen *m, uint32_t type, uint32_t slot, uint32_t t)
{
    struct gen_value r = {.type = type};
    if (gyre_type_is_str(type)) {
        snprintf(r.v, sizeof r.v, "S");
        snprintf(r.words, sizeof r.words, "SW");
        snprintf(r.at, sizeof r.at, "%u", slot);
    } else {
        gen_temp(m, r.v, sizeof r.v, t);
    }
    return r;
}
