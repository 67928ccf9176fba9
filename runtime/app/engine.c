/* See engine.h.
 *
 * The main thread runs no task: it waits for orders, for the workers' end, for the next step of a
 * snapshot and for the next line of progress. */
#include "app/engine.h"

#include "app/crash.h"
#include "app/report.h"
#include "app/start.h"
#include "base/log.h"
#include "flow/builds.h"
#include "flow/flow.h"
#include "graph/physical.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static const int64_t progress_ns = 1000000000, interrupt_ns = 20 * 1000 * 1000;

/* The least time for which an operator that has crashed gets its rows one by one: the snapshots of a
 * short interval must not end it before the row has come again. */
static const int64_t slow_ns = 1000000000;

/* A job as it runs. Owned by the control thread, but for `slow`, which the tasks read. */
struct run {
    struct gy_engine *engine;
    struct gy_flow *flow;
    struct gy_start start;
    struct gy_progress progress;
    _Atomic bool slow; /* the operator that crashed takes its rows one by one */
    int64_t start_ns;
    uint64_t failed_in_row; /* snapshots */
    bool reported;          /* whatever became of the report file */
};

/* ---- snapshots ---- */

static void told(void *host, const struct gy_checkpoint_news *news)
{
    struct run *run = host;
    gy_ledger_add(run->engine->ledger, news);
    if (news->event == GY_SNAPSHOT_FAILED) {
        if (run->failed_in_row++ == 0)
            gy_log(GY_LOG_WARN, "snapshot %llu failed, and the job goes on without it: %s",
                   (unsigned long long)news->id, news->text);
        return;
    }
    if (run->failed_in_row > 0)
        gy_log(GY_LOG_INFO, "snapshot %llu was taken, after %llu that failed",
               (unsigned long long)news->id, (unsigned long long)run->failed_in_row);
    run->failed_in_row = 0;
    if (gy_clock_mono_ns(run->flow->clock) - run->start_ns < slow_ns)
        return;
    /* relaxed: a late look costs one more batch in slices. */
    atomic_store_explicit(&run->slow, false, memory_order_relaxed);
    run->engine->ledger->crash.known = false;
}

static void set_snapshots(struct run *run, struct gy_flow_options *options)
{
    const struct gy_job *job = run->engine->job;
    if (job->snapshot_dir != NULL)
        options->snapshots = (struct gy_checkpoint_options){.disk = gy_disk_real(),
                                                            .dir = job->snapshot_dir,
                                                            .last_id = run->start.last_id,
                                                            .run = run->engine->ledger->run,
                                                            .every_us = job->snapshot_every_us,
                                                            .keep = job->snapshot_keep,
                                                            .told = told,
                                                            .host = run};
    options->restore = run->start.restore;
    if (run->engine->ledger->slow_id[0] != 0) {
        options->slow_id = run->engine->ledger->slow_id;
        options->slow = &run->slow;
        atomic_store_explicit(&run->slow, true, memory_order_relaxed);
    }
}

/* ---- the loop ---- */

static void obey(struct run *run, unsigned orders)
{
    if ((orders & (GY_ORDER_END | GY_ORDER_ORPHAN)) != 0)
        _exit(GY_ENDED_AT_ONCE);
    if ((orders & GY_ORDER_STOP) != 0)
        gy_flow_stop(run->flow);
    if ((orders & GY_ORDER_SNAPSHOT) == 0)
        return;
    if (gy_checkpoint_is_on(&run->flow->checkpoint))
        gy_checkpoint_ask(&run->flow->checkpoint);
    else
        gy_log(GY_LOG_WARN, "SIGUSR1 asks for a snapshot, and the job has no `snapshot`: ignored");
}

/* Does what is due, and tells until when nothing is; in ns of the monotonic clock. */
static int64_t do_what_is_due(struct run *run)
{
    struct gy_flow *flow = run->flow;
    int64_t until_ns = INT64_MAX;
    if (gy_checkpoint_is_on(&flow->checkpoint))
        until_ns = gy_checkpoint_step(&flow->checkpoint);
    int64_t now_ns = gy_clock_mono_ns(flow->clock);
    if (run->progress.on) {
        if (now_ns - run->progress.last_ns >= progress_ns)
            gy_progress_show(&run->progress, flow);
        if (run->progress.last_ns + progress_ns < until_ns)
            until_ns = run->progress.last_ns + progress_ns;
    }
    bool waits =
        run->engine->orders->stopped || gy_flow_has_failed(flow) ||
        (gy_checkpoint_is_on(&flow->checkpoint) && gy_checkpoint_is_waiting(&flow->checkpoint));
    if (waits && gy_flow_interrupt(flow) && now_ns + interrupt_ns < until_ns)
        until_ns = now_ns + interrupt_ns;
    return until_ns;
}

/* Sleeps until there are orders, the flow tells something, or it is time. */
static void rest(struct run *run, int64_t until_ns)
{
    struct pollfd fds[] = {{.fd = run->flow->done_fd, .events = POLLIN},
                           {.fd = run->engine->orders->fd, .events = POLLIN}};
    struct timespec timeout = {0};
    int64_t wait_ns = until_ns - gy_clock_mono_ns(run->flow->clock);
    uint64_t count;
    if (until_ns != INT64_MAX && wait_ns > 0)
        timeout = (struct timespec){wait_ns / 1000000000, wait_ns % 1000000000};
    int ready = ppoll(fds, 2, until_ns != INT64_MAX ? &timeout : NULL, NULL);
    assert(ready >= 0 || errno == EINTR);
    if (ready > 0 && fds[0].revents != 0 && read(run->flow->done_fd, &count, sizeof count) < 0)
        assert(errno == EINTR || errno == EAGAIN);
    if (ready > 0 && fds[1].revents != 0)
        obey(run, gy_orders_take(run->engine->orders));
}

/* Waits until all workers have ended. */
static void wait_for_end(struct run *run)
{
    gy_progress_init(&run->progress, run->flow->clock);
    while (!gy_flow_is_over(run->flow)) {
        int64_t until_ns = do_what_is_due(run);
        if (!gy_flow_is_over(run->flow))
            rest(run, until_ns);
    }
    gy_progress_fini(&run->progress);
    gy_flow_join(run->flow);
}

/* ---- one run ---- */

static bool is_retryable(int code)
{
    switch (code) {
#define CASE(name, value, retryable, text)                                                         \
    case value: return retryable != 0;
        GYRE_ERRORS(CASE)
#undef CASE
    default: return false;
    }
}

/* Opens and restores all operators, and starts them. False where that failed, as the flow tells. */
static bool begin_flow(struct run *run)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_flow *flow = run->flow;
    if (gy_flow_open(flow) != 0)
        return false;
    if (gy_start_leave(&run->start, run->engine->job, run->engine->ledger, &error) == 0)
        return gy_flow_start(flow, &error) == 0;
    gy_flow_fail_text(flow, error.code, error.text);
    return false;
}

/* Runs a flow that is built; the exit status. */
static int run_flow(struct run *run)
{
    struct gy_engine *engine = run->engine;
    struct gy_flow *flow = run->flow;
    struct gy_outcome outcome = {
        .job = engine->job, .ledger = engine->ledger, .status = "finished"};
    if (engine->cli->report != NULL && engine->ledger->restarts == 0 &&
        gy_report_begin(engine->job, engine->ledger, engine->cli->report) != 0)
        return GY_EXIT_FAILED;
    run->start_ns = gy_clock_mono_ns(flow->clock);
    bool ran = begin_flow(run);
    if (ran)
        wait_for_end(run);
    gy_flow_commit(flow);
    bool failed = !ran || gy_flow_has_failed(flow);
    outcome.wall_ns = gy_clock_mono_ns(flow->clock) - run->start_ns;
    if (engine->orders->stopped)
        outcome.status = "stopped";
    if (failed) {
        outcome.status = "failed";
        outcome.failure = gy_report_what(&flow->failure);
        engine->ledger->retryable = flow->failure.node != NULL && is_retryable(flow->failure.code);
        gy_report_failure(flow, &outcome);
    }
    int status = failed ? GY_EXIT_FAILED : GY_EXIT_OK;
    gy_report_rows(flow, engine->ledger);
    run->reported = true;
    if (engine->cli->report != NULL && gy_report_write(flow, &outcome, engine->cli->report) != 0)
        status = GY_EXIT_FAILED;
    if (!engine->supervised)
        gy_report_end(&outcome, engine->cli->report);
    return status;
}

/* Nobody can tell whether two builds of a plugin compute the same. */
static void tell_builds(const struct gy_engine *engine, const struct gy_manifest *restore)
{
    struct gy_buf text = {0};
    uint32_t n = gy_builds_differ(restore, engine->graph, &text);
    const char *builds = gy_buf_cstr(&text);
    if (n > 0)
        gy_log(GY_LOG_WARN, "goes on with other builds of plugins than %s was taken with: %s",
               restore->path, builds != NULL ? builds : "");
    gy_buf_fini(&text);
}

static void tell_restore(const struct gy_engine *engine, const struct gy_manifest *restore)
{
    if (restore == NULL)
        return;
    if (!restore->finished)
        tell_builds(engine, restore);
    if (engine->ledger->restarts > 0)
        return;
    if (restore->finished)
        gy_log(GY_LOG_INFO, "snapshot %s is that of a run that has finished: nothing is left to do",
               restore->path);
    else
        gy_log(GY_LOG_INFO, "goes on from snapshot %s", restore->path);
}

static void tell_misfits(const struct gy_diags *misfits)
{
    for (size_t i = 0; i < misfits->list.n; i++)
        gy_log(GY_LOG_ERROR, "%s", misfits->list.items[i].text);
}

static int run_graph(struct run *run)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_diags misfits = {0};
    struct gy_flow_options options = {.clock = gy_clock_real(), .misfits = &misfits};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    int status = GY_EXIT_FAILED;
    set_snapshots(run, &options);
    struct gy_physical *physical =
        gy_physical_new(run->engine->graph, cpus > 0 ? (uint32_t)cpus : 1);
    run->flow = physical != NULL ? gy_flow_new(physical, &options, &error) : NULL;
    if (run->flow != NULL) { /* so the snapshot fits the job */
        tell_restore(run->engine, options.restore);
        status = run_flow(run);
    } else {
        if (gy_diags_count(&misfits) > 0 && !misfits.oom)
            tell_misfits(&misfits);
        else
            gy_log(GY_LOG_ERROR, "%s", physical != NULL ? error.text : "out of memory");
        /* State that does not fit the job is a mistake in the job. */
        if (options.restore != NULL && error.code != GYRE_ENOMEM && error.code != GYRE_EIO)
            status = GY_EXIT_USAGE;
    }
    gy_flow_free(run->flow);
    gy_physical_free(physical);
    gy_diags_fini(&misfits);
    return status;
}

/* The report of a run that a restart could not go on with. */
static void report_no_restart(const struct gy_engine *engine)
{
    struct gy_outcome outcome = {.job = engine->job,
                                 .ledger = engine->ledger,
                                 .status = "failed",
                                 .failure = "the job could not be restarted"};
    if (engine->cli->report != NULL)
        gy_report_write(NULL, &outcome, engine->cli->report);
}

int gy_engine_run(struct gy_engine *engine)
{
    struct run run = {.engine = engine};
    struct gy_crash_job crash = {.ledger = engine->ledger,
                                 .dir = engine->job->snapshot_dir,
                                 .supervised = engine->supervised};
    int lock = engine->lock;
    int status = gy_start_begin(&run.start, engine->cli, engine->job, engine->ledger, lock);
    if (run.start.lock >= 0 && lock < 0 && status == GY_EXIT_OK && engine->locked != NULL)
        engine->locked(engine->host, run.start.lock);
    if (status == GY_EXIT_OK) {
        gy_crash_use(&crash);
        status = run_graph(&run);
        gy_crash_use(NULL);
    }
    if (status != GY_EXIT_OK && !run.reported && engine->ledger->restarts > 0)
        report_no_restart(engine);
    gy_start_fini(&run.start);
    if (run.start.lock >= 0)
        close(run.start.lock);
    return status;
}
