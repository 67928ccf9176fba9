/* See instance.h. Every call into a plugin stands between gy_call_begin and gy_call_end. What has to
 * do with snapshots is in op/save.c. */
#include "op/inside.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/json.h"

#include <stdarg.h>

enum { FAILED_ROW_MAX = 1024 };

int gy_instance_fail(struct gy_instance *instance, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    gyre_error_set_v(&instance->error, code, -1, format, args);
    va_end(args);
    return code;
}

void gy_instance_calls(struct gy_instance *instance, const char *function,
                       const struct gy_plugin *plugin)
{
    const struct gy_plugin *whose = function != NULL ? plugin : instance->node->plugin;
    instance->site.function = function;
    instance->site.plugin_path = whose != NULL ? whose->path : "";
}

static void stamp_ports(struct gy_instance *instance)
{
    int64_t now_us = gy_clock_now_us(instance->env.clock);
    for (uint32_t p = 0; p < instance->node->n_outputs; p++)
        instance->ports[p].now_us = now_us;
}

struct gy_call gy_call_begin(struct gy_instance *instance, const char *callback)
{
    struct gy_call call = {gy_crumb_enter(&instance->site, callback)};
    gy_crumb.batch = instance->stats.batches_in;
    if (instance->any_stamps)
        stamp_ports(instance);
    instance->callback = callback;
    return call;
}

static int settle(struct gy_instance *instance, int code)
{
    for (uint32_t p = 0; p < instance->node->n_outputs; p++) {
        gy_port_settle(&instance->ports[p]);
        if (code == 0 && instance->sticky == 0)
            instance->sticky = instance->ports[p].error;
    }
    if (code == 0 && instance->sticky == 0)
        return 0;
    if (code == 0)
        code = instance->sticky;
    if (instance->error.text[0] == 0)
        gy_instance_fail(instance, code, "%s",
                         code == GYRE_ENOMEM ? "out of memory" : "failed without saying why");
    instance->error.code = code;
    return code;
}

int gy_call_end(struct gy_instance *instance, struct gy_call call, int code)
{
    gy_crumb = call.before;
    return settle(instance, code);
}

static void count_bad_row(struct gy_instance *instance, const char *text)
{
    instance->stats.bad_rows++;
    if (instance->stats.bad_rows == 1)
        gy_log(GY_LOG_WARN, "%s[%u]: bad row, and more may follow: %s", instance->node->id,
               instance->ctx.task, text);
}

/* Puts a bad row out on the `.errors` port. */
static void put_error(struct gy_instance *instance, const char *text, const char *row, size_t len)
{
    struct gyre_out *out = &instance->ports[instance->node->errors_port].out;
    uint32_t r = gyre_out_row(out, GYRE_NO_TIME);
    struct gyre_str error = gyre_out_str(out, text, (uint32_t)strlen(text));
    struct gyre_str raw = gyre_out_str(out, row, (uint32_t)len);
    GYRE_OUT(out, 0, struct gyre_str)[r] = error;
    GYRE_OUT(out, 1, struct gyre_str)[r] = raw;
}

static void bad(struct gy_instance *instance, int64_t row, const char *text, const char *raw,
                size_t len)
{
    if (instance->node->on_error == GY_ON_ERROR_FAIL) {
        if (instance->sticky == 0) {
            instance->sticky = GYRE_EROW;
            gyre_error_set(&instance->error, GYRE_EROW, row, "%s", text);
            gy_free(instance->failed_row);
            instance->failed_row =
                gy_printf("%.*s%s", (int)(len > FAILED_ROW_MAX ? FAILED_ROW_MAX : len), raw,
                          len > FAILED_ROW_MAX ? "..." : "");
        }
        return;
    }
    count_bad_row(instance, text);
    if (instance->node->on_error == GY_ON_ERROR_PORT)
        put_error(instance, text, raw, len);
}

void gy_instance_bad_row(struct gy_instance *instance, uint32_t row, const char *text)
{
    if (instance->partitioning || (instance->in != NULL && row >= instance->in->rows)) {
        instance->sticky =
            gy_instance_fail(instance, GYRE_ECONTRACT,
                             "reported a bad row where there is none: row %u: %s", row, text);
        return;
    }
    if (instance->in == NULL) { /* a watermark's or timer's result, which no row is to blame for */
        bad(instance, -1, text, "", 0);
        return;
    }
    if (!instance->any_dropped)
        memset(instance->dropped, 0, instance->in->rows);
    instance->any_dropped = true;
    instance->dropped[row] = 1;
    if (instance->node->on_error == GY_ON_ERROR_SKIP) {
        count_bad_row(instance, text);
        return;
    }
    struct gy_buf json = {0};
    gy_json_row(&json, &instance->in_plan->schema, instance->in->columns, row);
    if (json.failed && instance->sticky == 0)
        instance->sticky = gy_instance_fail(instance, GYRE_ENOMEM, "no memory to tell a bad row");
    bad(instance, row, text, (const char *)json.data, json.len);
    gy_buf_fini(&json);
}

void gy_instance_bad_input(struct gy_instance *instance, const char *raw, size_t len,
                           const char *text)
{
    bad(instance, -1, text, raw, len);
}

static bool is_aligned(const struct gy_port *port)
{
    return (port->plan->flags & GYRE_PORT_ALIGNED) != 0;
}

static int call_process(struct gy_instance *instance, const struct gyre_batch *view)
{
    if (instance->node->n_hosted != 0)
        return gy_hosted_process(instance, view);
    return instance->node->descriptor->process(instance->self, &instance->ctx, view);
}

int gy_process_batch(struct gy_instance *instance, uint32_t port, const struct gy_batch *in)
{
    struct gy_batch room;
    uint32_t n_outputs = instance->node->n_outputs;
    instance->stats.rows_in += in->kept;
    instance->stats.batches_in++;
    instance->any_dropped = false;
    const struct gyre_batch *view = gy_present(instance, port, in, &room);
    in = instance->in;
    if (view == NULL) {
        instance->in = NULL;
        return gy_instance_fail(instance, GYRE_ENOMEM, "no memory for a batch");
    }
    for (uint32_t p = 0; p < n_outputs; p++)
        if (is_aligned(&instance->ports[p]) && gy_port_prepare(&instance->ports[p], in) != 0) {
            instance->in = NULL;
            return gy_instance_fail(instance, GYRE_ENOMEM, "no memory for an output batch");
        }
    struct gy_call call = gy_call_begin(instance, "process");
    int code = call_process(instance, view);
    gy_crumb = call.before;
    for (uint32_t p = 0; p < n_outputs; p++)
        if (is_aligned(&instance->ports[p]) && code == 0 && instance->sticky == 0)
            gy_port_finish(&instance->ports[p], in,
                           instance->any_dropped ? instance->dropped : NULL);
    instance->in = NULL;
    return settle(instance, code);
}

int gy_instance_process(struct gy_instance *instance, uint32_t port, const struct gy_batch *in)
{
    if (gy_is_slow(instance))
        return gy_process_slowly(instance, port, in);
    return gy_process_batch(instance, port, in);
}

int gy_instance_add_split(struct gy_instance *instance, uint32_t split, const void *bytes, size_t n,
                          struct gyre_reader *position)
{
    struct gy_call call = gy_call_begin(instance, "add_split");
    int code = instance->node->descriptor->add_split(instance->self, &instance->ctx, split, bytes,
                                                     n, position);
    return gy_call_end(instance, call, code != 0 || position == NULL ? code : position->error);
}

int gy_instance_save_split(struct gy_instance *instance, uint32_t split, struct gyre_writer *writer)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    if (descriptor->save_split == NULL)
        return gy_instance_fail(instance, GYRE_ENOTSUP, "%s cannot say how far it has read",
                                instance->node->op);
    struct gy_call call = gy_call_begin(instance, "save_split");
    int code = descriptor->save_split(instance->self, &instance->ctx, split, writer);
    return gy_call_end(instance, call, code != 0 ? code : writer->error);
}

int gy_instance_poll(struct gy_instance *instance, struct gyre_poll *poll)
{
    struct gy_call call = gy_call_begin(instance, "poll");
    int code = instance->node->descriptor->poll(instance->self, &instance->ctx, poll);
    return gy_call_end(instance, call, code);
}

int gy_instance_watermark(struct gy_instance *instance, int64_t time_us)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    instance->ctx.watermark_us = time_us;
    if (instance->node->n_hosted != 0) {
        instance->resuming = time_us == INT64_MAX && instance->node->aggregation == GY_AGG_FINAL;
        return gy_instance_resume(instance);
    }
    if (descriptor->on_watermark == NULL)
        return 0;
    struct gy_call call = gy_call_begin(instance, "on_watermark");
    return gy_call_end(instance, call, descriptor->on_watermark(instance->self, &instance->ctx));
}

int gy_instance_resume(struct gy_instance *instance)
{
    if (!instance->resuming)
        return 0;
    struct gy_call call = gy_call_begin(instance, "result");
    int code = gy_hosted_resume(instance);
    instance->resuming = code == 1;
    int failed = gy_call_end(instance, call, code < 0 ? code : 0);
    return failed != 0 ? failed : code;
}

int gy_instance_flush(struct gy_instance *instance, bool idle)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    int code = 0;
    if (idle && descriptor != NULL && descriptor->flush != NULL) {
        struct gy_call call = gy_call_begin(instance, "flush");
        code = gy_call_end(instance, call, descriptor->flush(instance->self, &instance->ctx));
    }
    for (uint32_t p = 0; code == 0 && p < instance->node->n_outputs; p++)
        gy_port_flush(&instance->ports[p]);
    return settle(instance, code);
}

/* Presents the output batch as the function reads it. */
static int call_partition(struct gy_instance *instance, const struct gy_edge *edge,
                          const struct gy_batch *in, uint32_t n_tasks, uint32_t *tasks_of)
{
    const struct gyre_partition_function *function = edge->function->impl;
    struct gyre_column columns[edge->n_reads + 1];
    for (uint32_t k = 0; k < edge->n_reads; k++)
        columns[k] = (struct gyre_column){in->columns[edge->reads[k]].data,
                                          in->columns[edge->reads[k]].valid};
    struct gyre_batch view = {.size = sizeof view,
                              .rows = in->rows,
                              .kept = in->kept,
                              .columns = columns,
                              .keep = in->keep,
                              .time = in->time};
    const void *config = instance->ctx.config;
    instance->ctx.config = edge->function_config;
    int code = function->partition(&instance->ctx, &view, n_tasks, tasks_of);
    instance->ctx.config = config;
    return code;
}

int gy_instance_partition(struct gy_instance *instance, const struct gy_edge *edge,
                          const struct gy_batch *in, uint32_t n_tasks, uint32_t *tasks_of)
{
    /* It is called inside of a callback of the instance, whose batch is another one. */
    const struct gy_batch *at_hand = instance->in;
    const char *callback = instance->callback;
    struct gy_call call = gy_call_begin(instance, "partition");
    struct gy_crumb_site site = instance->site;
    gy_instance_calls(instance, edge->function_op, edge->function_plugin);
    instance->partitioning = true;
    int code = call_partition(instance, edge, in, n_tasks, tasks_of);
    instance->partitioning = false;
    gy_crumb = call.before;
    instance->in = at_hand;
    if (code == 0)
        code = instance->sticky;
    for (uint32_t i = 0; code == 0 && i < in->rows; i++)
        if ((in->keep == NULL || in->keep[i] != 0) && tasks_of[i] >= n_tasks)
            code = gy_instance_fail(instance, GYRE_ECONTRACT,
                                    "partition function %s sent a row to task %u of %u",
                                    edge->function->name, tasks_of[i], n_tasks);
    if (code != 0 && instance->error.text[0] == 0)
        gy_instance_fail(instance, code, "partition function %s failed without saying why",
                         edge->function->name);
    if (code == 0) {
        instance->callback = callback;
        instance->site = site;
    }
    return code;
}

uint64_t gy_instance_rows(const struct gy_instance *instance)
{
    uint64_t rows = 0;
    for (uint32_t p = 0; p < instance->node->n_outputs; p++)
        rows += instance->ports[p].rows_total + instance->ports[p].out.rows;
    return rows;
}

int gy_instance_check_rows(struct gy_instance *instance, uint64_t before, int code)
{
    if (code != 0 || gy_instance_rows(instance) == before)
        return code;
    return gy_instance_fail(instance, GYRE_ECONTRACT,
                            "puts rows out while it is saved or prepared; the time for that is "
                            "`flush`, which comes before");
}

int gy_instance_prepare(struct gy_instance *instance, const char *txn, struct gyre_writer *writer)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    writer->size = sizeof *writer;
    writer->grow = gy_writer_grow;
    writer->length = 0;
    writer->error = 0;
    if (descriptor == NULL || descriptor->prepare == NULL)
        return 0;
    uint64_t rows = gy_instance_rows(instance);
    struct gy_call call = gy_call_begin(instance, "prepare");
    int code = descriptor->prepare(instance->self, &instance->ctx, txn, writer);
    code = gy_instance_check_rows(instance, rows, code);
    return gy_call_end(instance, call, code != 0 ? code : writer->error);
}

static struct gyre_reader reader_of(const struct gyre_writer *writer)
{
    return (struct gyre_reader){
        .size = sizeof(struct gyre_reader), .data = writer->data, .length = writer->length};
}

int gy_instance_commit(struct gy_instance *instance, const char *txn,
                       const struct gyre_writer *prepared)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    struct gyre_reader reader = reader_of(prepared);
    if (descriptor == NULL || descriptor->commit == NULL)
        return 0;
    struct gy_call call = gy_call_begin(instance, "commit");
    return gy_call_end(instance, call,
                       descriptor->commit(instance->self, &instance->ctx, txn, &reader));
}

int gy_instance_abort(struct gy_instance *instance, const char *txn,
                      const struct gyre_writer *prepared)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    struct gyre_reader reader = reader_of(prepared);
    if (descriptor == NULL || descriptor->abort == NULL || !instance->opened)
        return 0;
    struct gy_call call = gy_call_begin(instance, "abort");
    return gy_call_end(instance, call,
                       descriptor->abort(instance->self, &instance->ctx, txn, &reader));
}

int gy_instance_open(struct gy_instance *instance)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    instance->opened = true;
    if (descriptor == NULL || descriptor->open == NULL)
        return 0;
    struct gy_call call = gy_call_begin(instance, "open");
    return gy_call_end(instance, call, descriptor->open(instance->self, &instance->ctx));
}

const struct gyre_error *gy_instance_error(const struct gy_instance *instance)
{
    return &instance->error;
}

const char *gy_instance_failed_row(const struct gy_instance *instance)
{
    return instance->failed_row;
}

const char *gy_instance_failed_callback(const struct gy_instance *instance)
{
    return instance->callback != NULL ? instance->callback : "open";
}

const char *gy_instance_failed_function(const struct gy_instance *instance)
{
    return instance->site.function;
}

const char *gy_instance_failed_plugin(const struct gy_instance *instance)
{
    return instance->site.plugin_path;
}

const struct gy_node *gy_instance_node(const struct gy_instance *instance)
{
    return instance->node;
}

uint32_t gy_instance_task(const struct gy_instance *instance)
{
    return instance->ctx.task;
}

int64_t gy_instance_watermark_get(const struct gy_instance *instance)
{
    return instance->ctx.watermark_us;
}

void gy_instance_counts(const struct gy_instance *instance, struct gy_instance_stats *stats)
{
    *stats = instance->stats;
    stats->rows_out = stats->batches_out = 0;
    for (uint32_t p = 0; p < instance->node->n_outputs; p++) {
        stats->rows_out += instance->ports[p].rows_total;
        stats->batches_out += instance->ports[p].batches_total;
    }
}

void gy_instance_stats(const struct gy_instance *instance, struct gy_instance_stats *stats)
{
    gy_instance_counts(instance, stats);
    stats->state_bytes = stats->state_entries = 0;
    for (uint32_t s = 0; s < instance->n_stores; s++) {
        stats->state_bytes += gy_store_bytes(instance->stores[s]);
        stats->state_entries += gy_store_count(instance->stores[s]);
    }
}

bool gy_instance_metric(const struct gy_instance *instance, uint32_t i, const char **name,
                        double *value)
{
    if (i >= instance->metrics.n)
        return false;
    const struct gy_metric *metric = instance->metrics.items[i];
    *name = metric->name;
    *value = metric->is_gauge ? metric->value.gauge : (double)metric->value.counter;
    return true;
}
