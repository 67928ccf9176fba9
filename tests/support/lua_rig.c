/* See lua_rig.h. */
#include "lua_rig.h"

#include "files.h"

#include <dlfcn.h>
#include <stdlib.h>

static void *take_memory(struct lua_rig *rig, size_t size)
{
    if (rig->n_memory % 1024 == 0)
        rig->memory = realloc(rig->memory, (rig->n_memory + 1024) * sizeof(void *));
    return rig->memory[rig->n_memory++] = calloc(1, size + 1);
}

static void free_memory(struct lua_rig *rig)
{
    while (rig->n_memory > 0)
        free(rig->memory[--rig->n_memory]);
    free(rig->memory);
    rig->memory = NULL;
}

/* ---- bind ---- */

static int32_t do_read(struct gyre_bind *bind, uint32_t port, const char *name, const char *option)
{
    struct lua_rig *rig = bind->host;
    uint32_t field = (uint32_t)gyre_schema_find(rig->in, name), i = 0;
    (void)port, (void)option;
    while (i < rig->n_reads && rig->reads[i] != field)
        i++;
    rig->reads[i] = field;
    rig->n_reads += i == rig->n_reads;
    return (int32_t)i;
}

static int32_t do_write(struct gyre_bind *bind, uint32_t port, uint32_t type, const char *name,
                        uint32_t flags)
{
    struct lua_rig *rig = bind->host;
    uint32_t k = rig->out.n_columns++;
    (void)port;
    rig->fields[k] = (struct gyre_field){sizeof rig->fields[k], type, name, flags, 0};
    rig->data[k] = take_memory(rig, (size_t)GYRE_BATCH_ROWS * 16);
    rig->valid[k] = flags != 0 ? take_memory(rig, GYRE_BATCH_ROWS) : NULL;
    return (int32_t)k;
}

static int32_t do_pass(struct gyre_bind *bind, uint32_t port, const char *name, const char *as,
                       const char *option)
{
    struct lua_rig *rig = bind->host;
    (void)port, (void)as, (void)option;
    snprintf(rig->told, sizeof rig->told, "passed %s", name);
    return 0;
}

static int32_t do_pass_all(struct gyre_bind *bind, uint32_t port)
{
    (void)bind, (void)port;
    return 0;
}

static int32_t do_fail(struct gyre_bind *bind, int32_t code, const char *option, const char *text)
{
    struct lua_rig *rig = bind->host;
    (void)option;
    snprintf(rig->told, sizeof rig->told, "%s", text);
    return code;
}

static int32_t do_fail_at(struct gyre_bind *bind, int32_t code, const struct gyre_place *place,
                          const char *text)
{
    (void)place;
    return do_fail(bind, code, NULL, text);
}

static void do_place(struct gyre_bind *bind, const char *option, uint32_t line,
                     struct gyre_place *place)
{
    (void)bind, (void)option;
    place->file = "job";
    place->line = LUA_RIG_FILE_LINE - 1 + (line != 0 ? line : 1);
}

static void *do_alloc(struct gyre_bind *bind, size_t size)
{
    return take_memory(bind->host, size);
}

/* ---- the host ---- */

static void *host_alloc(struct gyre_ctx *ctx, void *old, size_t size)
{
    (void)ctx;
    if (size != 0)
        return old == NULL ? calloc(1, size) : realloc(old, size);
    free(old);
    return NULL;
}

static struct lua_rig *rig_of(struct gyre_ctx *ctx)
{
    return (struct lua_rig *)(void *)((char *)ctx - offsetof(struct lua_rig, ctx));
}

static void host_bad_row(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                         const char *text)
{
    struct lua_rig *rig = rig_of(ctx);
    struct lua_rig_bad *bad = &rig->bad[rig->n_bad++ % LUA_RIG_BAD];
    (void)in;
    bad->row = row;
    snprintf(bad->text, sizeof bad->text, "%s", text);
}

static const struct gyre_host host = {
    .size = sizeof host, .alloc = host_alloc, .bad_row = host_bad_row};

static char *grow(struct gyre_out *out, uint32_t len)
{
    struct lua_rig *rig = out->host;
    size_t size = len > 1 << 16 ? len : 1 << 16;
    out->text = take_memory(rig, size);
    out->text_end = out->text + size;
    return out->text;
}

static void adopt(struct gyre_out *out, uint32_t column, const struct gyre_batch *in,
                  uint32_t in_column)
{
    (void)out, (void)column, (void)in, (void)in_column;
}

/* ---- the rig ---- */

bool lua_rig_init(struct lua_rig *rig, const char *op, const struct gyre_schema *in)
{
    char *path = build_path("plugins/lua.so");
    *rig = (struct lua_rig){.in = in};
    rig->plugin = file_exists(path) ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    free(path);
    if (rig->plugin == NULL)
        return false;
    const struct gyre_plugin *plugin = dlsym(rig->plugin, GYRE_SYMBOL);
    for (uint32_t i = 0; i < plugin->n_items; i++) {
        const struct gyre_operator *is = plugin->items[i].what;
        if (plugin->items[i].kind == GYRE_ITEM_OPERATOR && strcmp(is->name, op) == 0)
            rig->op = is;
    }
    rig->bad = calloc(LUA_RIG_BAD, sizeof *rig->bad);
    return rig->op != NULL;
}

void lua_rig_fini(struct lua_rig *rig)
{
    free(rig->bad);
    if (rig->plugin != NULL)
        dlclose(rig->plugin);
}

static void *member(void *config, const struct gyre_option *options, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(gyre_option_at(options, i)->name, name) == 0)
            return (char *)config + gyre_option_at(options, i)->offset;
    return NULL;
}

static bool bind_and_open(struct lua_rig *rig)
{
    struct gyre_bind bind = {.size = sizeof bind,
                             .n_inputs = 1,
                             .inputs = &rig->in,
                             .read = do_read,
                             .write = do_write,
                             .pass = do_pass,
                             .pass_all = do_pass_all,
                             .fail = do_fail,
                             .fail_at = do_fail_at,
                             .place = do_place,
                             .alloc = do_alloc,
                             .host = rig};
    rig->outputs[0] = &rig->out;
    rig->error = (struct gyre_error){.size = sizeof rig->error};
    rig->ctx = (struct gyre_ctx){.size = sizeof rig->ctx,
                                 .tasks = 1,
                                 .n_outputs = 1,
                                 .host = &host,
                                 .config = rig->config,
                                 .outputs = rig->outputs,
                                 .error = &rig->error};
    if (rig->op->bind(rig->config, &bind) < 0)
        return false;
    rig->self = take_memory(rig, rig->op->instance_size);
    return rig->op->open(rig->self, &rig->ctx) == 0;
}

static void begin(struct lua_rig *rig)
{
    rig->told[0] = 0;
    rig->n_reads = rig->n_bad = 0;
    rig->self = NULL;
    rig->out = (struct gyre_out){.size = sizeof rig->out,
                                 .data = rig->data,
                                 .valid = rig->valid,
                                 .keep = rig->keep,
                                 .grow = grow,
                                 .adopt = adopt,
                                 .host = rig};
    rig->config = take_memory(rig, rig->op->config_size);
}

bool lua_rig_filter(struct lua_rig *rig, const char *where)
{
    begin(rig);
    *(const char **)member(rig->config, rig->op->options, rig->op->n_options, "where") = where;
    return bind_and_open(rig);
}

bool lua_rig_map(struct lua_rig *rig, const char *value, int32_t type)
{
    begin(rig);
    const struct gyre_option *set = rig->op->options;
    char *entry = take_memory(rig, set->stride);
    struct gyre_groups *groups = member(rig->config, set, 1, "set");
    *(const char **)member(entry, set->members, set->n_members, "name") = "out";
    *(const char **)member(entry, set->members, set->n_members, "value") = value;
    *(int32_t *)member(entry, set->members, set->n_members, "type") = type;
    *groups = (struct gyre_groups){1, set->stride, entry};
    return bind_and_open(rig);
}

int32_t lua_rig_run(struct lua_rig *rig, const struct gyre_column *columns, uint32_t rows,
                    const uint32_t *selection, uint32_t kept)
{
    struct gyre_column read[LUA_RIG_FIELDS];
    uint8_t keep[GYRE_BATCH_ROWS] = {0};
    for (uint32_t i = 0; i < rig->n_reads; i++)
        read[i] = columns[rig->reads[i]];
    for (uint32_t i = 0; selection != NULL && i < kept; i++)
        keep[selection[i]] = 1;
    struct gyre_batch in = {.size = sizeof in,
                            .rows = rows,
                            .kept = kept,
                            .columns = read,
                            .keep = selection != NULL ? keep : NULL,
                            .selection = selection,
                            .n_columns = rig->n_reads};
    rig->n_bad = 0;
    return rig->op->process(rig->self, &rig->ctx, &in);
}

void lua_rig_end(struct lua_rig *rig)
{
    if (rig->self != NULL)
        rig->op->close(rig->self, &rig->ctx);
    free_memory(rig);
}
