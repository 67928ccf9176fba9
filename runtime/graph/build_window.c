/* The window of an operator: its plan, and the columns and the port that it adds; see build.h, and
 * logical.h for what comes of it. What needs neither plugin nor schema was checked when the job was
 * read (job/config_window.c); the policies are bound in build_policy.c. */
#include "graph/build.h"

/* ---- without schemas ---- */

static void take_policy(const struct gy_policy *policy, struct gy_policy_plan *plan)
{
    *plan = (struct gy_policy_plan){.kind = policy->kind,
                                    .time_us = policy->time_us,
                                    .count = (uint64_t)policy->count,
                                    .delta = policy->delta,
                                    .from = policy->from_value,
                                    .has_from = policy->from != NULL};
}

/* Lets a function's bind see its windows of time, whose bounds the host adds to what it puts out. */
static void show_window(struct gy_build *b, struct gy_build_node *bn)
{
    const struct gy_window_plan *w = bn->node->window;
    struct gyre_window *window = gy_arena_ctl_alloc(b->scope.arena, sizeof *window);
    if (window == NULL)
        return;
    *window = (struct gyre_window){.size = (uint32_t)sizeof *window,
                                   .size_us = w->keep.time_us,
                                   .period_us = w->fire.time_us,
                                   .offset_us = w->fire.offset_us,
                                   .lateness_us = w->lateness_us};
    bn->window = window;
}

void gy_build_window(struct gy_build *b, struct gy_build_node *bn)
{
    const struct gy_window_setting *set = &bn->set->window;
    struct gy_window_plan *w = gy_arena_ctl_alloc(b->scope.arena, sizeof *w);
    if (w == NULL)
        return;
    const struct gy_policy *every = gy_window_trigger(set);
    *w = (struct gy_window_plan){.tumbling = every == &set->keep,
                                 .both_time = gy_window_is_both_time(set),
                                 .per = set->per,
                                 .lateness_us = set->lateness_us,
                                 .early_us = set->early_us,
                                 .accumulate = set->accumulate,
                                 .processing = bn->set->processing_clock,
                                 .start_own = -1,
                                 .end_own = -1,
                                 .late_port = -1};
    take_policy(&set->keep, &w->keep);
    if (every != NULL)
        take_policy(every, &w->fire);
    if (w->fire.kind == GY_POLICY_TIME && w->fire.time_us > 0) {
        int64_t offset = w->both_time ? set->keep.offset_us : every->offset_us;
        w->fire.offset_us = offset % w->fire.time_us;
    }
    /* Windows of time are the same for every key: one for all of them is one for each. */
    if (w->both_time && bn->set->key_at != NULL)
        w->per = GY_PER_KEY;
    bn->node->window = w;
    if (w->both_time)
        show_window(b, bn);
}

static bool has_bounds(const struct gy_window_plan *w)
{
    return w->both_time || w->keep.kind == GY_POLICY_SESSION;
}

const char *gy_build_window_single(const struct gy_build_node *bn)
{
    const struct gy_window_plan *w = bn->node->window;
    if (w->per == GY_PER_TASK)
        return NULL;
    if (bn->set->key_at == NULL)
        return "a window without `key`";
    return w->per == GY_PER_STREAM ? "per = \"stream\" is one window over all rows" : NULL;
}

/* What a plugin's operator is not told of. */
static void check_plain(struct gy_build *b, const struct gy_build_node *bn)
{
    const struct gy_op_setting *set = bn->set;
    const struct gy_setting *group = set->at;
    const struct gy_setting *wrong[] = {
        gy_setting_get(group, "early"), gy_setting_get(group, "accumulate"),
        set->window.per != GY_PER_KEY ? gy_setting_get(group, "per") : NULL,
        set->processing_clock ? gy_setting_get(group, "clock") : NULL};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (wrong[i] != NULL)
            gy_build_tell(b, wrong[i],
                          "%s: %s has windows of event time, per key, that are put out once",
                          wrong[i]->name, set->op);
}

void gy_build_window_bound(struct gy_build *b, struct gy_build_node *bn)
{
    const struct gy_window_setting *w = &bn->set->window;
    const struct gy_policy *every = gy_window_trigger(w);
    if (w->keep.at == NULL)
        return;
    if ((bn->node->flags & GYRE_TAKES_WINDOW) == 0) {
        gy_build_tell(b, w->keep.at, "window: %s takes none: aggregates and window functions do",
                      bn->set->op);
        return;
    }
    bool told = w->keep.kind == GY_POLICY_NONE || (every != NULL && every->kind == GY_POLICY_NONE);
    bool is_right = gy_window_is_both_time(w) && !told;
    bool keeps_time = w->keep.kind == GY_POLICY_TIME;
    if (!is_right && !told)
        gy_build_tell(b, keeps_time ? every->at : w->keep.at,
                      "%s: %s takes a window of time that is put out by time: window = { time = "
                      "\"1m\"; }",
                      keeps_time ? "every" : "window", bn->set->op);
    check_plain(b, bn);
    struct gyre_window *window = gy_arena_ctl_alloc(b->scope.arena, sizeof *window);
    if (window == NULL)
        return;
    /* Where it is wrong there is one all the same: what else is wrong is told too. */
    *window = (struct gyre_window){(uint32_t)sizeof *window, 0, 1, 1, 0, w->lateness_us};
    bn->window = window;
    if (!is_right || w->keep.time_us <= 0 || every->time_us <= 0)
        return;
    window->size_us = w->keep.time_us;
    window->period_us = every->time_us;
    window->offset_us = w->keep.offset_us % every->time_us;
    bn->node->identity = gy_arena_ctl_printf(
        b->scope.arena, "%s in windows of %lld us every %lld us from %lld us",
        bn->node->identity != NULL ? bn->node->identity : bn->node->op, (long long)window->size_us,
        (long long)window->period_us, (long long)window->offset_us);
}

void gy_build_window_bounds(struct gy_build *b, uint32_t index)
{
    static const struct gyre_field bounds[] = {GYRE_FIELD(time, "window_start", 0),
                                               GYRE_FIELD(time, "window_end", 0)};
    const struct gy_build_node *bn = &b->nodes[index];
    struct gy_window_plan *w = bn->node->window;
    int32_t *own[] = {&w->start_own, &w->end_own};
    for (int i = 0; i < 2 && has_bounds(w); i++)
        if (!gy_build_add_field(b, &bn->node->outputs[0], &bounds[i], bounds[i].name, -1, own[i]))
            gy_build_tell(b, bn->set->key_at, "key: the window adds a field `%s` of its own",
                          bounds[i].name);
}

void gy_build_window_late(struct gy_build *b, uint32_t index)
{
    struct gy_build_node *bn = &b->nodes[index];
    struct gy_node *node = bn->node;
    if (node->window == NULL || !has_bounds(node->window))
        return;
    gy_build_add_output(b, bn, "late", GYRE_PORT_ALIGNED | GYRE_PORT_FILTERS);
    if (b->scope.arena->oom || !bn->in_known[0])
        return;
    const struct gyre_schema *schema = &node->inputs[0].schema;
    node->window->late_port = (int32_t)node->n_outputs - 1;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(schema, i);
        gy_build_add_field(b, &node->outputs[node->n_outputs - 1], f, f->name, (int32_t)i, NULL);
    }
    if (bn->n_known == node->n_outputs - 1)
        bn->n_known = node->n_outputs;
}
