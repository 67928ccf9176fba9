/* Paths that need not be there yet: whether two of them are, or may be, one.
 *
 * In the path of something that is written `{...}` stands for any text of a name, as in "out/{country}/": a folder for
 * each value of a field. */
#ifndef GY_GRAPH_WHERE_H
#define GY_GRAPH_WHERE_H

#include "base/arena_ctl.h"

#include <stdbool.h>

/** True where a path has a `{...}`. */
bool gy_where_is_pattern(const char *path);

/** The path from the root on, without links as far as it is there, and without `.`, `..` and slashes that say nothing.
 *  Owns:    the arena
 *  Errors:  NULL without memory */
const char *gy_where_resolve(struct gy_arena_ctl *arena, const char *path);

/** True where two resolved paths are one; of patterns, where some path is both. False without memory, too. */
bool gy_where_meet(struct gy_arena_ctl *arena, const char *a, bool a_is_pattern, const char *b,
                   bool b_is_pattern);

#endif
