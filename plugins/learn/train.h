/* plugins/learn/train.h: learn.train, what examples say of the weights. */
#ifndef GYRE_PLUGIN_LEARN_TRAIN_H
#define GYRE_PLUGIN_LEARN_TRAIN_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_train;

#endif
