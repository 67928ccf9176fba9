/* plugins/graph/plugin.c: the plugin `graph`, algorithms on graphs as loops, and what brings edges into them.
 *
 * | operator   | file         | what it does                                              |
 * |------------|--------------|-----------------------------------------------------------|
 * | ends       | plugin.c     | an edge without a direction, for both of its ends         |
 * | components | components.c | connected components: labels that spread                  |
 * | roads      | plugin.c     | an edge with a length                                     |
 * | start      | start.c      | where ways start                                          |
 * | distances  | distances.c  | shortest ways                                             |
 * | arcs       | plugin.c     | an edge with a direction, and its ends                    |
 * | spread     | spread.c     | PageRank: ranks go along the arcs                         |
 * | share      | share.c      | ... what is left of them to all nodes                     |
 * | ranks      | ranks.c      | ... and become new ones                                   | */
#include "components.h"
#include "distances.h"
#include "messages.h"
#include "ranks.h"
#include "share.h"
#include "spread.h"
#include "start.h"

#define EDGE(F, N)     F(i64, src) F(i64, dst)
#define WEIGHTED(F, N) F(i64, src) F(i64, dst) F(f64, weight)
GYRE_RECORD(edge, EDGE)
GYRE_RECORD(weighted, WEIGHTED)

static void put_ends(const struct edge *edge, struct gyre_emit *emit)
{
    news_emit(emit, &(struct news){.node = edge->src, .from = edge->dst, .label_null = 1});
    news_emit(emit, &(struct news){.node = edge->dst, .from = edge->src, .label_null = 1});
}

static void put_road(const struct weighted *edge, struct gyre_emit *emit)
{
    road_emit(emit, &(struct road){edge->src, edge->dst, 0, edge->weight});
}

static void put_arc(const struct edge *edge, struct gyre_emit *emit)
{
    arc_emit(emit, &(struct arc){.node = edge->src, .to = edge->dst, .rank_null = 1});
    arc_emit(emit, &(struct arc){.node = edge->dst, .to_null = 1, .rank_null = 1});
}

GYRE_FLAT_MAP(ends, "Puts out an edge for each of its ends, for graph.components.", edge, news,
              put_ends)
GYRE_FLAT_MAP(roads, "Puts out an edge of length `weight`, for graph.distances.", weighted, road,
              put_road)
GYRE_FLAT_MAP(arcs, "Puts out an edge and the node that it leads to, for graph.spread.", edge, arc,
              put_arc)
GYRE_PLUGIN(graph, "0.1.0", GYRE_OP(ends), GYRE_OP(components), GYRE_OP(roads), GYRE_OP(start),
            GYRE_OP(distances), GYRE_OP(arcs), GYRE_OP(spread), GYRE_OP(share), GYRE_OP(ranks))
