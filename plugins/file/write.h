#include <gyre/gyre.h>
extern const struct gyre_operator gyre_op_write;
