/* Lists of one key; see list.h. */
#include "state/list.h"

enum { CHUNK_BYTES = 2048, CHUNK_FIRST = 4 };

void gy_list_shape_init(struct gy_list_shape *shape, const struct gy_type *type,
                        struct gy_blocks *blocks)
{
    uint32_t shift = 0;
    while (type->stride != 0 && ((size_t)2 << shift) * type->stride <= CHUNK_BYTES)
        shift++;
    *shape = (struct gy_list_shape){type, blocks, shift};
}

void gy_list_init(struct gyre_list *list, const struct gy_list_shape *shape)
{
    memset(list, 0, sizeof *list);
    list->shape = shape;
}

static size_t chunk_bytes(const struct gyre_list *list)
{
    size_t items = list->directory != 0 ? (size_t)1 << list->shape->shift : list->room;
    return items * list->shape->type->stride;
}

static inline char *chunk_at(const struct gyre_list *list, uint64_t chunk)
{
    return list->directory != 0 ? ((char **)list->chunks)[chunk] : (char *)list->chunks;
}

static inline void *item_at(const struct gyre_list *list, uint64_t i)
{
    uint64_t position = list->first + i, mask = ((uint64_t)1 << list->shape->shift) - 1;
    return chunk_at(list, position >> list->shape->shift) +
           (position & mask) * list->shape->type->stride;
}

/* Frees the first n chunks, whose items are ended. */
static void free_chunks(struct gyre_list *list, uint64_t n)
{
    for (uint64_t c = 0; c < n; c++)
        gy_blocks_give(list->shape->blocks, chunk_at(list, c), chunk_bytes(list));
    list->n_chunks -= n;
    if (list->directory != 0 && n != 0)
        memmove(list->chunks, (char **)list->chunks + n, list->n_chunks * sizeof(char *));
}

void gy_list_fini(struct gyre_list *list)
{
    gy_list_drop(list, list->count);
}

/* No item is left: back to a list that owns nothing. */
static void make_empty(struct gyre_list *list)
{
    free_chunks(list, list->n_chunks);
    if (list->directory != 0)
        gy_blocks_give(list->shape->blocks, list->chunks, list->directory * sizeof(char *));
    gy_list_init(list, list->shape);
}

/* The one chunk, twice as large; items may move. */
static int grow_chunk(struct gyre_list *list)
{
    uint32_t most = 1u << list->shape->shift;
    uint32_t room = list->room == 0 ? CHUNK_FIRST : list->room * 2;
    if (room > most)
        room = most;
    size_t stride = list->shape->type->stride;
    char *chunk = gy_blocks_take(list->shape->blocks, room * stride);
    if (chunk == NULL)
        return GYRE_ENOMEM;
    if (list->n_chunks != 0)
        memcpy(chunk, list->chunks, list->room * stride);
    gy_blocks_give(list->shape->blocks, list->chunks, list->room * stride);
    list->chunks = chunk;
    list->n_chunks = 1;
    list->room = room;
    return 0;
}

/* The dropped items at the front of the one chunk make room at its end. */
static void close_up(struct gyre_list *list)
{
    size_t stride = list->shape->type->stride;
    memmove(list->chunks, (char *)list->chunks + list->first * stride, list->count * stride);
    list->first = 0;
}

static int grow_directory(struct gyre_list *list)
{
    uint64_t room = list->directory == 0 ? 4 : list->directory * 2;
    char **chunks = gy_blocks_take(list->shape->blocks, room * sizeof *chunks);
    if (chunks == NULL)
        return GYRE_ENOMEM;
    if (list->directory == 0) {
        chunks[0] = list->chunks;
    } else {
        memcpy(chunks, list->chunks, list->n_chunks * sizeof *chunks);
        gy_blocks_give(list->shape->blocks, list->chunks, list->directory * sizeof *chunks);
    }
    list->chunks = chunks;
    list->directory = room;
    return 0;
}

static int add_chunk(struct gyre_list *list)
{
    bool full = list->directory == 0 || list->n_chunks == list->directory;
    if (full && grow_directory(list) != 0)
        return GYRE_ENOMEM;
    char *chunk = gy_blocks_take(list->shape->blocks, chunk_bytes(list));
    if (chunk == NULL)
        return GYRE_ENOMEM;
    ((char **)list->chunks)[list->n_chunks++] = chunk;
    return 0;
}

static int make_room(struct gyre_list *list)
{
    uint64_t end = list->first + list->count;
    if (list->directory != 0)
        return end < list->n_chunks << list->shape->shift ? 0 : add_chunk(list);
    if (end < list->room)
        return 0;
    if (list->first != 0 && list->first >= list->room / 2) {
        close_up(list);
        return 0;
    }
    return list->room < 1u << list->shape->shift ? grow_chunk(list) : add_chunk(list);
}

void *gy_list_add(struct gyre_list *list)
{
    if (make_room(list) != 0)
        return NULL;
    void *item = item_at(list, list->count++);
    gy_value_init(list->shape->type, item);
    return item;
}

uint64_t gy_list_count(const struct gyre_list *list)
{
    return list->count;
}

void *gy_list_at(struct gyre_list *list, uint64_t i)
{
    return i < list->count ? item_at(list, i) : NULL;
}

void gy_list_drop(struct gyre_list *list, uint64_t first_n)
{
    uint64_t n = first_n < list->count ? first_n : list->count;
    if (!list->shape->type->plain)
        for (uint64_t i = 0; i < n; i++)
            gy_value_fini(list->shape->type, list->shape->blocks, item_at(list, i));
    list->count -= n;
    if (list->count == 0) {
        make_empty(list);
        return;
    }
    uint64_t first = list->first + n;
    if (list->directory != 0) {
        free_chunks(list, first >> list->shape->shift);
        first &= ((uint64_t)1 << list->shape->shift) - 1;
    }
    list->first = (uint32_t)first;
}

void gy_list_write(const struct gyre_list *list, struct gyre_writer *writer)
{
    gyre_write_u64(writer, list->count);
    for (uint64_t i = 0; i < list->count && writer->error == 0; i++)
        gy_value_write(list->shape->type, item_at(list, i), writer);
}

int gy_list_read(struct gyre_list *list, struct gyre_reader *reader, uint32_t version)
{
    uint64_t count = gyre_read_u64(reader);
    for (uint64_t i = 0; i < count; i++) {
        if (reader->position == reader->length) /* before it takes memory for a wrong count */
            reader->error = GYRE_ECORRUPT;
        if (reader->error != 0)
            return reader->error;
        void *item = gy_list_add(list);
        if (item == NULL)
            return GYRE_ENOMEM;
        int code = gy_value_read(list->shape->type, list->shape->blocks, item, reader, version);
        if (code != 0)
            return code;
    }
    return reader->error;
}
