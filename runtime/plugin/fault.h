/* What the checks of a plugin's tables share: where one stands, how it tells a fault, what may be
 * a name. */
#ifndef GY_PLUGIN_FAULT_H
#define GY_PLUGIN_FAULT_H

#include <gyre/gyre.h>
#include <stdbool.h>

/* Where a check stands, for its sentence: the file, then "operator `sum`", then "option `by`". */
struct gy_check {
    const char *path;
    struct gyre_error *error;
    const char *guide; /* the section of the guide about what is checked */
    char item[96];
    char part[96]; /* "" or ", option `by`" */
};

/** Says that what is being checked has a fault; returns GYRE_EINVAL. */
int gy_check_fault(const struct gy_check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** True for [a-z][a-z0-9_]*, at most 47 bytes: plugins, operators, options, ports. */
bool gy_check_is_name(const char *name);

/** True for a C identifier of at most 63 bytes: fields, members, state types. */
bool gy_check_is_identifier(const char *name);

#endif
