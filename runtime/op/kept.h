/* What windows keep of their rows, as records (state/records.h) of one of two kinds:
 *
 *   sums   the accumulators of the operator's functions, where all can be merged
 *   rows   the rows themselves: where an aggregate cannot be merged, where a window function asks for
 *          them, and where one window over the whole stream has the rows of many keys
 *
 *   row    i64 time, then per column: u8 1 there, 0 null (nullable ones alone); the value, or u32 length
 *          and bytes. The columns are the reads of input 0, then the fields of the key where they are
 *          kept too. In the machine's byte order but where it is written.
 *
 * A window's code is the same for both. */
#ifndef GY_OP_KEPT_H
#define GY_OP_KEPT_H

#include "data/batch.h"
#include "state/records.h"
#include "state/type.h"

struct gy_instance;

/* Rows, one after the other. */
struct gy_rows {
    uint8_t *bytes;
    size_t n, cap;
    uint64_t rows;
};

struct gy_kept_column {
    uint32_t type;
    uint32_t size;
    bool nullable;
};

/* A batch of rows that were kept, as it is presented to a function, and its memory. */
struct gy_unpacked {
    struct gyre_batch batch;
    struct gyre_column *columns;
    struct gy_arenas **arenas;
    struct gy_column *key; /* of the batch, where keys are kept */
    int64_t *time;
    char *memory;
};

/** Zeroed, it can be finished. Owned by one task, like its instance. */
struct gy_kept {
    struct gy_records records; /* first */
    struct gy_instance *instance;
    bool rows;
    bool keys; /* rows: the key's fields too */
    uint32_t n_columns;
    struct gy_kept_column *columns;
    size_t unpacked_size;
    struct gy_host_type host; /* rows: as the value of a store */
    struct gy_unpacked
        *unpacked; /* rows: a batch to read them into, for whoever needs one at a time */
};

/** Prepares for the instance's node: rows, or its functions' accumulators, which are ready.
 *  Errors:  GYRE_ENOMEM */
int gy_kept_init(struct gy_kept *kept, struct gy_instance *instance, bool rows, bool keys);
void gy_kept_fini(struct gy_kept *kept);

/** True where the bytes are as many whole rows as they say: what was read may be damaged. */
bool gy_kept_is_whole(const struct gy_kept *kept, const struct gy_rows *rows);

/** Adds rows[j] of the batch at hand to records[j], in order; several may be one. `times` are the rows'
 *  own. 0, or a code. */
int gy_kept_add(struct gy_kept *kept, const struct gyre_batch *in, const int64_t *times,
                const uint32_t *rows, uint32_t n, void *const *records);

/* Rows that were kept, read again. */
struct gy_rows_cursor {
    const uint8_t *at, *end;
};

static inline struct gy_rows_cursor gy_rows_begin(const struct gy_rows *rows)
{
    return (struct gy_rows_cursor){rows->bytes, rows->bytes + rows->n};
}

/** A batch to read rows into.
 *  Errors:  NULL without memory */
struct gy_unpacked *gy_unpacked_new(const struct gy_kept *kept);
void gy_unpacked_free(const struct gy_kept *kept, struct gy_unpacked *unpacked);

/* All rows of a record, as batches. Zeroed, it can be finished. */
struct gy_unpacked_all {
    uint32_t n;
    struct gy_unpacked **batches;
    const struct gyre_batch **views;
};

/** Reads all rows. 0, or GYRE_ENOMEM. */
int gy_unpacked_all_init(const struct gy_kept *kept, struct gy_unpacked_all *all,
                         const struct gy_rows *rows);
void gy_unpacked_all_fini(const struct gy_kept *kept, struct gy_unpacked_all *all);

/** Reads up to GYRE_BATCH_ROWS rows; how many. Long strings refer to an arena of the batch, so that
 *  outputs may adopt it. -1 without memory. */
int gy_unpacked_read(const struct gy_kept *kept, struct gy_unpacked *into,
                     struct gy_rows_cursor *cursor);

#endif
