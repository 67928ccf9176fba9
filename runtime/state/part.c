/* Writing a state file; see part.h. Reading is in part_read.c.
 *
 * The content of a record is written where it will stand: the writer's memory is the rest of the
 * piece at hand, which grows with it. A block is handed out at the end of the record that makes it
 * GY_PART_BLOCK long. */
#include "state/part.h"

#include "base/buf.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define PIECE_FIRST 4096u /* room of the first piece: most tasks keep little */

static void put_u16(uint8_t *at, uint16_t v)
{
    for (int i = 0; i < 2; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

static void put_u32(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

static void put_u64(uint8_t *at, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

void gy_part_piece_free(struct gy_part_piece *piece)
{
    gy_free(piece);
}

struct gy_part_piece *gy_part_piece_new(size_t cap)
{
    struct gy_part_piece *piece = gy_realloc(NULL, sizeof *piece + cap); /* not zeroed */
    if (piece != NULL)
        *piece = (struct gy_part_piece){.cap = cap};
    return piece;
}

void gy_part_piece_seal(struct gy_part_piece *piece)
{
    if (piece->sealed)
        return;
    piece->sealed = true;
    put_u64(piece->bytes + 16, gy_checksum(piece->bytes + GY_BLOCK_HEAD, piece->n - GY_BLOCK_HEAD));
    put_u64(piece->bytes + 24, gy_checksum(piece->bytes, 24));
}

/* Hands out a piece of which only the last checksum is missing. */
static void hand_out_sealed(struct gy_part *part, struct gy_part_piece *piece)
{
    put_u64(piece->bytes + 24, gy_checksum(piece->bytes, 24));
    piece->sealed = true;
    part->take(part->host, piece);
}

/* Points the writer at the room behind the record's head. */
static void aim(struct gy_part *part)
{
    size_t at = part->record_at + GY_RECORD_HEAD;
    assert(at <= part->piece->cap);
    part->writer.data = part->piece->bytes + at;
    part->writer.capacity = part->piece->cap - at;
}

/* An empty piece with room for `need` bytes; one that was used before needs no new pages. */
static struct gy_part_piece *new_piece(struct gy_part *part, size_t need)
{
    struct gy_part_piece *piece = NULL;
    if (need <= GY_PART_ROOM && part->spare != NULL)
        piece = part->spare(part->host);
    return piece != NULL ? piece : gy_part_piece_new(need);
}

/* Gives the piece at hand, of which `used` bytes are written, room for `need`: of a small one that of
 * most blocks at once, or it would be copied as often as it is doubled. */
static int make_room(struct gy_part *part, size_t used, size_t need)
{
    size_t cap = part->piece->cap < GY_PART_ROOM ? GY_PART_ROOM : part->piece->cap * 2;
    struct gy_part_piece *piece = new_piece(part, need > cap ? need : cap);
    if (piece == NULL)
        return GYRE_ENOMEM;
    assert(used <= part->piece->cap && piece->cap >= need);
    memcpy(piece->bytes, part->piece->bytes, used);
    piece->n = part->piece->n;
    gy_part_piece_free(part->piece);
    part->piece = piece;
    return 0;
}

static int32_t part_grow(struct gyre_writer *writer, size_t more)
{
    struct gy_part *part = (struct gy_part *)writer;
    size_t used = part->record_at + GY_RECORD_HEAD + writer->length;
    /* Its length has to fit the block's head. */
    if (more > UINT32_MAX || used + more - GY_BLOCK_HEAD > UINT32_MAX)
        return writer->error = GYRE_EFAIL;
    if (make_room(part, used, used + more) != 0)
        return writer->error = GYRE_ENOMEM;
    aim(part);
    return 0;
}

void gy_part_init(struct gy_part *part, uint64_t id, gy_part_take *take, void *host)
{
    *part = (struct gy_part){.take = take, .host = host};
    part->writer = (struct gyre_writer){.size = sizeof part->writer, .grow = part_grow};
    struct gy_part_piece *head = gy_part_piece_new(GY_PART_HEAD);
    if (head == NULL) {
        part->error = GYRE_ENOMEM;
        return;
    }
    memcpy(head->bytes, GY_PART_MAGIC, 8);
    put_u32(head->bytes + 8, GY_PART_VERSION);
    put_u32(head->bytes + 12, GY_PART_HEAD);
    put_u64(head->bytes + 16, id);
    head->n = GY_PART_HEAD;
    hand_out_sealed(part, head);
}

void gy_part_fini(struct gy_part *part)
{
    gy_part_piece_free(part->piece);
    part->piece = NULL;
}

/* After the first block there is much to be written. */
static int piece_begin(struct gy_part *part)
{
    part->piece =
        part->n_blocks == 0 ? gy_part_piece_new(PIECE_FIRST) : new_piece(part, GY_PART_ROOM);
    if (part->piece == NULL)
        return part->error = GYRE_ENOMEM;
    part->piece->n = GY_BLOCK_HEAD;
    part->n_records = 0;
    return 0;
}

/* Takes the piece at hand, with the head of its block but for the checksums. */
static struct gy_part_piece *piece_end(struct gy_part *part)
{
    struct gy_part_piece *piece = part->piece;
    assert(piece->n >= GY_BLOCK_HEAD && piece->n <= piece->cap);
    assert((part->n_records > 0) == (piece->n > GY_BLOCK_HEAD)); /* no bytes without a record */
    put_u32(piece->bytes, (uint32_t)(piece->n - GY_BLOCK_HEAD));
    put_u32(piece->bytes + 4, part->n_records);
    put_u64(piece->bytes + 8, part->n_blocks++);
    piece->sealed = false;
    part->piece = NULL;
    part->n_records = 0;
    part->bytes += piece->n;
    return piece;
}

static void block_hand_out(struct gy_part *part)
{
    part->take(part->host, piece_end(part));
}

struct gyre_writer *gy_part_record(struct gy_part *part, enum gy_record_kind kind, uint16_t index)
{
    struct gyre_writer *writer = &part->writer;
    writer->length = writer->capacity = 0;
    writer->data = NULL;
    writer->error = part->error;
    if (part->piece != NULL && part->piece->n - GY_BLOCK_HEAD >= GY_PART_BLOCK)
        block_hand_out(part); /* gy_part_put has filled it */
    if (part->error != 0 || (part->piece == NULL && piece_begin(part) != 0)) {
        writer->error = part->error;
        return writer;
    }
    struct gy_part_piece *piece = part->piece;
    if (piece->cap - piece->n < GY_RECORD_HEAD) {
        writer->error = part->error = make_room(part, piece->n, piece->n + GY_RECORD_HEAD);
        if (part->error != 0)
            return writer;
        piece = part->piece;
    }
    part->record_at = piece->n;
    put_u16(piece->bytes + piece->n + 4, (uint16_t)kind);
    put_u16(piece->bytes + piece->n + 6, index);
    aim(part);
    return writer;
}

int gy_part_end_record(struct gy_part *part)
{
    if (part->error != 0)
        return part->error;
    if (part->writer.error != 0)
        return part->error = part->writer.error;
    struct gy_part_piece *piece = part->piece;
    assert(part->record_at == piece->n && part->writer.length <= part->writer.capacity);
    put_u32(piece->bytes + part->record_at, (uint32_t)part->writer.length);
    piece->n = part->record_at + GY_RECORD_HEAD + part->writer.length;
    part->n_records++;
    part->total++;
    if (piece->n - GY_BLOCK_HEAD >= GY_PART_BLOCK)
        block_hand_out(part);
    return 0;
}

/* The block that such records complete is handed out by whoever comes next: they are not written yet. */
uint8_t *gy_part_put(struct gy_part *part, enum gy_record_kind kind, uint16_t index, uint32_t bytes,
                     uint32_t *n)
{
    struct gy_part_piece *piece = part->piece;
    const size_t step = GY_RECORD_HEAD + (size_t)bytes;
    if (part->error != 0 || piece == NULL || piece->cap - piece->n < step ||
        piece->n - GY_BLOCK_HEAD >= GY_PART_BLOCK) {
        struct gyre_writer *writer = gy_part_record(part, kind, index);
        if (writer->error == 0 && writer->capacity < bytes)
            part_grow(writer, bytes);
        if (writer->error != 0) {
            part->error = writer->error;
            return NULL;
        }
        piece = part->piece;
    }
    const uint64_t head = bytes | (uint64_t)kind << 32 | (uint64_t)index << 48;
    assert(*n > 0 && piece->cap - piece->n >= step);
    uint8_t *const first = piece->bytes + piece->n;
    uint32_t put = 0;
    do {
        put_u64(piece->bytes + piece->n, head);
        piece->n += step;
        put++;
    } while (put < *n && piece->n - GY_BLOCK_HEAD < GY_PART_BLOCK && piece->cap - piece->n >= step);
    part->n_records += put;
    part->total += put;
    *n = put;
    return first + GY_RECORD_HEAD;
}

int gy_part_end(struct gy_part *part)
{
    if (part->error == 0 && part->piece != NULL && part->n_records > 0)
        block_hand_out(part);
    if (part->error != 0 || (part->piece == NULL && piece_begin(part) != 0))
        return part->error;
    struct gy_part_piece *piece = piece_end(part);
    put_u64(piece->bytes + 16, part->total);
    hand_out_sealed(part, piece);
    return 0;
}
