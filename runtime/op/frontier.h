/* How far ONE operator task has come: what its inputs have told, what the instance has seen, what its
 * consumers are told. The one place that decides which watermark goes out, and when the end is there.
 *
 *   inputs ─ watermark, idle, end ─> gate ─> instance: seen ── work done ──> told ──> consumers
 *   a source, or who sets times ─ own watermarks ──┘
 *
 * An instance that has work to do because of what it has seen (gy_instance_work) holds back what is told
 * until the work is done; rows and barriers do not wait. So there are two watermarks, both of them part
 * of a snapshot. An operator that sets the times of its rows tells its own watermarks, and of its inputs'
 * only the last one. The end is told when all inputs have ended, or a source has nothing left, and no
 * work is left; a stop is an end without the watermark +infinity.
 *
 * Invariants: told <= seen; neither goes back; nothing is told after the end. */
#ifndef GY_OP_FRONTIER_H
#define GY_OP_FRONTIER_H

#include "op/gate.h"
#include "op/instance.h"

struct gy_frontier {
    struct gy_instance *instance;
    struct gy_gate gate;
    bool speaks; /* puts out watermarks of its own: a source, or an operator that sets times */
    bool is_source;
    bool clocked;   /* the instance has work by the clock */
    bool stamps;    /* a source whose rows have the time at which they came: so has its watermark */
    bool unsettled; /* gy_frontier_step may have something to do */
    bool waits;     /* a source without anything to read, while other tasks of it still read */
    bool exhausted; /* a source has nothing left, or was stopped; or there are no inputs */
    bool halted;    /* no work is done any more */
    bool stopped;   /* with the end: more would have come */
    bool ended;     /* the end was told */
    bool told_idle;
    bool told_waits;
    int64_t told_us; /* the last watermark told */
    int64_t last_us; /* of the inputs, before +infinity */
};

/* What consumers are to be told. */
enum gy_told_kind {
    GY_TOLD_NOTHING,
    GY_TOLD_LATER, /* nothing yet: the instance has done some work and has more */
    GY_TOLD_WATERMARK,
    GY_TOLD_IDLE,
    GY_TOLD_END
};

struct gy_told {
    enum gy_told_kind kind;
    int64_t time_us; /* WATERMARK */
    bool flag;       /* IDLE: it is, else it is active again; END: by a stop */
    bool waits;      /* IDLE: until its end */
};

/** Prepares the frontier of an instance with so many inputs. 0, or GYRE_ENOMEM. */
int gy_frontier_init(struct gy_frontier *frontier, struct gy_instance *instance, uint32_t n_inputs);
void gy_frontier_fini(struct gy_frontier *frontier);

/** Sets what a snapshot says: what it had seen and told, or that it had told its end. The instance is
 *  told by gy_instance_restored. */
void gy_frontier_restore(struct gy_frontier *frontier, int64_t seen_us, int64_t told_us,
                         bool ended);

/* What an input tells. Behind the operator's own end, which a restore may have brought back, nothing
 * of it matters. */
void gy_frontier_watermark(struct gy_frontier *frontier, uint32_t input, int64_t time_us);
void gy_frontier_idle(struct gy_frontier *frontier, uint32_t input, bool idle, bool waits);
void gy_frontier_end(struct gy_frontier *frontier, uint32_t input, bool stopped);

/** A source has read everything, or is to stop; or an operator has no inputs at all. */
void gy_frontier_exhaust(struct gy_frontier *frontier, bool stopped);

/** A source has nothing to read while other tasks of it still do: it is idle, and not at its end. */
void gy_frontier_wait(struct gy_frontier *frontier);

/** Before anything else: true where it is idle from the start, which consumers are to be told before the first
 *  row is. */
bool gy_frontier_begin(struct gy_frontier *frontier, struct gy_told *told);

/** The instance has got work by another way than a watermark: the end of a round. */
void gy_frontier_unsettle(struct gy_frontier *frontier);

/** After the barrier of a stop: what was seen and not told stays for whoever goes on. */
void gy_frontier_halt(struct gy_frontier *frontier);

/** Does the next thing that follows from all that: tells the instance a watermark, does a slice of its
 *  work (about `rows_max` rows out; 0: none), hands out its rows before anything is told. To be called
 *  until it gives GY_TOLD_NOTHING or _LATER. 0, or a code; the instance says why. */
int gy_frontier_step(struct gy_frontier *frontier, uint32_t rows_max, struct gy_told *told);

/** The processing time at which gy_frontier_step will have something to do; INT64_MAX: none. */
int64_t gy_frontier_wake_us(const struct gy_frontier *frontier);

/** False where gy_frontier_step may have something to do. */
static inline bool gy_frontier_is_settled(const struct gy_frontier *frontier)
{
    return !frontier->unsettled && !frontier->speaks && !frontier->clocked;
}

#endif
