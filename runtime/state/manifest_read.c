/* Reading a manifest; see snapshot.h and manifest.c.
 *
 * The checksum is looked at before libconfig is: what libconfig sees is what gyre wrote, or was made
 * by somebody on purpose. Of that nothing is believed either: each member has its type and range. */
#include "state/manifest.h"

#include "base/mem.h"
#include "base/text.h"
#include <gyre/state.h>

#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

/* Where reading stands. Errors are sticky: the first is told. */
struct reading {
    const char *path; /* of the folder */
    struct gyre_error *error;
    int code;
};

__attribute__((format(printf, 2, 3))) static void damaged(struct reading *r, const char *format,
                                                          ...)
{
    char what[256], brief[GY_PATH_BRIEF];
    if (r->code != 0)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    r->code = gyre_error_set(r->error, GYRE_ECORRUPT, -1, "%s/" GY_MANIFEST_NAME " is damaged: %s",
                             gy_text_shorten(brief, sizeof brief, r->path), what);
}

static void no_memory(struct reading *r)
{
    if (r->code == 0)
        r->code = gyre_error_set(r->error, GYRE_ENOMEM, -1,
                                 "out of memory reading %s/" GY_MANIFEST_NAME, r->path);
}

/* ---- members ---- */

static const config_setting_t *member(struct reading *r, const config_setting_t *group,
                                      const char *name)
{
    const config_setting_t *s = config_setting_get_member(group, name);
    if (s == NULL)
        damaged(r, "it has no `%s`", name);
    return s;
}

static char *copy(struct reading *r, const char *text)
{
    char *s = r->code == 0 ? gy_strdup(text) : NULL;
    if (s == NULL)
        no_memory(r);
    return s;
}

static const char *text_of(const config_setting_t *s)
{
    return s != NULL && config_setting_type(s) == CONFIG_TYPE_STRING ? config_setting_get_string(s)
                                                                     : NULL;
}

static char *read_string(struct reading *r, const config_setting_t *group, const char *name)
{
    const config_setting_t *s = member(r, group, name);
    if (s == NULL)
        return NULL;
    const char *text = text_of(s);
    if (text == NULL) {
        damaged(r, "`%s` is no string", name);
        return NULL;
    }
    return copy(r, text);
}

static char *read_optional(struct reading *r, const config_setting_t *group, const char *name)
{
    return config_setting_get_member(group, name) != NULL ? read_string(r, group, name) : NULL;
}

/* 16 hexadecimal digits behind "0x", as they are written. */
static bool parse_hex(const char *text, uint64_t *value)
{
    if (text == NULL || strlen(text) != 18 || text[0] != '0' || text[1] != 'x' ||
        strspn(text + 2, "0123456789abcdef") != 16)
        return false;
    *value = strtoull(text + 2, NULL, 16);
    return true;
}

static uint64_t read_hex(struct reading *r, const config_setting_t *group, const char *name)
{
    uint64_t value = 0;
    const config_setting_t *s = member(r, group, name);
    if (s != NULL && !parse_hex(text_of(s), &value))
        damaged(r, "`%s` is no number of 64 bits", name);
    return value;
}

/* An integer, or any 64 bits written as a string. */
static bool any_integer(const config_setting_t *s, int64_t *value)
{
    uint64_t bits;
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_INT: *value = config_setting_get_int(s); return true;
    case CONFIG_TYPE_INT64: *value = config_setting_get_int64(s); return true;
    case CONFIG_TYPE_STRING:
        if (!parse_hex(text_of(s), &bits))
            return false;
        memcpy(value, &bits, sizeof *value);
        return true;
    default: return false;
    }
}

static int64_t read_i64(struct reading *r, const config_setting_t *group, const char *name)
{
    int64_t value = 0;
    const config_setting_t *s = member(r, group, name);
    if (s != NULL && !any_integer(s, &value))
        damaged(r, "`%s` is no integer", name);
    return value;
}

static uint64_t read_u64(struct reading *r, const config_setting_t *group, const char *name)
{
    int64_t value = read_i64(r, group, name);
    const config_setting_t *s = config_setting_get_member(group, name);
    if (value < 0 && text_of(s) == NULL)
        damaged(r, "`%s` is negative", name);
    return (uint64_t)value;
}

static uint32_t read_u32(struct reading *r, const config_setting_t *group, const char *name,
                         uint32_t least)
{
    uint64_t value = read_u64(r, group, name);
    if (value < least || value > UINT32_MAX)
        damaged(r, "`%s` is out of its range", name);
    return (uint32_t)value;
}

static bool read_bool(struct reading *r, const config_setting_t *group, const char *name)
{
    const config_setting_t *s = member(r, group, name);
    if (s == NULL)
        return false;
    if (config_setting_type(s) != CONFIG_TYPE_BOOL)
        damaged(r, "`%s` is neither true nor false", name);
    return config_setting_get_bool(s) != 0;
}

/* A list of groups, and zeroed elements for them; NULL where it is empty or cannot be had. */
static void *read_list(struct reading *r, const config_setting_t *group, const char *name,
                       size_t size, const config_setting_t **list, uint32_t *n)
{
    const config_setting_t *s = member(r, group, name);
    *n = 0;
    *list = s;
    if (s == NULL)
        return NULL;
    int length = config_setting_length(s);
    if (config_setting_type(s) != CONFIG_TYPE_LIST) {
        damaged(r, "`%s` is no list", name);
        return NULL;
    }
    for (int i = 0; i < length; i++)
        if (config_setting_type(config_setting_get_elem(s, (unsigned)i)) != CONFIG_TYPE_GROUP) {
            damaged(r, "`%s` holds what is no group", name);
            return NULL;
        }
    if (length <= 0 || r->code != 0)
        return NULL;
    void *items = gy_calloc((size_t)length, size);
    if (items == NULL)
        no_memory(r);
    else
        *n = (uint32_t)length;
    return items;
}

/* ---- the tree ---- */

static void read_state(struct reading *r, const config_setting_t *s,
                       struct gy_manifest_state *state)
{
    const char *kind = text_of(config_setting_get_member(s, "kind"));
    for (uint32_t k = GYRE_STATE_VALUE; kind != NULL && k <= GYRE_STATE_MAP; k++)
        if (strcmp(kind, gy_manifest_kind(k)) == 0)
            state->kind = k;
    if (state->kind == 0)
        damaged(r, "a state is of an unknown kind");
    state->name = read_string(r, s, "name");
    state->type = read_string(r, s, "type");
    state->version = read_u32(r, s, "version", 0);
    state->fingerprint = read_hex(r, s, "fingerprint");
    if (config_setting_get_member(s, "records") != NULL)
        state->records = read_u64(r, s, "records");
    state->of = read_optional(r, s, "of");
    if (state->kind != GYRE_STATE_MAP)
        return;
    state->map_key = read_string(r, s, "map_key");
    state->map_key_version = read_u32(r, s, "map_key_version", 0);
    state->map_key_fingerprint = read_hex(r, s, "map_key_fingerprint");
}

/* It is joined to a path: it must not lead out of the folder. */
static bool is_name(const char *name)
{
    return name == NULL || (name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL &&
                            strcmp(name, GY_MANIFEST_NAME) != 0);
}

static void read_file(struct reading *r, const config_setting_t *s, struct gy_manifest_file *file)
{
    file->name = read_string(r, s, "name");
    file->bytes = read_u64(r, s, "bytes");
    file->checksum = read_hex(r, s, "checksum");
    if (!is_name(file->name))
        damaged(r, "`name` is no name of a file");
}

static void read_task(struct reading *r, const config_setting_t *s, struct gy_manifest_task *task)
{
    task->watermark_us = INT64_MIN;
    if (config_setting_get_member(s, "watermark_us") != NULL)
        task->watermark_us = read_i64(r, s, "watermark_us");
    task->seen_us = task->watermark_us;
    if (config_setting_get_member(s, "seen_us") != NULL)
        task->seen_us = read_i64(r, s, "seen_us");
    if (task->seen_us < task->watermark_us)
        damaged(r, "`seen_us` is less than `watermark_us`");
    task->ended = read_bool(r, s, "ended");
    task->file = read_optional(r, s, "file");
    if (task->file == NULL)
        return;
    if (!is_name(task->file))
        damaged(r, "`file` is no name of a state file");
    task->bytes = read_u64(r, s, "bytes");
    task->checksum = read_hex(r, s, "checksum");
    task->records = read_u64(r, s, "records");
    if (config_setting_get_member(s, "files") == NULL)
        return;
    const config_setting_t *list;
    task->files = read_list(r, s, "files", sizeof *task->files, &list, &task->n_files);
    for (uint32_t i = 0; r->code == 0 && i < task->n_files; i++)
        read_file(r, config_setting_get_elem(list, i), &task->files[i]);
}

static void read_plugin(struct reading *r, const config_setting_t *s,
                        struct gy_manifest_plugin *plugin)
{
    plugin->name = read_string(r, s, "name");
    plugin->version = read_string(r, s, "version");
    plugin->build = read_string(r, s, "build");
}

static void read_rounds(struct reading *r, const config_setting_t *s,
                        struct gy_manifest_rounds *rounds)
{
    if (config_setting_type(s) != CONFIG_TYPE_GROUP) {
        damaged(r, "`rounds` is no group");
        return;
    }
    rounds->known = true;
    rounds->phase = read_u32(r, s, "phase", 0);
    if (rounds->phase > 2)
        damaged(r, "`phase` is out of its range");
    rounds->number = read_u64(r, s, "number");
    rounds->ends = read_u64(r, s, "ends");
    rounds->touched = read_bool(r, s, "touched");
    rounds->stop = read_bool(r, s, "stop");
}

static void read_operator(struct reading *r, const config_setting_t *s,
                          struct gy_manifest_operator *op)
{
    const config_setting_t *list;
    op->id = read_string(r, s, "id");
    op->op = read_string(r, s, "op");
    if (config_setting_get_member(s, "items_version") != NULL)
        op->items_version = read_u32(r, s, "items_version", 1);
    op->key = read_optional(r, s, "key");
    op->of = read_optional(r, s, "of");
    op->holds_end = read_optional(r, s, "holds_end");
    op->has_last = config_setting_get_member(s, "last_us") != NULL;
    if (op->has_last)
        op->last_us = read_i64(r, s, "last_us");
    const config_setting_t *rounds = config_setting_get_member(s, "rounds");
    if (rounds != NULL)
        read_rounds(r, rounds, &op->rounds);
    op->states = read_list(r, s, "states", sizeof *op->states, &list, &op->n_states);
    for (uint32_t i = 0; r->code == 0 && i < op->n_states; i++)
        read_state(r, config_setting_get_elem(list, i), &op->states[i]);
    if (r->code == 0)
        op->tasks = read_list(r, s, "tasks", sizeof *op->tasks, &list, &op->n_tasks);
    for (uint32_t i = 0; r->code == 0 && i < op->n_tasks; i++)
        read_task(r, config_setting_get_elem(list, i), &op->tasks[i]);
    if (op->n_tasks == 0)
        damaged(r, "an operator has no task");
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Tells where two of n names are the same one; sorts them. */
static void check_distinct(struct reading *r, const char **names, size_t n, const char *what)
{
    qsort(names, n, sizeof *names, compare_texts);
    for (size_t i = 1; i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            damaged(r, "two %s are named %.100s", what, names[i]);
}

static void check_names(struct reading *r, const struct gy_manifest *manifest)
{
    size_t most = manifest->n_operators, n = 0;
    for (uint32_t i = 0; i < manifest->n_operators; i++)
        for (uint32_t t = 0; t < manifest->operators[i].n_tasks; t++)
            most += (size_t)1 + manifest->operators[i].tasks[t].n_files;
    const char **names = gy_calloc(most, sizeof *names);
    if (names == NULL) {
        no_memory(r);
        return;
    }
    for (uint32_t i = 0; i < manifest->n_operators; i++)
        names[n++] = manifest->operators[i].id;
    check_distinct(r, names, n, "operators");
    n = 0;
    for (uint32_t i = 0; i < manifest->n_operators; i++)
        for (uint32_t t = 0; t < manifest->operators[i].n_tasks; t++) {
            const struct gy_manifest_task *task = &manifest->operators[i].tasks[t];
            if (task->file != NULL)
                names[n++] = task->file;
            for (uint32_t f = 0; f < task->n_files; f++)
                names[n++] = task->files[f].name;
        }
    check_distinct(r, names, n, "files");
    gy_free(names);
}

static void read_root(struct reading *r, const config_setting_t *root, struct gy_manifest *manifest)
{
    const config_setting_t *list;
    uint64_t format = read_u64(r, root, "format");
    if (r->code == 0 && format != GY_MANIFEST_FORMAT)
        r->code = gyre_error_set(r->error, GYRE_ECORRUPT, -1,
                                 "%s/" GY_MANIFEST_NAME " has format version %" PRIu64
                                 ", and this gyre reads %d",
                                 r->path, format, GY_MANIFEST_FORMAT);
    manifest->id = read_u64(r, root, "id");
    if (manifest->id == 0)
        damaged(r, "`id` is 0");
    manifest->run = read_hex(r, root, "run");
    manifest->job = read_string(r, root, "job");
    manifest->time_us = read_i64(r, root, "time_us");
    manifest->duration_us = read_i64(r, root, "duration_us");
    manifest->finished = read_bool(r, root, "finished");
    manifest->max_parallelism = read_u32(r, root, "max_parallelism", 1);
    manifest->plugins =
        read_list(r, root, "plugins", sizeof *manifest->plugins, &list, &manifest->n_plugins);
    for (uint32_t i = 0; r->code == 0 && i < manifest->n_plugins; i++)
        read_plugin(r, config_setting_get_elem(list, i), &manifest->plugins[i]);
    manifest->operators =
        read_list(r, root, "operators", sizeof *manifest->operators, &list, &manifest->n_operators);
    for (uint32_t i = 0; r->code == 0 && i < manifest->n_operators; i++)
        read_operator(r, config_setting_get_elem(list, i), &manifest->operators[i]);
    if (r->code == 0)
        check_names(r, manifest);
}

/* libconfig would read another file into this one. */
static bool includes(const char *text)
{
    for (const char *at = text; (at = strstr(at, "@include")) != NULL; at++) {
        const char *line = at;
        while (line > text && (line[-1] == ' ' || line[-1] == '\t'))
            line--;
        if (line == text || line[-1] == '\n' || line[-1] == '\r')
            return true;
    }
    return false;
}

/* A copy of the text that ends with a zero byte, once its checksum has been found right. */
static char *checked_text(struct reading *r, const char *text, size_t n)
{
    char line[GY_CHECKSUM_LINE + 1];
    if (n <= GY_CHECKSUM_LINE || n > GY_MANIFEST_MAX) {
        damaged(r, n > GY_CHECKSUM_LINE ? "it is too long" : "it is cut off");
        return NULL;
    }
    gy_manifest_checksum_line(text, n - GY_CHECKSUM_LINE, line);
    if (memcmp(text + n - GY_CHECKSUM_LINE, line, GY_CHECKSUM_LINE) != 0) {
        damaged(r, "its last line is not the checksum of the lines before");
        return NULL;
    }
    char *copied = gy_strndup(text, n);
    if (copied == NULL)
        no_memory(r);
    else if (strlen(copied) != n || includes(copied))
        damaged(r, "it is no text of gyre");
    return copied;
}

struct gy_manifest *gy_manifest_parse(const char *text, size_t n, const char *path,
                                      struct gyre_error *error)
{
    struct reading r = {path, error, 0};
    struct gy_manifest *manifest = NULL;
    char *copied = checked_text(&r, text, n);
    if (r.code == 0) {
        manifest = gy_alloc(sizeof *manifest);
        if (manifest == NULL)
            no_memory(&r);
    }
    if (r.code == 0) {
        config_t config;
        config_init(&config);
        if (config_read_string(&config, copied) == CONFIG_TRUE)
            read_root(&r, config_root_setting(&config), manifest);
        else
            damaged(&r, "line %d: %s", config_error_line(&config), config_error_text(&config));
        config_destroy(&config);
    }
    if (r.code == 0)
        manifest->path = copy(&r, path);
    gy_free(copied);
    if (r.code == 0)
        return manifest;
    gy_manifest_free(manifest);
    return NULL;
}
