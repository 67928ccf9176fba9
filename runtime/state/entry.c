/* The life of an entry; see entry.h. */
#include "state/entry.h"

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

int gy_shape_init(struct gy_shape *shape, const struct gy_store_config *config)
{
    memset(shape, 0, sizeof *shape);
    shape->key = config->key;
    shape->kind = config->kind;
    shape->exact = config->key.n == 0 || gy_key_is_exact(&config->key);
    if (gy_type_init(&shape->type, config->type) != 0)
        return GYRE_ENOMEM;
    if (config->kind == GYRE_STATE_MAP && gy_type_init(&shape->map_key, config->map_key) != 0)
        return GYRE_ENOMEM;
    gy_list_shape_init(&shape->list, &shape->type, &shape->blocks);
    gy_map_shape_init(&shape->map, &shape->map_key, &shape->type, &shape->blocks);
    uint32_t slot = slot_size(shape);
    shape->value_at = shape->exact ? 0 : shape->key.n * (uint32_t)sizeof(struct gy_cell);
    shape->size = shape->value_at + slot;
    shape->inlined = config->kind == GYRE_STATE_VALUE && slot <= GY_INLINE_VALUE &&
                     shape->value_at <= sizeof(struct gy_cell);
    uint32_t align = shape->type.align > 8 ? shape->type.align : 8;
    shape->cell_size = shape->inlined ? round_up(shape->size, align) : (uint32_t)sizeof(void *);
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
        memcpy(stored, key, shape->value_at);
        if (gy_cells_own(&shape->key, &shape->blocks, stored) != 0) {
            if (!shape->inlined)
                gy_blocks_give(&shape->blocks, stored, shape->size);
            return GYRE_ENOMEM;
        }
    }
    slot_init(shape, gy_entry_slot(shape, cell));
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

void gy_slot_write(const struct gy_shape *shape, const void *slot, struct gyre_writer *writer)
{
    switch (shape->kind) {
    case GYRE_STATE_LIST: gy_list_write(slot, writer); break;
    case GYRE_STATE_MAP: gy_map_write(slot, writer); break;
    default: gy_value_write(&shape->type, slot, writer);
    }
}

int gy_slot_read(struct gy_shape *shape, void *slot, struct gyre_reader *reader, uint32_t version)
{
    switch (shape->kind) {
    case GYRE_STATE_LIST: return gy_list_read(slot, reader, version);
    case GYRE_STATE_MAP: return gy_map_read(slot, reader, version);
    default: return gy_value_read(&shape->type, &shape->blocks, slot, reader, version);
    }
}
