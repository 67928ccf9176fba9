/* plugins/std/sample.h: std.sample, which passes some rows, by chance. */
#ifndef GYRE_PLUGIN_STD_SAMPLE_H
#define GYRE_PLUGIN_STD_SAMPLE_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_sample;

#endif
