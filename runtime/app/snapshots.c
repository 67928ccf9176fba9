/* gyre snapshots: lists, verifies and describes the snapshots of a folder.
 *
 *   gyre snapshots DIR               a line each; looks at manifests, and at the sizes of files
 *   gyre snapshots DIR verify [ID]   reads every byte; exit 1 where one is damaged
 *   gyre snapshots DIR show ID       operators, states, tasks
 *
 * It takes no lock: a job that runs meanwhile may remove a snapshot while it is looked at. */
#include "app/commands.h"
#include "app/describe.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/say.h"
#include "base/text.h"
#include "state/manifest.h"
#include "state/part.h"
#include "state/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a command line asks for, and what it is answered with. */
struct look {
    const struct gy_cli *cli;
    const char *dir;
    const struct gy_snapshot_ids *ids;
    bool json;
    struct gy_buf out;
    int status;
};

/* ---- reading ---- */

/* The manifest of a snapshot; NULL and a sentence. */
static struct gy_manifest *read_manifest(const char *dir, uint64_t id, struct gyre_error *error)
{
    char *path = gy_printf("%s/%" PRIu64, dir, id);
    if (path == NULL) {
        gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory");
        return NULL;
    }
    struct gy_manifest *manifest = gy_snapshot_read(gy_disk_real(), path, error);
    gy_free(path);
    return manifest;
}

/* Looks at the length of a file, and at nothing in it. */
static int check_length(const struct gy_manifest *manifest, const struct gy_manifest_task *task,
                        struct gyre_error *error)
{
    struct stat status;
    char brief[GY_PATH_BRIEF];
    char *path = gy_printf("%s/%s", manifest->path, task->file);
    int code = 0;
    if (path == NULL)
        code = gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory");
    else if (stat(path, &status) < 0)
        code = gy_disk_failed(error, "open", path, -errno);
    else if ((uint64_t)status.st_size != task->bytes)
        code = gyre_error_set(error, GYRE_ECORRUPT, -1,
                              "%s is damaged: its length is %lld, and its manifest says %" PRIu64,
                              gy_text_shorten(brief, sizeof brief, path), (long long)status.st_size,
                              task->bytes);
    gy_free(path);
    return code;
}

/* Reads every record of a file, whose checksum is right. */
static int check_records(const struct gy_manifest *manifest, const struct gy_manifest_task *task,
                         struct gyre_error *error)
{
    struct gy_part_reader reader;
    struct gy_record record;
    uint64_t n = 0;
    char brief[GY_PATH_BRIEF];
    char *path = gy_printf("%s/%s", manifest->path, task->file);
    if (path == NULL)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory");
    int code = gy_part_open(&reader, gy_disk_real(), path, manifest->id, error);
    if (code == 0) {
        while ((code = gy_part_read(&reader, &record, error)) == 1)
            n++;
        gy_part_close(&reader);
    }
    if (code == 0 && n != task->records)
        code = gyre_error_set(error, GYRE_ECORRUPT, -1,
                              "%s is damaged: it has %" PRIu64
                              " records, and its manifest says %" PRIu64,
                              gy_text_shorten(brief, sizeof brief, path), n, task->records);
    gy_free(path);
    return code;
}

typedef int check_file_fn(const struct gy_manifest *, const struct gy_manifest_task *,
                          struct gyre_error *);

static int check_files(const struct gy_manifest *manifest, check_file_fn *check,
                       struct gyre_error *error)
{
    int code = 0;
    for (uint32_t i = 0; i < manifest->n_operators; i++) {
        const struct gy_manifest_operator *op = &manifest->operators[i];
        for (uint32_t t = 0; code == 0 && t < op->n_tasks; t++)
            if (op->tasks[t].file != NULL)
                code = check(manifest, &op->tasks[t], error);
    }
    return code;
}

static uint32_t count_tasks(const struct gy_manifest *manifest, uint32_t *files)
{
    uint32_t n = 0;
    *files = 0;
    for (uint32_t i = 0; i < manifest->n_operators; i++) {
        n += manifest->operators[i].n_tasks;
        for (uint32_t t = 0; t < manifest->operators[i].n_tasks; t++)
            *files += manifest->operators[i].tasks[t].file != NULL;
    }
    return n;
}

static const char *time_text(char out[GY_TIME_TEXT], int64_t time_us)
{
    if (!gy_manifest_time(out, time_us))
        snprintf(out, GY_TIME_TEXT, "%" PRId64 "us", time_us);
    return out;
}

/* A running job may have removed it meanwhile, as the oldest. */
static bool is_gone(const char *dir, uint64_t id)
{
    char *path = gy_printf("%s/%" PRIu64, dir, id);
    bool gone = path != NULL && access(path, F_OK) != 0 && errno == ENOENT;
    gy_free(path);
    return gone;
}

/* ---- list ---- */

static void put_time(struct gy_buf *b, const struct gy_manifest *manifest)
{
    char time[GY_TIME_TEXT];
    gy_json_text(b, "time", time_text(time, manifest->time_us));
    gy_json_number(b, "time_us", manifest->time_us);
    gy_json_number(b, "duration_us", manifest->duration_us);
}

static void list_json(struct look *look, uint64_t id, const struct gy_manifest *manifest,
                      const char *damage)
{
    struct gy_buf *b = &look->out;
    uint32_t files;
    gy_json_open(b, NULL, '{');
    gy_json_number(b, "id", (int64_t)id);
    if (manifest != NULL) {
        gy_json_text(b, "job", manifest->job);
        put_time(b, manifest);
        gy_json_number(b, "operators", manifest->n_operators);
        gy_json_number(b, "tasks", count_tasks(manifest, &files));
        gy_json_number(b, "files", files);
        gy_json_number(b, "bytes", (int64_t)gy_manifest_bytes(manifest));
        gy_json_bool(b, "finished", manifest->finished);
    }
    gy_json_text(b, "damaged", damage);
    gy_json_close(b, '}');
}

/* Says once that it is damaged: most sentences say so as well. */
static void put_damage(struct gy_buf *b, const char *sentence)
{
    static const char says[] = " is damaged: ";
    const char *at = strstr(sentence, says);
    if (at != NULL)
        gy_buf_printf(b, "  damaged: %.*s: %s", (int)(at - sentence), sentence,
                      at + sizeof says - 1);
    else
        gy_buf_printf(b, "  damaged: %s", sentence);
}

static void list_text(struct look *look, uint64_t id, const struct gy_manifest *manifest,
                      const char *damage)
{
    struct gy_buf *b = &look->out;
    char time[GY_TIME_TEXT], size[GY_NUMBER_MAX];
    uint32_t files;
    gy_buf_printf(b, "%" PRIu64, id);
    if (manifest != NULL) {
        uint32_t tasks = count_tasks(manifest, &files);
        gy_text_format_size(size, gy_manifest_bytes(manifest));
        gy_buf_printf(b, "  %s  %s  %" PRIu32 " operator%s  %" PRIu32 " task%s  %s",
                      time_text(time, manifest->time_us), manifest->job, manifest->n_operators,
                      manifest->n_operators == 1 ? "" : "s", tasks, tasks == 1 ? "" : "s", size);
        if (manifest->finished)
            gy_buf_text(b, "  finished");
    }
    if (damage != NULL)
        put_damage(b, damage);
    gy_buf_u8(b, '\n');
}

static void list_one(struct look *look, uint64_t id)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_manifest *manifest = read_manifest(look->dir, id, &error);
    bool whole = manifest != NULL && check_files(manifest, check_length, &error) == 0;
    if (whole || !is_gone(look->dir, id))
        (look->json ? list_json : list_text)(look, id, manifest, whole ? NULL : error.text);
    gy_manifest_free(manifest);
}

/* ---- verify ---- */

static void verify_one(struct look *look, uint64_t id)
{
    struct gy_buf *b = &look->out;
    struct gyre_error error = {.size = sizeof error};
    struct gy_manifest *manifest = read_manifest(look->dir, id, &error);
    bool intact = manifest != NULL && gy_snapshot_verify(gy_disk_real(), manifest, &error) == 0 &&
                  check_files(manifest, check_records, &error) == 0;
    uint32_t files = 0;
    if (manifest != NULL)
        count_tasks(manifest, &files);
    if (!intact && is_gone(look->dir, id)) {
        gy_manifest_free(manifest);
        return;
    }
    if (look->json) {
        gy_json_open(b, NULL, '{');
        gy_json_number(b, "id", (int64_t)id);
        gy_json_bool(b, "intact", intact);
        gy_json_text(b, "damaged", intact ? NULL : error.text);
        gy_json_close(b, '}');
    } else if (intact) {
        char size[GY_NUMBER_MAX];
        gy_text_format_size(size, gy_manifest_bytes(manifest));
        gy_buf_printf(b, "%" PRIu64 "  intact: %" PRIu32 " file%s, %s\n", id, files,
                      files == 1 ? "" : "s", size);
    } else {
        gy_buf_printf(b, "%" PRIu64, id);
        put_damage(b, error.text);
        gy_buf_u8(b, '\n');
    }
    if (!intact)
        look->status = GY_EXIT_FAILED;
    gy_manifest_free(manifest);
}

/* ---- show ---- */

static void show_state(struct gy_buf *b, const struct gy_manifest_state *s)
{
    gy_buf_printf(b, "  state %s: %s", s->name, gy_manifest_kind(s->kind));
    if (s->map_key != NULL)
        gy_buf_printf(b, " from %s (version %" PRIu32 ") to", s->map_key, s->map_key_version);
    else
        gy_buf_text(b, " of");
    gy_buf_printf(b, " %s (version %" PRIu32 ")", s->type, s->version);
    if (s->of != NULL)
        gy_buf_printf(b, ", by %s", s->of);
    gy_buf_u8(b, '\n');
}

static void show_task(struct gy_buf *b, uint32_t i, const struct gy_manifest_task *task)
{
    char time[GY_TIME_TEXT], size[GY_NUMBER_MAX];
    gy_buf_printf(b, "  task %" PRIu32 ": ", i);
    if (task->file != NULL) {
        gy_text_format_size(size, task->bytes);
        gy_buf_printf(b, "%" PRIu64 " record%s, %s in %s", task->records,
                      task->records == 1 ? "" : "s", size, task->file);
    } else {
        gy_buf_text(b, "nothing kept");
    }
    if (task->watermark_us == INT64_MAX)
        gy_buf_text(b, ", watermark at the end of input");
    else if (task->watermark_us != INT64_MIN)
        gy_buf_printf(b, ", watermark %s", time_text(time, task->watermark_us));
    if (task->seen_us > task->watermark_us)
        gy_buf_text(b, ", with results to come");
    gy_buf_text(b, task->ended ? ", ended\n" : "\n");
}

static void show_text(struct gy_buf *b, const struct gy_manifest *manifest)
{
    char time[GY_TIME_TEXT], size[GY_NUMBER_MAX], duration[GY_NUMBER_MAX];
    gy_text_format_size(size, gy_manifest_bytes(manifest));
    gy_text_format_duration(duration, manifest->duration_us > 0 ? manifest->duration_us : 0);
    gy_buf_printf(b, "snapshot %" PRIu64 " of job %s\n", manifest->id, manifest->job);
    gy_buf_printf(b, "  taken %s in %s, %s\n", time_text(time, manifest->time_us), duration, size);
    gy_buf_printf(b, "  max_parallelism %" PRIu32 "\n", manifest->max_parallelism);
    if (manifest->finished)
        gy_buf_text(b, "  finished: there is nothing to go on with\n");
    for (uint32_t i = 0; i < manifest->n_plugins; i++)
        gy_buf_printf(b, "  plugin %s: version %s, build %s\n", manifest->plugins[i].name,
                      manifest->plugins[i].version, manifest->plugins[i].build);
    for (uint32_t i = 0; i < manifest->n_operators; i++) {
        const struct gy_manifest_operator *op = &manifest->operators[i];
        gy_buf_printf(b, "\noperator %s: %s, parallelism %" PRIu32 "\n", op->id, op->op,
                      op->n_tasks);
        if (op->key != NULL)
            gy_buf_printf(b, "  key %s\n", op->key);
        if (op->of != NULL)
            gy_buf_printf(b, "  state of %s\n", op->of);
        for (uint32_t s = 0; s < op->n_states; s++)
            show_state(b, &op->states[s]);
        for (uint32_t t = 0; t < op->n_tasks; t++)
            show_task(b, t, &op->tasks[t]);
    }
}

static void put_type(struct gy_buf *b, const char *key, const char *name, uint32_t version,
                     uint64_t fingerprint)
{
    char hex[24];
    snprintf(hex, sizeof hex, "0x%016" PRIx64, fingerprint);
    gy_json_open(b, key, '{');
    gy_json_text(b, "name", name);
    gy_json_number(b, "version", version);
    gy_json_text(b, "fingerprint", hex);
    gy_json_close(b, '}');
}

static void put_task(struct gy_buf *b, const struct gy_manifest_task *task)
{
    gy_json_open(b, NULL, '{');
    if (task->watermark_us != INT64_MIN)
        gy_json_number(b, "watermark_us", task->watermark_us);
    else
        gy_json_text(b, "watermark_us", NULL);
    gy_json_bool(b, "ended", task->ended);
    gy_json_text(b, "file", task->file);
    gy_json_number(b, "bytes", (int64_t)task->bytes);
    gy_json_number(b, "records", (int64_t)task->records);
    gy_json_close(b, '}');
}

static void put_operator(struct gy_buf *b, const struct gy_manifest_operator *op)
{
    gy_json_open(b, NULL, '{');
    gy_json_text(b, "id", op->id);
    gy_json_text(b, "op", op->op);
    gy_json_text(b, "key", op->key);
    gy_json_text(b, "of", op->of);
    gy_json_number(b, "parallelism", op->n_tasks);
    gy_json_open(b, "states", '[');
    for (uint32_t i = 0; i < op->n_states; i++) {
        const struct gy_manifest_state *s = &op->states[i];
        gy_json_open(b, NULL, '{');
        gy_json_text(b, "name", s->name);
        gy_json_text(b, "kind", gy_manifest_kind(s->kind));
        gy_json_text(b, "of", s->of);
        put_type(b, "type", s->type, s->version, s->fingerprint);
        if (s->map_key != NULL)
            put_type(b, "key", s->map_key, s->map_key_version, s->map_key_fingerprint);
        gy_json_close(b, '}');
    }
    gy_json_close(b, ']');
    gy_json_open(b, "tasks", '[');
    for (uint32_t t = 0; t < op->n_tasks; t++)
        put_task(b, &op->tasks[t]);
    gy_json_close(b, ']');
    gy_json_close(b, '}');
}

static void json_plugin(struct gy_buf *b, const struct gy_manifest_plugin *plugin)
{
    gy_json_open(b, NULL, '{');
    gy_json_text(b, "name", plugin->name);
    gy_json_text(b, "version", plugin->version);
    gy_json_text(b, "build", plugin->build);
    gy_json_close(b, '}');
}

static void show_json(struct gy_buf *b, const struct gy_manifest *manifest)
{
    gy_json_open(b, NULL, '{');
    gy_json_number(b, "id", (int64_t)manifest->id);
    gy_json_text(b, "job", manifest->job);
    gy_json_text(b, "path", manifest->path);
    put_time(b, manifest);
    gy_json_number(b, "bytes", (int64_t)gy_manifest_bytes(manifest));
    gy_json_bool(b, "finished", manifest->finished);
    gy_json_number(b, "max_parallelism", manifest->max_parallelism);
    gy_json_open(b, "plugins", '[');
    for (uint32_t i = 0; i < manifest->n_plugins; i++)
        json_plugin(b, &manifest->plugins[i]);
    gy_json_close(b, ']');
    gy_json_open(b, "operators", '[');
    for (uint32_t i = 0; i < manifest->n_operators; i++)
        put_operator(b, &manifest->operators[i]);
    gy_json_close(b, ']');
    gy_json_close(b, '}');
}

static void show_one(struct look *look, uint64_t id)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_manifest *manifest = read_manifest(look->dir, id, &error);
    if (manifest == NULL) {
        gy_say(stderr, "gyre snapshots: %s\n", error.text);
        look->status = GY_EXIT_FAILED;
        return;
    }
    if (look->json)
        show_json(&look->out, manifest);
    else
        show_text(&look->out, manifest);
    if (check_files(manifest, check_length, &error) != 0) {
        gy_say(stderr, "gyre snapshots: %s\n", error.text);
        look->status = GY_EXIT_FAILED;
    }
    gy_manifest_free(manifest);
}

/* ---- the command ---- */

static const struct {
    const char *name;
    void (*one)(struct look *look, uint64_t id);
} verbs[] = {{"verify", verify_one}, {"show", show_one}};

static int wrong_verb(const char *given)
{
    const char *names[] = {verbs[0].name, verbs[1].name};
    const char *near = gy_nearest(given, names, 2);
    if (near != NULL)
        gy_say(stderr, "gyre snapshots: unknown action %s (did you mean `%s`?)", given, near);
    else
        gy_say(stderr, "gyre snapshots: unknown action %s: give verify or show", given);
    gy_say(stderr, "; see gyre snapshots --help\n");
    return GY_EXIT_USAGE;
}

static void tell_ids(const struct look *look)
{
    const size_t most = 20;
    size_t n = look->ids->v.n;
    if (n == 0) {
        gy_say(stderr, "; it has none\n");
        return;
    }
    gy_say(stderr, "; there are:");
    for (size_t i = n > most ? n - most : 0; i < n; i++)
        gy_say(stderr, " %" PRIu64, look->ids->v.items[i]);
    gy_say(stderr, "\n");
}

/* Does what is asked for to one snapshot, or to all. */
static int walk(struct look *look, void (*one)(struct look *, uint64_t), const char *only)
{
    uint64_t id = only != NULL ? gy_snapshot_id(only) : 0;
    bool found = only == NULL;
    for (size_t i = 0; i < look->ids->v.n; i++)
        found = found || (id != 0 && look->ids->v.items[i] == id);
    if (!found) {
        gy_say(stderr, "gyre snapshots: %s has no snapshot %s", look->dir, only);
        tell_ids(look);
        return GY_EXIT_USAGE;
    }
    bool is_list = look->json && one != show_one;
    if (is_list)
        gy_json_open(&look->out, NULL, '[');
    for (size_t i = 0; i < look->ids->v.n; i++)
        if (only == NULL || look->ids->v.items[i] == id)
            one(look, look->ids->v.items[i]);
    if (only != NULL && look->out.len == 0 && is_gone(look->dir, id)) {
        gy_say(stderr, "gyre snapshots: %s has no snapshot %s any more: it has just been removed\n",
               look->dir, only);
        return GY_EXIT_USAGE;
    }
    if (is_list)
        gy_json_close(&look->out, ']');
    if (look->json && look->out.len > 0)
        gy_buf_u8(&look->out, '\n');
    return gy_cli_put(look->cli, &look->out, look->status);
}

static int look_at(const char *dir, const struct gy_cli *cli)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_snapshot_ids ids;
    const char *verb = cli->operands.n > 1 ? cli->operands.items[1] : NULL;
    const char *only = cli->operands.n > 2 ? cli->operands.items[2] : NULL;
    void (*one)(struct look *, uint64_t) = list_one;
    for (size_t i = 0; verb != NULL && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verb, verbs[i].name) == 0)
            one = verbs[i].one;
    if (verb != NULL && one == list_one)
        return wrong_verb(verb);
    struct look look = {.cli = cli, .dir = dir, .ids = &ids, .status = GY_EXIT_OK};
    look.json = strcmp(cli->format, "json") == 0;
    if (gy_snapshots_list(gy_disk_real(), look.dir, &ids, &error) != 0) {
        gy_say(stderr, "gyre snapshots: %s\n", error.text);
        return GY_EXIT_USAGE;
    }
    int status;
    if (ids.v.n == 0 && gy_snapshot_is_one(look.dir)) {
        gy_say(stderr,
               "gyre snapshots: %s is the folder of one snapshot: give the folder that it is in, "
               "and then its id\n",
               look.dir);
        status = GY_EXIT_USAGE;
    } else if (one == show_one && only == NULL) {
        gy_say(stderr, "gyre snapshots: show needs the id of a snapshot");
        tell_ids(&look);
        status = GY_EXIT_USAGE;
    } else {
        if (ids.v.n == 0 && only == NULL)
            gy_say(stderr, "gyre snapshots: %s has no snapshots\n", look.dir);
        status = walk(&look, one, only);
    }
    gy_buf_fini(&look.out);
    gy_vec_fini(&ids.v);
    return status;
}

int gy_cmd_snapshots(const struct gy_cli *cli)
{
    const char *given = cli->operands.items[0];
    size_t n = strlen(given);
    while (n > 1 && given[n - 1] == '/') /* it is put before names, in messages too */
        n--;
    char *dir = gy_strndup(given, n);
    if (dir == NULL) {
        gy_say(stderr, "gyre snapshots: out of memory\n");
        return GY_EXIT_FAILED;
    }
    int status = look_at(dir, cli);
    gy_free(dir);
    return status;
}
