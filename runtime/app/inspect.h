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

/** Appends whether `gyre conform` was run on this build of the plugin, and with what result. */
void gy_inspect_tested(struct gy_buf *b, const struct gy_plugin *plugin);
void gy_inspect_json_tested(struct gy_buf *b, const struct gy_plugin *plugin);

/** Appends which of its checks are for the plugin and the kinds of things in it, or for the item `only`. */
void gy_inspect_checks(struct gy_buf *b, const struct gy_plugin *plugin,
                       const struct gyre_item *only);
void gy_inspect_json_checks(struct gy_buf *b, const struct gyre_item *item);

#endif
