/* One file of a snapshot: the state of one operator task, as records in checksummed blocks.
 *
 * Numbers are little-endian. Offsets in bytes:
 *
 *   | file    | offset | size | field                                                |
 *   |---------|--------|------|------------------------------------------------------|
 *   | head    | 0      | 8    | "gyrestat"                                           |
 *   |         | 8      | 4    | version of this format: 1                            |
 *   |         | 12     | 4    | size of the head: 32                                 |
 *   |         | 16     | 8    | id of the snapshot                                   |
 *   |         | 24     | 8    | XXH3-64 of the 24 bytes before                       |
 *   | block   | +0     | 4    | bytes of its records, n; 0: this is the end block    |
 *   |         | +4     | 4    | number of its records; in the end block 0            |
 *   |         | +8     | 8    | number of the block, from 0 on                       |
 *   |         | +16    | 8    | XXH3-64 of its n bytes; end block: records in all    |
 *   |         | +24    | 8    | XXH3-64 of the 24 bytes before                       |
 *   |         | +32    | n    | records                                              |
 *   | record  | +0     | 4    | bytes of its content, m                              |
 *   |         | +4     | 2    | kind, see below                                      |
 *   |         | +6     | 2    | index, where the kind has one; else 0                |
 *   |         | +8     | m    | content                                              |
 *
 * A file ends with its end block. Records of the small kinds come first, so that a reader which deals
 * them out need not read the others. The manifest has the length and the XXH3-64 of each file.
 *
 *   | kind    | index | content                                                        |
 *   |---------|-------|----------------------------------------------------------------|
 *   | SPLITS  |       | the splits of a source: op/splits                              |
 *   | SPLIT   |       | how far this task has read one of them: op/splits              |
 *   | TXN     |       | a sink's prepared transaction: op/txns                         |
 *   | RANDOM  |       | u64: how many random numbers the task has drawn; none: 0       |
 *   | STATE   | state | a record of keyed state: state/store; begins with the u64 hash |
 *   | TIMERS  |       | the timers of a key: op/timers; begins with the u64 hash       |
 *   | FEEDBACK|       | rows that waited at the head of a loop: flow/spool             |
 *   | ITEM    |       | an item of operator state, as the plugin wrote it              |
 *
 * The index of STATE is that of the state in the manifest's list of this operator. */
#ifndef GY_STATE_PART_H
#define GY_STATE_PART_H

#include "base/disk.h"
#include <gyre/state.h>
#include <stdbool.h>

#define GY_PART_MAGIC   "gyrestat"
#define GY_PART_VERSION 1u
#define GY_PART_HEAD    32u
#define GY_BLOCK_HEAD   32u
#define GY_RECORD_HEAD  8u
#define GY_PART_BLOCK   (256u << 10) /* a block ends with the record that makes it so long */
#define GY_PART_ROOM    (288u << 10) /* what most blocks fit into */

enum gy_record_kind {
    GY_RECORD_SPLITS = 1,
    GY_RECORD_SPLIT = 2,
    GY_RECORD_TXN = 3,
    GY_RECORD_RANDOM = 4,
    GY_RECORD_STATE = 16, /* of kinds from here on there may be more than fits into memory */
    GY_RECORD_TIMERS = 17,
    GY_RECORD_FEEDBACK = 18, /* without a hash of its own: it has rows of many keys */
    GY_RECORD_ITEM = 19,
};

/* A piece of the file: the head, or one block with its head. It is complete when it is sealed. */
struct gy_part_piece {
    struct gy_part_piece *next; /* for its owner's lists */
    size_t n, cap;
    bool sealed;
    uint8_t bytes[];
};

/** Puts the checksums into a piece, before it is written: whoever writes it need not be the thread that has
 *  no time.
 *  Thread:  that of its owner */
void gy_part_piece_seal(struct gy_part_piece *piece);

/** Makes a piece with room for `cap` bytes.
 *  Owns:    the caller
 *  Errors:  NULL without memory */
struct gy_part_piece *gy_part_piece_new(size_t cap);

void gy_part_piece_free(struct gy_part_piece *piece);

/** Takes the next piece of the file; the pieces in order, sealed, are the file.
 *  Owns:    the callee
 *  Thread:  that of the call which completed the piece */
typedef void gy_part_take(void *host, struct gy_part_piece *piece);

/** Gives an unused piece with room for GY_PART_ROOM bytes, whatever its `n` is, or NULL where it has
 *  none: a piece that is used again needs no new pages.
 *  Owns:    the caller */
typedef struct gy_part_piece *gy_part_spare(void *host);

/* Builds a file. Owned by one thread. Errors are sticky: a part that failed takes no more records. */
struct gy_part {
    struct gyre_writer writer; /* of the record at hand; first, so that its grow finds the part */
    gy_part_take *take;
    gy_part_spare *spare; /* may be set after gy_part_init; NULL: pieces are allocated */
    void *host;
    struct gy_part_piece *piece; /* the block at hand */
    size_t record_at;            /* offset of the record at hand in the piece */
    uint32_t n_records;          /* of the block at hand */
    uint64_t n_blocks, total;    /* blocks and records so far */
    uint64_t bytes;              /* handed out */
    int error;
};

/** Bytes of all records so far, and their heads. */
static inline uint64_t gy_part_bytes(const struct gy_part *part)
{
    return part->bytes + (part->piece != NULL ? part->piece->n : 0);
}

/** Begins the file of snapshot `id`: hands out its head.
 *  Errors:  in `part->error`: GYRE_ENOMEM, nothing was handed out */
void gy_part_init(struct gy_part *part, uint64_t id, gy_part_take *take, void *host);

/** Frees what has not been handed out. */
void gy_part_fini(struct gy_part *part);

/** Begins a record and gives the writer for its content; end it with gy_part_end_record.
 *  Owns:    the part's; valid until gy_part_end_record
 *  Errors:  never NULL: the writer of a part that failed has its error. GYRE_EFAIL stands for a
 *           record beyond 4 GiB */
struct gyre_writer *gy_part_record(struct gy_part *part, enum gy_record_kind kind, uint16_t index);

/** Ends the record. One whose writer failed is taken back, and fails the part. 0, or the error. */
int gy_part_end_record(struct gy_part *part);

/** Appends up to *n records of `bytes` bytes, *n >= 1, and gives where those of the first are to be
 *  written, before anything else is asked of the part; the others' are GY_RECORD_HEAD + bytes later each.
 *  *n becomes how many there are: as many as the piece at hand has room for. NULL: the part has failed. */
uint8_t *gy_part_put(struct gy_part *part, enum gy_record_kind kind, uint16_t index, uint32_t bytes,
                     uint32_t *n);

/** Ends the file: hands out what is left and the end block. 0, or the part's error. */
int gy_part_end(struct gy_part *part);

/* A record that was read. */
struct gy_record {
    enum gy_record_kind kind;
    uint16_t index;
    const uint8_t *bytes; /* the reader's, until its next call */
    uint32_t n;
};

/* Reads a file. Zeroed, it is closed. */
struct gy_part_reader {
    struct gy_disk *disk;
    const char *path;
    int handle;
    bool opened;
    uint8_t *block; /* the block at hand */
    size_t cap, n, at;
    uint32_t left; /* its records that have not been read */
    uint64_t n_blocks, total;
    bool ended;
    int error; /* the first one: nothing is read after it */
};

/** Opens a file of snapshot `id`. `path` is borrowed until the end.
 *  Errors:  GYRE_EIO, GYRE_ECORRUPT, GYRE_ENOMEM and a sentence with the path */
int gy_part_open(struct gy_part_reader *reader, struct gy_disk *disk, const char *path, uint64_t id,
                 struct gyre_error *error);

/** Reads the next record: 1; 0 at the end of a file that is whole; or a code and a sentence. Every
 *  byte that it gives has been checked against its block's checksum. */
int gy_part_read(struct gy_part_reader *reader, struct gy_record *record, struct gyre_error *error);

void gy_part_close(struct gy_part_reader *reader);

#endif
