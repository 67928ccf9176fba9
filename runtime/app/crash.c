/* See crash.h. Everything here is async-signal-safe: no allocation, no stdio, one write(2) a piece.
 *
 * What comes first is what cannot fail; the row, whose bytes the crash may have spoilt, comes after
 * the ledger has been told of the rest. A crash while it is written ends the block without it.
 *
 * Where core dumps are on, the signal is raised again, so that there is one, and likewise where a
 * supervisor waits for it; else the process ends with status 1, like any other failure while running,
 * or 2 before the job runs. */
#include "app/crash.h"

#include "base/crumb.h"
#include "base/say.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STACK_BYTES = 64 * 1024 };

/* Read by the handler alone; see gy_crash_use. */
static const struct gy_crash_job *the_job;

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static void put_bytes(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDERR_FILENO, p, n);
        if (done <= 0)
            return;
        p += done;
        n -= (size_t)done;
    }
}

static void put(const char *text)
{
    char piece[256];
    size_t taken;
    for (size_t n = strlen(text); n > 0; n -= taken, text += taken)
        put_bytes(piece, gy_say_escape(piece, sizeof piece, text, n, &taken));
}

static void end_line(void)
{
    put_bytes("\n", 1);
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
    put(site->job != NULL ? "gyre: job failed: a plugin crashed" : "gyre: a plugin crashed");
    end_line();
    if (site->job != NULL) {
        put("  job:      ");
        put(site->job);
        end_line();
    }
    if (site->id != NULL) {
        put("  operator: ");
        put(site->id);
        put(" (");
        put(site->op);
        put("), task ");
        put_number(site->task);
        end_line();
    }
    if (site->function != NULL) {
        put("  function: ");
        put(site->function);
        end_line();
    }
    put("  plugin:   ");
    put(site->plugin_path);
    end_line();
    put("  callback: ");
    put(gy_crumb.callback);
    put(", batch ");
    put_number(gy_crumb.batch);
    end_line();
    put("  what:     ");
    put(what);
    end_line();
}

static void copy(char *to, size_t size, const char *from)
{
    size_t n = strnlen(from, size - 1);
    memcpy(to, from, n);
    to[n] = 0;
}

static void tell_ledger(struct gy_ledger *ledger, const struct gy_crumb_site *site, int number)
{
    struct gy_crash *crash = &ledger->crash;
    crash->fresh = true;
    crash->number = number;
    crash->row[0] = 0;
    crash->known = site != NULL && site->id != NULL;
    if (!crash->known)
        return;
    copy(crash->id, sizeof crash->id, site->id);
    copy(crash->op, sizeof crash->op, site->op);
    copy(crash->callback, sizeof crash->callback, gy_crumb.callback);
    crash->task = site->task;
}

static void put_snapshot(void)
{
    uint64_t newest = the_job != NULL && the_job->ledger != NULL && the_job->dir != NULL
                          ? gy_ledger_newest(the_job->ledger)
                          : 0;
    put("  snapshot: ");
    if (newest != 0) {
        put(the_job->dir);
        put("/");
        put_number(newest);
    } else if (the_job != NULL && the_job->ledger != NULL && the_job->ledger->from[0] != 0) {
        put(the_job->ledger->from);
    } else {
        put(the_job != NULL && the_job->dir != NULL ? "none yet, a restart begins at the start"
                                                    : "none to restart from");
    }
    end_line();
}

/* Last, as it reads what the crash may have spoilt. */
static void put_row(const struct gy_crumb_site *site)
{
    static char text[GY_CRASH_ROW + 4];
    size_t n = site->row != NULL ? site->row(site->instance, text, GY_CRASH_ROW) : 0;
    if (n == GY_CRASH_ROW) {
        memcpy(text + n, "...", 3);
        n += 3;
    }
    text[n] = 0;
    if (n == 0)
        return;
    if (the_job != NULL && the_job->ledger != NULL)
        copy(the_job->ledger->crash.row, sizeof the_job->ledger->crash.row, text);
    put("  row:      ");
    put(text);
    end_line();
}

/* While loading it is the plugin that is wrong, while running the job has failed. */
_Noreturn static void end(int number)
{
    struct rlimit core;
    const struct gy_crumb_site *site = gy_crumb.site;
    bool loading = site != NULL && site->job == NULL;
    bool dumps = getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur > 0;
    if (dumps || (the_job != NULL && the_job->supervised && !loading)) {
        signal(number, SIG_DFL);
        raise(number);
    }
    _exit(loading ? 2 : 1);
}

/* Several threads may crash at once, or the handler itself: the first one tells, the others wait for
 * the end that it brings, and a crash in here brings it at once. */
static void be_the_first(int number)
{
    static _Atomic bool crashed;
    static _Thread_local bool mine;
    if (mine)
        end(number);
    while (atomic_exchange_explicit(&crashed, true, memory_order_relaxed))
        pause();
    mine = true;
}

static void handle(int number)
{
    be_the_first(number);
    const struct gy_crumb_site *site = gy_crumb.site;
    if (the_job != NULL && the_job->ledger != NULL)
        tell_ledger(the_job->ledger, site, number);
    if (site != NULL) {
        put_block(site, name_of(number));
    } else {
        put("gyre: crashed outside of any plugin: ");
        put(name_of(number));
        end_line();
    }
    if (site != NULL && site->job != NULL) {
        put_snapshot();
        put_row(site);
    }
    end(number);
}

void gy_crash_use(const struct gy_crash_job *job)
{
    the_job = job;
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
