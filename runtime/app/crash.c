/* See crash.h. Everything here is async-signal-safe: no allocation, no stdio, one write(2) a piece.
 *
 * Where core dumps are on, the signal is raised again, so that there is one; else the process ends
 * with status 1, like any other failure while running, or 2 before the job runs. */
#include "app/crash.h"

#include "base/crumb.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STACK_BYTES = 64 * 1024 };

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static void put(const char *text)
{
    size_t n = strlen(text);
    while (n > 0) {
        ssize_t done = write(STDERR_FILENO, text, n);
        if (done <= 0)
            return;
        text += done;
        n -= (size_t)done;
    }
}

static void put_number(uint64_t v)
{
    char digits[24];
    char *at = digits + sizeof digits - 1;
    *at = 0;
    do {
        *--at = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    put(at);
}

static const char *name_of(int number)
{
    switch (number) {
    case SIGSEGV: return "SIGSEGV (bad memory access)";
    case SIGBUS: return "SIGBUS (bad memory access)";
    case SIGFPE: return "SIGFPE (division by zero or the like)";
    case SIGILL: return "SIGILL (illegal instruction)";
    default: return "SIGABRT (abort)";
    }
}

static void put_block(const struct gy_crumb_site *site, const char *what)
{
    put(site->job != NULL ? "gyre: job failed: a plugin crashed\n" : "gyre: a plugin crashed\n");
    if (site->job != NULL) {
        put("  job:      ");
        put(site->job);
        put("\n");
    }
    if (site->id != NULL) {
        put("  operator: ");
        put(site->id);
        put(" (");
        put(site->op);
        put("), task ");
        put_number(site->task);
        put("\n");
    }
    if (site->function != NULL) {
        put("  function: ");
        put(site->function);
        put("\n");
    }
    put("  plugin:   ");
    put(site->plugin_path);
    put("\n  callback: ");
    put(gy_crumb.callback);
    put(", batch ");
    put_number(gy_crumb.batch);
    put("\n  what:     ");
    put(what);
    put("\n");
}

/* Several threads may crash at once, or the handler itself: the first one tells, the others wait for
 * the end that it brings, and a crash in here brings it at once. */
static void be_the_first(void)
{
    static _Atomic bool crashed;
    static _Thread_local bool mine;
    if (mine)
        _exit(1);
    while (atomic_exchange_explicit(&crashed, true, memory_order_relaxed))
        pause();
    mine = true;
}

static void handle(int number)
{
    struct rlimit core;
    be_the_first();
    const struct gy_crumb_site *site = gy_crumb.site;
    if (site != NULL) {
        put_block(site, name_of(number));
    } else {
        put("gyre: crashed outside of any plugin: ");
        put(name_of(number));
        put("\n");
    }
    if (getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur > 0) {
        signal(number, SIG_DFL);
        raise(number);
    }
    /* While loading it is the plugin that is wrong, while running the job has failed. */
    _exit(site != NULL && site->job == NULL ? 2 : 1);
}

void gy_crash_install(void)
{
    static char stack[STACK_BYTES];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handle;
    action.sa_flags = (int)(SA_ONSTACK | SA_NODEFER);
    sigemptyset(&action.sa_mask);
    bool has_stack = sigaltstack(&alternate, NULL) == 0;
    if (!has_stack)
        action.sa_flags &= ~SA_ONSTACK;
    for (size_t s = 0; s < sizeof signals / sizeof signals[0]; s++)
        sigaction(signals[s], &action, NULL);
}
