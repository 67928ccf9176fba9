/* Chains; see physical.h. */
#include "graph/physical.h"

#include "base/mem.h"

#include <assert.h>

/* The first node of the chain of `node`: chains are merged like sets, by their first member. */
static uint32_t first_of(uint32_t *chain_of, uint32_t node)
{
    while (chain_of[node] != node)
        node = chain_of[node] = chain_of[chain_of[node]];
    return node;
}

static bool is_blocking(const struct gy_node *node)
{
    return (node->flags & GYRE_BLOCKING) != 0;
}

static bool can_chain(const struct gy_graph *graph, const struct gy_edge *edge)
{
    const struct gy_node *from = graph->nodes[edge->from], *to = graph->nodes[edge->to];
    /* From one task to one task every partition is forward; the consumer hashes its own key. */
    bool forward =
        edge->partition == GY_FORWARD || (from->parallelism == 1 && to->parallelism == 1);
    return forward && !edge->feedback && from->region == to->region &&
           from->parallelism == to->parallelism && !is_blocking(from) && !is_blocking(to);
}

/* True where two sets may become one: every edge between them is a call, and no way leads from one
 * to the other through a third. Else a task could wait for room in a channel that ends, by way of
 * other tasks, at itself. */
static bool may_merge(struct gy_physical *p, uint32_t from, uint32_t to, uint32_t *queue,
                      bool *reached)
{
    const struct gy_graph *graph = p->graph;
    uint32_t head = 0, tail = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        reached[i] = false;
    queue[tail++] = from;
    while (head < tail) {
        uint32_t at = queue[head++];
        for (uint32_t e = 0; e < graph->n_edges; e++) {
            const struct gy_edge *edge = &graph->edges[e];
            uint32_t next = first_of(p->chain_of, edge->to);
            if (edge->feedback || first_of(p->chain_of, edge->from) != at || next == at)
                continue;
            if (next == to && (at != from || !can_chain(graph, edge)))
                return false;
            if (next == to || reached[next])
                continue;
            reached[next] = true;
            queue[tail++] = next;
        }
    }
    return true;
}

/* Merges sets along edges that can be calls, first to last. */
static int merge_chains(struct gy_physical *p)
{
    const struct gy_graph *graph = p->graph;
    uint32_t *queue = gy_calloc(graph->n_nodes, sizeof *queue);
    bool *reached = gy_calloc(graph->n_nodes, sizeof *reached);
    bool ok = queue != NULL && reached != NULL;
    for (uint32_t e = 0; ok && e < graph->n_edges; e++) {
        uint32_t a = first_of(p->chain_of, graph->edges[e].from);
        uint32_t b = first_of(p->chain_of, graph->edges[e].to);
        if (a != b && can_chain(graph, &graph->edges[e]) && may_merge(p, a, b, queue, reached))
            p->chain_of[a > b ? a : b] = a > b ? b : a;
    }
    for (uint32_t e = 0; ok && e < graph->n_edges; e++)
        p->chained[e] =
            can_chain(graph, &graph->edges[e]) && first_of(p->chain_of, graph->edges[e].from) ==
                                                      first_of(p->chain_of, graph->edges[e].to);
    gy_free(queue);
    gy_free(reached);
    return ok ? 0 : -1;
}

/* Gives every set its number, in the order of its first node, and counts members. */
static void number_chains(struct gy_physical *p, uint32_t *number)
{
    const struct gy_graph *graph = p->graph;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        uint32_t first = first_of(p->chain_of, i);
        if (first == i) {
            number[i] = p->n_chains++;
            p->chains[number[i]] = (struct gy_chain){.parallelism = graph->nodes[i]->parallelism,
                                                     .blocking = is_blocking(graph->nodes[i])};
        }
        p->chains[number[first]].n_nodes++;
    }
    for (uint32_t i = graph->n_nodes; i-- > 0;) /* a set's first node comes last: it is looked at */
        p->chain_of[i] = number[first_of(p->chain_of, i)];
}

static int fill_chains(struct gy_physical *p)
{
    for (uint32_t c = 0; c < p->n_chains; c++) {
        p->chains[c].nodes = gy_calloc(p->chains[c].n_nodes, sizeof *p->chains[c].nodes);
        if (p->chains[c].nodes == NULL)
            return -1;
        p->chains[c].n_nodes = 0;
    }
    for (uint32_t i = 0; i < p->graph->n_nodes; i++) {
        struct gy_chain *chain = &p->chains[p->chain_of[i]];
        chain->nodes[chain->n_nodes++] = i;
    }
    return 0;
}

static void count_workers(struct gy_physical *p, uint32_t cpus)
{
    uint32_t most = 1;
    for (uint32_t c = 0; c < p->n_chains; c++)
        if (!p->chains[c].blocking && p->chains[c].parallelism > most)
            most = p->chains[c].parallelism;
    p->n_workers = cpus == 0 ? 1 : cpus < most ? cpus : most;
}

/* What physical.h promises: each operator is in one chain, whose operators are as many tasks; a call
 * stays in a chain, and leads forward. */
static void assert_chains(const struct gy_physical *p)
{
    uint32_t n = 0;
    for (uint32_t c = 0; c < p->n_chains; c++) {
        const struct gy_chain *chain = &p->chains[c];
        n += chain->n_nodes;
        assert(chain->n_nodes > 0 && (!chain->blocking || chain->n_nodes == 1));
        for (uint32_t i = 0; i < chain->n_nodes; i++)
            assert(p->chain_of[chain->nodes[i]] == c &&
                   p->graph->nodes[chain->nodes[i]]->parallelism == chain->parallelism);
    }
    assert(n == p->graph->n_nodes && p->n_workers > 0);
    for (uint32_t e = 0; e < p->graph->n_edges; e++) {
        const struct gy_edge *edge = &p->graph->edges[e];
        assert(!p->chained[e] ||
               (edge->from < edge->to && p->chain_of[edge->from] == p->chain_of[edge->to]));
    }
}

struct gy_physical *gy_physical_new(const struct gy_graph *graph, uint32_t cpus)
{
    struct gy_physical *p = gy_alloc(sizeof *p);
    uint32_t *number = gy_calloc(graph->n_nodes, sizeof *number);
    if (p == NULL || number == NULL)
        goto fail;
    p->graph = graph;
    p->chains = gy_calloc(graph->n_nodes, sizeof *p->chains);
    p->chain_of = gy_calloc(graph->n_nodes, sizeof *p->chain_of);
    p->chained = gy_calloc(graph->n_edges, sizeof *p->chained);
    if (p->chains == NULL || p->chain_of == NULL || p->chained == NULL)
        goto fail;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        p->chain_of[i] = i;
    if (merge_chains(p) < 0)
        goto fail;
    number_chains(p, number);
    count_workers(p, cpus);
    if (fill_chains(p) < 0)
        goto fail;
    assert_chains(p);
    gy_free(number);
    return p;
fail:
    gy_free(number);
    gy_physical_free(p);
    return NULL;
}

void gy_physical_free(struct gy_physical *physical)
{
    if (physical == NULL)
        return;
    for (uint32_t c = 0; c < physical->n_chains; c++)
        gy_free(physical->chains[c].nodes);
    gy_free(physical->chains);
    gy_free(physical->chain_of);
    gy_free(physical->chained);
    gy_free(physical);
}
