/* gyre/state.h: state types, state declarations, and the bounded encoding that snapshots use.
 *
 * The host holds keyed state under the plugin's declaration and hands out slots. All integers are
 * encoded little-endian. A writer or reader that met an error stays in it: encode and decode need
 * look at it once, at their end. */
#ifndef GYRE_STATE_H
#define GYRE_STATE_H

#include <gyre/schema.h>

/** A bounded little-endian writer with a sticky error.
 *  Owns:    the host's memory; `grow` makes room or sets `error`
 *  Thread:  [task]
 *  Since:   0.1 */
struct gyre_writer {
    uint32_t size;
    int32_t error; /* 0, or the first GYRE_E... */
    uint8_t *data;
    size_t length;
    size_t capacity;
    int32_t (*grow)(struct gyre_writer *writer, size_t more);
    void *host;
};

/** A bounded little-endian reader with a sticky error; reads past the end give zeros.
 *  Owns:    borrowed for the call
 *  Thread:  [task]
 *  Since:   0.1 */
struct gyre_reader {
    uint32_t size;
    int32_t error;
    const uint8_t *data;
    size_t length;
    size_t position;
};

/** Appends raw bytes.
 *  Thread:  [task]
 *  Errors:  sticky in `writer->error` */
static inline void gyre_write(struct gyre_writer *writer, const void *bytes, size_t n)
{
    if (writer->error != 0 || n == 0)
        return;
    if (writer->capacity - writer->length < n && writer->grow(writer, n) != 0)
        return;
    memcpy(writer->data + writer->length, bytes, n);
    writer->length += n;
}

/** Takes the next `n` bytes and returns where they stand; NULL at a truncated input.
 *  Owns:    borrowed from the reader's input
 *  Thread:  [task]
 *  Errors:  GYRE_ECORRUPT, sticky in `reader->error` */
static inline const void *gyre_read(struct gyre_reader *reader, size_t n)
{
    if (reader->error != 0)
        return NULL;
    if (reader->length - reader->position < n) {
        reader->error = GYRE_ECORRUPT;
        return NULL;
    }
    const void *at = reader->data + reader->position;
    reader->position += n;
    return at;
}

static inline void gyre_write_u64(struct gyre_writer *writer, uint64_t v)
{
    uint8_t b[8];
    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    gyre_write(writer, b, sizeof b);
}

static inline uint64_t gyre_read_u64(struct gyre_reader *reader)
{
    const uint8_t *b = (const uint8_t *)gyre_read(reader, 8);
    uint64_t v = 0;
    for (int i = 0; b != NULL && i < 8; i++)
        v |= (uint64_t)b[i] << (8 * i);
    return v;
}

static inline void gyre_write_u32(struct gyre_writer *writer, uint32_t v)
{
    uint8_t b[4];
    for (int i = 0; i < 4; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    gyre_write(writer, b, sizeof b);
}

static inline uint32_t gyre_read_u32(struct gyre_reader *reader)
{
    const uint8_t *b = (const uint8_t *)gyre_read(reader, 4);
    uint32_t v = 0;
    for (int i = 0; b != NULL && i < 4; i++)
        v |= (uint32_t)b[i] << (8 * i);
    return v;
}

static inline void gyre_write_i64(struct gyre_writer *writer, int64_t v)
{
    gyre_write_u64(writer, (uint64_t)v);
}

static inline int64_t gyre_read_i64(struct gyre_reader *reader)
{
    return (int64_t)gyre_read_u64(reader);
}

static inline void gyre_write_f64(struct gyre_writer *writer, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    gyre_write_u64(writer, bits);
}

static inline double gyre_read_f64(struct gyre_reader *reader)
{
    uint64_t bits = gyre_read_u64(reader);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static inline void gyre_write_str(struct gyre_writer *writer, const struct gyre_str *s)
{
    gyre_write_u32(writer, s->len);
    gyre_write(writer, gyre_str_data(s), s->len);
}

/** Reads a string as a view of the input; copy it into state with gyre_state_str.
 *  Thread:  [task]
 *  Errors:  GYRE_ECORRUPT, sticky */
static inline struct gyre_str gyre_read_str(struct gyre_reader *reader)
{
    uint32_t len = gyre_read_u32(reader);
    const char *data = (const char *)gyre_read(reader, len);
    return data != NULL ? gyre_str_view(data, len) : gyre_str_view("", 0);
}

#define GYRE_OFFSET_NATURAL UINT32_MAX

/** One member of a declared flat struct: with these the host knows which bytes are strings.
 *  Shape:   `offset` GYRE_OFFSET_NATURAL: after the member before it, at its natural alignment
 *  Thread:  [any], immutable */
struct gyre_member {
    const char *name;
    uint32_t type;
    uint32_t offset;
};

struct gyre_ctx;

/** The type of a state value, list item, map key or map value, or of an aggregate's accumulator.
 *  Shape:   `members` lists every member of the struct. Without encode/decode the host writes the
 *           members itself and keeps a fingerprint of names, types and order. str and bytes members
 *           are owned by the host: assign them with gyre_state_str alone. A struct with bytes that
 *           no member covers (beyond alignment) is refused: it may hold a pointer.
 *  Owns:    constant data of the plugin, or allocated in bind; values live in the host's memory
 *  Thread:  [task] for the functions, on the task's own thread, also inside a state call; they
 *           must not call the host
 *  Errors:  a failed encode fails that snapshot and not the job; a failed decode refuses the restore
 *  Since:   0.1 */
struct gyre_state_type {
    uint32_t size;
    uint32_t version; /* from 1; raise it when the meaning or the layout changes */
    const char *name;
    uint32_t value_size;
    uint32_t value_align;
    const struct gyre_member *members;
    uint32_t n_members;
    uint32_t reserved;
    void (*init)(void *value); /* NULL: zeroed */
    void (*fini)(void *value); /* NULL: nothing but the declared strings is freed */
    int32_t (*encode)(const void *value, struct gyre_writer *writer);
    int32_t (*decode)(void *value, struct gyre_reader *reader);
    int32_t (*migrate)(uint32_t old_version, struct gyre_reader *reader, void *value);
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_state_type) == 80, "layout of gyre_state_type");

#define GYRE_STATE_VALUE 1u
#define GYRE_STATE_LIST  2u
#define GYRE_STATE_MAP   3u

/** A declaration of keyed state; its index in the operator's table is its id.
 *  Shape:   `key` is the type of a map's keys, else NULL. `ttl_us` is how long an entry lives, by
 *           processing time, since gyre_state_slots last gave its slot; 0: for ever. A list or a map of
 *           a key is one entry. What is over is not found, begins anew with gyre_state_slots, and is
 *           freed by and by. Snapshots keep the times: while a job is down they go on
 *  Units:   `ttl_us` in µs
 *  Owns:    constant data of the plugin, or allocated in bind
 *  Thread:  [any], immutable
 *  Since:   0.1 */
struct gyre_state {
    uint32_t size;
    uint32_t kind;
    const char *name;
    const char *doc;
    const struct gyre_state_type *type;
    const struct gyre_state_type *key;
    int64_t ttl_us;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_state) == 48, "layout of gyre_state");

/** State `i` of a table, whatever the size of an entry was when the plugin was compiled.
 *  Thread:  [any] */
static inline const struct gyre_state *gyre_state_at(const struct gyre_state *states, uint32_t i)
{
    const char *base = (const char *)states;
    return (const struct gyre_state *)(const void *)(base + (size_t)i * states->size);
}

#define GYRE_STATE(name, kind, type, doc)                                                          \
    {                                                                                              \
        (uint32_t)sizeof(struct gyre_state), GYRE_STATE_##kind, name, doc, type, NULL, 0           \
    }
#define GYRE_STATE_MAP_OF(name, key, type, doc)                                                    \
    {                                                                                              \
        (uint32_t)sizeof(struct gyre_state), GYRE_STATE_MAP, name, doc, type, key, 0               \
    }
/* The same with a time to live. */
#define GYRE_STATE_TTL(name, kind, type, ttl_us, doc)                                              \
    {                                                                                              \
        (uint32_t)sizeof(struct gyre_state), GYRE_STATE_##kind, name, doc, type, NULL, ttl_us      \
    }
#define GYRE_STATE_MAP_OF_TTL(name, key, type, ttl_us, doc)                                        \
    {                                                                                              \
        (uint32_t)sizeof(struct gyre_state), GYRE_STATE_MAP, name, doc, type, key, ttl_us          \
    }

/* A list or a map of one key: what a slot of such a state points to. The host's own. */
struct gyre_list;
struct gyre_map;

#endif
