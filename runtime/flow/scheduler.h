/* Which task runs next: the one choice that the engine and the simulation make differently. */
#ifndef GY_FLOW_SCHEDULER_H
#define GY_FLOW_SCHEDULER_H

#include "base/rng.h"

/* Picks one of n tasks. Owned by the thread that asks. */
struct gy_scheduler {
    uint32_t (*pick)(struct gy_scheduler *self, uint32_t n);
    uint32_t next;
    struct gy_rng rng;
};

/** One after the other. */
void gy_scheduler_fair(struct gy_scheduler *scheduler);

/** At random, by a seed: the same seed gives the same run. */
void gy_scheduler_seeded(struct gy_scheduler *scheduler, uint64_t seed);

#endif
