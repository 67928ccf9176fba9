/* Batches inside the runtime: columns that are shared by reference, and the memory behind them.
 *
 * A gy_batch is a view: it stands in the output port that made it, and whoever it is handed to may
 * read it until the call returns. Nobody keeps it: an exchange copies its rows, an output builder
 * adopts the arenas of the strings it refers to. So a batch passes through a chain of operators
 * without one reference being counted, and an aligned output shares its input's columns by copying
 * their pointers.
 *
 * What may outlive the call are the bytes of strings longer than 12: they stand in arenas, gy_blocks
 * with a count of references. Counts belong to ONE worker and are plain integers; what goes to
 * another worker is copied (flow/exchange).
 *
 * Invariants: what a batch refers to does not change while it is handed around; a reference of a
 * string points into an arena of its own column; `kept` is the number of rows whose keep byte is not
 * 0, and is not 0. */
#ifndef GY_DATA_BATCH_H
#define GY_DATA_BATCH_H

#include "base/debug.h"
#include <gyre/batch.h>
#include <stdbool.h>

struct gy_pool;

/* A block with a count of references. */
struct gy_block {
    uint32_t refs;
    uint32_t size;                         /* usable bytes at `bytes` */
    void (*release)(struct gy_block *buf); /* called at the last reference */
    void *owner;                           /* for `release`: the pool, the channel */
    struct gy_block *next;                 /* in a free list */
    _Alignas(64) char bytes[];
};

/* The arenas that strings point into; shared by the string columns of one output. */
struct gy_arenas {
    uint32_t refs;
    uint32_t n;
    uint32_t capacity;
    struct gy_block *memory; /* this list's own block */
    struct gy_block *items[];
};

/* One column of a view; `data` NULL: the column was pruned, nobody reads it. */
struct gy_column {
    const void *data;
    const uint8_t *valid;     /* NULL: no row is null */
    struct gy_arenas *arenas; /* NULL: no string is longer than 12 bytes */
};

/* Rows on their way: a view. */
struct gy_batch {
    uint32_t rows;
    uint32_t kept;
    uint32_t n_columns;
    uint32_t reserved;
    const uint8_t *keep;       /* NULL: all rows are kept */
    const uint32_t *selection; /* of `keep`, where somebody has made it; else NULL */
    const int64_t *time;       /* NULL: not carried */
    const uint64_t *hash;      /* NULL: no key, or not computed yet */
    const struct gy_column *columns;
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
 *  Owns:    the caller, until gy_block_drop
 *  Errors:  NULL without memory */
struct gy_block *gy_block_new(struct gy_pool *pool, size_t size);

static inline struct gy_block *gy_block_ref(struct gy_block *buf)
{
    gy_debug_assert(buf->refs > 0 && buf->refs < UINT32_MAX);
    buf->refs++;
    return buf;
}

/** Gives a reference back; NULL is fine. */
static inline void gy_block_drop(struct gy_block *buf)
{
    gy_debug_assert(buf == NULL || buf->refs > 0);
    if (buf != NULL && --buf->refs == 0)
        buf->release(buf);
}

/** Adds a reference to `buf` to the list at `*arenas`, unless it is there already. The list is made
 *  where it is NULL, and copied first where somebody else has a reference to it.
 *  Errors:  GYRE_ENOMEM, the list is as before */
int gy_arenas_add(struct gy_pool *pool, struct gy_arenas **arenas, struct gy_block *buf);

/** gy_arenas_add of every arena of `from`; NULL is fine. */
int gy_arenas_add_all(struct gy_pool *pool, struct gy_arenas **arenas,
                      const struct gy_arenas *from);

/** Gives a reference to a list back; NULL is fine. */
void gy_arenas_drop(struct gy_arenas *arenas);

/** Writes the indexes of the kept rows to `selection` (room for `rows`), without a branch.
 *  Returns how many. */
uint32_t gy_select(const uint8_t *keep, uint32_t rows, uint32_t *selection);

/** Counts the rows of a mask whose byte is not 0. */
uint32_t gy_keep_count(const uint8_t *keep, uint32_t rows);

/** True where one of n times is GYRE_NO_TIME. */
bool gy_times_lack(const int64_t *times, uint32_t n);

/** True where all of n times lie in first ... last, which are less than 2^63 apart. */
bool gy_times_within(const int64_t *times, uint32_t n, int64_t first, int64_t last);

/** Copies values `selection[0 ... n - 1]` of `size` bytes each from `from` to `to`, closed up. */
void gy_gather(void *to, const void *from, uint32_t size, const uint32_t *selection, uint32_t n);

#endif
