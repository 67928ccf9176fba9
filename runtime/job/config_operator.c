/* The keys that every operator has, but those of windows; see config.h. */
#include "job/config.h"

#include <string.h>

#include "job/keys.h"
#include "job/value.h"

const struct gy_op_setting *gy_job_operator(const struct gy_job *job, const char *id)
{
    for (uint32_t i = 0; i < job->n_operators; i++)
        if (job->operators[i].id != NULL && strcmp(job->operators[i].id, id) == 0)
            return &job->operators[i];
    return NULL;
}

bool gy_job_is_common_key(const char *name)
{
    static const char keys[] = GY_OPERATOR_KEYS " ";
    size_t n = strlen(name);
    for (const char *at = strstr(keys, name); n > 0 && at != NULL; at = strstr(at + 1, name))
        if (at[-1] == ' ' && at[n] == ' ')
            return true;
    return false;
}

static bool is_name(const char *text, const char *more)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (text[0] == '\0' || strchr(letters, text[0]) == NULL)
        return false;
    for (const char *p = text; *p != '\0'; p++)
        if (strchr(letters, *p) == NULL && (*p < '0' || *p > '9') && strchr(more, *p) == NULL)
            return false;
    return true;
}

/* Ports may be called by a number: std.split makes such of an integer field. */
static bool is_port_name(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789_-") == n;
}

/* ---- input and feedback ---- */

static int read_ref(const struct gy_scope *scope, const struct gy_setting *s, struct gy_ref *ref)
{
    const char *text;
    if (gy_value_string(scope, s, &text) != 0)
        return -1;
    const char *dot = strchr(text, '.');
    size_t n = dot != NULL ? (size_t)(dot - text) : strlen(text);
    ref->at = s;
    ref->id = gy_arena_ctl_strndup(scope->arena, text, n);
    ref->port = dot != NULL ? gy_arena_ctl_strdup(scope->arena, dot + 1) : NULL;
    if (ref->id == NULL)
        return -1;
    if (is_name(ref->id, "-_") && (dot == NULL || is_port_name(dot + 1)))
        return 0;
    gy_diags_add(scope->diags, s->file, s->line,
                 "%s: \"%s\" names no stream: \"ID\" or \"ID.PORT\"", s->name, text);
    return -1;
}

static void read_wire(const struct gy_scope *scope, const struct gy_setting *s, const char *port,
                      bool feedback, struct gy_wire *wire)
{
    struct gy_setting **items;
    uint32_t n;
    *wire = (struct gy_wire){.port = port, .feedback = feedback, .at = s};
    if (gy_value_items(scope, s, true, "the name of a stream, a list of names, or a group", &items,
                       &n) != 0)
        return;
    if (n == 0)
        gy_diags_add(scope->diags, s->file, s->line, "%s: the list is empty", s->name);
    wire->refs = gy_arena_ctl_calloc(scope->arena, n, sizeof *wire->refs);
    for (uint32_t i = 0; wire->refs != NULL && i < n; i++) {
        struct gy_ref *ref = &wire->refs[wire->n];
        if (read_ref(scope, items[i], ref) != 0)
            continue;
        bool twice = false;
        for (uint32_t k = 0; k < wire->n; k++)
            twice |= strcmp(wire->refs[k].id, ref->id) == 0 &&
                     strcmp(wire->refs[k].port != NULL ? wire->refs[k].port : "",
                            ref->port != NULL ? ref->port : "") == 0;
        if (twice)
            gy_diags_add(scope->diags, ref->at->file, ref->at->line, "%s: \"%s\" stands twice",
                         s->name, items[i]->text);
        else
            wire->n++;
    }
}

/* All wires of `input` or `feedback`, appended. */
static void read_wires(const struct gy_scope *scope, struct gy_op_setting *op,
                       const struct gy_setting *s, bool feedback)
{
    const struct gy_setting *tree = gy_value_tree(scope, s);
    if (tree == NULL)
        return;
    bool group = tree->kind == GY_SETTING_GROUP;
    uint32_t more = group ? tree->n : 1;
    struct gy_wire *wires =
        gy_arena_ctl_calloc(scope->arena, (size_t)op->n_wires + more, sizeof *wires);
    if (wires == NULL)
        return;
    for (uint32_t i = 0; i < op->n_wires; i++)
        wires[i] = op->wires[i];
    for (uint32_t i = 0; i < more; i++)
        read_wire(scope, group ? tree->items[i] : tree, group ? tree->items[i]->name : NULL,
                  feedback, &wires[op->n_wires + i]);
    if (group && more == 0)
        gy_diags_add(scope->diags, s->file, s->line, "%s: the group is empty", s->name);
    op->wires = wires;
    op->n_wires += more;
}

/* ---- key ---- */

#define KEY_FORMS "a field, a list of fields, { fn = \"PLUGIN.NAME\"; } or a group by port"

static void read_key_fields(const struct gy_scope *scope, const struct gy_setting *s,
                            struct gy_key_setting *key)
{
    struct gy_setting **items;
    uint32_t n;
    if (gy_value_items(scope, s, true, KEY_FORMS, &items, &n) != 0)
        return;
    if (n == 0 || n > 16) {
        gy_diags_add(scope->diags, s->file, s->line, "%s: a key has 1 to 16 fields, not %u",
                     s->name, n);
        return;
    }
    key->fields = gy_arena_ctl_calloc(scope->arena, n, sizeof *key->fields);
    for (uint32_t i = 0; key->fields != NULL && i < n; i++) {
        const char *field;
        if (gy_value_string(scope, items[i], &field) != 0)
            continue;
        bool twice = false;
        for (uint32_t k = 0; k < key->n; k++)
            twice |= strcmp(key->fields[k], field) == 0;
        if (twice)
            gy_diags_add(scope->diags, items[i]->file, items[i]->line,
                         "key: the field `%s` stands twice", field);
        else
            key->fields[key->n++] = field;
    }
}

static void read_one_key(const struct gy_scope *scope, const struct gy_setting *s, const char *port,
                         struct gy_key_setting *key)
{
    *key = (struct gy_key_setting){.port = port, .at = s};
    const struct gy_setting *tree = gy_value_tree(scope, s);
    if (tree == NULL)
        return;
    if (tree->kind != GY_SETTING_GROUP) {
        read_key_fields(scope, tree, key);
        return;
    }
    const struct gy_setting *fn = gy_setting_get(tree, "fn");
    key->group = tree;
    if (fn == NULL)
        gy_value_wrong(scope, tree, KEY_FORMS);
    else
        gy_value_string(scope, fn, &key->function);
}

void gy_job_read_key(const struct gy_scope *scope, struct gy_op_setting *op)
{
    const struct gy_setting *tree = gy_value_tree(scope, op->key_at);
    if (tree == NULL)
        return;
    bool by_port = tree->kind == GY_SETTING_GROUP && gy_setting_get(tree, "fn") == NULL;
    uint32_t n = by_port ? tree->n : 1;
    op->keys = gy_arena_ctl_calloc(scope->arena, n, sizeof *op->keys);
    if (op->keys == NULL)
        return;
    if (by_port && n == 0)
        gy_value_wrong(scope, tree, KEY_FORMS);
    for (uint32_t i = 0; i < n; i++)
        read_one_key(scope, by_port ? tree->items[i] : tree, by_port ? tree->items[i]->name : NULL,
                     &op->keys[i]);
    op->n_keys = n;
}

/* ---- the others ---- */

static void read_id(const struct gy_scope *scope, struct gy_job *job, struct gy_op_setting *op)
{
    const struct gy_setting *s = gy_setting_get(op->at, "id");
    const char *id;
    op->id_at = s != NULL ? s : op->at;
    if (s == NULL) {
        gy_diags_add(scope->diags, op->at->file, op->at->line, "this operator has no `id`");
        return;
    }
    if (gy_value_string(scope, s, &id) != 0)
        return;
    const struct gy_op_setting *first = gy_job_operator(job, id);
    if (strcmp(id, "job") == 0)
        gy_diags_add(scope->diags, s->file, s->line,
                     "id: `job` is no operator id: `--set job.KEY` means the job");
    else if (strlen(id) > GY_NAME_MAX)
        gy_diags_add(scope->diags, s->file, s->line,
                     "id: an id of %zu bytes; %d are allowed at most", strlen(id), GY_NAME_MAX);
    else if (!is_name(id, "-_"))
        gy_diags_add(scope->diags, s->file, s->line,
                     "id: \"%s\" is no operator id: [A-Za-z][A-Za-z0-9_-]*", id);
    else if (first != NULL)
        gy_diags_add(scope->diags, s->file, s->line,
                     "id: `%s` is the id of another operator (%s:%d)", id, first->id_at->file,
                     first->id_at->line);
    else
        op->id = id;
}

static void read_op(const struct gy_scope *scope, struct gy_op_setting *op)
{
    const struct gy_setting *s = gy_setting_get(op->at, "op");
    const char *text;
    op->op_at = s != NULL ? s : op->at;
    if (s == NULL) {
        const char *of = op->id != NULL ? gy_arena_ctl_printf(scope->arena, "`%s`", op->id) : NULL;
        gy_diags_add(scope->diags, op->id_at->file, op->id_at->line, "%s has no `op`",
                     of != NULL ? of : "this operator");
        return;
    }
    if (gy_value_string(scope, s, &text) != 0)
        return;
    const char *dot = strchr(text, '.');
    if (dot == NULL || dot == text || dot[1] == '\0' || strchr(dot + 1, '.') != NULL) {
        gy_diags_add(scope->diags, s->file, s->line,
                     "op: \"%s\" is no operator: \"PLUGIN.NAME\" (`gyre list` lists all)", text);
        return;
    }
    op->op = text;
    op->plugin = gy_arena_ctl_strndup(scope->arena, text, (size_t)(dot - text));
    op->name = dot + 1;
}

/* A word, a function, or a group with a function and its options. */
static void read_partition(const struct gy_scope *scope, struct gy_op_setting *op)
{
    op->partition_at = gy_setting_get(op->at, "partition");
    const struct gy_setting *tree =
        op->partition_at != NULL ? gy_value_tree(scope, op->partition_at) : NULL;
    if (tree == NULL)
        return;
    if (tree->kind != GY_SETTING_GROUP) {
        gy_value_string(scope, op->partition_at, &op->partition);
        return;
    }
    const struct gy_setting *fn = gy_setting_get(tree, "fn");
    op->partition_group = tree;
    if (fn != NULL)
        gy_value_string(scope, fn, &op->partition);
    else
        gy_diags_add(scope->diags, tree->file, tree->line,
                     "partition: a group names a function: { fn = \"PLUGIN.NAME\"; ... }");
}

static void read_simple(const struct gy_scope *scope, struct gy_op_setting *op)
{
    int64_t value;
    int32_t choice = 0;
    read_partition(scope, op);
    op->parallelism_at = gy_setting_get(op->at, "parallelism");
    if (op->parallelism_at != NULL &&
        gy_value_int(scope, op->parallelism_at, 1, INT32_MAX, &value) == 0)
        op->parallelism = (uint32_t)value;
    op->on_error_at = gy_setting_get(op->at, "on_error");
    if (op->on_error_at != NULL)
        gy_value_choice(scope, op->on_error_at, "fail|skip|port", &op->on_error);
    const struct gy_setting *clock = gy_setting_get(op->at, "clock");
    if (clock != NULL && gy_value_choice(scope, clock, "event|processing", &choice) == 0)
        op->processing_clock = choice == 1;
    const struct gy_setting *doc = gy_setting_get(op->at, "doc");
    if (doc != NULL)
        gy_value_string(scope, doc, &op->doc);
}

static void read_rounds(const struct gy_scope *scope, struct gy_op_setting *op)
{
    const struct gy_setting *s = gy_setting_get(op->at, "rounds");
    const struct gy_setting *group = s != NULL ? gy_value_group(scope, s, "max", "rounds") : NULL;
    if (group == NULL)
        return;
    const struct gy_setting *most = gy_setting_get(group, "max");
    if (most == NULL)
        gy_value_missing(scope, group, "max", "rounds", "max");
    else
        gy_value_int(scope, most, 1, INT64_MAX, &op->rounds_max);
    if (op->feedback_at == NULL)
        gy_diags_add(scope->diags, s->file, s->line,
                     "rounds: only an operator with a `feedback` edge has rounds");
}

static void read_operator(const struct gy_scope *scope, struct gy_job *job,
                          const struct gy_setting *group)
{
    struct gy_op_setting *op = &job->operators[job->n_operators];
    op->at = group;
    read_id(scope, job, op);
    read_op(scope, op);
    op->input_at = gy_setting_get(group, "input");
    op->feedback_at = gy_setting_get(group, "feedback");
    if (op->input_at != NULL)
        read_wires(scope, op, op->input_at, false);
    if (op->feedback_at != NULL)
        read_wires(scope, op, op->feedback_at, true);
    op->key_at = gy_setting_get(group, "key");
    if (op->key_at != NULL)
        gy_job_read_key(scope, op);
    read_simple(scope, op);
    read_rounds(scope, op);
    gy_job_read_window(scope, op);
    op->options = gy_arena_ctl_calloc(scope->arena, group->n, sizeof *op->options);
    for (uint32_t i = 0; op->options != NULL && i < group->n; i++)
        if (!gy_job_is_common_key(group->items[i]->name))
            op->options[op->n_options++] = group->items[i];
    job->n_operators++;
}

void gy_job_read_operators(const struct gy_scope *scope, struct gy_job *job,
                           const struct gy_setting *list)
{
    if (list->kind != GY_SETTING_LIST) {
        gy_value_wrong(scope, list, "a list ( { ... }, { ... } )");
        return;
    }
    if (list->n == 0)
        gy_diags_add(scope->diags, list->file, list->line, "operators: the list is empty");
    job->operators = gy_arena_ctl_calloc(scope->arena, list->n, sizeof *job->operators);
    for (uint32_t i = 0; job->operators != NULL && i < list->n; i++) {
        if (list->items[i]->kind == GY_SETTING_GROUP)
            read_operator(scope, job, list->items[i]);
        else
            gy_value_wrong(scope, list->items[i], "a group { id = ...; op = ...; }");
    }
}
