/* See rows.h. The files are memory, at descriptors whose numbers stand in the job. */
#include "fuzz/rows.h"

#include "base/log.h"
#include "base/mem.h"
#include "op/instance.h"
#include "job/config.h"
#include "support/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* FD_BACK becomes FD_OUT when the job has been checked: it may not read what it writes. */
enum { FD_IN = 100, FD_OUT, FD_LAST, FD_NONE, FD_BACK, FD_PIPE };

#define PATH "path = \"/proc/self/fd/%d\"; format = \"%s\";"
#define WIDE                                                                                       \
    "schema = ({name=\"s\"; type=\"str\"; nullable=true;}, {name=\"d\"; type=\"f64\";},"           \
    " {name=\"b\"; type=\"bool\"; nullable=true;}, {name=\"i\"; type=\"i32\";},"                   \
    " {name=\"l\"; type=\"i64\"; nullable=true;}, {name=\"t\"; type=\"time\"; nullable=true;},"    \
    " {name=\"x\"; type=\"bytes\"; nullable=true;}, {name=\"z\"; type=\"str\";});"
#define SHORT                                                                                      \
    "row_max = \"24B\"; schema = ({name=\"s\"; type=\"str\"; nullable=true;}, "                    \
    "{name=\"i\"; type=\"i32\";});"
#define HEADER "s,d,b,i,l,t,x,z\n"
#define JOB                                                                                        \
    "job = \"fuzz\"; operators = ("                                                                \
    "{ id = \"in\"; op = \"file.read\"; on_error = \"skip\"; " PATH WIDE " },"                     \
    "{ id = \"out\"; op = \"file.write\"; input = \"in\"; " PATH " },"                             \
    "{ id = \"again\"; op = \"file.read\"; " PATH WIDE " },"                                       \
    "{ id = \"last\"; op = \"file.write\"; input = \"again\"; " PATH " },"                         \
    "{ id = \"piped\"; op = \"file.read\"; on_error = \"skip\"; " PATH WIDE " },"                  \
    "{ id = \"none1\"; op = \"std.null\"; input = \"piped\"; },"                                   \
    "{ id = \"short\"; op = \"file.read\"; on_error = \"skip\"; header = %s; " PATH SHORT " },"    \
    "{ id = \"none2\"; op = \"file.write\"; input = \"short\"; " PATH " },"                        \
    "{ id = \"thin\"; op = \"file.read\"; on_error = \"skip\"; header = %s; " PATH SHORT " },"     \
    "{ id = \"none3\"; op = \"std.null\"; input = \"thin\"; });"

static struct {
    struct gy_plugins *plugins;
    struct gy_graph *graph;
    struct gy_pool *pool;
} host;

/* One reader at work: its rows as bytes that can be compared, and where they are written. */
struct run {
    const struct gy_node *node;
    struct gy_instance *reader, *sink;
    struct gyre_writer rows;
    struct gyre_reader *position; /* where to begin; NULL: at the start */
    uint32_t polls;               /* 0: to the end */
    uint32_t budget;
    const uint8_t *left; /* what is still to come through the pipe */
    size_t n_left, piece;
    int pipe_fd;
};

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "rows.c:%d: %s\n", __LINE__, #condition);                              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* ---- the job ---- */

static void memory_at(int number)
{
    int fd = memfd_create("rows", 0);
    REQUIRE(fd >= 0 && dup2(fd, number) == number);
    close(fd);
}

/* The writing end; the reading one is at FD_PIPE. */
static int pipe_anew(void)
{
    int fds[2];
    REQUIRE(pipe(fds) == 0 && dup2(fds[0], FD_PIPE) == FD_PIPE);
    close(fds[0]);
    return fds[1];
}

void rows_init(const char *format)
{
    struct gy_diags diags = {0};
    char *dir = build_path("plugins"), *job_path = text_format("/proc/self/fd/%d", FD_IN);
    const char *header = strcmp(format, "csv") == 0 ? "true" : "false";
    char *text =
        text_format(JOB, FD_IN, format, FD_OUT, format, FD_BACK, format, FD_LAST, format, FD_PIPE,
                    format, header, FD_IN, format, FD_NONE, format, header, FD_PIPE, format);
    for (int fd = FD_IN; fd <= FD_BACK; fd++)
        memory_at(fd);
    REQUIRE(pwrite(FD_IN, text, strlen(text), 0) == (ssize_t)strlen(text));
    int write_end = pipe_anew();
    struct gy_job *job = gy_job_load(job_path, NULL, &diags);
    /* the job has been read: what is checked of its files is that a header has the fields */
    REQUIRE(ftruncate(FD_IN, 0) == 0 && pwrite(FD_IN, HEADER, strlen(HEADER), 0) > 0);
    host.plugins = gy_plugins_new((const char *const[]){dir}, 1);
    host.pool = gy_pool_new();
    if (job != NULL)
        host.graph = gy_graph_build(job, host.plugins, &diags);
    gy_diags_print(&diags, stderr);
    REQUIRE(host.graph != NULL && host.pool != NULL);
    REQUIRE(dup2(FD_OUT, FD_BACK) == FD_BACK);
    gy_log_set_level(GY_LOG_ERROR);
    gy_job_free(job);
    gy_diags_fini(&diags);
    close(write_end);
    free(dir);
    free(job_path);
    free(text);
}

static const struct gy_node *node_of(const char *id)
{
    for (uint32_t i = 0; i < host.graph->n_nodes; i++)
        if (strcmp(host.graph->nodes[i]->id, id) == 0)
            return host.graph->nodes[i];
    abort();
}

/* ---- rows ---- */

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
    struct run *run = user;
    const struct gyre_schema *schema = &run->node->outputs[port].schema;
    REQUIRE(batch->keep == NULL && batch->n_columns == schema->n_fields);
    for (uint32_t row = 0; row < batch->rows; row++)
        for (uint32_t i = 0; i < schema->n_fields; i++)
            add_value(&run->rows, gyre_schema_field(schema, i), &batch->columns[i], row);
    if (run->sink != NULL)
        REQUIRE(gy_instance_process(run->sink, 0, batch) == 0);
}

static struct gy_instance *instance_of(const struct gy_node *node, struct run *run)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_env env = {
        .job = "fuzz", .pool = host.pool, .clock = gy_clock_real(), .emit = take_rows, .host = run};
    struct gy_instance *instance = gy_instance_new(node, 0, 1, &env, &error);
    REQUIRE(instance != NULL && gy_instance_open(instance) == 0);
    return instance;
}

/* ---- reading ---- */

static int32_t add_split(struct gyre_splits *splits, const void *bytes, size_t n)
{
    struct run *run = splits->host;
    return gy_instance_add_split(run->reader, 0, bytes, n, run->position);
}

/* Lets the next piece through; at the end the pipe is closed. */
static void feed(struct run *run)
{
    size_t n = run->n_left < run->piece ? run->n_left : run->piece;
    REQUIRE(run->pipe_fd >= 0 && write(run->pipe_fd, run->left, n) == (ssize_t)n);
    run->left += n;
    run->n_left -= n;
    if (run->n_left == 0) {
        close(run->pipe_fd);
        run->pipe_fd = -1;
    }
}

/* Polls until the end of the file (true), a failure, or for as often as is said. */
static bool poll_all(struct run *run)
{
    for (uint32_t polled = 0; run->polls == 0 || polled < run->polls; polled++) {
        struct gyre_poll poll = {
            .size = sizeof poll, .budget = run->budget, .wake_us = INT64_MAX, .fd = -1};
        if (gy_instance_poll(run->reader, &poll) != 0 || poll.status == GYRE_POLL_SPLIT)
            return true;
        if (poll.status == GYRE_POLL_IDLE)
            feed(run);
    }
    return false;
}

/* Reads, and writes to the node of `sink` where it is one; the position where it stopped before the
 * end, zeroed else. What went wrong is in the rows too. */
static struct gyre_writer read_rows(struct run *run, const char *id, const char *sink)
{
    struct gyre_error error = {.size = sizeof error};
    struct gyre_splits splits = {
        .size = sizeof splits, .tasks = 1, .add = add_split, .error = &error, .host = run};
    struct gyre_writer position = {.size = sizeof position, .grow = grow};
    run->node = node_of(id);
    if (run->rows.size == 0)
        run->rows = (struct gyre_writer){.size = sizeof run->rows, .grow = grow};
    run->sink = sink != NULL ? instance_of(node_of(sink), run) : NULL;
    run->reader = instance_of(run->node, run);
    REQUIRE(run->node->descriptor->discover(run->node->config, &splits) == 0);
    bool is_over = poll_all(run);
    int code = gy_instance_error(run->reader)->code;
    if (code == 0)
        REQUIRE(gy_instance_flush(run->reader, true) == 0);
    if (is_over)
        gyre_write_u32(&run->rows, (uint32_t)code);
    else
        REQUIRE(gy_instance_save_split(run->reader, 0, &position) == 0);
    if (run->sink != NULL)
        REQUIRE(gy_instance_flush(run->sink, true) == 0);
    gy_instance_free(run->reader);
    gy_instance_free(run->sink);
    return position;
}

/* ---- what must hold ---- */

static bool same(const struct gyre_writer *a, const struct gyre_writer *b)
{
    return a->length == b->length && (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

static bool same_files(void)
{
    static char a[1 << 16], b[1 << 16];
    off_t size = lseek(FD_OUT, 0, SEEK_END);
    if (size != lseek(FD_LAST, 0, SEEK_END) || size > (off_t)sizeof a)
        return size > (off_t)sizeof a;
    REQUIRE(pread(FD_OUT, a, sizeof a, 0) == size && pread(FD_LAST, b, sizeof b, 0) == size);
    return memcmp(a, b, (size_t)size) == 0;
}

/* The rows of a reader that stops, and goes on as another one. */
static void check_restored(const char *id, const struct gyre_writer *rows, uint32_t budget,
                           uint32_t polls)
{
    struct run run = {.budget = budget, .polls = polls, .pipe_fd = -1};
    struct gyre_writer position = read_rows(&run, id, NULL);
    struct gyre_reader from = {
        .size = sizeof from, .data = position.data, .length = position.length};
    if (position.length != 0) {
        run.polls = 0;
        run.position = &from;
        read_rows(&run, id, NULL);
    }
    REQUIRE(same(&run.rows, rows));
    gy_free(position.data);
    gy_free(run.rows.data);
}

/* The rows of a file that comes in pieces. A bad header ends that before all of it has come. */
static void check_piped(const char *id, const struct gyre_writer *rows, const uint8_t *bytes,
                        size_t n, size_t pieces)
{
    struct run run = {.budget = 1024, .left = bytes, .n_left = n, .piece = n / pieces + 1};
    run.pipe_fd = pipe_anew();
    read_rows(&run, id, NULL);
    REQUIRE(same(&run.rows, rows));
    if (run.pipe_fd >= 0)
        close(run.pipe_fd);
    gy_free(run.rows.data);
}

void rows_check(const uint8_t *bytes, size_t n)
{
    struct run in = {.budget = 1024, .pipe_fd = -1}, again = in, narrow = in;
    if (n == 0 || n > 1 << 15)
        return;
    uint8_t how = *bytes++;
    REQUIRE(ftruncate(FD_IN, 0) == 0 && pwrite(FD_IN, bytes, n - 1, 0) == (ssize_t)(n - 1));
    read_rows(&in, "in", "out");
    read_rows(&again, "again", "last");
    REQUIRE(same(&in.rows, &again.rows));
    REQUIRE(same_files());
    read_rows(&narrow, "short", NULL);
    check_restored("in", &in.rows, 1 + how % 4, 1 + how / 4 % 4);
    check_restored("short", &narrow.rows, 1 + how % 4, 1 + how / 4 % 4);
    check_piped("piped", &in.rows, bytes, n - 1, 1u << how / 16 % 8);
    check_piped("thin", &narrow.rows, bytes, n - 1, 1u << how / 16 % 8);
    gy_free(in.rows.data);
    gy_free(again.rows.data);
    gy_free(narrow.rows.data);
}
