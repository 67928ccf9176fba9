/* Programs run by tests: to their end (process_run), or beside the test (start, signal, wait).
 *
 *     struct process_result r;
 *     process_run(&(struct process_spec){.argv = ARGV(gyre, "check", job)}, &r);
 *     CU_ASSERT_EQUAL(r.status, 2);
 *     process_result_fini(&r);
 *
 * Output goes to unlinked files and is read at the end, so no pipe fills up. The program
 * leads a process group, which is killed at the time-out, and dies with the test. */
#ifndef TESTS_PROCESS_H
#define TESTS_PROCESS_H

#include "support/files.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

struct process_spec {
    const char *const *argv; /* argv[0] is looked for on PATH when it has no slash */
    const char *stdin_text;  /* its standard input; else stdin_path, else /dev/null */
    const char *stdin_path;
    bool stdin_pipe;        /* its standard input is process.stdin_fd, for the test to write */
    const char *const *env; /* "NAME=VALUE" set, "NAME" removed; may be NULL */
    const char *cwd;        /* NULL: the test's */
    int timeout_ms;         /* 0: 20 s, times ten under a sanitizer */
};

struct process_result {
    int status;      /* exit status; 128 + signal if one ended it; 127 if it could not be run */
    int signal;      /* 0 if it exited */
    bool timed_out;  /* killed at the time-out (status 137) */
    char *out, *err; /* 0-terminated */
    size_t out_size, err_size;
    long maxrss_kib;
    int64_t wall_us, cpu_us;
};

struct process {
    pid_t pid;
    int stdin_fd; /* -1 without stdin_pipe; close it (and set it to -1) to end the input */
    int out_fd, err_fd;
    int64_t start_us;
    int timeout_ms;
};

/** Starts the program. Aborts the test when that cannot be done at all. */
void process_start(const struct process_spec *spec, struct process *process);

/** Sends a signal to the program itself, not to its children. */
void process_signal(const struct process *process, int signal);

/** A child of the program that has not been waited for, 0 for none. */
pid_t process_child(const struct process *process);

/** Makes this process the parent of all whose parents die, as process_await_group needs it. Programs that it
 *  starts are not searched for leaks at their end any more: the search is a child of its own, which looks
 *  like a job process; killed, its parent waits for ever, and where its parent is killed it says so. */
void process_adopt(void);

/** Waits until what the program has started is gone too; after process_wait, with its `pid` of before.
 *  False at `timeout_ms`. */
bool process_await_group(pid_t pid, int timeout_ms);

/** What it has put out so far. Owns: free() it. */
char *process_out(const struct process *process);
char *process_err(const struct process *process);

/** Waits until its output (or error output) contains `text`; false at `timeout_ms`, or if it ended
 *  without. */
bool process_await_out(const struct process *process, const char *text, int timeout_ms);
bool process_await_err(const struct process *process, const char *text, int timeout_ms);

/** Waits for its end, or the time-out, counted from now. Call once. */
void process_wait(struct process *process, struct process_result *result);

/** Start and wait. */
void process_run(const struct process_spec *spec, struct process_result *result);

void process_result_fini(struct process_result *result);

#endif
