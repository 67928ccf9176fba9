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
 * that it is safe for any bits (no division, no pointer), which lets the loop be vectorized. The
 * _WITH forms hand the function the operator's options first. */
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
    GYRE__UNUSED static inline void name##_emit(struct gyre_emit *e, const struct name *row)       \
    {                                                                                              \
        uint32_t i = gyre_out_row(e->out, e->time);                                                \
        struct name##_out columns = name##_outputs(e->out);                                        \
        name##_store(&columns, i, row);                                                            \
    }
/* clang-format on */

#if defined(__GNUC__)
#define GYRE__UNUSED __attribute__((unused))
#else
#define GYRE__UNUSED
#endif

/** Where a flat map's function appends rows: `OUT_emit(e, &row)`; strings longer than 12 bytes that
 *  do not come from the input are made with gyre_out_str(e->out, ...).
 *  Thread:  [task] */
struct gyre_emit {
    struct gyre_out *out;
    int64_t time; /* of the input row; may be changed */
};

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
    static const struct gyre_port name##_ins[] = {                                                 \
        GYRE_PORT("in", 0, IN##_fields, IN##_n_fields, "rows")};

/* A loop over the kept rows that calls `body` with `i`; dense where all are kept. */
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

#define GYRE__FILTER(name, doc, IN, CALL, CONFIG, options, n_options)                              \
    static int32_t name##_process(void *gyre__self, struct gyre_ctx *gyre__ctx,                    \
                                  const struct gyre_batch *gyre__in)                               \
    {                                                                                              \
        const CONFIG *gyre__config = (const CONFIG *)gyre__ctx->config;                            \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        uint8_t *gyre__keep = gyre__ctx->outputs[0]->keep;                                         \
        (void)gyre__self, (void)gyre__config;                                                      \
        if (gyre__in->selection != NULL)                                                           \
            memset(gyre__keep, 0, gyre__in->rows);                                                 \
        GYRE__EACH(gyre__in, {                                                                     \
            struct IN gyre__record = IN##_load(&gyre__columns, gyre__i);                           \
            gyre__keep[gyre__i] = (uint8_t)((CALL) != 0);                                          \
        })                                                                                         \
        return 0;                                                                                  \
    }                                                                                              \
    GYRE__FILTER_OP(name, doc, IN, GYRE_WANTS_SELECTION | GYRE_MASK_AWARE, sizeof(CONFIG),         \
                    options, n_options)

#define GYRE__FILTER_OP(name, doc, IN, flags, config_size, options, n_options)                     \
    GYRE__IN_PORT(name, IN)                                                                        \
    static const struct gyre_port name##_outs[] = {                                                \
        GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_FILTERS | GYRE_PORT_PASS_REST, NULL, 0,     \
                  "the rows kept")};                                                               \
    static const struct gyre_operator gyre_op_##name =                                             \
        GYRE__OPERATOR(GYRE_TRANSFORM, name, doc, flags, config_size, options, n_options,          \
                       name##_ins, 1, name##_outs, 1, NULL, 0, 0, name##_process);

#define GYRE_FILTER(name, doc, IN, fn) GYRE__FILTER(name, doc, IN, fn(&gyre__record), char, NULL, 0)
#define GYRE_FILTER_WITH(name, doc, IN, fn, CONFIG, options)                                       \
    GYRE__FILTER(name, doc, IN, fn(gyre__config, &gyre__record), CONFIG, options,                  \
                 (uint32_t)(sizeof options / sizeof options[0]))

#define GYRE_FILTER_TOTAL(name, doc, IN, fn)                                                       \
    static int32_t name##_process(void *gyre__self, struct gyre_ctx *gyre__ctx,                    \
                                  const struct gyre_batch *gyre__in)                               \
    {                                                                                              \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        uint8_t *gyre__keep = gyre__ctx->outputs[0]->keep;                                         \
        const uint8_t *gyre__kept = gyre__in->keep;                                                \
        uint32_t gyre__rows = gyre__in->rows;                                                      \
        (void)gyre__self;                                                                          \
        if (gyre__kept == NULL) {                                                                  \
            GYRE_IVDEP                                                                             \
            for (uint32_t gyre__i = 0; gyre__i < gyre__rows; gyre__i++) {                          \
                struct IN gyre__record = IN##_load(&gyre__columns, gyre__i);                       \
                gyre__keep[gyre__i] = (uint8_t)(fn(&gyre__record) != 0);                           \
            }                                                                                      \
        } else {                                                                                   \
            GYRE_IVDEP                                                                             \
            for (uint32_t gyre__i = 0; gyre__i < gyre__rows; gyre__i++) {                          \
                struct IN gyre__record = IN##_load(&gyre__columns, gyre__i);                       \
                gyre__keep[gyre__i] = (uint8_t)((fn(&gyre__record) != 0) & gyre__kept[gyre__i]);   \
            }                                                                                      \
        }                                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    GYRE__FILTER_OP(name, doc, IN, GYRE_MASK_AWARE, 0, NULL, 0)

/* Output strings of a map may come from any input string: share all arenas of the input. */
#define GYRE__ADOPT_ALL(IN, OUT, gyre__to)                                                         \
    for (uint32_t gyre__o = 0; gyre__o < OUT##_n_fields; gyre__o++)                                \
        for (uint32_t gyre__i = 0;                                                                 \
             gyre_type_is_str(OUT##_fields[gyre__o].type) && gyre__i < IN##_n_fields; gyre__i++)   \
            if (gyre_type_is_str(IN##_fields[gyre__i].type))                                       \
                gyre_out_adopt(gyre__to, gyre__o, gyre__in, gyre__i);

#define GYRE__MAP_OP(name, doc, IN, OUT, flags, config_size, options, n_options)                   \
    GYRE__IN_PORT(name, IN)                                                                        \
    static const struct gyre_port name##_outs[] = {                                                \
        GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_PASS_REST, OUT##_fields, OUT##_n_fields,    \
                  "the rows, with the fields written")};                                           \
    static const struct gyre_operator gyre_op_##name =                                             \
        GYRE__OPERATOR(GYRE_TRANSFORM, name, doc, flags, config_size, options, n_options,          \
                       name##_ins, 1, name##_outs, 1, NULL, 0, 0, name##_process);

#define GYRE__MAP(name, doc, IN, OUT, CALL, CONFIG, options, n_options)                            \
    static int32_t name##_process(void *gyre__self, struct gyre_ctx *gyre__ctx,                    \
                                  const struct gyre_batch *gyre__in)                               \
    {                                                                                              \
        const CONFIG *gyre__config = (const CONFIG *)gyre__ctx->config;                            \
        struct gyre_out *gyre__port = gyre__ctx->outputs[0];                                       \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        struct OUT##_out gyre__written = OUT##_outputs(gyre__port);                                \
        (void)gyre__self, (void)gyre__config;                                                      \
        GYRE__ADOPT_ALL(IN, OUT, gyre__port)                                                       \
        GYRE__EACH(gyre__in, {                                                                     \
            struct IN gyre__record = IN##_load(&gyre__columns, gyre__i);                           \
            struct OUT gyre__result;                                                               \
            memset(&gyre__result, 0, sizeof gyre__result);                                         \
            CALL;                                                                                  \
            OUT##_store(&gyre__written, gyre__i, &gyre__result);                                   \
        })                                                                                         \
        return 0;                                                                                  \
    }                                                                                              \
    GYRE__MAP_OP(name, doc, IN, OUT, GYRE_WANTS_SELECTION | GYRE_MASK_AWARE, sizeof(CONFIG),       \
                 options, n_options)

#define GYRE_MAP(name, doc, IN, OUT, fn)                                                           \
    GYRE__MAP(name, doc, IN, OUT, fn(&gyre__record, &gyre__result), char, NULL, 0)
/* fn(const CONFIG *, struct gyre_out *, const struct IN *, struct OUT *) */
#define GYRE_MAP_WITH(name, doc, IN, OUT, fn, CONFIG, options)                                     \
    GYRE__MAP(name, doc, IN, OUT, fn(gyre__config, gyre__port, &gyre__record, &gyre__result),      \
              CONFIG, options, (uint32_t)(sizeof options / sizeof options[0]))

#define GYRE_MAP_TOTAL(name, doc, IN, OUT, fn)                                                     \
    static int32_t name##_process(void *gyre__self, struct gyre_ctx *gyre__ctx,                    \
                                  const struct gyre_batch *gyre__in)                               \
    {                                                                                              \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        struct OUT##_out gyre__written = OUT##_outputs(gyre__ctx->outputs[0]);                     \
        uint32_t gyre__rows = gyre__in->rows;                                                      \
        (void)gyre__self;                                                                          \
        GYRE_IVDEP                                                                                 \
        for (uint32_t gyre__i = 0; gyre__i < gyre__rows; gyre__i++) {                              \
            struct IN gyre__record = IN##_load(&gyre__columns, gyre__i);                           \
            struct OUT gyre__result;                                                               \
            memset(&gyre__result, 0, sizeof gyre__result);                                         \
            fn(&gyre__record, &gyre__result);                                                      \
            OUT##_store(&gyre__written, gyre__i, &gyre__result);                                   \
        }                                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    GYRE__MAP_OP(name, doc, IN, OUT, GYRE_MASK_AWARE, 0, NULL, 0)

#define GYRE__FLAT_MAP(name, doc, IN, OUT, CALL, CONFIG, options, n_options)                       \
    static int32_t name##_process(void *gyre__self, struct gyre_ctx *gyre__ctx,                    \
                                  const struct gyre_batch *gyre__in)                               \
    {                                                                                              \
        const CONFIG *gyre__config = (const CONFIG *)gyre__ctx->config;                            \
        struct gyre_emit gyre__emit = {gyre__ctx->outputs[0], GYRE_NO_TIME};                       \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        (void)gyre__self, (void)gyre__config;                                                      \
        GYRE__ADOPT_ALL(IN, OUT, gyre__emit.out)                                                   \
        GYRE__EACH(gyre__in, {                                                                     \
            struct IN gyre__record = IN##_load(&gyre__columns, gyre__i);                           \
            gyre__emit.time = gyre_row_time(gyre__in, gyre__i);                                    \
            CALL;                                                                                  \
        })                                                                                         \
        return 0;                                                                                  \
    }                                                                                              \
    GYRE__IN_PORT(name, IN)                                                                        \
    static const struct gyre_port name##_outs[] = {                                                \
        GYRE_PORT("out", 0, OUT##_fields, OUT##_n_fields, "the rows put out")};                    \
    static const struct gyre_operator gyre_op_##name = GYRE__OPERATOR(                             \
        GYRE_TRANSFORM, name, doc, GYRE_WANTS_SELECTION | GYRE_MASK_AWARE, sizeof(CONFIG),         \
        options, n_options, name##_ins, 1, name##_outs, 1, NULL, 0, 0, name##_process);

#define GYRE_FLAT_MAP(name, doc, IN, OUT, fn)                                                      \
    GYRE__FLAT_MAP(name, doc, IN, OUT, fn(&gyre__record, &gyre__emit), char, NULL, 0)
/* fn(const CONFIG *, const struct IN *, struct gyre_emit *) */
#define GYRE_FLAT_MAP_WITH(name, doc, IN, OUT, fn, CONFIG, options)                                \
    GYRE__FLAT_MAP(name, doc, IN, OUT, fn(gyre__config, &gyre__record, &gyre__emit), CONFIG,       \
                   options, (uint32_t)(sizeof options / sizeof options[0]))

#define GYRE__STATE_MEMBER(type, field) {#field, GYRE_TYPE_##type, GYRE_OFFSET_NATURAL},
#define GYRE__STATE_MEMBER_N(type, field)                                                          \
    {#field, GYRE_TYPE_##type, GYRE_OFFSET_NATURAL},                                               \
        {#field "_null", GYRE_TYPE_bool, GYRE_OFFSET_NATURAL},
#define GYRE__COUNT_N(type, field) +2

/** Declares `struct name` as a flat state type, `name_type`, at version `version`: what GYRE_KEYED and
 *  GYRE_AGGREGATE need. It starts zeroed; str and bytes members are assigned with gyre_state_str. */
#define GYRE_STATE_RECORD(name, version, FIELDS)                                                   \
    struct name {                                                                                  \
        FIELDS(GYRE__MEMBER, GYRE__MEMBER_N)                                                       \
    };                                                                                             \
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

/** An operator whose function gets each row with the state of its key. It must have a `key`.
 *  fn(struct gyre_ctx *, const struct IN *, struct STATE *, struct gyre_emit *) */
#define GYRE_KEYED(name, doc, IN, STATE, OUT, fn)                                                  \
    static int32_t name##_process(void *gyre__self, struct gyre_ctx *gyre__ctx,                    \
                                  const struct gyre_batch *gyre__in)                               \
    {                                                                                              \
        struct gyre_emit gyre__emit = {gyre__ctx->outputs[0], GYRE_NO_TIME};                       \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        void *gyre__slots[GYRE_BATCH_ROWS];                                                        \
        int32_t gyre__code = gyre_state_slots(gyre__ctx, 0, gyre__in, gyre__slots);                \
        (void)gyre__self;                                                                          \
        if (gyre__code != 0)                                                                       \
            return gyre__code;                                                                     \
        GYRE__ADOPT_ALL(IN, OUT, gyre__emit.out)                                                   \
        GYRE__EACH(gyre__in, {                                                                     \
            struct IN gyre__record = IN##_load(&gyre__columns, gyre__i);                           \
            gyre__emit.time = gyre_row_time(gyre__in, gyre__i);                                    \
            fn(gyre__ctx, &gyre__record, (struct STATE *)gyre__slots[gyre__i], &gyre__emit);       \
        })                                                                                         \
        return 0;                                                                                  \
    }                                                                                              \
    GYRE__IN_PORT(name, IN)                                                                        \
    static const struct gyre_port name##_outs[] = {                                                \
        GYRE_PORT("out", 0, OUT##_fields, OUT##_n_fields, "the rows put out")};                    \
    static const struct gyre_state name##_states[] = {                                             \
        GYRE_STATE(#STATE, VALUE, &STATE##_type, "per key")};                                      \
    static const struct gyre_operator gyre_op_##name = GYRE__OPERATOR(                             \
        GYRE_TRANSFORM, name, doc, GYRE_WANTS_SELECTION | GYRE_MASK_AWARE | GYRE_NEEDS_KEY, 0,     \
        NULL, 0, name##_ins, 1, name##_outs, 1, name##_states, 1, GYRE_FEATURE_STATE,              \
        name##_process);

/** An aggregate of four small functions on structs.
 *  add(struct ACC *, const struct IN *), merge(struct ACC *, const struct ACC *),
 *  result(const struct ACC *, struct OUT *) */
#define GYRE_AGGREGATE(name, doc, IN, ACC, OUT, add, merge, result)                                \
    static int32_t name##_add(struct gyre_ctx *gyre__ctx, const struct gyre_batch *gyre__in,       \
                              const uint32_t *gyre__rows, uint32_t gyre__n,                        \
                              void *const *gyre__accs)                                             \
    {                                                                                              \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        (void)gyre__ctx;                                                                           \
        for (uint32_t gyre__j = 0; gyre__j < gyre__n; gyre__j++) {                                 \
            struct IN gyre__record = IN##_load(&gyre__columns, gyre__rows[gyre__j]);               \
            add((struct ACC *)gyre__accs[gyre__j], &gyre__record);                                 \
        }                                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    static int32_t name##_roll(struct gyre_ctx *gyre__ctx, const struct gyre_batch *gyre__in,      \
                               const uint32_t *gyre__rows, uint32_t gyre__n,                       \
                               void *const *gyre__accs, struct gyre_out *gyre__out)                \
    {                                                                                              \
        struct IN##_in gyre__columns = IN##_columns(gyre__in);                                     \
        struct OUT##_out gyre__written = OUT##_outputs(gyre__out);                                 \
        (void)gyre__ctx;                                                                           \
        for (uint32_t gyre__j = 0; gyre__j < gyre__n; gyre__j++) {                                 \
            struct IN gyre__record = IN##_load(&gyre__columns, gyre__rows[gyre__j]);               \
            struct OUT gyre__now;                                                                  \
            memset(&gyre__now, 0, sizeof gyre__now);                                               \
            add((struct ACC *)gyre__accs[gyre__j], &gyre__record);                                 \
            result((const struct ACC *)gyre__accs[gyre__j], &gyre__now);                           \
            OUT##_store(&gyre__written, gyre__rows[gyre__j], &gyre__now);                          \
        }                                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    static int32_t name##_result(struct gyre_ctx *gyre__ctx, const void *gyre__acc,                \
                                 struct gyre_out *gyre__out, uint32_t gyre__row)                   \
    {                                                                                              \
        struct OUT##_out gyre__written = OUT##_outputs(gyre__out);                                 \
        struct OUT gyre__now;                                                                      \
        (void)gyre__ctx;                                                                           \
        memset(&gyre__now, 0, sizeof gyre__now);                                                   \
        result((const struct ACC *)gyre__acc, &gyre__now);                                         \
        OUT##_store(&gyre__written, gyre__row, &gyre__now);                                        \
        return 0;                                                                                  \
    }                                                                                              \
    static int32_t name##_merge(struct gyre_ctx *gyre__ctx, void *gyre__into,                      \
                                const void *gyre__from)                                            \
    {                                                                                              \
        (void)gyre__ctx;                                                                           \
        merge((struct ACC *)gyre__into, (const struct ACC *)gyre__from);                           \
        return 0;                                                                                  \
    }                                                                                              \
    static const struct gyre_aggregate name##_impl = {(uint32_t)sizeof(struct gyre_aggregate),     \
                                                      0,                                           \
                                                      &ACC##_type,                                 \
                                                      name##_add,                                  \
                                                      name##_roll,                                 \
                                                      name##_result,                               \
                                                      name##_merge,                                \
                                                      NULL};                                       \
    static const struct gyre_function gyre_fn_##name = {(uint32_t)sizeof(struct gyre_function),    \
                                                        GYRE_FN_AGGREGATE,                         \
                                                        #name,                                     \
                                                        doc,                                       \
                                                        0,                                         \
                                                        0,                                         \
                                                        NULL,                                      \
                                                        IN##_fields,                               \
                                                        OUT##_fields,                              \
                                                        0,                                         \
                                                        IN##_n_fields,                             \
                                                        OUT##_n_fields,                            \
                                                        0,                                         \
                                                        NULL,                                      \
                                                        &name##_impl};

#endif
