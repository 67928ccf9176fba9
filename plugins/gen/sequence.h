/* plugins/gen/sequence.h: gen.sequence, the integers from `from` to `to`: `value: i64`. */
#ifndef GYRE_PLUGIN_GEN_SEQUENCE_H
#define GYRE_PLUGIN_GEN_SEQUENCE_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_sequence;

#endif
