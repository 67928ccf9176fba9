/* Snapshots of a kit in memory, and restores; see kit.h. A task's records are those that its file would have. */
#include "kit/kit.h"

#include "base/mem.h"
#include "op/deal.h"

enum { SLICE_RECORDS = 64 };

/* ---- taking ---- */

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Takes the records out of a piece of the file; see state/part.h. */
static void take_piece(void *host, struct gy_part_piece *piece)
{
    struct gy_kit_saved *saved = host;
    bool is_head = piece->n >= 8 && memcmp(piece->bytes, GY_PART_MAGIC, 8) == 0;
    for (size_t at = GY_BLOCK_HEAD; !is_head && at + GY_RECORD_HEAD <= piece->n;) {
        const uint8_t *head = piece->bytes + at;
        struct gy_kit_record record = {.n = get_u32(head),
                                       .kind = (enum gy_record_kind)(head[4] | head[5] << 8),
                                       .index = (uint16_t)(head[6] | head[7] << 8)};
        record.bytes = gy_alloc(record.n);
        if (record.bytes == NULL || gy_vec_push(&saved->records, record) != 0) {
            gy_free(record.bytes);
            saved->failed = true;
            break;
        }
        if (record.n > 0)
            memcpy(record.bytes, head + GY_RECORD_HEAD, record.n);
        at += GY_RECORD_HEAD + record.n;
    }
    gy_part_piece_free(piece);
}

static int prepare(struct gyre_kit *kit)
{
    const struct gyre_operator *op = kit->node->descriptor;
    for (uint32_t t = 0; kit->code == 0 && t < kit->n_tasks; t++) {
        struct gy_kit_task *task = &kit->tasks[t];
        if (kit->node->kind != GYRE_SINK || op == NULL || op->prepare == NULL)
            continue;
        int code = gy_txns_prepare(&task->txns, task->instance, kit->epoch);
        if (code != 0)
            gy_kit_fail_call(kit, task->instance, code);
    }
    return kit->code;
}

static int save_task(struct gyre_kit *kit, struct gy_kit_task *task, struct gy_kit_saved *saved)
{
    struct gy_part part;
    int code = 0;
    gy_part_init(&part, kit->epoch, take_piece, saved);
    if (kit->node->kind == GYRE_SOURCE)
        code = gy_source_save(&task->source, &part);
    if (code == 0)
        code = gy_txns_save(&task->txns, &part);
    if (code == 0)
        code = gy_instance_save_begin(task->instance, &part);
    if (code == 0) {
        while (gy_instance_save_slice(task->instance, SLICE_RECORDS))
            ;
        gy_instance_save_stop(task->instance);
        code = part.error;
    }
    if (code == 0)
        code = gy_part_end(&part);
    if (code != 0) {
        const char *text = gy_instance_error(task->instance)->text;
        gy_kit_fail(kit, code, "%s cannot be saved: %s", kit->node->op,
                    code == GYRE_ENOMEM ? "out of memory"
                    : text[0] != 0      ? text
                                        : "a type of its state refuses to be encoded");
    }
    gy_part_fini(&part);
    return saved->failed ? gy_kit_fail(kit, GYRE_ENOMEM, "out of memory") : kit->code;
}

static int describe(const struct gyre_kit *kit, struct gyre_kit_snapshot *snapshot)
{
    const struct gy_node *node = kit->node;
    snapshot->n_tasks = kit->n_tasks;
    snapshot->tasks = gy_calloc(kit->n_tasks, sizeof *snapshot->tasks);
    snapshot->reached = gy_calloc(kit->n_tasks, sizeof *snapshot->reached);
    snapshot->states = gy_calloc(gy_node_states(node) + 1, sizeof *snapshot->states);
    snapshot->watermarks_us = gy_calloc(node->n_inputs + 1, sizeof *snapshot->watermarks_us);
    snapshot->ended = gy_calloc(node->n_inputs + 1, sizeof *snapshot->ended);
    if (snapshot->tasks == NULL || snapshot->reached == NULL || snapshot->states == NULL ||
        snapshot->watermarks_us == NULL || snapshot->ended == NULL)
        return GYRE_ENOMEM;
    snapshot->items_version = node->descriptor != NULL ? node->descriptor->items_version : 0;
    snapshot->epoch = kit->epoch;
    snapshot->n_rounds = kit->n_rounds;
    snapshot->now_us = kit->clock.wall_us;
    snapshot->n_inputs = node->n_inputs;
    for (uint32_t p = 0; p < node->n_inputs; p++) {
        snapshot->watermarks_us[p] = kit->inputs[p].watermark_us;
        snapshot->ended[p] = kit->inputs[p].ended;
    }
    for (uint32_t s = 0; s < gy_node_states(node); s++) {
        struct gyre_state state = gy_node_state(node, s);
        bool hosts = node->aggregation != GY_AGG_NONE;
        snapshot->states[s].name = gy_strdup(hosts ? node->hosted[s].identity : state.name);
        snapshot->states[s].version = state.type->version;
        snapshot->n_states = s + 1;
        if (snapshot->states[s].name == NULL)
            return GYRE_ENOMEM;
    }
    return 0;
}

struct gyre_kit_snapshot *gyre_kit_snapshot(struct gyre_kit *kit)
{
    if (kit->code == 0)
        gy_kit_settle(kit, true);
    return gy_kit_save(kit);
}

struct gyre_kit_snapshot *gy_kit_save(struct gyre_kit *kit)
{
    struct gyre_kit_snapshot *snapshot = gy_alloc(sizeof *snapshot);
    kit->epoch++;
    if (snapshot == NULL || (kit->node != NULL && describe(kit, snapshot) != 0))
        gy_kit_fail(kit, GYRE_ENOMEM, "out of memory");
    for (uint32_t t = 0; kit->code == 0 && t < kit->n_tasks; t++) {
        int code = gy_instance_flush(kit->tasks[t].instance, true);
        if (code != 0)
            gy_kit_fail_call(kit, kit->tasks[t].instance, code);
    }
    if (kit->code == 0)
        prepare(kit);
    for (uint32_t t = 0; kit->code == 0 && t < kit->n_tasks; t++) {
        struct gy_kit_task *task = &kit->tasks[t];
        snapshot->reached[t] =
            (struct gy_manifest_task){.seen_us = gy_instance_seen(task->instance),
                                      .watermark_us = task->frontier.told_us,
                                      .ended = task->frontier.ended && !task->frontier.stopped};
        save_task(kit, task, &snapshot->tasks[t]);
    }
    if (kit->code == 0)
        return snapshot;
    gyre_kit_snapshot_free(snapshot);
    return NULL;
}

void gyre_kit_snapshot_free(struct gyre_kit_snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    for (uint32_t t = 0; snapshot->tasks != NULL && t < snapshot->n_tasks; t++) {
        for (size_t i = 0; i < snapshot->tasks[t].records.n; i++)
            gy_free(snapshot->tasks[t].records.items[i].bytes);
        gy_vec_fini(&snapshot->tasks[t].records);
    }
    for (uint32_t s = 0; s < snapshot->n_states; s++)
        gy_free(snapshot->states[s].name);
    gy_free(snapshot->tasks);
    gy_free(snapshot->reached);
    gy_free(snapshot->states);
    gy_free(snapshot->watermarks_us);
    gy_free(snapshot->ended);
    gy_free(snapshot);
}

uint64_t gyre_kit_snapshot_bytes(const struct gyre_kit_snapshot *snapshot)
{
    uint64_t bytes = 0;
    for (uint32_t t = 0; t < snapshot->n_tasks; t++)
        for (size_t i = 0; i < snapshot->tasks[t].records.n; i++)
            bytes += snapshot->tasks[t].records.items[i].n;
    return bytes;
}

/* ---- transactions ---- */

int gyre_kit_commit(struct gyre_kit *kit)
{
    for (uint32_t t = 0; kit->code == 0 && t < kit->n_tasks; t++) {
        int code = gy_txns_commit(&kit->tasks[t].txns, kit->tasks[t].instance, UINT64_MAX);
        if (code != 0)
            gy_kit_fail_call(kit, kit->tasks[t].instance, code);
    }
    return kit->code;
}

int gyre_kit_abort(struct gyre_kit *kit)
{
    for (uint32_t t = 0; kit->code == 0 && t < kit->n_tasks; t++)
        gy_txns_abort(&kit->tasks[t].txns, kit->tasks[t].instance, 0);
    return kit->code;
}

/* ---- restoring ---- */

static int fail_unknown(struct gyre_kit *kit)
{
    return gy_kit_fail(kit, GYRE_ECORRUPT, "the snapshot has a record that nobody knows");
}

/* Item `at` of all. */
static int give_item(struct gyre_kit *kit, const struct gyre_kit_snapshot *snapshot,
                     uint32_t old_task, const struct gy_kit_record *from, uint64_t at)
{
    const struct gy_record record = {from->kind, from->index, from->bytes, from->n};
    const struct gy_item item = {from->bytes, from->n};
    struct gy_dealt to;
    if (!gy_deal_item(kit->node, &record, snapshot->n_tasks, old_task, at, &to))
        return fail_unknown(kit);
    for (uint32_t t = to.first; kit->code == 0 && t < to.first + to.n; t++) {
        int code = gy_instance_restore_item(kit->tasks[t].instance, snapshot->items_version, &item);
        if (code != 0)
            gy_kit_fail_call(kit, kit->tasks[t].instance, code);
    }
    return kit->code;
}

static int give_items(struct gyre_kit *kit, const struct gyre_kit_snapshot *snapshot)
{
    uint64_t at = 0;
    for (uint32_t t = 0; t < snapshot->n_tasks; t++)
        for (size_t i = 0; kit->code == 0 && i < snapshot->tasks[t].records.n; i++)
            if (snapshot->tasks[t].records.items[i].kind == GY_RECORD_ITEM)
                give_item(kit, snapshot, t, &snapshot->tasks[t].records.items[i], at++);
    return kit->code;
}

static void give_drawn(struct gyre_kit *kit, const struct gyre_kit_snapshot *snapshot)
{
    uint64_t drawn[snapshot->n_tasks];
    for (uint32_t t = 0; t < snapshot->n_tasks; t++) {
        drawn[t] = 0;
        for (size_t i = 0; i < snapshot->tasks[t].records.n; i++) {
            const struct gy_kit_record *record = &snapshot->tasks[t].records.items[i];
            struct gyre_reader reader = {
                .size = sizeof reader, .data = record->bytes, .length = record->n};
            if (record->kind == GY_RECORD_RANDOM)
                drawn[t] = gyre_read_u64(&reader);
        }
    }
    for (uint32_t t = 0; t < kit->n_tasks; t++)
        gy_instance_restore_drawn(kit->tasks[t].instance,
                                  gy_deal_drawn(kit->node, drawn, snapshot->n_tasks, t));
}

static const char *state_name(const struct gy_node *node, uint32_t s)
{
    return node->aggregation != GY_AGG_NONE ? node->hosted[s].identity
                                            : gy_node_state(node, s).name;
}

/* Which state of the node each of the snapshot's is. */
static int make_form(struct gyre_kit *kit, const struct gyre_kit_snapshot *snapshot,
                     struct gy_form_segment *segments)
{
    for (uint32_t s = 0; s < snapshot->n_states; s++) {
        uint32_t own = 0, n = gy_node_states(kit->node);
        while (own < n && strcmp(state_name(kit->node, own), snapshot->states[s].name) != 0)
            own++;
        if (own == n)
            return gy_kit_fail(kit, GYRE_EINVAL,
                               "the snapshot has a state `%s`, which %s does not have",
                               snapshot->states[s].name, kit->node->op);
        uint32_t version = gy_node_state(kit->node, own).type->version;
        if (version < snapshot->states[s].version ||
            (version > snapshot->states[s].version &&
             gy_node_state(kit->node, own).type->migrate == NULL))
            return gy_kit_fail(kit, GYRE_EINVAL,
                               "state `%s` is of version %u in the snapshot and of version %u in "
                               "%s, which has no migrate for it",
                               snapshot->states[s].name, snapshot->states[s].version, version,
                               kit->node->op);
        segments[s] = (struct gy_form_segment){own, snapshot->states[s].version};
    }
    return 0;
}

static int give_record(struct gyre_kit *kit, const struct gyre_kit_snapshot *snapshot,
                       uint32_t old_task, const struct gy_kit_record *from)
{
    struct gy_record record = {from->kind, from->index, from->bytes, from->n};
    uint32_t task;
    bool known = record.kind == GY_RECORD_TIMERS || record.index < snapshot->n_states;
    if (!known || !gy_deal_record(kit->node, &record, old_task, &task))
        return fail_unknown(kit);
    int code = gy_instance_restore_state(kit->tasks[task].instance, &record);
    return code == 0 ? 0 : gy_kit_fail_call(kit, kit->tasks[task].instance, code);
}

static int give_state(struct gyre_kit *kit, const struct gyre_kit_snapshot *snapshot,
                      struct gy_form_segment *segments, struct gy_form *form)
{
    uint64_t records[snapshot->n_states + 1];
    memset(records, 0, sizeof records);
    if (make_form(kit, snapshot, segments) != 0)
        return kit->code;
    *form = (struct gy_form){snapshot->n_states, segments};
    for (uint32_t t = 0; kit->code == 0 && snapshot->n_states > 0 && t < kit->n_tasks; t++)
        if (gy_instance_restore_begin(kit->tasks[t].instance, form, records) != 0)
            gy_kit_fail_call(kit, kit->tasks[t].instance, GYRE_ENOMEM);
    for (uint32_t t = 0; t < snapshot->n_tasks; t++)
        for (size_t i = 0; kit->code == 0 && i < snapshot->tasks[t].records.n; i++)
            if (snapshot->tasks[t].records.items[i].kind >= GY_RECORD_STATE &&
                snapshot->tasks[t].records.items[i].kind != GY_RECORD_ITEM)
                give_record(kit, snapshot, t, &snapshot->tasks[t].records.items[i]);
    return kit->code;
}

static int give_splits(struct gyre_kit *kit, const struct gyre_kit_snapshot *snapshot)
{
    int code = 0;
    if (kit->node->kind != GYRE_SOURCE)
        return 0;
    gy_splits_init_empty(&kit->splits, kit->n_tasks);
    for (uint32_t t = 0; t < snapshot->n_tasks; t++)
        for (size_t i = 0; code == 0 && i < snapshot->tasks[t].records.n; i++) {
            const struct gy_kit_record *record = &snapshot->tasks[t].records.items[i];
            struct gyre_reader reader = {
                .size = sizeof reader, .data = record->bytes, .length = record->n};
            if (record->kind == GY_RECORD_SPLITS)
                code = gy_splits_read(&kit->splits, &reader);
            else if (record->kind == GY_RECORD_SPLIT)
                code = gy_splits_apply(&kit->splits, &reader);
        }
    return code == 0 ? 0 : gy_kit_fail(kit, code, "the splits cannot be read");
}

/* The inputs have told what they had told before the snapshot, and tell it again. */
static void give_progress(struct gyre_kit *kit, const struct gyre_kit_snapshot *snapshot)
{
    struct gy_manifest_operator saved = {.n_tasks = snapshot->n_tasks, .tasks = snapshot->reached};
    struct gy_reached upstream = {.told_us = INT64_MAX, .ended = true};
    bool stable = snapshot->n_tasks == kit->n_tasks && kit->node->kind != GYRE_SOURCE;
    for (uint32_t p = 0; p < kit->node->n_inputs; p++) {
        struct gy_kit_port *port = &kit->inputs[p];
        if (port->edge == NULL || p >= snapshot->n_inputs)
            continue;
        int64_t told_us = snapshot->ended[p] ? INT64_MAX : snapshot->watermarks_us[p];
        upstream.told_us = told_us < upstream.told_us ? told_us : upstream.told_us;
        upstream.ended &= snapshot->ended[p];
    }
    for (uint32_t t = 0; kit->code == 0 && t < kit->n_tasks; t++) {
        struct gy_kit_task *task = &kit->tasks[t];
        struct gy_reached r = gy_deal_reached(kit->node, &saved, t, stable, &upstream);
        gy_frontier_restore(&task->frontier, r.seen_us, r.told_us, r.ended);
        task->told_us = r.told_us;
        int code = gy_instance_restored(task->instance, r.seen_us, r.told_us);
        if (code != 0)
            gy_kit_fail_call(kit, task->instance, code);
        for (uint32_t p = 0; p < kit->node->n_inputs && p < snapshot->n_inputs; p++) {
            struct gy_kit_port *port = &kit->inputs[p];
            port->watermark_us = snapshot->watermarks_us[p];
            port->ended = snapshot->ended[p];
            if (port->edge == NULL)
                continue;
            if (port->watermark_us != INT64_MIN)
                gy_frontier_watermark(&task->frontier, port->slot, port->watermark_us);
            if (port->ended)
                gy_frontier_end(&task->frontier, port->slot, false);
        }
    }
}

static int give_txns(struct gyre_kit *kit, const struct gyre_kit_snapshot *snapshot)
{
    for (uint32_t t = 0; t < snapshot->n_tasks; t++) {
        struct gy_kit_task *task = &kit->tasks[gy_deal_txns(kit->node, t)];
        for (size_t i = 0; kit->code == 0 && i < snapshot->tasks[t].records.n; i++) {
            const struct gy_kit_record *record = &snapshot->tasks[t].records.items[i];
            if (record->kind == GY_RECORD_TXN &&
                gy_txns_read(&task->txns, record->bytes, record->n) != 0)
                gy_kit_fail(kit, GYRE_ECORRUPT, "a transaction cannot be read");
        }
        int code = kit->code == 0 ? gy_txns_commit(&task->txns, task->instance, UINT64_MAX) : 0;
        if (code != 0)
            gy_kit_fail_call(kit, task->instance, code);
    }
    return kit->code;
}

static void give_all(struct gyre_kit *kit, const struct gyre_kit_setup *setup,
                     const struct gyre_kit_snapshot *snapshot)
{
    struct gy_form_segment segments[snapshot->n_states + 1];
    struct gy_form form;
    kit->epoch = snapshot->epoch;
    if (setup->now_us == 0)
        gy_clock_manual_set(&kit->clock, snapshot->now_us);
    if (kit->node->key.n == 0 && snapshot->n_states > 0 && snapshot->n_tasks != kit->n_tasks)
        gy_kit_fail(kit, GYRE_EINVAL,
                    "the state of %s has no key to divide it by: it can only be restored at %u "
                    "tasks, as it was",
                    kit->node->op, snapshot->n_tasks);
    if (kit->code == 0 && give_splits(kit, snapshot) == 0 && gy_kit_open(kit) == 0 &&
        give_items(kit, snapshot) == 0) {
        give_drawn(kit, snapshot);
        if (give_state(kit, snapshot, segments, &form) == 0)
            give_progress(kit, snapshot);
        kit->n_rounds = snapshot->n_rounds;
        gy_kit_round_begin(kit);
        give_txns(kit, snapshot);
    }
}

struct gyre_kit *gyre_kit_restore(const struct gyre_kit_setup *setup,
                                  const struct gyre_kit_snapshot *snapshot)
{
    struct gyre_kit *kit = gy_kit_make(setup, true);
    if (kit != NULL && kit->code == 0 && snapshot == NULL)
        gy_kit_fail(kit, GYRE_EINVAL,
                    "there is no snapshot to restore: gyre_kit_snapshot has failed, and "
                    "gyre_kit_error of its kit says why");
    else if (kit != NULL && kit->code == 0)
        give_all(kit, setup, snapshot);
    return kit;
}
