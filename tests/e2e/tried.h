/* `gyre test`, tried on job files in a folder of their own. */
#ifndef TESTS_E2E_TRIED_H
#define TESTS_E2E_TRIED_H

#include "run_job.h"

/* A folder with job files, and what `gyre test` said of them. */
struct tried {
    char *dir;
    struct process_result result;
};

/* A job whose source is not there. */
#define WORDS                                                                                      \
    "job = \"words\";\n"                                                                           \
    "operators = (\n"                                                                              \
    "  { id = \"lines\";  op = \"file.read\";  path = \"text\"; },\n"                              \
    "  { id = \"words\";  op = \"text.words\"; input = \"lines\"; },\n"                            \
    "  { id = \"counts\"; op = \"std.sum\";    input = \"words\"; key = \"word\"; "                \
    "field = \"count\"; },\n"                                                                      \
    "  { id = \"out\";    op = \"file.write\"; input = \"counts\"; path = \"out.csv\"; }\n"        \
    ");\n"

/* A job whose operators fail, with tests that tell it. */
#define FAULTS                                                                                     \
    "job = \"faults\";\n"                                                                          \
    "operators = (\n"                                                                              \
    "  { id = \"in\"; op = \"gen.sequence\"; to = 9; },\n"                                         \
    "  { id = \"fine\"; op = \"std.pass\"; input = \"in\"; },\n"                                   \
    "  { id = \"fail\"; op = \"run_faults.fail\"; input = \"in\"; text = \"no way\"; },\n"         \
    "  { id = \"crash\"; op = \"run_faults.crash\"; input = \"in\"; by = \"division\"; },\n"       \
    "  { id = \"exit\"; op = \"run_poison.poison\"; input = \"in\"; at = 5; by = \"exit\"; },\n"   \
    "  { id = \"hang\"; op = \"run_faults.hang\"; input = \"in\"; },\n"                            \
    "  { id = \"bad\"; op = \"run_faults.bad\"; input = \"in\"; }\n"                               \
    ");\n"                                                                                         \
    "tests = (\n"                                                                                  \
    "  { name = \"fails\"; given = { in = ( 1, 2 ); }; expect = { fail = ( 1, 2 ); }; },\n"        \
    "  { name = \"crashes\"; given = { in = ( 1, 2 ); }; expect = { crash = ( 1, 2 ); }; },\n"     \
    "  { name = \"exits\"; given = { in = ( 1, 5 ); }; expect = { exit = ( 1, 5 ); }; },\n"        \
    "  { name = \"hangs\"; given = { in = ( 1, 2 ); }; expect = { hang = ( 1, 2 ); }; },\n"        \
    "  { name = \"is bad\"; given = { in = ( 1, 2 ); }; expect = { bad = ( 1, 2 ); }; },\n"        \
    "  { name = \"is fine\"; given = { in = ( 1, 2 ); }; expect = { fine = ( 1, 2 ); }; }\n"       \
    ");\n"

/** Runs `gyre test` in the folder, with the test plugins; the times in its output become "(T)". */
void try_test(struct tried *t, const char *const *arguments);

/** Ends it, with its folder. */
void end_try(struct tried *t);

/** Asserts that two texts are the same, and prints both where they are not. */
void expect_text(const char *is, const char *wanted);

/** Asserts what the tests of one job (job.cfg) say. */
void expect_of(const char *job, int status, const char *out, const char *err);

#endif
