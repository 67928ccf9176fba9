/* `window`, `every`, and what belongs to them; see config.h. */
#include "job/config.h"

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
    {"fn", GY_POLICY_FUNCTION, NULL}, /* and the function's options */
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
    if (gy_value_float(scope, delta, &policy->delta) == 0 && policy->delta < 0)
        wrong(scope, delta, "a distance is not negative");
    const struct gy_setting *field = gy_setting_get(group, "field");
    const struct gy_setting *fn = gy_setting_get(group, "fn");
    if (field != NULL)
        gy_value_string(scope, field, &policy->field);
    if (fn != NULL)
        gy_value_string(scope, fn, &policy->function);
    if ((field == NULL) == (fn == NULL))
        wrong(scope, group, "`delta` needs `field` or `fn`, one of them");
    double ignored;
    policy->from = gy_setting_get(group, "from");
    if (policy->from != NULL && field != NULL)
        gy_value_float(scope, policy->from, &ignored);
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
    size_t chosen = N_POLICIES;
    for (size_t i = 0; i < N_POLICIES; i++) {
        bool distance = policies[i].kind == GY_POLICY_FUNCTION && chosen < N_POLICIES &&
                        policies[chosen].kind == GY_POLICY_DELTA;
        if (gy_setting_get(group, policies[i].name) == NULL || distance)
            continue;
        if (chosen < N_POLICIES) {
            gy_diags_add(scope->diags, s->file, s->line, "%s: `%s` and `%s` exclude each other",
                         s->name, policies[chosen].name, policies[i].name);
            return;
        }
        chosen = i;
    }
    if (chosen == N_POLICIES) {
        size_t before = gy_diags_count(scope->diags);
        gy_value_group(scope, group, "time count delta session all fn offset field from", s->name);
        if (gy_diags_count(scope->diags) == before)
            gy_diags_add(scope->diags, s->file, s->line, "%s: needs %s", s->name, forms);
        return;
    }
    policy->kind = policies[chosen].kind;
    if (policies[chosen].keys != NULL)
        gy_value_group(scope, group, policies[chosen].keys, s->name);
    read_values(scope, group, policy);
    if (trigger && (policy->kind == GY_POLICY_SESSION || policy->kind == GY_POLICY_ALL)) {
        gy_diags_add(scope->diags, s->file, s->line, "%s: needs " TRIGGER_FORMS ", not `%s`",
                     s->name, policies[chosen].name);
        policy->kind = GY_POLICY_NONE;
    }
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
    if (w->keep.kind == GY_POLICY_SESSION && every != NULL)
        wrong(scope, every,
              "a session takes none: it fires when its gap has passed (`early` goes)");
    if (w->keep.kind == GY_POLICY_ALL && every == NULL)
        wrong(scope, keep, "`all` never fires by itself: it needs `every`");
}
