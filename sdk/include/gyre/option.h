/* gyre/option.h: the options of an operator or function, as one table.
 *
 * The table drives parsing, checking, `gyre inspect` and the catalogue. The host parses a job
 * file's settings straight into the plugin's config struct, at the offsets the table names, before
 * `bind` is called; what is wrong is reported with file and line, and `bind` is not called. */
#ifndef GYRE_OPTION_H
#define GYRE_OPTION_H

#include <gyre/schema.h>

/* id, value, C type at `offset`, what it takes in a job file */
#define GYRE_OPTION_TYPES(X)                                                                       \
    X(BOOL, 1, int32_t, "true or false")                                                           \
    X(INT, 2, int64_t, "an integer")                                                               \
    X(FLOAT, 3, double, "a number")                                                                \
    X(STRING, 4, const char *, "a string")                                                         \
    X(PATH, 5, const char *, "a path, relative to the job file")                                   \
    X(DURATION, 6, int64_t,                                                                        \
      "a duration with its unit (\"250us\" \"10ms\" \"5s\" \"1m\" \"2h\" \"7d\"); in us")          \
    X(SIZE, 7, int64_t, "a size with its unit (\"64KiB\"); in bytes")                              \
    X(CHOICE, 8, int32_t, "one of the choices; its index")                                         \
    X(FIELD, 9, const char *, "the name of an input field")                                        \
    X(FIELDS, 10, struct gyre_strs, "a list of input fields")                                      \
    X(STRINGS, 11, struct gyre_strs, "a list of strings")                                          \
    X(SCHEMA, 12, struct gyre_schema, "a list of {name; type; nullable;}")                         \
    X(FUNCTION, 13, const char *, "a function, \"PLUGIN.NAME\"")                                   \
    X(GROUPS, 14, struct gyre_groups, "a list of groups with the options of `members`")            \
    X(KEY_FUNCTION, 15, const char *,                                                              \
      "a key function (\"PLUGIN.NAME\", or { fn = \"PLUGIN.NAME\"; ... } with its options), "      \
      "whose "                                                                                     \
      "single result the host adds to input port 0 for the operator alone; the name of that "      \
      "field")                                                                                     \
    X(FLOATS, 16, struct gyre_floats, "a list of numbers")

enum gyre_option_type {
    GYRE_OPTION_NONE = 0,
#define GYRE__ENUM(name, value, ctype, text) GYRE_OPTION_##name = value,
    GYRE_OPTION_TYPES(GYRE__ENUM)
#undef GYRE__ENUM
};

struct gyre_strs {
    uint32_t n;
    uint32_t reserved;
    const char *const *items;
};

struct gyre_floats {
    uint32_t n;
    uint32_t reserved;
    const double *items;
};

/* `items` holds n structs of the group's own layout, `stride` bytes apart. */
struct gyre_groups {
    uint32_t n;
    uint32_t stride;
    const void *items;
};

/* Of an option of an aggregate function: state goes on under any value of it. */
#define GYRE_NOT_OF_STATE 16u

#define GYRE_REQUIRED 1u /* a job file has to give it */
/* A PATH the operator writes: no other may write or read it. {...} in it is any text of a name. */
#define GYRE_WRITES   2u
#define GYRE_IS_KEY   8u /* FIELDS: they are the key, where the job gives no `key` */
#define GYRE_OF_STATE 4u /* under another value of it state is another's: a snapshot's is refused */

/** One option.
 *  Shape:   `fallback` is the default as it would stand in a job file ("true", "64KiB", "0.5",
 *           "lines"), NULL: zero, NULL or empty; SCHEMA, GROUPS and required options have none.
 *           `choices` lists the words of a CHOICE: "csv|json".
 *           KEY_FUNCTION is for the operator's own table, without a default.
 *           GYRE_WRITES likewise; "-", pipes and devices may be shared all the same.
 *           GYRE_IS_KEY is for the operator's own table, and a FIELDS.
 *           GYRE_OF_STATE is for the operator's own table, and no PATH; all options of an aggregate
 *           function are so without it, but those with GYRE_NOT_OF_STATE. A function with such an option
 *           says itself what its state is (by the version of its accumulator's type), whatever fields it
 *           reads; in a list of aggregates those of one function then need options by which they differ.
 *           `min`, `max` bound INT, FLOAT, FLOATS, DURATION and SIZE; both 0: unbounded
 *  Owns:    constant data of the plugin
 *  Thread:  [any], immutable
 *  Since:   0.1 */
struct gyre_option {
    uint32_t size;
    uint32_t type;
    const char *name;
    const char *doc;
    const char *fallback;
    const char *choices;
    const char *unit;
    int64_t min;
    int64_t max;
    uint32_t flags;
    uint32_t offset;
    const struct gyre_option *members; /* GROUPS: the options of one group, offsets within it */
    uint32_t n_members;
    uint32_t stride; /* GROUPS: the size of one group's struct */
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_option) == 88, "layout of gyre_option");

/** Option `i` of a table, whatever the size of an entry was when the plugin was compiled.
 *  Thread:  [any] */
static inline const struct gyre_option *gyre_option_at(const struct gyre_option *options,
                                                       uint32_t i)
{
    const char *base = (const char *)options;
    return (const struct gyre_option *)(const void *)(base + (size_t)i * options->size);
}

/** One entry: GYRE_OPT(struct config, member, TYPE, "default" or NULL, flags, "what it does"). The
 *  option bears the member's name. GYRE_OPT_RANGE adds bounds and a unit, GYRE_OPT_CHOICE words. */
#define GYRE_OPT(config, member, kind, fallback, flags, doc)                                       \
    {                                                                                              \
        (uint32_t)sizeof(struct gyre_option), GYRE_OPTION_##kind, #member, doc, fallback, NULL,    \
            NULL, 0, 0, flags, (uint32_t)offsetof(config, member), NULL, 0, 0                      \
    }
#define GYRE_OPT_RANGE(config, member, kind, fallback, min, max, unit, doc)                        \
    {                                                                                              \
        (uint32_t)sizeof(struct gyre_option), GYRE_OPTION_##kind, #member, doc, fallback, NULL,    \
            unit, min, max, 0, (uint32_t)offsetof(config, member), NULL, 0, 0                      \
    }
#define GYRE_OPT_CHOICE(config, member, fallback, choices, doc)                                    \
    {                                                                                              \
        (uint32_t)sizeof(struct gyre_option), GYRE_OPTION_CHOICE, #member, doc, fallback, choices, \
            NULL, 0, 0, 0, (uint32_t)offsetof(config, member), NULL, 0, 0                          \
    }
#define GYRE_OPT_GROUPS(config, member, members, n_members, group, flags, doc)                     \
    {                                                                                              \
        (uint32_t)sizeof(struct gyre_option), GYRE_OPTION_GROUPS, #member, doc, NULL, NULL, NULL,  \
            0, 0, flags, (uint32_t)offsetof(config, member), members, n_members,                   \
            (uint32_t)sizeof(group)                                                                \
    }

#endif
