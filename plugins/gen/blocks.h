/* plugins/gen/blocks.h: numbered rows, dealt out to tasks, at a rate.
 *
 * Rows 0 ... rows - 1 are divided into blocks of BLOCK_ROWS, and these are dealt to SPLITS splits
 * like cards: split s has the blocks b with b mod SPLITS == s. A task always goes on with the block
 * of the least number among its splits, so that row numbers, and the event times made of them,
 * advance evenly over all tasks. SPLITS depends on nothing: a job is restored at any parallelism.
 *
 *   split 0   | block 0 |             | block S   | ...
 *   split 1             | block 1 |               | block S+1 | ...
 *
 * With a rate, row i is due i / rate seconds after the start, whichever task it belongs to. A row is
 * put out when it is due, at once when it is overdue; the source sleeps until the next one is.
 *
 * Position of a split in a snapshot: u64 its next row, u64 the rows that were due (where the clock
 * of the rate goes on). Bytes of a split: u32 its number s, u32 SPLITS. */
#ifndef GYRE_PLUGIN_GEN_BLOCKS_H
#define GYRE_PLUGIN_GEN_BLOCKS_H

#include <gyre/gyre.h>

#define BLOCK_ROWS 128u
#define SPLITS     128u

struct block_split {
    uint32_t id;     /* the host's */
    uint32_t number; /* s */
    uint32_t of;     /* SPLITS when the job first started */
    uint32_t reserved;
    uint64_t next; /* row */
};

/* The splits of one task: a ring in ascending order of `next`, beginning at `head`. */
struct blocks {
    struct block_split *ring;
    uint32_t n;
    uint32_t capacity;
    uint32_t head;
    uint32_t started;
    uint64_t rows; /* of the whole source */
    double rate;   /* rows/s of the whole source; 0: unlimited */
    uint64_t due;  /* rows that were due at the last poll, in the whole source */
    int64_t start_us;
};

/* Writes the columns of rows first ... first + n - 1 at row out->rows; they have room. */
typedef void write_rows(void *self, struct gyre_out *out, uint64_t first, uint32_t n);

int32_t blocks_discover(const void *config, struct gyre_splits *splits);
int32_t blocks_add(struct blocks *b, struct gyre_ctx *ctx, uint32_t id, const void *bytes, size_t n,
                   struct gyre_reader *position);
int32_t blocks_save(const struct blocks *b, struct gyre_ctx *ctx, uint32_t id,
                    struct gyre_writer *writer);
int32_t blocks_poll(struct blocks *b, struct gyre_ctx *ctx, struct gyre_poll *poll,
                    write_rows *write, void *self);
void blocks_fini(struct blocks *b, struct gyre_ctx *ctx);

/* The least row that this task has not put out yet; `rows` when it has put out all. */
static inline uint64_t blocks_next(const struct blocks *b)
{
    return b->n != 0 ? b->ring[b->head].next : b->rows;
}

#endif
