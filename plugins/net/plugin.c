/* plugins/net/plugin.c: the plugin `net`, lines over TCP.
 *
 * | operator | files, lower ones first                      |
 * |----------|----------------------------------------------|
 * | read     | endpoint.c peer.c read.c                     |
 * | write    | endpoint.c lines_out.c write.c               | */
#include "read.h"
#include "write.h"

GYRE_PLUGIN(net, "0.1.0", GYRE_OP(read), GYRE_OP(write))
