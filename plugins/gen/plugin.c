/* plugins/gen/plugin.c: the plugin `gen`, sources that make their rows up.
 *
 * | operator | file       | what it puts out                                  |
 * |----------|------------|---------------------------------------------------|
 * | sequence | sequence.c | the integers of a range                           |
 * | events   | events.c   | keyed events with event times, from a seed        |
 *
 * Both number their rows and deal the numbers out in blocks (blocks.h); zipf.h draws skewed keys. */
#include "events.h"
#include "sequence.h"

GYRE_PLUGIN(gen, "0.1.0", GYRE_OP(sequence), GYRE_OP(events))
