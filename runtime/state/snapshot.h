/* The folder of a job's snapshots.
 *
 *   DIR/
 *     lock                     held (flock) by the run that writes here
 *     branch                   where the newest run began, if not at the newest snapshot: branch.h
 *     .rows/                   rows that wait in loops of the run that writes here: flow/spool
 *     .12/                     being written, or an old one whose files will be written over;
 *                              whatever begins with a dot is not a snapshot
 *     11/                      a snapshot: exists since it was renamed into place
 *       manifest.cfg           what the snapshot is, for people and for gyre: libconfig
 *       counts-0.state         state of task 0 of operator `counts`: state/part
 *       counts-0-17.rows       rows that waited there in a loop: flow/segment
 *
 * A snapshot is written in this order: the folder .ID; its files, each synced; manifest.cfg, synced;
 * sync of .ID; rename to ID; sync of DIR. So a folder without a dot is whole, whenever the power
 * goes. Ids are 1, 2, ... and only grow, over runs too; a snapshot that failed uses one up. */
#ifndef GY_STATE_SNAPSHOT_H
#define GY_STATE_SNAPSHOT_H

#include "base/buf.h"
#include "base/disk.h"
#include <gyre/error.h>
#include <stdbool.h>

#define GY_SNAPSHOT_ROWS ".rows"

/* A declared state of an operator. */
struct gy_manifest_state {
    char *name;
    uint32_t kind; /* GYRE_STATE_... */
    char *type;    /* its name */
    uint32_t version;
    uint64_t fingerprint; /* gy_state_fingerprint */
    char *map_key;        /* MAP: the type of its keys, likewise; else NULL */
    uint32_t map_key_version;
    uint64_t map_key_fingerprint;
    char *of;         /* of a hosted function: gy_hosted.identity; else NULL */
    uint64_t records; /* of all tasks; functions hosted together have theirs in the first one's */
};

/* A plugin that the job has used. */
struct gy_manifest_plugin {
    char *name;
    char *version;
    char *build; /* gy_build_id */
};

/* A file beside the state files, which a record of one of them names: flow/spool. It may have other names,
 * and is never written over. */
struct gy_manifest_file {
    char *name; /* in the snapshot's folder */
    uint64_t bytes;
    uint64_t checksum; /* XXH3-64 of the whole file */
};

/* One task of an operator. */
struct gy_manifest_task {
    int64_t watermark_us; /* told to consumers; INT64_MIN: none yet */
    int64_t seen_us;      /* the same, or more where what follows was not all put out yet */
    bool ended;           /* its input had ended, and all that follows was put out */
    char *file;           /* name in the snapshot's folder; NULL: the task has nothing to keep */
    uint64_t bytes;
    uint64_t checksum; /* XXH3-64 of the whole file */
    uint64_t records;
    uint32_t n_files; /* that records of `file` name */
    struct gy_manifest_file *files;
};

/* How far a loop with rounds has come, at its head (flow/quiesce). */
struct gy_manifest_rounds {
    bool known;      /* the operator is the head of one */
    uint32_t phase;  /* 0: idle, 1: a round is open, 2: it has ended everywhere */
    uint64_t number; /* of the round */
    uint64_t ends;   /* rounds that have ended, whatever their number */
    bool touched;    /* rows have come from outside */
    bool stop;       /* an operator has voted to stop */
};

struct gy_manifest_operator {
    char *id;
    char *op;               /* "std.sum" */
    uint32_t items_version; /* gyre_operator.items_version */
    char *key;              /* "word: str, user: i64"; NULL: no key */
    char *of;               /* gy_node.identity; NULL: of the operator, whatever its options */
    uint32_t n_states;
    struct gy_manifest_state *states;
    uint32_t n_tasks; /* its parallelism */
    struct gy_manifest_task *tasks;
    struct gy_manifest_rounds rounds;
    bool has_last; /* a head: its region has heard a watermark from outside, before +infinity */
    int64_t last_us;
    char *holds_end; /* id of the loop around it whose round's end waits at it; NULL: none */
};

/* A snapshot. Strings and arrays are the manifest's. */
struct gy_manifest {
    uint64_t id;
    uint64_t run; /* that took it: a random number, by which it knows its own; never 0 */
    char *job;
    int64_t time_us;     /* when its barriers left, wall clock */
    int64_t duration_us; /* until its files were on the disk */
    bool finished;       /* everything had ended: there is nothing to go on with */
    uint32_t max_parallelism;
    uint32_t n_plugins;
    struct gy_manifest_plugin *plugins;
    uint32_t n_operators;
    struct gy_manifest_operator *operators;
    char *path; /* its folder; set by whoever reads it */
};

void gy_manifest_free(struct gy_manifest *manifest);

void gy_manifest_files_free(struct gy_manifest_file *files, uint32_t n);

/** The operator `id`; NULL. */
const struct gy_manifest_operator *gy_manifest_operator(const struct gy_manifest *manifest,
                                                        const char *id);

/** Forgets the operator `id`: what comes after it is as if the snapshot did not have it. */
void gy_manifest_drop(struct gy_manifest *manifest, const char *id);

/** Bytes of all files but the manifest. */
uint64_t gy_manifest_bytes(const struct gy_manifest *manifest);

/** Writes the text of manifest.cfg. Its last line is the checksum of all before it. 0, or
 *  GYRE_ENOMEM. */
int gy_manifest_write(const struct gy_manifest *manifest, struct gy_buf *text);

/** Reads the text of a manifest.cfg; `path` is its folder. Whatever differs in one byte is refused.
 *  Errors:  NULL and a sentence that names the file */
struct gy_manifest *gy_manifest_parse(const char *text, size_t n, const char *path,
                                      struct gyre_error *error);

/* ---- writing ---- */

/** Makes DIR where it is not there (with its parents), syncs the names in it, so that every snapshot
 *  there is outlasts a power cut, and removes what earlier runs left unfinished. `*last` is the greatest id in it, of these too, 0 for none. 0, or a code and a sentence.
 *  Needs:   the lock of DIR */
int gy_snapshots_prepare(struct gy_disk *disk, const char *dir, uint64_t *last,
                         struct gyre_error *error);

/** Makes the folder DIR/.ID, or takes the one that gy_snapshots_trim has left there. Its files are to
 *  be written with gy_disk_renew. 0, or a code and a sentence. */
int gy_snapshot_begin(struct gy_disk *disk, const char *dir, uint64_t id, struct gyre_error *error);

/** The path DIR/.ID/NAME of a file to be written; NULL without memory.
 *  Owns:    the caller, gy_free */
char *gy_snapshot_path(const char *dir, uint64_t id, const char *name);

/** Completes snapshot `manifest->id`, whose state files have been written and synced: see above. Its other
 *  files (gy_manifest_file) are synced here. What else is in its folder is removed. 0, or a code and a sentence; it is not seen then, but may be
 *  there after a power cut. */
int gy_snapshot_publish(struct gy_disk *disk, const char *dir, const struct gy_manifest *manifest,
                        struct gyre_error *error);

/** Removes what was written of DIR/.ID, once no power cut can bring its name back; what cannot be removed
 *  stays, unseen. */
void gy_snapshot_discard(struct gy_disk *disk, const char *dir, uint64_t id);

/** Removes snapshots until `keep` are left, those that the newest run has left (branch.h) first, and
 *  then the oldest; never the newest nor one from `oldest_needed` on. A snapshot is first renamed to
 *  a name with a dot, and that synced: a power cut leaves no half of one. One of them keeps its files, as
 *  DIR/.NEXT, for the snapshot of that id to be written over them: to give blocks back to the disk and
 *  get others costs as much as to write them (`next` 0: none does). 0, or a code and a sentence. */
int gy_snapshots_trim(struct gy_disk *disk, const char *dir, uint32_t keep, uint64_t oldest_needed,
                      uint64_t next, struct gyre_error *error);

/* ---- reading ---- */

struct gy_snapshot_ids {
    GY_VEC(uint64_t) v; /* ascending; freed with gy_vec_fini */
};

/** The id that the name of a folder in DIR stands for; 0 where it is no snapshot's. */
uint64_t gy_snapshot_id(const char *name);

/** The ids of the snapshots in DIR, intact or not. 0, or a code and a sentence. */
int gy_snapshots_list(struct gy_disk *disk, const char *dir, struct gy_snapshot_ids *ids,
                      struct gyre_error *error);

/** Reads the manifest of the snapshot in folder `path`. A folder whose name is an id has to be that
 *  snapshot's.
 *  Errors:  NULL and a sentence that names the file; GYRE_ECORRUPT for what is damaged or missing */
struct gy_manifest *gy_snapshot_read(struct gy_disk *disk, const char *path,
                                     struct gyre_error *error);

/** Reads every file of a snapshot and checks length and checksum. 0, or a code (as above) and a
 *  sentence that names the damaged file. */
int gy_snapshot_verify(struct gy_disk *disk, const struct gy_manifest *manifest,
                       struct gyre_error *error);

/** Reads and verifies the snapshot in folder `path`. Errors: as the two. */
struct gy_manifest *gy_snapshot_intact(struct gy_disk *disk, const char *path,
                                       struct gyre_error *error);

/** True where `path`, of the machine's file system, is the folder of one snapshot. */
bool gy_snapshot_is_one(const char *path);

/** The newest intact snapshot of DIR with an id of at least `least` that run `run` has taken (0: any),
 *  verified; NULL with error->code 0 where there is none. `told` (may be NULL) gets a sentence about
 *  each newer one that is damaged.
 *  Errors:  NULL and a sentence for what may pass (GYRE_ENOMEM; GYRE_EIO for want of a permission or a
 *           descriptor): it does not go back to an older snapshot for that */
struct gy_manifest *gy_snapshot_newest(struct gy_disk *disk, const char *dir, uint64_t least,
                                       uint64_t run, void (*told)(void *host, const char *sentence),
                                       void *host, struct gyre_error *error);

/** Locks DIR (made where it is not there) for this process and those it forks, until all have closed
 *  the descriptor. The descriptor, or -1 and a sentence: where another run has it, GYRE_EFAIL and that
 *  run's process. */
int gy_snapshots_lock(const char *dir, struct gyre_error *error);

/** True where another run holds the lock of DIR, with a sentence; nothing is made or locked. */
bool gy_snapshots_in_use(const char *dir, struct gyre_error *error);

/** Writes the number of the run's process into a lock that is held, for the sentence of another's
 *  gy_snapshots_lock. A run that has nothing to do does not: it leaves the folder as it is. */
void gy_snapshots_sign(int lock, int64_t process);

#endif
