/* See restore.h. */
#include "flow/restore.h"

#include "base/mem.h"
#include "flow/flow.h"
#include "state/store.h"

/* What a snapshot has of one operator of the job, but for keyed state. */
struct operator_part {
    const struct gy_manifest_operator *saved; /* NULL: nothing, or not wanted */
    struct gy_form_segment *states;           /* of the node, per state of the snapshot */
    struct gy_form form;                      /* of them */
    struct gy_items *items;                   /* per old task */
    struct gy_items *txns;                    /* per old task: contents of TXN records */
    uint64_t *drawn;                          /* per old task: random numbers */
    struct gy_items splits;                   /* SPLITS, then the SPLIT records */
    bool stable;                              /* see is_stable */
};

struct gy_restore {
    struct gy_disk *disk;
    const struct gy_manifest *manifest;
    const struct gy_graph *graph;
    struct operator_part *parts; /* per node */
};

void gy_restore_free(struct gy_restore *restore)
{
    if (restore == NULL)
        return;
    for (uint32_t n = 0; restore->parts != NULL && n < restore->graph->n_nodes; n++) {
        struct operator_part *part = &restore->parts[n];
        for (uint32_t t = 0; part->saved != NULL && t < part->saved->n_tasks; t++) {
            if (part->items != NULL)
                gy_items_fini(&part->items[t]);
            if (part->txns != NULL)
                gy_items_fini(&part->txns[t]);
        }
        gy_items_fini(&part->splits);
        gy_free(part->states);
        gy_free(part->items);
        gy_free(part->txns);
        gy_free(part->drawn);
    }
    gy_free(restore->parts);
    gy_free(restore);
}

/* ---- what it has for whom ---- */

static int make_part(struct gy_restore *restore, const struct gy_fit *fit,
                     const struct gy_node *node)
{
    struct operator_part *part = &restore->parts[node->index];
    const struct gy_manifest_operator *saved = gy_fit_operator(fit, node);
    if (saved == NULL)
        return 0;
    part->states = gy_calloc(saved->n_states + 1, sizeof *part->states);
    part->items = gy_calloc(saved->n_tasks + 1, sizeof *part->items);
    part->txns = gy_calloc(saved->n_tasks + 1, sizeof *part->txns);
    part->drawn = gy_calloc(saved->n_tasks + 1, sizeof *part->drawn);
    part->saved = saved;
    if (part->states == NULL || part->items == NULL || part->txns == NULL || part->drawn == NULL)
        return GYRE_ENOMEM;
    for (uint32_t s = 0; s < saved->n_states; s++)
        part->states[s] =
            (struct gy_form_segment){gy_fit_state(saved, s, node), saved->states[s].version};
    part->form = (struct gy_form){saved->n_states, part->states};
    return 0;
}

/* ---- reading ---- */

static char *path_of(const struct gy_restore *restore, const char *file)
{
    return gy_printf("%s/%s", restore->manifest->path, file);
}

/* Opens the file of an old task: 0, 1 where it has none, or a code. */
static int open_file(const struct gy_restore *restore, const struct gy_manifest_task *task,
                     struct gy_part_reader *reader, char **path, struct gyre_error *error)
{
    memset(reader, 0, sizeof *reader);
    *path = NULL;
    if (task->file == NULL)
        return 1;
    *path = path_of(restore, task->file);
    if (*path == NULL)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory");
    return gy_part_open(reader, restore->disk, *path, restore->manifest->id, error);
}

static int keep_record(struct operator_part *part, uint32_t task, const struct gy_record *record)
{
    struct gyre_reader reader = {.size = sizeof reader, .data = record->bytes, .length = record->n};
    if (record->kind == GY_RECORD_RANDOM) {
        part->drawn[task] = gyre_read_u64(&reader);
        return reader.error;
    }
    struct gy_items *into = record->kind == GY_RECORD_ITEM  ? &part->items[task]
                            : record->kind == GY_RECORD_TXN ? &part->txns[task]
                                                            : &part->splits;
    return gy_items_add(into, record->bytes, record->n);
}

/* Reads the records before the keyed ones. SPLITS is the first of task 0, so of all. */
static int read_small(struct gy_restore *restore, struct operator_part *part, uint32_t task,
                      struct gyre_error *error)
{
    struct gy_part_reader reader;
    struct gy_record record;
    char *path;
    int code = open_file(restore, &part->saved->tasks[task], &reader, &path, error);
    bool opened = code == 0;
    while (code == 0) {
        int got = gy_part_read(&reader, &record, error);
        if (got == 1 && record.kind < GY_RECORD_STATE) {
            code = keep_record(part, task, &record);
            if (code == GYRE_ENOMEM)
                gyre_error_set(error, code, -1, "out of memory");
            else if (code != 0)
                gyre_error_set(error, code, -1, "%s has a record that is cut short", path);
            continue;
        }
        code = got < 0 ? got : 0;
        break;
    }
    if (opened)
        gy_part_close(&reader);
    gy_free(path);
    return code == 1 ? 0 : code;
}

static int read_operators(struct gy_restore *restore, struct gyre_error *error)
{
    for (uint32_t n = 0; n < restore->graph->n_nodes; n++) {
        struct operator_part *part = &restore->parts[n];
        for (uint32_t t = 0; part->saved != NULL && t < part->saved->n_tasks; t++)
            if (read_small(restore, part, t, error) != 0)
                return error->code;
    }
    return 0;
}

static bool has_items(const struct operator_part *part)
{
    for (uint32_t t = 0; part->saved != NULL && t < part->saved->n_tasks; t++)
        if (part->items[t].list.n > 0)
            return true;
    return false;
}

/* Tells the first of what does not fit, for who has no use for all. */
static int tell_misfit(const struct gy_diags *misfits, struct gyre_error *error)
{
    if (gy_diags_count(misfits) == 0)
        return 0;
    if (misfits->oom)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory");
    return gyre_error_set(error, GYRE_EINVAL, -1, "%s", misfits->list.items[0].text);
}

static int begin(struct gy_restore *restore, const struct gy_fit *fit, struct gyre_error *error)
{
    const struct gy_graph *graph = restore->graph;
    int code = 0;
    gy_fit_check(fit);
    if (tell_misfit(fit->misfits, error) != 0)
        return error->code;
    for (uint32_t n = 0; code == 0 && n < graph->n_nodes; n++)
        code = make_part(restore, fit, graph->nodes[n]);
    if (code != 0)
        return gyre_error_set(error, code, -1, "out of memory");
    if (read_operators(restore, error) != 0)
        return error->code;
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        if (has_items(&restore->parts[n]))
            gy_fit_check_items(fit, graph->nodes[n]);
    return tell_misfit(fit->misfits, error);
}

struct gy_restore *gy_restore_new(struct gy_disk *disk, const struct gy_fit *fit,
                                  struct gyre_error *error)
{
    struct gy_restore *restore = gy_calloc(1, sizeof *restore);
    if (restore != NULL) {
        *restore =
            (struct gy_restore){.disk = disk, .manifest = fit->manifest, .graph = fit->graph};
        restore->parts = gy_calloc(fit->graph->n_nodes + 1, sizeof *restore->parts);
    }
    if (restore == NULL || restore->parts == NULL)
        gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory");
    else if (begin(restore, fit, error) == 0)
        return restore;
    gy_restore_free(restore);
    return NULL;
}

bool gy_restore_has(const struct gy_restore *restore, const struct gy_node *node)
{
    return restore->parts[node->index].saved != NULL;
}

/* ---- splits ---- */

int gy_restore_splits(const struct gy_restore *restore, const struct gy_node *node, uint32_t tasks,
                      struct gy_splits *splits, struct gyre_error *error)
{
    const struct operator_part *part = &restore->parts[node->index];
    int code = 0;
    if (part->saved == NULL || part->splits.list.n == 0)
        return 1;
    gy_splits_init_empty(splits, tasks);
    for (size_t i = 0; code == 0 && i < part->splits.list.n; i++) {
        const struct gy_item *item = &part->splits.list.items[i];
        struct gyre_reader reader = {.size = sizeof reader, .data = item->bytes, .length = item->n};
        code = i == 0 ? gy_splits_read(splits, &reader) : gy_splits_apply(splits, &reader);
    }
    if (code != 0)
        gyre_error_set(error, code, -1, "the splits of '%s' cannot be read from snapshot %llu",
                       node->id, (unsigned long long)restore->manifest->id);
    return code;
}

/* ---- items, state, transactions ---- */

static struct gy_member *member_of(struct gy_flow *flow, uint32_t node, uint32_t task)
{
    uint32_t chain = flow->physical->chain_of[node];
    struct gy_task *t = &flow->tasks[flow->first_task[chain] + task];
    for (uint32_t m = 0; m < t->n_members; m++)
        if (t->members[m].node->index == node)
            return &t->members[m];
    return NULL;
}

static int give_items(struct gy_flow *flow, const struct gy_node *node,
                      const struct operator_part *part)
{
    uint32_t tasks = node->parallelism;
    uint32_t mode = node->descriptor != NULL ? node->descriptor->items : GYRE_ITEMS_NONE;
    struct gy_items dealt[tasks];
    memset(dealt, 0, sizeof dealt);
    int code = mode == GYRE_ITEMS_NONE
                   ? 0
                   : gy_items_deal(mode, part->items, part->saved->n_tasks, dealt, tasks);
    if (code != 0)
        gy_flow_fail_memory(flow, member_of(flow, node->index, 0)->instance);
    for (uint32_t t = 0; t < tasks; t++) {
        struct gy_member *member = member_of(flow, node->index, t);
        for (size_t i = 0; code == 0 && i < dealt[t].list.n; i++)
            code = gy_instance_restore_item(member->instance, part->saved->items_version,
                                            &dealt[t].list.items[i]);
        if (code != 0 && !gy_flow_has_failed(flow))
            gy_member_fail(member);
        gy_items_fini(&dealt[t]);
    }
    return code;
}

/* At another parallelism nobody repeats a number that a task has drawn before. */
static void give_drawn(struct gy_flow *flow, const struct gy_node *node,
                       const struct operator_part *part)
{
    uint64_t most = 0;
    for (uint32_t t = 0; t < part->saved->n_tasks; t++)
        most = part->drawn[t] > most ? part->drawn[t] : most;
    for (uint32_t t = 0; t < node->parallelism; t++)
        gy_instance_restore_drawn(member_of(flow, node->index, t)->instance,
                                  part->saved->n_tasks == node->parallelism ? part->drawn[t]
                                                                            : most);
}

static void fail_text(struct gy_flow *flow, const struct gyre_error *error)
{
    gy_flow_fail_text(flow, error->code, error->text);
}

/* Gives a keyed record to the task that has its key now. */
static int give_record(struct gy_flow *flow, const struct gy_node *node,
                       const struct operator_part *part, uint32_t old_task,
                       const struct gy_record *record)
{
    const struct gy_manifest_operator *saved = part->saved;
    struct gyre_reader reader = {.size = sizeof reader, .data = record->bytes, .length = record->n};
    uint64_t hash = gyre_read_u64(&reader);
    uint32_t task = old_task;
    bool known = record->kind == GY_RECORD_TIMERS ||
                 (record->kind == GY_RECORD_STATE && record->index < saved->n_states);
    if (!known || reader.error != 0) {
        gy_flow_fail_text(flow, GYRE_ECORRUPT, "a snapshot has a record that nobody knows");
        return GYRE_ECORRUPT;
    }
    if (node->key.n > 0)
        task = gy_key_subtask(hash, node->max_parallelism, node->parallelism);
    struct gy_member *member = member_of(flow, node->index, task);
    int code = gy_instance_restore_state(member->instance, record);
    if (code != 0)
        gy_member_fail(member);
    return code;
}

static int give_state(struct gy_restore *restore, struct gy_flow *flow, const struct gy_node *node,
                      const struct operator_part *part, uint32_t old_task)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_part_reader reader;
    struct gy_record record;
    char *path;
    int got = 1;
    int code = open_file(restore, &part->saved->tasks[old_task], &reader, &path, &error);
    bool opened = code == 0;
    while (code == 0 && (got = gy_part_read(&reader, &record, &error)) == 1)
        if (record.kind >= GY_RECORD_STATE)
            code = give_record(flow, node, part, old_task, &record);
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
                      const struct operator_part *part)
{
    const struct gy_manifest_operator *saved = part->saved;
    uint64_t records[saved->n_states + 1];
    for (uint32_t s = 0; s < saved->n_states; s++)
        records[s] = saved->states[s].records / node->parallelism;
    for (uint32_t t = 0; t < node->parallelism && saved->n_states > 0; t++) {
        struct gy_member *member = member_of(flow, node->index, t);
        if (!gy_flow_has_failed(flow) &&
            gy_instance_restore_begin(member->instance, &part->form, records) != 0)
            gy_member_fail(member);
    }
}

/* ---- how far each task had come ---- */

/* Watermarks: what was seen, and what of it was told. */
struct progress {
    int64_t seen_us, told_us;
};

/* The least of the old tasks that had not ended; INT64_MAX where all had. */
static struct progress least_progress(const struct gy_manifest_operator *saved)
{
    struct progress least = {INT64_MAX, INT64_MAX};
    for (uint32_t t = 0; t < saved->n_tasks; t++) {
        const struct gy_manifest_task *task = &saved->tasks[t];
        if (!task->ended && task->watermark_us < least.told_us)
            least.told_us = task->watermark_us;
        if (!task->ended && task->seen_us < least.seen_us)
            least.seen_us = task->seen_us;
    }
    return least;
}

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

/* What the tasks that feed it have told: least watermark, and whether all have ended. */
static void look_upstream(struct gy_flow *flow, const struct gy_node *node, uint32_t task,
                          int64_t *watermark_us, bool *ended)
{
    const struct gy_graph *graph = flow->physical->graph;
    for (uint32_t e = 0; e < graph->n_edges; e++) {
        const struct gy_edge *edge = &graph->edges[e];
        if (edge->to != node->index || edge->feedback)
            continue;
        bool forward = edge->partition == GY_FORWARD;
        uint32_t n = forward ? task + 1 : graph->nodes[edge->from]->parallelism;
        for (uint32_t t = forward ? task : 0; t < n; t++) {
            const struct gy_frontier *from = &member_of(flow, edge->from, t)->frontier;
            *ended &= from->ended;
            if (from->told_us < *watermark_us)
                *watermark_us = from->told_us;
        }
    }
}

/* A task had come as far as it had, and no further than those that feed it now: where one of them has
 * another parallelism it may get rows of any. */
static struct progress progress_of(struct gy_flow *flow, const struct gy_node *node,
                                   const struct operator_part *part, uint32_t task, bool *ended)
{
    const struct gy_manifest_operator *saved = part->saved;
    const struct gy_manifest_task *own =
        saved->n_tasks == node->parallelism ? &saved->tasks[task] : NULL;
    struct progress p = least_progress(saved);
    int64_t upstream_us = INT64_MAX;
    *ended = own != NULL ? own->ended : p.told_us == INT64_MAX;
    if (part->stable && !*ended)
        p = (struct progress){own->seen_us, own->watermark_us};
    look_upstream(flow, node, task, &upstream_us, ended);
    if (*ended)
        return (struct progress){INT64_MAX, INT64_MAX};
    if ((node->flags & GYRE_SETS_TIME) != 0 && p.told_us == INT64_MAX)
        return (struct progress){INT64_MIN, INT64_MIN};
    if ((node->flags & GYRE_SETS_TIME) == 0) {
        p.seen_us = p.seen_us < upstream_us ? p.seen_us : upstream_us;
        p.told_us = p.told_us < upstream_us ? p.told_us : upstream_us;
    }
    return p;
}

/* In topological order. */
static void give_progress(struct gy_restore *restore, struct gy_flow *flow,
                          const struct gy_node *node)
{
    struct operator_part *part = &restore->parts[node->index];
    part->stable = is_stable(restore, flow, node, part->saved);
    for (uint32_t t = 0; t < node->parallelism; t++) {
        struct gy_member *member = member_of(flow, node->index, t);
        bool ended;
        struct progress p = progress_of(flow, node, part, t, &ended);
        gy_frontier_restore(&member->frontier, p.seen_us, p.told_us, ended);
        member->task->n_ended += ended;
        if (gy_instance_restored(member->instance, p.seen_us, p.told_us) != 0)
            gy_member_fail(member);
    }
}

/* ---- transactions ---- */

/* Everything else has been restored: what was prepared becomes visible, if it is not. */
static void commit_pending(struct gy_flow *flow, const struct gy_node *node,
                           const struct operator_part *part)
{
    for (uint32_t t = 0; t < part->saved->n_tasks; t++) {
        struct gy_member *member = member_of(flow, node->index, t % node->parallelism);
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
        const struct operator_part *part = &restore->parts[n];
        if (part->saved == NULL)
            continue;
        give_items(flow, node, part);
        give_drawn(flow, node, part);
        give_room(flow, node, part);
        for (uint32_t t = 0; t < part->saved->n_tasks && !gy_flow_has_failed(flow); t++)
            give_state(restore, flow, node, part, t);
        if (!gy_flow_has_failed(flow))
            give_progress(restore, flow, node);
    }
    for (uint32_t n = 0; n < restore->graph->n_nodes && !gy_flow_has_failed(flow); n++)
        if (restore->parts[n].saved != NULL)
            commit_pending(flow, restore->graph->nodes[n], &restore->parts[n]);
    return gy_flow_has_failed(flow) ? flow->failure.code : 0;
}
