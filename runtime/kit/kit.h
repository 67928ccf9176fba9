/* One operator under test and all that stands around it: what is behind gyre/testkit.h.
 *
 *   gyre_kit_push ── copies the rows ── key functions, where there are ── deal by key ──┐
 *                                                                    task 0 ... n - 1 ──┴── rows, per port
 *
 * The setup becomes the text of a job with a stub on each side, and its graph says what the operator is. The tasks are
 * instances of op/ with a frontier each; a snapshot has the records that a file of one would have, and restoring deals
 * them out as op/deal says. So nothing here knows what an operator does, or when it has to.
 *
 * Rows are presented in memory of their own, which is filled with 0xDB when the call is over: what kept a reference
 * sees it. */
#ifndef GY_KIT_KIT_H
#define GY_KIT_KIT_H

#include "job/config.h"
#include "kit/rows.h"
#include "op/frontier.h"
#include "op/source.h"
#include "op/txns.h"
#include "state/snapshot.h"

#include <gyre/testkit.h>

struct gy_kit_task {
    struct gyre_kit *kit;
    struct gy_instance *instance;
    struct gy_frontier frontier;
    struct gy_source source;
    struct gy_txns txns;
    int64_t told_us;
};

/* A key function that is run ahead of an input port. */
struct gy_kit_ahead {
    struct gyre_kit *kit;
    struct gy_instance *instance;
    uint32_t port;  /* of the operator under test */
    uint32_t order; /* among those of the port */
};

struct gy_kit_port {
    const struct gy_edge *edge;       /* into the operator; NULL: not connected */
    const struct gyre_schema *schema; /* of what is pushed */
    uint32_t slot;                    /* of the gates */
    uint32_t n_ahead;
    struct gy_kit_ahead *ahead;
    uint64_t n_dealt; /* rows so far */
    int64_t watermark_us;
    bool ended;
};

struct gyre_kit {
    struct gy_job *job;
    struct gy_plugins *plugins;
    struct gy_graph *graph;
    const struct gy_node *node;
    struct gy_pool *pool;
    struct gy_clock_manual clock;
    const char *job_name;
    uint64_t seed;
    bool restores;
    struct gy_splits splits;
    uint32_t n_slots;
    uint32_t n_tasks;
    struct gy_kit_task *tasks;
    struct gy_kit_port *inputs;
    struct gy_rows *outputs;
    uint64_t epoch;
    uint64_t n_rounds;  /* that have ended */
    bool holds;         /* rows that do not fill a batch stay until the next settling */
    uint64_t n_changed; /* long strings of the input that were written to, where `around` is set */
    uint64_t n_behind;  /* rows that came out behind a watermark that was told */
    int code;           /* of the first failure */
    struct gy_buf error;
    struct gy_buf text; /* what was given to the caller last */
    struct gy_buf log;
    uint64_t *hash; /* room for a batch */
    uint8_t *keep;
    /* Told of each call's memory before and after it; NULL: nobody wants to know. */
    void (*around)(void *host, void *memory, size_t size, bool before);
    void *host;
};

/* One record of a snapshot. */
struct gy_kit_record {
    enum gy_record_kind kind;
    uint16_t index;
    uint32_t n;
    uint8_t *bytes;
};

struct gy_kit_saved {
    GY_VEC(struct gy_kit_record) records;
    bool failed;
};

/* What a state was called, and its version. */
struct gy_kit_state {
    char *name;
    uint32_t version;
};

struct gyre_kit_snapshot {
    uint32_t n_tasks;
    struct gy_kit_saved *tasks;
    struct gy_manifest_task *reached; /* per task; no file */
    uint32_t items_version;
    uint32_t n_states;
    struct gy_kit_state *states;
    uint32_t n_inputs;
    int64_t *watermarks_us; /* per input port */
    bool *ended;
    uint64_t epoch, n_rounds;
    int64_t now_us;
};

/** Keeps the first failure, with a sentence. */
int gy_kit_fail(struct gyre_kit *kit, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Keeps the failure of an instance, whose last call gave `code`. */
int gy_kit_fail_call(struct gyre_kit *kit, const struct gy_instance *instance, int code);

/** Forgets the failure, after which the operator goes on: one of a snapshot. */
void gy_kit_forgive(struct gyre_kit *kit);

/** The input port of a name (NULL: the first), or NULL, and a failure. */
struct gy_kit_port *gy_kit_input(struct gyre_kit *kit, const char *name);

/** Makes a kit whose tasks are not open: its graph and instances. See gyre_kit_new. */
struct gyre_kit *gy_kit_make(const struct gyre_kit_setup *setup, bool restores);

/** Opens the tasks. 0, or a code. */
int gy_kit_open(struct gyre_kit *kit);

/** Discovers what a source is to read, and opens the tasks. 0, or a code. */
int gy_kit_start(struct gyre_kit *kit);

/** Hands a batch of input `p` on: to the key function of this order, or to the tasks. */
void gy_kit_pass(struct gyre_kit *kit, uint32_t p, uint32_t order, const struct gy_batch *batch);

/** Gives rows[first ... first + n - 1] in one batch. `keep` NULL, or a byte for each: rows with 0 are not there. `settle`:
 *  and has done what follows. 0, or a code. */
int gy_kit_give(struct gyre_kit *kit, struct gy_kit_port *port, const struct gy_rows *rows,
                uint32_t first, uint32_t n, const uint8_t *keep, bool settle);

/** Flushes all tasks, and has done what follows, until nothing is left. 0, or a code. */
int gy_kit_settle(struct gyre_kit *kit, bool idle);

/** Lets all tasks see that a round begins: the one after those that have ended. */
void gy_kit_round_begin(struct gyre_kit *kit);

/** Begins to end a round, and does so many slices of a row each of what follows for each task: 1 where more is left,
 *  so that it can be saved as it is; 0, or a code. */
int gy_kit_round_end_part(struct gyre_kit *kit, uint32_t slices);

/** Takes a snapshot as gyre_kit_snapshot does, but has not done first what is left to do. */
struct gyre_kit_snapshot *gy_kit_save(struct gyre_kit *kit);

/** Rows that came out of all ports and were not taken. */
uint64_t gy_kit_rows_out(const struct gyre_kit *kit);

#endif
