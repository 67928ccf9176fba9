/* See from.h. */
#include "app/from.h"

#include "app/adapt.h"
#include "app/folder.h"
#include "app/refuse.h"
#include "base/log.h"
#include "base/mem.h"
#include "state/branch.h"

#include <string.h>

static const char latest[] = "latest";

int gy_from_check(const struct gy_cli *cli, const struct gy_job *job)
{
    if (cli->from != NULL && strcmp(cli->from, latest) == 0 && job->snapshot_dir == NULL)
        return gy_refuse_flag(
            "--from", latest,
            "the job has no `snapshot`, whose folder it would be; give --from DIR, or put "
            "snapshot = { every = \"1s\"; dir = ...; } into the job");
    return gy_adapt_check(cli, job);
}

bool gy_from_is_latest(const struct gy_cli *cli, const struct gy_job *job)
{
    return cli->from != NULL ? strcmp(cli->from, latest) == 0 : job->snapshot_resume;
}

void gy_from_tell(void *host, const char *sentence)
{
    (void)host;
    gy_log(GY_LOG_WARN, "%s", sentence);
}

/* Refuses what was asked for by --from, or by the job. */
static int refuse(const struct gy_cli *cli, const struct gy_job *job, const char *sentence)
{
    if (cli->from != NULL)
        return gy_refuse_flag("--from", cli->from, sentence);
    const struct gy_setting *at = gy_setting_get(job->snapshot_at, "resume");
    return gy_refuse_setting(at != NULL ? at : job->snapshot_at, "snapshot: resume: %s", sentence);
}

/* ---- none ---- */

/* True where the newest run in a folder has taken no snapshot; `branch`: where it began. */
static bool is_young(const char *dir, struct gy_branch *branch)
{
    struct gyre_error error = {.size = sizeof error};
    uint64_t newest = gy_folder_newest(dir);
    if (gy_branch_read(gy_disk_real(), dir, branch, &error) != 0)
        *branch = (struct gy_branch){0};
    return newest != 0 && newest <= branch->behind;
}

/* Says why no snapshot of `dir` can be gone on from. */
static int refuse_none(const struct gy_cli *cli, const struct gy_job *job, const char *dir)
{
    char sentence[5000];
    struct gy_branch branch;
    bool young = is_young(dir, &branch);
    uint64_t older = young ? gy_folder_unfinished(dir, 0, false) : 0;
    const char *what = young ? "the newest run in %s had taken no snapshot yet; run the job %s to "
                               "begin at the start"
                       : gy_folder_newest(dir) != 0
                           ? "there is no intact snapshot in %s; run the job %s to begin at the "
                             "start"
                           : "there is no snapshot in %s; run the job %s to begin at the start";
    size_t n = (size_t)snprintf(sentence, sizeof sentence, what, dir,
                                !job->snapshot_resume ? "without --from"
                                : cli->from != NULL
                                    ? "without --from and with --set job.snapshot.resume=false"
                                    : "with --set job.snapshot.resume=false");
    if (older != 0 && n < sizeof sentence)
        snprintf(sentence + n, sizeof sentence - n, ", or name one of an older run: --from %s/%llu",
                 dir, (unsigned long long)older);
    return refuse(cli, job, sentence);
}

int gy_from_refuse_empty(const struct gy_cli *cli, const struct gy_job *job)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_snapshot_ids ids = {0};
    const char *dir = job->snapshot_dir;
    if (cli->from == NULL || !gy_from_is_latest(cli, job))
        return GY_EXIT_OK;
    if (gy_folder_is(dir) && gy_snapshots_list(gy_disk_real(), dir, &ids, &error) != 0)
        return refuse(cli, job, error.text);
    size_t n = ids.v.n;
    gy_vec_fini(&ids.v);
    return n == 0 ? refuse_none(cli, job, dir) : GY_EXIT_OK;
}

/* True where a run that resumes may begin at the start: nothing has been taken, or the newest run began
 * there and took nothing. What is there and cannot be used is no reason to begin again. */
static bool may_begin(const char *dir)
{
    struct gy_branch branch;
    return gy_folder_newest(dir) == 0 || (is_young(dir, &branch) && branch.from == 0);
}

/* ---- finding ---- */

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
    else if (gy_folder_is(dir))
        found = !is_latest && gy_snapshot_is_one(dir)
                    ? gy_snapshot_intact(gy_disk_real(), dir, error)
                    : gy_branch_newest(gy_disk_real(), dir, gy_from_tell, NULL, error);
    gy_free(dir);
    return found;
}

/* The snapshot that is named; NULL and GY_EXIT_OK: there is none, and need not be. */
static int find_named(const struct gy_cli *cli, const struct gy_job *job,
                      struct gy_manifest **found)
{
    struct gyre_error error = {.size = sizeof error};
    bool is_latest = gy_from_is_latest(cli, job);
    const char *dir = is_latest ? job->snapshot_dir : cli->from;
    *found = find_in(dir, is_latest, &error);
    if (*found != NULL)
        return GY_EXIT_OK;
    if (error.code != 0)
        return refuse(cli, job, error.text);
    if (cli->from == NULL && may_begin(dir))
        return GY_EXIT_OK;
    if (is_latest || gy_folder_newest(dir) != 0)
        return refuse_none(cli, job, dir);
    return refuse(cli, job,
                  gy_folder_is(dir) ? "there is no snapshot in it; give the folder of one, or a "
                                      "folder of snapshots"
                                    : "there is no such folder; give the folder of a snapshot, or "
                                      "a folder of snapshots");
}

/* ---- does it fit ---- */

static int refuse_parallelism(const struct gy_job *job, const struct gy_manifest *manifest)
{
    const struct gy_setting *at = gy_setting_get(job->root, "max_parallelism");
    return gy_refuse_setting(at != NULL ? at : gy_setting_get(job->root, "job"),
                             "max_parallelism: %u, but the first snapshot fixed it at %u (%s); set "
                             "max_parallelism = %u",
                             job->max_parallelism, manifest->max_parallelism, manifest->path,
                             manifest->max_parallelism);
}

/* Refuses a snapshot that is not one of this job. */
static int check_manifest(const struct gy_cli *cli, const struct gy_job *job,
                          const struct gy_manifest *manifest)
{
    char sentence[5000];
    if (strcmp(manifest->job, job->name) != 0) {
        snprintf(sentence, sizeof sentence, "snapshot %s is one of job `%s`, and this is job `%s`",
                 manifest->path, manifest->job, job->name);
        return refuse(cli, job, sentence);
    }
    return manifest->max_parallelism != job->max_parallelism ? refuse_parallelism(job, manifest)
                                                             : GY_EXIT_OK;
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
        dir != NULL && job->snapshot_dir != NULL && gy_folder_is_same(dir, job->snapshot_dir);
    if (dir != NULL && !is_own && gy_snapshots_in_use(dir, &error))
        status = refuse(cli, job, error.text);
    gy_free(dir);
    return status;
}

int gy_from_find(const struct gy_cli *cli, const struct gy_job *job, struct gy_manifest **found)
{
    int status = find_named(cli, job, found);
    if (status != GY_EXIT_OK || *found == NULL)
        return status;
    status = check_manifest(cli, job, *found);
    if (status == GY_EXIT_OK)
        status = gy_adapt(cli, job, *found);
    if (status == GY_EXIT_OK)
        status = refuse_used(cli, job, *found);
    return status;
}

/* ---- beginning anew ---- */

void gy_from_tell_anew(const struct gy_job *job)
{
    const char *dir = job->snapshot_dir;
    struct gy_branch branch;
    bool young = is_young(dir, &branch);
    bool is_latest = !young || (branch.from != 0 && gy_folder_is_unfinished(dir, branch.from));
    uint64_t id = !is_latest ? gy_folder_unfinished(dir, 0, false)
                  : young    ? branch.from
                             : gy_folder_unfinished(dir, branch.behind, true);
    if (id != 0 && is_latest)
        gy_log(
            GY_LOG_WARN,
            "begins at the start, beside snapshot %s/%llu of a run that had not finished: --from "
            "latest goes on with it, and snapshot = { resume = true; } does so by itself",
            dir, (unsigned long long)id);
    else if (id != 0)
        gy_log(
            GY_LOG_WARN,
            "begins at the start, beside snapshot %s/%llu of an older run that had not finished: "
            "--from %s/%llu goes on with it",
            dir, (unsigned long long)id, dir, (unsigned long long)id);
}
