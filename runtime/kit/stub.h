/* What stands around the operator under test in the job that is made for it: a source with any schema and a sink
 * that reads everything. Neither is ever run.
 * `count` is run: the aggregate of rows under which functions are tested that no operator of their plugin calls. */
#ifndef GY_KIT_STUB_H
#define GY_KIT_STUB_H

#include "plugin/load.h"

#define GY_STUB "gyre_kit"

/** Adds the plugin GY_STUB with the operators `rows`, `take`, `turn` and the aggregate `count`. 0, or a code and a sentence. */
int gy_stub_add(struct gy_plugins *plugins, struct gyre_error *error);

#endif
