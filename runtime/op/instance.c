/* See instance.h. Every call into a plugin stands between gy_call_begin and gy_call_end. What has to
 * do with snapshots is in op/save.c. */
#include "op/inside.h"

#include "plugin/guide.h"

#include <assert.h>

int gy_instance_process(struct gy_instance *instance, uint32_t port, const struct gy_batch *in)
{
    assert(instance->opened && port < instance->node->n_inputs);
    if (gy_is_slow(instance))
        return gy_process_slowly(instance, port, in);
    return gy_process_batch(instance, port, in);
}

int gy_instance_add_split(struct gy_instance *instance, uint32_t split, const void *bytes, size_t n,
                          struct gyre_reader *position)
{
    assert(instance->opened && instance->node->kind == GYRE_SOURCE);
    struct gy_call call = gy_call_begin(instance, "add_split");
    int code = instance->node->descriptor->add_split(instance->self, &instance->ctx, split, bytes,
                                                     n, position);
    return gy_call_end(instance, call, code != 0 || position == NULL ? code : position->error);
}

int gy_instance_save_split(struct gy_instance *instance, uint32_t split, struct gyre_writer *writer)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    if (descriptor->save_split == NULL)
        return gy_instance_fail(
            instance, GYRE_ENOTSUP,
            "%s cannot say how far it has read: it has no save_split (" GY_GUIDE_SOURCES ")",
            instance->node->op);
    gy_instance_refuse_writes(instance, writer);
    struct gy_call call = gy_call_begin(instance, "save_split");
    int code = descriptor->save_split(instance->self, &instance->ctx, split, writer);
    return gy_call_end(instance, call, code != 0 ? code : writer->error);
}

int gy_instance_poll(struct gy_instance *instance, struct gyre_poll *poll)
{
    assert(instance->opened && instance->node->kind == GYRE_SOURCE && poll->budget > 0);
    uint64_t rows = gy_instance_rows(instance);
    bool was_idle = instance->idle;
    instance->idle = false;
    struct gy_call call = gy_call_begin(instance, "poll");
    int code = instance->node->descriptor->poll(instance->self, &instance->ctx, poll);
    /* One that has put nothing out is as idle as before. */
    instance->idle |= was_idle && gy_instance_rows(instance) == rows;
    return gy_call_end(instance, call, code);
}

/* What windows and timers say of their work. */
static void follow(struct gy_instance *instance)
{
    int64_t seen_us = instance->ctx.watermark_us;
    int64_t told_us = instance->window != NULL ? gy_window_told(instance->window, seen_us)
                                               : gy_timers_told(instance->timers, seen_us);
    instance->told_us = told_us > instance->told_us ? told_us : instance->told_us;
}

static bool has_on_watermark(const struct gy_instance *instance)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    return descriptor != NULL && descriptor->on_watermark != NULL;
}

/* At the end of input the operator may have more to put out than at once: that is work. */
static int tell_watermark(struct gy_instance *instance)
{
    bool may_work = instance->ctx.watermark_us == INT64_MAX && instance->timers == NULL;
    struct gy_call call = gy_call_begin(instance, "on_watermark");
    int code = instance->node->descriptor->on_watermark(instance->self, &instance->ctx);
    instance->working = may_work && code == 1;
    if (instance->timers == NULL && !instance->working)
        instance->told_us = instance->ctx.watermark_us;
    return gy_call_end(instance, call, instance->working ? 0 : code);
}

int gy_instance_watermark(struct gy_instance *instance, int64_t time_us)
{
    assert(time_us > instance->ctx.watermark_us);
    instance->ctx.watermark_us = time_us;
    if (instance->window != NULL) {
        gy_window_advance(instance->window, time_us);
        follow(instance);
        return 0;
    }
    if (instance->node->n_hosted != 0)
        instance->working = time_us == INT64_MAX && instance->node->aggregation == GY_AGG_FINAL;
    if (instance->timers != NULL)
        follow(instance);
    else if (!instance->working && !has_on_watermark(instance))
        instance->told_us = time_us;
    return has_on_watermark(instance) ? tell_watermark(instance) : 0;
}

bool gy_instance_has_work(const struct gy_instance *instance)
{
    if (instance->rounds.ending)
        return true;
    if (instance->timers != NULL)
        return gy_timers_have_work(instance->timers);
    return instance->window != NULL ? gy_window_has_work(instance->window) : instance->working;
}

int gy_instance_work(struct gy_instance *instance, uint32_t rows_max)
{
    if (!gy_instance_has_work(instance))
        return 0;
    if (instance->timers != NULL) {
        int code = gy_timers_work(instance->timers, rows_max);
        follow(instance);
        if (code < 0 || gy_timers_end_round(instance->timers) ||
            (code > 0 && !instance->rounds.ending))
            return code;
    }
    if (instance->rounds.ending) {
        int code = gy_rounds_work(instance);
        return code != 0 ? code : gy_instance_has_work(instance);
    }
    if (instance->timers != NULL)
        return 0;
    if (instance->node->n_hosted == 0) {
        int code = tell_watermark(instance);
        return code != 0 ? code : instance->working;
    }
    struct gy_call call = gy_call_begin(instance, "result");
    int code = gy_hosted_work(instance, rows_max);
    int failed = gy_call_end(instance, call, code < 0 ? code : 0);
    if (failed != 0)
        return failed;
    assert(code == 0 || code == 1);
    instance->working = code == 1;
    if (instance->window != NULL)
        follow(instance);
    else if (!instance->working)
        instance->told_us = instance->ctx.watermark_us;
    return code;
}

int64_t gy_instance_wake_us(const struct gy_instance *instance)
{
    if (instance->timers != NULL)
        return gy_timers_wake_us(instance->timers);
    return instance->window != NULL ? gy_window_wake_us(instance->window) : INT64_MAX;
}

int64_t gy_instance_told(const struct gy_instance *instance)
{
    return instance->told_us;
}

int64_t gy_instance_seen(const struct gy_instance *instance)
{
    return instance->ctx.watermark_us;
}

int64_t gy_instance_own_watermark(const struct gy_instance *instance)
{
    return instance->own_us;
}

bool gy_instance_is_idle(const struct gy_instance *instance)
{
    return instance->idle;
}

bool gy_instance_is_pending(const struct gy_instance *instance)
{
    uint64_t bytes = 0, entries = 0;
    if (instance->window != NULL)
        gy_window_stats(instance->window, &bytes, &entries);
    if (instance->node->aggregation == GY_AGG_FINAL)
        entries += gy_store_count(instance->stores[0]);
    if (instance->timers != NULL)
        entries += gy_heap_get(&instance->timers->heaps[GYRE_CLOCK_EVENT]) != NULL;
    return entries > 0;
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
    return gy_instance_settle(instance, code);
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
                              .n_columns = edge->n_reads,
                              .columns = columns,
                              .keep = in->keep,
                              .time = in->time};
    const void *config = instance->ctx.config;
    void *self = instance->ctx.self;
    int code = gy_functions_open_edge(instance, edge);
    gy_functions_enter(instance, edge, edge->function_config);
    if (code == 0)
        code = function->partition(&instance->ctx, &view, n_tasks, tasks_of);
    instance->ctx.config = config;
    instance->ctx.self = self;
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
    gy_instance_refuse_writes(instance, writer);
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
    if (instance->node->n_hosted != 0)
        return gy_functions_open(instance);
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

void gy_instance_counts(const struct gy_instance *instance, struct gy_instance_stats *stats)
{
    *stats = instance->stats;
    stats->rows_out = stats->batches_out = 0;
    for (uint32_t p = 0; p < instance->node->n_outputs; p++) {
        stats->rows_out += instance->ports[p].rows_total;
        stats->batches_out += instance->ports[p].batches_total;
    }
    if (instance->timers != NULL && instance->ctx.watermark_us == INT64_MAX)
        stats->dropped_timers +=
            instance->timers->n_rounds; /* no round comes that would tell them */
}

void gy_instance_stats(const struct gy_instance *instance, struct gy_instance_stats *stats)
{
    gy_instance_counts(instance, stats);
    stats->state_bytes = stats->state_entries = 0;
    for (uint32_t s = 0; s < instance->n_stores; s++) {
        stats->state_bytes += gy_store_bytes(instance->stores[s]);
        stats->state_entries += gy_store_count(instance->stores[s]);
    }
    if (instance->window != NULL)
        gy_window_stats(instance->window, &stats->state_bytes, &stats->state_entries);
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
