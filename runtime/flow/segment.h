/* A segment: messages one behind the other as bytes, in memory or in a file.
 *
 * It grows in memory, is then perhaps written to a file that is never changed afterwards, and is read from
 * its start to its end; a file is read into memory as a whole. Numbers are little-endian; offsets in bytes:
 *
 *   | part    | offset | size | field                                                     |
 *   |---------|--------|------|-----------------------------------------------------------|
 *   | head    | 0      | 8    | "gyrerows"                                                |
 *   |         | 8      | 4    | version of this format: 1                                 |
 *   |         | 12     | 4    | size of the head: 16                                      |
 *   | message | +0     | 4    | bytes of its rows, n                                      |
 *   |         | +4     | 4    | the entry by which it came                                |
 *   |         | +8     | 4    | the generation that it is counted in; while the run lasts |
 *   |         | +12    | 4    | 1: it was to be logged when it was put; likewise          |
 *   |         | +16    | n    | rows: flow/pack                                           |
 *
 * The XXH3-64 of the whole file is kept by whoever wrote it. */
#ifndef GY_FLOW_SEGMENT_H
#define GY_FLOW_SEGMENT_H

#include "base/disk.h"
#include "flow/pack.h"

#define GY_SEGMENT_MAGIC   "gyrerows"
#define GY_SEGMENT_VERSION 1u
#define GY_SEGMENT_HEAD    16u

/* Zeroed, it is empty. Owned by one thread. */
struct gy_row_segment {
    struct gyre_writer bytes; /* none while it is in a file alone */
    uint64_t size, checksum;  /* of the file */
};

/* A message of a segment, as it lies there. */
struct gy_row_segment_message {
    uint32_t entry, generation;
    bool to_log;
    uint32_t n;
    const uint8_t *rows;
    size_t next; /* offset of the message behind it */
};

void gy_segment_fini(struct gy_row_segment *segment);

/** Appends a message, which stays as it is. 0, or a code; the segment is then as before. GYRE_EFAIL
 *  stands for one beyond 4 GiB. */
int gy_segment_add(struct gy_row_segment *segment, const struct gy_layout *layout,
                   struct gy_message *message);

/** The message at an offset, the first one's being GY_SEGMENT_HEAD: 1; 0 at the end; GYRE_ECORRUPT. */
int gy_segment_at(const struct gy_row_segment *segment, size_t offset,
                  struct gy_row_segment_message *message);

/** Writes a segment to a new file, which is not synced, and empties it; its memory stays. 0, or a code
 *  and a sentence; all is as before then. */
int gy_segment_store(struct gy_row_segment *segment, struct gy_disk *disk, const char *path,
                     struct gyre_error *error);

/** Reads a file of `size` bytes with that `checksum`. 0, or a code and a sentence: GYRE_EIO,
 *  GYRE_ECORRUPT, GYRE_ENOMEM. */
int gy_segment_load(struct gy_row_segment *segment, struct gy_disk *disk, const char *path,
                    struct gyre_error *error);

#endif
