/* See channel.h. */
#include "flow/channel.h"

#include "base/mem.h"
#include "flow/handover.h"

#include <assert.h>

static int ring_init(struct gy_ring *ring, uint32_t slots)
{
    uint32_t n = 1;
    while (n < slots)
        n *= 2;
    ring->mask = n - 1;
    ring->slots = gy_calloc(n, sizeof(void *));
    return ring->slots != NULL ? 0 : GYRE_ENOMEM;
}

static bool ring_push(struct gy_ring *ring, void *item)
{
    /* relaxed: only this thread writes `head`. */
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    if (head - ring->tail_seen > ring->mask) {
        /* acquire: what the consumer did with the slot is over before it is written again. */
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (head - ring->tail_seen > ring->mask)
            return false;
    }
    ring->slots[head & ring->mask] = item;
    /* release: the slot and what it points to are visible before the index. */
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return true;
}

static void *ring_pop(struct gy_ring *ring)
{
    /* relaxed: only this thread writes `tail`. */
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (tail == ring->head_seen) {
        /* acquire: pairs with the release of ring_push. */
        ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
        if (tail == ring->head_seen)
            return NULL;
    }
    void *item = ring->slots[tail & ring->mask];
    /* release: the slot has been read before the producer may write it. */
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return item;
}

int gy_channel_init(struct gy_channel *channel, uint32_t slots, uint64_t bytes_max)
{
    memset(channel, 0, sizeof *channel);
    channel->bytes_max = bytes_max;
    if (ring_init(&channel->ring, slots) != 0 || ring_init(&channel->back, 2 * slots + 2) != 0)
        return GYRE_ENOMEM;
    return 0;
}

/* The last reference to a block is gone, on the consumer's side: back to the producer. */
static void give_back(struct gy_block *block)
{
    struct gy_channel *channel = block->owner;
    gy_poison(block->bytes, block->size);
    if (!ring_push(&channel->back, block))
        gy_free(block);
}

static void free_message(struct gy_message *message)
{
    while (message->texts != NULL) {
        struct gy_block *text = message->texts;
        message->texts = text->next;
        gy_free(text);
    }
    gy_handover_drop(message->sums);
    gy_free(message->block);
}

void gy_channel_fini(struct gy_channel *channel)
{
    void *item;
    while (channel->ring.slots != NULL && (item = ring_pop(&channel->ring)) != NULL)
        free_message(item);
    while (channel->back.slots != NULL && (item = ring_pop(&channel->back)) != NULL)
        gy_free(item);
    while (channel->waiting != NULL) {
        struct gy_message *message = channel->waiting;
        channel->waiting = message->next;
        free_message(message);
    }
    for (int s = 0; s < 2; s++) {
        while (channel->spare[s] != NULL) {
            struct gy_block *block = channel->spare[s];
            channel->spare[s] = block->next;
            gy_free(block);
        }
    }
    gy_free(channel->ring.slots);
    gy_free(channel->back.slots);
    memset(channel, 0, sizeof *channel);
}

/* Sorts what came back by size; what is of neither size is freed. */
static void collect(struct gy_channel *channel)
{
    struct gy_block *block;
    while ((block = ring_pop(&channel->back)) != NULL) {
        assert(block->owner == channel && block->refs == 0);
        int s = block->size == GY_BLOCK_LARGE ? 0 : 1;
        if (block->size != GY_BLOCK_LARGE && block->size != GY_BLOCK_SMALL) {
            gy_free(block);
            continue;
        }
        block->next = channel->spare[s];
        channel->spare[s] = block;
    }
}

struct gy_block *gy_channel_take(struct gy_channel *channel, uint32_t size)
{
    int s = size <= GY_BLOCK_SMALL ? 1 : 0;
    uint32_t usable = s == 1 ? GY_BLOCK_SMALL : GY_BLOCK_LARGE;
    struct gy_block *block = NULL;
    if (size <= usable) {
        if (channel->spare[s] == NULL)
            collect(channel);
        block = channel->spare[s];
        if (block != NULL)
            channel->spare[s] = block->next;
    } else {
        usable = size;
    }
    if (block == NULL) {
        block = gy_alloc_aligned(sizeof *block + usable, 64);
        if (block == NULL)
            return NULL;
        block->size = usable;
        block->owner = channel;
        block->release = give_back;
    }
    block->refs = 1;
    block->next = NULL;
    return block;
}

static bool try_push(struct gy_channel *channel, struct gy_message *message)
{
    /* relaxed: a late look at `consumed` only makes the producer wait a little longer. */
    uint64_t consumed = atomic_load_explicit(&channel->consumed, memory_order_relaxed);
    uint64_t in_flight = channel->pushed - consumed;
    assert(consumed <= channel->pushed);
    uint64_t bytes = message->bytes; /* the message is the consumer's once it is in the ring */
    if (in_flight != 0 && in_flight + bytes > channel->bytes_max)
        return false;
    if (!ring_push(&channel->ring, message))
        return false;
    channel->pushed += bytes;
    gy_parking_wake(channel->consumer);
    return true;
}

void gy_channel_push(struct gy_channel *channel, struct gy_message *message)
{
    assert(message->kind >= GY_ROWS && message->kind <= GY_BARRIER);
    assert(message->rows <= message->capacity && (message->rows > 0) == (message->kind == GY_ROWS));
    message->next = NULL;
    if (channel->waiting == NULL && try_push(channel, message))
        return;
    if (channel->waiting == NULL)
        channel->waiting = message;
    else
        channel->waiting_last->next = message;
    channel->waiting_last = message;
}

bool gy_channel_drain(struct gy_channel *channel)
{
    while (channel->waiting != NULL) {
        struct gy_message *next = channel->waiting->next;
        if (!try_push(channel, channel->waiting)) {
            /* Ask to be woken, and look once more: the consumer may just have made room. */
            atomic_store_explicit(&channel->starved, true, memory_order_relaxed);
            gy_fence();
            if (!try_push(channel, channel->waiting))
                return false;
        }
        channel->waiting = next;
    }
    return true;
}

bool gy_channel_is_hungry(struct gy_channel *channel)
{
    /* relaxed, both: a guess; being wrong costs a small message or a turn's delay. */
    if (channel->fed != NULL && atomic_load_explicit(channel->fed, memory_order_relaxed))
        return false;
    return atomic_load_explicit(&channel->ring.tail, memory_order_relaxed) ==
           atomic_load_explicit(&channel->ring.head, memory_order_relaxed);
}

struct gy_message *gy_channel_pop(struct gy_channel *channel)
{
    struct gy_message *message = ring_pop(&channel->ring);
    if (message == NULL)
        return NULL;
    /* relaxed: only this thread writes it; the fence below orders it before `starved`. */
    uint64_t consumed = atomic_load_explicit(&channel->consumed, memory_order_relaxed);
    atomic_store_explicit(&channel->consumed, consumed + message->bytes, memory_order_relaxed);
    gy_fence();
    if (atomic_load_explicit(&channel->starved, memory_order_relaxed)) {
        atomic_store_explicit(&channel->starved, false, memory_order_relaxed);
        gy_parking_wake(channel->producer);
    }
    return message;
}
