/* One run of a subject in a check: a kit, a folder of its own for files, and the rows it has put out so far, also
 * where it is made anew from a snapshot. */
#ifndef GY_CONFORM_TRIAL_H
#define GY_CONFORM_TRIAL_H

#include "conform/script.h"
#include "op/strict.h"

#include <limits.h>

enum { GY_PORTS_MOST = 32 };

/* The rows of all ports. */
struct gy_outcome {
    uint32_t n;
    struct gyre_schema schemas[GY_PORTS_MOST];
    char names[GY_PORTS_MOST][64];
    struct gy_rows ports[GY_PORTS_MOST];
    struct gy_arena_ctl arena; /* of the schemas */
};

void gy_outcome_fini(struct gy_outcome *outcome);

/** Compares all ports but `errors`; what differs is told side by side. */
bool gy_outcome_same(const struct gy_outcome *expected, const struct gy_outcome *actual,
                     bool in_order, struct gy_buf *diff);

/* Where trials are made: constant during a check, but for the number of folders. */
struct gy_place {
    const struct gy_subject *subject;
    const char *plugin, *plugin_path, *scratch;
    const char *golden; /* the path of what an earlier version has saved; see golden.h */
    unsigned n_folders;
};

/* How rows are given. */
struct gy_manner {
    uint32_t batch; /* rows at once; 0: as the script says */
    bool holds;     /* several batches before a flush */
    bool garbage;   /* dropped rows of any bits between them */
    uint64_t seed;  /* of the garbage */
};

struct gy_trial {
    struct gy_place *place;
    struct gyre_kit *kit;
    struct gyre_kit_setup setup;
    struct gy_manner manner;
    char folder[PATH_MAX];
    struct gy_outcome out;
    uint32_t n_votes;
    uint8_t votes[256]; /* of the first rounds that have ended: 1: to stop */
};

/** Begins a run with so many tasks (0: one). The kit says what went wrong. */
void gy_trial_begin(struct gy_trial *trial, struct gy_place *place, uint32_t tasks);

/** The same with tasks that are not open yet. */
void gy_trial_begin_closed(struct gy_trial *trial, struct gy_place *place, uint32_t tasks);

/** Begins a run under a host that is strict, and outlives it; see op/strict.h. */
void gy_trial_begin_strict(struct gy_trial *trial, struct gy_place *place,
                           const struct gy_strict *strict);

void gy_trial_fini(struct gy_trial *trial);

/** Ends a round, and notes the vote. 0, or a code. */
int gy_trial_round(struct gy_trial *trial);

/** Does step i. 0, or a code. */
int gy_trial_step(struct gy_trial *trial, const struct gy_script *script, size_t i);

/** Does steps [from, to). 0, or a code. */
int gy_trial_steps(struct gy_trial *trial, const struct gy_script *script, size_t from, size_t to);

/** Ends all inputs, and collects what has come out. 0, or a code. */
int gy_trial_end(struct gy_trial *trial);

/** All of a script: steps and end. 0, or a code. */
int gy_trial_run(struct gy_trial *trial, const struct gy_script *script);

/** Goes on from a snapshot of itself at another number of tasks: the process is taken to have died. Before it dies it
 *  gets the steps from `dirty` on, where that is below their number. 0, or a code. */
int gy_trial_restart(struct gy_trial *trial, uint32_t tasks, const struct gy_script *script,
                     size_t dirty);

/** Moves what has come out from the kit. */
void gy_trial_collect(struct gy_trial *trial);

/** What has gone wrong, "" for nothing. */
const char *gy_trial_error(const struct gy_trial *trial);

/** What others see of its output, as one text: the visible files of its folder, or what the subject's `seen` prints.
 *  0, or a code where that fails: then the text is what it says. */
int gy_trial_seen(const struct gy_trial *trial, struct gy_buf *into);

#endif
