/* See run_watch.h. */
#include "run_watch.h"

#include "run_job.h"
#include "support/suite.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

void run_nap_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

void run_no_core_dumps(void)
{
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}), 0);
}

void run_check_has(const char *text, const char *what)
{
    if (strstr(text, what) == NULL)
        printf("lacks: %s\n--- is\n%s", what, text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, what));
}

int run_count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        n++;
    return n;
}

void run_await_size(const char *dir, const char *name, off_t size)
{
    struct stat st = {0};
    char *path = path_join(dir, name);
    for (int ms = 0; ms < RUN_PATIENCE_MS && (stat(path, &st) != 0 || st.st_size < size); ms += 5)
        run_nap_ms(5);
    CU_ASSERT_TRUE_FATAL(st.st_size >= size);
    free(path);
}

long run_check_sequence(const char *dir)
{
    char *text = run_read(dir, "out.csv");
    long next = 0, wrong = 0;
    for (char *at = text; *at != 0; next++) {
        char *end;
        wrong += strtol(at, &end, 10) != next || *end != '\n';
        at = *end != 0 ? end + 1 : end;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(text);
    return next;
}

char *run_endless_job(const char *every, const char *restart)
{
    return text_format(
        "job = \"endless\"; parallelism = 1;\n"
        "snapshot = { every = \"%s\"; dir = \"snap\"; keep = 100000; };\n"
        "restart = { %s };\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.sequence\"; to = 1000000000L; rate = 20000; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"in\";"
        " path = \"out.csv\"; }\n"
        ");\n",
        every, restart);
}

char *run_endless(const char *every, const char *restart, const struct run_options *options,
                  struct process *process)
{
    char *dir = dir_temp(), *job = run_endless_job(every, restart);
    run_start(dir, job, options, process);
    run_await_size(dir, "out.csv", 1000);
    free(job);
    return dir;
}

void run_await_file(const char *dir, const char *name)
{
    for (int ms = 0; ms < RUN_PATIENCE_MS && !run_exists(dir, name); ms += 5)
        run_nap_ms(5);
    CU_ASSERT_TRUE_FATAL(run_exists(dir, name));
}

char run_process_state(pid_t pid, pid_t *parent)
{
    char path[64], line[512];
    char state = 0;
    int of = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    size_t n = fread(line, 1, sizeof line - 1, file);
    line[n] = 0;
    fclose(file);
    const char *after = strrchr(line, ')');
    if (after == NULL || sscanf(after + 1, " %c %d", &state, &of) != 2)
        return 0;
    *parent = of;
    return state;
}

pid_t run_find_child(pid_t supervisor)
{
    pid_t found = 0, parent;
    DIR *proc = opendir("/proc");
    CU_ASSERT_PTR_NOT_NULL_FATAL(proc);
    for (struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
        pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;
        char state = pid != 0 ? run_process_state(pid, &parent) : 0;
        if (state != 0 && state != 'Z' && parent == supervisor)
            found = pid;
    }
    closedir(proc);
    return found;
}

pid_t run_await_child(pid_t supervisor)
{
    pid_t child = 0;
    for (int ms = 0; ms < RUN_PATIENCE_MS && child == 0; ms += 5) {
        child = run_find_child(supervisor);
        run_nap_ms(child == 0 ? 5 : 0);
    }
    CU_ASSERT_TRUE_FATAL(child > 0);
    return child;
}

bool run_is_gone(pid_t pid)
{
    pid_t parent;
    for (int ms = 0; ms < RUN_PATIENCE_MS; ms += 5) {
        char state = run_process_state(pid, &parent);
        if (state == 0 || state == 'Z')
            return true;
        run_nap_ms(5);
    }
    return false;
}
