/* See child.h. */
#include "conform/child.h"

#include "base/clock.h"
#include "base/crumb.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <gyre/error.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_MOST = 256 << 20, STACK_BYTES = 64 * 1024 };

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

/* Of the child alone, for its handler of signals; see crash.h for why a handler needs one. */
static struct gy_child_area *the_area;

struct gy_child_area *gy_child_area(void)
{
    void *area = mmap(NULL, sizeof(struct gy_child_area), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return area != MAP_FAILED ? area : NULL;
}

static size_t append(char *to, size_t at, size_t size, const char *text)
{
    while (text != NULL && *text != 0 && at + 1 < size)
        to[at++] = *text++;
    to[at] = 0;
    return at;
}

/* Writes where it crashed into the shared memory, by nothing that takes a lock. */
static void note_crash(int number)
{
    const struct gy_crumb_site *site = gy_crumb.site;
    if (the_area != NULL && the_area->owner == getpid() && site != NULL) {
        size_t size = sizeof the_area->crashed;
        size_t n =
            append(the_area->crashed, 0, size, site->function != NULL ? site->function : site->op);
        n = append(the_area->crashed, n, size, " in ");
        append(the_area->crashed, n, size, gy_crumb.callback);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void catch_signals(void)
{
    stack_t stack = {.ss_sp = malloc(STACK_BYTES), .ss_size = STACK_BYTES};
    struct sigaction action = {.sa_handler = note_crash, .sa_flags = SA_ONSTACK | SA_NODEFER};
    sigset_t nothing;
    sigemptyset(&nothing);
    sigprocmask(SIG_SETMASK, &nothing, NULL);
    if (stack.ss_sp != NULL)
        sigaltstack(&stack, NULL);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
#ifdef GY_SANITIZED
        (void)action; /* the sanitizer's report says more */
#else
        sigaction(signals[i], &action, NULL);
#endif
}

/* The file of what it says is above the numbers that a plugin may think are its own. */
static void move_standard(int out)
{
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        close(null);
    }
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
}

static void limit(void)
{
    struct rlimit none = {0, 0}, file = {FILE_MOST, FILE_MOST};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &file);
}

int gy_child_start(struct gy_child *child, void (*work)(void *host, struct gy_child_area *area),
                   void *host, int64_t timeout_s)
{
    struct gy_child_area *area = child->area;
    area->done = 0;
    area->n_bulk = 0;
    area->text[0] = 0;
    area->crashed[0] = 0;
    area->doing[0] = 0;
    area->seed = 0;
    area->attempt = 0;
    area->input[0] = 0;
    child->out = memfd_create("said", MFD_CLOEXEC);
    if (child->out < 0)
        return GYRE_EIO;
    fflush(stdout);
    child->pid = fork();
    if (child->pid < 0) {
        close(child->out);
        return GYRE_EIO;
    }
    if (child->pid == 0) {
        setpgid(0, 0);
        area->owner = getpid();
        the_area = area;
        catch_signals();
        limit();
        move_standard(child->out);
        gy_log_set_level(GY_LOG_ERROR);
        work(host, area);
        _exit(0);
    }
    setpgid(child->pid, child->pid); /* whoever of both is first */
    child->timeout_s = timeout_s;
    child->until_ns = gy_clock_mono_ns(gy_clock_real()) + timeout_s * 1000 * 1000 * 1000;
    return 0;
}

bool gy_child_poll(struct gy_child *child)
{
    int status = 0;
    bool late = gy_clock_mono_ns(gy_clock_real()) >= child->until_ns;
    pid_t got = waitpid(child->pid, &status, WNOHANG);
    if (got == 0 && !late)
        return false;
    child->end = GY_CHILD_TIMEOUT;
    if (got == 0) {
        kill(-child->pid, SIGKILL);
        waitpid(child->pid, &status, 0);
        return true;
    }
    kill(-child->pid, SIGKILL); /* what it has left behind */
    child->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    if (child->area->done)
        child->end = GY_CHILD_DONE;
    else
        child->end = WIFSIGNALED(status) ? GY_CHILD_CRASH : GY_CHILD_EXIT;
    return true;
}

size_t gy_child_said(const struct gy_child *child, char *text, size_t n)
{
    ssize_t got = child->out >= 0 ? pread(child->out, text, n - 1, 0) : 0;
    size_t length = got > 0 ? (size_t)got : 0;
    text[length] = 0;
    return length;
}

/* ---- processes of a plugin ---- */

void gy_child_adopt(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

static bool is_mine(pid_t pid, const pid_t *mine, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mine[i] == pid)
            return true;
    return false;
}

/* One look at the list; how many were killed. */
static size_t end_some(const pid_t *mine, size_t n)
{
    char path[64];
    size_t killed = 0;
    int pid;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *list = fopen(path, "re");
    while (list != NULL && fscanf(list, "%d", &pid) == 1)
        if (!is_mine(pid, mine, n)) {
            kill(pid, SIGKILL);
            killed += waitpid(pid, NULL, 0) == pid;
        }
    if (list != NULL)
        fclose(list);
    return killed;
}

void gy_child_end_others(const pid_t *mine, size_t n)
{
    while (end_some(mine, n) > 0) /* what was killed may have left others */
        continue;
}

void gy_child_end_copy(void)
{
    if (the_area != NULL && the_area->owner != getpid())
        _exit(0);
}

void gy_child_fini(struct gy_child *child)
{
    if (child->out >= 0)
        close(child->out);
    child->out = -1;
    child->pid = 0;
}
