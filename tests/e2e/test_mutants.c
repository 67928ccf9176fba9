/* The table of tests/mutants.sh: three of its mutants, so that it does not rot, and what it says of entries that are
 * wrong. All of it takes minutes: tests/mutants.sh, or make mutants. */
#include "support/files.h"
#include "support/process.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need_make(void)
{
    struct process_result r;
    process_run(&(struct process_spec){.argv = ARGV("make", "--version")}, &r);
    int status = r.status;
    process_result_fini(&r);
    if (status == 127)
        suite_skip("make is not here");
}

/* Runs the script on a list (NULL: its own), and expects this exit status and text. */
static void mutants(const char *list, const char *names, int status, const char *says)
{
    struct process_result r;
    char *gyre = build_path("gyre"), *folder = dir_temp(), *path = path_join(folder, "list");
    if (list != NULL)
        file_write_text(path, list);
    char *command = text_format("tests/mutants.sh -g '%s' %s%s %s", gyre, list != NULL ? "-l " : "",
                                list != NULL ? path : "", names);
    process_run(&(struct process_spec){.argv = ARGV("/bin/sh", "-c", command),
                                       .env = (const char *const[]){"MAKEFLAGS", "MAKELEVEL",
                                                                    "MFLAGS", "GYRE_BUILD", NULL}},
                &r);
    if (r.status != status || (strstr(r.out, says) == NULL && strstr(r.err, says) == NULL))
        printf("exit %d, not %d with \"%s\":\n%s%s", r.status, status, says, r.out, r.err);
    CU_ASSERT_EQUAL(r.status, status);
    CU_ASSERT(strstr(r.out, says) != NULL || strstr(r.err, says) != NULL);
    process_result_fini(&r);
    free(command);
    free(path);
    free(gyre);
    dir_end(folder);
}

static void three_of_them_are_caught(void)
{
#ifdef GY_SANITIZED
    suite_skip("mutants are compiled without a sanitizer, and one finds some of them first");
#endif
    need_make();
    mutants(NULL, "correlation-merge prices-save block-save", 0, "3 of 3 caught");
}

static void entries_that_are_stale_or_wrong_are_errors(void)
{
    static const struct {
        const char *list, *says;
    } cases[] = {
        {"@ a plugins/weblog/plugin.c x\n- no such line\n+ another\n",
         "mutants: a is stale: the line that it changes does not stand in plugins/weblog/plugin.c "
         "once"},
        {"@ a plugins/weblog/none.c x\n- a\n+ b\n", "mutants: a: wants a file of the tree, a line"},
        {"@ a plugins/weblog/plugin.c x\n- a\n", "mutants: a: wants a file of the tree, a line"},
        {"@ a plugins/weblog/plugin.c x\n- a\n+ a\n", "mutants: a: changes nothing"},
        {"@ b plugins/weblog/plugin.c x\n- a\n+ b\n", "has not one entry `a`"},
        {"@ a plugins/weblog/plugin.c x\n- #include <gyre/gyre.h>\n+ #include <none.h>\n",
         "mutants: a: the plugin does not compile with it"},
    };
    need_make();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        mutants(cases[i].list, "a", 2, cases[i].says);
}

/* None is caught where nothing but a comment is another, and that is what is to be said of it. */
static void what_is_caught_is_held_to_what_the_list_says(void)
{
    static const char entry[] = "@ a plugins/weblog/plugin.c x\n- #include <gyre/gyre.h>\n"
                                "+ #include <gyre/gyre.h> /* here */\n";
    char *excused = text_format("%s! it is the same\n", entry);
    need_make();
    mutants(entry, "", 1, "nothing, and should be");
    mutants(excused, "", 0, "-; it is the same\n0 of 1 caught\n");
    free(excused);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(three_of_them_are_caught, 120),
    SUITE_TEST_WITHIN(entries_that_are_stale_or_wrong_are_errors, 60),
    SUITE_TEST_WITHIN(what_is_caught_is_held_to_what_the_list_says, 60),
};
SUITE_MAIN("mutants", tests)
