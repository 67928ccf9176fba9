/* See feedback.h. */
#include "flow/feedback.h"

#include "base/mem.h"
#include "base/text.h"
#include "flow/flow.h"

#include <assert.h>

enum { LOG_BYTES = 16 * 1024 };

/* ---- making ---- */

static uint32_t count_heads(const struct gy_graph *graph)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        bool is_head = false;
        for (uint32_t e = 0; e < graph->n_edges; e++)
            is_head |= graph->edges[e].feedback && graph->edges[e].to == i;
        n += is_head ? graph->nodes[i]->parallelism : 0;
    }
    return n;
}

static const struct gy_loop *loop_of(const struct gy_graph *graph, uint32_t node)
{
    for (uint32_t l = 0; l < graph->n_loops; l++)
        if (graph->loops[l].head == node)
            return &graph->loops[l];
    return NULL;
}

/* "FROM.PORT>TO.PORT", by which a later run finds it. */
static char *edge_text(const struct gy_graph *graph, const struct gy_edge *edge)
{
    const struct gy_node *from = graph->nodes[edge->from], *to = graph->nodes[edge->to];
    return gy_printf("%s.%s>%s.%s", from->id, from->outputs[edge->from_port].name, to->id,
                     to->inputs[edge->to_port].name);
}

/* What the spools have to know of the entries by which messages come. */
static int describe_inputs(struct gy_head *head)
{
    struct gy_task *task = head->member->task;
    const struct gy_graph *graph = task->flow->physical->graph;
    for (uint32_t e = 0; e < task->n_entries; e++) {
        const struct gy_entry *entry = &task->entries[e];
        if (!entry->feedback || entry->member != head->member)
            continue;
        const struct gy_node *from = graph->nodes[entry->edge->from];
        const struct gy_output *output = &from->outputs[entry->edge->from_port];
        head->entries[head->n_entries++] = &task->entries[e];
        task->entries[e].inlet.channel->fed = &head->fed;
        head->inputs[e] = (struct gy_spool_entry){.edge = edge_text(graph, entry->edge),
                                                  .layout = entry->inlet.layout,
                                                  .schema = &output->schema,
                                                  .channel = &head->blocks};
        if (head->inputs[e].edge == NULL)
            return GYRE_ENOMEM;
    }
    return 0;
}

/* With rounds what comes back is for the next one, and in no hurry. */
static void look_at_hunger(struct gy_head *head)
{
    bool fed = head->rounds != NULL || head->now.n_messages > 0;
    /* relaxed, both: see gy_channel_is_hungry. */
    if (fed != atomic_load_explicit(&head->fed, memory_order_relaxed))
        atomic_store_explicit(&head->fed, fed, memory_order_relaxed);
}

int gy_head_init(struct gy_head *head, struct gy_member *member)
{
    struct gy_task *task = member->task;
    struct gy_flow *flow = task->flow;
    const struct gy_graph *graph = flow->physical->graph;
    const struct gy_loop *loop = loop_of(graph, member->node->index);
    uint64_t n_heads = count_heads(graph);
    head->member = member;
    if (loop != NULL && loop->rounds_max > 0)
        head->rounds = gy_region_rounds(task->region, loop);
    head->entries = gy_calloc(task->n_entries + 1, sizeof(struct gy_entry *));
    head->inputs = gy_calloc(task->n_entries + 1, sizeof *head->inputs);
    head->name = gy_printf("%s-%u", member->node->id, task->index);
    if (head->entries == NULL || head->inputs == NULL || head->name == NULL ||
        gy_channel_init(&head->blocks, 1, 1) != 0 || describe_inputs(head) != 0)
        return GYRE_ENOMEM;
    struct gy_spill_config config = {.disk = flow->scratch.disk,
                                     .folder = flow->scratch.path,
                                     .name = head->name,
                                     .memory_max = graph->loop_memory / n_heads,
                                     .disk_max = graph->loop_disk / n_heads,
                                     .n_entries = task->n_entries,
                                     .entries = head->inputs};
    if (gy_spill_init(&head->spill, &config) != 0)
        return GYRE_ENOMEM;
    gy_spool_init(&head->now, &head->spill, GY_SPOOL_NOW);
    gy_spool_init(&head->next, &head->spill, GY_SPOOL_NEXT);
    gy_spool_init(&head->early, &head->spill, GY_SPOOL_NOW);
    look_at_hunger(head);
    return 0;
}

void gy_head_fini(struct gy_head *head)
{
    if (head->now.spill != NULL) {
        gy_spool_fini(&head->now);
        gy_spool_fini(&head->next);
        gy_spool_fini(&head->early);
    }
    gy_spill_fini(&head->spill);
    for (uint32_t e = 0; head->inputs != NULL && e < head->member->task->n_entries; e++)
        gy_free((char *)head->inputs[e].edge);
    gy_free(head->entries);
    gy_free(head->inputs);
    gy_free(head->name);
    gy_channel_fini(&head->blocks);
}

/* ---- what waits ---- */

static struct gy_region *region_of(const struct gy_head *head)
{
    return head->member->task->region;
}

/* Sources wait while more does here than there is room for in memory. But not for rounds: the first one is not
 * over before the sources are, and what waits for the next one is not served before. */
static void look_at_bound(struct gy_head *head)
{
    struct gy_region *region = region_of(head);
    const struct gy_spill *spill = &head->spill;
    look_at_hunger(head);
    bool above = head->rounds == NULL &&
                 (spill->bytes_memory > spill->config.memory_max || spill->bytes_disk > 0);
    if (above == head->above)
        return;
    head->above = above;
    /* relaxed: a late look costs a poll. */
    if (above)
        atomic_fetch_add_explicit(&region->n_above, 1, memory_order_relaxed);
    else if (atomic_fetch_sub_explicit(&region->n_above, 1, memory_order_relaxed) == 1)
        gy_flow_wake(region->flow);
}

/* The bound on disk is passed: which loop it was, and how it grows. */
static void fail_full(struct gy_head *head)
{
    const struct gy_spill *spill = &head->spill;
    const struct gy_member *member = head->member;
    uint64_t waiting = head->now.rows + head->next.rows + head->early.rows;
    uint64_t taken = head->rows_fed_back > waiting ? head->rows_fed_back - waiting : 1;
    char size[GY_NUMBER_MAX];
    gy_text_format_size(size, spill->bytes_disk);
    char *text = gy_printf("the loop of '%s' grows: %llu rows wait in task %u, %s of them on disk, "
                           "which is its part of "
                           "`loop.disk`; %llu rows have come back, and %llu of them were taken: "
                           "%.2f for each. Rows that go "
                           "round have to become fewer in the end: look at what is fed back, or "
                           "allow more `loop.disk`",
                           member->node->id, (unsigned long long)waiting, member->task->index, size,
                           (unsigned long long)head->rows_fed_back, (unsigned long long)taken,
                           (double)head->rows_fed_back / (double)taken);
    gy_flow_fail_text(region_of(head)->flow, GYRE_EFAIL,
                      text != NULL ? text : "a loop has grown beyond `loop.disk`");
    gy_free(text);
}

/* A put or a take has failed. */
static void fail(struct gy_head *head)
{
    const struct gyre_error *error = &head->spill.error;
    if (head->spill.is_full)
        fail_full(head);
    else
        gy_flow_fail_text(region_of(head)->flow, error->code, error->text);
}

static void put(struct gy_head *head, struct gy_spool *spool, struct gy_message *message,
                bool to_log)
{
    if (gy_spool_put(spool, message, to_log) != 0)
        fail(head);
    look_at_bound(head);
}

/* Where its task discards all that goes round. */
static void discard(struct gy_head *head, struct gy_message *message)
{
    head->rows_dropped += message->rows;
    gy_region_uncount(region_of(head), message->generation, 1);
    gy_message_drop(message);
}

/* Where what comes back waits. */
static struct gy_spool *queue_of(struct gy_head *head)
{
    return head->rounds != NULL ? &head->next : &head->now;
}

void gy_head_put(struct gy_head *head, struct gy_entry *entry, struct gy_message *message)
{
    const struct gy_task *task = head->member->task;
    uint32_t generation = message->generation;
    message->entry = (uint32_t)(entry - task->entries);
    head->rows_fed_back += message->rows;
    if (task->discards) {
        discard(head, message);
        return;
    }
    bool to_log = head->saving && entry->behind;
    put(head, entry->at_barrier ? &head->early : queue_of(head), message, to_log);
    if (head->rounds == NULL)
        return;
    /* release: before the message is uncounted, so that it is never nowhere. */
    atomic_fetch_add_explicit(&head->rounds->waiting, 1, memory_order_release);
    gy_region_uncount(region_of(head), generation, 1);
}

void gy_head_hear_barrier(struct gy_head *head, struct gy_entry *entry, uint64_t epoch)
{
    uint64_t own = head->member->task->epoch;
    if (epoch == own) {
        assert(entry->behind && head->n_behind > 0);
        entry->behind = false;
        head->n_behind--;
    } else {
        assert(epoch > own && !entry->behind && !entry->at_barrier);
        entry->at_barrier = true;
    }
}

struct gy_message *gy_head_take(struct gy_head *head)
{
    if (head->now.n_messages == 0)
        return NULL;
    struct gy_message *message = gy_spool_take(&head->now);
    if (message == NULL)
        fail(head);
    else if (head->rounds != NULL)
        message->generation = head->generation;
    look_at_bound(head);
    return message;
}

/* ---- decisions ---- */

void gy_head_open(struct gy_head *head, uint32_t generation)
{
    uint64_t n = head->next.n_messages;
    assert(head->rounds != NULL && head->now.n_messages == 0);
    head->generation = generation;
    gy_region_count(region_of(head), generation, n);
    atomic_fetch_sub_explicit(&head->rounds->waiting, n, memory_order_relaxed);
    gy_spool_splice(&head->now, &head->next);
}

/* Drops what waits in a spool. */
static void empty(struct gy_head *head, struct gy_spool *spool, bool counted)
{
    struct gy_message *message;
    while ((message = gy_spool_take(spool)) != NULL) {
        uint32_t generation = head->rounds != NULL ? head->generation : message->generation;
        head->rows_dropped += message->rows;
        if (counted)
            gy_region_uncount(region_of(head), generation, 1);
        gy_message_drop(message);
    }
    if (spool->n_messages > 0)
        fail(head);
    look_at_bound(head);
}

void gy_head_close(struct gy_head *head)
{
    uint64_t n = head->next.n_messages;
    empty(head, &head->next, false);
    /* relaxed: others wait until this decision is obeyed. */
    atomic_fetch_sub_explicit(&head->rounds->waiting, n, memory_order_relaxed);
}

void gy_head_discard(struct gy_head *head)
{
    bool rounds = head->rounds != NULL;
    uint64_t n = head->next.n_messages + head->early.n_messages;
    empty(head, &head->now, true);
    empty(head, &head->early, !rounds);
    empty(head, &head->next, false);
    if (rounds)
        atomic_fetch_sub_explicit(&head->rounds->waiting, n, memory_order_relaxed);
}

struct gy_loop_counts gy_loop_count(const struct gy_flow *flow, uint32_t node)
{
    struct gy_loop_counts counts = {0};
    uint32_t chain = flow->physical->chain_of[node];
    for (uint32_t t = 0; t < flow->physical->chains[chain].parallelism; t++) {
        const struct gy_head *head = gy_flow_member(flow, node, t)->head;
        if (head == NULL)
            continue;
        counts.rows_fed_back += head->rows_fed_back;
        counts.rows_dropped += head->rows_dropped;
    }
    return counts;
}

/* ---- snapshots ---- */

int gy_head_restore(struct gy_head *head, struct gy_message *message, uint8_t tag)
{
    struct gy_region *region = region_of(head);
    struct gy_spool *spool =
        tag == GY_SPOOL_NEXT && head->rounds != NULL ? &head->next : &head->now;
    if (spool == &head->next) {
        atomic_fetch_add_explicit(&head->rounds->waiting, 1, memory_order_relaxed);
        gy_region_uncount(region, message->generation, 1);
    }
    int code = gy_spool_put(spool, message, false);
    if (code != 0)
        fail(head);
    look_at_bound(head);
    return code;
}

void gy_head_barrier(struct gy_head *head, bool distrust)
{
    struct gy_member *member = head->member;
    assert(!head->logging && head->n_behind == 0);
    head->saving = member->saved.saving;
    head->logging = true;
    member->task->n_saving++;
    if (head->saving) {
        gy_spill_log_begin(&head->spill, &member->saved.part, member->saved.folder, distrust);
        gy_spool_mark(&head->now);
        gy_spool_mark(&head->next);
    }
    for (uint32_t e = 0; e < head->n_entries; e++) {
        struct gy_entry *entry = head->entries[e];
        entry->behind = !entry->at_barrier;
        head->n_behind += entry->behind;
        entry->at_barrier = false;
    }
    gy_spool_splice(queue_of(head), &head->early);
    look_at_hunger(head);
}

/* The log is whole, or given up. */
static void end_log(struct gy_head *head)
{
    struct gy_saved *saved = &head->member->saved;
    gy_manifest_files_free(saved->files, saved->n_files);
    gy_spill_log_end(&head->spill, &saved->files, &saved->n_files);
    head->saving = false;
}

static void give_up(struct gy_head *head)
{
    gy_spool_forget(&head->now);
    gy_spool_forget(&head->next);
    end_log(head);
}

bool gy_head_save(struct gy_head *head, bool given_up)
{
    struct gy_task *task = head->member->task;
    struct gy_checkpoint *checkpoint = &task->flow->checkpoint;
    bool did = false;
    if (head->saving && given_up) {
        give_up(head);
        did = true;
    }
    if (head->saving)
        did |= gy_spool_log(&head->now, LOG_BYTES) || gy_spool_log(&head->next, LOG_BYTES);
    if (head->saving && head->spill.log_error.code != 0) {
        gy_checkpoint_give_up(checkpoint, task->epoch, "%s", head->spill.log_error.text);
        give_up(head);
    }
    if (did || head->n_behind > 0)
        return did;
    if (head->saving)
        end_log(head);
    head->logging = false;
    if (--task->n_saving == 0)
        gy_checkpoint_done(checkpoint);
    return true;
}
