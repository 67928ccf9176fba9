/* Settings read as values of a type; see value.h. */
#include "job/value.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "job/source.h"

static const char *describe(const struct gy_scope *scope, const struct gy_setting *s)
{
    char number[GY_NUMBER_MAX];
    const char *text = NULL;
    switch (s->kind) {
    case GY_SETTING_BOOL: return s->bool_value ? "true" : "false";
    case GY_SETTING_INT:
        text = gy_arena_ctl_printf(scope->arena, "the integer %lld", (long long)s->int_value);
        break;
    case GY_SETTING_FLOAT:
        gy_number_format_f64(number, s->float_value);
        text = gy_arena_ctl_printf(scope->arena, "the number %s", number);
        break;
    case GY_SETTING_STRING:
        text = gy_arena_ctl_printf(scope->arena, "the string \"%.60s\"", s->text);
        break;
    case GY_SETTING_RAW: text = gy_arena_ctl_printf(scope->arena, "`%.60s`", s->text); break;
    case GY_SETTING_LIST: return "a list";
    case GY_SETTING_GROUP: return "a group";
    case GY_SETTING_BROKEN: break;
    }
    return text != NULL ? text : "?";
}

int gy_value_wrong(const struct gy_scope *scope, const struct gy_setting *s, const char *wanted)
{
    if (s->kind != GY_SETTING_BROKEN)
        gy_diags_add(scope->diags, s->file, s->line, "%s: expected %s, not %s", s->name, wanted,
                     describe(scope, s));
    return -1;
}

static int refused(const struct gy_scope *scope, const struct gy_setting *s,
                   const struct gy_why *why)
{
    gy_diags_add(scope->diags, s->file, s->line, "%s: %s", s->name, why->text);
    return -1;
}

int gy_value_bool(const struct gy_scope *scope, const struct gy_setting *s, bool *v)
{
    if (s->kind == GY_SETTING_BOOL) {
        *v = s->bool_value;
        return 0;
    }
    if (s->kind == GY_SETTING_RAW && gy_text_parse_bool(s->text, v, NULL) == 0)
        return 0;
    return gy_value_wrong(scope, s, "true or false");
}

int gy_value_int(const struct gy_scope *scope, const struct gy_setting *s, int64_t min, int64_t max,
                 int64_t *v)
{
    int64_t value = s->int_value;
    if (s->kind == GY_SETTING_RAW) {
        size_t n = strlen(s->text);
        n -= n > 1 && s->text[n - 1] == 'L'; /* as in a job file */
        if (gy_number_parse_i64(s->text, n, &value) != 0)
            return gy_value_wrong(scope, s, "an integer");
    } else if (s->kind != GY_SETTING_INT) {
        return gy_value_wrong(scope, s, "an integer");
    }
    if ((min != 0 || max != 0) && (value < min || value > max)) {
        if (max == INT64_MAX)
            gy_diags_add(scope->diags, s->file, s->line, "%s: %lld is less than %lld", s->name,
                         (long long)value, (long long)min);
        else
            gy_diags_add(scope->diags, s->file, s->line, "%s: %lld is not within %lld and %lld",
                         s->name, (long long)value, (long long)min, (long long)max);
        return -1;
    }
    *v = value;
    return 0;
}

int gy_value_float(const struct gy_scope *scope, const struct gy_setting *s, double *v)
{
    double value = 0;
    if (s->kind == GY_SETTING_INT)
        value = (double)s->int_value;
    else if (s->kind == GY_SETTING_FLOAT)
        value = s->float_value;
    else if (s->kind != GY_SETTING_RAW || gy_text_parse_f64(s->text, &value, NULL) != 0)
        return gy_value_wrong(scope, s, "a number");
    if (!isfinite(value))
        return gy_value_wrong(scope, s, "a finite number");
    *v = value;
    return 0;
}

int gy_value_string(const struct gy_scope *scope, const struct gy_setting *s, const char **v)
{
    if (s->kind != GY_SETTING_STRING && s->kind != GY_SETTING_RAW)
        return gy_value_wrong(scope, s, "a string");
    *v = s->text;
    return 0;
}

int gy_value_path(const struct gy_scope *scope, const struct gy_setting *s, const char **v)
{
    const char *path = NULL;
    if (s->kind != GY_SETTING_STRING && s->kind != GY_SETTING_RAW)
        return gy_value_wrong(scope, s, "a path");
    path = s->text;
    if (path[0] == '\0') {
        gy_diags_add(scope->diags, s->file, s->line, "%s: the path is empty", s->name);
        return -1;
    }
    *v = strcmp(path, "-") == 0 ? path : gy_path_in(scope, s->dir, path);
    return 0;
}

static int quantity(const struct gy_scope *scope, const struct gy_setting *s, int64_t min,
                    int64_t max, const char *wanted,
                    int (*parse)(const char *, int64_t *, struct gy_why *), int64_t *v)
{
    struct gy_why why;
    int64_t value = 0;
    if (s->kind != GY_SETTING_STRING && s->kind != GY_SETTING_RAW)
        return gy_value_wrong(scope, s, wanted);
    if (parse(s->text, &value, &why) != 0)
        return refused(scope, s, &why);
    if ((min != 0 || max != 0) && (value < min || value > max)) {
        char low[GY_NUMBER_MAX], high[GY_NUMBER_MAX];
        bool is_size = parse == gy_text_parse_size;
        size_t (*format)(char *, int64_t) = gy_text_format_duration;
        is_size ? gy_text_format_size(low, (uint64_t)min) : format(low, min);
        is_size ? gy_text_format_size(high, (uint64_t)max) : format(high, max);
        if (max == INT64_MAX)
            gy_diags_add(scope->diags, s->file, s->line, "%s: \"%s\" is less than \"%s\"", s->name,
                         s->text, low);
        else
            gy_diags_add(scope->diags, s->file, s->line,
                         "%s: \"%s\" is not within \"%s\" and \"%s\"", s->name, s->text, low, high);
        return -1;
    }
    *v = value;
    return 0;
}

int gy_value_duration(const struct gy_scope *scope, const struct gy_setting *s, int64_t min,
                      int64_t max, int64_t *us)
{
    return quantity(scope, s, min, max, "a duration with its unit, as \"5s\"",
                    gy_text_parse_duration, us);
}

int gy_value_size(const struct gy_scope *scope, const struct gy_setting *s, int64_t min,
                  int64_t max, int64_t *bytes)
{
    return quantity(scope, s, min, max, "a size with its unit, as \"64KiB\"", gy_text_parse_size,
                    bytes);
}

const char **gy_value_words(const struct gy_scope *scope, const char *words, size_t *n)
{
    size_t most = 1;
    for (const char *p = words; *p != '\0'; p++)
        most += *p == ' ' || *p == '|';
    const char **list = gy_arena_ctl_calloc(scope->arena, most, sizeof *list);
    *n = 0;
    while (list != NULL && *words != '\0') {
        size_t len = strcspn(words, " |");
        if (len == 0) { /* before the first word */
            words++;
            continue;
        }
        const char *word = gy_arena_ctl_strndup(scope->arena, words, len);
        if (word == NULL)
            break;
        list[(*n)++] = word;
        words += len + (words[len] != '\0');
    }
    return list;
}

/* True where the place itself ends in the name, as "--set out.fromat" does. */
static bool is_said(const struct gy_setting *at, const char *name)
{
    const char *dot =
        at->line == 0 && strncmp(at->file, "--", 2) == 0 ? strrchr(at->file, '.') : NULL;
    return dot != NULL && strcmp(dot + 1, name) == 0;
}

void gy_value_unknown(const struct gy_scope *scope, const struct gy_setting *at, const char *what,
                      const char *name, const char *of, const char *const *known, size_t n_known,
                      const char *where)
{
    const char *near = gy_nearest(name, known, n_known);
    const char *tick = is_said(at, name) ? "" : "`";
    gy_diags_add(scope->diags, at->file, at->line, "unknown %s%s%s%s%s%s%s%s%s%s (%s)", what,
                 *tick ? " " : "", tick, *tick ? name : "", tick, of != NULL ? " of " : "",
                 of != NULL ? of : "", near != NULL ? ": did you mean `" : "",
                 near != NULL ? near : "", near != NULL ? "`?" : "", where);
}

int gy_value_choice(const struct gy_scope *scope, const struct gy_setting *s, const char *choices,
                    int32_t *index)
{
    return gy_value_choice_or(scope, s, choices, NULL, index);
}

int gy_value_choice_or(const struct gy_scope *scope, const struct gy_setting *s,
                       const char *choices, const char *meant, int32_t *index)
{
    size_t n;
    const char **words = gy_value_words(scope, choices, &n);
    const char *text = s->text;
    if (s->kind != GY_SETTING_STRING && s->kind != GY_SETTING_RAW)
        text = NULL;
    for (size_t i = 0; text != NULL && i < n; i++)
        if (strcmp(words[i], text) == 0) {
            *index = (int32_t)i;
            return 0;
        }
    const char *near = text != NULL && meant == NULL ? gy_nearest(text, words, n) : meant;
    const char *list = NULL;
    for (size_t i = 0; i < n; i++)
        list = gy_arena_ctl_printf(scope->arena, "%s%s\"%s\"", list != NULL ? list : "",
                                   i == 0       ? ""
                                   : i + 1 == n ? " or "
                                                : ", ",
                                   words[i]);
    if (list == NULL || near == NULL)
        return gy_value_wrong(scope, s, list != NULL ? list : choices);
    gy_diags_add(scope->diags, s->file, s->line,
                 "%s: expected %s, not \"%s\": did you mean \"%s\"?", s->name, list, text, near);
    return -1;
}

const struct gy_setting *gy_value_tree(const struct gy_scope *scope, const struct gy_setting *s)
{
    if (s->kind == GY_SETTING_RAW && s->text[0] != '\0' && strchr("[({", s->text[0]) != NULL)
        return gy_setting_read_value(scope, s);
    return s;
}

int gy_value_items(const struct gy_scope *scope, const struct gy_setting *s, bool one_too,
                   const char *wanted, struct gy_setting ***items, uint32_t *n)
{
    const struct gy_setting *tree = gy_value_tree(scope, s);
    if (tree == NULL)
        return -1;
    if (tree->kind == GY_SETTING_LIST) {
        *items = tree->items;
        *n = tree->n;
        return 0;
    }
    if (!one_too || (tree->kind != GY_SETTING_STRING && tree->kind != GY_SETTING_RAW))
        return gy_value_wrong(scope, tree, wanted);
    *items = gy_arena_ctl_alloc(scope->arena, sizeof **items);
    struct gy_setting *copy = gy_arena_ctl_alloc(scope->arena, sizeof *copy);
    if (*items == NULL || copy == NULL)
        return -1;
    *copy = *tree;
    (*items)[0] = copy;
    *n = 1;
    return 0;
}

const struct gy_setting *gy_value_group(const struct gy_scope *scope, const struct gy_setting *s,
                                        const char *names, const char *what)
{
    const struct gy_setting *group = gy_value_tree(scope, s);
    if (group == NULL)
        return NULL;
    if (group->kind != GY_SETTING_GROUP) {
        gy_value_wrong(scope, group, "a group { ... }");
        return NULL;
    }
    size_t n;
    const char **known = gy_value_words(scope, names, &n);
    const char *label = gy_arena_ctl_printf(scope->arena, "`%s`", what);
    const char *where =
        gy_arena_ctl_printf(scope->arena, "it takes: %s", names + (names[0] == ' '));
    for (uint32_t i = 0; label != NULL && where != NULL && i < group->n; i++) {
        bool found = false;
        for (size_t k = 0; k < n; k++)
            found |= strcmp(known[k], group->items[i]->name) == 0;
        if (!found)
            gy_value_unknown(scope, group->items[i], "key", group->items[i]->name, label, known, n,
                             where);
    }
    return group;
}

void gy_value_missing(const struct gy_scope *scope, const struct gy_setting *group,
                      const char *names, const char *what, const char *name)
{
    size_t n;
    const char **known = gy_value_words(scope, names, &n);
    for (uint32_t i = 0; known != NULL && i < group->n; i++) {
        const char *near = gy_nearest(group->items[i]->name, known, n);
        if (near != NULL && strcmp(near, name) == 0)
            return;
    }
    gy_diags_add(scope->diags, group->file, group->line, "%s: `%s` is missing", what, name);
}
