/* plugins/file/write.h: the sink file.write. */
#ifndef GYRE_PLUGIN_FILE_WRITE_H
#define GYRE_PLUGIN_FILE_WRITE_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_write;

#endif
