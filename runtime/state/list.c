/* Lists of one key; see list.h. */
#include "state/list.h"

#include <assert.h>

#include "base/debug.h"

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

/* Items at the front that were dropped and are still there. */
static inline uint64_t hidden(const struct gyre_list *list)
{
    return list->cut != NULL ? list->cut->hidden : 0;
}

static inline void *item_at(const struct gyre_list *list, uint64_t i)
{
    gy_debug_assert(i < list->count);
    uint64_t position = list->first + i, mask = ((uint64_t)1 << list->shape->shift) - 1;
    return chunk_at(list, position >> list->shape->shift) +
           (position & mask) * list->shape->type->stride;
}

/* Frees the first n chunks, whose items are ended. */
static void free_chunks(struct gyre_list *list, uint64_t n)
{
    for (uint64_t c = 0; c < n; c++)
        gy_blocks_give(list->shape->blocks, chunk_at(list, c), chunk_bytes(list));
    list->n_chunks -= (uint32_t)n;
    if (list->directory != 0 && n != 0)
        memmove(list->chunks, (char **)list->chunks + n, list->n_chunks * sizeof(char *));
}

/* No item is left: back to a list that owns nothing. */
static void make_empty(struct gyre_list *list)
{
    free_chunks(list, list->n_chunks);
    if (list->directory != 0)
        gy_blocks_give(list->shape->blocks, list->chunks, list->directory * sizeof(char *));
    struct gy_cut *cut = list->cut;
    gy_list_init(list, list->shape);
    list->cut = cut;
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
    uint32_t room = list->directory == 0 ? 4 : list->directory * 2;
    if (room == 0)
        return GYRE_ENOMEM;
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
        return end < (uint64_t)list->n_chunks << list->shape->shift ? 0 : add_chunk(list);
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
    gy_debug_assert(hidden(list) <= list->count);
    return list->count - hidden(list);
}

/* Saves what the cut has of item i, and gives its index then: the cut may have ended. */
static __attribute__((noinline)) void *at_cut(struct gyre_list *list, uint64_t i)
{
    struct gy_cut *cut = list->cut;
    if (i >= list->count - cut->hidden)
        return NULL;
    uint64_t position = i + cut->hidden + cut->gone;
    if (position < cut->end && gy_cut_touch(cut, position))
        gy_list_end_cut(list);
    return item_at(list, i + hidden(list));
}

void *gy_list_at(struct gyre_list *list, uint64_t i)
{
    if (__builtin_expect(list->cut != NULL, 0))
        return at_cut(list, i);
    return i < list->count ? item_at(list, i) : NULL;
}

static void end_items(struct gyre_list *list, uint64_t from, uint64_t to)
{
    if (!list->shape->type->plain)
        for (uint64_t i = from; i < to; i++)
            gy_value_fini(list->shape->type, list->shape->blocks, item_at(list, i));
}

static void drop(struct gyre_list *list, uint64_t n)
{
    assert(n <= list->count);
    end_items(list, 0, n);
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

void gy_list_drop(struct gyre_list *list, uint64_t first_n)
{
    uint64_t count = gy_list_count(list);
    uint64_t n = first_n < count ? first_n : count;
    if (list->cut != NULL)
        list->cut->hidden += n;
    else
        drop(list, n);
}

void gy_list_fini(struct gyre_list *list)
{
    drop(list, list->count);
}

/* ---- snapshots --------------------------------------------------------------------------------- */

void gy_list_end_cut(struct gyre_list *list)
{
    uint64_t n = hidden(list);
    gy_cut_free(list->cut);
    list->cut = NULL;
    drop(list, n);
}

void gy_list_release(struct gyre_list *list)
{
    struct gy_cut *cut = list->cut;
    assert(cut->gone <= cut->cursor * GY_PIECE);
    uint64_t saved = cut->cursor * GY_PIECE - cut->gone; /* positions from `gone` on */
    uint64_t n = cut->hidden < saved ? cut->hidden : saved;
    /* Each time moves the directory: an eighth of it at least must go. */
    if (n < GY_PIECE || n < list->count / 8)
        return;
    drop(list, n);
    cut->hidden -= n;
    cut->gone += n;
}

void gy_list_write(const struct gyre_list *list, uint64_t piece, struct gyre_writer *writer)
{
    uint64_t at = hidden(list), n = gy_list_count(list), total = n, first = 0;
    if (piece != 0) {
        assert(list->cut != NULL && (piece - 1) * GY_PIECE < list->cut->end);
        first = (piece - 1) * GY_PIECE;
        assert(first >= list->cut->gone);
        total = list->cut->total;
        n = total - first < GY_PIECE ? total - first : GY_PIECE;
        at = first - list->cut->gone;
    }
    gyre_write_u64(writer, total);
    gyre_write_u64(writer, first);
    gyre_write_u64(writer, n);
    for (uint64_t i = 0; i < n && writer->error == 0; i++)
        gy_value_write(list->shape->type, item_at(list, at + i), writer);
}

int gy_list_read(struct gyre_list *list, uint64_t n, struct gyre_reader *reader, uint32_t version)
{
    for (uint64_t i = 0; i < n; i++) {
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

void gy_list_truncate(struct gyre_list *list, uint64_t count)
{
    assert(count <= list->count);
    end_items(list, count, list->count);
    list->count = count;
    if (count == 0)
        make_empty(list);
}

/* Appends n items of another list as they are, with what they own. */
static int append(struct gyre_list *list, const struct gyre_list *from, uint64_t at, uint64_t n)
{
    size_t stride = list->shape->type->stride;
    uint64_t chunk = (uint64_t)1 << list->shape->shift;
    while (n > 0) {
        if (make_room(list) != 0)
            return GYRE_ENOMEM;
        uint64_t end = list->first + list->count;
        uint64_t room = list->directory != 0 ? chunk - end % chunk : list->room - end;
        uint64_t there = chunk - (from->first + at) % chunk;
        uint64_t some = room < there ? room : there;
        some = some < n ? some : n;
        list->count += some;
        memcpy(item_at(list, list->count - some), item_at(from, at), some * stride);
        at += some;
        n -= some;
    }
    return 0;
}

int gy_list_permute(struct gyre_list *list, const struct gy_run *runs, size_t n)
{
    struct gyre_list now;
    assert(list->cut == NULL);
    gy_list_init(&now, list->shape);
    for (size_t i = 0; i < n; i++)
        if (append(&now, list, runs[i].at, runs[i].n) != 0) {
            make_empty(&now);
            return GYRE_ENOMEM;
        }
    assert(now.count == list->count); /* the runs were all items */
    make_empty(list);
    *list = now;
    return 0;
}
