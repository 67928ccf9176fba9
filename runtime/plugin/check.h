/* The descriptors of a loaded plugin, checked once: what passes can be used without further checks.
 *
 * Only what a descriptor says of itself is checked here, not how a job uses it. The first fault found
 * is reported: the author of a plugin mends one and builds again. */
#ifndef GY_PLUGIN_CHECK_H
#define GY_PLUGIN_CHECK_H

#include "plugin/load.h"

/* Where a check stands, for its sentence: the file, then "operator `sum`", then "option `by`". */
struct gy_check {
    const char *path;
    struct gyre_error *error;
    char item[96];
    char part[96]; /* "" or ", option `by`" */
};

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

/** Says that what is being checked has a fault; returns GYRE_EINVAL. */
int gy_check_fault(const struct gy_check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** True for [a-z][a-z0-9_]*, at most 47 bytes: plugins, operators, options, ports. */
bool gy_check_is_name(const char *name);

/** True for a C identifier of at most 63 bytes: fields, members, state types. */
bool gy_check_is_identifier(const char *name);

#endif
