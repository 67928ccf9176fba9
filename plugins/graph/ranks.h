/* plugins/graph/ranks.h: graph.ranks, adds up ranks. */
#ifndef GYRE_PLUGIN_GRAPH_RANKS_H
#define GYRE_PLUGIN_GRAPH_RANKS_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_ranks;

#endif
