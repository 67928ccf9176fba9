/* Which exchanges carry sums: where an aggregate's rows are added up by the tasks that make them, before they
 * are sent; see build.h, and op/presum.h for how.
 *
 * Nobody is to see a difference, so it is done where none can be seen:
 *
 *   not rolling              a row out for each row in needs each row
 *   windows of time alone    the watermark says when a window is over, so what is of it can be sent before. An
 *                            early result would lack what is held back; by the wall clock it would come late
 *   on_error = "fail"        a sum that goes beyond its type is then the same mistake wherever it is found;
 *                            else one of its rows would be the bad one, and nobody knows any more which
 *   all functions merge      and what they keep are plain numbers, of which a few words are sent; no f64, whose
 *                            sums are others in another order: 1e300 - 1e300 + 1
 *   no cycle                 rounds count rows */
#include "graph/build.h"

static bool is_plain(const struct gyre_state_type *type)
{
    bool plain = type->encode == NULL && type->fini == NULL;
    for (uint32_t i = 0; plain && i < type->n_members; i++)
        plain = !gyre_type_is_str(type->members[i].type) && type->members[i].type != GYRE_TYPE_f64;
    return plain;
}

static bool can_be_merged(const struct gy_node *node)
{
    uint32_t bytes = 0;
    for (uint32_t f = 0; f < node->n_hosted; f++) {
        const struct gy_hosted *hosted = &node->hosted[f];
        if (hosted->aggregate == NULL || hosted->aggregate->merge == NULL ||
            !is_plain(hosted->accumulator))
            return false;
        bytes += hosted->accumulator->value_size + hosted->accumulator->value_align;
    }
    return node->n_hosted > 0 && bytes <= GY_PRESUM_BYTES;
}

static bool waits_for_watermarks(const struct gy_node *node)
{
    const struct gy_window_plan *w = node->window;
    return node->aggregation == GY_AGG_FINAL ||
           (node->aggregation == GY_AGG_WINDOWED && w->both_time && w->early_us == 0 &&
            !w->processing);
}

void gy_build_presums(struct gy_build *b)
{
    struct gy_graph *graph = b->graph;
    for (uint32_t e = 0; e < graph->n_edges; e++) {
        struct gy_edge *edge = &graph->edges[e];
        const struct gy_node *from = graph->nodes[edge->from], *to = graph->nodes[edge->to];
        edge->presums = edge->partition == GY_KEY && to->on_error == GY_ON_ERROR_FAIL &&
                        from->region < 0 && to->region < 0 && waits_for_watermarks(to) &&
                        can_be_merged(to);
    }
}
