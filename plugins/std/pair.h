/* plugins/std/pair.h: the two sides of a join: bound together, and put out together.
 *
 * The config of each join begins with its struct pair, and its instance is a struct pair_task: so they
 * share their open and close. */
#ifndef GYRE_PLUGIN_STD_PAIR_H
#define GYRE_PLUGIN_STD_PAIR_H

#include "side.h"

enum { SIDES = 2 };

struct pair {
    struct side sides[SIDES];
};

/* What a task has beside its state. */
struct pair_task {
    void *scratch;  /* for side_keep */
    int32_t unkept; /* a row of the batch at hand is not kept */
};

/** Reads all fields of both inputs and adds the states for their rows, called as their ports.
 *  Thread:  [control]
 *  Errors:  a code, told */
int32_t pair_bind(struct pair *pair, struct gyre_bind *bind, const struct gyre_port *inputs);

/** Adds the fields of both that are not of the key to the output. A name of the second one that is
 *  taken gets `prefix` in front; `nullable`: of which sides a row of the output may have none.
 *  Thread:  [control]
 *  Errors:  a code, told */
int32_t pair_write(struct pair *pair, struct gyre_bind *bind, const int nullable[SIDES],
                   const char *prefix);

/** The open and close of a join.
 *  Thread:  [task]
 *  Errors:  GYRE_ENOMEM, told */
int32_t pair_open(void *self, struct gyre_ctx *ctx);
void pair_close(void *self, struct gyre_ctx *ctx);

/** Fills an output row from a row at hand and a kept one of the other side, NULL: none.
 *  Thread:  [task] */
void pair_put_row(struct gyre_ctx *ctx, uint32_t to, const struct gyre_batch *in, uint32_t row,
                  const void *other);

/** Fills an output row from a due key and a kept row of each side, NULL: none.
 *  Thread:  [task] */
void pair_put_kept(struct gyre_ctx *ctx, uint32_t to, const struct gyre_batch *keys, uint32_t row,
                   const void *first, const void *second);

#endif
