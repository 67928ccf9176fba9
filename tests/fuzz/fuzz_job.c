/* Any text as a job file: it is read, and made a graph of with the build's plugins, or its mistakes
 * are told. A job without a graph must have at least one. */
#include "job/config.h"
#include "graph/logical.h"
#include "support/files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
const char *__lsan_default_suppressions(void);

/* A folder of its own, so that an included file is not one of the machine's. */
static struct {
    struct gy_plugins *plugins;
    FILE *nowhere;
    char *dir;
    char *path;
    int fd;
} host;

/* libconfig 1.5 loses memory at a syntax error. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig\n";
}

static void remove_folder(void)
{
    dir_remove(host.dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char *plugins = build_path("plugins"), *fixtures = build_path("fixtures");
    const char *dirs[] = {plugins, fixtures};
    (void)argc, (void)argv;
    host.plugins = gy_plugins_new(dirs, 2);
    host.dir = dir_temp();
    host.path = path_join(host.dir, "job.cfg");
    host.fd = open(host.path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    host.nowhere = fopen("/dev/null", "w");
    if (host.plugins == NULL || host.fd < 0 || host.nowhere == NULL || atexit(remove_folder) != 0)
        abort();
    free(plugins);
    free(fixtures);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct gy_diags diags = {0};
    struct gy_graph *graph = NULL;
    if (ftruncate(host.fd, 0) != 0 || pwrite(host.fd, bytes, n, 0) != (ssize_t)n)
        abort();
    struct gy_job *job = gy_job_load(host.path, NULL, &diags);
    if (job != NULL)
        graph = gy_graph_build(job, host.plugins, &diags);
    if (graph == NULL && gy_diags_count(&diags) == 0)
        abort();
    gy_diags_print(&diags, host.nowhere);
    gy_graph_free(graph);
    gy_job_free(job);
    gy_diags_fini(&diags);
    return 0;
}
