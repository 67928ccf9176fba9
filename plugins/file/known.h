/* plugins/file/known.h: the files that a reader with `follow` knows.
 *
 * A file is known by what it is, whatever its name: by device and inode while it is open, for then
 * nothing else can get them; by inode and time of birth where it is met again; and by its bytes, of
 * which the first and those before the place it has been read to are hashed. Files stand in the
 * order in which they are read: older ones first.
 *
 * A position lists them:
 *
 *     u32      number of files                     each   u64  hash of the bytes before the mark
 *     i64      when the file of the name changed          u64  hash of the first bytes
 *     each     u32, bytes: name in the folder             i64  when it changed
 *              u64 inode                                  u32  what is skipped: SKIP_...
 *              i64 birth                                  u32  1: set aside, 2: no copy
 *              u64 offset                                 u64  the heir's inode
 *              u64 mark: to where it had been read        u32, bytes: a partial line */
#ifndef GYRE_PLUGIN_FILE_KNOWN_H
#define GYRE_PLUGIN_FILE_KNOWN_H

#include "reader.h"
#include <sys/stat.h>

struct known {
    char *path; /* its latest name that `path` means */
    uint64_t device;
    uint64_t inode;
    int64_t born_ns;    /* 0: the file system does not say */
    int64_t changed_ns; /* at the last look */
    uint64_t offset;    /* of the partial line */
    uint64_t starts_at; /* what stands before this in the file is not of the partial line */
    uint64_t mark_at;   /* to where it has been read, of which not all need be put out */
    uint64_t mark;      /* file_mark there */
    uint64_t head;      /* file_mark of the first bytes */
    uint64_t zeros_to;  /* what lies between the place and here holds nothing but zeros */
    uint64_t size;      /* to which it is read in this round */
    int64_t quiet_us;   /* since when nothing has come, where that matters; 0: it does not */
    uint64_t held_of; /* inode of the file whose copy it may be, 0: none; then it is not read yet */
    uint64_t heir;    /* inode of the file whose former bytes it has, to which its end goes on */
    char *partial;    /* the beginning of a line, from `offset` on */
    size_t partial_size;
    uint32_t partial_len;
    uint32_t skipping; /* SKIP_... */
    int fd;
    uint8_t is_open;
    uint8_t is_named;    /* a name leads to it, as of the last scan */
    uint8_t is_moved;    /* the last scan found it under another name than the one before */
    uint8_t is_restored; /* it is of a snapshot, and has not been met yet */
    uint8_t is_gone;     /* ... nor will it: its last line is all that there is */
    uint8_t is_aside;    /* closed, and remembered in case that it comes back */
    uint8_t is_passed;   /* not text */
    uint8_t is_own;      /* no copy of another */
};

struct follow {
    const struct read_config *config;
    struct known **files;
    uint32_t n;
    uint32_t capacity;
    uint32_t next;       /* to be looked at */
    struct known *going; /* the one that is the input */
    uint64_t limit;      /* to where it is read before another's turn comes */
    int64_t seen_ns;     /* when the file of the name, where it is one, was last seen to change */
    int is_glob;
    int is_cut;        /* the limit is where zeros begin */
    int is_ending;     /* nothing comes any more to `going` */
    int has_successor; /* the name, where it is one, has a file that is not empty */
    int has_said;      /* what is waited for */
    int has_refused;   /* that a file cannot be opened has been said */
};

/* What an open file is. */
struct identity {
    int fd;
    struct stat st;
    int64_t born_ns;
};

/* Opens a regular file; -1 with errno where that is not possible, ENOENT for other things. */
int32_t identity_open(struct identity *id, const char *path);

/* Where the next byte is read from. While a line goes on over a truncation, its first bytes are not
 * in the file: `offset` may be before the file's first byte then, modulo 2^64. */
static inline uint64_t known_place(const struct known *k)
{
    return k->offset + k->partial_len;
}

/* True where nothing has been read of it. */
static inline int known_is_unread(const struct known *k)
{
    return k->is_open && k->mark_at == 0 && known_place(k) == 0;
}

/* Appends a file that has not been read; NULL with the error set. */
struct known *known_add(struct follow *f, struct gyre_ctx *ctx, const char *path);
/* Takes it off the list, and frees it. */
void known_drop(struct follow *f, struct gyre_ctx *ctx, uint32_t i);
void known_move(struct follow *f, uint32_t from, uint32_t to);
uint32_t known_index(const struct follow *f, const struct known *k);
/* The one that is open under this inode; NULL: none. */
struct known *known_find(const struct follow *f, uint64_t device, uint64_t inode);
int32_t known_rename(struct known *k, struct gyre_ctx *ctx, const char *path);
/* `fd` becomes the file's. */
void known_attach(struct known *k, const struct identity *id);
void known_close(struct known *k);

/* True where `id` is the file, though perhaps truncated. */
int known_is(const struct known *k, const struct identity *id);
/* True where `fd` holds what had been read of the file, at the same place. */
int known_has_bytes(const struct known *k, int fd);
/* Notes that it has been read up to `at`, unless it was truncated meanwhile: then the old mark tells.
 */
void known_set_mark(struct known *k, uint64_t at);
int32_t known_keep_partial(struct known *k, struct gyre_ctx *ctx, const char *at, size_t n);

/* Writes and reads a position; `going` is where the input stands, NULL: nowhere. */
void known_save(const struct follow *f, const struct input *going, uint32_t skipping,
                struct gyre_writer *writer);
int32_t known_restore(struct follow *f, struct gyre_ctx *ctx, struct gyre_reader *position);

#endif
