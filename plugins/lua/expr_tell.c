/* plugins/lua/expr_tell.c: what is wrong with an expression, and why a row is bad, for a person; see expr.h. */
#include "expr_fn.h"

int expr_fail(struct expr *e, const struct expr_node *node, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(e->error.text, sizeof e->error.text, format, args);
    va_end(args);
    e->error.at = node->at;
    return -1;
}

struct expr_excerpt expr_excerpt(const struct expr *e, const struct expr_node *node)
{
    struct expr_excerpt x;
    uint32_t end = node->end, most = (uint32_t)sizeof x.text - 4;
    while (end > node->at && (e->source[end - 1] == ' ' || (unsigned)e->source[end - 1] - '\t' < 5))
        end--;
    uint32_t n = end - node->at;
    snprintf(x.text, sizeof x.text, "%.*s%s", (int)(n < most ? n : most), e->source + node->at,
             n < most ? "" : "...");
    return x;
}

uint32_t expr_line(const struct expr *e, uint32_t at)
{
    uint32_t line = 0;
    for (uint32_t i = 0; i < at && i < e->n; i++)
        line += e->source[i] == '\n';
    return line;
}

void expr_tell(const struct expr *e, char *to, size_t size)
{
    uint32_t from = e->error.at < e->n ? e->error.at : e->n, begin = from, end = from;
    while (begin > 0 && e->source[begin - 1] != '\n' && from - begin < 30)
        begin--;
    while (end < e->n && e->source[end] != '\n' && end - from < 30)
        end++;
    uint32_t column = 1;
    for (uint32_t i = from; i > 0 && e->source[i - 1] != '\n'; i--)
        column++;
    if (e->n == 0)
        snprintf(to, size, "%s", e->error.text);
    else
        snprintf(to, size, "%s (at column %u: `%.*s`)", e->error.text, column, (int)(end - begin),
                 e->source + begin);
}

void expr_tell_row(const struct expr *e, uint32_t site, char *to, size_t size)
{
    if (site >= e->n_sites) {
        snprintf(to, size, "a row that cannot be computed");
        return;
    }
    const struct expr_node *node = e->sites[site].node;
    struct expr_excerpt x = expr_excerpt(e, node);
    const char *type = gyre_type_name(node->type);
    switch (e->sites[site].why) {
    case EXPR_NULL:
        snprintf(to, size, "%s is null; write coalesce(%s, ...), or %s ~= nil and ...", x.text,
                 x.text, x.text);
        break;
    case EXPR_OVERFLOW: snprintf(to, size, "%s is beyond an i64", x.text); break;
    case EXPR_ZERO: snprintf(to, size, "%s divides by 0", x.text); break;
    case EXPR_CAST: snprintf(to, size, "%s: what it is given is no %s", x.text, type); break;
    case EXPR_RANGE: snprintf(to, size, "%s is beyond an i32", x.text); break;
    case EXPR_SLOW:
        snprintf(to, size, "%s takes too long for this text: write a pattern that goes back less",
                 x.text);
        break;
    case EXPR_INEXACT:
        snprintf(to, size, "%s is no integer; write round(x), or cast(x, \"i64\"), which cuts off",
                 x.text);
        break;
    default:
        snprintf(to, size,
                 "%s is longer than the 64 MiB that a str may have here, or there is no memory",
                 x.text);
        break;
    }
}
