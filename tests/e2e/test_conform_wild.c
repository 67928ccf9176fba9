/* gyre conform with a plugin that does its worst to whoever runs it: it is told by name what was done, the tool comes
 * to its end, and nothing of the plugin goes on. tests/e2e/test_conform.c has what else a plugin gets wrong. */
#include "support/files.h"
#include "support/process.h"
#include "support/suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wild {
    const char *what, *says;
};

/* How many processes have `text` in their command line. */
static int running(const char *text)
{
    DIR *all = opendir("/proc");
    int n = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    for (const struct dirent *one; (one = readdir(all)) != NULL;) {
        char path[300], line[4096];
        snprintf(path, sizeof path, "/proc/%s/cmdline", one->d_name);
        FILE *file = one->d_name[0] >= '0' && one->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        size_t length = file != NULL ? fread(line, 1, sizeof line - 1, file) : 0;
        if (file != NULL)
            fclose(file);
        line[length] = 0;
        for (size_t i = 0; i < length; i++)
            line[i] = line[i] == 0 ? ' ' : line[i];
        n += strstr(line, text) != NULL;
    }
    closedir(all);
    return n;
}

/* `timeout` is for --timeout, where that is not to be the usual one. */
static void is_told(const struct wild *wild, size_t n, const char *only, const char *timeout)
{
    char *gyre = build_path("gyre"), *plugin = build_path("fixtures/wild.so");
    char *folder = dir_temp(), *here = path_join(folder, "wild.so");
    size_t size;
    char *bytes = file_read(plugin, &size);
    file_write(here, bytes, size);
    for (size_t i = 0; i < n; i++) {
        struct process_result r;
        char *set = text_format("GYRE_WILD=%s", wild[i].what);
        const char *all[] = {gyre,
                             "conform",
                             here,
                             "--timeout",
                             timeout != NULL ? timeout : "60",
                             only != NULL ? "--only" : NULL,
                             only,
                             NULL};
        process_run(&(struct process_spec){.argv = all, .env = (const char *const[]){set, NULL}},
                    &r);
        if (r.status != 1 || strstr(r.out, wild[i].says) == NULL || strlen(r.out) > 16384)
            printf("%s: exit %d, not \"%s\":\n%.9000s%s\n", wild[i].what, r.status, wild[i].says,
                   r.out, r.err);
        CU_ASSERT_EQUAL(r.status, 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, wild[i].says));
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, " pass, "));
        CU_ASSERT(strlen(r.out) <= 16384);
        CU_ASSERT_EQUAL(running(here), 0);
        process_result_fini(&r);
        free(set);
    }
    free(bytes);
    free(here);
    free(plugin);
    free(gyre);
    dir_end(folder);
}

static void what_it_does_with_rows_is_told_by_name(void)
{
    static const struct wild wild[] = {
        {"fork", "it has changed the processes (it started some)"},
        {"leave", "it has changed the processes (it started some)"},
        {"thread", "it has changed the threads (it started some)"},
        {"files", "it has changed the descriptors (it closed some of others)"},
        {"standard", "it has changed the descriptors (it closed some of others)"},
        {"limits", "wild.so: cannot be opened: Too many open files"},
        {"exit", "ended the process with exit status 0: a plugin does not call exit"},
        {"kill-group", "crashed: Terminated"},
#ifndef GY_SANITIZED /* which reports these itself */
        {"thread-exit", "ended the process with exit status 0: a plugin does not call exit"},
        {"flood", "crashed: File size limit exceeded"},
        {"stack", "crashed: Segmentation fault in wild.op in process"},
        {"abort", "crashed: Aborted in wild.op in process"},
#endif
    };
    is_told(wild, sizeof wild / sizeof *wild, "life.cycle,proc.silent", NULL);
}

/* Before there is a check to be run: while jobs are made, to see what can be tested. */
static void what_it_does_in_bind_is_told_too(void)
{
    static const struct wild wild[] = {
        {"bind-exit", "crash  the plugin: while a job was made with each of its operators: ended "
                      "the process with exit status 0"},
        {"bind-kill-group", "crash  the plugin: while a job was made with each of its operators: "
                            "crashed: Terminated"},
#ifndef GY_SANITIZED
        {"bind-abort", "crash  the plugin: while a job was made with each of its operators: "
                       "crashed: Aborted in wild.op in bind"},
#endif
    };
    is_told(wild, sizeof wild / sizeof *wild, NULL, NULL);
    is_told(wild, 1, "life.cycle", NULL);
}

static void one_that_stops_in_bind_is_given_up(void)
{
    static const struct wild wild[] = {
        {"bind-hang", "timeout  the plugin: while a job was made with each of its operators: did "
                      "not come back within 1 s"},
    };
    is_told(wild, 1, NULL, "1");
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(what_it_does_with_rows_is_told_by_name, 240),
    SUITE_TEST_WITHIN(what_it_does_in_bind_is_told_too, 60),
    SUITE_TEST_WITHIN(one_that_stops_in_bind_is_given_up, 60),
};
SUITE_MAIN("conform-wild", tests)
