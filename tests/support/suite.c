/* The suite runner: one child process per test, CUnit inside it.
 *
 * The parent never enters CUnit. The child registers its one test, runs it, prints each failed
 * assertion as FILE:LINE, and exits with one of the statuses below; everything else (a signal, the
 * time-out, another status) is a failure that the parent names. The child leads a process group,
 * which the parent kills afterwards, so that what a test left running ends with it. */
#include "support/suite.h"

#include "support/files.h"

#include <CUnit/TestRun.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PASSED = 0, FAILED = 81, SKIPPED = 82, EXITED = 83 };

#ifdef GY_SANITIZED
enum { SLOWNESS = 10 };
#else
enum { SLOWNESS = 1 };
#endif

enum { TIMEOUT_S = 30 };

struct options {
    bool list, no_fork, verbose;
    int timeout_s; /* 0: each test's own */
    const char *filter;
};

struct verdict {
    int status; /* PASSED, FAILED or SKIPPED */
    char why[96];
};

/* The test's own process, not one that it forked; 0 in the parent and under --no-fork. */
static pid_t child;
/* A test that calls exit(0) must not pass for one that came to its end. */
static bool test_ended;

static void refuse_early_exit(void)
{
    if (child == getpid() && !test_ended) {
        fputs("the test called exit()\n", stderr);
        fflush(NULL);
        _exit(EXITED);
    }
}

uint64_t suite_share(uint64_t usual)
{
    const char *big = getenv("GYRE_BIG");
    uint64_t share = big != NULL && big[0] == '1' ? usual : usual / SUITE_SHARE;
    return share > 0 ? share : 1;
}

_Noreturn void suite_skip(const char *reason)
{
    fprintf(stderr, "skipped: %s\n", reason);
    if (!child) {
        fputs("suite: a skipped test ends the whole run under --no-fork\n", stderr);
    }
    test_ended = true;
    exit(SKIPPED);
}

void suite_need_plugin(const char *name, const char *library)
{
    char *file = text_format("plugins/%s.so", name), *plugin = build_path(file);
    char *reason = text_format("%s is missing where gyre was built", library);
    bool there = file_exists(plugin);
    free(plugin);
    free(file);
    if (!there)
        suite_skip(reason); /* which is shown: it stays */
    free(reason);
}

static int print_failures(const char *suite, const char *test)
{
    int count = 0;
    for (CU_pFailureRecord f = CU_get_failure_list(); f; f = f->pNext, count++) {
        printf("%s: FAILED %s: %s:%u: %s\n", suite, test, f->strFileName ? f->strFileName : "?",
               f->uiLineNumber, f->strCondition ? f->strCondition : "?");
    }
    return count;
}

/* Runs one test under CUnit in this process. */
static int run_here(const char *suite, const struct suite_test *test)
{
    CU_pSuite cu_suite;
    int status = PASSED;

    if (CU_initialize_registry() != CUE_SUCCESS || !(cu_suite = CU_add_suite(suite, NULL, NULL)) ||
        !CU_add_test(cu_suite, test->name, test->run)) {
        printf("%s: FAILED %s: CUnit: %s\n", suite, test->name, CU_get_error_msg());
        return FAILED;
    }
    if (CU_run_all_tests() != CUE_SUCCESS) {
        status = FAILED;
    }
    if (print_failures(suite, test->name) > 0) {
        status = FAILED;
    } else if (CU_get_number_of_asserts() == 0) {
        printf("%s: FAILED %s: it asserted nothing\n", suite, test->name);
        status = FAILED;
    }
    CU_cleanup_registry();
    return status;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Waits for the child until the time-out; false if it had to be killed. */
static bool wait_for(pid_t pid, int timeout_s, int *wait_status)
{
    const double deadline = now_s() + timeout_s;
    struct timespec nap = {0, 200000};

    for (;;) {
        pid_t got = waitpid(pid, wait_status, WNOHANG);
        if (got == pid) {
            return true;
        }
        if (got < 0 && errno != EINTR) {
            *wait_status = FAILED << 8;
            return true;
        }
        if (now_s() > deadline) {
            break;
        }
        nanosleep(&nap, NULL);
        if (nap.tv_nsec < 5000000) {
            nap.tv_nsec *= 2;
        }
    }
    kill(-pid, SIGKILL);
    while (waitpid(pid, wait_status, 0) < 0 && errno == EINTR) {}
    return false;
}

static struct verdict judge(int wait_status, bool in_time, int timeout_s)
{
    struct verdict v = {FAILED, ""};

    if (!in_time) {
        snprintf(v.why, sizeof(v.why), "still running after %d s", timeout_s);
    } else if (WIFSIGNALED(wait_status)) {
        int signal = WTERMSIG(wait_status);
        snprintf(v.why, sizeof(v.why), "killed by signal %d (%s)", signal, strsignal(signal));
    } else if (WEXITSTATUS(wait_status) == PASSED || WEXITSTATUS(wait_status) == SKIPPED) {
        v.status = WEXITSTATUS(wait_status);
    } else if (WEXITSTATUS(wait_status) != FAILED) {
        snprintf(v.why, sizeof(v.why), "its process exited with status %d",
                 WEXITSTATUS(wait_status));
    }
    return v;
}

static _Noreturn void be_child(const char *suite, const struct suite_test *test, pid_t parent)
{
    child = getpid();
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(FAILED);
    }
    atexit(refuse_early_exit);
    int status = run_here(suite, test);
    test_ended = true;
    exit(status);
}

static int run_forked(const char *suite, const struct suite_test *test, int timeout_s)
{
    const pid_t parent = getpid();
    int wait_status = 0;

    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        printf("%s: FAILED %s: fork: %s\n", suite, test->name, strerror(errno));
        return FAILED;
    }
    if (pid == 0) {
        be_child(suite, test, parent);
    }
    setpgid(pid, pid);
    bool in_time = wait_for(pid, timeout_s, &wait_status);
    kill(-pid, SIGKILL);

    struct verdict v = judge(wait_status, in_time, timeout_s);
    if (v.why[0]) {
        printf("%s: FAILED %s: %s\n", suite, test->name, v.why);
    }
    return v.status;
}

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s [--list] [--no-fork] [--verbose] [--timeout SECONDS] [FILTER]\n",
            program);
    return 2;
}

static int parse(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (!strcmp(arg, "--list")) {
            o->list = true;
        } else if (!strcmp(arg, "--no-fork")) {
            o->no_fork = true;
        } else if (!strcmp(arg, "--verbose")) {
            o->verbose = true;
        } else if (!strcmp(arg, "--timeout") && i + 1 < argc && atoi(argv[i + 1]) > 0) {
            o->timeout_s = atoi(argv[++i]);
        } else if (arg[0] == '-' || o->filter) {
            return usage(argv[0]);
        } else {
            o->filter = arg;
        }
    }
    return 0;
}

static int run_one(const char *suite, const struct suite_test *test, const struct options *o)
{
    const double start_s = now_s();
    int timeout_s = SLOWNESS * (test->timeout_s ? test->timeout_s : TIMEOUT_S);

    const char *all = getenv("GYRE_TEST_TIMEOUT");
    if (all != NULL && atoi(all) > 0) {
        timeout_s = atoi(all);
    }
    if (o->timeout_s) {
        timeout_s = o->timeout_s;
    }
    int status = o->no_fork ? run_here(suite, test) : run_forked(suite, test, timeout_s);
    if (status == SKIPPED) {
        printf("%s: skipped %s\n", suite, test->name);
    } else if (o->verbose && status == PASSED) {
        printf("%s: passed %s (%.2f s)\n", suite, test->name, now_s() - start_s);
    }
    fflush(stdout);
    return status;
}

int suite_main(const char *suite, const struct suite_test *tests, size_t test_count, int argc,
               char **argv)
{
    struct options o = {0};
    size_t passed = 0, failed = 0, chosen = 0;

    if (parse(&o, argc, argv)) {
        return 2;
    }
    for (size_t i = 0; i < test_count; i++) {
        if (o.filter && !strstr(tests[i].name, o.filter)) {
            continue;
        }
        chosen++;
        if (o.list) {
            puts(tests[i].name);
            continue;
        }
        int status = run_one(suite, &tests[i], &o);
        passed += status == PASSED;
        failed += status == FAILED;
    }
    if (chosen == 0) {
        fprintf(stderr, "%s: no test is named like \"%s\"; try --list\n", suite,
                o.filter ? o.filter : "");
        return 2;
    }
    if (!o.list) {
        printf("%s: %zu passed, %zu failed\n", suite, passed, failed);
    }
    return failed ? 1 : 0;
}
