/* Small snapshots of two operators, which suites take, find and damage in SAMPLE_DIR. */
#ifndef TESTS_UNIT_SNAPSHOT_SAMPLE_H
#define TESTS_UNIT_SNAPSHOT_SAMPLE_H

#include "state/snapshot.h"
#include "support/sim_disk.h"
#include <gyre/state.h>

#define SAMPLE_DIR   "jobs/snap"
#define SAMPLE_TASKS 2u

/* A manifest that borrows all it has. */
struct sample {
    struct gy_manifest manifest;
    struct gy_manifest_plugin plugins[2];
    struct gy_manifest_operator ops[2];
    struct gy_manifest_state states[2];
    struct gy_manifest_task tasks[SAMPLE_TASKS], idle[1];
    struct gy_manifest_file
        files[2]; /* of the first task; that of the snapshot before, and its own */
    char names[2][32];
};

void sample_init(struct sample *s, uint64_t id);

/** Writes the files of a snapshot that was begun, and says in the manifest what they are. */
int sample_write_files(struct gy_disk *disk, struct sample *s, struct gyre_error *error);

/** A snapshot from its begin to its publishing; it is discarded where that fails. */
int sample_take_snapshot(struct gy_disk *disk, uint64_t id, struct gyre_error *error);

/** A disk with snapshots 1 to n. Owns: sim_disk_free() it. */
struct sim_disk *sample_disk_with(uint64_t n);

/* What gy_snapshot_newest told: how many sentences, and the last one. */
struct sample_told {
    int n;
    char text[GYRE_ERROR_TEXT];
};

/** The id of the newest intact snapshot; 0: there is none, -1: an error, whose text is in `t`. */
int64_t sample_newest(struct gy_disk *disk, uint64_t least, struct sample_told *t);

/** Asserts which one it is, and what is told of the one after it (""; nothing). */
void sample_expect_newest(struct sim_disk *sim, int64_t id, const char *text);

/** CU_ASSERT_STRING_EQUAL that prints both. */
void sample_expect_text(const char *is, const char *wanted);

#endif
