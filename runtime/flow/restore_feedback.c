/* Giving what waited at the heads of loops. Rows of a keyed edge go to the task that has their key now, through
 * the exchange that would have brought them, and so do those of a partition function; of others, to the task of the
 * same number. See restore.h. */
#include "flow/restore_part.h"

#include "flow/feedback.h"
#include "flow/flow.h"

#include <assert.h>

/* An exchange by which rows of an edge come to a task: its blocks go back by a channel that ends there. */
static struct gy_exchange *exchange_of(struct gy_flow *flow, const struct gy_edge *edge,
                                       uint32_t task)
{
    struct gy_member *producer =
        gy_flow_member(flow, edge->from, edge->partition == GY_FORWARD ? task : 0);
    for (uint32_t r = 0; r < producer->n_routes; r++)
        if (producer->routes[r].edge == edge)
            return &producer->routes[r].exchange;
    return NULL;
}

/* What has been written goes from the channel to the head, before the flow runs. */
static int put(struct gy_restore_feedback *feedback, struct gy_exchange *exchange, uint32_t dest,
               uint32_t task, uint32_t entry)
{
    struct gy_head *head = gy_flow_member(feedback->flow, feedback->node->index, task)->head;
    struct gy_channel *channel = exchange->channels[dest];
    struct gy_message *message;
    bool empty;
    int code = 0;
    do {
        empty = gy_channel_drain(channel);
        while (code == 0 && (message = gy_channel_pop(channel)) != NULL) {
            message->entry = entry;
            code = gy_head_restore(head, message, feedback->replay.tag);
        }
    } while (!empty && code == 0);
    return code;
}

/* Gives some of the rows to one task. */
static int write_rows(struct gy_restore_feedback *feedback, const struct gy_edge *edge,
                      const struct gy_batch *batch, uint32_t task, const uint32_t *rows, uint32_t n,
                      uint32_t entry)
{
    struct gy_exchange *exchange = exchange_of(feedback->flow, edge, task);
    assert(exchange != NULL);
    uint32_t dest = exchange->n_dests > 1 ? task : 0;
    gy_exchange_write_to(exchange, dest, batch, rows, n);
    gy_exchange_flush(exchange, true);
    return exchange->error != 0 ? exchange->error : put(feedback, exchange, dest, task, entry);
}

/* Gives each row to the task that `tasks` says. */
static int deal_each(struct gy_restore_feedback *feedback, const struct gy_edge *edge,
                     const struct gy_batch *batch, const uint32_t *tasks, uint32_t entry)
{
    uint32_t rows[GYRE_BATCH_ROWS];
    int code = 0;
    for (uint32_t task = 0; task < feedback->node->parallelism && code == 0; task++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < batch->rows; i++)
            if (tasks[i] == task)
                rows[n++] = i;
        if (n > 0)
            code = write_rows(feedback, edge, batch, task, rows, n, entry);
    }
    return code;
}

static int deal(struct gy_restore_feedback *feedback, const struct gy_edge *edge,
                const struct gy_batch *batch, uint32_t entry)
{
    const struct gy_node *node = feedback->node;
    uint32_t tasks[GYRE_BATCH_ROWS];
    assert(batch->rows <= GYRE_BATCH_ROWS);
    for (uint32_t i = 0; i < batch->rows; i++)
        tasks[i] = edge->partition == GY_KEY && batch->hash != NULL
                       ? gy_key_subtask(batch->hash[i], node->max_parallelism, node->parallelism)
                       : feedback->old_task % node->parallelism;
    if (edge->partition == GY_FUNCTION) {
        const struct gy_member *producer = gy_flow_member(feedback->flow, edge->from, 0);
        int code = gy_instance_partition(producer->instance, edge, batch, node->parallelism, tasks);
        if (code != 0) {
            gy_flow_fail(feedback->flow, producer->instance);
            return code;
        }
    }
    return deal_each(feedback, edge, batch, tasks, entry);
}

static int begin(struct gy_restore_feedback *feedback, struct gyre_error *error)
{
    struct gy_flow *flow = feedback->flow;
    const struct gy_node *node = feedback->node;
    struct gy_member *member = gy_flow_member(flow, node->index, 0);
    if (member->head == NULL)
        return gyre_error_set(
            error, GYRE_EINVAL, -1,
            "snapshot %llu has rows that went round a loop of '%s', and no `feedback` "
            "leads into it now; run the job as it was until it has ended, or drop "
            "its state",
            (unsigned long long)feedback->restore->manifest->id, node->id);
    gy_replay_init(&feedback->replay, feedback->restore->disk, feedback->restore->manifest->path,
                   member->task->n_entries, member->head->inputs);
    feedback->begun = true;
    return 0;
}

void gy_restore_feedback_fini(struct gy_restore_feedback *feedback)
{
    if (feedback->begun)
        gy_replay_fini(&feedback->replay);
}

/* Who has taken a broadcast row, and who has not, is known of the old tasks alone. */
static int check_edge(const struct gy_restore_feedback *feedback, const struct gy_edge *edge,
                      struct gyre_error *error)
{
    const struct gy_node *node = feedback->node;
    uint32_t old_tasks = gy_manifest_operator(feedback->restore->manifest, node->id)->n_tasks;
    if (edge->partition != GY_BROADCAST || old_tasks == node->parallelism)
        return 0;
    return gyre_error_set(
        error, GYRE_EINVAL, -1,
        "snapshot %llu has rows on their way over a broadcast `feedback` into '%s', of "
        "%u tasks: go on with as many",
        (unsigned long long)feedback->restore->manifest->id, node->id, old_tasks);
}

int gy_restore_feedback(struct gy_restore_feedback *feedback, const struct gy_record *record,
                        struct gyre_error *error)
{
    struct gy_message *message = NULL;
    int got = feedback->begun ? 0 : begin(feedback, error);
    if (got == 0)
        got = gy_replay_record(&feedback->replay, record, error);
    while (got == 0 && (got = gy_replay_next(&feedback->replay, &message, error)) == 1) {
        struct gy_task *task = gy_flow_member(feedback->flow, feedback->node->index, 0)->task;
        struct gy_entry *entry = &task->entries[message->entry];
        uint32_t at = message->entry;
        const struct gy_batch *batch = gy_inlet_open(&entry->inlet, message);
        got = batch == NULL ? gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory")
                            : check_edge(feedback, entry->edge, error);
        if (got == 0)
            got = deal(feedback, entry->edge, batch, at);
        gy_inlet_done(&entry->inlet);
    }
    return got == 1 ? 0 : got;
}
