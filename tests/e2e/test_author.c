/* What a new user writes in an afternoon, with what is installed and the guide: an operator with keyed state and a
 * timer, a source over /proc, a sink to SQLite, and a job of all three that is killed. tests/author has what was
 * written, and what was typed. GYRE_BIG=1 runs all checks of gyre conform on the sink, which syncs a lot. */
#include "run_installed.h"
#include "support/files.h"
#include "support/process.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void play(const char *transcript, const char *checks)
{
    struct installed installed;
    char here[4096];
    installed_init(&installed);
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    char *command = text_format(
        "export PATH=\"${GYRE%%/*}:$PATH\" CFLAGS='-O1 -Wall -Wextra -Werror' CHECKS='%s'\n"
        "AUTHOR='%s/tests/author'; set +e; (set -ex; . \"$AUTHOR\"/%s) >said.all 2>&1\n"
        "code=$?; [ $code = 0 ] || cat said.all; exit $code",
        checks, here, transcript);
    installed_shell(&installed, command, "");
    free(command);
    installed_fini(&installed);
}

static void a_histogram_with_keyed_state_and_a_timer_is_written_tested_and_conforms(void)
{
    play("lengths.sh", "");
}

static void a_source_over_proc_is_written_tested_and_conforms(void)
{
    play("procs.sh", "");
}

static void a_sink_to_sqlite_has_each_row_once_in_a_job_of_all_three_that_is_killed(void)
{
    struct process_result r;
    process_run(&(struct process_spec){.argv = ARGV("/bin/sh", "-c",
                                                    "pkg-config --exists sqlite3 && sqlite3 "
                                                    "--version")},
                &r);
    int status = r.status;
    process_result_fini(&r);
    if (status != 0)
        suite_skip("libsqlite3-dev or sqlite3 is not here");
    play("sizes.sh", getenv("GYRE_BIG") != NULL
                         ? ""
                         : "--only desc.valid,life.cycle,proc.silent,sink.two-phase");
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(a_histogram_with_keyed_state_and_a_timer_is_written_tested_and_conforms, 60),
    SUITE_TEST_WITHIN(a_source_over_proc_is_written_tested_and_conforms, 60),
    SUITE_TEST_WITHIN(a_sink_to_sqlite_has_each_row_once_in_a_job_of_all_three_that_is_killed, 60),
};
SUITE_MAIN("author", tests)
