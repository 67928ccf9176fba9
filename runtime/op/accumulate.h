/* The aggregate functions that a node hosts, as one: their accumulators one behind the other in a
 * record, and the calls that feed, merge and read records.
 *
 *   record   | accumulator of function 0 | accumulator of function 1 | ...   each at its alignment
 *
 * A record is `size` bytes at a multiple of `align`, in a state store or wherever the caller has room.
 * What its strings own beyond 12 bytes is accounted in the gy_blocks of a store of the operator: any
 * of them, for their sum alone is told (see gy_blocks_take_alone).
 *
 * Functions run one after another over a batch, each on its own view of the input and its own columns
 * of port 0. A row that one of them refuses as bad is counted by none. Where the job fails at it this
 * is no matter; else several functions go row by row, and a refused row's record is put back as it
 * was. Flat accumulators can be, and run first; those that hold strings or have functions of their own
 * cannot, and run last (none of the standard ones refuses a row then). */
#ifndef GY_OP_ACCUMULATE_H
#define GY_OP_ACCUMULATE_H

#include "graph/logical.h"
#include "state/type.h"

struct gy_arenas;
struct gy_instance;

/* One function, and the batch at hand as it reads it. */
struct gy_accumulator {
    const struct gy_hosted *hosted;
    uint32_t offset; /* in the record */
    bool flat;       /* its bytes are all there is to it */
    struct gyre_batch batch;
    struct gyre_column *columns; /* NULL: it is alone, and reads the batch as it is */
    struct gy_arenas **arenas;
};

/** Zeroed, it can be finished. Owned by one task, like its instance. */
struct gy_accumulate {
    struct gy_instance *instance;
    struct gy_type type; /* of a record */
    bool can_merge;      /* all functions can */
    uint32_t n;
    struct gy_accumulator *functions;
    void *saved; /* the record before the row at hand */
    void *accumulators[GYRE_BATCH_ROWS];
};

/** Prepares the functions of the instance's node.
 *  Errors:  GYRE_ENOMEM */
int gy_accumulate_init(struct gy_accumulate *all, struct gy_instance *instance);
void gy_accumulate_fini(struct gy_accumulate *all);

/* ---- records ---- */

static inline uint32_t gy_accumulate_size(const struct gy_accumulate *all)
{
    return all->type.size;
}

static inline uint32_t gy_accumulate_align(const struct gy_accumulate *all)
{
    return all->type.align;
}

/** Makes a record of no rows out of any bytes. A store does so for its entries. */
static inline void gy_record_init(const struct gy_accumulate *all, void *record)
{
    gy_value_init(&all->type, record);
}

/** Ends a record; what it owned is given back. */
static inline void gy_record_fini(const struct gy_accumulate *all, struct gy_blocks *blocks,
                                  void *record)
{
    gy_value_fini(&all->type, blocks, record);
}

/** A record of no rows again. */
static inline void gy_record_reset(const struct gy_accumulate *all, struct gy_blocks *blocks,
                                   void *record)
{
    gy_value_fini(&all->type, blocks, record);
    gy_value_init(&all->type, record);
}

/** Makes `into`, out of any bytes, a copy of `from` that shares nothing with it.
 *  Errors:  GYRE_ENOMEM, those of encode and decode: `into` owns nothing */
static inline int gy_record_copy(const struct gy_accumulate *all, struct gy_blocks *blocks,
                                 void *into, const void *from)
{
    return gy_value_copy(&all->type, blocks, into, from);
}

/* ---- what is done with them ---- */

/** Adds rows[j] to records[j]. Several rows may have one record; they are added in order. A row that
 *  is refused is marked in instance->dropped, as any bad row.
 *  Shape:   n up to GYRE_BATCH_ROWS; `in` as it is presented to the plugin
 *  Errors:  a code, the text in the instance's error; which rows were added is not known then */
int gy_accumulate_add(struct gy_accumulate *all, const struct gyre_batch *in, const uint32_t *rows,
                      uint32_t n, void *const *records);

/** The same, and writes the new results at row rows[j] of port 0, which is aligned with `in`. */
int gy_accumulate_roll(struct gy_accumulate *all, const struct gyre_batch *in, const uint32_t *rows,
                       uint32_t n, void *const *records);

/** Merges from[j] into into[j], in order; only where `can_merge`. The rows of `from` came after those
 *  of `into`. `from` is as before. Where it fails, some are merged in part. */
int gy_accumulate_merge(struct gy_accumulate *all, void *const *into, const void *const *from,
                        uint32_t n);

/** Writes the results of records[j] at row first + j of port 0. */
int gy_accumulate_results(struct gy_accumulate *all, const void *const *records, uint32_t n,
                          uint32_t first);

#endif
