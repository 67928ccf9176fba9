/* What `gyre plan` says of a window: what it keeps, when it fires, and what is different from the usual. */
#include "app/plan.h"

#include "app/describe.h"
#include "base/number.h"
#include "base/text.h"

static const char *per_name(enum gy_per per)
{
    static const char *const names[] = {
        [GY_PER_KEY] = "key", [GY_PER_STREAM] = "stream", [GY_PER_TASK] = "task"};
    return names[per];
}

/* The time at which windows end that have one on both sides, whichever side the job gave it. */
static int64_t offset_us(const struct gy_window_plan *window)
{
    return window->fire.offset_us + window->keep.offset_us;
}

static const char *field_name(const struct gy_node *node, const struct gy_policy_plan *policy)
{
    const struct gy_input *in = &node->inputs[0];
    return gyre_schema_field(&in->schema, in->reads[policy->field])->name;
}

/* ---- text ---- */

static void duration(struct gy_buf *b, const char *before, int64_t us)
{
    char text[GY_NUMBER_MAX];
    gy_text_format_duration(text, us);
    gy_buf_printf(b, "%s%s", before, text);
}

static void number(struct gy_buf *b, const char *before, double value)
{
    char text[GY_NUMBER_MAX];
    gy_number_format_f64(text, value);
    gy_buf_printf(b, "%s%s", before, text);
}

static void delta_text(struct gy_buf *b, const struct gy_node *node,
                       const struct gy_policy_plan *policy)
{
    number(b, "delta ", policy->delta);
    if (policy->function != NULL) {
        gy_buf_printf(b, " by %s", policy->function->op);
        return;
    }
    gy_buf_printf(b, " of %s", field_name(node, policy));
    if (policy->has_from)
        number(b, " from ", policy->from);
}

static void policy_text(struct gy_buf *b, const struct gy_node *node,
                        const struct gy_policy_plan *policy)
{
    switch (policy->kind) {
    case GY_POLICY_TIME: duration(b, "time ", policy->time_us); break;
    case GY_POLICY_SESSION: duration(b, "session ", policy->time_us); break;
    case GY_POLICY_COUNT: gy_buf_printf(b, "count %llu", (unsigned long long)policy->count); break;
    case GY_POLICY_DELTA: delta_text(b, node, policy); break;
    case GY_POLICY_ALL: gy_buf_text(b, "all"); break;
    case GY_POLICY_FUNCTION: gy_buf_text(b, policy->function->op); break;
    case GY_POLICY_NONE: break;
    }
}

/* "every 5s" where both sides are of time, else "every count 3". */
static void every_text(struct gy_buf *b, const struct gy_node *node)
{
    const struct gy_window_plan *window = node->window;
    if (window->tumbling || window->fire.kind == GY_POLICY_NONE)
        return;
    if (window->both_time) {
        if (window->fire.time_us != window->keep.time_us)
            duration(b, " every ", window->fire.time_us);
        return;
    }
    gy_buf_text(b, " every ");
    policy_text(b, node, &window->fire);
}

void gy_plan_window(struct gy_buf *b, const struct gy_node *node)
{
    const struct gy_window_plan *window = node->window;
    policy_text(b, node, &window->keep);
    every_text(b, node);
    if (offset_us(window) != 0)
        duration(b, ", offset ", offset_us(window));
    if (node->key.n > 0)
        gy_buf_printf(b, ", per %s", per_name(window->per));
    if (window->lateness_us > 0)
        duration(b, ", lateness ", window->lateness_us);
    if (window->early_us > 0)
        duration(b, ", early ", window->early_us);
    if (!window->accumulate)
        gy_buf_text(b, ", only what is new");
    if (window->processing)
        gy_buf_text(b, ", by the clock");
}

/* ---- JSON ---- */

static void policy_json(struct gy_buf *b, const char *key, const struct gy_node *node,
                        const struct gy_policy_plan *policy)
{
    static const char *const kinds[] = {
        [GY_POLICY_NONE] = NULL,          [GY_POLICY_TIME] = "time",
        [GY_POLICY_COUNT] = "count",      [GY_POLICY_DELTA] = "delta",
        [GY_POLICY_SESSION] = "session",  [GY_POLICY_ALL] = "all",
        [GY_POLICY_FUNCTION] = "function"};
    char text[GY_NUMBER_MAX];
    gy_json_open(b, key, '{');
    gy_json_text(b, "kind", kinds[policy->kind]);
    if (policy->kind == GY_POLICY_TIME || policy->kind == GY_POLICY_SESSION)
        gy_json_number(b, "time_us", policy->time_us);
    if (policy->kind == GY_POLICY_COUNT)
        gy_json_number(b, "count", (int64_t)policy->count);
    if (policy->kind == GY_POLICY_DELTA) {
        gy_number_format_f64(text, policy->delta);
        gy_json_text(b, "delta", text);
        gy_json_text(b, "field", policy->function == NULL ? field_name(node, policy) : NULL);
    }
    if (policy->function != NULL)
        gy_json_text(b, "function", policy->function->op);
    gy_json_close(b, '}');
}

void gy_plan_window_json(struct gy_buf *b, const struct gy_node *node)
{
    const struct gy_window_plan *window = node->window;
    gy_json_open(b, "window", '{');
    policy_json(b, "keep", node, &window->keep);
    policy_json(b, "fire", node, &window->fire);
    gy_json_bool(b, "tumbling", window->tumbling);
    gy_json_number(b, "offset_us", offset_us(window));
    gy_json_text(b, "per", node->key.n > 0 ? per_name(window->per) : NULL);
    gy_json_number(b, "lateness_us", window->lateness_us);
    gy_json_number(b, "early_us", window->early_us);
    gy_json_bool(b, "accumulate", window->accumulate);
    gy_json_text(b, "clock", window->processing ? "processing" : "event");
    gy_json_close(b, '}');
}
