/* See orders.h. */
#include "app/orders.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ECHO_NS = 100 * 1000 * 1000 };

unsigned gy_stop_signal(struct gy_stop_signal *first, int number)
{
    int64_t now_ns = gy_clock_mono_ns(gy_clock_real());
    if (first->number == 0) {
        *first = (struct gy_stop_signal){number, now_ns};
        return GY_ORDER_STOP;
    }
    return number == first->number && now_ns - first->at_ns < ECHO_NS ? 0 : GY_ORDER_END;
}

static const int order_signals[] = {SIGINT, SIGTERM, SIGUSR1};
enum { N_ORDER_SIGNALS = sizeof order_signals / sizeof order_signals[0] };

/* Signals that came before anybody took them: a handler has no other place. Each is written by the
 * handler alone until the signals are blocked, and read after that. */
static volatile sig_atomic_t kept[N_ORDER_SIGNALS];
static struct gy_stop_signal first_kept;

static void keep(int number)
{
    int saved_errno = errno;
    if (number != SIGUSR1 && gy_stop_signal(&first_kept, number) == GY_ORDER_END)
        _exit(GY_ENDED_AT_ONCE);
    for (int i = 0; i < N_ORDER_SIGNALS; i++)
        if (order_signals[i] == number)
            kept[i] = 1;
    errno = saved_errno;
}

void gy_orders_keep(void)
{
    /* None interrupts another; what is read meanwhile, as the job file, is read on. */
    struct sigaction action = {.sa_handler = keep, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < N_ORDER_SIGNALS; i++)
        sigaddset(&action.sa_mask, order_signals[i]);
    for (int i = 0; i < N_ORDER_SIGNALS; i++)
        sigaction(order_signals[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

int gy_orders_take_over(const sigset_t *also, sigset_t *mask_before)
{
    sigset_t set = *also;
    for (int i = 0; i < N_ORDER_SIGNALS; i++)
        sigaddset(&set, order_signals[i]);
    if (sigprocmask(SIG_BLOCK, &set, mask_before) != 0)
        return -1;
    /* Sent again they are pending, as those that come from now on. */
    for (int i = 0; i < N_ORDER_SIGNALS; i++)
        if (kept[i] != 0 && kill(getpid(), order_signals[i]) != 0)
            return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int gy_orders_from_signals(struct gy_orders *orders)
{
    sigset_t none;
    sigemptyset(&none);
    *orders = (struct gy_orders){.fd = gy_orders_take_over(&none, NULL)};
    return orders->fd < 0 ? -1 : 0;
}

void gy_orders_from_supervisor(struct gy_orders *orders, int fd)
{
    *orders = (struct gy_orders){.fd = fd, .from_supervisor = true};
}

void gy_orders_fini(struct gy_orders *orders)
{
    if (orders->fd >= 0)
        close(orders->fd);
    orders->fd = -1;
}

static unsigned take_signals(struct gy_orders *orders)
{
    struct signalfd_siginfo info;
    unsigned taken = 0;
    while (read(orders->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGUSR1)
            taken |= GY_ORDER_SNAPSHOT;
        else
            taken |= gy_stop_signal(&orders->first, (int)info.ssi_signo);
    }
    return taken;
}

static unsigned take_messages(struct gy_orders *orders)
{
    uint8_t order;
    unsigned taken = 0;
    for (;;) {
        ssize_t n = recv(orders->fd, &order, sizeof order, MSG_DONTWAIT);
        if (n == 1)
            taken |= order;
        else if (n < 0 && errno == EINTR)
            continue;
        else
            return n < 0 && errno == EAGAIN ? taken : taken | GY_ORDER_ORPHAN;
    }
}

unsigned gy_orders_take(struct gy_orders *orders)
{
    unsigned taken = orders->from_supervisor ? take_messages(orders) : take_signals(orders);
    orders->stopped |= (taken & GY_ORDER_STOP) != 0;
    return taken;
}
