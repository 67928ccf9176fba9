/* See checkpoint.h. */
#include "flow/checkpoint.h"

#include "base/log.h"
#include "base/mem.h"
#include "flow/flow.h"
#include "flow/manifest.h"

#include <assert.h>
#include <stdarg.h>

enum { TRIES = 3 };
static const int64_t second_ns = 1000000000;
static const int64_t timeout_us = 600 * INT64_C(1000000);

int gy_checkpoint_init(struct gy_checkpoint *checkpoint, struct gy_flow *flow,
                       const struct gy_checkpoint_options *options, struct gyre_error *error)
{
    checkpoint->flow = flow;
    checkpoint->options = *options;
    if (options->dir == NULL)
        return 0;
    checkpoint->epoch = options->last_id;
    if (checkpoint->options.timeout_us == 0)
        checkpoint->options.timeout_us = timeout_us;
    if (flow->options.restore != NULL)
        checkpoint->newest = flow->options.restore->id;
    atomic_store_explicit(&checkpoint->wanted, checkpoint->epoch, memory_order_relaxed);
    atomic_store_explicit(&checkpoint->committed, checkpoint->epoch, memory_order_relaxed);
    checkpoint->newest_ns = gy_clock_mono_ns(flow->clock);
    checkpoint->next_ns = INT64_MAX;
    if (options->every_us > 0 && options->every_us < INT64_MAX / 2000)
        checkpoint->next_ns = checkpoint->newest_ns + options->every_us * 1000;
    int code = pthread_mutex_init(&checkpoint->lock, NULL);
    if (code == 0)
        code = gy_scribe_init(&checkpoint->scribe, options->disk, GY_SCRIBE_STAGE);
    return code == 0 ? 0
                     : gyre_error_set(error, GYRE_EIO, -1, "cannot prepare snapshots: %s",
                                      strerror(code));
}

void gy_checkpoint_fini(struct gy_checkpoint *checkpoint)
{
    if (checkpoint->flow == NULL || checkpoint->options.dir == NULL)
        return;
    gy_free(checkpoint->why);
    pthread_mutex_destroy(&checkpoint->lock);
    checkpoint->options.dir = NULL;
}

void gy_checkpoint_give_up(struct gy_checkpoint *checkpoint, uint64_t epoch, const char *format,
                           ...)
{
    va_list args;
    char text[GYRE_ERROR_TEXT];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pthread_mutex_lock(&checkpoint->lock);
    if (checkpoint->why == NULL)
        checkpoint->why = gy_strdup(text);
    pthread_mutex_unlock(&checkpoint->lock);
    /* relaxed: who sees it late saves in vain. */
    atomic_store_explicit(&checkpoint->gave_up, epoch, memory_order_relaxed);
}

void gy_checkpoint_done(struct gy_checkpoint *checkpoint)
{
    /* acq_rel: the control thread must see what all have saved. */
    uint32_t left = atomic_fetch_sub_explicit(&checkpoint->left, 1, memory_order_acq_rel);
    assert(left > 0);
    if (left == 1)
        gy_flow_tell(checkpoint->flow);
}

void gy_checkpoint_committed(struct gy_checkpoint *checkpoint)
{
    uint32_t left = atomic_fetch_sub_explicit(&checkpoint->uncommitted, 1, memory_order_acq_rel);
    assert(left > 0);
    if (left == 1)
        gy_flow_tell(checkpoint->flow);
}

void gy_checkpoint_ask(struct gy_checkpoint *checkpoint)
{
    checkpoint->asked = true;
}

bool gy_checkpoint_is_waiting(const struct gy_checkpoint *checkpoint)
{
    return checkpoint->phase != GY_CHECKPOINT_IDLE;
}

static void tell(struct gy_checkpoint *checkpoint, const struct gy_checkpoint_news *news)
{
    if (checkpoint->options.told != NULL)
        checkpoint->options.told(checkpoint->options.host, news);
}

/* All is over: the workers end. */
static void close_flow(struct gy_checkpoint *checkpoint)
{
    /* release: pairs with gy_flow_is_done. */
    atomic_store_explicit(&checkpoint->flow->closing, true, memory_order_release);
    gy_flow_wake(checkpoint->flow);
}

/* ---- the end of an epoch ---- */

static int64_t now_ns(const struct gy_checkpoint *checkpoint)
{
    return gy_clock_mono_ns(checkpoint->flow->clock);
}

static void plan_next(struct gy_checkpoint *checkpoint)
{
    int64_t every_us = checkpoint->options.every_us;
    if (every_us <= 0 || every_us >= INT64_MAX / 2000)
        return;
    checkpoint->next_ns = checkpoint->begun_ns + every_us * 1000;
    if (checkpoint->next_ns < now_ns(checkpoint))
        checkpoint->next_ns = now_ns(checkpoint);
}

/* The files are removed, and the job goes on; the end of it is tried again, but not for ever. */
static void fail_epoch(struct gy_checkpoint *checkpoint, const char *why)
{
    struct gy_checkpoint_news news = {
        .event = GY_SNAPSHOT_FAILED, .id = checkpoint->epoch, .text = why};
    gy_snapshot_discard(checkpoint->options.disk, checkpoint->options.dir, checkpoint->epoch);
    checkpoint->phase = GY_CHECKPOINT_IDLE;
    tell(checkpoint, &news);
    plan_next(checkpoint);
    if (!checkpoint->last)
        return;
    if (++checkpoint->tries >= TRIES) {
        char *text = gy_printf("the last snapshot could not be taken: %s; what came after "
                               "snapshot %llu is not committed",
                               why, (unsigned long long)checkpoint->newest);
        gy_flow_fail_text(checkpoint->flow, GYRE_EIO, text != NULL ? text : why);
        gy_free(text);
        return;
    }
    checkpoint->next_ns = now_ns(checkpoint) + second_ns;
}

static void note_taken(struct gy_checkpoint *checkpoint, const struct gy_manifest *manifest)
{
    struct gy_checkpoint_news news = {.event = GY_SNAPSHOT_TAKEN,
                                      .id = manifest->id,
                                      .bytes = gy_manifest_bytes(manifest),
                                      .duration_us =
                                          (now_ns(checkpoint) - checkpoint->begun_ns) / 1000};
    checkpoint->newest = manifest->id;
    checkpoint->newest_ns = now_ns(checkpoint);
    checkpoint->tries = 0;
    tell(checkpoint, &news);
}

static void publish(struct gy_checkpoint *checkpoint)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_manifest *manifest = gy_manifest_of(checkpoint->flow);
    assert(checkpoint->phase == GY_CHECKPOINT_SAVING && checkpoint->epoch > checkpoint->newest);
    if (manifest == NULL) {
        fail_epoch(checkpoint, "out of memory");
        return;
    }
    manifest->id = checkpoint->epoch;
    manifest->run = checkpoint->options.run;
    manifest->time_us = checkpoint->begun_us;
    manifest->duration_us = (now_ns(checkpoint) - checkpoint->begun_ns) / 1000;
    checkpoint->published = checkpoint->epoch;
    checkpoint->last |= manifest->finished;
    if (gy_snapshot_publish(checkpoint->options.disk, checkpoint->options.dir, manifest, &error) !=
        0) {
        fail_epoch(checkpoint, error.text);
    } else {
        note_taken(checkpoint, manifest);
        checkpoint->phase = GY_CHECKPOINT_COMMITTING;
        atomic_store_explicit(&checkpoint->uncommitted, checkpoint->flow->n_tasks,
                              memory_order_relaxed);
        /* release: pairs with gy_task_commit. */
        atomic_store_explicit(&checkpoint->committed, checkpoint->epoch, memory_order_release);
        gy_flow_wake(checkpoint->flow);
    }
    gy_manifest_free(manifest);
}

static bool is_given_up(const struct gy_checkpoint *checkpoint)
{
    return atomic_load_explicit(&checkpoint->gave_up, memory_order_relaxed) == checkpoint->epoch;
}

static void end_saving(struct gy_checkpoint *checkpoint)
{
    /* acquire: pairs with gy_checkpoint_done. */
    if (atomic_load_explicit(&checkpoint->left, memory_order_acquire) > 0) {
        int64_t took_us = (now_ns(checkpoint) - checkpoint->begun_ns) / 1000;
        if (took_us > checkpoint->options.timeout_us && !is_given_up(checkpoint))
            gy_checkpoint_give_up(checkpoint, checkpoint->epoch, "it was not complete after %lld s",
                                  (long long)(took_us / 1000000));
        return;
    }
    if (!is_given_up(checkpoint)) {
        publish(checkpoint);
        return;
    }
    char *why = checkpoint->why;
    checkpoint->why = NULL;
    fail_epoch(checkpoint, why != NULL ? why : "out of memory");
    gy_free(why);
}

static void end_committing(struct gy_checkpoint *checkpoint)
{
    struct gyre_error error = {.size = sizeof error};
    if (atomic_load_explicit(&checkpoint->uncommitted, memory_order_acquire) > 0)
        return;
    checkpoint->phase = GY_CHECKPOINT_IDLE;
    plan_next(checkpoint);
    uint64_t next = checkpoint->last ? 0 : checkpoint->epoch + 1;
    if (gy_snapshots_trim(checkpoint->options.disk, checkpoint->options.dir,
                          checkpoint->options.keep, checkpoint->epoch, next, &error) != 0)
        gy_log(GY_LOG_WARN, "old snapshots stay: %s", error.text);
    if (checkpoint->last)
        close_flow(checkpoint);
}

/* ---- the beginning ---- */

static void begin(struct gy_checkpoint *checkpoint)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_flow *flow = checkpoint->flow;
    assert(checkpoint->phase == GY_CHECKPOINT_IDLE);
    checkpoint->asked = false;
    checkpoint->begun_ns = now_ns(checkpoint);
    checkpoint->begun_us = gy_clock_now_us(flow->clock);
    checkpoint->epoch++;
    if (gy_snapshot_begin(checkpoint->options.disk, checkpoint->options.dir, checkpoint->epoch,
                          &error) != 0) {
        fail_epoch(checkpoint, error.text);
        return;
    }
    checkpoint->phase = GY_CHECKPOINT_SAVING;
    atomic_store_explicit(&checkpoint->left, flow->n_tasks, memory_order_relaxed);
    /* relaxed: who sees the barrier sees it too. */
    if (checkpoint->stopping &&
        atomic_load_explicit(&checkpoint->stop_at, memory_order_relaxed) == 0)
        atomic_store_explicit(&checkpoint->stop_at, checkpoint->epoch, memory_order_relaxed);
    /* release: pairs with the tasks that take the barrier. */
    atomic_store_explicit(&checkpoint->wanted, checkpoint->epoch, memory_order_release);
    gy_flow_wake(flow);
}

static bool is_due(struct gy_checkpoint *checkpoint)
{
    struct gy_flow *flow = checkpoint->flow;
    bool ended = atomic_load_explicit(&flow->tasks_left, memory_order_acquire) == 0;
    checkpoint->last = ended || checkpoint->stopping;
    if (checkpoint->last && checkpoint->tries == 0)
        return true;
    return checkpoint->asked || now_ns(checkpoint) >= checkpoint->next_ns;
}

int64_t gy_checkpoint_step(struct gy_checkpoint *checkpoint)
{
    struct gy_flow *flow = checkpoint->flow;
    if (!gy_checkpoint_is_on(checkpoint) || gy_flow_is_done(flow))
        return INT64_MAX;
    bool was_finished = flow->options.restore != NULL && flow->options.restore->finished;
    if (was_finished) { /* there is nothing to be done, and nothing to be said */
        close_flow(checkpoint);
        return INT64_MAX;
    }
    if (checkpoint->phase == GY_CHECKPOINT_SAVING)
        end_saving(checkpoint);
    if (checkpoint->phase == GY_CHECKPOINT_COMMITTING)
        end_committing(checkpoint);
    if (checkpoint->phase == GY_CHECKPOINT_IDLE && !gy_flow_is_done(flow) && is_due(checkpoint))
        begin(checkpoint);
    if (gy_flow_is_done(flow))
        return INT64_MAX;
    if (checkpoint->phase == GY_CHECKPOINT_IDLE)
        return checkpoint->next_ns;
    if (checkpoint->phase == GY_CHECKPOINT_SAVING && !is_given_up(checkpoint))
        return checkpoint->begun_ns + (checkpoint->options.timeout_us + 1) * 1000;
    return INT64_MAX;
}
