/* plugins/graph/distances.h: graph.distances, shortest ways. */
#ifndef GYRE_PLUGIN_GRAPH_DISTANCES_H
#define GYRE_PLUGIN_GRAPH_DISTANCES_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_distances;

#endif
