/* Graphs made from seeds, and what is known of them by the textbook: for tests of jobs that work on graphs.
 *
 * Like files.h: what cannot be had ends the test. */
#ifndef TESTS_GRAPHS_H
#define TESTS_GRAPHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum graph_kind {
    GRAPH_RANDOM, /* two edges for each node */
    GRAPH_POWER,  /* few nodes have most of the edges */
    GRAPH_PATH,   /* 0 -> 1 -> 2 ..., the edges in this order */
    GRAPH_MIXED,  /* a path whose nodes and edges are in no order */
    GRAPH_GRID,   /* a square; edges to the right and down */
    GRAPH_STAR,   /* half of the edges into 0, half out of it */
    GRAPH_KINDS
};

struct graph_edge {
    int64_t src, dst;
    double weight;
};

struct graph {
    uint32_t nodes; /* 0 ... nodes - 1, some of which may have no edge */
    size_t n;
    struct graph_edge *edges;
};

/** A graph of about `edges` edges, which follow from kind, number and seed. */
void graph_make(struct graph *graph, enum graph_kind kind, size_t edges, uint64_t seed);
void graph_fini(struct graph *graph);
const char *graph_kind_name(enum graph_kind kind);

/** Writes lines `src,dst`, or `src,dst,weight`. */
void graph_write(const struct graph *graph, const char *path, bool weights);

/* Per node; owns: free() it. NaN: a node without edges is none. */

/** The least node of its component, by union and find. */
double *graph_components(const struct graph *graph);

/** The length of the shortest way from `from`, by Dijkstra; NaN where there is none. */
double *graph_distances(const struct graph *graph, uint32_t from);

/** PageRank after so many rounds, nodes without arcs sharing theirs out to all. */
double *graph_ranks(const struct graph *graph, double damping, uint32_t rounds);

/** Tells whether each node that `wanted` knows came once, with its value give or take `by`, and no other; prints the
 *  first that did not.
 *  Shape:   `n` rows of a node and its value */
bool graph_agrees(const struct graph *graph, const double *wanted, const double *rows, size_t n,
                  double by);

/** A number that follows from a seed, and the next seed. */
uint64_t graph_random(uint64_t *seed);

#endif
