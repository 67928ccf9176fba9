/* plugins/file/plugin.c: the plugin `file`, sources and sinks of files.
 *
 * | operator | files, lower ones first                                                         |
 * |----------|---------------------------------------------------------------------------------|
 * | both     | number.h times.c csv_style.c base64.c utf8.c codec.c                            |
 * | read     | paths.c unpack.c input.c reader.h csv_cut.c csv_head.c csv_read.c json_read.c   |
 * |          | lines.c mark.c known.c copies.c scan.c follow.c read.c                          |
 * | write    | pack.c output.c parts.c folders.c shelf.c csv_write.c json_write.c sink.c       |
 * |          | write_state.c write.c                                                           | */
#include "read.h"
#include "write.h"

GYRE_PLUGIN(file, "0.1.0", GYRE_OP(read), GYRE_OP(write))
