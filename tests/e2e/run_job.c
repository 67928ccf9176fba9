/* See run_job.h. */
#include "run_job.h"

#include "support/suite.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ARGUMENTS_MAX = 16 };

/* Logs of a developer's shell must not change what tests see. */
static const char *const environment[] = {"GYRE_PLUGIN_PATH", "GYRE_LOG", NULL};

void run_write(const char *dir, const char *name, const char *text)
{
    char *path = path_join(dir, name);
    file_write_text(path, text);
    free(path);
}

char *run_read(const char *dir, const char *name)
{
    char *path = path_join(dir, name);
    char *text = file_read(path, NULL);
    free(path);
    return text;
}

bool run_exists(const char *dir, const char *name)
{
    char *path = path_join(dir, name);
    bool exists = file_exists(path);
    free(path);
    return exists;
}

int run_fifo(const char *dir, const char *name)
{
    char *path = path_join(dir, name);
    CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CU_ASSERT_FATAL(fd >= 0);
    free(path);
    return fd;
}

void run_start(const char *dir, const char *job, const struct run_options *options,
               struct process *process)
{
    static const struct run_options usual = {0};
    char *program = build_path("gyre"), *fixtures = build_path("fixtures");
    const char *argv[ARGUMENTS_MAX + 6] = {program, "run", "job.cfg", "--plugin-path", fixtures};
    options = options != NULL ? options : &usual;
    for (size_t i = 0; options->arguments != NULL && options->arguments[i] != NULL; i++) {
        CU_ASSERT_FATAL(i < ARGUMENTS_MAX);
        argv[5 + i] = options->arguments[i];
    }
    run_write(dir, "job.cfg", job);
    process_start(&(struct process_spec){.argv = argv,
                                         .env = environment,
                                         .cwd = dir,
                                         .stdin_path = options->stdin_path,
                                         .stdin_pipe = options->stdin_pipe},
                  process);
    free(program);
    free(fixtures);
}

bool run_cut_end(struct process_result *result)
{
    size_t n = result->err_size;
    char name[80], how[16], wall[24];
    uint64_t in, out, bad, late;
    int length = 0;
    if (n == 0 || result->err[n - 1] != '\n')
        return false;
    for (n--; n > 0 && result->err[n - 1] != '\n';)
        n--;
    int found = sscanf(result->err + n,
                       "gyre: %79[a-z0-9-] %15[a-z] in %23[0-9.a-z]: %" SCNu64 " rows in, %" SCNu64
                       " out, %" SCNu64 " bad, %" SCNu64 " late%n",
                       name, how, wall, &in, &out, &bad, &late, &length);
    if (found != 7 || length == 0)
        return false;
    result->err[n] = 0;
    result->err_size = n;
    return true;
}

void run_job(const char *dir, const char *job, const struct run_options *options,
             struct process_result *result)
{
    struct process process;
    run_start(dir, job, options, &process);
    process_wait(&process, result);
    run_cut_end(result);
}

char *run_output(const char *job)
{
    struct process_result r;
    char *dir = dir_temp();
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    char *out = strdup(r.out);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
    return out;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *run_sorted(const char *text)
{
    size_t length = strlen(text), n = 0;
    char *copy = strdup(text), *sorted = calloc(1, length + 2), *rest = NULL;
    char **lines = calloc(length + 1, sizeof *lines);
    for (char *line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        lines[n++] = line;
    qsort(lines, n, sizeof *lines, by_text);
    char *at = sorted;
    for (size_t i = 0; i < n; i++) {
        at = stpcpy(at, lines[i]);
        *at++ = '\n';
    }
    *at = 0;
    free(lines);
    free(copy);
    return sorted;
}

uint64_t run_count_lines(const char *text)
{
    uint64_t n = 0;
    for (const char *at = strchr(text, '\n'); at != NULL; at = strchr(at + 1, '\n'))
        n++;
    return n;
}

double run_report(const char *json, const char *id, const char *name)
{
    double sum = 0;
    char *mark = text_format("\"%s\": ", name);
    char *of = text_format("\"id\": \"%s\"", id != NULL ? id : "");
    const char *from = id != NULL ? strstr(json, of) : json;
    CU_ASSERT_PTR_NOT_NULL_FATAL(from);
    const char *end = strstr(from + 1, id != NULL ? "\"id\": " : "\"operators\": ");
    bool found = false;
    for (const char *at = strstr(from, mark); at != NULL && (end == NULL || at < end);
         at = strstr(at + 1, mark)) {
        sum += strtod(at + strlen(mark), NULL);
        found = true;
    }
    CU_ASSERT_TRUE_FATAL(found);
    free(mark);
    free(of);
    return sum;
}

/* ---- JSON ---- */

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')
        at++;
    return at;
}

/* Each of these returns the end of what it reads, NULL where it is not that. */

static const char *skip_string(const char *at)
{
    if (*at++ != '"')
        return NULL;
    for (; *at != '"'; at++) {
        if ((unsigned char)*at < 0x20)
            return NULL;
        if (*at == '\\' && strchr("\"\\/bfnrtu", *++at) == NULL)
            return NULL;
    }
    return at + 1;
}

static const char *skip_scalar(const char *at)
{
    static const char *const words[] = {"true", "false", "null"};
    char *end;
    for (size_t w = 0; w < 3; w++)
        if (strncmp(at, words[w], strlen(words[w])) == 0)
            return at + strlen(words[w]);
    if (*at != '-' && !isdigit((unsigned char)*at))
        return NULL;
    strtod(at, &end);
    return end;
}

static const char *skip_value(const char *at, int depth)
{
    at = skip_space(at);
    if (depth == 0)
        return NULL;
    if (*at == '"')
        return skip_string(at);
    if (*at != '{' && *at != '[')
        return skip_scalar(at);
    char close = *at == '{' ? '}' : ']';
    at = skip_space(at + 1);
    if (*at == close)
        return at + 1;
    for (;;) {
        if (close == '}') {
            at = skip_string(skip_space(at));
            at = at != NULL ? skip_space(at) : "";
            if (*at++ != ':')
                return NULL;
        }
        at = skip_value(at, depth - 1);
        if (at == NULL)
            return NULL;
        at = skip_space(at);
        if (*at == close)
            return at + 1;
        if (*at++ != ',')
            return NULL;
    }
}

bool run_is_json(const char *text)
{
    const char *end = skip_value(text, 20);
    return end != NULL && *skip_space(end) == 0;
}
