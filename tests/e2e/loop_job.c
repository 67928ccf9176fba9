/* See loop_job.h. */
#include "loop_job.h"

#include "run_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETS_MAX = 8, PATIENCE_MS = 3600000 };

void loop_job_write(const char *dir, const char *name, const char *settings)
{
    char *path = text_format("jobs/%s.cfg", name), *text = file_read(path, NULL);
    char *job = text_format("%s%s", settings, text);
    run_write(dir, "job.cfg", job);
    free(job), free(text), free(path);
}

void loop_job_start(const char *dir, uint32_t parallelism, const char *const *sets,
                    struct process *process)
{
    char *program = build_path("gyre"), *width = text_format("%u", parallelism);
    const char *argv[8 + 2 * SETS_MAX] = {program, "run",   "job.cfg",         "-p",
                                          width,   "--set", "out.path=out.csv"};
    for (size_t i = 0; sets != NULL && sets[i] != NULL && i < SETS_MAX; i++) {
        argv[7 + 2 * i] = "--set";
        argv[8 + 2 * i] = sets[i];
    }
    process_start(&(struct process_spec){.argv = argv,
                                         .env = (const char *const[]){"GYRE_PLUGIN_PATH", NULL},
                                         .cwd = dir,
                                         .timeout_ms = PATIENCE_MS},
                  process);
    free(width), free(program);
}

bool loop_job_run(const char *dir, uint32_t parallelism, const char *const *sets)
{
    struct process process;
    struct process_result r;
    loop_job_start(dir, parallelism, sets, &process);
    process_wait(&process, &r);
    bool well = r.status == 0;
    if (!well)
        printf("exit status %d: %s\n", r.status, r.err);
    process_result_fini(&r);
    return well;
}

bool table_read(struct table *table, const char *dir, const char *name, uint32_t fields)
{
    char *path = path_join(dir, name), *text = file_exists(path) ? file_read(path, NULL) : NULL;
    size_t room = 0;
    bool well = text != NULL;
    *table = (struct table){.fields = fields};
    for (char *at = text; well && *at != 0; table->n++) {
        if (table->n == room) {
            room = room * 2 + 1024;
            table->values = realloc(table->values, room * fields * sizeof *table->values);
            if (table->values == NULL)
                abort();
        }
        for (uint32_t f = 0; well && f < fields; f++) {
            char *end;
            table->values[table->n * fields + f] = strtod(at, &end);
            well = end != at && *end == (f + 1 < fields ? ',' : '\n');
            at = end + 1;
        }
    }
    if (!well)
        printf("%s is no table of %u numbers a line\n", path, fields);
    free(text), free(path);
    return well;
}

void table_fini(struct table *table)
{
    free(table->values);
    *table = (struct table){0};
}
