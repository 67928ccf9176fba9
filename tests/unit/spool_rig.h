/* Two spools of one head on a simulated disk, and beside each a plain list of what has to be in it. */
#ifndef TESTS_UNIT_SPOOL_RIG_H
#define TESTS_UNIT_SPOOL_RIG_H

#include "flow/replay.h"
#include "support/sim_disk.h"
#include "unit/flow_rows.h"

#define SPOOL_FOLDER   "/snap/.rows"
#define SPOOL_SNAPSHOT "/snap/.1"
#define SPOOL_STATE    SPOOL_SNAPSHOT "/step-0.state"

enum { SPOOL_ENTRIES = 3 }; /* of which the second has no rows */

/* A message: its rows follow from these. */
struct spool_item {
    int64_t first;
    uint32_t rows, entry, generation;
};

struct spool_list {
    GY_VEC(struct spool_item) v;
    size_t at; /* what is before it was taken */
};

struct spool_rig {
    struct sim_disk *sim;
    struct gy_disk *disk;
    struct rows_edge edges[2];
    struct gy_spool_entry entries[SPOOL_ENTRIES];
    struct gy_spill spill;
    struct gy_spool now, next;
    struct spool_list in_now, in_next;
    struct spool_list logged[2]; /* by tag: what has to be in the log at hand */
    int64_t id;
    struct gy_rng rng;
    /* The log at hand: */
    struct gy_part part;
    struct gy_buf state;
    struct gy_manifest_task task;
};

/** Bounds of 0: the defaults. */
void spool_rig_init(struct spool_rig *rig, uint64_t seed, uint64_t memory_max,
                    uint32_t segment_bytes);
/** Drops what waits; asserts that nothing is left anywhere. */
void spool_rig_fini(struct spool_rig *rig);

/** Puts a message of random size. What the spool said. */
int spool_rig_put(struct spool_rig *rig, struct gy_spool *spool, bool to_log);

/** Takes a message and compares it; false where there was none. */
bool spool_rig_take(struct spool_rig *rig, struct gy_spool *spool);

void spool_rig_splice(struct spool_rig *rig);

/** Begins a log, and marks both spools. */
void spool_rig_log_begin(struct spool_rig *rig, bool distrust);

/** Writes what is left, ends the state file and the log; false where it has failed. */
bool spool_rig_log_end(struct spool_rig *rig);

/** Reads the log back and compares it; asserts it is what had to be logged. */
void spool_rig_compare_log(struct spool_rig *rig);

#endif
