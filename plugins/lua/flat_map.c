/* plugins/lua/flat_map.c: lua.flat_map. The code is called with each row and puts out what it likes, by
 * emit{name = value}; what it has put out leaves when it has come to its end, so that a row it
 * fails with leaves nothing behind. */
#include "flat_map.h"

#include "emit.h"
#include "plan.h"
#include "texts.h"

struct flat_map_config {
    struct script script;
    struct gyre_schema schema;
};

struct flat_map {
    struct vm *vm;
    struct emitter emitter;
    int run;
};

static int32_t flat_map_bind(void *config, struct gyre_bind *bind)
{
    struct flat_map_config *c = config;
    int32_t code = script_bind(&c->script, bind, "emit");
    for (uint32_t i = 0; code == GYRE_OK && i < c->schema.n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(&c->schema, i);
        int32_t at = bind->write(bind, 0, f->type, f->name, f->flags);
        code = at < 0 ? at : GYRE_OK;
    }
    return code;
}

static int32_t flat_map_open(void *self, struct gyre_ctx *ctx)
{
    const struct flat_map_config *c = ctx->config;
    struct flat_map *f = self;
    struct vm_fault fault;
    struct plan plan = {0};
    int code;
    char text[GYRE_ERROR_TEXT];
    if (emit_init(&f->emitter, &c->schema, c->script.memory) != 0)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for rows");
    f->emitter.out = ctx->outputs[0];
    f->vm = script_open(&c->script, ctx, "emit", &code);
    if (f->vm == NULL)
        return ctx->error->code;
    plan_put(&plan, "local host = ... host.plan = {code=%d,", code);
    plan_put_reads(&plan, &c->script);
    plan_put_writes(&plan, &c->schema);
    plan_put(&plan, "} return true");
    vm_gauge(f->vm)->call = &f->emitter;
    if (plan_give(&plan, f->vm, &fault) >= 0)
        f->run = vm_own(f->vm, "=flat_map", lua_text_flat_map, &fault);
    else
        f->run = -1;
    if (f->run >= 0)
        return GYRE_OK;
    return gyre_fail(ctx, fault.kind == VM_NOMEM ? GYRE_ENOMEM : GYRE_EFAIL, "%s",
                     vm_fault_text(&fault, text, sizeof text));
}

static void flat_map_close(void *self, struct gyre_ctx *ctx)
{
    struct flat_map *f = self;
    (void)ctx;
    vm_free(f->vm);
    emit_fini(&f->emitter);
}

static int32_t flat_map_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct flat_map *f = self;
    return script_run(f->vm, ctx, in, f->run);
}

static const struct gyre_option options[] = {
    SCRIPT_CODE(
        struct flat_map_config,
        "Lua that is run for each row: its fields are names, emit{name = value} puts a row out"),
    GYRE_OPT(struct flat_map_config, schema, SCHEMA, NULL, GYRE_REQUIRED,
             "the fields of the rows that are put out"),
    SCRIPT_LIMITS(struct flat_map_config),
};

static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "any rows");
static const struct gyre_port output = GYRE_PORT("out", 0, NULL, 0, "what the code puts out");

const struct gyre_operator gyre_op_flat_map = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "flat_map",
    .doc = "Puts out any number of rows for each row, by Lua.",
    .config_size = sizeof(struct flat_map_config),
    .instance_size = sizeof(struct flat_map),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .bind = flat_map_bind,
    .open = flat_map_open,
    .close = flat_map_close,
    .process = flat_map_process,
};
