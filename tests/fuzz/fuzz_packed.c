/* Any bytes as a compressed file of lines, through file.read, driven by calls.
 *
 * The first byte says how; the rest is the file. What must hold whatever the bytes are: reading them comes to an end,
 * or goes on to put out rows; and a reader that is restored from its position puts out the rows that one
 * which goes on does. What holds much in few bytes is left where it is after some calls. */
#include "base/log.h"
#include "base/mem.h"
#include "job/config.h"
#include "op/instance.h"
#include "support/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FD_IN = 100, POLLS_MAX = 300, POSITION_MAX = 256 };

#define JOB                                                                                        \
    "job = \"fuzz\"; operators = ("                                                                \
    "{ id = \"in\"; op = \"file.read\"; on_error = \"skip\"; row_max = \"64B\";"                   \
    "  path = \"/proc/self/fd/%d\"; },"                                                            \
    "{ id = \"out\"; op = \"std.null\"; input = \"in\"; });"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "fuzz_packed.c:%d: %s\n", __LINE__, #condition);                       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static struct {
    struct gy_plugins *plugins;
    struct gy_graph *graph;
    const struct gy_node *node;
    struct gy_pool *pool;
} host;

struct run {
    struct gy_instance *reader;
    struct gyre_reader *position; /* where to begin; NULL: at the start */
    uint64_t hash;                /* of the rows */
    uint64_t rows;
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct gy_diags diags = {0};
    char *dir = build_path("plugins"), *text = text_format(JOB, FD_IN);
    char *path = text_format("/proc/self/fd/%d", FD_IN);
    int fd = memfd_create("packed", 0);
    (void)argc, (void)argv;
    REQUIRE(fd >= 0 && dup2(fd, FD_IN) == FD_IN);
    REQUIRE(pwrite(FD_IN, text, strlen(text), 0) == (ssize_t)strlen(text));
    struct gy_job *job = gy_job_load(path, NULL, &diags);
    host.plugins = gy_plugins_new((const char *const[]){dir}, 1);
    REQUIRE(job != NULL);
    host.graph = gy_graph_build(job, host.plugins, &diags);
    gy_diags_print(&diags, stderr);
    REQUIRE(host.graph != NULL);
    for (uint32_t i = 0; i < host.graph->n_nodes; i++)
        if (strcmp(host.graph->nodes[i]->id, "in") == 0)
            host.node = host.graph->nodes[i];
    host.pool = gy_pool_new();
    gy_log_set_level(GY_LOG_ERROR);
    gy_diags_fini(&diags);
    gy_job_free(job);
    free(path);
    free(text);
    free(dir);
    return 0;
}

static void take_rows(void *user, uint32_t port, const struct gy_batch *batch)
{
    struct run *run = user;
    const struct gyre_str *lines = batch->columns[0].data;
    (void)port;
    for (uint32_t row = 0; row < batch->rows; row++, run->rows++) {
        const char *at = gyre_str_data(&lines[row]);
        for (uint32_t i = 0; i <= lines[row].len; i++)
            run->hash = (run->hash ^ (i < lines[row].len ? (uint8_t)at[i] : 256u)) * 0x100000001b3u;
    }
}

static int32_t add_split(struct gyre_splits *splits, const void *bytes, size_t n)
{
    struct run *run = splits->host;
    return gy_instance_add_split(run->reader, 0, bytes, n, run->position);
}

static void begin(struct run *run)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_env env = {
        .job = "fuzz", .pool = host.pool, .clock = gy_clock_real(), .emit = take_rows, .host = run};
    struct gyre_splits splits = {
        .size = sizeof splits, .tasks = 1, .add = add_split, .error = &error, .host = run};
    run->reader = gy_instance_new(host.node, 0, 1, &env, &error);
    REQUIRE(run->reader != NULL && gy_instance_open(run->reader) == 0);
    REQUIRE(host.node->descriptor->discover(host.node->config, &splits) == 0);
}

/* Polls so many times, or to the end: then true. */
static bool poll_all(struct run *run, uint32_t polls, uint32_t budget)
{
    for (uint32_t i = 0; i < polls; i++) {
        struct gyre_poll poll = {
            .size = sizeof poll, .budget = budget, .wake_us = INT64_MAX, .fd = -1};
        REQUIRE(gy_instance_poll(run->reader, &poll) == 0);
        if (poll.status == GYRE_POLL_SPLIT)
            return true;
    }
    return false;
}

static bool end(struct run *run, bool is_over)
{
    REQUIRE(gy_instance_flush(run->reader, true) == 0);
    gy_instance_free(run->reader);
    return is_over;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    uint8_t saved[POSITION_MAX];
    struct run whole = {0}, part = {0};
    struct gyre_writer writer = {.size = sizeof writer, .data = saved, .capacity = sizeof saved};
    if (n == 0 || n > 1 << 15)
        return 0;
    REQUIRE(ftruncate(FD_IN, 0) == 0 && pwrite(FD_IN, bytes + 1, n - 1, 0) == (ssize_t)(n - 1));
    begin(&whole);
    if (!end(&whole, poll_all(&whole, POLLS_MAX, 1024)))
        return 0;
    begin(&part);
    bool is_over = poll_all(&part, 1 + bytes[0] % 16, 1 + bytes[0] / 16);
    if (!is_over) {
        REQUIRE(gy_instance_flush(part.reader, true) == 0);
        REQUIRE(gy_instance_save_split(part.reader, 0, &writer) == 0);
    }
    end(&part, is_over);
    if (!is_over) {
        struct gyre_reader from = {.size = sizeof from, .data = saved, .length = writer.length};
        part.position = &from;
        begin(&part);
        is_over = end(&part, poll_all(&part, 2 * POLLS_MAX, 1024));
    }
    REQUIRE(is_over && part.rows == whole.rows && part.hash == whole.hash);
    return 0;
}
