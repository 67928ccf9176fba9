/* Maps of one key; see map.h. */
#include "state/map.h"

#include <assert.h>

#include "base/debug.h"

enum { ROOM_FIRST = 4, PAIRS_UNINDEXED = 8, PAIRS_MAX = 1 << 30 };

struct pair_head {
    uint32_t used;
    uint32_t hash;
};

static uint32_t round_up(uint32_t n, uint32_t align)
{
    return align == 0 ? n : (n + align - 1) / align * align;
}

void gy_map_shape_init(struct gy_map_shape *shape, const struct gy_type *key,
                       const struct gy_type *value, struct gy_blocks *blocks)
{
    *shape = (struct gy_map_shape){.key = key, .value = value, .blocks = blocks};
    uint32_t align = key->align > value->align ? key->align : value->align;
    shape->key_at = round_up((uint32_t)sizeof(struct pair_head), key->align);
    shape->value_at = round_up(shape->key_at + key->size, value->align);
    shape->stride = round_up(shape->value_at + value->size, align > 4 ? align : 4);
}

void gy_map_init(struct gyre_map *map, const struct gy_map_shape *shape)
{
    memset(map, 0, sizeof *map);
    map->shape = shape;
}

static inline char *pair_at(const struct gyre_map *map, uint32_t i)
{
    gy_debug_assert(i < map->room);
    return map->pairs + (size_t)i * map->shape->stride;
}

static inline struct pair_head *head_of(char *pair)
{
    return (struct pair_head *)(void *)pair;
}

static void end_pair(struct gyre_map *map, char *pair)
{
    const struct gy_map_shape *shape = map->shape;
    gy_value_fini(shape->key, shape->blocks, pair + shape->key_at);
    gy_value_fini(shape->value, shape->blocks, pair + shape->value_at);
    head_of(pair)->used = 0;
}

static void drop_index(struct gyre_map *map)
{
    gy_blocks_give(map->shape->blocks, map->index, map->index_size * sizeof *map->index);
    map->index = NULL;
    map->index_size = 0;
}

void gy_map_fini(struct gyre_map *map)
{
    for (uint32_t i = 0; i < map->end; i++)
        if (head_of(pair_at(map, i))->used)
            end_pair(map, pair_at(map, i));
    gy_blocks_give(map->shape->blocks, map->pairs, (size_t)map->room * map->shape->stride);
    drop_index(map);
    gy_map_init(map, map->shape);
}

static void index_pair(struct gyre_map *map, uint32_t pair)
{
    gy_debug_assert(pair < map->index_size / 2); /* so that a search meets a free place */
    uint32_t mask = map->index_size - 1;
    uint32_t at = head_of(pair_at(map, pair))->hash & mask;
    while (map->index[at] != 0)
        at = (at + 1) & mask;
    map->index[at] = pair + 1;
}

/* Pairs that must stay where they are. */
static uint32_t fixed(const struct gyre_map *map)
{
    return map->cut != NULL ? (uint32_t)map->cut->end : 0;
}

/* Moves the pairs together and builds the index anew; neither takes memory. */
static void close_up(struct gyre_map *map)
{
    uint32_t end = fixed(map);
    for (uint32_t i = end; i < map->end; i++) {
        if (!head_of(pair_at(map, i))->used)
            continue;
        if (end != i)
            memcpy(pair_at(map, end), pair_at(map, i), map->shape->stride);
        end++;
    }
    map->end = end;
    assert(map->count <= end && end <= map->room);
    if (map->index == NULL)
        return;
    memset(map->index, 0, map->index_size * sizeof *map->index);
    for (uint32_t i = 0; i < end; i++)
        if (head_of(pair_at(map, i))->used)
            index_pair(map, i);
}

/* Room for twice the pairs, with an index of twice that where they need one. */
static int grow(struct gyre_map *map)
{
    uint32_t room = map->room == 0 ? ROOM_FIRST : map->room * 2;
    struct gy_blocks *blocks = map->shape->blocks;
    if (room > PAIRS_MAX)
        return GYRE_ENOMEM;
    char *pairs = gy_blocks_take(blocks, (size_t)room * map->shape->stride);
    if (pairs == NULL)
        return GYRE_ENOMEM;
    uint32_t *index = NULL;
    if (room > PAIRS_UNINDEXED) {
        index = gy_blocks_take(blocks, (size_t)room * 2 * sizeof *index);
        if (index == NULL) {
            gy_blocks_give(blocks, pairs, (size_t)room * map->shape->stride);
            return GYRE_ENOMEM;
        }
    }
    if (map->end != 0)
        memcpy(pairs, map->pairs, (size_t)map->end * map->shape->stride);
    gy_blocks_give(blocks, map->pairs, (size_t)map->room * map->shape->stride);
    drop_index(map);
    map->pairs = pairs;
    map->room = room;
    map->index = index;
    map->index_size = index != NULL ? room * 2 : 0;
    close_up(map);
    return 0;
}

/* Room for one pair. Those that a cut does not hold close up first, where that gives enough. */
static int make_room(struct gyre_map *map)
{
    if (fixed(map) != 0) {
        close_up(map);
        if (map->end + map->room / 4 < map->room)
            return 0;
    }
    return grow(map);
}

/* Saves what the cut has of a pair. No pair moves. */
static __attribute__((noinline)) void touch(struct gyre_map *map, const char *pair)
{
    uint64_t position = (uint64_t)(pair - map->pairs) / map->shape->stride;
    if (position < map->cut->end && gy_cut_touch(map->cut, position))
        gy_map_end_cut(map);
}

static bool is_pair(const struct gyre_map *map, uint32_t i, uint32_t hash, const void *key)
{
    char *pair = pair_at(map, i);
    return head_of(pair)->used && head_of(pair)->hash == hash &&
           gy_value_equal(map->shape->key, pair + map->shape->key_at, key);
}

/* The pair of `key`; NULL where it is not there. */
static char *find(const struct gyre_map *map, uint32_t hash, const void *key)
{
    if (map->index == NULL) {
        for (uint32_t i = 0; i < map->end; i++)
            if (is_pair(map, i, hash, key))
                return pair_at(map, i);
        return NULL;
    }
    uint32_t mask = map->index_size - 1;
    for (uint32_t at = hash & mask; map->index[at] != 0; at = (at + 1) & mask)
        if (is_pair(map, map->index[at] - 1, hash, key))
            return pair_at(map, map->index[at] - 1);
    return NULL;
}

void *gy_map_get(struct gyre_map *map, const void *key, int32_t create)
{
    const struct gy_map_shape *shape = map->shape;
    uint32_t hash = (uint32_t)gy_value_hash(shape->key, key);
    char *pair = find(map, hash, key);
    if (pair != NULL) {
        if (__builtin_expect(map->cut != NULL, 0))
            touch(map, pair);
        return pair + shape->value_at;
    }
    if (!create || (map->end == map->room && make_room(map) != 0))
        return NULL;
    pair = pair_at(map, map->end);
    if (gy_value_copy(shape->key, shape->blocks, pair + shape->key_at, key) != 0)
        return NULL;
    *head_of(pair) = (struct pair_head){1, hash};
    gy_value_init(shape->value, pair + shape->value_at);
    if (map->index != NULL)
        index_pair(map, map->end);
    map->end++;
    map->count++;
    return pair + shape->value_at;
}

int32_t gy_map_remove(struct gyre_map *map, const void *key)
{
    char *pair = find(map, (uint32_t)gy_value_hash(map->shape->key, key), key);
    if (pair == NULL)
        return 0;
    if (map->cut != NULL)
        touch(map, pair);
    assert(map->count > 0);
    end_pair(map, pair);
    map->count--;
    if (map->cut == NULL)
        gy_map_settle(map);
    return 1;
}

void gy_map_settle(struct gyre_map *map)
{
    if (map->count == 0)
        gy_map_fini(map);
    else if (map->count < map->end / 2)
        close_up(map);
}

uint64_t gy_map_count(const struct gyre_map *map)
{
    return map->count;
}

void *gy_map_next(struct gyre_map *map, uint64_t *cursor, const void **key)
{
    for (uint64_t i = *cursor; i < map->end; i++) {
        char *pair = pair_at(map, (uint32_t)i);
        if (!head_of(pair)->used)
            continue;
        if (map->cut != NULL)
            touch(map, pair);
        *cursor = i + 1;
        if (key != NULL)
            *key = pair + map->shape->key_at;
        return pair + map->shape->value_at;
    }
    *cursor = map->end;
    return NULL;
}

/* ---- snapshots --------------------------------------------------------------------------------- */

void gy_map_end_cut(struct gyre_map *map)
{
    gy_cut_free(map->cut);
    map->cut = NULL;
}

static uint32_t n_used(const struct gyre_map *map, uint32_t from, uint32_t to)
{
    uint32_t n = 0;
    for (uint32_t i = from; i < to; i++)
        n += head_of(pair_at(map, i))->used;
    return n;
}

bool gy_map_piece_used(const void *slot, uint64_t piece)
{
    const struct gyre_map *map = slot;
    uint64_t end = (piece + 1) * GY_PIECE;
    end = end < map->cut->end ? end : map->cut->end;
    return n_used(map, (uint32_t)(piece * GY_PIECE), (uint32_t)end) != 0;
}

void gy_map_write(const struct gyre_map *map, uint64_t piece, struct gyre_writer *writer)
{
    uint64_t from = 0, to = map->end, total = map->count, n = total;
    if (piece != 0) {
        assert(map->cut != NULL && (piece - 1) * GY_PIECE < map->cut->end);
        from = (piece - 1) * GY_PIECE;
        to = map->cut->end - from < GY_PIECE ? map->cut->end : from + GY_PIECE;
        total = map->cut->total;
        n = n_used(map, (uint32_t)from, (uint32_t)to);
    }
    gyre_write_u64(writer, total);
    gyre_write_u64(writer, from);
    gyre_write_u64(writer, n);
    for (uint64_t i = from; i < to && writer->error == 0; i++) {
        char *pair = pair_at(map, (uint32_t)i);
        if (!head_of(pair)->used)
            continue;
        gy_value_write(map->shape->key, pair + map->shape->key_at, writer);
        gy_value_write(map->shape->value, pair + map->shape->value_at, writer);
    }
}

/* Reads a key that ends with the call. */
static void *read_key(struct gyre_map *map, void *key, struct gyre_reader *reader, int *code)
{
    const struct gy_map_shape *shape = map->shape;
    void *value = NULL;
    gy_value_init(shape->key, key);
    *code = gy_value_read(shape->key, shape->blocks, key, reader,
                          shape->key->segments[0].declared->version);
    if (*code == 0 && gy_map_get(map, key, 0) != NULL)
        *code = reader->error = GYRE_ECORRUPT;
    if (*code == 0) {
        value = gy_map_get(map, key, 1);
        *code = value != NULL ? 0 : GYRE_ENOMEM;
    }
    gy_value_fini(shape->key, shape->blocks, key);
    return value;
}

int gy_map_read(struct gyre_map *map, uint64_t n, struct gyre_reader *reader, uint32_t version)
{
    const struct gy_map_shape *shape = map->shape;
    void *key = gy_blocks_take(shape->blocks, shape->key->size);
    int code = key != NULL ? reader->error : GYRE_ENOMEM;
    for (uint64_t i = 0; i < n && code == 0; i++) {
        if (reader->position == reader->length)
            code = reader->error = GYRE_ECORRUPT;
        void *value = code == 0 ? read_key(map, key, reader, &code) : NULL;
        if (code == 0)
            code = gy_value_read(shape->value, shape->blocks, value, reader, version);
    }
    gy_blocks_give(shape->blocks, key, shape->key->size);
    return code;
}

void gy_map_truncate(struct gyre_map *map, uint32_t end)
{
    for (uint32_t i = end; i < map->end; i++)
        if (head_of(pair_at(map, i))->used) {
            end_pair(map, pair_at(map, i));
            map->count--;
        }
    close_up(map);
}

int gy_map_permute(struct gyre_map *map, const struct gy_run *runs, size_t n)
{
    size_t stride = map->shape->stride;
    char *pairs = gy_blocks_take(map->shape->blocks, map->room * stride), *at = pairs;
    if (pairs == NULL)
        return GYRE_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        memcpy(at, pair_at(map, (uint32_t)runs[i].at), runs[i].n * stride);
        at += runs[i].n * stride;
    }
    assert(at == pairs + (size_t)map->end * stride && map->count == map->end); /* all, no gaps */
    gy_blocks_give(map->shape->blocks, map->pairs, map->room * stride);
    map->pairs = pairs;
    close_up(map); /* for the index */
    return 0;
}
