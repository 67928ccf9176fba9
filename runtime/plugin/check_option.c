/* Checks of option tables and state types; see check.h. */
#include "plugin/check.h"

#include "base/text.h"
#include "plugin/guide.h"

#include <stdalign.h>
#include <string.h>

/* A group within a group within ...: deeper than any table that a person wrote. */
#define GROUP_DEPTH_MAX 4u
#define OPTIONS_MAX     1024u

/* The settings of every operator (INTERFACE, section 1), which no plugin may take. */
static const char *const settings[] = {
    "id",          "op",     "input",  "feedback", "key",      "partition",
    "parallelism", "window", "every",  "per",      "lateness", "early",
    "accumulate",  "clock",  "rounds", "on_error", "doc",
};

struct value_type {
    uint32_t size, align;
};

static struct value_type value_type(uint32_t type)
{
    switch (type) {
#define ROW(name, value, ctype, text)                                                              \
    case value: return (struct value_type){(uint32_t)sizeof(ctype), (uint32_t)alignof(ctype)};
        GYRE_OPTION_TYPES(ROW)
#undef ROW
    default: return (struct value_type){0, 0};
    }
}

static bool is_bounded(const struct gyre_option *o)
{
    return o->min != 0 || o->max != 0;
}

static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (strcmp(settings[i], name) == 0)
            return true;
    return false;
}

/* ---- choices ---- */

/* The next word of "csv|json", and its length; NULL at the end. */
static const char *next_choice(const char **rest, size_t *n)
{
    const char *word = *rest;
    if (!word)
        return NULL;
    const char *bar = strchr(word, '|');
    *n = bar ? (size_t)(bar - word) : strlen(word);
    *rest = bar ? bar + 1 : NULL;
    return word;
}

static unsigned count_choice(const char *choices, const char *word, size_t n)
{
    const char *rest = choices, *other;
    size_t m;
    unsigned count = 0;
    while ((other = next_choice(&rest, &m)))
        count += m == n && memcmp(other, word, n) == 0;
    return count;
}

static int check_choices(struct gy_check *c, const struct gyre_option *o)
{
    const char *rest = o->choices, *word;
    size_t n;
    if ((o->type == GYRE_OPTION_CHOICE) != (o->choices != NULL))
        return gy_check_fault(c,
                              o->choices
                                  ? "has choices (\"%.60s\") and is no CHOICE; leave them out"
                                  : "is a CHOICE without choices%s; list them: \"csv|json\"",
                              o->choices ? o->choices : "");
    while ((word = next_choice(&rest, &n))) {
        if (n == 0)
            return gy_check_fault(c, "has an empty choice in \"%.60s\"; name or remove it",
                                  o->choices);
        if (count_choice(o->choices, word, n) > 1)
            return gy_check_fault(c, "has the choice %.*s twice in \"%.60s\"; remove one", (int)n,
                                  word, o->choices);
    }
    return 0;
}

/* ---- defaults ---- */

static int check_bounds(struct gy_check *c, const struct gyre_option *o, int64_t value)
{
    if (!is_bounded(o) || (value >= o->min && value <= o->max))
        return 0;
    return gy_check_fault(c,
                          "has the default %s, outside of its range %lld to %lld; change one of "
                          "them",
                          o->fallback, (long long)o->min, (long long)o->max);
}

static int check_float(struct gy_check *c, const struct gyre_option *o, double value)
{
    if (!is_bounded(o) || (value >= (double)o->min && value <= (double)o->max))
        return 0;
    return gy_check_fault(c,
                          "has the default %s, outside of its range %lld to %lld; change one of "
                          "them",
                          o->fallback, (long long)o->min, (long long)o->max);
}

static int check_default(struct gy_check *c, const struct gyre_option *o)
{
    struct gy_why why;
    int64_t i = 0;
    double d = 0;
    bool b;
    int bad = 0;
    if (!o->fallback)
        return 0;
    if (o->flags & GYRE_REQUIRED)
        return gy_check_fault(c, "is required and has the default %.60s; leave one of them out",
                              o->fallback);
    switch (o->type) {
    case GYRE_OPTION_BOOL: bad = gy_text_parse_bool(o->fallback, &b, &why); break;
    case GYRE_OPTION_INT: bad = gy_text_parse_i64(o->fallback, &i, &why); break;
    case GYRE_OPTION_FLOAT: bad = gy_text_parse_f64(o->fallback, &d, &why); break;
    case GYRE_OPTION_DURATION: bad = gy_text_parse_duration(o->fallback, &i, &why); break;
    case GYRE_OPTION_SIZE: bad = gy_text_parse_size(o->fallback, &i, &why); break;
    case GYRE_OPTION_CHOICE:
        if (count_choice(o->choices, o->fallback, strlen(o->fallback)) != 1)
            return gy_check_fault(c, "has the default %.60s, none of its choices \"%.120s\"",
                                  o->fallback, o->choices);
        break;
    case GYRE_OPTION_SCHEMA:
    case GYRE_OPTION_GROUPS:
        return gy_check_fault(c, "is a list of groups and has the default %.60s; leave it out",
                              o->fallback);
    case GYRE_OPTION_KEY_FUNCTION:
        return gy_check_fault(c, "is a key function and has the default %.60s; leave it out",
                              o->fallback);
    default: break;
    }
    if (bad < 0)
        return gy_check_fault(c, "has a default that cannot be read: %s", why.text);
    if (o->type == GYRE_OPTION_FLOAT)
        return check_float(c, o, d);
    return check_bounds(c, o, i);
}

static int check_range(struct gy_check *c, const struct gyre_option *o)
{
    bool is_number = o->type == GYRE_OPTION_INT || o->type == GYRE_OPTION_FLOAT ||
                     o->type == GYRE_OPTION_FLOATS || o->type == GYRE_OPTION_DURATION ||
                     o->type == GYRE_OPTION_SIZE;
    if (is_bounded(o) && !is_number)
        return gy_check_fault(c, "has a range (%lld to %lld) and is no number; leave it out",
                              (long long)o->min, (long long)o->max);
    if (o->min > o->max)
        return gy_check_fault(c, "has the range %lld to %lld, which is empty; swap them",
                              (long long)o->min, (long long)o->max);
    return 0;
}

/* ---- one option, and the table ---- */

static int check_place(struct gy_check *c, const struct gyre_option *o, uint32_t config_size)
{
    struct value_type v = value_type(o->type);
    if (o->offset > config_size || config_size - o->offset < v.size)
        return gy_check_fault(c,
                              "takes %u bytes at offset %u and the config has %u; give its struct "
                              "in the table",
                              v.size, o->offset, config_size);
    if (o->offset % v.align != 0)
        return gy_check_fault(c, "stands at offset %u, no multiple of %u; use offsetof", o->offset,
                              v.align);
    return 0;
}

static int check_option(struct gy_check *c, const struct gyre_option *o, uint32_t config_size)
{
    struct gyre_option other = *o;
    int code;
    other.flags &= ~GYRE_NOT_OF_STATE; /* goes with all others */
    o = &other;
    if (value_type(o->type).size == 0)
        return gy_check_fault(c, "has the unknown type %u; the known ones are 1 to 16", o->type);
    if (!o->doc || !*o->doc)
        return gy_check_fault(c, "has no text; say in one line what it does");
    if (o->flags & ~(GYRE_REQUIRED | GYRE_WRITES | GYRE_OF_STATE | GYRE_IS_KEY))
        return gy_check_fault(c, "has the flags 0x%x, of which this gyre knows 0x%x", o->flags,
                              GYRE_REQUIRED | GYRE_WRITES | GYRE_OF_STATE | GYRE_IS_KEY);
    if ((o->flags & GYRE_IS_KEY) != 0 && o->type != GYRE_OPTION_FIELDS)
        return gy_check_fault(c, "has the flag GYRE_IS_KEY and is no FIELDS; leave it out");
    if ((o->flags & GYRE_WRITES) != 0 && o->type != GYRE_OPTION_PATH)
        return gy_check_fault(c, "has the flag GYRE_WRITES and is no PATH; leave it out");
    if ((o->flags & GYRE_OF_STATE) != 0 && o->type == GYRE_OPTION_PATH)
        return gy_check_fault(c, "has the flag GYRE_OF_STATE and is a PATH, which may move; leave "
                                 "it out");
    if ((o->type == GYRE_OPTION_GROUPS) != (o->members != NULL && o->n_members > 0))
        return gy_check_fault(c, o->type == GYRE_OPTION_GROUPS
                                     ? "is a list of groups without members; list them"
                                     : "has members and is no GROUPS; leave them out");
    if ((code = check_place(c, o, config_size)) < 0 || (code = check_choices(c, o)) < 0 ||
        (code = check_range(c, o)) < 0)
        return code;
    return check_default(c, o);
}

/* Neither the name nor the bytes of an option may be those of another one. */
static int check_others(struct gy_check *c, const struct gyre_option *options, uint32_t i)
{
    const struct gyre_option *o = gyre_option_at(options, i);
    for (uint32_t k = 0; k < i; k++) {
        const struct gyre_option *other = gyre_option_at(options, k);
        if (strcmp(o->name, other->name) == 0)
            return gy_check_fault(c, "is declared twice; remove one of them");
        if (o->offset < other->offset + value_type(other->type).size &&
            other->offset < o->offset + value_type(o->type).size)
            return gy_check_fault(c,
                                  "stands at offset %u, in the bytes of option `%s` at %u; give "
                                  "each a member of its own",
                                  o->offset, other->name, other->offset);
    }
    return 0;
}

static int check_table(struct gy_check *c, const struct gyre_option *options, uint32_t n,
                       uint32_t config_size, bool reserved)
{
    c->part[0] = '\0';
    if (n > OPTIONS_MAX || (n > 0 && !options))
        return gy_check_fault(c, "has %u options %s; at most %u in one table", n,
                              options ? "" : "at NULL", OPTIONS_MAX);
    for (uint32_t i = 0; i < n; i++) {
        const struct gyre_option *o = gyre_option_at(options, i);
        int code;
        if (o->size != sizeof *o)
            return gy_check_fault(c, "has an option of size %u, not %zu; use GYRE_OPT", o->size,
                                  sizeof *o);
        if (!gy_check_is_name(o->name))
            return gy_check_fault(c, "has an option called `%.60s`; names are [a-z][a-z0-9_]*",
                                  o->name ? o->name : "NULL");
        snprintf(c->part, sizeof c->part, ", option `%s`", o->name);
        if (!reserved && o->type == GYRE_OPTION_KEY_FUNCTION)
            return gy_check_fault(c, "is a key function within a group; it is an option of an "
                                     "operator itself");
        if (!reserved && (o->flags & GYRE_WRITES) != 0)
            return gy_check_fault(c, "has the flag GYRE_WRITES within a group; it is for an option "
                                     "of an operator itself");
        if (!reserved && (o->flags & GYRE_OF_STATE) != 0)
            return gy_check_fault(c, "has the flag GYRE_OF_STATE within a group; it is for the "
                                     "list of groups");
        if (reserved && is_reserved(o->name))
            return gy_check_fault(c, "bears the name of a setting that every operator has; rename "
                                     "it");
        if ((code = check_option(c, o, config_size)) < 0 ||
            (code = check_others(c, options, i)) < 0)
            return code;
    }
    c->part[0] = '\0';
    return 0;
}

/* The tables of groups, one level after another: no recursion over what a plugin says. */
static int check_groups(struct gy_check *c, const struct gyre_option *options, uint32_t n,
                        uint32_t depth)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct gyre_option *o = gyre_option_at(options, i);
        int code;
        if (o->type != GYRE_OPTION_GROUPS)
            continue;
        snprintf(c->part, sizeof c->part, ", option `%s`", o->name);
        if (depth == GROUP_DEPTH_MAX)
            return gy_check_fault(c, "is the %uth group within a group; %u are the most", depth + 1,
                                  GROUP_DEPTH_MAX);
        if ((code = check_table(c, o->members, o->n_members, o->stride, false)) < 0 ||
            (code = check_groups(c, o->members, o->n_members, depth + 1)) < 0)
            return code;
    }
    c->part[0] = '\0';
    return 0;
}

int gy_check_options(struct gy_check *check, const struct gyre_option *options, uint32_t n,
                     uint32_t config_size, bool reserved)
{
    check->guide = GY_GUIDE_OPTIONS;
    int code = check_table(check, options, n, config_size, reserved);
    return code < 0 ? code : check_groups(check, options, n, 0);
}

/* ---- state types ---- */

static int check_members(struct gy_check *c, const struct gyre_state_type *t)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < t->n_members; i++) {
        const struct gyre_member *m = &t->members[i];
        uint32_t size = gyre_type_size(m->type), align = size < 8 ? size : 8;
        if (!gy_check_is_identifier(m->name) || size == 0)
            return gy_check_fault(c, "has a member `%.60s` of type %u; list names and types",
                                  m->name ? m->name : "NULL", m->type);
        uint64_t natural = (end + align - 1) / align * align;
        uint64_t offset = m->offset == GYRE_OFFSET_NATURAL ? natural : m->offset;
        if (offset % align != 0 || offset < end || offset + size > t->value_size)
            return gy_check_fault(
                c,
                "has its member `%s` at %llu to %llu, which must lie between %llu "
                "and its size, %u; list the members in order",
                m->name, (unsigned long long)offset, (unsigned long long)(offset + size),
                (unsigned long long)end, t->value_size);
        if (offset != natural && !t->encode)
            return gy_check_fault(c,
                                  "has bytes %llu to %llu before `%s` that no member covers; list "
                                  "every member, or write encode and decode",
                                  (unsigned long long)natural, (unsigned long long)offset, m->name);
        end = offset + size;
    }
    if (!t->encode && t->value_size - end >= t->value_align)
        return gy_check_fault(c,
                              "has %llu bytes at its end that no member covers; list every member, "
                              "or write encode and decode",
                              (unsigned long long)(t->value_size - end));
    return 0;
}

int gy_check_state_type(struct gy_check *check, const struct gyre_state_type *type)
{
    struct gy_check *c = check;
    const char *guide = c->guide;
    c->guide = GY_GUIDE_STATE;
    if (type->size != sizeof *type)
        return gy_check_fault(c, "has a state type of size %u, not %zu; begin it with its sizeof",
                              type->size, sizeof *type);
    if (!gy_check_is_identifier(type->name))
        return gy_check_fault(c, "has a state type called `%.60s`; names are C identifiers",
                              type->name ? type->name : "NULL");
    snprintf(c->part, sizeof c->part, ", state type `%s`", type->name);
    if (type->version == 0)
        return gy_check_fault(c, "has version 0; versions count from 1");
    if (type->value_size == 0 || type->value_align == 0 || type->value_align > 64 ||
        (type->value_align & (type->value_align - 1)) || type->value_size % type->value_align != 0)
        return gy_check_fault(c,
                              "has size %u and alignment %u; give sizeof and alignof of its struct",
                              type->value_size, type->value_align);
    if (!type->encode != !type->decode)
        return gy_check_fault(c, "has the callback %s and not %s; write both or none",
                              type->encode ? "encode" : "decode",
                              type->encode ? "decode" : "encode");
    if (type->n_members > OPTIONS_MAX || (type->n_members > 0 && !type->members))
        return gy_check_fault(c, "has %u members%s; at most %u", type->n_members,
                              type->members ? "" : " at NULL", OPTIONS_MAX);
    int code = check_members(c, type);
    c->part[0] = '\0';
    c->guide = code == 0 ? guide : c->guide;
    return code;
}
