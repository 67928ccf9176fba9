/* Cuts of lists and maps; see cut.h. */
#include "state/cut.h"

#include <assert.h>

#include "base/mem.h"

void gy_cut_link(struct gy_cut *cut, struct gy_cut **list)
{
    cut->next = *list;
    cut->link = list;
    if (cut->next != NULL)
        cut->next->link = &cut->next;
    *list = cut;
}

void gy_cut_unlink(struct gy_cut *cut)
{
    assert(*cut->link == cut);
    *cut->link = cut->next;
    if (cut->next != NULL)
        cut->next->link = cut->link;
}

struct gy_cut *gy_cut_new(struct gy_saver *saver, const struct gy_store_entry *entry, uint64_t end,
                          uint64_t total)
{
    assert(end > 0 && total <= end);
    uint64_t pieces = (end + GY_PIECE - 1) / GY_PIECE;
    struct gy_cut *cut = gy_alloc(sizeof *cut + (pieces + 63) / 64 * sizeof *cut->saved);
    if (cut == NULL)
        return NULL;
    cut->saver = saver;
    cut->entry = *entry;
    cut->total = total;
    cut->end = end;
    cut->left = pieces;
    cut->saved = (uint64_t *)(void *)(cut + 1);
    gy_cut_link(cut, &saver->cuts);
    return cut;
}

void gy_cut_free(struct gy_cut *cut)
{
    gy_cut_unlink(cut);
    gy_free(cut);
}

static bool is_saved(const struct gy_cut *cut, uint64_t piece)
{
    return (cut->saved[piece / 64] >> (piece % 64) & 1) != 0;
}

bool gy_cut_touch(struct gy_cut *cut, uint64_t position)
{
    uint64_t piece = position / GY_PIECE;
    assert(position < cut->end && cut->left != 0);
    if (is_saved(cut, piece))
        return false;
    cut->saved[piece / 64] |= UINT64_C(1) << (piece % 64);
    cut->left--;
    if (cut->used == NULL || cut->used(cut->entry.slot, piece)) {
        cut->entry.piece = piece + 1;
        cut->saver->save(cut->saver->host, &cut->entry, 1);
    }
    return cut->left == 0;
}

uint64_t gy_cut_step(struct gy_cut *cut)
{
    assert(cut->left != 0);
    while (is_saved(cut, cut->cursor))
        cut->cursor++;
    uint64_t first = cut->cursor++ * GY_PIECE;
    gy_cut_touch(cut, first);
    return cut->end - first < GY_PIECE ? cut->end - first : GY_PIECE;
}
