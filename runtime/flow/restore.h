/* Starting a flow from a snapshot that fits the job (fit.h): where does each record go.
 *
 * State is matched by operator id and state name. An operator that only the job has starts from
 * nothing. Which of the tasks that there are now gets what, op/deal says. */
#ifndef GY_FLOW_RESTORE_H
#define GY_FLOW_RESTORE_H

#include "flow/fit.h"
#include "op/splits.h"
#include "state/snapshot.h"

struct gy_flow;
struct gy_restore;

/** Checks that a snapshot fits the job, and reads all records that are not keyed state.
 *  Owns:    the caller; manifest and graph outlive it, `fit` is not kept
 *  Errors:  NULL and `error`; GYRE_EINVAL: it does not fit, `error` has the first of the misfits */
struct gy_restore *gy_restore_new(struct gy_disk *disk, const struct gy_fit *fit,
                                  struct gyre_error *error);
void gy_restore_free(struct gy_restore *restore);

/** Whether the snapshot has the operator, and its state is wanted. */
bool gy_restore_has(const struct gy_restore *restore, const struct gy_node *node);

/** Fills the splits of a source of `tasks` tasks; 1 where the snapshot has none of it, 0, or a code. */
int gy_restore_splits(const struct gy_restore *restore, const struct gy_node *node, uint32_t tasks,
                      struct gy_splits *splits, struct gyre_error *error);

/** Gives items, state, watermarks to instances that are open, and when all have them lets the sinks
 *  commit what was pending. 0, or a code; the flow has failed then. */
int gy_restore_state(struct gy_restore *restore, struct gy_flow *flow);

#endif
