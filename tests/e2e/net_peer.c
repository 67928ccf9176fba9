/* See net_peer.h. */
#include "net_peer.h"

#include "support/suite.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- jobs ---- */

void net_need_plugin(void)
{
    char *plugin = build_path("plugins/net.so");
    bool is_there = file_exists(plugin);
    free(plugin);
    if (!is_there)
        suite_skip("the plugin net is left out");
}

void net_start(struct net_run *run, char *job, const char *set, const char *report)
{
    char *program = build_path("gyre");
    run->dir = dir_temp();
    char *path = path_join(run->dir, "job.cfg");
    char *report_path = path_join(run->dir, "report.json");
    file_write_text(path, job);
    const char *argv[] = {program, "run", path, set ? "--set" : NULL, set, NULL, NULL, NULL};
    if (report) {
        argv[3] = "--report";
        argv[4] = report_path;
    }
    process_start(&(struct process_spec){.argv = argv,
                                         .timeout_ms = 20 * NET_PATIENCE_MS,
                                         .env = (const char *const[]){"GYRE_PLUGIN_PATH", NULL}},
                  &run->process);
    free(report_path);
    free(path);
    free(job);
    free(program);
}

void net_end(struct net_run *run, struct process_result *r)
{
    process_wait(&run->process, r);
    if (r->status != 0)
        printf("gyre says:\n%s", r->err);
    CU_ASSERT_EQUAL(r->status, 0);
}

void net_fini(struct net_run *run, struct process_result *r)
{
    process_result_fini(r);
    dir_remove(run->dir);
    free(run->dir);
}

void net_stop(struct net_run *run, struct process_result *r)
{
    process_signal(&run->process, SIGINT);
    net_end(run, r);
}

bool net_says(struct net_run *run, const char *text)
{
    return process_await_err(&run->process, text, NET_PATIENCE_MS);
}

bool net_puts_out(struct net_run *run, const char *text)
{
    return process_await_out(&run->process, text, NET_PATIENCE_MS);
}

int64_t net_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- sockets ---- */

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

int net_port(struct net_run *run)
{
    int port = 0;
    CU_ASSERT_FATAL(net_says(run, "listening at 127.0.0.1:"));
    for (int tries = 0; port == 0 && tries < 100; tries++) { /* the line may not be whole yet */
        char *err = process_err(&run->process);
        const char *at = strstr(err, "listening at 127.0.0.1:") + 23;
        if (strchr(at, '\n'))
            port = atoi(at);
        free(err);
        usleep(1000);
    }
    CU_ASSERT_FATAL(port > 0);
    return port;
}

int peer_connect(int port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

int peer_bound(int *port)
{
    struct sockaddr_in at = loopback(0);
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    CU_ASSERT_EQUAL_FATAL(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

int peer_accept(int listen_fd)
{
    struct pollfd p = {.fd = listen_fd, .events = POLLIN};
    CU_ASSERT_EQUAL_FATAL(poll(&p, 1, NET_PATIENCE_MS), 1);
    return accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
}

void peer_send(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
        CU_ASSERT_FATAL(sent > 0);
        text += sent;
        n -= (size_t)sent;
    }
}

void peer_say(int fd, const char *text)
{
    peer_send(fd, text, strlen(text));
}

void peer_reset(int fd)
{
    struct linger at_once = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

void peer_finish(int fd)
{
    char c;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    shutdown(fd, SHUT_WR);
    CU_ASSERT_EQUAL_FATAL(poll(&p, 1, 12 * NET_PATIENCE_MS), 1);
    CU_ASSERT_EQUAL(recv(fd, &c, 1, 0), 0);
    close(fd);
}

char *peer_receive(int fd, size_t max)
{
    size_t n = 0, capacity = 1 << 16;
    char *text = malloc(capacity + 1);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (n < max && poll(&p, 1, NET_PATIENCE_MS) == 1) {
        if (n == capacity)
            text = realloc(text, 2 * capacity + 1), capacity *= 2;
        size_t room = capacity - n < max - n ? capacity - n : max - n;
        ssize_t got = recv(fd, text + n, room, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    text[n] = 0;
    return text;
}
