/* The policies of a window, bound to its input: the field or the function that each asks for, and a
 * function's options, which stand in the policy's group; see build.h. */
#include "graph/build.h"

#include <string.h>

#include "job/options.h"
#include "job/value.h"

/* ---- functions ---- */

/* A function's options are what else stands in the group of its policy. */
static bool read_options(struct gy_build *b, const struct gy_policy *policy,
                         struct gy_hosted *hosted)
{
    static const char *const own[] = {"fn", "delta", "from"};
    const struct gyre_function *f = hosted->function;
    const struct gy_setting *group = policy->group;
    const struct gy_setting **options =
        gy_arena_ctl_calloc(b->scope.arena, group->n, sizeof(struct gy_setting *));
    if (f->config_size != 0)
        hosted->config = gy_arena_ctl_alloc(b->scope.arena, f->config_size);
    if (b->scope.arena->oom)
        return false;
    uint32_t n = 0, n_own = policy->kind == GY_POLICY_DELTA ? 3 : 1;
    for (uint32_t i = 0; i < group->n; i++) {
        bool is_own = false;
        for (uint32_t k = 0; k < n_own; k++)
            is_own |= strcmp(group->items[i]->name, own[k]) == 0;
        if (!is_own)
            options[n++] = group->items[i];
    }
    struct gy_option_owner owner = {hosted->op, hosted->op, policy->at};
    return gy_options_read(&b->scope, f->options, f->n_options, options, n, &owner,
                           hosted->config) == 0;
}

static const struct gyre_state_type *state_of(const struct gyre_function *f)
{
    return f->kind == GYRE_FN_TRIGGER ? ((const struct gyre_trigger_function *)f->impl)->state
                                      : NULL;
}

/* Tells that a function is of another kind than its policy asks for. */
static void tell_kind(struct gy_build *b, const struct gy_policy *policy,
                      const struct gyre_function *f, const char *kind_name)
{
    const struct gy_setting *at = gy_setting_get(policy->group, "fn");
    const char *instead = "";
    if (f->kind == GYRE_FN_EVICTION && policy->kind == GY_POLICY_FUNCTION)
        instead = strcmp(policy->at->name, "every") == 0
                      ? ": it keeps rows, which is for `window`"
                      : ": it keeps rows, and `every` says when they are put out";
    if (f->kind == GYRE_FN_TRIGGER && policy->kind == GY_POLICY_FUNCTION)
        instead = ": it fires, which is for `every`";
    gy_build_tell(b, at, "%s: %s is no %s function%s", at->name, policy->function, kind_name,
                  instead);
}

/* Finds the function of a policy and reads its options; NULL, told. */
static struct gy_hosted *find_function(struct gy_build *b, const struct gy_policy *policy,
                                       uint32_t kind, const char *kind_name)
{
    struct gy_hosted *hosted = gy_arena_ctl_alloc(b->scope.arena, sizeof *hosted);
    const struct gy_setting *at = gy_setting_get(policy->group, "fn");
    const struct gy_plugin *plugin = NULL;
    const struct gyre_function *f = gy_build_any_function(b, policy->function, at, &plugin);
    const char *op = gy_arena_ctl_strdup(b->scope.arena, policy->function);
    if (f != NULL && f->kind != kind)
        tell_kind(b, policy, f, kind_name);
    if (f == NULL || f->kind != kind || hosted == NULL || op == NULL)
        return NULL;
    *hosted =
        (struct gy_hosted){.op = op, .plugin = plugin, .function = f, .accumulator = state_of(f)};
    return read_options(b, policy, hosted) ? hosted : NULL;
}

/* ---- the place where a distance begins ---- */

/* Reads one value of a row. */
static const void *read_value(struct gy_build *b, const struct gy_setting *at, uint32_t type)
{
    union {
        int64_t integer;
        double number;
        int32_t narrow;
        struct gyre_str text;
        uint8_t truth;
    } *value = gy_arena_ctl_alloc(b->scope.arena, sizeof *value);
    int64_t integer = 0;
    const char *text = "";
    bool truth = false;
    int code = -1;
    if (value == NULL)
        return NULL;
    switch (type) {
    case GYRE_TYPE_bool:
        code = gy_value_bool(&b->scope, at, &truth);
        value->truth = truth;
        break;
    case GYRE_TYPE_i32:
        code = gy_value_int(&b->scope, at, INT32_MIN, INT32_MAX, &integer);
        value->narrow = (int32_t)integer;
        break;
    case GYRE_TYPE_i64:
    case GYRE_TYPE_time: code = gy_value_int(&b->scope, at, 0, 0, &value->integer); break;
    case GYRE_TYPE_f64: code = gy_value_float(&b->scope, at, &value->number); break;
    default:
        code = gy_value_string(&b->scope, at, &text);
        text = gy_arena_ctl_strdup(b->scope.arena, text);
        if (text != NULL)
            value->text = gyre_str_view(text, (uint32_t)strlen(text));
        break;
    }
    return code == 0 && text != NULL ? value : NULL;
}

/* `from` of a distance function is a row of what it reads: a value where that is one field, else a
 * group with each. */
static bool read_from(struct gy_build *b, uint32_t index, const struct gy_policy *policy,
                      struct gy_policy_plan *plan)
{
    const struct gy_input *in = &b->nodes[index].node->inputs[0];
    const struct gy_hosted *hosted = plan->function;
    const struct gy_setting *from = gy_value_tree(&b->scope, policy->from);
    const void **row = gy_arena_ctl_calloc(b->scope.arena, hosted->n_reads, sizeof *row);
    if (from == NULL || row == NULL)
        return false;
    if (hosted->n_reads == 0) {
        gy_build_tell(b, from, "from: %s reads no field", hosted->op);
        return false;
    }
    const char *names = "";
    for (uint32_t k = 0; k < hosted->n_reads && names != NULL; k++)
        names =
            gy_arena_ctl_printf(b->scope.arena, "%s%s%s", names, k > 0 ? " " : "",
                                gyre_schema_field(&in->schema, in->reads[hosted->reads[k]])->name);
    bool group = from->kind == GY_SETTING_GROUP;
    if (names == NULL || (group && gy_value_group(&b->scope, from, names, "from") == NULL))
        return false;
    if (!group && hosted->n_reads > 1) {
        gy_build_tell(b, from, "from: %s reads %u fields: a group with a value for each (%s)",
                      hosted->op, hosted->n_reads, names);
        return false;
    }
    bool ok = true;
    for (uint32_t k = 0; k < hosted->n_reads; k++) {
        const struct gyre_field *f = gyre_schema_field(&in->schema, in->reads[hosted->reads[k]]);
        const struct gy_setting *at = group ? gy_setting_get(from, f->name) : from;
        if (at == NULL)
            gy_value_missing(&b->scope, from, names, "from", f->name);
        row[k] = at != NULL ? read_value(b, at, f->type) : NULL;
        ok &= row[k] != NULL;
    }
    plan->from_row = row;
    return ok;
}

/* ---- with the schema ---- */

static bool bind_field(struct gy_build *b, uint32_t index, const struct gy_policy *policy,
                       struct gy_policy_plan *plan)
{
    struct gy_input *in = &b->nodes[index].node->inputs[0];
    const struct gy_setting *at = gy_setting_get(policy->group, "field");
    int32_t found = gy_build_find_field(b, index, 0, policy->field, at);
    if (found < 0)
        return false;
    const struct gyre_field *f = gyre_schema_field(&in->schema, (uint32_t)found);
    bool is_number = f->type == GYRE_TYPE_i32 || f->type == GYRE_TYPE_i64 ||
                     f->type == GYRE_TYPE_f64 || f->type == GYRE_TYPE_time;
    if (is_number && (f->flags & GYRE_NULLABLE) == 0) {
        plan->field = gy_build_add_read(b, in, (uint32_t)found);
        return true;
    }
    gy_build_tell(b, at,
                  "field: a distance is of i32, i64, f64 or time without null, but %s has %s",
                  gy_build_stream(b, index, 0), gy_build_schema_text(b, &in->schema));
    return false;
}

/* `kind` and its name: of the function that a FUNCTION policy has. */
static bool bind_policy(struct gy_build *b, uint32_t index, const struct gy_policy *policy,
                        struct gy_policy_plan *plan, uint32_t kind, const char *kind_name)
{
    bool known = b->nodes[index].in_known[0];
    if (policy->kind == GY_POLICY_DELTA && policy->function != NULL) {
        kind = GYRE_FN_DISTANCE;
        kind_name = "distance";
    }
    if (policy->function != NULL) {
        plan->function = find_function(b, policy, kind, kind_name);
        if (plan->function == NULL || !known ||
            gy_build_bind(b, index, plan->function, policy->group) != 0)
            return false;
        return policy->from == NULL || read_from(b, index, policy, plan);
    }
    if (policy->kind == GY_POLICY_DELTA && policy->field != NULL)
        return known && bind_field(b, index, policy, plan);
    return true;
}

bool gy_build_policies(struct gy_build *b, uint32_t index)
{
    const struct gy_window_setting *set = &b->nodes[index].set->window;
    struct gy_window_plan *w = b->nodes[index].node->window;
    if (w->tumbling) {
        bool ok = bind_policy(b, index, &set->keep, &w->fire, GYRE_FN_TRIGGER, "trigger");
        w->keep = w->fire;
        w->keep.offset_us = 0;
        return ok;
    }
    bool ok = bind_policy(b, index, &set->keep, &w->keep, GYRE_FN_EVICTION, "eviction");
    return bind_policy(b, index, &set->every, &w->fire, GYRE_FN_TRIGGER, "trigger") && ok;
}
