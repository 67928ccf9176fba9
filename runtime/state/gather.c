/* Lists and maps out of pieces; see gather.h. */
#include "state/gather.h"

#include <assert.h>
#include <stdlib.h>

#include "base/vec.h"

struct gather {
    struct gy_cut cut; /* first: what `cut` of the list or map points to */
    GY_VEC(struct gy_run) runs;
    uint64_t n; /* items or elements so far */
};

int gy_piece_read(uint32_t kind, struct gy_piece *piece, struct gyre_reader *reader)
{
    piece->total = gyre_read_u64(reader);
    piece->first = gyre_read_u64(reader);
    piece->n = gyre_read_u64(reader);
    bool right = piece->n <= piece->total && (piece->n != 0 || piece->total == 0);
    if (kind == GYRE_STATE_LIST)
        right = right && piece->first <= piece->total - piece->n;
    if (reader->error == 0 && !right)
        reader->error = GYRE_ECORRUPT;
    return reader->error;
}

static struct gy_cut **cut_of(const struct gy_shape *shape, void *slot)
{
    return shape->kind == GYRE_STATE_LIST ? &((struct gyre_list *)slot)->cut
                                          : &((struct gyre_map *)slot)->cut;
}

bool gy_gathers(const struct gy_shape *shape, void *slot)
{
    return shape->kind != GYRE_STATE_VALUE && *cut_of(shape, slot) != NULL;
}

static struct gather *gather_new(const struct gy_shape *shape, struct gy_saver *saver, void *slot,
                                 uint64_t total)
{
    struct gather *gather = gy_alloc(sizeof *gather);
    if (gather == NULL)
        return NULL;
    gather->cut.saver = saver;
    gather->cut.entry.slot = slot;
    gather->cut.total = total;
    gy_cut_link(&gather->cut, &saver->gathers);
    *cut_of(shape, slot) = &gather->cut;
    return gather;
}

static void gather_free(const struct gy_shape *shape, struct gather *gather)
{
    *cut_of(shape, gather->cut.entry.slot) = NULL;
    gy_vec_fini(&gather->runs);
    gy_cut_free(&gather->cut);
}

void gy_gather_end_all(const struct gy_shape *shape, struct gy_saver *saver)
{
    while (saver->gathers != NULL)
        gather_free(shape, (struct gather *)(void *)saver->gathers);
}

static uint64_t end_of(const struct gy_shape *shape, const void *slot)
{
    return shape->kind == GYRE_STATE_LIST ? ((const struct gyre_list *)slot)->count
                                          : ((const struct gyre_map *)slot)->end;
}

static int by_first(const void *a, const void *b)
{
    uint64_t x = ((const struct gy_run *)a)->first, y = ((const struct gy_run *)b)->first;
    return (x > y) - (x < y);
}

/* All items are there: puts them in order. Pieces of a list that do not join are corrupt. */
static int complete(const struct gy_shape *shape, struct gather *gather)
{
    struct gy_run *runs = gather->runs.items;
    size_t n = gather->runs.n;
    assert(n > 0 && gather->n == gather->cut.total);
    void *slot = gather->cut.entry.slot;
    bool ordered = true;
    qsort(runs, n, sizeof *runs, by_first);
    for (size_t i = 1; i < n; i++) {
        ordered = ordered && runs[i].at > runs[i - 1].at;
        if (shape->kind == GYRE_STATE_LIST && runs[i].first != runs[i - 1].first + runs[i - 1].n)
            return GYRE_ECORRUPT;
    }
    if (shape->kind == GYRE_STATE_LIST && runs[0].first != 0)
        return GYRE_ECORRUPT;
    if (ordered)
        return 0;
    if (shape->kind == GYRE_STATE_MAP)
        return gy_map_permute(slot, runs, n);
    struct gyre_list *list = slot;
    list->cut = NULL;
    int code = gy_list_permute(list, runs, n);
    list->cut = &gather->cut;
    return code;
}

/* Notes where a piece stands. One that goes on where the piece of a list before it ended joins it. */
static int note(const struct gy_shape *shape, struct gather *gather, const struct gy_piece *piece,
                uint64_t at)
{
    struct gy_run *last = gather->runs.n > 0 ? &gather->runs.items[gather->runs.n - 1] : NULL;
    bool joins = last != NULL && last->first + last->n == piece->first && last->at + last->n == at;
    if (joins && shape->kind == GYRE_STATE_LIST)
        last->n += piece->n;
    else if (gy_vec_push(&gather->runs, (struct gy_run){piece->first, at, piece->n}) != 0)
        return GYRE_ENOMEM;
    gather->n += piece->n;
    assert(gather->n <= gather->cut.total);
    return gather->n == gather->cut.total ? complete(shape, gather) : 0;
}

static int read_into(struct gy_shape *shape, void *slot, uint64_t n, struct gyre_reader *reader,
                     uint32_t version)
{
    return shape->kind == GYRE_STATE_LIST ? gy_list_read(slot, n, reader, version)
                                          : gy_map_read(slot, n, reader, version);
}

static void truncate_to(const struct gy_shape *shape, void *slot, uint64_t end)
{
    if (shape->kind == GYRE_STATE_LIST)
        gy_list_truncate(slot, end);
    else
        gy_map_truncate(slot, (uint32_t)end);
}

/* Back to n items or elements in `end` places. The order of the runs does not matter. */
static void forget(const struct gy_shape *shape, struct gather *gather, uint64_t end, uint64_t n)
{
    truncate_to(shape, gather->cut.entry.slot, end);
    gather->n = n;
    for (size_t i = gather->runs.n; i-- > 0;) {
        struct gy_run *run = &gather->runs.items[i];
        if (run->at >= end)
            *run = gy_vec_pop(&gather->runs);
        else if (run->n > end - run->at)
            run->n = end - run->at;
    }
}

int gy_gather_read(struct gy_shape *shape, struct gy_saver *saver, void *slot,
                   const struct gy_piece *piece, struct gyre_reader *reader, uint32_t version)
{
    struct gather *gather = (struct gather *)(void *)*cut_of(shape, slot);
    bool made = gather == NULL;
    uint64_t before = end_of(shape, slot), n = made ? 0 : gather->n;
    if (made && piece->n == piece->total) {
        int code = read_into(shape, slot, piece->n, reader, version);
        if (code != 0)
            truncate_to(shape, slot, 0);
        return code;
    }
    if (made)
        gather = gather_new(shape, saver, slot, piece->total);
    if (gather == NULL)
        return GYRE_ENOMEM;
    int code = 0;
    if (piece->total != gather->cut.total || piece->n > piece->total - n)
        code = reader->error = GYRE_ECORRUPT;
    if (code == 0)
        code = read_into(shape, slot, piece->n, reader, version);
    if (code == 0)
        code = note(shape, gather, piece, before);
    if (code == GYRE_ECORRUPT)
        reader->error = code;
    if (code != 0)
        forget(shape, gather, before, n);
    if ((code != 0 && made) || (code == 0 && gather->n == gather->cut.total))
        gather_free(shape, gather);
    return code;
}
