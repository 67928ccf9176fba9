/* plugins/gen/events.h: gen.events, events made from a seed: `key: i64, value: i64, time: time`. */
#ifndef GYRE_PLUGIN_GEN_EVENTS_H
#define GYRE_PLUGIN_GEN_EVENTS_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_events;

#endif
