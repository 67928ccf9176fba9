/* Heap memory of the runtime, with failures on demand for tests.
 *
 * Everything the runtime allocates goes through here, so that a test can fail the k-th allocation
 * and see that the caller frees in reverse, and can count the bytes that are still alive. With
 * neither switched on, the cost is one relaxed load.
 *
 * Invariant: memory from here is freed by gy_free, never by free.
 */
#ifndef GY_BASE_MEM_H
#define GY_BASE_MEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define GY_HUGE_PAGE (2u << 20)

/** Allocates `size` zeroed bytes; `size` 0 gives a block that can be freed.
 *  Owns:    the caller, freed with gy_free
 *  Thread:  [any]
 *  Errors:  NULL without memory */
void *gy_alloc(size_t size);

/** Allocates `n` zeroed elements of `size` bytes.
 *  Owns:    the caller, freed with gy_free
 *  Thread:  [any]
 *  Errors:  NULL without memory or when n * size overflows */
void *gy_calloc(size_t n, size_t size);

/** Grows or shrinks a block to `size` bytes; what is added is not zeroed, `p` may be NULL.
 *  Owns:    the caller; on failure `p` is still valid and still the caller's
 *  Thread:  [any]
 *  Errors:  NULL without memory */
void *gy_realloc(void *p, size_t size);

/** gy_realloc to `n` elements of `size` bytes.
 *  Owns:    the caller; on failure `p` is still valid and still the caller's
 *  Thread:  [any]
 *  Errors:  NULL without memory or when n * size overflows */
void *gy_realloc_array(void *p, size_t n, size_t size);

/** Allocates `size` zeroed bytes at a multiple of `align`, a power of two.
 *  Owns:    the caller, freed with gy_free; not for gy_realloc
 *  Thread:  [any]
 *  Errors:  NULL without memory or for an `align` that is no power of two */
void *gy_alloc_aligned(size_t size, size_t align);

/** Allocates `size` bytes, not zeroed, at a multiple of GY_HUGE_PAGE; the system is asked for pages of
 *  that size, which none is touched of yet.
 *  Owns:    the caller, freed with gy_free; not for gy_realloc
 *  Thread:  [any]
 *  Errors:  NULL without memory */
void *gy_alloc_huge(size_t size);

/** Frees a block of any function of this file; NULL is fine. Keeps errno.
 *  Thread:  [any] */
void gy_free(void *p);

/** Debug builds fill what is freed, here and in all that is used again: who reads on sees it. */
static inline void gy_poison(void *p, size_t size)
{
#ifdef GY_DEBUG
    if (p != NULL)
        memset(p, 0xDB, size);
    __asm__ volatile("" : : "r"(p) : "memory"); /* the compiler knows that nobody may read it */
#else
    (void)p, (void)size;
#endif
}

/** Copies a string.
 *  Owns:    the caller, freed with gy_free
 *  Thread:  [any]
 *  Errors:  NULL without memory */
char *gy_strdup(const char *s);

/** Copies at most `n` bytes of a string and ends them with a zero byte.
 *  Owns:    the caller, freed with gy_free
 *  Thread:  [any]
 *  Errors:  NULL without memory */
char *gy_strndup(const char *s, size_t n);

/** Formats into a new string.
 *  Owns:    the caller, freed with gy_free
 *  Thread:  [any]
 *  Errors:  NULL without memory */
char *gy_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *gy_vprintf(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

/** For tests: the k-th allocation from now fails, counted over all threads, and no other one;
 *  0 switches it off. Any gy_realloc counts as an allocation.
 *  Thread:  [any] */
void gy_mem_fail_after(uint64_t k);

/** For tests: tells whether an allocation was failed since gy_mem_fail_after. A loop over k ends
 *  with the first k for which this is false.
 *  Thread:  [any] */
bool gy_mem_fail_hit(void);

/** For tests: starts (from zero) or stops the counters of live memory. Blocks that are older than
 *  the start and freed after it count negative.
 *  Thread:  [any] */
void gy_mem_track(bool on);

/** For tests: bytes and blocks allocated and not freed since gy_mem_track(true).
 *  Units:   bytes as the allocator rounds them
 *  Thread:  [any] */
int64_t gy_mem_live_bytes(void);
int64_t gy_mem_live_blocks(void);

#endif
