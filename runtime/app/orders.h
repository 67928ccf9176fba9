/* Who tells a job process what to do: signals, or the supervisor. */
#ifndef GY_APP_ORDERS_H
#define GY_APP_ORDERS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Orders, as bits; the supervisor sends some as one byte. */
enum gy_order {
    GY_ORDER_STOP = 1,     /* stop cleanly */
    GY_ORDER_SNAPSHOT = 2, /* take one now */
    GY_ORDER_END = 4,      /* end at once: a second SIGINT or SIGTERM */
    GY_ORDER_ORPHAN = 8    /* the supervisor is gone */
};

/* The exit status of a run that a second signal has ended. */
enum { GY_ENDED_AT_ONCE = 130 };

/* The first SIGINT or SIGTERM that has come. Zeroed: none has. */
struct gy_stop_signal {
    int number;
    int64_t at_ns; /* monotonic */
};

/** What SIGINT or SIGTERM orders, coming now: GY_ORDER_STOP, the second time GY_ORDER_END. One that
 *  follows its like at once is the same one, and orders nothing: timeout(1) and others send a signal to
 *  the process and to its group. */
unsigned gy_stop_signal(struct gy_stop_signal *first, int number);

/* Where orders come from. Owned by the control thread. */
struct gy_orders {
    int fd; /* readable when there are some */
    bool from_supervisor;
    bool stopped; /* a stop has been ordered */
    struct gy_stop_signal first;
};

/** From the first instruction of a run on: SIGINT, SIGTERM and SIGUSR1 are kept for whoever takes signals
 *  over, and end nothing; but a second SIGINT or SIGTERM ends the process at once, as while the job
 *  runs. SIGPIPE and SIGXFSZ are ignored: calls fail instead. Others stay as they were inherited: nohup's
 *  SIGHUP stays ignored. */
void gy_orders_keep(void);

/** Blocks SIGINT, SIGTERM, SIGUSR1 and what else is in `also`, and opens a descriptor from which they are
 *  read, those that were kept first. -1 and errno.
 *  Thread:  [control], before others are started */
int gy_orders_take_over(const sigset_t *also, sigset_t *mask_before);

/** Takes orders from signals. -1 and errno.
 *  Thread:  [control], before others are started */
int gy_orders_from_signals(struct gy_orders *orders);

/** Takes orders from the supervisor at the other end of `fd`, which becomes the orders'. */
void gy_orders_from_supervisor(struct gy_orders *orders, int fd);
void gy_orders_fini(struct gy_orders *orders);

/** What has been ordered since the last call, without waiting: bits of enum gy_order. */
unsigned gy_orders_take(struct gy_orders *orders);

#endif
