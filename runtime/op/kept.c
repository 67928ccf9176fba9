/* See kept.h. */
#include "op/kept.h"

#include "base/mem.h"
#include "op/inside.h"
#include "op/window.h"

/* ---- sums: the operator's accumulators ---- */

static const struct gy_kept *kept_of(const struct gy_records *records)
{
    return (const struct gy_kept *)(const void *)records;
}

static struct gy_blocks *blocks_of(const struct gy_records *records)
{
    return &kept_of(records)->instance->window->blocks;
}

static const struct gy_accumulate *all_of(const struct gy_records *records)
{
    return &kept_of(records)->instance->accumulate;
}

static void sums_init(const struct gy_records *records, void *record)
{
    gy_record_init(all_of(records), record);
}

static void sums_fini(const struct gy_records *records, void *record)
{
    gy_record_fini(all_of(records), blocks_of(records), record);
}

static int sums_copy(const struct gy_records *records, void *into, const void *from)
{
    int code = gy_record_copy(all_of(records), blocks_of(records), into, from);
    if (code != 0)
        gy_record_init(all_of(records), into);
    return code;
}

static int sums_merge(const struct gy_records *records, void *into, const void *from)
{
    return gy_accumulate_merge(&kept_of(records)->instance->accumulate, &into, &from, 1);
}

static void sums_write(const struct gy_records *records, const void *record,
                       struct gyre_writer *writer)
{
    gy_value_write(&all_of(records)->type, record, writer);
}

static int sums_read(const struct gy_records *records, void *record, struct gyre_reader *reader,
                     const struct gy_form *form)
{
    uint32_t at;
    return gy_value_read_form(&all_of(records)->type, blocks_of(records), record, reader, form,
                              &at);
}

static void make_sums(struct gy_kept *kept)
{
    const struct gy_accumulate *all = &kept->instance->accumulate;
    kept->records = (struct gy_records){.size = gy_accumulate_size(all),
                                        .align = gy_accumulate_align(all),
                                        .plain = all->type.plain && all->type.flat,
                                        .sums = true,
                                        .init = sums_init,
                                        .fini = sums_fini,
                                        .copy = sums_copy,
                                        .merge = sums_merge,
                                        .write = sums_write,
                                        .read = sums_read};
}

/* ---- rows ---- */

static void rows_init(const struct gy_records *records, void *record)
{
    (void)records;
    memset(record, 0, sizeof(struct gy_rows));
}

static void rows_fini(const struct gy_records *records, void *record)
{
    struct gy_rows *rows = record;
    (void)records;
    gy_free(rows->bytes);
}

/* Room for `more` bytes behind the rows; NULL without memory. */
static uint8_t *rows_room(struct gy_rows *rows, size_t more)
{
    if (rows->cap - rows->n >= more)
        return rows->bytes + rows->n;
    size_t cap = rows->n + more + rows->n / 2;
    uint8_t *bytes = gy_realloc(rows->bytes, cap);
    if (bytes == NULL)
        return NULL;
    rows->bytes = bytes;
    rows->cap = cap;
    return bytes + rows->n;
}

static int rows_merge(const struct gy_records *records, void *into, const void *from)
{
    const struct gy_rows *more = from;
    struct gy_rows *rows = into;
    (void)records;
    if (more->n == 0)
        return 0;
    uint8_t *to = rows_room(rows, more->n);
    if (to == NULL)
        return GYRE_ENOMEM;
    memcpy(to, more->bytes, more->n);
    rows->n += more->n;
    rows->rows += more->rows;
    return 0;
}

static uint32_t str_len(const uint8_t *at)
{
    uint32_t len;
    memcpy(&len, at, sizeof len);
    return len;
}

/* Behind the row at `at`; NULL where it is not whole. */
static const uint8_t *row_end(const struct gy_kept *kept, const uint8_t *at, const uint8_t *end)
{
    size_t left = (size_t)(end - at);
    if (left < sizeof(int64_t))
        return NULL;
    left -= sizeof(int64_t);
    for (uint32_t k = 0; k < kept->n_columns; k++) {
        const struct gy_kept_column *column = &kept->columns[k];
        if (column->nullable) {
            if (left == 0)
                return NULL;
            left--;
            if (end[-(ptrdiff_t)left - 1] == 0)
                continue;
        }
        size_t size = column->size;
        if (gyre_type_is_str(column->type)) {
            if (left < 4)
                return NULL;
            size = 4 + (size_t)str_len(end - left);
        }
        if (left < size)
            return NULL;
        left -= size;
    }
    return end - left;
}

static void rows_write(const struct gy_records *records, const void *record,
                       struct gyre_writer *writer)
{
    const struct gy_rows *rows = record;
    (void)records;
    gyre_write_u64(writer, rows->rows);
    gyre_write_u64(writer, rows->n);
    gyre_write(writer, rows->bytes, rows->n);
}

bool gy_kept_is_whole(const struct gy_kept *kept, const struct gy_rows *rows)
{
    const uint8_t *at = rows->bytes, *end = rows->bytes + rows->n;
    uint64_t whole = 0;
    for (; rows->n > 0 && at != NULL && at < end; whole++)
        at = row_end(kept, at, end);
    return whole == rows->rows && (rows->n == 0 || at != NULL);
}

static int rows_read(const struct gy_records *records, void *record, struct gyre_reader *reader,
                     const struct gy_form *form)
{
    struct gy_rows *rows = record;
    uint64_t count = gyre_read_u64(reader), n = gyre_read_u64(reader);
    const uint8_t *bytes = reader->error == 0 ? gyre_read(reader, n) : NULL;
    (void)form;
    if (bytes == NULL)
        return reader->error;
    const struct gy_rows read = {.bytes = (uint8_t *)(uintptr_t)bytes, .n = n, .rows = count};
    if (!gy_kept_is_whole(kept_of(records), &read))
        return reader->error = GYRE_ECORRUPT;
    uint8_t *to = n > 0 ? rows_room(rows, n) : NULL;
    if (n > 0 && to == NULL)
        return GYRE_ENOMEM;
    if (n > 0)
        memcpy(to, bytes, n);
    rows->n = n;
    rows->rows = count;
    return 0;
}

static void value_init(void *context, void *value)
{
    rows_init(context, value);
}

static void value_fini(void *context, void *value)
{
    rows_fini(context, value);
}

static void value_write(void *context, const void *value, struct gyre_writer *writer)
{
    rows_write(context, value, writer);
}

static int value_read(void *context, void *value, struct gyre_reader *reader,
                      const struct gy_form *form)
{
    return rows_read(context, value, reader, form);
}

static struct gy_kept_column column_of(const struct gyre_field *field)
{
    return (struct gy_kept_column){field->type, gyre_type_size(field->type),
                                   (field->flags & GYRE_NULLABLE) != 0};
}

static int make_rows(struct gy_kept *kept, bool keys)
{
    const struct gy_node *node = kept->instance->node;
    const struct gy_input *input = &node->inputs[0];
    kept->rows = true;
    kept->keys = keys;
    kept->n_columns = input->n_reads + (keys ? node->key.n : 0);
    kept->columns = gy_calloc(kept->n_columns + 1, sizeof *kept->columns);
    kept->records = (struct gy_records){.size = sizeof(struct gy_rows),
                                        .align = 8,
                                        .init = rows_init,
                                        .fini = rows_fini,
                                        .copy = rows_merge,
                                        .merge = rows_merge,
                                        .write = rows_write,
                                        .read = rows_read};
    if (kept->columns == NULL)
        return GYRE_ENOMEM;
    for (uint32_t k = 0; k < input->n_reads; k++)
        kept->columns[k] = column_of(gyre_schema_field(&input->schema, input->reads[k]));
    for (uint32_t k = 0; keys && k < node->key.n; k++)
        kept->columns[input->n_reads + k] =
            column_of(gyre_schema_field(&input->schema, input->key_fields[k]));
    for (uint32_t k = 0; k < kept->n_columns; k++)
        kept->unpacked_size += (size_t)GYRE_BATCH_ROWS * (kept->columns[k].size + 1u);
    kept->host = (struct gy_host_type){.size = sizeof(struct gy_rows),
                                       .align = 8,
                                       .context = kept,
                                       .init = value_init,
                                       .fini = value_fini,
                                       .write = value_write,
                                       .read = value_read};
    kept->unpacked = gy_unpacked_new(kept);
    return kept->unpacked != NULL ? 0 : GYRE_ENOMEM;
}

int gy_kept_init(struct gy_kept *kept, struct gy_instance *instance, bool rows, bool keys)
{
    memset(kept, 0, sizeof *kept);
    kept->instance = instance;
    if (rows)
        return make_rows(kept, keys);
    make_sums(kept);
    return 0;
}

void gy_kept_fini(struct gy_kept *kept)
{
    gy_unpacked_free(kept, kept->unpacked);
    gy_free(kept->columns);
    memset(kept, 0, sizeof *kept);
}

/* Column k of the batch at hand: of what is read, or of the key. */
static struct gyre_column source_of(const struct gy_kept *kept, const struct gyre_batch *in,
                                    uint32_t k)
{
    const struct gy_instance *instance = kept->instance;
    uint32_t n_reads = instance->node->inputs[0].n_reads;
    if (k < n_reads)
        return in->columns[k];
    const struct gy_column *key =
        &instance->in->columns[instance->in_plan->key_fields[k - n_reads]];
    return (struct gyre_column){key->data, key->valid};
}

/* Appends the value of a column; false without memory. */
static bool pack_value(struct gy_rows *rows, const struct gy_kept_column *column,
                       const struct gyre_column *from, uint32_t row)
{
    const char *value = (const char *)from->data + (size_t)row * column->size;
    bool is_str = gyre_type_is_str(column->type);
    bool is_null = from->valid != NULL && from->valid[row] == 0;
    const struct gyre_str *s = (const void *)value;
    size_t size = is_null ? 0 : is_str ? 4 + (size_t)s->len : column->size;
    uint8_t *to = rows_room(rows, column->nullable + size);
    if (to == NULL)
        return false;
    if (column->nullable)
        *to++ = !is_null;
    if (!is_null && is_str) {
        memcpy(to, &s->len, 4);
        memcpy(to + 4, gyre_str_data(s), s->len);
    } else if (!is_null)
        memcpy(to, value, column->size);
    rows->n += column->nullable + size;
    return true;
}

static int pack(const struct gy_kept *kept, struct gy_rows *rows, const struct gyre_batch *in,
                int64_t time_us, uint32_t row)
{
    size_t before = rows->n;
    uint8_t *to = rows_room(rows, sizeof time_us);
    bool done = to != NULL;
    if (done) {
        memcpy(to, &time_us, sizeof time_us);
        rows->n += sizeof time_us;
    }
    for (uint32_t k = 0; done && k < kept->n_columns; k++) {
        struct gyre_column from = source_of(kept, in, k);
        done = pack_value(rows, &kept->columns[k], &from, row);
    }
    if (!done) {
        rows->n = before;
        return GYRE_ENOMEM;
    }
    rows->rows++;
    return 0;
}

int gy_kept_add(struct gy_kept *kept, const struct gyre_batch *in, const int64_t *times,
                const uint32_t *rows, uint32_t n, void *const *records)
{
    int code = 0;
    if (!kept->rows)
        return gy_accumulate_add(&kept->instance->accumulate, in, rows, n, records);
    for (uint32_t j = 0; code == 0 && j < n; j++)
        code = pack(kept, records[j], in, times[rows[j]], rows[j]);
    return code == 0 ? 0 : gy_instance_fail(kept->instance, code, "no memory for %u more rows", n);
}

/* ---- reading them again ---- */

struct gy_unpacked *gy_unpacked_new(const struct gy_kept *kept)
{
    struct gy_unpacked *u = gy_calloc(1, sizeof *u);
    uint32_t n_reads = kept->instance->node->inputs[0].n_reads;
    if (u == NULL)
        return NULL;
    u->columns = gy_calloc(kept->n_columns + 1, sizeof *u->columns);
    u->arenas = gy_calloc(kept->n_columns + 1, sizeof(struct gy_arenas *));
    u->key = gy_calloc(GY_KEYS_MAX, sizeof *u->key);
    u->time = gy_calloc(GYRE_BATCH_ROWS, sizeof *u->time);
    u->memory = gy_alloc_aligned(kept->unpacked_size + 64, 64);
    if (u->columns == NULL || u->arenas == NULL || u->key == NULL || u->time == NULL ||
        u->memory == NULL) {
        gy_unpacked_free(kept, u);
        return NULL;
    }
    char *at = u->memory;
    for (uint32_t k = 0; k < kept->n_columns; k++) {
        const struct gy_kept_column *column = &kept->columns[k];
        u->columns[k].data = at;
        at += (size_t)GYRE_BATCH_ROWS * column->size;
        u->columns[k].valid = column->nullable ? (const uint8_t *)at : NULL;
        at += GYRE_BATCH_ROWS;
        if (k >= n_reads)
            u->key[k - n_reads] =
                (struct gy_column){.data = u->columns[k].data, .valid = u->columns[k].valid};
    }
    u->batch = (struct gyre_batch){
        .size = sizeof u->batch, .columns = u->columns, .time = u->time, .host = u->arenas};
    return u;
}

static void drop_arenas(const struct gy_kept *kept, struct gy_unpacked *u)
{
    for (uint32_t k = 0; u->arenas != NULL && k < kept->n_columns; k++) {
        if (u->arenas[k] != NULL)
            gy_arenas_drop(u->arenas[k]);
        u->arenas[k] = NULL;
    }
}

void gy_unpacked_free(const struct gy_kept *kept, struct gy_unpacked *u)
{
    if (u == NULL)
        return;
    drop_arenas(kept, u);
    gy_free(u->columns);
    gy_free(u->arenas);
    gy_free(u->key);
    gy_free(u->time);
    gy_free(u->memory);
    gy_free(u);
}

/* Bytes of the long strings of the rows from `at` on, column by column together; the rows are whole. */
static size_t long_bytes(const struct gy_kept *kept, struct gy_rows_cursor cursor)
{
    size_t bytes = 0;
    for (uint32_t row = 0; row < GYRE_BATCH_ROWS && cursor.at < cursor.end; row++) {
        const uint8_t *at = cursor.at + sizeof(int64_t);
        for (uint32_t k = 0; k < kept->n_columns; k++) {
            const struct gy_kept_column *column = &kept->columns[k];
            if (column->nullable && *at++ == 0)
                continue;
            if (!gyre_type_is_str(column->type)) {
                at += column->size;
                continue;
            }
            uint32_t len = str_len(at);
            bytes += len > GYRE_STR_INLINE ? len : 0;
            at += 4 + len;
        }
        cursor.at = at;
    }
    return bytes;
}

/* Reads one value into row `row`; behind it. */
static const uint8_t *unpack_value(const struct gy_kept_column *column, struct gyre_column *to,
                                   uint32_t row, const uint8_t *at, char **arena)
{
    char *value = (char *)(uintptr_t)to->data + (size_t)row * column->size;
    if (column->nullable) {
        bool there = *at++ != 0;
        ((uint8_t *)(uintptr_t)to->valid)[row] = there;
        if (!there) {
            memset(value, 0, column->size);
            return at;
        }
    }
    if (!gyre_type_is_str(column->type)) {
        memcpy(value, at, column->size);
        return at + column->size;
    }
    uint32_t len = str_len(at);
    const char *bytes = (const char *)at + 4;
    if (len > GYRE_STR_INLINE) {
        memcpy(*arena, bytes, len);
        bytes = *arena;
        *arena += len;
    }
    *(struct gyre_str *)(void *)value = gyre_str_view(bytes, len);
    return at + 4 + len;
}

/* An arena for the long strings of what comes next, in the list of each string column. */
static int make_arena(const struct gy_kept *kept, struct gy_unpacked *u, size_t bytes, char **arena)
{
    struct gy_pool *pool = kept->instance->env.pool;
    drop_arenas(kept, u);
    if (bytes == 0)
        return 0;
    struct gy_block *block = gy_block_new(pool, bytes);
    int code = block != NULL ? 0 : GYRE_ENOMEM;
    for (uint32_t k = 0; code == 0 && k < kept->n_columns; k++)
        if (gyre_type_is_str(kept->columns[k].type))
            code = gy_arenas_add(pool, &u->arenas[k], block);
    if (block != NULL)
        *arena = block->bytes;
    gy_block_drop(block);
    return code;
}

int gy_unpacked_read(const struct gy_kept *kept, struct gy_unpacked *u,
                     struct gy_rows_cursor *cursor)
{
    char *arena = NULL;
    uint32_t row = 0;
    if (make_arena(kept, u, long_bytes(kept, *cursor), &arena) != 0)
        return -1;
    for (; row < GYRE_BATCH_ROWS && cursor->at < cursor->end; row++) {
        const uint8_t *at = cursor->at;
        memcpy(&u->time[row], at, sizeof u->time[row]);
        at += sizeof u->time[row];
        for (uint32_t k = 0; k < kept->n_columns; k++)
            at = unpack_value(&kept->columns[k], &u->columns[k], row, at, &arena);
        cursor->at = at;
    }
    for (uint32_t k = 0; k < GY_KEYS_MAX && kept->keys; k++)
        u->key[k].arenas = NULL;
    u->batch.rows = u->batch.kept = row;
    return (int)row;
}

int gy_unpacked_all_init(const struct gy_kept *kept, struct gy_unpacked_all *all,
                         const struct gy_rows *rows)
{
    struct gy_rows_cursor cursor = gy_rows_begin(rows);
    uint64_t n = rows->rows / GYRE_BATCH_ROWS + 1;
    memset(all, 0, sizeof *all);
    all->batches = n <= UINT32_MAX ? gy_calloc(n, sizeof(struct gy_unpacked *)) : NULL;
    all->views = all->batches != NULL ? gy_calloc(n, sizeof(const struct gyre_batch *)) : NULL;
    if (all->views == NULL)
        return GYRE_ENOMEM;
    while (cursor.at < cursor.end) {
        struct gy_unpacked *batch = all->batches[all->n] = gy_unpacked_new(kept);
        if (batch == NULL)
            return GYRE_ENOMEM;
        all->views[all->n++] = &batch->batch;
        if (gy_unpacked_read(kept, batch, &cursor) < 0)
            return GYRE_ENOMEM;
    }
    return 0;
}

void gy_unpacked_all_fini(const struct gy_kept *kept, struct gy_unpacked_all *all)
{
    for (uint32_t i = 0; i < all->n; i++)
        gy_unpacked_free(kept, all->batches[i]);
    gy_free(all->batches);
    gy_free(all->views);
    memset(all, 0, sizeof *all);
}
