/* limit_keyed [-2] KEYS COUNT SEED [OUT.csv]: sums of gen.events by key, by hand: what the keyed job is
 * held to. How it goes about it is in keyed.h. With -2 two threads have every other block of the rows and
 * a table each, and the second table is added to the first when all rows are through: as little
 * as two threads can have to do with each other. */
#include "keyed.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#define BLOCK_ROWS (1024 * PASS_ROWS)

/* The blocks `first`, `first + step`, ... of the rows. */
struct share {
    struct table t;
    uint64_t first, step, count, seed;
    uint32_t keys;
};

static void *sum_share(void *argument)
{
    struct share *share = argument;
    take_buckets(&share->t, (uint32_t)__builtin_ctz(START_BUCKETS));
    for (uint64_t row = share->first * BLOCK_ROWS; row < share->count;
         row += share->step * BLOCK_ROWS)
        for (uint64_t at = row; at < share->count && at < row + BLOCK_ROWS; at += PASS_ROWS)
            add_rows(&share->t, share->keys, share->seed, at,
                     share->count - at < PASS_ROWS ? (uint32_t)(share->count - at) : PASS_ROWS);
    return NULL;
}

static void add_table(struct table *t, const struct table *other)
{
    if (other->zero_seen)
        add(t, 0, other->zero_sum);
    for (uint64_t at = 0; at < other->n_buckets; at++)
        for (uint32_t i = 0; i < WAYS && other->buckets[at].hash[i] != 0; i++)
            add(t, other->buckets[at].hash[i], other->buckets[at].sum[i]);
}

/* Sums all rows into the table of the first share. */
static int sum_rows(struct share shares[2], uint64_t n)
{
    pthread_t thread;
    if (n == 2 && pthread_create(&thread, NULL, sum_share, &shares[1]) != 0)
        return -1;
    sum_share(&shares[0]);
    if (n == 2) {
        pthread_join(thread, NULL);
        add_table(&shares[0].t, &shares[1].t);
    }
    return 0;
}

static void finish_key(FILE *out, uint64_t hash, int64_t sum, uint64_t *distinct, int64_t *total)
{
    ++*distinct;
    *total += sum;
    if (out != NULL)
        fprintf(out, "%lld,%lld\n", (long long)key_of(hash), (long long)sum);
}

/* Walks the table as the job does at its end: each key and sum is read once. */
static int finish(const struct table *t, const char *path, uint64_t *distinct, int64_t *total)
{
    FILE *out = path != NULL ? fopen(path, "w") : NULL;
    if (path != NULL && out == NULL) {
        fprintf(stderr, "limit_keyed: %s: %s\n", path, strerror(errno));
        return 1;
    }
    if (t->zero_seen)
        finish_key(out, 0, t->zero_sum, distinct, total);
    for (uint64_t at = 0; at < t->n_buckets; at++)
        for (uint32_t i = 0; i < WAYS && t->buckets[at].hash[i] != 0; i++)
            finish_key(out, t->buckets[at].hash[i], t->buckets[at].sum[i], distinct, total);
    return out != NULL ? fclose(out) : 0;
}

int main(int argc, char **argv)
{
    uint64_t threads = argc > 1 && strcmp(argv[1], "-2") == 0 ? 2 : 1;
    argc -= (int)threads - 1;
    argv += threads - 1;
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: limit_keyed [-2] KEYS COUNT SEED [OUT.csv]\n");
        return 2;
    }
    uint64_t count = strtoull(argv[2], NULL, 10), distinct = 0;
    int64_t total = 0;
    struct timespec start, end;
    struct share shares[2];
    for (uint64_t i = 0; i < 2; i++)
        shares[i] = (struct share){.first = i,
                                   .step = threads,
                                   .count = count,
                                   .seed = strtoull(argv[3], NULL, 10),
                                   .keys = (uint32_t)strtoul(argv[1], NULL, 10)};
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (sum_rows(shares, threads) != 0) {
        fprintf(stderr, "limit_keyed: no second thread\n");
        return 1;
    }
    int failed = finish(&shares[0].t, argv[4], &distinct, &total);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
    printf("rows=%llu distinct=%llu total=%lld ns_per_row=%.2f\n", (unsigned long long)count,
           (unsigned long long)distinct, (long long)total, ns / (double)(count ? count : 1));
    return failed;
}
