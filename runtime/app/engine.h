/* The job process: runs a loaded job to its end, or until it is told to stop. */
#ifndef GY_APP_ENGINE_H
#define GY_APP_ENGINE_H

#include "app/job.h"
#include "app/ledger.h"
#include "app/orders.h"

/* What a job process has. Borrowed. */
struct gy_engine {
    const struct gy_cli *cli;
    const struct gy_job *job;
    const struct gy_graph *graph;
    struct gy_ledger *ledger;
    struct gy_orders *orders;
    bool supervised;
    int lock; /* of the snapshot folder, held by an earlier job process of the run; -1: none */
    /* Told of the lock when it has been taken. May be NULL. */
    void (*locked)(void *host, int lock);
    void *host;
};

/** Runs the job; the exit status. What becomes of it is in the ledger as well. */
int gy_engine_run(struct gy_engine *engine);

#endif
