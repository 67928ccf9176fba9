/* plugins/std/sort_config.h: what std.sort is told: by which fields, and how much it may keep in memory. */
#ifndef GYRE_PLUGIN_STD_SORT_CONFIG_H
#define GYRE_PLUGIN_STD_SORT_CONFIG_H

#include "whole_rows.h"

#include <gyre/gyre.h>

struct sort_field {
    uint32_t in; /* column of the input */
    uint32_t at; /* of sort_config.whole; none of a window's key */
    uint32_t type;
    int32_t descends;
};

struct sort_config {
    const char *by;
    int64_t memory;
    const char *scratch;
    /* made by bind */
    uint32_t n_fields;
    struct sort_field *fields; /* of a whole batch those of the key come first */
    struct whole_rows whole;
};

/** Binds the fields to sort by, and all others: of a window, or of a whole batch.
 *  Thread:  [control]
 *  Errors:  a code, told */
int32_t sort_bind(void *config, struct gyre_bind *bind);
int32_t sort_bind_whole(void *config, struct gyre_bind *bind);

#define SORT_OPTIONS 3u
extern const struct gyre_option sort_options[SORT_OPTIONS];

#endif
