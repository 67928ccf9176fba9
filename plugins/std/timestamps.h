/* plugins/std/timestamps.h: see timestamps.c. */
#ifndef STD_TIMESTAMPS_H
#define STD_TIMESTAMPS_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_timestamps;

#endif
