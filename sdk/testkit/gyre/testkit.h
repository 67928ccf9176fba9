/* gyre/testkit.h: one operator or function of a plugin, driven by hand, for unit tests.
 *
 *     struct gyre_kit_setup setup = {
 *         .plugin = "./my.so", .op = "my.last", .options = "key = \"symbol\";",
 *         .inputs = {{.schema = "symbol: str, price: f64"}}};
 *     struct gyre_kit *kit = gyre_kit_new(&setup);
 *     gyre_kit_push(kit, NULL, "ACME,10.5\nINIT,3.25");
 *     CU_ASSERT(gyre_kit_expect(kit, NULL, "ACME,10.5\nINIT,3.25", GYRE_KIT_ANY_ORDER));
 *     gyre_kit_free(kit);
 *
 * It is the runtime itself: the setup becomes a small job, read and bound as a job file is, and its operator is
 * called by the code that calls it in a running job. There are no threads; time stands still until it is told.
 *
 * Rows are text, a line each: the values in the order of the schema as in CSV, or a JSON object.
 *
 *     ACME,10.5                           an empty value is null where the field may be, else an empty string
 *     "a, b",1                            quotes hold commas and line breaks; "" is a quote
 *     {"symbol": "ACME", "price": 10.5}   fields left out are null
 *     @5s ACME,10.5                       with its event time: a duration since 1970, or a number of µs
 *
 * A call that fails returns a code of gyre/error.h and leaves its sentence in gyre_kit_error; so do all calls after
 * it. A kit belongs to one thread at a time. */
#ifndef GYRE_TESTKIT_H
#define GYRE_TESTKIT_H

#include <gyre/gyre.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GYRE_KIT_INPUTS 8

struct gyre_kit;
struct gyre_kit_snapshot;

/** One input port of the operator under test.
 *  Shape:   `schema` as `gyre inspect` prints it: "symbol: str, volume: i64 or null"; NULL: not connected
 *  Owns:    the caller, until gyre_kit_new returns
 *  Since:   0.2 */
struct gyre_kit_input {
    const char *port; /* NULL: the port of this index */
    const char *schema;
};

/** What is under test.
 *  Shape:   zeroed members are left out. `options` is what would stand in the job file beside `op`: options of the
 *           operator, and key, window, every, on_error, partition, ... likewise
 *  Owns:    the caller; gyre_kit_new copies what it needs
 *  Since:   0.2 */
struct gyre_kit_setup {
    const char *plugin;      /* the file; NULL: found by name on the path */
    const char *plugin_path; /* folders to look for plugins in, a colon between two */
    const char *op;          /* "PLUGIN.NAME" */
    const char *options;     /* "key = \"symbol\"; volume = 500;" */
    struct gyre_kit_input inputs[GYRE_KIT_INPUTS];
    const char *folder; /* paths in `options` are relative to it; NULL: the working directory */
    const char *job;    /* its name, which transactions of sinks have in theirs; NULL: "kit" */
    uint32_t
        tasks; /* parallel tasks, at most 128; 0: 1. Rows are dealt to them as an exchange would */
    uint32_t mode;      /* GYRE_MODE_... */
    uint32_t snapshots; /* 1: the job takes snapshots */
    uint32_t
        rounds; /* 1: the operator is in a loop with rounds, whose others are played by the test: what
                         * would come back to it is pushed into its first input, between gyre_kit_round_end */
    uint64_t seed;  /* of gyre_random */
    int64_t now_us; /* where the clock stands; 0: one second after 1970 */
};

#define GYRE_KIT_ANY_ORDER (1u << 0)
#define GYRE_KIT_TIMES     (1u << 1) /* event times count too */

/* ---- life ---- */

/** Makes the operator's tasks and opens them.
 *  Owns:    the caller, until gyre_kit_free
 *  Errors:  NULL without memory alone: look at gyre_kit_error */
struct gyre_kit *gyre_kit_new(const struct gyre_kit_setup *setup);

/** Closes and frees all of it; NULL is fine. What a sink has prepared and not committed is left as it is, as by a
 *  process that dies.
 *  Owns:    nothing of it is left */
void gyre_kit_free(struct gyre_kit *kit);

/** What has gone wrong, "" for nothing: a sentence, or a line each for the mistakes of a setup.
 *  Owns:    the kit */
const char *gyre_kit_error(const struct gyre_kit *kit);

/* ---- in ---- */

/** Gives rows to an input port, in one batch for each 1024, and lets the operator put out all that it has.
 *  Shape:   `port` NULL: the first one
 *  Errors:  GYRE_EINVAL for a text that is no such rows, or what the operator fails with */
int gyre_kit_push(struct gyre_kit *kit, const char *port, const char *rows);

/** The same for typed columns: `columns` in the order of the schema; `times` NULL: 0.
 *  Owns:    the caller */
int gyre_kit_push_columns(struct gyre_kit *kit, const char *port, uint32_t rows,
                          const struct gyre_column *columns, const int64_t *times);

/** Tells a watermark of an input port (NULL: of all), and has done what follows from it.
 *  Units:   µs since the epoch */
int gyre_kit_watermark(struct gyre_kit *kit, const char *port, int64_t time_us);

/** Sets the clock, and has done what is due by it.
 *  Units:   µs since the epoch */
int gyre_kit_clock(struct gyre_kit *kit, int64_t now_us);

/** Ends an input port (NULL: all). When all have ended the operator sees the end of input.
 *  Since:   0.2 */
int gyre_kit_end(struct gyre_kit *kit, const char *port);

/** Ends a round of the loop that the operator is in, and has done what follows: timers of the round, on_round_end.
 *  1 where every task has voted for the loop to stop, 0, or a code.
 *  Shape:   the operator is in a loop where `options` say so; its id is "op": feedback = "op.again";
 *           rounds = {max = 9;}; What it feeds back comes out like any row, and is pushed again by whoever tests
 *  Since:   0.2 */
int gyre_kit_round_end(struct gyre_kit *kit);

/** Sources: polls each task once with this budget: 1 while there may be more, 0 when nothing is left or it waits, or a
 *  code. Splits are handed out as they are wanted.
 *  Since:   0.2 */
int gyre_kit_poll(struct gyre_kit *kit, uint32_t budget);

/** Polls until nothing is left, or the source waits, or `rows_max` rows have come out.
 *  Since:   0.2 */
int gyre_kit_run(struct gyre_kit *kit, uint32_t rows_max);

/* ---- snapshots ---- */

/** Takes a snapshot into memory, as at a barrier: flush, prepare (sinks), save. NULL: gyre_kit_error says why, and
 *  the operator goes on where it can.
 *  Owns:    the caller, until gyre_kit_snapshot_free; it outlives the kit */
struct gyre_kit_snapshot *gyre_kit_snapshot(struct gyre_kit *kit);
void gyre_kit_snapshot_free(struct gyre_kit_snapshot *snapshot);

/** Bytes of a snapshot: of the records alone.
 *  Units:   bytes */
uint64_t gyre_kit_snapshot_bytes(const struct gyre_kit_snapshot *snapshot);

/** Sinks: commits all that was prepared, as when a snapshot is complete on the disk.
 *  Since:   0.2 */
int gyre_kit_commit(struct gyre_kit *kit);

/** Sinks: undoes all that was prepared and not committed.
 *  Since:   0.2 */
int gyre_kit_abort(struct gyre_kit *kit);

/** Makes the operator again and gives it what a snapshot has, at any number of tasks. `setup` may be another one, as
 *  a job file may change. A sink's transactions are committed.
 *  Owns:    the caller, as with gyre_kit_new; `snapshot` stays
 *  Errors:  as of gyre_kit_new; GYRE_ECORRUPT where it cannot be read */
struct gyre_kit *gyre_kit_restore(const struct gyre_kit_setup *setup,
                                  const struct gyre_kit_snapshot *snapshot);

/* ---- out ---- */

/** The rows that came out of a port (NULL: the first) and were not taken yet, a JSON object a line.
 *  Shape:   `flags` GYRE_KIT_TIMES: each with its time before it, "@5000000 {...}"
 *  Owns:    the kit, until its next call */
const char *gyre_kit_rows(struct gyre_kit *kit, const char *port, uint32_t flags);

/** How many they are.
 *  Since:   0.2 */
uint32_t gyre_kit_count(const struct gyre_kit *kit, const char *port);

/** Compares them with rows as for gyre_kit_push, and takes them: 1 where they are the same, else 0, and both are
 *  printed side by side to standard error.
 *  Since:   0.2 */
int gyre_kit_expect(struct gyre_kit *kit, const char *port, const char *rows, uint32_t flags);

/** Takes the rows of all ports: forgets them.
 *  Since:   0.2 */
void gyre_kit_take(struct gyre_kit *kit);

/** A row that is there, typed: NULL, or the value of a field as in a column (gyre/schema.h).
 *  Owns:    the kit, until its next call
 *  Errors:  NULL for null, and where there is no such port, row or field */
const void *gyre_kit_value(const struct gyre_kit *kit, const char *port, uint32_t row,
                           const char *field);
int64_t gyre_kit_time(const struct gyre_kit *kit, const char *port, uint32_t row);

/** The watermark that consumers have been told by all tasks: INT64_MIN none yet, INT64_MAX the end.
 *  Units:   µs since the epoch */
int64_t gyre_kit_told(const struct gyre_kit *kit);

/** How many rows went by on_error, and how many came too late.
 *  Since:   0.2 */
uint64_t gyre_kit_bad_rows(const struct gyre_kit *kit);
uint64_t gyre_kit_late_rows(const struct gyre_kit *kit);

/** A counter or gauge of the operator, summed over its tasks; NaN where there is none of this name.
 *  Since:   0.2 */
double gyre_kit_metric(const struct gyre_kit *kit, const char *name);

/** What the operator has logged, a line each.
 *  Owns:    the kit, until its next call */
const char *gyre_kit_log(struct gyre_kit *kit);

#ifdef __cplusplus
}
#endif

#endif
