/* plugins/lua/script.c: see script.h. */
#include "script.h"

#include <errno.h>
#include <stdlib.h>

/* ---- bind -------------------------------------------------------------------------------------- */

/* Makes names that code may call known to it, before it is compiled. */
static int offer(struct vm *vm, const char *calls, struct vm_fault *fault)
{
    char text[256];
    if (calls == NULL)
        return 0;
    snprintf(text, sizeof text, "local host = ... rawset(host.env, '%s', false) return true",
             calls);
    return vm_own(vm, "=offer", text, fault);
}

static int32_t read_schema(struct script *s, struct gyre_bind *bind)
{
    const struct gyre_schema *schema = bind->inputs[0];
    s->n_names = schema->n_fields;
    s->names = bind->alloc(bind, (schema->n_fields + 1) * sizeof(const char *));
    s->used = bind->alloc(bind, schema->n_fields + 1);
    s->types = bind->alloc(bind, (schema->n_fields + 1) * sizeof *s->types);
    s->at = bind->alloc(bind, (schema->n_fields + 1) * sizeof *s->at);
    if (s->names == NULL || s->used == NULL || s->types == NULL || s->at == NULL)
        return GYRE_ENOMEM;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(schema, i);
        s->names[i] = f->name;
        s->types[i] = f->type | ((f->flags & GYRE_NULLABLE) != 0 ? SCRIPT_NULLABLE : 0);
    }
    return GYRE_OK;
}

static int32_t compile(struct script *s, struct gyre_bind *bind, const char *calls)
{
    struct vm_limits limits = {s->memory, s->max_steps};
    struct vm_fault fault;
    struct vm *vm = vm_new(NULL, &limits, &fault);
    int code = -1;
    if (vm != NULL && offer(vm, calls, &fault) >= 0)
        code = vm_code(vm, s->text, s->length, s->place, s->names, s->n_names, s->used, &fault);
    vm_free(vm);
    if (code >= 0)
        return GYRE_OK;
    if (fault.kind == VM_NOMEM)
        return GYRE_ENOMEM;
    return gyre_bind_fail(bind, GYRE_EINVAL, "code", "line %u: %s", fault.line, fault.text);
}

int32_t script_bind(struct script *s, struct gyre_bind *bind, const char *calls)
{
    s->text = s->code;
    s->length = strlen(s->code);
    s->place = (struct vm_place){"code", 1};
    int32_t code = read_schema(s, bind);
    if (code == GYRE_OK)
        code = compile(s, bind, calls);
    for (uint32_t i = 0; code == GYRE_OK && i < s->n_names; i++) {
        if (!s->used[i])
            continue;
        int32_t at = bind->read(bind, 0, s->names[i], "code");
        code = at < 0 ? at : GYRE_OK;
        s->at[i] = (uint32_t)at;
    }
    return code;
}

/* ---- tasks ------------------------------------------------------------------------------------- */

struct vm *script_open(const struct script *s, struct gyre_ctx *ctx, const char *calls, int *code)
{
    struct vm_limits limits = {s->memory, s->max_steps};
    struct vm_fault fault;
    char text[GYRE_ERROR_TEXT];
    struct vm *vm = vm_new(ctx, &limits, &fault);
    *code = -1;
    if (vm != NULL && offer(vm, calls, &fault) >= 0)
        *code = vm_code(vm, s->text, s->length, s->place, s->names, s->n_names, s->used, &fault);
    if (*code >= 0)
        return vm;
    vm_free(vm);
    gyre_fail(ctx, fault.kind == VM_NOMEM ? GYRE_ENOMEM : GYRE_EFAIL, "%s",
              vm_fault_text(&fault, text, sizeof text));
    return NULL;
}

int32_t script_run(struct vm *vm, struct gyre_ctx *ctx, const struct gyre_batch *in, int function)
{
    struct gauge *gauge = vm_gauge(vm);
    struct vm_fault fault;
    char text[GYRE_ERROR_TEXT];
    gauge->batch = in;
    gauge->row = 0;
    while (vm_run(vm, function, &fault) != 0) {
        if (fault.kind == VM_NOMEM)
            return gyre_fail(ctx, GYRE_ENOMEM, "%s", fault.text);
        gyre_bad_row(ctx, in, gauge->row, "%s", vm_fault_text(&fault, text, sizeof text));
        if (++gauge->row >= in->rows)
            break;
    }
    return GYRE_OK;
}
