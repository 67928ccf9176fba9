/* The consuming side of one channel: shows messages as batches. */
#ifndef GY_FLOW_INLET_H
#define GY_FLOW_INLET_H

#include "flow/layout.h"

struct gy_inlet {
    struct gy_channel *channel;
    const struct gy_layout *layout;
    struct gy_pool *pool;
    struct gy_column *columns;
    struct gy_batch batch;
    struct gy_message *message; /* the one that `batch` shows */
    struct gy_arenas *arenas;   /* its long strings */
};

int gy_inlet_init(struct gy_inlet *inlet, struct gy_channel *channel,
                  const struct gy_layout *layout, struct gy_pool *pool);
void gy_inlet_fini(struct gy_inlet *inlet);

/** Shows a GY_ROWS message as a batch; NULL without memory.
 *  Owns:    the inlet takes the message, until gy_inlet_done */
const struct gy_batch *gy_inlet_open(struct gy_inlet *inlet, struct gy_message *message);

/** Gives the message's blocks back; adopted arenas stay until their last reference. */
void gy_inlet_done(struct gy_inlet *inlet);

#endif
