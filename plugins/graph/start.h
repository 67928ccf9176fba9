/* plugins/graph/start.h: graph.start, where ways start. */
#ifndef GYRE_PLUGIN_GRAPH_START_H
#define GYRE_PLUGIN_GRAPH_START_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_start;

#endif
