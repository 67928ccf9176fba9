/* See segment.h. */
#include "flow/segment.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "state/items.h"

#include <assert.h>
#include <errno.h>

enum { MESSAGE_HEAD = 16, STEP = 1 << 20 }; /* STEP: room that is made before any byte has come */

void gy_segment_fini(struct gy_row_segment *segment)
{
    gy_free(segment->bytes.data);
    *segment = (struct gy_row_segment){0};
}

static void prepare(struct gy_row_segment *segment)
{
    segment->bytes.size = sizeof segment->bytes;
    segment->bytes.grow = gy_writer_grow;
    segment->bytes.error = 0;
}

static void put_u32(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

int gy_segment_add(struct gy_row_segment *segment, const struct gy_layout *layout,
                   struct gy_message *message)
{
    struct gyre_writer *writer = &segment->bytes;
    prepare(segment);
    const size_t before = writer->length;
    if (before == 0) {
        gyre_write(writer, GY_SEGMENT_MAGIC, 8);
        gyre_write_u32(writer, GY_SEGMENT_VERSION);
        gyre_write_u32(writer, GY_SEGMENT_HEAD);
    }
    const size_t at = writer->length;
    gyre_write_u32(writer, 0);
    gyre_write_u32(writer, message->entry);
    gyre_write_u32(writer, message->generation);
    gyre_write_u32(writer, message->to_log);
    int code = gy_pack(layout, message, writer);
    if (code == 0 && writer->length - at - MESSAGE_HEAD > UINT32_MAX)
        code = GYRE_EFAIL;
    if (code == 0)
        put_u32(writer->data + at, (uint32_t)(writer->length - at - MESSAGE_HEAD));
    else
        writer->length = before;
    writer->error = 0;
    return code;
}

int gy_segment_at(const struct gy_row_segment *segment, size_t offset,
                  struct gy_row_segment_message *message)
{
    const struct gyre_writer *bytes = &segment->bytes;
    assert(offset >= GY_SEGMENT_HEAD);
    if (offset == bytes->length)
        return 0;
    if (offset > bytes->length || bytes->length - offset < MESSAGE_HEAD)
        return GYRE_ECORRUPT;
    const uint8_t *at = bytes->data + offset;
    *message = (struct gy_row_segment_message){.n = get_u32(at),
                                               .entry = get_u32(at + 4),
                                               .generation = get_u32(at + 8),
                                               .to_log = get_u32(at + 12) != 0,
                                               .rows = at + MESSAGE_HEAD};
    if (bytes->length - offset - MESSAGE_HEAD < message->n)
        return GYRE_ECORRUPT;
    message->next = offset + MESSAGE_HEAD + message->n;
    return 1;
}

/* ---- files ---- */

int gy_segment_store(struct gy_row_segment *segment, struct gy_disk *disk, const char *path,
                     struct gyre_error *error)
{
    struct gyre_writer *bytes = &segment->bytes;
    int handle;
    const char *verb = "make";
    int code = gy_disk_renew(disk, path, &handle);
    if (code == 0) {
        verb = "write";
        code = disk->write(disk, handle, bytes->data, bytes->length);
        if (code == 0)
            code = disk->cut(disk, handle, bytes->length);
        int closed = disk->close(disk, handle);
        code = code != 0 ? code : closed;
        if (code != 0)
            disk->remove(disk, path);
    }
    if (code != 0)
        return gy_disk_failed(error, verb, path, code);
    segment->size = bytes->length;
    segment->checksum = gy_checksum(bytes->data, bytes->length);
    bytes->length = 0;
    return 0;
}

static int damaged(struct gyre_error *error, const char *path, const char *what)
{
    char brief[GY_PATH_BRIEF];
    return gyre_error_set(error, GYRE_ECORRUPT, -1, "%s is damaged: %s",
                          gy_text_shorten(brief, sizeof brief, path), what);
}

/* Reads a file, but no further than just beyond what it should have. */
static int read_all(struct gyre_writer *bytes, struct gy_disk *disk, const char *path, int handle,
                    uint64_t size, struct gyre_error *error)
{
    size_t got = 1;
    bytes->length = 0;
    while (got > 0 && bytes->length <= size) {
        uint64_t left = size - bytes->length + 1;
        size_t n = left < STEP ? (size_t)left : STEP;
        if (bytes->capacity - bytes->length < n && bytes->grow(bytes, n) != 0)
            return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory reading %s", path);
        int code = disk->read(disk, handle, bytes->data + bytes->length, n, &got);
        if (code != 0)
            return gy_disk_failed(error, "read", path, code);
        bytes->length += got;
    }
    return 0;
}

static int check(const struct gy_row_segment *segment, const char *path, struct gyre_error *error)
{
    const struct gyre_writer *bytes = &segment->bytes;
    if (bytes->length != segment->size)
        return damaged(error, path, "it does not have the length that was written");
    if (gy_checksum(bytes->data, bytes->length) != segment->checksum)
        return damaged(error, path, "it does not have the checksum of what was written");
    if (bytes->length < GY_SEGMENT_HEAD || memcmp(bytes->data, GY_SEGMENT_MAGIC, 8) != 0)
        return damaged(error, path, "it does not begin as a file of rows does");
    if (get_u32(bytes->data + 8) != GY_SEGMENT_VERSION ||
        get_u32(bytes->data + 12) != GY_SEGMENT_HEAD)
        return damaged(error, path, "it has another format version");
    return 0;
}

int gy_segment_load(struct gy_row_segment *segment, struct gy_disk *disk, const char *path,
                    struct gyre_error *error)
{
    int handle;
    prepare(segment);
    int code = disk->open(disk, path, &handle);
    if (code != 0)
        return gy_disk_failed(error, "open", path, code);
    code = read_all(&segment->bytes, disk, path, handle, segment->size, error);
    disk->close(disk, handle);
    if (code == 0)
        code = check(segment, path, error);
    if (code != 0)
        segment->bytes.length = 0;
    segment->bytes.error = 0;
    return code;
}
