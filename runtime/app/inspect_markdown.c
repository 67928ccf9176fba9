/* gyre inspect --format markdown: a section for each operator and function, for the reference of a
 * plugin. The catalogue of this project, plugins/README.md, is made of these (`make catalogue`).
 *
 * Nothing stands in it that differs between machines, such as a path. What is said of every operator
 * of a kind is left out: that a transform is exactly once, that a table is empty. */
#include "app/inspect.h"

#include "app/describe.h"
#include "base/text.h"

#include <string.h>

/* Text within a cell: a bar would end it, a line end the table. */
static void put_text(struct gy_buf *b, const char *text)
{
    for (; text && *text; text++) {
        if (*text == '|')
            gy_buf_u8(b, '\\');
        gy_buf_u8(b, *text == '\n' ? ' ' : (uint8_t)*text);
    }
}

static void put_buf(struct gy_buf *b, struct gy_buf *words)
{
    put_text(b, gy_buf_cstr(words));
    b->failed |= words->failed;
    gy_buf_fini(words);
}

/* "`word: str`, `count: i64 or null`" */
static void put_fields(struct gy_buf *b, const struct gyre_field *fields, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        gy_buf_text(b, i > 0 ? ", `" : "`");
        gy_describe_fields(b, &fields[i], 1);
        gy_buf_u8(b, '`');
    }
}

/* ---- ports ---- */

static void put_port(struct gy_buf *b, const struct gyre_operator *op, const struct gyre_port *p,
                     bool is_out, bool is_default)
{
    struct gy_buf words = {0};
    gy_describe_flags(&words, gy_port_words, p->flags);
    gy_buf_printf(b, "| %s `%s`%s | ", is_out ? "out" : "in", p->name,
                  is_default ? ", the default" : "");
    put_fields(b, p->fields, p->n_fields);
    bool by_bind = p->n_fields == 0 && op->bind && !(p->flags & GYRE_PORT_ALL);
    if (by_bind)
        gy_buf_text(b, op->kind == GYRE_SOURCE ? "as the options say"
                                               : "as the options and the input say");
    else if (p->n_fields == 0 && words.len == 0)
        gy_buf_text(b, "any");
    if (words.len > 0 && (p->n_fields > 0 || by_bind))
        gy_buf_text(b, "; ");
    put_buf(b, &words);
    gy_buf_text(b, " | ");
    put_text(b, p->doc);
    gy_buf_text(b, " |\n");
}

static void put_ports(struct gy_buf *b, const struct gyre_operator *op)
{
    if (op->n_inputs + op->n_outputs == 0)
        return;
    gy_buf_text(b, "\n| port | fields | rows |\n| --- | --- | --- |\n");
    for (uint32_t i = 0; i < op->n_inputs; i++)
        put_port(b, op, gyre_port_at(op->inputs, i), false, false);
    for (uint32_t i = 0; i < op->n_outputs; i++)
        put_port(b, op, gyre_port_at(op->outputs, i), true, i == 0 && op->n_outputs > 1);
}

/* ---- options ---- */

static void put_takes(struct gy_buf *b, const struct gyre_option *o)
{
    struct gy_buf words = {0};
    if (o->type != GYRE_OPTION_CHOICE) {
        gy_describe_takes(&words, o);
        put_buf(b, &words);
        return;
    }
    gy_buf_u8(b, '`');
    for (const char *p = o->choices; *p; p++)
        if (*p == '|')
            gy_buf_text(b, "`, `");
        else
            gy_buf_u8(b, (uint8_t)*p);
    gy_buf_u8(b, '`');
}

static void put_option(struct gy_buf *b, const struct gyre_option *o, const char *prefix)
{
    gy_buf_printf(b, "| %s`%s` | ", prefix, o->name);
    put_takes(b, o);
    if (o->flags & GYRE_REQUIRED) {
        gy_buf_text(b, " | required | ");
    } else if (o->fallback) {
        gy_buf_text(b, " | `");
        put_text(b, *o->fallback ? o->fallback : "\"\"");
        gy_buf_text(b, "` | ");
    } else {
        gy_buf_text(b, " |  | ");
    }
    put_text(b, o->doc);
    gy_buf_text(b, o->flags & GYRE_OF_STATE ? "; state is of it |\n" : " |\n");
}

/* The options of a group follow it. Recursion over groups within groups, whose depth was checked at
 * load. */
static void put_rows(struct gy_buf *b, const struct gyre_option *options, uint32_t n,
                     const char *prefix)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct gyre_option *o = gyre_option_at(options, i);
        put_option(b, o, prefix);
        if (o->n_members == 0)
            continue;
        struct gy_buf inner = {0};
        gy_buf_printf(&inner, "%s`%s`: ", prefix, o->name);
        const char *text = gy_buf_cstr(&inner);
        put_rows(b, o->members, o->n_members, text ? text : "");
        b->failed |= inner.failed;
        gy_buf_fini(&inner);
    }
}

static void put_options(struct gy_buf *b, const struct gyre_option *options, uint32_t n,
                        const struct gyre_option *more)
{
    if (n == 0 && !more)
        return;
    gy_buf_text(b, "\n| option | takes | default | what it does |\n| --- | --- | --- | --- |\n");
    put_rows(b, options, n, "");
    if (more)
        put_option(b, more, "");
}

/* ---- operators and functions ---- */

static void put_states(struct gy_buf *b, const struct gyre_operator *op)
{
    if (op->n_states == 0)
        return;
    gy_buf_text(b, "\n| state | holds | what it is |\n| --- | --- | --- |\n");
    for (uint32_t i = 0; i < op->n_states; i++) {
        const struct gyre_state *s = gyre_state_at(op->states, i);
        struct gy_buf words = {0};
        gy_describe_state(&words, s);
        gy_buf_printf(b, "| `%s` | ", s->name);
        put_buf(b, &words);
        gy_buf_text(b, " | ");
        put_text(b, s->doc);
        gy_buf_text(b, " |\n");
    }
}

/* One line of what else is to be known; the first one comes after an empty line. Without a title the
 * words are the sentence. */
static void put_point(struct gy_buf *b, bool *first, const char *title, struct gy_buf *words)
{
    if (words->len > 0 || words->failed) {
        gy_buf_printf(b, "%s- %s%s", *first ? "\n" : "", title ? title : "", title ? ": " : "");
        if (!title && words->len > 0)
            words->data[0] = (uint8_t)gy_text_upper((char)words->data[0]);
        put_buf(b, words);
        gy_buf_text(b, ".\n");
        *first = false;
    }
    gy_buf_fini(words);
}

static void put_operator(struct gy_buf *b, const struct gyre_operator *op)
{
    struct gy_buf runs = {0}, items = {0}, delivery = {0};
    const char *guarantee = gy_describe_delivery(op);
    bool first = true;
    put_ports(b, op);
    put_options(b, op->options, op->n_options, NULL);
    put_states(b, op);
    gy_describe_flags(&runs, gy_operator_words, op->flags);
    put_point(b, &first, NULL, &runs);
    if (gy_describe_items(op->items))
        gy_buf_text(&items, gy_describe_items(op->items));
    put_point(b, &first, "Operator state", &items);
    if (guarantee != NULL)
        gy_buf_printf(&delivery, "%s%s", guarantee,
                      op->kind == GYRE_SINK && op->bind && strcmp(guarantee, "exactly once") == 0
                          ? "; some options may lower it, `gyre check` says so"
                          : "");
    put_point(b, &first, "Delivery", &delivery);
}

static void put_columns(struct gy_buf *b, bool *first, const char *title,
                        const struct gyre_field *fields, uint32_t n)
{
    struct gy_buf words = {0};
    put_fields(&words, fields, n);
    put_point(b, first, title, &words);
}

static void put_function(struct gy_buf *b, const struct gyre_function *f)
{
    struct gy_buf bound = {0};
    bool first = true;
    put_options(b, f->options, f->n_options, gy_takes_host_as(f) ? &gy_host_as : NULL);
    put_columns(b, &first, "Reads", f->fields, f->n_fields);
    put_columns(b, &first, "Results", f->results, f->n_results);
    if (f->n_fields + f->n_results == 0 && f->bind && !gy_function_is_set(f))
        gy_buf_text(&bound, "as the options and the input say");
    put_point(b, &first, "Reads and results", &bound);
    if (f->kind != GYRE_FN_AGGREGATE)
        return;
    const struct gyre_aggregate *a = f->impl;
    struct gy_buf windows = {0}, accumulator = {0};
    gy_describe_windows(&windows, f);
    put_point(b, &first, "In windows", &windows);
    if (a->accumulator)
        gy_describe_state_type(&accumulator, a->accumulator);
    put_point(b, &first, "Accumulator", &accumulator);
}

static void put_item(struct gy_buf *b, const struct gy_plugin *plugin, const struct gyre_item *item)
{
    const char *kind = gy_item_kind(item);
    gy_buf_printf(b, "### %s.%s\n\n%c%s. ", plugin->abi->name, gy_item_name(item),
                  gy_text_upper(*kind), kind + 1);
    put_text(b, gy_item_doc(item));
    gy_buf_u8(b, '\n');
    if (item->kind == GYRE_ITEM_OPERATOR)
        put_operator(b, item->what);
    else
        put_function(b, item->what);
}

void gy_inspect_markdown(struct gy_buf *b, const struct gy_plugin *plugin,
                         const struct gyre_item *only)
{
    if (!only)
        gy_buf_printf(b, "## %s\n", plugin->abi->name);
    for (uint32_t i = 0; i < plugin->abi->n_items; i++) {
        const struct gyre_item *item = &plugin->abi->items[i];
        if (!gy_item_name(item) || (only && only != item))
            continue;
        gy_buf_text(b, only ? "" : "\n");
        put_item(b, plugin, item);
    }
}
