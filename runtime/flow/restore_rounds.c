/* Giving how far the loops with rounds had come. Where a round was ending, its end goes on from the operators that
 * it waited at: who had told it already follows from where that is. See restore.h. */
#include "flow/restore_part.h"

#include "flow/feedback.h"
#include "flow/flow.h"

/* The end of a round of the loop around it waits at a head. */
static void give_held(struct gy_flow *flow, const struct gy_node *node, struct gy_region *region,
                      const char *loop)
{
    for (uint32_t r = 0; r < region->n_rounds; r++) {
        struct gy_rounds *rounds = &region->rounds[r];
        if (strcmp(rounds->loop->id, loop) != 0 || !rounds->loop->body[node->index])
            continue;
        rounds->held[node->index] = true;
        for (uint32_t t = 0; t < node->parallelism; t++)
            gy_flow_member(flow, node->index, t)->holds_end = rounds->loop;
    }
}

void gy_restore_rounds(struct gy_flow *flow, const struct gy_node *node,
                       const struct gy_restore_part *part)
{
    const struct gy_manifest_rounds *saved = &part->saved->rounds;
    if (node->region < 0)
        return;
    struct gy_region *region = &flow->regions[node->region];
    if (part->saved->has_last && part->saved->last_us > region->last_us)
        region->last_us = part->saved->last_us;
    if (part->saved->holds_end != NULL)
        give_held(flow, node, region, part->saved->holds_end);
    if (!saved->known)
        return;
    for (uint32_t r = 0; r < region->n_rounds; r++) {
        struct gy_rounds *rounds = &region->rounds[r];
        if (rounds->loop->head != node->index)
            continue;
        rounds->at = (struct gy_rounds_at){.phase = (enum gy_rounds_phase)saved->phase,
                                           .number = saved->number,
                                           .ends = saved->ends,
                                           .stop = saved->stop};
        atomic_store_explicit(&rounds->touched, saved->touched, memory_order_relaxed);
    }
}

/* ---- a round that was ending ---- */

static void give_marks(struct gy_flow *flow, const struct gy_node *node, const struct gy_loop *loop,
                       uint32_t marks)
{
    uint32_t r = 0;
    while (node->rounds[r] != loop)
        r++;
    for (uint32_t t = 0; t < node->parallelism; t++)
        gy_flow_member(flow, node->index, t)->n_marked[r] = marks;
}

/* Nodes are in topological order. */
static void give_ending(struct gy_flow *flow, struct gy_rounds *rounds)
{
    const struct gy_graph *graph = flow->physical->graph;
    const struct gy_loop *loop = rounds->loop;
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        uint32_t marks = 0;
        bool all = true;
        for (uint32_t e = 0; e < graph->n_edges; e++) {
            const struct gy_edge *edge = &graph->edges[e];
            if (edge->to != n || edge->feedback || !loop->body[edge->from])
                continue;
            all &= rounds->told[edge->from];
            marks += rounds->told[edge->from] ? gy_flow_inputs(flow, e) : 0;
        }
        rounds->told[n] = loop->body[n] && !rounds->held[n] && (n == loop->head || all);
        if (loop->body[n] && !rounds->held[n] && !rounds->told[n])
            give_marks(flow, graph->nodes[n], loop, marks);
    }
}

void gy_restore_ending(struct gy_flow *flow)
{
    for (uint32_t g = 0; g < flow->n_regions; g++)
        for (uint32_t r = 0; r < flow->regions[g].n_rounds; r++)
            if (flow->regions[g].rounds[r].at.phase == GY_ROUNDS_ENDING)
                give_ending(flow, &flow->regions[g].rounds[r]);
}
