/* The invariants of a table, looked at entry by entry; see table.h. */
#include "state/table.h"

#include <assert.h>

enum { BUCKETS_MOST = 4096 };

static uint64_t next_bucket(const struct gy_table *table, uint64_t i)
{
    return i + 1 < table->n_buckets ? i + 1 : 0;
}

static bool is_full(const struct gy_table *table, uint64_t i)
{
    return gy_bucket_match(gy_table_bucket(table, i), 0) == 0;
}

/* From an entry's home up to its bucket all buckets are full. Of a table that is moved away, the first
 * `empty` buckets are empty, and a search begins behind them at the earliest. */
static void check_way(const struct gy_table *table, uint64_t hash, uint64_t bucket, uint64_t empty)
{
    uint64_t home = gy_table_home(table, hash);
    for (uint64_t i = home > empty ? home : empty; i != bucket; i = next_bucket(table, i))
        assert(is_full(table, i));
}

static uint64_t check_buckets(const struct gy_table *table, uint64_t n, uint64_t empty)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t *hashes = gy_bucket_hashes(gy_table_bucket(table, i));
        for (uint32_t lane = 0; lane < GY_LANES; lane++) {
            if (hashes[lane] == 0)
                continue;
            assert(i >= empty);
            check_way(table, hashes[lane], i, empty);
            count++;
        }
    }
    return count;
}

static void check(const struct gy_table *table, uint64_t empty)
{
    uint64_t n = table->n_buckets < BUCKETS_MOST ? table->n_buckets : BUCKETS_MOST;
    uint64_t count = check_buckets(table, n, empty);
    assert(n < table->n_buckets ? count <= table->count : count == table->count);
}

void gy_table_check(const struct gy_table *table)
{
    const struct gy_table *old = table->old;
    check(table, 0);
    if (old == NULL)
        return;
    assert(old->old == NULL && table->moved <= old->n_buckets && old->count > 0);
    check(old, table->moved);
}
