/* plugins/graph/components.h: graph.components, connected components. */
#ifndef GYRE_PLUGIN_GRAPH_COMPONENTS_H
#define GYRE_PLUGIN_GRAPH_COMPONENTS_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_components;

#endif
