/* See unfed.h. */
#include "flow/unfed.h"

#include "flow/flow.h"

static uint32_t count_left(const struct gy_splits *splits)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < splits->n; i++)
        n += splits->items[i].state != GY_SPLIT_DONE;
    return n;
}

static bool is_dealt_any(const struct gy_splits *splits, uint32_t task)
{
    for (uint32_t i = task; i < splits->n; i += splits->abi.tasks)
        if (splits->items[i].state != GY_SPLIT_DONE)
            return true;
    return false;
}

/* Lets those tasks of a source wait that get nothing. The first that gets something of a queue is `*turn`, and
 * that of the next source the one behind the last. */
static void starve(struct gy_flow *flow, const struct gy_node *node, uint32_t *turn)
{
    const struct gy_splits *splits = &flow->splits[node->index];
    uint32_t n = count_left(splits), tasks = node->parallelism;
    bool queued = splits->abi.order == GYRE_SPLITS_QUEUE;
    if (n == 0) /* all of them are at the end */
        return;
    for (uint32_t t = 0; t < tasks; t++) {
        struct gy_frontier *frontier = &gy_flow_member(flow, node->index, t)->frontier;
        bool fed = queued ? (t + tasks - *turn % tasks) % tasks < n : is_dealt_any(splits, t);
        if (!fed && !frontier->exhausted)
            gy_frontier_wait(frontier);
    }
    if (queued && n < tasks)
        *turn += n;
}

static void tell_entry(struct gy_entry *entry, const struct gy_frontier *from, bool waits)
{
    struct gy_region *region = entry->member->task->region;
    if (!entry->external) {
        if (from->told_us != INT64_MIN)
            gy_frontier_watermark(&entry->member->frontier, entry->slot, from->told_us);
        gy_frontier_idle(&entry->member->frontier, entry->slot, true, waits);
        return;
    }
    if (from->told_us != INT64_MIN)
        gy_region_watermark(region, entry->region_slot, from->told_us);
    gy_region_idle(region, entry->region_slot, true, waits);
}

/* The consumers in other tasks: those that have the other end of its channels. */
static void tell_tasks(struct gy_flow *flow, const struct gy_member *member,
                       const struct gy_route *route, bool waits)
{
    const struct gy_node *to = flow->physical->graph->nodes[route->edge->to];
    for (uint32_t t = 0; t < to->parallelism; t++) {
        struct gy_task *task = gy_flow_member(flow, to->index, t)->task;
        for (uint32_t e = 0; e < task->n_entries; e++)
            for (uint32_t d = 0; d < route->exchange.n_dests; d++)
                if (task->entries[e].inlet.channel == route->exchange.channels[d])
                    tell_entry(&task->entries[e], &member->frontier, waits);
    }
}

/* As gy_member_hear would, but at once. */
static void tell(struct gy_flow *flow, struct gy_member *member, bool waits)
{
    for (uint32_t r = 0; r < member->n_routes; r++) {
        struct gy_route *route = &member->routes[r];
        if (route->edge->feedback)
            continue;
        if (route->to != NULL) {
            gy_frontier_idle(&route->to->frontier, route->to_slot, true, waits);
            continue;
        }
        /* Others may take the consumer beyond any watermark that this task has told. */
        if (route->presum != NULL)
            gy_presum_distrust(route->presum, INT64_MAX);
        tell_tasks(flow, member, route, waits);
    }
}

void gy_flow_settle_unfed(struct gy_flow *flow)
{
    const struct gy_graph *graph = flow->physical->graph;
    uint32_t turn = 0;
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        if (graph->nodes[n]->kind == GYRE_SOURCE)
            starve(flow, graph->nodes[n], &turn);
    for (uint32_t n = 0; n < graph->n_nodes; n++) /* in topological order */
        for (uint32_t t = 0; t < graph->nodes[n]->parallelism; t++) {
            struct gy_member *member = gy_flow_member(flow, n, t);
            struct gy_told told;
            if (gy_frontier_begin(&member->frontier, &told))
                tell(flow, member, told.waits);
        }
}
