/* Operators that host functions: what they put out. An aggregate or window function puts out its key,
 * the bounds of its window, its results; a key function the stream with its results; see build.h. */
#include "graph/build.h"

#include <string.h>

#include "plugin/guide.h"

static bool add_key_columns(struct gy_build *b, uint32_t index, struct gy_output *out, bool own)
{
    const struct gy_node *node = b->nodes[index].node;
    for (uint32_t i = 0; i < node->key.n; i++) {
        uint32_t at = node->inputs[0].key_fields[i];
        const struct gyre_field *f = gyre_schema_field(&node->inputs[0].schema, at);
        gy_build_add_field(b, out, f, f->name, own ? -1 : (int32_t)at, NULL);
    }
    return true;
}

static bool bind_function(struct gy_build *b, uint32_t index, uint32_t i)
{
    const struct gy_build_node *bn = &b->nodes[index];
    struct gy_hosted *hosted = &bn->node->hosted[i];
    hosted->first_own = bn->node->outputs[0].n_own;
    if (gy_build_bind(b, index, hosted, bn->groups != NULL ? bn->groups[i] : NULL) != 0)
        return false;
    gy_build_identity_reads(b, bn->node, hosted);
    if (hosted->function->kind != GYRE_FN_AGGREGATE || hosted->accumulator != NULL)
        return true;
    gy_build_tell(b, bn->set->op_at,
                  "op: %s declares no accumulator: an error of its plugin (" GY_GUIDE_AGGREGATES
                  ")",
                  hosted->op);
    return false;
}

/* Functions of a list whose state could be taken for one another's. */
static bool check_told_apart(struct gy_build *b, const struct gy_build_node *bn)
{
    const struct gy_node *node = bn->node;
    for (uint32_t i = 0; i < node->n_hosted; i++)
        for (uint32_t j = 0; j < i; j++) {
            const struct gy_hosted *x = &node->hosted[j], *y = &node->hosted[i];
            if (x->function != y->function || !gy_build_identity_is_own(x->function) ||
                x->identity == NULL || y->identity == NULL || strcmp(x->identity, y->identity) != 0)
                continue;
            gy_build_tell(
                b, bn->set->op_at,
                "aggregates: the state of one %s could be taken for that of another: give "
                "each a `name`",
                x->op);
            return false;
        }
    return true;
}

bool gy_build_functions(struct gy_build *b, uint32_t index)
{
    struct gy_build_node *bn = &b->nodes[index];
    struct gy_node *node = bn->node;
    bool rolling = node->aggregation == GY_AGG_ROLLING;
    gy_build_add_output(b, bn, "out", rolling ? GYRE_PORT_ALIGNED : 0);
    if (!bn->inputs_known || !bn->in_known[0] || !bn->options_ok)
        return false;
    bool ok = gy_build_keys(b, index);
    if (!ok && node->key.n == 0)
        return false;
    struct gy_output *out = &node->outputs[0];
    if (ok)
        add_key_columns(b, index, out, !rolling);
    if (node->window != NULL)
        gy_build_window_bounds(b, index);
    for (uint32_t i = 0; i < node->n_hosted; i++)
        ok &= bind_function(b, index, i);
    ok = ok && check_told_apart(b, bn);
    if (node->window != NULL)
        ok &= gy_build_policies(b, index);
    if (ok && node->window != NULL)
        gy_build_identity_window(b, node);
    if (ok)
        bn->n_known = 1;
    return ok;
}

/* ---- key functions ---- */

static bool check_results(struct gy_build *b, const struct gy_build_node *bn)
{
    const struct gy_build_ahead *use = bn->ahead;
    uint32_t n = bn->node->hosted[0].n_results;
    const char *at = use->at->name;
    if (n == 0)
        gy_build_tell(b, use->at,
                      "%s: %s puts no column out: an error of its plugin (" GY_GUIDE_KEYS ")", at,
                      use->op);
    else if (use->column != NULL && n != 1)
        gy_build_tell(b, use->at, "%s: a function with one result is wanted; %s has %u", at,
                      use->op, n);
    else if (n > GY_KEYS_MAX)
        gy_build_tell(b, use->at, "%s: a key has 1 to %d fields; %s has %u results", at,
                      GY_KEYS_MAX, use->op, n);
    else
        return true;
    return false;
}

bool gy_build_ahead_bind(struct gy_build *b, uint32_t index)
{
    struct gy_build_node *bn = &b->nodes[index];
    gy_build_add_output(b, bn, "out", GYRE_PORT_ALIGNED);
    if (!bn->inputs_known || !bn->options_ok || bn->ahead->failed || b->scope.arena->oom)
        return false;
    const struct gyre_schema *schema = &bn->node->inputs[0].schema;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(schema, i);
        gy_build_add_field(b, &bn->node->outputs[0], f, f->name, (int32_t)i, NULL);
    }
    bool ok =
        gy_build_bind(b, index, &bn->node->hosted[0], bn->groups[0]) == 0 && check_results(b, bn);
    if (ok)
        gy_build_identity_reads(b, bn->node, &bn->node->hosted[0]);
    bn->ahead->failed = !ok;
    bn->n_known = ok ? 1 : 0;
    return ok;
}
