/* See command.h. */
#include "app/command.h"

#include "app/cli.h"

#include <stdint.h>
#include <string.h>

/* clang-format off */
#define AT(member) offsetof(struct gy_cli, member)
#define PLUGIN_PATH {"--plugin-path", "DIR", "look for plugins in DIR first (repeatable)", GY_FLAG_FOLDERS, AT(plugin_path)}
#define SET {"--set", "ID.OPTION=VALUE", "set an option of an operator, or job.KEY (repeatable)", GY_FLAG_SETTING, AT(set)}
#define IS_WRONG "  2    the job file, a plugin or the command line is wrong; nothing was started\n"
#define FORMAT(words) {"--format", words, "how it is put out; the first is the default", GY_FLAG_CHOICE, AT(format)}

const struct gy_command gy_commands[] = {
    {"run", "JOB", 1, 1, "run a job until its sources end or it is stopped",
     {SET,
      {"-p", "N", "run with this parallelism", GY_FLAG_NUMBER, AT(parallelism)},
      {"--from", "latest|DIR", "start from a snapshot: the newest, or that in DIR", GY_FLAG_TEXT, AT(from)},
      {"--rename-state", "OLD=NEW", "give a snapshot's state of OLD to the operator NEW (repeatable)", GY_FLAG_LIST, AT(rename_state)},
      {"--drop-state", "ID", "forget a snapshot's state of an operator (repeatable)", GY_FLAG_LIST, AT(drop_state)},
      {"--report", "FILE", "write one JSON object about the run at its end", GY_FLAG_TEXT, AT(report)},
      {"--no-supervise", NULL, "run in one process, without restarts", GY_FLAG_SWITCH, AT(no_supervise)},
      PLUGIN_PATH},
     "  0    finished, or stopped cleanly (Ctrl-C once)\n"
     "  1    failed while running\n" IS_WRONG
     "  130  ended at once by a second signal (Ctrl-C twice)\n", NULL},
    {"check", "JOB", 1, 1, "load, bind and type-check a job, and start nothing",
     {SET,
      {"-p", "N", "check with this parallelism", GY_FLAG_NUMBER, AT(parallelism)},
      PLUGIN_PATH},
     "  0    nothing is wrong\n" IS_WRONG, NULL},
    {"plan", "JOB", 1, 1, "show the logical and the physical graph of a job",
     {FORMAT("text|dot|json"),
      SET,
      {"-p", "N", "plan with this parallelism", GY_FLAG_NUMBER, AT(parallelism)},
      PLUGIN_PATH},
     "  0    shown\n" IS_WRONG, NULL},
    {"list", "", 0, 0, "list the operators and functions of every plugin on the path",
     {FORMAT("text|json|markdown"), PLUGIN_PATH},
     "  0    listed; plugins that cannot be loaded are named on standard error\n", NULL},
    {"inspect", "PLUGIN.so|PLUGIN|PLUGIN.OP", 1, 1, "describe a plugin or one of its operators", {FORMAT("text|json|markdown"), PLUGIN_PATH},
     "  0    described\n"
     "  2    there is no such plugin or operator, or it cannot be loaded\n", NULL},
    {"new", "DIR/NAME", 1, 1, "make a plugin project that builds and passes its tests",
     {{"--kind", "keyed|source|sink|map|aggregate|window|join", "what it begins with; the first is the default", GY_FLAG_CHOICE, AT(kind)}},
     "  0    made\n"
     "  2    NAME cannot be the name of a plugin, a file is there already, or the folder cannot be\n"
     "       written to; nothing was made\n",
     "  The plugin is called NAME, in a folder of that name. With it come unit tests, a job file with\n"
     "  tests, a Makefile (make, make check, make conform) and a README. No file is overwritten.\n"
     "  keyed            an operator with state for each key, and an aggregate\n"
     "  source           rows from outside, which can be read again from where it was\n"
     "  sink             shows each row once, with transactions\n"
     "  map              a filter, a map, and one that puts out any number of rows for one\n"
     "  aggregate        two: one of numbers, one with a string\n"
     "  window           what is made of the rows of a window, and when it is put out\n"
     "  join             an operator with two inputs, written by hand\n"},
    {"test", "JOB...", 1, SIZE_MAX, "run the tests written in job files",
     {{"--only", "NAME", "run only the tests that have NAME in their name (repeatable)", GY_FLAG_LIST, AT(only)},
      {"--timeout", "N", "end a test that runs for more than N seconds (60)", GY_FLAG_SECONDS, AT(timeout)},
      FORMAT("text|junit"),
      PLUGIN_PATH},
     "  0    all have passed\n"
     "  1    one has failed\n" IS_WRONG,
     "  A test is a group in the `tests` of a job file; man gyre-job has all its keys:\n"
     "  { name = \"counts\"; given = { ID = ( ROW, ... ); }; expect = { ID = ( ROW, ... ); }; }\n"
     "  ROW              { FIELD = VALUE; ... }, or VALUE alone where there is one field; () is null\n"
     "  *time            in a row: its event time\n"
     "  { *watermark = \"10s\"; } and { *clock = \"10s\"; }\n"
     "                   between given rows: event time, and the clock, go on to there\n"},
    {"conform", "PLUGIN.so", 1, 1, "run the conformance suite on a plugin",
     {{"--only", "ID,...", "run only these checks (ID:SUBJECT: of one operator or function)", GY_FLAG_LIST, AT(only)},
      {"--seed", "N", "seed of the random inputs; 1 if not given", GY_FLAG_NUMBER, AT(seed)},
      {"--timeout", "N", "end a check that runs for more than N seconds (20)", GY_FLAG_SECONDS, AT(timeout)},
      {"--fuzz", "SECONDS", "go on with other rows, options and orders for so long, until something is found", GY_FLAG_SECONDS, AT(fuzz)},
      {"--vary", NULL, "draw options and orders from the seed, as --fuzz does", GY_FLAG_SWITCH, AT(vary)},
      {"--in-process", NULL, "run in this process, for a debugger", GY_FLAG_SWITCH, AT(in_process)},
      {"--config", "FILE", "options and sample rows; else NAME.conform.cfg or conform.cfg beside the plugin", GY_FLAG_TEXT, AT(config)},
      {"--write-golden", NULL, "keep what this version saves, for state.golden of those to come; no checks", GY_FLAG_SWITCH, AT(write_golden)},
      {"--golden", "FILE", "what an earlier version has saved; else NAME.golden beside the plugin", GY_FLAG_TEXT, AT(golden)},
      FORMAT("text|json|junit"),
      PLUGIN_PATH},
     "  0    no check failed\n"
     "  1    some check failed, crashed or did not come back\n"
     "  2    there is no such plugin or check, or a conform.cfg is wrong\n",
     "  What all of the checks found is kept beside the plugin, in NAME.conform: gyre inspect shows it.\n"
     "  Each check runs in a process of its own, with options and rows that are derived from the plugin's\n"
     "  tables, or that a conform.cfg gives. One that fails says what was expected and how to run it again.\n"
     "  The checks are:\n\n"
     "  abi.note                the note in the file fits this gyre and this machine\n"
     "  abi.exports             one symbol is seen from outside\n"
     "  load.fresh-process      it loads in a process of its own\n"
     "  load.silent             loading it says nothing\n"
     "  load.world              loading it changes nothing of the process\n"
     "  desc.valid              its tables are right\n"
     "  desc.unknown            a field that the input does not have is refused\n"
     "  config.schema           options at the ends of their range are taken or refused\n"
     "  life.cycle              it opens, runs, closes, and leaves nothing behind\n"
     "  proc.deterministic      the same rows give the same rows\n"
     "  life.interleaved        instances do not know of each other\n"
     "  life.create-failure     it can be closed where it could not be opened\n"
     "  thread.migrate          its calls may come from any thread\n"
     "  proc.silent             it writes nothing to standard output and error\n"
     "  proc.input-readonly     its input is not written to\n"
     "  proc.batch-split        batches are cut anywhere\n"
     "  proc.dropped-rows       dropped rows are not there\n"
     "  proc.output-lifetime    what it puts out lives longer than its input\n"
     "  proc.output-bounds      what it writes to is what it was given room for\n"
     "  fn.total                any value is taken without a crash\n"
     "  proc.bad-rows           a bad row leaves no trace\n"
     "  key.isolation           keys do not know of each other\n"
     "  key.groups              the number of tasks does not matter\n"
     "  time.watermark          no row comes behind a watermark\n"
     "  time.late               late rows do no harm\n"
     "  time.timers             the steps of the watermark do not matter\n"
     "  state.snapshot-pure     a snapshot changes nothing\n"
     "  state.uninitialized     what is saved was set before\n"
     "  state.roundtrip         what is restored is what was saved\n"
     "  state.hidden            all that it knows is in its state\n"
     "  state.every-boundary    it can be restored wherever the snapshot was\n"
     "  state.rescale           it can be restored at another number of tasks\n"
     "  state.corrupt           a damaged snapshot does no harm\n"
     "  state.golden            what an earlier version has saved is read\n"
     "  loop.quiesce            a loop in which nothing comes any more comes to rest\n"
     "  loop.rounds             the order of rows and a restart within a round do not matter\n"
     "  source.replay           it reads the same rows again\n"
     "  source.position         it goes on where it was\n"
     "  sink.two-phase          rows are there once, wherever the process dies\n"
     "  sink.visible-early      rows are seen when they are committed\n"
     "  agg.laws                merge and retract do what they say\n"
     "  fault.every-allocation  want of memory fails a call and nothing else\n"
     "  fault.every-host-call   a call of the host that fails is told or made up for\n"},
    {"snapshots", "DIR [verify|show ID]", 1, 3, "list, verify or describe the snapshots of a folder", {FORMAT("text|json")},
     "  0    shown, and intact as far as was looked\n"
     "  1    a snapshot is damaged, or cannot be read\n"
     "  2    there is no such folder or snapshot, or the command line is wrong\n",
     "  DIR              a line for each: id, time, job, operators, tasks, size; `finished` where the\n"
     "                   job had come to its end; `damaged:` and why, by a look at manifest and sizes\n"
     "  DIR verify       reads every byte of all; exit 1 where one is damaged\n"
     "  DIR verify ID    of one\n"
     "  DIR show ID      its operators, states and tasks\n"},
};
/* clang-format on */

const size_t gy_n_commands = sizeof gy_commands / sizeof *gy_commands;

const char gy_about[] = "Runs dataflows whose operators are plugins.";

const struct gy_word gy_general_flags[] = {
    {"--help", "this text; gyre COMMAND --help for a command's flags"},
    {"--version", "the version of gyre and of its plugin ABI"},
    {NULL, NULL},
};

const struct gy_word gy_environment[] = {
    {"GYRE_PLUGIN_PATH", "more folders with plugins, a colon between two"},
    {NULL, NULL},
};

const struct gy_command *gy_command_find(const char *name)
{
    for (size_t i = 0; i < gy_n_commands; i++)
        if (strcmp(gy_commands[i].name, name) == 0)
            return &gy_commands[i];
    return NULL;
}

size_t gy_command_flags(const struct gy_command *command)
{
    size_t n = 0;
    while (n < GY_FLAGS_MAX && command->flags[n].name)
        n++;
    return n;
}
