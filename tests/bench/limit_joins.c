/* limit_joins KIND KEYS LEFT RIGHT SPAN_US [OUT.csv]: two streams of gen.events, seeds 7 and 8, joined by
 * key and by hand: what the jobs with joins are held to. LEFT and RIGHT are their numbers of rows.
 *
 *     window     the pairs of each window of SPAN_US, as of std.join; as many rows on both sides
 *     interval   the pairs at most SPAN_US apart, as of std.interval_join; as many rows on both sides
 *     batch      all pairs, as of std.join without a window
 *     lookup     each row of right with the last row of left or nulls, as of std.lookup (`table` is left)
 *
 * A table as in limit_keyed has the newest row of each key, and a row has the number of the one before it
 * with its key. So the rows of a key are walked from the newest one to the first that is too old; rows lie
 * in a ring as long as they can be meant, and nothing is ever taken out. Passes of 128 rows look up all
 * keys before the first walk, so that the loads of rows run beside each other.
 *
 * Simpler than in the job: times are the rows' numbers; one side's rows can be joined while the other's
 * stand still; and a pair is not written anywhere but added up. */
#include "keyed.h"

#include <errno.h>
#include <time.h>

enum { LEFT, RIGHT };

struct kept {
    int64_t value;
    uint64_t before; /* the row before it with its key, plus 1; 0: none */
};

struct side {
    struct table newest; /* `sum`: the number of the key's newest row, plus 1 */
    struct kept *kept;
    uint64_t mask; /* of a row's number: its place in `kept` */
};

struct joins {
    struct side sides[2];
    uint32_t keys;
    uint64_t span;
    int has_window, is_lookup;
    uint64_t results;
    int64_t total;
    FILE *out;
};

struct pass {
    uint64_t first;
    uint32_t n;
    uint64_t key[PASS_ROWS];
    int64_t value[PASS_ROWS];
};

static void take_rows(struct side *side, uint64_t rows)
{
    side->mask = 1;
    while (side->mask < rows)
        side->mask *= 2;
    side->kept = malloc(side->mask-- * sizeof *side->kept);
    if (side->kept == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
}

/* ---- table --------------------------------------------------------------------------------- */

/* The newest row of a key, or NULL. */
static inline int64_t *find(struct table *t, uint64_t hash)
{
    if (__builtin_expect(hash == 0, 0))
        return t->zero_seen ? &t->zero_sum : NULL;
    for (uint64_t at = hash >> t->shift;; at = (at + 1) & (t->n_buckets - 1)) {
        uint32_t found = match(&t->buckets[at], hash);
        if (__builtin_expect(found != 0, 1))
            return &t->buckets[at].sum[__builtin_ctz(found)];
        if (t->buckets[at].hash[WAYS - 1] == 0)
            return NULL;
    }
}

static __attribute__((noinline)) void put_new(struct table *t, uint64_t hash, int64_t newest)
{
    if (hash == 0) {
        t->zero_seen = 1;
        t->zero_sum = newest;
        return;
    }
    if (t->used++ >= t->used_max)
        grow(t);
    insert(t, hash, newest);
}

static inline void prefetch(const struct table *t, const struct pass *p)
{
    for (uint32_t i = 0; t->n_buckets * sizeof *t->buckets > L2_BYTES && i < p->n; i++) {
        struct bucket *b = &t->buckets[hash_of(p->key[i]) >> t->shift];
        __builtin_prefetch(b->hash, 0, 2);
        __builtin_prefetch(b->sum, 0, 2);
    }
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void make_pass(const struct joins *j, struct pass *p, int side, uint64_t first,
                      uint64_t until)
{
    p->first = first;
    p->n = until - first < PASS_ROWS ? (uint32_t)(until - first) : PASS_ROWS;
    make_rows(side == LEFT ? 7 : 8, j->keys, first, p->key, p->value);
}

/* Keeps the rows of a pass. */
static void keep(struct side *side, const struct pass *p)
{
    prefetch(&side->newest, p);
    for (uint32_t i = 0; i < p->n; i++) {
        uint64_t hash = hash_of(p->key[i]), row = p->first + i;
        int64_t *newest = find(&side->newest, hash);
        side->kept[row & side->mask] =
            (struct kept){p->value[i], newest != NULL ? (uint64_t)*newest : 0};
        if (newest != NULL)
            *newest = (int64_t)row + 1;
        else
            put_new(&side->newest, hash, (int64_t)row + 1);
    }
}

static void write_pair(const struct joins *j, uint64_t key, const uint64_t row[2],
                       const int64_t value[2])
{
    /* The lookup's rows are those of right, and come first. */
    int first = j->is_lookup ? RIGHT : LEFT;
    uint64_t start = row[LEFT] / j->span * j->span;
    fprintf(j->out, "%llu,", (unsigned long long)key);
    if (j->has_window)
        fprintf(j->out, "%llu,%llu,", (unsigned long long)start,
                (unsigned long long)(start + j->span));
    fprintf(j->out, "%lld,%llu,%lld,%llu\n", (long long)value[first],
            (unsigned long long)row[first], (long long)value[!first],
            (unsigned long long)row[!first]);
}

/* Joins row i of a pass with a kept row of the other side. */
static inline void put(struct joins *j, const struct pass *p, uint32_t i, int side, uint64_t other,
                       int64_t value)
{
    j->results++;
    j->total += p->value[i] * 1000 + value;
    if (__builtin_expect(j->out != NULL, 0)) {
        uint64_t rows[2] = {other, other};
        int64_t values[2] = {value, value};
        rows[side] = p->first + i;
        values[side] = p->value[i];
        write_pair(j, p->key[i], rows, values);
    }
}

/* Row i of a pass, whose key the table does not have. */
static void put_missing(struct joins *j, const struct pass *p, uint32_t i)
{
    j->results++;
    j->total += p->value[i] * 1000;
    if (j->out != NULL)
        fprintf(j->out, "%llu,%lld,%llu,,\n", (unsigned long long)p->key[i], (long long)p->value[i],
                (unsigned long long)(p->first + i));
}

/* Joins the rows of a pass with those that the other side keeps, back to the window's start or by the span. */
static void join(struct joins *j, const struct pass *p, int side, uint64_t start)
{
    struct side *other = &j->sides[!side];
    uint64_t newest[PASS_ROWS];
    prefetch(&other->newest, p);
    for (uint32_t i = 0; i < p->n; i++) {
        const int64_t *found = find(&other->newest, hash_of(p->key[i]));
        newest[i] = found != NULL ? (uint64_t)*found : 0;
        __builtin_prefetch(&other->kept[(newest[i] - 1) & other->mask], 0, 3);
    }
    for (uint32_t i = 0; i < p->n; i++) {
        uint64_t row = p->first + i, least = start;
        if (start == UINT64_MAX)
            least = row > j->span ? row - j->span : 0;
        if (j->is_lookup && newest[i] == 0)
            put_missing(j, p, i);
        for (uint64_t at = newest[i]; at > least;) {
            const struct kept *kept = &other->kept[(at - 1) & other->mask];
            put(j, p, i, side, at - 1, kept->value);
            at = j->is_lookup ? 0 : kept->before;
        }
    }
}

/* ---- kinds --------------------------------------------------------------------------------- */

/* Rows from ... to - 1 of left, then those of right, which find them. */
static void join_all(struct joins *j, const uint64_t from[2], const uint64_t to[2])
{
    struct pass p;
    for (uint64_t row = from[LEFT]; row < to[LEFT]; row += p.n) {
        make_pass(j, &p, LEFT, row, to[LEFT]);
        keep(&j->sides[LEFT], &p);
    }
    for (uint64_t row = from[RIGHT]; row < to[RIGHT]; row += p.n) {
        make_pass(j, &p, RIGHT, row, to[RIGHT]);
        join(j, &p, RIGHT, from[LEFT]);
    }
}

static void join_windows(struct joins *j, uint64_t rows)
{
    take_rows(&j->sides[LEFT], j->span);
    for (uint64_t row = 0; row < rows; row += j->span) {
        uint64_t end = rows - row < j->span ? rows : row + j->span;
        join_all(j, (uint64_t[]){row, row}, (uint64_t[]){end, end});
    }
}

/* Passes of both sides in turn: a pass is shorter than the span, so none reaches too far ahead. */
static void join_intervals(struct joins *j, uint64_t rows)
{
    struct pass p;
    for (int side = LEFT; side <= RIGHT; side++)
        take_rows(&j->sides[side], j->span + 2 * PASS_ROWS);
    for (uint64_t row = 0; row < rows; row += PASS_ROWS)
        for (int side = LEFT; side <= RIGHT; side++) {
            make_pass(j, &p, side, row, rows);
            join(j, &p, side, UINT64_MAX);
            keep(&j->sides[side], &p);
        }
}

static void run(struct joins *j, const char *kind, const uint64_t rows[2])
{
    for (int side = LEFT; side <= RIGHT; side++)
        take_buckets(&j->sides[side].newest, (uint32_t)__builtin_ctz(START_BUCKETS));
    j->has_window = strcmp(kind, "window") == 0;
    j->is_lookup = strcmp(kind, "lookup") == 0;
    if (j->has_window)
        join_windows(j, rows[LEFT]);
    else if (strcmp(kind, "interval") == 0)
        join_intervals(j, rows[LEFT]);
    else {
        take_rows(&j->sides[LEFT], rows[LEFT]);
        join_all(j, (uint64_t[]){0, 0}, rows);
    }
}

int main(int argc, char **argv)
{
    struct joins j = {0};
    struct timespec start, end;
    if (argc < 6 || argc > 7) {
        fprintf(stderr, "usage: limit_joins window|interval|batch|lookup KEYS LEFT RIGHT SPAN_US "
                        "[OUT.csv]\n");
        return 2;
    }
    uint64_t rows[2] = {strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10)};
    j.keys = (uint32_t)strtoul(argv[2], NULL, 10);
    j.span = strtoull(argv[5], NULL, 10);
    if (j.span < PASS_ROWS) {
        fprintf(stderr, "limit_joins: SPAN_US is at least %u\n", PASS_ROWS);
        return 2;
    }
    j.out = argc > 6 ? fopen(argv[6], "w") : NULL;
    if (argc > 6 && j.out == NULL) {
        fprintf(stderr, "limit_joins: %s: %s\n", argv[6], strerror(errno));
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    run(&j, argv[1], rows);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
    uint64_t all = rows[LEFT] + rows[RIGHT];
    printf("rows=%llu results=%llu total=%lld ns_per_row=%.2f\n", (unsigned long long)all,
           (unsigned long long)j.results, (long long)j.total, ns / (double)(all ? all : 1));
    return j.out != NULL ? fclose(j.out) : 0;
}
