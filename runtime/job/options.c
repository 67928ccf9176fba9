/* Options by table; see options.h. A default is text of a job file and takes the same way as one. */
#include "job/options.h"

#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "job/value.h"

static int read_group(const struct gy_scope *scope, const struct gyre_option *option,
                      const struct gy_setting *s, const char *inspect, void *config);

static const char *copy(const struct gy_scope *scope, const char *text)
{
    return gy_arena_ctl_strdup(scope->arena, text);
}

static int read_strings(const struct gy_scope *scope, const struct gy_setting *s, const char *what,
                        struct gyre_strs *strs)
{
    struct gy_setting **items;
    uint32_t n;
    if (gy_value_items(scope, s, true, what, &items, &n) != 0)
        return -1;
    const char **list = gy_arena_ctl_calloc(scope->arena, n, sizeof *list);
    int wrong = list == NULL ? -1 : 0;
    for (uint32_t i = 0; list != NULL && i < n; i++) {
        const char *text = NULL;
        wrong |= gy_value_string(scope, items[i], &text);
        list[i] = text != NULL ? copy(scope, text) : NULL;
    }
    if (wrong == 0)
        *strs = (struct gyre_strs){n, 0, list};
    return wrong;
}

/* ---- schemas ---- */

/* What types are called elsewhere; the nearest spelling would be another. */
static const struct {
    const char *names, *type;
} aliases[] = {
    {"int integer long bigint int64 int64_t uint uint32 uint64 unsigned number", "i64"},
    {"int32 int32_t int16 int8 smallint tinyint short byte uint16 uint8", "i32"},
    {"float float32 float64 double real decimal numeric f32", "f64"},
    {"string text varchar char character utf8 symbol uuid", "str"},
    {"timestamp timestamptz datetime date instant", "time"},
    {"boolean bit", "bool"},
    {"binary blob bytea varbinary base64", "bytes"},
};

static const char *type_called(const struct gy_scope *scope, const char *text)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        size_t n;
        const char **names = gy_value_words(scope, aliases[i].names, &n);
        for (size_t k = 0; names != NULL && k < n; k++)
            if (gy_text_same(names[k], text))
                return aliases[i].type;
    }
    return NULL;
}

static int read_type(const struct gy_scope *scope, const struct gy_setting *s, uint32_t *type)
{
#define NAME(name, id, ctype, bytes) #name "|"
    static const char names[] = GYRE_TYPES(NAME);
#undef NAME
    int32_t index;
    const char *alias = s->kind == GY_SETTING_STRING || s->kind == GY_SETTING_RAW
                            ? type_called(scope, s->text)
                            : NULL;
    const char *words = gy_arena_ctl_strndup(scope->arena, names, sizeof names - 2);
    if (words == NULL || gy_value_choice_or(scope, s, words, alias, &index) != 0)
        return -1;
    *type = (uint32_t)index + 1;
    return 0;
}

static int read_field(const struct gy_scope *scope, const struct gy_setting *s,
                      struct gyre_field *field)
{
    const struct gy_setting *group = gy_value_group(scope, s, "name type nullable", s->name);
    if (group == NULL)
        return -1;
    const struct gy_setting *name = gy_setting_get(group, "name");
    const struct gy_setting *type = gy_setting_get(group, "type");
    const struct gy_setting *nullable = gy_setting_get(group, "nullable");
    const char *text = NULL;
    bool is_nullable = false;
    int wrong = 0;
    *field = (struct gyre_field){.size = (uint32_t)sizeof *field};
    if (name == NULL || type == NULL) {
        gy_diags_add(scope->diags, s->file, s->line, "%s: a field needs `name` and `type`",
                     s->name);
        return -1;
    }
    wrong |= gy_value_string(scope, name, &text);
    wrong |= read_type(scope, type, &field->type);
    if (nullable != NULL)
        wrong |= gy_value_bool(scope, nullable, &is_nullable);
    if (text != NULL && text[0] == '\0') {
        gy_diags_add(scope->diags, name->file, name->line, "%s: a field's name is empty", s->name);
        return -1;
    }
    field->name = text != NULL ? copy(scope, text) : NULL;
    field->flags = is_nullable ? GYRE_NULLABLE : 0;
    return wrong != 0 || field->name == NULL ? -1 : 0;
}

static int read_schema(const struct gy_scope *scope, const struct gy_setting *s,
                       struct gyre_schema *schema)
{
    struct gy_setting **items;
    uint32_t n;
    int wrong = 0;
    if (gy_value_items(scope, s, false, "a list of fields ( { name = ...; type = ...; }, ... )",
                       &items, &n) != 0)
        return -1;
    struct gyre_field *fields = gy_arena_ctl_calloc(scope->arena, n, sizeof *fields);
    if (fields == NULL)
        return -1;
    for (uint32_t i = 0; i < n; i++) {
        wrong |= read_field(scope, items[i], &fields[i]);
        for (uint32_t k = 0; fields[i].name != NULL && k < i; k++)
            if (fields[k].name != NULL && strcmp(fields[k].name, fields[i].name) == 0) {
                gy_diags_add(scope->diags, items[i]->file, items[i]->line,
                             "%s: the field `%s` stands twice", s->name, fields[i].name);
                wrong = -1;
            }
    }
    if (wrong == 0)
        *schema = (struct gyre_schema){(uint32_t)sizeof *schema, n, fields};
    return wrong;
}

/* ---- one option ---- */

static int read_groups(const struct gy_scope *scope, const struct gyre_option *option,
                       const struct gy_setting *s, const char *inspect, struct gyre_groups *groups)
{
    struct gy_setting **items;
    uint32_t n;
    int wrong = 0;
    const struct gy_setting *tree = gy_value_tree(scope, s);
    struct gy_setting alone, *only = &alone;
    if (tree != NULL && tree->kind == GY_SETTING_GROUP) { /* a list of one */
        alone = *tree;
        items = &only;
        n = 1;
    } else if (gy_value_items(scope, s, false, "a list of groups ( { ... }, ... )", &items, &n) !=
               0) {
        return -1;
    }
    char *structs = gy_arena_ctl_calloc(scope->arena, n, option->stride);
    if (structs == NULL)
        return -1;
    for (uint32_t i = 0; i < n; i++)
        wrong |= read_group(scope, option, items[i], inspect, structs + (size_t)i * option->stride);
    if (wrong == 0)
        *groups = (struct gyre_groups){n, option->stride, structs};
    return wrong;
}

static int read_function(const struct gy_scope *scope, const struct gy_setting *s, const char **v)
{
    const char *text;
    if (gy_value_string(scope, s, &text) != 0)
        return -1;
    const char *dot = strchr(text, '.');
    if (dot == NULL || dot == text || dot[1] == '\0' || strchr(dot + 1, '.') != NULL)
        return gy_value_wrong(scope, s, "a function, \"PLUGIN.NAME\" (`gyre list` lists all)");
    *v = copy(scope, text);
    return 0;
}

/* "PLUGIN.NAME", or a group with it as `fn`, whose other members are the function's (graph/build_ahead.c). */
static int read_key_function(const struct gy_scope *scope, const struct gy_setting *s,
                             const char **v)
{
    const struct gy_setting *tree = gy_value_tree(scope, s);
    if (tree == NULL || tree->kind != GY_SETTING_GROUP)
        return tree == NULL ? -1 : read_function(scope, tree, v);
    const struct gy_setting *fn = gy_setting_get(tree, "fn");
    if (fn == NULL)
        return gy_value_wrong(scope, tree, "\"PLUGIN.NAME\" or { fn = \"PLUGIN.NAME\"; ... }");
    return read_function(scope, fn, v);
}

static int read_text(const struct gy_scope *scope, const struct gyre_option *option,
                     const struct gy_setting *s, const char **v)
{
    const char *text = NULL;
    int wrong = option->type == GYRE_OPTION_PATH ? gy_value_path(scope, s, &text)
                                                 : gy_value_string(scope, s, &text);
    if (wrong == 0)
        *v = copy(scope, text);
    return wrong;
}

static int read_number(const struct gy_scope *scope, const struct gyre_option *option,
                       const struct gy_setting *s, double *number)
{
    double v = 0;
    if (gy_value_float(scope, s, &v) != 0)
        return -1;
    bool bounded = option->min != 0 || option->max != 0;
    if (bounded && (v < (double)option->min || v > (double)option->max)) {
        char text[GY_NUMBER_MAX]; /* printf would write it as the locale has it */
        gy_number_format_f64(text, v);
        gy_diags_add(scope->diags, s->file, s->line, "%s: %s is not within %lld and %lld",
                     option->name, text, (long long)option->min, (long long)option->max);
        return -1;
    }
    *number = v;
    return 0;
}

/* A list of numbers, or one alone. */
static int read_numbers(const struct gy_scope *scope, const struct gyre_option *option,
                        const struct gy_setting *s, struct gyre_floats *numbers)
{
    struct gy_setting alone, *only = &alone, **items = &only;
    uint32_t n = 1;
    int wrong = 0;
    const struct gy_setting *tree = gy_value_tree(scope, s);
    if (tree == NULL)
        return -1;
    alone = *tree;
    if (tree->kind == GY_SETTING_LIST &&
        gy_value_items(scope, s, false, "a list of numbers", &items, &n) != 0)
        return -1;
    double *values = gy_arena_ctl_calloc(scope->arena, n, sizeof *values);
    if (values == NULL)
        return -1;
    for (uint32_t i = 0; i < n; i++)
        wrong |= read_number(scope, option, items[i], &values[i]);
    if (wrong == 0)
        *numbers = (struct gyre_floats){n, 0, values};
    return wrong;
}

static int read_one(const struct gy_scope *scope, const struct gyre_option *option,
                    const struct gy_setting *s, const char *inspect, void *config)
{
    void *at = (char *)config + option->offset;
    bool truth = false;
    int wrong;
    switch (option->type) {
    case GYRE_OPTION_BOOL:
        wrong = gy_value_bool(scope, s, &truth);
        if (wrong == 0)
            *(int32_t *)at = truth;
        return wrong;
    case GYRE_OPTION_INT: return gy_value_int(scope, s, option->min, option->max, at);
    case GYRE_OPTION_FLOAT: return read_number(scope, option, s, at);
    case GYRE_OPTION_FLOATS: return read_numbers(scope, option, s, at);
    case GYRE_OPTION_STRING:
    case GYRE_OPTION_FIELD:
    case GYRE_OPTION_PATH: return read_text(scope, option, s, at);
    case GYRE_OPTION_DURATION: return gy_value_duration(scope, s, option->min, option->max, at);
    case GYRE_OPTION_SIZE: return gy_value_size(scope, s, option->min, option->max, at);
    case GYRE_OPTION_CHOICE: return gy_value_choice(scope, s, option->choices, at);
    case GYRE_OPTION_FIELDS: return read_strings(scope, s, "a list of fields", at);
    case GYRE_OPTION_STRINGS: return read_strings(scope, s, "a list of strings", at);
    case GYRE_OPTION_SCHEMA: return read_schema(scope, s, at);
    case GYRE_OPTION_FUNCTION: return read_function(scope, s, at);
    case GYRE_OPTION_KEY_FUNCTION: return read_key_function(scope, s, at);
    case GYRE_OPTION_GROUPS: return read_groups(scope, option, s, inspect, at);
    default: return -1;
    }
}

/* ---- the table ---- */

static void empty_schemas(const struct gyre_option *option, void *config)
{
    if (option->type == GYRE_OPTION_SCHEMA)
        ((struct gyre_schema *)(void *)((char *)config + option->offset))->size =
            (uint32_t)sizeof(struct gyre_schema);
}

static const struct gy_setting *find(const struct gy_setting *const *settings, uint32_t n,
                                     const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(settings[i]->name, name) == 0)
            return settings[i];
    return NULL;
}

/* True where an unknown setting is likely this option misspelt: its absence is then no mistake of
 * its own. */
static bool is_misspelt(const char *name, const struct gy_setting *const *settings, uint32_t n,
                        const char *const *names, uint32_t n_names)
{
    for (uint32_t i = 0; i < n; i++) {
        bool known = false;
        for (uint32_t k = 0; k < n_names; k++)
            known |= strcmp(settings[i]->name, names[k]) == 0;
        const char *near = known ? NULL : gy_nearest(settings[i]->name, names, n_names);
        if (near != NULL && strcmp(near, name) == 0)
            return true;
    }
    return false;
}

static int tell_unknown(const struct gy_scope *scope, const char *const *names, uint32_t n_names,
                        const struct gy_setting *const *settings, uint32_t n_settings,
                        const struct gy_option_owner *owner)
{
    int wrong = 0;
    const char *where =
        gy_arena_ctl_printf(scope->arena, "`gyre inspect %s` lists them", owner->inspect);
    for (uint32_t i = 0; where != NULL && i < n_settings; i++) {
        bool known = false;
        for (uint32_t k = 0; k < n_names; k++)
            known |= strcmp(settings[i]->name, names[k]) == 0;
        if (!known) {
            gy_value_unknown(scope, settings[i], "option", settings[i]->name, owner->what, names,
                             n_names, where);
            wrong = -1;
        }
    }
    return wrong;
}

int gy_option_default(const struct gy_scope *scope, const struct gyre_option *option,
                      const char *what, void *config)
{
    empty_schemas(option, config);
    if (option->fallback == NULL)
        return 0;
    const struct gy_setting *s = gy_setting_raw(scope, option->name, what, option->fallback);
    return s != NULL ? read_one(scope, option, s, what, config) : -1;
}

int gy_options_read(const struct gy_scope *scope, const struct gyre_option *options,
                    uint32_t n_options, const struct gy_setting *const *settings,
                    uint32_t n_settings, const struct gy_option_owner *owner, void *config)
{
    const char **names = gy_arena_ctl_calloc(scope->arena, n_options, sizeof *names);
    if (names == NULL)
        return -1;
    for (uint32_t i = 0; i < n_options; i++)
        names[i] = gyre_option_at(options, i)->name;
    int wrong = tell_unknown(scope, names, n_options, settings, n_settings, owner);
    for (uint32_t i = 0; i < n_options; i++) {
        const struct gyre_option *option = gyre_option_at(options, i);
        const struct gy_setting *s = find(settings, n_settings, option->name);
        wrong |= s == NULL ? gy_option_default(scope, option, owner->what, config) : 0;
        if (s != NULL) {
            empty_schemas(option, config);
            wrong |= read_one(scope, option, s, owner->inspect, config);
        } else if (option->fallback == NULL && (option->flags & GYRE_REQUIRED) != 0) {
            wrong = -1;
            if (!is_misspelt(option->name, settings, n_settings, names, n_options))
                gy_diags_add(scope->diags, owner->at->file, owner->at->line,
                             "%s needs the option `%s`: %s", owner->what, option->name,
                             option->doc != NULL ? option->doc : "");
        }
    }
    return wrong;
}

static int read_group(const struct gy_scope *scope, const struct gyre_option *option,
                      const struct gy_setting *s, const char *inspect, void *config)
{
    const struct gy_setting *group = gy_value_tree(scope, s);
    if (group == NULL)
        return -1;
    if (group->kind != GY_SETTING_GROUP)
        return gy_value_wrong(scope, group, "a group { ... }");
    struct gy_option_owner owner = {option->name, inspect, group};
    return gy_options_read(scope, option->members, option->n_members,
                           (const struct gy_setting *const *)group->items, group->n, &owner,
                           config);
}
