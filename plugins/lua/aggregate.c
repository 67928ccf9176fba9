/* plugins/lua/aggregate.c: lua.aggregate, and lua.fold, which is one that cannot merge.
 *
 * An accumulator is a value of Lua that the host has as bytes (cells.h). A call is about those of its rows: each is
 * read once, and packed after each row, so that a row that fails leaves it as it was. */
#include "aggregate.h"

#include "cells.h"
#include "parts.h"
#include "texts.h"

struct aggregate_config {
    const char *init;
    const char *add;
    const char *merge;
    const char *result;
    const char *migrate;
    const char *name; /* tells state apart */
    int32_t type;
    int64_t version;
    int64_t max_state;
    struct gyre_schema schema;
    /* made by bind */
    struct parts parts;
    struct gyre_schema results;
};

struct aggregate {
    struct vm *vm;
    struct cells cells;
    int add, roll, merge, result;
};

/* ---- bind -------------------------------------------------------------------------------------- */

static const char *const calls[] = {NULL};
static const char *const merge_extra[] = {"other"};
static const char *const migrate_extra[] = {"from"};
static const uint32_t types[] = {0,
                                 GYRE_TYPE_bool,
                                 GYRE_TYPE_i32,
                                 GYRE_TYPE_i64,
                                 GYRE_TYPE_f64,
                                 GYRE_TYPE_time,
                                 GYRE_TYPE_str,
                                 GYRE_TYPE_bytes};

static void add_parts(struct aggregate_config *c)
{
    struct parts *p = &c->parts;
    p->held = "acc";
    p->calls = calls;
    parts_add(p, &(struct part){.option = "init"}, c->init);
    parts_add(p, &(struct part){.option = "add", .sees = PART_ROW}, c->add);
    parts_add(p, &(struct part){.option = "merge", .extra = merge_extra, .n_extra = 1}, c->merge);
    parts_add(p, &(struct part){.option = "result"}, c->result);
    parts_add(p, &(struct part){.option = "migrate", .extra = migrate_extra, .n_extra = 1},
              c->migrate);
}

/* `type` is one result, `schema` several. */
static int32_t bind_results(struct aggregate_config *c, struct gyre_bind *bind)
{
    if ((c->type != 0) == (c->schema.n_fields != 0))
        return gyre_bind_fail(bind, GYRE_EINVAL, c->type != 0 ? "type" : NULL,
                              "say what comes out: `type`, of one result, or `schema`, of several");
    c->results = c->schema;
    if (c->type != 0) {
        struct gyre_field *field = bind->alloc(bind, sizeof *field);
        if (field == NULL)
            return GYRE_ENOMEM;
        *field = (struct gyre_field){.size = sizeof *field,
                                     .type = types[c->type],
                                     .name = "result",
                                     .flags = GYRE_NULLABLE};
        c->results = (struct gyre_schema){(uint32_t)sizeof c->results, 1, field};
    }
    int32_t code = GYRE_OK;
    for (uint32_t i = 0; code >= 0 && i < c->results.n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(&c->results, i);
        code = bind->write(bind, 0, f->type, f->name, f->flags);
    }
    return code;
}

static int32_t aggregate_bind(void *config, struct gyre_bind *bind)
{
    struct aggregate_config *c = config;
    add_parts(c);
    int32_t code = parts_bind(&c->parts, bind);
    if (code == GYRE_OK)
        code = bind_results(c, bind);
    const struct gyre_state_type *type =
        cells_type(bind, "lua", c->version, c->migrate != NULL && c->migrate[0] != 0);
    if (code >= 0)
        code = type != NULL ? bind->accumulator(bind, type) : GYRE_ENOMEM;
    return code < 0 ? code : GYRE_OK;
}

/* ---- tasks ------------------------------------------------------------------------------------- */

static void put_text(struct call *call, uint32_t column, uint32_t row, const char *data, size_t n)
{
    if (n > UINT32_MAX)
        n = 0;
    GYRE_OUT(call->out, column, struct gyre_str)[row] = gyre_out_str(call->out, data, (uint32_t)n);
}

static int own_function(struct vm *vm, const char *name, struct vm_fault *fault)
{
    char text[64];
    snprintf(text, sizeof text, "return (...).%s", name);
    return vm_own(vm, "=aggregate", text, fault);
}

/* Its own Lua, which makes a function of each callback. */
static int own_functions(struct aggregate *a, struct vm_fault *fault)
{
    if (vm_own(a->vm, "=cells", lua_text_cells, fault) < 0 ||
        vm_own(a->vm, "=aggregate", lua_text_aggregate, fault) < 0)
        return -1;
    a->add = own_function(a->vm, "run_add", fault);
    a->roll = own_function(a->vm, "run_roll", fault);
    a->merge = own_function(a->vm, "run_merge", fault);
    a->result = own_function(a->vm, "run_result", fault);
    return a->add < 0 || a->roll < 0 || a->merge < 0 || a->result < 0 ? -1 : 0;
}

static int32_t aggregate_open(void *self, struct gyre_ctx *ctx)
{
    const struct aggregate_config *c = ctx->config;
    struct aggregate *a = self;
    struct vm_fault fault;
    struct plan plan = {0};
    plan_put(&plan, "local host = ... host.plan = {one=%s,", c->type != 0 ? "true" : "false");
    a->vm = parts_open(&c->parts, ctx, &plan);
    if (a->vm == NULL) {
        plan_free(&plan);
        return ctx->error->code;
    }
    plan_put_writes(&plan, &c->results);
    plan_put(&plan, "} return true");
    a->cells.call.text = put_text;
    a->cells.migrates = c->migrate != NULL;
    vm_gauge(a->vm)->call = &a->cells.call;
    if (plan_give(&plan, a->vm, &fault) < 0 ||
        cells_init(&a->cells, a->vm, ctx, "acc", c->version, c->max_state, &fault) != 0 ||
        own_functions(a, &fault) != 0)
        return parts_fail(ctx, &fault);
    return GYRE_OK;
}

static void aggregate_close(void *self, struct gyre_ctx *ctx)
{
    struct aggregate *a = self;
    (void)ctx;
    vm_free(a->vm);
    cells_fini(&a->cells);
}

/* ---- rows -------------------------------------------------------------------------------------- */

/* Runs a function over rows, each with its accumulator; one whose code fails is told as bad. */
static int32_t run_rows(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                        uint32_t n, void *const *accs, int function)
{
    struct aggregate *a = ctx->self;
    struct call *call = &a->cells.call;
    struct gauge *gauge = vm_gauge(a->vm);
    struct vm_fault fault;
    char text[GYRE_ERROR_TEXT];
    cells_begin(&a->cells);
    for (uint32_t j = 0; j < n; j++)
        a->cells.of_row[j] = cells_of(&a->cells, accs[j], j);
    gauge->batch = in;
    gauge->row = 0;
    call->rows = rows;
    call->n = n;
    uint32_t again = UINT32_MAX; /* the row that was tried once more */
    while (vm_run(a->vm, function, &fault) != 0) {
        if (call->code != GYRE_OK)
            return call->code;
        if (fault.kind == VM_NOMEM)
            return gyre_fail(ctx, GYRE_ENOMEM, "%s", fault.text);
        call->undo = (int32_t)a->cells.of_row[gauge->row];
        if (fault.kind == VM_MEMORY && again != gauge->row) {
            again = gauge->row;
            continue;
        }
        gyre_bad_row(ctx, in, rows[gauge->row], "%s", vm_fault_text(&fault, text, sizeof text));
        if (++gauge->row >= n)
            break;
    }
    return cells_end(&a->cells);
}

static int32_t aggregate_add(struct gyre_ctx *ctx, const struct gyre_batch *in,
                             const uint32_t *rows, uint32_t n, void *const *accs)
{
    const struct aggregate *a = ctx->self;
    return run_rows(ctx, in, rows, n, accs, a->add);
}

static int32_t aggregate_roll(struct gyre_ctx *ctx, const struct gyre_batch *in,
                              const uint32_t *rows, uint32_t n, void *const *accs,
                              struct gyre_out *out)
{
    struct aggregate *a = ctx->self;
    a->cells.call.out = out;
    return run_rows(ctx, in, rows, n, accs, a->roll);
}

/* A call that is of no rows: once more, where what others have left was in its way. */
static int run_one(struct vm *vm, int function, struct vm_fault *fault)
{
    int kind = vm_run(vm, function, fault);
    return kind == VM_MEMORY ? vm_run(vm, function, fault) : kind;
}

/* ---- accumulators ------------------------------------------------------------------------------ */

static struct kept *unchanged(const void *acc)
{
    return (struct kept *)(uintptr_t)acc;
}

static int32_t aggregate_merge(struct gyre_ctx *ctx, void *into, const void *from)
{
    struct aggregate *a = ctx->self;
    struct vm_fault fault;
    if (unchanged(from)->version == 0)
        return GYRE_OK;
    cells_begin(&a->cells);
    cells_of(&a->cells, into, 0);
    cells_of(&a->cells, unchanged(from), 1);
    if (run_one(a->vm, a->merge, &fault) == 0)
        return cells_end(&a->cells);
    return a->cells.call.code != GYRE_OK ? a->cells.call.code : parts_fail(ctx, &fault);
}

/* A result that fails is null. */
static void put_nulls(const struct gyre_ctx *ctx, struct gyre_out *out, uint32_t row)
{
    const struct aggregate_config *c = ctx->config;
    for (uint32_t k = 0; k < c->results.n_fields; k++) {
        size_t size = gyre_type_size(gyre_schema_field(&c->results, k)->type);
        memset((char *)out->data[k] + row * size, 0, size);
        if (out->valid[k] != NULL)
            out->valid[k][row] = 0;
    }
}

static int32_t aggregate_result(struct gyre_ctx *ctx, const void *acc, struct gyre_out *out,
                                uint32_t row)
{
    struct aggregate *a = ctx->self;
    struct call *call = &a->cells.call;
    struct vm_fault fault;
    char text[GYRE_ERROR_TEXT];
    cells_begin(&a->cells);
    cells_of(&a->cells, unchanged(acc), 0);
    call->out = out;
    call->n = row;
    if (run_one(a->vm, a->result, &fault) == 0)
        return GYRE_OK;
    if (call->code != GYRE_OK)
        return call->code;
    if (fault.kind == VM_NOMEM)
        return gyre_fail(ctx, GYRE_ENOMEM, "%s", fault.text);
    put_nulls(ctx, out, row);
    gyre_bad_row(ctx, NULL, row, "%s", vm_fault_text(&fault, text, sizeof text));
    return GYRE_OK;
}

/* ---- the functions ----------------------------------------------------------------------------- */

static const struct gyre_aggregate aggregate = {
    .size = sizeof(struct gyre_aggregate),
    .add = aggregate_add,
    .roll = aggregate_roll,
    .result = aggregate_result,
    .merge = aggregate_merge,
};
static const struct gyre_aggregate fold = {
    .size = sizeof(struct gyre_aggregate),
    .add = aggregate_add,
    .roll = aggregate_roll,
    .result = aggregate_result,
};

#define CODE(what, flags, doc)                                                                     \
    GYRE_OPT(struct aggregate_config, what, STRING, NULL, (flags) | GYRE_NOT_OF_STATE, doc)
#define OPTIONS(merge)                                                                             \
    CODE(init, 0, "Lua for what `acc` is before the first row; without it nil"),                   \
        CODE(add, GYRE_REQUIRED,                                                                   \
             "Lua that is run for each row: its fields are names; its value is `acc` then, or "    \
             "what "                                                                               \
             "it assigns to that"),                                                                \
        merge CODE(result, 0, "Lua whose value comes out; without it `acc` does"),                 \
        GYRE_OPT(struct aggregate_config, name, STRING, "", 0,                                     \
                 "tells its state from that of others in a list of aggregates"),                   \
        {.size = sizeof(struct gyre_option),                                                       \
         .type = GYRE_OPTION_CHOICE,                                                               \
         .name = "type",                                                                           \
         .doc = "of the one result",                                                               \
         .fallback = "none",                                                                       \
         .choices = "none|bool|i32|i64|f64|time|str|bytes",                                        \
         .flags = GYRE_NOT_OF_STATE,                                                               \
         .offset = offsetof(struct aggregate_config, type)},                                       \
        GYRE_OPT(struct aggregate_config, schema, SCHEMA, NULL, GYRE_NOT_OF_STATE,                 \
                 "the fields of several results, which the value of `result` is a table of"),      \
        {.size = sizeof(struct gyre_option),                                                       \
         .type = GYRE_OPTION_INT,                                                                  \
         .name = "version",                                                                        \
         .doc = "of what `acc` is like: raise it, with `migrate`, when that changes",              \
         .fallback = "1",                                                                          \
         .min = 1,                                                                                 \
         .max = INT32_MAX,                                                                         \
         .flags = GYRE_NOT_OF_STATE,                                                               \
         .offset = offsetof(struct aggregate_config, version)},                                    \
        CODE(migrate, 0,                                                                           \
             "Lua that makes `acc` of an older version, `from`, what it is now: "                  \
             "\"function(acc, from) ... end\""),                                                   \
        {.size = sizeof(struct gyre_option),                                                       \
         .type = GYRE_OPTION_SIZE,                                                                 \
         .name = "max_state",                                                                      \
         .doc = "what the `acc` of one key and window may take",                                   \
         .fallback = "1MiB",                                                                       \
         .min = 64,                                                                                \
         .max = 1 << 30,                                                                           \
         .flags = GYRE_NOT_OF_STATE,                                                               \
         .offset = offsetof(struct aggregate_config, max_state)},                                  \
        PARTS_LIMITS(struct aggregate_config)

#define MERGE                                                                                      \
    CODE(merge, GYRE_REQUIRED,                                                                     \
         "Lua that adds the rows of `other`, which came after those of `acc`: its value is `acc` " \
         "then, or what it assigns to that"),
#define NOTHING

static const struct gyre_option aggregate_options[] = {OPTIONS(MERGE)};
static const struct gyre_option fold_options[] = {OPTIONS(NOTHING)};

#define FUNCTION(function, its_doc)                                                                \
    const struct gyre_function gyre_fn_##function = {                                              \
        .size = sizeof(struct gyre_function),                                                      \
        .kind = GYRE_FN_AGGREGATE,                                                                 \
        .name = #function,                                                                         \
        .doc = its_doc,                                                                            \
        .config_size = sizeof(struct aggregate_config),                                            \
        .instance_size = sizeof(struct aggregate),                                                 \
        .options = function##_options,                                                             \
        .n_options = sizeof function##_options / sizeof function##_options[0],                     \
        .bind = aggregate_bind,                                                                    \
        .impl = &(function),                                                                       \
        .open = aggregate_open,                                                                    \
        .close = aggregate_close,                                                                  \
    }
FUNCTION(aggregate, "What Lua makes of the rows: init, add, merge, result.");
FUNCTION(fold, "What Lua makes of the rows, without a merge: init, add, result.");
