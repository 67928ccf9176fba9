/* Files and folders that operators write; see build.h.
 *
 * A sink empties what it writes. Two on one file leave the rows of one of them, and a source on that
 * file leaves none; so a job that would do this is refused. Pipes and devices, /dev/null above all, may
 * be shared. A path that is written may name fields, "out/{country}/": whatever they hold, it is no place
 * of another. What the pattern of a source matches is known to that alone, when it runs, and not seen here. */
#include "graph/build.h"
#include "graph/where.h"

#include <string.h>
#include <sys/stat.h>

/* A path that an option of an operator gives. */
struct place {
    const struct gy_node *node;
    const struct gy_setting *at;
    bool writes;
    bool is_pattern;
    bool is_there;
    dev_t device;
    ino_t inode;
    const char *text; /* as the job gives it */
    const char *path; /* without links, as far as it exists */
};

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
    place->text = value;
    place->is_pattern = place->writes && gy_where_is_pattern(value);
    place->is_there = path != NULL && !place->is_pattern && stat(path, &status) == 0;
    if (place->is_there && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return false;
    if (place->is_there) {
        place->device = status.st_dev;
        place->inode = status.st_ino;
    }
    place->path = path != NULL ? gy_where_resolve(b->scope.arena, path) : NULL;
    return place->path != NULL;
}

static bool is_same(const struct gy_build *b, const struct place *one, const struct place *other)
{
    if (one->is_there && other->is_there)
        return one->device == other->device && one->inode == other->inode;
    return gy_where_meet(b->scope.arena, one->path, one->is_pattern, other->path,
                         other->is_pattern);
}

/* What is told, at the later of two places that are one. */
static void tell(const struct gy_build *b, const struct place *first, const struct place *second)
{
    const struct place *writer = second->writes ? second : first;
    const struct place *reader = second->writes ? first : second;
    if ((first->is_pattern || second->is_pattern) && first->writes && second->writes)
        gy_build_tell(b, second->at,
                      "%s: `%s` writes %s, which may be the same as %s of `%s`; each needs a place "
                      "of its own",
                      second->at->name, second->node->id, second->text, first->text,
                      first->node->id);
    else if (first->writes && second->writes)
        gy_build_tell(b, second->at,
                      "%s: `%s` and `%s` write the same place; each needs one of its own",
                      second->at->name, first->node->id, second->node->id);
    else
        gy_build_tell(b, second->at,
                      "%s: `%s` reads what `%s` writes, and would lose it; write to another place",
                      second->at->name, reader->node->id, writer->node->id);
}

/* The first of the places before it that place `i` must not share. */
static const struct place *find_conflict(const struct gy_build *b, const struct place *places,
                                         uint32_t i)
{
    const struct place *one = places, *other = &places[i];
    for (; one < other; one++)
        if ((one->writes || other->writes) && one->node != other->node && is_same(b, one, other))
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
        const struct place *first = find_conflict(b, places, i);
        if (first != NULL)
            tell(b, first, &places[i]);
    }
}
