/* Files and folders that operators write; see build.h.
 *
 * A sink empties what it writes. Two on one file leave the rows of one of them, and a source on that
 * file leaves none; so a job that would do this is refused. Pipes and devices, /dev/null above all, may
 * be shared. What a pattern matches is known to the operator alone, when it runs, and not seen here. */
#include "graph/build.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A path that an option of an operator gives. */
struct place {
    const struct gy_node *node;
    const struct gy_setting *at;
    bool writes;
    bool is_there;
    dev_t device;
    ino_t inode;
    const char *path; /* without links, as far as it exists */
};

/* The path without links; of what is not there yet, the folder without links and the name in it. */
static const char *resolve_path(const struct gy_build *b, const char *path)
{
    struct gy_arena_ctl *arena = b->scope.arena;
    const char *slash = strrchr(path, '/');
    const char *folder =
        slash != NULL ? gy_arena_ctl_strndup(arena, path, (size_t)(slash - path) + 1) : ".";
    char *whole = realpath(path, NULL);
    char *real = whole == NULL && folder != NULL ? realpath(folder, NULL) : NULL;
    const char *resolved = path;
    if (whole != NULL)
        resolved = gy_arena_ctl_strdup(arena, whole);
    else if (real != NULL)
        resolved = gy_arena_ctl_printf(arena, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
                                       slash != NULL ? slash + 1 : path);
    free(whole);
    free(real);
    return resolved;
}

/* False for what operators may share. */
static bool find_place(const struct gy_build *b, const char *value, struct place *place)
{
    struct stat status;
    size_t n = strlen(value);
    if (strcmp(value, "-") == 0)
        return false;
    while (n > 1 && value[n - 1] == '/')
        n--;
    const char *path = gy_arena_ctl_strndup(b->scope.arena, value, n);
    place->is_there = path != NULL && stat(path, &status) == 0;
    if (place->is_there && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return false;
    if (place->is_there) {
        place->device = status.st_dev;
        place->inode = status.st_ino;
    }
    place->path = path != NULL ? resolve_path(b, path) : NULL;
    return place->path != NULL;
}

static bool is_same(const struct place *one, const struct place *other)
{
    if (one->is_there && other->is_there)
        return one->device == other->device && one->inode == other->inode;
    return strcmp(one->path, other->path) == 0;
}

/* What is told, at the later of two places that are one. */
static void tell(const struct gy_build *b, const struct place *first, const struct place *second)
{
    const struct place *writer = second->writes ? second : first;
    const struct place *reader = second->writes ? first : second;
    if (first->writes && second->writes)
        gy_build_tell(b, second->at, "%s: `%s` writes this too; each needs a place of its own",
                      second->at->name, first->node->id);
    else
        gy_build_tell(b, second->at,
                      "%s: `%s` reads what `%s` writes, and would lose it; write to another place",
                      second->at->name, reader->node->id, writer->node->id);
}

/* The first of the places before it that place `i` must not share. */
static const struct place *find_conflict(const struct place *places, uint32_t i)
{
    const struct place *one = places, *other = &places[i];
    for (; one < other; one++)
        if ((one->writes || other->writes) && one->node != other->node && is_same(one, other))
            return one;
    return NULL;
}

void gy_build_paths(struct gy_build *b)
{
    struct place *places = NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        const struct gy_build_node *bn = &b->nodes[i];
        const struct gyre_operator *d = bn->node->descriptor;
        for (uint32_t o = 0; d != NULL && bn->options_ok && o < d->n_options; o++) {
            const struct gyre_option *option = gyre_option_at(d->options, o);
            const char *const *value =
                (const void *)((const char *)bn->node->config + option->offset);
            struct place place = {.node = bn->node, .writes = (option->flags & GYRE_WRITES) != 0};
            if (option->type != GYRE_OPTION_PATH || *value == NULL ||
                !find_place(b, *value, &place))
                continue;
            place.at = gy_build_option_at(bn->set, option->name);
            places = gy_build_room(b, places, n, sizeof *places);
            if (places == NULL)
                return;
            places[n++] = place;
        }
    }
    for (uint32_t i = 1; i < n; i++) {
        const struct place *first = find_conflict(places, i);
        if (first != NULL)
            tell(b, first, &places[i]);
    }
}
