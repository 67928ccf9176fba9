/* Exactly-once sinks, file.write and the ledger of tests/fixtures, through snapshots, by hand: random rows to random tasks, barriers that are published or
 * not, transactions that stay pending, processes that die anywhere, restores of the last snapshot or
 * an older one, at another parallelism. The rows are the numbers 0, 1, 2, ...: what is to be seen after
 * a restore are those the snapshot had, each once. Of parts that are written over several snapshots those
 * that are being written are counted as well, until the input ends. */
#ifndef TESTS_UNIT_SINK_WORLD_H
#define TESTS_UNIT_SINK_WORLD_H

#include <stdbool.h>
#include <stdint.h>

enum { SINK_ITEMS_VERSION = 2 }; /* of file.write; the ledger does not care */

/* From SINK_ROTATED on compressed or not, with options that the seed draws. */
enum { SINK_FOLDER, SINK_ONE_FILE, SINK_LEDGER, SINK_PACKED_FILE, SINK_ROTATED, SINK_VALUES };

/** Runs one seed; false where something is wrong, which is printed. */
bool sink_world_seed(uint64_t seed, int kind);

/** Runs the first seeds: `few`, with GYRE_BIG=1 `many`. */
void sink_world_seeds(int kind, uint64_t few, uint64_t many);

#endif
