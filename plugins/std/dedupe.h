/* plugins/std/dedupe.h: std.dedupe, which drops rows whose key has come before. */
#ifndef GYRE_PLUGIN_STD_DEDUPE_H
#define GYRE_PLUGIN_STD_DEDUPE_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_dedupe;

#endif
