/* A bump allocator for the control plane: parsed job files, plans, catalogues.
 *
 * What belongs to one parsed thing is allocated here and freed at once with it. Running out of
 * memory is sticky: a parser may go on to its end and look at `oom` once. Batches have arenas of
 * their own (runtime/data), which are reference-counted; this one has one owner.
 *
 * Invariants: zeroed, it is a valid empty arena; blocks never move; once `oom` is set it stays.
 */
#ifndef GY_BASE_ARENA_CTL_H
#define GY_BASE_ARENA_CTL_H

#include <stdbool.h>
#include <stddef.h>

struct gy_arena_ctl_block;

/** Owned by one thread at a time. */
struct gy_arena_ctl {
    struct gy_arena_ctl_block *blocks; /* newest first */
    bool oom;
};

/** Starts an empty arena; the same as zeroing it. */
void gy_arena_ctl_init(struct gy_arena_ctl *a);

/** Frees everything allocated from the arena and leaves it empty. */
void gy_arena_ctl_fini(struct gy_arena_ctl *a);

/** Allocates `size` zeroed bytes, aligned for any type.
 *  Owns:    the arena
 *  Errors:  NULL without memory, and `oom` is set */
void *gy_arena_ctl_alloc(struct gy_arena_ctl *a, size_t size);

/** Allocates `n` zeroed elements of `size` bytes.
 *  Owns:    the arena
 *  Errors:  NULL without memory or on overflow, and `oom` is set */
void *gy_arena_ctl_calloc(struct gy_arena_ctl *a, size_t n, size_t size);

/** Copies a string; NULL gives NULL.
 *  Owns:    the arena
 *  Errors:  NULL without memory, and `oom` is set */
char *gy_arena_ctl_strdup(struct gy_arena_ctl *a, const char *s);

/** Copies exactly `n` bytes and ends them with a zero byte.
 *  Owns:    the arena
 *  Errors:  NULL without memory, and `oom` is set */
char *gy_arena_ctl_strndup(struct gy_arena_ctl *a, const char *s, size_t n);

/** Formats into a string of the arena.
 *  Owns:    the arena
 *  Errors:  NULL without memory, and `oom` is set */
char *gy_arena_ctl_printf(struct gy_arena_ctl *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
