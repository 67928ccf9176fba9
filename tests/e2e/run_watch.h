/* Watching a job that runs: its files, its processes, what it says. */
#ifndef TESTS_E2E_RUN_WATCH_H
#define TESTS_E2E_RUN_WATCH_H

#include "run_job.h"

#include <stdbool.h>
#include <sys/types.h>

void run_nap_ms(long ms);

/** Programs started from now on leave no core when they crash. */
void run_no_core_dumps(void);

/** Asserts that a text contains another; prints it where it does not. */
void run_check_has(const char *text, const char *what);

/** How often `what` stands in a text. */
int run_count(const char *text, const char *what);

/** A job without an end that writes 0, 1, 2, ... to out.csv, with snapshots in snap, one each `every`;
 *  `restart` are settings. free() it. */
char *run_endless_job(const char *every, const char *restart);

/** Starts that job in a new folder, and waits until rows have come out. The folder: dir_end() it. */
char *run_endless(const char *every, const char *restart, const struct run_options *options,
                  struct process *process);

/** Asserts that out.csv of the folder holds the lines 0, 1, 2, ..., each once; how many. */
long run_check_sequence(const char *dir);

/** Waits until a file of the folder is there, or has at least `size` bytes; asserts that it comes. */
void run_await_file(const char *dir, const char *name);
void run_await_size(const char *dir, const char *name, off_t size);

/** The state ('R', 'Z', ...) and the parent of a process; 0 where there is none. */
char run_process_state(pid_t pid, pid_t *parent);

/** The job process of a supervisor; 0: none is running. */
pid_t run_find_child(pid_t supervisor);

/** The same, waited for. */
pid_t run_await_child(pid_t supervisor);

/** Waits until a process has ended; false where it does not. */
bool run_is_gone(pid_t pid);

#endif
