/* procs: the processes of this machine, looked at again and again.
 *
 * `processes` looks into /proc `samples` times, `interval` apart, and puts a row out for each process it finds. There
 * is one split, /proc itself. The position is the number of the sample, its time, the last process that was put out,
 * and when the next one is due: what goes on there does not put a row out twice, nor leave a sample out. Nobody can
 * look at a moment of /proc that has passed: what was read and then lost is lost, so it is at most once, and says so.
 * A folder that stands still, as those of tests do, can be read again. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gyre/gyre.h>
#include <stdlib.h>
#include <unistd.h>

struct processes_config {
    const char *path;
    int64_t interval, samples;
};

static const struct gyre_option processes_options[] = {
    GYRE_OPT(struct processes_config, path, PATH, "/proc", 0, "where to look"),
    GYRE_OPT_RANGE(struct processes_config, interval, DURATION, "1s", 0, INT64_C(86400000000), NULL,
                   "between two samples"),
    GYRE_OPT_RANGE(struct processes_config, samples, INT, "10", 1, INT64_MAX, NULL,
                   "how often it looks"),
};

struct processes {
    int64_t sample;  /* the number of the one at hand, or of the next one; from 1 on */
    int64_t time_us; /* of the one at hand, or of the last one */
    int64_t due_us;  /* of the next one */
    int64_t after; /* the last process that was put out of it; -1: none, 0: no sample is at hand */
    int64_t *pids; /* of the sample at hand, in order */
    size_t n, room, at;
};

static int32_t failed(struct gyre_ctx *ctx, const char *what)
{
    const struct processes_config *config = ctx->config;
    return gyre_fail(ctx, GYRE_EIO, "%s: cannot %s: %s", config->path, what, strerror(errno));
}

/* ---- what is there ---- */

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* A folder whose name is a number is a process; others are 0. */
static int64_t pid_of(const char *name)
{
    int64_t pid = 0;
    for (; *name >= '0' && *name <= '9' && pid < INT32_MAX; name++)
        pid = pid * 10 + (*name - '0');
    return *name == 0 ? pid : 0;
}

static int32_t add(struct processes *p, struct gyre_ctx *ctx, int64_t pid)
{
    if (p->n == p->room) {
        size_t room = p->room > 0 ? 2 * p->room : 256;
        int64_t *pids = gyre_alloc(ctx, p->pids, room * sizeof *pids);
        if (pids == NULL)
            return GYRE_ENOMEM;
        p->pids = pids;
        p->room = room;
    }
    p->pids[p->n++] = pid;
    return GYRE_OK;
}

/* Lists the processes behind the last one that was put out. */
static int32_t list(struct processes *p, struct gyre_ctx *ctx)
{
    const struct processes_config *config = ctx->config;
    DIR *folder = opendir(config->path);
    int32_t code = GYRE_OK;
    if (folder == NULL)
        return failed(ctx, "read it");
    p->n = p->at = 0;
    for (const struct dirent *entry; code == GYRE_OK && (entry = readdir(folder)) != NULL;) {
        int64_t pid = pid_of(entry->d_name);
        if (pid > 0 && pid > p->after)
            code = add(p, ctx, pid);
    }
    closedir(folder);
    if (code == GYRE_OK && p->n > 0)
        qsort(p->pids, p->n, sizeof *p->pids, compare);
    return code;
}

/* Reads PATH/PID/stat: "PID (NAME) STATE ...", where NAME may hold anything. 0 where the process has gone. */
static int look(const struct processes_config *config, int64_t pid, char *text, size_t room,
                struct gyre_str *name, struct gyre_str *state)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%lld/stat", config->path, (long long)pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = file >= 0 ? read(file, text, room) : -1;
    if (file >= 0)
        close(file);
    const char *begin = n > 0 ? memchr(text, '(', (size_t)n) : NULL;
    const char *end = n > 0 ? memrchr(text, ')', (size_t)n) : NULL;
    if (begin == NULL || end == NULL || end < begin || end + 2 >= text + n)
        return 0;
    *name = gyre_str_view(begin + 1, (uint32_t)(end - begin - 1));
    *state = gyre_str_view(end + 2, 1);
    return 1;
}

/* ---- the calls of a task ---- */

static int32_t processes_bind(void *config, struct gyre_bind *bind)
{
    const struct processes_config *c = config;
    if (access(c->path, R_OK | X_OK) != 0 && !bind->dry)
        return gyre_bind_fail(bind, GYRE_EIO, "path", "%s: %s", c->path, strerror(errno));
    return strcmp(c->path, "/proc") == 0 ? bind->set_flags(bind, GYRE_AT_MOST_ONCE) : GYRE_OK;
}

static int32_t processes_discover(const void *config, struct gyre_splits *splits)
{
    (void)config;
    return splits->add(splits, "", 0);
}

static int32_t processes_add_split(void *self, struct gyre_ctx *ctx, uint32_t split,
                                   const void *bytes, size_t n, struct gyre_reader *position)
{
    struct processes *p = self;
    const struct processes_config *config = ctx->config;
    (void)split, (void)bytes, (void)n;
    p->sample = 1;
    p->due_us = gyre_now(ctx);
    if (position == NULL)
        return GYRE_OK;
    p->sample = gyre_read_i64(position);
    p->time_us = gyre_read_i64(position);
    p->after = gyre_read_i64(position);
    int64_t due_us = gyre_read_i64(position);
    if (due_us > p->due_us && due_us - p->due_us <= config->interval) /* else a clock was set */
        p->due_us = due_us;
    return position->error != GYRE_OK || p->after == 0 ? position->error : list(p, ctx);
}

static int32_t processes_save_split(void *self, struct gyre_ctx *ctx, uint32_t split,
                                    struct gyre_writer *writer)
{
    const struct processes *p = self;
    (void)ctx, (void)split;
    gyre_write_i64(writer, p->sample);
    gyre_write_i64(writer, p->time_us);
    gyre_write_i64(writer, p->after);
    gyre_write_i64(writer, p->due_us);
    return writer->error;
}

static void processes_close(void *self, struct gyre_ctx *ctx)
{
    struct processes *p = self;
    p->pids = gyre_alloc(ctx, p->pids, 0);
}

static void put_out(struct processes *p, struct gyre_ctx *ctx, int64_t pid)
{
    struct gyre_out *out = ctx->outputs[0];
    struct gyre_str name, state;
    char text[1024];
    p->after = pid;
    if (!look(ctx->config, pid, text, sizeof text, &name, &state))
        return;
    uint32_t row = gyre_out_row(out, p->time_us);
    GYRE_OUT(out, 0, int64_t)[row] = p->sample;
    GYRE_OUT(out, 1, int64_t)[row] = pid;
    GYRE_OUT(out, 2, struct gyre_str)[row] = gyre_out_str(out, gyre_str_data(&name), name.len);
    GYRE_OUT(out, 3, struct gyre_str)[row] = gyre_out_str(out, gyre_str_data(&state), state.len);
}

/* Begins a sample when it is due; times do not repeat. */
static int32_t begin(struct processes *p, struct gyre_ctx *ctx)
{
    const struct processes_config *config = ctx->config;
    int64_t now_us = gyre_now(ctx);
    p->time_us = now_us > p->time_us ? now_us : p->time_us + 1;
    p->due_us = now_us + config->interval;
    p->after = -1;
    return list(p, ctx);
}

static int32_t processes_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct processes *p = self;
    const struct processes_config *config = ctx->config;
    if (p->sample > config->samples) {
        poll->status = GYRE_POLL_SPLIT;
        return GYRE_OK;
    }
    if (p->after == 0 && p->due_us > gyre_now(ctx)) {
        poll->status = GYRE_POLL_IDLE;
        poll->wake_us = p->due_us;
        return GYRE_OK;
    }
    int32_t code = p->after == 0 ? begin(p, ctx) : GYRE_OK;
    for (uint32_t left = poll->budget; code == GYRE_OK && left > 0 && p->at < p->n; left--)
        put_out(p, ctx, p->pids[p->at++]);
    if (code == GYRE_OK && p->at == p->n) {
        p->after = 0;
        p->sample++;
        gyre_watermark(ctx, p->time_us + 1);
    }
    return code;
}

static const struct gyre_field fields[] = {
    GYRE_FIELD(i64, "sample", 0),
    GYRE_FIELD(i64, "pid", 0),
    GYRE_FIELD(str, "name", 0),
    GYRE_FIELD(str, "state", 0),
};
static const struct gyre_port output = GYRE_PORT("out", 0, fields, 4, "a row for each process");

static const struct gyre_operator gyre_op_processes = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "processes",
    .doc = "Puts out the processes of this machine, again and again.",
    .flags = GYRE_SINGLE | GYRE_SETS_TIME,
    .config_size = sizeof(struct processes_config),
    .instance_size = sizeof(struct processes),
    .options = processes_options,
    .n_options = 3,
    .outputs = &output,
    .n_outputs = 1,
    .bind = processes_bind,
    .close = processes_close,
    .discover = processes_discover,
    .add_split = processes_add_split,
    .poll = processes_poll,
    .save_split = processes_save_split,
};

GYRE_PLUGIN(procs, "0.1.0", GYRE_OP(processes))
