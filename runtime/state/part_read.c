/* Reading a state file; see part.h.
 *
 * Nothing of a block is believed before its checksum was right, and its length not even then: memory
 * for a block grows with the bytes that the file really has. */
#include "state/part.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define STEP ((size_t)1 << 20) /* room that is made before any byte has come */

static uint32_t get_u16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get_u32(const uint8_t *at)
{
    return get_u16(at) | get_u16(at + 2) << 16;
}

static uint64_t get_u64(const uint8_t *at)
{
    return get_u32(at) | (uint64_t)get_u32(at + 4) << 32;
}

/* Ends the reading: whatever is asked from now on gets the same code. */
static int damaged(struct gy_part_reader *reader, struct gyre_error *error, const char *what)
{
    char brief[GY_PATH_BRIEF];
    return reader->error = gyre_error_set(error, GYRE_ECORRUPT, -1, "%s is damaged: %s",
                                          gy_text_shorten(brief, sizeof brief, reader->path), what);
}

static int block_damaged(struct gy_part_reader *reader, struct gyre_error *error, const char *what)
{
    char brief[GY_PATH_BRIEF];
    return reader->error = gyre_error_set(
               error, GYRE_ECORRUPT, -1, "%s is damaged: block %" PRIu64 " %s",
               gy_text_shorten(brief, sizeof brief, reader->path), reader->n_blocks, what);
}

static int read_bytes(struct gy_part_reader *reader, void *bytes, size_t n, size_t *got,
                      struct gyre_error *error)
{
    int code = reader->disk->read(reader->disk, reader->handle, bytes, n, got);
    return code == 0 ? 0 : (reader->error = gy_disk_failed(error, "read", reader->path, code));
}

static int check_head(struct gy_part_reader *reader, const uint8_t *head, uint64_t id,
                      struct gyre_error *error)
{
    if (memcmp(head, GY_PART_MAGIC, 8) != 0)
        return damaged(reader, error, "it does not begin as a state file does");
    if (gy_checksum(head, 24) != get_u64(head + 24))
        return damaged(reader, error, "its head does not have its checksum");
    if (get_u32(head + 8) != GY_PART_VERSION || get_u32(head + 12) != GY_PART_HEAD)
        return reader->error =
                   gyre_error_set(error, GYRE_ECORRUPT, -1,
                                  "%s has format version %" PRIu32 ", and this gyre reads %u",
                                  reader->path, get_u32(head + 8), GY_PART_VERSION);
    if (get_u64(head + 16) != id)
        return reader->error = gyre_error_set(error, GYRE_ECORRUPT, -1,
                                              "%s belongs to snapshot %" PRIu64 ", not to %" PRIu64,
                                              reader->path, get_u64(head + 16), id);
    return 0;
}

int gy_part_open(struct gy_part_reader *reader, struct gy_disk *disk, const char *path, uint64_t id,
                 struct gyre_error *error)
{
    *reader = (struct gy_part_reader){.disk = disk, .path = path};
    int code = disk->open(disk, path, &reader->handle);
    if (code != 0)
        return reader->error = gy_disk_failed(error, "open", path, code);
    reader->opened = true;
    uint8_t head[GY_PART_HEAD];
    size_t got;
    if (read_bytes(reader, head, sizeof head, &got, error) == 0) {
        if (got < sizeof head)
            damaged(reader, error, "it ends within its head");
        else
            check_head(reader, head, id, error);
    }
    code = reader->error;
    if (code != 0) {
        gy_part_close(reader);
        *reader = (struct gy_part_reader){.path = path, .error = code};
    }
    return code;
}

/* Reads the n bytes of a block. */
static int read_content(struct gy_part_reader *reader, size_t n, struct gyre_error *error)
{
    for (reader->n = 0; reader->n < n;) {
        if (reader->cap - reader->n == 0) {
            size_t cap = reader->cap < STEP ? STEP : reader->cap * 2;
            uint8_t *block = gy_realloc(reader->block, cap < n ? cap : n);
            if (block == NULL)
                return reader->error = gyre_error_set(error, GYRE_ENOMEM, -1,
                                                      "out of memory reading %s", reader->path);
            reader->block = block;
            reader->cap = cap < n ? cap : n;
        }
        size_t room = reader->cap - reader->n, got;
        size_t want = n - reader->n < room ? n - reader->n : room;
        if (read_bytes(reader, reader->block + reader->n, want, &got, error) != 0)
            return reader->error;
        if (got < want)
            return block_damaged(reader, error, "is cut off");
        reader->n += got;
    }
    return 0;
}

/* The end block has been met: the file must have been told whole, and end here. */
static int check_end(struct gy_part_reader *reader, const uint8_t *head, struct gyre_error *error)
{
    uint8_t more;
    size_t got;
    if (get_u32(head + 4) != 0 || get_u64(head + 16) != reader->total)
        return block_damaged(reader, error, "ends a file of another number of records");
    if (read_bytes(reader, &more, 1, &got, error) != 0)
        return reader->error;
    if (got != 0)
        return damaged(reader, error, "it goes on beyond its end");
    reader->ended = true;
    return 0;
}

/* Reads the next block; at the end block `ended` is set. */
static int next_block(struct gy_part_reader *reader, struct gyre_error *error)
{
    uint8_t head[GY_BLOCK_HEAD];
    size_t got;
    if (read_bytes(reader, head, sizeof head, &got, error) != 0)
        return reader->error;
    if (got < sizeof head)
        return damaged(reader, error, "it is cut off");
    if (gy_checksum(head, 24) != get_u64(head + 24))
        return block_damaged(reader, error, "does not have the checksum of its head");
    if (get_u64(head + 8) != reader->n_blocks)
        return block_damaged(reader, error, "has another number");
    reader->at = 0;
    if (get_u32(head) == 0)
        return check_end(reader, head, error);
    if (get_u32(head + 4) == 0)
        return block_damaged(reader, error, "has bytes and no record");
    if (read_content(reader, get_u32(head), error) != 0)
        return reader->error;
    if (gy_checksum(reader->block, reader->n) != get_u64(head + 16))
        return block_damaged(reader, error, "does not have its checksum");
    reader->left = get_u32(head + 4);
    reader->n_blocks++;
    return 0;
}

static bool kind_is_known(uint32_t kind)
{
    return (kind >= GY_RECORD_SPLITS && kind <= GY_RECORD_RANDOM) ||
           (kind >= GY_RECORD_STATE && kind <= GY_RECORD_ITEM);
}

int gy_part_read(struct gy_part_reader *reader, struct gy_record *record, struct gyre_error *error)
{
    if (reader->error != 0)
        return gyre_error_set(error, reader->error, -1, "%s cannot be read on after an error",
                              reader->path);
    if (reader->left == 0 && !reader->ended && next_block(reader, error) != 0)
        return reader->error;
    if (reader->ended)
        return 0;
    assert(reader->at <= reader->n && reader->n <= reader->cap && reader->left > 0);
    const uint8_t *at = reader->block + reader->at;
    size_t room = reader->n - reader->at;
    if (room < GY_RECORD_HEAD || get_u32(at) > room - GY_RECORD_HEAD)
        return damaged(reader, error, "a record does not fit its block");
    uint32_t kind = get_u16(at + 4);
    *record = (struct gy_record){.kind = (enum gy_record_kind)kind,
                                 .index = (uint16_t)get_u16(at + 6),
                                 .bytes = at + GY_RECORD_HEAD,
                                 .n = get_u32(at)};
    if (!kind_is_known(kind) || (kind != GY_RECORD_STATE && record->index != 0))
        return damaged(reader, error, "it has a record of an unknown kind");
    reader->at += GY_RECORD_HEAD + record->n;
    reader->total++;
    if (--reader->left == 0 && reader->at != reader->n)
        return damaged(reader, error, "a block has more bytes than its records");
    return 1;
}

void gy_part_close(struct gy_part_reader *reader)
{
    if (reader->opened)
        reader->disk->close(reader->disk, reader->handle);
    gy_free(reader->block);
    *reader = (struct gy_part_reader){0};
}
