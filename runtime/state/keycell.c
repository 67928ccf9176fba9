/* Stored keys; see keycell.h. */
#include "state/keycell.h"

#include "base/debug.h"

static bool is_null(uint32_t type, const struct gy_cell *cell)
{
    return gyre_type_is_str(type) ? cell->u.str.len == GY_CELL_NULL_LEN : cell->u.fixed.null != 0;
}

static struct gy_cell null_of(uint32_t type)
{
    struct gy_cell cell;
    memset(&cell, 0, sizeof cell);
    if (gyre_type_is_str(type))
        cell.u.str.len = GY_CELL_NULL_LEN;
    else
        cell.u.fixed.null = 1;
    return cell;
}

static bool owns(uint32_t type, const struct gy_cell *cell)
{
    return gyre_type_is_str(type) && cell->u.str.len > GYRE_STR_INLINE &&
           cell->u.str.len != GY_CELL_NULL_LEN;
}

void gy_cells_load(const struct gy_key *key, const struct gy_column *const *columns, uint32_t row,
                   struct gy_cell *cells)
{
    for (uint32_t f = 0; f < key->n; f++) {
        uint32_t type = key->types[f];
        const struct gy_column *column = columns[f];
        const char *data = (const char *)column->data + (size_t)row * gyre_type_size(type);
        if (key->nullable[f] && column->valid != NULL && column->valid[row] == 0) {
            cells[f] = null_of(type);
        } else if (gyre_type_is_str(type)) {
            memcpy(&cells[f].u.str, data, sizeof(struct gyre_str));
        } else {
            cells[f].u.fixed.canonical = gy_key_canonical(type, data);
            cells[f].u.fixed.null = 0;
        }
    }
}

bool gy_cells_equal(const struct gy_key *key, const struct gy_cell *a, const struct gy_cell *b)
{
    for (uint32_t f = 0; f < key->n; f++) {
        if (a[f].u.fixed.canonical != b[f].u.fixed.canonical)
            return false; /* values; or lengths and first four bytes */
        if (!owns(key->types[f], &a[f])) {
            if (a[f].u.fixed.null != b[f].u.fixed.null)
                return false; /* null or not; or the rest of a short string */
        } else if (memcmp(a[f].u.str.u.ptr, b[f].u.str.u.ptr, a[f].u.str.len) != 0) {
            return false;
        }
    }
    return true;
}

int gy_cells_own(const struct gy_key *key, struct gy_blocks *blocks, struct gy_cell *cells)
{
    for (uint32_t f = 0; f < key->n; f++) {
        if (!owns(key->types[f], &cells[f]))
            continue;
        struct gyre_str *s = &cells[f].u.str;
        char *copy = gy_blocks_take(blocks, s->len);
        if (copy == NULL) {
            struct gy_key before = *key;
            before.n = f;
            gy_cells_drop(&before, blocks, cells);
            return GYRE_ENOMEM;
        }
        memcpy(copy, s->u.ptr, s->len);
        s->u.ptr = copy;
    }
    return 0;
}

void gy_cells_drop(const struct gy_key *key, struct gy_blocks *blocks, struct gy_cell *cells)
{
    for (uint32_t f = 0; f < key->n; f++)
        if (owns(key->types[f], &cells[f]))
            gy_blocks_give(blocks, (void *)(uintptr_t)cells[f].u.str.u.ptr, cells[f].u.str.len);
}

void gy_cell_column(const struct gy_key *key, const struct gy_cell *cells, uint32_t field,
                    void *data, uint8_t *valid, uint32_t row)
{
    gy_debug_assert(field < key->n);
    uint32_t type = key->types[field], size = gyre_type_size(type);
    char *into = (char *)data + (size_t)row * size;
    bool null = is_null(type, &cells[field]);
    if (null)
        memset(into, 0, size);
    else if (gyre_type_is_str(type))
        memcpy(into, &cells[field].u.str, size);
    else
        gy_key_decode(type, cells[field].u.fixed.canonical, into);
    if (valid != NULL)
        valid[row] = !null;
}

uint64_t gy_cells_hash(const struct gy_key *key, const struct gy_cell *cells)
{
    struct gy_cell values[GY_KEYS_MAX];
    uint8_t valid[GY_KEYS_MAX];
    struct gy_column columns[GY_KEYS_MAX];
    const struct gy_column *pointers[GY_KEYS_MAX];
    for (uint32_t f = 0; f < key->n; f++) {
        gy_cell_column(key, cells, f, &values[f], &valid[f], 0);
        columns[f] = (struct gy_column){.data = &values[f], .valid = &valid[f]};
        pointers[f] = &columns[f];
    }
    uint64_t hash = 0;
    gy_key_hash(key, pointers, NULL, 1, &hash);
    return hash;
}

void gy_cells_write(const struct gy_key *key, const struct gy_cell *cells,
                    struct gyre_writer *writer)
{
    for (uint32_t f = 0; f < key->n; f++) {
        uint8_t there = !is_null(key->types[f], &cells[f]);
        if (key->nullable[f])
            gyre_write(writer, &there, 1);
        if (!there)
            continue;
        if (gyre_type_is_str(key->types[f]))
            gyre_write_str(writer, &cells[f].u.str);
        else
            gyre_write_u64(writer, cells[f].u.fixed.canonical);
    }
}

void gy_cells_read(const struct gy_key *key, struct gy_cell *cells, struct gyre_reader *reader)
{
    for (uint32_t f = 0; f < key->n; f++) {
        uint32_t type = key->types[f];
        const uint8_t *there = key->nullable[f] ? gyre_read(reader, 1) : NULL;
        if (there != NULL && *there > 1)
            reader->error = GYRE_ECORRUPT;
        cells[f] = null_of(type);
        if (reader->error != 0 || (there != NULL && *there == 0))
            continue;
        if (gyre_type_is_str(type)) {
            cells[f].u.str = gyre_read_str(reader);
        } else {
            cells[f].u.fixed.canonical = gyre_read_u64(reader);
            cells[f].u.fixed.null = 0;
            if (!gy_key_is_canonical(type, cells[f].u.fixed.canonical))
                reader->error = GYRE_ECORRUPT;
        }
    }
}
