/* plugins/text/plugin.c: the plugin `text`, operators on lines of text.
 *
 * | operator | file    | what it does           |
 * |----------|---------|------------------------|
 * | words    | words.c | cuts lines into words  |
 */
#include "words.h"

GYRE_PLUGIN(text, "0.1.0", GYRE_OP(words))
