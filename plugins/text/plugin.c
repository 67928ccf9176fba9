/* plugins/text/plugin.c: the plugin `text`, operators on texts.
 *
 * | operator | file    | what it does                                   |
 * |----------|---------|------------------------------------------------|
 * | parse    | parse.c | makes fields of a text, by a pattern           |
 * | split    | split.c | cuts texts at a separator, into fields or rows |
 * | words    | words.c | cuts lines into words                          | */
#include "parse.h"
#include "split.h"
#include "words.h"

GYRE_PLUGIN(text, "0.1.0", GYRE_OP(parse), GYRE_OP(split), GYRE_OP(words))
