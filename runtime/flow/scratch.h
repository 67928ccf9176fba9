/* A folder for files that end with the run: rows that do not fit into memory (flow/spool).
 *
 * Beside snapshots it is DIR/.rows, so that its files can be linked into these; whoever prepares DIR for
 * the next run removes it. Else it is a new folder in $TMPDIR or /tmp, locked (flock) as long as the run
 * lives: what a killed run has left there is removed by the next one that comes by. */
#ifndef GY_FLOW_SCRATCH_H
#define GY_FLOW_SCRATCH_H

#include "base/disk.h"

/* Zeroed, it is valid for gy_scratch_fini alone. */
struct gy_scratch {
    struct gy_disk *disk; /* what `path` is on */
    char *path;
    int lock; /* descriptor of the folder; -1: none */
};

/** Makes the folder: beside the snapshots in `dir`, on `disk`; NULL: there are none, and it is on the machine's.
 *  0, or a code and a sentence. */
int gy_scratch_init(struct gy_scratch *scratch, struct gy_disk *disk, const char *dir,
                    struct gyre_error *error);

/** Removes the folder and the files in it. */
void gy_scratch_fini(struct gy_scratch *scratch);

#endif
