/* Builds a flow from a physical graph: channels, tasks, instances, workers.
 *
 * Allocation may fail anywhere: what was built so far is in the flow, zeroed beyond, and gy_flow_free
 * takes it apart. */
#include "flow/flow.h"

#include "base/log.h"
#include "base/mem.h"
#include "flow/feedback.h"

#include <assert.h>
#include <errno.h>
#include <sys/eventfd.h>

enum { CHANNEL_SLOTS = 64, CHANNEL_BYTES = 256 * 1024, WORK_ROWS = 1024 };

static const struct gy_graph *graph_of(const struct gy_flow *flow)
{
    return flow->physical->graph;
}

static const struct gy_chain *chain_of(const struct gy_flow *flow, uint32_t node)
{
    return &flow->physical->chains[flow->physical->chain_of[node]];
}

static struct gy_worker *worker_of(struct gy_flow *flow, const struct gy_chain *chain,
                                   uint32_t subtask)
{
    if (!chain->blocking)
        return &flow->workers[subtask % flow->physical->n_workers];
    uint32_t w = flow->physical->n_workers;
    for (const struct gy_chain *c = flow->physical->chains; c < chain; c++)
        w += c->blocking ? c->parallelism : 0;
    return &flow->workers[w + subtask];
}

static int build_workers(struct gy_flow *flow)
{
    flow->n_workers = flow->physical->n_workers;
    for (uint32_t c = 0; c < flow->physical->n_chains; c++)
        if (flow->physical->chains[c].blocking)
            flow->n_workers += flow->physical->chains[c].parallelism;
    flow->workers = gy_calloc(flow->n_workers, sizeof *flow->workers);
    if (flow->workers == NULL)
        return GYRE_ENOMEM;
    for (uint32_t w = 0; w < flow->n_workers; w++) {
        struct gy_worker *worker = &flow->workers[w];
        worker->flow = flow;
        worker->may_block = w >= flow->physical->n_workers;
        worker->pool = gy_pool_new();
        worker->tasks = gy_calloc(flow->n_tasks, sizeof(struct gy_task *));
        if (worker->pool == NULL || worker->tasks == NULL)
            return GYRE_ENOMEM;
        if (!flow->options.alone && gy_parking_init(&worker->parking) != 0)
            return GYRE_EIO;
    }
    return 0;
}

/* How many consumers one producer of an edge has channels to. A single edge has one to each: rows
 * go to the first, but watermarks and the end to all. */
static uint32_t dests_of(const struct gy_graph *graph, const struct gy_edge *edge)
{
    if (edge->partition == GY_FORWARD)
        return 1;
    return graph->nodes[edge->to]->parallelism;
}

static void put_log(void *host, enum gy_log_level level, const char *text)
{
    (void)host;
    gy_log(level, "%s", text);
}

/* An operator that has crashed gets its rows one by one. */
static bool has_presums(const struct gy_flow *flow, const struct gy_edge *edge)
{
    const char *slow_id = flow->options.slow_id;
    return edge->presums && !flow->physical->chained[edge - graph_of(flow)->edges] &&
           (slow_id == NULL || strcmp(slow_id, graph_of(flow)->nodes[edge->to]->id) != 0);
}

static int build_presum(struct gy_flow *flow, struct gy_member *member, struct gy_route *route,
                        struct gyre_error *error)
{
    const struct gy_graph *graph = graph_of(flow);
    const struct gy_node *to = graph->nodes[route->edge->to];
    const struct gy_presum_to put = gy_route_presum_to(route);
    const struct gy_env env = {.job = graph->job,
                               .pool =
                                   worker_of(flow, member->task->chain, member->task->index)->pool,
                               .clock = flow->clock,
                               .seed = flow->options.seed,
                               .log = put_log,
                               .host = member};
    route->presum = gy_presum_new(to, member->task->index, member->node->parallelism, &env, &put,
                                  flow->options.presum, error);
    return route->presum != NULL ? 0 : error->code;
}

static int build_edge(struct gy_flow *flow, uint32_t e)
{
    const struct gy_edge *edge = &graph_of(flow)->edges[e];
    const struct gy_node *from = graph_of(flow)->nodes[edge->from];
    const struct gy_chain *to_chain = chain_of(flow, edge->to);
    const struct gy_chain *from_chain = chain_of(flow, edge->from);
    uint32_t n_dests = dests_of(graph_of(flow), edge);
    uint32_t n = from->parallelism * n_dests;
    /* A forward edge hands on the hash that its rows have: the consumer may have no other. */
    const struct gy_output *output = &from->outputs[edge->from_port];
    const struct gy_node *to = graph_of(flow)->nodes[edge->to];
    bool hashed = edge->partition == GY_FORWARD && output->keeps_hash;
    /* The hash of a number is made again for a fraction of what 8 bytes more cost. */
    if (edge->partition == GY_KEY)
        hashed = !gy_key_is_exact(&to->key) || to->region >= 0;
    if (gy_layout_init(&flow->layouts[e], output, hashed) != 0)
        return GYRE_ENOMEM;
    flow->channels[e] = gy_alloc_aligned(n * sizeof(struct gy_channel), 64);
    flow->outbound[e] = gy_calloc(n, sizeof(struct gy_channel *));
    if (flow->channels[e] == NULL || flow->outbound[e] == NULL)
        return GYRE_ENOMEM;
    flow->n_channels[e] = n;
    flow->n_dests[e] = n_dests;
    for (uint32_t c = 0; c < n; c++) {
        struct gy_channel *channel = &flow->channels[e][c];
        flow->outbound[e][c] = channel;
        if (gy_channel_init(channel, flow->options.channel_slots, flow->options.channel_bytes) != 0)
            return GYRE_ENOMEM;
        if (flow->options.alone)
            continue;
        uint32_t producer = c / n_dests;
        uint32_t consumer = edge->partition == GY_FORWARD ? producer : c % n_dests;
        channel->producer = &worker_of(flow, from_chain, producer)->parking;
        channel->consumer = &worker_of(flow, to_chain, consumer)->parking;
    }
    return 0;
}

static int build_edges(struct gy_flow *flow)
{
    uint32_t n = graph_of(flow)->n_edges;
    flow->layouts = gy_calloc(n + 1, sizeof *flow->layouts);
    flow->channels = gy_calloc(n + 1, sizeof(struct gy_channel *));
    flow->outbound = gy_calloc(n + 1, sizeof(struct gy_channel **));
    flow->n_channels = gy_calloc(n + 1, sizeof(uint32_t));
    flow->n_dests = gy_calloc(n + 1, sizeof(uint32_t));
    if (flow->layouts == NULL || flow->channels == NULL || flow->outbound == NULL ||
        flow->n_channels == NULL || flow->n_dests == NULL)
        return GYRE_ENOMEM;
    for (uint32_t e = 0; e < n; e++)
        if (!flow->physical->chained[e] && build_edge(flow, e) != 0)
            return GYRE_ENOMEM;
    return 0;
}

static struct gy_member *member_of(struct gy_task *task, uint32_t node)
{
    for (uint32_t m = 0; m < task->n_members; m++)
        if (task->members[m].node->index == node)
            return &task->members[m];
    return NULL;
}

/* How many channels of edge `e` lead into one consuming task. */
static uint32_t inbound_of(const struct gy_flow *flow, uint32_t e)
{
    const struct gy_edge *edge = &graph_of(flow)->edges[e];
    return edge->partition == GY_FORWARD ? 1 : graph_of(flow)->nodes[edge->from]->parallelism;
}

/* The slot that an edge's input has in its consumer's gate: those of edges before it come first. */
static uint32_t slot_of(const struct gy_flow *flow, uint32_t edge)
{
    uint32_t slot = 0;
    for (uint32_t e = 0; e < edge; e++)
        if (graph_of(flow)->edges[e].to == graph_of(flow)->edges[edge].to)
            slot += gy_flow_inputs(flow, e);
    return slot;
}

static int build_frontier(struct gy_flow *flow, struct gy_member *member)
{
    uint32_t slots = 0;
    for (uint32_t e = 0; e < graph_of(flow)->n_edges; e++)
        if (graph_of(flow)->edges[e].to == member->node->index)
            slots += gy_flow_inputs(flow, e);
    return gy_frontier_init(&member->frontier, member->instance, slots);
}

static int build_routes(struct gy_flow *flow, struct gy_member *member, struct gyre_error *error)
{
    const struct gy_graph *graph = graph_of(flow);
    member->routes = gy_calloc(graph->n_edges + 1, sizeof *member->routes);
    if (member->routes == NULL)
        return GYRE_ENOMEM;
    for (uint32_t e = 0; e < graph->n_edges; e++) {
        const struct gy_edge *edge = &graph->edges[e];
        if (edge->from != member->node->index)
            continue;
        struct gy_route *route = &member->routes[member->n_routes++];
        route->edge = edge;
        route->port = edge->from_port;
        route->to_port = edge->to_port;
        route->enters = &flow->enters[(size_t)e * (graph->n_loops + 1)];
        if (flow->physical->chained[e]) {
            route->to = member_of(member->task, edge->to);
            route->to_slot = slot_of(flow, e);
            route->rehash = edge->partition == GY_KEY;
            continue;
        }
        uint32_t first = member->task->index * flow->n_dests[e];
        if (gy_exchange_init(&route->exchange, graph, edge, &flow->layouts[e],
                             flow->outbound[e] + first, flow->n_dests[e], member->task->index,
                             member->instance) != 0)
            return GYRE_ENOMEM;
        if (member->node->region >= 0 && member->node->region == graph->nodes[edge->to]->region)
            route->exchange.region = member->task->region;
        route->exchange.generation = &member->task->generation;
        if (has_presums(flow, edge) && build_presum(flow, member, route, error) != 0)
            return GYRE_ENOMEM;
    }
    return 0;
}

/* How many inputs of the member tell the end of a round of each loop that it is in: those within it. */
static int build_marking(struct gy_flow *flow, struct gy_member *member)
{
    const struct gy_node *node = member->node;
    member->n_marking = gy_calloc(node->n_rounds + 1, sizeof *member->n_marking);
    member->n_marked = gy_calloc(node->n_rounds + 1, sizeof *member->n_marked);
    if (member->n_marking == NULL || member->n_marked == NULL)
        return GYRE_ENOMEM;
    for (uint32_t r = 0; r < node->n_rounds; r++)
        for (uint32_t e = 0; e < graph_of(flow)->n_edges; e++) {
            const struct gy_edge *edge = &graph_of(flow)->edges[e];
            if (edge->to == node->index && node->rounds[r]->body[edge->from])
                member->n_marking[r] += gy_flow_inputs(flow, e);
        }
    return 0;
}

static int build_entry(struct gy_flow *flow, struct gy_task *task, struct gy_pool *pool, uint32_t e,
                       uint32_t producer)
{
    const struct gy_edge *edge = &graph_of(flow)->edges[e];
    bool forward = edge->partition == GY_FORWARD;
    struct gy_entry *entry = &task->entries[task->n_entries++];
    uint32_t dest = flow->n_dests[e] > 1 ? task->index : 0;
    uint32_t from = forward ? task->index : producer;
    entry->member = member_of(task, edge->to);
    entry->port = edge->to_port;
    entry->slot = slot_of(flow, e) + (forward ? 0 : producer);
    entry->edge = edge;
    entry->enters = &flow->enters[(size_t)e * (graph_of(flow)->n_loops + 1)];
    entry->feedback = edge->feedback;
    if (!edge->feedback)
        task->n_aligned++;
    if (task->region != NULL &&
        graph_of(flow)->nodes[edge->from]->region != entry->member->node->region) {
        entry->external = true;
        entry->region_slot = task->region->n_slots++;
    }
    struct gy_channel *channel = &flow->channels[e][from * flow->n_dests[e] + dest];
    return gy_inlet_init(&entry->inlet, channel, &flow->layouts[e], pool);
}

static int build_entries(struct gy_flow *flow, struct gy_task *task, struct gy_pool *pool)
{
    const struct gy_graph *graph = graph_of(flow);
    uint32_t n = 0;
    for (uint32_t e = 0; e < graph->n_edges; e++)
        n += inbound_of(flow, e);
    task->entries = gy_calloc(n + 1, sizeof *task->entries);
    if (task->entries == NULL)
        return GYRE_ENOMEM;
    for (uint32_t e = 0; e < graph->n_edges; e++) {
        if (flow->physical->chained[e] || member_of(task, graph->edges[e].to) == NULL)
            continue;
        for (uint32_t p = 0; p < inbound_of(flow, e); p++)
            if (build_entry(flow, task, pool, e, p) != 0)
                return GYRE_ENOMEM;
    }
    return 0;
}

/* The members that feedback edges lead into. */
static int build_heads(struct gy_task *task)
{
    for (uint32_t e = 0; e < task->n_entries; e++) {
        struct gy_member *member = task->entries[e].member;
        if (!task->entries[e].feedback || member->head != NULL)
            continue;
        member->head = gy_calloc(1, sizeof *member->head);
        if (member->head == NULL || gy_head_init(member->head, member) != 0)
            return GYRE_ENOMEM;
        task->has_heads = true;
    }
    return 0;
}

/* Whether rows of a node come to a region from outside it. */
static void mark_reached(const struct gy_flow *flow)
{
    const struct gy_graph *graph = graph_of(flow);
    for (uint32_t n = graph->n_nodes; n-- > 0;)
        for (uint32_t e = 0; e < graph->n_edges; e++) {
            const struct gy_edge *edge = &graph->edges[e];
            int32_t region = graph->nodes[edge->to]->region;
            bool *reaches = &flow->reaches[(size_t)n * flow->n_regions];
            if (edge->from != n || edge->feedback)
                continue;
            for (uint32_t r = 0; r < flow->n_regions; r++)
                reaches[r] |= flow->reaches[(size_t)edge->to * flow->n_regions + r];
            if (region >= 0 && region != graph->nodes[n]->region)
                reaches[region] = true;
        }
}

/* Rows that come to any operator of a loop from outside it make it active. */
static int build_enters(struct gy_flow *flow)
{
    const struct gy_graph *graph = graph_of(flow);
    size_t n = (size_t)graph->n_loops + 1;
    flow->enters = gy_calloc(n * graph->n_edges + 1, sizeof(struct gy_rounds *));
    for (uint32_t e = 0; flow->enters != NULL && e < graph->n_edges; e++)
        for (uint32_t l = 0, k = 0; l < graph->n_loops; l++) {
            const struct gy_loop *loop = &graph->loops[l];
            if (loop->rounds_max > 0 && loop->body[graph->edges[e].to] &&
                !loop->body[graph->edges[e].from])
                flow->enters[e * n + k++] = gy_region_rounds(&flow->regions[loop->region], loop);
        }
    return flow->enters != NULL ? 0 : GYRE_ENOMEM;
}

static int build_regions(struct gy_flow *flow)
{
    uint32_t n = graph_of(flow)->n_regions;
    flow->regions = gy_alloc_aligned((n + 1) * sizeof *flow->regions, 64);
    flow->reaches = gy_calloc((size_t)n * graph_of(flow)->n_nodes + 1, sizeof *flow->reaches);
    if (flow->regions == NULL || flow->reaches == NULL)
        return GYRE_ENOMEM;
    flow->n_regions = n;
    mark_reached(flow);
    for (uint32_t r = 0; r < n; r++)
        if (gy_region_init(&flow->regions[r], flow, r) != 0)
            return GYRE_ENOMEM;
    return build_enters(flow);
}

static bool is_slow(void *host)
{
    const struct gy_member *member = host;
    /* relaxed: a late look costs one more batch in one piece. */
    return atomic_load_explicit(member->task->flow->options.slow, memory_order_relaxed);
}

static int build_member(struct gy_flow *flow, struct gy_task *task, struct gy_member *member,
                        const struct gy_node *node, struct gy_pool *pool, struct gyre_error *error)
{
    struct gy_env env = {.job = graph_of(flow)->job,
                         .pool = pool,
                         .clock = flow->clock,
                         .seed = flow->options.seed,
                         .restores = flow->restore != NULL && gy_restore_has(flow->restore, node),
                         .emit = gy_member_emit,
                         .tell = gy_member_tell,
                         .log = put_log,
                         .host = member};
    if (flow->options.slow_id != NULL && strcmp(flow->options.slow_id, node->id) == 0)
        env.row_by_row = is_slow;
    member->task = task;
    member->node = node;
    member->wake_us = member->saved.seen_us = member->saved.told_us = INT64_MIN;
    member->wake_fd = -1;
    member->instance = gy_instance_new(node, task->index, node->parallelism, &env, error);
    if (node->kind == GYRE_SOURCE)
        member->source =
            (struct gy_source){.instance = member->instance, .splits = &flow->splits[node->index]};
    return member->instance != NULL ? 0 : error->code;
}

static int build_task(struct gy_flow *flow, struct gy_task *task, const struct gy_chain *chain,
                      uint32_t subtask, struct gyre_error *error)
{
    struct gy_worker *worker = worker_of(flow, chain, subtask);
    assert(worker->n_tasks < flow->n_tasks && (!worker->may_block || worker->n_tasks == 0));
    task->flow = flow;
    task->chain = chain;
    task->index = subtask;
    int32_t region = graph_of(flow)->nodes[chain->nodes[0]]->region;
    if (region >= 0) {
        task->region = &flow->regions[region];
        task->region->n_tasks++;
    }
    task->budget = flow->options.poll_rows != 0 ? flow->options.poll_rows : GYRE_BATCH_ROWS;
    task->epoch = task->committed = flow->options.snapshots.last_id;
    task->members = gy_calloc(chain->n_nodes, sizeof *task->members);
    if (task->members == NULL)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for a task");
    worker->tasks[worker->n_tasks++] = task;
    for (uint32_t m = 0; m < chain->n_nodes; m++) {
        task->n_members = m + 1;
        int code = build_member(flow, task, &task->members[m],
                                graph_of(flow)->nodes[chain->nodes[m]], worker->pool, error);
        if (code != 0)
            return code;
    }
    for (uint32_t m = 0; m < task->n_members; m++)
        if (build_frontier(flow, &task->members[m]) != 0 ||
            build_routes(flow, &task->members[m], error) != 0 ||
            build_marking(flow, &task->members[m]) != 0)
            return gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for a task");
    if (build_entries(flow, task, worker->pool) != 0 || build_heads(task) != 0)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for a task");
    return 0;
}

static int build_splits(struct gy_flow *flow, struct gyre_error *error)
{
    const struct gy_graph *graph = graph_of(flow);
    flow->splits = gy_calloc(graph->n_nodes + 1, sizeof *flow->splits);
    if (flow->splits == NULL)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for splits");
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const struct gy_node *node = graph->nodes[n];
        int code = 1;
        if (node->kind != GYRE_SOURCE)
            continue;
        if (flow->restore != NULL)
            code =
                gy_restore_splits(flow->restore, node, node->parallelism, &flow->splits[n], error);
        if (code == 1)
            code = gy_splits_init(&flow->splits[n], node, node->parallelism, error);
        if (code != 0)
            return error->code;
    }
    return 0;
}

static int build(struct gy_flow *flow, struct gyre_error *error)
{
    const struct gy_physical *physical = flow->physical;
    if (flow->options.restore != NULL) {
        struct gy_disk *disk = flow->options.snapshots.disk;
        struct gy_fit fit = {.manifest = flow->options.restore,
                             .graph = physical->graph,
                             .misfits = flow->options.misfits};
        flow->restore = gy_restore_new(disk != NULL ? disk : gy_disk_real(), &fit, error);
        if (flow->restore == NULL)
            return error->code;
    }
    errno = 0;
    flow->first_task = gy_calloc(physical->n_chains + 1, sizeof(uint32_t));
    for (uint32_t c = 0; flow->first_task != NULL && c < physical->n_chains; c++) {
        flow->first_task[c] = flow->n_tasks;
        flow->n_tasks += physical->chains[c].parallelism;
    }
    flow->tasks = gy_calloc(flow->n_tasks + 1, sizeof *flow->tasks);
    if (flow->first_task == NULL || flow->tasks == NULL || build_workers(flow) != 0 ||
        build_edges(flow) != 0 || build_regions(flow) != 0)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "cannot make the tasks of the job: %s",
                              errno != 0 ? strerror(errno) : "no memory");
    if (build_splits(flow, error) != 0 ||
        (flow->n_regions > 0 && gy_scratch_init(&flow->scratch, flow->options.snapshots.disk,
                                                flow->options.snapshots.dir, error) != 0))
        return error->code;
    for (uint32_t c = 0; c < physical->n_chains; c++)
        for (uint32_t i = 0; i < physical->chains[c].parallelism; i++)
            if (build_task(flow, &flow->tasks[flow->first_task[c] + i], &physical->chains[c], i,
                           error) != 0)
                return error->code;
    for (uint32_t r = 0; r < flow->n_regions; r++)
        if (gy_region_ready(&flow->regions[r]) != 0)
            return gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for a loop");
    return 0;
}

struct gy_flow *gy_flow_new(const struct gy_physical *physical,
                            const struct gy_flow_options *options, struct gyre_error *error)
{
    struct gy_flow *flow = gy_alloc_aligned(sizeof *flow, 64);
    error->code = 0;
    error->text[0] = 0;
    if (flow == NULL) {
        gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for the job");
        return NULL;
    }
    flow->physical = physical;
    flow->options = *options;
    flow->clock = options->clock;
    if (flow->options.channel_slots == 0)
        flow->options.channel_slots = CHANNEL_SLOTS;
    if (flow->options.channel_bytes == 0)
        flow->options.channel_bytes = CHANNEL_BYTES;
    if (flow->options.work_rows == 0)
        flow->options.work_rows = WORK_ROWS;
    pthread_mutex_init(&flow->failure_lock, NULL);
    pthread_mutex_init(&flow->splits_lock, NULL);
    flow->done_fd = eventfd(0, EFD_CLOEXEC);
    if (flow->done_fd < 0)
        gyre_error_set(error, GYRE_EIO, -1, "eventfd: %s", strerror(errno));
    if (flow->done_fd < 0 || build(flow, error) != 0 ||
        gy_checkpoint_init(&flow->checkpoint, flow, &options->snapshots, error) != 0) {
        gy_flow_free(flow);
        return NULL;
    }
    atomic_store_explicit(&flow->tasks_left, flow->n_tasks, memory_order_relaxed);
    return flow;
}
