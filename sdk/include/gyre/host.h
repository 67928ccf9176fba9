/* gyre/host.h: what the host offers to an instance while it runs.
 *
 * Every callback gets a `struct gyre_ctx *`: the instance's view of the host. The host's functions
 * stand in one table, append-only; a plugin lists the optional features it needs in its descriptor
 * (`needs`), so that a host without one says so at load. The inline functions below are the way to
 * call them.
 *
 * A call that the host cannot serve (a state that was not declared, a row that is not there, a list
 * where a map is meant, a callback without a key) does nothing, returns GYRE_ECONTRACT, NULL or 0, and
 * fails the job when the callback returns, with a sentence that names the plugin and the call. */
#ifndef GYRE_HOST_H
#define GYRE_HOST_H

#include <gyre/batch.h>
#include <gyre/state.h>

#define GYRE_FEATURE_STATE     (1ull << 0) /* keyed state */
#define GYRE_FEATURE_TIMERS    (1ull << 1) /* event-time and processing-time timers */
#define GYRE_FEATURE_ROUNDS    (1ull << 2) /* rounds of loops, votes */
#define GYRE_FEATURE_ITEMS     (1ull << 3) /* operator state items */
#define GYRE_FEATURE_TWO_PHASE (1ull << 4) /* prepare, commit, abort */

#define GYRE_LOG_ERROR 0u
#define GYRE_LOG_WARN  1u
#define GYRE_LOG_INFO  2u
#define GYRE_LOG_DEBUG 3u

#define GYRE_CLOCK_EVENT      0u
#define GYRE_CLOCK_PROCESSING 1u
#define GYRE_CLOCK_ROUND      2u /* the end of the round at hand */

struct gyre_host;

/** An instance's view of the host.
 *  Shape:   `outputs[p]` is output port p. `config` is what the option table and `bind` filled.
 *           `restores` 1: the run goes on from a snapshot that has this operator, in `open` too; 0: it
 *           starts from nothing, and a sink empties what it writes to
 *  Units:   `watermark_us` event time, INT64_MIN before the first, INT64_MAX at the end of input
 *  Owns:    the host; valid from open to close
 *  Thread:  [task]
 *  Since:   0.1 */
struct gyre_ctx {
    uint32_t size;
    uint32_t task; /* 0 ... tasks - 1 */
    uint32_t tasks;
    uint32_t n_outputs;
    const struct gyre_host *host;
    const void *config;
    struct gyre_out *const *outputs;
    struct gyre_error *error;
    int64_t watermark_us;
    uint32_t restores;
    uint32_t reserved;
    int64_t step_us; /* watermarks matter most at its multiples; 0: nowhere in particular */
    void *self;      /* in a call of a function: its instance, NULL where it has none */
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_ctx) == 80, "layout of gyre_ctx");

/* The table. Call it through the functions below. */
struct gyre_host {
    uint32_t size;
    uint32_t reserved;
    uint64_t features;
    void (*log)(struct gyre_ctx *ctx, uint32_t level, const char *text);
    int64_t *(*counter)(struct gyre_ctx *ctx, const char *name);
    double *(*gauge)(struct gyre_ctx *ctx, const char *name);
    void *(*alloc)(struct gyre_ctx *ctx, void *old, size_t size);
    int64_t (*now)(struct gyre_ctx *ctx);
    uint64_t (*random)(struct gyre_ctx *ctx);
    void (*bad_row)(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                    const char *text);
    void (*bad_input)(struct gyre_ctx *ctx, const char *raw, size_t len, const char *text);
    void (*watermark)(struct gyre_ctx *ctx, int64_t time_us);
    void (*idle)(struct gyre_ctx *ctx);
    int32_t (*state_slots)(struct gyre_ctx *ctx, uint32_t state, const struct gyre_batch *in,
                           void **slots);
    void (*state_remove)(struct gyre_ctx *ctx, uint32_t state, const struct gyre_batch *in,
                         uint32_t row);
    int32_t (*state_str)(struct gyre_ctx *ctx, struct gyre_str *into, const struct gyre_str *from);
    void *(*list_add)(struct gyre_ctx *ctx, struct gyre_list *list);
    uint64_t (*list_count)(struct gyre_ctx *ctx, const struct gyre_list *list);
    void *(*list_at)(struct gyre_ctx *ctx, struct gyre_list *list, uint64_t i);
    void (*list_drop)(struct gyre_ctx *ctx, struct gyre_list *list, uint64_t first_n);
    void *(*map_get)(struct gyre_ctx *ctx, struct gyre_map *map, const void *key, int32_t create);
    int32_t (*map_remove)(struct gyre_ctx *ctx, struct gyre_map *map, const void *key);
    uint64_t (*map_count)(struct gyre_ctx *ctx, const struct gyre_map *map);
    void *(*map_next)(struct gyre_ctx *ctx, struct gyre_map *map, uint64_t *cursor,
                      const void **key);
    int32_t (*timer_set)(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                         uint32_t clock, int64_t time_us, uint64_t tag);
    int32_t (*timer_delete)(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                            uint32_t clock, int64_t time_us, uint64_t tag);
    void (*vote)(struct gyre_ctx *ctx, const char *loop, int32_t stop);
    int32_t (*state_find)(struct gyre_ctx *ctx, uint32_t state, const struct gyre_batch *in,
                          void **slots);
    void (*late)(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row);
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_host) == 224, "layout of gyre_host");

/** Logs one line; the host adds operator and task.
 *  Thread:  [task] */
GYRE_PRINTF(3, 4)
static inline void gyre_log(struct gyre_ctx *ctx, uint32_t level, const char *format, ...)
{
    char text[GYRE_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ctx->host->log(ctx, level, text);
}

/** Fills the call's error and returns `code`: `return gyre_fail(ctx, GYRE_EIO, "...", ...)`.
 *  Thread:  [task] */
GYRE_PRINTF(3, 4)
static inline int32_t gyre_fail(struct gyre_ctx *ctx, int32_t code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    gyre_error_set_v(ctx->error, code, -1, format, args);
    va_end(args);
    return code;
}

/** Reports a bad input row; it goes by the job's on_error and counts as dropped: the operator puts
 *  nothing out for it (on an aligned port the host drops it). The call goes on.
 *  Thread:  [task]
 *  Since:   0.1 */
GYRE_PRINTF(4, 5)
static inline void gyre_bad_row(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                                const char *format, ...)
{
    char text[GYRE_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ctx->host->bad_row(ctx, in, row, text);
}

/** Reports raw input that a source could not make a row of; it goes by on_error.
 *  Thread:  [task]
 *  Since:   0.1 */
GYRE_PRINTF(4, 5)
static inline void gyre_bad_input(struct gyre_ctx *ctx, const char *raw, size_t len,
                                  const char *format, ...)
{
    char text[GYRE_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ctx->host->bad_input(ctx, raw, len, text);
}

/** A counter of this task by name, shown in the run's report; NULL without memory.
 *  Owns:    the host; valid until close. Ask once, in open.
 *  Thread:  [task] */
static inline int64_t *gyre_counter(struct gyre_ctx *ctx, const char *name)
{
    return ctx->host->counter(ctx, name);
}

/** A gauge of this task by name, shown in the run's report; NULL without memory.
 *  Owns:    the host; valid until close
 *  Thread:  [task] */
static inline double *gyre_gauge(struct gyre_ctx *ctx, const char *name)
{
    return ctx->host->gauge(ctx, name);
}

/** Allocates (old NULL), resizes, or frees (size 0, returns NULL) memory accounted to the operator.
 *  Owns:    the instance, which frees it in close
 *  Thread:  [task]
 *  Errors:  NULL without memory; `old` then stays */
static inline void *gyre_alloc(struct gyre_ctx *ctx, void *old, size_t size)
{
    return ctx->host->alloc(ctx, old, size);
}

/** Processing time. Plugins read no other clock.
 *  Units:   µs since the epoch
 *  Thread:  [task] */
static inline int64_t gyre_now(struct gyre_ctx *ctx)
{
    return ctx->host->now(ctx);
}

/** A random number of the task's own sequence, which follows from the job's seed, the operator's id and
 *  the task. A run that goes on from a snapshot draws on where it was; at another parallelism no task
 *  repeats a number that it has drawn. Plugins use no other randomness.
 *  Thread:  [task] */
static inline uint64_t gyre_random(struct gyre_ctx *ctx)
{
    return ctx->host->random(ctx);
}

/** Says that no row with an earlier event time will follow (sources, std.timestamps and the like).
 *  Thread:  [task]
 *  Since:   0.1 */
static inline void gyre_watermark(struct gyre_ctx *ctx, int64_t time_us)
{
    ctx->host->watermark(ctx, time_us);
}

/** Says that no row is on its way: operators with other inputs go on without this one, until it puts out
 *  rows or a watermark again (sources, and operators that set times).
 *  Thread:  [task]
 *  Since:   0.2 */
static inline void gyre_idle(struct gyre_ctx *ctx)
{
    ctx->host->idle(ctx);
}

/** Says that a row came too late to be used, which the operator then does not do: it is counted in the
 *  run's report, and the first one is warned of.
 *  Thread:  [task]
 *  Since:   0.2 */
static inline void gyre_late(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row)
{
    ctx->host->late(ctx, in, row);
}

/** Gives the slot of state `state` for the key of each kept row: `slots[row]`.
 *  Shape:   VALUE: a pointer to the value, initialized at the first touch; LIST: a gyre_list *;
 *           MAP: a gyre_map *. `slots` has room for `in->rows`; those of dropped rows are unset
 *  Owns:    the host; valid until the next state call of this callback for the same state
 *  Thread:  [task]
 *  Errors:  GYRE_ENOMEM; nothing was changed
 *  Since:   0.1 */
static inline int32_t gyre_state_slots(struct gyre_ctx *ctx, uint32_t state,
                                       const struct gyre_batch *in, void **slots)
{
    return ctx->host->state_slots(ctx, state, in, slots);
}

/** The same for looking up: where a key has no entry its slot is NULL, and none is made. It does not
 *  prolong the life of state that has a time to live.
 *  Shape:   as gyre_state_slots
 *  Owns:    as gyre_state_slots
 *  Thread:  [task]
 *  Errors:  GYRE_ECONTRACT: wrong arguments, which fails the job
 *  Since:   0.1 */
static inline int32_t gyre_state_find(struct gyre_ctx *ctx, uint32_t state,
                                      const struct gyre_batch *in, void **slots)
{
    return ctx->host->state_find(ctx, state, in, slots);
}

/** Removes the entry of the row's key.
 *  Thread:  [task] */
static inline void gyre_state_remove(struct gyre_ctx *ctx, uint32_t state,
                                     const struct gyre_batch *in, uint32_t row)
{
    ctx->host->state_remove(ctx, state, in, row);
}

/** Assigns a string member of a state value: the bytes are copied, the old ones freed.
 *  Thread:  [task]
 *  Errors:  GYRE_ENOMEM; the old value stays */
static inline int32_t gyre_state_str(struct gyre_ctx *ctx, struct gyre_str *into,
                                     const struct gyre_str *from)
{
    return ctx->host->state_str(ctx, into, from);
}

/** Appends an initialized item to a list and returns it; NULL without memory.
 *  Owns:    the host; valid until the next call on this list
 *  Thread:  [task] */
static inline void *gyre_list_add(struct gyre_ctx *ctx, struct gyre_list *list)
{
    return ctx->host->list_add(ctx, list);
}

static inline uint64_t gyre_list_count(struct gyre_ctx *ctx, const struct gyre_list *list)
{
    return ctx->host->list_count(ctx, list);
}

/** Item `i`, oldest first.
 *  Thread:  [task] */
static inline void *gyre_list_at(struct gyre_ctx *ctx, struct gyre_list *list, uint64_t i)
{
    return ctx->host->list_at(ctx, list, i);
}

/** Drops the `first_n` oldest items.
 *  Thread:  [task] */
static inline void gyre_list_drop(struct gyre_ctx *ctx, struct gyre_list *list, uint64_t first_n)
{
    ctx->host->list_drop(ctx, list, first_n);
}

/** The value under `key`; where there is none an initialized one with `create`, else NULL.
 *  Owns:    the host; valid until the next call on this map
 *  Thread:  [task]
 *  Errors:  NULL with `create` set: out of memory */
static inline void *gyre_map_get(struct gyre_ctx *ctx, struct gyre_map *map, const void *key,
                                 int32_t create)
{
    return ctx->host->map_get(ctx, map, key, create);
}

/** Removes `key`; returns 1 where it was there.
 *  Thread:  [task] */
static inline int32_t gyre_map_remove(struct gyre_ctx *ctx, struct gyre_map *map, const void *key)
{
    return ctx->host->map_remove(ctx, map, key);
}

static inline uint64_t gyre_map_count(struct gyre_ctx *ctx, const struct gyre_map *map)
{
    return ctx->host->map_count(ctx, map);
}

/** Walks a map: start with `*cursor` 0; NULL at the end. Do not change the map meanwhile.
 *  Thread:  [task] */
static inline void *gyre_map_next(struct gyre_ctx *ctx, struct gyre_map *map, uint64_t *cursor,
                                  const void **key)
{
    return ctx->host->map_next(ctx, map, cursor, key);
}

/** Sets a timer for the key of a row: on_timer is called when the watermark, or the clock, reaches
 *  `time_us`. Setting the same (clock, time, tag) twice is one timer. In on_timer itself `in` is
 *  due->keys. Without a key `in` may be NULL, in any callback but close.
 *  A timer of GYRE_CLOCK_ROUND, whose `time_us` is not looked at, is due at the end of the round at hand, of
 *  the innermost loop with rounds that the operator is in; set while a round ends, of the next one.
 *  Units:   `clock` GYRE_CLOCK_EVENT, GYRE_CLOCK_PROCESSING or GYRE_CLOCK_ROUND; `time_us` µs since the epoch
 *  Needs:   an on_timer; GYRE_CLOCK_ROUND: the operator is in a loop with `rounds`
 *  Thread:  [task]
 *  Errors:  GYRE_ENOMEM. One that on_timer sets at the end of input is dropped, and counted; so is one of a
 *           round that never comes
 *  Since:   0.2 */
static inline int32_t gyre_timer_set(struct gyre_ctx *ctx, const struct gyre_batch *in,
                                     uint32_t row, uint32_t clock, int64_t time_us, uint64_t tag)
{
    return ctx->host->timer_set(ctx, in, row, clock, time_us, tag);
}

/** Deletes a timer of the key of a row; one that is not set is none.
 *  Thread:  [task]
 *  Since:   0.2 */
static inline int32_t gyre_timer_delete(struct gyre_ctx *ctx, const struct gyre_batch *in,
                                        uint32_t row, uint32_t clock, int64_t time_us, uint64_t tag)
{
    return ctx->host->timer_delete(ctx, in, row, clock, time_us, tag);
}

/** Votes for a loop to stop after the round that ends, or takes that back; in on_round_end, and for timers of
 *  the round in on_timer. The loop stops where all tasks of one of its operators vote so. A vote is for one
 *  round, and nothing that a snapshot need have: what it follows from is in the operator's state.
 *  Shape:   `loop` is the id of the operator with the `rounds`, as in gyre_round; NULL: whose round ends
 *  Thread:  [task]
 *  Errors:  in any other callback, or for a loop of which no round ends: fails the job
 *  Since:   0.4 */
static inline void gyre_vote(struct gyre_ctx *ctx, const char *loop, int32_t stop)
{
    ctx->host->vote(ctx, loop, stop);
}

#endif
