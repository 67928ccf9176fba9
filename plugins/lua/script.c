/* plugins/lua/script.c: see script.h. */
#include "script.h"
#include "tick.h"

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

/* Where the lines of the option's text stand. */
static int32_t read_code(struct script *s, struct gyre_bind *bind)
{
    struct gyre_place place = {.size = (uint32_t)sizeof place};
    uint32_t n = 1;
    s->option = "code";
    s->text = s->code;
    s->length = strlen(s->code);
    for (const char *c = s->text; *c != 0; c++)
        n += *c == '\n';
    uint32_t *lines = bind->alloc(bind, n * sizeof *lines);
    if (lines == NULL)
        return GYRE_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        bind->place(bind, "code", i + 1, &place);
        lines[i] = place.line;
    }
    s->place = (struct vm_place){place.file, lines, n};
    return GYRE_OK;
}

/* The whole of the file that `file` names. */
static int32_t read_file(struct script *s, struct gyre_bind *bind)
{
    FILE *file = fopen(s->file, "re");
    char *text = bind->alloc(bind, TICK_BYTES + 2);
    size_t n = 0;
    s->option = "file";
    if (text == NULL || file == NULL) {
        int number = errno;
        if (file != NULL)
            fclose(file);
        return text == NULL ? GYRE_ENOMEM
                            : gyre_bind_fail(bind, GYRE_EINVAL, "file", "%s cannot be read: %s",
                                             s->file, strerror(number));
    }
    n = fread(text, 1, TICK_BYTES + 1, file);
    int failed = ferror(file), number = errno;
    fclose(file);
    if (failed)
        return gyre_bind_fail(bind, GYRE_EINVAL, "file", "%s cannot be read: %s", s->file,
                              strerror(number));
    s->text = text;
    s->length = n;
    s->place = (struct vm_place){s->file, NULL, 0};
    return GYRE_OK;
}

static int32_t read_text(struct script *s, struct gyre_bind *bind)
{
    if (s->code != NULL && s->file != NULL)
        return gyre_bind_fail(bind, GYRE_EINVAL, "file",
                              "`code` is given already: leave one of them out");
    if (s->code == NULL && s->file == NULL)
        return gyre_bind_fail(bind, GYRE_EINVAL, NULL,
                              "needs the option `code`: Lua; or `file`: a file of it");
    return s->code != NULL ? read_code(s, bind) : read_file(s, bind);
}

/* Tells what is wrong with code at its line. */
static int32_t tell(const struct script *s, struct gyre_bind *bind, const struct vm_fault *fault)
{
    struct gyre_place place = {(uint32_t)sizeof place, fault->line, fault->file};
    char text[GYRE_ERROR_TEXT + 8];
    if (fault->kind == VM_NOMEM)
        return GYRE_ENOMEM;
    if (fault->file == NULL)
        return gyre_bind_fail(bind, GYRE_EINVAL, s->option, "%s", fault->text);
    snprintf(text, sizeof text, "%s%s", s->code != NULL ? "code: " : "", fault->text);
    return bind->fail_at(bind, GYRE_EINVAL, &place, text);
}

static int32_t compile(struct script *s, struct gyre_bind *bind, const char *calls)
{
    struct vm_limits limits = {s->memory, s->max_steps};
    struct vm_fault fault;
    struct vm *vm = vm_new(NULL, &limits, &fault);
    int code = -1;
    if (vm != NULL && offer(vm, calls, &fault) >= 0)
        code = vm_code(vm, s->text, s->length, s->place, s->names, s->n_names, s->used, &fault);
    int32_t told = code >= 0 ? GYRE_OK : tell(s, bind, &fault);
    vm_free(vm);
    return told;
}

int32_t script_bind(struct script *s, struct gyre_bind *bind, const char *calls)
{
    int32_t code = read_text(s, bind);
    if (code == GYRE_OK)
        code = read_schema(s, bind);
    if (code == GYRE_OK)
        code = compile(s, bind, calls);
    for (uint32_t i = 0; code == GYRE_OK && i < s->n_names; i++) {
        if (!s->used[i])
            continue;
        int32_t at = bind->read(bind, 0, s->names[i], s->option);
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
    uint32_t again = UINT32_MAX; /* the row that was tried once more */
    gauge->batch = in;
    gauge->row = 0;
    while (vm_run(vm, function, &fault) != 0) {
        if (fault.kind == VM_NOMEM)
            return gyre_fail(ctx, GYRE_ENOMEM, "%s", fault.text);
        if (fault.kind == VM_MEMORY && again != gauge->row) {
            again = gauge->row;
            continue;
        }
        gyre_bad_row(ctx, in, gauge->row, "%s", vm_fault_text(&fault, text, sizeof text));
        if (++gauge->row >= in->rows)
            break;
    }
    return GYRE_OK;
}
