/* A binary heap of timers.
 *
 * Entries are values in one array, earliest first; equal times go by `tie`. Where (time, tie) is
 * unique, the order of pops does not depend on the order of pushes, which replay relies on.
 *
 * Invariant: no entry is before its parent, entries[(i - 1) / 2].
 */
#ifndef GY_BASE_HEAP_H
#define GY_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gy_heap_entry {
    int64_t time;
    uint64_t tie;
    union {
        void *ptr;
        uint64_t u64;
    };
};

/** Zeroed, it is a valid empty heap. Owned by one thread. */
struct gy_heap {
    struct gy_heap_entry *entries;
    size_t n, cap;
};

/** Frees the array (not what entries point to) and leaves an empty heap. */
void gy_heap_fini(struct gy_heap *h);

/** Makes room for `more` further entries, so that pushing them cannot fail.
 *  Errors:  -1 without memory */
int gy_heap_reserve(struct gy_heap *h, size_t more);

/** Adds an entry.
 *  Errors:  -1 without memory; the heap is as it was */
int gy_heap_push(struct gy_heap *h, struct gy_heap_entry entry);

/** Gives the earliest entry.
 *  Owns:    the heap; valid until the next change
 *  Errors:  NULL when empty */
static inline const struct gy_heap_entry *gy_heap_get(const struct gy_heap *h)
{
    return h->n > 0 ? h->entries : NULL;
}

/** Takes the earliest entry out; false when the heap is empty. `out` may be NULL. */
bool gy_heap_pop(struct gy_heap *h, struct gy_heap_entry *out);

/** Takes an entry with this time and tie out, by a search through the array; false if none is. */
bool gy_heap_remove(struct gy_heap *h, int64_t time, uint64_t tie);

#endif
