/* `window`, `every`, and what belongs to them; see config.h. */
#include "job/config.h"

#include <float.h>
#include <string.h>

#include "job/value.h"

/* The keys that say what kind of policy it is, in the order of enum gy_policy_kind; then those that
 * go with each. */
static const struct {
    const char *name;
    enum gy_policy_kind kind;
    const char *keys;
} policies[] = {
    {"time", GY_POLICY_TIME, "time offset"},
    {"count", GY_POLICY_COUNT, "count"},
    {"delta", GY_POLICY_DELTA, "delta field fn from"},
    {"session", GY_POLICY_SESSION, "session"},
    {"all", GY_POLICY_ALL, "all"},
    {"fn", GY_POLICY_FUNCTION, ""}, /* and the function's options */
};
#define N_POLICIES    (sizeof policies / sizeof policies[0])
#define POLICY_FORMS  "one of time, count, delta, session, all, fn"
#define TRIGGER_FORMS "one of time, count, delta, fn"

static void wrong(const struct gy_scope *scope, const struct gy_setting *at, const char *text)
{
    gy_diags_add(scope->diags, at->file, at->line, "%s: %s", at->name, text);
}

static void read_delta(const struct gy_scope *scope, const struct gy_setting *group,
                       struct gy_policy *policy)
{
    const struct gy_setting *delta = gy_setting_get(group, "delta");
    if (gy_value_float(scope, delta, &policy->delta) == 0 &&
        !(policy->delta >= 0 && policy->delta <= DBL_MAX))
        wrong(scope, delta, "a distance is a number that is not negative");
    const struct gy_setting *field = gy_setting_get(group, "field");
    const struct gy_setting *fn = gy_setting_get(group, "fn");
    if (field != NULL)
        gy_value_string(scope, field, &policy->field);
    if (fn != NULL)
        gy_value_string(scope, fn, &policy->function);
    if ((field == NULL) == (fn == NULL))
        wrong(scope, group, "`delta` needs `field` or `fn`, one of them");
    if (field != NULL)
        policy->function = NULL; /* told, if both */
    policy->from = gy_setting_get(group, "from");
    if (policy->from != NULL && field != NULL)
        gy_value_float(scope, policy->from, &policy->from_value);
}

static void read_values(const struct gy_scope *scope, const struct gy_setting *group,
                        struct gy_policy *policy)
{
    bool all = true;
    switch (policy->kind) {
    case GY_POLICY_TIME:
        gy_value_duration(scope, gy_setting_get(group, "time"), 1, INT64_MAX, &policy->time_us);
        if (gy_setting_get(group, "offset") != NULL)
            gy_value_duration(scope, gy_setting_get(group, "offset"), 0, 0, &policy->offset_us);
        break;
    case GY_POLICY_SESSION:
        gy_value_duration(scope, gy_setting_get(group, "session"), 1, INT64_MAX, &policy->time_us);
        break;
    case GY_POLICY_COUNT:
        gy_value_int(scope, gy_setting_get(group, "count"), 1, INT64_MAX, &policy->count);
        break;
    case GY_POLICY_DELTA: read_delta(scope, group, policy); break;
    case GY_POLICY_ALL:
        if (gy_value_bool(scope, gy_setting_get(group, "all"), &all) == 0 && !all)
            wrong(scope, group, "`all` can only be true");
        break;
    case GY_POLICY_FUNCTION:
        gy_value_string(scope, gy_setting_get(group, "fn"), &policy->function);
        break;
    case GY_POLICY_NONE: break;
    }
}

/* The row of the policy that a group has; N_POLICIES: told, or none. `fn` is a policy that has the
 * function's options beside it, whatever they are called, and in a `delta` its distance. */
static size_t choose(const struct gy_scope *scope, const struct gy_setting *s,
                     const struct gy_setting *group)
{
    size_t chosen = N_POLICIES;
    bool function = gy_setting_get(group, "fn") != NULL && gy_setting_get(group, "delta") == NULL;
    for (size_t i = 0; i < N_POLICIES; i++) {
        bool is_function = policies[i].kind == GY_POLICY_FUNCTION;
        if (gy_setting_get(group, policies[i].name) == NULL || is_function != function)
            continue;
        if (chosen < N_POLICIES) {
            gy_diags_add(scope->diags, s->file, s->line, "%s: `%s` and `%s` exclude each other",
                         s->name, policies[chosen].name, policies[i].name);
            return N_POLICIES;
        }
        chosen = i;
    }
    return chosen;
}

static void read_policy(const struct gy_scope *scope, const struct gy_setting *s,
                        struct gy_policy *policy, bool trigger)
{
    const char *forms = trigger ? TRIGGER_FORMS : POLICY_FORMS;
    const struct gy_setting *group = gy_value_tree(scope, s);
    policy->at = s;
    if (group == NULL)
        return;
    if (group->kind != GY_SETTING_GROUP) {
        const char *wanted = gy_arena_ctl_printf(scope->arena, "a group with %s", forms);
        gy_value_wrong(scope, group, wanted != NULL ? wanted : forms);
        return;
    }
    policy->group = group;
    size_t told = gy_diags_count(scope->diags);
    size_t chosen = choose(scope, s, group);
    if (gy_diags_count(scope->diags) > told)
        return;
    if (chosen == N_POLICIES) {
        gy_value_group(scope, group, "time count delta session all fn offset field from", s->name);
        if (gy_diags_count(scope->diags) == told)
            gy_diags_add(scope->diags, s->file, s->line, "%s: needs %s", s->name, forms);
        return;
    }
    policy->kind = policies[chosen].kind;
    bool has_options = gy_setting_get(group, "fn") != NULL; /* of a function: read with its table */
    bool two = policy->kind == GY_POLICY_DELTA && gy_setting_get(group, "field") != NULL;
    if (!has_options || two)
        gy_value_group(scope, group, policies[chosen].keys, s->name);
    read_values(scope, group, policy);
    if (trigger && (policy->kind == GY_POLICY_SESSION || policy->kind == GY_POLICY_ALL)) {
        gy_diags_add(scope->diags, s->file, s->line, "%s: needs " TRIGGER_FORMS ", not `%s`",
                     s->name, policies[chosen].name);
        policy->kind = GY_POLICY_NONE;
    }
}

/* ---- what goes together ---- */

const struct gy_policy *gy_window_trigger(const struct gy_window_setting *w)
{
    if (w->every.at != NULL)
        return &w->every;
    return w->keep.kind == GY_POLICY_SESSION ? NULL : &w->keep;
}

bool gy_window_is_both_time(const struct gy_window_setting *w)
{
    const struct gy_policy *trigger = gy_window_trigger(w);
    return w->keep.kind == GY_POLICY_TIME && trigger != NULL && trigger->kind == GY_POLICY_TIME;
}

static void check_offsets(const struct gy_scope *scope, const struct gy_window_setting *w)
{
    bool both = gy_window_is_both_time(w);
    const struct gy_setting *of_keep = gy_setting_get(w->keep.group, "offset");
    const struct gy_setting *of_every = gy_setting_get(w->every.group, "offset");
    if (w->keep.kind == GY_POLICY_TIME && of_keep != NULL && !both)
        wrong(scope, of_keep, "only windows that also fire by time begin at an offset");
    if (w->every.kind == GY_POLICY_TIME && of_every != NULL && both)
        wrong(scope, of_every, "it stands in `window`, whose end fires");
}

/* What asks for windows that have an end, and for those that can fire again. */
static void check_firing(const struct gy_scope *scope, const struct gy_op_setting *op)
{
    const struct gy_window_setting *w = &op->window;
    const struct gy_setting *lateness = gy_setting_get(op->at, "lateness");
    const struct gy_setting *early = gy_setting_get(op->at, "early");
    bool has_end = gy_window_is_both_time(w) || w->keep.kind == GY_POLICY_SESSION;
    if (lateness != NULL && !has_end)
        wrong(scope, lateness,
              "only a session, or a window by time that fires by time, has an end "
              "that a row can be late for");
    else if (lateness != NULL && op->processing_clock)
        wrong(scope, lateness, "no row is late where the clock is that of the wall");
    if (early != NULL && !has_end)
        wrong(scope, early,
              "only a session, or a window by time that fires by time, has an end "
              "before which it can fire");
}

static void check_together(const struct gy_scope *scope, const struct gy_op_setting *op)
{
    const struct gy_window_setting *w = &op->window;
    if (w->keep.kind == GY_POLICY_SESSION && w->every.at != NULL)
        wrong(scope, w->every.at,
              "a session takes none: it fires when its gap has passed (`early` goes)");
    if (w->keep.kind == GY_POLICY_ALL && w->every.at == NULL)
        wrong(scope, w->keep.at, "`all` never fires by itself: it needs `every`");
    if (w->keep.kind == GY_POLICY_NONE || (w->every.at != NULL && w->every.kind == GY_POLICY_NONE))
        return; /* told, and what goes with it is not known */
    check_offsets(scope, w);
    check_firing(scope, op);
}

void gy_job_read_window(const struct gy_scope *scope, struct gy_op_setting *op)
{
    struct gy_window_setting *w = &op->window;
    int32_t choice = 0;
    const struct gy_setting *keep = gy_setting_get(op->at, "window");
    const struct gy_setting *every = gy_setting_get(op->at, "every");
    const struct gy_setting *per = gy_setting_get(op->at, "per");
    const struct gy_setting *lateness = gy_setting_get(op->at, "lateness");
    const struct gy_setting *early = gy_setting_get(op->at, "early");
    const struct gy_setting *accumulate = gy_setting_get(op->at, "accumulate");
    w->accumulate = true;
    w->per = op->key_at != NULL ? GY_PER_KEY : GY_PER_STREAM;
    if (keep != NULL)
        read_policy(scope, keep, &w->keep, false);
    if (every != NULL)
        read_policy(scope, every, &w->every, true);
    if (per != NULL && gy_value_choice(scope, per, "key|stream|task", &choice) == 0) {
        w->per = (enum gy_per)choice;
        if (w->per == GY_PER_KEY && op->key_at == NULL)
            wrong(scope, per, "\"key\" needs a `key`");
    }
    if (lateness != NULL)
        gy_value_duration(scope, lateness, 0, 0, &w->lateness_us);
    if (early != NULL)
        gy_value_duration(scope, early, 1, INT64_MAX, &w->early_us);
    if (accumulate != NULL)
        gy_value_bool(scope, accumulate, &w->accumulate);
    const struct gy_setting *parts[] = {every, per, lateness, early, accumulate};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (keep == NULL && parts[i] != NULL)
            wrong(scope, parts[i], "only an operator with a `window` has it");
    if (keep == NULL && op->processing_clock)
        wrong(scope, gy_setting_get(op->at, "clock"),
              "only an operator with a `window` follows a clock; a timer says itself which one it "
              "follows");
    if (keep != NULL)
        check_together(scope, op);
}
