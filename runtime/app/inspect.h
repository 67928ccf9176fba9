/* gyre inspect, in its further formats. */
#ifndef GY_APP_INSPECT_H
#define GY_APP_INSPECT_H

#include "base/buf.h"
#include "plugin/load.h"

/** Appends the description of a plugin, or of its item `only`.
 *  Errors:  those of `b` */
void gy_inspect_json(struct gy_buf *b, const struct gy_plugin *plugin,
                     const struct gyre_item *only);
void gy_inspect_markdown(struct gy_buf *b, const struct gy_plugin *plugin,
                         const struct gyre_item *only);

#endif
