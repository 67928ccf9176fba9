/* Guessing how an operator or function can be run, from its tables alone; see subject.h. */
#include "conform/subject.h"

#include "base/mem.h"
#include "kit/stub.h"

#include <stdio.h>

/* What rows of any fields have: some of every type, distinct and in this order. */
static const char any_fields[] = "k: str, n: i64, x: f64, at: time, i: i32, flag: bool, "
                                 "note: str or null, maybe: i64 or null";
static const char *const field_names[] = {"n", "x", "k", "at", "i", "note", "flag", "maybe"};

enum { N_FIELDS = sizeof field_names / sizeof *field_names };

/* One guess: which field options get, whether there is a key and a window. */
struct guess {
    uint32_t field;
    bool key, window;
};

static void put_fields(struct gy_buf *into, const struct gyre_field *fields, uint32_t n)
{
    struct gyre_schema schema = {sizeof schema, n, fields};
    for (uint32_t f = 0; f < n; f++) {
        const struct gyre_field *field = gyre_schema_field(&schema, f);
        gy_buf_printf(into, "%s%s: %s%s", f > 0 ? ", " : "", field->name,
                      gyre_type_name(field->type),
                      (field->flags & GYRE_NULLABLE) != 0 ? " or null" : "");
    }
}

/* The fields of a port, and a key beside them where they have none to take; the first of those. */
static char *schema_of(const struct gyre_field *fields, uint32_t n, const char **key)
{
    struct gyre_schema schema = {sizeof schema, n, fields};
    struct gy_buf text = {0};
    const char *found = NULL;
    for (uint32_t f = 0; f < n && found == NULL; f++) {
        const struct gyre_field *field = gyre_schema_field(&schema, f);
        if (gyre_type_is_str(field->type) && (field->flags & GYRE_NULLABLE) == 0)
            found = field->name;
    }
    put_fields(&text, fields, n);
    if (n == 0)
        gy_buf_text(&text, any_fields);
    else if (found == NULL)
        gy_buf_text(&text, ", k: str");
    *key = found != NULL ? found : "k";
    const char *all = gy_buf_cstr(&text);
    char *copy = all != NULL ? gy_strdup(all) : NULL;
    gy_buf_fini(&text);
    return copy;
}

/* ---- options ---- */

static void put_number(struct gy_buf *into, const struct gyre_option *o, int64_t usual)
{
    bool bounded = o->min != 0 || o->max != 0;
    int64_t v = bounded && usual < o->min ? o->min : bounded && usual > o->max ? o->max : usual;
    switch (o->type) {
    case GYRE_OPTION_DURATION: gy_buf_printf(into, "\"%lldus\"", (long long)v); break;
    case GYRE_OPTION_SIZE: gy_buf_printf(into, "\"%lldB\"", (long long)v); break;
    case GYRE_OPTION_FLOATS:
    case GYRE_OPTION_FLOAT: gy_buf_printf(into, "%lld.0", (long long)v); break;
    default: gy_buf_printf(into, "%lldL", (long long)v);
    }
}

static void put_option(struct gy_buf *into, const struct gyre_option *o, const struct guess *guess)
{
    const char *field = field_names[guess->field % N_FIELDS];
    gy_buf_printf(into, "%s = ", o->name);
    switch (o->type) {
    case GYRE_OPTION_BOOL: gy_buf_text(into, "true"); break;
    case GYRE_OPTION_INT:
    case GYRE_OPTION_FLOAT:
    case GYRE_OPTION_FLOATS: put_number(into, o, 10); break;
    case GYRE_OPTION_SIZE: put_number(into, o, 65536); break;
    case GYRE_OPTION_DURATION: put_number(into, o, 1000000); break;
    case GYRE_OPTION_CHOICE:
        gy_buf_printf(into, "\"%.*s\"", (int)strcspn(o->choices, "|"), o->choices);
        break;
    case GYRE_OPTION_FIELD: gy_buf_printf(into, "\"%s\"", field); break;
    case GYRE_OPTION_FIELDS: gy_buf_printf(into, "(\"%s\")", field); break;
    case GYRE_OPTION_PATH:
        gy_buf_text(into, (o->flags & GYRE_WRITES) != 0 ? "\"out.txt\"" : "\"in.txt\"");
        break;
    case GYRE_OPTION_SCHEMA: gy_buf_text(into, "({name = \"line\"; type = \"str\";})"); break;
    default: gy_buf_text(into, "\"a\"");
    }
    gy_buf_text(into, "; ");
}

static void put_options(struct gy_buf *into, const struct gyre_option *options, uint32_t n,
                        const struct guess *guess)
{
    for (uint32_t i = 0; i < n; i++)
        if ((gyre_option_at(options, i)->flags & GYRE_REQUIRED) != 0)
            put_option(into, gyre_option_at(options, i), guess);
}

/* ---- guesses ---- */

/* True for functions that are run under the stub's count of rows: it has keys and windows as any aggregate. */
static bool is_policy(const struct gyre_function *fn)
{
    return fn != NULL && (fn->kind == GYRE_FN_KEY || fn->kind == GYRE_FN_DISTANCE ||
                          fn->kind == GYRE_FN_TRIGGER || fn->kind == GYRE_FN_EVICTION);
}

/* Where such a function stands, with its options beside it. */
static void put_policy(struct gy_buf *into, const char *name, const struct gyre_function *fn,
                       const struct guess *guess, const char *key)
{
    if (fn->kind != GYRE_FN_KEY)
        gy_buf_printf(into, "key = \"%s\"; ", key);
    if (fn->kind == GYRE_FN_TRIGGER)
        gy_buf_text(into, "window = {count = 5;}; ");
    gy_buf_printf(into, "%s = {fn = \"%s\"; ",
                  fn->kind == GYRE_FN_KEY       ? "key"
                  : fn->kind == GYRE_FN_TRIGGER ? "every"
                                                : "window",
                  name);
    if (fn->kind == GYRE_FN_DISTANCE)
        gy_buf_text(into, "delta = 1.0; ");
    put_options(into, fn->options, fn->n_options, guess);
    gy_buf_text(into, "}; on_error = \"skip\"; ");
    if (fn->kind == GYRE_FN_EVICTION)
        gy_buf_text(into, "every = {count = 2;}; ");
}

static char *options_of(const char *name, const struct gyre_operator *op,
                        const struct gyre_function *fn, const struct guess *guess, const char *key)
{
    struct gy_buf text = {0};
    if (is_policy(fn)) {
        put_policy(&text, name, fn, guess, key);
        char *policy = gy_buf_cstr(&text) != NULL ? gy_strdup(gy_buf_cstr(&text)) : NULL;
        gy_buf_fini(&text);
        return policy;
    }
    if (guess->key)
        gy_buf_printf(&text, "key = \"%s\"; ", key);
    if (guess->window && fn != NULL && fn->kind == GYRE_FN_WINDOW)
        gy_buf_text(&text, "window = {count = 4;}; ");
    else if (guess->window)
        gy_buf_text(&text, "window = {time = \"10s\";}; ");
    if (op == NULL || op->kind != GYRE_SINK)
        gy_buf_text(&text, op == NULL || op->n_inputs > 0 ? "on_error = \"skip\"; " : "");
    put_options(&text, op != NULL ? op->options : fn->options,
                op != NULL ? op->n_options : fn->n_options, guess);
    char *copy = gy_strdup(text.len > 0 ? gy_buf_cstr(&text) : "");
    gy_buf_fini(&text);
    return copy;
}

static bool try_one(struct gy_subject *s, const char *plugin, const char *plugin_path,
                    const char *scratch)
{
    struct gyre_kit_setup setup = gy_subject_setup(s, plugin, plugin_path, scratch);
    struct gyre_kit *kit = gy_kit_make(&setup, false);
    bool made = kit != NULL && kit->code == 0;
    if (made) {
        gy_free(s->error);
        s->error = NULL;
        gy_subject_look(s, kit);
    } else if (s->error == NULL) { /* what the first guess was refused for says most */
        s->error = gy_strdup(kit != NULL ? gyre_kit_error(kit) : "out of memory");
    }
    gyre_kit_free(kit);
    return made;
}

/* State, timers and functions are tried with a key first: there is more to see. */
static bool guess_all(struct gy_subject *s, const struct gyre_operator *op,
                      const struct gyre_function *fn, const char *key, const char *plugin,
                      const char *plugin_path, const char *scratch)
{
    bool keyed = op == NULL || op->n_states > 0 || op->on_timer != NULL ||
                 (op->flags & (GYRE_NEEDS_KEY | GYRE_TAKES_WINDOW)) != 0;
    bool windowed = (fn != NULL && fn->kind == GYRE_FN_WINDOW) ||
                    (op != NULL && (op->flags & GYRE_TAKES_WINDOW) != 0);
    for (uint32_t i = 0; i < 4 * N_FIELDS; i++) {
        struct guess guess = {i / 4, (i & 1) == (keyed ? 0 : 1),
                              (i >> 1 & 1) == (windowed ? 0 : 1)};
        gy_free(s->options);
        s->options = options_of(s->name, op, fn, &guess, key);
        if (s->options == NULL || try_one(s, plugin, plugin_path, scratch))
            return true;
    }
    return false;
}

/* The key may be any field of the first port, and only the operator knows which. */
static void guess_keys(struct gy_subject *s, const struct gyre_operator *op, const char *plugin,
                       const char *plugin_path, const char *scratch)
{
    const struct gyre_port *port = op->n_inputs > 0 ? gyre_port_at(op->inputs, 0) : NULL;
    struct gyre_schema schema = {sizeof schema, port != NULL ? port->n_fields : 0,
                                 port != NULL ? port->fields : NULL};
    for (uint32_t f = 0; f < schema.n_fields; f++)
        if (guess_all(s, op, NULL, gyre_schema_field(&schema, f)->name, plugin, plugin_path,
                      scratch))
            return;
}

static void derive(struct gy_subjects *subjects, const struct gy_plugin *plugin,
                   const struct gyre_operator *op, const struct gyre_function *fn,
                   const char *plugin_path, const char *scratch)
{
    struct gy_subject s = {.mode = GYRE_MODE_STREAM};
    const char *key = "k";
    bool hosted = fn != NULL && fn->kind != GYRE_FN_PARTITION;
    s.op = gy_printf("%s.%s", plugin->abi->name, op != NULL ? op->name : fn->name);
    if (is_policy(fn)) {
        s.name = s.op;
        s.op = gy_strdup(GY_STUB ".count");
    }
    for (uint32_t p = 0; op != NULL && p < op->n_inputs && p < GYRE_KIT_INPUTS; p++) {
        const struct gyre_port *port = gyre_port_at(op->inputs, p);
        s.inputs[p].schema = schema_of(port->fields, port->n_fields, &key);
        s.inputs[p].port = op->n_inputs > 1 ? gy_strdup(port->name) : NULL;
    }
    if (fn != NULL)
        s.inputs[0].schema = schema_of(fn->fields, fn->n_fields, &key);
    s.rounds = gy_needs_rounds(op);
    bool made =
        (op != NULL || hosted) && guess_all(&s, op, fn, key, plugin->path, plugin_path, scratch);
    if (!made && op != NULL)
        guess_keys(&s, op, plugin->path, plugin_path, scratch);
    if (op == NULL && !hosted)
        s.error = gy_strdup("a function of this kind is tested with the operator that calls it");
    s.apart = op == NULL && !hosted;
    if (s.op == NULL || gy_vec_push(&subjects->list, s) != 0)
        gy_subject_fini(&s);
}

void gy_subjects_derive(struct gy_subjects *subjects, const struct gy_plugin *plugin,
                        const char *plugin_path, const char *scratch)
{
    size_t known = subjects->list.n;
    for (uint32_t i = 0; i < plugin->abi->n_items; i++) {
        const struct gyre_item *item = &plugin->abi->items[i];
        const char *name = gy_item_name(item);
        bool there = name == NULL;
        for (size_t k = 0; k < known && !there; k++) {
            const struct gy_subject *s = &subjects->list.items[k];
            char full[128], hosts[132];
            snprintf(full, sizeof full, "%s.%s", plugin->abi->name, name);
            snprintf(hosts, sizeof hosts, "\"%s\"", full);
            there = strcmp(s->op, full) == 0 ||
                    (s->options != NULL && strstr(s->options, hosts) != NULL);
        }
        if (!there && item->kind == GYRE_ITEM_OPERATOR)
            derive(subjects, plugin, item->what, NULL, plugin_path, scratch);
        else if (!there && item->kind == GYRE_ITEM_FUNCTION)
            derive(subjects, plugin, NULL, item->what, plugin_path, scratch);
    }
}
