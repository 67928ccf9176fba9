/* plugins/file/write.c: the sink file.write: its options, and the way of rows to files. See sink.h. */
#include "write.h"
#include "csv_write.h"
#include "json_write.h"
#include "paths.h"
#include "write_state.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- binding ----------------------------------------------------------------------------------- */

/* What is for part files alone. */
static int32_t check_parts(const struct write_config *c, struct gyre_bind *bind)
{
    const char *option = c->rotate_size != 0   ? "rotate_size"
                         : c->rotate_time != 0 ? "rotate_time"
                                               : NULL;
    if (option != NULL && c->target != TO_FOLDER && c->target != TO_FOLDERS)
        return gyre_bind_fail(bind, GYRE_EINVAL, option,
                              "part files are rotated: end the path with /");
    if (c->path_fields == FIELDS_DROP && c->target != TO_FOLDERS)
        return gyre_bind_fail(bind, GYRE_EINVAL, "path_fields", "the path names no {field}");
    return GYRE_OK;
}

static int32_t bind_folder(struct write_config *c, struct gyre_bind *bind)
{
    int32_t code = folders_bind(&c->folders, c->path, bind);
    if (code != GYRE_OK)
        return code;
    c->target = c->folders.n_pieces != 0 ? TO_FOLDERS : TO_FOLDER;
    char *base = bind->alloc(bind, c->folders.base + 3);
    if (base == NULL)
        return gyre_bind_fail(bind, GYRE_ENOMEM, NULL, "no memory");
    snprintf(base, c->folders.base + 3, "%.*s", c->folders.base != 0 ? (int)c->folders.base : 2,
             c->folders.base != 0 ? c->path : "./");
    c->base = base;
    return GYRE_OK;
}

static int32_t bind_file(struct write_config *c, struct gyre_bind *bind)
{
    struct stat st;
    c->target = TO_FILE;
    if (strchr(c->path, '{') != NULL)
        return gyre_bind_fail(bind, GYRE_EINVAL, "path",
                              "%s: a path with a {field} ends in /: each value has a folder of "
                              "part files",
                              c->path);
    if (stat(c->path, &st) == 0 && S_ISDIR(st.st_mode))
        return gyre_bind_fail(bind, GYRE_EINVAL, "path",
                              "%s is a folder: end its name with / for part files", c->path);
    if (stat(c->path, &st) == 0 && !S_ISREG(st.st_mode))
        bind->set_flags(bind, GYRE_AT_LEAST_ONCE); /* a pipe cannot be cut back */
    return bind->single(bind, "one file is written by one task; a path that ends in / takes more");
}

static int32_t bind_target(struct write_config *c, struct gyre_bind *bind)
{
    size_t length = strlen(c->path);
    int is_folder = length != 0 && c->path[length - 1] == '/';
    c->base = c->path;
    c->snapshots = bind->snapshots != 0;
    c->codec = c->compression != CODEC_AUTO ? c->compression
               : is_folder                  ? CODEC_NONE
                                            : codec_of_path(c->path);
    if (codec_lacks(c->codec) != NULL)
        return gyre_bind_fail(bind, GYRE_ENOTSUP, "compression", "%s", codec_lacks(c->codec));
    if (path_is_standard(c->path)) {
        c->target = TO_STDOUT;
        int32_t code = bind->set_flags(bind, GYRE_AT_LEAST_ONCE);
        return code == GYRE_OK ? bind->single(bind, "standard output cannot be divided") : code;
    }
    if (length == 0 || length > PART_PATH_MAX - PART_NAME_MAX)
        return gyre_bind_fail(bind, GYRE_EINVAL, "path", "a path of %zu bytes", length);
    return is_folder ? bind_folder(c, bind) : bind_file(c, bind);
}

/* Notes a field that is written. */
static int32_t add_field(struct write_config *c, struct gyre_bind *bind, uint32_t column)
{
    const struct gyre_field *field = gyre_schema_field(bind->inputs[0], column);
    uint32_t i = c->n_fields++;
    size_t size = strlen(field->name) + 1;
    size_t label_size = json_write_label(NULL, field->name, i == 0) + 1;
    char *name = bind->alloc(bind, size), *label = bind->alloc(bind, label_size);
    if (name == NULL || label == NULL)
        return gyre_bind_fail(bind, GYRE_ENOMEM, NULL, "no memory");
    memcpy(name, field->name, size);
    json_write_label(label, field->name, i == 0);
    c->names[i] = name;
    c->labels[i] = label;
    c->types[i] = field->type;
    c->fields[i] = column;
    return GYRE_OK;
}

static int32_t bind_fields(struct write_config *c, struct gyre_bind *bind)
{
    uint32_t n = bind->inputs[0]->n_fields;
    int32_t code = GYRE_OK;
    c->n_fields = 0;
    c->fields = bind->alloc(bind, n * sizeof *c->fields);
    c->types = bind->alloc(bind, n * sizeof *c->types);
    c->names = bind->alloc(bind, n * sizeof *c->names);
    c->labels = bind->alloc(bind, n * sizeof *c->labels);
    if (c->fields == NULL || c->types == NULL || c->names == NULL || c->labels == NULL)
        return gyre_bind_fail(bind, GYRE_ENOMEM, NULL, "no memory");
    for (uint32_t i = 0; i < n && code == GYRE_OK; i++)
        if (c->path_fields == FIELDS_KEEP || !folders_have(&c->folders, i))
            code = add_field(c, bind, i);
    if (code == GYRE_OK && c->n_fields == 0 && n != 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, "path_fields",
                              "the path names all fields there are: nothing is left for the rows");
    return code;
}

static int32_t write_bind(void *config, struct gyre_bind *bind)
{
    struct write_config *c = config;
    if (c->format == WRITE_JSON && c->header)
        return gyre_bind_fail(bind, GYRE_EINVAL, "header", "a header is for format \"csv\"");
    if (csv_style_bind(CSV_STYLE_OF(c), c->format == WRITE_CSV, 0, bind) != GYRE_OK)
        return GYRE_EINVAL;
    int32_t code = bind_target(c, bind);
    if (code == GYRE_OK)
        code = check_parts(c, bind);
    return code == GYRE_OK ? bind_fields(c, bind) : code;
}

/* ---- opening ----------------------------------------------------------------------------------- */

static void open_shelf(struct sink *s, const struct gyre_ctx *ctx)
{
    const struct write_config *c = s->config;
    s->shelf = (struct shelf){
        .base = c->base,
        .base_length = strlen(c->base),
        .pack = c->codec != CODEC_NONE ? &s->pack : NULL,
        .codec = c->codec,
        .open_max = (int32_t)c->open_max,
        .writes_back = c->snapshots,
        .goes_on = c->snapshots && (c->rotate_size != 0 || c->rotate_time != 0),
        .size_max = c->rotate_size,
        .age_max_us = c->rotate_time,
        .task = ctx->task,
    };
}

static int32_t write_open(void *self, struct gyre_ctx *ctx)
{
    struct sink *s = self;
    const char *why;
    s->config = ctx->config;
    const struct write_config *c = s->config;
    csv_style_parse(CSV_STYLE_OF(c), 0, &s->style, &why); /* write_bind found it right */
    struct pack *pack = c->codec != CODEC_NONE ? &s->pack : NULL;
    if (pack != NULL && pack_init(pack, ctx, c->codec) != GYRE_OK)
        return ctx->error->code;
    s->columns = gyre_alloc(ctx, NULL, (c->n_fields + 1) * sizeof *s->columns);
    if (s->columns == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for %u columns", (unsigned)c->n_fields);
    if (sink_has_parts(s)) {
        open_shelf(s, ctx);
        return parts_make_folder(ctx, c->base, &s->shelf.is_base_new);
    }
    if (output_init(&s->output, ctx, pack) != GYRE_OK)
        return ctx->error->code;
    s->output.writes_back = c->snapshots;
    return output_open(&s->output, ctx, c->path, 0);
}

/* ---- writing ----------------------------------------------------------------------------------- */

/* Writes the kept rows of a batch: the fields that are written. */
static void put_rows(struct sink *s, struct output *o, const struct gyre_batch *in)
{
    const struct write_config *c = s->config;
    struct gyre_batch rows = *in;
    if (c->path_fields == FIELDS_DROP) {
        for (uint32_t i = 0; i < c->n_fields; i++)
            s->columns[i] = in->columns[c->fields[i]];
        rows.columns = s->columns;
    }
    if (c->format == WRITE_JSON)
        json_write_rows(o, &s->style.times, &rows, c->n_fields, c->types, c->labels);
    else
        csv_write_rows(o, &s->style, &rows, c->n_fields, c->types);
}

static int32_t put_into(struct sink *s, struct gyre_ctx *ctx, struct shelf_folder *folder,
                        const struct gyre_batch *in)
{
    int is_new;
    struct output *o = shelf_open(&s->shelf, ctx, folder, &is_new);
    if (o == NULL)
        return ctx->error->code;
    if (is_new)
        sink_put_header(s, o);
    put_rows(s, o, in);
    return shelf_wrote(&s->shelf, ctx, folder);
}

static int32_t make_room(struct sink *s, struct gyre_ctx *ctx, uint32_t rows)
{
    if (rows <= s->rows_capacity)
        return GYRE_OK;
    uint32_t *next = gyre_alloc(ctx, s->next, rows * sizeof *next);
    if (next != NULL)
        s->next = next;
    uint32_t *selection = gyre_alloc(ctx, s->selection, rows * sizeof *selection);
    if (selection != NULL)
        s->selection = selection;
    if (next == NULL || selection == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for %u rows", (unsigned)rows);
    s->rows_capacity = rows;
    return GYRE_OK;
}

/* Puts a row behind those of its folder; the folders of the batch stand in a list. */
static void note_row(struct sink *s, struct shelf_folder *folder, uint32_t row,
                     struct shelf_folder ***end)
{
    if (folder->batch == s->batch) {
        s->next[folder->last] = row;
    } else {
        folder->batch = s->batch;
        folder->first = row;
        folder->next = NULL;
        **end = folder;
        *end = &folder->next;
    }
    folder->last = row;
}

/* Looks at which folder each row goes to; *first: the list of them. */
static int32_t deal_rows(struct sink *s, struct gyre_ctx *ctx, const struct gyre_batch *in,
                         struct shelf_folder **first)
{
    char name[PART_PATH_MAX], before[PART_PATH_MAX];
    struct shelf_folder *folder = NULL, **end = first;
    int32_t n, length = -1;
    const char *wrong = NULL;
    s->batch++;
    GYRE_ROWS(in, row)
    {
        n = folders_of_row(&s->config->folders, &s->style.times, in, row, name, &wrong);
        if (n < 0) {
            gyre_bad_row(ctx, in, row, "field `%s` is too long for the name of a folder", wrong);
        } else {
            if (n != length || memcmp(name, before, (size_t)n) != 0) {
                folder = shelf_find(&s->shelf, ctx, name, (size_t)n);
                if (folder == NULL)
                    return ctx->error->code;
                memcpy(before, name, (size_t)n);
                length = n;
            }
            note_row(s, folder, row, &end);
        }
    }
    return GYRE_OK;
}

static int32_t put_by_value(struct sink *s, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct shelf_folder *folder = NULL;
    int32_t code = make_room(s, ctx, in->rows);
    if (code == GYRE_OK)
        code = deal_rows(s, ctx, in, &folder);
    for (; folder != NULL && code == GYRE_OK; folder = folder->next) {
        struct gyre_batch rows = *in;
        uint32_t row = folder->first;
        rows.kept = 0;
        rows.selection = s->selection;
        for (;; row = s->next[row]) {
            s->selection[rows.kept++] = row;
            if (row == folder->last)
                break;
        }
        code = put_into(s, ctx, folder, &rows);
    }
    return code;
}

static int32_t write_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct sink *s = self;
    int32_t code = sink_start(s, ctx);
    if (code != GYRE_OK || in->kept == 0)
        return code; /* no row, no part */
    if (s->config->target == TO_FOLDERS)
        return put_by_value(s, ctx, in);
    if (s->config->target == TO_FOLDER) {
        struct shelf_folder *folder = shelf_find(&s->shelf, ctx, "", 0);
        return folder != NULL ? put_into(s, ctx, folder, in) : ctx->error->code;
    }
    put_rows(s, &s->output, in);
    return s->output.error != 0 ? output_flush(&s->output, ctx) : GYRE_OK;
}

/* What is compressed waits for a frame's worth, or for the snapshot: a frame of a few rows is larger than
 * they are. Who reads from a pipe is waited for. */
static int32_t write_flush(void *self, struct gyre_ctx *ctx)
{
    struct sink *s = self;
    int waits = s->config->codec != CODEC_NONE && s->config->target != TO_STDOUT;
    int32_t code = sink_start(s, ctx);
    if (code == GYRE_OK && sink_has_parts(s))
        code = shelf_end(&s->shelf, ctx, 0);
    if (code != GYRE_OK || waits)
        return code;
    return sink_has_parts(s) ? shelf_flush(&s->shelf, ctx) : output_flush(&s->output, ctx);
}

/* ---- closing ----------------------------------------------------------------------------------- */

/* Removes what open has made where nothing came of it: a run that was refused as it was gone, or for
 * another reason, is followed by one that has to find it gone. */
static void undo_open(const struct sink *s)
{
    if (s->config == NULL || s->is_started)
        return;
    if (s->shelf.is_base_new)
        rmdir(s->config->base);
    if (s->config->target == TO_FILE && s->output.is_new)
        unlink(s->config->path);
}

static void write_close(void *self, struct gyre_ctx *ctx)
{
    struct sink *s = self;
    void *const arrays[] = {s->known, s->next, s->selection, s->columns};
    undo_open(s);
    output_fini(&s->output, ctx);
    shelf_fini(&s->shelf, ctx);
    pack_fini(&s->pack, ctx);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (arrays[i] != NULL)
            gyre_alloc(ctx, arrays[i], 0);
    s->known = NULL;
    s->next = s->selection = NULL;
    s->columns = NULL;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct write_config, path, PATH, NULL, GYRE_REQUIRED | GYRE_WRITES,
             "a file, a folder for part files (ends in /; {field}: one per value), or -"),
    GYRE_OPT_CHOICE(struct write_config, format, "csv", "csv|json", "how a row is written"),
    GYRE_OPT(struct write_config, header, BOOL, "false", 0,
             "csv: each file begins with the names of the fields"),
    CSV_STYLE_OPTIONS(struct write_config),
    GYRE_OPT_CHOICE(struct write_config, compression, "auto", CODEC_CHOICES,
                    "how files are compressed; auto: the ending of path says it, .gz or .zst"),
    GYRE_OPT_CHOICE(struct write_config, path_fields, "keep", "keep|drop",
                    "whether rows have the fields that path names as well"),
    GYRE_OPT_RANGE(struct write_config, rotate_size, SIZE, "0B", 0, INT64_MAX, NULL,
                   "part files: about how large one becomes before the next begins; 0B: any"),
    GYRE_OPT_RANGE(struct write_config, rotate_time, DURATION, "0s", 0, INT64_MAX, NULL,
                   "part files: for how long rows come into one before it is shown; 0s: any"),
    GYRE_OPT_RANGE(struct write_config, open_max, INT, "100", 1, 65536, NULL,
                   "part files: how many a task has open, of those that are being written"),
};

static const struct gyre_port input = GYRE_PORT("in", GYRE_PORT_ALL, NULL, 0, "rows of any fields");

const struct gyre_operator gyre_op_write = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SINK,
    .name = "write",
    .doc = "Writes rows to a file, to part files in a folder, or to standard output.",
    .flags = GYRE_MASK_AWARE,
    .config_size = sizeof(struct write_config),
    .instance_size = sizeof(struct sink),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .items = GYRE_ITEMS_UNION,
    .items_version = 2,
    .needs = GYRE_FEATURE_TWO_PHASE,
    .bind = write_bind,
    .open = write_open,
    .close = write_close,
    .process = write_process,
    .flush = write_flush,
    .save_items = write_save,
    .restore_item = write_restore,
    .prepare = write_prepare,
    .commit = write_commit,
    .abort = write_abort,
};
