/* plugins/file/read.c: the source file.read: its options, ranges, positions, and its rate.
 *
 * Files of lines and of json are divided into ranges of RANGE bytes that tasks take in file order; a csv file,
 * a file read at a rate, a compressed one, and what is not a regular file are one range each.
 *
 * | bytes of a split | what            |   | position | what                           |
 * |------------------|-----------------|---|----------|--------------------------------|
 * | u64              | start           |   | u64      | offset                         |
 * | u64              | end             |   | u32      | what is skipped first: SKIP_...|
 * | u32              | number of splits|   | u64      | to where the file had been read|
 * | rest             | name            |   | u64      | hash of what precedes, 0: none |
 * |                  |                 |   | u32      | CODEC_..., AUTO: not opened    |
 * |                  |                 |   | u64, u64 | where its frame begins: in the |
 * |                  |                 |   |          | file, and in what it holds     |
 *
 * The offset is in what a compressed file holds: decompressing begins again with the frame before it.
 *
 * The name is the file's in the folder of `path`, so that a restore finds it from another working
 * directory, and where `path` says that its files have moved.
 *
 * With `follow` there is one split, whose name is the pattern itself: it has all files that the
 * pattern comes to mean, and its position is a list of them (known.h).
 *
 * A file that is not followed must not change while it is read, nor between a snapshot and its
 * restore: one that has become shorter, or holds something else before the position, is refused.
 *
 * A rate is shared by the tasks that have something to read: each keeps to its part. */
#include "read.h"
#include "csv_head.h"
#include "csv_read.h"
#include "csv_style.h"
#include "follow.h"
#include "json_read.h"
#include "lines.h"
#include "mark.h"
#include "paths.h"
#include <errno.h>
#include <sys/stat.h>

#define RANGE           (8u << 20)
#define SPLIT_HEAD      20u
#define PATH_LENGTH_MAX 4096u
#define POSITION        48u
#define READS_MAX       64u /* in one poll */

/* ---- binding ----------------------------------------------------------------------------------- */

static int32_t declare_lines(const struct read_config *c, struct gyre_bind *bind)
{
    if (c->schema.n_fields != 0 || c->header)
        return gyre_bind_fail(bind, GYRE_EINVAL, c->header ? "header" : "schema",
                              "format \"lines\" has one field, `line`: this is for \"csv\"");
    return bind->write(bind, 0, GYRE_TYPE_str, "line", 0) < 0 ? GYRE_EINVAL : GYRE_OK;
}

/* What there is of options that are for csv with a header alone. */
static int32_t check_types(const struct read_config *c, struct gyre_bind *bind)
{
    if (c->format == READ_JSON && c->header)
        return gyre_bind_fail(bind, GYRE_EINVAL, "header", "a header is for format \"csv\"");
    if (c->types == TYPES_INFER && (!c->header || c->schema.n_fields != 0))
        return gyre_bind_fail(bind, GYRE_EINVAL, "types",
                              "types = \"infer\" is for format \"csv\" with header = true, in "
                              "place of a `schema`");
    return GYRE_OK;
}

static int32_t declare_fields(struct read_config *c, struct gyre_bind *bind)
{
    int32_t code = csv_style_bind(CSV_STYLE_OF(c), c->format == READ_CSV, 1, bind);
    if (code == GYRE_OK)
        code = check_types(c, bind);
    if (code != GYRE_OK || c->format == READ_LINES)
        return code != GYRE_OK ? code : declare_lines(c, bind);
    if (c->schema.n_fields == 0 && c->header && csv_head_schema(c, bind) != GYRE_OK)
        return GYRE_EINVAL;
    if (c->schema.n_fields == 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, NULL,
                              "format \"%s\" needs a schema = ( {name=\"...\"; type=\"...\";} )%s",
                              c->format == READ_CSV ? "csv" : "json",
                              c->format == READ_CSV ? ", or header = true" : "");
    for (uint32_t i = 0; i < c->schema.n_fields; i++) {
        const struct gyre_field *field = gyre_schema_field(&c->schema, i);
        int32_t column = bind->write(bind, 0, field->type, field->name, field->flags);
        if (column < 0)
            return column;
    }
    return GYRE_OK;
}

/* Looks at a file that is there; its codec may be one that gyre was built without. */
struct first_look {
    const struct read_config *config;
    int is_stream;
    int32_t codec; /* of the last one */
    const char *lacks;
};

static int32_t look_at_file(void *user, const char *file, int64_t size)
{
    struct first_look *look = user;
    if (size < 0)
        look->is_stream = 1;
    look->codec = look->config->compression;
    if (look->codec == CODEC_AUTO && size > 0)
        look->codec = codec_of_file(file);
    if (look->lacks == NULL)
        look->lacks = codec_lacks(look->codec);
    return GYRE_OK;
}

/* True for what can be followed: it may come later, its folder too. */
static int is_followable(const struct read_config *c)
{
    struct stat st;
    return c->follow && !path_is_standard(c->path) &&
           (stat(c->path, &st) != 0 || S_ISREG(st.st_mode));
}

/* What cannot be read again could not be gone on with after a restart. */
static int32_t refuse_stream(const struct read_config *c, struct gyre_bind *bind)
{
    int is_standard = path_is_standard(c->path);
    return gyre_bind_fail(bind, GYRE_EINVAL, "path",
                          "%s%s cannot be read again after a restart, so no job with `snapshot` "
                          "reads it: put it into a file (which may grow, with follow = true), or "
                          "leave out `snapshot`",
                          is_standard ? "standard input" : c->path,
                          is_standard ? "" : ", which is no regular file,");
}

/* What follows does not belong together, whatever the files are. */
static int32_t check_follow(const struct read_config *c, struct gyre_bind *bind)
{
    if (!c->follow)
        return GYRE_OK;
    if (c->header)
        return gyre_bind_fail(bind, GYRE_EINVAL, "follow",
                              "a file with a header cannot be followed");
    if (path_is_standard(c->path))
        return gyre_bind_fail(bind, GYRE_EINVAL, "follow", "standard input needs no `follow`");
    if (c->compression == CODEC_GZIP || c->compression == CODEC_ZSTD)
        return gyre_bind_fail(bind, GYRE_EINVAL, "compression",
                              "a compressed file cannot be followed");
    if (c->compression == CODEC_AUTO && codec_of_file(c->path) != CODEC_NONE)
        return gyre_bind_fail(bind, GYRE_EINVAL, "follow",
                              "%s is compressed by %s, and cannot be followed", c->path,
                              codec_name(codec_of_file(c->path)));
    return bind->set_flags(bind, GYRE_UNBOUNDED);
}

/* Looks at the files, which have to be there. */
static int32_t check_files(const struct read_config *c, struct gyre_bind *bind)
{
    struct first_look look = {.config = c, .is_stream = path_is_standard(c->path)};
    char text[GYRE_ERROR_TEXT];
    if (!look.is_stream && paths_each(c->path, text, look_at_file, &look) != GYRE_OK)
        return gyre_bind_fail(bind, GYRE_EINVAL, "path", "%s", text);
    if (look.lacks != NULL)
        return gyre_bind_fail(bind, GYRE_ENOTSUP, "path", "%s: %s", c->path, look.lacks);
    if (look.is_stream && c->follow)
        return gyre_bind_fail(bind, GYRE_EINVAL, "follow", "only regular files can be followed");
    if (look.is_stream && bind->snapshots)
        return refuse_stream(c, bind);
    if (look.is_stream)
        return bind->set_flags(bind, GYRE_BLOCKING | GYRE_AT_MOST_ONCE);
    return c->header ? csv_head_check(c, bind) : GYRE_OK;
}

static int32_t read_bind(void *config, struct gyre_bind *bind)
{
    struct read_config *c = config;
    if (c->format == READ_JSON && json_lacks() != NULL)
        return gyre_bind_fail(bind, GYRE_ENOTSUP, "format", "%s", json_lacks());
    if (codec_lacks(c->compression) != NULL)
        return gyre_bind_fail(bind, GYRE_ENOTSUP, "compression", "%s", codec_lacks(c->compression));
    int32_t code = declare_fields(c, bind), follows = check_follow(c, bind);
    if (follows != GYRE_OK || is_followable(c) || bind->dry)
        return code != GYRE_OK ? code : follows;
    follows = check_files(c, bind);
    if (code != GYRE_OK || follows != GYRE_OK)
        return code != GYRE_OK ? code : follows;
    return path_is_standard(c->path) ? bind->single(bind, "standard input cannot be divided")
                                     : GYRE_OK;
}

/* ---- splits ------------------------------------------------------------------------------------ */

/* Counts the splits first, then adds them: each says how many there are. */
struct discovery {
    const struct read_config *config;
    struct gyre_splits *splits;
    uint32_t total;
    int counting;
};

static int32_t add_range(struct discovery *d, const char *path, uint64_t start, uint64_t end)
{
    char bytes[SPLIT_HEAD + PATH_LENGTH_MAX];
    const char *name = path + paths_folder(d->config->path);
    size_t length = strlen(name);
    if (d->counting) {
        d->total++;
        return GYRE_OK;
    }
    if (length > PATH_LENGTH_MAX)
        return gyre_error_set(d->splits->error, GYRE_EINVAL, -1, "%s: too long a path", path);
    memcpy(bytes, &start, 8);
    memcpy(bytes + 8, &end, 8);
    memcpy(bytes + 16, &d->total, 4);
    memcpy(bytes + SPLIT_HEAD, name, length);
    return d->splits->add(d->splits, bytes, SPLIT_HEAD + length);
}

static int32_t add_file(void *user, const char *path, int64_t size)
{
    struct discovery *d = user;
    /* files that say they are empty may not be, as in /proc: read them to their end */
    int32_t codec = d->config->compression == CODEC_AUTO && size > 0 ? codec_of_file(path)
                                                                     : d->config->compression;
    if (d->config->format == READ_CSV || d->config->rate > 0 || size <= 0 || codec == CODEC_GZIP ||
        codec == CODEC_ZSTD)
        return add_range(d, path, 0, RANGE_UNBOUNDED);
    int32_t code = GYRE_OK;
    for (uint64_t start = 0; code == GYRE_OK && start < (uint64_t)size; start += RANGE) {
        uint64_t left = (uint64_t)size - start;
        code = add_range(d, path, start, start + (left < RANGE ? left : RANGE));
    }
    return code;
}

static int32_t read_discover(const void *config, struct gyre_splits *splits)
{
    struct discovery d = {config, splits, 0, 1};
    char text[GYRE_ERROR_TEXT];
    if (path_is_standard(d.config->path) || d.config->follow) {
        d.total = 1;
        d.counting = 0;
        return add_range(&d, d.config->path, 0, RANGE_UNBOUNDED);
    }
    int32_t code = paths_each(d.config->path, text, add_file, &d);
    d.counting = 0;
    if (code == GYRE_OK)
        code = paths_each(d.config->path, text, add_file, &d);
    else
        gyre_error_set(splits->error, code, -1, "%s", text);
    return code;
}

/* Tells the two kinds of positions apart, by their length: a list has 12 bytes, or more than 80. */
static int is_followed(const struct gyre_reader *position)
{
    return position->length - position->position != POSITION;
}

static void write_position(struct gyre_writer *writer, const struct input_place *place,
                           uint32_t skipping)
{
    gyre_write_u64(writer, place->offset);
    gyre_write_u32(writer, skipping);
    gyre_write_u64(writer, place->mark_at);
    gyre_write_u64(writer, place->mark);
    gyre_write_u32(writer, (uint32_t)place->codec);
    gyre_write_u64(writer, place->frame.at);
    gyre_write_u64(writer, place->frame.offset);
}

static void read_position(struct gyre_reader *position, struct range *range)
{
    struct input_place *place = &range->place;
    place->offset = gyre_read_u64(position);
    range->skipping = gyre_read_u32(position);
    place->mark_at = gyre_read_u64(position);
    place->mark = gyre_read_u64(position);
    uint32_t codec = gyre_read_u32(position);
    place->codec = (int32_t)codec;
    place->frame.at = gyre_read_u64(position);
    place->frame.offset = gyre_read_u64(position);
    if (codec >= CODEC_KINDS || place->frame.offset > place->offset ||
        range->skipping >= SKIP_KINDS)
        position->error = GYRE_ECORRUPT;
}

static int32_t read_add(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                        size_t n, struct gyre_reader *position)
{
    struct reader *r = self;
    struct range range = {.id = split};
    uint64_t start;
    if (n < SPLIT_HEAD)
        return gyre_fail(ctx, GYRE_ECORRUPT, "a split of %zu bytes", n);
    memcpy(&start, bytes, 8);
    memcpy(&range.end, (const char *)bytes + 8, 8);
    memcpy(&range.ranges, (const char *)bytes + 16, 4);
    range.place.offset = range.place.mark_at = start != 0 ? start - 1 : 0;
    range.skipping = start != 0 ? SKIP_LINE : SKIP_NONE;
    if (position != NULL && is_followed(position) != r->config->follow)
        return gyre_fail(ctx, GYRE_EFAIL,
                         "`follow` was %s in the snapshot: put it back, or give up what the source "
                         "has read with --drop-state",
                         r->config->follow ? "false" : "true");
    if (position != NULL) {
        if (r->config->follow) {
            if (follow_restore(r, ctx, position) != GYRE_OK)
                return ctx->error->code;
        } else {
            read_position(position, &range);
        }
        if (position->error != 0)
            return gyre_fail(ctx, GYRE_ECORRUPT, "the position of split %u cannot be read",
                             (unsigned)split);
    }
    if (r->n_ranges == r->capacity) {
        uint32_t capacity = r->capacity == 0 ? 4 : 2 * r->capacity;
        struct range *ranges = gyre_alloc(ctx, r->ranges, capacity * sizeof *ranges);
        if (ranges == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory for %u splits", (unsigned)capacity);
        r->ranges = ranges;
        r->capacity = capacity;
    }
    size_t folder = paths_folder(r->config->path);
    range.path = gyre_alloc(ctx, NULL, folder + n - SPLIT_HEAD + 1);
    if (range.path == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a path");
    memcpy(range.path, r->config->path, folder);
    memcpy(range.path + folder, (const char *)bytes + SPLIT_HEAD, n - SPLIT_HEAD);
    range.path[folder + n - SPLIT_HEAD] = 0;
    r->ranges[r->n_ranges++] = range;
    if (position != NULL && !paths_means(r->config->path, range.path + folder))
        return gyre_fail(ctx, GYRE_EFAIL,
                         "the snapshot reads %s, which `path` (%s) does not mean: put it back, or "
                         "give up what the source has read with --drop-state",
                         range.path, r->config->path);
    return GYRE_OK;
}

static int32_t read_save(void *self, struct gyre_ctx *ctx, uint32_t split,
                         struct gyre_writer *writer)
{
    struct reader *r = self;
    for (uint32_t i = 0; i < r->n_ranges; i++) {
        const struct range *range = &r->ranges[i];
        if (range->id != split)
            continue;
        if (r->config->follow) {
            follow_save(r, writer);
            return writer->error;
        }
        int is_going = i == 0 && r->input.is_open && !csv_wants_header(r);
        if (is_going && r->input.is_stream)
            return gyre_fail(ctx, GYRE_ENOTSUP,
                             "%s cannot be read again, so it cannot be in a snapshot", range->path);
        struct input_place place = is_going ? input_place(&r->input) : range->place;
        write_position(writer, &place, range->skipping);
        return writer->error;
    }
    return gyre_fail(ctx, GYRE_ECONTRACT, "split %u is not this task's", (unsigned)split);
}

/* ---- reading ----------------------------------------------------------------------------------- */

static int32_t read_open(void *self, struct gyre_ctx *ctx)
{
    struct reader *r = self;
    r->config = ctx->config;
    if (r->config->follow && follow_open(r, ctx) != GYRE_OK)
        return ctx->error->code;
    if (r->config->format == READ_JSON)
        return json_open(r, ctx);
    return r->config->format == READ_CSV ? csv_open(r, ctx) : GYRE_OK;
}

static void drop_range(struct reader *r, struct gyre_ctx *ctx)
{
    gyre_alloc(ctx, r->ranges[0].path, 0);
    r->n_ranges--;
    memmove(r->ranges, r->ranges + 1, r->n_ranges * sizeof *r->ranges);
}

static void read_close(void *self, struct gyre_ctx *ctx)
{
    struct reader *r = self;
    input_close(&r->input, ctx);
    csv_close(r, ctx);
    json_close(r, ctx);
    follow_close(r, ctx);
    while (r->n_ranges != 0)
        drop_range(r, ctx);
    if (r->ranges != NULL)
        gyre_alloc(ctx, r->ranges, 0);
    r->ranges = NULL;
}

/* Rows per second that this task may put out. */
static double share_of_rate(const struct reader *r, const struct gyre_ctx *ctx)
{
    uint32_t ranges = r->ranges[0].ranges;
    return r->config->rate / (ranges < ctx->tasks ? ranges : ctx->tasks);
}

/* How many rows are due; where none is, when one will be. */
static uint32_t rows_due(struct reader *r, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    uint32_t budget = poll->budget != 0 ? poll->budget : 1;
    if (r->config->rate <= 0)
        return budget;
    int64_t now_us = gyre_now(ctx);
    double rate = share_of_rate(r, ctx);
    if (!r->started)
        r->start_us = now_us;
    r->started = 1;
    double due = (double)(now_us - r->start_us) * rate / 1e6 + 1 - (double)r->rows_out;
    if (due >= 1)
        return due < budget ? (uint32_t)due : budget;
    poll->wake_us = r->start_us + (int64_t)((double)r->rows_out * 1e6 / rate) + 1;
    if (poll->wake_us <= now_us)
        poll->wake_us = now_us + 1;
    return 0;
}

/* Refuses a file that is not what its splits were made of, or not what was read of it already. Files
 * without a size, as in /proc, are known by what they hold. */
static int32_t check_file(struct reader *r, struct gyre_ctx *ctx)
{
    const struct range *range = &r->ranges[0];
    const struct input_place *place = &range->place;
    struct stat st;
    if (fstat(r->input.fd, &st) != 0)
        return gyre_fail(ctx, GYRE_EIO, "%s: %s", range->path, strerror(errno));
    if (r->input.is_stream && place->offset != 0)
        return gyre_fail(ctx, GYRE_EFAIL, "%s is no regular file any more: put the file back",
                         range->path);
    uint64_t size = (uint64_t)st.st_size;
    uint64_t least = range->end != RANGE_UNBOUNDED ? range->end
                     : place->mark == 0            ? place->mark_at
                                                   : 0;
    int is_other = place->mark != 0 && place->mark != file_mark(r->input.fd, place->mark_at);
    if (!r->input.is_stream && (size < least || (is_other && size != 0 && size < place->mark_at)))
        return gyre_fail(ctx, GYRE_EFAIL,
                         "%s has %llu bytes, less than the %llu it had: a file must not become "
                         "shorter while a job reads it or is to go on with it: put it back, or "
                         "start without the snapshot",
                         range->path, (unsigned long long)size,
                         (unsigned long long)(least != 0 ? least : place->mark_at));
    int32_t codec = r->input.unpack != NULL ? r->input.unpack->codec : CODEC_NONE;
    if (is_other || (place->codec != CODEC_AUTO && place->offset != 0 && place->codec != codec))
        return gyre_fail(ctx, GYRE_EFAIL,
                         "%s is not the file of the snapshot: what precedes byte %llu, to where it "
                         "had been read, has changed: put it back, or start without the snapshot",
                         range->path, (unsigned long long)place->mark_at);
    return GYRE_OK;
}

static int32_t start_range(struct reader *r, struct gyre_ctx *ctx)
{
    const struct range *range = &r->ranges[0];
    csv_begin(r);
    r->scanned = 0;
    int from_start = csv_wants_header(r);
    int32_t code = input_open(&r->input, ctx, range->path, range_codec(r->config, range),
                              from_start ? 0 : range->place.offset,
                              from_start ? (struct frame_place){0, 0} : range->place.frame);
    return code == GYRE_OK ? check_file(r, ctx) : code;
}

static void end_range(struct reader *r, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    if (r->config->follow) {
        follow_end(r, ctx);
        return;
    }
    poll->status = GYRE_POLL_SPLIT;
    poll->split = r->ranges[0].id;
    input_close(&r->input, ctx);
    drop_range(r, ctx);
}

/* Opens what is to be read next: 1 where it is open, 0 where all have to be waited for. */
static int32_t open_input(struct reader *r, struct gyre_ctx *ctx)
{
    if (r->input.is_open)
        return 1;
    if (r->config->follow)
        return follow_next(r, ctx);
    int32_t code = start_range(r, ctx);
    return code == GYRE_OK ? 1 : code;
}

/* What can be decompressed has been read, but for a line without its end: that is a bad row, and the
 * rest of the file is passed over. */
static void end_damaged(struct reader *r, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    size_t rest = r->ranges[0].skipping != SKIP_NONE ? 0 : input_left(&r->input);
    size_t row_max = (size_t)r->config->row_max;
    gyre_bad_input(ctx, r->input.at, rest < row_max ? rest : row_max, "%s: %s", r->input.path,
                   input_why(&r->input));
    end_range(r, ctx, poll);
}

/* Puts out what is due, as far as it is at hand: 0, INPUT_WAIT, or a code. */
static int32_t read_rows(struct reader *r, struct gyre_ctx *ctx, struct gyre_poll *poll,
                         uint32_t *left)
{
    for (uint32_t reads = 0; reads < READS_MAX; reads++) {
        int32_t end = r->csv != NULL ? csv_read(r, ctx, left) : lines_read(r, ctx, left);
        if (end < 0)
            return end;
        if (end == READ_END)
            end_range(r, ctx, poll);
        if (end != READ_MORE)
            return GYRE_OK;
        int32_t code = r->config->follow ? follow_more(r, ctx) : input_more(&r->input, ctx);
        if (code == INPUT_DAMAGED)
            end_damaged(r, ctx, poll);
        if (code != GYRE_OK)
            return code == INPUT_DAMAGED ? GYRE_OK : code;
    }
    return GYRE_OK; /* what is long, or comes to nothing, keeps no barrier waiting */
}

static int32_t read_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct reader *r = self;
    uint32_t due = r->n_ranges != 0 ? rows_due(r, ctx, poll) : 0, left = due;
    if (due == 0) {
        poll->status = GYRE_POLL_IDLE;
        return GYRE_OK;
    }
    int32_t open = open_input(r, ctx), code = open < 0 ? open : GYRE_OK;
    if (open == 1)
        code = read_rows(r, ctx, poll, &left);
    r->rows_out += due - left;
    if (code < 0 || (r->config->follow ? open != 0 : code != INPUT_WAIT))
        return code < 0 ? code : GYRE_OK;
    poll->status = GYRE_POLL_IDLE;
    if (r->config->follow)
        poll->wake_us = gyre_now(ctx) + FOLLOW_US;
    else
        poll->fd = r->input.fd;
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct read_config, path, PATH, NULL, GYRE_REQUIRED,
             "a file, a glob (\"logs/*.txt\"), or - for standard input"),
    GYRE_OPT_CHOICE(struct read_config, format, "lines", "lines|csv|json",
                    "lines: one field, line: str; else the fields of `schema`"),
    GYRE_OPT(struct read_config, schema, SCHEMA, NULL, 0,
             "the fields of a csv or json file; those of the header, where it is left out"),
    GYRE_OPT(struct read_config, header, BOOL, "false", 0,
             "csv: the first line names the fields, in any order"),
    GYRE_OPT_CHOICE(struct read_config, types, "str", "str|infer",
                    "csv without `schema`: all are str, or what the first rows are"),
    CSV_STYLE_OPTIONS(struct read_config),
    GYRE_OPT(struct read_config, follow, BOOL, "false", 0,
             "waits for more at the end, and goes along with rotation and truncation: tail -F"),
    GYRE_OPT_CHOICE(struct read_config, compression, "auto", CODEC_CHOICES,
                    "how files are compressed; auto: what each begins with says it"),
    GYRE_OPT_RANGE(struct read_config, rotate_wait, DURATION, "5s", 0, 86400000000, NULL,
                   "follow: a file without a name is given up when nothing came for so long"),
    GYRE_OPT_RANGE(struct read_config, rate, FLOAT, "0", 0, 1000000000, "rows/s",
                   "rows per second over all tasks; 0: as fast as it goes"),
    GYRE_OPT_RANGE(struct read_config, row_max, SIZE, "16MiB", 1, 1 << 30, NULL,
                   "a longer line is a bad row"),
};

static const struct gyre_port output = GYRE_PORT("out", 0, NULL, 0, "a row per line or record");

const struct gyre_operator gyre_op_read = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "read",
    .doc = "Reads files or standard input, a row per line.",
    .config_size = sizeof(struct read_config),
    .instance_size = sizeof(struct reader),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .outputs = &output,
    .n_outputs = 1,
    .bind = read_bind,
    .open = read_open,
    .close = read_close,
    .discover = read_discover,
    .add_split = read_add,
    .poll = read_poll,
    .save_split = read_save,
};
