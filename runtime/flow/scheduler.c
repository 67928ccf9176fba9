/* See scheduler.h. */
#include "flow/scheduler.h"

static uint32_t pick_fair(struct gy_scheduler *self, uint32_t n)
{
    self->next = self->next + 1 < n ? self->next + 1 : 0;
    return self->next;
}

static uint32_t pick_seeded(struct gy_scheduler *self, uint32_t n)
{
    return (uint32_t)gy_rng_below(&self->rng, n);
}

void gy_scheduler_fair(struct gy_scheduler *scheduler)
{
    *scheduler = (struct gy_scheduler){.pick = pick_fair};
}

void gy_scheduler_seeded(struct gy_scheduler *scheduler, uint64_t seed)
{
    *scheduler = (struct gy_scheduler){.pick = pick_seeded};
    gy_rng_init(&scheduler->rng, seed);
}
