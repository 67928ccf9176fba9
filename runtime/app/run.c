/* `gyre run`: a supervising parent and a job process where the job takes snapshots, else one process
 * that does it all. */
#include "app/commands.h"
#include "app/engine.h"
#include "app/start.h"
#include "app/supervisor.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>

/* The job process; as `orders` and `ledger` say it is the only one, or has a supervisor. */
static int run_alone(const struct gy_cli *cli, const struct gy_loaded *loaded)
{
    struct gy_orders orders = {.fd = -1};
    struct gy_ledger *ledger = gy_ledger_new();
    int status = GY_EXIT_FAILED;
    if (ledger == NULL || gy_orders_from_signals(&orders) != 0) {
        gy_log(GY_LOG_ERROR, "%s: %s", ledger == NULL ? "mmap" : "signalfd", strerror(errno));
    } else {
        struct gy_engine engine = {.cli = cli,
                                   .job = loaded->job,
                                   .graph = loaded->graph,
                                   .ledger = ledger,
                                   .orders = &orders,
                                   .lock = -1};
        status = gy_engine_run(&engine);
    }
    gy_orders_fini(&orders);
    gy_ledger_free(ledger);
    return status;
}

int gy_cmd_run(const struct gy_cli *cli)
{
    struct gy_loaded loaded;
    int status = GY_EXIT_OK;
    gy_load_job(cli, &loaded);
    bool sound = loaded.job != NULL && gy_diags_count(&loaded.diags) == 0;
    if (sound)
        status = gy_start_check(cli, loaded.job);
    if (status == GY_EXIT_OK && sound && loaded.job->snapshot_at != NULL && !cli->no_supervise) {
        status = gy_supervise(cli, &loaded);
    } else if (status == GY_EXIT_OK) {
        status = gy_load_plugins(cli, &loaded);
        if (status == GY_EXIT_OK)
            status = run_alone(cli, &loaded);
    }
    gy_loaded_fini(&loaded);
    return status;
}
