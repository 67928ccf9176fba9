/* Blocks of doubling size in a chain, newest first; see arena_ctl.h. A request that does not fit
 * the newest block begins a new one; the rest of the old one stays unused. */
#include "base/arena_ctl.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define BLOCK_MIN_BYTES ((size_t)4096)
#define BLOCK_MAX_BYTES ((size_t)1 << 20)
#define ALIGN           _Alignof(max_align_t)

struct gy_arena_ctl_block {
    struct gy_arena_ctl_block *next;
    size_t used, size; /* of bytes */
    _Alignas(max_align_t) unsigned char bytes[];
};

void gy_arena_ctl_init(struct gy_arena_ctl *a)
{
    *a = (struct gy_arena_ctl){0};
}

void gy_arena_ctl_fini(struct gy_arena_ctl *a)
{
    struct gy_arena_ctl_block *block = a->blocks;
    while (block) {
        struct gy_arena_ctl_block *next = block->next;
        gy_free(block);
        block = next;
    }
    gy_arena_ctl_init(a);
}

static struct gy_arena_ctl_block *add_block(struct gy_arena_ctl *a, size_t need)
{
    size_t size = a->blocks ? 2 * a->blocks->size : BLOCK_MIN_BYTES;
    if (size > BLOCK_MAX_BYTES)
        size = BLOCK_MAX_BYTES;
    if (size < need)
        size = need;
    struct gy_arena_ctl_block *block = NULL;
    if (size <= SIZE_MAX - sizeof *block)
        block = gy_alloc(sizeof *block + size);
    if (!block)
        return NULL;
    block->size = size;
    block->next = a->blocks;
    a->blocks = block;
    return block;
}

void *gy_arena_ctl_alloc(struct gy_arena_ctl *a, size_t size)
{
    if (a->oom)
        return NULL;
    size_t need = size > 0 ? size : 1;
    if (need > SIZE_MAX - ALIGN) {
        a->oom = true;
        return NULL;
    }
    need = (need + ALIGN - 1) / ALIGN * ALIGN;
    struct gy_arena_ctl_block *block = a->blocks;
    if (!block || block->size - block->used < need)
        block = add_block(a, need);
    if (!block) {
        a->oom = true;
        return NULL;
    }
    assert(block->used <= block->size && need <= block->size - block->used);
    void *p = block->bytes + block->used;
    block->used += need;
    return p;
}

void *gy_arena_ctl_calloc(struct gy_arena_ctl *a, size_t n, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total)) {
        a->oom = true;
        return NULL;
    }
    return gy_arena_ctl_alloc(a, total);
}

char *gy_arena_ctl_strdup(struct gy_arena_ctl *a, const char *s)
{
    return s ? gy_arena_ctl_strndup(a, s, strlen(s)) : NULL;
}

char *gy_arena_ctl_strndup(struct gy_arena_ctl *a, const char *s, size_t n)
{
    char *copy = n < SIZE_MAX ? gy_arena_ctl_alloc(a, n + 1) : NULL;
    if (!copy) {
        a->oom = true;
        return NULL;
    }
    if (n > 0)
        memcpy(copy, s, n);
    return copy; /* the arena's memory is zeroed, so the string has its end */
}

char *gy_arena_ctl_printf(struct gy_arena_ctl *a, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *text = len >= 0 ? gy_arena_ctl_alloc(a, (size_t)len + 1) : NULL;
    if (text)
        vsnprintf(text, (size_t)len + 1, fmt, args);
    else
        a->oom = true;
    va_end(args);
    return text;
}
