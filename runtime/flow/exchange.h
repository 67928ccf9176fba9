/* The producing side of an exchange: rows are copied into messages (flow/layout), by destination.
 *
 * One open message per destination; it leaves when it is full of rows or of bytes, or flushed. One with few rows is
 * copied into a small block first, so that row-at-a-time traffic does not use up the bound. */
#ifndef GY_FLOW_EXCHANGE_H
#define GY_FLOW_EXCHANGE_H

#include "flow/layout.h"
#include "flow/quiesce.h"
#include "op/instance.h"

struct gy_open;
struct gy_scatter;

struct gy_exchange {
    const struct gy_edge *edge;
    const struct gy_layout *layout;
    struct gy_key key;
    uint32_t key_fields[GY_KEYS_MAX];
    uint32_t n_dests;
    struct gy_channel **channels; /* per destination */
    struct gy_open *open;         /* per destination */
    uint16_t *dest_of_group;
    uint32_t groups;
    uint32_t turn; /* rebalance: whose turn it is */
    int error;     /* sticky: 0, GYRE_ENOMEM, or that of the partition function */
    struct gy_scatter *scatter;
    struct gy_instance *producer; /* on whose behalf a partition function is called */
    struct gy_region
        *region; /* counts its messages; NULL: they leave their region, or there is none */
    const uint32_t *generation; /* of what the producing task has at hand */
};

/** Prepares the producing side of task `task`. `channels` stays the caller's and outlives it.
 *  0, or GYRE_ENOMEM. */
int gy_exchange_init(struct gy_exchange *exchange, const struct gy_graph *graph,
                     const struct gy_edge *edge, const struct gy_layout *layout,
                     struct gy_channel **channels, uint32_t n_dests, uint32_t task,
                     struct gy_instance *producer);
void gy_exchange_fini(struct gy_exchange *exchange);

/** Copies the kept rows to their destinations. Errors: sticky in `exchange->error`. */
void gy_exchange_write(struct gy_exchange *exchange, const struct gy_batch *in);

/** Copies some of the rows to one destination, with the hash that they have. Errors as above. */
void gy_exchange_write_to(struct gy_exchange *exchange, uint32_t dest, const struct gy_batch *in,
                          const uint32_t *rows, uint32_t n);

/** Sends what is open: all of it with `force`, else only to destinations that may be out of work. */
void gy_exchange_flush(struct gy_exchange *exchange, bool force);

/** Sends a message without rows to every destination, after all rows. `flag`: see gy_message. */
void gy_exchange_signal(struct gy_exchange *exchange, enum gy_message_kind kind, int64_t time_us,
                        bool flag);

/** Sends a table of sums, of so many bytes, to every destination, after all rows: to each one of the references,
 *  of which there are as many. Errors: sticky in `exchange->error`; what could not be sent is dropped. */
void gy_exchange_hand_over(struct gy_exchange *exchange, struct gy_handover *sums, uint64_t bytes);

/** Sends what found no room; true where nothing waits any more. */
bool gy_exchange_drain(struct gy_exchange *exchange);

#endif
