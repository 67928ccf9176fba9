/* plugins/json/find.h: walks over a text of JSON and notes the values that paths lead to.
 *
 * Two trees of paths are walked at once: that of the whole value, and that of an array whose elements are
 * each looked at on their own. Values are noted as they stand in the text; strings with escapes are decoded into memory of
 * the finder's, where they live until the next text. */
#ifndef GYRE_PLUGIN_JSON_FIND_H
#define GYRE_PLUGIN_JSON_FIND_H

#include "../text/cast.h"
#include "path.h"

enum { FOUND_NOTHING, FOUND_NULL, FOUND_BOOL, FOUND_NUMBER, FOUND_STRING, FOUND_OTHER };

/* What a path leads to; of an object or an array its text. Of a key that comes twice the last counts. */
struct found {
    struct piece piece;
    uint32_t kind;
};

/* The paths of an operator. `next[i]`: the one after i that ends at the same node, or NO_NODE. */
struct wants {
    struct nodes nodes;
    int32_t roots[2]; /* of the whole value; of the array, or NO_NODE */
    int32_t array;    /* its node */
    uint32_t n;
    int32_t *next;
    const char *array_path;
};

enum { FIND_WHY = 320 };

struct finder;

/** Owns:    find_close
 *  Thread:  [task]
 *  Errors:  NULL, told */
struct finder *find_open(struct gyre_ctx *ctx, const struct wants *wants);
void find_close(struct finder *finder, struct gyre_ctx *ctx);

/** Walks over a text. 0: `why` says what is wrong with it; or `why` is empty, and there is no memory.
 *  Thread:  [task] */
int find_all(struct finder *finder, struct gyre_ctx *ctx, struct piece text, char why[FIND_WHY]);

/** What was found: one for each of `wants->n` of the whole value; and of each element.
 *  Owns:    the finder; until the next call of find_all
 *  Thread:  [task] */
const struct found *find_value(const struct finder *finder);
const struct found *find_element(const struct finder *finder, size_t i);
size_t find_elements(const struct finder *finder);

#endif
