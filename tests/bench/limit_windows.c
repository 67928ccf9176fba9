/* limit_windows KEYS COUNT SEED WINDOW_US EVERY_US [OUT.csv]: sums of gen.events by key and window of
 * event time, by hand: what the jobs with windows are held to. WINDOW_US is a multiple of EVERY_US, its
 * panes.
 *
 * The rows of a pane go to a table as in limit_keyed. When the pane is over, and a window is its only
 * pane, the table is put out and cleared. Else its sums go to the keys' rings, in a second table with
 * places of the same order: a ring has the sum and the presence of each pane, and their total, from
 * which the oldest pane is taken off again. Two things are simpler than in the job: times are the rows'
 * numbers, and a key that is gone keeps its ring. */
#include "keyed.h"

#include <errno.h>
#include <time.h>

struct ring {
    int64_t total;
    uint64_t panes; /* in which the key has rows */
    int64_t *sum;   /* of each pane, and behind them whether it has any */
};

struct windows {
    struct table pane;
    struct table keys; /* `sum` is the number of the key's ring */
    struct ring *rings;
    uint64_t n_rings, max_rings;
    uint64_t n_panes; /* of a window */
    int64_t every_us;
    uint64_t results;
    int64_t total;
    FILE *out;
};

static void *must(void *memory)
{
    if (memory != NULL)
        return memory;
    fprintf(stderr, "out of memory\n");
    exit(1);
}

static void put(struct windows *w, uint64_t hash, int64_t sum, uint64_t last_pane)
{
    int64_t end_us = ((int64_t)last_pane + 1) * w->every_us;
    w->results++;
    w->total += sum;
    if (w->out != NULL)
        fprintf(w->out, "%lld,%lld,%lld,%lld\n", (long long)key_of(hash),
                (long long)(end_us - (int64_t)w->n_panes * w->every_us), (long long)end_us,
                (long long)sum);
}

/* ---- rings --------------------------------------------------------------------------------- */

static int64_t new_ring(struct windows *w)
{
    if (w->n_rings == w->max_rings) {
        w->max_rings = w->max_rings > 0 ? 2 * w->max_rings : 1024;
        w->rings = must(realloc(w->rings, w->max_rings * sizeof *w->rings));
    }
    w->rings[w->n_rings] = (struct ring){.sum = must(calloc(2 * w->n_panes, sizeof(int64_t)))};
    return (int64_t)w->n_rings++;
}

static struct ring *ring_of(struct windows *w, uint64_t hash)
{
    struct table *t = &w->keys;
    for (uint64_t at = hash >> t->shift; hash != 0; at = (at + 1) & (t->n_buckets - 1)) {
        uint32_t found = match(&t->buckets[at], hash);
        if (found != 0)
            return &w->rings[t->buckets[at].sum[__builtin_ctz(found)]];
        if (t->buckets[at].hash[WAYS - 1] == 0)
            break;
    }
    if (hash == 0 && t->zero_seen)
        return &w->rings[t->zero_sum];
    int64_t ring = new_ring(w);
    if (hash == 0) {
        t->zero_seen = 1;
        t->zero_sum = ring;
    } else {
        if (t->used++ >= t->used_max)
            grow(t);
        insert(t, hash, ring);
    }
    return &w->rings[ring];
}

static void take_pane(struct windows *w, uint64_t hash, int64_t sum, uint64_t pane)
{
    struct ring *ring = ring_of(w, hash);
    uint64_t at = pane % w->n_panes;
    ring->sum[at] = sum;
    ring->sum[w->n_panes + at] = 1;
    ring->panes++;
    add_to(&ring->total, sum);
}

/* Puts the window that ends with the pane out for a key, and takes its oldest pane off. */
static void put_ring(struct windows *w, uint64_t hash, int64_t number, uint64_t pane)
{
    struct ring *ring = &w->rings[number];
    uint64_t oldest = (pane + 1) % w->n_panes;
    if (ring->panes == 0)
        return;
    put(w, hash, ring->total, pane);
    ring->total -= ring->sum[oldest];
    ring->panes -= (uint64_t)ring->sum[w->n_panes + oldest];
    ring->sum[oldest] = ring->sum[w->n_panes + oldest] = 0;
}

/* ---- panes --------------------------------------------------------------------------------- */

static void for_each(struct windows *w, const struct table *t, uint64_t pane,
                     void (*step)(struct windows *, uint64_t hash, int64_t sum, uint64_t pane))
{
    if (t->zero_seen)
        step(w, 0, t->zero_sum, pane);
    for (uint64_t at = 0; at < t->n_buckets; at++)
        for (uint32_t i = 0; i < WAYS && t->buckets[at].hash[i] != 0; i++)
            step(w, t->buckets[at].hash[i], t->buckets[at].sum[i], pane);
}

static void clear(struct table *t)
{
    memset(t->buckets, 0, t->n_buckets * sizeof *t->buckets);
    t->used = 0;
    t->zero_sum = t->zero_seen = 0;
}

static void end_pane(struct windows *w, uint64_t pane)
{
    if (w->n_panes == 1)
        for_each(w, &w->pane, pane, put);
    else {
        for_each(w, &w->pane, pane, take_pane);
        for_each(w, &w->keys, pane, put_ring);
    }
    clear(&w->pane);
}

static void run(struct windows *w, uint32_t keys, uint64_t count, uint64_t seed)
{
    uint64_t every = (uint64_t)w->every_us, pane = 0;
    for (uint64_t row = 0, n; row < count; row += n) {
        uint64_t left = (pane + 1) * every < count ? (pane + 1) * every - row : count - row;
        n = left < PASS_ROWS ? left : PASS_ROWS;
        add_rows(&w->pane, keys, seed, row, (uint32_t)n);
        if (n == left)
            end_pane(w, pane++);
    }
    for (uint64_t i = 1; i < w->n_panes; i++)
        end_pane(w, pane++);
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 7) {
        fprintf(stderr, "usage: limit_windows KEYS COUNT SEED WINDOW_US EVERY_US [OUT.csv]\n");
        return 2;
    }
    uint64_t count = strtoull(argv[2], NULL, 10), every_us = strtoull(argv[5], NULL, 10);
    struct windows w = {.every_us = (int64_t)every_us};
    struct timespec start, end;
    if (every_us == 0 || strtoull(argv[4], NULL, 10) % every_us != 0) {
        fprintf(stderr, "limit_windows: a window is a multiple of EVERY_US\n");
        return 2;
    }
    w.n_panes = strtoull(argv[4], NULL, 10) / every_us;
    w.out = argc > 6 ? fopen(argv[6], "w") : NULL;
    if (argc > 6 && w.out == NULL) {
        fprintf(stderr, "limit_windows: %s: %s\n", argv[6], strerror(errno));
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    take_buckets(&w.pane, (uint32_t)__builtin_ctz(START_BUCKETS));
    take_buckets(&w.keys, (uint32_t)__builtin_ctz(START_BUCKETS));
    run(&w, (uint32_t)strtoul(argv[1], NULL, 10), count, strtoull(argv[3], NULL, 10));
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
    printf("rows=%llu results=%llu total=%lld ns_per_row=%.2f\n", (unsigned long long)count,
           (unsigned long long)w.results, (long long)w.total, ns / (double)(count ? count : 1));
    return w.out != NULL ? fclose(w.out) : 0;
}
