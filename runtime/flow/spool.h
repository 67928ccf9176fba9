/* Rows that wait, in order: the messages that came back over feedback edges.
 *
 *   put ──> [ run ] ... [ run ] ──> take
 *
 * A run is a list of messages in memory, or a segment (flow/segment): messages as bytes, in memory or in a
 * file. Messages are kept as they are while there is room; beyond it they go into segments of about 1 MiB,
 * and beyond `memory_max` these go into files, the newest first, for they wait longest. A file is never
 * changed; it is removed when its turn comes and it has been read into memory.
 *
 * The spools of a head share a gy_spill: bounds, files, and the log of the snapshot at hand. What is to be
 * in a snapshot (gy_spool_mark, or put with `to_log`) is written into the head's state file lazily: in
 * slices (gy_spool_log), and before it is taken. A file that is not yet read is not copied: it gets another
 * name in the folder of the snapshot, and where that cannot be it is copied.
 *
 *   gy_spill_log_begin, gy_spool_mark of each ... gy_spool_put(to_log), gy_spool_take, gy_spool_log ...
 *   until no `n_to_log` is left (or gy_spool_forget of each) ... gy_spill_log_end
 *
 * In the state file these are records of the kind FEEDBACK, read by flow/replay:
 *
 *   | form        | offset | size | field                                                  |
 *   |-------------|--------|------|--------------------------------------------------------|
 *   | each        | 0      | 1    | form: 0 description, 1 rows, 2 file                    |
 *   |             | 1      | 1    | tag of the spool: 0 now, 1 the next round; else 0      |
 *   |             | 2      | 2    | 0                                                      |
 *   |             | 4      | 4    | entry: a number, described before any rows of it; else 0 |
 *   | description | 8      | 4+n  | the edge: length, "FROM.PORT>TO.PORT"                  |
 *   |             |        |      | description: flow/pack                                 |
 *   | rows        | 8      |      | rows of one message: flow/pack                         |
 *   | file        | 8      | 4+n  | name in the snapshot's folder: length, bytes           |
 *   |             |        | 8    | its size                                               |
 *   |             |        | 8    | its XXH3-64                                            |
 *   |             |        | 8    | its messages                                           |
 *   |             |        | 8    | its rows                                               |
 *
 * Owned by one task's thread. */
#ifndef GY_FLOW_SPOOL_H
#define GY_FLOW_SPOOL_H

#include "flow/segment.h"
#include "state/part.h"
#include "state/snapshot.h"

#define GY_SPOOL_SEGMENT (1u << 20)

enum gy_feedback_form { GY_FEEDBACK_DESCRIPTION, GY_FEEDBACK_ROWS, GY_FEEDBACK_FILE };

/* An entry of the task, by which messages come. Borrowed. */
struct gy_spool_entry {
    const char *edge;                 /* "FROM.PORT>TO.PORT" */
    const struct gy_layout *layout;   /* NULL: nothing waits that came by it */
    const struct gyre_schema *schema; /* of the stream */
    struct gy_channel
        *channel; /* whose blocks messages read from a segment are made of: both ends are
                                   the task's, and it outlives what is taken */
};

struct gy_spill_config {
    struct gy_disk *disk;
    const char *folder; /* for files; it is there, and on the file system of the snapshots */
    const char *name;   /* names of files begin so, of nobody else's in these folders: "step-0" */
    uint64_t memory_max, disk_max;
    uint32_t segment_bytes; /* 0: GY_SPOOL_SEGMENT, or less where memory_max is small */
    uint32_t n_entries;
    const struct gy_spool_entry *entries; /* by gy_message.entry */
};

/* What the spools of one head share. Zeroed, it is valid for gy_spill_fini alone. */
struct gy_spill {
    struct gy_spill_config config;
    uint64_t bytes_memory, bytes_disk; /* of all its spools */
    bool is_full;                      /* put has failed for want of `disk_max` */
    struct gyre_error error; /* the first that made a put or a take fail; they go on doing so */
    /* ---- of the log at hand ---- */
    struct gy_part *part; /* NULL: none is open */
    const char *folder;   /* of the snapshot */
    bool distrusts;
    GY_VEC(struct gy_manifest_file) files; /* named in it */
    struct gyre_error log_error;           /* code 0, or why the snapshot has to be given up */
    /* ---- its own ---- */
    uint64_t n_files;
    uint32_t segment_bytes;
    struct gy_unpack *unpacks;   /* per entry */
    bool *described;             /* per entry: in the log at hand */
    struct gy_row_segment spare; /* memory to be used again */
};

struct gy_run;

/* Zeroed but for `spill` and `tag`, it is an empty one. */
struct gy_spool {
    struct gy_spill *spill;
    uint8_t tag;
    uint64_t n_messages, rows; /* that wait */
    uint64_t n_put, rows_put;  /* so far; spliced ones were put where they came from */
    uint64_t n_taken, rows_taken;
    uint64_t n_to_log; /* messages that wait and are still to be logged */
    struct gy_run *first, *last;
    struct gy_run *unlogged; /* no run before it is to be logged */
};

/** Prepares what spools share. `config` is copied, what it points to is not. 0, or GYRE_ENOMEM;
 *  gy_spill_fini in each case. */
int gy_spill_init(struct gy_spill *spill, const struct gy_spill_config *config);

/** Frees it, after its spools. */
void gy_spill_fini(struct gy_spill *spill);

void gy_spool_init(struct gy_spool *spool, struct gy_spill *spill, uint8_t tag);

/** Drops what waits, and removes its files. */
void gy_spool_fini(struct gy_spool *spool);

/** Appends a GY_ROWS message whose `entry` is set. `to_log`: it belongs to the log at hand.
 *  Owns:    the spool, also where it fails
 *  Errors:  GYRE_EIO: a file could not be written; GYRE_EFAIL and `spill->is_full`: there is no more room on
 *           disk; GYRE_ENOMEM. The sentence is in `spill->error` */
int gy_spool_put(struct gy_spool *spool, struct gy_message *message, bool to_log);

/** Takes the oldest message, with its `entry` and `generation`; logs it before, where it is to be.
 *  Owns:    the caller
 *  Errors:  NULL while `n_messages` is not 0; the sentence is in `spill->error` */
struct gy_message *gy_spool_take(struct gy_spool *spool);

/** Moves all that waits in `from` behind what waits in `to`, at the cost of one run; both are of one
 *  spill. What is to be logged keeps the tag of `from`. */
void gy_spool_splice(struct gy_spool *to, struct gy_spool *from);

/* ---- the log of a snapshot ---- */

/** Opens a log into `part`; files are named in `folder`, which is the snapshot's and stays until the end
 *  of the log. After an epoch that failed, `distrust` what it has linked: a sync that failed may have
 *  lost it, and a later one would not tell. */
void gy_spill_log_begin(struct gy_spill *spill, struct gy_part *part, const char *folder,
                        bool distrust);

/** All that waits is to be logged. */
void gy_spool_mark(struct gy_spool *spool);

/** Logs some of what is to be, oldest first: about `most` bytes. True where it did something. What fails is in
 *  `part->error` or `spill->log_error`, and the snapshot has to be given up; nothing is logged after it. */
bool gy_spool_log(struct gy_spool *spool, size_t most);

/** The snapshot was given up: nothing is to be logged any more. */
void gy_spool_forget(struct gy_spool *spool);

/** Closes the log: `files` gets the files that its records name, for the manifest.
 *  Owns:    the caller, gy_manifest_files_free */
void gy_spill_log_end(struct gy_spill *spill, struct gy_manifest_file **files, uint32_t *n_files);

#endif
