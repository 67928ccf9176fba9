/* The life of an entry; see entry.h. */
#include "state/entry.h"

#include <assert.h>

enum { FETCH_BYTES = 1024, STAMP = 16 }; /* what is aligned to 16 stays so */

static uint32_t round_up(uint32_t n, uint32_t align)
{
    return (n + align - 1) / align * align;
}

static uint32_t slot_size(const struct gy_shape *shape)
{
    switch (shape->kind) {
    case GYRE_STATE_LIST: return (uint32_t)sizeof(struct gyre_list);
    case GYRE_STATE_MAP: return (uint32_t)sizeof(struct gyre_map);
    default: return shape->type.size;
    }
}

/* The larger ones are of a size that keeps each in one line of the cache: of cells of 40 bytes half
 * would stand in two, and a row of a million keys took 25 ns and not 13. Small ones cost more by
 * their bytes. */
static uint32_t inlined_size(const struct gy_shape *shape, uint32_t slot)
{
    uint32_t size = round_up(shape->size, shape->type.align > 8 ? shape->type.align : 8);
    if (slot <= 16)
        return size;
    return size <= GY_LINE / 2 ? GY_LINE / 2 : GY_LINE;
}

int gy_shape_init(struct gy_shape *shape, const struct gy_store_config *config)
{
    memset(shape, 0, sizeof *shape);
    shape->key = config->key;
    shape->kind = config->kind;
    shape->exact = config->key.n == 0 || gy_key_is_exact(&config->key);
    shape->record = config->pane ? GY_KEYED_PANE : (enum gy_keyed_kind)config->kind;
    const struct gyre_state_type *const *types =
        config->segments != NULL ? config->segments : &config->type;
    if (config->host != NULL)
        gy_type_init_host(&shape->type, config->host);
    else if (gy_type_init(&shape->type, types, config->segments != NULL ? config->n_segments : 1) !=
             0)
        return GYRE_ENOMEM;
    if (config->kind == GYRE_STATE_MAP && gy_type_init(&shape->map_key, &config->map_key, 1) != 0)
        return GYRE_ENOMEM;
    gy_list_shape_init(&shape->list, &shape->type, &shape->blocks);
    gy_map_shape_init(&shape->map, &shape->map_key, &shape->type, &shape->blocks);
    uint32_t slot = slot_size(shape);
    shape->key_size = shape->exact ? 0 : shape->key.n * (uint32_t)sizeof(struct gy_cell);
    shape->stamped = config->ttl_us > 0;
    shape->value_at = shape->key_size + (shape->stamped ? STAMP : 0);
    shape->size = shape->value_at + slot;
    shape->inlined = config->kind == GYRE_STATE_VALUE && slot <= GY_INLINE_VALUE &&
                     shape->value_at <= sizeof(struct gy_cell) && shape->size <= GY_LINE &&
                     !shape->stamped;
    shape->cell_size = shape->inlined ? inlined_size(shape, slot) : (uint32_t)sizeof(void *);
    return 0;
}

void gy_shape_fini(struct gy_shape *shape)
{
    gy_blocks_fini(&shape->blocks);
    gy_type_fini(&shape->map_key);
    gy_type_fini(&shape->type);
}

static void slot_init(struct gy_shape *shape, void *slot)
{
    switch (shape->kind) {
    case GYRE_STATE_LIST: gy_list_init(slot, &shape->list); break;
    case GYRE_STATE_MAP: gy_map_init(slot, &shape->map); break;
    default: gy_value_init(&shape->type, slot);
    }
}

static void slot_fini(struct gy_shape *shape, void *slot)
{
    switch (shape->kind) {
    case GYRE_STATE_LIST: gy_list_fini(slot); break;
    case GYRE_STATE_MAP: gy_map_fini(slot); break;
    default: gy_value_fini(&shape->type, &shape->blocks, slot);
    }
}

/* The cut of a list or a map; NULL where it has none. */
static struct gy_cut *cut_of(const struct gy_shape *shape, void *slot)
{
    if (shape->kind == GYRE_STATE_LIST)
        return ((struct gyre_list *)slot)->cut;
    return shape->kind == GYRE_STATE_MAP ? ((struct gyre_map *)slot)->cut : NULL;
}

int gy_entry_init(struct gy_shape *shape, void *cell, const struct gy_cell *key)
{
    if (!shape->inlined) {
        void *body = gy_blocks_take(&shape->blocks, shape->size);
        if (body == NULL)
            return GYRE_ENOMEM;
        memcpy(cell, &body, sizeof body);
    }
    if (!shape->exact) {
        struct gy_cell *stored = (struct gy_cell *)(void *)gy_entry_body(shape, cell);
        memcpy(stored, key, shape->key_size);
        if (gy_cells_own(&shape->key, &shape->blocks, stored) != 0) {
            if (!shape->inlined)
                gy_blocks_give(&shape->blocks, stored, shape->size);
            return GYRE_ENOMEM;
        }
    }
    slot_init(shape, gy_entry_slot(shape, cell));
    return 0;
}

int gy_entry_renew(struct gy_shape *shape, void *cell)
{
    int64_t stamp = *gy_entry_stamp(shape, cell);
    char *before = gy_entry_body(shape, cell);
    struct gy_cut *cut = cut_of(shape, before + shape->value_at);
    if (cut == NULL) {
        slot_fini(shape, before + shape->value_at);
        slot_init(shape, before + shape->value_at);
        return 0;
    }
    /* The old one is the cut's until it is saved. */
    if (gy_entry_init(shape, cell, (const struct gy_cell *)(const void *)before) != 0) {
        memcpy(cell, &before, sizeof before);
        return GYRE_ENOMEM;
    }
    cut->orphan = true;
    *gy_entry_stamp(shape, cell) = stamp;
    return 0;
}

void gy_entry_fini(struct gy_shape *shape, void *cell)
{
    char *body = gy_entry_body(shape, cell);
    slot_fini(shape, body + shape->value_at);
    if (!shape->exact)
        gy_cells_drop(&shape->key, &shape->blocks, (struct gy_cell *)(void *)body);
    if (!shape->inlined)
        gy_blocks_give(&shape->blocks, body, shape->size);
}

/* ---- snapshots --------------------------------------------------------------------------------- */

void gy_slot_write(const struct gy_shape *shape, const void *slot, uint64_t piece,
                   struct gyre_writer *writer)
{
    switch (shape->kind) {
    case GYRE_STATE_LIST: gy_list_write(slot, piece, writer); break;
    case GYRE_STATE_MAP: gy_map_write(slot, piece, writer); break;
    default: gy_value_write(&shape->type, slot, writer);
    }
}

/* Cuts a list or a map that is large; false where it is not, or without memory. */
static bool cut_entry(const struct gy_shape *shape, struct gy_saver *saver,
                      const struct gy_store_entry *entry)
{
    struct gyre_list *list = entry->slot;
    struct gyre_map *map = entry->slot;
    if (shape->kind == GYRE_STATE_LIST) {
        assert(list->cut == NULL);
        if (list->count > GY_PIECES_MIN)
            list->cut = gy_cut_new(saver, entry, list->count, list->count);
        return list->cut != NULL;
    }
    assert(map->cut == NULL);
    if (map->end > GY_PIECES_MIN)
        map->cut = gy_cut_new(saver, entry, map->end, map->count);
    if (map->cut != NULL)
        map->cut->used = gy_map_piece_used;
    return map->cut != NULL;
}

/* The first lines of a string; the processor finds those after them by itself. */
static void fetch_str(const struct gyre_str *s)
{
    for (uint32_t at = 0; s->len > GYRE_STR_INLINE && at < s->len && at < FETCH_BYTES; at += 64)
        __builtin_prefetch(s->u.ptr + at);
}

void gy_entry_fetch(const struct gy_shape *shape, void *cell, bool near)
{
    const char *body = gy_entry_body(shape, cell);
    if (near) {
        for (uint32_t at = 0; !shape->inlined && at < shape->size && at < FETCH_BYTES; at += 64)
            __builtin_prefetch(body + at);
        return;
    }
    const struct gy_type *type = &shape->type;
    for (uint32_t i = 0; shape->kind == GYRE_STATE_VALUE && i < type->n_members; i++)
        if (gyre_type_is_str(type->members[i].type))
            fetch_str((const void *)(body + shape->value_at + type->members[i].offset));
}

void gy_entries_save(const struct gy_shape *shape, struct gy_saver *saver,
                     struct gy_store_entry *entries, uint32_t n)
{
    uint32_t whole = 0;
    assert(n <= GY_SAVED_MOST);
    if (shape->kind == GYRE_STATE_VALUE)
        whole = n;
    else
        for (uint32_t i = 0; i < n; i++)
            if (!cut_entry(shape, saver, &entries[i]))
                entries[whole++] = entries[i];
    if (whole > 0)
        saver->save(saver->host, entries, whole);
}

bool gy_entry_orphan(const struct gy_shape *shape, void *cell)
{
    struct gy_cut *cut = cut_of(shape, gy_entry_slot(shape, cell));
    if (cut != NULL)
        cut->orphan = true;
    return cut != NULL;
}

static void end_cut(struct gy_shape *shape, struct gy_cut *cut)
{
    bool orphan = cut->orphan;
    assert(shape->kind != GYRE_STATE_VALUE && !shape->inlined);
    char *slot = cut->entry.slot, *body = slot - shape->value_at;
    if (shape->kind == GYRE_STATE_LIST) {
        gy_list_end_cut((struct gyre_list *)(void *)slot);
    } else {
        gy_map_end_cut((struct gyre_map *)(void *)slot);
        gy_map_settle((struct gyre_map *)(void *)slot);
    }
    if (orphan)
        gy_entry_fini(shape, &body); /* lists and maps are not inlined: the cell is a pointer */
}

uint64_t gy_entry_save_piece(struct gy_shape *shape, struct gy_cut *cut)
{
    uint64_t n = gy_cut_step(cut);
    if (cut->left == 0)
        end_cut(shape, cut);
    else if (shape->kind == GYRE_STATE_LIST)
        gy_list_release(cut->entry.slot);
    return n;
}

void gy_entry_end_cuts(struct gy_shape *shape, struct gy_saver *saver)
{
    while (saver->cuts != NULL)
        end_cut(shape, saver->cuts);
}
