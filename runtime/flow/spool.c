/* See spool.h. Logging is in spool_log.c. */
#include "flow/spool.h"

#include "base/mem.h"
#include "flow/run.h"
#include "state/items.h"

#include <assert.h>
#include <inttypes.h>

enum { SEGMENT_LEAST = 4096 };

/* ---- what spools share ---- */

/* Segments are read as they were written: by the same layouts. */
static int prepare_entry(struct gy_unpack *unpack, const struct gy_spool_entry *entry)
{
    struct gyre_writer writer = {.size = sizeof writer, .grow = gy_writer_grow};
    int code = gy_pack_describe(entry->layout, entry->schema, &writer);
    if (code == 0) {
        struct gyre_reader reader = {
            .size = sizeof reader, .data = writer.data, .length = writer.length};
        code = gy_unpack_init(unpack, &reader, entry->layout, entry->schema, NULL);
    }
    assert(code == 0 || code == GYRE_ENOMEM);
    gy_free(writer.data);
    return code;
}

int gy_spill_init(struct gy_spill *spill, const struct gy_spill_config *config)
{
    *spill = (struct gy_spill){.config = *config};
    spill->error.size = spill->log_error.size = sizeof spill->error;
    spill->segment_bytes = config->segment_bytes;
    if (spill->segment_bytes == 0 && config->memory_max / 8 < GY_SPOOL_SEGMENT)
        spill->segment_bytes = (uint32_t)(config->memory_max / 8) | SEGMENT_LEAST;
    else if (spill->segment_bytes == 0)
        spill->segment_bytes = GY_SPOOL_SEGMENT;
    spill->unpacks = gy_calloc((size_t)config->n_entries + 1, sizeof *spill->unpacks);
    spill->described = gy_calloc((size_t)config->n_entries + 1, sizeof *spill->described);
    if (spill->unpacks == NULL || spill->described == NULL)
        return GYRE_ENOMEM;
    for (uint32_t e = 0; e < config->n_entries; e++) {
        if (config->entries[e].layout == NULL)
            continue;
        int code = prepare_entry(&spill->unpacks[e], &config->entries[e]);
        if (code != 0)
            return code;
    }
    return 0;
}

void gy_spill_fini(struct gy_spill *spill)
{
    for (uint32_t e = 0; spill->unpacks != NULL && e < spill->config.n_entries; e++)
        gy_unpack_fini(&spill->unpacks[e]);
    gy_free(spill->unpacks);
    gy_free(spill->described);
    gy_manifest_files_free(spill->files.items, (uint32_t)spill->files.n);
    gy_segment_fini(&spill->spare);
    *spill = (struct gy_spill){0};
}

static int no_memory(struct gy_spill *spill)
{
    return gyre_error_set(&spill->error, GYRE_ENOMEM, -1,
                          "out of memory for the rows that wait in a loop");
}

/* Keeps the memory of a segment for the next one. */
static void recycle(struct gy_spill *spill, struct gy_row_segment *segment)
{
    if (spill->spare.bytes.data == NULL &&
        segment->bytes.capacity <= 4 * (size_t)GY_SPOOL_SEGMENT) {
        spill->spare.bytes = segment->bytes;
        spill->spare.bytes.length = 0;
    } else {
        gy_free(segment->bytes.data);
    }
    segment->bytes = (struct gyre_writer){0};
}

static void reuse(struct gy_spill *spill, struct gy_row_segment *segment)
{
    segment->bytes = spill->spare.bytes;
    spill->spare.bytes = (struct gyre_writer){0};
}

/* ---- runs ---- */

void gy_spool_init(struct gy_spool *spool, struct gy_spill *spill, uint8_t tag)
{
    *spool = (struct gy_spool){.spill = spill, .tag = tag};
}

static struct gy_run *run_add(struct gy_spool *spool, bool is_segment)
{
    struct gy_run *run = gy_alloc(sizeof *run);
    if (run == NULL)
        return NULL;
    run->is_segment = is_segment;
    run->tag = spool->tag;
    run->at = GY_SEGMENT_HEAD;
    if (is_segment)
        reuse(spool->spill, &run->segment);
    if (spool->last != NULL)
        spool->last->next = run;
    else
        spool->first = run;
    spool->last = run;
    return run;
}

/* Removes a file that is not needed any more; what cannot be removed is by whoever cleans the folder. */
static void remove_file(struct gy_spill *spill, struct gy_run *run)
{
    char *path = gy_run_path(spill, run);
    if (path != NULL)
        spill->config.disk->remove(spill->config.disk, path);
    gy_free(path);
    spill->bytes_disk -= run->segment.size;
}

/* Frees the first run, with what is left in it. */
static void drop_first(struct gy_spool *spool)
{
    struct gy_run *run = spool->first;
    struct gy_spill *spill = spool->spill;
    for (struct gy_message *next, *message = run->first; message != NULL; message = next) {
        next = message->next;
        spill->bytes_memory -= message->bytes;
        gy_message_drop(message);
    }
    if (run->on_disk)
        remove_file(spill, run);
    spill->bytes_memory -= run->segment.bytes.length;
    recycle(spill, &run->segment);
    spool->first = run->next;
    if (spool->last == run)
        spool->last = NULL;
    if (spool->unlogged == run)
        spool->unlogged = run->next;
    gy_free(run);
}

void gy_spool_fini(struct gy_spool *spool)
{
    while (spool->first != NULL)
        drop_first(spool);
    *spool = (struct gy_spool){0};
}

/* ---- putting ---- */

/* So much in memory leaves room for so many segments: for one that is filled, one that is read, and one that
 * has been filled. */
static uint64_t room(const struct gy_spill *spill, uint64_t segments)
{
    uint64_t less = segments * spill->segment_bytes;
    return spill->config.memory_max > less ? spill->config.memory_max - less : 0;
}

/* Writes a segment to a file. 0, or a code and a sentence. */
static int store(struct gy_spool *spool, struct gy_run *run)
{
    struct gy_spill *spill = spool->spill;
    const uint64_t bytes = run->segment.bytes.length;
    if (spill->bytes_disk + bytes > spill->config.disk_max) {
        spill->is_full = true;
        return gyre_error_set(&spill->error, GYRE_EFAIL, -1,
                              "the rows that wait in a loop take more than the %" PRIu64
                              " bytes that they may on disk",
                              spill->config.disk_max);
    }
    run->number = spill->n_files + 1;
    char *path = gy_run_path(spill, run);
    if (path == NULL)
        return no_memory(spill);
    int code = gy_segment_store(&run->segment, spill->config.disk, path, &spill->error);
    gy_free(path);
    if (code != 0)
        return code;
    spill->n_files++;
    run->on_disk = true;
    spill->bytes_memory -= bytes;
    spill->bytes_disk += bytes;
    recycle(spill, &run->segment);
    return 0;
}

/* The last run takes no more: it goes into a file, if there is no room for it. One that is being read does not. */
static int close_last(struct gy_spool *spool)
{
    struct gy_run *run = spool->last;
    if (run == NULL)
        return 0;
    run->closed = true;
    if (!run->is_segment || run->on_disk || run->at != GY_SEGMENT_HEAD ||
        spool->spill->bytes_memory <= room(spool->spill, 2))
        return 0;
    return store(spool, run);
}

static void add_to_list(struct gy_run *run, struct gy_message *message)
{
    if (message->to_log && run->n_to_log == 0)
        run->log_next = message;
    message->next = NULL;
    if (run->first == NULL)
        run->first = message;
    else
        run->last->next = message;
    run->last = message;
}

static int add_to_segment(struct gy_spill *spill, struct gy_run *run, struct gy_message *message)
{
    const struct gy_layout *layout = spill->config.entries[message->entry].layout;
    const size_t before = run->segment.bytes.length;
    int code = gy_segment_add(&run->segment, layout, message);
    if (code == GYRE_EFAIL)
        return gyre_error_set(&spill->error, code, -1,
                              "rows of more than 4 GiB cannot wait in a loop");
    if (code != 0)
        return no_memory(spill);
    if (message->to_log && run->n_to_log == 0)
        run->log_at = before > 0 ? before : GY_SEGMENT_HEAD;
    spill->bytes_memory += run->segment.bytes.length - before;
    return 0;
}

/* The run that a message is appended to; NULL and an error. */
static struct gy_run *run_for(struct gy_spool *spool, const struct gy_message *message)
{
    struct gy_spill *spill = spool->spill;
    struct gy_run *last = spool->last;
    bool is_open = last != NULL && !last->closed;
    if (is_open && last->is_segment)
        return last;
    bool fits = spill->bytes_memory + message->bytes <= room(spill, 3);
    if (is_open && fits)
        return last;
    if (close_last(spool) != 0)
        return NULL;
    struct gy_run *run = run_add(spool, !fits);
    if (run == NULL)
        no_memory(spill);
    return run;
}

static int append(struct gy_spool *spool, struct gy_message *message)
{
    struct gy_spill *spill = spool->spill;
    const uint32_t rows = message->rows;
    const bool to_log = message->to_log;
    struct gy_run *run = run_for(spool, message);
    int code = 0;
    if (run == NULL)
        return spill->error.code;
    if (!run->is_segment) {
        add_to_list(run, message);
        spill->bytes_memory += message->bytes;
    } else if ((code = add_to_segment(spill, run, message)) != 0) {
        return code;
    }
    if (to_log && spool->n_to_log == 0)
        spool->unlogged = run;
    run->n_messages++;
    run->rows += rows;
    run->n_to_log += to_log;
    spool->n_messages++;
    spool->rows += rows;
    spool->n_to_log += to_log;
    spool->n_put++;
    spool->rows_put += rows;
    if (run->is_segment) /* it has been copied */
        gy_message_drop(message);
    if (run->is_segment && run->segment.bytes.length >= spill->segment_bytes)
        code = close_last(spool);
    return code;
}

int gy_spool_put(struct gy_spool *spool, struct gy_message *message, bool to_log)
{
    struct gy_spill *spill = spool->spill;
    assert(message->kind == GY_ROWS && message->entry < spill->config.n_entries);
    assert(!to_log || spill->part != NULL);
    uint64_t before = spool->n_put;
    message->to_log = to_log;
    int code = spill->error.code != 0 ? spill->error.code : append(spool, message);
    if (spool->n_put == before)
        gy_message_drop(message);
    return code;
}

/* ---- taking ---- */

static struct gy_message *take_from_list(struct gy_spool *spool, struct gy_run *run)
{
    struct gy_message *message = run->first;
    if (run->n_to_log > 0 && run->log_next == message)
        gy_run_log_next(spool, run);
    run->first = message->next;
    if (run->first == NULL)
        run->last = NULL;
    message->next = NULL;
    spool->spill->bytes_memory -= message->bytes;
    return message;
}

/* Reads the file of a run into memory, and removes it. 0, or a code and a sentence. */
static int load(struct gy_spool *spool, struct gy_run *run)
{
    struct gy_spill *spill = spool->spill;
    if (run->n_to_log > 0 && run->n_to_log == run->n_messages)
        gy_run_log_next(spool, run); /* while it is a file */
    char *path = gy_run_path(spill, run);
    if (path == NULL)
        return no_memory(spill);
    reuse(spill, &run->segment);
    int code = gy_segment_load(&run->segment, spill->config.disk, path, &spill->error);
    gy_free(path);
    if (code != 0)
        return code;
    remove_file(spill, run);
    run->on_disk = false;
    spill->bytes_memory += run->segment.bytes.length;
    return 0;
}

static struct gy_message *take_from_segment(struct gy_spool *spool, struct gy_run *run)
{
    struct gy_spill *spill = spool->spill;
    struct gy_row_segment_message packed;
    if (run->on_disk && load(spool, run) != 0)
        return NULL;
    int code = gy_segment_at(&run->segment, run->at, &packed);
    assert(code == 1 && packed.entry < spill->config.n_entries); /* what was loaded was checked */
    struct gyre_reader reader = {.size = sizeof reader, .data = packed.rows, .length = packed.n};
    struct gy_message *message =
        gy_unpack_next(&spill->unpacks[packed.entry], &reader,
                       spill->config.entries[packed.entry].channel, &spill->error);
    if (message == NULL)
        return NULL;
    if (run->n_to_log > 0 && run->log_at == run->at)
        gy_run_log_next(spool, run);
    run->at = packed.next;
    message->entry = packed.entry;
    message->generation = packed.generation;
    return message;
}

struct gy_message *gy_spool_take(struct gy_spool *spool)
{
    if (spool->n_messages == 0 || spool->spill->error.code != 0)
        return NULL;
    while (spool->first->n_messages == 0)
        drop_first(spool);
    struct gy_run *run = spool->first;
    struct gy_message *message =
        run->is_segment ? take_from_segment(spool, run) : take_from_list(spool, run);
    if (message == NULL)
        return NULL;
    run->n_messages--;
    run->rows -= message->rows;
    spool->n_messages--;
    spool->rows -= message->rows;
    spool->n_taken++;
    spool->rows_taken += message->rows;
    /* An empty list that is not closed stays for what comes next. */
    if (run->n_messages == 0 && (run->closed || run->is_segment))
        drop_first(spool);
    return message;
}

void gy_spool_splice(struct gy_spool *to, struct gy_spool *from)
{
    assert(to->spill == from->spill && to != from);
    if (from->n_messages == 0)
        return;
    while (to->n_messages == 0 && to->first != NULL)
        drop_first(to);
    /* What is to be logged of the one has another tag than of the other. */
    from->last->closed = true;
    if (to->last != NULL) {
        to->last->closed = true;
        to->last->next = from->first;
    } else {
        to->first = from->first;
    }
    to->last = from->last;
    if (to->n_to_log == 0)
        to->unlogged = from->unlogged;
    to->n_messages += from->n_messages;
    to->rows += from->rows;
    to->n_to_log += from->n_to_log;
    from->first = from->last = from->unlogged = NULL;
    from->n_messages = from->rows = from->n_to_log = 0;
}
