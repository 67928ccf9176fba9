/* The host's side of struct gyre_bind: what an operator or function declares in its `bind`. */
#include "graph/build.h"

#include "base/crumb.h"
#include "plugin/guard.h"
#include "plugin/guide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/value.h"

struct binding {
    struct gyre_bind abi;
    struct gy_build *build;
    uint32_t index;
    struct gy_hosted *hosted;       /* NULL: the operator's own bind */
    const char *as;                 /* hosted: what its one result is called; NULL: as it says */
    const struct gy_setting *group; /* hosted: where its options stand; NULL: the operator's */
    bool failed;
};

static struct binding *binding_of(struct gyre_bind *bind)
{
    return bind->host;
}

static struct gy_node *node_of(const struct binding *x)
{
    return x->build->nodes[x->index].node;
}

/* Where an option stands: in the function's group, else among the operator's; where it does not, the
 * group's place or the operator's. */
static const struct gy_setting *named_at(const struct binding *x, const char *option)
{
    if (x->group == NULL)
        return gy_build_option_at(x->build->nodes[x->index].set, option);
    const struct gy_setting *at = option != NULL ? gy_setting_get(x->group, option) : NULL;
    return at != NULL ? at : x->group;
}

/* The same for an option of one group of a list: "set[2].value". */
static const struct gy_setting *option_at(const struct binding *x, const char *option)
{
    const char *open = option != NULL ? strchr(option, '[') : NULL;
    char *end;
    if (open == NULL)
        return named_at(x, option);
    const char *name = gy_arena_ctl_strndup(x->build->scope.arena, option, (size_t)(open - option));
    const struct gy_setting *at = named_at(x, name);
    unsigned long i = strtoul(open + 1, &end, 10);
    if (at->kind == GY_SETTING_LIST && i < at->n)
        at = at->items[i];
    const struct gy_setting *member =
        end[0] == ']' && end[1] == '.' ? gy_setting_get(at, end + 2) : NULL;
    return member != NULL ? member : at;
}

/* Who binds: "std.sum". */
static const char *op_of(const struct binding *x)
{
    return x->hosted != NULL ? x->hosted->op : x->build->nodes[x->index].set->op;
}

/* Tells a mistake of the job at `option`'s line. */
static int32_t tell(struct binding *x, int32_t code, const char *option, const char *text)
{
    const struct gy_op_setting *set = x->build->nodes[x->index].set;
    const struct gy_setting *at = option_at(x, option);
    bool is_option = at != set->id_at && at != x->group;
    x->failed = true;
    gy_build_tell(x->build, at, "%s: %s", is_option ? at->name : op_of(x), text);
    return code;
}

/* Tells a mistake of the plugin. */
static int32_t tell_plugin(struct binding *x, const char *format, const char *name)
{
    char text[GYRE_ERROR_TEXT];
    snprintf(text, sizeof text, format, name);
    const struct gy_op_setting *set = x->build->nodes[x->index].set;
    x->failed = true;
    gy_build_tell(x->build, set->op_at, "%s: %s: an error of its plugin (" GY_GUIDE_BY_HAND ")",
                  op_of(x), text);
    return GYRE_ECONTRACT;
}

/* False for the policies of windows. */
static bool puts_out(const struct gy_hosted *hosted)
{
    uint32_t kind = hosted->function->kind;
    return kind == GYRE_FN_AGGREGATE || kind == GYRE_FN_WINDOW || kind == GYRE_FN_KEY;
}

static struct gy_output *output_of(struct binding *x, uint32_t port)
{
    struct gy_node *node = node_of(x);
    if (port < node->n_outputs)
        return &node->outputs[port];
    tell_plugin(x, "bind names an output port that there is not%s", "");
    return NULL;
}

static int32_t do_read(struct gyre_bind *bind, uint32_t port, const char *name, const char *option)
{
    struct binding *x = binding_of(bind);
    struct gy_node *node = node_of(x);
    if (port >= bind->n_inputs || bind->inputs[port] == NULL || name == NULL)
        return tell_plugin(x, "bind reads field `%s` of an input port that is not connected",
                           name != NULL ? name : "NULL");
    const struct gy_op_setting *set = x->build->nodes[x->index].set;
    const struct gy_setting *at = option_at(x, option);
    if (at == set->id_at && set->input_at != NULL)
        at = set->input_at;
    int32_t field = gy_build_find_field(x->build, x->index, port, name, at);
    if (field < 0) {
        x->failed = true;
        return GYRE_EINVAL;
    }
    uint32_t position = gy_build_add_read(x->build, &node->inputs[port], (uint32_t)field);
    struct gy_hosted *hosted = x->hosted;
    if (hosted == NULL)
        return (int32_t)position;
    for (uint32_t i = 0; i < hosted->n_reads; i++)
        if (hosted->reads[i] == position)
            return (int32_t)i;
    uint32_t *reads = gy_build_room(x->build, hosted->reads, hosted->n_reads, sizeof *reads);
    if (reads == NULL)
        return GYRE_ENOMEM;
    hosted->reads = reads;
    reads[hosted->n_reads] = position;
    return (int32_t)hosted->n_reads++;
}

static int32_t do_write(struct gyre_bind *bind, uint32_t port, uint32_t type, const char *name,
                        uint32_t flags)
{
    struct binding *x = binding_of(bind);
    struct gy_output *out = output_of(x, port);
    const struct gyre_field field = {(uint32_t)sizeof field, type, name, flags, 0};
    int32_t own = -1;
    if (out == NULL)
        return GYRE_ECONTRACT;
    if (x->hosted != NULL && !puts_out(x->hosted))
        return tell_plugin(x, "bind of a policy writes the field `%s`",
                           name != NULL ? name : "NULL");
    if (name == NULL || name[0] == '\0' || gyre_type_size(type) == 0)
        return tell_plugin(x, "bind writes the field `%s` of no known type",
                           name != NULL ? name : "NULL");
    if (x->as != NULL && x->hosted->n_results > 0)
        return (int32_t)x->hosted->n_results++; /* check_as tells it */
    if (x->as != NULL)
        name = x->as;
    bool taken =
        x->hosted != NULL && out->schema.n_fields > 0 && gyre_schema_find(&out->schema, name) >= 0;
    if (taken || !gy_build_add_field(x->build, out, &field, name, -1, &own)) {
        char text[GYRE_ERROR_TEXT];
        snprintf(text, sizeof text, "the %s has a field `%s` already: %s%s",
                 x->build->nodes[x->index].ahead != NULL ? "stream" : "output", name,
                 gy_build_schema_text(x->build, &out->schema),
                 x->hosted != NULL && x->as == NULL ? "; `as` renames the result" : "");
        return tell(x, GYRE_EINVAL, x->as != NULL ? "as" : NULL, text);
    }
    if (x->hosted == NULL)
        return own;
    return (int32_t)x->hosted->n_results++;
}

static int32_t do_pass(struct gyre_bind *bind, uint32_t port, const char *name, const char *as,
                       const char *option)
{
    struct binding *x = binding_of(bind);
    struct gy_output *out = output_of(x, port);
    if (out == NULL)
        return GYRE_ECONTRACT;
    if (x->hosted != NULL || (out->flags & GYRE_PORT_ALIGNED) == 0 || bind->n_inputs == 0 ||
        bind->inputs[0] == NULL)
        return tell_plugin(x, "bind passes `%s` on a port that is not aligned with an input", name);
    const struct gy_setting *at = gy_build_option_at(x->build->nodes[x->index].set, option);
    int32_t field = gy_build_find_field(x->build, x->index, 0, name, at);
    if (field < 0) {
        x->failed = true;
        return GYRE_EINVAL;
    }
    const char *called = as != NULL ? as : name;
    const struct gyre_field *f = gyre_schema_field(bind->inputs[0], (uint32_t)field);
    if (gy_build_add_field(x->build, out, f, called, field, NULL))
        return 0;
    char text[GYRE_ERROR_TEXT];
    snprintf(text, sizeof text, "the output has a field `%s` already", called);
    return tell(x, GYRE_EINVAL, option, text);
}

static int32_t do_pass_all(struct gyre_bind *bind, uint32_t port)
{
    struct binding *x = binding_of(bind);
    struct gy_output *out = output_of(x, port);
    if (out == NULL)
        return GYRE_ECONTRACT;
    if (x->hosted != NULL || (out->flags & GYRE_PORT_ALIGNED) == 0 || bind->n_inputs == 0 ||
        bind->inputs[0] == NULL)
        return tell_plugin(x, "bind passes %s on a port that is not aligned with an input",
                           "all fields");
    for (uint32_t i = 0; i < bind->inputs[0]->n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(bind->inputs[0], i);
        if (!gy_build_ahead_hides(x->build, x->index, f->name))
            gy_build_add_field(x->build, out, f, f->name, (int32_t)i, NULL); /* own ones stay */
    }
    return 0;
}

static int32_t do_add_port(struct gyre_bind *bind, const char *name, uint32_t flags,
                           const char *option)
{
    struct binding *x = binding_of(bind);
    struct gy_node *node = node_of(x);
    char text[GYRE_ERROR_TEXT];
    if (x->hosted != NULL)
        return tell_plugin(x, "bind of a function adds the port `%s`", name);
    bool reserved = strcmp(name, "errors") == 0 || strcmp(name, "late") == 0;
    size_t n = strlen(name);
    if (n == 0 || reserved ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                     "0123456789_-") != n) {
        snprintf(text, sizeof text, "\"%s\" cannot be the name of a port", name);
        return tell(x, GYRE_EINVAL, option, text);
    }
    for (uint32_t p = 0; p < node->n_outputs; p++)
        if (strcmp(node->outputs[p].name, name) == 0) {
            snprintf(text, sizeof text, "two output ports are called `%s`", name);
            return tell(x, GYRE_EINVAL, option, text);
        }
    gy_build_add_output(x->build, &x->build->nodes[x->index], name, flags);
    return x->build->scope.arena->oom ? GYRE_ENOMEM : (int32_t)node->n_outputs - 1;
}

static int32_t do_add_state(struct gyre_bind *bind, const struct gyre_state *state)
{
    struct binding *x = binding_of(bind);
    struct gy_node *node = node_of(x);
    if (x->hosted != NULL || state == NULL || state->type == NULL)
        return tell_plugin(x, "bind adds a state that cannot be%s", "");
    const struct gyre_state **states =
        gy_build_room(x->build, node->states, node->n_states, sizeof(const struct gyre_state *));
    if (states == NULL)
        return GYRE_ENOMEM;
    node->states = states;
    states[node->n_states] = state;
    return (int32_t)node->n_states++;
}

static int32_t do_accumulator(struct gyre_bind *bind, const struct gyre_state_type *type)
{
    struct binding *x = binding_of(bind);
    if (x->hosted == NULL || type == NULL)
        return tell_plugin(x, "bind of an operator sets an accumulator%s", "");
    x->hosted->accumulator = type;
    return 0;
}

static int32_t do_single(struct gyre_bind *bind, const char *why)
{
    struct binding *x = binding_of(bind);
    const char *copy = gy_arena_ctl_strdup(x->build->scope.arena, why != NULL ? why : "it must");
    if (copy == NULL)
        return GYRE_ENOMEM;
    x->build->nodes[x->index].single = copy;
    return 0;
}

static int32_t do_set_flags(struct gyre_bind *bind, uint32_t flags)
{
    node_of(binding_of(bind))->flags |= flags;
    return 0;
}

static int32_t do_fail(struct gyre_bind *bind, int32_t code, const char *option, const char *text)
{
    return tell(binding_of(bind), code < 0 ? code : GYRE_EINVAL, option,
                text != NULL ? text : "refused");
}

static void do_place(struct gyre_bind *bind, const char *option, uint32_t line,
                     struct gyre_place *place)
{
    const struct gy_setting *at = option_at(binding_of(bind), option);
    place->file = at->file;
    place->line = (uint32_t)gy_setting_text_line(at, line);
}

static int32_t do_fail_at(struct gyre_bind *bind, int32_t code, const struct gyre_place *place,
                          const char *text)
{
    struct binding *x = binding_of(bind);
    const char *file = place->file != NULL ? gy_arena_ctl_strdup(x->build->scope.arena, place->file)
                                           : x->build->nodes[x->index].set->op_at->file;
    x->failed = true;
    if (file == NULL)
        return GYRE_ENOMEM;
    gy_diags_add(x->build->scope.diags, file, (int)place->line, "%s",
                 text != NULL ? text : "refused");
    return code < 0 ? code : GYRE_EINVAL;
}

static void *do_alloc(struct gyre_bind *bind, size_t size)
{
    return gy_arena_ctl_alloc(binding_of(bind)->build->scope.arena, size);
}

/* `as` is the host's option of every function that has none of this name itself. */
static void take_as(struct binding *x)
{
    const struct gyre_function *f = x->hosted->function;
    const struct gy_setting *at = option_at(x, "as");
    for (uint32_t i = 0; i < f->n_options; i++)
        if (strcmp(gyre_option_at(f->options, i)->name, "as") == 0)
            return;
    bool is_set = at != x->build->nodes[x->index].set->id_at && at != x->group;
    if (is_set && gy_value_string(&x->build->scope, at, &x->as) != 0)
        x->failed = true;
}

/* It renames a single result. */
static void check_as(struct binding *x)
{
    char text[GYRE_ERROR_TEXT];
    if (x->failed || x->as == NULL || x->hosted->n_results == 1)
        return;
    snprintf(text, sizeof text, "%u columns are put out; `as` renames a single one",
             x->hosted->n_results);
    tell(x, GYRE_EINVAL, "as", text);
}

/* The static fields of a function, declared for it. */
static int32_t declare(struct binding *x)
{
    const struct gyre_function *f = x->hosted->function;
    const struct gyre_schema fields = {(uint32_t)sizeof fields, f->n_fields, f->fields};
    const struct gyre_schema results = {(uint32_t)sizeof results, f->n_results, f->results};
    struct gy_build *b = x->build;
    for (uint32_t i = 0; i < f->n_fields; i++) {
        const struct gyre_field *want = gyre_schema_field(&fields, i);
        const struct gyre_schema *in = x->abi.inputs[0];
        int32_t at = gyre_schema_find(in, want->name);
        const struct gyre_field *is = at >= 0 ? gyre_schema_field(in, (uint32_t)at) : NULL;
        if (is != NULL && is->type == want->type &&
            ((is->flags & GYRE_NULLABLE) == 0 || (want->flags & GYRE_NULLABLE) != 0)) {
            do_read(&x->abi, 0, want->name, NULL);
            continue;
        }
        const struct gy_op_setting *set = b->nodes[x->index].set;
        const char *problem = is == NULL               ? "is missing"
                              : is->type != want->type ? "has another type"
                                                       : "may be null";
        const struct gy_setting *told = set->input_at != NULL ? set->input_at : set->id_at;
        gy_build_tell(b, told, "%s: %s reads %s, but %s has %s: `%s` %s", told->name, op_of(x),
                      gy_build_schema_text(b, &fields), gy_build_stream(b, x->index, 0),
                      gy_build_schema_text(b, in), want->name, problem);
        x->failed = true;
    }
    for (uint32_t i = 0; i < f->n_results; i++) {
        const struct gyre_field *r = gyre_schema_field(&results, i);
        do_write(&x->abi, 0, r->type, r->name, r->flags);
    }
    return x->failed ? GYRE_EINVAL : 0;
}

static void fill_table(struct binding *x)
{
    x->abi.size = (uint32_t)sizeof x->abi;
    x->abi.read = do_read;
    x->abi.write = do_write;
    x->abi.pass = do_pass;
    x->abi.pass_all = do_pass_all;
    x->abi.add_port = do_add_port;
    x->abi.add_state = do_add_state;
    x->abi.accumulator = do_accumulator;
    x->abi.single = do_single;
    x->abi.set_flags = do_set_flags;
    x->abi.fail = do_fail;
    x->abi.alloc = do_alloc;
    x->abi.place = do_place;
    x->abi.fail_at = do_fail_at;
    x->abi.host = x;
}

/* The names of the key's fields in an input; NULL without memory. */
static const char *const *key_names(struct gy_build *b, const struct gy_node *node, uint32_t port)
{
    const struct gy_input *in = &node->inputs[port];
    const char **names = gy_arena_ctl_calloc(b->scope.arena, node->key.n, sizeof *names);
    for (uint32_t k = 0; names != NULL && k < node->key.n; k++)
        names[k] = gyre_schema_field(&in->schema, in->key_fields[k])->name;
    return names;
}

int gy_build_bind(struct gy_build *b, uint32_t index, struct gy_hosted *hosted,
                  const struct gy_setting *group)
{
    struct gy_node *node = b->nodes[index].node;
    struct binding x = {.build = b, .index = index, .hosted = hosted, .group = group};
    fill_table(&x);
    const struct gyre_schema **inputs =
        gy_arena_ctl_calloc(b->scope.arena, node->n_inputs, sizeof(const struct gyre_schema *));
    const char *const **keys =
        gy_arena_ctl_calloc(b->scope.arena, node->n_inputs, sizeof(const char *const *));
    if (inputs == NULL || keys == NULL)
        return -1;
    for (uint32_t p = 0; p < node->n_inputs; p++) {
        if (!b->nodes[index].in_known[p])
            continue;
        inputs[p] = &node->inputs[p].schema;
        keys[p] = key_names(b, node, p);
    }
    x.abi.mode = node->mode;
    x.abi.snapshots = b->job->snapshot_at != NULL;
    x.abi.dry = b->job->dry;
    x.abi.n_inputs = node->n_inputs;
    x.abi.inputs = inputs;
    x.abi.n_keys = node->key.n;
    x.abi.keys = node->n_inputs > 0 ? keys[0] : NULL;
    x.abi.port_keys = keys;
    x.abi.window = b->nodes[index].window;
    const struct gy_build_ahead *ahead = b->nodes[index].ahead;
    if (ahead != NULL && ahead->column != NULL)
        x.as = ahead->column;
    else if (hosted != NULL && puts_out(hosted))
        take_as(&x);
    int32_t code = hosted != NULL ? declare(&x) : 0;
    int32_t (*bind)(void *, struct gyre_bind *) =
        hosted != NULL ? hosted->function->bind : node->descriptor->bind;
    const struct gy_plugin *plugin = hosted != NULL ? hosted->plugin : node->plugin;
    struct gy_crumb_site site = {.id = node->id,
                                 .op = node->op,
                                 .function = op_of(&x) != node->op ? op_of(&x) : NULL,
                                 .plugin_path = plugin->path};
    if (code == 0 && bind != NULL) {
        struct gy_guard guard;
        gy_guard_enter(&guard);
        struct gy_crumb before = gy_crumb_enter(&site, "bind");
        code = bind(hosted != NULL ? hosted->config : node->config, &x.abi);
        gy_crumb = before;
        gy_guard_leave(&guard, plugin->path, "in bind");
    }
    if (code < 0 && !x.failed && !b->scope.arena->oom)
        tell(&x, code, NULL, gyre_error_name(code));
    if (code >= 0 && hosted != NULL && puts_out(hosted) && (ahead == NULL || ahead->column == NULL))
        check_as(&x);
    return code < 0 || x.failed ? -1 : 0;
}
