/* Where watermarks matter most. A window in the order of rows that fires by time puts out what has come
 * until then: there it makes a difference before which row the watermark leaves that reaches the end of a
 * period. What a timer sees are the rows before the watermark that reaches it, which may be any. Whoever
 * sets the times of its rows knows the steps, and need not tell more. */
#include "graph/build.h"

/* The step that an operator asks for itself; 0: none. */
static int64_t own_step(const struct gy_node *node)
{
    const struct gy_window_plan *plan = node->window;
    if (node->descriptor != NULL && node->descriptor->on_timer != NULL)
        return (node->flags & GYRE_SETS_TIME) == 0;
    if (plan == NULL || plan->both_time || plan->processing)
        return 0;
    if (plan->fire.kind == GY_POLICY_FUNCTION)
        return 1;
    if (plan->fire.kind != GY_POLICY_TIME)
        return 0;
    return plan->fire.time_us;
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

void gy_build_steps(struct gy_build *b)
{
    struct gy_graph *g = b->graph;
    for (uint32_t i = g->n_nodes; i-- > 0;) {
        struct gy_node *node = g->nodes[i];
        node->step_us = own_step(node);
        if (node->step_us > 1 && node->window->fire.offset_us > 0)
            node->step_us = gcd(node->step_us, node->window->fire.offset_us);
        for (uint32_t e = 0; e < g->n_edges; e++)
            if (g->edges[e].from == i && !g->edges[e].feedback &&
                (g->nodes[g->edges[e].to]->flags & GYRE_SETS_TIME) == 0)
                node->step_us = gcd(node->step_us, g->nodes[g->edges[e].to]->step_us);
    }
}
