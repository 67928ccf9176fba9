/* The table of checks, in the order in which they run; see check.h. */
#include "conform/check.h"

#define RUNS     "life.cycle"
#define REPEATS  "life.cycle proc.deterministic"
#define FLOWING  GY_IS_MADE | GY_HAS_INPUT
#define RESTORES REPEATS " proc.batch-split state.snapshot-pure"

/* clang-format off */
const struct gy_conform_check gy_checks[] = {
    {"abi.note", "the note in the file fits this gyre and this machine", GY_IS_PLUGIN, 0, "", false, false, gy_check_note},
    {"abi.exports", "one symbol is seen from outside", GY_IS_PLUGIN, 0, "abi.note", false, false, gy_check_exports},
    {"load.fresh-process", "it loads in a process of its own", GY_IS_PLUGIN, 0, "abi.note", false, false, gy_check_load},
    {"load.silent", "loading it says nothing", GY_IS_PLUGIN, 0, "load.fresh-process", false, false, gy_check_load_silent},
    {"load.world", "loading it changes nothing of the process", GY_IS_PLUGIN, 0, "load.fresh-process", false, false, gy_check_load_world},
    {"desc.valid", "its tables are right", GY_IS_PLUGIN, 0, "load.fresh-process", false, false, gy_check_descriptors},
    {"desc.unknown", "a field that the input does not have is refused", GY_IS_MADE | GY_HAS_FIELDS, 0, "", false, false, gy_check_unknown},
    {"config.schema", "options at the ends of their range are taken or refused", GY_IS_MADE | GY_HAS_OPTIONS, 0, "", false, false, gy_check_config},
    {"life.cycle", "it opens, runs, closes, and leaves nothing behind", GY_IS_MADE, 0, "", true, false, gy_check_cycle},
    {"proc.deterministic", "the same rows give the same rows", FLOWING, GY_IS_SINK, RUNS, true, false, gy_check_deterministic},
    {"life.interleaved", "instances do not know of each other", FLOWING, GY_IS_SINK, REPEATS, true, false, gy_check_interleaved},
    {"life.create-failure", "it can be closed where it could not be opened", FLOWING, GY_IS_SINK, RUNS, true, false, gy_check_create_failure},
    {"thread.migrate", "its calls may come from any thread", FLOWING, GY_IS_SINK, REPEATS, true, false, gy_check_migrate},
    {"proc.silent", "it writes nothing to standard output and error", GY_IS_MADE, 0, RUNS, true, false, gy_check_silent},
    {"proc.input-readonly", "its input is not written to", FLOWING, 0, RUNS, true, false, gy_check_input},
    {"proc.batch-split", "batches are cut anywhere", FLOWING, GY_IS_SINK, REPEATS, true, false, gy_check_batch_split},
    {"proc.dropped-rows", "dropped rows are not there", FLOWING, GY_IS_SINK, REPEATS, true, false, gy_check_dropped},
    {"proc.output-lifetime", "what it puts out lives longer than its input", FLOWING, GY_IS_SINK, REPEATS " proc.batch-split", true, false, gy_check_lifetime},
    {"proc.output-bounds", "what it writes to is what it was given room for", GY_IS_MADE, GY_IS_SINK, REPEATS, true, false, gy_check_bounds},
    {"fn.total", "any value is taken without a crash", FLOWING, 0, RUNS, true, true, gy_check_total},
    {"proc.bad-rows", "a bad row leaves no trace", FLOWING, GY_IS_SINK, REPEATS " life.interleaved proc.batch-split fn.total", true, true, gy_check_bad_rows},
    {"key.isolation", "keys do not know of each other", FLOWING | GY_IS_KEYED, GY_IS_SINK | GY_BY_TASK, REPEATS " life.interleaved proc.batch-split", true, false, gy_check_isolation},
    {"key.groups", "the number of tasks does not matter", FLOWING, GY_IS_SINK | GY_BY_TASK, REPEATS " life.interleaved proc.batch-split proc.dropped-rows key.isolation", true, false, gy_check_groups},
    {"time.watermark", "no row comes behind a watermark", FLOWING, GY_IS_SINK | GY_HAS_ROUNDS, RUNS, true, false, gy_check_watermark},
    {"time.late", "late rows do no harm", FLOWING | GY_HAS_TIME, GY_IS_SINK | GY_HAS_ROUNDS, RUNS, true, false, gy_check_late},
    {"time.timers", "the steps of the watermark do not matter", FLOWING | GY_HAS_TIME, GY_IS_SINK | GY_HAS_ROUNDS, REPEATS, true, false, gy_check_timers},
    {"state.snapshot-pure", "a snapshot changes nothing", FLOWING, GY_IS_SINK, REPEATS " proc.batch-split", true, false, gy_check_pure},
    {"state.uninitialized", "what is saved was set before", FLOWING | GY_HAS_STATE, GY_IS_SINK, RESTORES, true, false, gy_check_uninitialized},
    {"state.roundtrip", "what is restored is what was saved", FLOWING | GY_HAS_STATE, GY_IS_SINK, RESTORES " state.uninitialized", true, false, gy_check_roundtrip},
    {"state.hidden", "all that it knows is in its state", FLOWING, GY_IS_SINK, RESTORES " life.interleaved key.isolation state.roundtrip", true, false, gy_check_hidden},
    {"state.every-boundary", "it can be restored wherever the snapshot was", FLOWING, GY_IS_SINK, RESTORES " state.roundtrip state.hidden", true, false, gy_check_boundary},
    {"state.rescale", "it can be restored at another number of tasks", FLOWING | GY_HAS_STATE, GY_IS_SINK | GY_BY_TASK, RESTORES " key.groups state.every-boundary", true, false, gy_check_rescale},
    {"state.corrupt", "a damaged snapshot does no harm", FLOWING | GY_HAS_STATE, GY_IS_SINK, RESTORES " state.roundtrip", true, false, gy_check_corrupt},
    {"state.golden", "what an earlier version has saved is read", FLOWING | GY_HAS_STATE, GY_IS_SINK, RESTORES " state.roundtrip state.every-boundary", false, false, gy_check_golden},
    {"loop.quiesce", "a loop in which nothing comes any more comes to rest", FLOWING | GY_IS_FED, GY_IS_SINK, RUNS, true, false, gy_check_quiesce},
    {"loop.rounds", "the order of rows and a restart within a round do not matter", FLOWING | GY_HAS_ROUNDS, GY_IS_SINK, RESTORES " state.every-boundary", true, false, gy_check_rounds},
    {"source.replay", "it reads the same rows again", GY_IS_MADE | GY_IS_SOURCE | GY_IS_EXACT, 0, RUNS, false, false, gy_check_replay},
    {"source.position", "it goes on where it was", GY_IS_MADE | GY_IS_SOURCE | GY_IS_EXACT, 0, "life.cycle source.replay", false, false, gy_check_position},
    {"sink.two-phase", "rows are there once, wherever the process dies", FLOWING | GY_IS_SINK | GY_HAS_PHASES | GY_IS_EXACT, 0, RUNS, true, false, gy_check_two_phase},
    {"sink.visible-early", "rows are seen when they are committed", FLOWING | GY_IS_SINK | GY_HAS_PHASES | GY_IS_EXACT, 0, RUNS, true, false, gy_check_visible},
    {"agg.laws", "merge and retract do what they say", FLOWING | GY_IS_AGGREGATE, GY_HAS_WINDOW, REPEATS, true, false, gy_check_laws},
    {"fault.every-allocation", "want of memory fails a call and nothing else", FLOWING, GY_IS_SINK, REPEATS " life.create-failure proc.output-bounds", true, false, gy_check_allocation},
    {"fault.every-host-call", "a call of the host that fails is told or made up for", GY_IS_MADE, 0, RUNS " proc.deterministic life.create-failure proc.output-bounds fault.every-allocation state.snapshot-pure", true, false, gy_check_host_calls},
};
/* clang-format on */

const size_t gy_n_checks = sizeof gy_checks / sizeof *gy_checks;
