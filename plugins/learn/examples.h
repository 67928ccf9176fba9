/* plugins/learn/examples.h: learn.examples, examples to learn from, made from a seed. */
#ifndef GYRE_PLUGIN_LEARN_EXAMPLES_H
#define GYRE_PLUGIN_LEARN_EXAMPLES_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_examples;

#endif
