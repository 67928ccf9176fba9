/* Where an idle worker sleeps, and how others wake it.
 *
 * A worker that finds nothing to do sets `asleep`, looks once more, and sleeps in poll(2) on the
 * event descriptor and those its sources wait for. Whoever makes work for it first makes the work
 * visible, then looks at `asleep`. Both sides order the two by a sequentially consistent fence, so
 * that at least one sees the other: no wake is lost, and none is sent to a worker that is awake. */
#ifndef GY_FLOW_PARKING_H
#define GY_FLOW_PARKING_H

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A sequentially consistent fence. The thread sanitizer knows no fences: there it is a
 * read-modify-write of one word, which orders the same. */
static inline void gy_fence(void)
{
#if defined(__SANITIZE_THREAD__)
    static _Atomic int word;
    atomic_fetch_add_explicit(&word, 1, memory_order_seq_cst);
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

struct gy_parking {
    _Atomic bool asleep;
    int event_fd;
};

/** 0, or -1 with errno. */
int gy_parking_init(struct gy_parking *parking);
void gy_parking_fini(struct gy_parking *parking);

/** Announces sleep: after this the caller must look for work once more before gy_parking_sleep.
 *  Thread:  the worker's own */
void gy_parking_announce(struct gy_parking *parking);

/** Takes the announcement back.
 *  Thread:  the worker's own */
void gy_parking_cancel(struct gy_parking *parking);

/** Sleeps until woken, until a descriptor of `fds` is ready, or for `timeout_us` (INT64_MAX: no
 *  end). `fds[0]` is used by this function; `n` counts it.
 *  Thread:  the worker's own */
void gy_parking_sleep(struct gy_parking *parking, struct pollfd *fds, uint32_t n,
                      int64_t timeout_us);

/** Wakes the worker if it sleeps or is about to; NULL is fine.
 *  Thread:  [any] */
void gy_parking_wake(struct gy_parking *parking);

#endif
