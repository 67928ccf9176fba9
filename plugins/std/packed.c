/* plugins/std/packed.c: see packed.h. */
#include "packed.h"
#include "order.h"

enum { HASH_AT = 8, HEAD = 16, SLOT = 8 };
#define SIZE_MOST ((uint64_t)1 << 31)

static uint64_t round_up(uint64_t n)
{
    return (n + 7) & ~(uint64_t)7;
}

static uint32_t slots_at(const struct whole_rows *whole)
{
    return HEAD + (uint32_t)round_up(whole->n);
}

/* Bytes before those of the strings. */
static uint64_t fixed_size(const struct whole_rows *whole)
{
    return slots_at(whole) + (uint64_t)whole->n * SLOT;
}

static int is_null(const char *packed, uint32_t column)
{
    return packed[HEAD + column] != 0;
}

static const char *slot_of(const struct whole_rows *whole, const char *packed, uint32_t column)
{
    return packed + slots_at(whole) + (size_t)column * SLOT;
}

static struct gyre_str string_of(const char *packed, const char *slot)
{
    uint32_t len_at[2];
    memcpy(len_at, slot, sizeof len_at);
    return gyre_str_view(packed + len_at[1], len_at[0]);
}

/* ---- making ---- */

/* A row that is being packed: how far its strings go. */
struct making {
    const struct whole_rows *whole;
    char *to;
    uint32_t at;
};

static struct making make(const struct whole_rows *whole, uint64_t hash, char *to, uint32_t size)
{
    memset(to, 0, slots_at(whole));
    memcpy(to, &size, sizeof size);
    memcpy(to + HASH_AT, &hash, sizeof hash);
    return (struct making){whole, to, (uint32_t)fixed_size(whole)};
}

/* What pads the row is zeroed: it is written to a file. */
static void made(struct making *making, uint32_t size)
{
    memset(making->to + making->at, 0, size - making->at);
}

static void make_column(struct making *making, uint32_t column, const void *value)
{
    char *slot = making->to + slots_at(making->whole) + (size_t)column * SLOT;
    uint32_t type = making->whole->columns[column].type;
    memset(slot, 0, SLOT);
    making->to[HEAD + column] = value == NULL;
    if (value == NULL)
        return;
    if (!gyre_type_is_str(type)) {
        memcpy(slot, value, gyre_type_size(type));
        return;
    }
    const struct gyre_str *s = value;
    uint32_t len_at[2] = {s->len, making->at};
    memcpy(slot, len_at, sizeof len_at);
    memcpy(making->to + making->at, gyre_str_data(s), s->len);
    making->at += s->len;
}

static const void *value_of_row(const struct whole_column *column, const struct gyre_batch *in,
                                uint32_t row)
{
    if (gyre_is_null(in, column->in, row))
        return NULL;
    return (const char *)in->columns[column->in].data + (size_t)row * gyre_type_size(column->type);
}

uint32_t packed_size_of(const struct whole_rows *whole, const struct gyre_batch *in, uint32_t row)
{
    uint64_t size = fixed_size(whole);
    for (uint32_t i = 0; i < whole->n; i++) {
        const struct gyre_str *s = gyre_type_is_str(whole->columns[i].type)
                                       ? value_of_row(&whole->columns[i], in, row)
                                       : NULL;
        size += s != NULL ? s->len : 0;
    }
    size = round_up(size);
    return size <= SIZE_MOST ? (uint32_t)size : 0;
}

void packed_make(const struct whole_rows *whole, const struct gyre_batch *in, uint32_t row,
                 char *to, uint32_t size)
{
    struct making making = make(whole, in->hash != NULL ? in->hash[row] : 0, to, size);
    for (uint32_t i = 0; i < whole->n; i++)
        make_column(&making, i, value_of_row(&whole->columns[i], in, row));
    made(&making, size);
}

/* ---- using ---- */

int packed_order(const struct sort_config *config, const char *a, const char *b)
{
    for (uint32_t i = 0; i < config->n_fields; i++) {
        const struct sort_field *field = &config->fields[i];
        const char *u = slot_of(&config->whole, a, field->at);
        const char *v = slot_of(&config->whole, b, field->at);
        int null_a = is_null(a, field->at), null_b = is_null(b, field->at);
        int order = null_a - null_b;
        if (!null_a && !null_b && gyre_type_is_str(field->type)) {
            struct gyre_str s = string_of(a, u), t = string_of(b, v);
            order = gyre_str_compare(&s, &t);
        } else if (!null_a && !null_b) {
            order = order_of(field->type, u, v);
        }
        if (order != 0)
            return field->descends && null_a == null_b ? -order : order;
    }
    return 0;
}

void packed_put(const struct whole_rows *whole, struct gyre_out *out, const char *packed,
                int64_t time_us)
{
    static const char zeros[sizeof(struct gyre_str)];
    uint32_t to = gyre_out_row(out, time_us);
    for (uint32_t i = 0; i < whole->n; i++) {
        const struct whole_column *column = &whole->columns[i];
        const char *slot = slot_of(whole, packed, i);
        size_t size = gyre_type_size(column->type);
        char *at = (char *)out->data[column->out] + to * size;
        if (out->valid[column->out] != NULL)
            out->valid[column->out][to] = !is_null(packed, i);
        if (is_null(packed, i)) {
            memcpy(at, zeros, size);
        } else if (gyre_type_is_str(column->type)) {
            struct gyre_str s = string_of(packed, slot);
            GYRE_OUT(out, column->out, struct gyre_str)
            [to] = gyre_out_str(out, gyre_str_data(&s), s.len);
        } else {
            memcpy(at, slot, size);
        }
    }
}

/* ---- in a snapshot: per column u8 1 null, else the value as u64, or a str ---- */

void packed_write(const struct whole_rows *whole, const char *packed, struct gyre_writer *writer)
{
    for (uint32_t i = 0; i < whole->n; i++) {
        uint8_t null = (uint8_t)is_null(packed, i);
        const char *slot = slot_of(whole, packed, i);
        gyre_write(writer, &null, 1);
        if (null)
            continue;
        if (gyre_type_is_str(whole->columns[i].type)) {
            struct gyre_str s = string_of(packed, slot);
            gyre_write_str(writer, &s);
        } else {
            uint64_t bits = 0;
            switch (gyre_type_size(whole->columns[i].type)) {
            case 1: bits = *(const uint8_t *)slot; break;
            case 4: bits = *(const uint32_t *)(const void *)slot; break;
            default: memcpy(&bits, slot, sizeof bits);
            }
            gyre_write_u64(writer, bits);
        }
    }
}

/* The next column: where its value is, in `s` or `bits`; NULL where it is null, or missing. */
static const void *read_column(uint32_t type, struct gyre_reader *reader, struct gyre_str *s,
                               uint64_t *bits)
{
    const uint8_t *null = gyre_read(reader, 1);
    if (null == NULL || *null != 0)
        return NULL;
    if (gyre_type_is_str(type)) {
        *s = gyre_read_str(reader);
        return s;
    }
    uint64_t v = gyre_read_u64(reader);
    uint8_t small = (uint8_t)v;
    uint32_t word = (uint32_t)v;
    *bits = v;
    if (gyre_type_size(type) == sizeof small)
        memcpy(bits, &small, sizeof small);
    else if (gyre_type_size(type) == sizeof word)
        memcpy(bits, &word, sizeof word);
    return bits;
}

uint32_t packed_size_read(const struct whole_rows *whole, const struct gyre_reader *reader)
{
    struct gyre_reader ahead = *reader;
    uint64_t size = fixed_size(whole), bits;
    for (uint32_t i = 0; i < whole->n; i++) {
        struct gyre_str s = {0};
        read_column(whole->columns[i].type, &ahead, &s, &bits);
        size += s.len;
    }
    size = round_up(size);
    return ahead.error == 0 && size <= SIZE_MOST ? (uint32_t)size : 0;
}

void packed_read(const struct whole_rows *whole, struct gyre_reader *reader, uint64_t hash,
                 char *to, uint32_t size)
{
    struct making making = make(whole, hash, to, size);
    for (uint32_t i = 0; i < whole->n; i++) {
        struct gyre_str s = {0};
        uint64_t bits = 0;
        make_column(&making, i, read_column(whole->columns[i].type, reader, &s, &bits));
    }
    made(&making, size);
}
