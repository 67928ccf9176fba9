/* Reading a conform.cfg; see subject.h. */
#include "conform/subject.h"

#include "base/mem.h"

#include <gyre/error.h>

/* ---- settings as text again ---- */

static void put_string(struct gy_buf *into, const char *text)
{
    gy_buf_u8(into, '"');
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\')
            gy_buf_u8(into, '\\');
        if (*text == '\n')
            gy_buf_text(into, "\\n");
        else if (*text == '$' && text[1] == '{')
            gy_buf_text(into, "$$");
        else
            gy_buf_u8(into, (uint8_t)*text);
    }
    gy_buf_u8(into, '"');
}

static void put_value(struct gy_buf *into, const struct gy_setting *s);

static void put_members(struct gy_buf *into, const struct gy_setting *s)
{
    bool group = s->kind == GY_SETTING_GROUP;
    gy_buf_text(into, group ? "{" : "(");
    for (uint32_t i = 0; i < s->n; i++) {
        if (group)
            gy_buf_printf(into, "%s = ", s->items[i]->name);
        else if (i > 0)
            gy_buf_text(into, ", ");
        put_value(into, s->items[i]);
        if (group)
            gy_buf_text(into, "; ");
    }
    gy_buf_text(into, group ? "}" : ")");
}

/* libconfig's own bound on nesting bounds the calls. */
static void put_value(struct gy_buf *into, const struct gy_setting *s)
{
    char number[GY_NUMBER_MAX];
    switch (s->kind) {
    case GY_SETTING_BOOL: gy_buf_text(into, s->bool_value ? "true" : "false"); break;
    case GY_SETTING_INT: gy_buf_printf(into, "%lldL", (long long)s->int_value); break;
    case GY_SETTING_FLOAT:
        gy_number_format_f64(number, s->float_value);
        gy_buf_printf(into, "%s%s", number, strpbrk(number, ".e") != NULL ? "" : ".0");
        break;
    case GY_SETTING_STRING: put_string(into, s->text); break;
    case GY_SETTING_LIST:
    case GY_SETTING_GROUP: put_members(into, s); break;
    default: break;
    }
}

static char *text_of(struct gy_buf *buf)
{
    const char *text = gy_buf_cstr(buf);
    char *copy = text != NULL ? gy_strdup(text) : NULL;
    gy_buf_fini(buf);
    return copy;
}

/* ---- one subject ---- */

static char *lines_of(const struct gy_setting *list)
{
    struct gy_buf text = {0};
    for (uint32_t i = 0; i < list->n; i++)
        if (list->items[i]->kind == GY_SETTING_STRING)
            gy_buf_printf(&text, "%s\n", list->items[i]->text);
    return text_of(&text);
}

static void refuse(struct gy_diags *diags, const struct gy_setting *at, const char *what)
{
    gy_diags_add(diags, at->file, at->line, "%s", what);
}

static void read_input(struct gy_subject *s, const struct gy_setting *at, struct gy_diags *diags)
{
    if (at->kind == GY_SETTING_STRING) {
        s->inputs[0].schema = gy_strdup(at->text);
        return;
    }
    if (at->kind != GY_SETTING_GROUP || at->n > GYRE_KIT_INPUTS) {
        refuse(
            diags, at,
            "`input` is a schema as \"a: i64, b: str\", or a group with one for each input port");
        return;
    }
    for (uint32_t i = 0; i < at->n; i++)
        if (at->items[i]->kind == GY_SETTING_STRING) {
            s->inputs[i].port = gy_strdup(at->items[i]->name);
            s->inputs[i].schema = gy_strdup(at->items[i]->text);
        }
}

static void read_rows(struct gy_subject *s, const struct gy_setting *at, struct gy_diags *diags)
{
    if (at->kind == GY_SETTING_LIST) {
        s->inputs[0].rows = lines_of(at);
        return;
    }
    for (uint32_t i = 0; at->kind == GY_SETTING_GROUP && i < at->n; i++) {
        bool found = false;
        for (uint32_t p = 0; p < GYRE_KIT_INPUTS && !found; p++)
            if (s->inputs[p].port != NULL && strcmp(s->inputs[p].port, at->items[i]->name) == 0) {
                s->inputs[p].rows = lines_of(at->items[i]);
                found = true;
            }
        if (!found)
            refuse(diags, at->items[i], "`rows` has a port that `input` does not have");
    }
}

/* A name leads into the run's folder and nowhere else. */
static bool is_inside(const char *name)
{
    for (const char *at = name; at != NULL; at = strchr(at, '/')) {
        at += *at == '/' && at != name;
        if (*at == '/' || *at == 0 || strncmp(at, "../", 3) == 0 || strcmp(at, "..") == 0)
            return false;
    }
    return true;
}

static void read_files(struct gy_subject *s, const struct gy_setting *at, struct gy_diags *diags)
{
    if (at->kind != GY_SETTING_GROUP && at->kind != GY_SETTING_LIST) {
        refuse(diags, at, "`files` is a list of {name = ...; text = ...;}");
        return;
    }
    if (at->n > GYRE_KIT_INPUTS)
        refuse(diags, at, "`files` has more than 8");
    for (uint32_t i = 0; i < at->n && i < GYRE_KIT_INPUTS; i++) {
        const struct gy_setting *name = gy_setting_get(at->items[i], "name");
        const struct gy_setting *text = gy_setting_get(at->items[i], "text");
        if (name == NULL || text == NULL || name->text == NULL || text->text == NULL) {
            refuse(diags, at->items[i], "a file has a `name` and a `text`");
            continue;
        }
        if (!is_inside(name->text)) {
            refuse(diags, name,
                   "the name of a file is relative to the folder of the run, and leads into it");
            continue;
        }
        s->file_names[i] = gy_strdup(name->text);
        s->file_texts[i] = gy_strdup(text->text);
    }
}

static char *comma_list(const struct gy_setting *at)
{
    struct gy_buf text = {0};
    for (uint32_t i = 0; i < at->n; i++)
        gy_buf_printf(&text, "%s%s", i > 0 ? "," : "",
                      at->items[i]->text != NULL ? at->items[i]->text : "");
    return text_of(&text);
}

static void read_subject(struct gy_subject *s, const struct gy_setting *group,
                         struct gy_diags *diags)
{
    static const char *const first[] = {"op", "input"};
    struct gy_buf options = {0};
    for (size_t k = 0; k < sizeof first / sizeof *first; k++) {
        const struct gy_setting *at = gy_setting_get(group, first[k]);
        if (k == 0 && at != NULL && at->kind == GY_SETTING_STRING)
            s->op = gy_strdup(at->text);
        else if (k == 1 && at != NULL)
            read_input(s, at, diags);
    }
    for (uint32_t i = 0; i < group->n; i++) {
        const struct gy_setting *at = group->items[i];
        if (strcmp(at->name, "op") == 0 || strcmp(at->name, "input") == 0)
            continue;
        if (strcmp(at->name, "rows") == 0)
            read_rows(s, at, diags);
        else if (strcmp(at->name, "files") == 0)
            read_files(s, at, diags);
        else if (strcmp(at->name, "seen") == 0 && at->text != NULL)
            s->seen = gy_strdup(at->text);
        else if (strcmp(at->name, "skip") == 0)
            s->skip = comma_list(at);
        else if (strcmp(at->name, "mode") == 0 && at->text != NULL)
            s->mode = strcmp(at->text, "batch") == 0 ? GYRE_MODE_BATCH : GYRE_MODE_STREAM;
        else {
            gy_buf_printf(&options, "%s = ", at->name);
            put_value(&options, at);
            gy_buf_text(&options, "; ");
        }
    }
    s->options = text_of(&options);
    if (s->op == NULL)
        refuse(diags, group, "a subject has an `op`, \"PLUGIN.NAME\"");
}

int gy_subjects_read(struct gy_subjects *subjects, const char *config, struct gy_diags *diags)
{
    struct gy_arena_ctl arena = {0};
    struct gy_scope scope = {&arena, diags};
    const struct gy_setting *root = gy_setting_read_file(&scope, config);
    const struct gy_setting *list = root != NULL ? gy_setting_get(root, "subjects") : NULL;
    int code = root == NULL ? GYRE_EINVAL : 0;
    if (root != NULL && (list == NULL || list->kind != GY_SETTING_LIST))
        gy_diags_add(diags, config, 1, "there are no `subjects`, a list of groups");
    for (uint32_t i = 0; code == 0 && list != NULL && i < list->n; i++) {
        struct gy_subject s = {.mode = GYRE_MODE_STREAM, .line = list->items[i]->line};
        read_subject(&s, list->items[i], diags);
        if (s.op == NULL || gy_vec_push(&subjects->list, s) != 0) {
            gy_subject_fini(&s);
            code = GYRE_EINVAL;
        }
    }
    gy_arena_ctl_fini(&arena);
    return code;
}
