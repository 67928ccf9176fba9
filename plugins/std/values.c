/* plugins/std/values.c: see values.h.
 *
 * The log has the values in the order in which they came. One that is no string is 8 bytes, a string is
 * its length in 4 bytes and then its bytes. The log and the index are `bytes` members of the accumulator,
 * so the host owns, counts, copies and frees them. Both are longer than what is in them and are written to in
 * place, where they grow they are assigned anew: a value costs O(1), as in a vector.
 *
 *   index: slots of 8 bytes, a power of two of them, at most three quarters in use
 *     0  u32  the upper half of the value's hash
 *     4  u32  where the value begins in the log, plus 1; 0: the slot is empty
 *
 * Up to FEW values are found by looking at all of them, without an index. Nor has a restored or a copied
 * one an index: the first value that is put into it makes it. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "values.h"

enum { FEW = 8, ROOM = 64 };
#define LOG_MOST ((size_t)1 << 30)

struct slot {
    uint32_t hash;
    uint32_t at;
};

/* ---- values ------------------------------------------------------------------------------------ */

void value_of(struct value *value, uint32_t type, const void *at)
{
    int64_t number = 0;
    double real;
    value->bytes = &value->word;
    value->len = 8;
    switch (type) {
    case GYRE_TYPE_str:
    case GYRE_TYPE_bytes:
        value->bytes = gyre_str_data(at);
        value->len = ((const struct gyre_str *)at)->len;
        return;
    case GYRE_TYPE_bool: number = *(const uint8_t *)at != 0; break;
    case GYRE_TYPE_i32: number = *(const int32_t *)at; break;
    case GYRE_TYPE_f64:
        real = *(const double *)at;
        if (real != real)
            real = __builtin_nan("");
        real += 0.0; /* -0.0 becomes 0.0 */
        memcpy(&number, &real, 8);
        break;
    default: number = *(const int64_t *)at;
    }
    value->word = (uint64_t)number;
}

uint64_t value_hash(const struct value *value)
{
    return XXH3_64bits(value->bytes, value->len);
}

/* The value at `*at` of the log; moves behind it. */
static void read_value(const struct values *v, uint32_t type, size_t *at, struct value *value)
{
    const char *log = gyre_str_data(&v->log);
    value->len = 8;
    if (gyre_type_is_str(type)) {
        memcpy(&value->len, log + *at, 4);
        *at += 4;
    }
    value->bytes = log + *at;
    *at += value->len;
}

int values_next(const struct values *v, uint32_t type, size_t *at, struct value *value)
{
    if (*at >= (size_t)v->used)
        return 0;
    read_value(v, type, at, value);
    return 1;
}

static int same(const struct value *a, const struct value *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* ---- the log ----------------------------------------------------------------------------------- */

/* What the host has given to a string for good: it may be written to in place. */
static char *own_bytes(struct gyre_str *s)
{
    return (char *)(uintptr_t)gyre_str_data(s);
}

/* Gives `s` `size` bytes: the first `used` stay, the others are zero. */
static int32_t resize(struct gyre_ctx *ctx, struct gyre_str *s, size_t used, size_t size)
{
    char *bytes = gyre_alloc(ctx, NULL, size);
    if (bytes == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for values of a field");
    memcpy(bytes, gyre_str_data(s), used);
    struct gyre_str grown = gyre_str_view(bytes, (uint32_t)size);
    int32_t code = gyre_state_str(ctx, s, &grown);
    gyre_alloc(ctx, bytes, 0);
    return code == GYRE_OK ? code : gyre_fail(ctx, code, "no memory for values of a field");
}

int32_t values_append(struct gyre_ctx *ctx, struct values *v, uint32_t type,
                      const struct value *value)
{
    size_t used = (size_t)v->used, prefix = gyre_type_is_str(type) ? 4 : 0;
    size_t needed = used + prefix + value->len;
    if (needed > LOG_MOST)
        return gyre_fail(
            ctx, GYRE_EINVAL,
            "the values of one key are more than 1 GiB: keep fewer of them, by a window "
            "or a filter before");
    if (needed > v->log.len) {
        size_t size = needed * 2 < ROOM ? ROOM : needed * 2;
        int32_t code = resize(ctx, &v->log, used, size);
        if (code != GYRE_OK)
            return code;
    }
    char *to = own_bytes(&v->log) + used;
    memcpy(to, &value->len, prefix);
    if (value->len != 0)
        memcpy(to + prefix, value->bytes, value->len);
    v->used = (int64_t)needed;
    v->n++;
    return GYRE_OK;
}

int32_t values_clear(struct gyre_ctx *ctx, struct values *v)
{
    struct gyre_str nothing = gyre_str_view("", 0);
    int32_t code = gyre_state_str(ctx, &v->log, &nothing);
    if (code == GYRE_OK)
        code = gyre_state_str(ctx, &v->index, &nothing);
    v->used = v->n = 0;
    return code;
}

/* ---- the index --------------------------------------------------------------------------------- */

static uint64_t slots_of(const struct values *v)
{
    return v->index.len / sizeof(struct slot);
}

/* Takes the first empty slot from where the hash points. */
static void take_slot(char *slots, uint64_t n, uint64_t hash, size_t at)
{
    struct slot slot = {(uint32_t)(hash >> 32), (uint32_t)at + 1}, there;
    for (uint64_t i = hash & (n - 1);; i = (i + 1) & (n - 1)) {
        memcpy(&there, slots + i * sizeof there, sizeof there);
        if (there.at != 0)
            continue;
        memcpy(slots + i * sizeof slot, &slot, sizeof slot);
        return;
    }
}

/* Makes the index anew, with room for as many values again. */
static int32_t make_index(struct gyre_ctx *ctx, struct values *v, uint32_t type)
{
    uint64_t n = 4 * FEW;
    struct value value;
    while (n < (uint64_t)v->n * 2)
        n *= 2;
    int32_t code = resize(ctx, &v->index, 0, n * sizeof(struct slot));
    for (size_t at = 0, from = 0; code == GYRE_OK && values_next(v, type, &at, &value); from = at)
        take_slot(own_bytes(&v->index), n, value_hash(&value), from);
    return code;
}

static int find_by_index(const struct values *v, uint32_t type, const struct value *value,
                         uint64_t hash)
{
    const char *slots = gyre_str_data(&v->index);
    uint64_t n = slots_of(v);
    for (uint64_t i = hash & (n - 1);; i = (i + 1) & (n - 1)) {
        struct slot slot;
        struct value other;
        memcpy(&slot, slots + i * sizeof slot, sizeof slot);
        if (slot.at == 0)
            return 0;
        size_t at = slot.at - 1;
        if (slot.hash != (uint32_t)(hash >> 32))
            continue;
        read_value(v, type, &at, &other);
        if (same(value, &other))
            return 1;
    }
}

static int find_by_looking(const struct values *v, uint32_t type, const struct value *value)
{
    struct value other;
    for (size_t at = 0; values_next(v, type, &at, &other);)
        if (same(value, &other))
            return 1;
    return 0;
}

int32_t values_put(struct gyre_ctx *ctx, struct values *v, uint32_t type, const struct value *value)
{
    size_t at = (size_t)v->used;
    if (v->n < FEW)
        return find_by_looking(v, type, value) ? GYRE_OK : values_append(ctx, v, type, value);
    if ((uint64_t)v->n * 4 >= slots_of(v) * 3) {
        int32_t code = make_index(ctx, v, type);
        if (code != GYRE_OK)
            return code;
    }
    uint64_t hash = value_hash(value);
    if (find_by_index(v, type, value, hash))
        return GYRE_OK;
    int32_t code = values_append(ctx, v, type, value);
    if (code == GYRE_OK)
        take_slot(own_bytes(&v->index), slots_of(v), hash, at);
    return code;
}

/* ---- snapshots --------------------------------------------------------------------------------- */

void values_encode(const struct values *v, struct gyre_writer *writer)
{
    gyre_write_i64(writer, v->n);
    gyre_write_u32(writer, (uint32_t)v->used);
    gyre_write(writer, gyre_str_data(&v->log), (size_t)v->used);
}

/* How many strings there are in the log; -1 where it is none. */
static int64_t count_strings(const struct gyre_str *log)
{
    const char *bytes = gyre_str_data(log);
    int64_t n = 0;
    for (size_t at = 0; at < log->len; n++) {
        uint32_t len;
        if (log->len - at < sizeof len)
            return -1;
        memcpy(&len, bytes + at, sizeof len);
        at += sizeof len;
        if (log->len - at < len)
            return -1;
        at += len;
    }
    return n;
}

void values_decode(struct values *v, int strings, struct gyre_reader *reader)
{
    v->n = gyre_read_i64(reader);
    v->log = gyre_read_str(reader); /* the host makes a copy of the view */
    v->used = v->log.len;
    v->index = gyre_str_view("", 0);
    int sound =
        strings ? count_strings(&v->log) == v->n : v->log.len % 8 == 0 && v->log.len / 8 == v->n;
    if (!sound && reader->error == 0)
        reader->error = GYRE_ECORRUPT;
}

static int32_t encode(const void *value, struct gyre_writer *writer)
{
    values_encode(value, writer);
    return writer->error;
}

static int32_t decode_strings(void *value, struct gyre_reader *reader)
{
    values_decode(value, 1, reader);
    return reader->error;
}

static int32_t decode_words(void *value, struct gyre_reader *reader)
{
    values_decode(value, 0, reader);
    return reader->error;
}

struct alone {
    struct values values;
};

static const struct gyre_member members[] = {VALUES_MEMBERS(struct alone, values)};

#define VALUES_OF(what)                                                                            \
    const struct gyre_state_type values_of_##what = {                                              \
        .size = sizeof(struct gyre_state_type),                                                    \
        .version = 1,                                                                              \
        .name = "values_of_" #what,                                                                \
        .value_size = sizeof(struct alone),                                                        \
        .value_align = _Alignof(struct alone),                                                     \
        .members = members,                                                                        \
        .n_members = sizeof members / sizeof members[0],                                           \
        .encode = encode,                                                                          \
        .decode = decode_##what,                                                                   \
    };
VALUES_OF(strings)
VALUES_OF(words)
