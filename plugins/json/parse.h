/* plugins/json/parse.h: json.parse, fields out of texts of JSON. */
#ifndef GYRE_PLUGIN_JSON_PARSE_H
#define GYRE_PLUGIN_JSON_PARSE_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_parse;

#endif
