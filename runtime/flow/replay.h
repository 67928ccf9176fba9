/* Reading the rows that a snapshot has of what waited at a head: the records and files of flow/spool.
 *
 *     gy_replay_init(&replay, disk, manifest->path, n_entries, entries);
 *     for each record of the kind FEEDBACK of a state file, in order:
 *         gy_replay_record(&replay, &record, &error)
 *         while (gy_replay_next(&replay, &message, &error) == 1)
 *             message->entry, replay.tag
 *     gy_replay_fini(&replay);
 *
 * One replay reads one state file. Rows are unpacked for the edges as they are now, found by name. */
#ifndef GY_FLOW_REPLAY_H
#define GY_FLOW_REPLAY_H

#include "flow/spool.h"

struct gy_replay_edge;

/* Zeroed, it is valid for gy_replay_fini alone. Owned by one thread. */
struct gy_replay {
    struct gy_disk *disk;
    const char *folder;
    uint32_t n_entries;
    const struct gy_spool_entry *entries; /* the edges as they are now */
    uint8_t tag;                          /* of the messages at hand: gy_spool.tag */
    GY_VEC(struct gy_replay_edge) edges;  /* as they were described */
    struct gy_row_segment segment;        /* the file at hand */
    size_t at;                            /* in it; 0: there is none */
    struct gy_replay_edge *edge;          /* of the rows at hand; NULL: there are none */
    struct gyre_reader rows;
};

/** `folder` and `entries` are borrowed until the end. */
void gy_replay_init(struct gy_replay *replay, struct gy_disk *disk, const char *folder,
                    uint32_t n_entries, const struct gy_spool_entry *entries);
void gy_replay_fini(struct gy_replay *replay);

/** Begins to read a record, whose bytes stay until gy_replay_next has given 0. 0, or a code and a sentence:
 *  GYRE_EINVAL for rows of an edge that is not there any more or carries other fields, GYRE_ECORRUPT,
 *  GYRE_EIO, GYRE_ENOMEM. */
int gy_replay_record(struct gy_replay *replay, const struct gy_record *record,
                     struct gyre_error *error);

/** The next message of the record: 1, 0 after the last one, or a code and a sentence. Its `entry` is the
 *  index of its edge among the entries.
 *  Owns:    the caller */
int gy_replay_next(struct gy_replay *replay, struct gy_message **message, struct gyre_error *error);

#endif
