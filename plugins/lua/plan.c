/* plugins/lua/plan.c: see plan.h. */
#include "plan.h"

#include <stdlib.h>

void plan_put(struct plan *plan, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    size_t needed = plan->length + (size_t)n + 1;
    if (n < 0 || plan->is_cut)
        return;
    if (needed > plan->room) {
        char *text = realloc(plan->text, 2 * needed);
        plan->is_cut = text == NULL;
        if (text == NULL)
            return;
        plan->text = text;
        plan->room = 2 * needed;
    }
    va_start(args, format);
    vsnprintf(plan->text + plan->length, plan->room - plan->length, format, args);
    va_end(args);
    plan->length += (size_t)n;
}

void plan_put_name(struct plan *plan, const char *name)
{
    plan_put(plan, "\"");
    for (const char *c = name; *c != 0; c++)
        plan_put(plan, "\\%03d", (uint8_t)*c);
    plan_put(plan, "\"");
}

void plan_put_field(struct plan *plan, const char *name, uint32_t type, int nullable, uint32_t at)
{
    plan_put(plan, "{name=");
    plan_put_name(plan, name);
    plan_put(plan, ",type=\"%s\",nullable=%s,at=%u},", gyre_type_name(type),
             nullable ? "true" : "false", at);
}

void plan_put_reads(struct plan *plan, const struct script *s)
{
    plan_put(plan, "reads={");
    for (uint32_t i = 0; i < s->n_names; i++)
        if (s->used[i])
            plan_put_field(plan, s->names[i], s->types[i] & ~SCRIPT_NULLABLE,
                           (s->types[i] & SCRIPT_NULLABLE) != 0, s->at[i]);
    plan_put(plan, "},");
}

void plan_put_writes(struct plan *plan, const struct gyre_schema *schema)
{
    plan_put(plan, "writes={");
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(schema, i);
        plan_put_field(plan, f->name, f->type, (f->flags & GYRE_NULLABLE) != 0, i);
    }
    plan_put(plan, "},");
}

void plan_free(struct plan *plan)
{
    free(plan->text);
    *plan = (struct plan){0};
}

int plan_give(struct plan *plan, struct vm *vm, struct vm_fault *fault)
{
    *fault = (struct vm_fault){.kind = VM_NOMEM, .text = "out of memory"};
    int number = -1;
    if (!plan->is_cut && plan->text != NULL)
        number = vm_own(vm, "=plan", plan->text, fault);
    plan_free(plan);
    return number;
}
