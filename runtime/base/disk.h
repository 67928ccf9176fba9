/* What the snapshot store asks of a file system, as an object that is passed in: the machine's own, or
 * one of a test, which fails when it is told to and forgets what was not synced.
 *
 * Every call returns 0 or a negative errno. A call that fails has changed nothing that a later sync
 * would have kept, or as much as a power cut in its middle would have. */
#ifndef GY_BASE_DISK_H
#define GY_BASE_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include <gyre/error.h>

/* Names in a folder, without "." and "..". Zeroed, it is empty. */
struct gy_names {
    GY_VEC(char *) v;
};

void gy_names_fini(struct gy_names *names);

#define GY_DISK_BLOCK 4096u

/** A file system; an implementation embeds this as its first member. Calls may come from several
 *  threads, each handle is used by one at a time. */
struct gy_disk {
    /* Makes a folder; -EEXIST where something of this name is there. */
    int (*make_dir)(struct gy_disk *disk, const char *path);
    /* Makes a new, empty file and opens it for writing; -EEXIST as above. */
    int (*create)(struct gy_disk *disk, const char *path, int *handle);
    /* Opens a file that is no longer needed, to be written over from its start; end it with `cut`.
     * Refused where its bytes are somebody's: -EMLINK where it has another name, -EBUSY while it is
     * open for reading. */
    int (*reopen)(struct gy_disk *disk, const char *path, int *handle);
    /* Opens a file for reading; -EBUSY while it is being written over. */
    int (*open)(struct gy_disk *disk, const char *path, int *handle);
    /* Writes all n bytes behind those of the last write. While a file is written in whole
     * GY_DISK_BLOCKs, from memory that is aligned to them, its bytes may go past the page cache; any
     * other write is its last such. */
    int (*write)(struct gy_disk *disk, int handle, const void *bytes, size_t n);
    /* Reads on from where the last read ended; `*got` < n only at the end of the file. */
    int (*read)(struct gy_disk *disk, int handle, void *bytes, size_t n, size_t *got);
    /* Ends the file, open for writing, after its first n bytes. */
    int (*cut)(struct gy_disk *disk, int handle, uint64_t n);
    /* Brings what was written to the medium. */
    int (*sync)(struct gy_disk *disk, int handle);
    int (*close)(struct gy_disk *disk, int handle);
    /* Replaces `to`; within one folder. */
    int (*rename)(struct gy_disk *disk, const char *from, const char *to);
    /* Gives a file that is not open another name, `to`, on the same file system; -EEXIST where something
     * of that name is there. */
    int (*link)(struct gy_disk *disk, const char *from, const char *to);
    /* Removes a file or an empty folder. */
    int (*remove)(struct gy_disk *disk, const char *path);
    /* Brings the names in a folder to the medium. */
    int (*sync_dir)(struct gy_disk *disk, const char *path);
    /* Gives the names, in no order; the caller frees them with gy_names_fini, none at an error. */
    int (*list)(struct gy_disk *disk, const char *path, struct gy_names *names);
};

/** Says "cannot VERB PATH: " and the text of a negative errno; of a long path its middle is left out. GYRE_ENOMEM for -ENOMEM, else
 *  GYRE_EIO.
 *  Thread:  [any] */
int gy_disk_failed(struct gyre_error *error, const char *verb, const char *path, int code);

/** Opens a file for writing: a new one, or the one of this name, which is written over where it may
 *  be, and else replaced. End it with `cut`. 0 or a negative errno.
 *  Thread:  [any] */
int gy_disk_renew(struct gy_disk *disk, const char *path, int *handle);

/** Makes a file with these bytes, and syncs it; its name is not. 0, or a code and a sentence.
 *  Thread:  [any] */
int gy_disk_write_file(struct gy_disk *disk, const char *path, const void *bytes, size_t n,
                       struct gyre_error *error);

/** The machine's file system.
 *  Owns:    static
 *  Thread:  [any] */
struct gy_disk *gy_disk_real(void);

#endif
