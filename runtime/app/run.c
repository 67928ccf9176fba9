/* `gyre run`: loads a job, runs it to its end or until it is told to stop, and tells how it went.
 *
 * The main thread runs no task: it waits for signals, for the workers' end, and for the next line of
 * progress. The first SIGINT or SIGTERM stops the sources, the second ends the process. */
#include "app/commands.h"
#include "app/job.h"
#include "app/report.h"
#include "base/log.h"
#include "flow/flow.h"
#include "plan/physical.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { PROGRESS_MS = 1000, INTERRUPT_MS = 20, EXIT_KILLED = 130 };

/* Blocks the signals that are read from the returned descriptor; -1 and errno. */
static int block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Takes the signals that have come: the first stops the job, a second one ends everything. */
static void take_signals(int signal_fd, struct gy_flow *flow, bool *stopping)
{
    struct signalfd_siginfo info;
    while (read(signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (*stopping)
            _exit(EXIT_KILLED);
        *stopping = true;
        gy_flow_stop(flow);
    }
}

/* Waits until all workers have ended. */
static bool wait_for(struct gy_flow *flow, int signal_fd)
{
    struct pollfd fds[] = {{.fd = flow->done_fd, .events = POLLIN},
                           {.fd = signal_fd, .events = POLLIN}};
    struct gy_progress progress;
    bool stopping = false;
    uint64_t told;
    gy_progress_init(&progress, flow->clock);
    while (!gy_flow_is_over(flow)) {
        int timeout_ms = progress.on ? PROGRESS_MS : -1;
        if ((stopping || gy_flow_has_failed(flow)) && gy_flow_interrupt(flow))
            timeout_ms = INTERRUPT_MS;
        int ready = poll(fds, 2, timeout_ms);
        assert(ready >= 0 || errno == EINTR);
        if (ready == 0)
            gy_progress_show(&progress, flow);
        if (ready > 0 && fds[1].revents != 0)
            take_signals(signal_fd, flow, &stopping);
        if (ready > 0 && fds[0].revents != 0 && read(flow->done_fd, &told, sizeof told) < 0)
            assert(errno == EINTR);
    }
    gy_progress_fini(&progress);
    gy_flow_join(flow);
    return stopping;
}

/* Runs a flow that is built; the exit status. */
static int run_flow(struct gy_flow *flow, const struct gy_cli *cli, int signal_fd)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_outcome outcome = {.status = "finished"};
    int64_t start_ns = gy_clock_mono_ns(flow->clock);
    bool stopped = false;
    if (gy_flow_open(flow) == 0) {
        if (gy_flow_start(flow, &error) == 0)
            stopped = wait_for(flow, signal_fd);
        else
            gy_log(GY_LOG_ERROR, "%s", error.text);
    }
    gy_flow_commit(flow);
    outcome.wall_ns = gy_clock_mono_ns(flow->clock) - start_ns;
    if (stopped)
        outcome.status = "stopped";
    if (gy_flow_has_failed(flow)) {
        outcome.status = "failed";
        gy_report_failure(flow);
    }
    int status = gy_flow_has_failed(flow) ? GY_EXIT_FAILED : GY_EXIT_OK;
    if (cli->report != NULL && gy_report_write(flow, &outcome, cli->report) != 0)
        status = GY_EXIT_FAILED;
    return status;
}

static int run_graph(const struct gy_cli *cli, const struct gy_graph *graph)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_flow_options options = {.clock = gy_clock_real()};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    int signal_fd = block_signals();
    if (signal_fd < 0) {
        gy_log(GY_LOG_ERROR, "signalfd: %s", strerror(errno));
        return GY_EXIT_FAILED;
    }
    int status = GY_EXIT_FAILED;
    struct gy_physical *physical = gy_physical_new(graph, cpus > 0 ? (uint32_t)cpus : 1);
    struct gy_flow *flow = physical != NULL ? gy_flow_new(physical, &options, &error) : NULL;
    if (flow != NULL)
        status = run_flow(flow, cli, signal_fd);
    else
        gy_log(GY_LOG_ERROR, "%s", physical != NULL ? error.text : "out of memory");
    gy_flow_free(flow);
    gy_physical_free(physical);
    close(signal_fd);
    return status;
}

/* Flags of the command line whose feature this version lacks are refused, not ignored. */
static int refuse_not_yet(const struct gy_cli *cli)
{
    const char *flag = cli->from != NULL ? "--from" : cli->drop_state.n > 0 ? "--drop-state" : NULL;
    if (flag == NULL)
        return GY_EXIT_OK;
    fprintf(stderr, "gyre run: %s: not yet: this version takes no snapshots\n", flag);
    return GY_EXIT_USAGE;
}

int gy_cmd_run(const struct gy_cli *cli)
{
    struct gy_loaded loaded = {0};
    int status = refuse_not_yet(cli);
    if (status == GY_EXIT_OK)
        status = gy_load(cli, &loaded);
    if (status == GY_EXIT_OK)
        status = run_graph(cli, loaded.graph);
    gy_loaded_fini(&loaded);
    return status;
}
