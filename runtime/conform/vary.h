/* What --fuzz changes beside the rows: options of an operator, drawn from how they are declared, as far as its `bind` takes
 * them and the check at hand is still for it. */
#ifndef GY_CONFORM_VARY_H
#define GY_CONFORM_VARY_H

#include "conform/check.h"

/** Puts options with another value for one of them into `into`; false where it was not among them. */
bool gy_options_with(const char *options, const char *name, const char *value, struct gy_buf *into);

/** Draws options for the case's subject: the text of all of its options.
 *  Owns:    the caller, gy_free; NULL without memory */
char *gy_vary_options(struct gy_case *c);

#endif
