/* See supervisor.h.
 *
 * A restart counts as an attempt; a snapshot sets the count back. The delay doubles with each. The
 * job process is forked from the supervisor, which has read the job file once: an edit of the file
 * while the job runs changes nothing. */
#include "app/supervisor.h"

#include "app/crash.h"
#include "app/engine.h"
#include "app/report.h"
#include "base/log.h"
#include "base/say.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CRASHES_MAX = 3, WHAT_MAX = 2 * GY_CRASH_NAME + 200 };

/* Owned by the supervisor's only thread. */
struct supervisor {
    const struct gy_cli *cli;
    struct gy_loaded *loaded;
    struct gy_ledger *ledger;
    const struct gy_clock *clock;
    int64_t start_ns;
    sigset_t mask_before;
    int signal_fd;
    int lock; /* of the snapshot folder; -1: no job process has got as far */
    pid_t child;
    int socket;      /* to the job process; -1: none */
    uint8_t pending; /* orders that the socket has had no room for */
    struct gy_stop_signal first;
    bool stopping;
    bool ending;           /* a second signal: nothing is waited for any more */
    uint32_t attempts;     /* since the last snapshot */
    uint64_t newest;       /* when the job process was last started */
    struct gy_crash crash; /* the last one that counts, */
    uint32_t n_crashes;    /* and how many like it came from one snapshot */
};

/* ---- the job process ---- */

/* Hands the lock of the snapshot folder to the supervisor, who holds it over restarts. */
static void send_lock(void *host, int lock)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    char byte = 0;
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
    const struct gy_orders *orders = host;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof lock);
    memcpy(CMSG_DATA(header), &lock, sizeof lock);
    /* Where this fails the supervisor is gone, and so will be this process. */
    while (sendmsg(orders->fd, &message, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

/* Whatever becomes of the process after this, the job has ended so. */
static void note_end(struct supervisor *s, int status)
{
    s->ledger->status = status;
    s->ledger->ended = true;
}

/* The child's side of fork. Signals of the terminal reach the whole group: they are the parent's,
 * and were blocked until here. */
static int be_job_process(struct supervisor *s, int fd, pid_t parent)
{
    struct gy_orders orders;
    struct gy_crash_job crash = {
        .ledger = s->ledger, .dir = s->loaded->job->snapshot_dir, .supervised = true};
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    sigprocmask(SIG_SETMASK, &s->mask_before, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        gy_log(GY_LOG_ERROR, "the job process cannot be made to end with its supervisor: %s",
               strerror(errno));
        note_end(s, GY_EXIT_FAILED);
        _exit(GY_EXIT_FAILED);
    }
    if (getppid() != parent) /* nobody is left to be told */
        _exit(GY_ENDED_AT_ONCE);
    close(s->signal_fd);
    gy_orders_from_supervisor(&orders, fd);
    gy_crash_use(&crash);
    int status = gy_load_plugins(s->cli, s->loaded);
    if (status == GY_EXIT_OK) {
        struct gy_engine engine = {.cli = s->cli,
                                   .job = s->loaded->job,
                                   .graph = s->loaded->graph,
                                   .ledger = s->ledger,
                                   .orders = &orders,
                                   .supervised = true,
                                   .lock = s->lock,
                                   .locked = send_lock,
                                   .host = &orders};
        status = gy_engine_run(&engine);
    }
    gy_crash_use(NULL);
    note_end(s, status);
    gy_orders_fini(&orders);
    gy_ledger_free(s->ledger);
    s->ledger = NULL;
    return status;
}

/* ---- signals and messages ---- */

static int take_signals_over(struct supervisor *s)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    s->signal_fd = gy_orders_take_over(&set, &s->mask_before);
    return s->signal_fd < 0 ? -1 : 0;
}

/* Sends what is pending, as far as there is room: a job process that is being restored reads nothing for
 * a while. One that cannot be reached is about to end, or has. */
static void send_orders(struct supervisor *s)
{
    if (s->socket < 0 || s->pending == 0)
        return;
    ssize_t n = send(s->socket, &s->pending, sizeof s->pending, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0 || (errno != EAGAIN && errno != EINTR && errno != ENOBUFS))
        s->pending = 0;
}

static void take_signals(struct supervisor *s)
{
    struct signalfd_siginfo info;
    while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGUSR1)
            s->pending |= GY_ORDER_SNAPSHOT;
        if (info.ssi_signo != SIGINT && info.ssi_signo != SIGTERM)
            continue;
        unsigned order = gy_stop_signal(&s->first, (int)info.ssi_signo);
        if (order == GY_ORDER_END) {
            s->ending = true;
            if (s->child > 0)
                kill(s->child, SIGKILL);
        } else if (order == GY_ORDER_STOP) {
            s->pending |= GY_ORDER_STOP;
        }
        s->stopping = true;
    }
}

/* Takes what the job process has sent: the lock, once. False where it has closed its end. */
static bool take_message(struct supervisor *s)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
    ssize_t n = recvmsg(s->socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == ECONNRESET) /* it died before it read an order; what it sent comes next */
        n = recvmsg(s->socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS)
        return true;
    if (s->lock >= 0)
        close(s->lock);
    memcpy(&s->lock, CMSG_DATA(header), sizeof s->lock);
    return true;
}

/* ---- start and watch ---- */

/* Forgets what concerned the job process before this one. */
static void clear_ledger(struct supervisor *s)
{
    struct gy_ledger *ledger = s->ledger;
    ledger->ended = ledger->retryable = ledger->crash.fresh = ledger->rows.known = false;
    ledger->status = GY_EXIT_FAILED;
    ledger->slow_id[0] = 0;
    if (ledger->crash.known)
        memcpy(ledger->slow_id, ledger->crash.id, sizeof ledger->slow_id);
    s->newest = gy_ledger_newest(ledger);
}

/* Forks the job process: its id, 0 in it, -1 and errno. `*fd` is its end of the socket. */
static pid_t start(struct supervisor *s, int *fd)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    clear_ledger(s);
    pid_t child = fork();
    if (child == 0) {
        close(pair[0]);
        *fd = pair[1];
        return 0;
    }
    int error = errno;
    close(pair[1]);
    if (child < 0) {
        close(pair[0]);
        errno = error;
        return -1;
    }
    s->child = child;
    s->socket = pair[0];
    s->pending = 0; /* a snapshot that the one before was asked for */
    return child;
}

/* Waits for the end of the job process; its status as waitpid gives it. */
static int watch(struct supervisor *s)
{
    int status = 0;
    pid_t ended = 0;
    bool open = true;
    while (ended == 0) {
        short wanted = s->pending != 0 ? POLLIN | POLLOUT : POLLIN;
        struct pollfd fds[] = {{.fd = s->signal_fd, .events = POLLIN},
                               {.fd = open ? s->socket : -1, .events = wanted}};
        int ready = poll(fds, 2, -1);
        assert(ready >= 0 || errno == EINTR);
        if (ready > 0 && fds[1].revents != 0)
            open = take_message(s);
        if (ready > 0 && fds[0].revents != 0)
            take_signals(s);
        send_orders(s);
        ended = waitpid(s->child, &status, WNOHANG);
        assert(ended >= 0 || errno == EINTR);
        ended = ended < 0 ? 0 : ended;
    }
    if (open)
        take_message(s); /* the one that may have come meanwhile */
    close(s->socket);
    s->socket = -1;
    s->child = 0;
    return status;
}

/* ---- what a death means ---- */

static const char *signal_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {{SIGKILL, "SIGKILL"}, {SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"},
                 {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},   {SIGILL, "SIGILL"},
                 {SIGHUP, "SIGHUP"},   {SIGQUIT, "SIGQUIT"}, {SIGXCPU, "SIGXCPU"},
                 {SIGSYS, "SIGSYS"},   {SIGALRM, "SIGALRM"}, {SIGTRAP, "SIGTRAP"}};
    static char other[24];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == number)
            return names[i].name;
    snprintf(other, sizeof other, "signal %d", number);
    return other;
}

/* The handler's word counts as well: a sanitizer may make an exit of the signal. What a plugin's
 * destructor does when the job has ended is not the job's. */
static bool has_crashed(const struct supervisor *s, int status)
{
    if (s->ledger->ended)
        return false;
    return WIFSIGNALED(status) || s->ledger->crash.fresh;
}

/* What has happened to the job process, as part of a sentence. */
static void describe(const struct supervisor *s, int status, char what[WHAT_MAX])
{
    const struct gy_crash *crash = &s->ledger->crash;
    if (crash->fresh && crash->known)
        snprintf(what, WHAT_MAX, "job process crashed in %s (%s, %s): %s", crash->id, crash->op,
                 crash->callback, signal_name(crash->number));
    else if (crash->fresh)
        snprintf(what, WHAT_MAX, "job process crashed: %s", signal_name(crash->number));
    else if (WIFSIGNALED(status))
        snprintf(what, WHAT_MAX, "job process killed by %s", signal_name(WTERMSIG(status)));
    else if (!s->ledger->ended)
        snprintf(what, WHAT_MAX, "job process was ended by a plugin, with exit(%d)",
                 WEXITSTATUS(status));
    else
        snprintf(what, WHAT_MAX, "job failed by an error that may pass");
}

/* True where two crashes may be due to one row: a row that is not known may be any. */
static bool is_same(const struct gy_crash *a, const struct gy_crash *b)
{
    bool rows = a->row[0] == 0 || b->row[0] == 0 || strcmp(a->row, b->row) == 0;
    return rows && strcmp(a->id, b->id) == 0 && strcmp(a->callback, b->callback) == 0;
}

/* Counts the crash of the job process that has ended; true where it is one too many. */
static bool count_crash(struct supervisor *s)
{
    const struct gy_crash *crash = &s->ledger->crash;
    if (!crash->fresh || !crash->known)
        return false;
    bool again =
        s->n_crashes > 0 && s->newest == gy_ledger_newest(s->ledger) && is_same(crash, &s->crash);
    s->n_crashes = again ? s->n_crashes + 1 : 1;
    if (!again || crash->row[0] != 0)
        s->crash = *crash;
    return s->n_crashes >= CRASHES_MAX;
}

static void tell_poison(const struct supervisor *s)
{
    char from[512];
    const char *snapshot =
        gy_ledger_restart(s->ledger, s->loaded->job->snapshot_dir, from, sizeof from);
    const struct gy_crash *crash = &s->crash;
    gy_log(GY_LOG_ERROR,
           "%s (%s) has crashed %d times in `%s`%s from %s%s, and is not restarted any more%s%s",
           crash->id, crash->op, CRASHES_MAX, crash->callback,
           crash->row[0] != 0 ? " at one row" : "", snapshot[0] != 0 ? "snapshot " : "the start",
           snapshot, crash->row[0] != 0 ? "; the row: " : "", crash->row);
}

/* Waits before a restart; false where a signal has ended the wait. */
static bool back_off(struct supervisor *s, int64_t delay_us)
{
    int64_t until_ns = gy_clock_mono_ns(s->clock) + delay_us * 1000;
    struct pollfd fd = {.fd = s->signal_fd, .events = POLLIN};
    while (!s->stopping) {
        int64_t left_ns = until_ns - gy_clock_mono_ns(s->clock);
        if (left_ns <= 0)
            break;
        struct timespec timeout = {left_ns / 1000000000, left_ns % 1000000000};
        int ready = ppoll(&fd, 1, &timeout, NULL);
        assert(ready >= 0 || errno == EINTR);
        if (ready > 0)
            take_signals(s);
    }
    return !s->stopping;
}

static int64_t delay_of(const struct gy_job *job, uint32_t attempt)
{
    int64_t delay_us = job->restart_delay_us;
    for (uint32_t i = 1; i < attempt && delay_us < job->restart_max_delay_us; i++)
        delay_us =
            delay_us > job->restart_max_delay_us / 2 ? job->restart_max_delay_us : 2 * delay_us;
    return delay_us < job->restart_max_delay_us ? delay_us : job->restart_max_delay_us;
}

/* What is left of a run without a job process to tell of it. */
static void report(const struct supervisor *s, const char *status, const char *failure)
{
    struct gy_outcome outcome = {.job = s->loaded->job,
                                 .ledger = s->ledger,
                                 .status = status,
                                 .failure = failure,
                                 .wall_ns = gy_clock_mono_ns(s->clock) - s->start_ns};
    if (s->cli->report != NULL)
        gy_report_write(NULL, &outcome, s->cli->report);
}

/* Ends a progress line that the job process has left on the terminal. */
static void clear_line(void)
{
    if (isatty(STDERR_FILENO) == 1)
        gy_say(stderr, "\r\033[K");
}

/* A stop was ordered, and the last snapshot has not been taken. */
static void tell_stop(const struct supervisor *s, const char *what)
{
    char from[512];
    const char *snapshot =
        gy_ledger_restart(s->ledger, s->loaded->job->snapshot_dir, from, sizeof from);
    if (gy_ledger_newest(s->ledger) != 0)
        gy_log(GY_LOG_ERROR, "%s while it was stopping; --from latest goes on from snapshot %s",
               what, snapshot);
    else if (snapshot[0] != 0)
        gy_log(GY_LOG_ERROR,
               "%s while it was stopping, before the first snapshot of this run; --from %s begins "
               "there again",
               what, snapshot);
    else
        gy_log(GY_LOG_ERROR,
               "%s while it was stopping, before its first snapshot; the next run begins at the "
               "start",
               what);
}

/* Waits for the time of the next attempt. False where the run has ended, with `*status`. */
static bool try_again(struct supervisor *s, const char *what, int *status)
{
    const struct gy_job *job = s->loaded->job;
    char delay[GY_NUMBER_MAX], from[512];
    const char *snapshot = gy_ledger_restart(s->ledger, job->snapshot_dir, from, sizeof from);
    *status = GY_EXIT_FAILED;
    if (s->attempts >= job->restart_attempts) {
        gy_log(GY_LOG_ERROR, "%s; restarted %u times since the last snapshot, not any more", what,
               s->attempts);
        if (!s->ledger->ended) /* else the job process has, and knows more */
            report(s, "failed", what);
        return false;
    }
    s->attempts++;
    s->ledger->restarts++;
    int64_t delay_us = delay_of(job, s->attempts);
    gy_text_format_duration(delay, delay_us);
    gy_log(GY_LOG_WARN, "%s: restart %u of %u in %s from %s%s", what, s->attempts,
           job->restart_attempts, delay, snapshot[0] != 0 ? "snapshot " : "the start", snapshot);
    if (back_off(s, delay_us))
        return true;
    *status = s->ending ? GY_ENDED_AT_ONCE : GY_EXIT_OK;
    gy_log(GY_LOG_INFO, "stopped before the restart");
    report(s, s->ending ? "failed" : "stopped", s->ending ? what : NULL);
    return false;
}

/* After the death of the job process: false where the run has ended, with `*status`. */
static bool restarts(struct supervisor *s, int death, int *status)
{
    char what[WHAT_MAX];
    describe(s, death, what);
    clear_line();
    if (gy_ledger_newest(s->ledger) > s->newest)
        s->attempts = 0;
    bool poison = count_crash(s);
    *status = GY_EXIT_FAILED;
    if (!poison && !s->stopping)
        return try_again(s, what, status);
    if (poison)
        tell_poison(s);
    else
        tell_stop(s, what);
    report(s, "failed", what);
    return false;
}

/* The job process could not be started: at first a failure, later like a death. */
static bool start_failed(struct supervisor *s, int error, int *status)
{
    char what[WHAT_MAX];
    snprintf(what, sizeof what, "the job process cannot be started: %s", strerror(error));
    *status = GY_EXIT_FAILED;
    if (s->ledger->restarts > 0)
        return try_again(s, what, status);
    gy_log(GY_LOG_ERROR, "%s", what);
    report(s, "failed", what);
    return false;
}

/* The job process has ended by itself: with how it went, or in the middle of it. */
static int judge_exit(struct supervisor *s, int death)
{
    char what[WHAT_MAX];
    int status = s->ledger->status;
    if (s->ledger->ended && WIFSIGNALED(death))
        gy_log(GY_LOG_WARN, "job process killed by %s after the job had ended",
               signal_name(WTERMSIG(death)));
    /* What was sound at the start is no mistake in the job file now. */
    if (s->ledger->ended)
        return status == GY_EXIT_USAGE && s->ledger->restarts > 0 ? GY_EXIT_FAILED : status;
    describe(s, death, what);
    clear_line();
    gy_log(GY_LOG_ERROR, "%s", what);
    report(s, "failed", what);
    return GY_EXIT_FAILED;
}

static void tell_end(const struct supervisor *s, int status)
{
    struct gy_outcome outcome = {.job = s->loaded->job,
                                 .ledger = s->ledger,
                                 .status = status != GY_EXIT_OK ? "failed"
                                           : s->stopping        ? "stopped"
                                                                : "finished",
                                 .wall_ns = gy_clock_mono_ns(s->clock) - s->start_ns};
    if (status == GY_EXIT_OK || status == GY_EXIT_FAILED)
        gy_report_end(&outcome, s->cli->report);
}

/* False where the run has ended, with `*status`. */
static bool judge(struct supervisor *s, int death, int *status)
{
    bool loading = s->ledger->run == 0;
    *status = GY_ENDED_AT_ONCE;
    if (s->ending)
        return false;
    *status = GY_EXIT_USAGE; /* a plugin may also have crashed while it was loaded */
    if (loading && WIFEXITED(death) && WEXITSTATUS(death) == GY_EXIT_USAGE)
        return false;
    if (has_crashed(s, death) || s->ledger->retryable)
        return restarts(s, death, status);
    *status = judge_exit(s, death);
    return false;
}

int gy_supervise(const struct gy_cli *cli, struct gy_loaded *loaded)
{
    struct supervisor s = {.cli = cli,
                           .loaded = loaded,
                           .clock = gy_clock_real(),
                           .signal_fd = -1,
                           .lock = -1,
                           .socket = -1};
    pid_t parent = getpid(), child = -1;
    int status = GY_EXIT_FAILED, fd;
    s.start_ns = gy_clock_mono_ns(s.clock);
    s.ledger = gy_ledger_new();
    if (s.ledger == NULL || take_signals_over(&s) != 0) {
        gy_log(GY_LOG_ERROR, "cannot supervise the job: %s", strerror(errno));
        goto end;
    }
    do {
        child = start(&s, &fd);
        if (child == 0)
            return be_job_process(&s, fd, parent);
    } while (child > 0 ? judge(&s, watch(&s), &status) : start_failed(&s, errno, &status));
    tell_end(&s, status);
end:
    if (s.signal_fd >= 0)
        close(s.signal_fd);
    if (s.lock >= 0)
        close(s.lock);
    gy_ledger_free(s.ledger);
    return status;
}
