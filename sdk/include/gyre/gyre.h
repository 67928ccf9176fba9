/* gyre/gyre.h: the whole SDK. Read error.h, schema.h, batch.h, option.h, state.h, host.h,
 * operator.h, function.h, plugin.h and record.h in this order; each includes the one before it. */
#ifndef GYRE_GYRE_H
#define GYRE_GYRE_H

#include <gyre/record.h>

#endif
