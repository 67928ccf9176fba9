/* See graphs.h. */
#include "graphs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "no memory for a graph\n");
        abort();
    }
    return memory;
}

uint64_t graph_random(uint64_t *seed)
{
    uint64_t x = *seed += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static double fraction(uint64_t *seed)
{
    return (double)(graph_random(seed) >> 11) / 9007199254740992.0;
}

/* ---- making them ---- */

static void add(struct graph *graph, uint64_t *seed, uint64_t src, uint64_t dst)
{
    graph->edges[graph->n++] = (struct graph_edge){(int64_t)src, (int64_t)dst, 10 * fraction(seed)};
}

/* A node by a power law: node i is picked about as often as 1 / i. */
static uint64_t popular(const struct graph *graph, uint64_t *seed)
{
    return (uint64_t)pow(graph->nodes, fraction(seed)) % graph->nodes;
}

static void make_grid(struct graph *graph, uint64_t *seed, uint64_t side)
{
    for (uint64_t i = 0; i < side * side; i++) {
        if (i % side + 1 < side)
            add(graph, seed, i, i + 1);
        if (i / side + 1 < side)
            add(graph, seed, i, i + side);
    }
}

static void mix(struct graph *graph, uint64_t *seed)
{
    uint64_t *names = need(calloc(graph->nodes, sizeof *names));
    for (uint64_t i = 0; i < graph->nodes; i++) {
        uint64_t k = graph_random(seed) % (i + 1);
        names[i] = names[k];
        names[k] = i;
    }
    for (size_t i = 0; i < graph->n; i++) {
        struct graph_edge *e = &graph->edges[i],
                          *other = &graph->edges[graph_random(seed) % (i + 1)];
        struct graph_edge edge = *e;
        edge.src = (int64_t)names[edge.src];
        edge.dst = (int64_t)names[edge.dst];
        *e = *other;
        *other = edge;
    }
    free(names);
}

void graph_make(struct graph *graph, enum graph_kind kind, size_t edges, uint64_t seed)
{
    uint64_t side = (uint64_t)sqrt((double)edges / 2) + 1;
    uint64_t nodes = kind == GRAPH_GRID                            ? side * side
                     : kind == GRAPH_RANDOM || kind == GRAPH_POWER ? edges / 2 + 1
                                                                   : edges + 1;
    *graph = (struct graph){.nodes = (uint32_t)nodes,
                            .edges = need(calloc(edges + 2 * side + 2, sizeof *graph->edges))};
    if (kind == GRAPH_GRID)
        make_grid(graph, &seed, side);
    for (uint64_t i = 0; kind != GRAPH_GRID && i < edges; i++) {
        if (kind == GRAPH_RANDOM)
            add(graph, &seed, graph_random(&seed) % nodes, graph_random(&seed) % nodes);
        else if (kind == GRAPH_POWER)
            add(graph, &seed, graph_random(&seed) % nodes, popular(graph, &seed));
        else if (kind == GRAPH_STAR)
            add(graph, &seed, i % 2 != 0 ? i + 1 : 0, i % 2 != 0 ? 0 : i + 1);
        else
            add(graph, &seed, i, i + 1);
    }
    if (kind == GRAPH_MIXED)
        mix(graph, &seed);
}

void graph_fini(struct graph *graph)
{
    free(graph->edges);
    *graph = (struct graph){0};
}

const char *graph_kind_name(enum graph_kind kind)
{
    static const char *const names[] = {"random",     "power law", "path",
                                        "mixed path", "grid",      "star"};
    return names[kind];
}

void graph_write(const struct graph *graph, const char *path, bool weights)
{
    FILE *file = need(fopen(path, "w"));
    for (size_t i = 0; i < graph->n; i++) {
        const struct graph_edge *e = &graph->edges[i];
        fprintf(file, "%lld,%lld", (long long)e->src, (long long)e->dst);
        if (weights)
            fprintf(file, ",%.17g", e->weight);
        fputc('\n', file);
    }
    if (fclose(file) != 0)
        abort();
}

/* ---- the textbook ---- */

static double *values(const struct graph *graph)
{
    double *of = need(calloc(graph->nodes, sizeof *of));
    for (uint32_t i = 0; i < graph->nodes; i++)
        of[i] = NAN;
    return of;
}

static uint32_t find(uint32_t *up, uint32_t node)
{
    while (up[node] != node)
        node = up[node] = up[up[node]];
    return node;
}

/* The root of a set is its least node. */
double *graph_components(const struct graph *graph)
{
    double *of = values(graph);
    uint32_t *up = need(calloc(graph->nodes, sizeof *up));
    for (uint32_t i = 0; i < graph->nodes; i++)
        up[i] = i;
    for (size_t i = 0; i < graph->n; i++) {
        uint32_t a = find(up, (uint32_t)graph->edges[i].src);
        uint32_t b = find(up, (uint32_t)graph->edges[i].dst);
        up[a > b ? a : b] = a > b ? b : a;
    }
    for (size_t i = 0; i < graph->n; i++) {
        const struct graph_edge *e = &graph->edges[i];
        of[e->src] = of[e->dst] = find(up, (uint32_t)e->src);
    }
    free(up);
    return of;
}

/* Edges by their sources: those of node i are order[first[i]] ... order[first[i + 1] - 1]. */
static void by_source(const struct graph *graph, uint32_t *first, uint32_t *order)
{
    for (size_t i = 0; i < graph->n; i++)
        first[graph->edges[i].src + 1]++;
    for (uint32_t i = 0; i < graph->nodes; i++)
        first[i + 1] += first[i];
    for (size_t i = graph->n; i-- > 0;)
        order[--first[graph->edges[i].src + 1]] = (uint32_t)i;
    for (uint32_t i = 0; i < graph->nodes; i++) /* each was counted down to its start */
        first[i] = first[i + 1];
    first[graph->nodes] = (uint32_t)graph->n;
}

struct visit {
    double distance;
    uint32_t node;
};

static void push(struct visit *heap, size_t *n, struct visit visit)
{
    size_t at = (*n)++;
    for (; at > 0 && heap[(at - 1) / 2].distance > visit.distance; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = visit;
}

static struct visit pop(struct visit *heap, size_t *n)
{
    struct visit top = heap[0], last = heap[--*n];
    size_t at = 0;
    for (size_t child = 1; child < *n; child = 2 * at + 1) {
        child += child + 1 < *n && heap[child + 1].distance < heap[child].distance;
        if (!(heap[child].distance < last.distance))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return top;
}

double *graph_distances(const struct graph *graph, uint32_t from)
{
    double *of = values(graph);
    uint32_t *first = need(calloc((size_t)graph->nodes + 1, sizeof *first));
    uint32_t *order = need(calloc(graph->n + 1, sizeof *order));
    struct visit *heap = need(calloc(graph->n + 1, sizeof *heap));
    size_t n = 0;
    by_source(graph, first, order);
    push(heap, &n, (struct visit){0, from});
    while (n > 0) {
        struct visit visit = pop(heap, &n);
        if (!isnan(of[visit.node]))
            continue;
        of[visit.node] = visit.distance;
        for (uint32_t i = first[visit.node]; i < first[visit.node + 1]; i++) {
            const struct graph_edge *e = &graph->edges[order[i]];
            if (isnan(of[e->dst]))
                push(heap, &n, (struct visit){visit.distance + e->weight, (uint32_t)e->dst});
        }
    }
    free(first), free(order), free(heap);
    return of;
}

static void one_round(const struct graph *graph, const uint32_t *degree, double damping, double n,
                      const double *was, double *is)
{
    double left = 0;
    for (uint32_t i = 0; i < graph->nodes; i++)
        if (degree[i] == 0 && !isnan(was[i]))
            left += was[i];
    for (uint32_t i = 0; i < graph->nodes; i++)
        is[i] = isnan(was[i]) ? NAN : (1 - damping) / n + damping * left / n;
    for (size_t i = 0; i < graph->n; i++) {
        const struct graph_edge *e = &graph->edges[i];
        is[e->dst] += damping * was[e->src] / degree[e->src];
    }
}

double *graph_ranks(const struct graph *graph, double damping, uint32_t rounds)
{
    double *was = values(graph), *is = values(graph), n = 0;
    uint32_t *degree = need(calloc(graph->nodes, sizeof *degree));
    for (size_t i = 0; i < graph->n; i++) {
        const struct graph_edge *e = &graph->edges[i];
        degree[e->src]++;
        n += isnan(was[e->src]);
        was[e->src] = 0;
        n += isnan(was[e->dst]);
        was[e->dst] = 0;
    }
    for (uint32_t i = 0; i < graph->nodes; i++)
        was[i] = isnan(was[i]) ? NAN : 1 / n;
    for (uint32_t round = 0; round < rounds; round++) {
        double *swap = was;
        one_round(graph, degree, damping, n, was, is);
        was = is;
        is = swap;
    }
    free(degree), free(is);
    return was;
}

bool graph_agrees(const struct graph *graph, const double *wanted, const double *rows, size_t n,
                  double by)
{
    size_t want = 0, bad = 0;
    bool *seen = need(calloc((size_t)graph->nodes + 1, sizeof *seen));
    for (uint32_t i = 0; i < graph->nodes; i++)
        want += isnan(wanted[i]) ? 0 : 1;
    for (size_t i = 0; i < n; i++) {
        double value = rows[2 * i + 1];
        size_t node =
            rows[2 * i] >= 0 && rows[2 * i] < graph->nodes ? (size_t)rows[2 * i] : graph->nodes;
        bool right = node < graph->nodes && !seen[node] && fabs(value - wanted[node]) <= by;
        if (!right && bad++ < 3)
            printf("node %.17g has %.17g, not %.17g\n", rows[2 * i], value,
                   node < graph->nodes ? wanted[node] : NAN);
        seen[node] = true;
    }
    if (n != want)
        printf("%zu nodes came, not %zu\n", n, want);
    free(seen);
    return bad == 0 && n == want;
}
