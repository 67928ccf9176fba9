/* See start.h. */
#include "app/start.h"

#include "app/folder.h"
#include "app/from.h"
#include "app/refuse.h"
#include "app/report.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "state/branch.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <time.h>

static const int64_t lock_patience_ns = 2000000000;
static const uint64_t last_id_max = 100000000000000000; /* ids have 18 digits at most */

int gy_start_check(const struct gy_cli *cli, const struct gy_job *job)
{
    int status = gy_from_check(cli, job);
    int wrong = status == GY_EXIT_OK && cli->report != NULL ? gy_report_check(cli->report) : 0;
    return wrong != 0 ? gy_refuse_flag("--report", cli->report, strerror(wrong)) : status;
}

/* Where the folder is given: by --set, it may be. */
static const struct gy_setting *dir_setting(const struct gy_job *job)
{
    const struct gy_setting *at = gy_setting_get(job->snapshot_at, "dir");
    return at != NULL ? at : job->snapshot_at;
}

/* Snapshots of another job would be removed by `keep` as if they were this one's. */
static int refuse_others(const struct gy_job *job)
{
    struct gyre_error error = {.size = sizeof error};
    int status = GY_EXIT_OK;
    uint64_t newest = gy_folder_newest(job->snapshot_dir);
    if (newest == 0)
        return GY_EXIT_OK;
    char *path = gy_printf("%s/%llu", job->snapshot_dir, (unsigned long long)newest);
    struct gy_manifest *manifest =
        path != NULL ? gy_snapshot_read(gy_disk_real(), path, &error) : NULL;
    if (manifest != NULL && strcmp(manifest->job, job->name) != 0)
        status =
            gy_refuse_setting(dir_setting(job),
                              "snapshot: %s holds snapshots of job `%s`; give each job a folder "
                              "of its own",
                              job->snapshot_dir, manifest->job);
    gy_manifest_free(manifest);
    gy_free(path);
    return status;
}

static int refuse_dir(const struct gy_job *job, const char *sentence)
{
    return gy_refuse_setting(dir_setting(job), "snapshot: %s", sentence);
}

/* True where a run goes on from snapshot `id` of a folder. */
static bool goes_on(const struct gy_manifest *restore, const char *dir, uint64_t id)
{
    if (restore == NULL || restore->id != id)
        return false;
    char *path = gy_printf("%s/%llu", dir, (unsigned long long)id);
    bool same = path != NULL && gy_folder_is_same(path, restore->path);
    gy_free(path);
    return same;
}

/* Somebody's folder, with a name like a snapshot's. */
static int refuse_last_id(const struct gy_job *job, uint64_t id)
{
    char sentence[5000];
    snprintf(sentence, sizeof sentence,
             "%s/%llu leaves no ids for snapshots after it: take it away, or set another dir",
             job->snapshot_dir, (unsigned long long)id);
    return refuse_dir(job, sentence);
}

/* True where there is nothing left to do. */
static bool is_over(const struct gy_start *start)
{
    return start->restore != NULL && start->restore->finished;
}

static uint64_t greatest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* A number that no other run has. */
static uint64_t new_run(void)
{
    uint64_t run = 0;
    if (getrandom(&run, sizeof run, GRND_NONBLOCK) != sizeof run || run == 0) {
        uint64_t now = (uint64_t)gy_clock_now_us(gy_clock_real());
        run = gy_rng_mix(now ^ (uint64_t)getpid() << 48) | 1;
    }
    return run;
}

/* Takes the folder of the job's own snapshots into use. */
static int begin_own(struct gy_start *start, const struct gy_cli *cli, const struct gy_job *job,
                     struct gy_ledger *ledger)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_branch before;
    uint64_t last;
    if (gy_snapshots_prepare(gy_disk_real(), job->snapshot_dir, &last, &error) != 0)
        return refuse_dir(job, error.text);
    if (gy_branch_read(gy_disk_real(), job->snapshot_dir, &before, &error) != 0)
        before = (struct gy_branch){0}; /* written anew by gy_start_leave */
    start->last_id = greatest(greatest(last, before.behind), ledger->last_id);
    if (start->restore != NULL)
        start->last_id = greatest(start->last_id, start->restore->id);
    if (start->last_id > last_id_max)
        return refuse_last_id(job, start->last_id);
    ledger->last_id = start->last_id;
    if (ledger->run == 0)
        ledger->run = new_run();
    if (!is_over(start))
        /* The process that signals go to. */
        gy_snapshots_sign(start->lock, cli->no_supervise ? getpid() : getppid());
    return GY_EXIT_OK;
}

/* False where the manifest of a snapshot says that it is another run's. */
static bool may_be_of(const struct gy_job *job, uint64_t id, uint64_t run)
{
    struct gyre_error error = {.size = sizeof error};
    char *path = gy_printf("%s/%llu", job->snapshot_dir, (unsigned long long)id);
    struct gy_manifest *manifest =
        path != NULL ? gy_snapshot_read(gy_disk_real(), path, &error) : NULL;
    bool may_be = manifest == NULL || manifest->run == run;
    gy_manifest_free(manifest);
    gy_free(path);
    return may_be;
}

/* Sinks have committed what the snapshots of this run speak of, and would show it twice. */
static int refuse_to_begin_again(const struct gy_job *job, const struct gy_ledger *ledger)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_snapshot_ids ids = {0};
    char names[512] = "";
    size_t n = 0;
    gy_snapshots_list(gy_disk_real(), job->snapshot_dir, &ids, &error); /* none: none is named */
    for (size_t i = ids.v.n; i > 0 && n < 400; i--)
        if (may_be_of(job, ids.v.items[i - 1], ledger->run))
            n += (size_t)snprintf(names + n, sizeof names - n, "%s%llu", n > 0 ? ", " : "",
                                  (unsigned long long)ids.v.items[i - 1]);
    gy_vec_fini(&ids.v);
    gy_log(GY_LOG_ERROR,
           "the job cannot be restarted: no snapshot of this run in %s is intact (%s%s), and what "
           "they spoke of is committed; choose an older snapshot with --from, or run the job "
           "without it to begin at the start",
           job->snapshot_dir, n > 0 ? "damaged: " : "all are gone", names);
    return GY_EXIT_FAILED;
}

/* After a death: the newest intact snapshot of this run. Where none has been taken, or none but in
 * the moment of the death, the run begins again as it began. */
static int find_own(struct gy_start *start, const struct gy_job *job, struct gy_ledger *ledger)
{
    struct gyre_error error = {.size = sizeof error};
    uint64_t newest = gy_ledger_newest(ledger);
    start->restore = gy_snapshot_newest(gy_disk_real(), job->snapshot_dir, 0, ledger->run,
                                        gy_from_tell, NULL, &error);
    if (start->restore == NULL && error.code != 0)
        return refuse_dir(job, error.text);
    if (start->restore == NULL)
        return newest != 0 ? refuse_to_begin_again(job, ledger) : GY_EXIT_OK;
    if (start->restore->id < newest)
        gy_log(GY_LOG_WARN, "goes back to snapshot %s, as the newest one (%llu) cannot be used",
               start->restore->path, (unsigned long long)newest);
    /* relaxed: see gy_ledger_newest. */
    atomic_store_explicit(&ledger->newest, start->restore->id, memory_order_relaxed);
    return GY_EXIT_OK;
}

/* A run that was killed a moment ago may still hold the lock, until the kernel has taken its job
 * process apart: so a lock that is held is tried again for a while. */
static int lock_patiently(const char *dir, struct gyre_error *error)
{
    const struct gy_clock *clock = gy_clock_real();
    const struct timespec nap = {0, 20 * 1000 * 1000};
    int64_t until_ns = gy_clock_mono_ns(clock) + lock_patience_ns;
    for (;;) {
        int lock = gy_snapshots_lock(dir, error);
        bool in_use = lock < 0 && error->code == GYRE_EFAIL;
        if (!in_use || gy_clock_mono_ns(clock) >= until_ns)
            return lock;
        nanosleep(&nap, NULL);
    }
}

/* Locks the folder of the job's snapshots, after all that can be refused without it: locking makes
 * the folder. `latest` is looked for under the lock, as another run may be removing the oldest. */
static int lock_own(struct gy_start *start, const struct gy_cli *cli, const struct gy_job *job)
{
    struct gyre_error error = {.size = sizeof error};
    int status = refuse_others(job);
    if (status == GY_EXIT_OK)
        status = gy_from_refuse_empty(cli, job);
    if (status != GY_EXIT_OK)
        return status;
    start->lock = lock_patiently(job->snapshot_dir, &error);
    return start->lock < 0 ? refuse_dir(job, error.text) : GY_EXIT_OK;
}

/* The snapshot that the run is to go on from. */
static int find_from(struct gy_start *start, const struct gy_cli *cli, const struct gy_job *job,
                     struct gy_ledger *ledger)
{
    int status = gy_from_find(cli, job, &start->restore);
    if (status == GY_EXIT_OK && start->restore != NULL)
        snprintf(ledger->from, sizeof ledger->from, "%s", start->restore->path);
    return status;
}

int gy_start_begin(struct gy_start *start, const struct gy_cli *cli, const struct gy_job *job,
                   struct gy_ledger *ledger, int lock)
{
    bool owns = job->snapshot_dir != NULL;
    bool is_latest = gy_from_is_latest(cli, job);
    int status = GY_EXIT_OK;
    *start = (struct gy_start){.lock = lock};
    if (ledger->run != 0)
        status = find_own(start, job, ledger);
    if (status == GY_EXIT_OK && start->restore == NULL && cli->from != NULL && !is_latest)
        status = find_from(start, cli, job, ledger);
    if (status == GY_EXIT_OK && owns && lock < 0)
        status = lock_own(start, cli, job);
    if (status == GY_EXIT_OK && start->restore == NULL && is_latest)
        status = find_from(start, cli, job, ledger);
    if (status == GY_EXIT_OK && owns && start->restore == NULL && ledger->run == 0)
        gy_from_tell_anew(job);
    if (status == GY_EXIT_OK && owns)
        status = begin_own(start, cli, job, ledger);
    return status;
}

int gy_start_leave(const struct gy_start *start, const struct gy_job *job, struct gy_ledger *ledger,
                   struct gyre_error *error)
{
    const struct gy_manifest *restore = start->restore;
    const char *dir = job->snapshot_dir;
    struct gy_branch before, branch = {.behind = start->last_id};
    if (dir == NULL || ledger->has_left || is_over(start))
        return 0;
    bool is_damaged = gy_branch_read(gy_disk_real(), dir, &before, error) != 0;
    uint64_t newest = gy_folder_newest(dir);
    bool is_on_newest = goes_on(restore, dir, newest) && newest > before.behind && !is_damaged;
    if (restore != NULL && goes_on(restore, dir, restore->id))
        branch.from = restore->id;
    if (newest != 0 && !is_on_newest && gy_branch_write(gy_disk_real(), dir, &branch, error) != 0)
        return error->code;
    ledger->has_left = true;
    return 0;
}

void gy_start_fini(struct gy_start *start)
{
    gy_manifest_free(start->restore);
    start->restore = NULL;
}
