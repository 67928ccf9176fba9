/* plugins/std/pass.h: std.pass, puts out what comes in. */
#ifndef GYRE_PLUGIN_STD_PASS_H
#define GYRE_PLUGIN_STD_PASS_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_pass;

#endif
