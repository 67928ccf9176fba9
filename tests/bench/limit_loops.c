/* limit_loops PARTITIONS BITS ROWS LEFT [OUT.csv]: rows that go round from id to id (hops.h) and are counted at
 * each, by hand: what the loop job is held to.
 *
 * A work-list of blocks for each of one or two partitions of the ids, by a bit of the hash; each with a
 * thread and a table of its own, as in keyed.h. A thread takes a block off its list, counts its rows 128 at a
 * time, and collects where they go next in one block for each partition, without a branch:
 *
 *     list ─> count ─┬─> open block of its own ─> list
 *                    └─> open block of the other ─> ring ─> the other's thread, which hands it back by a ring
 *
 * A block leaves when it is full, or when its thread runs out of work: no row is held back. It is over when
 * no row is left: each thread takes off a common count what has gone as far as it goes.
 */
#include "hops.h"
#include "keyed.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

enum { BLOCK_ROWS = 1024, RING_SLOTS = 1 << 17, SPINS = 2000 };

struct row {
    int64_t id, left;
};

struct block {
    struct block *next; /* in a list */
    uint32_t n;
    struct row rows[BLOCK_ROWS];
};

/* One thread pushes, another pops; it never fills: no more blocks are on their way than there are rows. */
struct ring {
    _Alignas(64) _Atomic uint32_t head;
    _Alignas(64) _Atomic uint32_t tail;
    _Alignas(64) struct block **slots;
};

struct partition {
    struct table counts;
    struct work *work;
    uint32_t index;
    struct block *first, *last; /* the list */
    struct block *spare;
    struct block *open[2];   /* per partition */
    struct ring in, emptied; /* blocks from the other one; its own that come back */
    pthread_t thread;
};

struct work {
    uint32_t n_partitions, bits;
    uint64_t rows, left;
    struct partition partitions[2];
    _Alignas(64) _Atomic uint64_t alive;
};

static void *must(void *memory)
{
    if (memory != NULL)
        return memory;
    fprintf(stderr, "out of memory\n");
    exit(1);
}

/* ---- rings ---- */

static void ring_push(struct ring *ring, struct block *block)
{
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    ring->slots[head % RING_SLOTS] = block;
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}

static struct block *ring_pop(struct ring *ring)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (tail == atomic_load_explicit(&ring->head, memory_order_acquire))
        return NULL;
    struct block *block = ring->slots[tail % RING_SLOTS];
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return block;
}

/* ---- work ---- */

/* By a bit that the tables do not go by: each would use half of its buckets. */
static uint32_t partition_of(const struct work *work, int64_t id)
{
    return work->n_partitions == 1 ? 0 : (uint32_t)(hash_of((uint64_t)id) >> 24) & 1;
}

static struct block *new_block(struct partition *p)
{
    struct block *block = p->spare;
    if (block != NULL)
        p->spare = block->next;
    else if (p->work->n_partitions > 1)
        block = ring_pop(&p->emptied);
    if (block == NULL)
        block = must(malloc(sizeof *block));
    block->n = 0;
    block->next = NULL;
    return block;
}

/* The open block of a partition goes where its rows are counted. */
static void flush(struct partition *p, uint32_t dest)
{
    struct block *block = p->open[dest];
    if (block->n == 0)
        return;
    p->open[dest] = new_block(p);
    if (dest != p->index)
        ring_push(&p->work->partitions[dest].in, block);
    else if (p->first == NULL)
        p->first = p->last = block;
    else
        p->last = p->last->next = block;
}

static void put(struct partition *p, struct row row)
{
    uint32_t dest = partition_of(p->work, row.id);
    struct block *block = p->open[dest];
    block->rows[block->n++] = row;
    if (block->n == BLOCK_ROWS)
        flush(p, dest);
}

/* Counts up to PASS_ROWS rows, and puts each where it goes next; how many do not go on. */
static uint32_t step(struct partition *p, const struct row *rows, uint32_t n)
{
    struct table *t = &p->counts;
    uint32_t bits = p->work->bits, gone = 0;
    for (uint32_t i = 0; t->n_buckets * sizeof *t->buckets > L2_BYTES && i < n; i++) {
        struct bucket *b = &t->buckets[hash_of((uint64_t)rows[i].id) >> t->shift];
        __builtin_prefetch(b->hash, 0, 2);
        __builtin_prefetch(b->sum, 0, 2);
    }
    for (uint32_t i = 0; i < n; i++)
        add(t, hash_of((uint64_t)rows[i].id), 1);
    for (uint32_t i = 0; i < n; i++) {
        if (rows[i].left > 0)
            put(p, (struct row){hop_next(rows[i].id, rows[i].left, bits), rows[i].left - 1});
        else
            gone++;
    }
    return gone;
}

static void step_block(struct partition *p, const struct block *block)
{
    uint32_t gone = 0;
    for (uint32_t i = 0; i < block->n; i += PASS_ROWS)
        gone += step(p, block->rows + i, block->n - i < PASS_ROWS ? block->n - i : PASS_ROWS);
    if (gone > 0)
        atomic_fetch_sub_explicit(&p->work->alive, gone, memory_order_relaxed);
}

/* Does what there is of its own list, or of what has come from the other; false where there is nothing. */
static bool run_block(struct partition *p)
{
    struct block *block = p->work->n_partitions > 1 ? ring_pop(&p->in) : NULL;
    if (block != NULL) {
        step_block(p, block);
        ring_push(&p->work->partitions[1 - p->index].emptied, block);
        return true;
    }
    block = p->first;
    if (block == NULL)
        return false;
    p->first = block->next;
    step_block(p, block);
    block->next = p->spare;
    p->spare = block;
    return true;
}

static void *run(void *argument)
{
    struct partition *p = argument;
    struct work *work = p->work;
    uint32_t idle = 0;
    for (uint64_t i = 0; i < work->rows; i++)
        if (partition_of(work, (int64_t)i) == p->index)
            put(p, (struct row){(int64_t)i, (int64_t)work->left});
    while (atomic_load_explicit(&work->alive, memory_order_relaxed) > 0) {
        idle = run_block(p) ? 0 : idle + 1;
        for (uint32_t dest = 0; p->first == NULL && dest < work->n_partitions; dest++)
            flush(p, dest);
        if (idle > SPINS)
            sched_yield();
    }
    return NULL;
}

/* ---- begin and end ---- */

static void prepare(struct work *work)
{
    atomic_store(&work->alive, work->rows);
    for (uint32_t i = 0; i < work->n_partitions; i++) {
        struct partition *p = &work->partitions[i];
        p->work = work;
        p->index = i;
        p->in.slots = must(malloc(RING_SLOTS * sizeof *p->in.slots));
        p->emptied.slots = must(malloc(RING_SLOTS * sizeof *p->emptied.slots));
        for (uint32_t dest = 0; dest < work->n_partitions; dest++)
            p->open[dest] = new_block(p);
        take_buckets(&p->counts, (uint32_t)__builtin_ctz(START_BUCKETS));
    }
}

static void put_count(FILE *out, uint64_t hash, int64_t count, uint64_t *total)
{
    *total += (uint64_t)count;
    if (out != NULL)
        fprintf(out, "%lld,%lld\n", (long long)key_of(hash), (long long)count);
}

static int finish(const struct work *work, const char *path, uint64_t *total)
{
    FILE *out = path != NULL ? fopen(path, "w") : NULL;
    if (path != NULL && out == NULL) {
        fprintf(stderr, "limit_loops: %s: %s\n", path, strerror(errno));
        return 1;
    }
    for (uint32_t p = 0; p < work->n_partitions; p++) {
        const struct table *t = &work->partitions[p].counts;
        if (t->zero_seen)
            put_count(out, 0, t->zero_sum, total);
        for (uint64_t at = 0; at < t->n_buckets; at++)
            for (uint32_t i = 0; i < WAYS && t->buckets[at].hash[i] != 0; i++)
                put_count(out, t->buckets[at].hash[i], t->buckets[at].sum[i], total);
    }
    return out != NULL ? fclose(out) : 0;
}

int main(int argc, char **argv)
{
    static struct work work;
    struct timespec start, end;
    uint64_t total = 0;
    if (argc < 5 || argc > 6 || (strcmp(argv[1], "1") != 0 && strcmp(argv[1], "2") != 0) ||
        strtoull(argv[3], NULL, 10) > RING_SLOTS) {
        fprintf(stderr, "usage: limit_loops PARTITIONS(1 or 2) BITS ROWS LEFT [OUT.csv]\n");
        return 2;
    }
    work.n_partitions = (uint32_t)strtoul(argv[1], NULL, 10);
    work.bits = (uint32_t)strtoul(argv[2], NULL, 10);
    work.rows = strtoull(argv[3], NULL, 10);
    work.left = strtoull(argv[4], NULL, 10);
    clock_gettime(CLOCK_MONOTONIC, &start);
    prepare(&work);
    if (work.n_partitions > 1 &&
        pthread_create(&work.partitions[1].thread, NULL, run, &work.partitions[1]) != 0) {
        fprintf(stderr, "limit_loops: no thread\n");
        return 1;
    }
    run(&work.partitions[0]);
    if (work.n_partitions > 1)
        pthread_join(work.partitions[1].thread, NULL);
    int failed = finish(&work, argv[5], &total);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
    printf("hops=%llu ns_per_hop=%.2f\n", (unsigned long long)total,
           ns / (double)(total ? total : 1));
    return failed;
}
