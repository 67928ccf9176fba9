/* See script.h. */
#include "conform/script.h"

#include "base/clock.h"

#include <gyre/error.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>

#define SECOND INT64_C(1000000)

enum { WIDE = 1000, KEYS = 5, JITTER_S = 2, LAG_S = 3 };

/* ---- values ---- */

static struct gyre_str word(struct gy_rng *rng, bool extreme)
{
    static const char *const words[] = {"a",
                                        "b",
                                        "ab",
                                        "a word beyond twelve bytes",
                                        "\xc5\xbc\xc3\xb3\xc5\x82w",
                                        "",
                                        "another one that is long",
                                        "\n\"\\\x01\xff"};
    uint64_t i = gy_rng_below(rng, extreme ? 8 : KEYS);
    return gyre_str_view(words[i], (uint32_t)strlen(words[i]));
}

static double number(struct gy_rng *rng, bool extreme)
{
    static const double ends[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1e308, -1e308, 5e-324};
    if (extreme && gy_rng_below(rng, 3) == 0)
        return ends[gy_rng_below(rng, 8)];
    return (double)((int64_t)gy_rng_below(rng, 400) - 200) / 4; /* sums of these are exact */
}

static int64_t integer(struct gy_rng *rng, bool extreme, int64_t least, int64_t most)
{
    const int64_t ends[] = {least, most, least + 1, most - 1, 0, -1};
    if (extreme && gy_rng_below(rng, 3) == 0)
        return ends[gy_rng_below(rng, 6)];
    return (int64_t)gy_rng_below(rng, 2 * KEYS) - 2;
}

void gy_script_value(struct gy_rng *rng, struct gy_rows *rows, uint32_t row, uint32_t f,
                     bool extreme)
{
    const struct gyre_field *field = gyre_schema_field(rows->schema, f);
    union {
        uint8_t b;
        int32_t i;
        int64_t l;
        double d;
        struct gyre_str s;
    } v = {0};
    if ((field->flags & GYRE_NULLABLE) != 0 && gy_rng_below(rng, 6) == 0) {
        gy_rows_set(rows, row, f, NULL);
        return;
    }
    switch (field->type) {
    case GYRE_TYPE_bool: v.b = (uint8_t)gy_rng_below(rng, 2); break;
    case GYRE_TYPE_i32: v.i = (int32_t)integer(rng, extreme, INT32_MIN, INT32_MAX); break;
    case GYRE_TYPE_i64: v.l = integer(rng, extreme, INT64_MIN, INT64_MAX); break;
    case GYRE_TYPE_f64: v.d = number(rng, extreme); break;
    case GYRE_TYPE_time:
        v.l = extreme && gy_rng_below(rng, 3) == 0 ? integer(rng, true, INT64_MIN + 1, INT64_MAX)
                                                   : rows->time[row];
        break;
    default: v.s = word(rng, extreme);
    }
    gy_rows_set(rows, row, f, &v);
}

/* ---- making one ---- */

/* One port's samples; n 0: there are none. */
struct samples {
    struct gy_rows rows;
    uint32_t next;
};

static int push_step(struct gy_script *script, struct gy_step step)
{
    return gy_vec_push(&script->steps, step) == 0 ? 0 : GYRE_ENOMEM;
}

/* How things follow each other: one in so many steps, quarters of a second. */
struct pace {
    uint32_t few, many, watermark, clock;
    int64_t jitter, lag_us;
    bool wide; /* integers and strings have many values */
};

static const struct pace usual = {5, 40, 4, 6, JITTER_S * 4, LAG_S *SECOND, false};

static struct pace draw_pace(struct gy_rng *rng)
{
    struct pace p = {.few = 1 + (uint32_t)gy_rng_below(rng, 12),
                     .many = 1 + (uint32_t)gy_rng_below(rng, 100),
                     .watermark = 1 + (uint32_t)gy_rng_below(rng, 12),
                     .clock = 1 + (uint32_t)gy_rng_below(rng, 12),
                     .jitter = 1 + (int64_t)gy_rng_below(rng, 24),
                     .wide = gy_rng_below(rng, 3) == 0};
    p.lag_us = p.jitter * SECOND / 4 + (int64_t)gy_rng_below(rng, 8) * SECOND; /* no row is late */
    return p;
}

static void widen_value(struct gy_rows *rows, uint32_t row, uint32_t f, uint64_t value);

static void add_row(struct gy_script *script, uint32_t p, struct samples *samples,
                    struct gy_rng *rng, int64_t *now_us, bool extreme, const struct pace *pace)
{
    struct gy_rows *rows = &script->inputs[p];
    *now_us += (int64_t)gy_rng_below(rng, 3) * SECOND / 2;
    int64_t time_us = *now_us - (int64_t)gy_rng_below(rng, (uint64_t)pace->jitter) * SECOND / 4;
    if (samples->rows.n > 0) {
        gy_rows_copy(rows, &samples->rows, (uint32_t)gy_rng_below(rng, samples->rows.n));
        rows->time[rows->n - 1] = time_us;
        return;
    }
    uint32_t row = gy_rows_add(rows, time_us);
    for (uint32_t f = 0; f < rows->schema->n_fields; f++)
        gy_script_value(rng, rows, row, f, extreme);
    for (uint32_t f = 0; pace->wide && f < rows->schema->n_fields; f++)
        widen_value(rows, row, f, gy_rng_below(rng, WIDE));
}

static int fill(struct gy_script *script, const struct gyre_kit *kit, struct samples *samples,
                uint32_t rows, bool extreme, bool varies)
{
    struct gy_rng rng;
    int64_t now_us = 100 * SECOND, clock_us = kit->clock.wall_us;
    uint32_t ports[GYRE_KIT_INPUTS], n_ports = 0;
    int code = 0;
    gy_rng_init(&rng, script->seed);
    struct pace pace = varies ? draw_pace(&rng) : usual;
    for (uint32_t p = 0; p < kit->node->n_inputs && p < GYRE_KIT_INPUTS; p++)
        if (kit->inputs[p].edge != NULL)
            ports[n_ports++] = p;
    for (uint32_t made = 0; code == 0 && n_ports > 0 && made < rows;) {
        uint32_t p = ports[gy_rng_below(&rng, n_ports)];
        uint32_t n =
            1 + (uint32_t)gy_rng_below(&rng, gy_rng_below(&rng, 8) == 0 ? pace.many : pace.few);
        struct gy_step step = {
            .kind = GY_STEP_ROWS, .port = p, .first = script->inputs[p].n, .n = n};
        for (uint32_t i = 0; i < n; i++)
            add_row(script, p, &samples[p], &rng, &now_us, extreme, &pace);
        made += n;
        code = push_step(script, step);
        step = (struct gy_step){.kind = GY_STEP_WATERMARK, .time_us = now_us - pace.lag_us};
        if (kit->node->n_rounds > 0)
            step.kind = GY_STEP_ROUND;
        if (code == 0 && gy_rng_below(&rng, pace.watermark) == 0)
            code = push_step(script, step);
        clock_us += (int64_t)gy_rng_below(&rng, 5) * SECOND;
        step = (struct gy_step){.kind = GY_STEP_CLOCK, .time_us = clock_us};
        if (code == 0 && gy_rng_below(&rng, pace.clock) == 0)
            code = push_step(script, step);
    }
    return code;
}

static int make(struct gy_script *script, const struct gy_subject *subject,
                const struct gyre_kit *kit, uint64_t seed, uint32_t rows, bool extreme, bool varies,
                struct gy_why *why)
{
    struct samples samples[GYRE_KIT_INPUTS] = {0};
    int code = 0;
    *script = (struct gy_script){.seed = seed};
    for (uint32_t p = 0; p < kit->node->n_inputs && p < GYRE_KIT_INPUTS; p++) {
        script->inputs[p].schema = kit->inputs[p].schema;
        samples[p].rows.schema = kit->inputs[p].schema;
        for (uint32_t i = 0; i < GYRE_KIT_INPUTS; i++) {
            const struct gy_subject_input *in = &subject->inputs[i];
            bool is_it =
                in->port != NULL ? strcmp(in->port, kit->node->inputs[p].name) == 0 : i == p;
            if (code == 0 && is_it && in->rows != NULL)
                code = gy_rows_parse(&samples[p].rows, in->rows, why);
        }
    }
    if (code == 0)
        code = fill(script, kit, samples, rows, extreme, varies);
    for (uint32_t p = 0; p < kit->node->n_inputs && p < GYRE_KIT_INPUTS; p++)
        gy_rows_fini(&samples[p].rows);
    return code;
}

int gy_script_make(struct gy_script *script, const struct gy_subject *subject,
                   const struct gyre_kit *kit, uint64_t seed, uint32_t rows, bool extreme,
                   struct gy_why *why)
{
    return make(script, subject, kit, seed, rows, extreme, false, why);
}

int gy_script_vary(struct gy_script *script, const struct gy_subject *subject,
                   const struct gyre_kit *kit, uint64_t seed, uint32_t rows, bool extreme,
                   struct gy_why *why)
{
    return make(script, subject, kit, seed, rows, extreme, true, why);
}

void gy_script_fini(struct gy_script *script)
{
    for (uint32_t p = 0; p < GYRE_KIT_INPUTS; p++)
        if (script->inputs[p].schema != NULL)
            gy_rows_fini(&script->inputs[p]);
    gy_vec_fini(&script->steps);
}

static void widen_value(struct gy_rows *rows, uint32_t row, uint32_t f, uint64_t value)
{
    char text[24];
    int64_t l = (int64_t)value;
    int32_t i = (int32_t)value;
    struct gyre_str s = gyre_str_view(text, (uint32_t)snprintf(text, sizeof text, "w%d", (int)i));
    if (gy_rows_is_null(rows, row, f))
        return;
    switch (gyre_schema_field(rows->schema, f)->type) {
    case GYRE_TYPE_i32: gy_rows_set(rows, row, f, &i); break;
    case GYRE_TYPE_i64: gy_rows_set(rows, row, f, &l); break;
    case GYRE_TYPE_str: gy_rows_set(rows, row, f, &s); break;
    default: break;
    }
}

void gy_script_widen(struct gy_script *script)
{
    struct gy_rng rng;
    size_t n = 0;
    gy_rng_init(&rng, script->seed + 1);
    for (uint32_t p = 0; p < GYRE_KIT_INPUTS; p++)
        for (uint32_t row = 0; row < script->inputs[p].n; row++)
            for (uint32_t f = 0; f < script->inputs[p].schema->n_fields; f++)
                widen_value(&script->inputs[p], row, f, gy_rng_below(&rng, WIDE));
    for (size_t i = 0; i < script->steps.n; i++)
        if (script->steps.items[i].kind != GY_STEP_ROUND)
            script->steps.items[n++] = script->steps.items[i];
    script->steps.n = n;
    push_step(script, (struct gy_step){.kind = GY_STEP_ROUND});
}

/* ---- making one smaller ---- */

/* Takes steps out, so many at once. True where it became smaller. */
static bool drop_steps(struct gy_script *script, size_t many, bool (*fails)(void *host), void *host,
                       int64_t until_ns)
{
    bool smaller = false;
    for (size_t at = 0; at + many <= script->steps.n;) {
        struct gy_step kept[script->steps.n + 1];
        size_t n = script->steps.n;
        if (gy_clock_mono_ns(gy_clock_real()) > until_ns)
            return false;
        memcpy(kept, script->steps.items, n * sizeof *kept);
        memmove(&script->steps.items[at], &kept[at + many], (n - at - many) * sizeof *kept);
        script->steps.n -= many;
        if (fails(host)) {
            smaller = true;
            continue;
        }
        memcpy(script->steps.items, kept, n * sizeof *kept);
        script->steps.n = n;
        at += many;
    }
    return smaller;
}

/* Halves the rows of each step. */
static void drop_rows(struct gy_script *script, bool (*fails)(void *host), void *host,
                      int64_t until_ns)
{
    for (size_t i = 0; i < script->steps.n; i++) {
        struct gy_step *step = &script->steps.items[i];
        while (step->kind == GY_STEP_ROWS && step->n > 1 &&
               gy_clock_mono_ns(gy_clock_real()) < until_ns) {
            struct gy_step before = *step;
            uint32_t half = step->n / 2;
            step->n -= half;
            if (fails(host))
                continue;
            step->first += step->n;
            step->n = half;
            if (fails(host))
                continue;
            *step = before;
            break;
        }
    }
}

void gy_script_shrink(struct gy_script *script, bool (*fails)(void *host), void *host,
                      int64_t seconds)
{
    int64_t until_ns = gy_clock_mono_ns(gy_clock_real()) + seconds * INT64_C(1000000000);
    for (size_t many = script->steps.n / 2; many > 0; many /= 2)
        drop_steps(script, many, fails, host, until_ns);
    drop_rows(script, fails, host, until_ns);
    while (script->steps.n > 1 && drop_steps(script, 1, fails, host, until_ns))
        ;
}

void gy_script_cut(struct gy_script *script, const struct gy_script *cut)
{
    size_t n = 0;
    for (size_t i = 0; i < cut->steps.n; i++) { /* in their order, so that none is overwritten */
        const struct gy_step *left = &cut->steps.items[i];
        if (left->origin >= script->steps.n)
            continue;
        struct gy_step step = script->steps.items[left->origin];
        step.first += left->first;
        step.n = left->n < step.n ? left->n : step.n;
        script->steps.items[n++] = step;
    }
    script->steps.n = n;
}

/* ---- as text ---- */

enum { LINES_MOST = 40 };

static void put_moment(const struct gy_step *step, struct gy_buf *into)
{
    if (step->kind == GY_STEP_ROUND)
        gy_buf_text(into, "    the round ends\n");
    else
        gy_buf_printf(into, "    %s %lld\n", step->kind == GY_STEP_CLOCK ? "clock" : "watermark",
                      (long long)step->time_us);
}

void gy_script_text(const struct gy_script *script, const struct gyre_kit *kit, struct gy_buf *into)
{
    uint32_t lines = 0;
    for (size_t i = 0; i < script->steps.n && lines < LINES_MOST; i++) {
        const struct gy_step *step = &script->steps.items[i];
        if (step->kind != GY_STEP_ROWS) {
            put_moment(step, into);
            lines++;
            continue;
        }
        gy_buf_printf(into, "    rows of `%s`:\n", kit->node->inputs[step->port].name);
        for (uint32_t r = 0; r < step->n && lines < LINES_MOST; r++, lines++) {
            gy_buf_text(into, "      ");
            gy_rows_line(&script->inputs[step->port], step->first + r, true, into);
            gy_buf_text(into, "\n");
        }
    }
    if (lines == LINES_MOST)
        gy_buf_text(into, "    ...\n");
}
