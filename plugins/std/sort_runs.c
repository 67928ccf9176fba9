/* plugins/std/sort_runs.c: see sort_runs.h. */
#include "sort_runs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCK_LEAST = 4 << 10, BLOCK_MOST = 256 << 10, FAN_LEAST = 2, FAN_MOST = 128 };

/* Buffers of a merge take no more than half of the memory, if that is not too little for any. */
static size_t block_of(const struct sort_runs *runs)
{
    int64_t block = runs->config->memory / 64 / BLOCK_LEAST * BLOCK_LEAST;
    return (size_t)(block < BLOCK_LEAST ? BLOCK_LEAST : block > BLOCK_MOST ? BLOCK_MOST : block);
}

static size_t fan_of(const struct sort_runs *runs)
{
    int64_t fan = runs->config->memory / 2 / (int64_t)block_of(runs);
    return (size_t)(fan < FAN_LEAST ? FAN_LEAST : fan > FAN_MOST ? FAN_MOST : fan);
}

/* ---- the file ---- */

static const char *folder_of(const struct sort_runs *runs)
{
    const char *folder = runs->config->scratch;
    if (folder == NULL || *folder == 0)
        folder = getenv("TMPDIR");
    return folder != NULL && *folder != 0 ? folder : "/tmp";
}

static int32_t file_failed(struct gyre_ctx *ctx, const struct sort_runs *runs, const char *verb)
{
    int number = errno;
    return gyre_fail(ctx, number == ENOMEM ? GYRE_ENOMEM : GYRE_EIO,
                     "cannot %s the scratch file in %.200s for the rows beyond `memory`: %s; "
                     "`scratch` names another folder",
                     verb, folder_of(runs), strerror(number));
}

/* A file without a name: it is gone with the process, whatever that dies of. */
static int32_t open_file(struct gyre_ctx *ctx, struct sort_runs *runs)
{
    char path[4096];
    if (runs->is_open)
        return GYRE_OK;
    int file = open(folder_of(runs), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        /* this file system has none without a name: it loses it at once */
        int n = snprintf(path, sizeof path, "%s/gyre-sort-XXXXXX", folder_of(runs));
        if (n < 0 || (size_t)n >= sizeof path) {
            errno = ENAMETOOLONG;
            return file_failed(ctx, runs, "make");
        }
        file = mkostemp(path, O_CLOEXEC);
        if (file >= 0 && unlink(path) != 0) {
            int32_t code = file_failed(ctx, runs, "remove the name of");
            close(file);
            return code;
        }
    }
    if (file < 0)
        return file_failed(ctx, runs, "make");
    runs->file = file;
    runs->is_open = 1;
    return GYRE_OK;
}

static int32_t write_all(struct gyre_ctx *ctx, struct sort_runs *runs, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = pwrite(runs->file, bytes, n, (off_t)runs->end);
        if (done < 0 && errno == EINTR)
            continue;
        if (done == 0)
            errno = ENOSPC;
        if (done <= 0)
            return file_failed(ctx, runs, "write to");
        bytes += done;
        n -= (size_t)done;
        runs->end += (uint64_t)done;
    }
    return GYRE_OK;
}

/* ---- reading a run ---- */

/* Reads on until `least` bytes are there. */
static int32_t fill(struct gyre_ctx *ctx, const struct sort_runs *runs, struct sort_reader *reader,
                    size_t least)
{
    if (reader->n > 0)
        memmove(reader->bytes, reader->bytes + reader->first, reader->n);
    reader->first = 0;
    if (least > reader->cap) {
        char *bytes = gyre_alloc(ctx, reader->bytes, least);
        if (bytes == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory to read a row of %zu bytes", least);
        reader->bytes = bytes;
        reader->cap = least;
    }
    while (reader->n < least) {
        size_t room = reader->cap - reader->n;
        room = room < reader->to - reader->at ? room : (size_t)(reader->to - reader->at);
        ssize_t got =
            room == 0 ? 0 : pread(runs->file, reader->bytes + reader->n, room, (off_t)reader->at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* it was written, and is not there */
        if (got <= 0)
            return file_failed(ctx, runs, "read");
        reader->n += (size_t)got;
        reader->at += (uint64_t)got;
    }
    return GYRE_OK;
}

/* Sees to it that the row at hand is there as a whole, or that there is none. */
static int32_t load(struct gyre_ctx *ctx, const struct sort_runs *runs, struct sort_reader *reader)
{
    int32_t code = GYRE_OK;
    if (reader->n == 0 && reader->at == reader->to)
        return GYRE_OK;
    if (reader->n < sizeof(uint64_t))
        code = fill(ctx, runs, reader, sizeof(uint64_t));
    uint32_t size = code == GYRE_OK ? packed_size(reader->bytes + reader->first) : 0;
    return code == GYRE_OK && reader->n < size ? fill(ctx, runs, reader, size) : code;
}

int32_t sort_reader_begin(struct gyre_ctx *ctx, const struct sort_runs *runs,
                          const struct sort_run *run, struct sort_reader *reader)
{
    *reader = (struct sort_reader){.at = run->from, .to = run->to, .cap = block_of(runs)};
    reader->bytes = gyre_alloc(ctx, NULL, reader->cap);
    if (reader->bytes == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to read sorted rows");
    return load(ctx, runs, reader);
}

const char *sort_reader_row(const struct sort_reader *reader)
{
    return reader->n > 0 ? reader->bytes + reader->first : NULL;
}

int32_t sort_reader_next(struct gyre_ctx *ctx, const struct sort_runs *runs,
                         struct sort_reader *reader)
{
    uint32_t size = packed_size(sort_reader_row(reader));
    reader->first += size;
    reader->n -= size;
    return load(ctx, runs, reader);
}

void sort_reader_end(struct gyre_ctx *ctx, struct sort_reader *reader)
{
    gyre_alloc(ctx, reader->bytes, 0);
    reader->bytes = NULL;
}

/* ---- merging ---- */

static int comes_before(const struct sort_runs *runs, uint32_t a, uint32_t b)
{
    int order = packed_order(runs->config, sort_reader_row(&runs->readers[a]),
                             sort_reader_row(&runs->readers[b]));
    return order != 0 ? order < 0 : a < b;
}

/* Lets the reader at place `i` of the heap sink to where it belongs. */
static void sink(struct sort_runs *runs, size_t i)
{
    uint32_t *heap = runs->heap, moving = heap[i];
    for (size_t child; (child = 2 * i + 1) < runs->n_heap; i = child) {
        if (child + 1 < runs->n_heap && comes_before(runs, heap[child + 1], heap[child]))
            child++;
        if (comes_before(runs, moving, heap[child]))
            break;
        heap[i] = heap[child];
    }
    heap[i] = moving;
}

int32_t sort_merge_begin(struct gyre_ctx *ctx, struct sort_runs *runs, size_t first)
{
    size_t n = runs->n - first;
    runs->readers = gyre_alloc(ctx, NULL, (n + 1) * sizeof *runs->readers);
    runs->heap = gyre_alloc(ctx, NULL, (n + 1) * sizeof *runs->heap);
    runs->n_readers = runs->n_heap = 0;
    if (runs->readers == NULL || runs->heap == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to merge %zu runs of rows", n);
    while (runs->n_readers < n) {
        const struct sort_run *run = &runs->runs[first + runs->n_readers];
        uint32_t i = (uint32_t)runs->n_readers++;
        int32_t code = sort_reader_begin(ctx, runs, run, &runs->readers[i]);
        if (code != GYRE_OK)
            return code;
        if (sort_reader_row(&runs->readers[i]) != NULL)
            runs->heap[runs->n_heap++] = i;
    }
    for (size_t i = runs->n_heap / 2; i-- > 0;)
        sink(runs, i);
    return GYRE_OK;
}

const char *sort_merge_row(const struct sort_runs *runs)
{
    return runs->n_heap > 0 ? sort_reader_row(&runs->readers[runs->heap[0]]) : NULL;
}

int32_t sort_merge_next(struct gyre_ctx *ctx, struct sort_runs *runs)
{
    struct sort_reader *reader = &runs->readers[runs->heap[0]];
    int32_t code = sort_reader_next(ctx, runs, reader);
    if (code != GYRE_OK)
        return code;
    if (sort_reader_row(reader) == NULL)
        runs->heap[0] = runs->heap[--runs->n_heap];
    if (runs->n_heap > 0)
        sink(runs, 0);
    return GYRE_OK;
}

static void merge_end(struct gyre_ctx *ctx, struct sort_runs *runs)
{
    for (size_t i = 0; i < runs->n_readers; i++)
        sort_reader_end(ctx, &runs->readers[i]);
    runs->readers = gyre_alloc(ctx, runs->readers, 0);
    runs->heap = gyre_alloc(ctx, runs->heap, 0);
    runs->n_readers = runs->n_heap = 0;
}

/* ---- writing runs ---- */

static int32_t flush(struct gyre_ctx *ctx, struct sort_runs *runs)
{
    size_t n = runs->n_out;
    runs->n_out = 0;
    return write_all(ctx, runs, runs->out, n);
}

static int32_t begin(struct gyre_ctx *ctx, struct sort_runs *runs, uint64_t level)
{
    int32_t code = open_file(ctx, runs);
    if (code != GYRE_OK)
        return code;
    if (runs->n == runs->cap) {
        size_t cap = runs->cap * 2 + 16;
        struct sort_run *grown = gyre_alloc(ctx, runs->runs, cap * sizeof *grown);
        if (grown == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a run of rows");
        runs->runs = grown;
        runs->cap = cap;
    }
    runs->out = gyre_alloc(ctx, NULL, block_of(runs));
    if (runs->out == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to write sorted rows");
    runs->runs[runs->n] = (struct sort_run){runs->end, runs->end, level};
    return GYRE_OK;
}

int32_t sort_run_begin(struct gyre_ctx *ctx, struct sort_runs *runs)
{
    return begin(ctx, runs, 0);
}

int32_t sort_run_add(struct gyre_ctx *ctx, struct sort_runs *runs, const char *packed)
{
    size_t size = packed_size(packed), block = block_of(runs);
    int32_t code = size > block - runs->n_out ? flush(ctx, runs) : GYRE_OK;
    if (code != GYRE_OK || size > block)
        return code != GYRE_OK ? code : write_all(ctx, runs, packed, size);
    memcpy(runs->out + runs->n_out, packed, size);
    runs->n_out += size;
    return GYRE_OK;
}

int32_t sort_run_end(struct gyre_ctx *ctx, struct sort_runs *runs)
{
    int32_t code = flush(ctx, runs);
    if (code != GYRE_OK)
        return code;
    runs->out = gyre_alloc(ctx, runs->out, 0);
    runs->runs[runs->n++].to = runs->end;
    return GYRE_OK;
}

void sort_run_cancel(struct gyre_ctx *ctx, struct sort_runs *runs)
{
    runs->out = gyre_alloc(ctx, runs->out, 0);
    runs->n_out = 0;
}

/* Gives back what lies before and between the runs, where the file system can do that. */
static void give_back(const struct sort_runs *runs)
{
    uint64_t end = 0;
    for (size_t i = 0; i < runs->n && !runs->is_pinned; i++) {
        const struct sort_run *run = &runs->runs[i];
        if (run->from > end)
            (void)fallocate(runs->file, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, (off_t)end,
                            (off_t)(run->from - end));
        end = run->to;
    }
}

/* Makes one run of the last `n`. */
static int32_t merge_last(struct gyre_ctx *ctx, struct sort_runs *runs, size_t n)
{
    size_t first = runs->n - n;
    int32_t code = begin(ctx, runs, runs->runs[first].level + 1);
    const char *row;
    if (code == GYRE_OK)
        code = sort_merge_begin(ctx, runs, first);
    while (code == GYRE_OK && (row = sort_merge_row(runs)) != NULL) {
        code = sort_run_add(ctx, runs, row);
        code = code == GYRE_OK ? sort_merge_next(ctx, runs) : code;
    }
    merge_end(ctx, runs);
    if (code == GYRE_OK)
        code = sort_run_end(ctx, runs);
    if (code != GYRE_OK) {
        sort_run_cancel(ctx, runs);
        return code;
    }
    runs->runs[first] = runs->runs[runs->n - 1];
    runs->n = first + 1;
    give_back(runs);
    return GYRE_OK;
}

int32_t sort_runs_merge(struct gyre_ctx *ctx, struct sort_runs *runs)
{
    size_t fan = fan_of(runs);
    int32_t code = GYRE_OK;
    while (code == GYRE_OK && runs->n >= fan &&
           runs->runs[runs->n - fan].level == runs->runs[runs->n - 1].level)
        code = merge_last(ctx, runs, fan);
    return code;
}

int32_t sort_runs_pin(struct gyre_ctx *ctx, struct sort_runs *runs, struct sort_run **list,
                      size_t *n)
{
    *n = runs->n;
    *list = gyre_alloc(ctx, NULL, (runs->n + 1) * sizeof **list);
    if (*list == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a list of %zu runs of rows", runs->n);
    for (size_t i = 0; i < runs->n; i++) {
        (*list)[i] = runs->runs[i];
        if (runs->readers != NULL)
            (*list)[i].from = runs->readers[i].at - runs->readers[i].n;
    }
    runs->is_pinned = 1;
    return GYRE_OK;
}

void sort_runs_unpin(struct sort_runs *runs)
{
    runs->is_pinned = 0;
    give_back(runs);
}

void sort_runs_fini(struct gyre_ctx *ctx, struct sort_runs *runs)
{
    merge_end(ctx, runs);
    runs->out = gyre_alloc(ctx, runs->out, 0);
    runs->runs = gyre_alloc(ctx, runs->runs, 0);
    runs->n = runs->cap = 0;
    if (runs->is_open)
        close(runs->file);
    runs->is_open = 0;
}
