/* gyre new: what each kind of project is made of, that it builds, passes its tests and conforms where gyre is
 * installed and nothing else of it is there; and that what stands in the way is told, and left as it was. */
#include "run_installed.h"
#include "run_mounts.h"
#include "support/files.h"
#include "support/process.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Runs the build's gyre in `folder`. */
static void gyre(const char *folder, const char *const *argv, struct process_result *r)
{
    char *program = build_path("gyre");
    const char *full[8] = {program};
    for (size_t i = 0; argv[i] != NULL; i++)
        full[i + 1] = argv[i];
    process_run(&(struct process_spec){.argv = full,
                                       .cwd = folder,
                                       .env = (const char *const[]){"GYRE_PLUGIN_PATH", NULL}},
                r);
    free(program);
}

static void expect(const char *is, const char *wanted)
{
    if (strcmp(is, wanted) != 0)
        printf("is:     %s\nwanted: %s\n", is, wanted);
    CU_ASSERT_STRING_EQUAL(is, wanted);
}

/* gyre new fails with this sentence. */
static void refused(const char *folder, const char *operand, const char *sentence)
{
    struct process_result r;
    gyre(folder, ARGV("new", operand), &r);
    CU_ASSERT_EQUAL(r.status, 2);
    expect(r.out, "");
    expect(r.err, sentence);
    process_result_fini(&r);
}

static void made(const char *folder, const char *operand, const char *kind)
{
    struct process_result r;
    gyre(folder, kind != NULL ? ARGV("new", operand, "--kind", kind) : ARGV("new", operand), &r);
    expect(r.err, "");
    CU_ASSERT_EQUAL(r.status, 0);
    process_result_fini(&r);
}

static void shell(const char *folder, const char *command, const char *wanted)
{
    struct process_result r;
    process_run(&(struct process_spec){.argv = ARGV("/bin/sh", "-ec", command), .cwd = folder}, &r);
    expect(r.err, "");
    expect(r.out, wanted);
    CU_ASSERT_EQUAL(r.status, 0);
    process_result_fini(&r);
}

/* ---- projects ---- */

/* With an umask that lets a group write: gyre loads nothing that others could have written. */
static void project(const char *kind)
{
    struct installed installed;
    installed_init(&installed);
    char *begin = text_format(
        "umask 002; echo %s >kind; \"$GYRE\" new of/mine --kind $(cat kind) >said", kind);
    installed_shell(&installed, begin, "");
    installed_shell(&installed, "cat said",
                    "of/mine has the plugin `mine`, with tests and a README; there, go on with\n\n"
                    "  make check\n  make conform\n");
    installed_shell(&installed,
                    "umask 002; cd of/mine; make -s check CFLAGS='-O1 -Wall -Wextra -Wshadow "
                    "-Wconversion -Wstrict-prototypes -pedantic -Werror' >../../said 2>&1 || cat "
                    "../../said",
                    "");
    installed_shell(&installed, "grep -c 'FAIL' said || :", "0\n");
    installed_shell(&installed, "grep -c '^[1-9][0-9]* passed, 0 failed$' said", "2\n");
    installed_shell(
        &installed,
        "cd of/mine; \"$GYRE\" check mine.cfg 2>&1 | grep -c ': nothing wrong: job mine, '", "1\n");
    installed_shell(&installed, "cd of/mine; \"$GYRE\" run mine.cfg >out.txt", "");
    installed_shell(&installed, "cd of/mine; make -s conform >said || cat said", "");
    installed_shell(
        &installed,
        "cd of/mine; tail -n 1 said | sed 's/^[1-9][0-9]* pass/N pass/; s/[0-9]* skip/N skip/'",
        "N pass, 0 fail, 0 crash, 0 timeout, N skip, 0 warn\n");
    installed_shell(
        &installed,
        "command -v clang >/dev/null || exit 0; cd of/mine; make -s clean\n"
        "make -s all CC=clang CFLAGS='-O1 -Wall -Wextra -Wconversion -pedantic -Werror' LDFLAGS=",
        "");
    installed_shell(&installed,
                    "kind=$(cat kind); cd of/mine; make -s clean; rm -rf said out*\n"
                    "\"$GYRE\" new ../again/mine --kind $kind >../said; diff -r . ../again/mine",
                    "");
    free(begin);
    installed_fini(&installed);
}

static void project_of_a_keyed_operator_builds_passes_and_conforms(void)
{
    project("keyed");
}

static void project_of_a_source_builds_passes_and_conforms(void)
{
    project("source");
}

static void project_of_a_sink_builds_passes_and_conforms(void)
{
    project("sink");
}

static void project_of_maps_builds_passes_and_conforms(void)
{
    project("map");
}

static void project_of_aggregates_builds_passes_and_conforms(void)
{
    project("aggregate");
}

static void project_of_window_functions_builds_passes_and_conforms(void)
{
    project("window");
}

static void project_of_a_join_builds_passes_and_conforms(void)
{
    project("join");
}

/* 47 bytes, and what is another word elsewhere. */
static void projects_of_any_name_build_and_pass(void)
{
    static const char *const names[] = {"a234567890_b234567890_c234567890_d234567890_e23", "test",
                                        "int", "all", "a__"};
    struct installed installed;
    installed_init(&installed);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *command = text_format("\"$GYRE\" new %s >/dev/null; cd %s; make -s check "
                                    "CFLAGS='-O0 -Werror' >said 2>&1 || cat said",
                                    names[i], names[i]);
        installed_shell(&installed, command, "");
        free(command);
    }
    installed_fini(&installed);
}

static void a_makefile_without_the_sdk_says_where_to_look(void)
{
    char *folder = dir_temp();
    struct process_result r;
    made(folder, "mine", NULL);
    process_run(&(struct process_spec){.argv = ARGV("make", "-C", "mine"),
                                       .cwd = folder,
                                       .env = (const char *const[]){"PKG_CONFIG_LIBDIR=/nowhere",
                                                                    "PKG_CONFIG_PATH=/nowhere",
                                                                    "LC_ALL=C", NULL}},
                &r);
    if (r.status == 127)
        suite_skip("make is not here");
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(strstr(r.err, "gyre-sdk is not found; see the top of the Makefile") != NULL);
    process_result_fini(&r);
    dir_end(folder);
}

/* ---- files ---- */

/* Called as in the templates it is them, byte by byte, and none is left out. */
static void the_files_are_those_of_the_templates(void)
{
    static const char *const kinds[] = {NULL,  "keyed",     "source", "sink",
                                        "map", "aggregate", "window", "join"};
    char here[4096];
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char *folder = dir_temp();
        char *command =
            text_format("mkdir wanted; cp '%s'/sdk/new/common/* '%s'/sdk/new/%s/* wanted\n"
                        "mv wanted/gitignore wanted/.gitignore\n"
                        "diff -r wanted my_plugin",
                        here, here, kinds[i] != NULL ? kinds[i] : "keyed");
        made(folder, "my_plugin", kinds[i]);
        shell(folder, command, "");
        free(command);
        dir_end(folder);
    }
}

static void the_name_stands_wherever_a_name_stands(void)
{
    char *folder = dir_temp();
    made(folder, "deep/er/rain_gauge/", "window");
    shell(folder, "cd deep/er/rain_gauge; ls -A; grep -ri 'my.\\?plugin' . || :; grep '^job' *.cfg",
          ".gitignore\nMakefile\nREADME.md\nin.csv\nrain_gauge.c\nrain_gauge.cfg\n"
          "rain_gauge.conform.cfg\nrain_gauge_test.c\ntest.h\n"
          "rain_gauge.cfg:job     = \"rain-gauge\";\n");
    dir_end(folder);
}

/* ---- what stands in the way ---- */

static void a_file_that_is_there_is_kept_and_nothing_is_written(void)
{
    static const char *const files[] = {"Makefile", "mine.c", "test.h", ".gitignore"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *folder = dir_temp();
        char *begin = text_format("mkdir mine; echo kept >mine/%s", files[i]);
        char *sentence =
            text_format("gyre new: mine/%s is there already, and no file is overwritten; "
                        "move it away, or choose another folder\n",
                        files[i]);
        char *all = text_format("%s\n", files[i]);
        shell(folder, begin, "");
        refused(folder, "mine", sentence);
        shell(folder, "cat mine/* mine/.g* 2>/dev/null || :", "kept\n");
        shell(folder, "ls -A mine", all);
        free(all);
        free(sentence);
        free(begin);
        dir_end(folder);
    }
}

static void a_link_that_leads_nowhere_is_kept_too(void)
{
    char *folder = dir_temp();
    shell(folder, "mkdir mine; ln -s ../elsewhere mine/mine.c", "");
    refused(folder, "mine",
            "gyre new: mine/mine.c is there already, and no file is overwritten; move it away, or "
            "choose another folder\n");
    shell(folder, "ls -A . mine", ".:\nmine\n\nmine:\nmine.c\n");
    dir_end(folder);
}

static void a_folder_with_other_files_will_do(void)
{
    char *folder = dir_temp();
    shell(folder, "mkdir mine; echo kept >mine/LICENSE", "");
    made(folder, "mine", NULL);
    shell(folder, "cd mine; cat LICENSE; test -f mine.c", "kept\n");
    dir_end(folder);
}

static void names_that_no_plugin_can_bear_are_refused(void)
{
    static const struct {
        const char *operand, *name, *better;
    } cases[] = {
        {"of/Rain-Gauge", "Rain-Gauge", " (did you mean `rain_gauge`?)"},
        {"of/9lives", "9lives", " (did you mean `lives`?)"},
        {"my plugin.so", "my plugin.so", " (did you mean `my_plugin_so`?)"},
        {"a234567890_b234567890_c234567890_d234567890_e234",
         "a234567890_b234567890_c234567890_d234567890_e234",
         " (did you mean `a234567890_b234567890_c234567890_d234567890_e23`?)"},
        {"of/_", "_", ""},
        {".", ".", ""},
        {"..", "..", ""},
        {"/", "", ""},
        {"", "", ""},
        {"of/\x1b[1m", "\\x1b[1m", " (did you mean `m`?)"},
    };
    char *folder = dir_temp();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *sentence = text_format("gyre new: \"%s\" cannot be the name of a plugin: names are "
                                     "[a-z][a-z0-9_]*, 47 bytes at most%s\n",
                                     cases[i].name, cases[i].better);
        refused(folder, cases[i].operand, sentence);
        free(sentence);
    }
    CU_ASSERT_EQUAL(dir_count(folder), 0);
    dir_end(folder);
}

static void a_name_that_another_plugin_bears_is_refused(void)
{
    char *folder = dir_temp();
    char *file = build_path("plugins/std.so");
    char *sentence = text_format(
        "gyre new: there is a plugin called `std` already, %s; choose another name\n", file);
    refused(folder, "of/std", sentence);
    CU_ASSERT_EQUAL(dir_count(folder), 0);
    free(sentence);
    free(file);
    dir_end(folder);
}

static void an_unknown_kind_is_refused_with_those_that_there_are(void)
{
    char *folder = dir_temp();
    struct process_result r;
    gyre(folder, ARGV("new", "mine", "--kind", "filter"), &r);
    CU_ASSERT_EQUAL(r.status, 2);
    expect(r.err, "gyre new: --kind filter: give one of "
                  "keyed|source|sink|map|aggregate|window|join; see gyre new --help\n");
    CU_ASSERT_EQUAL(dir_count(folder), 0);
    process_result_fini(&r);
    dir_end(folder);
}

static void a_folder_that_cannot_be_made_is_told_and_none_is_left(void)
{
    char *folder = dir_temp();
    shell(folder, "echo kept >taken; ln -s taken link", "");
    refused(folder, "taken", "gyre new: taken is there already, and is no folder\n");
    refused(folder, "link", "gyre new: link is there already, and is no folder\n");
    refused(folder, "taken/mine", "gyre new: cannot make taken: File exists\n");
    refused(folder, "/proc/of/mine", "gyre new: cannot make /proc/of: No such file or directory\n");
    shell(folder, "ls -A; cat taken", "link\ntaken\nkept\n");
    dir_end(folder);
}

/* A disk of two pages takes some of the files. */
static void a_full_disk_is_told_and_nothing_is_left(void)
{
    char *folder = dir_temp(), *disk = path_join(folder, "disk");
    run_own_mounts();
    CU_ASSERT_EQUAL_FATAL(mkdir(disk, 0777), 0);
    CU_ASSERT_EQUAL_FATAL(mount("none", disk, "tmpfs", 0, "size=8k,mode=0777"), 0);
    refused(folder, "disk/of/mine",
            "gyre new: cannot write disk/of/mine/.gitignore: No space left on device\n");
    CU_ASSERT_EQUAL(dir_count(disk), 0);
    CU_ASSERT_EQUAL(umount(disk), 0);
    free(disk);
    dir_end(folder);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(project_of_a_keyed_operator_builds_passes_and_conforms, 120),
    SUITE_TEST_WITHIN(project_of_a_source_builds_passes_and_conforms, 120),
    SUITE_TEST_WITHIN(project_of_a_sink_builds_passes_and_conforms, 120),
    SUITE_TEST_WITHIN(project_of_maps_builds_passes_and_conforms, 120),
    SUITE_TEST_WITHIN(project_of_aggregates_builds_passes_and_conforms, 120),
    SUITE_TEST_WITHIN(project_of_window_functions_builds_passes_and_conforms, 120),
    SUITE_TEST_WITHIN(project_of_a_join_builds_passes_and_conforms, 120),
    SUITE_TEST_WITHIN(projects_of_any_name_build_and_pass, 120),
    SUITE_TEST(a_makefile_without_the_sdk_says_where_to_look),
    SUITE_TEST(the_files_are_those_of_the_templates),
    SUITE_TEST(the_name_stands_wherever_a_name_stands),
    SUITE_TEST(a_file_that_is_there_is_kept_and_nothing_is_written),
    SUITE_TEST(a_link_that_leads_nowhere_is_kept_too),
    SUITE_TEST(a_folder_with_other_files_will_do),
    SUITE_TEST(names_that_no_plugin_can_bear_are_refused),
    SUITE_TEST(a_name_that_another_plugin_bears_is_refused),
    SUITE_TEST(an_unknown_kind_is_refused_with_those_that_there_are),
    SUITE_TEST(a_folder_that_cannot_be_made_is_told_and_none_is_left),
    SUITE_TEST(a_full_disk_is_told_and_nothing_is_left),
};
SUITE_MAIN("new", tests)
