/* What the parts share that make a graph: how mistakes are told, fields and functions by name; see
 * build.h. */
#include "graph/build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAMES_MAX 256

void *gy_build_room(const struct gy_build *b, void *items, uint32_t n, size_t size)
{
    if (n != 0 && (n < 4 || (n & (n - 1)) != 0))
        return items;
    void *more = gy_arena_ctl_calloc(b->scope.arena, n == 0 ? 4 : (size_t)n * 2, size);
    if (more != NULL && n != 0)
        memcpy(more, items, n * size);
    return more;
}

const char *gy_build_schema_text(const struct gy_build *b, const struct gyre_schema *schema)
{
    const char *text = "{";
    for (uint32_t i = 0; i < schema->n_fields && text != NULL; i++) {
        const struct gyre_field *f = gyre_schema_field(schema, i);
        text = gy_arena_ctl_printf(b->scope.arena, "%s%s%s: %s%s", text, i > 0 ? ", " : "", f->name,
                                   gyre_type_name(f->type),
                                   (f->flags & GYRE_NULLABLE) != 0 ? " or null" : "");
    }
    text = text != NULL ? gy_arena_ctl_printf(b->scope.arena, "%s}", text) : NULL;
    return text != NULL ? text : "?";
}

const char *gy_build_stream(const struct gy_build *b, uint32_t node, uint32_t port)
{
    for (uint32_t i = 0; i < b->n_edges; i++) {
        const struct gy_build_edge *e = &b->edges[i];
        if (e->to != node || e->to_port != port || e->feedback)
            continue;
        const struct gy_build_ahead *ahead = e->from != GY_NONE ? b->nodes[e->from].ahead : NULL;
        const char *text = gy_arena_ctl_printf(
            b->scope.arena, "`%s%s%s`%s%s", e->ref->id, e->ref->port != NULL ? "." : "",
            e->ref->port != NULL ? e->ref->port : "", ahead != NULL ? " with " : "",
            ahead != NULL ? ahead->op : "");
        return text != NULL ? text : "?";
    }
    return "its input";
}

void gy_build_tell(const struct gy_build *b, const struct gy_setting *at, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    gy_diags_add(b->scope.diags, at->file, at->line, "%s", text);
}

int32_t gy_build_find_field(const struct gy_build *b, uint32_t node, uint32_t port,
                            const char *field, const struct gy_setting *at)
{
    const struct gyre_schema *schema = &b->nodes[node].node->inputs[port].schema;
    int32_t found = gyre_schema_find(schema, field);
    if (found >= 0)
        return found;
    const char **names = gy_arena_ctl_calloc(b->scope.arena, schema->n_fields, sizeof *names);
    for (uint32_t i = 0; names != NULL && i < schema->n_fields; i++)
        names[i] = gyre_schema_field(schema, i)->name;
    const char *near = names != NULL ? gy_nearest(field, names, schema->n_fields) : NULL;
    const char *stream = gy_build_stream(b, node, port);
    const char *text = gy_build_schema_text(b, schema);
    if (near != NULL)
        gy_build_tell(b, at, "%s: unknown field `%s`: did you mean `%s`? (%s has %s)", at->name,
                      field, near, stream, text);
    else
        gy_build_tell(b, at, "%s: unknown field `%s` (%s has %s)", at->name, field, stream, text);
    return -1;
}

const struct gy_setting *gy_build_option_at(const struct gy_op_setting *set, const char *name)
{
    for (uint32_t i = 0; name != NULL && i < set->n_options; i++)
        if (strcmp(set->options[i]->name, name) == 0)
            return set->options[i];
    const struct gy_setting *common = name != NULL ? gy_setting_get(set->at, name) : NULL;
    return common != NULL ? common : set->id_at;
}

/* ---- operators and functions by name ---- */

void gy_build_unknown_item(const struct gy_build *b, const struct gy_plugin *plugin,
                           const char *plugin_name, const char *name, const char *what,
                           const struct gy_setting *at)
{
    const char *names[NAMES_MAX];
    size_t n = gy_plugin_names(plugin, names, NAMES_MAX);
    const char *near = gy_nearest(name, names, n < NAMES_MAX ? n : NAMES_MAX);
    if (near != NULL)
        gy_build_tell(b, at, "%s: %s has no %s `%s`: did you mean `%s.%s`? (`gyre list` lists all)",
                      at->name, plugin_name, what, name, plugin_name, near);
    else
        gy_build_tell(b, at, "%s: %s has no %s `%s` (`gyre list` lists all)", at->name, plugin_name,
                      what, name);
}

const struct gyre_function *gy_build_any_function(const struct gy_build *b, const char *text,
                                                  const struct gy_setting *at,
                                                  const struct gy_plugin **plugin)
{
    const char *dot = strchr(text, '.');
    if (dot == NULL || dot == text || dot[1] == '\0') {
        gy_build_tell(b, at, "%s: \"%s\" is no function: \"PLUGIN.NAME\" (`gyre list` lists all)",
                      at->name, text);
        return NULL;
    }
    struct gyre_error error = {.size = (uint32_t)sizeof error};
    const char *name = gy_arena_ctl_strndup(b->scope.arena, text, (size_t)(dot - text));
    *plugin = name != NULL ? gy_plugins_get(b->plugins, name, &error) : NULL;
    if (*plugin == NULL) {
        gy_build_tell(b, at, "%s: %s", at->name, error.text);
        return NULL;
    }
    const struct gyre_function *function = gy_plugin_function(*plugin, dot + 1);
    if (function == NULL)
        gy_build_unknown_item(b, *plugin, name, dot + 1, "function", at);
    return function;
}

const struct gyre_function *gy_build_function(const struct gy_build *b, const char *text,
                                              uint32_t kind, const char *kind_name,
                                              const struct gy_setting *at,
                                              const struct gy_plugin **plugin)
{
    const struct gyre_function *function = gy_build_any_function(b, text, at, plugin);
    if (function == NULL || function->kind == kind)
        return function;
    gy_build_tell(b, at, "%s: %s is no %s function", at->name, text, kind_name);
    return NULL;
}
