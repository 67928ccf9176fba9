/* my_plugin: a sink that shows each row once, whatever fails.
 *
 * `parts` writes lines into files of a folder. A file is written under a name that begins with a dot, which nobody
 * reads. With each snapshot of the job comes a transaction: `prepare` makes the file durable, and once the whole
 * snapshot is on the disk, `commit` gives it its name. A job that dies in between commits it when it goes on. One that
 * goes on from an older snapshot gets rows again that were committed later: files are numbered, the number of the next
 * one is in each snapshot, and what has it or a greater one is removed. Put what you write to in the place of the
 * files (a table of a database, a topic); keep the two steps, and the numbers. */
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
    FILE *file;   /* what is being written; NULL: nothing yet */
    int64_t next; /* the number of the next part, from 1 on */
};

/* ---- files ---- */

/* Fails the call with what was done to what, and why not. */
static int32_t failed(struct gyre_ctx *ctx, const char *what)
{
    const struct parts_config *config = ctx->config;
    return gyre_fail(ctx, GYRE_EIO, "%s: cannot %s: %s", config->path, what, strerror(errno));
}

/* PATH/PREFIXnumber, to be freed; NULL without memory. */
static char *name_of(struct gyre_ctx *ctx, const char *prefix, int64_t number)
{
    const struct parts_config *config = ctx->config;
    char *name = NULL;
    return asprintf(&name, "%s/%s%08lld", config->path, prefix, (long long)number) >= 0 ? name
                                                                                        : NULL;
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

/* Removes a file, and frees its name; one that is not there has been removed before. */
static int32_t drop(struct gyre_ctx *ctx, char *name)
{
    int32_t code = name != NULL ? GYRE_OK : GYRE_ENOMEM;
    if (code == GYRE_OK && unlink(name) != 0 && errno != ENOENT)
        code = failed(ctx, "remove a part");
    free(name);
    return code;
}

/* Removes all parts from a number on, seen or not. */
static int32_t drop_from(struct gyre_ctx *ctx, int64_t first)
{
    const struct parts_config *config = ctx->config;
    DIR *folder = opendir(config->path);
    int32_t code = GYRE_OK;
    if (folder == NULL)
        return failed(ctx, "read it");
    for (const struct dirent *entry; code == GYRE_OK && (entry = readdir(folder)) != NULL;) {
        const char *name = entry->d_name[0] == '.' ? entry->d_name + 1 : entry->d_name;
        if (strncmp(name, "part-", 5) == 0 && strtoll(name + 5, NULL, 10) >= first &&
            unlinkat(dirfd(folder), entry->d_name, 0) != 0)
            code = failed(ctx, "remove an old part");
    }
    closedir(folder);
    return code;
}

/* ---- the calls of a task ---- */

static int32_t parts_open(void *self, struct gyre_ctx *ctx)
{
    struct parts *parts = self;
    const struct parts_config *config = ctx->config;
    parts->next = 1;
    if (mkdir(config->path, 0777) != 0 && errno != EEXIST)
        return failed(ctx, "make the folder");
    return ctx->restores ? GYRE_OK : drop_from(ctx, 0); /* 1: the run goes on from a snapshot */
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
        char *name = name_of(ctx, ".part-", parts->next);
        parts->file = name != NULL ? fopen(name, "we") : NULL;
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

/* Durable, but not to be seen. What commit and abort need to know goes into `writer`; it comes back in `reader`, also
 * in another process. 0 is no part. */
static int32_t parts_prepare(void *self, struct gyre_ctx *ctx, const char *txn,
                             struct gyre_writer *writer)
{
    struct parts *parts = self;
    FILE *file = parts->file;
    (void)
        txn; /* a name of its own, for who writes to something with transactions: JOB-ID-TASK-EPOCH */
    gyre_write_i64(writer, file != NULL ? parts->next : 0);
    if (file == NULL || writer->error != GYRE_OK)
        return writer->error; /* no row came, or no memory */
    parts->file = NULL;
    parts->next++;
    int wrong = ferror(file) || fflush(file) != 0 || fsync(fileno(file)) != 0;
    if ((fclose(file) != 0) | wrong)
        return failed(ctx, "write a part");
    return sync_folder(ctx);
}

static int32_t parts_commit(void *self, struct gyre_ctx *ctx, const char *txn,
                            struct gyre_reader *reader)
{
    int64_t number = gyre_read_i64(reader);
    (void)self, (void)txn;
    if (reader->error != GYRE_OK || number == 0)
        return reader->error;
    int32_t code = move(ctx, name_of(ctx, ".part-", number), name_of(ctx, "part-", number));
    return code == GYRE_OK ? sync_folder(ctx) : code;
}

/* It may come again, and where prepare has failed; had that written nothing, the part is the one at hand. */
static int32_t parts_abort(void *self, struct gyre_ctx *ctx, const char *txn,
                           struct gyre_reader *reader)
{
    struct parts *parts = self;
    int64_t number = gyre_read_i64(reader);
    (void)txn;
    if (reader->error != GYRE_OK) {
        number = parts->next;
        parts_close(self, ctx);
    }
    return number > 0 ? drop(ctx, name_of(ctx, ".part-", number)) : GYRE_OK;
}

/* Called when a snapshot is taken, after prepare. */
static int32_t parts_save_items(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                                void (*next_item)(struct gyre_writer *writer))
{
    const struct parts *parts = self;
    (void)ctx;
    gyre_write_i64(writer, parts->next);
    next_item(writer);
    return writer->error;
}

/* Called after `open` of a run that goes on, before commits and rows. */
static int32_t parts_restore_item(void *self, struct gyre_ctx *ctx, uint32_t version,
                                  struct gyre_reader *reader)
{
    struct parts *parts = self;
    (void)version;
    parts->next = gyre_read_i64(reader);
    if (reader->error == GYRE_OK && parts->next < 1)
        return gyre_fail(ctx, GYRE_ECORRUPT, "a part with the number %lld", (long long)parts->next);
    return reader->error == GYRE_OK ? drop_from(ctx, parts->next) : reader->error;
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
    .needs = GYRE_FEATURE_TWO_PHASE | GYRE_FEATURE_ITEMS,
    .items = GYRE_ITEMS_SPLIT,
    .items_version = 1,
    .open = parts_open,
    .close = parts_close,
    .process = parts_process,
    .save_items = parts_save_items,
    .restore_item = parts_restore_item,
    .prepare = parts_prepare,
    .commit = parts_commit,
    .abort = parts_abort,
};

/* The file has to be called after the plugin: my_plugin.so. */
GYRE_PLUGIN(my_plugin, "0.1.0", GYRE_OP(parts))
