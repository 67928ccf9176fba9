/* One output port of an operator instance: the builder behind `struct gyre_out`.
 *
 * A rows port collects rows until it is full or flushed; an aligned port is prepared before and
 * finished after each call, around the input's columns. What is complete is handed to `emit` as a
 * view (data/batch.h): the port's own columns are used again for the next batch.
 *
 * Strings: `text` is free room in the current arena. A batch refers to every arena that was current
 * while it was filled and to those adopted; adoptions last until the callback ends, over several
 * batches where one call fills them.
 *
 * A batch leaves when it is full of rows, or of bytes: long strings of about TEXT_MOST.
 *
 * Emission never fails where a plugin can see it: without memory the rows go into a scratch row and
 * `error` is set, which fails the call when it returns. */
#ifndef GY_OP_OUTPUT_H
#define GY_OP_OUTPUT_H

#include "data/batch.h"
#include "graph/logical.h"
#include "op/strict.h"

struct gy_port {
    struct gyre_out out; /* what the plugin sees; first, so that the host finds the port */
    const struct gy_output *plan;
    struct gy_pool *pool;
    void (*emit)(void *host, uint32_t port, const struct gy_batch *batch);
    void *host;
    uint32_t index;
    int32_t error;       /* sticky; 0, GYRE_ENOMEM, or GYRE_ECONTRACT with the next two */
    const char *misused; /* the call that was wrong; NULL: none */
    const char *misuse;  /* why: how the sentence about the port ends */
    bool stamps;         /* rows with GYRE_NO_TIME get `now` */
    bool has_strings;    /* some own column is str or bytes */
    bool is_empty;       /* no row of the aligned batch at hand goes out, whatever its mask says */
    int64_t now_us;      /* the time of the call */
    uint32_t most;       /* rows of a batch */
    uint32_t walled;     /* rows before the walls, where there are some */
    uint32_t room;       /* rows that there is memory for */
    uint64_t text_bytes; /* made for the long strings of the batch being filled */
    uint64_t rows_total; /* put out so far */
    uint64_t batches_total;
    struct gy_block *memory; /* own columns, one block; NULL until the first row */
    struct gy_block *text_buf;
    struct gy_arenas *arenas;  /* of the batch being filled */
    struct gy_arenas *adopted; /* of this callback */
    struct gy_arenas
        *recent; /* arenas left by this batch and call: the next row may refer to them */
    struct gy_column *columns; /* of the stream that leaves, one per field */
    void **data;               /* per own column */
    uint8_t **valid;           /* per own column; NULL where not nullable */
    uint8_t *keep;             /* own mask of an aligned port */
    uint8_t *dropped_keep;     /* mask after bad rows were taken out */
    uint64_t (*scratch)
        [3]; /* what a row without memory is written to: per own column a value, and a flag */
    const struct gy_strict *strict; /* NULL: the host is as in a job */
};

/** Prepares a port of an instance; `emit` takes its batches, as views.
 *  Errors:  GYRE_ENOMEM; gy_port_fini is fine then */
int gy_port_init(struct gy_port *port, const struct gy_output *plan, uint32_t index,
                 struct gy_pool *pool,
                 void (*emit)(void *host, uint32_t port, const struct gy_batch *batch), void *host);

/** Makes the host strict with the operator, before its first row. */
void gy_port_be_strict(struct gy_port *port, const struct gy_strict *strict);

/** Frees a port; a zeroed one is fine. Rows not flushed are lost. */
void gy_port_fini(struct gy_port *port);

/** Hands out the rows collected so far (rows ports). */
void gy_port_flush(struct gy_port *port);

/** Aligned ports: makes room for the own columns of `in`'s rows. 0, or GYRE_ENOMEM. */
int gy_port_prepare(struct gy_port *port, const struct gy_batch *in);

/** Aligned ports: puts the batch together and hands it out, without the rows that `dropped` marks
 *  (NULL: none). */
void gy_port_finish(struct gy_port *port, const struct gy_batch *in, const uint8_t *dropped);

/** Ends a callback: forgets what it adopted, and where no row is held every arena but the current. */
void gy_port_settle(struct gy_port *port);

#endif
