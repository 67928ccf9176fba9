/* The supervising parent of a job process: it starts the job process, hands it what signals order,
 * and starts it again from the newest snapshot when it has died.
 *
 *   signals ──> supervisor ══ socket: orders, as bytes ══════════> job process (app/engine)
 *                   ║    <═══ socket: the lock of the folder ═════     ║
 *                   ╚════════ ledger: shared memory (app/ledger) ══════╝
 *
 * No plugin is ever loaded into the supervisor. It holds the lock of the snapshot folder as long as
 * it lives. The job process dies with it. */
#ifndef GY_APP_SUPERVISOR_H
#define GY_APP_SUPERVISOR_H

#include "app/job.h"

/** Runs a job whose file has been loaded, in a process of its own. The exit status: in the parent
 *  that of the run; the job process returns from here as well, with its own.
 *  Thread:  [control], which is the only one */
int gy_supervise(const struct gy_cli *cli, struct gy_loaded *loaded);

#endif
