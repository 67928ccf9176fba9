/* See pack.h. */
#include "flow/pack.h"

#include "base/mem.h"

#include <assert.h>

GYRE_STATIC_ASSERT(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "columns are written as they are");

enum { FIELD_LEAST = 6 }; /* bytes of a field in a description */

struct gy_unpack_column {
    uint32_t type;
    bool nullable;
    int32_t field; /* of the stream now; -1: it is not carried any more */
};

static void write_u8(struct gyre_writer *writer, uint8_t v)
{
    gyre_write(writer, &v, 1);
}

static uint8_t read_u8(struct gyre_reader *reader)
{
    const uint8_t *at = gyre_read(reader, 1);
    return at != NULL ? *at : 0;
}

/* ---- writing ---- */

int gy_pack_describe(const struct gy_layout *layout, const struct gyre_schema *schema,
                     struct gyre_writer *writer)
{
    uint32_t n = 0;
    assert(layout->n_fields == schema->n_fields);
    for (uint32_t f = 0; f < layout->n_fields; f++)
        n += layout->offsets[f] >= 0;
    gyre_write_u32(writer, n);
    for (uint32_t f = 0; f < layout->n_fields; f++) {
        if (layout->offsets[f] < 0)
            continue;
        const char *name = gyre_schema_field(schema, f)->name;
        size_t length = strlen(name);
        gyre_write_u32(writer, (uint32_t)length);
        gyre_write(writer, name, length);
        write_u8(writer, (uint8_t)layout->types[f]);
        write_u8(writer, layout->valid[f] >= 0);
    }
    write_u8(writer, layout->hash >= 0);
    write_u8(writer, layout->time >= 0);
    return writer->error;
}

static void pack_strings(struct gyre_writer *writer, const struct gyre_str *strings, uint32_t rows)
{
    uint32_t lengths[GYRE_BATCH_ROWS];
    for (uint32_t i = 0; i < rows; i++)
        lengths[i] = strings[i].len;
    gyre_write(writer, lengths, rows * sizeof *lengths);
    for (uint32_t i = 0; i < rows; i++)
        gyre_write(writer, gyre_str_data(&strings[i]), strings[i].len);
}

int gy_pack(const struct gy_layout *layout, struct gy_message *message, struct gyre_writer *writer)
{
    const char *columns = gy_message_columns(message);
    const size_t stride = message->capacity, rows = message->rows;
    assert(message->kind == GY_ROWS && rows > 0 && rows <= stride && rows <= GYRE_BATCH_ROWS);
    gyre_write_u32(writer, message->rows);
    for (uint32_t f = 0; f < layout->n_fields; f++) {
        if (layout->offsets[f] < 0)
            continue;
        const char *data = columns + (size_t)layout->offsets[f] * stride;
        if (layout->valid[f] >= 0)
            gyre_write(writer, columns + (size_t)layout->valid[f] * stride, rows);
        if (gyre_type_is_str(layout->types[f]))
            pack_strings(writer, (const struct gyre_str *)(const void *)data, message->rows);
        else
            gyre_write(writer, data, rows * gyre_type_size(layout->types[f]));
    }
    if (layout->hash >= 0)
        gyre_write(writer, columns + (size_t)layout->hash * stride, rows * 8);
    if (layout->time >= 0)
        gyre_write(writer, columns + (size_t)layout->time * stride, rows * 8);
    return writer->error;
}

/* ---- the description ---- */

static int corrupt(struct gyre_error *error, const char *what)
{
    return gyre_error_set(error, GYRE_ECORRUPT, -1, "rows that were kept are damaged: %s", what);
}

static int no_memory(struct gyre_error *error)
{
    return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory reading rows that were kept");
}

/* The field of this name that is carried now; -1. */
static int32_t find_field(const struct gy_layout *layout, const struct gyre_schema *schema,
                          const char *name, size_t n)
{
    for (uint32_t f = 0; f < schema->n_fields; f++) {
        const char *other = gyre_schema_field(schema, f)->name;
        if (layout->offsets[f] >= 0 && strlen(other) == n && memcmp(other, name, n) == 0)
            return (int32_t)f;
    }
    return -1;
}

static int read_column(const struct gy_unpack *unpack, struct gyre_reader *reader,
                       const struct gyre_schema *schema, struct gy_unpack_column *column,
                       struct gyre_error *error)
{
    uint32_t n = gyre_read_u32(reader);
    const char *name = gyre_read(reader, n);
    column->type = read_u8(reader);
    uint8_t nullable = read_u8(reader);
    if (reader->error != 0 || gyre_type_size(column->type) == 0 || nullable > 1)
        return corrupt(error, "their description makes no sense");
    column->nullable = nullable != 0;
    column->field = find_field(unpack->layout, schema, name, n);
    if (column->field < 0)
        return 0;
    uint32_t now = unpack->layout->types[column->field];
    const char *known = gyre_schema_field(schema, (uint32_t)column->field)->name;
    if (now != column->type)
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "field `%s` of the rows that were kept is of type %s, and now of "
                              "type %s",
                              known, gyre_type_name(column->type), gyre_type_name(now));
    if (column->nullable && unpack->layout->valid[column->field] < 0)
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "field `%s` of the rows that were kept may be null, and now may not",
                              known);
    return 0;
}

/* Each field that is carried now is there, once. */
static int check_fields(const struct gy_unpack *unpack, const struct gyre_schema *schema,
                        struct gyre_error *error)
{
    const struct gy_layout *layout = unpack->layout;
    for (uint32_t f = 0; f < layout->n_fields; f++) {
        uint32_t times = 0;
        for (uint32_t c = 0; c < unpack->n_columns; c++)
            times += unpack->columns[c].field == (int32_t)f;
        if (times > 1)
            return corrupt(error, "their description has a field twice");
        if (times == 0 && layout->offsets[f] >= 0)
            return gyre_error_set(error, GYRE_EINVAL, -1,
                                  "the rows that were kept have no field `%s`, which is read now",
                                  gyre_schema_field(schema, f)->name);
    }
    if (layout->hash >= 0 && !unpack->hash)
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "the rows that were kept have no key, by which rows go now");
    if (layout->time >= 0 && !unpack->time)
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "the rows that were kept have no times, which are read now");
    return 0;
}

int gy_unpack_init(struct gy_unpack *unpack, struct gyre_reader *reader,
                   const struct gy_layout *layout, const struct gyre_schema *schema,
                   struct gyre_error *error)
{
    *unpack = (struct gy_unpack){.layout = layout};
    assert(layout->n_fields == schema->n_fields);
    uint32_t n = gyre_read_u32(reader);
    if (reader->error != 0 || n > (reader->length - reader->position) / FIELD_LEAST)
        return corrupt(error, "their description is cut short");
    unpack->columns = gy_calloc((size_t)n + 1, sizeof *unpack->columns);
    if (unpack->columns == NULL)
        return no_memory(error);
    unpack->n_columns = n;
    for (uint32_t c = 0; c < n; c++) {
        int code = read_column(unpack, reader, schema, &unpack->columns[c], error);
        if (code != 0)
            return code;
    }
    uint8_t hash = read_u8(reader), time = read_u8(reader);
    if (reader->error != 0 || hash > 1 || time > 1)
        return corrupt(error, "their description is cut short");
    unpack->hash = hash != 0;
    unpack->time = time != 0;
    return check_fields(unpack, schema, error);
}

void gy_unpack_fini(struct gy_unpack *unpack)
{
    gy_free(unpack->columns);
    *unpack = (struct gy_unpack){0};
}

/* ---- rows ---- */

/* The message that is being read. */
struct filling {
    struct gy_channel *channel;
    struct gy_message *message;
    char *columns;
    char *text, *text_end; /* free room in the newest text block */
};

/* Copies a long string into the message's text blocks; false without memory. */
static bool copy_text(struct filling *filling, const char *bytes, uint32_t n, struct gyre_str *to)
{
    struct gy_message *message = filling->message;
    if ((size_t)(filling->text_end - filling->text) < n) {
        uint32_t usual = message->texts == NULL ? GY_BLOCK_SMALL : GY_BLOCK_LARGE;
        struct gy_block *block = gy_channel_take(filling->channel, n > usual ? n : usual);
        if (block == NULL)
            return false;
        block->next = message->texts;
        message->texts = block;
        message->bytes += block->size;
        filling->text = block->bytes;
        filling->text_end = block->bytes + block->size;
    }
    memcpy(filling->text, bytes, n);
    *to = gyre_str_view(filling->text, n);
    filling->text += n;
    return true;
}

/* Reads a column of strings, to `to`, NULL: nowhere. 0, or a code. */
static int read_strings(struct filling *filling, struct gyre_reader *reader, struct gyre_str *to,
                        uint32_t rows)
{
    const uint8_t *lengths = gyre_read(reader, (size_t)rows * 4);
    for (uint32_t i = 0; lengths != NULL && i < rows; i++) {
        uint32_t n;
        memcpy(&n, lengths + (size_t)i * 4, 4);
        const char *bytes = gyre_read(reader, n);
        if (bytes == NULL)
            break;
        if (to != NULL && n <= GYRE_STR_INLINE)
            to[i] = gyre_str_view(bytes, n);
        else if (to != NULL && !copy_text(filling, bytes, n, &to[i]))
            return GYRE_ENOMEM;
    }
    return reader->error;
}

/* Reads bytes that are 0 or 1. */
static int read_flags(struct gyre_reader *reader, char *to, uint32_t rows)
{
    const char *from = gyre_read(reader, rows);
    unsigned all = 0;
    if (from == NULL)
        return reader->error;
    for (uint32_t i = 0; i < rows; i++)
        all |= (unsigned char)from[i];
    if (all > 1)
        return GYRE_ECORRUPT;
    if (to != NULL)
        memcpy(to, from, rows);
    return 0;
}

/* Reads values as they are. */
static int read_values(struct gyre_reader *reader, char *to, size_t bytes)
{
    const void *from = gyre_read(reader, bytes);
    if (from != NULL && to != NULL)
        memcpy(to, from, bytes);
    return reader->error;
}

/* Where a column of the message begins; NULL for one that is not carried now. */
static char *column_at(const struct filling *filling, int32_t offset)
{
    return offset < 0 ? NULL : filling->columns + (size_t)offset * filling->message->capacity;
}

static int fill_column(struct filling *filling, const struct gy_layout *layout,
                       const struct gy_unpack_column *column, struct gyre_reader *reader)
{
    const uint32_t rows = filling->message->rows;
    int32_t f = column->field;
    char *valid = column_at(filling, f < 0 ? -1 : layout->valid[f]);
    char *data = column_at(filling, f < 0 ? -1 : layout->offsets[f]);
    int code = 0;
    if (column->nullable)
        code = read_flags(reader, valid, rows);
    else if (valid != NULL)
        memset(valid, 1, rows);
    if (code != 0)
        return code;
    if (gyre_type_is_str(column->type))
        return read_strings(filling, reader, (struct gyre_str *)(void *)data, rows);
    if (column->type == GYRE_TYPE_bool)
        return read_flags(reader, data, rows);
    return read_values(reader, data, (size_t)rows * gyre_type_size(column->type));
}

static int fill(struct filling *filling, const struct gy_unpack *unpack, struct gyre_reader *reader)
{
    const struct gy_layout *layout = unpack->layout;
    const size_t bytes = (size_t)filling->message->rows * 8;
    int code = 0;
    for (uint32_t c = 0; code == 0 && c < unpack->n_columns; c++)
        code = fill_column(filling, layout, &unpack->columns[c], reader);
    if (code == 0 && unpack->hash)
        code = read_values(reader, column_at(filling, layout->hash), bytes);
    if (code == 0 && unpack->time)
        code = read_values(reader, column_at(filling, layout->time), bytes);
    return code;
}

struct gy_message *gy_unpack_next(const struct gy_unpack *unpack, struct gyre_reader *reader,
                                  struct gy_channel *channel, struct gyre_error *error)
{
    uint32_t rows = gyre_read_u32(reader);
    if (reader->error != 0 || rows == 0 || rows > GYRE_BATCH_ROWS) {
        corrupt(error, "their number makes no sense");
        return NULL;
    }
    struct filling filling = {.channel = channel};
    filling.message = gy_message_new(channel, unpack->layout, (rows + 15) & ~15u);
    if (filling.message == NULL) {
        no_memory(error);
        return NULL;
    }
    filling.message->rows = rows;
    filling.columns = gy_message_columns(filling.message);
    int code = fill(&filling, unpack, reader);
    if (code == 0)
        return filling.message;
    gy_message_drop(filling.message);
    if (code == GYRE_ENOMEM)
        no_memory(error);
    else
        corrupt(error, "they are cut short or make no sense");
    return NULL;
}
