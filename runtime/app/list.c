/* gyre list: one line for each operator and function of every plugin on the path. */
#include "app/commands.h"
#include "app/describe.h"
#include "base/say.h"

#include <string.h>

static void warn(void *host, const struct gyre_error *error)
{
    (void)host;
    gy_say(stderr, "gyre list: %s\n", error->text);
}

static int width_of(const struct gy_plugins *plugins)
{
    const struct gy_plugin *plugin;
    size_t widest = 0;
    for (size_t i = 0; (plugin = gy_plugins_at(plugins, i)); i++)
        for (uint32_t k = 0; k < plugin->abi->n_items; k++) {
            const char *name = gy_item_name(&plugin->abi->items[k]);
            size_t n = name ? strlen(plugin->abi->name) + 1 + strlen(name) : 0;
            widest = n > widest ? n : widest;
        }
    return (int)widest;
}

static void print_text(const struct gy_plugin *plugin, int width, struct gy_buf *b)
{
    for (uint32_t i = 0; i < plugin->abi->n_items; i++) {
        const struct gyre_item *item = &plugin->abi->items[i];
        const char *name = gy_item_name(item);
        if (name)
            gy_say_into(b, "%s.%-*s  %-9s  %s\n", plugin->abi->name,
                        width - (int)strlen(plugin->abi->name) - 1, name, gy_item_kind(item),
                        gy_item_doc(item));
    }
}

static void print_json(const struct gy_plugin *plugin, struct gy_buf *b)
{
    for (uint32_t i = 0; i < plugin->abi->n_items; i++) {
        const struct gyre_item *item = &plugin->abi->items[i];
        if (!gy_item_name(item))
            continue;
        char name[128];
        snprintf(name, sizeof name, "%s.%s", plugin->abi->name, gy_item_name(item));
        gy_json_open(b, NULL, '{');
        gy_json_text(b, "name", name);
        gy_json_text(b, "kind", gy_item_kind(item));
        gy_json_text(b, "doc", gy_item_doc(item));
        gy_json_text(b, "plugin", plugin->abi->name);
        gy_json_text(b, "version", plugin->abi->version);
        gy_json_text(b, "file", plugin->path);
        gy_json_close(b, '}');
    }
}

/* A row of a table; the name leads to the heading that `gyre inspect --format markdown` writes. */
static void print_markdown(const struct gy_plugin *plugin, struct gy_buf *b)
{
    for (uint32_t i = 0; i < plugin->abi->n_items; i++) {
        const struct gyre_item *item = &plugin->abi->items[i];
        const char *name = gy_item_name(item);
        if (!name)
            continue;
        gy_buf_printf(b, "| [%s.%s](#%s%s) | %s | ", plugin->abi->name, name, plugin->abi->name,
                      name, gy_item_kind(item));
        for (const char *p = gy_item_doc(item); *p; p++)
            gy_buf_printf(b, *p == '|' ? "\\%c" : "%c", *p == '\n' ? ' ' : *p);
        gy_buf_text(b, " |\n");
    }
}

int gy_cmd_list(const struct gy_cli *cli)
{
    struct gy_plugins *plugins = gy_cli_plugins(cli, NULL, 0);
    const struct gy_plugin *plugin;
    struct gy_buf b = {0};
    if (!plugins) {
        gy_say(stderr, "gyre list: out of memory\n");
        return GY_EXIT_FAILED;
    }
    gy_plugins_load_all(plugins, warn, NULL);
    bool is_json = strcmp(cli->format, "json") == 0;
    bool is_markdown = strcmp(cli->format, "markdown") == 0;
    int width = width_of(plugins);
    if (is_markdown)
        gy_buf_text(&b, "| name | kind | what it does |\n| --- | --- | --- |\n");
    if (is_json)
        gy_json_open(&b, NULL, '[');
    for (size_t i = 0; (plugin = gy_plugins_at(plugins, i)); i++) {
        if (is_json)
            print_json(plugin, &b);
        else if (is_markdown)
            print_markdown(plugin, &b);
        else
            print_text(plugin, width, &b);
    }
    if (is_json) {
        gy_json_close(&b, ']');
        gy_buf_u8(&b, '\n');
    }
    int status = gy_cli_put(cli, &b, GY_EXIT_OK);
    gy_buf_fini(&b);
    gy_plugins_free(plugins);
    return status;
}
