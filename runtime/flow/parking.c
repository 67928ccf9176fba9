/* See parking.h. */
#include "flow/parking.h"

#include <assert.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int gy_parking_init(struct gy_parking *parking)
{
    atomic_init(&parking->asleep, false);
    parking->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return parking->event_fd < 0 ? -1 : 0;
}

void gy_parking_fini(struct gy_parking *parking)
{
    if (parking->event_fd > 0)
        close(parking->event_fd);
    parking->event_fd = -1;
}

void gy_parking_announce(struct gy_parking *parking)
{
    atomic_store_explicit(&parking->asleep, true, memory_order_relaxed);
    /* The store must be seen before the worker's next look at its channels: the other half of the
     * fence in gy_parking_wake. */
    gy_fence();
}

void gy_parking_cancel(struct gy_parking *parking)
{
    /* relaxed: a wake that comes in between only leaves the event set, which costs one turn. */
    atomic_store_explicit(&parking->asleep, false, memory_order_relaxed);
}

void gy_parking_sleep(struct gy_parking *parking, struct pollfd *fds, uint32_t n,
                      int64_t timeout_us)
{
    struct timespec timeout = {.tv_sec = timeout_us / 1000000,
                               .tv_nsec = timeout_us % 1000000 * 1000};
    uint64_t count;
    fds[0] = (struct pollfd){.fd = parking->event_fd, .events = POLLIN};
    int ready = ppoll(fds, n, timeout_us == INT64_MAX ? NULL : &timeout, NULL);
    assert(ready >= 0 || errno == EINTR);
    gy_parking_cancel(parking);
    if (read(parking->event_fd, &count, sizeof count) < 0)
        assert(errno == EAGAIN);
}

void gy_parking_wake(struct gy_parking *parking)
{
    uint64_t one = 1;
    if (parking == NULL)
        return;
    /* What the caller made visible comes before its look at `asleep`. */
    gy_fence();
    if (atomic_load_explicit(&parking->asleep, memory_order_relaxed))
        if (write(parking->event_fd, &one, sizeof one) < 0)
            assert(errno == EAGAIN); /* the counter is full: it is awake by now */
}
