/* plugins/std/kll.c: see kll.h. */
#include "kll.h"

#include <math.h>
#include <stdlib.h>

enum { ROOM = 8 };

/* A sketch while it is worked on: its levels as numbers. */
struct work {
    int64_t *items;
    uint32_t sizes[KLL_LEVELS_MAX];
    uint32_t n_levels;
    int64_t n;
    int64_t used;
};

/* An item, and for how many values it stands. */
struct weighed {
    int64_t value;
    int64_t weight;
};

/* ---- levels ------------------------------------------------------------------------------------ */

static void read_levels(const struct kll *kll, struct work *work)
{
    int64_t above = 0;
    work->n_levels = kll->levels.len != 0 ? kll->levels.len / 4 : 1;
    memcpy(work->sizes, gyre_str_data(&kll->levels), kll->levels.len);
    for (uint32_t level = 1; level < work->n_levels; level++)
        above += work->sizes[level];
    work->sizes[0] = (uint32_t)(kll->used - above);
    work->n = kll->n;
    work->used = kll->used;
}

static uint32_t capacity_of(uint32_t level, uint32_t n_levels)
{
    uint64_t capacity = KLL_K;
    for (uint32_t above = level + 1; above < n_levels && capacity > KLL_LEAST; above++)
        capacity = (capacity * 2 + 2) / 3;
    return capacity > KLL_LEAST ? (uint32_t)capacity : KLL_LEAST;
}

static int64_t capacity_of_all(uint32_t n_levels)
{
    int64_t sum = 0;
    for (uint32_t level = 0; level < n_levels; level++)
        sum += capacity_of(level, n_levels);
    return sum;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* A bit that follows from two numbers, and looks as if it did not. */
static uint32_t coin(uint64_t n, uint32_t level)
{
    uint64_t x = n * 0x9e3779b97f4a7c15 + level;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return (uint32_t)(x >> 63);
}

/* Halves a level; of an odd number the last stays behind. */
static void compact(struct work *work, uint32_t level)
{
    int64_t below = 0;
    for (uint32_t i = 0; i < level; i++)
        below += work->sizes[i];
    uint32_t size = work->sizes[level], half = size / 2, left = size % 2;
    int64_t *from = work->items + work->used - below - size;
    qsort(from, size, sizeof *from, by_value);
    uint32_t at = coin((uint64_t)work->n, level);
    int64_t last = from[size - 1];
    for (uint32_t i = 0; i < half; i++)
        from[i] = from[2 * i + at];
    if (left)
        from[half] = last;
    memmove(from + half + left, from + size, (size_t)below * sizeof *from);
    if (level + 1 == work->n_levels)
        work->sizes[work->n_levels++] = 0;
    work->sizes[level + 1] += half;
    work->sizes[level] = left;
    work->used -= half;
}

/* Compacts until there is room. */
static void shrink(struct work *work)
{
    while (work->used >= capacity_of_all(work->n_levels)) {
        uint32_t level = 0;
        while (work->sizes[level] < capacity_of(level, work->n_levels))
            level++;
        compact(work, level);
    }
}

/* Keeps the levels, and what goes with them. */
static int32_t write_levels(struct gyre_ctx *ctx, struct kll *kll, const struct work *work)
{
    uint32_t bytes = work->n_levels > 1 ? 4 * work->n_levels : 0;
    struct gyre_str levels = gyre_str_view((const char *)work->sizes, bytes);
    kll->n = work->n;
    kll->used = work->used;
    kll->limit = capacity_of_all(work->n_levels);
    int32_t code = gyre_state_str(ctx, &kll->levels, &levels);
    return code == GYRE_OK ? code : gyre_fail(ctx, code, "no memory for a sketch of quantiles");
}

/* ---- the calls --------------------------------------------------------------------------------- */

/* What the host has given to a string for good: it may be written to in place. */
static int64_t *own_items(struct kll *kll)
{
    return (int64_t *)(void *)(uintptr_t)gyre_str_data(&kll->items);
}

/* Gives the items room for `n`; those that are there stay. */
static int32_t make_room(struct gyre_ctx *ctx, struct kll *kll, size_t n)
{
    size_t bytes = n * sizeof(int64_t);
    char *grown = gyre_alloc(ctx, NULL, bytes);
    if (grown == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a sketch of quantiles");
    memcpy(grown, gyre_str_data(&kll->items), (size_t)kll->used * sizeof(int64_t));
    memset(grown + (size_t)kll->used * sizeof(int64_t), 0,
           bytes - (size_t)kll->used * sizeof(int64_t));
    struct gyre_str view = gyre_str_view(grown, (uint32_t)bytes);
    int32_t code = gyre_state_str(ctx, &kll->items, &view);
    gyre_alloc(ctx, grown, 0);
    return code == GYRE_OK ? code : gyre_fail(ctx, code, "no memory for a sketch of quantiles");
}

static void note_ends(struct kll *kll, int64_t least, int64_t greatest)
{
    kll->least = kll->n == 0 || least < kll->least ? least : kll->least;
    kll->greatest = kll->n == 0 || greatest > kll->greatest ? greatest : kll->greatest;
}

int32_t kll_put(struct gyre_ctx *ctx, struct kll *kll, int64_t value)
{
    size_t room = kll->items.len / sizeof(int64_t);
    if ((size_t)kll->used == room) {
        int32_t code = make_room(ctx, kll, room == 0 ? ROOM : 2 * room);
        if (code != GYRE_OK)
            return code;
    }
    note_ends(kll, value, value);
    memcpy((char *)own_items(kll) + (size_t)kll->used * sizeof value, &value, sizeof value);
    kll->used++;
    kll->n++;
    if (kll->used < (kll->limit != 0 ? kll->limit : KLL_K))
        return GYRE_OK;
    struct work work;
    read_levels(kll, &work);
    work.items = own_items(kll);
    shrink(&work);
    return write_levels(ctx, kll, &work);
}

/* The items of both, level by level, the higher ones first; into those of `into`. */
static void concatenate(struct work *all, const struct work *a, const struct work *b)
{
    int64_t *to = all->items;
    const int64_t *from_a = a->items, *from_b = b->items;
    all->n_levels = a->n_levels > b->n_levels ? a->n_levels : b->n_levels;
    for (uint32_t level = all->n_levels; level-- > 0;) {
        size_t n_a = level < a->n_levels ? a->sizes[level] : 0;
        size_t n_b = level < b->n_levels ? b->sizes[level] : 0;
        memcpy(to, from_a, n_a * sizeof *to);
        memcpy(to + n_a, from_b, n_b * sizeof *to);
        to += n_a + n_b;
        from_a += n_a;
        from_b += n_b;
        all->sizes[level] = (uint32_t)(n_a + n_b);
    }
    all->n = a->n + b->n;
    all->used = a->used + b->used;
}

/* Copies items, which may stand inside of a string, to where numbers may. */
static void copy_items(int64_t *to, const struct kll *kll)
{
    memcpy(to, gyre_str_data(&kll->items), (size_t)kll->used * sizeof *to);
}

int32_t kll_merge(struct gyre_ctx *ctx, struct kll *into, const struct kll *from)
{
    struct work all, a, b;
    size_t n = (size_t)(into->used + from->used);
    if (from->n == 0)
        return GYRE_OK;
    int64_t *items = gyre_alloc(ctx, NULL, 2 * n * sizeof *items);
    if (items == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to merge sketches of quantiles");
    read_levels(into, &a);
    read_levels(from, &b);
    a.items = items + n;
    b.items = items + n + into->used;
    copy_items(a.items, into);
    copy_items(b.items, from);
    all.items = items;
    concatenate(&all, &a, &b);
    shrink(&all);
    struct gyre_str view =
        gyre_str_view((const char *)items, (uint32_t)((size_t)all.used * sizeof *items));
    int32_t code = gyre_state_str(ctx, &into->items, &view);
    gyre_alloc(ctx, items, 0);
    if (code != GYRE_OK)
        return gyre_fail(ctx, code, "no memory to merge sketches of quantiles");
    note_ends(into, from->least, from->greatest);
    return write_levels(ctx, into, &all);
}

static int by_weighed_value(const void *a, const void *b)
{
    return by_value(&((const struct weighed *)a)->value, &((const struct weighed *)b)->value);
}

/* The items in order, each with its weight. */
static void weigh(const struct kll *kll, struct weighed *all)
{
    struct work work;
    const char *items = gyre_str_data(&kll->items);
    size_t i = 0;
    read_levels(kll, &work);
    for (uint32_t level = work.n_levels; level-- > 0;)
        for (uint32_t k = 0; k < work.sizes[level]; k++, i++) {
            memcpy(&all[i].value, items + i * sizeof(int64_t), sizeof(int64_t));
            all[i].weight = INT64_C(1) << level;
        }
    qsort(all, i, sizeof *all, by_weighed_value);
}

static int64_t value_of_rank(const struct kll *kll, const struct weighed *all, int64_t rank)
{
    if (rank <= 1)
        return kll->least;
    if (rank >= kll->n)
        return kll->greatest;
    int64_t below = 0;
    for (int64_t i = 0; i < kll->used; i++) {
        below += all[i].weight;
        if (below >= rank)
            return all[i].value;
    }
    return kll->greatest;
}

int32_t kll_quantiles(struct gyre_ctx *ctx, const struct kll *kll, const double *q, uint32_t n_q,
                      int64_t *values)
{
    struct weighed *all = gyre_alloc(ctx, NULL, (size_t)kll->used * sizeof *all);
    if (all == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to tell quantiles");
    weigh(kll, all);
    for (uint32_t i = 0; i < n_q; i++)
        values[i] = value_of_rank(kll, all, (int64_t)ceil(q[i] * (double)kll->n));
    gyre_alloc(ctx, all, 0);
    return GYRE_OK;
}

/* ---- snapshots --------------------------------------------------------------------------------- */

static int32_t encode(const void *value, struct gyre_writer *writer)
{
    const struct kll *kll = value;
    const char *items = gyre_str_data(&kll->items);
    struct work work;
    read_levels(kll, &work);
    gyre_write_i64(writer, kll->n);
    gyre_write_i64(writer, kll->least);
    gyre_write_i64(writer, kll->greatest);
    gyre_write_u32(writer, work.n_levels);
    for (uint32_t level = 0; level < work.n_levels; level++)
        gyre_write_u32(writer, work.sizes[level]);
    gyre_write(writer, items, (size_t)kll->used * sizeof(int64_t));
    return writer->error;
}

/* Levels come as little-endian numbers and stay so: on the machines there are, they are the same. */
static int32_t decode(void *value, struct gyre_reader *reader)
{
    struct kll *kll = value;
    int64_t weight = 0, used = 0;
    kll->n = gyre_read_i64(reader);
    kll->least = gyre_read_i64(reader);
    kll->greatest = gyre_read_i64(reader);
    uint32_t n_levels = gyre_read_u32(reader);
    if (n_levels == 0 || n_levels > KLL_LEVELS_MAX) {
        reader->error = reader->error != 0 ? reader->error : GYRE_ECORRUPT;
        return reader->error;
    }
    const char *levels = gyre_read(reader, (size_t)n_levels * 4);
    for (uint32_t level = 0; levels != NULL && level < n_levels; level++) {
        uint32_t size;
        memcpy(&size, levels + 4 * level, 4);
        if (size > 16 * KLL_K) /* no sketch holds as many */
            reader->error = GYRE_ECORRUPT;
        used += size;
        weight += (int64_t)((uint64_t)(size & 0xffff) << (level < 48 ? level : 48));
    }
    if (reader->error == 0 && weight != kll->n)
        reader->error = GYRE_ECORRUPT;
    if (reader->error != 0)
        return reader->error;
    const char *items = gyre_read(reader, (size_t)used * sizeof(int64_t));
    if (items == NULL)
        return reader->error;
    kll->used = used;
    kll->limit = capacity_of_all(n_levels);
    kll->items = gyre_str_view(items, (uint32_t)((size_t)used * sizeof(int64_t)));
    kll->levels = gyre_str_view(levels, n_levels > 1 ? 4 * n_levels : 0);
    return reader->error;
}

static const struct gyre_member members[] = {
    {"items", GYRE_TYPE_bytes, offsetof(struct kll, items)},
    {"levels", GYRE_TYPE_bytes, offsetof(struct kll, levels)},
    {"n", GYRE_TYPE_i64, offsetof(struct kll, n)},
    {"used", GYRE_TYPE_i64, offsetof(struct kll, used)},
    {"limit", GYRE_TYPE_i64, offsetof(struct kll, limit)},
    {"least", GYRE_TYPE_i64, offsetof(struct kll, least)},
    {"greatest", GYRE_TYPE_i64, offsetof(struct kll, greatest)},
};
const struct gyre_state_type kll_type = {
    .size = sizeof(struct gyre_state_type),
    .version = 1,
    .name = "quantiles",
    .value_size = sizeof(struct kll),
    .value_align = _Alignof(struct kll),
    .members = members,
    .n_members = sizeof members / sizeof members[0],
    .encode = encode,
    .decode = decode,
};
