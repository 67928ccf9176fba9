/* Giving what a snapshot has to the instances of a flow: items, keyed state, how far they had come, and
 * transactions. Who gets what is op/deal's to say. See restore.h. */
#include "flow/restore_part.h"

#include "base/mem.h"
#include "flow/flow.h"
#include "op/deal.h"

#include <assert.h>

static void give_drawn(struct gy_flow *flow, const struct gy_node *node,
                       const struct gy_restore_part *part)
{
    for (uint32_t t = 0; t < node->parallelism; t++)
        gy_instance_restore_drawn(gy_flow_member(flow, node->index, t)->instance,
                                  gy_deal_drawn(node, part->drawn, part->saved->n_tasks, t));
}

static void fail_text(struct gy_flow *flow, const struct gyre_error *error)
{
    gy_flow_fail_text(flow, error->code, error->text);
}

static int fail_unknown(struct gy_flow *flow)
{
    gy_flow_fail_text(flow, GYRE_ECORRUPT, "a snapshot has a record that nobody knows");
    return GYRE_ECORRUPT;
}

static int give_item(struct gy_flow *flow, const struct gy_node *node, struct gy_restore_part *part,
                     uint32_t old_task, const struct gy_record *record)
{
    const struct gy_item item = {record->bytes, record->n};
    struct gy_dealt to;
    int code = 0;
    if (!gy_deal_item(node, record, part->saved->n_tasks, old_task, part->n_items++, &to))
        return fail_unknown(flow);
    for (uint32_t t = to.first; code == 0 && t < to.first + to.n; t++) {
        struct gy_member *member = gy_flow_member(flow, node->index, t);
        code = gy_instance_restore_item(member->instance, part->saved->items_version, &item);
        if (code != 0)
            gy_member_fail(member);
    }
    return code;
}

/* Gives a keyed record to the task that has its key now. */
static int give_record(struct gy_flow *flow, const struct gy_node *node,
                       const struct gy_restore_part *part, uint32_t old_task,
                       const struct gy_record *record)
{
    uint32_t task;
    bool known = record->kind == GY_RECORD_TIMERS ||
                 (record->kind == GY_RECORD_STATE && record->index < part->saved->n_states);
    if (!known || !gy_deal_record(node, record, old_task, &task))
        return fail_unknown(flow);
    struct gy_member *member = gy_flow_member(flow, node->index, task);
    int code = gy_instance_restore_state(member->instance, record);
    if (code != 0)
        gy_member_fail(member);
    return code;
}

/* Gives the records of an old task as they are read. */
static int give_state(struct gy_restore *restore, struct gy_flow *flow, const struct gy_node *node,
                      struct gy_restore_part *part, uint32_t old_task)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_part_reader reader;
    struct gy_record record;
    char *path;
    int got = 1;
    int code = gy_restore_open(restore, &part->saved->tasks[old_task], &reader, &path, &error);
    bool opened = code == 0;
    struct gy_restore_feedback feedback = {
        .restore = restore, .flow = flow, .node = node, .old_task = old_task};
    while (code == 0 && (got = gy_part_read(&reader, &record, &error)) == 1) {
        if (record.kind == GY_RECORD_FEEDBACK)
            code = gy_restore_feedback(&feedback, &record, &error);
        else if (record.kind == GY_RECORD_ITEM)
            code = give_item(flow, node, part, old_task, &record);
        else if (record.kind >= GY_RECORD_STATE)
            code = give_record(flow, node, part, old_task, &record);
    }
    gy_restore_feedback_fini(&feedback);
    if (code < 0 || got < 0)
        if (!gy_flow_has_failed(flow))
            fail_text(flow, &error);
    if (opened)
        gy_part_close(&reader);
    gy_free(path);
    return gy_flow_has_failed(flow) ? flow->failure.code : 0;
}

/* Room for the records that a task will get, if all get the same, so that tables grow once. */
static void give_room(struct gy_flow *flow, const struct gy_node *node,
                      const struct gy_restore_part *part)
{
    const struct gy_manifest_operator *saved = part->saved;
    uint64_t records[saved->n_states + 1];
    for (uint32_t s = 0; s < saved->n_states; s++)
        records[s] = saved->states[s].records / node->parallelism;
    for (uint32_t t = 0; t < node->parallelism && saved->n_states > 0; t++) {
        struct gy_member *member = gy_flow_member(flow, node->index, t);
        if (!gy_flow_has_failed(flow) &&
            gy_instance_restore_begin(member->instance, &part->form, records) != 0)
            gy_member_fail(member);
    }
}

/* ---- how far each task had come ---- */

/* True where each task gets what the task of its number got before: at the same parallelism, with
 * splits that were dealt and not asked for, behind operators of which the same is true. */
static bool is_stable(const struct gy_restore *restore, const struct gy_flow *flow,
                      const struct gy_node *node, const struct gy_manifest_operator *saved)
{
    bool stable = saved->n_tasks == node->parallelism;
    if (node->kind == GYRE_SOURCE)
        return stable && flow->splits[node->index].abi.order == GYRE_SPLITS_DEAL;
    for (uint32_t e = 0; e < restore->graph->n_edges; e++) {
        const struct gy_edge *edge = &restore->graph->edges[e];
        if (edge->to == node->index && !edge->feedback)
            stable &= restore->parts[edge->from].stable;
    }
    return stable;
}

/* What the tasks that feed it have told: the least, and whether all have ended. */
static struct gy_reached look_upstream(struct gy_flow *flow, const struct gy_node *node,
                                       uint32_t task)
{
    const struct gy_graph *graph = flow->physical->graph;
    struct gy_reached least = {.told_us = INT64_MAX, .ended = true};
    for (uint32_t e = 0; e < graph->n_edges; e++) {
        const struct gy_edge *edge = &graph->edges[e];
        if (edge->to != node->index || edge->feedback)
            continue;
        bool forward = edge->partition == GY_FORWARD;
        uint32_t n = forward ? task + 1 : graph->nodes[edge->from]->parallelism;
        for (uint32_t t = forward ? task : 0; t < n; t++) {
            const struct gy_frontier *from = &gy_flow_member(flow, edge->from, t)->frontier;
            least.ended &= from->ended;
            if (from->told_us < least.told_us)
                least.told_us = from->told_us;
        }
    }
    return least;
}

/* In topological order. */
static void give_progress(struct gy_restore *restore, struct gy_flow *flow,
                          const struct gy_node *node)
{
    struct gy_restore_part *part = &restore->parts[node->index];
    part->stable = is_stable(restore, flow, node, part->saved);
    for (uint32_t t = 0; t < node->parallelism; t++) {
        struct gy_member *member = gy_flow_member(flow, node->index, t);
        struct gy_reached upstream = look_upstream(flow, node, t);
        struct gy_reached r = gy_deal_reached(node, part->saved, t, part->stable, &upstream);
        gy_frontier_restore(&member->frontier, r.seen_us, r.told_us, r.ended);
        member->task->n_ended += r.ended;
        if (gy_instance_restored(member->instance, r.seen_us, r.told_us) != 0)
            gy_member_fail(member);
    }
}

/* ---- transactions ---- */

/* Everything else has been restored: what was prepared becomes visible, if it is not. */
static void commit_pending(struct gy_flow *flow, const struct gy_node *node,
                           const struct gy_restore_part *part)
{
    for (uint32_t t = 0; t < part->saved->n_tasks; t++) {
        struct gy_member *member = gy_flow_member(flow, node->index, gy_deal_txns(node, t));
        for (size_t i = 0; i < part->txns[t].list.n && !gy_flow_has_failed(flow); i++) {
            int code = gy_txns_read(&member->txns, part->txns[t].list.items[i].bytes,
                                    part->txns[t].list.items[i].n);
            if (code == GYRE_ENOMEM)
                gy_flow_fail_memory(flow, member->instance);
            else if (code != 0)
                gy_flow_fail_text(flow, code,
                                  "a sink's transaction cannot be read from the snapshot");
        }
        if (!gy_flow_has_failed(flow))
            gy_member_commit(member, UINT64_MAX);
    }
}

int gy_restore_state(struct gy_restore *restore, struct gy_flow *flow)
{
    for (uint32_t n = 0; n < restore->graph->n_nodes && !gy_flow_has_failed(flow); n++) {
        const struct gy_node *node = restore->graph->nodes[n];
        struct gy_restore_part *part = &restore->parts[n];
        if (part->saved == NULL)
            continue;
        give_drawn(flow, node, part);
        give_room(flow, node, part);
        for (uint32_t t = 0; t < part->saved->n_tasks && !gy_flow_has_failed(flow); t++)
            give_state(restore, flow, node, part, t);
        if (!gy_flow_has_failed(flow))
            give_progress(restore, flow, node);
        gy_restore_rounds(flow, node, part);
    }
    gy_restore_ending(flow);
    for (uint32_t n = 0; n < restore->graph->n_nodes && !gy_flow_has_failed(flow); n++)
        if (restore->parts[n].saved != NULL)
            commit_pending(flow, restore->graph->nodes[n], &restore->parts[n]);
    return gy_flow_has_failed(flow) ? flow->failure.code : 0;
}
