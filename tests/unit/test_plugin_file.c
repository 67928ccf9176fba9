/* file.read by hand: its polls are called by the test, against a host that frees what it may.
 *
 * A file is followed through a seeded sequence of what writers and rotation do to it; rows bear
 * numbers, so that one that is lost, doubled or out of order is seen. GYRE_BIG=1: more seeds. */
#include "base/rng.h"
#include "files.h"
#include "suite.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gyre/gyre.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROWS = 64, FIELDS = 2, ARENAS = 64, ARENA = 300 << 10 };

/* ---- a host, as small as one can be ---- */

struct rig {
    void *plugin;
    const struct gyre_operator *op;
    void *config, *self;
    struct gyre_ctx ctx;
    struct gyre_out out;
    struct gyre_out *outputs[1];
    struct gyre_error error;
    void *data[FIELDS];
    uint8_t *valid[FIELDS];
    char *arenas[ARENAS];
    uint32_t n_arenas;
    int64_t now_us;
    char *log; /* what came out: rows "n,s;" and bad ones "!text[raw];" */
    size_t log_size, log_length;
    void (*on_row)(struct rig *rig, uint32_t row);
    void *user;
};

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

static void host_log(struct gyre_ctx *ctx, uint32_t level, const char *text)
{
    (void)ctx, (void)level, (void)text;
}

static void say(struct rig *rig, const char *text, size_t n)
{
    if (rig->log_length + n + 1 > rig->log_size) {
        rig->log_size = 2 * (rig->log_length + n + 1);
        rig->log = realloc(rig->log, rig->log_size);
    }
    memcpy(rig->log + rig->log_length, text, n);
    rig->log_length += n;
    rig->log[rig->log_length] = 0;
}

static void take_rows(struct rig *rig)
{
    for (uint32_t row = 0; row < rig->out.rows; row++)
        rig->on_row(rig, row);
    rig->out.rows = 0;
}

static void host_bad_input(struct gyre_ctx *ctx, const char *raw, size_t n, const char *text)
{
    struct rig *rig = rig_of(ctx);
    take_rows(rig);
    say(rig, "!", 1);
    say(rig, text, strlen(text));
    say(rig, "[", 1);
    say(rig, raw, n);
    say(rig, "];", 2);
}

static const struct gyre_host host = {.size = sizeof host,
                                      .log = host_log,
                                      .alloc = host_alloc,
                                      .now = host_now,
                                      .bad_input = host_bad_input};

static void out_full(struct gyre_out *out)
{
    take_rows(out->host);
}

/* What no row refers to goes at once. */
static char *out_grow(struct gyre_out *out, uint32_t len)
{
    struct rig *rig = out->host;
    size_t size = len > ARENA ? len : ARENA;
    for (uint32_t i = 0; i < rig->n_arenas && out->rows == 0; i++)
        free(rig->arenas[i]);
    rig->n_arenas = out->rows == 0 ? 0 : rig->n_arenas;
    CU_ASSERT_FATAL(rig->n_arenas < ARENAS);
    out->text = malloc(size);
    out->text_end = out->text + size;
    rig->arenas[rig->n_arenas++] = out->text;
    return out->text;
}

static void *option(struct rig *rig, const char *name)
{
    for (uint32_t i = 0; i < rig->op->n_options; i++)
        if (strcmp(rig->op->options[i].name, name) == 0)
            return (char *)rig->config + rig->op->options[i].offset;
    CU_FAIL_FATAL("no such option");
    return NULL;
}

static const struct gyre_field fields[FIELDS] = {GYRE_FIELD(i32, "n", 0),
                                                 GYRE_FIELD(str, "s", GYRE_NULLABLE)};

enum { LINES, CSV, JSON };

static void rig_init(struct rig *rig, const char *path, int format)
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
    *(const char **)option(rig, "path") = path;
    *(int32_t *)option(rig, "format") = format;
    *(int64_t *)option(rig, "row_max") = 4096;
    if (format != LINES)
        *(struct gyre_schema *)option(rig, "schema") =
            (struct gyre_schema){sizeof(struct gyre_schema), FIELDS, fields};
    rig->data[0] = calloc(ROWS, 16);
    rig->data[1] = calloc(ROWS, 16);
    rig->valid[1] = calloc(ROWS, 1);
    rig->now_us = 1;
    say(rig, "", 0);
}

static void rig_open(struct rig *rig)
{
    rig->outputs[0] = &rig->out;
    rig->out = (struct gyre_out){.size = sizeof rig->out,
                                 .capacity = ROWS,
                                 .n_columns = FIELDS,
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

static void rig_close(struct rig *rig)
{
    rig->op->close(rig->self, &rig->ctx);
    free(rig->self);
    for (uint32_t i = 0; i < rig->n_arenas; i++)
        free(rig->arenas[i]);
    rig->n_arenas = 0;
}

static void rig_fini(struct rig *rig)
{
    free(rig->config);
    free(rig->data[0]);
    free(rig->data[1]);
    free(rig->valid[1]);
    free(rig->log);
    dlclose(rig->plugin);
}

static int32_t add_split(struct gyre_splits *splits, const void *bytes, size_t n)
{
    struct gyre_reader *position = splits->host;
    struct rig *rig = (struct rig *)((char *)splits->error - offsetof(struct rig, error));
    return rig->op->add_split(rig->self, &rig->ctx, 0, bytes, n, position);
}

/* Gives the reader its only split, which must be so small that it is one. */
static void add_file(struct rig *rig, struct gyre_reader *position)
{
    struct gyre_splits splits = {.size = sizeof splits,
                                 .tasks = 1,
                                 .add = add_split,
                                 .error = &rig->error,
                                 .host = position};
    CU_ASSERT_EQUAL_FATAL(rig->op->discover(rig->config, &splits), 0);
}

/* Polls once; what it said. */
static struct gyre_poll poll_once(struct rig *rig, uint32_t budget)
{
    struct gyre_poll poll = {.size = sizeof poll, .budget = budget, .wake_us = INT64_MAX, .fd = -1};
    int32_t code = rig->op->poll(rig->self, &rig->ctx, &poll);
    if (code != 0)
        fprintf(stderr, "%s\n", rig->error.text);
    CU_ASSERT_EQUAL_FATAL(code, 0);
    take_rows(rig);
    return poll;
}

/* ---- bad rows ---- */

static void log_row(struct rig *rig, uint32_t row)
{
    char text[32];
    const struct gyre_str *s = (struct gyre_str *)rig->data[1] + row;
    int n = snprintf(text, sizeof text, "%d,", ((int32_t *)rig->data[0])[row]);
    say(rig, text, (size_t)n);
    if (rig->valid[1][row])
        say(rig, gyre_str_data(s), s->len);
    else
        say(rig, "NULL", 4);
    say(rig, ";", 1);
}

struct bad_row {
    int format;
    const char *text;
    const char *comes; /* a message may be cut: "!begin*[raw];" */
};

#define DEEP   "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
#define DEEPER DEEP DEEP DEEP DEEP DEEP DEEP DEEP DEEP DEEP

static const struct bad_row bad_rows[] = {
    {CSV, "1,a\n2,\"b\"\"c\nd\"\r\n3,\n4,\"\"", "1,a;2,b\"c\nd;3,NULL;4,;"},
    {CSV, "1\n2,b\n", "!1 fields instead of 2[1];2,b;"},
    {CSV, "1,a,b\n2,b\n", "!3 fields instead of 2[1,a,b];2,b;"},
    {CSV, "x,a\n2,b\n", "!field `n` \"x\" is no i32[x,a];2,b;"},
    {CSV, ",a\n2,b\n", "!field `n` is empty, and not nullable[,a];2,b;"},
    {CSV, "2147483648,a\n-2147483648,b",
     "!*`n` \"2147483648\" is no i32*[2147483648,a];-2147483648,b;"},
    {CSV, "1,\"a\"b\n2,b\n", "!text follows the closing quote of a field[1,\"a\"b];2,b;"},
    {CSV, "1,a\n2,\"b\n", "1,a;!a quoted field is not closed[2,\"b];"},
    {CSV, "1,\"a\"\"\n2,b\n", "!a quoted field is not closed[1,\"a\"\"\n2,b];"},
    {CSV, "1,\xff\n", "1,\xff;"},
    {JSON, "{\"n\":1}\n{\"s\":\"b\",\"n\":2}", "1,NULL;2,b;"},
    {JSON, "{\"s\":null,\"n\":1,\"s\":\"x\",\"s\":\"last\"}\r\n\n \n", "1,last;"},
    {JSON, "\xef\xbb\xbf{\"n\":1}\n", "1,NULL;"},
    {JSON, "{\"n\":1,\"o\":{\"n\":[2,{\"n\":3}]},\"s\":\"t\"}", "1,t;"},
    {JSON, "{\"s\":\"\\u00e9\\n\\\\ud800 \\ud83d\\ude00 longer\",\"n\":1}",
     "1,\xc3\xa9\n\\ud800 \xf0\x9f\x98\x80 longer;"},
    {JSON, "{\"s\":\"a\\u0062c\",\"\\u006e\":7}", "7,abc;"},
    {JSON, "{\"n\":1\n{\"n\":2}", "!no JSON: the line ends*[{\"n\":1];2,NULL;"},
    {JSON, "{\"n\":1,}\n{\"n\":2}", "!no JSON, at byte*[{\"n\":1,}];2,NULL;"},
    {JSON, "{\"s\":\"x\n{\"n\":2}", "!no JSON, at byte*[{\"s\":\"x];2,NULL;"},
    {JSON, "[1]\n7\n{\"n\":2}", "!the line is no object[[1]];!the line is no object[7];2,NULL;"},
    {JSON, "{\"n\":1}{\"n\":2}\n", "!text follows the object[{\"n\":1}{\"n\":2}];"},
    {JSON, "{\"n\":1} x\n{\"n\":2}", "!no JSON*[{\"n\":1} x];2,NULL;"},
    {JSON, "{\"s\":\"x\"}\n{\"n\":2}",
     "!field `n` is missing, and not nullable[{\"s\":\"x\"}];2,NULL;"},
    {JSON, "{\"n\":null}\n", "!field `n` is null, and not nullable[{\"n\":null}];"},
    {JSON, "{\"n\":\"1\"}\n", "!field `n`: \"1\" is no i32[{\"n\":\"1\"}];"},
    {JSON, "{\"n\":true}\n", "!field `n`: true is no i32[{\"n\":true}];"},
    {JSON, "{\"n\":{}}\n{\"n\":[]}\n",
     "!field `n`: {...} is no i32[{\"n\":{}}];!field `n`: [...] is no i32[{\"n\":[]}];"},
    {JSON, "{\"n\":1.5}\n", "!field `n`: 1.5 is no i32[{\"n\":1.5}];"},
    {JSON, "{\"n\":2147483648}\n{\"n\":-2147483648}",
     "!field `n`: 2147483648 is out of range for i32[{\"n\":2147483648}];-2147483648,NULL;"},
    {JSON, "{\"n\":1,\"s\":5}\n", "!field `s`: 5 is no str[{\"n\":1,\"s\":5}];"},
    {JSON, "{\"n\":1,\"s\":\"\xc0\x80\"}\n{\"n\":2}",
     "!byte 0xc0 at 12 is no UTF-8*[{\"n\":1,\"s\":\"\xc0\x80\"}];2,NULL;"},
    {JSON, "{\"n\":1,\"s\":\"\xed\xa0\x80\"}\n",
     "!byte 0xed at 12 is no UTF-8*[{\"n\":1,\"s\":\"\xed\xa0\x80\"}];"},
    {JSON, "{\"n\":1,\"s\":\"\\ud800\"}\n",
     "!an escape is half of a surrogate pair[{\"n\":1,\"s\":\"\\ud800\"}];"},
    {JSON, "{\"n\":1,\"s\":\"\\udc00\"}\n",
     "!an escape is half of a surrogate pair[{\"n\":1,\"s\":\"\\udc00\"}];"},
    {JSON, "{\"x\":" DEEPER "\n{\"n\":2}",
     "!it is nested deeper than 512[{\"x\":" DEEPER "];2,NULL;"},
};

/* `*` in what is wanted stands for anything. */
static bool matches(const char *is, const char *wanted)
{
    for (; *wanted != 0; is++, wanted++) {
        if (*wanted == '*') {
            for (; *is != 0; is++)
                if (matches(is, wanted + 1))
                    return true;
            return false;
        }
        if (*is != *wanted)
            return false;
    }
    return *is == 0;
}

static void read_all(struct rig *rig)
{
    rig->on_row = log_row;
    rig_open(rig);
    add_file(rig, NULL);
    while (poll_once(rig, 3).status != GYRE_POLL_SPLIT) {}
    rig_close(rig);
}

static void bad_rows_are_told_with_field_and_value_and_the_next_row_is_read(void)
{
    struct rig rig;
    char *dir = dir_temp(), *path = path_join(dir, "rows");
    for (size_t i = 0; i < sizeof bad_rows / sizeof bad_rows[0]; i++) {
        file_write_text(path, bad_rows[i].text);
        rig_init(&rig, path, bad_rows[i].format);
        read_all(&rig);
        if (!matches(rig.log, bad_rows[i].comes))
            printf("%s\n is  %s\n not %s\n", bad_rows[i].text, rig.log, bad_rows[i].comes);
        CU_ASSERT(matches(rig.log, bad_rows[i].comes));
        rig_fini(&rig);
    }
    dir_remove(dir);
    free(path);
    free(dir);
}

static void a_nul_byte_is_data_in_csv_and_a_bad_row_in_json(void)
{
    static const char csv[] = "1,a\0b\n2,c\n", json[] = "{\"n\":1,\"s\":\"a\0b\"}\n{\"n\":2}\n";
    struct rig rig;
    char *dir = dir_temp(), *path = path_join(dir, "rows");
    file_write(path, csv, sizeof csv - 1);
    rig_init(&rig, path, CSV);
    read_all(&rig);
    CU_ASSERT(rig.log_length == 10 && memcmp(rig.log, "1,a\0b;2,c;", 10) == 0);
    rig_fini(&rig);
    file_write(path, json, sizeof json - 1);
    rig_init(&rig, path, JSON);
    read_all(&rig);
    CU_ASSERT_EQUAL(rig.log[0], '!');
    CU_ASSERT(memcmp(rig.log + rig.log_length - 9, "];2,NULL;", 9) == 0);
    rig_fini(&rig);
    dir_remove(dir);
    free(path);
    free(dir);
}

/* A line of `n` bytes that ends or does not, and one behind it. */
static void read_long_line(int format, size_t n, bool ends)
{
    struct rig rig;
    char *dir = dir_temp(), *path = path_join(dir, "rows");
    FILE *file = fopen(path, "w");
    fputs(format == CSV ? "1,\"" : "{\"s\":\"", file);
    for (size_t i = 0; i < n; i++)
        fputc('x', file);
    if (ends)
        fputs(format == CSV ? "\"\n2,a\n" : "\"}\n{\"n\":2,\"s\":\"a\"}\n", file);
    fclose(file);
    rig_init(&rig, path, format);
    read_all(&rig);
    CU_ASSERT(matches(rig.log, ends ? "!*row_max*];2,a;" : "!*row_max*];"));
    CU_ASSERT(rig.log_length < 2 << 20);
    rig_fini(&rig);
    dir_remove(dir);
    free(path);
    free(dir);
}

static void a_line_beyond_row_max_is_one_bad_row_however_long_it_is(void)
{
    for (int format = CSV; format <= JSON; format++) {
        read_long_line(format, 4097, true);
        read_long_line(format, 3 << 20, true);
        read_long_line(format, 3 << 20, false);
    }
    read_long_line(JSON, 100 << 20, false);
}

/* ---- following ---- */

/* A writer, what happens to its file, and a reader that follows. */
struct follow {
    struct gy_rng rng;
    struct rig rig;
    char *dir, *path;
    int format;
    int fd;        /* the writer's */
    bool moved;    /* its file has not the name any more */
    bool behind;   /* the reader may not have gone over to the writer's file */
    bool unopened; /* the reader was restored, and has not looked yet */
    bool cut;      /* it was truncated, and the reader may not have seen that */
    uint32_t renamed;
    uint32_t next;     /* number of the row to be written */
    char partial[256]; /* of a row: what is still to be written */
    uint32_t seen;
    bool wrong;
};

static void follow_row(struct rig *rig, uint32_t row)
{
    struct follow *f = rig->user;
    const struct gyre_str *line = (struct gyre_str *)rig->data[0] + row;
    char text[16] = {0};
    if (f->format == LINES)
        memcpy(text, gyre_str_data(line), line->len < 15 ? line->len : 15);
    uint32_t n = f->format == LINES ? (uint32_t)atoi(text) : ((uint32_t *)rig->data[0])[row];
    if (n != f->seen && !f->wrong) {
        printf("row %u instead of %u\n", n, f->seen);
        f->wrong = true;
    }
    f->seen++;
}

static void append(struct follow *f, const char *text, size_t n)
{
    CU_ASSERT_EQUAL_FATAL(write(f->fd, text, n), (ssize_t)n);
}

static void finish_row(struct follow *f)
{
    append(f, f->partial, strlen(f->partial));
    f->partial[0] = 0;
}

/* Writes a row, or a part of it. */
static void write_row(struct follow *f, bool whole)
{
    static const char *const forms[] = {"%u a line\n", "%u,\"of two\nlines, %s\"\n",
                                        "{\"n\":%u,\"s\":\"a string of some length\"}\n"};
    char row[256];
    finish_row(f);
    if (f->format == CSV)
        snprintf(row, sizeof row, forms[CSV], f->next, f->next % 2 ? "quoted \"\"" : "");
    else
        snprintf(row, sizeof row, forms[f->format], f->next, "");
    f->next++;
    size_t n = strlen(row), now = whole ? n : 1 + gy_rng_below(&f->rng, n - 1);
    append(f, row, now);
    strcpy(f->partial, row + now);
}

/* Polls until nothing comes any more. */
static void drain(struct follow *f)
{
    struct gyre_poll poll;
    do {
        poll = poll_once(&f->rig, 1 + (uint32_t)gy_rng_below(&f->rng, 20));
        CU_ASSERT_NOT_EQUAL_FATAL(poll.status, GYRE_POLL_SPLIT);
    } while (poll.status != GYRE_POLL_IDLE);
    CU_ASSERT_FATAL(poll.wake_us > f->rig.now_us && poll.wake_us < f->rig.now_us + 1000000);
    f->rig.now_us = poll.wake_us;
    f->behind = f->unopened = f->cut = false;
}

static void move_away(struct follow *f, bool remove)
{
    char name[32];
    if (f->moved)
        return;
    if (f->behind || (f->unopened && (remove || f->cut))) /* it could not be found */
        drain(f);
    snprintf(name, sizeof name, "old-%u", f->renamed++);
    char *to = path_join(f->dir, name);
    CU_ASSERT_EQUAL_FATAL(remove ? unlink(f->path) : rename(f->path, to), 0);
    free(to);
    f->moved = true;
}

static void open_new(struct follow *f)
{
    if (!f->moved)
        return;
    finish_row(f);
    close(f->fd);
    f->fd = open(f->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    CU_ASSERT_FATAL(f->fd >= 0);
    if (gy_rng_below(&f->rng, 2) == 0)
        drain(f); /* while it is empty */
    write_row(f, gy_rng_below(&f->rng, 2));
    f->moved = false;
    f->behind = true;
}

/* What the reader has not seen would be lost: it is in the copy alone. After a few bytes that come
 * again at the start, nobody can tell that a file was truncated. */
static void truncate_it(struct follow *f)
{
    if (lseek(f->fd, 0, SEEK_END) < 32)
        return;
    drain(f);
    CU_ASSERT_EQUAL_FATAL(ftruncate(f->fd, 0), 0);
    f->cut = true;
    for (uint64_t n = gy_rng_below(&f->rng, 60); n > 0; n--) /* beyond where it was, or not */
        write_row(f, true);
}

static int32_t no_room(struct gyre_writer *writer, size_t more)
{
    (void)more;
    return writer->error = GYRE_ENOMEM;
}

/* Another reader goes on from a position of the first; the file has its name. */
static void restore(struct follow *f)
{
    uint8_t bytes[1024];
    struct gyre_writer writer = {
        .size = sizeof writer, .data = bytes, .capacity = sizeof bytes, .grow = no_room};
    if (f->moved || f->behind)
        return;
    if (f->rig.op->save_split(f->rig.self, &f->rig.ctx, 0, &writer) != 0)
        CU_FAIL_FATAL("save_split");
    rig_close(&f->rig);
    rig_open(&f->rig);
    struct gyre_reader reader = {.size = sizeof reader, .data = bytes, .length = writer.length};
    add_file(&f->rig, &reader);
    f->unopened = true;
}

static void step(struct follow *f)
{
    switch (gy_rng_below(&f->rng, 12)) {
    case 0: move_away(f, gy_rng_below(&f->rng, 2)); break;
    case 1:
    case 2: open_new(f); break;
    case 3: truncate_it(f); break;
    case 4: restore(f); break;
    case 5: write_row(f, false); break;
    case 6:
    case 7: poll_once(&f->rig, 1 + (uint32_t)gy_rng_below(&f->rng, 4)); break;
    case 8: drain(f); break;
    default:
        for (uint64_t n = gy_rng_below(&f->rng, 12); n > 0; n--)
            write_row(f, true);
    }
}

static bool follow_seed(const char *dir, int format, uint64_t seed)
{
    struct follow f = {.dir = strdup(dir), .path = path_join(dir, "log"), .format = format};
    gy_rng_init(&f.rng, seed);
    unlink(f.path);
    rig_init(&f.rig, f.path, format);
    *(int32_t *)option(&f.rig, "follow") = 1;
    f.rig.on_row = follow_row;
    f.rig.user = &f;
    rig_open(&f.rig);
    add_file(&f.rig, NULL);
    drain(&f); /* while it is not there */
    f.fd = open(f.path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    f.behind = true;
    for (int i = 0; i < 200; i++)
        step(&f);
    finish_row(&f);
    drain(&f);
    close(f.fd);
    rig_close(&f.rig);
    bool ok = f.seen == f.next && !f.wrong && f.rig.log_length == 0;
    if (!ok)
        printf("format %d, seed %llu: %u rows of %u %s\n", format, (unsigned long long)seed, f.seen,
               f.next, f.rig.log);
    rig_fini(&f.rig);
    free(f.path);
    free(f.dir);
    return ok;
}

static void follow_seeds(int format)
{
    const char *big = getenv("GYRE_BIG");
    uint64_t seeds = big != NULL && big[0] == '1' ? 1000 : 100;
    char *dir = dir_temp();
    for (uint64_t seed = 1; seed <= seeds; seed++)
        CU_ASSERT_FATAL(follow_seed(dir, format, seed));
    dir_remove(dir);
    free(dir);
}

static void followed_lines_are_neither_lost_nor_doubled_by_rotation(void)
{
    follow_seeds(LINES);
}

static void followed_csv_is_neither_lost_nor_doubled_by_rotation(void)
{
    follow_seeds(CSV);
}

static void followed_json_is_neither_lost_nor_doubled_by_rotation(void)
{
    follow_seeds(JSON);
}

static const struct suite_test tests[] = {
    SUITE_TEST(bad_rows_are_told_with_field_and_value_and_the_next_row_is_read),
    SUITE_TEST(a_nul_byte_is_data_in_csv_and_a_bad_row_in_json),
    SUITE_TEST_WITHIN(a_line_beyond_row_max_is_one_bad_row_however_long_it_is, 60),
    SUITE_TEST_WITHIN(followed_lines_are_neither_lost_nor_doubled_by_rotation, 300),
    SUITE_TEST_WITHIN(followed_csv_is_neither_lost_nor_doubled_by_rotation, 300),
    SUITE_TEST_WITHIN(followed_json_is_neither_lost_nor_doubled_by_rotation, 300),
};

SUITE_MAIN("plugin_file", tests)
