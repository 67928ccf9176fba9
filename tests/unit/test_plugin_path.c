/* Where plugins are found, and whose files are trusted; see plugin/load.h. */
#include "loader.h"
#include "support/files.h"
#include "support/suite.h"

#include "base/mem.h"
#include "plugin/load.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- who may write it ---- */

static void what_others_may_write_is_refused(void)
{
    char *made = dir_temp();
    char *folder = realpath(made, NULL);
    char *path = loader_copy(LOADER_GOOD, folder, "a.so", SIZE_MAX);
    chmod(path, 0757);
    char *sentence =
        text_format("is the file %s that others may write (mode 0757); chmod go-w %s", path, path);
    loader_expect_refused(path, sentence);
    free(sentence);
    chmod(path, 0755);
    chmod(folder, 0777);
    sentence = text_format("stands in the folder %s that others may write (mode 0777); chmod go-w "
                           "%s",
                           folder, folder);
    loader_expect_refused(path, sentence);
    free(sentence);
    chmod(folder, 01777); /* like /tmp: nobody can replace another's file there */
    CU_ASSERT_EQUAL(loader_add(path).code, 0);
    chmod(folder, 0700);
    chmod(path, 0775); /* one's own group is nobody else */
    CU_ASSERT_EQUAL(loader_add(path).code, 0);
    free(path);
    free(folder);
    dir_remove(made);
    free(made);
}

static void a_link_that_others_may_replace_is_refused(void)
{
    char *made = dir_temp();
    char *folder = realpath(made, NULL);
    char *path = path_join(folder, "a.so"), *target = build_path(LOADER_GOOD);
    CU_ASSERT_EQUAL_FATAL(symlink(target, path), 0);
    CU_ASSERT_EQUAL(loader_add(path).code, 0);
    chmod(folder, 0777);
    char *sentence = text_format("%s: stands in the folder %s that others may write (mode 0777); "
                                 "chmod go-w %s",
                                 path, folder, folder);
    loader_expect_text(loader_add(path).text, sentence);
    free(sentence);
    free(target);
    free(path);
    free(folder);
    dir_remove(made);
    free(made);
}

static void what_belongs_to_others_is_refused(void)
{
    if (geteuid() != 0)
        suite_skip("only root can give files away");
    char *made = dir_temp();
    char *folder = realpath(made, NULL);
    char *path = loader_copy(LOADER_GOOD, folder, "a.so", SIZE_MAX);
    CU_ASSERT_EQUAL_FATAL(chown(path, 54321, (gid_t)-1), 0);
    char *sentence = text_format("is the file %s of user 54321, who is neither root nor the user 0 "
                                 "that runs gyre; copy it to a folder of yours",
                                 path);
    loader_expect_refused(path, sentence);
    free(sentence);
    CU_ASSERT_EQUAL_FATAL(chown(path, 0, 54321), 0);
    chmod(path, 0775);
    sentence =
        text_format("is the file %s that others may write (mode 0775); chmod go-w %s", path, path);
    loader_expect_refused(path, sentence);
    free(sentence);
    free(path);
    free(folder);
    dir_remove(made);
    free(made);
}

/* ---- the path ---- */

static const char *get(struct gy_plugins *plugins, const char *name, struct gyre_error *error)
{
    const struct gy_plugin *plugin = gy_plugins_get(plugins, name, error);
    return plugin ? plugin->path : NULL;
}

static void the_first_folder_that_has_a_plugin_wins(void)
{
    struct gyre_error error = {.size = sizeof error};
    char *one = dir_temp(), *two = dir_temp();
    char *first = loader_copy(LOADER_GOOD, one, "plugin_good.so", SIZE_MAX);
    char *second = loader_copy(LOADER_GOOD, two, "plugin_good.so", SIZE_MAX);
    char *absolute = realpath(first, NULL);
    struct gy_plugins *plugins = gy_plugins_new((const char *const[]){"/nowhere", one, two}, 3);
    const char *path = get(plugins, "plugin_good", &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    CU_ASSERT_STRING_EQUAL(path, absolute);
    gy_plugins_free(plugins);
    free(absolute);
    free(first);
    free(second);
    dir_remove(one);
    dir_remove(two);
    free(one);
    free(two);
}

static void two_plugins_with_one_name_are_refused_naming_both(void)
{
    struct gyre_error error = {.size = sizeof error};
    char *one = dir_temp(), *two = dir_temp();
    char *first = loader_copy(LOADER_GOOD, one, "plugin_good.so", SIZE_MAX);
    char *second = loader_copy(LOADER_GOOD, two, "other.so", SIZE_MAX);
    char *absolute = realpath(second, NULL);
    char *wanted = text_format("two plugins are called `plugin_good`: %s and %s; use only one of "
                               "them",
                               first, absolute);
    struct gy_plugins *plugins = gy_plugins_new((const char *const[]){one}, 1);
    CU_ASSERT_EQUAL(gy_plugins_add(plugins, second, &error), GYRE_EINVAL);
    loader_expect_text(error.text, wanted);
    CU_ASSERT_EQUAL(gy_plugins_add(plugins, first, &error), 0);
    CU_ASSERT_EQUAL(gy_plugins_add(plugins, second, &error), GYRE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(gy_plugins_at(plugins, 0));
    CU_ASSERT_PTR_NULL(gy_plugins_at(plugins, 1));
    gy_plugins_free(plugins);
    free(wanted);
    free(absolute);
    free(first);
    free(second);
    dir_remove(one);
    dir_remove(two);
    free(one);
    free(two);
}

static void an_unknown_plugin_is_answered_with_the_nearest_and_the_folders(void)
{
    struct gyre_error error = {.size = sizeof error};
    char *folder = dir_temp();
    free(loader_copy(LOADER_GOOD, folder, "plugin_good.so", SIZE_MAX));
    struct gy_plugins *plugins = gy_plugins_new((const char *const[]){folder, "/nowhere"}, 2);
    CU_ASSERT_PTR_NULL(gy_plugins_get(plugins, "plugin_god", &error));
    char *wanted = text_format("no plugin `plugin_god` (did you mean `plugin_good`?): looked for "
                               "plugin_god.so in %s, /nowhere; `gyre list` shows those that are "
                               "there",
                               folder);
    loader_expect_text(error.text, wanted);
    CU_ASSERT_PTR_NULL(gy_plugins_get(plugins, "../plugin_good", &error));
    loader_expect_text(error.text,
                       "`../plugin_good` cannot be a plugin: names are [a-z][a-z0-9_]*; `gyre "
                       "list` shows those that are there");
    free(wanted);
    gy_plugins_free(plugins);
    plugins = gy_plugins_new(NULL, 0);
    CU_ASSERT_PTR_NULL(gy_plugins_get(plugins, "zebra", &error));
    loader_expect_text(error.text,
                       "no plugin `zebra`: looked for zebra.so in no folder; `gyre list` "
                       "shows those that are there");
    gy_plugins_free(plugins);
    dir_remove(folder);
    free(folder);
}

static void a_file_on_the_path_must_bear_its_plugins_name(void)
{
    struct gyre_error error = {.size = sizeof error};
    char *folder = build_path("bad");
    struct gy_plugins *plugins = gy_plugins_new((const char *const[]){folder}, 1);
    CU_ASSERT_PTR_NULL(gy_plugins_get(plugins, "name_mismatch", &error));
    char *path = path_join(folder, "name_mismatch.so");
    char *wanted =
        loader_sentence(path, "calls itself `somebody_else` and its file `name_mismatch`; "
                              "call the file somebody_else.so (sdk/README.md#set-up)");
    loader_expect_text(error.text, wanted);
    CU_ASSERT_EQUAL(loader_add(path).code, 0); /* by path, the note's name counts */
    free(wanted);
    free(path);
    gy_plugins_free(plugins);
    free(folder);
}

static void count_refused(void *host, const struct gyre_error *error)
{
    CU_ASSERT(error->code < 0 && error->text[0] != '\0');
    ++*(unsigned *)host;
}

static void loading_all_leaves_out_those_refused(void)
{
    unsigned n_refused = 0;
    char *folder = dir_temp();
    free(loader_copy(LOADER_GOOD, folder, "plugin_good.so", SIZE_MAX));
    free(loader_copy("bad/magic.so", folder, "magic.so", SIZE_MAX));
    free(loader_copy("bad/no_note.so", folder, "no_note.so", SIZE_MAX));
    free(loader_copy(LOADER_GOOD, folder, ".hidden.so", SIZE_MAX));
    free(loader_copy(LOADER_GOOD, folder, "readme.txt", SIZE_MAX));
    struct gy_plugins *plugins = gy_plugins_new((const char *const[]){folder, folder}, 2);
    gy_plugins_load_all(plugins, count_refused, &n_refused);
    CU_ASSERT_EQUAL(n_refused, 2);
    CU_ASSERT_PTR_NOT_NULL(gy_plugins_at(plugins, 0));
    CU_ASSERT_PTR_NULL(gy_plugins_at(plugins, 1));
    gy_plugins_free(plugins);
    dir_remove(folder);
    free(folder);
}

static void running_out_of_memory_is_said_and_leaks_nothing(void)
{
    struct gyre_error error = {.size = sizeof error};
    char *path = build_path(LOADER_GOOD), *folder = build_path("fixtures");
    const char *const dirs[] = {folder, "/nowhere"};
    bool hit = true;
    unsigned k;
    gy_mem_track(true);
    for (k = 1; hit && k < 100; k++) {
        gy_mem_fail_after(k);
        struct gy_plugins *plugins = gy_plugins_new(dirs, 2);
        if (plugins) {
            gy_plugins_get(plugins, "nothing_here", &error);
            if (gy_plugins_add(plugins, path, &error) < 0)
                CU_ASSERT_STRING_EQUAL(error.text, "out of memory while loading plugins");
        }
        gy_plugins_free(plugins);
        hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    }
    CU_ASSERT(k > 4 && k < 100);
    gy_mem_track(false);
    free(path);
    free(folder);
}

static const struct suite_test tests[] = {
    SUITE_TEST(what_others_may_write_is_refused),
    SUITE_TEST(a_link_that_others_may_replace_is_refused),
    SUITE_TEST(what_belongs_to_others_is_refused),
    SUITE_TEST(the_first_folder_that_has_a_plugin_wins),
    SUITE_TEST(two_plugins_with_one_name_are_refused_naming_both),
    SUITE_TEST(an_unknown_plugin_is_answered_with_the_nearest_and_the_folders),
    SUITE_TEST(a_file_on_the_path_must_bear_its_plugins_name),
    SUITE_TEST(loading_all_leaves_out_those_refused),
    SUITE_TEST(running_out_of_memory_is_said_and_leaks_nothing),
};
SUITE_MAIN("plugin_path", tests)
