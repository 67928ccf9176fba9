/* plugins/graph/spread.h: graph.spread, sends ranks along the arcs. */
#ifndef GYRE_PLUGIN_GRAPH_SPREAD_H
#define GYRE_PLUGIN_GRAPH_SPREAD_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_spread;

#endif
