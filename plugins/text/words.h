/* plugins/text/words.h: text.words, `line: str` -> `word: str, count: i64` (always 1). */
#ifndef GYRE_PLUGIN_TEXT_WORDS_H
#define GYRE_PLUGIN_TEXT_WORDS_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_words;

#endif
