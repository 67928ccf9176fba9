/* From a setup to the graph of a kit. */
#ifndef GY_KIT_SETUP_H
#define GY_KIT_SETUP_H

#include "kit/kit.h"

/** Sets the plugins, the job, the graph and the node. 0, or a code that the kit has. */
int gy_kit_setup(struct gyre_kit *kit, const struct gyre_kit_setup *setup);

#endif
