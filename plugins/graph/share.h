/* plugins/graph/share.h: graph.share, what of all ranks goes to each node. */
#ifndef GYRE_PLUGIN_GRAPH_SHARE_H
#define GYRE_PLUGIN_GRAPH_SHARE_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_share;

#endif
