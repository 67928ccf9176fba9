/* Jobs with the plugin net, and the sockets that are their peers, on the loopback. Ports are free ones
 * that the system picks. Whatever cannot be done ends the test. */
#ifndef TESTS_E2E_NET_PEER_H
#define TESTS_E2E_NET_PEER_H

#include "support/process.h"

#include <netinet/in.h>

#ifdef GY_SANITIZED
enum { NET_PATIENCE_MS = 60000, NET_PROMPT_US = 20 * 1000 * 1000 };
#else
enum { NET_PATIENCE_MS = 10000, NET_PROMPT_US = 2 * 1000 * 1000 };
#endif

struct net_run {
    char *dir;
    struct process process;
};

/** Skips the test where the plugin was not built. */
void net_need_plugin(void);

/** Starts `gyre run` in the project's folder; takes `job`. */
void net_start(struct net_run *run, char *job, const char *set, const char *report);

/** Waits for the job's end, which is a good one. Owns: net_fini. */
void net_end(struct net_run *run, struct process_result *r);
void net_stop(struct net_run *run, struct process_result *r);
void net_fini(struct net_run *run, struct process_result *r);

/** Waits for a text on standard error, and on standard output. */
bool net_says(struct net_run *run, const char *text);
bool net_puts_out(struct net_run *run, const char *text);

int64_t net_now_us(void);

/** The port that the job listens at, once it does. */
int net_port(struct net_run *run);

/** A socket of the test: connected to the port, or bound to a free one without listening yet. */
int peer_connect(int port);
int peer_bound(int *port);
int peer_accept(int listen_fd);

void peer_send(int fd, const char *text, size_t n);
void peer_say(int fd, const char *text);
void peer_reset(int fd);

/** Ends what is sent, and waits until the other side has taken all of it. */
void peer_finish(int fd);

/** Receives up to the end, or `max` bytes. Owns: free(). */
char *peer_receive(int fd, size_t max);

#endif
