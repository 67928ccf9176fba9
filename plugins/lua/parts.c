/* plugins/lua/parts.c: see parts.h. */
#include "parts.h"

void parts_add(struct parts *parts, const struct part *part, const char *text)
{
    struct part *added = &parts->part[parts->n++];
    *added = *part;
    added->text = text;
}

/* ---- names ------------------------------------------------------------------------------------- */

static int32_t read_fields(struct parts *p, struct gyre_bind *bind)
{
    const struct gyre_schema *schema = bind->inputs[0];
    p->n_fields = schema->n_fields;
    p->fields = bind->alloc(bind, (schema->n_fields + 1) * sizeof *p->fields);
    if (p->fields == NULL)
        return GYRE_ENOMEM;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(schema, i);
        p->fields[i] =
            (struct parts_field){f->name, f->type, (f->flags & GYRE_NULLABLE) != 0, -1, -1};
        for (uint32_t k = 0; k < bind->n_keys; k++)
            if (strcmp(bind->keys[k], f->name) == 0)
                p->fields[i].key = (int32_t)k;
    }
    return GYRE_OK;
}

static int has_field(const struct parts *p, const struct part *part, const char *name)
{
    for (uint32_t i = 0; i < p->n_fields; i++)
        if ((part->sees == PART_ROW || (part->sees == PART_KEY && p->fields[i].key >= 0)) &&
            strcmp(p->fields[i].name, name) == 0)
            return 1;
    return 0;
}

/* The names that a part sees: fields first, in the order of the input. */
static int32_t name_part(const struct parts *p, struct part *part, struct gyre_bind *bind)
{
    uint32_t room = p->n_fields + part->n_extra + 1;
    part->names = bind->alloc(bind, room * sizeof(const char *));
    part->used = bind->alloc(bind, room);
    if (part->names == NULL || part->used == NULL)
        return GYRE_ENOMEM;
    for (uint32_t i = 0; i < p->n_fields; i++)
        if (has_field(p, part, p->fields[i].name))
            part->names[part->n_names++] = p->fields[i].name;
    for (uint32_t i = 0; i < part->n_extra; i++)
        if (!has_field(p, part, part->extra[i]))
            part->names[part->n_names++] = part->extra[i];
    return GYRE_OK;
}

/* Where the lines of its text stand. */
static int32_t place_part(struct part *part, struct gyre_bind *bind)
{
    struct gyre_place place = {.size = (uint32_t)sizeof place};
    uint32_t n = 1;
    for (const char *c = part->text; *c != 0; c++)
        n += *c == '\n';
    uint32_t *lines = bind->alloc(bind, n * sizeof *lines);
    if (lines == NULL)
        return GYRE_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        bind->place(bind, part->option, i + 1, &place);
        lines[i] = place.line;
    }
    part->place = (struct vm_place){place.file, lines, n};
    return GYRE_OK;
}

/* ---- compiling --------------------------------------------------------------------------------- */

/* Tells the sandbox what lasts, and what may be called: what it does is put there later. */
static int set_up(const struct parts *p, struct vm *vm, struct vm_fault *fault)
{
    struct plan plan = {0};
    plan_put(&plan, "local host = ... host.held, host.valued = '%s', true ", p->held);
    for (const char *const *call = p->calls; *call != NULL; call++)
        plan_put(&plan, "rawset(host.env, '%s', false) ", *call);
    plan_put(&plan, "return true");
    return plan_give(&plan, vm, fault);
}

static int compile_part(const struct part *part, struct vm *vm, uint8_t *used,
                        struct vm_fault *fault)
{
    return vm_code(vm, part->text, strlen(part->text), part->place, part->names, part->n_names,
                   used, fault);
}

/* Tells what is wrong with a part at its line. */
static int32_t fail_part(struct gyre_bind *bind, const struct part *part,
                         const struct vm_fault *fault)
{
    struct gyre_place place = {(uint32_t)sizeof place, fault->line, fault->file};
    char text[GYRE_ERROR_TEXT + 32];
    if (fault->kind == VM_NOMEM)
        return GYRE_ENOMEM;
    if (fault->file == NULL)
        return gyre_bind_fail(bind, GYRE_EINVAL, part->option, "%s", fault->text);
    snprintf(text, sizeof text, "%s: %s", part->option, fault->text);
    return bind->fail_at(bind, GYRE_EINVAL, &place, text);
}

static int32_t compile_all(struct parts *p, struct gyre_bind *bind)
{
    struct vm_limits limits = {p->memory, p->max_steps};
    struct vm_fault fault;
    struct vm *vm = vm_new(NULL, &limits, &fault);
    int32_t code = GYRE_OK;
    if (vm == NULL || set_up(p, vm, &fault) < 0)
        code = gyre_bind_fail(bind, GYRE_EINVAL, NULL, "%s", fault.text);
    for (uint32_t i = 0; code == GYRE_OK && i < p->n; i++) {
        if (p->part[i].text == NULL)
            continue;
        code = name_part(p, &p->part[i], bind);
        if (code == GYRE_OK)
            code = place_part(&p->part[i], bind);
        if (code == GYRE_OK && compile_part(&p->part[i], vm, p->part[i].used, &fault) < 0)
            code = fail_part(bind, &p->part[i], &fault);
    }
    vm_free(vm);
    return code;
}

static int reads(const struct part *part, const char *name)
{
    for (uint32_t i = 0; part->text != NULL && i < part->n_names; i++)
        if (part->used[i] && strcmp(part->names[i], name) == 0)
            return 1;
    return 0;
}

int32_t parts_bind(struct parts *p, struct gyre_bind *bind)
{
    int32_t code = read_fields(p, bind);
    for (uint32_t i = 0; code == GYRE_OK && i < p->n_fields; i++)
        if (strcmp(p->fields[i].name, p->held) == 0)
            code = gyre_bind_fail(bind, GYRE_EINVAL, NULL,
                                  "the input has a field `%s`, which in code is the value that "
                                  "lasts: rename it before, by std.select",
                                  p->held);
    if (code == GYRE_OK)
        code = compile_all(p, bind);
    for (uint32_t i = 0; code == GYRE_OK && i < p->n_fields; i++) {
        struct parts_field *field = &p->fields[i];
        for (uint32_t k = 0; code == GYRE_OK && field->at < 0 && k < p->n; k++) {
            if (p->part[k].sees != PART_ROW || !reads(&p->part[k], field->name))
                continue;
            field->at = bind->read(bind, 0, field->name, p->part[k].option);
            code = field->at < 0 ? field->at : GYRE_OK;
        }
    }
    return code;
}

/* ---- tasks ------------------------------------------------------------------------------------- */

int32_t parts_fail(struct gyre_ctx *ctx, const struct vm_fault *fault)
{
    char text[GYRE_ERROR_TEXT];
    return gyre_fail(ctx, fault->kind == VM_NOMEM ? GYRE_ENOMEM : GYRE_EFAIL, "%s",
                     vm_fault_text(fault, text, sizeof text));
}

/* The fields that a kind of parts reads, and by which of them. */
static void put_fields(const struct parts *p, struct plan *plan, const char *list, uint32_t sees)
{
    plan_put(plan, "%s={", list);
    for (uint32_t i = 0; i < p->n_fields; i++) {
        const struct parts_field *field = &p->fields[i];
        int any = 0;
        for (uint32_t k = 0; k < p->n; k++)
            any |= p->part[k].sees == sees && reads(&p->part[k], field->name);
        if (!any || (sees == PART_KEY && field->key < 0))
            continue;
        plan_put_field(plan, field->name, field->type, field->nullable,
                       (uint32_t)(sees == PART_KEY ? field->key : field->at));
    }
    plan_put(plan, "},");
}

/* Each part: its function's number, and the names that it takes. */
static void put_parts(const struct parts *p, struct plan *plan, const int *codes)
{
    for (uint32_t i = 0; i < p->n; i++) {
        const struct part *part = &p->part[i];
        if (part->text == NULL)
            continue;
        plan_put(plan, "%s={code=%d,takes={", part->option, codes[i]);
        for (uint32_t k = 0; k < part->n_names; k++) {
            if (part->used[k] == 0)
                continue;
            plan_put_name(plan, part->names[k]);
            plan_put(plan, ",");
        }
        plan_put(plan, "}},");
    }
}

struct vm *parts_open(const struct parts *p, struct gyre_ctx *ctx, struct plan *plan)
{
    struct vm_limits limits = {p->memory, p->max_steps};
    struct vm_fault fault;
    struct vm *vm = vm_new(ctx, &limits, &fault);
    int codes[PARTS_MOST] = {0};
    int ok = vm != NULL && set_up(p, vm, &fault) >= 0;
    for (uint32_t i = 0; ok && i < p->n; i++) {
        if (p->part[i].text == NULL)
            continue;
        uint8_t used[p->part[i].n_names + 1]; /* the config's is shared */
        codes[i] = compile_part(&p->part[i], vm, used, &fault);
        ok = codes[i] >= 0;
    }
    if (!ok) {
        vm_free(vm);
        parts_fail(ctx, &fault);
        return NULL;
    }
    put_fields(p, plan, "reads", PART_ROW);
    put_fields(p, plan, "keys", PART_KEY);
    plan_put(plan, "parts={");
    put_parts(p, plan, codes);
    plan_put(plan, "},");
    return vm;
}
