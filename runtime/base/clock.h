/* Time, as an object that is passed in.
 *
 * Nothing in the runtime reads the system's clock but through one of these, so that tests and the
 * simulator own the time. The wall clock may jump; durations are taken from the monotonic one.
 */
#ifndef GY_BASE_CLOCK_H
#define GY_BASE_CLOCK_H

#include <stdint.h>

/** Two readings; an implementation embeds this as its first member. */
struct gy_clock {
    int64_t (*now_us)(const struct gy_clock *self);  /* wall clock, µs since the epoch */
    int64_t (*mono_ns)(const struct gy_clock *self); /* ns since some point, never backwards */
};

/** Reads the wall clock.
 *  Units:   µs since the epoch
 *  Thread:  [any] for the real clock */
static inline int64_t gy_clock_now_us(const struct gy_clock *c)
{
    return c->now_us(c);
}

/** Reads the monotonic clock.
 *  Units:   ns since some point of the clock's own
 *  Thread:  [any] for the real clock */
static inline int64_t gy_clock_mono_ns(const struct gy_clock *c)
{
    return c->mono_ns(c);
}

/** Gives the system's clock.
 *  Owns:    static and constant
 *  Thread:  [any] */
const struct gy_clock *gy_clock_real(void);

/** A clock that stands still until it is told. Owned by one thread: the test's or simulator's. */
struct gy_clock_manual {
    struct gy_clock clock; /* pass &m.clock */
    int64_t wall_us;
    int64_t steady_ns;
};

/** Starts a manual clock at `now_us`, its monotonic side at 0. */
void gy_clock_manual_init(struct gy_clock_manual *m, int64_t now_us);

/** Moves both sides forward by `us`, which is not negative. */
void gy_clock_manual_advance(struct gy_clock_manual *m, int64_t us);

/** Sets the wall clock, also backwards, as an administrator does; the monotonic side stays. */
void gy_clock_manual_set(struct gy_clock_manual *m, int64_t now_us);

#endif
