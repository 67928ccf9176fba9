/* plugins/lua/re.h: regular expressions of PCRE2 for `re(s, pattern)`, compiled once.
 *
 * Text is bytes; a pattern that begins with (*UTF) wants UTF-8. No match takes longer than a row may: what the
 * library counts is bounded by the row's steps. */
#ifndef GYRE_PLUGIN_LUA_RE_H
#define GYRE_PLUGIN_LUA_RE_H

#include "gauge.h"

struct re;

/* What a match found: bytes at ... at + length - 1 of the text; `length` -1 where the group took no part. */
struct re_found {
    int64_t at;
    int64_t length;
    char wrong[128]; /* where nothing could be said */
};

/** Compiles a pattern.
 *  Owns:    the caller, by re_free
 *  Errors:  NULL with a sentence in `wrong`: the pattern is wrong, PCRE2 is missing in this build, no memory */
struct re *re_new(const char *pattern, size_t length, char *wrong, size_t room);
void re_free(struct re *re);

/** How many groups it has. */
int32_t re_groups(const struct re *re);

/** Looks for it anywhere in a text; group 0 is the whole. 1 found, 0 not, -1: `found->wrong`, or where that is
 *  empty the row's steps are used up. */
int32_t re_find(struct gauge *gauge, struct re *re, struct re_found *found, const char *text,
                size_t n, int32_t group);

#endif
