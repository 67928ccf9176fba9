/* An edge between two tasks: a bounded ring of messages for one producer and one consumer.
 *
 *     producer task                                        consumer task
 *     gy_channel_push ──> [ ring of messages ] ──────────> gy_channel_pop
 *     gy_channel_take <── [ ring of used blocks ] <─────── gy_block_drop of what came
 *
 * Rows travel in blocks of memory that the consumer gives back, so that nothing is allocated in
 * steady state. The bound is in bytes and in messages: when it is reached, the message waits in the
 * producer's `waiting` list and the producing task does not run until that is empty.
 *
 * Invariants: messages arrive in the order in which they were pushed; a message is in exactly one of
 * the producer's hands, the waiting list, the ring, the consumer's hands. Only the two ring indexes,
 * `consumed` and the parking flags are shared; each field says who writes it. */
#ifndef GY_FLOW_CHANNEL_H
#define GY_FLOW_CHANNEL_H

#include "data/batch.h"
#include "flow/parking.h"

#include <stdatomic.h>

enum gy_message_kind {
    GY_ROWS = 1,
    GY_SUMS,
    GY_WATERMARK,
    GY_IDLE,
    GY_END,
    GY_ROUND_END,
    GY_BARRIER
};

struct gy_handover;

/* Stands at the start of its own block; the columns follow (flow/exchange). */
struct gy_message {
    uint32_t kind;
    uint32_t rows;
    uint32_t capacity; /* rows: the stride of the columns */
    uint64_t bytes;    /* counted against the channel's bound; strings of one row may be 4 GiB */
    int64_t time_us;   /* GY_WATERMARK; GY_BARRIER: its epoch; GY_IDLE: 1, until its end, else 0 */
    bool flag;   /* GY_END: by a stop, not the end of input; GY_IDLE: idle, else active again */
    bool to_log; /* while it waits at a head: by the snapshot at hand (flow/spool) */
    uint32_t generation; /* that it is counted in; within a region (flow/quiesce) */
    uint32_t entry;      /* of its task, by which it came, while it waits at a head */
    struct gy_block *block;
    struct gy_handover *sums; /* GY_SUMS: rows that were added up ahead, one reference */
    struct gy_block *texts;   /* arenas of long strings, linked by `next` */
    struct gy_message *next;  /* in the waiting list; in a spool */
};

/* A ring of pointers; one thread pushes, another pops. */
struct gy_ring {
    _Alignas(64) _Atomic uint32_t head; /* written by the producer */
    uint32_t tail_seen;                 /* the producer's last look at `tail` */
    _Alignas(64) _Atomic uint32_t tail; /* written by the consumer */
    uint32_t head_seen;                 /* the consumer's last look at `head` */
    _Alignas(64) uint32_t mask;
    void **slots;
};

struct gy_channel {
    struct gy_ring ring;
    struct gy_ring back;
    _Alignas(64) _Atomic uint64_t consumed; /* bytes; written by the consumer */
    _Atomic bool starved;                   /* the producer waits for room; written by both */
    _Alignas(64) uint64_t pushed;           /* bytes; the producer's, as all that follows */
    uint64_t bytes_max;
    struct gy_message *waiting, *waiting_last;
    struct gy_block *spare[2]; /* free blocks of the two usual sizes */
    const _Atomic bool *fed; /* the consumer's: it has rows beside those in the ring; NULL: never */
    struct gy_parking *producer; /* NULL: both sides are run by one thread */
    struct gy_parking *consumer;
};

/* The usual sizes of blocks: of a full buffer, and of a few rows. */
enum { GY_BLOCK_LARGE = 32 * 1024, GY_BLOCK_SMALL = 1024 };

/* A message with so many bytes takes no further batch. */
enum { GY_MESSAGE_MOST = 256 * 1024 };

/** Prepares a channel for `slots` messages (rounded up to a power of two) and `bytes_max` bytes, but
 *  at least one message. 0, or GYRE_ENOMEM. */
int gy_channel_init(struct gy_channel *channel, uint32_t slots, uint64_t bytes_max);

/** Frees a channel and what is in it; neither side may run any more, and no block of it may be
 *  referred to by an arena list. */
void gy_channel_fini(struct gy_channel *channel);

/** A block of at least `size` bytes for a message of this channel; NULL without memory.
 *  Thread:  the producer's */
struct gy_block *gy_channel_take(struct gy_channel *channel, uint32_t size);

/** Sends a message, or puts it into the waiting list where there is no room.
 *  Owns:    the channel, and then the consumer
 *  Thread:  the producer's */
void gy_channel_push(struct gy_channel *channel, struct gy_message *message);

/** Sends what waits; true where nothing waits any more.
 *  Thread:  the producer's */
bool gy_channel_drain(struct gy_channel *channel);

/** True where the consumer has taken everything, and has nothing else: it may be out of work.
 *  Thread:  the producer's */
bool gy_channel_is_hungry(struct gy_channel *channel);

/** The next message, or NULL.
 *  Owns:    the caller, which gives its blocks back with gy_block_drop
 *  Thread:  the consumer's */
struct gy_message *gy_channel_pop(struct gy_channel *channel);

#endif
