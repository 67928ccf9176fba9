/* plugins/text/logfmt.h: lines of key=value, as in `at=info method=GET path="/a b" took=1ms`.
 *
 *  - Pairs are apart by blanks (bytes up to 0x20). A key ends at = or a blank.
 *  - A value that begins with " ends at the next one that no \ stands before, and a blank or the end of the
 *    line follows. In it \" \\ \/ \b \f \n \r \t and \uXXXX are what they are in JSON; before anything else \
 *    is itself. Any other value ends at a blank, and may hold = and ".
 *  - A key without = is there, and empty. Of a key that comes twice the last counts. */
#ifndef GYRE_PLUGIN_TEXT_LOGFMT_H
#define GYRE_PLUGIN_TEXT_LOGFMT_H

#include "cast.h"

/** The pieces whose keys are the names of the casts. A value with escapes is decoded into the output's arena;
 *  a key alone is "true" for a bool.
 *  Thread:  [task]
 *  Errors:  0: it is no logfmt, and `why` says where */
int logfmt_cut(struct piece text, const struct cast *casts, uint32_t n, struct gyre_out *out,
               struct piece *pieces, char why[CAST_WHY]);

#endif
