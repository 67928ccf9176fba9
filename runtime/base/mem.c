/* malloc with two switches for tests; see mem.h.
 *
 * `mode` holds both switches, so that production pays one relaxed load and a predicted branch. Live
 * bytes are taken from malloc_usable_size: no header before a block, so alignment stays free.
 */
#include "base/mem.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MODE_FAIL = 1, MODE_TRACK = 2 };

/* For tests only, and the one global of this file. Relaxed everywhere: these are counts, and no
 * other memory is published through them. */
static struct {
    _Atomic unsigned mode;
    _Atomic uint64_t until_failure;
    _Atomic bool hit;
    _Atomic int64_t bytes, blocks;
} hook;

static unsigned mode_now(void)
{
    return atomic_load_explicit(&hook.mode, memory_order_relaxed);
}

static bool must_fail(void)
{
    if (__builtin_expect(!(mode_now() & MODE_FAIL), 1))
        return false;
    if (atomic_fetch_sub_explicit(&hook.until_failure, 1, memory_order_relaxed) != 1)
        return false;
    atomic_fetch_and_explicit(&hook.mode, ~(unsigned)MODE_FAIL, memory_order_relaxed);
    atomic_store_explicit(&hook.hit, true, memory_order_relaxed);
    return true;
}

static void count(int64_t bytes, int64_t blocks)
{
    atomic_fetch_add_explicit(&hook.bytes, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&hook.blocks, blocks, memory_order_relaxed);
}

static void *born(void *p)
{
    if (__builtin_expect((mode_now() & MODE_TRACK) && p, 0))
        count((int64_t)malloc_usable_size(p), 1);
    return p;
}

void *gy_alloc(size_t size)
{
    return gy_calloc(1, size);
}

void *gy_calloc(size_t n, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    if (must_fail())
        return NULL;
    return born(calloc(1, total > 0 ? total : 1));
}

void *gy_realloc(void *p, size_t size)
{
    if (must_fail())
        return NULL;
    bool tracked = mode_now() & MODE_TRACK;
    size_t before = tracked && p ? malloc_usable_size(p) : 0;
    void *now = realloc(p, size > 0 ? size : 1);
    if (tracked && now)
        count((int64_t)malloc_usable_size(now) - (int64_t)before, p ? 0 : 1);
    return now;
}

void *gy_realloc_array(void *p, size_t n, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return gy_realloc(p, total);
}

/* Not zeroed. */
static void *alloc_at(size_t size, size_t align)
{
    if (must_fail())
        return NULL;
    void *p = NULL;
    int error = posix_memalign(&p, align, size > 0 ? size : 1);
    if (error) {
        errno = error;
        return NULL;
    }
    return born(p);
}

void *gy_alloc_aligned(size_t size, size_t align)
{
    if (align == 0 || (align & (align - 1))) {
        errno = EINVAL;
        return NULL;
    }
    void *p = alloc_at(size, align < sizeof(void *) ? sizeof(void *) : align);
    if (p)
        memset(p, 0, size);
    return p;
}

void *gy_alloc_huge(size_t size)
{
    void *p = alloc_at(size, GY_HUGE_PAGE);
    if (p)
        madvise(p, size, MADV_HUGEPAGE); /* a hint; without it all works */
    return p;
}

void gy_free(void *p)
{
    if (!p)
        return;
    int saved_errno = errno; /* free may change it before glibc 2.33 */
    if (__builtin_expect(mode_now() & MODE_TRACK, 0))
        count(-(int64_t)malloc_usable_size(p), -1);
#if defined(GY_DEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    /* Those sanitizers see who reads what was freed; and of a large block most was never used. */
    gy_poison(p, malloc_usable_size(p));
#endif
    free(p);
    errno = saved_errno;
}

char *gy_strdup(const char *s)
{
    return gy_strndup(s, SIZE_MAX);
}

char *gy_strndup(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *copy = gy_realloc(NULL, len + 1);
    if (!copy)
        return NULL;
    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *gy_printf(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = gy_vprintf(fmt, args);
    va_end(args);
    return text;
}

char *gy_vprintf(const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len < 0)
        return NULL;
    char *text = gy_realloc(NULL, (size_t)len + 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, fmt, args);
    return text;
}

void gy_mem_fail_after(uint64_t k)
{
    atomic_store_explicit(&hook.hit, false, memory_order_relaxed);
    atomic_store_explicit(&hook.until_failure, k, memory_order_relaxed);
    if (k > 0)
        atomic_fetch_or_explicit(&hook.mode, (unsigned)MODE_FAIL, memory_order_relaxed);
    else
        atomic_fetch_and_explicit(&hook.mode, ~(unsigned)MODE_FAIL, memory_order_relaxed);
}

bool gy_mem_fail_hit(void)
{
    return atomic_load_explicit(&hook.hit, memory_order_relaxed);
}

void gy_mem_track(bool on)
{
    atomic_store_explicit(&hook.bytes, 0, memory_order_relaxed);
    atomic_store_explicit(&hook.blocks, 0, memory_order_relaxed);
    if (on)
        atomic_fetch_or_explicit(&hook.mode, (unsigned)MODE_TRACK, memory_order_relaxed);
    else
        atomic_fetch_and_explicit(&hook.mode, ~(unsigned)MODE_TRACK, memory_order_relaxed);
}

int64_t gy_mem_live_bytes(void)
{
    return atomic_load_explicit(&hook.bytes, memory_order_relaxed);
}

int64_t gy_mem_live_blocks(void)
{
    return atomic_load_explicit(&hook.blocks, memory_order_relaxed);
}
