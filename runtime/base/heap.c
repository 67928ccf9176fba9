/* Sifting by holes: an entry is moved once per level and set down at the end; see heap.h. */
#include "base/heap.h"

#include "base/debug.h"
#include "base/mem.h"

#define CAP_MIN 16

void gy_heap_fini(struct gy_heap *h)
{
    gy_free(h->entries);
    *h = (struct gy_heap){0};
}

int gy_heap_reserve(struct gy_heap *h, size_t more)
{
    assert(h->n <= h->cap);
    if (more <= h->cap - h->n)
        return 0;
    if (more > SIZE_MAX - h->n)
        return -1;
    size_t cap = h->cap > 0 ? h->cap + h->cap / 2 : CAP_MIN;
    if (cap < h->n + more)
        cap = h->n + more;
    struct gy_heap_entry *entries = gy_realloc_array(h->entries, cap, sizeof *entries);
    if (!entries)
        return -1;
    h->entries = entries;
    h->cap = cap;
    return 0;
}

static bool before(const struct gy_heap_entry *a, const struct gy_heap_entry *b)
{
    return a->time != b->time ? a->time < b->time : a->tie < b->tie;
}

/* Sets `entry` down at the hole `i` or above it. */
static void sift_up(struct gy_heap *h, size_t i, struct gy_heap_entry entry)
{
    while (i > 0) {
        size_t parent = (i - 1) / 2;
        if (!before(&entry, &h->entries[parent]))
            break;
        h->entries[i] = h->entries[parent];
        i = parent;
    }
    h->entries[i] = entry;
    gy_debug_assert(i == 0 || !before(&entry, &h->entries[(i - 1) / 2]));
}

/* Sets `entry` down at the hole `i` or below it. */
static void sift_down(struct gy_heap *h, size_t i, struct gy_heap_entry entry)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= h->n)
            break;
        if (child + 1 < h->n && before(&h->entries[child + 1], &h->entries[child]))
            child++;
        if (!before(&h->entries[child], &entry))
            break;
        h->entries[i] = h->entries[child];
        i = child;
    }
    h->entries[i] = entry;
}

/* The last entry fills the hole at `i`; it may belong above it, where another branch is later. */
static void remove_at(struct gy_heap *h, size_t i)
{
    struct gy_heap_entry last = h->entries[--h->n];
    if (i == h->n)
        return;
    if (i > 0 && before(&last, &h->entries[(i - 1) / 2]))
        sift_up(h, i, last);
    else
        sift_down(h, i, last);
}

int gy_heap_push(struct gy_heap *h, struct gy_heap_entry entry)
{
    if (gy_heap_reserve(h, 1) < 0)
        return -1;
    h->n++;
    sift_up(h, h->n - 1, entry);
    return 0;
}

bool gy_heap_pop(struct gy_heap *h, struct gy_heap_entry *out)
{
    if (h->n == 0)
        return false;
    if (out)
        *out = h->entries[0];
    remove_at(h, 0);
    return true;
}

bool gy_heap_remove(struct gy_heap *h, int64_t time, uint64_t tie)
{
    for (size_t i = 0; i < h->n; i++) {
        if (h->entries[i].time == time && h->entries[i].tie == tie) {
            remove_at(h, i);
            return true;
        }
    }
    return false;
}
