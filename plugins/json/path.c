/* plugins/json/path.c: see path.h. */
#include "path.h"

/* ---- reading ----------------------------------------------------------------------------------- */

static int fail(char why[PATH_WHY], const char *text, const char *at, const char *what)
{
    snprintf(why, PATH_WHY, "at byte %zu of the path: %s", (size_t)(at - text), what);
    return 0;
}

/* Takes a key in quotes, whose first one `*at` is at; 0 where it does not end. */
static int take_quoted(const char **at, struct step *step)
{
    const char *end = strchr(*at + 1, **at);
    if (end == NULL)
        return 0;
    *step = (struct step){.kind = STEP_KEY, .key = *at + 1, .len = (uint32_t)(end - *at - 1)};
    *at = end + 1;
    return 1;
}

static int take_number(const char **at, struct step *step)
{
    uint64_t index = 0;
    const char *from = *at;
    for (; **at >= '0' && **at <= '9'; ++*at) {
        index = index * 10 + (uint64_t)(**at - '0');
        if (index > UINT32_MAX)
            return 0;
    }
    *step = (struct step){.kind = STEP_INDEX, .index = (uint32_t)index};
    return *at > from;
}

/* Takes [2], ['key'] or [*], whose bracket `*at` is at; NULL, or what is wrong at `*at`. */
static const char *take_bracket(const char **at, struct step *step)
{
    ++*at;
    if (**at == '*') {
        *step = (struct step){.kind = STEP_EACH};
        ++*at;
    } else if (**at == '\'' || **at == '"') {
        if (!take_quoted(at, step))
            return "a quote that is not closed";
    } else if (!take_number(at, step)) {
        return "an index is a number from 0 on, a key stands in quotes";
    }
    if (**at != ']')
        return "a ] is expected";
    ++*at;
    return NULL;
}

static const char *take_key(const char **at, struct step *step)
{
    if (**at == '"')
        return take_quoted(at, step) ? NULL : "a quote that is not closed";
    size_t n = strcspn(*at, ".[");
    *step = (struct step){.kind = STEP_KEY, .key = *at, .len = (uint32_t)n};
    *at += n;
    return n != 0 ? NULL : "a key is expected; an empty one is [\"\"]";
}

int path_parse(const char *text, struct path *path, char why[PATH_WHY])
{
    const char *at = text;
    path->n = 0;
    if (*at == 0)
        return fail(why, text, at, "it is empty; the whole value is $");
    int is_front = 1;
    if (*at == '$' && (at[1] == 0 || at[1] == '.' || at[1] == '[')) {
        at++;
        is_front = 0;
    }
    while (*at != 0) {
        if (path->n == PATH_STEPS_MAX)
            return fail(why, text, at, "it has too many steps");
        struct step *step = &path->steps[path->n++];
        const char *wrong = NULL;
        if (*at == '[') {
            wrong = take_bracket(&at, step);
        } else if (is_front || *at == '.') {
            at += !is_front;
            wrong = take_key(&at, step);
        } else {
            wrong = "a . or [ is expected";
        }
        if (wrong != NULL)
            return fail(why, text, at, wrong);
        is_front = 0;
    }
    return 1;
}

static int same_step(const struct step *a, const struct step *b)
{
    return a->kind == b->kind && a->index == b->index && a->len == b->len &&
           (a->len == 0 || memcmp(a->key, b->key, a->len) == 0);
}

int path_begins(const struct path *path, const struct path *with)
{
    for (uint32_t i = 0; i < with->n; i++)
        if (i >= path->n || !same_step(&path->steps[i], &with->steps[i]))
            return 0;
    return 1;
}

/* ---- trees ------------------------------------------------------------------------------------- */

static int32_t add_node(struct nodes *nodes, const struct step *step)
{
    nodes->at[nodes->n] =
        (struct node){.step = *step, .child = NO_NODE, .sibling = NO_NODE, .want = NO_NODE};
    return (int32_t)nodes->n++;
}

int32_t nodes_root(struct nodes *nodes)
{
    return add_node(nodes, &(struct step){0});
}

int32_t nodes_add(struct nodes *nodes, int32_t root, const struct path *path, uint32_t from_step)
{
    for (uint32_t i = from_step; i < path->n; i++) {
        int32_t child = nodes->at[root].child;
        while (child != NO_NODE && !same_step(&nodes->at[child].step, &path->steps[i]))
            child = nodes->at[child].sibling;
        if (child == NO_NODE) {
            child = add_node(nodes, &path->steps[i]);
            nodes->at[child].sibling = nodes->at[root].child;
            nodes->at[root].child = child;
        }
        root = child;
    }
    return root;
}

int32_t nodes_key(const struct nodes *nodes, int32_t parent, const char *key, size_t len)
{
    int32_t i = parent != NO_NODE ? nodes->at[parent].child : NO_NODE;
    for (; i != NO_NODE; i = nodes->at[i].sibling) {
        const struct step *step = &nodes->at[i].step;
        if (step->kind == STEP_KEY && step->len == len &&
            (len == 0 || memcmp(step->key, key, len) == 0))
            return i;
    }
    return NO_NODE;
}

int32_t nodes_index(const struct nodes *nodes, int32_t parent, uint32_t index)
{
    int32_t i = parent != NO_NODE ? nodes->at[parent].child : NO_NODE;
    for (; i != NO_NODE; i = nodes->at[i].sibling)
        if (nodes->at[i].step.kind == STEP_INDEX && nodes->at[i].step.index == index)
            return i;
    return NO_NODE;
}

int32_t nodes_each(const struct nodes *nodes, int32_t parent)
{
    int32_t i = parent != NO_NODE ? nodes->at[parent].child : NO_NODE;
    for (; i != NO_NODE; i = nodes->at[i].sibling)
        if (nodes->at[i].step.kind == STEP_EACH)
            return i;
    return NO_NODE;
}
