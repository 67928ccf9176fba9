/* The keys of a job file, each with what it takes, its default and one line of text: the one table from
 * which keys are known, misspelt ones are told of, and gyre-job(5) is made.
 *
 * X(NAME, TAKES, DEFAULT, TEXT); DEFAULT "required", or "" where there is none. */
#ifndef GY_JOB_KEYS_H
#define GY_JOB_KEYS_H

/* clang-format off */
#define GY_JOB_KEY_TABLE(X) \
    X(job, "NAME", "required", "its name: a letter, then letters, digits and -, all small; 128 bytes at most") \
    X(mode, "\"stream\" | \"batch\"", "\"stream\"", \
      "whether aggregates put out results as rows come, or once when the input has ended") \
    X(parallelism, "N", "the number of online CPUs", "how many tasks an operator has") \
    X(max_parallelism, "N", "128", "the number of key groups, and the most that parallelism may be") \
    X(plugins, "(PATH, ...)", "", "plugin files by path") \
    X(plugin_path, "(FOLDER, ...)", "", "folders to look for plugins in") \
    X(snapshot, "{ ... }", "no snapshots", "takes snapshots; see below") \
    X(restart, "{ ... }", "", "how a job with snapshots is restarted; see below") \
    X(loop, "{ ... }", "", "what rows in cycles may use; see below") \
    X(operators, "( { ... }, ... )", "required", "the operators; see below") \
    X(tests, "( { ... }, ... )", "", "tests of the job, which gyre test runs; see below") \

#define GY_SNAPSHOT_KEY_TABLE(X) \
    X(every, "DURATION", "required", "a snapshot each so often, from \"1ms\" on") \
    X(dir, "FOLDER", "required", "the folder that holds them; made where it is not there") \
    X(keep, "N", "3", "how many stay") \
    X(resume, "true or false", "false", "a run goes on from the newest snapshot, where there is one") \

#define GY_RESTART_KEY_TABLE(X) \
    X(attempts, "N", "10", "restarts since the last snapshot before the job fails; 0: none") \
    X(delay, "DURATION", "\"100ms\"", "before the first one; it doubles with each") \
    X(max_delay, "DURATION", "\"30s\"", "the longest") \

#define GY_LOOP_KEY_TABLE(X) \
    X(memory, "SIZE", "\"64MiB\"", "memory for the rows that wait to go round; from \"64KiB\" on") \
    X(disk, "SIZE", "\"10GiB\"", "room on the disk for those that do not fit") \

#define GY_TEST_KEY_TABLE(X) \
    X(name, "TEXT", "required", "what the test shows; no other test of the job bears it") \
    X(given, "{ ID = ( ROW, ... ); }", "", "rows in the place of what these operators put out") \
    X(expect, "{ ID = ( ROW, ... ); }", "required", "the rows that these operators put out, or sinks get") \
    X(mode, "\"stream\" | \"batch\"", "that of the job", "the mode that the test runs in") \
    X(order, "\"any\" | \"exact\"", "\"any\"", "whether the rows are expected in their order") \
    X(parallelism, "N | [N, ...]", "[1, 2]", "what the job runs with, once each; the rows must be the same") \
    X(tolerance, "NUMBER", "1e-9", \
      "by how much floating-point numbers may differ, as a part of the greater one, or of 1") \

#define GY_OPERATOR_KEY_TABLE(X) \
    X(id, "NAME", "required", \
      "its name in this job: a letter, then letters, digits, _ and -; 128 bytes at most, not \"job\"") \
    X(op, "\"PLUGIN.NAME\"", "required", "an operator, or an aggregate function, of a plugin") \
    X(input, "\"ID\" | [\"ID\", ...] | { PORT = ...; }", "", \
      "whose rows it takes: one stream, a union, or a group where it has several ports; \"ID.PORT\" is " \
      "another output port than the default one") \
    X(feedback, "\"ID\" | [\"ID\", ...] | { PORT = ...; }", "", \
      "streams that come back into this operator, written as for input: each of them closes a cycle") \
    X(key, "\"FIELD\" | [\"FIELD\", ...] | { fn = \"PLUGIN.NAME\"; } | { PORT = ...; }", "", \
      "partitions the input: all rows of a key meet in one task, and state is per key") \
    X(partition, "\"forward\" | \"rebalance\" | \"broadcast\" | \"single\" | \"PLUGIN.NAME\"", \
      "\"forward\" where both sides have one parallelism, else \"rebalance\"", \
      "which task a row goes to, without a key") \
    X(parallelism, "N", "that of the job, or 1 where the work cannot be divided", \
      "the number of its tasks") \
    X(window, "{ ... }", "", "which rows an aggregate is over") \
    X(every, "{ ... }", "as the window", "when a window puts out its result") \
    X(per, "\"key\" | \"stream\" | \"task\"", "\"key\" where there is a key, else \"stream\"", \
      "a window for each key, one over the whole stream, or one in each task") \
    X(lateness, "DURATION", "\"0s\"", "how long after its end a window still takes rows") \
    X(early, "DURATION", "", "how often a window puts out what it has before its end") \
    X(accumulate, "true | false", "true", \
      "whether each result of a window is of all its rows so far, or only of those that are new") \
    X(clock, "\"event\" | \"processing\"", "\"event\"", "which time windows go by") \
    X(rounds, "{ max = N; }", "", \
      "what comes back waits until its round has ended; after so many the loop stops") \
    X(on_error, "\"fail\" | \"skip\" | \"port\"", "\"fail\"", \
      "what becomes of a bad row: the job fails, it is skipped and counted, or sent to the port errors") \
    X(doc, "TEXT", "", "a text for people")

/* clang-format on */

/* Lists of words, each with a blank before it. */
#define GY_KEY_WORD(name, takes, fallback, text) " " #name
#define GY_JOB_KEYS                              GY_JOB_KEY_TABLE(GY_KEY_WORD)
#define GY_SNAPSHOT_KEYS                         GY_SNAPSHOT_KEY_TABLE(GY_KEY_WORD)
#define GY_RESTART_KEYS                          GY_RESTART_KEY_TABLE(GY_KEY_WORD)
#define GY_LOOP_KEYS                             GY_LOOP_KEY_TABLE(GY_KEY_WORD)
#define GY_TEST_KEYS                             GY_TEST_KEY_TABLE(GY_KEY_WORD)
#define GY_OPERATOR_KEYS                         GY_OPERATOR_KEY_TABLE(GY_KEY_WORD)

/* One of them as data. */
struct gy_key_row {
    const char *name, *takes, *fallback, *text;
};
#define GY_KEY_ROW(name, takes, fallback, text) {#name, takes, fallback, text},

#endif
