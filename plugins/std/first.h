/* plugins/std/first.h: std.first, std.last and std.any_value, of the rows in the order in which they
 * came. */
#ifndef GYRE_PLUGIN_STD_FIRST_H
#define GYRE_PLUGIN_STD_FIRST_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_any_value;
extern const struct gyre_function gyre_fn_first;
extern const struct gyre_function gyre_fn_last;

#endif
