/* A sequence: the records of one sliding window, oldest first, and the merge of them all at a cost that
 * does not depend on how many they are.
 *
 * Two stacks in one array (the "two-stacks" of Tangwongsan, Hirzel and Schneider, "Low-Latency
 * Sliding-Window Aggregation in Worst-Case Constant Time", section 3, after folklore):
 *
 *     elements   0 ............ front ............. n
 *     ahead[i]   merge of elements i ... front - 1      back: merge of elements front ... n - 1
 *
 * All of it is ahead[0] merged with `back`. Taking the oldest away costs nothing while there is a
 * front; where there is none, the next sum makes all elements the front. So each element is merged
 * twice in its life, whatever the window's size. No record is ever subtracted: nothing drifts.
 *
 * Elements have an order (a time, the start of a pane, a number): they come mostly at the end, and a
 * late one goes where it belongs. What is changed in the middle of the front makes ahead[0 ... stale - 1]
 * be merged anew, at the next sum; in the back, all.
 *
 * The sum is the same to the last bit after a restore: ahead[i] is always merged from the right,
 * `back` from the left, and `front` is saved.
 *
 *   encoding   u32 n, u32 front, then per element: i64 order, u64 value, u64 flags, record as `records` writes it;
 *              value and flags are left out where records are bare
 *
 * Records that are no sums (records.h) are only kept; `front` stays 0. */
#ifndef GY_STATE_SEQUENCE_H
#define GY_STATE_SEQUENCE_H

#include "state/records.h"

/** Zeroed, it is valid and empty. Owned by one task. */
struct gy_sequence {
    char *memory;
    uint32_t first; /* the oldest element's place in `memory` */
    uint32_t n;
    uint32_t cap;
    uint32_t front;
    uint32_t stale;     /* <= front */
    bool back_is_stale; /* `back` is not the merge; front is 0 or all of it is in order */
    bool has_back;      /* `back` was initialized */
};

/* What stands before each record; where they are bare, `order` alone. */
struct gy_element {
    int64_t order;
    union { /* the caller's */
        double value;
        int64_t last_us;
    };
    uint64_t flags; /* the caller's */
};

/** Frees all elements. */
void gy_sequence_fini(struct gy_sequence *s, const struct gy_records *records);

/** Bytes it holds, apart from what records own. */
size_t gy_sequence_bytes(const struct gy_sequence *s, const struct gy_records *records);

/** Asks the cache for what the next element, the next sum and the next drop will touch. */
void gy_sequence_fetch(const struct gy_sequence *s, const struct gy_records *records);

/** Element `i`, oldest first. Valid until the next call that adds. */
struct gy_element *gy_sequence_at(const struct gy_sequence *s, const struct gy_records *records,
                                  uint32_t i);
/** Its record, not to be changed here. */
const void *gy_sequence_record(const struct gy_sequence *s, const struct gy_records *records,
                               uint32_t i);

/** The first element whose order is not below `order`; n where there is none. */
uint32_t gy_sequence_find(const struct gy_sequence *s, const struct gy_records *records,
                          int64_t order);

/** The place of an element by its record. */
uint32_t gy_sequence_index(const struct gy_sequence *s, const struct gy_records *records,
                           const void *record);

/** Adds an element behind those of the same or a lower order, its record empty: the caller fills it
 *  and then calls gy_sequence_filled, before anything else.
 *  Errors:  NULL without memory, nothing was changed */
void *gy_sequence_add(struct gy_sequence *s, const struct gy_records *records, int64_t order,
                      double value);
/** Ends gy_sequence_add. 0, or a code of the merge: the sequence is as it was before the add. */
int gy_sequence_filled(struct gy_sequence *s, const struct gy_records *records, const void *record);

/** Merges a record into the element of exactly that order, or adds it as a new one. 0, or a code. */
int gy_sequence_merge(struct gy_sequence *s, const struct gy_records *records, int64_t order,
                      const void *record);

/** Drops the oldest `n` elements. */
void gy_sequence_drop(struct gy_sequence *s, const struct gy_records *records, uint32_t n);

/** Drops element `i`, wherever it is. */
void gy_sequence_remove(struct gy_sequence *s, const struct gy_records *records, uint32_t i);

/** Merges all elements into the empty record `into`. 0, or a code. */
int gy_sequence_sum(struct gy_sequence *s, const struct gy_records *records, void *into);

/** Merges elements from ... to - 1 alone into the empty record `into`, one by one. 0, or a code. */
int gy_sequence_part(const struct gy_sequence *s, const struct gy_records *records, uint32_t from,
                     uint32_t to, void *into);

/** Writes all of it; errors stay in the writer. */
void gy_sequence_write(const struct gy_sequence *s, const struct gy_records *records,
                       struct gyre_writer *writer);

/** Reads into an empty sequence. 0, or a code: it can be finished. */
int gy_sequence_read(struct gy_sequence *s, const struct gy_records *records,
                     struct gyre_reader *reader, const struct gy_form *form);

#endif
