/* plugins/lua/pattern.h: Lua's patterns, with an end.
 *
 * Those of string.find and its kin may go back and forth for longer than anybody waits, in a call of C that no
 * tick interrupts. So they are matched here, and what is looked at counts as steps of the row. */
#ifndef GYRE_PLUGIN_LUA_PATTERN_H
#define GYRE_PLUGIN_LUA_PATTERN_H

#include "gauge.h"

#define PATTERN_PARTS 32

/* A capture: bytes from 0, or with the length PATTERN_POSITION a place. */
struct pattern_part {
    int64_t at;
    int64_t length;
};

#define PATTERN_POSITION (-2)

/* What was found: bytes start ... end - 1. */
struct pattern_found {
    int64_t start;
    int64_t end;
    int64_t n_parts;
    const char *wrong; /* with the pattern; NULL: the steps were used up */
    struct pattern_part parts[PATTERN_PARTS];
};

/** Looks for the pattern from byte `from` (0 the first) on. 1 found, 0 not, -1 wrong.
 *  Shape:   `found` is Lua's, of the state that calls */
int32_t pattern_find(struct gauge *gauge, struct pattern_found *found, const char *text, size_t n,
                     const char *pattern, size_t length, size_t from);

/** The same for bytes as they are. */
int32_t pattern_find_plain(struct gauge *gauge, struct pattern_found *found, const char *text,
                           size_t n, const char *what, size_t length, size_t from);

#endif
