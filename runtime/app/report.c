/* See report.h. */
#include "app/report.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/say.h"
#include "base/text.h"
#include "flow/feedback.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void put_name(struct gy_buf *json, const char *before, const char *name)
{
    gy_buf_text(json, before);
    gy_text_json_string(json, name, strlen(name));
    gy_buf_text(json, ": ");
}

static void put_string(struct gy_buf *json, const char *before, const char *name, const char *value)
{
    put_name(json, before, name);
    gy_text_json_string(json, value, strlen(value));
}

static void put_count(struct gy_buf *json, const char *before, const char *name, uint64_t value)
{
    put_name(json, before, name);
    gy_buf_printf(json, "%llu", (unsigned long long)value);
}

static void put_number(struct gy_buf *json, const char *before, const char *name, double value)
{
    char text[GY_NUMBER_MAX];
    put_name(json, before, name);
    gy_number_format_f64(text, isfinite(value) ? value : 0);
    gy_buf_text(json, text);
}

/* Bytes of one row of a stream as columns, what stands outside of strings left out. */
static uint64_t row_bytes(const struct gyre_schema *schema)
{
    uint64_t bytes = 0;
    for (uint32_t f = 0; f < schema->n_fields; f++)
        bytes += gyre_type_size(gyre_schema_field(schema, f)->type);
    return bytes;
}

static void put_metrics(struct gy_buf *json, const struct gy_instance *instance)
{
    const char *name;
    double value;
    put_name(json, ", ", "counters");
    gy_buf_text(json, "{");
    for (uint32_t i = 0; gy_instance_metric(instance, i, &name, &value); i++)
        put_number(json, i == 0 ? "" : ", ", name, value);
    gy_buf_text(json, "}");
}

static void put_task(struct gy_buf *json, const struct gy_member *member)
{
    struct gy_instance_stats stats;
    const struct gy_node *node = member->node;
    int64_t watermark = gy_instance_seen(member->instance);
    gy_instance_stats(member->instance, &stats);
    put_count(json, "\n        {", "task", member->task->index);
    put_count(json, ", ", "rows_in", stats.rows_in);
    put_count(json, ", ", "rows_out", stats.rows_out);
    put_count(json, ", ", "batches_in", stats.batches_in);
    put_count(json, ", ", "batches_out", stats.batches_out);
    put_count(json, ", ", "bytes_in",
              node->n_inputs > 0 ? stats.rows_in * row_bytes(&node->inputs[0].schema) : 0);
    put_count(json, ", ", "bytes_out",
              node->n_outputs > 0 ? stats.rows_out * row_bytes(&node->outputs[0].schema) : 0);
    put_number(json, ", ", "chain_busy_seconds", (double)member->task->busy_ns / 1e9);
    if (watermark == INT64_MIN)
        gy_buf_text(json, ", \"watermark_us\": null");
    else
        gy_buf_printf(json, ", \"watermark_us\": %lld", (long long)watermark);
    put_count(json, ", ", "late_rows", stats.late_rows);
    put_count(json, ", ", "failed_rows", stats.bad_rows);
    put_count(json, ", ", "dropped_timers", stats.dropped_timers);
    put_count(json, ", ", "state_entries", stats.state_entries);
    put_count(json, ", ", "state_bytes", stats.state_bytes);
    put_count(json, ", ", "plugin_bytes", stats.bytes_alloc);
    put_metrics(json, member->instance);
    gy_buf_text(json, "}");
}

static void put_operator(struct gy_buf *json, const struct gy_flow *flow,
                         const struct gy_node *node)
{
    const char *before = "";
    put_string(json, "\n    {", "id", node->id);
    if (node->of != NULL)
        put_string(json, ", ", "of", node->of);
    put_string(json, ", ", "op", node->op);
    put_count(json, ", ", "parallelism", node->parallelism);
    put_name(json, ", ", "tasks");
    gy_buf_text(json, "[");
    for (uint32_t t = 0; t < flow->n_tasks; t++) {
        for (uint32_t m = 0; m < flow->tasks[t].n_members; m++) {
            if (flow->tasks[t].members[m].node != node)
                continue;
            gy_buf_text(json, before);
            put_task(json, &flow->tasks[t].members[m]);
            before = ",";
        }
    }
    gy_buf_text(json, "]}");
}

static void put_event(struct gy_buf *json, const char *before, const struct gy_ledger_event *event)
{
    gy_buf_text(json, before);
    put_count(json, "\n    {", "id", event->id);
    if (event->failed[0] != 0)
        put_string(json, ", ", "failed", event->failed);
    else
        put_count(json, ", ", "bytes", event->bytes);
    put_number(json, ", ", "seconds", (double)event->duration_us / 1e6);
    gy_buf_text(json, "}");
}

/* What made the run fail, and whose fault it was where that is known. */
static void put_failure(struct gy_buf *json, const struct gy_flow *flow,
                        const struct gy_outcome *outcome)
{
    const struct gy_crash *crash = &outcome->ledger->crash;
    const char *id = NULL;
    put_name(json, ",\n  ", "failure");
    if (outcome->failure == NULL) {
        gy_buf_text(json, "null");
        return;
    }
    if (flow != NULL)
        id = flow->failure.node != NULL ? flow->failure.node->id : NULL;
    else if (crash->fresh && crash->known)
        id = crash->id;
    put_string(json, "{", "what", outcome->failure);
    if (id != NULL)
        put_string(json, ", ", "operator", id);
    else
        gy_buf_text(json, ", \"operator\": null");
    gy_buf_text(json, "}");
}

/* Snapshots and restarts of the whole run, whatever process saw them. */
static void put_ledger(struct gy_buf *json, const struct gy_ledger *ledger)
{
    uint64_t n = gy_ledger_events(ledger);
    put_count(json, ",\n  ", "restarts", ledger->restarts);
    if (ledger->from[0] != 0)
        put_string(json, ",\n  ", "from", ledger->from);
    else
        gy_buf_text(json, ",\n  \"from\": null");
    put_name(json, ",\n  ", "snapshots");
    gy_buf_text(json, "[");
    for (uint64_t i = 0; i < n; i++)
        put_event(json, i > 0 ? "," : "", gy_ledger_event(ledger, i));
    gy_buf_text(json, n > 0 ? "\n  ]" : "]");
}

static void put_operators(struct gy_buf *json, const struct gy_flow *flow)
{
    const struct gy_graph *graph = flow->physical->graph;
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        if (n > 0)
            gy_buf_text(json, ",");
        put_operator(json, flow, graph->nodes[n]);
    }
}

/* What has gone round the loops. */
static void put_loop(struct gy_buf *json, const struct gy_flow *flow, const struct gy_loop *loop)
{
    const struct gy_rounds *rounds = gy_region_rounds(&flow->regions[loop->region], loop);
    struct gy_loop_counts counts = gy_loop_count(flow, loop->head);
    put_string(json, "\n    {", "id", loop->id);
    put_count(json, ", ", "rows_fed_back", counts.rows_fed_back);
    put_count(json, ", ", "rows_dropped", counts.rows_dropped);
    if (rounds != NULL)
        put_count(json, ", ", "rounds", rounds->at.ends);
    gy_buf_text(json, "}");
}

static void put_loops(struct gy_buf *json, const struct gy_flow *flow)
{
    const struct gy_graph *graph = flow->physical->graph;
    put_name(json, ",\n  ", "loops");
    gy_buf_text(json, "[");
    for (uint32_t l = 0; l < graph->n_loops; l++) {
        gy_buf_text(json, l > 0 ? "," : "");
        put_loop(json, flow, &graph->loops[l]);
    }
    gy_buf_text(json, "\n  ]");
}

static void put_report(struct gy_buf *json, const struct gy_flow *flow,
                       const struct gy_outcome *outcome)
{
    struct rusage usage;
    put_string(json, "{", "job", outcome->job->name);
    put_string(json, ",\n  ", "status", outcome->status);
    put_string(json, ",\n  ", "mode", outcome->job->batch ? "batch" : "stream");
    put_failure(json, flow, outcome);
    put_count(json, ",\n  ", "workers", flow != NULL ? flow->n_workers : 0);
    put_number(json, ",\n  ", "wall_seconds", (double)outcome->wall_ns / 1e9);
    if (getrusage(flow != NULL ? RUSAGE_SELF : RUSAGE_CHILDREN, &usage) == 0)
        put_count(json, ",\n  ", "peak_memory_bytes", (uint64_t)usage.ru_maxrss * 1024);
    int64_t pause_ns = flow != NULL ? atomic_load_explicit(&flow->checkpoint.longest_pause_ns,
                                                           memory_order_relaxed)
                                    : 0;
    put_number(json, ",\n  ", "longest_snapshot_pause_seconds", (double)pause_ns / 1e9);
    put_ledger(json, outcome->ledger);
    if (flow != NULL && flow->physical->graph->n_loops > 0)
        put_loops(json, flow);
    put_name(json, ",\n  ", "operators");
    gy_buf_text(json, "[");
    if (flow != NULL)
        put_operators(json, flow);
    gy_buf_text(json, "\n  ]\n}\n");
}

static int write_all(int fd, const uint8_t *data, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, data, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        data += done;
        n -= (size_t)done;
    }
    return 0;
}

/* The folder of a file that is not there yet; NULL without memory. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? gy_strndup(path, (size_t)(slash - path) + 1) : gy_strdup(".");
}

int gy_report_check(const char *path)
{
    if (strcmp(path, "-") == 0)
        return 0;
    /* Neither made nor waited for: a pipe may have no reader yet, which is ENXIO. */
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        return 0;
    }
    if (errno != ENOENT)
        return errno == ENXIO ? 0 : errno;
    char *folder = folder_of(path);
    int wrong = folder == NULL ? ENOMEM : access(folder, W_OK | X_OK) != 0 ? errno : 0;
    gy_free(folder);
    return wrong;
}

int gy_report_begin(const struct gy_job *job, const struct gy_ledger *ledger, const char *path)
{
    struct gy_outcome outcome = {.job = job, .ledger = ledger, .status = "running"};
    struct stat status;
    if (strcmp(path, "-") == 0 || (stat(path, &status) == 0 && !S_ISREG(status.st_mode)))
        return 0;
    return gy_report_write(NULL, &outcome, path);
}

int gy_report_write(const struct gy_flow *flow, const struct gy_outcome *outcome, const char *path)
{
    struct gy_buf json = {0};
    bool to_stderr = strcmp(path, "-") == 0;
    put_report(&json, flow, outcome);
    int fd = to_stderr ? STDERR_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int code = json.failed || fd < 0 ? -1 : write_all(fd, json.data, json.len);
    if (fd >= 0 && !to_stderr && close(fd) != 0)
        code = -1;
    if (code != 0)
        gy_log(GY_LOG_ERROR, "--report %s: %s", path,
               json.failed ? "out of memory" : strerror(errno));
    gy_buf_fini(&json);
    return code;
}

/* ---- the end of a run ---- */

/* What has become of the rows of one operator, in all its tasks. */
static struct gy_instance_stats sum_of(const struct gy_flow *flow, const struct gy_node *node)
{
    struct gy_instance_stats sum = {0}, one;
    for (uint32_t t = 0; t < flow->n_tasks; t++) {
        for (uint32_t m = 0; m < flow->tasks[t].n_members; m++) {
            if (flow->tasks[t].members[m].node != node)
                continue;
            gy_instance_stats(flow->tasks[t].members[m].instance, &one);
            sum.rows_in += one.rows_in;
            sum.rows_out += one.rows_out;
            sum.bad_rows += one.bad_rows;
            sum.late_rows += one.late_rows;
        }
    }
    return sum;
}

/* What an operator skips is nowhere else to be seen; that it was all must not be overlooked. */
static void warn_of_skipped(const struct gy_node *node, uint64_t rows, uint64_t bad)
{
    if (node->on_error != GY_ON_ERROR_SKIP || bad == 0 || bad < rows)
        return;
    gy_log(
        GY_LOG_WARN,
        "%s (%s): ALL %llu ROWS WERE BAD, and none came through: on_error = \"skip\" has skipped "
        "them; without it the first bad row ends the job and says what is wrong",
        node->id, node->op, (unsigned long long)bad);
}

void gy_report_rows(const struct gy_flow *flow, struct gy_ledger *ledger)
{
    const struct gy_graph *graph = flow->physical->graph;
    struct gy_ledger_rows rows = {.known = true};
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const struct gy_node *node = graph->nodes[n];
        struct gy_instance_stats sum = sum_of(flow, node);
        bool skips = node->on_error == GY_ON_ERROR_SKIP;
        uint64_t came = node->kind != GYRE_SOURCE ? sum.rows_in
                        : skips                   ? sum.rows_out + sum.bad_rows
                                                  : sum.rows_out;
        if (node->kind == GYRE_SOURCE)
            rows.in += came;
        if (node->kind == GYRE_SINK)
            rows.out += came > sum.bad_rows ? came - sum.bad_rows : 0;
        rows.bad += sum.bad_rows;
        rows.late += sum.late_rows;
        rows.dropped += gy_loop_count(flow, n).rows_dropped;
        warn_of_skipped(node, came, sum.bad_rows);
    }
    ledger->rows = rows;
}

void gy_report_end(const struct gy_outcome *outcome, const char *report)
{
    char wall[GY_NUMBER_MAX];
    const struct gy_ledger *ledger = outcome->ledger;
    const struct gy_ledger_rows *rows = &ledger->rows;
    if (!rows->known || (report != NULL && strcmp(report, "-") == 0))
        return;
    int64_t wall_us = outcome->wall_ns / 1000;
    gy_text_format_duration(wall, wall_us >= 1000 ? wall_us / 1000 * 1000 : wall_us);
    char dropped[64] = "";
    if (rows->dropped > 0)
        snprintf(dropped, sizeof dropped, ", %llu dropped in loops",
                 (unsigned long long)rows->dropped);
    gy_log(GY_LOG_INFO, "%s %s in %s: %llu rows in, %llu out, %llu bad, %llu late%s%s",
           outcome->job->name, outcome->status, wall, (unsigned long long)rows->in,
           (unsigned long long)rows->out, (unsigned long long)rows->bad,
           (unsigned long long)rows->late, dropped,
           ledger->restarts > 0 ? ", since the last restart" : "");
}

/* ---- progress ---- */

/* Rows that sources have put out, and that sinks have taken. */
static void count_rows(const struct gy_flow *flow, uint64_t *in, uint64_t *out)
{
    *in = *out = 0;
    for (uint32_t t = 0; t < flow->n_tasks; t++) {
        for (uint32_t m = 0; m < flow->tasks[t].n_members; m++) {
            const struct gy_member *member = &flow->tasks[t].members[m];
            /* relaxed: a figure for people. */
            if (member->node->kind == GYRE_SOURCE)
                *in += atomic_load_explicit(&member->published.rows_out, memory_order_relaxed);
            if (member->node->kind == GYRE_SINK)
                *out += atomic_load_explicit(&member->published.rows_in, memory_order_relaxed);
        }
    }
}

void gy_progress_init(struct gy_progress *progress, const struct gy_clock *clock)
{
    *progress = (struct gy_progress){.on = isatty(STDERR_FILENO) == 1};
    progress->start_ns = progress->last_ns = gy_clock_mono_ns(clock);
}

static void show_snapshot(const struct gy_checkpoint *checkpoint, int64_t now_ns)
{
    char age[GY_NUMBER_MAX];
    if (checkpoint->newest == 0) {
        gy_say(stderr, "  no snapshot yet");
        return;
    }
    int64_t age_us = (now_ns - checkpoint->newest_ns) / 100000000 * 100000;
    gy_text_format_duration(age, age_us);
    gy_say(stderr, "  snapshot %llu %s ago", (unsigned long long)checkpoint->newest,
           age_us > 0 ? age : "0s");
}

void gy_progress_show(struct gy_progress *progress, const struct gy_flow *flow)
{
    char in_text[GY_NUMBER_MAX], out_text[GY_NUMBER_MAX], rate_text[GY_NUMBER_MAX];
    uint64_t in, out;
    int64_t now_ns = gy_clock_mono_ns(flow->clock);
    if (!progress->on || now_ns == progress->last_ns)
        return;
    count_rows(flow, &in, &out);
    double seconds = (double)(now_ns - progress->last_ns) / 1e9;
    gy_text_format_count(in_text, in);
    gy_text_format_count(out_text, out);
    gy_text_format_count(rate_text, (uint64_t)((double)(in - progress->last_in) / seconds));
    gy_say(stderr, "\r\033[K%s: %llds  %s rows in  %s rows out  %s rows/s",
           flow->physical->graph->job, (long long)((now_ns - progress->start_ns) / 1000000000),
           in_text, out_text, rate_text);
    if (gy_checkpoint_is_on(&flow->checkpoint))
        show_snapshot(&flow->checkpoint, now_ns);
    progress->last_ns = now_ns;
    progress->last_in = in;
    progress->shown = true;
}

void gy_progress_fini(struct gy_progress *progress)
{
    if (progress->shown)
        gy_say(stderr, "\n");
    progress->shown = false;
}

const char *gy_report_what(const struct gy_failure *failure)
{
    if (failure->text != NULL)
        return failure->text;
    return failure->kept ? gyre_error_name(failure->code) : "for an unknown reason";
}

static void print_operator(const struct gy_failure *failure, const char *job)
{
    const struct gy_node *node = failure->node;
    gy_say(stderr, "gyre: job failed\n  job:      %s\n  operator: %s (%s), task %u of %u\n", job,
           node->id, node->op, failure->task, node->parallelism);
    if (failure->function != NULL)
        gy_say(stderr, "  function: %s\n", failure->function);
    gy_say(stderr, "  plugin:   %s\n  callback: %s\n  what:     %s\n",
           failure->plugin_path != NULL ? failure->plugin_path : "(none)",
           failure->callback != NULL ? failure->callback : "?", gy_report_what(failure));
}

void gy_report_failure(const struct gy_flow *flow, const struct gy_outcome *outcome)
{
    char from[512];
    const struct gy_failure *failure = &flow->failure;
    const char *dir = outcome->job->snapshot_dir;
    if (failure->node != NULL)
        print_operator(failure, flow->physical->graph->job);
    else
        gy_say(stderr, "gyre: job failed: %s\n  job:      %s\n", gy_report_what(failure),
               flow->physical->graph->job);
    if (failure->row != NULL)
        gy_say(stderr, "  row:      %s\n", failure->row);
    const char *snapshot = gy_ledger_restart(outcome->ledger, dir, from, sizeof from);
    if (snapshot[0] == 0)
        snapshot = dir != NULL ? "none yet, a restart begins at the start" : "none to restart from";
    gy_say(stderr, "  snapshot: %s\n", snapshot);
}
