/* plugins/learn/weights.h: learn.weights, the weights of a model. */
#ifndef GYRE_PLUGIN_LEARN_WEIGHTS_H
#define GYRE_PLUGIN_LEARN_WEIGHTS_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_weights;

#endif
