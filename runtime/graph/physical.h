/* The physical graph: which operators run together in one task, and which edges are exchanges.
 *
 * An edge is chained (a call) where its partition is forward, both sides have one parallelism, it is
 * no feedback edge, both are in one region or in none, neither side blocks, and no other way leads from the
 * one chain to the other (a task would wait for room that only it can make). Feedback edges are no such
 * way: nobody waits for room in them. So the chains without them are in an order, along which all waiting
 * goes, also within a region. No border of a region is within a chain: what is counted and held for a
 * region is so for whole tasks. A chain is a set of operators connected by chained
 * edges; subtask i of all its operators is one task, the unit that a worker schedules. Every other
 * edge is an exchange: one channel from each producing to each consuming task (forward exchanges: to
 * one). */
#ifndef GY_GRAPH_PHYSICAL_H
#define GY_GRAPH_PHYSICAL_H

#include "graph/logical.h"

struct gy_chain {
    uint32_t n_nodes;
    uint32_t *nodes; /* in topological order */
    uint32_t parallelism;
    bool blocking; /* its tasks get threads of their own */
};

struct gy_physical {
    const struct gy_graph *graph;
    uint32_t n_chains;
    struct gy_chain *chains;
    uint32_t *chain_of; /* per node */
    bool *chained;      /* per edge */
    uint32_t n_workers; /* min(CPUs, greatest parallelism of a chain that does not block) */
};

/** Makes the physical graph for a machine of `cpus` processors; NULL without memory.
 *  Owns:    the caller, until gy_physical_free; refers to `graph` */
struct gy_physical *gy_physical_new(const struct gy_graph *graph, uint32_t cpus);
void gy_physical_free(struct gy_physical *physical);

#endif
