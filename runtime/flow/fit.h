/* Does a snapshot fit a job?
 *
 * State is matched by operator id and state name; that of an aggregate function by what it is of
 * (gy_hosted.identity), whatever its results are called. What only the job has starts from nothing. What only
 * the snapshot has is refused, unless it is nothing; --drop-state and --rename-state have changed the manifest before (app/adapt.h). All that does not
 * fit is told at once, each with what to do, as the mistakes of a job file are. */
#ifndef GY_FLOW_FIT_H
#define GY_FLOW_FIT_H

#include "base/err.h"
#include "graph/physical.h"
#include "state/snapshot.h"

struct gy_fit {
    const struct gy_manifest *manifest;
    const struct gy_graph *graph;
    struct gy_diags *misfits;
};

/** Adds to `misfits` all that does not fit, as far as the manifest tells. */
void gy_fit_check(const struct gy_fit *fit);

/** Which state of a node is state `s` of what the snapshot has of it; UINT32_MAX: none. */
uint32_t gy_fit_state(const struct gy_manifest_operator *saved, uint32_t s,
                      const struct gy_node *node);

/** The same for a node of which the snapshot has items. */
void gy_fit_check_items(const struct gy_fit *fit, const struct gy_node *node);

/** What the snapshot has for a node; NULL: nothing. */
const struct gy_manifest_operator *gy_fit_operator(const struct gy_fit *fit,
                                                   const struct gy_node *node);

#endif
