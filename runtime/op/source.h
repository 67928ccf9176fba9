/* ONE task of a source: the splits it reads, polling them, saving how far it is.
 *
 *     gy_source_deal                    DEAL: its share of the splits
 *     gy_source_wants ─ gy_source_add   QUEUE: one that gy_splits_take gave
 *     gy_source_poll                    rows; splits come to their end
 *     gy_source_save                    SPLITS and SPLIT records (op/splits)
 *
 * Invariant: a split is either nobody's, or in `active` or `done` of exactly one task. */
#ifndef GY_OP_SOURCE_H
#define GY_OP_SOURCE_H

#include "base/vec.h"
#include "op/instance.h"
#include "op/splits.h"

/* Zeroed, and with its pointers set, it is ready. */
struct gy_source {
    struct gy_instance *instance;
    const struct gy_splits *splits; /* of all tasks of the source */
    GY_VEC(uint32_t) active;
    GY_VEC(uint32_t) done; /* in this run */
    bool dealt;
};

void gy_source_fini(struct gy_source *source);

/** Where splits are dealt, adds those of this task that are not done; once. 0, or a code. */
int gy_source_deal(struct gy_source *source);

/** True where it reads nothing and asks for the next split of the queue. */
bool gy_source_wants(const struct gy_source *source);

/** Begins a split, where a snapshot says it was. 0, or a code; the instance says why. */
int gy_source_add(struct gy_source *source, uint32_t id);

/** Polls, hands out all that came of it, and ends a split that it tells the end of: `*ended`. 0, or a
 *  code. */
int gy_source_poll(struct gy_source *source, struct gyre_poll *poll, bool *ended);

/** Writes how far this task is; task 0 also what all splits are. 0, or a code. */
int gy_source_save(const struct gy_source *source, struct gy_part *part);

#endif
