/* See orders.h. */
#include "app/orders.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
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

int gy_orders_from_signals(struct gy_orders *orders)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    *orders = (struct gy_orders){.fd = -1};
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    orders->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
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
