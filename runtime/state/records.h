/* Records: what windows keep of their rows, as bytes with a life of their own. Most are the
 * accumulators of an operator's functions, one behind the other; those that need the rows
 * themselves keep rows. Whoever has records need not know what is in them.
 *
 * A record is `size` bytes at a multiple of 16 or of its alignment, whichever is less. One that was
 * initialized and has taken nothing is empty; merging an empty one changes nothing. */
#ifndef GY_STATE_RECORDS_H
#define GY_STATE_RECORDS_H

#include <gyre/state.h>
#include <stdbool.h>

struct gy_form;

/* The operations on one kind of record. Constant; owned by whoever made the records. */
struct gy_records {
    uint32_t size;
    uint32_t align;
    bool plain; /* zeroed when it is empty, copied by its bytes, nothing to free */
    bool bare;  /* in a sequence: its elements have an order, and nothing else of the caller's */
    /** `false`: merging costs as much as the rows that went in, so nothing is merged ahead. */
    bool sums;
    /** Makes an empty record out of any bytes. */
    void (*init)(const struct gy_records *records, void *record);
    void (*fini)(const struct gy_records *records, void *record);
    /** Copies into an empty record. 0, or GYRE_ENOMEM and `into` is still empty. */
    int (*copy)(const struct gy_records *records, void *into, const void *from);
    /** Adds what a record of newer rows has to one of older rows. 0, or a code: `into` is in some
     *  state that can be finished. */
    int (*merge)(const struct gy_records *records, void *into, const void *from);
    /** Errors stay in the writer. */
    void (*write)(const struct gy_records *records, const void *record, struct gyre_writer *writer);
    /** Reads into an empty record what was written in a form (state/type.h). 0, or a code: it can be
     *  finished. */
    int (*read)(const struct gy_records *records, void *record, struct gyre_reader *reader,
                const struct gy_form *form);
};

static inline void gy_records_init(const struct gy_records *records, void *record)
{
    if (records->plain)
        memset(record, 0, records->size);
    else
        records->init(records, record);
}

static inline void gy_records_fini(const struct gy_records *records, void *record)
{
    if (!records->plain)
        records->fini(records, record);
}

/** Makes a record empty again. */
static inline void gy_records_reset(const struct gy_records *records, void *record)
{
    gy_records_fini(records, record);
    gy_records_init(records, record);
}

/** Copies into an empty record. 0, or GYRE_ENOMEM. */
static inline int gy_records_copy(const struct gy_records *records, void *into, const void *from)
{
    if (!records->plain)
        return records->copy(records, into, from);
    if (records->size == 8) /* most are: no call */
        memcpy(into, from, 8);
    else
        memcpy(into, from, records->size);
    return 0;
}

#endif
