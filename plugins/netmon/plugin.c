/* netmon: how fast the network interfaces of a Linux machine receive and send, from /proc/net/dev.
 *
 * The kernel counts bytes; the source reads the counters at an interval and puts out, for each interface that
 * it had seen before, the bytes per second since then. Nothing of it is kept in a snapshot: a reading
 * cannot be made again.
 *
 *   Inter-|   Receive                                        |  Transmit
 *    face |bytes packets errs drop fifo frame compr. multicast|bytes packets ...
 *     eth0: 8152 ... (7 more)                                   4711 ...            */
#include <gyre/gyre.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 64, INTERFACES_MAX = 256, LINE_BYTES = 1024 };

struct read_config {
    const char *path;
    int64_t interval;
};

struct counters {
    char name[NAME_BYTES];
    uint64_t received;
    uint64_t sent;
};

struct reading {
    struct counters interfaces[INTERFACES_MAX];
    uint32_t n;
    int64_t time_us;
};

struct monitor {
    struct reading before;
    struct reading now;
    int64_t due_us;
};

/* Reads a line such as " eth0: 8152 ..."; 0 where it is none. */
static int parse(char *line, struct counters *to)
{
    uint64_t numbers[9];
    char *colon = strchr(line, ':'), *name = line + strspn(line, " \t");
    if (colon == NULL || colon - name < 1 || colon - name >= NAME_BYTES)
        return 0;
    for (uint32_t i = 0; i < 9; i++) {
        char *at = i == 0 ? colon + 1 : line, *end = at;
        errno = 0;
        numbers[i] = strtoull(at, &end, 10);
        if (end == at || errno != 0)
            return 0;
        line = end;
    }
    memset(to, 0, sizeof *to);
    memcpy(to->name, name, (size_t)(colon - name));
    to->received = numbers[0];
    to->sent = numbers[8];
    return 1;
}

static int32_t look(struct gyre_ctx *ctx, struct reading *to)
{
    const struct read_config *c = ctx->config;
    char line[LINE_BYTES];
    FILE *file = fopen(c->path, "re");
    if (file == NULL)
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be read: %s", c->path, strerror(errno));
    to->n = 0;
    to->time_us = gyre_now(ctx);
    while (to->n < INTERFACES_MAX && fgets(line, sizeof line, file) != NULL)
        to->n += (uint32_t)parse(line, &to->interfaces[to->n]);
    int bad = ferror(file);
    fclose(file);
    return bad ? gyre_fail(ctx, GYRE_EIO, "%s cannot be read", c->path) : GYRE_OK;
}

static const struct counters *find(const struct reading *reading, const char *name)
{
    for (uint32_t i = 0; i < reading->n; i++)
        if (strcmp(reading->interfaces[i].name, name) == 0)
            return &reading->interfaces[i];
    return NULL;
}

/* Counters that have gone back began anew: the interface was taken down. */
static double rate(uint64_t before, uint64_t now, int64_t us)
{
    return now < before || us <= 0 ? 0 : (double)(now - before) * 1e6 / (double)us;
}

static void put_rates(struct gyre_out *out, const struct monitor *m)
{
    int64_t us = m->now.time_us - m->before.time_us;
    for (uint32_t i = 0; i < m->now.n; i++) {
        const struct counters *is = &m->now.interfaces[i], *was = find(&m->before, is->name);
        if (was == NULL)
            continue;
        uint32_t row = gyre_out_row(out, m->now.time_us);
        GYRE_OUT(out, 0, struct gyre_str)
        [row] = gyre_out_str(out, is->name, (uint32_t)strlen(is->name));
        GYRE_OUT(out, 1, double)[row] = rate(was->received, is->received, us);
        GYRE_OUT(out, 2, double)[row] = rate(was->sent, is->sent, us);
    }
}

static int32_t read_discover(const void *config, struct gyre_splits *splits)
{
    (void)config;
    return splits->add(splits, "", 0);
}

static int32_t read_add_split(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                              size_t n, struct gyre_reader *position)
{
    struct monitor *m = self;
    (void)split, (void)bytes, (void)n, (void)position;
    m->due_us = gyre_now(ctx);
    return GYRE_OK;
}

static int32_t read_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct monitor *m = self;
    const struct read_config *c = ctx->config;
    if (gyre_now(ctx) >= m->due_us) {
        int32_t code = look(ctx, &m->now);
        if (code != GYRE_OK)
            return code;
        put_rates(ctx->outputs[0], m);
        gyre_watermark(ctx, m->now.time_us);
        m->before = m->now;
        m->due_us += c->interval;
        if (m->due_us <= m->now.time_us) /* readings that were missed are not made up for */
            m->due_us = m->now.time_us + c->interval;
    }
    poll->status = GYRE_POLL_IDLE;
    poll->wake_us = m->due_us;
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct read_config, path, PATH, "/proc/net/dev", 0, "a file that is written like it"),
    GYRE_OPT_RANGE(struct read_config, interval, DURATION, "1s", 1000, 86400000000, NULL,
                   "from one reading to the next"),
};

static const struct gyre_field fields[] = {
    GYRE_FIELD(str, "interface", 0), GYRE_FIELD(f64, "received", 0), GYRE_FIELD(f64, "sent", 0)};
static const struct gyre_port output = GYRE_PORT(
    "out", 0, fields, 3, "of each interface the bytes per second since the reading before");

static const struct gyre_operator gyre_op_read = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "read",
    .doc = "Reads how fast network interfaces receive and send, at an interval.",
    .flags = GYRE_SETS_TIME | GYRE_UNBOUNDED | GYRE_AT_MOST_ONCE,
    .config_size = sizeof(struct read_config),
    .instance_size = sizeof(struct monitor),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .outputs = &output,
    .n_outputs = 1,
    .discover = read_discover,
    .add_split = read_add_split,
    .poll = read_poll,
};

GYRE_PLUGIN(netmon, "0.1.0", GYRE_OP(read))
