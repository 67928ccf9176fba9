/* gyre/schema.h: the types of fields, and a schema as a list of named, typed fields.
 *
 * | type  | C type in a column | bytes | canonical 8 bytes when it is a key                |
 * |-------|--------------------|-------|---------------------------------------------------|
 * | bool  | uint8_t, 0 or 1    | 1     | zero-extended                                     |
 * | i32   | int32_t            | 4     | sign-extended                                     |
 * | i64   | int64_t            | 8     | as is                                             |
 * | f64   | double             | 8     | -0.0 becomes 0.0, every NaN the quiet one         |
 * | time  | int64_t            | 8     | as is; µs since 1970-01-01T00:00:00Z              |
 * | str   | struct gyre_str    | 16    | (hashed by its bytes); any bytes, no trailing NUL |
 * | bytes | struct gyre_str    | 16    | (hashed by its bytes)                             |
 */
#ifndef GYRE_SCHEMA_H
#define GYRE_SCHEMA_H

#include <gyre/error.h>
#include <string.h>

/* A string or byte string: 16 bytes. Up to 12 bytes live inside, zero-padded; of a longer one the
 * first 4 are kept here and all of them at `ptr`, in an arena that outlives the reference. */
struct gyre_str {
    uint32_t len;
    char head[4];
    union {
        char tail[8];
        const char *ptr;
    } u;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_str) == 16, "layout of gyre_str");
GYRE_STATIC_ASSERT(offsetof(struct gyre_str, u) == 8, "layout of gyre_str");

#define GYRE_STR_INLINE 12u

/* name in schemas and X-macros, type id, C type, size of one value in a column */
#define GYRE_TYPES(X)                                                                              \
    X(bool, 1, uint8_t, 1)                                                                         \
    X(i32, 2, int32_t, 4)                                                                          \
    X(i64, 3, int64_t, 8)                                                                          \
    X(f64, 4, double, 8)                                                                           \
    X(time, 5, int64_t, 8)                                                                         \
    X(str, 6, struct gyre_str, 16)                                                                 \
    X(bytes, 7, struct gyre_str, 16)

#define GYRE_TYPE_bool  1u
#define GYRE_TYPE_i32   2u
#define GYRE_TYPE_i64   3u
#define GYRE_TYPE_f64   4u
#define GYRE_TYPE_time  5u
#define GYRE_TYPE_str   6u
#define GYRE_TYPE_bytes 7u

typedef uint8_t gyre_c_bool;
typedef int32_t gyre_c_i32;
typedef int64_t gyre_c_i64;
typedef double gyre_c_f64;
typedef int64_t gyre_c_time;
typedef struct gyre_str gyre_c_str;
typedef struct gyre_str gyre_c_bytes;

/** One field of a schema.
 *  Shape:   `flags` is 0 or GYRE_NULLABLE
 *  Owns:    `name` belongs to whoever owns the schema
 *  Thread:  [any], immutable
 *  Since:   0.1 */
struct gyre_field {
    uint32_t size;
    uint32_t type;
    const char *name;
    uint32_t flags;
    uint32_t reserved;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_field) == 24, "layout of gyre_field");

#define GYRE_NULLABLE 1u

#define GYRE_FIELD(type, name, flags)                                                              \
    {                                                                                              \
        (uint32_t)sizeof(struct gyre_field), GYRE_TYPE_##type, name, flags, 0                      \
    }

/** A list of fields; the names are distinct.
 *  Shape:   fields stand `fields[0].size` bytes apart: walk them with gyre_schema_field
 *  Thread:  [any], immutable
 *  Since:   0.1 */
struct gyre_schema {
    uint32_t size;
    uint32_t n_fields;
    const struct gyre_field *fields;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_schema) == 16, "layout of gyre_schema");

/** Field `i`, whatever the size of a field was when the other side was compiled.
 *  Thread:  [any] */
static inline const struct gyre_field *gyre_schema_field(const struct gyre_schema *schema,
                                                         uint32_t i)
{
    const char *base = (const char *)schema->fields;
    return (const struct gyre_field *)(const void *)(base + (size_t)i * schema->fields->size);
}

/** The index of the field `name`, or -1.
 *  Thread:  [any] */
static inline int32_t gyre_schema_find(const struct gyre_schema *schema, const char *name)
{
    for (uint32_t i = 0; i < schema->n_fields; i++)
        if (strcmp(gyre_schema_field(schema, i)->name, name) == 0)
            return (int32_t)i;
    return -1;
}

/** The name of a type id ("i64"); "?" for an unknown one.
 *  Thread:  [any] */
static inline const char *gyre_type_name(uint32_t type)
{
    switch (type) {
#define GYRE__CASE(name, id, ctype, bytes)                                                         \
    case id: return #name;
        GYRE_TYPES(GYRE__CASE)
#undef GYRE__CASE
    default: return "?";
    }
}

/** Bytes that one value takes in a column; 0 for an unknown type.
 *  Thread:  [any] */
static inline uint32_t gyre_type_size(uint32_t type)
{
    switch (type) {
#define GYRE__CASE(name, id, ctype, bytes)                                                         \
    case id: return bytes;
        GYRE_TYPES(GYRE__CASE)
#undef GYRE__CASE
    default: return 0;
    }
}

/** True for the types whose column holds struct gyre_str.
 *  Thread:  [any] */
static inline int gyre_type_is_str(uint32_t type)
{
    return type == GYRE_TYPE_str || type == GYRE_TYPE_bytes;
}

/** The bytes of a string; valid as long as `s` and, beyond 12 bytes, its arena.
 *  Thread:  [any] */
static inline const char *gyre_str_data(const struct gyre_str *s)
{
    return s->len <= GYRE_STR_INLINE ? (const char *)s + 4 : s->u.ptr;
}

/** A reference to `len` bytes: a copy where they fit inside, else a view of `data`.
 *  Owns:    beyond 12 bytes the caller keeps `data` alive as long as the reference is used
 *  Thread:  [any] */
static inline struct gyre_str gyre_str_view(const char *data, uint32_t len)
{
    struct gyre_str s;
    s.len = len;
    if (len <= GYRE_STR_INLINE) {
        char bytes[GYRE_STR_INLINE] = {0};
        if (len != 0)
            memcpy(bytes, data, len);
        memcpy(s.head, bytes, 4);
        memcpy(s.u.tail, bytes + 4, 8);
    } else {
        memcpy(s.head, data, 4);
        s.u.ptr = data;
    }
    return s;
}

/** True where both hold the same bytes.
 *  Thread:  [any] */
static inline int gyre_str_equal(const struct gyre_str *a, const struct gyre_str *b)
{
    if (memcmp(a, b, 8) != 0)
        return 0;
    if (a->len <= GYRE_STR_INLINE)
        return memcmp(a->u.tail, b->u.tail, 8) == 0;
    return memcmp(a->u.ptr, b->u.ptr, a->len) == 0;
}

/** Orders by bytes, a prefix before what it begins: <0, 0, >0.
 *  Thread:  [any] */
static inline int gyre_str_compare(const struct gyre_str *a, const struct gyre_str *b)
{
    uint32_t shorter = a->len < b->len ? a->len : b->len;
    int order = memcmp(gyre_str_data(a), gyre_str_data(b), shorter);
    if (order != 0)
        return order;
    return (a->len > b->len) - (a->len < b->len);
}

#endif
