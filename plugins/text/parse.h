/* plugins/text/parse.h: text.parse, fields out of text, by a pattern or a format known by name. */
#ifndef GYRE_PLUGIN_TEXT_PARSE_H
#define GYRE_PLUGIN_TEXT_PARSE_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_parse;

#endif
