/* Starting a flow from a snapshot: does it fit the job, and where does each record go.
 *
 * State is matched by operator id and state name. An operator that the snapshot has and the job has
 * not is refused, unless it has nothing to keep or was dropped; one that only the job has starts from
 * nothing. At another parallelism keyed records go by their hash, items by their mode, splits to
 * whoever asks, transactions of task t to task t mod tasks. */
#ifndef GY_FLOW_RESTORE_H
#define GY_FLOW_RESTORE_H

#include "flow/splits.h"
#include "state/snapshot.h"

struct gy_flow;
struct gy_restore;

/** Checks that a snapshot fits the graph, and reads all records that are not keyed state.
 *  Shape:   `dropped` are ids of operators whose state is not wanted
 *  Owns:    the caller; manifest and graph outlive it
 *  Errors:  NULL and `error`; GYRE_EINVAL: it does not fit */
struct gy_restore *gy_restore_new(struct gy_disk *disk, const struct gy_manifest *manifest,
                                  const struct gy_graph *graph, const char *const *dropped,
                                  uint32_t n_dropped, struct gyre_error *error);
void gy_restore_free(struct gy_restore *restore);

/** Fills the splits of a source of `tasks` tasks; 1 where the snapshot has none of it, 0, or a code. */
int gy_restore_splits(const struct gy_restore *restore, const struct gy_node *node, uint32_t tasks,
                      struct gy_splits *splits, struct gyre_error *error);

/** Gives items, state, watermarks to instances that are open, and when all have them lets the sinks
 *  commit what was pending. 0, or a code; the flow has failed then. */
int gy_restore_state(struct gy_restore *restore, struct gy_flow *flow);

/** The key of a node, as manifests have it: "word: str, user: i64?"; "" for none.
 *  Owns:    the caller; NULL without memory */
char *gy_key_text(const struct gy_node *node);

/** The name of the state file of one task in a snapshot's folder.
 *  Owns:    the caller; NULL without memory */
char *gy_state_file_name(const struct gy_node *node, uint32_t task);

/** The manifest of a snapshot of a flow, as its members have saved it: without id and times.
 *  Owns:    the caller; NULL without memory */
struct gy_manifest *gy_manifest_of(struct gy_flow *flow);

#endif
