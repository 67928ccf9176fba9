/* plugins/file/shelf.h: the parts that a task is writing, of one folder or of many.
 *
 *     folder  ->  part being written   ended by a snapshot, by its size or its age, or the end of input;
 *             ->  parts that ended     the next transaction takes them
 *
 * Of the parts that are being written `open_max` at most are open, those that were written last. Another
 * one is closed where it is, and opened again when rows come for it: a part is a file of its own, whether it is
 * open or not, and what is not on the disk yet is brought there before the snapshot.
 *
 * Where parts go on over snapshots (`goes_on`) a snapshot has those that are being written as well, each
 * with its length: a restore cuts it back, and goes on. One that was shown since is hidden again.
 *
 * Numbers are given in the order in which parts begin, so all that a snapshot knows are below its next. */
#ifndef GYRE_PLUGIN_FILE_SHELF_H
#define GYRE_PLUGIN_FILE_SHELF_H

#include "output.h"
#include "parts.h"

struct shelf_folder;

/* A part that no transaction has taken. */
struct shelf_part {
    struct part part;
    struct shelf_folder *folder;
    struct shelf_slot *slot; /* NULL: it is closed */
    uint64_t length;         /* while it is closed */
    uint64_t mark;           /* of the file at its length as of a snapshot; 0: none */
    uint64_t marked_to;
    int64_t since_us;
    uint8_t is_ended;
    uint8_t is_unsynced;
    uint8_t is_saved;    /* a snapshot may have it: it stays when all is closed */
    uint8_t is_restored; /* not cut back yet */
};

struct shelf_folder {
    char *path; /* the base's, then its own */
    uint32_t hash;
    struct shelf_part *current; /* NULL: none is being written */
    uint8_t has_new_names;
    uint8_t is_on_disk; /* the names of the folders that it is in, too */
    /* of the batch at hand */
    uint64_t batch;
    uint32_t first; /* row */
    uint32_t last;
    struct shelf_folder *next;
};

struct shelf_slot {
    struct output output;
    struct shelf_part *of; /* NULL: free */
    uint64_t used_at;
    char path[PART_PATH_MAX];
};

struct shelf {
    const char *base;
    size_t base_length;
    struct pack *pack;
    int32_t codec;
    int32_t open_max;
    int writes_back;
    int goes_on;
    int64_t size_max; /* of a part; 0: any */
    int64_t age_max_us;
    uint32_t task;
    uint64_t next; /* number */
    int is_base_new;
    uint64_t clock; /* of what was used last */
    struct shelf_slot **slots;
    uint32_t n_slots;
    struct shelf_part **parts;
    uint32_t n_parts;
    uint32_t parts_capacity;
    struct shelf_folder **folders; /* by hash; NULL: free */
    uint32_t n_folders;
    uint32_t table_size; /* a power of two */
};

void shelf_fini(struct shelf *s, struct gyre_ctx *ctx);

/* The folder of this name behind the base, which may not be there yet; NULL with the error set. */
struct shelf_folder *shelf_find(struct shelf *s, struct gyre_ctx *ctx, const char *name, size_t n);

/* The part of a folder that rows are written to next, open; NULL with the error set. *is_new: it has just begun. */
struct output *shelf_open(struct shelf *s, struct gyre_ctx *ctx, struct shelf_folder *folder,
                          int *is_new);
/* Rows have been written to it: it may have been enough. */
int32_t shelf_wrote(struct shelf *s, struct gyre_ctx *ctx, struct shelf_folder *folder);

/* Ends the parts that are old enough, or all. */
int32_t shelf_end(struct shelf *s, struct gyre_ctx *ctx, int all);
/* Writes out what is buffered. */
int32_t shelf_flush(struct shelf *s, struct gyre_ctx *ctx);

/* Brings all to the disk. */
int32_t shelf_sync(struct shelf *s, struct gyre_ctx *ctx);
/* Lets go of the parts that ended: a transaction has taken them. */
void shelf_take_ended(struct shelf *s, struct gyre_ctx *ctx);

/* A part of the snapshot that is gone on with, cut back later; and the cutting. */
int32_t shelf_add(struct shelf *s, struct gyre_ctx *ctx, struct shelf_folder *folder,
                  struct part part, uint64_t length, uint64_t mark);
int32_t shelf_restore(struct shelf *s, struct gyre_ctx *ctx);

/* By what the file of a part is known at its length (mark.h). */
uint64_t shelf_mark(struct shelf_part *part);
uint64_t shelf_length(const struct shelf_part *part);

#endif
