/* What a task does at a barrier: the part of a snapshot that is the task's; see checkpoint.h.
 *
 * All members take the barrier at one moment, when every channel into the task but those of feedback edges is
 * at it and nothing is left in ports or untold: there are no rows between two members then. What is on its
 * way over feedback edges is logged (flow/feedback). Work that a watermark has set
 * off need not be done: the rest of it is state, and so is what was told of it. What is small
 * is written at once: splits, transactions. Keyed state is written by and by: before it is
 * changed, and in slices between batches; so are items, where an operator has many. */
#include "flow/feedback.h"
#include "flow/flow.h"

#include "base/mem.h"
#include "flow/manifest.h"

#include <assert.h>

/* What a task saves at once: so many entries, but fewer where they are large. It is some 10 us: rows
 * that come meanwhile wait so long. */
enum { SLICE = 512, SLICE_STEP = 8, SLICE_BYTES = 8 * 1024, SAVE_SHARE = 10 };
enum { SAVE_MOST_NS = 2 * 1000 * 1000 };

static void note_pause(struct gy_task *task, int64_t since_ns)
{
    _Atomic int64_t *longest = &task->flow->checkpoint.longest_pause_ns;
    int64_t took_ns = gy_clock_mono_ns(task->flow->clock) - since_ns;
    int64_t seen_ns = atomic_load_explicit(longest, memory_order_relaxed);
    while (took_ns > seen_ns &&
           !atomic_compare_exchange_weak_explicit(longest, &seen_ns, took_ns, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

void gy_task_commit(struct gy_task *task)
{
    struct gy_checkpoint *checkpoint = &task->flow->checkpoint;
    if (!gy_checkpoint_is_on(checkpoint))
        return;
    /* acquire: the snapshot is on the disk. */
    uint64_t epoch = atomic_load_explicit(&checkpoint->committed, memory_order_acquire);
    if (epoch == task->committed)
        return;
    int64_t start_ns = gy_clock_mono_ns(task->flow->clock);
    assert(epoch > task->committed && epoch <= task->epoch);
    task->committed = epoch;
    for (uint32_t m = 0; m < task->n_members && !gy_flow_has_failed(task->flow); m++)
        if (task->members[m].node->kind == GYRE_SINK)
            gy_member_commit(&task->members[m], epoch);
    note_pause(task, start_ns);
    gy_checkpoint_committed(checkpoint);
}

/* ---- saving ---- */

static void take_piece(void *host, struct gy_part_piece *piece)
{
    struct gy_member *member = host;
    gy_scribe_put(&member->task->flow->checkpoint.scribe, &member->saved.file, piece);
}

static struct gy_part_piece *spare_piece(void *host)
{
    struct gy_member *member = host;
    return gy_scribe_spare(&member->task->flow->checkpoint.scribe);
}

static void file_done(struct gy_scribe_file *file)
{
    struct gy_member *member = file->host;
    struct gy_checkpoint *checkpoint = &member->task->flow->checkpoint;
    if (file->error != 0)
        gy_checkpoint_give_up(checkpoint, checkpoint->epoch, "cannot %s %s: %s", file->failed,
                              file->path, strerror(-file->error));
    gy_checkpoint_done(checkpoint);
}

static bool has_states(const struct gy_member *member)
{
    const struct gyre_operator *descriptor = member->node->descriptor;
    return gy_node_states(member->node) > 0 || member->node->kind == GYRE_SOURCE ||
           (descriptor != NULL && descriptor->save_items != NULL) || member->txns.list.n > 0 ||
           gy_instance_drawn(member->instance) > 0 || member->head != NULL ||
           (descriptor != NULL && descriptor->on_timer != NULL);
}

/* Begins the member's file. 0, or GYRE_ENOMEM. */
static int begin_file(struct gy_member *member, uint64_t epoch)
{
    struct gy_checkpoint *checkpoint = &member->task->flow->checkpoint;
    struct gy_saved *saved = &member->saved;
    assert(!saved->saving);
    char *name = gy_state_file_name(member->node, member->task->index);
    gy_scribe_file_fini(&checkpoint->scribe, &saved->file);
    saved->file.path = name != NULL ? gy_snapshot_path(checkpoint->options.dir, epoch, name) : NULL;
    gy_free(name);
    if (saved->file.path == NULL)
        return GYRE_ENOMEM;
    if (member->head != NULL) {
        gy_free(saved->folder);
        saved->folder = gy_snapshot_path(checkpoint->options.dir, epoch, ".");
        if (saved->folder == NULL)
            return GYRE_ENOMEM;
    }
    saved->file.done = file_done;
    saved->file.host = member;
    /* relaxed: this task has not been counted down yet. */
    atomic_fetch_add_explicit(&checkpoint->left, 1, memory_order_relaxed);
    saved->saving = true;
    saved->walked = false;
    member->task->n_saving++;
    gy_part_init(&saved->part, epoch, take_piece, member);
    saved->part.spare = spare_piece;
    return 0;
}

static void tell_unsaved(struct gy_member *member, int code, const char *otherwise)
{
    const char *text = gy_instance_error(member->instance)->text;
    gy_checkpoint_give_up(&member->task->flow->checkpoint, member->task->epoch,
                          "%s[%u] cannot be saved: %s", member->node->id, member->task->index,
                          code == GYRE_ENOMEM ? "out of memory"
                          : text[0] != 0      ? text
                                              : otherwise);
    gy_instance_forgive(member->instance); /* the job goes on */
}

/* Ends the member's file, as it is. */
static void end_saving(struct gy_member *member)
{
    struct gy_checkpoint *checkpoint = &member->task->flow->checkpoint;
    struct gy_saved *saved = &member->saved;
    assert(saved->saving && member->task->n_saving > 0);
    gy_instance_save_stop(member->instance);
    if (gy_part_end(&saved->part) != 0)
        tell_unsaved(member, saved->part.error, "its type refuses to be encoded");
    gy_part_fini(&saved->part);
    gy_scribe_put(&checkpoint->scribe, &saved->file, NULL);
    saved->saving = false;
    if (--member->task->n_saving == 0)
        gy_checkpoint_done(checkpoint);
}

/* Writes what is small, and begins an epoch of the keyed state. */
static void save_member(struct gy_member *member, uint64_t epoch)
{
    int code = begin_file(member, epoch);
    if (code == 0 && member->node->kind == GYRE_SOURCE)
        code = gy_source_save(&member->source, &member->saved.part);
    if (code == 0)
        code = gy_txns_save(&member->txns, &member->saved.part);
    if (code == 0)
        code = gy_instance_save_begin(member->instance, &member->saved.part);
    if (code != 0)
        tell_unsaved(member, code, "a record is too large");
}

/* All rows up to the barrier are written: they become visible with this snapshot, or with a later
 * one if it fails. */
static bool prepare_sink(struct gy_member *member, uint64_t epoch)
{
    if (member->node->descriptor == NULL || member->node->descriptor->prepare == NULL)
        return true;
    return gy_member_prepare(member, epoch) == 0;
}

/* A member of which everything has been put out has nothing to keep but what it has made, and the
 * items that others of its operator would get. */
static bool is_over(const struct gy_member *member)
{
    const struct gyre_operator *descriptor = member->node->descriptor;
    if (descriptor != NULL && descriptor->items == GYRE_ITEMS_BROADCAST)
        return false;
    return member->frontier.ended && !member->frontier.stopped &&
           member->node->kind == GYRE_TRANSFORM;
}

static void barrier_member(struct gy_member *member, uint64_t epoch, bool given_up)
{
    struct gy_saved *saved = &member->saved;
    saved->seen_us = gy_instance_seen(member->instance);
    saved->told_us = member->frontier.told_us;
    saved->ended = member->frontier.ended && !member->frontier.stopped;
    assert(saved->told_us <= saved->seen_us);
    gy_scribe_file_fini(&member->task->flow->checkpoint.scribe, &saved->file);
    if (given_up || (member->node->kind == GYRE_SINK && !prepare_sink(member, epoch)))
        return;
    if (has_states(member) && !is_over(member))
        save_member(member, epoch);
}

/* `distrust`: the snapshot before has failed. */
static void barrier_heads(struct gy_task *task, bool distrust)
{
    for (uint32_t m = 0; m < task->n_members && task->has_heads; m++)
        if (task->members[m].head != NULL)
            gy_head_barrier(task->members[m].head, distrust);
}

static void pass_on(struct gy_task *task, uint64_t epoch)
{
    for (uint32_t m = 0; m < task->n_members; m++) {
        struct gy_member *member = &task->members[m];
        for (uint32_t r = 0; r < member->n_routes; r++) {
            if (member->routes[r].to != NULL)
                continue;
            gy_route_signal(member, &member->routes[r], GY_BARRIER, (int64_t)epoch, false);
        }
    }
}

static uint64_t due_epoch(const struct gy_task *task)
{
    if (!gy_checkpoint_is_on(&task->flow->checkpoint) || task->n_barriers < task->n_aligned)
        return task->epoch;
    /* acquire: pairs with the beginning of the epoch. */
    return atomic_load_explicit(&task->flow->checkpoint.wanted, memory_order_acquire);
}

bool gy_task_awaits_barrier(const struct gy_task *task)
{
    const struct gy_checkpoint *checkpoint = &task->flow->checkpoint;
    /* relaxed: a late look costs a message. */
    return gy_checkpoint_is_on(checkpoint) &&
           atomic_load_explicit(&checkpoint->wanted, memory_order_relaxed) > task->epoch;
}

/* The end of a round is told before the barrier, by all tasks or by none. */
static bool ends_round(const struct gy_task *task)
{
    bool ends = false;
    for (uint32_t m = 0; m < task->n_members; m++)
        ends |= task->members[m].ending != NULL;
    return ends;
}

/* True where the epoch is the last one before a stop. */
static bool is_stop(const struct gy_task *task, uint64_t epoch)
{
    /* relaxed: the epoch was seen, which is begun after it. */
    uint64_t stop_at = atomic_load_explicit(&task->flow->checkpoint.stop_at, memory_order_relaxed);
    return stop_at != 0 && epoch >= stop_at;
}

/* Lets all leave that is to be before the barrier; false where something has to be done first. */
static bool prepare(struct gy_task *task, uint64_t epoch)
{
    do /* what comes of a watermark may be held back again; work can wait */
        gy_task_flush(task, true);
    while (gy_task_settle(task, 0));
    if (gy_flow_has_failed(task->flow))
        return false;
    return task->region == NULL ||
           (!ends_round(task) &&
            gy_region_pass(task->region, task->n_decisions, is_stop(task, epoch)));
}

bool gy_task_barrier(struct gy_task *task)
{
    struct gy_checkpoint *checkpoint = &task->flow->checkpoint;
    uint64_t epoch = due_epoch(task);
    if (epoch == task->epoch || gy_flow_has_failed(task->flow))
        return false;
    if (!prepare(task, epoch))
        return false; /* the turn goes on; the barrier waits for the next one */
    int64_t start_ns = gy_clock_mono_ns(task->flow->clock);
    bool given_up = atomic_load_explicit(&checkpoint->gave_up, memory_order_relaxed) == epoch;
    assert(epoch > task->epoch && task->n_saving == 0);
    /* relaxed: an epoch begins after the one before was told. */
    bool distrust =
        atomic_load_explicit(&checkpoint->committed, memory_order_relaxed) != task->epoch;
    task->epoch = epoch;
    task->n_saving = 1; /* the task itself, so that it is not over before the last member */
    for (uint32_t m = 0; m < task->n_members && !gy_flow_has_failed(task->flow); m++)
        barrier_member(&task->members[m], epoch, given_up);
    barrier_heads(task, distrust);
    pass_on(task, epoch);
    task->n_barriers = 0;
    for (uint32_t e = 0; e < task->n_entries; e++)
        if (!task->entries[e].feedback)
            task->entries[e].at_barrier = false;
    for (uint32_t m = 0; m < task->n_members && gy_task_is_to_stop(task); m++)
        gy_frontier_halt(&task->members[m].frontier);
    if (--task->n_saving == 0)
        gy_checkpoint_done(checkpoint);
    note_pause(task, start_ns);
    return true;
}

/* Saves a slice of a member's keyed state; false where none is left. */
static bool save_slice(struct gy_member *member)
{
    const struct gy_part *part = &member->saved.part;
    uint64_t until = gy_part_bytes(part) + SLICE_BYTES;
    bool more = true;
    for (uint32_t n = 0; more && n < SLICE && gy_part_bytes(part) < until; n += SLICE_STEP)
        more = gy_instance_save_slice(member->instance, SLICE_STEP);
    return more;
}

/* Saves some of a member, the log of a head first: it is waited for. True where something was done. */
static bool save_some_of(struct gy_member *member, bool given_up)
{
    struct gy_saved *saved = &member->saved;
    bool logging = member->head != NULL && member->head->logging;
    if (logging && gy_head_save(member->head, given_up))
        return true;
    if (!saved->saving)
        return false;
    if (!given_up && !saved->walked) {
        saved->walked = !save_slice(member);
        return true;
    }
    if (logging && !given_up)
        return false; /* the log goes on when more has come back */
    end_saving(member);
    return true;
}

static bool save_some(struct gy_task *task)
{
    struct gy_checkpoint *checkpoint = &task->flow->checkpoint;
    bool given_up = atomic_load_explicit(&checkpoint->gave_up, memory_order_relaxed) == task->epoch;
    for (uint32_t m = 0; m < task->n_members; m++) {
        if (save_some_of(&task->members[m], given_up))
            return true;
    }
    return false;
}

/* One slice where rows come one by one. After a long turn a tenth of its time: measured with 1 GB of
 * state, as much time again costs the rows forty times the latency at 1 M rows/s, and gains no throughput. */
bool gy_task_save(struct gy_task *task, int64_t since_ns)
{
    const struct gy_clock *clock = task->flow->clock;
    if (task->n_saving == 0)
        return false;
    int64_t start_ns = gy_clock_mono_ns(clock);
    int64_t most_ns = (start_ns - since_ns) / SAVE_SHARE;
    most_ns = most_ns < SAVE_MOST_NS ? most_ns : SAVE_MOST_NS;
    bool saved = false;
    do {
        if (gy_scribe_is_behind(&task->flow->checkpoint.scribe) || !save_some(task))
            break;
        saved = true;
    } while (task->n_saving > 0 && gy_clock_mono_ns(clock) - start_ns < most_ns);
    note_pause(task, start_ns);
    return saved;
}
