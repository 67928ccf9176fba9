/* plugins/json/path.h: paths into values of JSON, and trees of them.
 *
 *     user.id   items[0].sku   [2]   headers['content-type']   a."b.c"   $   $.user
 *
 * A key ends at . or [, unless it is in quotes; $ is the whole value, which may stand at the front of each. With an
 * array that is flattened, [*] is each of its elements. */
#ifndef GYRE_PLUGIN_JSON_PATH_H
#define GYRE_PLUGIN_JSON_PATH_H

#include <gyre/gyre.h>

enum { PATH_STEPS_MAX = 64, PATH_WHY = 160, NO_NODE = -1 };

enum { STEP_KEY, STEP_INDEX, STEP_EACH };

struct step {
    uint32_t kind;
    uint32_t index;
    uint32_t len; /* of a key; it is a part of the path's text */
    const char *key;
};

struct path {
    uint32_t n;
    struct step steps[PATH_STEPS_MAX];
};

/** Reads a path; 0 where it is none, with the reason.
 *  Thread:  [any] */
int path_parse(const char *text, struct path *path, char why[PATH_WHY]);

/** True where the first n steps of both are the same.
 *  Thread:  [any] */
int path_begins(const struct path *path, const struct path *with);

/* A step of some paths that begin alike. */
struct node {
    struct step step;
    int32_t child;   /* the first one */
    int32_t sibling; /* the next one */
    int32_t want;    /* the first of those whose path ends here */
};

/* The nodes of all trees of an operator: a root has no step. */
struct nodes {
    uint32_t n;
    struct node *at;
};

/** Adds a root, or the nodes of a path below one; the last node. There has to be room.
 *  Thread:  [control] */
int32_t nodes_root(struct nodes *nodes);
int32_t nodes_add(struct nodes *nodes, int32_t root, const struct path *path, uint32_t from_step);

/** The child for a key, an index, or each element; NO_NODE.
 *  Thread:  [any] */
int32_t nodes_key(const struct nodes *nodes, int32_t parent, const char *key, size_t len);
int32_t nodes_index(const struct nodes *nodes, int32_t parent, uint32_t index);
int32_t nodes_each(const struct nodes *nodes, int32_t parent);

#endif
