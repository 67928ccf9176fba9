/* A region: operators that form cycles with each other, all their tasks; and who knows when nothing is in
 * flight in it.
 *
 *   channels from outside ─ rows ─────────────────────> tasks of the region ──> channels to outside
 *         └─ watermark, idle, end ─> gy_region ─ decisions ┘   └── rows ──┘
 *
 * Counting. A message that goes from one task of the region to another is counted before it is pushed, and
 * uncounted when the turn that consumed it has flushed all that came of it. A task that takes rows from
 * outside, or works on its own account, is counted itself until the same moment. What waits for the next
 * round at a head is not counted in flight but in `waiting`, before it is uncounted. So: while any row, or
 * anything that may become a row, is in the region, the count is not zero; and who is counted is caused by
 * somebody who still was. Once all that comes from outside has ended, a count of zero stays zero: nothing
 * is left that could raise it but a decision. That is the whole proof of the end; no time-out takes part.
 *
 * Generations. Everything counted belongs to one of two generations: what comes from outside to the one of
 * the moment, a message to that of the message which caused it (a task flushes before it turns to a message
 * of the other). To release a watermark the region changes the generation of the moment; when the one
 * before is at zero, no row that came in before the watermark is left, nor a descendant of one. Meanwhile
 * later watermarks coalesce. Rows that wait for the next round hold it as well.
 *
 * Decisions. What is decided, each task of the region obeys at its next turn: one at a time.
 * A watermark, idleness, the end; and for loops with rounds: end the round, open the next, close the loop.
 * The end of a round goes from the head over the edges inside the loop, behind the rows that it is of. At
 * the head of a loop inside it waits until that loop is dry, and done with its own rounds.
 * A decision counts each task until it has obeyed and flushed. None is made while a barrier is on its way
 * through the region, and no task passes a barrier before it has obeyed; so at a snapshot all tasks have
 * obeyed the same decisions, and all that followed from them in the order of channels.
 *
 * Shared: the atomics; the rest is under `lock`, which is taken for decisions, barriers, and what comes from
 * outside that is no rows. */
#ifndef GY_FLOW_QUIESCE_H
#define GY_FLOW_QUIESCE_H

#include "graph/logical.h"
#include "op/gate.h"

#include <pthread.h>
#include <stdatomic.h>

struct gy_flow;

enum gy_rounds_phase {
    GY_ROUNDS_IDLE,    /* no row has come since it stopped */
    GY_ROUNDS_RUNNING, /* a round is open */
    GY_ROUNDS_ENDING   /* its end is on its way through the loop */
};

/* How far a loop with rounds has come; what a snapshot has of it. */
struct gy_rounds_at {
    enum gy_rounds_phase phase;
    uint64_t number; /* of the round, 0: of what came from outside */
    uint64_t ends;   /* rounds that have ended, whatever their number */
    bool touched;    /* rows have come to it from outside */
    bool stop;       /* ENDING: an operator has voted to stop */
};

/* A loop with rounds, as it runs. */
struct gy_rounds {
    const struct gy_loop *loop;
    struct gy_rounds_at at;    /* but `touched` and `stop` */
    struct gy_rounds_at saved; /* at the last barrier */
    uint32_t *votes;           /* per node: its tasks that vote to stop */
    bool *held;           /* per node: the end of the round waits at its tasks, for a loop inside */
    bool *saved_held;     /* at the last barrier */
    bool *told;           /* per node, after a restore: it had told the end of the round at hand */
    _Atomic bool touched; /* tasks that take rows from outside the loop */
    _Atomic uint64_t waiting; /* messages for the next round; tasks with the head */
};

enum gy_decision_kind {
    GY_DECIDED_RELEASE = 1, /* a watermark, and idleness, to all that comes from outside */
    GY_DECIDED_END,         /* its end */
    GY_DECIDED_END_ROUND,
    GY_DECIDED_PASS_END, /* the end of a round that waited at heads inside goes on */
    GY_DECIDED_OPEN,     /* the next round */
    GY_DECIDED_CLOSE,    /* there is no next round: what waits for it is dropped */
    GY_DECIDED_DISCARD   /* a stop: all that goes round is dropped, now and from now on */
};

struct gy_decision {
    enum gy_decision_kind kind;
    uint32_t generation;      /* that its tasks are counted in */
    int64_t time_us;          /* RELEASE */
    bool flag;                /* RELEASE: idle; END: by a stop */
    bool waits;               /* RELEASE: idle until the end */
    struct gy_rounds *rounds; /* END_ROUND, OPEN, CLOSE; its `at` stays while it is obeyed */
};

struct gy_region {
    struct gy_flow *flow;
    _Alignas(64) _Atomic uint64_t in_flight;  /* 32 bits per generation */
    _Alignas(64) _Atomic uint32_t generation; /* of the moment; under `lock` */
    _Atomic uint64_t n_decisions;             /* the last one's number; under `lock` */
    _Atomic bool listening;                   /* somebody waits for a count of zero; under `lock` */
    _Atomic uint32_t n_above; /* heads whose queue is above its bound; those tasks */
    pthread_mutex_t lock;
    uint32_t n_tasks;
    uint32_t n_slots; /* channels from outside */
    struct gy_gate gate;
    struct gy_decision decision;
    uint32_t n_obeying; /* tasks that have not obeyed it yet */
    uint32_t n_passed;  /* tasks that have passed the barrier which is on its way */
    bool holding;       /* a watermark, until `held` is at zero */
    uint32_t held;      /* generation */
    int64_t held_us;
    int64_t released_us;
    int64_t last_us;       /* from outside, before +infinity */
    int64_t saved_last_us; /* at the last barrier */
    bool released_idle;
    struct gy_rounds *ending; /* whose end of a round is on its way */
    bool stopping;            /* whatever has ended by itself */
    bool halted;              /* all is in the snapshot of a stop: nothing is decided any more */
    bool ended, discarding;
    uint32_t n_rounds;
    struct gy_rounds *rounds; /* in the order in which rounds end */
};

/** Prepares a region of which tasks and slots are counted by the caller afterwards; gy_region_ready then.
 *  0, or GYRE_ENOMEM. */
int gy_region_init(struct gy_region *region, struct gy_flow *flow, uint32_t index);
int gy_region_ready(struct gy_region *region);
void gy_region_fini(struct gy_region *region);

/** The rounds of a loop; NULL where it has none. */
struct gy_rounds *gy_region_rounds(struct gy_region *region, const struct gy_loop *loop);

static inline uint64_t gy_region_unit(uint32_t generation)
{
    return generation == 0 ? 1 : UINT64_C(1) << 32;
}

/** Counts `n` messages that are about to be pushed, or are put into a queue of the region.
 *  Thread:  [any] that is counted itself, or before the flow runs */
static inline void gy_region_count(struct gy_region *region, uint32_t generation, uint64_t n)
{
    /* seq_cst: see gy_region_uncount. */
    atomic_fetch_add_explicit(&region->in_flight, n * gy_region_unit(generation),
                              memory_order_seq_cst);
}

/** Uncounts `n` of a generation; at zero what follows is decided.
 *  Thread:  [any] */
void gy_region_uncount(struct gy_region *region, uint32_t generation, uint64_t n);

/** Counts a task that takes something from outside, or begins to work: its generation.
 *  Thread:  [any] */
uint32_t gy_region_enter(struct gy_region *region);

/** What comes from outside by channel `slot`. */
void gy_region_watermark(struct gy_region *region, uint32_t slot, int64_t time_us);
void gy_region_idle(struct gy_region *region, uint32_t slot, bool idle, bool waits);
void gy_region_end(struct gy_region *region, uint32_t slot, bool stopped);

/** Rows come to a task, which is counted, from outside these loops; NULL ends them. */
static inline void gy_rounds_touch(struct gy_rounds *const *rounds)
{
    for (; *rounds != NULL; rounds++) /* relaxed: it is looked at when the task is uncounted */
        if (!atomic_load_explicit(&(*rounds)->touched, memory_order_relaxed))
            atomic_store_explicit(&(*rounds)->touched, true, memory_order_relaxed);
}

/** The job is to stop, without a snapshot: what goes round is discarded when nothing comes from outside any more,
 *  whether or not that was stopped too. */
void gy_region_stop(struct gy_region *region);

/** The number of the last decision.
 *  Thread:  [any] */
static inline uint64_t gy_region_decisions(const struct gy_region *region)
{
    /* acquire: `decision` is written before. */
    return atomic_load_explicit(&region->n_decisions, memory_order_acquire);
}

/** A task has obeyed the decision at hand. */
void gy_region_obeyed(struct gy_region *region);

/** Counts a task of `node` that has seen the end of the round and votes to stop. */
void gy_region_vote(struct gy_region *region, struct gy_rounds *rounds, uint32_t node);

/** The end of the round at hand waits at the tasks of `node`, which is the head of a loop inside. */
void gy_region_hold_end(struct gy_region *region, struct gy_rounds *rounds, uint32_t node);

/** A task that has obeyed `n_decisions` passes a barrier, which is that of a stop where it `halts`; the last one fills
 *  the `saved` of all rounds. False: there is a decision to be obeyed before. */
bool gy_region_pass(struct gy_region *region, uint64_t n_decisions, bool halts);

#endif
