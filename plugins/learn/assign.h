/* plugins/learn/assign.h: learn.assign, to which cluster points belong. */
#ifndef GYRE_PLUGIN_LEARN_ASSIGN_H
#define GYRE_PLUGIN_LEARN_ASSIGN_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_assign;

#endif
