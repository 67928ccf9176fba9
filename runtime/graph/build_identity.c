/* What the state of a function, or of an operator, is of; see logical.h. */
#include "graph/build.h"

#include "job/options.h"

/* "std.sum", then the options with `flags` that are not as by default: " { field = "x"; }". */
static const char *with_options(struct gy_build *b, const char *op,
                                const struct gyre_option *options, uint32_t n, uint32_t flags,
                                const void *config)
{
    struct gy_buf text = {0};
    gy_options_text(&b->scope, options, n, flags, config, &text);
    const char *cstr = gy_buf_cstr(&text);
    const char *whole = cstr == NULL    ? NULL
                        : text.len == 0 ? op
                                        : gy_arena_ctl_printf(b->scope.arena, "%s { %s}", op, cstr);
    if (cstr == NULL)
        b->scope.arena->oom = true;
    gy_buf_fini(&text);
    return whole;
}

void gy_build_identity(struct gy_build *b, struct gy_build_node *bn)
{
    const struct gyre_operator *d = bn->node->descriptor;
    bool any = false;
    for (uint32_t i = 0; d != NULL && i < d->n_options; i++)
        any |= (gyre_option_at(d->options, i)->flags & GYRE_OF_STATE) != 0;
    if (any)
        bn->node->identity = with_options(b, bn->node->op, d->options, d->n_options, GYRE_OF_STATE,
                                          bn->node->config);
}

/* A policy, about as it would stand in a job. */
static void write_policy(const struct gy_input *input, const struct gy_policy_plan *p,
                         struct gy_buf *text)
{
    switch (p->kind) {
    case GY_POLICY_TIME: gy_buf_printf(text, "time = \"%lldus\"; ", (long long)p->time_us); break;
    case GY_POLICY_COUNT:
        gy_buf_printf(text, "count = %llu; ", (unsigned long long)p->count);
        break;
    case GY_POLICY_DELTA: gy_buf_printf(text, "delta = %.17g; ", p->delta); break;
    case GY_POLICY_SESSION:
        gy_buf_printf(text, "session = \"%lldus\"; ", (long long)p->time_us);
        break;
    case GY_POLICY_ALL: gy_buf_printf(text, "all = true; "); break;
    default: break;
    }
    if (p->kind == GY_POLICY_DELTA && p->function == NULL)
        gy_buf_printf(text, "field = \"%s\"; ",
                      gyre_schema_field(&input->schema, input->reads[p->field])->name);
    if (p->has_from && p->function == NULL)
        gy_buf_printf(text, "from = %.17g; ", p->from);
    if (p->offset_us > 0)
        gy_buf_printf(text, "offset = \"%lldus\"; ", (long long)p->offset_us);
    if (p->function != NULL)
        gy_buf_printf(text, "fn = %s; ", p->function->identity);
}

void gy_build_identity_window(struct gy_build *b, struct gy_node *node)
{
    static const char *const pers[] = {
        [GY_PER_KEY] = "key", [GY_PER_STREAM] = "stream", [GY_PER_TASK] = "task"};
    const struct gy_window_plan *w = node->window;
    struct gy_buf text = {0};
    gy_buf_printf(&text, "%s in windows { ", node->op);
    write_policy(&node->inputs[0], &w->keep, &text);
    gy_buf_printf(&text, "}%s", w->fire.kind == GY_POLICY_NONE ? "" : " every { ");
    write_policy(&node->inputs[0], &w->fire, &text);
    gy_buf_printf(&text, "%sper %s", w->fire.kind == GY_POLICY_NONE ? " " : "} ", pers[w->per]);
    if (w->lateness_us > 0)
        gy_buf_printf(&text, ", lateness %lldus", (long long)w->lateness_us);
    if (w->early_us > 0)
        gy_buf_printf(&text, ", early %lldus", (long long)w->early_us);
    gy_buf_printf(&text, "%s%s", w->accumulate ? "" : ", not accumulated",
                  w->processing ? ", by the clock" : "");
    const char *cstr = gy_buf_cstr(&text);
    node->identity = cstr != NULL ? gy_arena_ctl_printf(b->scope.arena, "%s", cstr) : NULL;
    b->scope.arena->oom |= cstr == NULL;
    gy_buf_fini(&text);
}

void gy_build_identity_options(struct gy_build *b, struct gy_hosted *hosted)
{
    const struct gyre_function *f = hosted->function;
    hosted->identity = with_options(b, hosted->op, f->options, f->n_options, 0, hosted->config);
}

bool gy_build_identity_is_own(const struct gyre_function *function)
{
    for (uint32_t i = 0; i < function->n_options; i++)
        if ((gyre_option_at(function->options, i)->flags & GYRE_NOT_OF_STATE) != 0)
            return true;
    return false;
}

void gy_build_identity_reads(struct gy_build *b, const struct gy_node *node,
                             struct gy_hosted *hosted)
{
    const struct gy_input *input = &node->inputs[0];
    if (hosted->identity == NULL || gy_build_identity_is_own(hosted->function))
        return;
    for (uint32_t i = 0; i < hosted->n_reads && hosted->identity != NULL; i++) {
        uint32_t at = input->reads[hosted->reads[i]];
        const struct gyre_field *field = gyre_schema_field(&input->schema, at);
        hosted->identity =
            gy_arena_ctl_printf(b->scope.arena, "%s%s%s: %s", hosted->identity,
                                i == 0 ? " of " : ", ", field->name, gyre_type_name(field->type));
    }
}

void gy_build_identity_key(struct gy_build *b, uint32_t index)
{
    for (uint32_t i = 0; i < b->n; i++) {
        const struct gy_build_node *bn = &b->nodes[i];
        const struct gy_build_ahead *use = bn->ahead;
        if (use != NULL && use->consumer == index && use->port == 0 && use->column == NULL &&
            bn->n_known > 0)
            b->nodes[index].node->key_by = bn->node->hosted[0].identity;
    }
}
