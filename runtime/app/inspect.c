/* gyre inspect: what a plugin brings, for those who write jobs; the catalogue that cannot go stale.
 *
 * The operand is a file where it has a slash or ends in .so (one that is not there is looked for on
 * the path), else PLUGIN or PLUGIN.OP. A file is looked at by itself: whether another plugin of its
 * name stands on the path is no matter here. */
#include "app/inspect.h"

#include "app/commands.h"
#include "app/describe.h"
#include "base/err.h"
#include "base/say.h"
#include "base/text.h"

#include <string.h>
#include <unistd.h>

#define NAMES_MAX 256u
#define COLUMN    14

/* ---- text ---- */

/* "    name          words", and the text under the words. */
static void put_entry(struct gy_buf *b, int depth, const char *name, const char *words,
                      const char *doc)
{
    int indent = 4 + 2 * depth;
    gy_say_into(b, "%*s%-*s%s%s\n", indent, "", *words || *doc ? COLUMN : 0, name,
                strlen(name) >= COLUMN ? "  " : "", *words ? words : doc);
    if (*words && *doc)
        gy_say_into(b, "%*s%s\n", indent + COLUMN, "", doc);
}

static const char *words_of(struct gy_buf *words)
{
    const char *text = gy_buf_cstr(words);
    return text ? text : "";
}

static void put_ports(struct gy_buf *b, const char *title, const struct gyre_port *ports,
                      uint32_t n, bool is_out, bool binds)
{
    if (n > 0)
        gy_buf_printf(b, "  %s\n", title);
    for (uint32_t i = 0; i < n; i++) {
        const struct gyre_port *p = gyre_port_at(ports, i);
        struct gy_buf words = {0};
        gy_describe_fields(&words, p->fields, p->n_fields);
        if (p->n_fields == 0 && binds && !(p->flags & GYRE_PORT_ALL))
            gy_buf_text(&words, "fields as the options and the input have them");
        if (words.len > 0 && p->flags)
            gy_buf_text(&words, "; ");
        gy_describe_flags(&words, gy_port_words, p->flags);
        if (is_out && i == 0 && n > 1)
            gy_buf_text(&words, words.len > 0 ? "; the default port" : "the default port");
        put_entry(b, 0, p->name, words_of(&words), p->doc);
        gy_buf_fini(&words);
    }
}

static void put_option(struct gy_buf *b, const struct gyre_option *o, int depth)
{
    struct gy_buf words = {0};
    gy_describe_option(&words, o);
    put_entry(b, depth, o->name, words_of(&words), o->doc);
    gy_buf_fini(&words);
}

/* Recursion over groups within groups, whose depth was checked at load. */
static void put_options(struct gy_buf *b, const struct gyre_option *options, uint32_t n, int depth)
{
    if (n > 0 && depth == 0)
        gy_buf_text(b, "  options\n");
    for (uint32_t i = 0; i < n; i++) {
        const struct gyre_option *o = gyre_option_at(options, i);
        put_option(b, o, depth);
        put_options(b, o->members, o->n_members, depth + 1);
    }
}

static void put_states(struct gy_buf *b, const struct gyre_operator *op)
{
    if (op->n_states > 0)
        gy_buf_text(b, "  state\n");
    for (uint32_t i = 0; i < op->n_states; i++) {
        const struct gyre_state *s = gyre_state_at(op->states, i);
        struct gy_buf words = {0};
        gy_describe_state(&words, s);
        put_entry(b, 0, s->name, words_of(&words), s->doc);
        gy_buf_fini(&words);
    }
}

static void put_operator(struct gy_buf *b, const struct gyre_operator *op)
{
    const char *items = gy_describe_items(op->items);
    const char *delivery = gy_describe_delivery(op);
    bool may_be_less = op->kind == GYRE_SINK && op->bind && strcmp(delivery, "exactly once") == 0;
    put_ports(b, "inputs", op->inputs, op->n_inputs, false, op->bind != NULL);
    put_ports(b, "outputs", op->outputs, op->n_outputs, true, op->bind != NULL);
    put_options(b, op->options, op->n_options, 0);
    put_states(b, op);
    if (items)
        gy_buf_printf(b, "  %-*s%s\n", COLUMN + 2, "operator state", items);
    struct gy_buf words = {0};
    gy_describe_flags(&words, gy_operator_words, op->flags);
    if (words.len > 0)
        gy_buf_printf(b, "  %-*s%s\n", COLUMN + 2, "runs", words_of(&words));
    gy_buf_fini(&words);
    if (delivery != NULL)
        gy_buf_printf(b, "  %-*s%s%s\n", COLUMN + 2, "delivery", delivery,
                      may_be_less ? "; some options may lower it, gyre check says so" : "");
}

static void put_columns(struct gy_buf *b, const char *title, const struct gyre_field *fields,
                        uint32_t n, bool binds)
{
    struct gy_buf words = {0};
    gy_describe_fields(&words, fields, n);
    if (n == 0 && binds)
        gy_buf_text(&words, "as the options and the input have them");
    if (words.len > 0)
        gy_buf_printf(b, "  %-*s%s\n", COLUMN + 2, title, words_of(&words));
    gy_buf_fini(&words);
}

static void put_function(struct gy_buf *b, const struct gyre_function *f)
{
    put_columns(b, "reads", f->fields, f->n_fields, f->bind != NULL);
    put_columns(b, "results", f->results, f->n_results, f->bind != NULL);
    put_options(b, f->options, f->n_options, 0);
    if (f->kind != GYRE_FN_AGGREGATE)
        return;
    if (gy_takes_host_as(f)) {
        gy_buf_text(b, f->n_options == 0 ? "  options\n" : "");
        put_option(b, &gy_host_as, 0);
    }
    const struct gyre_aggregate *a = f->impl;
    struct gy_buf words = {0};
    gy_describe_windows(&words, f);
    gy_buf_printf(b, "  %-*s%s\n", COLUMN + 2, "windows", words_of(&words));
    gy_buf_reset(&words);
    if (a->accumulator) {
        gy_describe_state_type(&words, a->accumulator);
        gy_buf_printf(b, "  %-*s%s\n", COLUMN + 2, "accumulator", words_of(&words));
    }
    gy_buf_fini(&words);
}

static void inspect_text(struct gy_buf *b, const struct gy_plugin *plugin,
                         const struct gyre_item *only)
{
    const struct gyre_plugin *abi = plugin->abi;
    gy_say_into(b, "plugin %s %s\n", abi->name, abi->version);
    gy_say_into(b, "  %-*s%s\n", COLUMN + 2, "file", plugin->path);
    gy_buf_printf(b, "  %-*s%u.%u\n", COLUMN + 2, "ABI", plugin->note.abi_major,
                  plugin->note.abi_minor);
    if (plugin->note.isa_level > 0)
        gy_buf_printf(b, "  %-*sx86-64-v%u\n", COLUMN + 2, "CPU", plugin->note.isa_level);
    gy_buf_printf(b, "  %-*s", COLUMN + 2, "tested");
    gy_inspect_tested(b, plugin);
    gy_buf_text(b, "\n");
    for (uint32_t i = 0; i < abi->n_items; i++) {
        const struct gyre_item *item = &abi->items[i];
        if (only && only != item)
            continue;
        if (item->kind == GYRE_ITEM_STATE_TYPE) {
            struct gy_buf words = {0};
            gy_describe_state_type(&words, item->what);
            gy_buf_printf(b, "\nstate type %s\n", words_of(&words));
            gy_buf_fini(&words);
            continue;
        }
        gy_say_into(b, "\n%s.%s, %s\n  %s\n", abi->name, gy_item_name(item), gy_item_kind(item),
                    gy_item_doc(item));
        if (item->kind == GYRE_ITEM_OPERATOR)
            put_operator(b, item->what);
        else
            put_function(b, item->what);
    }
    gy_inspect_checks(b, plugin, only);
}

/* ---- the operand ---- */

static bool is_file(const char *operand)
{
    size_t n = strlen(operand);
    return strchr(operand, '/') || (n > 3 && strcmp(operand + n - 3, ".so") == 0);
}

/* The plugin of a file alone, without a path on which another one could have its name. */
static struct gy_plugins *load_file(const char *path, struct gyre_error *error)
{
    struct gy_plugins *plugins = gy_plugins_new(NULL, 0);
    if (plugins && gy_plugins_add(plugins, path, error) == 0)
        return plugins;
    gy_plugins_free(plugins);
    return NULL;
}

/* Finds the item `name`; NULL, and a sentence with the nearest name. */
static const struct gyre_item *find_item(const struct gy_plugin *plugin, const char *name,
                                         struct gyre_error *error)
{
    const char *names[NAMES_MAX];
    for (uint32_t i = 0; i < plugin->abi->n_items; i++) {
        const char *called = gy_item_name(&plugin->abi->items[i]);
        if (called && strcmp(called, name) == 0)
            return &plugin->abi->items[i];
    }
    const char *near = gy_nearest(name, names, gy_plugin_names(plugin, names, NAMES_MAX));
    gyre_error_set(error, GYRE_EINVAL, -1,
                   "plugin `%s` has no operator or function `%.60s`%s%s%s; `gyre inspect %s` shows "
                   "those that it has",
                   plugin->abi->name, name, near ? " (did you mean `" : "", near ? near : "",
                   near ? "`?)" : "", plugin->abi->name);
    return NULL;
}

/* PLUGIN, PLUGIN.OP or PLUGIN.so on the path; NULL and a sentence. */
static const struct gy_plugin *find(struct gy_plugins *plugins, const char *operand,
                                    const struct gyre_item **only, struct gyre_error *error)
{
    char name[64];
    const char *dot = strchr(operand, '.');
    size_t n = dot ? (size_t)(dot - operand) : strlen(operand);
    snprintf(name, sizeof name, "%.*s", n < sizeof name ? (int)n : (int)sizeof name, operand);
    const struct gy_plugin *plugin = gy_plugins_get(plugins, name, error);
    if (!plugin || !dot || is_file(operand))
        return plugin;
    *only = find_item(plugin, dot + 1, error);
    return *only ? plugin : NULL;
}

static int print(const struct gy_cli *cli, const struct gy_plugin *plugin,
                 const struct gyre_item *only)
{
    struct gy_buf b = {0};
    if (strcmp(cli->format, "json") == 0)
        gy_inspect_json(&b, plugin, only);
    else if (strcmp(cli->format, "markdown") == 0)
        gy_inspect_markdown(&b, plugin, only);
    else
        inspect_text(&b, plugin, only);
    int status = gy_cli_put(cli, &b, GY_EXIT_OK);
    gy_buf_fini(&b);
    return status;
}

int gy_cmd_inspect(const struct gy_cli *cli)
{
    const char *operand = cli->operands.items[0];
    struct gyre_error error = {.size = sizeof error, .text = "out of memory"};
    const struct gy_plugin *plugin = NULL;
    const struct gyre_item *only = NULL;
    struct gy_plugins *plugins;
    bool by_path = is_file(operand) && (strchr(operand, '/') || access(operand, F_OK) == 0);
    plugins = by_path ? load_file(operand, &error) : gy_cli_plugins(cli, NULL, 0);
    if (plugins)
        plugin = by_path ? gy_plugins_at(plugins, 0) : find(plugins, operand, &only, &error);
    int status = GY_EXIT_USAGE;
    if (plugin)
        status = print(cli, plugin, only);
    else
        gy_say(stderr, "gyre inspect: %s\n", error.text);
    gy_plugins_free(plugins);
    return status;
}
