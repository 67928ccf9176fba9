/* What a plugin's table lists: operators, functions, state types. */
#ifndef GY_PLUGIN_ITEM_H
#define GY_PLUGIN_ITEM_H

#include <gyre/gyre.h>

/** Name, kind ("source", "aggregate", ...) and line of text of an operator or a function;
 *  NULL for a state type. */
const char *gy_item_name(const struct gyre_item *item);
const char *gy_item_kind(const struct gyre_item *item);
const char *gy_item_doc(const struct gyre_item *item);

#endif
