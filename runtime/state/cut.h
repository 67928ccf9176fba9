/* A cut: a large list or map that a pending snapshot saves piece by piece.
 *
 * When the snapshot comes to it, nothing is saved yet: the cut notes how many positions there are, and
 * from then on each piece of GY_PIECE positions is saved before it changes, or when
 * gy_store_save_slice gets there. Positions are those of the moment of the cut:
 *
 *   list   number of the item. Dropping during a cut hides items and ends them when all before them
 *          is saved: position = index + hidden + gone
 *   map    number of the pair. Pairs of the cut keep their places: what would close them up waits
 *
 * A removed entry with a cut leaves the table, and lives on until its last piece is saved. */
#ifndef GY_STATE_CUT_H
#define GY_STATE_CUT_H

#include "state/store.h"

#define GY_PIECE      256u
#define GY_PIECES_MIN 64u /* up to so many positions are saved at once, without a cut */

/* Items or pairs that stand together; for putting pieces in order. */
struct gy_run {
    uint64_t first; /* where they belong */
    uint64_t at;    /* where they stand */
    uint64_t n;
};

/* What a store's entries are saved to. Owned by its task. */
struct gy_saver {
    gy_store_save *save;
    void *host;
    struct gy_cut *cuts;    /* that have something left to save, newest first */
    struct gy_cut *gathers; /* lists and maps that wait for more pieces of a restore: gather.h */
};

struct gy_cut {
    struct gy_cut *next, **link; /* in the saver's list */
    struct gy_saver *saver;
    struct gy_store_entry entry;
    uint64_t total;  /* items or elements */
    uint64_t end;    /* positions */
    uint64_t left;   /* pieces that are not saved */
    uint64_t cursor; /* pieces before it are saved */
    uint64_t hidden; /* list: items at the front that were dropped since */
    uint64_t gone;   /* list: items before those that were ended since */
    bool orphan;     /* the entry was removed since */
    bool (*used)(const void *slot, uint64_t piece); /* whether it has an element; NULL: it has */
    uint64_t *saved;                                /* bit per piece */
};

/** Cuts the list or map of an entry, and links it. NULL without memory. */
struct gy_cut *gy_cut_new(struct gy_saver *saver, const struct gy_store_entry *entry, uint64_t end,
                          uint64_t total);

/** Unlinks and frees a cut, whether all is saved or not. */
void gy_cut_free(struct gy_cut *cut);

/** Saves the piece of a position unless it is saved; true when all pieces are, and the cut can end. */
bool gy_cut_touch(struct gy_cut *cut, uint64_t position);

/** Saves the first piece that is not; how many positions it has. */
uint64_t gy_cut_step(struct gy_cut *cut);

/** Links a cut of any kind into one of the saver's lists. */
void gy_cut_link(struct gy_cut *cut, struct gy_cut **list);
void gy_cut_unlink(struct gy_cut *cut);

#endif
