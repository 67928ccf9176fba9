/* plugins/file/write.c: the sink file.write.
 *
 * | path      | is              | exactly once by                                                |
 * |-----------|-----------------|----------------------------------------------------------------|
 * | -         | standard output | (at least once)                                                |
 * | a name    | one file        | cutting it back to its length in the snapshot                  |
 * | ends in / | a folder        | parts written unseen, synced by prepare, renamed by commit     |
 *
 * Whether a run restores is known when the first item has come, which is after open. So what empties
 * the file or the folder is done by `start`, which every later callback but commit calls first. A
 * run that restores does not empty, but undoes what is younger than its snapshot, which need not be
 * the last: the file is cut back, parts the snapshot knows nothing of are removed, seen or not.
 *
 * An item of state (all tasks get all of them):
 *
 *   u32 task, u64 number of its next part, u64 length of the file, and from version 1 on
 *   u64 mark of the file there (mark.h; 0: none), u32 what it is (TO_...), u64 inode of the folder,
 *   u32 and bytes of the path
 *
 * There is one for each task that ever wrote, also where there are fewer tasks by now: task t of n
 * keeps those of t, t + n, ... So no part is forgotten, and no name used twice.
 *
 * A transaction: u32 1 where there is a part, then u32 its task, u64 its number. A part that a
 * snapshot has pending is below its next numbers, and stays, whether it has been committed or not. */
#include "write.h"
#include "csv_write.h"
#include "json_write.h"
#include "parts.h"
#include "paths.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE_CSV, WRITE_JSON };
enum { TO_STDOUT, TO_FILE, TO_FOLDER, TARGETS }; /* they stand in snapshots */

static const char *const targets[TARGETS] = {"standard output", "one file", "a folder of parts"};

struct write_config {
    const char *path;
    int32_t format;
    int32_t header;
    const char *delimiter;
    const char *quote;
    const char *time_format;
    /* made by bind */
    int32_t target;
    int32_t snapshots;
    uint32_t n_fields;
    uint32_t *types;
    const char **names;
    const char **labels; /* in json */
};

struct sink {
    const struct write_config *config;
    struct csv_style style;
    struct output output;
    struct part part;   /* the one being written, or the next */
    struct part *known; /* the next parts of all tasks in the snapshot */
    uint32_t n_known;
    uint32_t capacity;
    uint64_t length; /* of the file in the snapshot */
    uint64_t mark;   /* there, by output_mark */
    int is_restored;
    int is_other; /* the snapshot has another path, and there another folder */
    int is_started;
    int is_new;               /* the folder was made, and that is not on the disk yet */
    char path[PART_PATH_MAX]; /* of the part */
};

/* ---- binding ----------------------------------------------------------------------------------- */

static int32_t bind_target(struct write_config *c, struct gyre_bind *bind)
{
    struct stat st;
    size_t length = strlen(c->path);
    if (path_is_standard(c->path)) {
        c->target = TO_STDOUT;
        int32_t code = bind->set_flags(bind, GYRE_AT_LEAST_ONCE);
        return code == GYRE_OK ? bind->single(bind, "standard output cannot be divided") : code;
    }
    if (length == 0 || length > PART_PATH_MAX - 64)
        return gyre_bind_fail(bind, GYRE_EINVAL, "path", "a path of %zu bytes", length);
    if (c->path[length - 1] == '/') {
        c->target = TO_FOLDER;
        return GYRE_OK;
    }
    c->target = TO_FILE;
    if (stat(c->path, &st) == 0 && S_ISDIR(st.st_mode))
        return gyre_bind_fail(bind, GYRE_EINVAL, "path",
                              "%s is a folder: end its name with / for part files", c->path);
    if (stat(c->path, &st) == 0 && !S_ISREG(st.st_mode))
        bind->set_flags(bind, GYRE_AT_LEAST_ONCE); /* a pipe cannot be cut back */
    return bind->single(bind, "one file is written by one task; a path that ends in / takes more");
}

static int32_t write_bind(void *config, struct gyre_bind *bind)
{
    struct write_config *c = config;
    const struct gyre_schema *schema = bind->inputs[0];
    if (c->format == WRITE_JSON && c->header)
        return gyre_bind_fail(bind, GYRE_EINVAL, "header", "a header is for format \"csv\"");
    if (csv_style_bind(CSV_STYLE_OF(c), c->format == WRITE_CSV, 0, bind) != GYRE_OK)
        return GYRE_EINVAL;
    c->snapshots = bind->snapshots != 0;
    c->n_fields = schema->n_fields;
    c->types = bind->alloc(bind, c->n_fields * sizeof *c->types);
    c->names = bind->alloc(bind, c->n_fields * sizeof *c->names);
    c->labels = bind->alloc(bind, c->n_fields * sizeof *c->labels);
    if (c->types == NULL || c->names == NULL || c->labels == NULL)
        return gyre_bind_fail(bind, GYRE_ENOMEM, NULL, "no memory");
    for (uint32_t i = 0; i < c->n_fields; i++) {
        const struct gyre_field *field = gyre_schema_field(schema, i);
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
    }
    return bind_target(c, bind);
}

/* ---- writing ----------------------------------------------------------------------------------- */

static int32_t write_open(void *self, struct gyre_ctx *ctx)
{
    struct sink *s = self;
    const char *why;
    s->config = ctx->config;
    csv_style_parse(CSV_STYLE_OF(s->config), 0, &s->style, &why); /* write_bind found it right */
    s->part.task = ctx->task;
    if (output_init(&s->output, ctx) != GYRE_OK)
        return ctx->error->code;
    s->output.writes_back = s->config->snapshots;
    if (s->config->target == TO_FOLDER)
        return parts_make_folder(ctx, s->config->path, &s->is_new);
    return output_open(&s->output, ctx, s->config->path, 0);
}

static void put_header(struct sink *s)
{
    if (s->config->header)
        csv_write_header(&s->output, &s->style, s->config->n_fields, s->config->names);
}

/* The next part of a task in the snapshot; NULL where it wrote none. */
static struct part *known_part(struct sink *s, uint32_t task)
{
    for (uint32_t i = 0; i < s->n_known; i++)
        if (s->known[i].task == task)
            return &s->known[i];
    return NULL;
}

/* Empties what a run that does not restore begins with; goes on where one that restores left off. */
static int32_t start(struct sink *s, struct gyre_ctx *ctx)
{
    if (s->is_started)
        return GYRE_OK;
    int32_t code = GYRE_OK;
    if (s->config->target == TO_FOLDER && s->is_restored)
        code = parts_remove_beyond(ctx, s->config->path, s->known, s->n_known);
    else if (s->config->target == TO_FOLDER)
        code = parts_remove(ctx, s->config->path);
    else if (s->config->target == TO_FILE)
        code = output_cut(&s->output, ctx, s->length, s->mark);
    if (code != GYRE_OK)
        return code;
    s->is_started = 1;
    if (s->config->target != TO_FOLDER && !s->is_restored)
        put_header(s);
    return GYRE_OK;
}

static int32_t write_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct sink *s = self;
    int32_t code = start(s, ctx);
    if (code == GYRE_OK && in->kept == 0)
        return GYRE_OK; /* no row, no part */
    if (code == GYRE_OK && !s->output.is_open) {
        part_path(s->path, s->config->path, s->part, 0);
        code = output_open(&s->output, ctx, s->path, O_TRUNC);
        s->output.is_new = 0; /* parts_sync sees to its name */
        if (code == GYRE_OK)
            put_header(s);
    }
    if (code != GYRE_OK)
        return code;
    if (s->config->format == WRITE_JSON)
        json_write_rows(&s->output, &s->style.times, in, s->config->n_fields, s->config->types,
                        s->config->labels);
    else
        csv_write_rows(&s->output, &s->style, in, s->config->n_fields, s->config->types);
    return s->output.error != 0 ? output_flush(&s->output, ctx) : GYRE_OK;
}

static int32_t write_flush(void *self, struct gyre_ctx *ctx)
{
    struct sink *s = self;
    int32_t code = start(s, ctx);
    return code == GYRE_OK && s->output.is_open ? output_flush(&s->output, ctx) : code;
}

/* Removes what open has made where nothing came of it: a run that was refused as it was gone, or for
 * another reason, is followed by one that has to find it gone. */
static void undo_open(const struct sink *s)
{
    if (s->config == NULL || s->is_started)
        return;
    if (s->is_new)
        rmdir(s->config->path);
    if (s->config->target == TO_FILE && s->output.is_new)
        unlink(s->config->path);
}

static void write_close(void *self, struct gyre_ctx *ctx)
{
    struct sink *s = self;
    int is_left = s->config != NULL && s->config->target == TO_FOLDER && s->output.is_open;
    undo_open(s);
    output_fini(&s->output, ctx);
    if (is_left) /* a part that no transaction took */
        part_drop(ctx, s->config->path, s->part);
    if (s->known != NULL)
        gyre_alloc(ctx, s->known, 0);
    s->known = NULL;
}

/* ---- snapshots --------------------------------------------------------------------------------- */

static uint64_t inode_of(const struct sink *s)
{
    struct stat st;
    return stat(s->config->path, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

static void save_item(const struct sink *s, struct gyre_writer *writer, struct part next)
{
    const struct write_config *c = s->config;
    uint32_t length = (uint32_t)strlen(c->path);
    uint64_t at = s->output.length;
    gyre_write_u32(writer, next.task);
    gyre_write_u64(writer, next.number);
    gyre_write_u64(writer, at);
    gyre_write_u64(writer, c->target == TO_FILE ? output_mark(&s->output, at) : 0);
    gyre_write_u32(writer, (uint32_t)c->target);
    gyre_write_u64(writer, c->target == TO_FOLDER ? inode_of(s) : 0);
    gyre_write_u32(writer, length);
    gyre_write(writer, c->path, length);
}

static int32_t write_save(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                          void (*next_item)(struct gyre_writer *writer))
{
    struct sink *s = self;
    int32_t code = write_flush(s, ctx);
    if (code != GYRE_OK)
        return code;
    int is_taken = s->config->target == TO_FOLDER && s->output.is_open; /* prepare is to come */
    save_item(s, writer, (struct part){ctx->task, s->part.number + (uint64_t)is_taken});
    next_item(writer);
    for (uint32_t i = 0; i < s->n_known; i++) {
        struct part part = s->known[i];
        if (part.task == ctx->task || part.task % ctx->tasks != ctx->task)
            continue;
        save_item(s, writer, part);
        next_item(writer);
    }
    return writer->error;
}

static int32_t add_known(struct sink *s, struct gyre_ctx *ctx, struct part part)
{
    struct part *known = known_part(s, part.task);
    if (known != NULL) {
        known->number = part.number > known->number ? part.number : known->number;
        return GYRE_OK;
    }
    if (s->n_known == s->capacity) {
        uint32_t capacity = 2 * s->capacity + 8;
        struct part *more = gyre_alloc(ctx, s->known, capacity * sizeof *more);
        if (more == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory for the parts of %u tasks",
                             (unsigned)capacity);
        s->known = more;
        s->capacity = capacity;
    }
    s->known[s->n_known++] = part;
    return GYRE_OK;
}

/* Rows that are where `path` was when the snapshot was taken are not cut back or committed here. */
static int32_t check_target(struct sink *s, struct gyre_ctx *ctx, struct gyre_reader *reader)
{
    const char *path = s->config->path;
    uint32_t target = gyre_read_u32(reader);
    uint64_t inode = gyre_read_u64(reader);
    uint32_t length = gyre_read_u32(reader);
    const char *before = gyre_read(reader, length);
    if (before == NULL || target >= TARGETS)
        return gyre_fail(ctx, GYRE_ECORRUPT, "the state of file.write cannot be read");
    int is_renamed = strlen(path) != length || memcmp(path, before, length) != 0;
    s->is_other = is_renamed && inode != inode_of(s);
    if (target == (uint32_t)s->config->target)
        return GYRE_OK;
    return gyre_fail(
        ctx, GYRE_EFAIL,
        "`path` was %.*s in the snapshot, %s, and is %s, %s: put it back, or begin the "
        "output anew with --drop-state",
        (int)length, before, targets[target], path, targets[s->config->target]);
}

static int32_t write_restore(void *self, struct gyre_ctx *ctx, uint32_t version,
                             struct gyre_reader *reader)
{
    struct sink *s = self;
    struct part part;
    part.task = gyre_read_u32(reader);
    part.number = gyre_read_u64(reader);
    uint64_t length = gyre_read_u64(reader);
    uint64_t mark = version >= 1 ? gyre_read_u64(reader) : 0;
    if (version >= 1 && check_target(s, ctx, reader) != GYRE_OK)
        return ctx->error->code;
    if (reader->error != 0)
        return gyre_fail(ctx, GYRE_ECORRUPT, "the state of file.write cannot be read");
    if (s->is_new && part.number > 0)
        return gyre_fail(ctx, GYRE_EFAIL,
                         "the folder %s was not there; parts in it are of the snapshot: put it "
                         "back, or start without the snapshot",
                         s->config->path);
    s->is_restored = 1;
    if (length > s->length) { /* one file: one task that has it */
        s->length = length;
        s->mark = mark;
    }
    if (part.task == ctx->task)
        s->part.number = part.number;
    return add_known(s, ctx, part);
}

static int32_t write_prepare(void *self, struct gyre_ctx *ctx, const char *txn,
                             struct gyre_writer *writer)
{
    struct sink *s = self;
    (void)txn;
    int32_t code = start(s, ctx);
    if (code == GYRE_OK && s->output.is_open)
        code = output_sync(&s->output, ctx);
    if (code != GYRE_OK)
        return code;
    int has_part = s->config->target == TO_FOLDER && s->output.is_open;
    gyre_write_u32(writer, (uint32_t)has_part);
    if (has_part) {
        gyre_write_u32(writer, s->part.task);
        gyre_write_u64(writer, s->part.number++);
        output_close(&s->output);
        code = parts_sync(ctx, s->config->path, s->is_new); /* its name, too */
        s->is_new = s->is_new && code != GYRE_OK;
    }
    return code == GYRE_OK ? writer->error : code;
}

/* Reads the part of a transaction: 1, 0 where it has none, or a code. */
static int32_t read_part(struct gyre_ctx *ctx, struct gyre_reader *reader, struct part *part)
{
    uint32_t has_part = gyre_read_u32(reader);
    if (has_part) {
        part->task = gyre_read_u32(reader);
        part->number = gyre_read_u64(reader);
    }
    if (reader->error != 0)
        return gyre_fail(ctx, GYRE_ECORRUPT, "a transaction of file.write cannot be read");
    return has_part != 0;
}

/* A part that was on the disk and is not there now has been committed before a restore, and whoever
 * reads it has taken it away. It has not where this run has made it, or in another folder than that. */
static int32_t write_commit(void *self, struct gyre_ctx *ctx, const char *txn,
                            struct gyre_reader *reader)
{
    struct sink *s = self;
    struct part part;
    (void)txn;
    int32_t has_part = read_part(ctx, reader, &part);
    return has_part == 1 ? part_show(ctx, s->config->path, part, s->is_started || s->is_other)
                         : has_part;
}

static int32_t write_abort(void *self, struct gyre_ctx *ctx, const char *txn,
                           struct gyre_reader *reader)
{
    struct sink *s = self;
    struct part part;
    (void)txn;
    int32_t has_part = read_part(ctx, reader, &part);
    return has_part == 1 ? part_drop(ctx, s->config->path, part) : has_part;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct write_config, path, PATH, NULL, GYRE_REQUIRED | GYRE_WRITES,
             "a file, a folder for part files (ends in /), or - for standard output"),
    GYRE_OPT_CHOICE(struct write_config, format, "csv", "csv|json", "how a row is written"),
    GYRE_OPT(struct write_config, header, BOOL, "false", 0,
             "csv: each file begins with the names of the fields"),
    CSV_STYLE_OPTIONS(struct write_config),
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
    .items_version = 1,
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
