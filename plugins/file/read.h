/* plugins/file/read.h: the source file.read. */
#ifndef GYRE_PLUGIN_FILE_READ_H
#define GYRE_PLUGIN_FILE_READ_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_read;

#endif
