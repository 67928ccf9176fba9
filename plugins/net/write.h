/* plugins/net/write.h: the sink net.write. */
#ifndef GYRE_PLUGIN_NET_WRITE_H
#define GYRE_PLUGIN_NET_WRITE_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_write;

#endif
