/* See file_rig.h. */
#include "file_rig.h"

#include "files.h"
#include "suite.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 300 << 10 };

static struct rig *rig_of(struct gyre_ctx *ctx)
{
    return (struct rig *)((char *)ctx - offsetof(struct rig, ctx));
}

static void *host_alloc(struct gyre_ctx *ctx, void *old, size_t size)
{
    (void)ctx;
    if (size != 0)
        return realloc(old, size);
    free(old);
    return NULL;
}

static int64_t host_now(struct gyre_ctx *ctx)
{
    return rig_of(ctx)->now_us;
}

static void append(char **log, size_t *size, size_t *length, const char *text, size_t n)
{
    if (*length + n + 1 > *size) {
        *size = 2 * (*length + n + 1);
        *log = realloc(*log, *size);
    }
    memcpy(*log + *length, text, n);
    *length += n;
    (*log)[*length] = 0;
}

static void host_log(struct gyre_ctx *ctx, uint32_t level, const char *text)
{
    struct rig *rig = rig_of(ctx);
    (void)level;
    append(&rig->said, &rig->said_size, &rig->said_length, text, strlen(text));
    append(&rig->said, &rig->said_size, &rig->said_length, "\n", 1);
}

void rig_say(struct rig *rig, const char *text, size_t n)
{
    append(&rig->log, &rig->log_size, &rig->log_length, text, n);
}

static void rig_take_rows(struct rig *rig)
{
    for (uint32_t row = 0; row < rig->out.rows; row++)
        rig->on_row(rig, row);
    rig->out.rows = 0;
}

static void host_bad_input(struct gyre_ctx *ctx, const char *raw, size_t n, const char *text)
{
    struct rig *rig = rig_of(ctx);
    rig_take_rows(rig);
    rig_say(rig, "!", 1);
    rig_say(rig, text, strlen(text));
    rig_say(rig, "[", 1);
    rig_say(rig, raw, n);
    rig_say(rig, "];", 2);
}

static const struct gyre_host host = {.size = sizeof host,
                                      .log = host_log,
                                      .alloc = host_alloc,
                                      .now = host_now,
                                      .bad_input = host_bad_input};

static void out_full(struct gyre_out *out)
{
    rig_take_rows(out->host);
}

/* What no row refers to goes at once. */
static char *out_grow(struct gyre_out *out, uint32_t len)
{
    struct rig *rig = out->host;
    size_t size = len > ARENA_BYTES ? len : ARENA_BYTES;
    for (uint32_t i = 0; i < rig->n_arenas && out->rows == 0; i++)
        free(rig->arenas[i]);
    rig->n_arenas = out->rows == 0 ? 0 : rig->n_arenas;
    CU_ASSERT_FATAL(rig->n_arenas < RIG_ARENAS);
    out->text = malloc(size);
    out->text_end = out->text + size;
    rig->arenas[rig->n_arenas++] = out->text;
    return out->text;
}

void *rig_option(struct rig *rig, const char *name)
{
    for (uint32_t i = 0; i < rig->op->n_options; i++)
        if (strcmp(rig->op->options[i].name, name) == 0)
            return (char *)rig->config + rig->op->options[i].offset;
    CU_FAIL_FATAL("no such option");
    return NULL;
}

static const struct gyre_field fields[RIG_FIELDS] = {GYRE_FIELD(i32, "n", 0),
                                                     GYRE_FIELD(str, "s", GYRE_NULLABLE)};

void rig_init(struct rig *rig, const char *path, int format)
{
    char *file = build_path("plugins/file.so");
    memset(rig, 0, sizeof *rig);
    rig->plugin = dlopen(file, RTLD_NOW);
    free(file);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig->plugin);
    const struct gyre_plugin *plugin = dlsym(rig->plugin, GYRE_SYMBOL);
    rig->op = plugin->items[0].what;
    CU_ASSERT_STRING_EQUAL_FATAL(rig->op->name, "read");
    rig->config = calloc(1, rig->op->config_size);
    *(const char **)rig_option(rig, "path") = path;
    *(int32_t *)rig_option(rig, "format") = format;
    *(int64_t *)rig_option(rig, "row_max") = 4096;
    if (format != LINES)
        *(struct gyre_schema *)rig_option(rig, "schema") =
            (struct gyre_schema){sizeof(struct gyre_schema), RIG_FIELDS, fields};
    rig->data[0] = calloc(RIG_ROWS, 16);
    rig->data[1] = calloc(RIG_ROWS, 16);
    rig->valid[1] = calloc(RIG_ROWS, 1);
    rig->now_us = 1;
    rig_say(rig, "", 0);
    append(&rig->said, &rig->said_size, &rig->said_length, "", 0);
}

void rig_open(struct rig *rig)
{
    rig->outputs[0] = &rig->out;
    rig->out = (struct gyre_out){.size = sizeof rig->out,
                                 .capacity = RIG_ROWS,
                                 .n_columns = RIG_FIELDS,
                                 .data = rig->data,
                                 .valid = rig->valid,
                                 .full = out_full,
                                 .grow = out_grow,
                                 .host = rig};
    rig->error.size = sizeof rig->error;
    rig->ctx = (struct gyre_ctx){.size = sizeof rig->ctx,
                                 .tasks = 1,
                                 .n_outputs = 1,
                                 .host = &host,
                                 .config = rig->config,
                                 .outputs = rig->outputs,
                                 .error = &rig->error};
    rig->self = calloc(1, rig->op->instance_size);
    CU_ASSERT_EQUAL_FATAL(rig->op->open(rig->self, &rig->ctx), 0);
}

void rig_close(struct rig *rig)
{
    rig->op->close(rig->self, &rig->ctx);
    free(rig->self);
    for (uint32_t i = 0; i < rig->n_arenas; i++)
        free(rig->arenas[i]);
    rig->n_arenas = 0;
}

void rig_fini(struct rig *rig)
{
    free(rig->config);
    free(rig->data[0]);
    free(rig->data[1]);
    free(rig->valid[1]);
    free(rig->log);
    free(rig->said);
    dlclose(rig->plugin);
}

static int32_t add_split(struct gyre_splits *splits, const void *bytes, size_t n)
{
    struct gyre_reader *position = splits->host;
    struct rig *rig = (struct rig *)((char *)splits->error - offsetof(struct rig, error));
    return rig->op->add_split(rig->self, &rig->ctx, 0, bytes, n, position);
}

void rig_add_file(struct rig *rig, struct gyre_reader *position)
{
    struct gyre_splits splits = {.size = sizeof splits,
                                 .tasks = 1,
                                 .add = add_split,
                                 .error = &rig->error,
                                 .host = position};
    CU_ASSERT_EQUAL_FATAL(rig->op->discover(rig->config, &splits), 0);
}

struct gyre_poll rig_poll(struct rig *rig, uint32_t budget)
{
    struct gyre_poll poll = {.size = sizeof poll, .budget = budget, .wake_us = INT64_MAX, .fd = -1};
    int32_t code = rig->op->poll(rig->self, &rig->ctx, &poll);
    if (code != 0)
        fprintf(stderr, "%s\n", rig->error.text);
    CU_ASSERT_EQUAL_FATAL(code, 0);
    rig_take_rows(rig);
    return poll;
}
