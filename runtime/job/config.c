/* Job keys; see config.h. */
#include "job/config.h"

#include <string.h>

#include "base/mem.h"
#include "job/keys.h"
#include "job/value.h"

#define MAX_PARALLELISM 32768

static bool is_job_name(const char *name)
{
    return name[0] >= 'a' && name[0] <= 'z' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static void read_name(const struct gy_scope *scope, struct gy_job *job)
{
    const struct gy_setting *s = gy_setting_get(job->root, "job");
    if (s == NULL) {
        gy_diags_add(scope->diags, job->file, 1, "`job` is missing: a job has a name");
        return;
    }
    const char *name;
    if (gy_value_string(scope, s, &name) != 0)
        return;
    if (strlen(name) > GY_NAME_MAX)
        gy_diags_add(scope->diags, s->file, s->line,
                     "job: a name of %zu bytes; %d are allowed at most", strlen(name), GY_NAME_MAX);
    else if (is_job_name(name))
        job->name = name;
    else
        gy_diags_add(scope->diags, s->file, s->line, "job: \"%s\" is no job name: [a-z][a-z0-9-]*",
                     name);
}

static void read_parallelism(const struct gy_scope *scope, struct gy_job *job)
{
    int64_t value;
    const struct gy_setting *most = gy_setting_get(job->root, "max_parallelism");
    if (most != NULL && gy_value_int(scope, most, 1, MAX_PARALLELISM, &value) == 0)
        job->max_parallelism = (uint32_t)value;
    const struct gy_setting *s = gy_setting_get(job->root, "parallelism");
    if (s == NULL || gy_value_int(scope, s, 1, INT64_MAX, &value) != 0)
        return;
    if (value > job->max_parallelism)
        gy_diags_add(scope->diags, s->file, s->line,
                     "parallelism: %lld is more than max_parallelism, which is %u",
                     (long long)value, job->max_parallelism);
    else
        job->parallelism = (uint32_t)value;
}

/* A list of paths, or one. */
static void read_paths(const struct gy_scope *scope, struct gy_job *job, const char *name,
                       const char ***paths, const struct gy_setting ***ats, uint32_t *n)
{
    const struct gy_setting *s = gy_setting_get(job->root, name);
    struct gy_setting **items;
    uint32_t count;
    if (s == NULL || gy_value_items(scope, s, true, "a list of paths", &items, &count) != 0)
        return;
    *paths = gy_arena_ctl_calloc(scope->arena, count, sizeof **paths);
    *ats = gy_arena_ctl_calloc(scope->arena, count, sizeof **ats);
    for (uint32_t i = 0; *paths != NULL && *ats != NULL && i < count; i++)
        if (gy_value_path(scope, items[i], &(*paths)[*n]) == 0)
            (*ats)[(*n)++] = items[i];
}

static void read_snapshot(const struct gy_scope *scope, struct gy_job *job)
{
    const struct gy_setting *s = gy_setting_get(job->root, "snapshot");
    const struct gy_setting *group =
        s != NULL ? gy_value_group(scope, s, GY_SNAPSHOT_KEYS, "snapshot") : NULL;
    if (group == NULL)
        return;
    job->snapshot_at = s;
    const struct gy_setting *every = gy_setting_get(group, "every");
    const struct gy_setting *dir = gy_setting_get(group, "dir");
    const struct gy_setting *keep = gy_setting_get(group, "keep");
    const struct gy_setting *resume = gy_setting_get(group, "resume");
    int64_t value;
    if (every == NULL)
        gy_value_missing(scope, group, GY_SNAPSHOT_KEYS, "snapshot", "every");
    else
        gy_value_duration(scope, every, 1000, INT64_MAX, &job->snapshot_every_us);
    if (dir == NULL)
        gy_value_missing(scope, group, GY_SNAPSHOT_KEYS, "snapshot", "dir");
    else
        gy_value_path(scope, dir, &job->snapshot_dir);
    if (keep != NULL && gy_value_int(scope, keep, 1, INT32_MAX, &value) == 0)
        job->snapshot_keep = (uint32_t)value;
    if (resume != NULL)
        gy_value_bool(scope, resume, &job->snapshot_resume);
}

static void read_restart(const struct gy_scope *scope, struct gy_job *job)
{
    const struct gy_setting *s = gy_setting_get(job->root, "restart");
    const struct gy_setting *group =
        s != NULL ? gy_value_group(scope, s, GY_RESTART_KEYS, "restart") : NULL;
    if (group == NULL)
        return;
    job->restart_at = s;
    const struct gy_setting *attempts = gy_setting_get(group, "attempts");
    const struct gy_setting *delay = gy_setting_get(group, "delay");
    const struct gy_setting *most = gy_setting_get(group, "max_delay");
    int64_t value;
    if (attempts != NULL && gy_value_int(scope, attempts, 0, INT32_MAX, &value) == 0)
        job->restart_attempts = (uint32_t)value;
    int wrong = 0;
    if (delay != NULL)
        wrong |= gy_value_duration(scope, delay, 0, 0, &job->restart_delay_us);
    if (most != NULL)
        wrong |= gy_value_duration(scope, most, 0, 0, &job->restart_max_delay_us);
    if (wrong == 0 && delay != NULL && most == NULL &&
        job->restart_delay_us > job->restart_max_delay_us)
        job->restart_max_delay_us = job->restart_delay_us;
    if (wrong == 0 && most != NULL && job->restart_delay_us > job->restart_max_delay_us)
        gy_diags_add(scope->diags, most->file, most->line, "max_delay: it is less than `delay`");
}

static void read_loop(const struct gy_scope *scope, struct gy_job *job)
{
    const struct gy_setting *s = gy_setting_get(job->root, "loop");
    const struct gy_setting *group =
        s != NULL ? gy_value_group(scope, s, GY_LOOP_KEYS, "loop") : NULL;
    if (group == NULL)
        return;
    job->loop_at = s;
    const struct gy_setting *memory = gy_setting_get(group, "memory");
    const struct gy_setting *disk = gy_setting_get(group, "disk");
    if (memory != NULL)
        gy_value_size(scope, memory, 64 << 10, INT64_MAX, &job->loop_memory);
    if (disk != NULL)
        gy_value_size(scope, disk, 0, 0, &job->loop_disk);
}

static void read_keys(const struct gy_scope *scope, struct gy_job *job)
{
    size_t n;
    const char **known = gy_value_words(scope, GY_JOB_KEYS, &n);
    for (uint32_t i = 0; known != NULL && i < job->root->n; i++) {
        const struct gy_setting *s = job->root->items[i];
        bool found = false;
        for (size_t k = 0; k < n; k++)
            found |= strcmp(known[k], s->name) == 0;
        if (!found)
            gy_value_unknown(scope, s, "job key", s->name, NULL, known, n,
                             "a job has:" GY_JOB_KEYS);
    }
    read_name(scope, job);
    const struct gy_setting *mode = gy_setting_get(job->root, "mode");
    int32_t choice = 0;
    if (mode != NULL && gy_value_choice(scope, mode, "stream|batch", &choice) == 0)
        job->batch = choice == 1;
    read_parallelism(scope, job);
    const struct gy_setting **ignored;
    read_paths(scope, job, "plugins", &job->plugins, &job->plugins_at, &job->n_plugins);
    read_paths(scope, job, "plugin_path", &job->plugin_dirs, &ignored, &job->n_plugin_dirs);
    read_snapshot(scope, job);
    read_restart(scope, job);
    read_loop(scope, job);
}

/* `text` NULL: that of the file. */
static struct gy_job *load(const char *path, const char *text, const struct gy_overrides *overrides,
                           struct gy_diags *diags)
{
    struct gy_job *job = gy_alloc(sizeof *job);
    if (job == NULL) {
        gy_diags_add(diags, path, 0, "out of memory");
        return NULL;
    }
    struct gy_scope scope = {&job->arena, diags};
    *job = (struct gy_job){.max_parallelism = 128,
                           .snapshot_keep = 3,
                           .restart_attempts = 10,
                           .restart_delay_us = 100 * 1000,
                           .restart_max_delay_us = 30 * 1000 * 1000,
                           .loop_memory = INT64_C(64) << 20,
                           .loop_disk = INT64_C(10) << 30};
    job->file = gy_arena_ctl_strdup(&job->arena, path);
    if (job->file != NULL)
        job->root = text != NULL ? gy_setting_read_text(&scope, path, text)
                                 : gy_setting_read_file(&scope, path);
    if (job->root == NULL) {
        if (gy_diags_count(diags) == 0)
            gy_diags_add(diags, path, 0, "out of memory");
        gy_job_free(job);
        return NULL;
    }
    if (overrides != NULL)
        gy_job_override(&scope, job->root, overrides);
    read_keys(&scope, job);
    const struct gy_setting *operators = gy_setting_get(job->root, "operators");
    if (operators == NULL)
        gy_diags_add(diags, job->file, 1, "`operators` is missing: a job has operators");
    else
        gy_job_read_operators(&scope, job, operators);
    const struct gy_setting *tests = gy_setting_get(job->root, "tests");
    size_t before = gy_diags_count(diags);
    if (tests != NULL)
        gy_job_read_tests(&scope, job, tests);
    job->test_mistakes = gy_diags_count(diags) - before;
    if (job->arena.oom)
        gy_diags_add(diags, path, 0, "out of memory");
    return job;
}

struct gy_job *gy_job_load(const char *path, const struct gy_overrides *overrides,
                           struct gy_diags *diags)
{
    return load(path, NULL, overrides, diags);
}

struct gy_job *gy_job_load_text(const char *path, const char *text, struct gy_diags *diags)
{
    return load(path, text, NULL, diags);
}

void gy_job_free(struct gy_job *job)
{
    if (job == NULL)
        return;
    struct gy_arena_ctl arena = job->arena;
    gy_arena_ctl_fini(&arena);
    gy_free(job);
}
