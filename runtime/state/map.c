/* Maps of one key; see map.h. */
#include "state/map.h"

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
    uint32_t mask = map->index_size - 1;
    uint32_t at = head_of(pair_at(map, pair))->hash & mask;
    while (map->index[at] != 0)
        at = (at + 1) & mask;
    map->index[at] = pair + 1;
}

/* Moves the pairs together and builds the index anew; neither takes memory. */
static void close_up(struct gyre_map *map)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < map->end; i++) {
        if (!head_of(pair_at(map, i))->used)
            continue;
        if (end != i)
            memcpy(pair_at(map, end), pair_at(map, i), map->shape->stride);
        end++;
    }
    map->end = end;
    if (map->index == NULL)
        return;
    memset(map->index, 0, map->index_size * sizeof *map->index);
    for (uint32_t i = 0; i < end; i++)
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
    if (pair != NULL)
        return pair + shape->value_at;
    if (!create || (map->end == map->room && grow(map) != 0))
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
    end_pair(map, pair);
    map->count--;
    if (map->count == 0)
        gy_map_fini(map);
    else if (map->count < map->end / 2)
        close_up(map);
    return 1;
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
        *cursor = i + 1;
        if (key != NULL)
            *key = pair + map->shape->key_at;
        return pair + map->shape->value_at;
    }
    *cursor = map->end;
    return NULL;
}

void gy_map_write(const struct gyre_map *map, struct gyre_writer *writer)
{
    gyre_write_u64(writer, map->count);
    for (uint32_t i = 0; i < map->end && writer->error == 0; i++) {
        char *pair = pair_at(map, i);
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
    *code = gy_value_read(shape->key, shape->blocks, key, reader, shape->key->declared->version);
    if (*code == 0 && gy_map_get(map, key, 0) != NULL)
        *code = reader->error = GYRE_ECORRUPT;
    if (*code == 0) {
        value = gy_map_get(map, key, 1);
        *code = value != NULL ? 0 : GYRE_ENOMEM;
    }
    gy_value_fini(shape->key, shape->blocks, key);
    return value;
}

int gy_map_read(struct gyre_map *map, struct gyre_reader *reader, uint32_t version)
{
    const struct gy_map_shape *shape = map->shape;
    uint64_t count = gyre_read_u64(reader);
    void *key = gy_blocks_take(shape->blocks, shape->key->size);
    int code = key != NULL ? reader->error : GYRE_ENOMEM;
    for (uint64_t i = 0; i < count && code == 0; i++) {
        if (reader->position == reader->length)
            code = reader->error = GYRE_ECORRUPT;
        void *value = code == 0 ? read_key(map, key, reader, &code) : NULL;
        if (code == 0)
            code = gy_value_read(shape->value, shape->blocks, value, reader, version);
    }
    gy_blocks_give(shape->blocks, key, shape->key->size);
    return code;
}
