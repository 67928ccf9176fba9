/* Size classes over chunks; see blocks.h.
 *
 *   chunk   0  next chunk   8  unused   16  blocks of one class, one after the other
 *   free block   0  next free block of the class */
#include "state/blocks.h"

#include <string.h>

#include "base/mem.h"

enum { CHUNK_HEAD = 16, CHUNK_FIRST = 4, CHUNK_BYTES_MAX = 128 * 1024 };

static uint32_t class_of(size_t size)
{
    return size == 0 ? 0 : (uint32_t)((size - 1) / GY_BLOCK_STEP);
}

void gy_blocks_fini(struct gy_blocks *blocks)
{
    void *next;
    for (void *chunk = blocks->chunks; chunk != NULL; chunk = next) {
        memcpy(&next, chunk, sizeof next);
        gy_free(chunk);
    }
    memset(blocks, 0, sizeof *blocks);
}

void *gy_blocks_take_alone(struct gy_blocks *blocks, size_t size)
{
    void *block = gy_realloc(NULL, size);
    if (block != NULL)
        blocks->bytes += size;
    return block;
}

void gy_blocks_give_alone(struct gy_blocks *blocks, void *block, size_t size)
{
    blocks->bytes -= size;
    gy_free(block);
}

#ifdef GY_SANITIZED

void *gy_blocks_take(struct gy_blocks *blocks, size_t size)
{
    return gy_blocks_take_alone(blocks, size);
}

void gy_blocks_give(struct gy_blocks *blocks, void *block, size_t size)
{
    (void)class_of;
    if (block != NULL)
        gy_blocks_give_alone(blocks, block, size);
}

#else

/* Chunks grow with their class, so that few blocks cost little and many cost few calls. */
static int refill(struct gy_blocks *blocks, uint32_t class)
{
    size_t block = ((size_t) class + 1) * GY_BLOCK_STEP;
    uint32_t n = blocks->next_size[class] != 0 ? blocks->next_size[class] : CHUNK_FIRST;
    size_t bytes = CHUNK_HEAD + n * block;
    char *chunk = gy_realloc(NULL, bytes);
    if (chunk == NULL)
        return -1;
    memcpy(chunk, &blocks->chunks, sizeof blocks->chunks);
    blocks->chunks = chunk;
    blocks->bytes += bytes;
    blocks->fresh[class] = chunk + CHUNK_HEAD;
    blocks->left[class] = n;
    blocks->next_size[class] = 2 * n * block <= CHUNK_BYTES_MAX ? 2 * n : n;
    return 0;
}

void *gy_blocks_take(struct gy_blocks *blocks, size_t size)
{
    if (size > GY_BLOCK_MAX)
        return gy_blocks_take_alone(blocks, size);
    uint32_t class = class_of(size);
    void *block = blocks->free[class];
    if (block != NULL) {
        memcpy(&blocks->free[class], block, sizeof block);
        return block;
    }
    if (blocks->left[class] == 0 && refill(blocks, class) != 0)
        return NULL;
    block = blocks->fresh[class];
    blocks->fresh[class] += ((size_t) class + 1) * GY_BLOCK_STEP;
    blocks->left[class]--;
    return block;
}

void gy_blocks_give(struct gy_blocks *blocks, void *block, size_t size)
{
    if (block == NULL)
        return;
    if (size > GY_BLOCK_MAX) {
        gy_blocks_give_alone(blocks, block, size);
        return;
    }
    uint32_t class = class_of(size);
    gy_poison(block, size);
    memcpy(block, &blocks->free[class], sizeof block);
    blocks->free[class] = block;
}

#endif
