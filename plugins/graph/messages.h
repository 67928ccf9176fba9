/* plugins/graph/messages.h: the rows that go round in the loops of this plugin, and how nodes are sharded. */
#ifndef GYRE_PLUGIN_GRAPH_MESSAGES_H
#define GYRE_PLUGIN_GRAPH_MESSAGES_H

#include "around.h"

#include <gyre/gyre.h>

/* To `node`, of its neighbour `from`: that there is such an edge (label null), or what label it has. */
#define NEWS(F, N) F(i64, node) F(i64, from) N(i64, label)
GYRE_RECORD(news, NEWS)

/* To `node`: that a road of this length leads to `to`, or (to null) that there is a way of this length to itself. */
#define ROAD(F, N) F(i64, node) N(i64, to) F(f64, distance)
GYRE_RECORD(road, ROAD)

/* To `node`: that it is there, that an arc leads from it to `to`, or what rank it has. Ranks are fixed-point
 * numbers, so that sums of them do not depend on the order in which they are added. */
#define ARC(F, N) F(i64, node) N(i64, to) N(i64, rank)
GYRE_RECORD(arc, ARC)

#define RANK_ONE ((int64_t)1 << 60)

/* To a shard of the nodes: what rank one of them gets, or (node null) each of them. What all nodes must be
 * told is a row for each shard: unlike a broadcast, what comes of it is keyed state, which is saved and
 * goes on at any parallelism. */
#define PART(F, N) F(i64, shard) N(i64, node) F(i64, rank)
GYRE_RECORD(part, PART)

enum { SHARDS = 256 };

static inline int64_t shard_of(int64_t node)
{
    return (int64_t)((uint64_t)node * 0x9e3779b97f4a7c15u >> 56);
}

/* What the nodes of one batch tell of themselves: how many are new, how much rank does not go along an arc,
 * and by how much their ranks have moved. */
#define COUNT(F, N) F(i64, nodes) F(i64, left) F(i64, moved)
GYRE_RECORD(count, COUNT)

/* What the jobs put out of components and ranks. */
#define LABEL(F, N) F(i64, node) F(i64, value)
#define VALUE(F, N) F(i64, node) F(f64, value)
GYRE_RECORD(label, LABEL)
GYRE_RECORD(value, VALUE)

/* The operators of this plugin work with one key alone. That there is one at all is the host's to see. */
static inline int32_t need_key(struct gyre_bind *bind, const char *field)
{
    if (bind->n_keys == 0 || (bind->n_keys == 1 && strcmp(bind->keys[0], field) == 0))
        return GYRE_OK;
    return gyre_bind_fail(bind, GYRE_EINVAL, "key", "the key of this operator is `%s`", field);
}

#endif
