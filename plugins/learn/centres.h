/* plugins/learn/centres.h: learn.centres, where the centres of clusters are. */
#ifndef GYRE_PLUGIN_LEARN_CENTRES_H
#define GYRE_PLUGIN_LEARN_CENTRES_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_centres;

#endif
