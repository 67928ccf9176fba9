/* What waits in a spool goes into a snapshot; see spool.h. */
#include "flow/run.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

enum {
    LINK_COST = 4096
}; /* of giving a file another name, in bytes that could be copied meanwhile */

/* ---- records ---- */

static bool has_failed(const struct gy_spill *spill)
{
    return spill->part->error != 0 || spill->log_error.code != 0;
}

static struct gyre_writer *record_begin(struct gy_spill *spill, enum gy_feedback_form form,
                                        uint8_t tag, uint32_t entry)
{
    const uint8_t head[4] = {(uint8_t)form, tag, 0, 0};
    struct gyre_writer *writer = gy_part_record(spill->part, GY_RECORD_FEEDBACK, 0);
    gyre_write(writer, head, sizeof head);
    gyre_write_u32(writer, entry);
    return writer;
}

/* Says once what the rows of an entry are. */
static void describe(struct gy_spill *spill, uint32_t entry)
{
    const struct gy_spool_entry *of = &spill->config.entries[entry];
    if (spill->described[entry] || of->layout == NULL)
        return;
    struct gyre_writer *writer = record_begin(spill, GY_FEEDBACK_DESCRIPTION, 0, entry);
    size_t n = strlen(of->edge);
    gyre_write_u32(writer, (uint32_t)n);
    gyre_write(writer, of->edge, n);
    gy_pack_describe(of->layout, of->schema, writer);
    spill->described[entry] = gy_part_end_record(spill->part) == 0;
}

static size_t log_message(struct gy_spill *spill, uint8_t tag, struct gy_message *message)
{
    describe(spill, message->entry);
    struct gyre_writer *writer = record_begin(spill, GY_FEEDBACK_ROWS, tag, message->entry);
    gy_pack(spill->config.entries[message->entry].layout, message, writer);
    size_t n = writer->length;
    return gy_part_end_record(spill->part) == 0 ? n : 0;
}

static size_t log_packed(struct gy_spill *spill, uint8_t tag,
                         const struct gy_row_segment_message *message)
{
    describe(spill, message->entry);
    struct gyre_writer *writer = record_begin(spill, GY_FEEDBACK_ROWS, tag, message->entry);
    gyre_write(writer, message->rows, message->n);
    gy_part_end_record(spill->part);
    return message->n;
}

/* ---- files ---- */

char *gy_run_path(const struct gy_spill *spill, const struct gy_run *run)
{
    return gy_printf("%s/%s-%" PRIu64 ".rows", spill->config.folder, spill->config.name,
                     run->number);
}

static void log_no_memory(struct gy_spill *spill)
{
    gyre_error_set(&spill->log_error, GYRE_ENOMEM, -1,
                   "out of memory writing the rows that wait in a loop");
}

/* Gives a file another name; one that an old snapshot has left there makes room. 0 or a negative errno. */
static int link_file(struct gy_disk *disk, const char *from, const char *to)
{
    int code = disk->link(disk, from, to);
    if (code != -EEXIST)
        return code;
    code = disk->remove(disk, to);
    return code == 0 ? disk->link(disk, from, to) : code;
}

/* Copies a file, which is read as a whole: what was lost of it must not be passed on. */
static void copy_file(struct gy_spill *spill, const struct gy_run *run, const char *from,
                      const char *to)
{
    struct gy_row_segment copy = {.size = run->segment.size, .checksum = run->segment.checksum};
    if (gy_segment_load(&copy, spill->config.disk, from, &spill->log_error) == 0)
        gy_segment_store(&copy, spill->config.disk, to, &spill->log_error);
    gy_segment_fini(&copy);
}

/* Puts a file into the snapshot's folder. About what it cost. */
static size_t place_file(struct gy_spill *spill, struct gy_run *run, const char *name)
{
    char *from = gy_run_path(spill, run);
    char *to = gy_printf("%s/%s", spill->folder, name);
    size_t cost = LINK_COST;
    if (from == NULL || to == NULL) {
        log_no_memory(spill);
    } else if (!run->suspect && link_file(spill->config.disk, from, to) == 0) {
        run->linked = true;
    } else { /* another file system, too many names, or none allowed */
        copy_file(spill, run, from, to);
        cost = (size_t)run->segment.size;
    }
    gy_free(from);
    gy_free(to);
    return cost;
}

static size_t log_file(struct gy_spill *spill, struct gy_run *run)
{
    struct gy_manifest_file file = {.bytes = run->segment.size, .checksum = run->segment.checksum};
    file.name = gy_printf("%s-%" PRIu64 ".rows", spill->config.name, run->number);
    if (file.name == NULL || gy_vec_push(&spill->files, file) != 0) {
        gy_free(file.name);
        log_no_memory(spill);
        return 0;
    }
    size_t cost = place_file(spill, run, file.name), n = strlen(file.name);
    if (has_failed(spill))
        return cost;
    for (uint32_t e = 0; e < spill->config.n_entries; e++)
        describe(spill, e);
    struct gyre_writer *writer = record_begin(spill, GY_FEEDBACK_FILE, run->tag, 0);
    gyre_write_u32(writer, (uint32_t)n);
    gyre_write(writer, file.name, n);
    gyre_write_u64(writer, file.bytes);
    gyre_write_u64(writer, file.checksum);
    gyre_write_u64(writer, run->n_messages);
    gyre_write_u64(writer, run->rows);
    gy_part_end_record(spill->part);
    return cost;
}

/* ---- runs ---- */

static void log_list(struct gy_spill *spill, struct gy_run *run, size_t *cost)
{
    struct gy_message *message = run->log_next;
    assert(message != NULL && (run->whole || message->to_log));
    if (!has_failed(spill))
        *cost = log_message(spill, run->tag, message);
    do
        message = message->next;
    while (message != NULL && !run->whole && !message->to_log);
    run->log_next = message;
}

/* The bytes of a run are in `segment`. */
static void log_segment(struct gy_spill *spill, struct gy_run *run,
                        const struct gy_row_segment *segment, size_t *cost)
{
    struct gy_row_segment_message message;
    int code = gy_segment_at(segment, run->log_at, &message);
    assert(code == 1 && (run->whole || message.to_log));
    if (!has_failed(spill))
        *cost += log_packed(spill, run->tag, &message);
    do {
        run->log_at = message.next;
        code = gy_segment_at(segment, run->log_at, &message);
    } while (code == 1 && !run->whole && !message.to_log);
    assert(code >= 0); /* its bytes are ours, and were checked */
}

/* Some of the messages in a file are to be logged, which is the turn of all of them now. */
static size_t log_some_of_file(struct gy_spill *spill, struct gy_run *run)
{
    struct gy_row_segment copy = {.size = run->segment.size, .checksum = run->segment.checksum};
    size_t cost = (size_t)copy.size;
    char *path = gy_run_path(spill, run);
    if (path == NULL)
        log_no_memory(spill);
    else if (gy_segment_load(&copy, spill->config.disk, path, &spill->log_error) == 0)
        for (uint64_t i = 0; i < run->n_to_log; i++)
            log_segment(spill, run, &copy, &cost);
    gy_free(path);
    gy_segment_fini(&copy);
    return cost;
}

size_t gy_run_log_next(struct gy_spool *spool, struct gy_run *run)
{
    struct gy_spill *spill = spool->spill;
    uint64_t n = run->on_disk ? run->n_to_log : 1;
    size_t cost = 0;
    assert(spill->part != NULL && run->n_to_log > 0);
    if (!run->is_segment)
        log_list(spill, run, &cost);
    else if (!run->on_disk)
        log_segment(spill, run, &run->segment, &cost);
    else if (!has_failed(spill))
        cost = n == run->n_messages ? log_file(spill, run) : log_some_of_file(spill, run);
    run->n_to_log -= n;
    spool->n_to_log -= n;
    return cost;
}

/* ---- the log ---- */

void gy_spill_log_begin(struct gy_spill *spill, struct gy_part *part, const char *folder,
                        bool distrust)
{
    assert(spill->part == NULL);
    spill->part = part;
    spill->folder = folder;
    spill->distrusts = distrust;
    spill->log_error = (struct gyre_error){.size = sizeof spill->log_error};
    memset(spill->described, 0, spill->config.n_entries * sizeof *spill->described);
}

void gy_spool_mark(struct gy_spool *spool)
{
    assert(spool->spill->part != NULL && spool->n_to_log == 0);
    for (struct gy_run *run = spool->first; run != NULL; run = run->next) {
        run->closed = run->n_messages > 0;
        run->whole = run->closed;
        run->tag = spool->tag;
        run->n_to_log = run->n_messages;
        run->log_next = run->first;
        run->log_at = run->at;
        run->suspect |= run->linked && spool->spill->distrusts;
    }
    spool->n_to_log = spool->n_messages;
    spool->unlogged = spool->first;
}

bool gy_spool_log(struct gy_spool *spool, size_t most)
{
    bool did = false;
    size_t cost = 0;
    while (spool->n_to_log > 0 && cost < most && !has_failed(spool->spill)) {
        while (spool->unlogged->n_to_log == 0)
            spool->unlogged = spool->unlogged->next;
        cost += gy_run_log_next(spool, spool->unlogged);
        did = true;
    }
    return did;
}

void gy_spool_forget(struct gy_spool *spool)
{
    for (struct gy_run *run = spool->first; run != NULL; run = run->next) {
        run->n_to_log = 0;
        run->whole = false;
        run->closed |= run->n_messages > 0; /* it may have messages that are flagged */
    }
    spool->n_to_log = 0;
    spool->unlogged = NULL;
}

void gy_spill_log_end(struct gy_spill *spill, struct gy_manifest_file **files, uint32_t *n_files)
{
    assert(spill->part != NULL);
    *files = spill->files.items;
    *n_files = (uint32_t)spill->files.n;
    memset(&spill->files, 0, sizeof spill->files);
    spill->part = NULL;
    spill->folder = NULL;
}
