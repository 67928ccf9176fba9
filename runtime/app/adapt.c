/* See adapt.h. In a manifest an operator's id stands in one place: the files of its tasks are named beside
 * it. So who drops or renames one there has done it for all that follows. */
#include "app/adapt.h"

#include "app/refuse.h"
#include "base/err.h"
#include "base/mem.h"

#include <string.h>

static const char drop[] = "--drop-state", rename_flag[] = "--rename-state";

/* The length of OLD in OLD=NEW. */
static size_t old_length(const char *pair)
{
    return strcspn(pair, "=");
}

static const char *new_id(const char *pair)
{
    return pair + old_length(pair) + 1;
}

static bool is_old(const char *pair, const char *id)
{
    return strlen(id) == old_length(pair) && strncmp(pair, id, old_length(pair)) == 0;
}

/* Refuses what names one operator twice: `i` is the first that does. */
static int check_twice(const struct gy_cli_list *pairs, size_t i)
{
    for (size_t k = i + 1; k < pairs->n; k++) {
        const char *a = pairs->items[i], *b = pairs->items[k];
        bool same_old = old_length(a) == old_length(b) && strncmp(a, b, old_length(a)) == 0;
        if (same_old || strcmp(new_id(a), new_id(b)) == 0)
            return gy_refuse_flag(rename_flag, b,
                                  same_old ? "this state is renamed already"
                                           : "this operator gets another's state already");
    }
    return GY_EXIT_OK;
}

int gy_adapt_check(const struct gy_cli *cli, const struct gy_job *job)
{
    const struct gy_cli_list *pairs = &cli->rename_state;
    bool goes_on = cli->from != NULL || job->snapshot_resume;
    int status = GY_EXIT_OK;
    if (!goes_on && cli->drop_state.n > 0)
        return gy_refuse_flag(drop, cli->drop_state.items[0],
                              "a run without --from has no state to drop; give --from latest|DIR "
                              "as well");
    for (size_t i = 0; status == GY_EXIT_OK && i < pairs->n; i++) {
        const char *pair = pairs->items[i];
        size_t n = old_length(pair);
        if (n == 0 || pair[n] == '\0' || pair[n + 1] == '\0')
            return gy_refuse_flag(rename_flag, pair, "give it as OLD=NEW");
        if (!goes_on)
            return gy_refuse_flag(rename_flag, pair,
                                  "a run without --from has no state to rename; give --from "
                                  "latest|DIR as well");
        status = check_twice(pairs, i);
    }
    return status;
}

/* Refuses an id, and names the one of `ids` that is meant. */
static int refuse_unknown(const char *flag, const char *value, const char *id,
                          const char *const *ids, uint32_t n, const char *says)
{
    char sentence[5000];
    const char *near = ids != NULL ? gy_nearest(id, ids, n) : NULL;
    snprintf(sentence, sizeof sentence, "%s%s%s%s", says, near != NULL ? ": did you mean `" : "",
             near != NULL ? near : "", near != NULL ? "`?" : "");
    return gy_refuse_flag(flag, value, sentence);
}

static int refuse_no_state(const char *flag, const char *value, const char *id,
                           const struct gy_manifest *manifest)
{
    char says[4600];
    const char **ids = gy_calloc(manifest->n_operators + 1, sizeof *ids);
    for (uint32_t i = 0; ids != NULL && i < manifest->n_operators; i++)
        ids[i] = manifest->operators[i].id;
    snprintf(says, sizeof says, "snapshot %s has no state of such an operator", manifest->path);
    int status = refuse_unknown(flag, value, id, ids, manifest->n_operators, says);
    gy_free(ids);
    return status;
}

/* ---- --drop-state ---- */

static int drop_all(const struct gy_cli *cli, struct gy_manifest *manifest)
{
    char sentence[5000];
    int status = GY_EXIT_OK;
    if (manifest->finished && cli->drop_state.n > 0) {
        snprintf(sentence, sizeof sentence,
                 "snapshot %s is that of a run that has finished, so nothing would be done without "
                 "this state either; give --from an older one, or run the job without --from",
                 manifest->path);
        return gy_refuse_flag(drop, cli->drop_state.items[0], sentence);
    }
    for (size_t d = 0; d < cli->drop_state.n; d++) {
        const char *id = cli->drop_state.items[d];
        if (gy_manifest_operator(manifest, id) == NULL)
            status = refuse_no_state(drop, id, id, manifest);
    }
    for (size_t d = 0; status == GY_EXIT_OK && d < cli->drop_state.n; d++)
        gy_manifest_drop(manifest, cli->drop_state.items[d]);
    return status;
}

/* ---- --rename-state ---- */

static bool is_in_job(const struct gy_job *job, const char *id)
{
    for (uint32_t i = 0; i < job->n_operators; i++)
        if (job->operators[i].id != NULL && strcmp(job->operators[i].id, id) == 0)
            return true;
    return false;
}

static int refuse_not_in_job(const struct gy_job *job, const char *pair)
{
    const char **ids = gy_calloc(job->n_operators + 1, sizeof *ids);
    uint32_t n = 0;
    for (uint32_t i = 0; ids != NULL && i < job->n_operators; i++)
        if (job->operators[i].id != NULL)
            ids[n++] = job->operators[i].id;
    int status = refuse_unknown(rename_flag, pair, new_id(pair), ids, n,
                                "the job has no operator of this new name");
    gy_free(ids);
    return status;
}

static bool is_renamed(const struct gy_cli_list *pairs, const char *id)
{
    for (size_t i = 0; i < pairs->n; i++)
        if (is_old(pairs->items[i], id))
            return true;
    return false;
}

static int check_pair(const struct gy_cli *cli, const struct gy_job *job,
                      const struct gy_manifest *manifest, const char *pair)
{
    char sentence[5000], *old = gy_strndup(pair, old_length(pair));
    const char *id = new_id(pair);
    int status = GY_EXIT_OK;
    if (old == NULL) {
        status = gy_refuse_flag(rename_flag, pair, "out of memory");
    } else if (gy_manifest_operator(manifest, old) == NULL) {
        status = refuse_no_state(rename_flag, pair, old, manifest);
    } else if (!is_in_job(job, id)) {
        status = refuse_not_in_job(job, pair);
    } else if (gy_manifest_operator(manifest, id) != NULL && !is_renamed(&cli->rename_state, id)) {
        snprintf(
            sentence, sizeof sentence,
            "snapshot %s has an operator `%s` of its own: rename it as well, or give its state "
            "up with --drop-state %s",
            manifest->path, id, id);
        status = gy_refuse_flag(rename_flag, pair, sentence);
    }
    gy_free(old);
    return status;
}

/* The new name of an operator, or of one that runs a key function ahead of it ("counts:key"): NULL
 * where it keeps its own, or without memory. */
static char *renamed(const struct gy_cli_list *pairs, const char *id, bool *oom)
{
    size_t n = strcspn(id, ":");
    for (size_t i = 0; i < pairs->n; i++) {
        const char *pair = pairs->items[i];
        if (old_length(pair) != n || strncmp(pair, id, n) != 0)
            continue;
        char *name = gy_printf("%s%s", new_id(pair), id + n);
        *oom |= name == NULL;
        return name;
    }
    return NULL;
}

static int rename_all(const struct gy_cli *cli, const struct gy_job *job,
                      struct gy_manifest *manifest)
{
    const struct gy_cli_list *pairs = &cli->rename_state;
    int status = GY_EXIT_OK;
    bool oom = false;
    for (size_t i = 0; i < pairs->n; i++)
        if (check_pair(cli, job, manifest, pairs->items[i]) != GY_EXIT_OK)
            status = GY_EXIT_USAGE;
    for (uint32_t o = 0; status == GY_EXIT_OK && o < manifest->n_operators; o++) {
        struct gy_manifest_operator *op = &manifest->operators[o];
        char *name = renamed(pairs, op->id, &oom);
        if (name == NULL)
            continue;
        gy_free(op->id);
        op->id = name;
    }
    return oom ? gy_refuse_flag(rename_flag, pairs->items[0], "out of memory") : status;
}

int gy_adapt(const struct gy_cli *cli, const struct gy_job *job, struct gy_manifest *manifest)
{
    int status = drop_all(cli, manifest);
    return status == GY_EXIT_OK ? rename_all(cli, job, manifest) : status;
}
