/* gyre/record.h: columns as records, and operators made of one function on a record.
 *
 * A list of fields, written once as an X-macro, declares the record struct, its schema and the
 * pointers to its columns. F(type, name) is a field, N(type, name) a nullable one, which comes with
 * a flag `name_null` and is zeroed where it is null:
 *
 *     #define TRADE(F, N) F(str, symbol) F(f64, price) N(i64, volume)
 *     GYRE_RECORD(trade, TRADE)
 *
 * A macro below then makes an operator of a function on records; its loop is compiled into the
 * plugin, so that the function is inlined and the host is called once per batch:
 *
 *     static int is_big(const struct trade *t) { return t->volume > 1000; }
 *     GYRE_FILTER(big, "Trades of more than 1000.", trade, is_big)
 *     GYRE_PLUGIN(my, "0.1.0", GYRE_OP(big))
 *
 * None of these macros takes a semicolon.
 *
 * | macro             | the function                                                            |
 * |-------------------|-------------------------------------------------------------------------|
 * | GYRE_FILTER       | int fn(const struct IN *)                             0 drops the row   |
 * | GYRE_MAP          | void fn(const struct IN *, struct OUT *)              adds or replaces  |
 * | GYRE_FLAT_MAP     | void fn(const struct IN *, struct gyre_emit *)        OUT_emit(e, &row) |
 * | GYRE_KEYED        | void fn(ctx, const struct IN *, struct STATE *, emit) state of its key  |
 * | GYRE_AGGREGATE    | add(ACC *, const IN *), merge(ACC *, const ACC *), result(const ACC *, OUT *) |
 *
 * FILTER and MAP put out the input's other columns by reference; the record need hold only the fields
 * the function reads or writes. The function is not called for dropped rows. The _TOTAL forms promise
 * that it is safe for any bits (no division, no pointer), which lets the loop be vectorized.
 *
 * Each of them has a _WITH form, whose last two arguments are the struct of its options and their table
 * (char and GYRE_NO_OPTIONS where it has none), and whose functions get two arguments before the others,
 * `struct gyre_ctx *` and `const struct CONFIG *`:
 *
 *     static int is_big(struct gyre_ctx *ctx, const struct least *least, const struct trade *t)
 *     GYRE_FILTER_WITH(big, "Trades of some volume.", trade, is_big, struct least, least_options)
 *
 * A string that is put out, of whatever length, need not outlive the function: what is longer than 12
 * bytes and no part of the input row is copied. */
#ifndef GYRE_RECORD_H
#define GYRE_RECORD_H

#include <gyre/plugin.h>

#define GYRE__MEMBER(type, field) gyre_c_##type field;
#define GYRE__MEMBER_N(type, field)                                                                \
    gyre_c_##type field;                                                                           \
    uint8_t field##_null;
#define GYRE__FIELD(type, field)   GYRE_FIELD(type, #field, 0),
#define GYRE__FIELD_N(type, field) GYRE_FIELD(type, #field, GYRE_NULLABLE),
#define GYRE__COUNT(type, field)   +1
#define GYRE__IN(type, field)      const gyre_c_##type *field;
#define GYRE__IN_N(type, field)                                                                    \
    const gyre_c_##type *field;                                                                    \
    const uint8_t *field##_valid;
#define GYRE__OUT(type, field) gyre_c_##type *field;
#define GYRE__OUT_N(type, field)                                                                   \
    gyre_c_##type *field;                                                                          \
    uint8_t *field##_valid;
#define GYRE__POINT_IN(type, field) gyre__c.field = (const gyre_c_##type *)in->columns[k++].data;
#define GYRE__POINT_IN_N(type, field)                                                              \
    gyre__c.field##_valid = in->columns[k].valid;                                                  \
    gyre__c.field = (const gyre_c_##type *)in->columns[k++].data;
#define GYRE__POINT_OUT(type, field) gyre__c.field = (gyre_c_##type *)out->data[k++];
#define GYRE__POINT_OUT_N(type, field)                                                             \
    gyre__c.field##_valid = out->valid[k];                                                         \
    gyre__c.field = (gyre_c_##type *)out->data[k++];
#define GYRE__LOAD(type, field) gyre__r.field = gyre__c->field[i];
#define GYRE__LOAD_N(type, field)                                                                  \
    gyre__r.field = gyre__c->field[i];                                                             \
    gyre__r.field##_null =                                                                         \
        (uint8_t)(gyre__c->field##_valid != NULL && gyre__c->field##_valid[i] == 0);
/* What is only for fields of strings. */
#define GYRE__IF_STR_bool(...)
#define GYRE__IF_STR_i32(...)
#define GYRE__IF_STR_i64(...)
#define GYRE__IF_STR_f64(...)
#define GYRE__IF_STR_time(...)
#define GYRE__IF_STR_str(...)   __VA_ARGS__
#define GYRE__IF_STR_bytes(...) __VA_ARGS__

#define GYRE__HAS(type, field)                                                                     \
    GYRE__IF_STR_##type(                                                                           \
        if (gyre__r->field.len > GYRE_STR_INLINE &&                                                \
            (uintptr_t)bytes - (uintptr_t)gyre__r->field.u.ptr < gyre__r->field.len) return 1;)
#define GYRE__OWN(type, field) GYRE__IF_STR_##type(gyre_emit_own(e, &gyre__c->field[i]);)
#define GYRE__OWN_N(type, field)                                                                   \
    GYRE__IF_STR_##type(if (gyre__c->field##_valid[i] != 0) gyre_emit_own(e, &gyre__c->field[i]);)
#define GYRE__STORE(type, field) gyre__c->field[i] = gyre__r->field;
#define GYRE__STORE_N(type, field)                                                                 \
    gyre__c->field[i] = gyre__r->field;                                                            \
    gyre__c->field##_valid[i] = (uint8_t)!gyre__r->field##_null;

/** Declares `struct name` (a record), `name_fields` (its schema), and inline accessors:
 *  name_columns(batch) and name_outputs(out) give its column pointers, name_load one record,
 *  name_store writes one, name_emit appends one to a rows port. */
/* clang-format off */
#define GYRE_RECORD(name, FIELDS)                                                                  \
    struct name {                                                                                  \
        FIELDS(GYRE__MEMBER, GYRE__MEMBER_N)                                                       \
    };                                                                                             \
    struct name##_in {                                                                             \
        FIELDS(GYRE__IN, GYRE__IN_N)                                                               \
    };                                                                                             \
    struct name##_out {                                                                            \
        FIELDS(GYRE__OUT, GYRE__OUT_N)                                                             \
    };                                                                                             \
    enum { name##_n_fields = 0 FIELDS(GYRE__COUNT, GYRE__COUNT) };                                 \
    GYRE__UNUSED static const struct gyre_field name##_fields[] = {                                \
        FIELDS(GYRE__FIELD, GYRE__FIELD_N)};                                                       \
    GYRE__UNUSED static inline struct name##_in name##_columns(const struct gyre_batch *in)        \
    {                                                                                              \
        struct name##_in gyre__c;                                                                  \
        uint32_t k = 0;                                                                            \
        FIELDS(GYRE__POINT_IN, GYRE__POINT_IN_N)                                                   \
        (void)k;                                                                                   \
        return gyre__c;                                                                            \
    }                                                                                              \
    GYRE__UNUSED static inline struct name##_out name##_outputs(const struct gyre_out *out)        \
    {                                                                                              \
        struct name##_out gyre__c;                                                                 \
        uint32_t k = 0;                                                                            \
        FIELDS(GYRE__POINT_OUT, GYRE__POINT_OUT_N)                                                 \
        (void)k;                                                                                   \
        return gyre__c;                                                                            \
    }                                                                                              \
    GYRE__UNUSED static inline struct name name##_load(const struct name##_in *gyre__c,            \
                                                       uint32_t i)                                 \
    {                                                                                              \
        struct name gyre__r;                                                                       \
        FIELDS(GYRE__LOAD, GYRE__LOAD_N)                                                           \
        return gyre__r;                                                                            \
    }                                                                                              \
    GYRE__UNUSED static inline void name##_store(const struct name##_out *gyre__c, uint32_t i,     \
                                                 const struct name *gyre__r)                       \
    {                                                                                              \
        FIELDS(GYRE__STORE, GYRE__STORE_N)                                                         \
    }                                                                                              \
    GYRE__UNUSED static inline int gyre__##name##_has(const void *row, const char *bytes)                  \
    {                                                                                              \
        const struct name *gyre__r = (const struct name *)row;                                     \
        (void)gyre__r, (void)bytes;                                                                \
        FIELDS(GYRE__HAS, GYRE__HAS)                                                               \
        return 0;                                                                                  \
    }                                                                                              \
    GYRE__UNUSED static inline void gyre__##name##_own(const struct name##_out *gyre__c, uint32_t i,       \
                                               struct gyre_emit *e)                                \
    {                                                                                              \
        (void)gyre__c, (void)i, (void)e;                                                           \
        FIELDS(GYRE__OWN, GYRE__OWN_N)                                                             \
    }                                                                                              \
    GYRE__UNUSED static inline void name##_emit(struct gyre_emit *e, const struct name *row)       \
    {                                                                                              \
        uint32_t i = gyre_out_row(e->out, e->time);                                                \
        struct name##_out columns = name##_outputs(e->out);                                        \
        name##_store(&columns, i, row);                                                            \
        gyre__##name##_own(&columns, i, e);                                                                \
    }
/* clang-format on */

#if defined(__GNUC__)
#define GYRE__UNUSED __attribute__((unused))
#define GYRE__INLINE __attribute__((unused, always_inline)) static inline
#else
#define GYRE__UNUSED
#define GYRE__INLINE static inline
#endif

/** Where a flat map's function appends rows: `OUT_emit(e, &row)`.
 *  Shape:   `has` tells whether bytes are of `row`, the input row, whose strings the output shares;
 *           NULL: it shares none
 *  Thread:  [task] */
struct gyre_emit {
    struct gyre_out *out;
    int64_t time; /* of the input row; may be changed */
    const void *row;
    int (*has)(const void *row, const char *bytes);
};

/** Copies a string that was put out, unless it is short, of the input row, or in the output's arena.
 *  Thread:  [task] */
static inline void gyre_emit_own(struct gyre_emit *e, struct gyre_str *s)
{
    if (s->len <= GYRE_STR_INLINE || (e->has != NULL && e->has(e->row, s->u.ptr)))
        return;
    uintptr_t at = (uintptr_t)s->u.ptr, arena = (uintptr_t)e->out->text_start;
    if (at - arena >= (uintptr_t)e->out->text - arena)
        *s = gyre_out_str(e->out, s->u.ptr, s->len);
}

/* For a _WITH form without options, after `char`. */
#define GYRE_NO_OPTIONS ((const struct gyre_option *)NULL)
enum { GYRE__OPTION_BYTES = sizeof(struct gyre_option) };
#define GYRE__N_OPTIONS(options) ((uint32_t)(sizeof(options) / GYRE__OPTION_BYTES))

/* The positional initializer of an operator, for C and C++ alike. */
#define GYRE__OPERATOR(kind, name, doc, flags, config, options, n_options, ins, n_ins, outs,       \
                       n_outs, states, n_states, needs, process)                                   \
    {                                                                                              \
        (uint32_t)sizeof(struct gyre_operator), kind, #name, doc, flags, config, 0, n_options,     \
            options, ins, outs, states, n_ins, n_outs, n_states, GYRE_ITEMS_NONE, needs, NULL,     \
            NULL, NULL, process, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
            NULL, NULL, 0, 0                                                                       \
    }

#define GYRE__IN_PORT(name, IN)                                                                    \
    static const struct gyre_port gyre__##name##_ins[] = {                                         \
        GYRE_PORT("in", 0, IN##_fields, IN##_n_fields, "rows")};

/* A loop over the kept rows that calls `body` with `gyre__i`; dense where all are kept. The body stands in it
 * twice, so it is a call of a function of its own: a mistake is told once. */
#define GYRE__EACH(gyre__in, body)                                                                 \
    if ((gyre__in)->selection == NULL) {                                                           \
        for (uint32_t gyre__i = 0; gyre__i < (gyre__in)->rows; gyre__i++)                          \
            body                                                                                   \
    } else {                                                                                       \
        for (uint32_t gyre__j = 0; gyre__j < (gyre__in)->kept; gyre__j++) {                        \
            uint32_t gyre__i = (gyre__in)->selection[gyre__j];                                     \
            body                                                                                   \
        }                                                                                          \
    }

/* The operator's config, and whether a filter's function keeps a row. */
#define GYRE__FILTER_ROW(name, IN, CALL, CONFIG)                                                   \
    typedef CONFIG gyre__##name##_config;                                                          \
    GYRE__INLINE uint8_t gyre__##name##_row(struct gyre_ctx *gyre__ctx,                            \
                                            const struct IN##_in *gyre__columns, uint32_t gyre__i) \
    {                                                                                              \
        const gyre__##name##_config *gyre__config =                                                \
            (const gyre__##name##_config *)gyre__ctx->config;                                      \
        struct IN gyre__record = IN##_load(gyre__columns, gyre__i);                                \
        (void)gyre__config;                                                                        \
        return (uint8_t)((CALL) != 0);                                                             \
    }

#define GYRE__FILTER(name, doc, IN, CALL, CONFIG, options, n_options)                              \
    GYRE__FILTER_ROW(name, IN, CALL, CONFIG)                                                       \
    static int32_t gyre__##name##_process(void *gyre__self, struct gyre_ctx *gyre__ctx,            \
                                          const struct gyre_batch *gyre__in)                       \
    {                                                                                              \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        uint8_t *gyre__keep = gyre__ctx->outputs[0]->keep;                                         \
        (void)gyre__self;                                                                          \
        if (gyre__in->selection != NULL)                                                           \
            memset(gyre__keep, 0, gyre__in->rows);                                                 \
        GYRE__EACH(gyre__in, {                                                                     \
            gyre__keep[gyre__i] = gyre__##name##_row(gyre__ctx, &gyre__columns, gyre__i);          \
        })                                                                                         \
        return 0;                                                                                  \
    }                                                                                              \
    GYRE__FILTER_OP(name, doc, IN, GYRE_WANTS_SELECTION | GYRE_MASK_AWARE, options, n_options)

#define GYRE__FILTER_OP(name, doc, IN, flags, options, n_options)                                  \
    GYRE__IN_PORT(name, IN)                                                                        \
    static const struct gyre_port gyre__##name##_outs[] = {                                        \
        GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_FILTERS | GYRE_PORT_PASS_REST, NULL, 0,     \
                  "the rows kept")};                                                               \
    static const struct gyre_operator gyre_op_##name = GYRE__OPERATOR(                             \
        GYRE_TRANSFORM, name, doc, flags, sizeof(gyre__##name##_config), options, n_options,       \
        gyre__##name##_ins, 1, gyre__##name##_outs, 1, NULL, 0, 0, gyre__##name##_process);

#define GYRE_FILTER(name, doc, IN, fn) GYRE__FILTER(name, doc, IN, fn(&gyre__record), char, NULL, 0)
#define GYRE_FILTER_WITH(name, doc, IN, fn, CONFIG, options)                                       \
    GYRE__FILTER(name, doc, IN, fn(gyre__ctx, gyre__config, &gyre__record), CONFIG, options,       \
                 GYRE__N_OPTIONS(options))

#define GYRE_FILTER_TOTAL(name, doc, IN, fn)                                                       \
    GYRE__FILTER_ROW(name, IN, fn(&gyre__record), char)                                            \
    static int32_t gyre__##name##_process(void *gyre__self, struct gyre_ctx *gyre__ctx,            \
                                          const struct gyre_batch *gyre__in)                       \
    {                                                                                              \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        uint8_t *gyre__keep = gyre__ctx->outputs[0]->keep;                                         \
        const uint8_t *gyre__kept = gyre__in->keep;                                                \
        uint32_t gyre__rows = gyre__in->rows;                                                      \
        (void)gyre__self;                                                                          \
        if (gyre__kept == NULL) {                                                                  \
            GYRE_IVDEP                                                                             \
            for (uint32_t gyre__i = 0; gyre__i < gyre__rows; gyre__i++)                            \
                gyre__keep[gyre__i] = gyre__##name##_row(gyre__ctx, &gyre__columns, gyre__i);      \
        } else {                                                                                   \
            GYRE_IVDEP                                                                             \
            for (uint32_t gyre__i = 0; gyre__i < gyre__rows; gyre__i++)                            \
                gyre__keep[gyre__i] =                                                              \
                    (uint8_t)(gyre__##name##_row(gyre__ctx, &gyre__columns, gyre__i) &             \
                              gyre__kept[gyre__i]);                                                \
        }                                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    GYRE__FILTER_OP(name, doc, IN, GYRE_MASK_AWARE, NULL, 0)

/* Output strings of a map may come from any input string: share all arenas of the input. */
#define GYRE__ADOPT_ALL(IN, OUT, gyre__to)                                                         \
    for (uint32_t gyre__o = 0; gyre__o < OUT##_n_fields; gyre__o++)                                \
        for (uint32_t gyre__i = 0;                                                                 \
             gyre_type_is_str(OUT##_fields[gyre__o].type) && gyre__i < IN##_n_fields; gyre__i++)   \
            if (gyre_type_is_str(IN##_fields[gyre__i].type))                                       \
                gyre_out_adopt(gyre__to, gyre__o, gyre__in, gyre__i);

/* The operator's config, and one row of a map. */
#define GYRE__MAP_ROW(name, IN, OUT, CALL, CONFIG)                                                 \
    typedef CONFIG gyre__##name##_config;                                                          \
    GYRE__INLINE void gyre__##name##_row(struct gyre_ctx *gyre__ctx,                               \
                                         const struct IN##_in *gyre__columns,                      \
                                         const struct OUT##_out *gyre__written, uint32_t gyre__i)  \
    {                                                                                              \
        const gyre__##name##_config *gyre__config =                                                \
            (const gyre__##name##_config *)gyre__ctx->config;                                      \
        struct IN gyre__record = IN##_load(gyre__columns, gyre__i);                                \
        struct OUT gyre__result;                                                                   \
        memset(&gyre__result, 0, sizeof gyre__result);                                             \
        (void)gyre__config;                                                                        \
        CALL;                                                                                      \
        OUT##_store(gyre__written, gyre__i, &gyre__result);                                        \
    }

#define GYRE__MAP_OP(name, doc, IN, OUT, flags, options, n_options)                                \
    GYRE__IN_PORT(name, IN)                                                                        \
    static const struct gyre_port gyre__##name##_outs[] = {                                        \
        GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_PASS_REST, OUT##_fields, OUT##_n_fields,    \
                  "the rows, with the fields written")};                                           \
    static const struct gyre_operator gyre_op_##name = GYRE__OPERATOR(                             \
        GYRE_TRANSFORM, name, doc, flags, sizeof(gyre__##name##_config), options, n_options,       \
        gyre__##name##_ins, 1, gyre__##name##_outs, 1, NULL, 0, 0, gyre__##name##_process);

#define GYRE__MAP(name, doc, IN, OUT, CALL, CONFIG, options, n_options)                            \
    GYRE__MAP_ROW(name, IN, OUT, CALL, CONFIG)                                                     \
    GYRE__INLINE void gyre__##name##_owned(                                                        \
        struct gyre_ctx *gyre__ctx, const struct IN##_in *gyre__columns,                           \
        const struct OUT##_out *gyre__written, uint32_t gyre__i)                                   \
    {                                                                                              \
        struct IN gyre__record = IN##_load(gyre__columns, gyre__i);                                \
        struct gyre_emit gyre__emit = {gyre__ctx->outputs[0], 0, &gyre__record, gyre__##IN##_has}; \
        gyre__##name##_row(gyre__ctx, gyre__columns, gyre__written, gyre__i);                      \
        gyre__##OUT##_own(gyre__written, gyre__i, &gyre__emit);                                    \
    }                                                                                              \
    static int32_t gyre__##name##_process(void *gyre__self, struct gyre_ctx *gyre__ctx,            \
                                          const struct gyre_batch *gyre__in)                       \
    {                                                                                              \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        struct OUT##_out gyre__written = OUT##_outputs(gyre__ctx->outputs[0]);                     \
        (void)gyre__self;                                                                          \
        GYRE__ADOPT_ALL(IN, OUT, gyre__ctx->outputs[0])                                            \
        GYRE__EACH(gyre__in,                                                                       \
                   { gyre__##name##_owned(gyre__ctx, &gyre__columns, &gyre__written, gyre__i); })  \
        return 0;                                                                                  \
    }                                                                                              \
    GYRE__MAP_OP(name, doc, IN, OUT, GYRE_WANTS_SELECTION | GYRE_MASK_AWARE, options, n_options)

#define GYRE_MAP(name, doc, IN, OUT, fn)                                                           \
    GYRE__MAP(name, doc, IN, OUT, fn(&gyre__record, &gyre__result), char, NULL, 0)
#define GYRE_MAP_WITH(name, doc, IN, OUT, fn, CONFIG, options)                                     \
    GYRE__MAP(name, doc, IN, OUT, fn(gyre__ctx, gyre__config, &gyre__record, &gyre__result),       \
              CONFIG, options, GYRE__N_OPTIONS(options))

#define GYRE_MAP_TOTAL(name, doc, IN, OUT, fn)                                                     \
    GYRE__MAP_ROW(name, IN, OUT, fn(&gyre__record, &gyre__result), char)                           \
    static int32_t gyre__##name##_process(void *gyre__self, struct gyre_ctx *gyre__ctx,            \
                                          const struct gyre_batch *gyre__in)                       \
    {                                                                                              \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        struct OUT##_out gyre__written = OUT##_outputs(gyre__ctx->outputs[0]);                     \
        uint32_t gyre__rows = gyre__in->rows;                                                      \
        (void)gyre__self;                                                                          \
        GYRE_IVDEP                                                                                 \
        for (uint32_t gyre__i = 0; gyre__i < gyre__rows; gyre__i++)                                \
            gyre__##name##_row(gyre__ctx, &gyre__columns, &gyre__written, gyre__i);                \
        return 0;                                                                                  \
    }                                                                                              \
    GYRE__MAP_OP(name, doc, IN, OUT, GYRE_MASK_AWARE, NULL, 0)

/* The operator's config, and one row of an operator that emits; `gyre__slot` is the state of its key. */
#define GYRE__EMIT_ROW(name, IN, CALL, CONFIG)                                                     \
    typedef CONFIG gyre__##name##_config;                                                          \
    GYRE__INLINE void gyre__##name##_row(                                                          \
        struct gyre_ctx *gyre__ctx, const struct gyre_batch *gyre__in,                             \
        const struct IN##_in *gyre__columns, void *gyre__slot, uint32_t gyre__i)                   \
    {                                                                                              \
        const gyre__##name##_config *gyre__config =                                                \
            (const gyre__##name##_config *)gyre__ctx->config;                                      \
        struct IN gyre__record = IN##_load(gyre__columns, gyre__i);                                \
        struct gyre_emit gyre__emit = {gyre__ctx->outputs[0], gyre_row_time(gyre__in, gyre__i),    \
                                       &gyre__record, gyre__##IN##_has};                           \
        (void)gyre__config, (void)gyre__slot;                                                      \
        CALL;                                                                                      \
    }

#define GYRE__FLAT_MAP(name, doc, IN, OUT, CALL, CONFIG, options, n_options)                       \
    GYRE__EMIT_ROW(name, IN, CALL, CONFIG)                                                         \
    static int32_t gyre__##name##_process(void *gyre__self, struct gyre_ctx *gyre__ctx,            \
                                          const struct gyre_batch *gyre__in)                       \
    {                                                                                              \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        (void)gyre__self;                                                                          \
        GYRE__ADOPT_ALL(IN, OUT, gyre__ctx->outputs[0])                                            \
        GYRE__EACH(gyre__in,                                                                       \
                   { gyre__##name##_row(gyre__ctx, gyre__in, &gyre__columns, NULL, gyre__i); })    \
        return 0;                                                                                  \
    }                                                                                              \
    GYRE__IN_PORT(name, IN)                                                                        \
    static const struct gyre_port gyre__##name##_outs[] = {                                        \
        GYRE_PORT("out", 0, OUT##_fields, OUT##_n_fields, "the rows put out")};                    \
    static const struct gyre_operator gyre_op_##name =                                             \
        GYRE__OPERATOR(GYRE_TRANSFORM, name, doc, GYRE_WANTS_SELECTION | GYRE_MASK_AWARE,          \
                       sizeof(gyre__##name##_config), options, n_options, gyre__##name##_ins, 1,   \
                       gyre__##name##_outs, 1, NULL, 0, 0, gyre__##name##_process);

#define GYRE_FLAT_MAP(name, doc, IN, OUT, fn)                                                      \
    GYRE__FLAT_MAP(name, doc, IN, OUT, fn(&gyre__record, &gyre__emit), char, NULL, 0)
#define GYRE_FLAT_MAP_WITH(name, doc, IN, OUT, fn, CONFIG, options)                                \
    GYRE__FLAT_MAP(name, doc, IN, OUT, fn(gyre__ctx, gyre__config, &gyre__record, &gyre__emit),    \
                   CONFIG, options, GYRE__N_OPTIONS(options))

#define GYRE__STATE_MEMBER(type, field) {#field, GYRE_TYPE_##type, GYRE_OFFSET_NATURAL},
#define GYRE__STATE_MEMBER_N(type, field)                                                          \
    {#field, GYRE_TYPE_##type, GYRE_OFFSET_NATURAL},                                               \
        {#field "_null", GYRE_TYPE_bool, GYRE_OFFSET_NATURAL},
#define GYRE__COUNT_N(type, field) +2

#define GYRE__COUNT_STR(type, field) GYRE__IF_STR_##type(+1)

/** Declares `struct name` as a flat state type, `name_type`, at version `version`: what GYRE_KEYED and
 *  GYRE_AGGREGATE need. It starts zeroed; str and bytes members are assigned with gyre_state_str. */
#define GYRE_STATE_RECORD(name, version, FIELDS)                                                   \
    struct name {                                                                                  \
        FIELDS(GYRE__MEMBER, GYRE__MEMBER_N)                                                       \
    };                                                                                             \
    enum { name##_n_strs = 0 FIELDS(GYRE__COUNT_STR, GYRE__COUNT_STR) };                           \
    static const struct gyre_member name##_members[] = {                                           \
        FIELDS(GYRE__STATE_MEMBER, GYRE__STATE_MEMBER_N)};                                         \
    static const struct gyre_state_type name##_type = {(uint32_t)sizeof(struct gyre_state_type),   \
                                                       version,                                    \
                                                       #name,                                      \
                                                       (uint32_t)sizeof(struct name),              \
                                                       (uint32_t) __alignof__(struct name),        \
                                                       name##_members,                             \
                                                       0 FIELDS(GYRE__COUNT, GYRE__COUNT_N),       \
                                                       0,                                          \
                                                       NULL,                                       \
                                                       NULL,                                       \
                                                       NULL,                                       \
                                                       NULL,                                       \
                                                       NULL};

#define GYRE__KEYED(name, doc, IN, STATE, OUT, CALL, CONFIG, options, n_options)                   \
    GYRE__EMIT_ROW(name, IN, CALL, CONFIG)                                                         \
    static int32_t gyre__##name##_process(void *gyre__self, struct gyre_ctx *gyre__ctx,            \
                                          const struct gyre_batch *gyre__in)                       \
    {                                                                                              \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        void *gyre__slots[GYRE_BATCH_ROWS];                                                        \
        int32_t gyre__code = gyre_state_slots(gyre__ctx, 0, gyre__in, gyre__slots);                \
        (void)gyre__self;                                                                          \
        if (gyre__code != 0)                                                                       \
            return gyre__code;                                                                     \
        GYRE__ADOPT_ALL(IN, OUT, gyre__ctx->outputs[0])                                            \
        GYRE__EACH(gyre__in, {                                                                     \
            gyre__##name##_row(gyre__ctx, gyre__in, &gyre__columns, gyre__slots[gyre__i],          \
                               gyre__i);                                                           \
        })                                                                                         \
        return 0;                                                                                  \
    }                                                                                              \
    GYRE__IN_PORT(name, IN)                                                                        \
    static const struct gyre_port gyre__##name##_outs[] = {                                        \
        GYRE_PORT("out", 0, OUT##_fields, OUT##_n_fields, "the rows put out")};                    \
    static const struct gyre_state gyre__##name##_states[] = {                                     \
        GYRE_STATE(#STATE, VALUE, &STATE##_type, "per key")};                                      \
    static const struct gyre_operator gyre_op_##name = GYRE__OPERATOR(                             \
        GYRE_TRANSFORM, name, doc, GYRE_WANTS_SELECTION | GYRE_MASK_AWARE | GYRE_NEEDS_KEY,        \
        sizeof(gyre__##name##_config), options, n_options, gyre__##name##_ins, 1,                  \
        gyre__##name##_outs, 1, gyre__##name##_states, 1, GYRE_FEATURE_STATE,                      \
        gyre__##name##_process);

/** An operator whose function gets each row with the state of its key. It must have a `key`.
 *  fn(struct gyre_ctx *, const struct IN *, struct STATE *, struct gyre_emit *) */
#define GYRE_KEYED(name, doc, IN, STATE, OUT, fn)                                                  \
    GYRE__KEYED(name, doc, IN, STATE, OUT,                                                         \
                fn(gyre__ctx, &gyre__record, (struct STATE *)gyre__slot, &gyre__emit), char, NULL, \
                0)
#define GYRE_KEYED_WITH(name, doc, IN, STATE, OUT, fn, CONFIG, options)                            \
    GYRE__KEYED(                                                                                   \
        name, doc, IN, STATE, OUT,                                                                 \
        fn(gyre__ctx, gyre__config, &gyre__record, (struct STATE *)gyre__slot, &gyre__emit),       \
        CONFIG, options, GYRE__N_OPTIONS(options))

/* The author's functions on one accumulator. */
#define GYRE__AGGREGATE_ROW(name, IN, ACC, OUT, ADD, MERGE, RESULT, CONFIG)                        \
    typedef CONFIG gyre__##name##_config;                                                          \
    GYRE__INLINE void gyre__##name##_add_row(struct gyre_ctx *gyre__ctx, void *gyre__at,           \
                                             const struct IN *gyre__record)                        \
    {                                                                                              \
        const gyre__##name##_config *gyre__config =                                                \
            (const gyre__##name##_config *)gyre__ctx->config;                                      \
        struct ACC *gyre__acc = (struct ACC *)gyre__at;                                            \
        (void)gyre__config;                                                                        \
        ADD;                                                                                       \
    }                                                                                              \
    GYRE__INLINE void gyre__##name##_result_row(                                                   \
        struct gyre_ctx *gyre__ctx, const void *gyre__at, struct gyre_out *gyre__out,              \
        const struct OUT##_out *gyre__written, uint32_t gyre__i)                                   \
    {                                                                                              \
        const gyre__##name##_config *gyre__config =                                                \
            (const gyre__##name##_config *)gyre__ctx->config;                                      \
        const struct ACC *gyre__acc = (const struct ACC *)gyre__at;                                \
        struct gyre_emit gyre__emit = {gyre__out, 0, NULL, NULL};                                  \
        struct OUT gyre__result;                                                                   \
        memset(&gyre__result, 0, sizeof gyre__result);                                             \
        (void)gyre__config;                                                                        \
        RESULT;                                                                                    \
        OUT##_store(gyre__written, gyre__i, &gyre__result);                                        \
        gyre__##OUT##_own(gyre__written, gyre__i, &gyre__emit);                                    \
    }                                                                                              \
    static int32_t gyre__##name##_merge(struct gyre_ctx *gyre__ctx, void *gyre__to,                \
                                        const void *gyre__of)                                      \
    {                                                                                              \
        const gyre__##name##_config *gyre__config =                                                \
            (const gyre__##name##_config *)gyre__ctx->config;                                      \
        struct ACC *gyre__acc = (struct ACC *)gyre__to;                                            \
        const struct ACC *gyre__from = (const struct ACC *)gyre__of;                               \
        (void)gyre__config;                                                                        \
        MERGE;                                                                                     \
        return 0;                                                                                  \
    }

#define GYRE__AGGREGATE(name, doc, IN, ACC, OUT, ADD, MERGE, RESULT, CONFIG, options, n_options)   \
    GYRE__AGGREGATE_ROW(name, IN, ACC, OUT, ADD, MERGE, RESULT, CONFIG)                            \
    static int32_t gyre__##name##_add(                                                             \
        struct gyre_ctx *gyre__ctx, const struct gyre_batch *gyre__in, const uint32_t *gyre__rows, \
        uint32_t gyre__n, void *const *gyre__accs)                                                 \
    {                                                                                              \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        for (uint32_t gyre__j = 0; gyre__j < gyre__n; gyre__j++) {                                 \
            struct IN gyre__record = IN##_load(&gyre__columns, gyre__rows[gyre__j]);               \
            gyre__##name##_add_row(gyre__ctx, gyre__accs[gyre__j], &gyre__record);                 \
        }                                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    static int32_t gyre__##name##_roll(                                                            \
        struct gyre_ctx *gyre__ctx, const struct gyre_batch *gyre__in, const uint32_t *gyre__rows, \
        uint32_t gyre__n, void *const *gyre__accs, struct gyre_out *gyre__out)                     \
    {                                                                                              \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        struct OUT##_out gyre__written = OUT##_outputs(gyre__out);                                 \
        for (uint32_t gyre__j = 0; gyre__j < gyre__n; gyre__j++) {                                 \
            struct IN gyre__record = IN##_load(&gyre__columns, gyre__rows[gyre__j]);               \
            gyre__##name##_add_row(gyre__ctx, gyre__accs[gyre__j], &gyre__record);                 \
            gyre__##name##_result_row(gyre__ctx, gyre__accs[gyre__j], gyre__out, &gyre__written,   \
                                      gyre__rows[gyre__j]);                                        \
        }                                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    static int32_t gyre__##name##_result(struct gyre_ctx *gyre__ctx, const void *gyre__acc,        \
                                         struct gyre_out *gyre__out, uint32_t gyre__row)           \
    {                                                                                              \
        struct OUT##_out gyre__written = OUT##_outputs(gyre__out);                                 \
        gyre__##name##_result_row(gyre__ctx, gyre__acc, gyre__out, &gyre__written, gyre__row);     \
        return 0;                                                                                  \
    }                                                                                              \
    static const struct gyre_aggregate gyre__##name##_impl = {                                     \
        (uint32_t)sizeof(struct gyre_aggregate),                                                   \
        0,                                                                                         \
        &ACC##_type,                                                                               \
        gyre__##name##_add,                                                                        \
        gyre__##name##_roll,                                                                       \
        gyre__##name##_result,                                                                     \
        gyre__##name##_merge};                                                                     \
    static const struct gyre_function gyre_fn_##name = {(uint32_t)sizeof(struct gyre_function),    \
                                                        GYRE_FN_AGGREGATE,                         \
                                                        #name,                                     \
                                                        doc,                                       \
                                                        0,                                         \
                                                        sizeof(gyre__##name##_config),             \
                                                        options,                                   \
                                                        IN##_fields,                               \
                                                        OUT##_fields,                              \
                                                        n_options,                                 \
                                                        IN##_n_fields,                             \
                                                        OUT##_n_fields,                            \
                                                        0,                                         \
                                                        NULL,                                      \
                                                        &gyre__##name##_impl,                      \
                                                        NULL,                                      \
                                                        NULL};

/** An aggregate of small functions on structs. Strings in the accumulator take the _WITH form, for only
 *  `ctx` can assign them.
 *  add(struct ACC *, const struct IN *), merge(struct ACC *, const struct ACC *),
 *  result(const struct ACC *, struct OUT *) */
#define GYRE_AGGREGATE(name, doc, IN, ACC, OUT, add, merge, result)                                \
    GYRE_STATIC_ASSERT(ACC##_n_strs == 0, "strings in an accumulator: use GYRE_AGGREGATE_WITH");   \
    GYRE__AGGREGATE(name, doc, IN, ACC, OUT, add(gyre__acc, gyre__record),                         \
                    merge(gyre__acc, gyre__from), result(gyre__acc, &gyre__result), char, NULL, 0)
#define GYRE_AGGREGATE_WITH(name, doc, IN, ACC, OUT, add, merge, result, CONFIG, options)          \
    GYRE__AGGREGATE(name, doc, IN, ACC, OUT,                                                       \
                    add(gyre__ctx, gyre__config, gyre__acc, gyre__record),                         \
                    merge(gyre__ctx, gyre__config, gyre__acc, gyre__from),                         \
                    result(gyre__ctx, gyre__config, gyre__acc, &gyre__result), CONFIG, options,    \
                    GYRE__N_OPTIONS(options))

#endif
