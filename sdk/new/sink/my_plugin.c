/* my_plugin: a sink that shows each row once, whatever fails.
 *
 * `parts` writes lines into files of a folder. A file is written under a name that begins with a dot, which nobody
 * reads. With each snapshot of the job comes a transaction: `prepare` makes the file durable, and once the whole
 * snapshot is on the disk, `commit` gives it its name. A job that dies in between commits it when it goes on. Put what
 * you write to in the place of the files (a table of a database, a topic); keep the two steps. */
#define _GNU_SOURCE /* asprintf */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gyre/gyre.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Options are a table over a struct. gyre reads them from the job file, and tells mistakes with their line. A PATH is
 * relative to the job file; GYRE_WRITES lets gyre refuse a job with two operators that write to it. */
struct parts_config {
    const char *path;
};

static const struct gyre_option parts_options[] = {
    GYRE_OPT(struct parts_config, path, PATH, NULL, GYRE_REQUIRED | GYRE_WRITES,
             "the folder to write to; what is in it of a run before is removed"),
};

/* What a task has: `self` in the calls below, zeroed at first. */
struct parts {
    FILE *file; /* what is being written; NULL: nothing yet */
};

/* ---- files ---- */

/* Fails the call with what was done to what, and why not. */
static int32_t failed(struct gyre_ctx *ctx, const char *what)
{
    const struct parts_config *config = ctx->config;
    return gyre_fail(ctx, GYRE_EIO, "%s: cannot %s: %s", config->path, what, strerror(errno));
}

/* PATH/PREFIXtxn, to be freed; NULL without memory. */
static char *name_of(struct gyre_ctx *ctx, const char *prefix, const char *txn)
{
    const struct parts_config *config = ctx->config;
    char *name = NULL;
    return asprintf(&name, "%s/%s%s", config->path, prefix, txn) >= 0 ? name : NULL;
}

/* Renames a file, and frees both names; 0, or a code. One that is not there has been renamed before, or was never
 * written, as no row came: `commit` may come again. */
static int32_t move(struct gyre_ctx *ctx, char *from, char *to)
{
    int32_t code = from != NULL && to != NULL ? GYRE_OK : GYRE_ENOMEM;
    if (code == GYRE_OK && rename(from, to) != 0 && errno != ENOENT)
        code = failed(ctx, "rename a part");
    free(from);
    free(to);
    return code;
}

/* A new name is on the disk when the folder is. */
static int32_t sync_folder(struct gyre_ctx *ctx)
{
    const struct parts_config *config = ctx->config;
    int folder = open(config->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int32_t code = folder >= 0 && fsync(folder) == 0 ? GYRE_OK : failed(ctx, "sync it");
    if (folder >= 0)
        close(folder);
    return code;
}

/* Removes what runs before have left. */
static int32_t empty_folder(struct gyre_ctx *ctx)
{
    const struct parts_config *config = ctx->config;
    DIR *folder = opendir(config->path);
    int32_t code = GYRE_OK;
    if (folder == NULL)
        return failed(ctx, "read it");
    for (const struct dirent *entry; code == GYRE_OK && (entry = readdir(folder)) != NULL;) {
        const char *name = entry->d_name[0] == '.' ? entry->d_name + 1 : entry->d_name;
        if (strncmp(name, "part-", 5) == 0 && unlinkat(dirfd(folder), entry->d_name, 0) != 0)
            code = failed(ctx, "remove an old part");
    }
    closedir(folder);
    return code;
}

/* ---- the calls of a task ---- */

static int32_t parts_open(void *self, struct gyre_ctx *ctx)
{
    const struct parts_config *config = ctx->config;
    (void)self;
    if (mkdir(config->path, 0777) != 0 && errno != EEXIST)
        return failed(ctx, "make the folder");
    return ctx->restores ? GYRE_OK : empty_folder(ctx); /* 1: the run goes on from a snapshot */
}

/* Called after a failure too, with whatever is there. */
static void parts_close(void *self, struct gyre_ctx *ctx)
{
    struct parts *parts = self;
    (void)ctx;
    if (parts->file != NULL)
        fclose(parts->file);
    parts->file = NULL;
}

static int32_t parts_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct parts *parts = self;
    const struct gyre_str *lines = GYRE_COLUMN(in, 0, struct gyre_str);
    if (parts->file == NULL) {
        char *name = name_of(ctx, ".open", "");
        parts->file =
            name != NULL ? fopen(name, "we") : NULL; /* empties what a dead run has left */
        free(name);
        if (parts->file == NULL)
            return failed(ctx, "write a part");
    }
    GYRE_ROWS(in, row)
    {
        fwrite(gyre_str_data(&lines[row]), 1, lines[row].len, parts->file);
        if (fputc('\n', parts->file) == EOF)
            return failed(ctx, "write a part");
    }
    return GYRE_OK;
}

/* ---- transactions ---- */

/* Durable, but not to be seen. `txn` is made of job, operator, task and snapshot. What commit and abort need to know
 * beyond it would go into `writer`; it comes back in `reader`, also in another process. */
static int32_t parts_prepare(void *self, struct gyre_ctx *ctx, const char *txn,
                             struct gyre_writer *writer)
{
    struct parts *parts = self;
    FILE *file = parts->file;
    (void)writer;
    if (file == NULL)
        return GYRE_OK; /* no row came */
    parts->file = NULL;
    int wrong = ferror(file) || fflush(file) != 0 || fsync(fileno(file)) != 0;
    if ((fclose(file) != 0) | wrong)
        return failed(ctx, "write a part");
    int32_t code = move(ctx, name_of(ctx, ".open", ""), name_of(ctx, ".part-", txn));
    return code == GYRE_OK ? sync_folder(ctx) : code;
}

static int32_t parts_commit(void *self, struct gyre_ctx *ctx, const char *txn,
                            struct gyre_reader *reader)
{
    (void)self, (void)reader;
    int32_t code = move(ctx, name_of(ctx, ".part-", txn), name_of(ctx, "part-", txn));
    return code == GYRE_OK ? sync_folder(ctx) : code;
}

/* It may come again, and without a prepare. */
static int32_t parts_abort(void *self, struct gyre_ctx *ctx, const char *txn,
                           struct gyre_reader *reader)
{
    char *name = name_of(ctx, ".part-", txn);
    int32_t code = name != NULL ? GYRE_OK : GYRE_ENOMEM;
    (void)reader;
    parts_close(self, ctx);
    if (code == GYRE_OK && unlink(name) != 0 && errno != ENOENT)
        code = failed(ctx, "remove a part");
    free(name);
    return code;
}

static const struct gyre_field fields[] = {GYRE_FIELD(str, "line", 0)};
static const struct gyre_port input = GYRE_PORT("in", 0, fields, 1, "rows with a line");

/* Members that are not named stay zero. gyre refuses a table that contradicts itself, with a sentence. */
static const struct gyre_operator gyre_op_parts = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SINK,
    .name = "parts",
    .doc = "Writes lines into files of a folder, each of which appears when it is whole.",
    .flags = GYRE_MASK_AWARE | GYRE_SINGLE, /* one task: it alone empties the folder */
    .config_size = sizeof(struct parts_config),
    .instance_size = sizeof(struct parts),
    .options = parts_options,
    .n_options = 1,
    .inputs = &input,
    .n_inputs = 1,
    .needs = GYRE_FEATURE_TWO_PHASE,
    .open = parts_open,
    .close = parts_close,
    .process = parts_process,
    .prepare = parts_prepare,
    .commit = parts_commit,
    .abort = parts_abort,
};

/* The file has to be called after the plugin: my_plugin.so. */
GYRE_PLUGIN(my_plugin, "0.1.0", GYRE_OP(parts))
