/* See run_sinks.h. */
#include "run_sinks.h"

#include "run_job.h"
#include "support/suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- rows ---- */

/* Text that grows. */
struct text {
    char *bytes;
    size_t n;
    size_t capacity;
};

static void append(struct text *text, const char *bytes, size_t n)
{
    if (text->n + n + 1 > text->capacity) {
        text->capacity = 2 * (text->n + n) + 4096;
        text->bytes = realloc(text->bytes, text->capacity);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text->bytes);
    }
    memcpy(text->bytes + text->n, bytes, n);
    text->n += n;
    text->bytes[text->n] = 0;
}

/* The text of a file, which may be compressed. free() it. */
static char *read_rows(const char *path)
{
    struct process_result r;
    size_t n = strlen(path);
    if (n < 3 || strcmp(path + n - 3, ".gz") != 0)
        return file_read(path, NULL);
    process_run(&(struct process_spec){.argv = ARGV("/bin/gzip", "-dc", path)}, &r);
    if (r.status != 0)
        printf("%s: %s\n", path, r.err);
    CU_ASSERT_EQUAL(r.status, 0);
    char *rows = strdup(r.out);
    process_result_fini(&r);
    return rows;
}

/* Appends the rows of one file, each behind the path of its sink. */
static void append_file(struct text *text, const char *path, const struct run_sink *sink)
{
    char *rows = read_rows(path), *at = rows;
    if (sink->header != NULL) {
        size_t n = strlen(sink->header);
        bool has = strncmp(rows, sink->header, n) == 0 && rows[n] == '\n';
        if (!has)
            printf("%s does not begin with its header, but: %.100s\n", path, rows);
        CU_ASSERT_TRUE(has);
        at += has ? n + 1 : 0;
    }
    while (*at != 0) {
        char *end = strchr(at, '\n');
        if (end == NULL)
            printf("%s ends within a row: %s\n", path, at);
        CU_ASSERT_PTR_NOT_NULL_FATAL(end);
        append(text, sink->path, strlen(sink->path));
        append(text, ": ", 2);
        append(text, at, (size_t)(end + 1 - at));
        at = end + 1;
    }
    free(rows);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A folder of parts, and those in it: there may be one for each value. */
static void append_folder(struct text *text, const char *path, const struct run_sink *sink,
                          bool all)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return; /* the first run was killed before it made it */
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        char *file = path_join(path, name);
        bool is_part = strncmp(name, "part-", 5) == 0, is_inner = is_folder(file);
        if (is_inner)
            append_folder(text, file, sink, all);
        else if (is_part)
            append_file(text, file, sink);
        else if (all)
            printf("%s is no part\n", file);
        CU_ASSERT_TRUE(!all || is_part || is_inner);
        free(file);
    }
    closedir(folder);
}

/* The rows of items operators, added up over the tasks: what, bucket, rows, sum. */
static void append_items(struct text *text, const char *rows, const char *path)
{
    enum { BUCKETS = 8 };
    long long split[BUCKETS][2] = {0}, had[2] = {0};
    char line[200], what[16];
    for (const char *at = rows; *at != 0; at = strchr(at, '\n') + 1) {
        long long task, id, n, sum;
        at += strlen(path) + 2;
        int read = sscanf(at, "%15[a-z],%lld,%lld,%lld,%lld\n", what, &task, &id, &n, &sum);
        CU_ASSERT_EQUAL_FATAL(read, 5);
        CU_ASSERT_TRUE_FATAL(id >= 0 && task >= 0);
        if (strcmp(what, "split") == 0) {
            CU_ASSERT_TRUE_FATAL(id < BUCKETS);
            split[id][0] += n;
            split[id][1] += sum;
        } else if (strcmp(what, "union") == 0) {
            had[0] += n;
            had[1] += sum;
        }
    }
    for (int b = 0; b < BUCKETS; b++)
        append(
            text, line,
            (size_t)sprintf(line, "%s: split %d: %lld %lld\n", path, b, split[b][0], split[b][1]));
    append(text, line, (size_t)sprintf(line, "%s: union: %lld %lld\n", path, had[0], had[1]));
}

static void append_sink(struct text *text, const char *dir, const struct run_sink *sink, bool all)
{
    struct text items = {0};
    struct text *into = sink->is_items ? &items : text;
    char *path = path_join(dir, sink->path);
    append(&items, "", 0);
    if (path[strlen(path) - 1] == '/')
        append_folder(into, path, sink, all);
    else if (all)
        append_file(into, path, sink);
    if (sink->is_items && all)
        append_items(text, items.bytes, sink->path);
    free(items.bytes);
    free(path);
}

char *run_sinks_read(const char *dir, const struct run_sink *sinks, bool all)
{
    struct text text = {0};
    append(&text, "", 0);
    for (; sinks->path != NULL; sinks++)
        append_sink(&text, dir, sinks, all);
    char *sorted = run_sorted(text.bytes);
    free(text.bytes);
    return sorted;
}

static void append_status(struct text *text, const char *path)
{
    struct stat st;
    CU_ASSERT_EQUAL_FATAL(stat(path, &st), 0);
    char *line =
        text_format("%s %llu %lld %lld.%09ld\n", path, (unsigned long long)st.st_ino,
                    (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    append(text, line, strlen(line));
    free(line);
}

static void append_parts(struct text *text, const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *e = folder != NULL ? readdir(folder) : NULL; e != NULL;
         e = readdir(folder)) {
        char *part = path_join(path, e->d_name);
        if (strncmp(e->d_name, "part-", 5) == 0)
            append_status(text, part);
        else if (e->d_name[0] != '.' && is_folder(part))
            append_parts(text, part);
        free(part);
    }
    if (folder != NULL)
        closedir(folder);
}

char *run_sinks_parts(const char *dir, const struct run_sink *sinks)
{
    struct text text = {0};
    append(&text, "", 0);
    for (; sinks->path != NULL; sinks++) {
        char *path = path_join(dir, sinks->path);
        if (path[strlen(path) - 1] == '/')
            append_parts(&text, path);
        free(path);
    }
    char *sorted = run_sorted(text.bytes);
    free(text.bytes);
    return sorted;
}

/* ---- comparing ---- */

static size_t line_length(const char *at)
{
    return strcspn(at, "\n") + (strchr(at, '\n') != NULL);
}

/* The order of two lines; the end of a text comes last. */
static int order(const char *a, const char *b)
{
    size_t n = line_length(a), m = line_length(b);
    if (n == 0 || m == 0)
        return (n == 0) - (m == 0);
    int diff = memcmp(a, b, (n < m ? n : m) - 1);
    return diff != 0 ? diff : (n > m) - (n < m);
}

bool run_sinks_agree(const char *got, const char *want, bool part)
{
    enum { SHOWN = 5 };
    size_t lacking = 0, wrong = 0;
    while (*got != 0 || *want != 0) {
        int diff = order(got, want);
        if (diff > 0 && !part && lacking++ < SHOWN)
            printf("lacking: %.*s", (int)line_length(want), want);
        if (diff < 0 && wrong++ < SHOWN)
            printf("too much: %.*s", (int)line_length(got), got);
        if (diff <= 0)
            got += line_length(got);
        if (diff >= 0)
            want += line_length(want);
    }
    if (lacking + wrong > 0)
        printf("rows that are lacking: %zu, that are too much: %zu\n", lacking, wrong);
    return lacking + wrong == 0;
}

/* ---- snapshots ---- */

/* False too where the file has been removed meanwhile, as a job does with all snapshots but its last. */
static bool has_line(const char *dir, const char *name, const char *wanted)
{
    char *path = path_join(dir, name), line[256];
    FILE *file = fopen(path, "r");
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = strcmp(line, wanted) == 0;
    if (file != NULL)
        fclose(file);
    free(path);
    return found;
}

int run_newest_snapshot(const char *dir, const char *snapshots, bool *finished)
{
    char *path = path_join(dir, snapshots), name[64];
    DIR *folder = opendir(path);
    int newest = 0;
    for (struct dirent *e = folder != NULL ? readdir(folder) : NULL; e != NULL;
         e = readdir(folder)) {
        char *end;
        long id = strtol(e->d_name, &end, 10);
        if (*end == 0 && id > newest)
            newest = (int)id;
    }
    if (folder != NULL)
        closedir(folder);
    if (newest > 0 && finished != NULL) {
        snprintf(name, sizeof name, "%d/manifest.cfg", newest);
        *finished = has_line(path, name, "finished = true;\n");
    }
    free(path);
    return newest;
}
