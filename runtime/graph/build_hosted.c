/* Functions that the runtime hosts as operators: which they are, and their options; see build.h.
 *
 * An aggregate or window function is an operator by its own name. An aggregate function whose one
 * option is a list of groups with a function each (std.aggregate) stands for the functions that its
 * groups name:
 *
 *   op = "std.aggregate"; aggregates = ( { fn = "std.sum"; field = "x"; as = "total"; }, ... );
 *
 * Each group has the options of its function, and `as`; the members that the option table lists are
 * for people. The set's own callbacks are never called. */
#include "graph/build.h"

#include <string.h>

#include "job/options.h"
#include "job/value.h"

/* The member of a set's groups that names the function; NULL: the function is no set. */
static const struct gyre_option *function_member(const struct gyre_function *f)
{
    if (f->kind != GYRE_FN_AGGREGATE || f->n_options != 1 || f->options->type != GYRE_OPTION_GROUPS)
        return NULL;
    for (uint32_t i = 0; i < f->options->n_members; i++) {
        const struct gyre_option *member = gyre_option_at(f->options->members, i);
        if (member->type == GYRE_OPTION_FUNCTION)
            return member;
    }
    return NULL;
}

bool gy_function_is_set(const struct gyre_function *function)
{
    return function_member(function) != NULL;
}

static void fill(struct gy_hosted *hosted, const struct gyre_function *function,
                 const struct gy_plugin *plugin, const char *op)
{
    hosted->op = op;
    hosted->plugin = plugin;
    hosted->function = function;
    if (function->kind != GYRE_FN_AGGREGATE)
        return;
    hosted->aggregate = function->impl;
    hosted->accumulator = hosted->aggregate->accumulator;
}

/* A window function without a window, in a batch job: it gets the whole input when that has ended. */
static void give_whole_input(struct gy_build *b, struct gy_build_node *bn)
{
    struct gy_op_setting *set = gy_arena_ctl_alloc(b->scope.arena, sizeof *set);
    if (set == NULL)
        return;
    *set = *bn->set;
    set->window.keep = (struct gy_policy){.kind = GY_POLICY_ALL, .at = set->op_at};
    bn->set = set;
}

bool gy_build_whole(const struct gy_build *b, struct gy_build_node *bn,
                    const struct gyre_function *function)
{
    const struct gyre_window_function *window = function->impl;
    const struct gy_op_setting *set = bn->set;
    if (function->kind != GYRE_FN_WINDOW || window->whole == NULL || !b->job->batch ||
        set->window.keep.at != NULL)
        return false;
    bn->node->descriptor = window->whole;
    bn->node->kind = GYRE_TRANSFORM;
    bn->node->flags = window->whole->flags;
    return true;
}

void gy_build_host(struct gy_build *b, struct gy_build_node *bn,
                   const struct gyre_function *function)
{
    struct gy_node *node = bn->node;
    if (function->kind != GYRE_FN_AGGREGATE && b->job->batch && bn->set->window.keep.at == NULL)
        give_whole_input(b, bn);
    const struct gy_op_setting *set = bn->set;
    bool windowed = set->window.keep.at != NULL;
    bn->function = function;
    node->kind = GYRE_TRANSFORM;
    node->flags = GYRE_MASK_AWARE;
    node->hosted = gy_arena_ctl_alloc(b->scope.arena, sizeof *node->hosted);
    node->n_hosted = 1;
    node->aggregation = windowed ? GY_AGG_WINDOWED : b->job->batch ? GY_AGG_FINAL : GY_AGG_ROLLING;
    if (node->hosted == NULL)
        return;
    fill(&node->hosted[0], function, node->plugin, node->op);
    if (windowed)
        gy_build_window(b, bn);
    if (function->kind != GYRE_FN_AGGREGATE && !windowed)
        gy_build_tell(
            b, set->op_at,
            "op: %s is a window function: it needs a `window`, unless in mode = \"batch\"",
            set->op);
}

/* ---- options ---- */

bool gy_build_function_options(struct gy_build *b, struct gy_hosted *hosted,
                               const struct gy_setting *const *settings, uint32_t n,
                               const char *skip, const struct gy_setting *at)
{
    const struct gyre_function *f = hosted->function;
    bool host_as = true;
    for (uint32_t i = 0; i < f->n_options; i++)
        host_as &= strcmp(gyre_option_at(f->options, i)->name, "as") != 0;
    const struct gy_setting **own =
        gy_arena_ctl_calloc(b->scope.arena, n, sizeof(struct gy_setting *));
    if (f->config_size != 0)
        hosted->config = gy_arena_ctl_alloc(b->scope.arena, f->config_size);
    if (b->scope.arena->oom)
        return false;
    uint32_t n_own = 0;
    for (uint32_t i = 0; i < n; i++)
        if ((skip == NULL || strcmp(settings[i]->name, skip) != 0) &&
            (!host_as || strcmp(settings[i]->name, "as") != 0))
            own[n_own++] = settings[i];
    struct gy_option_owner owner = {hosted->op, hosted->op, at};
    if (gy_options_read(&b->scope, f->options, f->n_options, own, n_own, &owner, hosted->config) !=
        0)
        return false;
    gy_build_identity_options(b, hosted);
    return true;
}

/* Reads one group of a set. */
static bool read_member(struct gy_build *b, const struct gyre_function *set,
                        const struct gy_setting *group, struct gy_hosted *hosted)
{
    const char *name = function_member(set)->name, *text;
    if (group->kind != GY_SETTING_GROUP) {
        gy_value_wrong(&b->scope, group, "a group { ... }");
        return false;
    }
    const struct gy_setting *at = gy_setting_get(group, name);
    if (at == NULL) {
        gy_build_tell(b, group, "%s: a group needs `%s`: an aggregate function", group->name, name);
        return false;
    }
    if (gy_value_string(&b->scope, at, &text) != 0)
        return false;
    const struct gy_plugin *plugin;
    const struct gyre_function *f =
        gy_build_function(b, text, GYRE_FN_AGGREGATE, "aggregate", at, &plugin);
    const char *op = gy_arena_ctl_strdup(b->scope.arena, text);
    if (f == NULL || op == NULL)
        return false;
    if (function_member(f) != NULL) {
        gy_build_tell(b, at, "%s: %s holds aggregates and is none: list them here", name, text);
        return false;
    }
    fill(hosted, f, plugin, op);
    return gy_build_function_options(b, hosted, (const struct gy_setting *const *)group->items,
                                     group->n, name, group);
}

/* Reads the groups of a set: they take the place of its one function. */
static bool read_set(struct gy_build *b, struct gy_build_node *bn, const struct gy_setting *list)
{
    struct gy_node *node = bn->node;
    struct gy_setting **items;
    uint32_t n;
    if (gy_value_items(&b->scope, list, false, "a list of groups ( { ... }, ... )", &items, &n) !=
        0)
        return false;
    if (n == 0) {
        gy_build_tell(b, list, "%s: the list is empty", list->name);
        return false;
    }
    node->hosted = gy_arena_ctl_calloc(b->scope.arena, n, sizeof *node->hosted);
    bn->groups = gy_arena_ctl_calloc(b->scope.arena, n, sizeof(struct gy_setting *));
    if (node->hosted == NULL || bn->groups == NULL)
        return false;
    node->n_hosted = n;
    bool ok = true;
    for (uint32_t i = 0; i < n; i++) {
        bn->groups[i] = gy_value_tree(&b->scope, items[i]);
        ok &=
            bn->groups[i] != NULL && read_member(b, bn->function, bn->groups[i], &node->hosted[i]);
    }
    return ok;
}

bool gy_build_hosted_options(struct gy_build *b, struct gy_build_node *bn)
{
    const struct gy_op_setting *set = bn->set;
    const struct gyre_function *f = bn->function;
    const struct gy_setting *const *settings = (const struct gy_setting *const *)set->options;
    if (bn->node->hosted == NULL)
        return false;
    const struct gy_setting *list = NULL;
    for (uint32_t i = 0; function_member(f) != NULL && i < set->n_options; i++)
        if (strcmp(set->options[i]->name, f->options->name) == 0)
            list = set->options[i];
    if (list == NULL)
        return gy_build_function_options(b, &bn->node->hosted[0], settings, set->n_options, NULL,
                                         set->id_at);
    bool ok = true;
    for (uint32_t i = 0; i < set->n_options; i++) {
        if (set->options[i] == list)
            continue;
        gy_value_unknown(&b->scope, set->options[i], "option", set->options[i]->name, set->op,
                         &f->options->name, 1,
                         "each group takes the options of its function, and `as`");
        ok = false;
    }
    return read_set(b, bn, list) && ok;
}
