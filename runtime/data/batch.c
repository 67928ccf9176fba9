/* See batch.h. The pool keeps one free list per power of two from 256 bytes to 1 MiB; larger
 * buffers go back to the system at once. */
#include "data/batch.h"

#include "base/mem.h"

#include <assert.h>

enum { POOL_SMALLEST = 8, POOL_LARGEST = 20, POOL_CLASSES = POOL_LARGEST - POOL_SMALLEST + 1 };
enum { ARENAS_FIRST = 12 };

struct gy_pool {
    size_t bytes;
    struct gy_block *free[POOL_CLASSES];
};

struct gy_pool *gy_pool_new(void)
{
    return gy_alloc(sizeof(struct gy_pool));
}

void gy_pool_free(struct gy_pool *pool)
{
    if (pool == NULL)
        return;
    for (int c = 0; c < POOL_CLASSES; c++) {
        while (pool->free[c] != NULL) {
            struct gy_block *buf = pool->free[c];
            pool->free[c] = buf->next;
            gy_free(buf);
        }
    }
    gy_free(pool);
}

size_t gy_pool_bytes(const struct gy_pool *pool)
{
    return pool->bytes;
}

static int class_of(size_t size)
{
    if (size <= (size_t)1 << POOL_SMALLEST)
        return 0;
    return 64 - __builtin_clzll((unsigned long long)size - 1) - POOL_SMALLEST;
}

static void release_to_pool(struct gy_block *buf)
{
    struct gy_pool *pool = buf->owner;
    int c = class_of(buf->size);
    assert(buf->refs == 0 && buf->size <= pool->bytes);
    if (c >= POOL_CLASSES) {
        pool->bytes -= buf->size;
        gy_free(buf);
        return;
    }
    gy_poison(buf->bytes, buf->size);
    buf->next = pool->free[c];
    pool->free[c] = buf;
}

struct gy_block *gy_block_new(struct gy_pool *pool, size_t size)
{
    int c = class_of(size);
    struct gy_block *buf = c < POOL_CLASSES ? pool->free[c] : NULL;
    if (buf != NULL) {
        pool->free[c] = buf->next;
    } else {
        size_t usable = c < POOL_CLASSES ? (size_t)1 << (c + POOL_SMALLEST) : size;
        if (usable > UINT32_MAX)
            return NULL;
        buf = gy_alloc_aligned(sizeof *buf + usable, 64);
        if (buf == NULL)
            return NULL;
        buf->size = (uint32_t)usable;
        buf->owner = pool;
        buf->release = release_to_pool;
        pool->bytes += usable;
    }
    buf->refs = 1;
    buf->next = NULL;
    return buf;
}

static struct gy_arenas *arenas_new(struct gy_pool *pool, uint32_t capacity)
{
    struct gy_block *memory =
        gy_block_new(pool, sizeof(struct gy_arenas) + capacity * sizeof(struct gy_block *));
    if (memory == NULL)
        return NULL;
    struct gy_arenas *arenas = (struct gy_arenas *)(void *)memory->bytes;
    arenas->refs = 1;
    arenas->n = 0;
    arenas->capacity =
        (uint32_t)((memory->size - sizeof(struct gy_arenas)) / sizeof(struct gy_block *));
    arenas->memory = memory;
    return arenas;
}

void gy_arenas_drop(struct gy_arenas *arenas)
{
    if (arenas == NULL)
        return;
    assert(arenas->refs > 0 && arenas->n <= arenas->capacity);
    if (--arenas->refs != 0)
        return;
    for (uint32_t i = 0; i < arenas->n; i++)
        gy_block_drop(arenas->items[i]);
    gy_block_drop(arenas->memory);
}

/* Makes `*arenas` a list of its own with room for one more. */
static int arenas_own(struct gy_pool *pool, struct gy_arenas **arenas)
{
    struct gy_arenas *old = *arenas;
    if (old != NULL && old->refs == 1 && old->n < old->capacity)
        return 0;
    struct gy_arenas *copy = arenas_new(pool, old == NULL ? ARENAS_FIRST : 2 * old->n + 1);
    if (copy == NULL)
        return GYRE_ENOMEM;
    for (uint32_t i = 0; old != NULL && i < old->n; i++)
        copy->items[copy->n++] = gy_block_ref(old->items[i]);
    gy_arenas_drop(old);
    *arenas = copy;
    return 0;
}

int gy_arenas_add(struct gy_pool *pool, struct gy_arenas **arenas, struct gy_block *buf)
{
    for (uint32_t i = *arenas != NULL ? (*arenas)->n : 0; i-- > 0;)
        if ((*arenas)->items[i] == buf)
            return 0;
    if (arenas_own(pool, arenas) != 0)
        return GYRE_ENOMEM;
    assert((*arenas)->refs == 1 && (*arenas)->n < (*arenas)->capacity); /* nobody else's */
    (*arenas)->items[(*arenas)->n++] = gy_block_ref(buf);
    return 0;
}

int gy_arenas_add_all(struct gy_pool *pool, struct gy_arenas **arenas, const struct gy_arenas *from)
{
    for (uint32_t i = 0; from != NULL && i < from->n; i++)
        if (gy_arenas_add(pool, arenas, from->items[i]) != 0)
            return GYRE_ENOMEM;
    return 0;
}

uint32_t gy_select(const uint8_t *keep, uint32_t rows, uint32_t *selection)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < rows; i++) {
        selection[n] = i;
        n += keep[i] != 0;
    }
    return n;
}

uint32_t gy_keep_count(const uint8_t *keep, uint32_t rows)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < rows; i++)
        n += keep[i] != 0;
    return n;
}

/* Every batch with times is looked through so, and in the cache: as vectors, and as wide as there are. */
#define TIMES(attributes, lack, within)                                                            \
    attributes static bool lack(const int64_t *times, uint32_t n)                                  \
    {                                                                                              \
        uint64_t lacks = 0; /* the upper bit: some row does */                                     \
        for (uint32_t i = 0; i < n; i++)                                                           \
            lacks |= (((uint64_t)times[i] ^ (uint64_t)GYRE_NO_TIME) - 1) & (uint64_t)times[i];     \
        return lacks > INT64_MAX;                                                                  \
    }                                                                                              \
    /* Modulo 2^64: a moment outside has one of the differences in the upper half. */              \
    attributes static bool within(const int64_t *times, uint32_t n, uint64_t first, uint64_t last) \
    {                                                                                              \
        uint64_t outside = 0;                                                                      \
        for (uint32_t i = 0; i < n; i++)                                                           \
            outside |= ((uint64_t)times[i] - first) | (last - (uint64_t)times[i]);                 \
        return outside <= INT64_MAX;                                                               \
    }
TIMES(, times_lack, times_within)

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx512f,avx512vl,avx512dq")))
TIMES(WIDE, times_lack_wide, times_within_wide)

static bool has_wide(void)
{
    return __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#else
#define times_lack_wide   times_lack
#define times_within_wide times_within

static bool has_wide(void)
{
    return false;
}
#endif

bool gy_times_lack(const int64_t *times, uint32_t n)
{
    return has_wide() ? times_lack_wide(times, n) : times_lack(times, n);
}

bool gy_times_within(const int64_t *times, uint32_t n, int64_t first, int64_t last)
{
    return has_wide() ? times_within_wide(times, n, (uint64_t)first, (uint64_t)last)
                      : times_within(times, n, (uint64_t)first, (uint64_t)last);
}

#define GATHER(type)                                                                               \
    do {                                                                                           \
        type *restrict t = to;                                                                     \
        const type *restrict f = from;                                                             \
        for (uint32_t j = 0; j < n; j++)                                                           \
            t[j] = f[selection[j]];                                                                \
    } while (0)

void gy_gather(void *to, const void *from, uint32_t size, const uint32_t *selection, uint32_t n)
{
    switch (size) {
    case 1: GATHER(uint8_t); break;
    case 4: GATHER(uint32_t); break;
    case 8: GATHER(uint64_t); break;
    default:
        assert(size == sizeof(struct gyre_str));
        GATHER(struct gyre_str);
        break;
    }
}
