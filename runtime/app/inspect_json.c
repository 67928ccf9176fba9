/* gyre inspect --format json: one object, with what the text says and what only programs want. */
#include "app/inspect.h"

#include "app/describe.h"

static void put_flags(struct gy_buf *b, const struct gy_flag_word *words, uint32_t flags)
{
    gy_json_open(b, "flags", '[');
    for (; words->bit; words++)
        if (flags & words->bit)
            gy_json_text(b, NULL, words->name);
    gy_json_close(b, ']');
}

static void put_fields(struct gy_buf *b, const char *key, const struct gyre_field *fields,
                       uint32_t n)
{
    gy_json_open(b, key, '[');
    for (uint32_t i = 0; i < n; i++) {
        gy_json_open(b, NULL, '{');
        gy_json_text(b, "name", fields[i].name);
        gy_json_text(b, "type", gyre_type_name(fields[i].type));
        gy_json_bool(b, "nullable", fields[i].flags & GYRE_NULLABLE);
        gy_json_close(b, '}');
    }
    gy_json_close(b, ']');
}

static void put_ports(struct gy_buf *b, const char *key, const struct gyre_port *ports, uint32_t n)
{
    gy_json_open(b, key, '[');
    for (uint32_t i = 0; i < n; i++) {
        const struct gyre_port *p = gyre_port_at(ports, i);
        gy_json_open(b, NULL, '{');
        gy_json_text(b, "name", p->name);
        gy_json_text(b, "doc", p->doc);
        put_flags(b, gy_port_words, p->flags);
        put_fields(b, "fields", p->fields, p->n_fields);
        gy_json_close(b, '}');
    }
    gy_json_close(b, ']');
}

static void put_choices(struct gy_buf *b, const char *choices)
{
    char word[128];
    gy_json_open(b, "choices", '[');
    while (choices && *choices) {
        size_t n = 0;
        while (choices[n] && choices[n] != '|' && n < sizeof word - 1) {
            word[n] = choices[n];
            n++;
        }
        word[n] = '\0';
        gy_json_text(b, NULL, word);
        choices += n + (choices[n] == '|');
    }
    gy_json_close(b, ']');
}

static void open_option(struct gy_buf *b, const struct gyre_option *o)
{
    gy_json_open(b, NULL, '{');
    gy_json_text(b, "name", o->name);
    gy_json_text(b, "type", gy_describe_option_type(o->type));
    gy_json_bool(b, "required", o->flags & GYRE_REQUIRED);
    gy_json_text(b, "default", o->fallback);
    if (o->flags & GYRE_OF_STATE)
        gy_json_bool(b, "of_state", true);
    if (o->unit)
        gy_json_text(b, "unit", o->unit);
    if (o->min != 0 || o->max != 0) {
        gy_json_number(b, "min", o->min);
        gy_json_number(b, "max", o->max);
    }
    if (o->choices)
        put_choices(b, o->choices);
    gy_json_text(b, "doc", o->doc);
}

/* Recursion over groups within groups, whose depth was checked at load. */
static void put_options(struct gy_buf *b, const char *key, const struct gyre_option *options,
                        uint32_t n, const struct gyre_option *more)
{
    gy_json_open(b, key, '[');
    for (uint32_t i = 0; i < n; i++) {
        const struct gyre_option *o = gyre_option_at(options, i);
        open_option(b, o);
        if (o->n_members > 0)
            put_options(b, "members", o->members, o->n_members, NULL);
        gy_json_close(b, '}');
    }
    if (more) {
        open_option(b, more);
        gy_json_close(b, '}');
    }
    gy_json_close(b, ']');
}

static void put_state_type(struct gy_buf *b, const char *key, const struct gyre_state_type *t)
{
    gy_json_open(b, key, '{');
    gy_json_text(b, "name", t->name);
    gy_json_number(b, "version", t->version);
    gy_json_number(b, "size", t->value_size);
    gy_json_bool(b, "encodes", t->encode != NULL);
    gy_json_bool(b, "migrates", t->migrate != NULL);
    gy_json_open(b, "members", '[');
    for (uint32_t i = 0; i < t->n_members; i++) {
        gy_json_open(b, NULL, '{');
        gy_json_text(b, "name", t->members[i].name);
        gy_json_text(b, "type", gyre_type_name(t->members[i].type));
        gy_json_close(b, '}');
    }
    gy_json_close(b, ']');
    gy_json_close(b, '}');
}

static void put_states(struct gy_buf *b, const struct gyre_operator *op)
{
    gy_json_open(b, "states", '[');
    for (uint32_t i = 0; i < op->n_states; i++) {
        const struct gyre_state *s = gyre_state_at(op->states, i);
        gy_json_open(b, NULL, '{');
        gy_json_text(b, "name", s->name);
        gy_json_text(b, "kind", gy_describe_state_kind(s->kind));
        gy_json_text(b, "doc", s->doc);
        gy_json_number(b, "ttl_us", s->ttl_us);
        put_state_type(b, "type", s->type);
        if (s->key)
            put_state_type(b, "key", s->key);
        gy_json_close(b, '}');
    }
    gy_json_close(b, ']');
}

static void put_operator(struct gy_buf *b, const struct gyre_operator *op)
{
    put_flags(b, gy_operator_words, op->flags);
    if (gy_describe_delivery(op) != NULL)
        gy_json_text(b, "delivery", gy_describe_delivery(op));
    gy_json_bool(b, "binds", op->bind != NULL);
    put_ports(b, "inputs", op->inputs, op->n_inputs);
    put_ports(b, "outputs", op->outputs, op->n_outputs);
    put_options(b, "options", op->options, op->n_options, NULL);
    put_states(b, op);
    gy_json_text(b, "items", gy_describe_items(op->items));
}

static void put_function(struct gy_buf *b, const struct gyre_function *f)
{
    gy_json_bool(b, "binds", f->bind != NULL);
    put_fields(b, "fields", f->fields, f->n_fields);
    put_fields(b, "results", f->results, f->n_results);
    put_options(b, "options", f->options, f->n_options, gy_takes_host_as(f) ? &gy_host_as : NULL);
    if (f->kind != GYRE_FN_AGGREGATE)
        return;
    const struct gyre_aggregate *a = f->impl;
    bool is_set = gy_function_is_set(f); /* it is as its functions are */
    gy_json_bool(b, "set", is_set);
    if (!is_set)
        gy_json_bool(b, "merges", a->merge != NULL);
    if (a->accumulator)
        put_state_type(b, "accumulator", a->accumulator);
}

static void put_item(struct gy_buf *b, const struct gy_plugin *plugin, const struct gyre_item *item)
{
    char name[128];
    snprintf(name, sizeof name, "%s.%s", plugin->abi->name, gy_item_name(item));
    gy_json_open(b, NULL, '{');
    gy_json_text(b, "name", name);
    gy_json_text(b, "kind", gy_item_kind(item));
    gy_json_text(b, "doc", gy_item_doc(item));
    if (item->kind == GYRE_ITEM_OPERATOR)
        put_operator(b, item->what);
    else
        put_function(b, item->what);
    gy_inspect_json_checks(b, item);
    gy_json_close(b, '}');
}

void gy_inspect_json(struct gy_buf *b, const struct gy_plugin *plugin, const struct gyre_item *only)
{
    char abi[32];
    snprintf(abi, sizeof abi, "%u.%u", plugin->note.abi_major, plugin->note.abi_minor);
    gy_json_open(b, NULL, '{');
    gy_json_text(b, "plugin", plugin->abi->name);
    gy_json_text(b, "version", plugin->abi->version);
    gy_json_text(b, "file", plugin->path);
    gy_json_text(b, "abi", abi);
    gy_json_number(b, "isa_level", plugin->note.isa_level);
    gy_inspect_json_tested(b, plugin);
    gy_json_open(b, "items", '[');
    for (uint32_t i = 0; i < plugin->abi->n_items; i++) {
        const struct gyre_item *item = &plugin->abi->items[i];
        if (gy_item_name(item) && (!only || only == item))
            put_item(b, plugin, item);
    }
    gy_json_close(b, ']');
    gy_json_open(b, "state_types", '[');
    for (uint32_t i = 0; i < plugin->abi->n_items && !only; i++)
        if (plugin->abi->items[i].kind == GYRE_ITEM_STATE_TYPE)
            put_state_type(b, NULL, plugin->abi->items[i].what);
    gy_json_close(b, ']');
    gy_json_close(b, '}');
    gy_buf_u8(b, '\n');
}
