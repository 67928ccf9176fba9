/* The settings' tree: from libconfig's, from a value's text, from the command line; see setting.h. */
#include "job/setting.h"

#include <assert.h>
#include <errno.h>
#include <libconfig.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "job/flat.h"
#include "job/source.h"

static struct gy_setting *new_setting(const struct gy_scope *scope)
{
    return gy_arena_ctl_alloc(scope->arena, sizeof(struct gy_setting));
}

struct gy_setting *gy_setting_raw(const struct gy_scope *scope, const char *name, const char *label,
                                  const char *text)
{
    struct gy_setting *s = new_setting(scope);
    if (s == NULL)
        return NULL;
    s->name = gy_arena_ctl_strdup(scope->arena, name);
    s->file = gy_arena_ctl_strdup(scope->arena, label);
    s->text = gy_arena_ctl_strdup(scope->arena, text);
    s->dir = "";
    s->kind = GY_SETTING_RAW;
    return s->name != NULL && s->file != NULL && s->text != NULL ? s : NULL;
}

struct gy_setting *gy_setting_group(const struct gy_scope *scope, const char *name,
                                    const struct gy_setting *at)
{
    struct gy_setting *s = new_setting(scope);
    if (s == NULL)
        return NULL;
    *s = (struct gy_setting){.name = gy_arena_ctl_strdup(scope->arena, name),
                             .file = at->file,
                             .line = at->line,
                             .dir = at->dir,
                             .kind = GY_SETTING_GROUP};
    return s->name != NULL ? s : NULL;
}

struct gy_setting *gy_setting_get(const struct gy_setting *group, const char *name)
{
    if (group == NULL || group->kind != GY_SETTING_GROUP)
        return NULL;
    for (uint32_t i = 0; i < group->n; i++)
        if (strcmp(group->items[i]->name, name) == 0)
            return group->items[i];
    return NULL;
}

void gy_setting_put(const struct gy_scope *scope, struct gy_setting *group,
                    struct gy_setting *member)
{
    if (member == NULL)
        return;
    assert(group->kind == GY_SETTING_GROUP);
    for (uint32_t i = 0; i < group->n; i++)
        if (strcmp(group->items[i]->name, member->name) == 0) {
            group->items[i] = member;
            return;
        }
    struct gy_setting **items =
        gy_arena_ctl_calloc(scope->arena, (size_t)group->n + 1, sizeof *items);
    if (items == NULL)
        return;
    for (uint32_t i = 0; i < group->n; i++)
        items[i] = group->items[i];
    items[group->n++] = member;
    group->items = items;
}

/* ---- from libconfig ---- */

/* Where a copied tree is from: its text, or the one place of a value; and its folder. */
struct origin {
    const struct gy_flat *flat; /* has the places of libconfig's lines; NULL: there is one place */
    const char *file;
    int line;
    const char *dir;
    size_t scanned; /* the integers that do not fit were told from this one on ... */
    size_t found;   /* ... up to this one */
};

/* True where an integer of this line does not fit. */
static bool is_broken(const struct gy_scope *scope, const struct gy_setting *s,
                      const struct origin *origin)
{
    for (size_t i = origin->scanned; i < origin->found; i++) {
        const struct gy_diag *diag = &scope->diags->list.items[i];
        if (diag->line == s->line &&
            strcmp(scope->diags->files.items[diag->file_index], s->file) == 0)
            return true;
    }
    return false;
}

static const char *expand(const struct gy_scope *scope, const struct gy_setting *s,
                          const char *text)
{
    if (text == NULL)
        return "";
    if (strchr(text, '$') == NULL)
        return gy_arena_ctl_strdup(scope->arena, text);
    struct gy_why why;
    char *expanded = gy_text_expand_env(text, &why);
    if (expanded == NULL) {
        gy_diags_add(scope->diags, s->file, s->line, "%s", why.text);
        return gy_arena_ctl_strdup(scope->arena, text);
    }
    const char *copy = gy_arena_ctl_strdup(scope->arena, expanded);
    gy_free(expanded);
    return copy;
}

static void copy_scalar(const struct gy_scope *scope, struct gy_setting *s,
                        const config_setting_t *from)
{
    switch (config_setting_type(from)) {
    case CONFIG_TYPE_BOOL:
        s->kind = GY_SETTING_BOOL;
        s->bool_value = config_setting_get_bool(from) != 0;
        break;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        s->kind = GY_SETTING_INT;
        s->int_value = config_setting_type(from) == CONFIG_TYPE_INT
                           ? config_setting_get_int(from)
                           : config_setting_get_int64(from);
        break;
    case CONFIG_TYPE_FLOAT:
        s->kind = GY_SETTING_FLOAT;
        s->float_value = config_setting_get_float(from);
        break;
    default:
        s->kind = GY_SETTING_STRING;
        s->text = expand(scope, s, config_setting_get_string(from));
        break;
    }
}

int gy_setting_text_line(const struct gy_setting *s, uint32_t line)
{
    if (s->n_lines == 0 || line == 0)
        return s->line;
    return s->lines[line <= s->n_lines ? line - 1 : s->n_lines - 1];
}

/* One node without its children; NULL without memory. */
static struct gy_setting *copy_node(const struct gy_scope *scope, const config_setting_t *from,
                                    const char *name, const struct origin *origin)
{
    struct gy_setting *s = new_setting(scope);
    if (s == NULL)
        return NULL;
    const char *own = config_setting_name(from);
    s->name = gy_arena_ctl_strdup(scope->arena, own != NULL ? own : name);
    s->file = origin->file;
    s->line = origin->line;
    if (origin->flat != NULL)
        s->file = gy_flat_place(origin->flat, (int)config_setting_source_line(from), &s->line);
    s->dir = origin->dir;
    int type = config_setting_type(from);
    if (type == CONFIG_TYPE_GROUP || type == CONFIG_TYPE_LIST || type == CONFIG_TYPE_ARRAY) {
        s->kind = type == CONFIG_TYPE_GROUP ? GY_SETTING_GROUP : GY_SETTING_LIST;
        s->n = (uint32_t)config_setting_length(from);
        s->items = gy_arena_ctl_calloc(scope->arena, s->n, sizeof *s->items);
    } else {
        copy_scalar(scope, s, from);
        if (s->kind == GY_SETTING_STRING && origin->flat != NULL && !scope->arena->oom &&
            strchr(s->text, '\n') != NULL)
            s->lines =
                gy_flat_text_lines(origin->flat, scope, (int)config_setting_source_line(from),
                                   s->name, s->text, &s->n_lines);
        if (s->kind == GY_SETTING_INT && is_broken(scope, s, origin))
            s->kind = GY_SETTING_BROKEN;
    }
    return scope->arena->oom ? NULL : s;
}

/* A tree, level by level: what is still to be filled is kept in a list, not on the stack. */
static struct gy_setting *copy_tree(const struct gy_scope *scope, const config_setting_t *root,
                                    const char *name, const struct origin *origin)
{
    GY_VEC(struct pair {
        const config_setting_t *from;
        struct gy_setting *to;
    })
    open = {0};
    struct gy_setting *top = copy_node(scope, root, name, origin);
    if (top != NULL && name[0] != '\0')
        top->name = name; /* not what the text around a value calls it */
    assert(origin->scanned <= origin->found);
    bool failed = top == NULL || gy_vec_push(&open, (struct pair){root, top}) < 0;
    while (!failed && open.n > 0) {
        struct pair at = gy_vec_pop(&open);
        for (uint32_t i = 0; !failed && i < at.to->n; i++) {
            const config_setting_t *from = config_setting_get_elem(at.from, i);
            struct gy_setting *to = copy_node(scope, from, at.to->name, origin);
            at.to->items[i] = to;
            failed = to == NULL || (to->n > 0 && gy_vec_push(&open, (struct pair){from, to}) < 0);
        }
    }
    gy_vec_fini(&open);
    if (failed)
        gy_diags_add(scope->diags, origin->file, 0, "out of memory");
    return failed ? NULL : top;
}

/* Reads the text of the job file `path`, and what it includes; NULL with the mistakes told. */
static struct gy_setting *parse(const struct gy_scope *scope, const struct gy_flat *flat,
                                const char *path)
{
    config_t config;
    config_init(&config);
    struct gy_setting *root = NULL;
    if (config_read_string(&config, gy_flat_text(flat)) != CONFIG_TRUE) {
        int line;
        const char *file = gy_flat_place(flat, config_error_line(&config), &line);
        const char *text = config_error_text(&config);
        gy_diags_add(scope->diags, file, line, "%s", text != NULL ? text : "syntax error");
    } else {
        size_t scanned = scope->diags->list.n;
        gy_flat_scan_literals(scope, flat);
        struct origin origin = {
            flat, path, 0, gy_path_dir(scope, path), scanned, scope->diags->list.n};
        root = copy_tree(scope, config_root_setting(&config), "", &origin);
    }
    config_destroy(&config);
    return root;
}

struct gy_setting *gy_setting_read_text(const struct gy_scope *scope, const char *path,
                                        const char *text)
{
    struct gy_setting *root = NULL;
    struct gy_flat flat = {0};
    const char *file = gy_arena_ctl_strdup(scope->arena, path);
    if (file != NULL && gy_flat_make(&flat, scope, text, file, gy_path_dir(scope, path)) == 0)
        root = parse(scope, &flat, file);
    gy_flat_fini(&flat);
    return root;
}

struct gy_setting *gy_setting_read_file(const struct gy_scope *scope, const char *path)
{
    size_t size = 0;
    struct gy_setting *root = NULL;
    char *text = gy_setting_load(path, &size);
    if (text == NULL)
        gy_diags_add(scope->diags, path, 0, "cannot be read: %s", strerror(errno));
    else if (strlen(text) != size)
        gy_diags_add(scope->diags, path, 0, "is no job file: it holds a zero byte");
    else
        root = gy_setting_read_text(scope, path, text);
    gy_free(text);
    return root;
}

struct gy_setting *gy_setting_read_value(const struct gy_scope *scope, const struct gy_setting *raw)
{
    const char *text = gy_arena_ctl_printf(scope->arena, "value = %s;", raw->text);
    struct gy_flat flat = {0};
    struct gy_setting *value = NULL;
    config_t config;
    config_init(&config);
    if (text == NULL || gy_flat_make(&flat, scope, text, raw->file, NULL) < 0) {
        value = NULL; /* told */
    } else if (config_read_string(&config, text) != CONFIG_TRUE) {
        gy_diags_add(scope->diags, raw->file, raw->line, "%s in `%s`", config_error_text(&config),
                     raw->text);
    } else {
        size_t before = gy_diags_count(scope->diags);
        gy_flat_scan_literals(scope, &flat);
        struct origin origin = {NULL, raw->file, raw->line, raw->dir, 0, 0};
        if (gy_diags_count(scope->diags) == before)
            value = copy_tree(scope, config_setting_get_elem(config_root_setting(&config), 0),
                              raw->name, &origin);
    }
    config_destroy(&config);
    gy_flat_fini(&flat);
    return value;
}
