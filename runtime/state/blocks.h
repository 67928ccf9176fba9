/* The memory of one store: blocks by size class, carved from chunks.
 *
 * Entries behind a reference, bytes of strings, chunks of lists and tables of maps come and go by the
 * million, and all of them know their size when they go. Sizes up to GY_BLOCK_MAX have a class of
 * their own every 16 bytes, with a list of free blocks; larger ones go to gy_realloc. What is given
 * back serves the next block of its class and returns to the system with the store.
 *
 * Under a sanitizer every block is an allocation of its own, so that it sees use after free. */
#ifndef GY_STATE_BLOCKS_H
#define GY_STATE_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#define GY_BLOCK_STEP 16u
#define GY_BLOCK_MAX  1024u

/** Zeroed, it is valid and empty. Owned by one task. */
struct gy_blocks {
    void *free[GY_BLOCK_MAX / GY_BLOCK_STEP];
    char *fresh[GY_BLOCK_MAX / GY_BLOCK_STEP]; /* not yet carved rest of the class's newest chunk */
    uint32_t left[GY_BLOCK_MAX / GY_BLOCK_STEP];      /* blocks in `fresh` */
    uint32_t next_size[GY_BLOCK_MAX / GY_BLOCK_STEP]; /* blocks in the class's next chunk */
    void *chunks;
    size_t bytes; /* taken from the system */
};

/** Frees all chunks; blocks above GY_BLOCK_MAX must have been given back. */
void gy_blocks_fini(struct gy_blocks *blocks);

/** A block of `size` bytes at a multiple of 16; contents undefined.
 *  Owns:    the caller, until gy_blocks_give with the same size
 *  Errors:  NULL without memory */
void *gy_blocks_take(struct gy_blocks *blocks, size_t size);

/** Takes a block back; NULL is fine. */
void gy_blocks_give(struct gy_blocks *blocks, void *block, size_t size);

/** The same by gy_realloc and gy_free whatever the size, for what may be given back to another store
 *  of the operator than it was taken from: `bytes` is then right for the sum of the stores.
 *  Errors:  NULL without memory */
void *gy_blocks_take_alone(struct gy_blocks *blocks, size_t size);
void gy_blocks_give_alone(struct gy_blocks *blocks, void *block, size_t size);

#endif
