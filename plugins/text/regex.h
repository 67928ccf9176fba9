/* plugins/text/regex.h: patterns of PCRE2, and the pieces that their named groups match.
 *
 * The pattern is looked for anywhere in a text, in its first place. Text is bytes: but where the pattern has
 * bytes above 0x7f, or begins with (*UTF), it is UTF-8, and what is none of it matches nothing.
 *
 * No text may keep a task for long, whatever the pattern: a match that begins at one place gets `steps` (the
 * library's match limit) and a stack of STACK_MAX; and a match may begin in the first starts_max() bytes of a
 * text alone, so that those that are looked for in vain take about 2^30 steps in all. A text that would need
 * more is told from one that does not match. */
#ifndef GYRE_PLUGIN_TEXT_REGEX_H
#define GYRE_PLUGIN_TEXT_REGEX_H

#include "cast.h"

/* A group of the pattern, and the piece that it sets. Several groups may have one name: the piece is that of
 * the last one that took part. */
struct regex_group {
    uint32_t number;
    uint32_t piece;
};

/* What bind finds out of a pattern. */
struct regex_plan {
    const char *pattern;
    uint32_t flags; /* of the library, to compile it with */
    uint32_t steps;
    uint32_t n_names;
    uint32_t n_groups;
    const char *const *names; /* of pieces, in the order of their groups */
    const struct regex_group *groups;
};

struct regex;

enum { REGEX_MATCH, REGEX_NO_MATCH, REGEX_TOO_MUCH };

/** What this build lacks for patterns; NULL: nothing.
 *  Thread:  [any] */
const char *regex_lacks(void);

/** Compiles `plan->pattern` and fills the rest. What is wrong is told with the line of `option`.
 *  Thread:  [control]
 *  Errors:  a code, told */
int32_t regex_bind(struct gyre_bind *bind, const char *option, struct regex_plan *plan);

/** A matcher of its own for a task; NULL: told.
 *  Owns:    regex_close
 *  Thread:  [task] */
struct regex *regex_open(struct gyre_ctx *ctx, const struct regex_plan *plan);
void regex_close(struct regex *regex, struct gyre_ctx *ctx);

/** Fills the pieces of a text that matches; else `why` says what is the matter.
 *  Thread:  [task] */
int regex_match(struct regex *regex, struct piece text, struct piece *pieces, char why[CAST_WHY]);

#endif
