/* See flow_rows.h. */
#include "unit/flow_rows.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

static const struct gyre_field all_fields[ROWS_FIELDS] = {
    GYRE_FIELD(i64, "id", 0),
    GYRE_FIELD(bool, "flag", 0),
    GYRE_FIELD(i32, "small", 0),
    GYRE_FIELD(f64, "real", 0),
    GYRE_FIELD(time, "when", 0),
    GYRE_FIELD(str, "word", 0),
    GYRE_FIELD(bytes, "raw", 0),
    GYRE_FIELD(i64, "unread", 0),
    GYRE_FIELD(i64, "id_or_null", GYRE_NULLABLE),
    GYRE_FIELD(bool, "flag_or_null", GYRE_NULLABLE),
    GYRE_FIELD(i32, "small_or_null", GYRE_NULLABLE),
    GYRE_FIELD(f64, "real_or_null", GYRE_NULLABLE),
    GYRE_FIELD(time, "when_or_null", GYRE_NULLABLE),
    GYRE_FIELD(str, "word_or_null", GYRE_NULLABLE),
    GYRE_FIELD(bytes, "raw_or_null", GYRE_NULLABLE),
};

enum { ID = 0, WORD = 5, UNREAD = 7, LONGEST = 3000 };

void rows_edge_init(struct rows_edge *edge, bool keyed, bool timed, bool few)
{
    memset(edge, 0, sizeof *edge);
    memcpy(edge->fields, all_fields, sizeof all_fields);
    edge->output.schema =
        (struct gyre_schema){sizeof edge->output.schema, ROWS_FIELDS, edge->fields};
    edge->output.needed = edge->needed;
    edge->output.needs_time = timed;
    for (uint32_t f = 0; f < ROWS_FIELDS; f++)
        edge->needed[f] = few ? f == ID || f == WORD : f != UNREAD;
    CU_ASSERT_EQUAL_FATAL(gy_layout_init(&edge->layout, &edge->output, keyed), 0);
    CU_ASSERT_EQUAL_FATAL(gy_channel_init(&edge->channel, 16, UINT32_MAX), 0);
}

void rows_edge_fini(struct rows_edge *edge)
{
    gy_layout_fini(&edge->layout);
    gy_channel_fini(&edge->channel);
}

/* The value of field f in row `id`: 8 bytes, from which strings are made. */
static uint64_t value_of(int64_t id, uint32_t f)
{
    return gy_rng_mix((uint64_t)id * ROWS_FIELDS + f);
}

static bool is_null(const struct rows_edge *edge, int64_t id, uint32_t f)
{
    return (edge->fields[f].flags & GYRE_NULLABLE) != 0 && value_of(id, f) % 3 == 0;
}

/* Short ones mostly, some of just the length that fits inside, a few long ones. */
static uint32_t text_of(int64_t id, uint32_t f, char *text)
{
    uint64_t v = value_of(id, f);
    uint32_t n = (uint32_t)(v >> 8) % 15;
    if (v % 16 == 0)
        n = (uint32_t)(v >> 16) % LONGEST;
    for (uint32_t i = 0; i < n; i++)
        text[i] = (char)(v >> (i % 7 * 8));
    return n;
}

/* The bytes of a value in its column, a string's text in `text`; 0 for null. */
static void value_bytes(const struct rows_edge *edge, int64_t id, uint32_t f, char out[16],
                        char *text)
{
    uint64_t v = f == ID ? (uint64_t)id : value_of(id, f);
    uint32_t type = edge->fields[f].type;
    memset(out, 0, 16);
    if (is_null(edge, id, f))
        return;
    if (gyre_type_is_str(type)) {
        struct gyre_str s = gyre_str_view(text, text_of(id, f, text));
        memcpy(out, &s, sizeof s);
    } else if (type == GYRE_TYPE_bool) {
        out[0] = v % 2 == 0;
    } else {
        memcpy(out, &v, gyre_type_size(type));
    }
}

static void put_text(struct rows_edge *edge, struct gy_message *message, struct gyre_str *s)
{
    if (s->len <= GYRE_STR_INLINE)
        return;
    struct gy_block *block = gy_channel_take(&edge->channel, s->len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(block);
    memcpy(block->bytes, s->u.ptr, s->len);
    s->u.ptr = block->bytes;
    block->next = message->texts;
    message->texts = block;
    message->bytes += block->size;
}

static char *at(const struct gy_message *message, char *columns, int32_t offset, uint32_t row,
                uint32_t size)
{
    return columns + (size_t)offset * message->capacity + (size_t)row * size;
}

struct gy_message *rows_make(struct rows_edge *edge, int64_t first, uint32_t rows)
{
    struct gy_layout *layout = &edge->layout;
    struct gy_message *message = gy_message_new(&edge->channel, layout, (rows + 15) & ~15u);
    char text[LONGEST], value[16];
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    message->rows = rows;
    char *columns = gy_message_columns(message);
    for (uint32_t i = 0; i < rows; i++) {
        int64_t id = first + i;
        for (uint32_t f = 0; f < ROWS_FIELDS; f++) {
            uint32_t size = gyre_type_size(edge->fields[f].type);
            if (layout->offsets[f] < 0)
                continue;
            value_bytes(edge, id, f, value, text);
            char *to = at(message, columns, layout->offsets[f], i, size);
            memcpy(to, value, size);
            if (size == 16)
                put_text(edge, message, (struct gyre_str *)(void *)to);
            if (layout->valid[f] >= 0)
                *at(message, columns, layout->valid[f], i, 1) = !is_null(edge, id, f);
        }
        uint64_t hash = gy_rng_mix((uint64_t)id);
        int64_t time = id * 3;
        if (layout->hash >= 0)
            memcpy(at(message, columns, layout->hash, i, 8), &hash, 8);
        if (layout->time >= 0)
            memcpy(at(message, columns, layout->time, i, 8), &time, 8);
    }
    return message;
}

/* True where a value is what value_bytes says; strings by their text. */
static bool same_value(const struct rows_edge *edge, int64_t id, uint32_t f, const char *is)
{
    char text[LONGEST], value[16];
    uint32_t size = gyre_type_size(edge->fields[f].type);
    value_bytes(edge, id, f, value, text);
    if (size != 16)
        return memcmp(is, value, size) == 0;
    struct gyre_str a, b;
    memcpy(&a, is, 16);
    memcpy(&b, value, 16);
    return a.len == b.len && gyre_str_equal(&a, &b);
}

static bool same_row(const struct rows_edge *edge, struct gy_message *message, int64_t id,
                     uint32_t i)
{
    const struct gy_layout *layout = &edge->layout;
    char *columns = gy_message_columns(message);
    bool same = true;
    for (uint32_t f = 0; f < ROWS_FIELDS; f++) {
        uint32_t size = gyre_type_size(edge->fields[f].type);
        if (layout->offsets[f] < 0)
            continue;
        same &= same_value(edge, id, f, at(message, columns, layout->offsets[f], i, size));
        if (layout->valid[f] >= 0)
            same &= *at(message, columns, layout->valid[f], i, 1) == !is_null(edge, id, f);
    }
    uint64_t hash = gy_rng_mix((uint64_t)id);
    int64_t time = id * 3;
    if (layout->hash >= 0)
        same &= memcmp(at(message, columns, layout->hash, i, 8), &hash, 8) == 0;
    if (layout->time >= 0)
        same &= memcmp(at(message, columns, layout->time, i, 8), &time, 8) == 0;
    return same;
}

int64_t rows_first(struct rows_edge *edge, struct gy_message *message)
{
    int64_t first;
    bool same = message->kind == GY_ROWS && message->rows > 0 &&
                message->rows <= message->capacity && edge->layout.offsets[ID] >= 0;
    if (!same)
        return -1;
    memcpy(&first, at(message, gy_message_columns(message), edge->layout.offsets[ID], 0, 8), 8);
    for (uint32_t i = 0; same && i < message->rows; i++)
        same = same_row(edge, message, first + i, i);
    return same ? first : -1;
}
