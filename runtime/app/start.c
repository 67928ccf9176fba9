/* See start.h. */
#include "app/start.h"

#include "app/report.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/say.h"
#include "base/mem.h"
#include "base/rng.h"
#include "state/branch.h"

#include <stdarg.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <time.h>

static const char latest[] = "latest";
static const int64_t lock_patience_ns = 2000000000;
static const uint64_t last_id_max = 100000000000000000; /* ids have 18 digits at most */

/* Refuses a setting of the job, at its line. */
__attribute__((format(printf, 2, 3))) static int refuse_setting(const struct gy_setting *at,
                                                                const char *format, ...)
{
    struct gy_diags diags = {0};
    char sentence[5000];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    gy_diags_add(&diags, at->file, at->line, "%s", sentence);
    gy_diags_print(&diags, stderr);
    gy_diags_fini(&diags);
    return GY_EXIT_USAGE;
}

static int refuse(const char *flag, const char *value, const char *sentence)
{
    gy_say(stderr, "gyre run: %s %s: %s\n", flag, value, sentence);
    return GY_EXIT_USAGE;
}

int gy_start_check(const struct gy_cli *cli, const struct gy_job *job)
{
    if (cli->from == NULL && cli->drop_state.n > 0)
        return refuse("--drop-state", cli->drop_state.items[0],
                      "a run without --from has no state to drop; give --from latest|DIR as well");
    if (cli->from != NULL && strcmp(cli->from, latest) == 0 && job->snapshot_dir == NULL)
        return refuse(
            "--from", latest,
            "the job has no `snapshot`, whose folder it would be; give --from DIR, or put "
            "snapshot = { every = \"1s\"; dir = ...; } into the job");
    int wrong = cli->report != NULL ? gy_report_check(cli->report) : 0;
    if (wrong != 0)
        return refuse("--report", cli->report, strerror(wrong));
    return GY_EXIT_OK;
}

static void tell(void *host, const char *sentence)
{
    (void)host;
    gy_log(GY_LOG_WARN, "%s", sentence);
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_same_folder(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

/* The greatest id in a folder, as far as it can be listed; 0 for none. */
static uint64_t newest_of(const char *dir)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_snapshot_ids ids = {0};
    uint64_t newest = 0;
    if (is_folder(dir) && gy_snapshots_list(gy_disk_real(), dir, &ids, &error) == 0 && ids.v.n > 0)
        newest = ids.v.items[ids.v.n - 1];
    gy_vec_fini(&ids.v);
    return newest;
}

/* The newest snapshot that a run has not finished with; 0 for none. */
static uint64_t newest_unfinished(const char *dir)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_snapshot_ids ids = {0};
    uint64_t found = 0;
    gy_snapshots_list(gy_disk_real(), dir, &ids, &error); /* none: none is named */
    for (size_t i = ids.v.n; found == 0 && i > 0; i--) {
        char *path = gy_printf("%s/%llu", dir, (unsigned long long)ids.v.items[i - 1]);
        struct gy_manifest *manifest =
            path != NULL ? gy_snapshot_read(gy_disk_real(), path, &error) : NULL;
        if (manifest != NULL && !manifest->finished)
            found = manifest->id;
        gy_manifest_free(manifest);
        gy_free(path);
    }
    gy_vec_fini(&ids.v);
    return found;
}

/* Says why no snapshot of `dir` can be gone on from. */
static int refuse_none(const char *from, const char *dir)
{
    char sentence[5000];
    struct gyre_error error = {.size = sizeof error};
    struct gy_branch branch = {0};
    uint64_t newest = newest_of(dir), older = 0;
    gy_branch_read(gy_disk_real(), dir, &branch, &error);
    bool is_young = newest != 0 && newest <= branch.behind;
    if (is_young)
        older = newest_unfinished(dir);
    size_t n = (size_t)snprintf(
        sentence, sizeof sentence,
        is_young ? "the newest run in %s had taken no snapshot yet; run the job without --from to "
                   "begin at the start"
        : newest != 0
            ? "there is no intact snapshot in %s; run the job without --from to begin at the start"
            : "there is no snapshot in %s; run the job without --from to begin at the start",
        dir);
    if (older != 0 && n < sizeof sentence)
        snprintf(sentence + n, sizeof sentence - n, ", or name one of an older run: --from %s/%llu",
                 dir, (unsigned long long)older);
    return refuse("--from", from, sentence);
}

/* The snapshot in folder `given`, or the newest one below it; NULL, with error->code 0 for none. */
static struct gy_manifest *find_in(const char *given, bool is_latest, struct gyre_error *error)
{
    struct gy_manifest *found = NULL;
    size_t n = strlen(given);
    while (n > 1 && given[n - 1] == '/')
        n--;
    char *dir = gy_printf("%.*s", (int)n, given);
    if (dir == NULL)
        gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory");
    else if (is_folder(dir))
        found = !is_latest && gy_snapshot_is_one(dir)
                    ? gy_snapshot_intact(gy_disk_real(), dir, error)
                    : gy_branch_newest(gy_disk_real(), dir, tell, NULL, error);
    gy_free(dir);
    return found;
}

/* The snapshot that --from names. GY_EXIT_OK, or a message. */
static int find_named(const char *from, const char *own_dir, struct gy_manifest **found)
{
    struct gyre_error error = {.size = sizeof error};
    bool is_latest = strcmp(from, latest) == 0;
    const char *dir = is_latest ? own_dir : from;
    *found = find_in(dir, is_latest, &error);
    if (*found != NULL)
        return GY_EXIT_OK;
    if (error.code != 0)
        return refuse("--from", from, error.text);
    if (is_latest || newest_of(dir) != 0)
        return refuse_none(from, dir);
    return refuse("--from", from,
                  is_folder(dir) ? "there is no snapshot in it; give the folder of one, or a "
                                   "folder of snapshots"
                                 : "there is no such folder; give the folder of a snapshot, or a "
                                   "folder of snapshots");
}

static int refuse_parallelism(const struct gy_job *job, const struct gy_manifest *manifest)
{
    const struct gy_setting *at = gy_setting_get(job->root, "max_parallelism");
    return refuse_setting(at != NULL ? at : gy_setting_get(job->root, "job"),
                          "max_parallelism: %u, but the first snapshot fixed it at %u (%s); set "
                          "max_parallelism = %u",
                          job->max_parallelism, manifest->max_parallelism, manifest->path,
                          manifest->max_parallelism);
}

/* Refuses an id of --drop-state that the snapshot does not have. */
static int check_dropped(const struct gy_cli *cli, const struct gy_manifest *manifest)
{
    char sentence[512];
    const char **ids = gy_calloc(manifest->n_operators + 1, sizeof *ids);
    int status = GY_EXIT_OK;
    for (uint32_t i = 0; ids != NULL && i < manifest->n_operators; i++)
        ids[i] = manifest->operators[i].id;
    for (size_t d = 0; d < cli->drop_state.n; d++) {
        const char *id = cli->drop_state.items[d];
        if (gy_manifest_operator(manifest, id) != NULL)
            continue;
        const char *near = ids != NULL ? gy_nearest(id, ids, manifest->n_operators) : NULL;
        snprintf(sentence, sizeof sentence, "snapshot %s has no state of such an operator%s%s%s",
                 manifest->path, near != NULL ? ": did you mean `" : "", near != NULL ? near : "",
                 near != NULL ? "`?" : "");
        status = refuse("--drop-state", id, sentence);
    }
    gy_free(ids);
    return status;
}

/* Refuses a snapshot that is not one of this job. */
static int check_manifest(const struct gy_cli *cli, const struct gy_job *job,
                          const struct gy_manifest *manifest)
{
    char sentence[5000];
    if (strcmp(manifest->job, job->name) != 0) {
        snprintf(sentence, sizeof sentence, "snapshot %s is one of job `%s`, and this is job `%s`",
                 manifest->path, manifest->job, job->name);
        return refuse("--from", cli->from, sentence);
    }
    if (manifest->max_parallelism != job->max_parallelism)
        return refuse_parallelism(job, manifest);
    if (manifest->finished && cli->drop_state.n > 0) {
        snprintf(sentence, sizeof sentence,
                 "snapshot %s is that of a run that has finished, so nothing would be done without "
                 "this state either; give --from an older one, or run the job without --from",
                 manifest->path);
        return refuse("--drop-state", cli->drop_state.items[0], sentence);
    }
    return check_dropped(cli, manifest);
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
    uint64_t newest = newest_of(job->snapshot_dir);
    if (newest == 0)
        return GY_EXIT_OK;
    char *path = gy_printf("%s/%llu", job->snapshot_dir, (unsigned long long)newest);
    struct gy_manifest *manifest =
        path != NULL ? gy_snapshot_read(gy_disk_real(), path, &error) : NULL;
    if (manifest != NULL && strcmp(manifest->job, job->name) != 0)
        status = refuse_setting(dir_setting(job),
                                "snapshot: %s holds snapshots of job `%s`; give each job a folder "
                                "of its own",
                                job->snapshot_dir, manifest->job);
    gy_manifest_free(manifest);
    gy_free(path);
    return status;
}

static int refuse_dir(const struct gy_job *job, const char *sentence)
{
    return refuse_setting(dir_setting(job), "snapshot: %s", sentence);
}

/* True where a run goes on from snapshot `id` of a folder. */
static bool goes_on(const struct gy_manifest *restore, const char *dir, uint64_t id)
{
    if (restore == NULL || restore->id != id)
        return false;
    char *path = gy_printf("%s/%llu", dir, (unsigned long long)id);
    bool same = path != NULL && is_same_folder(path, restore->path);
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
    start->restore =
        gy_snapshot_newest(gy_disk_real(), job->snapshot_dir, 0, ledger->run, tell, NULL, &error);
    start->is_own = start->restore != NULL;
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

/* Refuses a snapshot out of a folder that a running job has in use, other than the job's own, which is
 * locked: two jobs would write the same outputs. */
static int refuse_used(const struct gy_cli *cli, const struct gy_job *job,
                       const struct gy_manifest *manifest)
{
    struct gyre_error error = {.size = sizeof error};
    const char *slash = strrchr(manifest->path, '/');
    char *dir = slash != NULL ? gy_strndup(manifest->path, (size_t)(slash - manifest->path))
                              : gy_strdup(".");
    int status = GY_EXIT_OK;
    bool is_own =
        dir != NULL && job->snapshot_dir != NULL && is_same_folder(dir, job->snapshot_dir);
    if (dir != NULL && !is_own && gy_snapshots_in_use(dir, &error))
        status = refuse("--from", cli->from, error.text);
    gy_free(dir);
    return status;
}

/* The snapshot that --from names, if it fits the job. */
static int find_from(struct gy_start *start, const struct gy_cli *cli, const struct gy_job *job,
                     struct gy_ledger *ledger)
{
    int status = find_named(cli->from, job->snapshot_dir, &start->restore);
    if (status == GY_EXIT_OK)
        status = check_manifest(cli, job, start->restore);
    if (status == GY_EXIT_OK)
        status = refuse_used(cli, job, start->restore);
    if (status == GY_EXIT_OK)
        snprintf(ledger->from, sizeof ledger->from, "%s", start->restore->path);
    return status;
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

/* Refuses `latest` where there is no snapshot, or none that may be seen. */
static int refuse_empty(const char *dir)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_snapshot_ids ids = {0};
    if (is_folder(dir) && gy_snapshots_list(gy_disk_real(), dir, &ids, &error) != 0)
        return refuse("--from", latest, error.text);
    size_t n = ids.v.n;
    gy_vec_fini(&ids.v);
    return n == 0 ? refuse_none(latest, dir) : GY_EXIT_OK;
}

/* Locks the folder of the job's snapshots, after all that can be refused without it: locking makes
 * the folder. `latest` is looked for under the lock, as another run may be removing the oldest. */
static int lock_own(struct gy_start *start, const struct gy_cli *cli, const struct gy_job *job)
{
    struct gyre_error error = {.size = sizeof error};
    bool is_latest = cli->from != NULL && strcmp(cli->from, latest) == 0;
    int status = refuse_others(job);
    if (status != GY_EXIT_OK)
        return status;
    if (is_latest && (status = refuse_empty(job->snapshot_dir)) != GY_EXIT_OK)
        return status;
    start->lock = lock_patiently(job->snapshot_dir, &error);
    return start->lock < 0 ? refuse_dir(job, error.text) : GY_EXIT_OK;
}

int gy_start_begin(struct gy_start *start, const struct gy_cli *cli, const struct gy_job *job,
                   struct gy_ledger *ledger, int lock)
{
    bool owns = job->snapshot_dir != NULL;
    bool is_latest = cli->from != NULL && strcmp(cli->from, latest) == 0;
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
    uint64_t newest = newest_of(dir);
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
