/* The inside of an operator instance, for the files of this floor. Each calls only those above it:
 *
 *     call       one call into a plugin, and how it fails
 *     bad        bad rows
 *     callin     what comes in, presented to the plugin
 *     stores     what its stores have in common
 *     timers     the timers of keys
 *     rounds     the rounds of the loops that it is in
 *     hosttable  what a plugin may call
 *     functions  the instances that functions have
 *     strict     the same for tests: what fails when it is told to
 *     accumulate the aggregate functions of a node as one
 *     window     windows; their files are in window.h
 *     hosted     functions as operators
 *     process    one batch
 *     slow       row by row
 *     save       items and state, saved and restored
 *     life       making and freeing
 *     instance   what the outside calls
 *     frontier   what inputs tell, what the instance sees, what consumers are told
 *     deal       who gets what at a restore
 *     source     the splits of one task
 *     txns       the transactions of one task
 *     presum     the aggregates of a node, beside a task that makes its rows */
#ifndef GY_OP_INSIDE_H
#define GY_OP_INSIDE_H

#include "base/crumb.h"
#include "base/rng.h"
#include "base/vec.h"
#include "op/accumulate.h"
#include "op/instance.h"
#include "op/output.h"
#include "op/strict.h"
#include "op/timers.h"
#include "op/window.h"
#include "state/store.h"

/* Plugin's counters and gauges. */
struct gy_metric {
    char *name;
    bool is_gauge;
    union {
        int64_t counter;
        double gauge;
    } value;
};

/* How input port p is presented: its columns in the order in which the operator reads them. */
struct gy_view {
    struct gyre_batch batch;
    struct gyre_column *columns;
    struct gy_arenas **arenas; /* beside `columns`; batch.host points here, for adopt */
    struct gy_block **compact; /* per field of the stream, for closing up; NULL until used */
    struct gy_column *compact_columns;
};

/* What keyed state is saved to; see op/save.c. */
struct gy_saving {
    struct gy_instance *instance;
    uint16_t state;
    uint32_t image_size; /* gy_store_image_size */
    uint64_t records;    /* written since the saving began */
};

/* The rounds of the loops that the operator is in. */
struct gy_rounds {
    bool *votes;           /* per loop of the node's `rounds`: to stop */
    struct gy_round round; /* that which ends */
    bool ending;           /* timers of it are left, or on_round_end is yet to be called */
};

struct gy_instance {
    struct gyre_ctx ctx; /* first, so that the host's functions find the instance */
    const struct gy_node *node;
    struct gy_env env;
    void *self;
    uint32_t flags; /* the node's, and what a hosted function can do */
    bool opened;
    struct gy_port *ports;
    struct gyre_out **outs;
    struct gy_view *views;
    struct gyre_error error;
    const char *callback; /* the one at hand */
    uint8_t *row_text; /* where a crash writes the row at hand; NULL where it is never asked for */
    char *failed_row;
    int32_t sticky; /* an error that the plugin did not return: no memory, a bad row with "fail" */
    struct gy_crumb_site site;
    uint64_t seed;  /* of the random sequence: the job's, the operator's id, the task */
    uint64_t drawn; /* how many numbers of it; a snapshot has it */
    const struct gy_batch
        *in; /* the batch at hand, closed up where the operator is not mask-aware */
    const struct gy_input *in_plan;
    const void *const *merged; /* by row of `in`: records that were added up ahead; NULL: rows */
    bool any_dropped;
    bool presums; /* beside the tasks that make its rows: those that it refuses are no bad rows */
    bool refused; /* a row that is of no batch at hand was, since this was cleared */
    bool partitioning; /* a partition function is asked: nobody may report rows */
    bool any_stamps;   /* some port gives rows the time of the call */
    uint32_t n_stores;
    struct gy_store **stores;   /* per state, or one of the hosted functions' records */
    struct gy_saving *savings;  /* per store */
    const struct gy_form *form; /* of the snapshot that it is restored from */
    struct gy_part *part;       /* being saved to; NULL: nothing is saved */
    uint32_t saving_state;      /* states before it are saved */
    int64_t told_us;            /* what may go out; `ctx.watermark_us` is what was seen */
    int64_t own_us;             /* the greatest watermark that the operator has put out */
    bool idle;                  /* as the operator said */
    bool working;               /* told < seen: there is work to do */
    uint64_t cursor;            /* of the walk that gy_instance_work goes on with */
    uint64_t save_cursor;       /* of that which saves what it has left */
    bool saving_rest;           /* ... instead of an epoch of the stores */
    bool saving_items;          /* save_items has said that there are more */
    struct gy_window *window;   /* NULL: none */
    struct gy_timers *timers;   /* NULL: its operator has none */
    struct gy_rounds rounds;
    const struct gy_strict *strict; /* NULL: the host is as in a job */
    struct gyre_host strict_host;
    const struct gyre_batch *view; /* `in` as the plugin sees it */
    struct gy_instance_stats stats;
    GY_VEC(struct gy_metric *) metrics;
    uint32_t *all_rows; /* hosted: all_rows[j] = j, the rows of a batch without dropped ones */
    struct gy_accumulate accumulate; /* hosted aggregates */
    GY_VEC(struct gy_use) uses;      /* of functions with an instance */
    int64_t *times;                  /* of a batch closed up; NULL until used */
    uint32_t selection[GYRE_BATCH_ROWS];
    uint64_t hash[GYRE_BATCH_ROWS];
    uint8_t dropped[GYRE_BATCH_ROWS];
    void *slots[GYRE_BATCH_ROWS];
};

/* A use of a function that has an instance: of the node's own, or of an edge that goes out of it. */
struct gy_use {
    const void *of; /* its gy_hosted, or gy_edge */
    const struct gyre_function *function;
    const void *config;
    void *self;
};

extern const struct gyre_host gy_host_table;

/** Presents `in` on input `port` to the plugin: closed up, with selection and hash as its flags ask
 *  for. Sets `instance->in`, to `in` itself or to `room`. The view, or NULL without memory. */
const struct gyre_batch *gy_present(struct gy_instance *instance, uint32_t port,
                                    const struct gy_batch *in, struct gy_batch *room);
int gy_view_init(struct gy_view *view, const struct gy_input *plan);
void gy_view_fini(struct gy_view *view, const struct gy_input *plan);

/** The key's columns in the batch at hand: columns[k] for key field k. */
void gy_key_columns(const struct gy_instance *instance, const struct gy_column **columns);

/** Fills the instance's error and returns `code`. */
int gy_instance_fail(struct gy_instance *instance, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Tells people something about the instance. Formats as printf; a text beyond 4 KiB is cut. */
void gy_instance_log(const struct gy_instance *instance, enum gy_log_level level,
                     const char *format, ...) __attribute__((format(printf, 3, 4)));

/** A call of the plugin that the host cannot serve: fails the callback at hand, with a sentence that
 *  names the plugin and the call. Returns `code`. */
int gy_instance_misuse(struct gy_instance *instance, int code, const char *call, const char *format,
                       ...) __attribute__((format(printf, 4, 5)));

/** Marks a row of the batch at hand as bad: by the operator's on_error. */
void gy_instance_bad_row(struct gy_instance *instance, uint32_t row, const char *text);
void gy_instance_bad_input(struct gy_instance *instance, const char *raw, size_t len,
                           const char *text);

/** Processes one batch; gy_instance_process as it is usually. */
int gy_process_batch(struct gy_instance *instance, uint32_t port, const struct gy_batch *in);

/* Row by row: op/slow. */
enum { GY_ROW_TEXT = 64 * 1024 };
bool gy_is_slow(const struct gy_instance *instance);
int gy_process_slowly(struct gy_instance *instance, uint32_t port, const struct gy_batch *in);

/** The `row` of a gy_crumb_site. */
size_t gy_row_at_hand(const void *instance, char *text, size_t n);

/* One call into a plugin: sets the crash breadcrumb; `end` gathers its errors from the three places
 * they can be in: its code, the ports, and what it reported on the way. Calls nest, where one calls
 * the next operator. */
struct gy_call {
    struct gy_crumb before;
};
struct gy_call gy_call_begin(struct gy_instance *instance, const char *callback);
int gy_call_end(struct gy_instance *instance, struct gy_call call, int code);

/** The end of a call whose breadcrumb is gone already: gathers its errors. 0, or a code. */
int gy_instance_settle(struct gy_instance *instance, int code);

/** Rows that have been put out so far, also those that wait in the ports. Such as come of saving or
 *  preparing are neither in the snapshot nor behind it: `code`, or GYRE_ECONTRACT where there are more
 *  than `before`. */
uint64_t gy_instance_rows(const struct gy_instance *instance);
int gy_instance_check_rows(struct gy_instance *instance, uint64_t before, int code);

/** Says whose code runs from here on, until it is said again: a function's of a plugin, or with NULL
 *  the operator's own. */
void gy_instance_calls(struct gy_instance *instance, const char *function,
                       const struct gy_plugin *plugin);

/** What a store of the instance's keyed state is, but for its kind and types. */
/** Takes back the entries that were made for rows (gy_store_slots, to instance->slots) which were refused
 *  then, all of their key. */
void gy_instance_unmake(const struct gy_instance *instance, struct gy_store *store,
                        const struct gyre_batch *in, const uint32_t *rows, uint32_t n);
struct gy_store_config gy_instance_store_config(const struct gy_instance *instance);

/** Lets a writer fail from the start where the host is strict and wants that. */
void gy_instance_refuse_writes(const struct gy_instance *instance, struct gyre_writer *writer);

/* Rounds. */
int gy_rounds_init(struct gy_instance *instance);
void gy_rounds_vote(struct gy_instance *instance, const char *loop, bool stop);
/** Does what follows from the end of a round once its timers are told: calls on_round_end. 0, or a code. */
int gy_rounds_work(struct gy_instance *instance);

/* The instances of functions. Those of the node's own are made by gy_functions_open, that of a partition
 * function when rows are dealt out for the first time. 0, or a code. */
int gy_functions_open(struct gy_instance *instance);
int gy_functions_open_edge(struct gy_instance *instance, const struct gy_edge *edge);
void gy_functions_close(struct gy_instance *instance);

/** From here on the function of `of`, a gy_hosted or a gy_edge, is called: ctx has its config and instance. */
static inline void gy_functions_enter(struct gy_instance *instance, const void *of,
                                      const void *config)
{
    instance->ctx.config = config;
    instance->ctx.self = NULL;
    for (size_t i = 0; i < instance->uses.n; i++)
        if (instance->uses.items[i].of == of)
            instance->ctx.self = instance->uses.items[i].self;
}

/* Functions of plugins as operators: aggregates, and key functions. */
int gy_hosted_init(struct gy_instance *instance, struct gyre_error *error);
void gy_hosted_fini(struct gy_instance *instance);
int gy_hosted_process(struct gy_instance *instance, const struct gyre_batch *in);
/** A slice of the results at the end of input. 1 where more are left, 0, or a code. */
int gy_hosted_work(struct gy_instance *instance, uint32_t rows_max);

#endif
