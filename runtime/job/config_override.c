/* Command line over job file: `--set ID.OPTION=VALUE`, `--set job.KEY=VALUE`, `-p N`; see config.h.
 *
 * A value is put into the tree as text (RAW) under the label "--set ID.OPTION", in place of what the
 * file says; further dots lead into groups, which are made where there are none. */
#include "job/config.h"

#include <string.h>

#include "job/value.h"

/* A group or list that was put in by an earlier --set as text becomes a tree, to be gone into. */
static struct gy_setting *as_group(const struct gy_scope *scope, struct gy_setting *parent,
                                   const char *name, const struct gy_setting *at)
{
    struct gy_setting *s = gy_setting_get(parent, name);
    if (s == NULL) {
        s = gy_setting_group(scope, name, at);
        gy_setting_put(scope, parent, s);
        return s;
    }
    if (s->kind == GY_SETTING_RAW && s->text[0] == '{') {
        s = gy_setting_read_value(scope, s);
        gy_setting_put(scope, parent, s);
        return s;
    }
    if (s->kind == GY_SETTING_GROUP)
        return s;
    gy_diags_add(scope->diags, at->file, at->line, "`%s` is not a group in the job file", name);
    return NULL;
}

/* Puts `text` at the dotted `path` below `group`. */
static void put(const struct gy_scope *scope, struct gy_setting *group, const char *label,
                const char *path, const char *text)
{
    const char *dot;
    struct gy_setting *value = gy_setting_raw(scope, path, label, text);
    while (value != NULL && group != NULL && (dot = strchr(path, '.')) != NULL) {
        const char *name = gy_arena_ctl_strndup(scope->arena, path, (size_t)(dot - path));
        group = name != NULL ? as_group(scope, group, name, value) : NULL;
        path = dot + 1;
    }
    if (value == NULL || group == NULL)
        return;
    value->name = gy_arena_ctl_strdup(scope->arena, path);
    if (value->name != NULL)
        gy_setting_put(scope, group, value);
}

static struct gy_setting *find_operator(const struct gy_scope *scope, struct gy_setting *root,
                                        const char *id, const char *label)
{
    const struct gy_setting *list = gy_setting_get(root, "operators");
    if (list == NULL || list->kind != GY_SETTING_LIST)
        return NULL;
    const char **ids = gy_arena_ctl_calloc(scope->arena, list->n, sizeof *ids);
    size_t n = 0;
    for (uint32_t i = 0; ids != NULL && i < list->n; i++) {
        const struct gy_setting *s = gy_setting_get(list->items[i], "id");
        if (s == NULL || s->kind != GY_SETTING_STRING)
            continue;
        if (strcmp(s->text, id) == 0)
            return list->items[i];
        ids[n++] = s->text;
    }
    struct gy_setting at = {.file = label};
    gy_value_unknown(scope, &at, "operator", id, NULL, ids, n, "the job's `operators` lists all");
    return NULL;
}

static void put_job_key(const struct gy_scope *scope, struct gy_setting *root, const char *label,
                        const char *path, const char *text)
{
    if (strcmp(path, "operators") == 0 || strcmp(path, "tests") == 0) {
        gy_diags_add(scope->diags, label, 0, "cannot be set; set ID.OPTION of one operator");
        return;
    }
    put(scope, root, label, path, text);
}

static void set_one(const struct gy_scope *scope, struct gy_setting *root, const char *set)
{
    const char *equals = strchr(set, '=');
    const char *dot = strchr(set, '.');
    if (equals == NULL || dot == NULL || dot > equals || dot == set || dot + 1 == equals ||
        equals[-1] == '.' || strstr(set, "..") == dot) {
        const char *label = gy_arena_ctl_printf(scope->arena, "--set %s", set);
        gy_diags_add(scope->diags, label, 0, "expected ID.OPTION=VALUE or job.KEY=VALUE");
        return;
    }
    const char *label = gy_arena_ctl_printf(scope->arena, "--set %.*s", (int)(equals - set), set);
    const char *id = gy_arena_ctl_strndup(scope->arena, set, (size_t)(dot - set));
    const char *path = gy_arena_ctl_strndup(scope->arena, dot + 1, (size_t)(equals - dot - 1));
    if (label == NULL || id == NULL || path == NULL)
        return;
    if (strcmp(id, "job") == 0) {
        put_job_key(scope, root, label, path, equals + 1);
        return;
    }
    struct gy_setting *op = find_operator(scope, root, id, label);
    if (op == NULL)
        return;
    if (strcmp(path, "id") == 0)
        gy_diags_add(scope->diags, label, 0, "an operator's id cannot be set");
    else
        put(scope, op, label, path, equals + 1);
}

void gy_job_override(const struct gy_scope *scope, struct gy_setting *root,
                     const struct gy_overrides *overrides)
{
    for (size_t i = 0; i < overrides->n_sets; i++)
        set_one(scope, root, overrides->sets[i]);
    if (overrides->parallelism != NULL)
        put(scope, root, "-p", "parallelism", overrides->parallelism);
}
