/* The descriptors of a loaded plugin, checked once: what passes can be used without further checks.
 *
 * Only what a descriptor says of itself is checked here, not how a job uses it. The first fault found
 * is reported: the author of a plugin mends one and builds again. */
#ifndef GY_PLUGIN_CHECK_H
#define GY_PLUGIN_CHECK_H

#include "plugin/fault.h"
#include "plugin/load.h"

/** Checks everything that the plugin lists.
 *  Thread:  [control]
 *  Errors:  GYRE_EINVAL and a sentence */
int gy_plugin_check(const struct gy_plugin *plugin, struct gyre_error *error);

/** Checks an option table whose offsets point into a struct of `config_size` bytes.
 *  Shape:   `reserved`: the names of operator settings are refused
 *  Thread:  [control]
 *  Errors:  GYRE_EINVAL and a sentence */
int gy_check_options(struct gy_check *check, const struct gyre_option *options, uint32_t n,
                     uint32_t config_size, bool reserved);

/** Checks one state type.
 *  Thread:  [control]
 *  Errors:  GYRE_EINVAL and a sentence */
int gy_check_state_type(struct gy_check *check, const struct gyre_state_type *type);

#endif
