/* What an operator instance knows of its inputs: how far each has come.
 *
 * One slot per inbound channel or chained edge. The instance's watermark is the least of its slots',
 * those aside that are idle, and those that have come to their end: these are at +infinity. Where all
 * that have not ended are idle, it is the least of theirs, and the gate is idle itself. The input has
 * ended when all have. A slot that was stopped before its end keeps its watermark.
 *
 * An idle slot that is active again may have a watermark behind the gate's, which stays: what it then
 * brings may be late. Invariant: the watermark never goes back. Owned by one task. */
#ifndef GY_OP_GATE_H
#define GY_OP_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct gy_gate_slot {
    int64_t watermark_us;
    bool ended;
    bool idle;
    bool waits; /* idle, and will end without bringing anything */
};

struct gy_gate {
    uint32_t n_slots;
    uint32_t n_ended;
    struct gy_gate_slot *slots;
    int64_t watermark_us; /* INT64_MIN at first */
    bool idle;            /* some input has not ended, and all such are idle */
    bool waits;           /* ... and each of these waits for its end */
    bool stopped;         /* some input was stopped before its end */
};

/** Prepares a gate of `n_slots` inputs that have told nothing yet. 0, or GYRE_ENOMEM. */
int gy_gate_init(struct gy_gate *gate, uint32_t n_slots);
void gy_gate_fini(struct gy_gate *gate);

/** Sets what all inputs had reached at a snapshot; rows of none are earlier. */
void gy_gate_restore(struct gy_gate *gate, int64_t watermark_us);

/** Takes a watermark of input `slot`, which is active then. One that goes backwards is ignored. */
void gy_gate_watermark(struct gy_gate *gate, uint32_t slot, int64_t time_us);

/** Input `slot` has nothing to bring for a while, or has again; `waits`: nothing until its end. */
void gy_gate_idle(struct gy_gate *gate, uint32_t slot, bool idle, bool waits);

/** Takes the end of input `slot`, once. */
void gy_gate_end(struct gy_gate *gate, uint32_t slot, bool stopped);

static inline bool gy_gate_has_ended(const struct gy_gate *gate)
{
    return gate->n_ended == gate->n_slots;
}

#endif
