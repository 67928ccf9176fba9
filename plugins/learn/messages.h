/* plugins/learn/messages.h: the rows that go round in the loops of this plugin. */
#ifndef GYRE_PLUGIN_LEARN_MESSAGES_H
#define GYRE_PLUGIN_LEARN_MESSAGES_H

#include "../graph/around.h"

#include <gyre/gyre.h>

/* ---- kmeans ---- */

/* Coordinates are counted in steps, so that a sum of them does not depend on the order in which it is added:
 * what comes out is the same at any parallelism, and after any failure. A sum has room for 2^21 points as
 * far out as they may be. */
#define STEPS_PER_UNIT    1048576.0
#define COORDINATE_MOST   4194304.0
#define COORDINATE_LIMITS "-4194304 to 4194304"

/* To a shard of the points: one of them, or (cluster) where the centre of a cluster is. What all points must
 * be told is a row for each shard: unlike a broadcast, what comes of it is keyed state, which is saved
 * and goes on at any parallelism. */
#define POINT(F, N)  F(i64, shard) F(i64, id) F(i64, x) F(i64, y)
#define CENTRE(F, N) F(i64, shard) F(i64, cluster) F(f64, x) F(f64, y)
GYRE_RECORD(point, POINT)
GYRE_RECORD(centre, CENTRE)

enum { SHARDS = 256 };

static inline int64_t shard_of(int64_t id)
{
    return (int64_t)((uint64_t)id * 0x9e3779b97f4a7c15u >> 56);
}

/* To `cluster`: by how much the sums over its points change, or (points null) where it begins. */
#define MOVE(F, N) F(i64, cluster) F(i64, x) F(i64, y) N(i64, points)
GYRE_RECORD(move, MOVE)

/* ---- train ---- */

/* To `feature`: its value in an example, which has `features` of them and is of the class `label`; or
 * (example null) how much the loss of an example changes with the weight. */
#define STEP(F, N) F(i64, feature) N(i64, example) F(i64, features) F(bool, label) F(f64, value)
GYRE_RECORD(step, STEP)

/* To `example`: one of its features, and what that says of the class by its weight. */
#define TERM(F, N)                                                                                 \
    F(i64, example) F(i64, feature) F(i64, features) F(bool, label) F(f64, value) F(f64, term)
GYRE_RECORD(term, TERM)

/* The operators of this plugin work with one key alone. That there is one at all is the host's to see. */
static inline int32_t need_key(struct gyre_bind *bind, const char *field)
{
    for (uint32_t port = 0; bind->n_keys > 0 && port < bind->n_inputs; port++) {
        const char *const *keys = bind->port_keys[port];
        if (keys != NULL && (bind->n_keys > 1 || strcmp(keys[0], field) != 0))
            return gyre_bind_fail(bind, GYRE_EINVAL, "key", "the key of this operator is `%s`",
                                  field);
    }
    return GYRE_OK;
}

#endif
