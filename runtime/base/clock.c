/* The system's clock and one that stands still; see clock.h. */
#include "base/clock.h"

#include <assert.h>
#include <time.h>

static int64_t real_now_us(const struct gy_clock *self)
{
    (void)self;
    struct timespec t;
    int failed = clock_gettime(CLOCK_REALTIME, &t);
    assert(!failed);
    (void)failed;
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t real_mono_ns(const struct gy_clock *self)
{
    (void)self;
    struct timespec t;
    int failed = clock_gettime(CLOCK_MONOTONIC, &t);
    assert(!failed);
    (void)failed;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

const struct gy_clock *gy_clock_real(void)
{
    static const struct gy_clock real = {.now_us = real_now_us, .mono_ns = real_mono_ns};
    return &real;
}

/* The clock is the first member, so a pointer to it is a pointer to the whole. */
static int64_t manual_now_us(const struct gy_clock *self)
{
    return ((const struct gy_clock_manual *)self)->wall_us;
}

static int64_t manual_mono_ns(const struct gy_clock *self)
{
    return ((const struct gy_clock_manual *)self)->steady_ns;
}

void gy_clock_manual_init(struct gy_clock_manual *m, int64_t now_us)
{
    *m = (struct gy_clock_manual){
        .clock = {.now_us = manual_now_us, .mono_ns = manual_mono_ns},
        .wall_us = now_us,
    };
}

void gy_clock_manual_advance(struct gy_clock_manual *m, int64_t us)
{
    assert(us >= 0);
    m->wall_us += us;
    m->steady_ns += us * 1000;
}

void gy_clock_manual_set(struct gy_clock_manual *m, int64_t now_us)
{
    m->wall_us = now_us;
}
