/* A crash names its plugin: the handler of SIGSEGV and its like prints the breadcrumb. */
#ifndef GY_APP_CRASH_H
#define GY_APP_CRASH_H

#include "app/ledger.h"

/* What the handler knows of the job that runs. Constant while it does. */
struct gy_crash_job {
    struct gy_ledger *ledger; /* NULL: the job takes no snapshots, and begins with none */
    const char *dir;          /* of its own snapshots; NULL: none are taken */
    bool supervised;          /* the signal is raised again, for the supervisor to see */
};

/** Installs the handlers, on a signal stack of their own for the calling thread (a stack overflow of
 *  another thread ends without the block).
 *  Thread:  [control], before any other is started */
void gy_crash_install(void);

/** Tells the handler of the job; NULL: no job runs.
 *  Owns:    the caller, until the next call
 *  Thread:  [control], while no other thread runs */
void gy_crash_use(const struct gy_crash_job *job);

#endif
