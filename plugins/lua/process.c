/* plugins/lua/process.c: lua.process. Code that is run for each row of a key, and for each timer that it has set,
 * with what the key has left in `state`.
 *
 * State is a value of the host's (cells.h), so it is in snapshots and goes to another parallelism as any other. A
 * row whose code fails leaves nothing: no state, no rows, no timers.
 *
 * Without a key there is one state for all rows, in one task; it is an item of the operator. */
#include "process.h"

#include "cells.h"
#include "emit.h"
#include "parts.h"
#include "texts.h"

#include <stdlib.h>

struct process_config {
    const char *init;
    const char *on_row;
    const char *on_timer;
    const char *migrate;
    int64_t version;
    int64_t max_state;
    int64_t ttl;
    struct gyre_schema schema;
    /* made by bind */
    struct parts parts;
    int32_t keyed;
};

struct process {
    struct vm *vm;
    struct emitter emitter;
    struct cells cells;
    struct kept own; /* without a key */
    int on_row, on_timer;
};

/* ---- bind -------------------------------------------------------------------------------------- */

static const char *const calls[] = {"emit",         "timer",     "cancel", "alarm",
                                    "cancel_alarm", "watermark", "now",    NULL};
static const char *const row_extra[] = {"row_time"};
static const char *const timer_extra[] = {"due", "tag", "clock"};
static const char *const migrate_extra[] = {"from"};

static void add_parts(struct process_config *c)
{
    struct parts *p = &c->parts;
    p->held = "state";
    p->calls = calls;
    parts_add(p, &(struct part){.option = "init", .sees = PART_ROW}, c->init);
    parts_add(
        p, &(struct part){.option = "on_row", .sees = PART_ROW, .extra = row_extra, .n_extra = 1},
        c->on_row);
    parts_add(
        p,
        &(struct part){.option = "on_timer", .sees = PART_KEY, .extra = timer_extra, .n_extra = 3},
        c->on_timer);
    parts_add(p, &(struct part){.option = "migrate", .extra = migrate_extra, .n_extra = 1},
              c->migrate);
}

static int32_t bind_state(struct process_config *c, struct gyre_bind *bind)
{
    c->keyed = bind->n_keys != 0;
    if (!c->keyed)
        return bind->single(bind, "without a key there is one state for all rows");
    const struct gyre_state_type *type = cells_type(bind, "lua", c->version, c->migrate != NULL);
    struct gyre_state *state = bind->alloc(bind, sizeof *state);
    if (type == NULL || state == NULL)
        return GYRE_ENOMEM;
    *state = (struct gyre_state)GYRE_STATE_TTL("state", VALUE, type, c->ttl, "what `state` is");
    return bind->add_state(bind, state);
}

static int32_t process_bind(void *config, struct gyre_bind *bind)
{
    struct process_config *c = config;
    add_parts(c);
    int32_t code = parts_bind(&c->parts, bind);
    for (uint32_t i = 0; code >= 0 && i < c->schema.n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(&c->schema, i);
        code = bind->write(bind, 0, f->type, f->name, f->flags);
    }
    if (code >= 0 && bind->n_keys == 0 && c->ttl != 0)
        code = gyre_bind_fail(bind, GYRE_EINVAL, "ttl",
                              "ttl is how long a key's state lives: give "
                              "a `key`");
    if (code >= 0)
        code = bind_state(c, bind);
    return code < 0 ? code : GYRE_OK;
}

/* ---- tasks ------------------------------------------------------------------------------------- */

static void set_timer(struct call *call, uint32_t row, uint32_t clock, int64_t time, uint64_t tag,
                      int32_t cancel)
{
    int32_t code = cancel ? gyre_timer_delete(call->ctx, call->batch, row, clock, time, tag)
                          : gyre_timer_set(call->ctx, call->batch, row, clock, time, tag);
    if (call->code == GYRE_OK)
        call->code = code;
}

static int64_t now(struct call *call)
{
    return gyre_now(call->ctx);
}

/* Its own Lua, which makes two functions of the parts. */
static int own_functions(struct process *p, struct vm_fault *fault)
{
    if (vm_own(p->vm, "=cells", lua_text_cells, fault) < 0)
        return -1;
    p->on_row = vm_own(p->vm, "=process", lua_text_process, fault);
    if (p->on_row >= 0)
        p->on_timer = vm_own(p->vm, "=on_timer", "return (...).run_timers", fault);
    return p->on_row < 0 || p->on_timer < 0 ? -1 : 0;
}

static int32_t process_open(void *self, struct gyre_ctx *ctx)
{
    const struct process_config *c = ctx->config;
    struct process *p = self;
    struct call *call = &p->cells.call;
    struct vm_fault fault;
    struct plan plan = {0};
    if (emit_init(&p->emitter, &c->schema, c->parts.memory) != 0)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for rows");
    p->emitter.out = ctx->outputs[0];
    plan_put(&plan, "local host = ... host.plan = {");
    p->vm = parts_open(&c->parts, ctx, &plan);
    if (p->vm == NULL) {
        plan_free(&plan);
        return ctx->error->code;
    }
    plan_put_writes(&plan, &c->schema);
    plan_put(&plan, "} return true");
    call->emitter = &p->emitter;
    call->timer = set_timer;
    call->now = now;
    vm_gauge(p->vm)->call = call;
    p->cells.migrates = c->migrate != NULL;
    p->cells.is_own = !c->keyed;
    p->cells.drops_empty = c->init == NULL;
    if (plan_give(&plan, p->vm, &fault) < 0 ||
        cells_init(&p->cells, p->vm, ctx, "state", c->version, c->max_state, &fault) != 0 ||
        own_functions(p, &fault) != 0)
        return parts_fail(ctx, &fault);
    return GYRE_OK;
}

static void process_close(void *self, struct gyre_ctx *ctx)
{
    struct process *p = self;
    (void)ctx;
    vm_free(p->vm);
    emit_fini(&p->emitter);
    cells_fini(&p->cells);
    cells_free_own(&p->own);
}

/* ---- rows and timers --------------------------------------------------------------------------- */

/* Makes a cell for each key. */
static int32_t find_cells(struct process *p, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct process_config *c = ctx->config;
    struct cells *cells = &p->cells;
    void *slots[GYRE_BATCH_ROWS];
    int32_t code = c->keyed ? gyre_state_slots(ctx, 0, in, slots) : GYRE_OK;
    cells_begin(cells);
    for (uint32_t row = 0; code == GYRE_OK && row < in->rows; row++)
        cells->of_row[row] = cells_of(cells, c->keyed ? slots[row] : &p->own, row);
    return code;
}

/* State that is none any more is the host's no more. */
static void remove_none(struct process *p, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct process_config *c = ctx->config;
    uint32_t rows[CELLS_MOST], n = 0;
    for (uint32_t i = 0; c->keyed && i < p->cells.n; i++)
        if (p->cells.cells[i].kept->version == 0)
            rows[n++] = p->cells.cells[i].row;
    for (uint32_t i = 0; i < n; i++)
        gyre_state_remove(ctx, 0, in, rows[i]);
}

static int32_t run(struct process *p, struct gyre_ctx *ctx, const struct gyre_batch *in,
                   int function)
{
    struct call *call = &p->cells.call;
    struct gauge *gauge = vm_gauge(p->vm);
    struct vm_fault fault;
    char text[GYRE_ERROR_TEXT];
    int32_t code = find_cells(p, ctx, in);
    if (code != GYRE_OK)
        return code;
    call->batch = gauge->batch = in;
    call->watermark = ctx->watermark_us;
    uint32_t again = UINT32_MAX; /* the row that was tried once more */
    gauge->row = 0;
    while (vm_run(p->vm, function, &fault) != 0) {
        if (call->code != GYRE_OK)
            return call->code;
        if (fault.kind == VM_NOMEM)
            return gyre_fail(ctx, GYRE_ENOMEM, "%s", fault.text);
        call->undo = (int32_t)p->cells.of_row[gauge->row];
        if (fault.kind == VM_MEMORY && again != gauge->row) {
            again = gauge->row;
            continue;
        }
        gyre_bad_row(ctx, in, gauge->row, "%s", vm_fault_text(&fault, text, sizeof text));
        if (++gauge->row >= in->rows)
            break;
    }
    code = cells_end(&p->cells);
    if (code == GYRE_OK)
        remove_none(p, ctx, in);
    return code;
}

static int32_t process_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct process *p = self;
    return run(p, ctx, in, p->on_row);
}

static int32_t process_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    struct process *p = self;
    const struct process_config *c = ctx->config;
    if (c->on_timer == NULL)
        return GYRE_OK;
    p->cells.call.tags = due->tags;
    p->cells.call.clock = due->clock;
    return run(p, ctx, due->keys, p->on_timer);
}

/* ---- the state of all rows, without a key ------------------------------------------------------ */

static int32_t process_save(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                            void (*next_item)(struct gyre_writer *writer))
{
    const struct process *p = self;
    const struct process_config *c = ctx->config;
    if (c->keyed || p->own.version == 0)
        return GYRE_OK;
    cells_encode(&p->own, writer);
    next_item(writer);
    return writer->error;
}

static int32_t process_restore(void *self, struct gyre_ctx *ctx, uint32_t version,
                               struct gyre_reader *reader)
{
    struct process *p = self;
    const struct process_config *c = ctx->config;
    struct kept kept;
    (void)version;
    if (cells_decode(&kept, reader) != GYRE_OK)
        return gyre_fail(ctx, reader->error, "its state is damaged");
    if (kept.version > c->version || (kept.version < c->version && c->migrate == NULL))
        return gyre_fail(ctx, GYRE_ENOTSUP,
                         "its state is of version %lld in the snapshot, and its code is of version "
                         "%lld%s",
                         (long long)kept.version, (long long)c->version,
                         kept.version > c->version ? "" : ", without `migrate`");
    char *bytes = kept.bytes.len > GYRE_STR_INLINE ? malloc(kept.bytes.len) : NULL;
    if (kept.bytes.len > GYRE_STR_INLINE && bytes == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for state");
    if (bytes != NULL) {
        memcpy(bytes, kept.bytes.u.ptr, kept.bytes.len);
        kept.bytes.u.ptr = bytes;
    }
    cells_free_own(&p->own);
    p->own = kept;
    return GYRE_OK;
}

/* ---- the operator ------------------------------------------------------------------------------ */

static const struct gyre_option options[] = {
    GYRE_OPT(struct process_config, init, STRING, NULL, 0,
             "Lua for what `state` is before a key's first row; without it {}"),
    GYRE_OPT(
        struct process_config, on_row, STRING, NULL, GYRE_REQUIRED,
        "Lua that is run for each row: its fields are names, `state` is what its key has left"),
    GYRE_OPT(struct process_config, on_timer, STRING, NULL, 0,
             "Lua that is run when a timer is due: the key's fields, `due`, `tag` and `clock` are "
             "names"),
    GYRE_OPT(struct process_config, schema, SCHEMA, NULL, GYRE_REQUIRED,
             "the fields of the rows that are put out, by emit{name = value}"),
    GYRE_OPT_RANGE(struct process_config, version, INT, "1", 1, INT32_MAX, NULL,
                   "of what `state` is like: raise it, with `migrate`, when that changes"),
    GYRE_OPT(struct process_config, migrate, STRING, NULL, 0,
             "Lua that makes state of an older version, `from`, what it is now: "
             "\"function(state, from) ... end\""),
    GYRE_OPT_RANGE(struct process_config, ttl, DURATION, "0s", 0, INT64_MAX, NULL,
                   "how long state lives, by the clock, after a key's last row; 0: for ever"),
    GYRE_OPT_RANGE(struct process_config, max_state, SIZE, "1MiB", 64, 1 << 30, NULL,
                   "what the state of one key may take"),
    PARTS_LIMITS(struct process_config),
};
static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "any rows");
static const struct gyre_port output = GYRE_PORT("out", 0, NULL, 0, "what the code puts out");

const struct gyre_operator gyre_op_process = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "process",
    .doc = "Rows and timers of keys, with state, by Lua.",
    .flags = GYRE_READS_TIME,
    .config_size = sizeof(struct process_config),
    .instance_size = sizeof(struct process),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .items = GYRE_ITEMS_SPLIT,
    .items_version = 1,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS | GYRE_FEATURE_ITEMS,
    .bind = process_bind,
    .open = process_open,
    .close = process_close,
    .process = process_process,
    .on_timer = process_on_timer,
    .save_items = process_save,
    .restore_item = process_restore,
};
