/* plugins/net/read.h: the source net.read. */
#ifndef GYRE_PLUGIN_NET_READ_H
#define GYRE_PLUGIN_NET_READ_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_read;

#endif
