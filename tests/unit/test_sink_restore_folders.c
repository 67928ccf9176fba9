/* file.write through random snapshots and deaths (sink_world.h), compressed, rotated, and with a folder for
 * each value. GYRE_BIG=1: more seeds. */
#include "suite.h"
#include "unit/sink_world.h"

static void a_compressed_file_shows_each_row_once_whenever_processes_die(void)
{
    sink_world_seeds(SINK_PACKED_FILE, 15, 1000);
}

static void parts_that_are_rotated_show_each_row_once_whenever_processes_die(void)
{
    sink_world_seeds(SINK_ROTATED, 25, 2000);
}

static void folders_of_values_show_each_row_once_whenever_processes_die(void)
{
    sink_world_seeds(SINK_VALUES, 25, 2000);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(a_compressed_file_shows_each_row_once_whenever_processes_die, 900),
    SUITE_TEST_WITHIN(parts_that_are_rotated_show_each_row_once_whenever_processes_die, 900),
    SUITE_TEST_WITHIN(folders_of_values_show_each_row_once_whenever_processes_die, 900),
};
SUITE_MAIN("sink_restore_folders", tests)
