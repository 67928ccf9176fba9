/* limit_keyed KEYS COUNT SEED [OUT.csv]: sums of gen.events by key, by hand: what the keyed job is
 * held to. How it goes about it is in keyed.h. */
#include "keyed.h"

#include <errno.h>
#include <time.h>

static void sum_rows(struct table *t, uint32_t keys, uint64_t count, uint64_t seed)
{
    for (uint64_t row = 0; row < count; row += PASS_ROWS)
        add_rows(t, keys, seed, row, count - row < PASS_ROWS ? (uint32_t)(count - row) : PASS_ROWS);
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
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: limit_keyed KEYS COUNT SEED [OUT.csv]\n");
        return 2;
    }
    uint32_t keys = (uint32_t)strtoul(argv[1], NULL, 10);
    uint64_t count = strtoull(argv[2], NULL, 10), distinct = 0;
    int64_t total = 0;
    struct timespec start, end;
    struct table t = {0};
    clock_gettime(CLOCK_MONOTONIC, &start);
    take_buckets(&t, (uint32_t)__builtin_ctz(START_BUCKETS));
    sum_rows(&t, keys, count, strtoull(argv[3], NULL, 10));
    int failed = finish(&t, argv[4], &distinct, &total);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
    printf("rows=%llu distinct=%llu total=%lld ns_per_row=%.2f\n", (unsigned long long)count,
           (unsigned long long)distinct, (long long)total, ns / (double)(count ? count : 1));
    return failed;
}
