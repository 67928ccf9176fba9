/* What an operator instance knows of its inputs: how far each has come.
 *
 * One slot per inbound channel or chained edge. The instance's watermark is the least of its slots',
 * those that have come to their end aside; it has ended when all have. A slot that was stopped before
 * its end keeps its watermark. Owned by one task. */
#ifndef GY_FLOW_GATE_H
#define GY_FLOW_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct gy_gate {
    uint32_t n_slots;
    uint32_t n_ended;
    int64_t *watermarks; /* per slot */
    bool *ended;         /* per slot */
    int64_t watermark;   /* the least; INT64_MIN at first */
    bool stopped;        /* some input was stopped before its end */
};

/** Prepares a gate of `n_slots` inputs that have told nothing yet. 0, or GYRE_ENOMEM. */
int gy_gate_init(struct gy_gate *gate, uint32_t n_slots);
void gy_gate_fini(struct gy_gate *gate);

/** Sets what all inputs had reached at a snapshot; rows of none are earlier. */
void gy_gate_restore(struct gy_gate *gate, int64_t watermark_us);

/** Takes a watermark of input `slot`; true where the least has advanced. One that goes backwards is
 *  ignored. */
bool gy_gate_watermark(struct gy_gate *gate, uint32_t slot, int64_t time_us);

/** Takes the end of input `slot`; true where it was the last one. `*advanced` tells whether the least
 *  watermark of the others has advanced by it. */
bool gy_gate_end(struct gy_gate *gate, uint32_t slot, bool stopped, bool *advanced);

#endif
