/* See texts.h. The lines come from a file in memory, at a descriptor whose number stands in the job. */
#include "fuzz/texts.h"

#include "base/log.h"
#include "base/mem.h"
#include "job/config.h"
#include "op/instance.h"
#include "support/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FD_JOB = 120, FD_IN };

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "texts.c:%d: %s\n", __LINE__, #condition);                             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static struct {
    struct gy_plugins *plugins;
    struct gy_graph *graph;
    struct gy_pool *pool;
    uint32_t n_ops;
} host;

/* One way through: what each operator put out, as bytes that can be compared. */
struct run {
    struct gy_instance *ops[TEXTS_OPS_MAX];
    struct gyre_writer rows[TEXTS_OPS_MAX];
    struct gy_instance *reader;
};

/* Where the rows of an operator go. */
struct sink {
    struct run *run;
    uint32_t op;
};

static void memory_at(int number)
{
    int fd = memfd_create("texts", 0);
    REQUIRE(fd >= 0 && dup2(fd, number) == number);
    close(fd);
}

void texts_init(const char *const *ops, uint32_t n)
{
    struct gy_diags diags = {0};
    char *dir = build_path("plugins"), *path = text_format("/proc/self/fd/%d", FD_JOB);
    char *job =
        text_format("job = \"fuzz\"; operators = ({ id = \"in\"; op = \"file.read\"; path = "
                    "\"/proc/self/fd/%d\"; compression = \"none\"; }",
                    FD_IN);
    REQUIRE(n <= TEXTS_OPS_MAX);
    for (uint32_t i = 0; i < n; i++) {
        char *more = text_format("%s, { id = \"op%u\"; input = \"in\"; on_error = \"skip\"; %s }, "
                                 "{ id = \"null%u\"; op = \"std.null\"; input = \"op%u\"; }",
                                 job, i, ops[i], i, i);
        free(job);
        job = more;
    }
    memory_at(FD_JOB);
    memory_at(FD_IN);
    REQUIRE(write(FD_JOB, job, strlen(job)) == (ssize_t)strlen(job));
    REQUIRE(write(FD_JOB, ");", 2) == 2);
    struct gy_job *loaded = gy_job_load(path, NULL, &diags);
    host.plugins = gy_plugins_new((const char *const[]){dir}, 1);
    host.pool = gy_pool_new();
    host.n_ops = n;
    if (loaded != NULL)
        host.graph = gy_graph_build(loaded, host.plugins, &diags);
    gy_diags_print(&diags, stderr);
    REQUIRE(host.graph != NULL && host.pool != NULL);
    gy_log_set_level(GY_LOG_ERROR);
    gy_job_free(loaded);
    gy_diags_fini(&diags);
    free(dir);
    free(path);
    free(job);
}

static const struct gy_node *node_of(const char *id)
{
    for (uint32_t i = 0; i < host.graph->n_nodes; i++)
        if (strcmp(host.graph->nodes[i]->id, id) == 0)
            return host.graph->nodes[i];
    abort();
}

static const struct gy_node *op_of(uint32_t i)
{
    char id[16];
    snprintf(id, sizeof id, "op%u", i);
    return node_of(id);
}

static int32_t grow(struct gyre_writer *writer, size_t more)
{
    size_t capacity = 2 * (writer->length + more);
    uint8_t *data = gy_realloc(writer->data, capacity);
    REQUIRE(data != NULL);
    writer->data = data;
    writer->capacity = capacity;
    return 0;
}

static void add_value(struct gyre_writer *rows, const struct gyre_field *field,
                      const struct gy_column *column, uint32_t row)
{
    uint32_t size = gyre_type_size(field->type);
    uint32_t is_null = column->valid != NULL && !column->valid[row];
    gyre_write_u32(rows, is_null);
    if (is_null)
        return;
    if (gyre_type_is_str(field->type))
        gyre_write_str(rows, (const struct gyre_str *)column->data + row);
    else
        gyre_write(rows, (const char *)column->data + (size_t)row * size, size);
}

static void take_rows(void *user, uint32_t port, const struct gy_batch *batch)
{
    const struct sink *sink = user;
    const struct gyre_schema *schema = &op_of(sink->op)->outputs[port].schema;
    REQUIRE(batch->n_columns == schema->n_fields);
    for (uint32_t row = 0; row < batch->rows; row++)
        for (uint32_t i = 0; i < schema->n_fields; i++)
            if (batch->keep == NULL || batch->keep[row])
                add_value(&sink->run->rows[sink->op], gyre_schema_field(schema, i),
                          &batch->columns[i], row);
}

static void take_lines(void *user, uint32_t port, const struct gy_batch *batch)
{
    struct run *run = user;
    (void)port;
    for (uint32_t i = 0; i < host.n_ops; i++)
        REQUIRE(gy_instance_process(run->ops[i], 0, batch) == 0);
}

static struct gy_instance *open_one(const struct gy_node *node,
                                    void (*emit)(void *, uint32_t, const struct gy_batch *),
                                    void *user)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_env env = {
        .job = "fuzz", .pool = host.pool, .clock = gy_clock_real(), .emit = emit, .host = user};
    struct gy_instance *instance = gy_instance_new(node, 0, 1, &env, &error);
    REQUIRE(instance != NULL && gy_instance_open(instance) == 0);
    return instance;
}

static int32_t add_split(struct gyre_splits *splits, const void *bytes, size_t n)
{
    return gy_instance_add_split(splits->host, 0, bytes, n, NULL);
}

/* Puts the lines through all operators, `budget` at a time. */
static void run_all(struct run *run, uint32_t budget)
{
    struct gyre_error error = {.size = sizeof error};
    struct sink sinks[TEXTS_OPS_MAX];
    struct gyre_poll poll = {.size = sizeof poll};
    *run = (struct run){0};
    for (uint32_t i = 0; i < host.n_ops; i++) {
        sinks[i] = (struct sink){run, i};
        run->rows[i] = (struct gyre_writer){.size = sizeof run->rows[i], .grow = grow};
        run->ops[i] = open_one(op_of(i), take_rows, &sinks[i]);
    }
    run->reader = open_one(node_of("in"), take_lines, run);
    struct gyre_splits splits = {
        .size = sizeof splits, .tasks = 1, .add = add_split, .error = &error, .host = run->reader};
    const struct gy_node *in = node_of("in");
    REQUIRE(in->descriptor->discover(in->config, &splits) == 0);
    do {
        poll = (struct gyre_poll){
            .size = sizeof poll, .budget = budget, .wake_us = INT64_MAX, .fd = -1};
        if (gy_instance_poll(run->reader, &poll) != 0)
            fprintf(stderr, "%s\n", gy_instance_error(run->reader)->text);
        REQUIRE(gy_instance_error(run->reader)->code == 0);
        REQUIRE(gy_instance_flush(run->reader, poll.status == GYRE_POLL_SPLIT) == 0);
    } while (poll.status != GYRE_POLL_SPLIT);
    for (uint32_t i = 0; i < host.n_ops; i++)
        REQUIRE(gy_instance_flush(run->ops[i], true) == 0);
    gy_instance_free(run->reader);
    for (uint32_t i = 0; i < host.n_ops; i++)
        gy_instance_free(run->ops[i]);
}

void texts_check(const uint8_t *bytes, size_t n)
{
    struct run one, many;
    REQUIRE(ftruncate(FD_IN, 0) == 0 && pwrite(FD_IN, bytes, n, 0) == (ssize_t)n);
    run_all(&one, 1);
    run_all(&many, 1024);
    for (uint32_t i = 0; i < host.n_ops; i++) {
        REQUIRE(one.rows[i].length == many.rows[i].length);
        REQUIRE(one.rows[i].length == 0 ||
                memcmp(one.rows[i].data, many.rows[i].data, one.rows[i].length) == 0);
        gy_free(one.rows[i].data);
        gy_free(many.rows[i].data);
    }
}
