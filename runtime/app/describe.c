/* Words for descriptors, and the JSON writer; see describe.h. */
#include "app/describe.h"

#include "base/text.h"

#include <string.h>

const struct gy_flag_word gy_operator_words[] = {
    {GYRE_NEEDS_KEY, "needs_key", "needs a key"},
    {GYRE_SINGLE, "single", "runs as one task"},
    {GYRE_BLOCKING, "blocking", "may wait: each task has a thread of its own"},
    {GYRE_READS_TIME, "reads_time", "reads event times"},
    {GYRE_SETS_TIME, "sets_time", "sets event times"},
    {GYRE_MASK_AWARE, "mask_aware", NULL},
    {GYRE_WANTS_SELECTION, "wants_selection", NULL},
    {GYRE_AT_MOST_ONCE, "at_most_once", NULL},
    {GYRE_AT_LEAST_ONCE, "at_least_once", NULL},
    {GYRE_UNBOUNDED, "unbounded", "without an end"},
    {GYRE_TAKES_WINDOW, "takes_window", "takes a window of time"},
    {0, NULL, NULL},
};

const struct gy_flag_word gy_port_words[] = {
    {GYRE_PORT_ALL, "all", "reads all fields"},
    {GYRE_PORT_OPTIONAL, "optional", "need not be connected"},
    {GYRE_PORT_ALIGNED, "aligned", "one row for each input row"},
    {GYRE_PORT_FILTERS, "filters", "may drop rows"},
    {GYRE_PORT_PASS_REST, "pass_rest", "passes the other fields on"},
    {GYRE_PORT_TIME, "time", "sets event times"},
    {0, NULL, NULL},
};

void gy_describe_flags(struct gy_buf *b, const struct gy_flag_word *words, uint32_t flags)
{
    bool first = true;
    for (; words->bit; words++) {
        if (!(flags & words->bit) || !words->text)
            continue;
        gy_buf_printf(b, "%s%s", first ? "" : "; ", words->text);
        first = false;
    }
}

void gy_describe_fields(struct gy_buf *b, const struct gyre_field *fields, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        gy_buf_printf(b, "%s%s: %s%s", i > 0 ? ", " : "", fields[i].name,
                      gyre_type_name(fields[i].type),
                      fields[i].flags & GYRE_NULLABLE ? " or null" : "");
}

/* ---- options ---- */

/* What the SDK's table says of a type, up to the first explanation in brackets. */
static void describe_type(struct gy_buf *b, const struct gyre_option *o)
{
    static const char *const texts[] = {"?",
#define ROW(name, value, ctype, text) text,
                                        GYRE_OPTION_TYPES(ROW)
#undef ROW
    };
    if (o->type == GYRE_OPTION_CHOICE) {
        gy_buf_text(b, "one of ");
        for (const char *p = o->choices; *p; p++)
            if (*p == '|')
                gy_buf_text(b, ", ");
            else
                gy_buf_u8(b, (uint8_t)*p);
        return;
    }
    const char *text = texts[o->type];
    const char *end = o->type == GYRE_OPTION_GROUPS ? strstr(text, " with") : strstr(text, " (");
    gy_buf_bytes(b, text, end ? (size_t)(end - text) : strlen(text));
}

static void describe_bound(struct gy_buf *b, const struct gyre_option *o, int64_t bound)
{
    char text[GY_NUMBER_MAX];
    if (o->type == GYRE_OPTION_DURATION && bound > 0)
        gy_text_format_duration(text, bound);
    else if (o->type == GYRE_OPTION_SIZE && bound > 0)
        gy_text_format_size(text, (uint64_t)bound);
    else
        gy_number_format_i64(text, bound);
    gy_buf_text(b, text);
}

static bool has_range(const struct gyre_option *o)
{
    return o->min != 0 || o->max != 0;
}

static void describe_range(struct gy_buf *b, const struct gyre_option *o)
{
    if (o->min == INT64_MIN) {
        gy_buf_text(b, "at most ");
        describe_bound(b, o, o->max);
        return;
    }
    describe_bound(b, o, o->min);
    gy_buf_text(b, o->max == INT64_MAX ? " or more" : " to ");
    if (o->max != INT64_MAX)
        describe_bound(b, o, o->max);
}

void gy_describe_option(struct gy_buf *b, const struct gyre_option *option)
{
    describe_type(b, option);
    if (option->flags & GYRE_REQUIRED)
        gy_buf_text(b, "; required");
    else if (option->fallback)
        gy_buf_printf(b, "; default %s", *option->fallback ? option->fallback : "\"\"");
    if (has_range(option)) {
        gy_buf_text(b, "; ");
        describe_range(b, option);
    }
    if (option->unit)
        gy_buf_printf(b, "; %s", option->unit);
    if (option->flags & GYRE_OF_STATE)
        gy_buf_text(b, "; state is of it");
}

void gy_describe_takes(struct gy_buf *b, const struct gyre_option *option)
{
    describe_type(b, option);
    if (has_range(option)) {
        gy_buf_text(b, " (");
        describe_range(b, option);
        gy_buf_u8(b, ')');
    }
    if (option->unit)
        gy_buf_printf(b, ", %s", option->unit);
}

const char *gy_describe_option_type(uint32_t type)
{
    static const char *const names[] = {
        "?",        "bool",     "int",    "float",        "string", "path",
        "duration", "size",     "choice", "field",        "fields", "strings",
        "schema",   "function", "groups", "key_function", "floats"};
#define ROW(name, value, ctype, text) +1
    _Static_assert(sizeof names / sizeof *names == 1 GYRE_OPTION_TYPES(ROW), "a name for each");
#undef ROW
    return type < sizeof names / sizeof *names ? names[type] : names[0];
}

/* ---- guarantees and state ---- */

/* A source without save_split reads its splits again from their start. A sink that cannot prepare and commit
 * shows rows at once, and those since the snapshot a second time after a restore. What stands between a
 * source and a sink neither replays nor commits: it is as good as these are, unless it says otherwise. */
const char *gy_describe_delivery(const struct gyre_operator *op)
{
    if (op->flags & GYRE_AT_MOST_ONCE)
        return "at most once";
    if (op->flags & GYRE_AT_LEAST_ONCE)
        return "at least once";
    if (op->kind == GYRE_SOURCE && !op->save_split)
        return "at least once";
    if (op->kind == GYRE_SINK && (!op->prepare || !op->commit))
        return "at least once";
    return op->kind == GYRE_TRANSFORM ? NULL : "exactly once";
}

const char *gy_describe_state_kind(uint32_t kind)
{
    static const char *const names[] = {"?", "value", "list", "map"};
    return names[kind <= GYRE_STATE_MAP ? kind : 0];
}

const char *gy_describe_items(uint32_t items)
{
    static const char *const names[] = {NULL, "split", "union", "broadcast", "keyed"};
    return names[items <= GYRE_ITEMS_KEYED ? items : 0];
}

void gy_describe_state_type(struct gy_buf *b, const struct gyre_state_type *t)
{
    gy_buf_printf(b, "%s version %u", t->name, t->version);
    for (uint32_t i = 0; i < t->n_members; i++)
        gy_buf_printf(b, "%s%s: %s", i > 0 ? ", " : " { ", t->members[i].name,
                      gyre_type_name(t->members[i].type));
    gy_buf_text(b, t->n_members > 0 ? " }" : "");
}

void gy_describe_state(struct gy_buf *b, const struct gyre_state *s)
{
    char ttl[GY_NUMBER_MAX];
    gy_buf_printf(b, "%s of ", gy_describe_state_kind(s->kind));
    if (s->key) {
        gy_describe_state_type(b, s->key);
        gy_buf_text(b, " to ");
    }
    gy_describe_state_type(b, s->type);
    if (s->ttl_us > 0) {
        gy_text_format_duration(ttl, s->ttl_us);
        gy_buf_printf(b, "; for %s", ttl);
    }
}

/* ---- hosted functions ---- */

const struct gyre_option gy_host_as = {
    .size = sizeof(struct gyre_option),
    .type = GYRE_OPTION_STRING,
    .name = "as",
    .doc = "another name for the result, where it is one field",
};

bool gy_takes_host_as(const struct gyre_function *f)
{
    bool takes = f->kind == GYRE_FN_AGGREGATE && !gy_function_is_set(f);
    for (uint32_t i = 0; i < f->n_options; i++)
        takes &= strcmp(gyre_option_at(f->options, i)->name, gy_host_as.name) != 0;
    return takes;
}

void gy_describe_windows(struct gy_buf *b, const struct gyre_function *f)
{
    const struct gyre_aggregate *a = f->impl;
    if (gy_function_is_set(f)) {
        gy_buf_text(b, "can be merged where each of its functions can");
        return;
    }
    gy_buf_text(b, a->merge ? "can be merged" : "cannot be merged");
}

/* ---- JSON ---- */

static void begin(struct gy_buf *b, const char *key)
{
    uint8_t last = b->len > 0 ? b->data[b->len - 1] : '[';
    if (last != '[' && last != '{')
        gy_buf_u8(b, ',');
    if (!key)
        return;
    gy_text_json_string(b, key, strlen(key));
    gy_buf_u8(b, ':');
}

void gy_json_open(struct gy_buf *b, const char *key, char bracket)
{
    begin(b, key);
    gy_buf_u8(b, (uint8_t)bracket);
}

void gy_json_close(struct gy_buf *b, char bracket)
{
    gy_buf_u8(b, (uint8_t)bracket);
}

void gy_json_text(struct gy_buf *b, const char *key, const char *text)
{
    begin(b, key);
    if (text)
        gy_text_json_string(b, text, strlen(text));
    else
        gy_buf_text(b, "null");
}

void gy_json_number(struct gy_buf *b, const char *key, int64_t number)
{
    begin(b, key);
    gy_buf_printf(b, "%lld", (long long)number);
}

void gy_json_bool(struct gy_buf *b, const char *key, bool value)
{
    begin(b, key);
    gy_buf_text(b, value ? "true" : "false");
}
