/* plugins/text/split.h: text.split, texts cut at a separator, into fields or rows. */
#ifndef GYRE_PLUGIN_TEXT_SPLIT_H
#define GYRE_PLUGIN_TEXT_SPLIT_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_split;

#endif
