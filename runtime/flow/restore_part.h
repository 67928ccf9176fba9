/* What a snapshot has, read and not given to anybody yet: for the files of a restore. */
#ifndef GY_FLOW_RESTORE_PART_H
#define GY_FLOW_RESTORE_PART_H

#include "flow/replay.h"
#include "flow/restore.h"
#include "state/items.h"
#include "state/part.h"
#include "state/type.h"

/* What a snapshot has of one operator of the job, but for keyed state and items. */
struct gy_restore_part {
    const struct gy_manifest_operator *saved; /* NULL: nothing, or not wanted */
    struct gy_form_segment *states;           /* of the node, per state of the snapshot */
    struct gy_form form;                      /* of them */
    bool has_items;
    uint64_t n_items;       /* that were given to tasks so far */
    struct gy_items *txns;  /* per old task: contents of TXN records */
    uint64_t *drawn;        /* per old task: random numbers */
    struct gy_items splits; /* SPLITS, then the SPLIT records */
    bool stable;            /* see is_stable */
};

struct gy_restore {
    struct gy_disk *disk;
    const struct gy_manifest *manifest;
    const struct gy_graph *graph;
    struct gy_restore_part *parts; /* per node */
};

/** Opens the file of an old task. 0, 1 where it has none, or a code and `error`.
 *  Owns:    the caller `*path`, also where it fails */
int gy_restore_open(const struct gy_restore *restore, const struct gy_manifest_task *task,
                    struct gy_part_reader *reader, char **path, struct gyre_error *error);

/* Giving the rows that waited at an old task of a head (flow/restore_feedback). */
struct gy_restore_feedback {
    struct gy_restore *restore;
    struct gy_flow *flow;
    const struct gy_node *node;
    uint32_t old_task;
    bool begun;
    struct gy_replay replay;
};

/** Gives the rows of a record, in the order of the file: to the tasks that their edge would have led them to.
 *  0, or a code and `error`, unless the flow has failed. */
int gy_restore_feedback(struct gy_restore_feedback *feedback, const struct gy_record *record,
                        struct gyre_error *error);
void gy_restore_feedback_fini(struct gy_restore_feedback *feedback);

/** Gives how far the loop of a head had come, and whose end of a round waits at it (flow/restore_rounds). */
void gy_restore_rounds(struct gy_flow *flow, const struct gy_node *node,
                       const struct gy_restore_part *part);

/** After it of all nodes: gives who had told the end of a round that was on its way, and who had heard of it. */
void gy_restore_ending(struct gy_flow *flow);

#endif
