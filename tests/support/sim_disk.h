/* A disk in memory, that fails when it is told to, and at a power cut forgets what was not synced.
 *
 *     struct sim_disk *sim = sim_disk_new(seed);
 *     sim_disk_stop_after(sim, 17);     the power goes after 17 operations
 *     ... work with &sim->disk ...
 *     sim_disk_crash(sim, seed);        what is there when the power comes back
 *
 * What POSIX promises, and no more. The bytes of a file outlast a power cut after a sync of it; names
 * after sync_dir of their folder. Of what was not synced the seed chooses what outlasts it: each
 * make, remove and rename on its own, whatever their order was; of unsynced bytes a part, also
 * with zeros in it where bytes were. A sync that failed has lost what it was to bring out, even if
 * a later one succeeds.
 *
 * Paths are split at slashes and begin at the root, with a slash or without. Memory is malloc's, so
 * that tests which fail gy_alloc do not fail the disk, but for the names that `list` gives. */
#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

#include "base/disk.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

struct sim_node;
struct sim_handle;

/* Read freely; changed by the functions below. Calls of `disk` may come from any thread. */
struct sim_disk {
    struct gy_disk disk; /* first: what is passed on */
    uint64_t n_ops;      /* operations so far */
    uint64_t fail_at;    /* the operation that fails, counted as n_ops; 0: none */
    int fail_errno;
    bool failed;        /* it has failed */
    uint64_t stop_at;   /* from this operation on there is no power; 0: there always is */
    size_t space, used; /* bytes; a file or folder takes 64 beside its content */
    bool read_only;     /* what would change something fails with EROFS */
    uint64_t rng;       /* of torn writes, and of what a failed sync loses */
    struct sim_node *root, *nodes;
    struct sim_handle *handles;
    int n_handles, n_open;
    char **log; /* one line for each operation since the last crash, with its result */
    size_t n_log;
    pthread_mutex_t lock;
};

struct sim_disk *sim_disk_new(uint64_t seed);
void sim_disk_free(struct sim_disk *sim);

/** The k-th operation from now on (1: the next) fails with `error`, an errno; k 0: none does. */
void sim_disk_fail(struct sim_disk *sim, uint64_t k, int error);

/** True where the operation that was to fail has come. */
bool sim_disk_failed(const struct sim_disk *sim);

/** After n more operations the power is gone: all others fail with EIO and do nothing. */
void sim_disk_stop_after(struct sim_disk *sim, uint64_t n);

/** Space for so many bytes more than are in use. */
void sim_disk_set_space(struct sim_disk *sim, size_t more);

/** The power goes and comes back: unsynced things outlast it or not, as the seed says (0: nothing
 *  does, 1: all does); handles are closed, failures and limits taken back. */
void sim_disk_crash(struct sim_disk *sim, uint64_t seed);

/** Puts a file in place, folders and all, as if it had long been synced. Counts as no operation. */
void sim_disk_put(struct sim_disk *sim, const char *path, const void *bytes, size_t n);

/** The bytes of a file; NULL where there is none. Borrowed until the next operation. */
const void *sim_disk_get(const struct sim_disk *sim, const char *path, size_t *n);

/** Removes a file or a folder with all that is in it, for good. Counts as no operation. */
void sim_disk_drop(struct sim_disk *sim, const char *path);

/** Prints the operations since the last crash, for a test that failed. */
void sim_disk_print(const struct sim_disk *sim, FILE *to);

#endif
