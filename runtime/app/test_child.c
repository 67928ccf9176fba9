/* See test_child.h.
 *
 *   gyre test ── fork ──> the process of a test: its own group, dies with its parent
 *        ^                  │ standard output and error: to a file in memory, read at the end
 *        └──── pipe ────────┘ the reason of a failure, then one byte: `P` passed, `F` failed
 *
 * A process that ends without the byte was ended by something else: a crash, exit() in a plugin. */
#include "app/test_child.h"

#include "app/test_match.h"
#include "app/test_stage.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOG_MOST = 32 * 1024, WHY_MOST = 1024 * 1024, LOOK_MS = 20 };

/* ---- the process of a test ---- */

/* All runs of the test; true where each gives what is expected. */
static bool run_all(const struct gy_job *job, const struct gy_test *test,
                    struct gy_plugins *plugins, struct gy_buf *why)
{
    struct gy_stage stage;
    bool same = true;
    uint32_t parallelism = 0;
    if (gy_stage_init(&stage, job, test, plugins) != 0) {
        gy_buf_text(why, "out of memory\n");
        same = false;
    }
    for (uint32_t i = 0; same && i < test->n_parallelism; i++) {
        parallelism = test->parallelism[i];
        same = gy_stage_run(&stage, parallelism, why) == 0;
        bool in_order = !test->set->any_order && parallelism == 1;
        for (uint32_t r = 0; same && r < stage.n_records; r++)
            same = gy_test_match(&stage.records[r], in_order, test->set->tolerance, why);
        if (!same && i > 0)
            gy_buf_printf(why, "  with parallelism %u; with %u it passes\n", parallelism,
                          test->parallelism[0]);
    }
    gy_stage_fini(&stage);
    return same;
}

static void write_all(int fd, const void *bytes, size_t n)
{
    const char *at = bytes;
    while (n > 0) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        at += done;
        n -= (size_t)done;
    }
}

static void move_stdio(int log)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
}

_Noreturn static void be_child(const struct gy_job *job, const struct gy_test *test,
                               struct gy_plugins *plugins, pid_t parent, int log, int out)
{
    struct rlimit none = {0, 0};
    struct gy_buf why = {0};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    setrlimit(RLIMIT_CORE, &none);
    move_stdio(log);
    bool passed = run_all(job, test, plugins, &why);
    fflush(stdout);
    if (why.failed) {
        gy_buf_reset(&why);
        gy_buf_text(&why, "no memory to say what is wrong\n");
    }
    write_all(out, why.data, why.len < WHY_MOST ? why.len : WHY_MOST);
    write_all(out, passed ? "P" : "F", 1);
    gy_buf_fini(&why);
    _exit(passed ? 0 : 1);
}

/* ---- its parent ---- */

struct watched {
    pid_t pid;
    int in;     /* of the pipe */
    bool ended; /* `status` is known */
    bool timed_out;
    int status;
    struct gy_buf said; /* by the pipe */
};

static void look(struct watched *w)
{
    while (!w->ended) {
        pid_t pid = waitpid(w->pid, &w->status, WNOHANG);
        if (pid < 0 && errno == EINTR)
            continue;
        w->ended = pid != 0;
        return;
    }
}

/* What is there to read; false at its end. */
static bool take(struct watched *w)
{
    char bytes[4096];
    ssize_t n = read(w->in, bytes, sizeof bytes);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    gy_buf_bytes(&w->said, bytes, (size_t)n);
    return n > 0;
}

/* Until it has ended, or its time has; then nothing of it is left. */
static void watch(struct watched *w, int64_t timeout_s)
{
    const struct gy_clock *clock = gy_clock_real();
    int64_t end_ns = gy_clock_mono_ns(clock) + timeout_s * 1000000000;
    bool open = true;
    while (!w->ended && !w->timed_out) {
        struct pollfd fd = {.fd = open ? w->in : -1, .events = POLLIN};
        if (poll(&fd, 1, open ? LOOK_MS : 1) > 0)
            open = take(w);
        look(w);
        w->timed_out = !w->ended && gy_clock_mono_ns(clock) >= end_ns;
    }
    kill(-w->pid, SIGKILL); /* what it has started too; a group without members is none */
    if (!w->ended)
        kill(w->pid, SIGKILL);
    while (!w->ended && waitpid(w->pid, &w->status, 0) < 0 && errno == EINTR)
        ;
    struct pollfd fd = {.fd = w->in, .events = POLLIN};
    while (open && poll(&fd, 1, 0) > 0)
        open = take(w);
}

static void read_log(int log, struct gy_buf *into)
{
    char bytes[4096];
    ssize_t n;
    for (off_t at = 0; at < LOG_MOST && (n = pread(log, bytes, sizeof bytes, at)) > 0; at += n)
        gy_buf_bytes(into, bytes, (size_t)n);
    if (into->len > 0 && into->data[into->len - 1] != '\n')
        gy_buf_text(into, "\n");
}

static void judge(struct watched *w, int64_t timeout_s, struct gy_test_result *result)
{
    struct gy_buf *said = &w->said;
    char verdict = said->len > 0 && !said->failed ? (char)said->data[said->len - 1] : 0;
    if (!w->timed_out && (verdict == 'P' || verdict == 'F')) {
        result->verdict = verdict == 'P' ? GY_TEST_PASSED : GY_TEST_FAILED;
        gy_buf_bytes(&result->why, said->data, said->len - 1);
        return;
    }
    result->verdict = GY_TEST_BROKEN;
    if (w->timed_out)
        gy_buf_printf(&result->why,
                      "still running after %lld s, and ended; --timeout gives it more\n",
                      (long long)timeout_s);
    else if (WIFSIGNALED(w->status))
        gy_buf_printf(&result->why, "its process was ended by signal %d (%s)\n",
                      WTERMSIG(w->status), strsignal(WTERMSIG(w->status)));
    else
        gy_buf_printf(&result->why, "its process ended in the middle of the test, with status %d\n",
                      WEXITSTATUS(w->status));
}

void gy_test_run(const struct gy_job *job, const struct gy_test *test, struct gy_plugins *plugins,
                 int64_t timeout_s, struct gy_test_result *result)
{
    const struct gy_clock *clock = gy_clock_real();
    int64_t start_ns = gy_clock_mono_ns(clock);
    int ends[2] = {-1, -1};
    pid_t parent = getpid();
    *result = (struct gy_test_result){.verdict = GY_TEST_BROKEN};
    int log = memfd_create("gyre test", MFD_CLOEXEC);
    bool ready = log >= 0 && pipe2(ends, O_CLOEXEC) == 0;
    struct watched w = {.in = ends[0], .pid = ready ? (fflush(NULL), fork()) : -1};
    if (w.pid == 0)
        be_child(job, test, plugins, parent, log, ends[1]);
    if (w.pid < 0) {
        gy_buf_printf(&result->why, "no process could be started for it: %s\n", strerror(errno));
    } else {
        setpgid(w.pid, w.pid); /* as it does itself, whoever comes first */
        close(ends[1]);
        ends[1] = -1;
        watch(&w, timeout_s);
        judge(&w, timeout_s, result);
        read_log(log, &result->log);
    }
    result->wall_us = (gy_clock_mono_ns(clock) - start_ns) / 1000;
    gy_buf_fini(&w.said);
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    if (log >= 0)
        close(log);
}

void gy_test_result_fini(struct gy_test_result *result)
{
    gy_buf_fini(&result->why);
    gy_buf_fini(&result->log);
}
