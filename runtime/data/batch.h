/* Batches inside the runtime: columns that are shared by reference, and the memory behind them.
 *
 * Everything a batch refers to lives in a gy_buf, a block with a count of references: the values of a
 * column, its validity, the times, hashes and masks, and the arenas that hold strings longer than 12
 * bytes. A batch, its columns and its buffers belong to ONE worker, so that the counts are plain
 * integers; what goes to another worker is copied by the exchange (flow/exchange).
 *
 *     gy_batch ──> gy_column ──> gy_buf values, gy_buf valid
 *        │             └──────> gy_arenas ──> gy_buf, gy_buf ... (string bytes)
 *        └──> gy_buf keep, gy_buf time, gy_buf hash
 *
 * Invariants: what a published batch refers to is immutable; a reference of a string points into an
 * arena of its own column; `kept` is the number of rows whose keep byte is not 0, and is not 0. */
#ifndef GY_DATA_BATCH_H
#define GY_DATA_BATCH_H

#include <gyre/batch.h>
#include <stdbool.h>

struct gy_pool;

/* A block with a count of references. */
struct gy_buf {
    uint32_t refs;
    uint32_t size; /* usable bytes at `bytes` */
    void (*release)(struct gy_buf *buf); /* called at the last reference */
    void *owner;                         /* for `release`: the pool, the channel */
    struct gy_buf *next;                 /* in a free list */
    _Alignas(64) char bytes[];
};

/* The arenas that a column's strings point into; shared by the columns of one output. */
struct gy_arenas {
    uint32_t refs;
    uint32_t n;
    uint32_t capacity;
    struct gy_buf **items;
};

struct gy_column {
    const void *data;     /* NULL: the column was pruned, nobody reads it */
    const uint8_t *valid; /* NULL: no row is null */
    struct gy_buf *data_buf;
    struct gy_buf *valid_buf;
    struct gy_arenas *arenas; /* NULL: no string is longer than 12 bytes */
};

/* Rows on their way. Owned by one worker. */
struct gy_batch {
    uint32_t refs;
    uint32_t rows;
    uint32_t kept;
    uint32_t n_columns;
    const uint8_t *keep; /* NULL: all rows are kept */
    const int64_t *time; /* NULL: not carried */
    const uint64_t *hash;
    struct gy_buf *keep_buf;
    struct gy_buf *time_buf;
    struct gy_buf *hash_buf;
    struct gy_buf *selection_buf; /* made on demand by gy_batch_selection */
    struct gy_pool *pool;
    struct gy_column columns[];
};

/** A worker's store of free buffers, by power-of-two size. Keeps what was freed for the next use;
 *  debug builds fill a buffer with 0xDB when it comes back.
 *  Thread:  one worker
 *  Errors:  new: NULL without memory */
struct gy_pool *gy_pool_new(void);
void gy_pool_free(struct gy_pool *pool);

/** Bytes that the pool has taken from the system, in use and free.
 *  Thread:  one worker */
size_t gy_pool_bytes(const struct gy_pool *pool);

/** A buffer of at least `size` bytes with one reference; contents undefined.
 *  Owns:    the caller, until gy_buf_drop
 *  Errors:  NULL without memory */
struct gy_buf *gy_buf_new(struct gy_pool *pool, size_t size);

static inline struct gy_buf *gy_buf_ref(struct gy_buf *buf)
{
    if (buf != NULL)
        buf->refs++;
    return buf;
}

static inline void gy_buf_drop(struct gy_buf *buf)
{
    if (buf != NULL && --buf->refs == 0)
        buf->release(buf);
}

/** A list of arenas, empty, with one reference.
 *  Errors:  NULL without memory */
struct gy_arenas *gy_arenas_new(void);

/** Adds a reference to `buf`, unless it is in the list already; 0, or GYRE_ENOMEM. */
int gy_arenas_add(struct gy_arenas *arenas, struct gy_buf *buf);

static inline struct gy_arenas *gy_arenas_ref(struct gy_arenas *arenas)
{
    if (arenas != NULL)
        arenas->refs++;
    return arenas;
}

void gy_arenas_drop(struct gy_arenas *arenas);

/** An empty batch of `n_columns` zeroed columns with one reference.
 *  Owns:    the caller, until gy_batch_drop
 *  Errors:  NULL without memory */
struct gy_batch *gy_batch_new(struct gy_pool *pool, uint32_t n_columns);

static inline struct gy_batch *gy_batch_ref(struct gy_batch *batch)
{
    batch->refs++;
    return batch;
}

void gy_batch_drop(struct gy_batch *batch);

/** Shares column `from` as `into`, which was zeroed or is dropped first. */
void gy_column_share(struct gy_column *into, const struct gy_column *from);
void gy_column_drop(struct gy_column *column);

/** The indexes of the kept rows, `batch->kept` of them; NULL where all are kept (`ok` true) or
 *  without memory (`ok` false). Built once, branch-free; belongs to the batch. */
const uint32_t *gy_batch_selection(struct gy_batch *batch, bool *ok);

/** A batch of the kept rows alone: `batch` itself, with one more reference, where all are kept.
 *  Strings are shared, not copied.
 *  Errors:  NULL without memory */
struct gy_batch *gy_batch_compact(struct gy_batch *batch, const struct gyre_schema *schema);

/** Counts the rows of a mask whose byte is not 0. */
uint32_t gy_keep_count(const uint8_t *keep, uint32_t rows);

#endif
