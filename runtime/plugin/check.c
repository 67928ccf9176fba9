/* Checks of the plugin's table, its operators and its functions; option tables and state types are
 * in check_option.c. */
#include "plugin/check.h"

#include "plugin/guide.h"
#include "plugin/item.h"

#include <string.h>

#define ITEMS_MAX  4096u
#define PORTS_MAX  256u
#define FIELDS_MAX 4096u

#define OPERATOR_FLAGS                                                                             \
    (GYRE_MASK_AWARE | GYRE_WANTS_SELECTION | GYRE_READS_TIME | GYRE_SETS_TIME | GYRE_BLOCKING |   \
     GYRE_NEEDS_KEY | GYRE_SINGLE | GYRE_AT_MOST_ONCE | GYRE_AT_LEAST_ONCE | GYRE_UNBOUNDED |      \
     GYRE_TAKES_WINDOW)
#define IN_FLAGS      (GYRE_PORT_ALL | GYRE_PORT_OPTIONAL)
#define ALIGNED_FLAGS (GYRE_PORT_FILTERS | GYRE_PORT_PASS_REST | GYRE_PORT_TIME)
#define OUT_FLAGS     (GYRE_PORT_ALIGNED | ALIGNED_FLAGS)

static const struct {
    uint64_t bit;
    const char *name;
} features[] = {
    {GYRE_FEATURE_STATE, "GYRE_FEATURE_STATE"},
    {GYRE_FEATURE_TIMERS, "GYRE_FEATURE_TIMERS"},
    {GYRE_FEATURE_ROUNDS, "GYRE_FEATURE_ROUNDS"},
    {GYRE_FEATURE_ITEMS, "GYRE_FEATURE_ITEMS"},
    {GYRE_FEATURE_TWO_PHASE, "GYRE_FEATURE_TWO_PHASE"},
};

static int check_doc(const struct gy_check *c, const char *doc)
{
    if (!doc || !*doc)
        return gy_check_fault(c, "has no text; say in one line what it does");
    if (strchr(doc, '\n'))
        return gy_check_fault(c, "has a text of several lines; one line is shown");
    return 0;
}

/* ---- callbacks ---- */

struct callback {
    const char *name;
    bool there;
};

static int require(const struct gy_check *c, const char *what, const struct callback *callbacks,
                   size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!callbacks[i].there)
            return gy_check_fault(c, "has no callback %s, which every %s needs; write it",
                                  callbacks[i].name, what);
    return 0;
}

static int forbid(const struct gy_check *c, const char *what, const struct callback *callbacks,
                  size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (callbacks[i].there)
            return gy_check_fault(c, "has the callback %s, which a %s never gets; leave it NULL",
                                  callbacks[i].name, what);
    return 0;
}

/* All of a group of callbacks or none. */
static int require_together(const struct gy_check *c, const struct callback *callbacks, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (callbacks[i].there != callbacks[0].there) {
            size_t has = callbacks[0].there ? 0 : i, lacks = callbacks[0].there ? i : 0;
            return gy_check_fault(c, "has the callback %s and not %s; write both or none",
                                  callbacks[has].name, callbacks[lacks].name);
        }
    return 0;
}

static int check_callbacks(struct gy_check *c, const struct gyre_operator *op)
{
    const struct callback reading[] = {{"discover", op->discover != NULL},
                                       {"add_split", op->add_split != NULL},
                                       {"poll", op->poll != NULL},
                                       {"save_split", op->save_split != NULL}};
    const struct callback writing[] = {{"prepare", op->prepare != NULL},
                                       {"commit", op->commit != NULL},
                                       {"abort", op->abort != NULL}};
    const struct callback items[] = {{"save_items", op->save_items != NULL},
                                     {"restore_item", op->restore_item != NULL}};
    const struct callback process = {"process", op->process != NULL};
    const struct callback on_timer = {"on_timer", op->on_timer != NULL};
    int code;
    c->guide = op->kind == GYRE_SOURCE ? GY_GUIDE_SOURCES
               : op->kind == GYRE_SINK ? GY_GUIDE_SINKS
                                       : GY_GUIDE_BY_HAND;
    if (op->kind == GYRE_SOURCE) {
        if ((code = require(c, "source", reading, 3)) < 0 ||
            (code = forbid(c, "source", &process, 1)) < 0 ||
            (code = forbid(c, "source", writing, 3)) < 0)
            return code;
    } else {
        const char *what = op->kind == GYRE_SINK ? "sink" : "transform";
        if ((code = require(c, what, &process, 1)) < 0 || (code = forbid(c, what, reading, 4)) < 0)
            return code;
        if (op->kind == GYRE_TRANSFORM && (code = forbid(c, what, writing, 3)) < 0)
            return code;
        if ((code = require_together(c, writing, 3)) < 0)
            return code;
    }
    if (op->kind != GYRE_TRANSFORM &&
        (code = forbid(c, op->kind == GYRE_SINK ? "sink" : "source", &on_timer, 1)) < 0)
        return code;
    c->guide = GY_GUIDE_ITEMS;
    if ((code = require_together(c, items, 2)) < 0)
        return code;
    if (op->items > GYRE_ITEMS_KEYED || (op->items != GYRE_ITEMS_NONE) != items[0].there)
        return gy_check_fault(c,
                              "has the mode of items %u %s save_items; choose GYRE_ITEMS_... "
                              "and write save_items and restore_item, or neither",
                              op->items, items[0].there ? "with" : "without");
    return 0;
}

/* ---- ports and fields ---- */

static int check_fields(const struct gy_check *c, const struct gyre_field *fields, uint32_t n)
{
    if (n > FIELDS_MAX || (n > 0 && !fields))
        return gy_check_fault(c, "has %u fields%s; at most %u", n, fields ? "" : " at NULL",
                              FIELDS_MAX);
    const struct gyre_schema schema = {(uint32_t)sizeof schema, n, fields};
    for (uint32_t i = 0; i < n; i++) {
        const struct gyre_field *f = &fields[i];
        if (f->size != sizeof *f)
            return gy_check_fault(c, "has a field of size %u, not %zu; use GYRE_FIELD", f->size,
                                  sizeof *f);
        if (!gy_check_is_identifier(f->name))
            return gy_check_fault(c, "has a field called `%.60s`; names are C identifiers",
                                  f->name ? f->name : "NULL");
        if (gyre_type_size(f->type) == 0)
            return gy_check_fault(c,
                                  "has the field `%s` of the unknown type %u; the known ones "
                                  "are 1 to 7",
                                  f->name, f->type);
        if (f->flags & ~GYRE_NULLABLE)
            return gy_check_fault(c,
                                  "has the field `%s` with flags 0x%x, of which only 0x%x is "
                                  "known",
                                  f->name, f->flags, GYRE_NULLABLE);
        if (gyre_schema_find(&schema, f->name) != (int32_t)i)
            return gy_check_fault(c, "has the field `%s` twice; remove one", f->name);
    }
    return 0;
}

static int check_port(struct gy_check *c, const struct gyre_port *p, bool is_out, uint32_t kind)
{
    uint32_t known = is_out ? OUT_FLAGS : IN_FLAGS;
    int code = check_doc(c, p->doc);
    if (code < 0)
        return code;
    if (p->flags & ~known)
        return gy_check_fault(c, "has the flags 0x%x, of which an %s port knows 0x%x", p->flags,
                              is_out ? "output" : "input", known);
    if ((p->flags & ALIGNED_FLAGS) && !(p->flags & GYRE_PORT_ALIGNED))
        return gy_check_fault(c,
                              "has the flags 0x%x, which only an aligned port can have; add "
                              "GYRE_PORT_ALIGNED",
                              p->flags);
    if ((p->flags & GYRE_PORT_ALIGNED) && kind == GYRE_SOURCE)
        return gy_check_fault(c, "is aligned with an input, and a source has none; leave "
                                 "GYRE_PORT_ALIGNED out");
    if (is_out && (strcmp(p->name, "errors") == 0 || strcmp(p->name, "late") == 0))
        return gy_check_fault(c, "bears the name of a port that the host adds; rename it");
    return check_fields(c, p->fields, p->n_fields);
}

static int check_ports(struct gy_check *c, const struct gyre_port *ports, uint32_t n, bool is_out,
                       uint32_t kind)
{
    const char *what = is_out ? "output" : "input";
    if (n > PORTS_MAX || (n > 0 && !ports))
        return gy_check_fault(c, "has %u %s ports%s; at most %u", n, what, ports ? "" : " at NULL",
                              PORTS_MAX);
    for (uint32_t i = 0; i < n; i++) {
        const struct gyre_port *p = gyre_port_at(ports, i);
        if (p->size != sizeof *p)
            return gy_check_fault(c, "has an %s port of size %u, not %zu; use GYRE_PORT", what,
                                  p->size, sizeof *p);
        if (!gy_check_is_name(p->name))
            return gy_check_fault(c, "has an %s port called `%.60s`; names are [a-z][a-z0-9_]*",
                                  what, p->name ? p->name : "NULL");
        snprintf(c->part, sizeof c->part, ", %s port `%s`", what, p->name);
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(gyre_port_at(ports, k)->name, p->name) == 0)
                return gy_check_fault(c, "is declared twice; remove one of them");
        int code = check_port(c, p, is_out, kind);
        if (code < 0)
            return code;
        c->part[0] = '\0';
    }
    return 0;
}

static int check_all_ports(struct gy_check *c, const struct gyre_operator *op)
{
    c->guide = GY_GUIDE_BATCHES;
    if (op->kind == GYRE_SOURCE && op->n_inputs > 0)
        return gy_check_fault(c, "is a source with %u input ports; sources have none",
                              op->n_inputs);
    if (op->kind != GYRE_SOURCE && op->n_inputs == 0)
        return gy_check_fault(c, "has no input port; declare one");
    if (op->kind == GYRE_SINK && op->n_outputs > 0)
        return gy_check_fault(c, "is a sink with %u output ports; sinks have none", op->n_outputs);
    if (op->kind != GYRE_SINK && op->n_outputs == 0 && !op->bind)
        return gy_check_fault(c, "has no output port and no bind that adds one; declare one");
    int code = check_ports(c, op->inputs, op->n_inputs, false, op->kind);
    return code < 0 ? code : check_ports(c, op->outputs, op->n_outputs, true, op->kind);
}

/* ---- keyed state ---- */

static int check_state(struct gy_check *c, const struct gyre_state *s)
{
    int code = check_doc(c, s->doc);
    if (code < 0)
        return code;
    if (s->kind < GYRE_STATE_VALUE || s->kind > GYRE_STATE_MAP)
        return gy_check_fault(c, "has the unknown kind %u; the known ones are 1 to 3", s->kind);
    if ((s->kind == GYRE_STATE_MAP) != (s->key != NULL))
        return gy_check_fault(c, s->key ? "has a type of keys and is no map; leave it NULL"
                                        : "is a map without a type of keys; use GYRE_STATE_MAP_OF");
    if (s->ttl_us < 0)
        return gy_check_fault(c, "lives %lld us; give 0 (for ever) or more", (long long)s->ttl_us);
    if (!s->type)
        return gy_check_fault(c, "has no type; give its gyre_state_type");
    if ((code = gy_check_state_type(c, s->type)) < 0)
        return code;
    return s->key ? gy_check_state_type(c, s->key) : 0;
}

static int check_states(struct gy_check *c, const struct gyre_operator *op)
{
    c->guide = GY_GUIDE_STATE;
    if (op->n_states > PORTS_MAX || (op->n_states > 0 && !op->states))
        return gy_check_fault(c, "has %u states%s; at most %u", op->n_states,
                              op->states ? "" : " at NULL", PORTS_MAX);
    for (uint32_t i = 0; i < op->n_states; i++) {
        const struct gyre_state *s = gyre_state_at(op->states, i);
        if (s->size != sizeof *s)
            return gy_check_fault(c, "has a state of size %u, not %zu; use GYRE_STATE", s->size,
                                  sizeof *s);
        if (!gy_check_is_identifier(s->name))
            return gy_check_fault(c, "has a state called `%.60s`; names are C identifiers",
                                  s->name ? s->name : "NULL");
        snprintf(c->part, sizeof c->part, ", state `%s`", s->name);
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(gyre_state_at(op->states, k)->name, s->name) == 0)
                return gy_check_fault(c, "is declared twice; remove one of them");
        int code = check_state(c, s);
        if (code < 0)
            return code;
        c->part[0] = '\0';
    }
    return 0;
}

/* The host computes the column of a key function into input port 0. */
static int check_no_key_function(struct gy_check *c, const struct gyre_option *options, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (gyre_option_at(options, i)->type == GYRE_OPTION_KEY_FUNCTION)
            return gy_check_fault(c,
                                  "has the option `%s`, a key function, which only an operator "
                                  "with an input can have; leave it out",
                                  gyre_option_at(options, i)->name);
    return 0;
}

/* ---- operators ---- */

static int check_needs(const struct gy_check *c, uint64_t needs)
{
    uint64_t lacking = needs & ~GY_HOST_FEATURES;
    if (lacking == 0)
        return 0;
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        if (lacking & features[i].bit)
            return gy_check_fault(c,
                                  "needs %s (0x%llx) and this gyre offers 0x%llx; use a newer gyre",
                                  features[i].name, (unsigned long long)features[i].bit,
                                  (unsigned long long)GY_HOST_FEATURES);
    return gy_check_fault(c,
                          "needs the unknown features 0x%llx and this gyre offers 0x%llx; use a "
                          "newer gyre",
                          (unsigned long long)lacking, (unsigned long long)GY_HOST_FEATURES);
}

static int check_flags(const struct gy_check *c, const struct gyre_operator *op)
{
    if (op->flags & ~OPERATOR_FLAGS)
        return gy_check_fault(c,
                              "has the flags 0x%x, of which this gyre knows 0x%x; "
                              "rebuild it with this gyre's SDK",
                              op->flags, OPERATOR_FLAGS);
    if ((op->flags & GYRE_NEEDS_KEY) && op->kind == GYRE_SOURCE)
        return gy_check_fault(c, "is a source that needs a key, which no source has; leave "
                                 "GYRE_NEEDS_KEY out");
    return 0;
}

static int check_operator(struct gy_check *c, const struct gyre_operator *op)
{
    int code;
    c->guide = GY_GUIDE_BY_HAND;
    if (op->kind < GYRE_SOURCE || op->kind > GYRE_SINK)
        return gy_check_fault(c,
                              "has the unknown kind %u; the known ones are 1 (source), 2 "
                              "(transform) and 3 (sink)",
                              op->kind);
    if ((code = check_doc(c, op->doc)) < 0 || (code = check_flags(c, op)) < 0 ||
        (code = check_needs(c, op->needs)) < 0 || (code = check_callbacks(c, op)) < 0 ||
        (code = check_all_ports(c, op)) < 0 || (code = check_states(c, op)) < 0)
        return code;
    if ((code = gy_check_options(c, op->options, op->n_options, op->config_size, true)) < 0)
        return code;
    c->guide = GY_GUIDE_OPTIONS;
    return op->n_inputs > 0 ? 0 : check_no_key_function(c, op->options, op->n_options);
}

/* ---- functions ---- */

/* What runs in a window function's place is of the same name and options. */
static int check_whole(struct gy_check *c, const struct gyre_function *f)
{
    const struct gyre_operator *whole = ((const struct gyre_window_function *)f->impl)->whole;
    if (whole == NULL)
        return 0;
    if (whole->size != sizeof *whole || whole->kind != GYRE_TRANSFORM || whole->name == NULL ||
        strcmp(whole->name, f->name) != 0 || whole->options != f->options ||
        whole->n_options != f->n_options || whole->config_size != f->config_size)
        return gy_check_fault(c, "has a `whole` that is no transform of its own name, options and "
                                 "config; give it these");
    return check_operator(c, whole);
}

static int check_aggregate(struct gy_check *c, const struct gyre_function *f)
{
    const struct gyre_aggregate *a = f->impl;
    const struct callback callbacks[] = {{"add", a->add != NULL}, {"result", a->result != NULL}};
    int code = require(c, "aggregate", callbacks, 2);
    if (code < 0)
        return code;
    if (!a->accumulator && !f->bind)
        return gy_check_fault(c, "has no accumulator type and no bind that gives one; declare one");
    if (f->n_results == 0 && !f->bind)
        return gy_check_fault(c, "has no results and no bind that declares them; declare one");
    return a->accumulator ? gy_check_state_type(c, a->accumulator) : 0;
}

/* One row per kind: the contract's size, and the callback that it cannot do without. */
static int check_impl(struct gy_check *c, const struct gyre_function *f)
{
    uint32_t size, wanted;
    struct callback callback;
    memcpy(&size, f->impl, sizeof size);
#define CONTRACT(type, member)                                                                     \
    wanted = (uint32_t)sizeof(struct type);                                                        \
    callback = (struct callback){#member, size == wanted &&                                        \
                                              ((const struct type *)f->impl)->member != NULL};     \
    break
    switch (f->kind) {
    case GYRE_FN_AGGREGATE: CONTRACT(gyre_aggregate, add);
    case GYRE_FN_WINDOW: CONTRACT(gyre_window_function, fire);
    case GYRE_FN_KEY: CONTRACT(gyre_key_function, keys);
    case GYRE_FN_PARTITION: CONTRACT(gyre_partition_function, partition);
    case GYRE_FN_DISTANCE: CONTRACT(gyre_distance_function, distance);
    case GYRE_FN_TRIGGER: CONTRACT(gyre_trigger_function, on_row);
    default: CONTRACT(gyre_eviction_function, evict);
    }
#undef CONTRACT
    if (size != wanted)
        return gy_check_fault(c, "has a contract of size %u, not %u; begin it with its sizeof",
                              size, wanted);
    int code = require(c, "function of its kind", &callback, 1);
    if (code < 0)
        return code;
    if (f->kind == GYRE_FN_AGGREGATE)
        return check_aggregate(c, f);
    const struct gyre_trigger_function *trigger = f->impl;
    if (f->kind == GYRE_FN_TRIGGER && trigger->state)
        return gy_check_state_type(c, trigger->state);
    return 0;
}

static const char *section_of_function(uint32_t kind)
{
    return kind == GYRE_FN_AGGREGATE                          ? GY_GUIDE_AGGREGATES
           : kind == GYRE_FN_KEY || kind == GYRE_FN_PARTITION ? GY_GUIDE_KEYS
                                                              : GY_GUIDE_WINDOWS;
}

static int check_function(struct gy_check *c, const struct gyre_function *f)
{
    int code;
    c->guide = section_of_function(f->kind);
    if (f->kind < GYRE_FN_AGGREGATE || f->kind > GYRE_FN_EVICTION)
        return gy_check_fault(c, "has the unknown kind %u; the known ones are 1 to 7", f->kind);
    if ((code = check_doc(c, f->doc)) < 0)
        return code;
    if (f->flags != 0)
        return gy_check_fault(c, "has the flags 0x%x, of which this gyre knows none", f->flags);
    if (!f->impl)
        return gy_check_fault(c, "has no contract (impl is NULL); point it to the struct of its "
                                 "kind");
    if ((code = check_impl(c, f)) < 0 || (code = check_fields(c, f->fields, f->n_fields)) < 0 ||
        (code = check_fields(c, f->results, f->n_results)) < 0)
        return code;
    if (f->kind == GYRE_FN_WINDOW && (code = check_whole(c, f)) < 0)
        return code;
    if (f->kind == GYRE_FN_KEY && f->n_results == 0 && !f->bind)
        return gy_check_fault(c, "has no results and no bind that declares them; declare one");
    if ((code = gy_check_options(c, f->options, f->n_options, f->config_size, true)) < 0)
        return code;
    c->guide = GY_GUIDE_OPTIONS;
    for (uint32_t i = 0; i < f->n_options; i++)
        if ((gyre_option_at(f->options, i)->flags & GYRE_WRITES) != 0)
            return gy_check_fault(c,
                                  "has the option `%s` with the flag GYRE_WRITES, which only an "
                                  "option of an operator can have; leave it out",
                                  gyre_option_at(f->options, i)->name);
    return check_no_key_function(c, f->options, f->n_options);
}

/* ---- the plugin ---- */

/* What can be said of an item before its descriptor is read: its kind, size and name. */
static int check_item_head(struct gy_check *c, const struct gyre_item *item, uint32_t i)
{
    static const char *const words[] = {"", "operator", "function", "state type"};
    static const uint32_t sizes[] = {0, sizeof(struct gyre_operator), sizeof(struct gyre_function),
                                     sizeof(struct gyre_state_type)};
    uint32_t size;
    snprintf(c->item, sizeof c->item, "item %u", i);
    if (item->kind < GYRE_ITEM_OPERATOR || item->kind > GYRE_ITEM_STATE_TYPE)
        return gy_check_fault(c, "has the unknown kind %u; the known ones are 1 to 3", item->kind);
    if (!item->what)
        return gy_check_fault(c, "has no descriptor; list it with GYRE_OP or GYRE_FN");
    memcpy(&size, item->what, sizeof size);
    if (size != sizes[item->kind])
        return gy_check_fault(c, "is a descriptor of size %u, not %u; begin it with its sizeof",
                              size, sizes[item->kind]);
    if (item->kind == GYRE_ITEM_STATE_TYPE)
        return 0;
    const char *name = gy_item_name(item);
    if (!gy_check_is_name(name))
        return gy_check_fault(c, "is called `%.60s`; names are [a-z][a-z0-9_]*",
                              name ? name : "NULL");
    snprintf(c->item, sizeof c->item, "%s `%s`", words[item->kind], name);
    return 0;
}

static int check_item(struct gy_check *c, const struct gyre_item *items, uint32_t i)
{
    c->part[0] = '\0';
    c->guide = GY_GUIDE_FIRST;
    int code = check_item_head(c, &items[i], i);
    if (code < 0)
        return code;
    if (items[i].kind == GYRE_ITEM_STATE_TYPE)
        return gy_check_state_type(c, items[i].what);
    for (uint32_t k = 0; k < i; k++) {
        const char *other = gy_item_name(&items[k]);
        if (other && strcmp(other, gy_item_name(&items[i])) == 0)
            return gy_check_fault(c, "is listed twice; operators and functions share their names: "
                                     "rename one");
    }
    if (items[i].kind == GYRE_ITEM_OPERATOR)
        return check_operator(c, items[i].what);
    return check_function(c, items[i].what);
}

int gy_plugin_check(const struct gy_plugin *plugin, struct gyre_error *error)
{
    struct gy_check c = {
        .path = plugin->path, .error = error, .guide = GY_GUIDE_FIRST, .item = GYRE_SYMBOL};
    const struct gyre_plugin *abi = plugin->abi;
    if (abi->size != sizeof *abi)
        return gy_check_fault(&c, "has size %u, not %zu; use GYRE_PLUGIN", abi->size, sizeof *abi);
    if (!abi->name || strcmp(abi->name, plugin->note.name) != 0)
        return gy_check_fault(&c, "says that it is `%.60s` and its note `%s`; use GYRE_PLUGIN",
                              abi->name ? abi->name : "NULL", plugin->note.name);
    if (!abi->version || strcmp(abi->version, plugin->note.version) != 0)
        return gy_check_fault(&c, "has version \"%.32s\" and its note \"%s\"; use GYRE_PLUGIN",
                              abi->version ? abi->version : "NULL", plugin->note.version);
    if (abi->n_items == 0 || abi->n_items > ITEMS_MAX || !abi->items)
        return gy_check_fault(&c, "lists %u items; list 1 to %u with GYRE_OP and GYRE_FN",
                              abi->n_items, ITEMS_MAX);
    for (uint32_t i = 0; i < abi->n_items; i++) {
        int code = check_item(&c, abi->items, i);
        if (code < 0)
            return code;
    }
    return 0;
}
