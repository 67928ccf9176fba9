/* See orders.h. */
#include "app/orders.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

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
        else if (orders->stopped || (taken & GY_ORDER_STOP) != 0)
            taken |= GY_ORDER_END;
        else
            taken |= GY_ORDER_STOP;
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
