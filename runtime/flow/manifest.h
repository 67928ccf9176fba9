/* What a flow writes of itself into a snapshot's manifest. */
#ifndef GY_FLOW_MANIFEST_H
#define GY_FLOW_MANIFEST_H

#include "graph/logical.h"
#include "state/snapshot.h"

struct gy_flow;

/** The key of a node, as manifests have it: "word: str, user: i64?", "cell: i64 by geo.cell of x: f64";
 *  "" for none.
 *  Owns:    the caller; NULL without memory */
char *gy_key_text(const struct gy_node *node);

/** The name of the state file of one task in a snapshot's folder.
 *  Owns:    the caller; NULL without memory */
char *gy_state_file_name(const struct gy_node *node, uint32_t task);

/** The manifest of a snapshot of a flow, as its members have saved it: without id and times.
 *  Owns:    the caller; NULL without memory */
struct gy_manifest *gy_manifest_of(struct gy_flow *flow);

#endif
