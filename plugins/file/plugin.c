/* plugins/file/plugin.c: the plugin `file`, sources and sinks of files.
 *
 * | operator | files, lower ones first                                                         |
 * |----------|---------------------------------------------------------------------------------|
 * | read     | paths.c input.c reader.h number.c base64.c utf8.c json_read.c lines.c csv_read.c read.c |
 * | write    | number.c base64.c utf8.c output.c parts.c csv_write.c json_write.c write.c      | */
#include "read.h"
#include "write.h"

GYRE_PLUGIN(file, "0.1.0", GYRE_OP(read), GYRE_OP(write))
