/* gyre new, in want of memory. */
#include "support/suite.h"

#include <stdlib.h>
#include <unistd.h>

#include "app/commands.h"
#include "base/mem.h"
#include "support/files.h"

/* Whichever allocation fails: a sentence, and nothing is left. */
static void without_memory_it_is_refused_and_nothing_is_left(void)
{
    char *folder = dir_temp(), *project = path_join(folder, "of/mine/");
    const char *operands[] = {project};
    struct gy_cli cli = {.command = "new", .format = "text", .operands = {1, operands}};
    int status = GY_EXIT_USAGE;
    uint64_t k = 0;
    for (bool hit = true; hit; hit = gy_mem_fail_hit()) {
        CU_ASSERT_EQUAL(status, GY_EXIT_USAGE);
        CU_ASSERT_EQUAL(dir_count(folder), 0);
        gy_mem_fail_after(++k);
        status = gy_cmd_new(&cli);
    }
    gy_mem_fail_after(0);
    CU_ASSERT(k > 30);
    CU_ASSERT_EQUAL(status, GY_EXIT_OK);
    CU_ASSERT_EQUAL(dir_count(folder), 1);
    free(project);
    dir_end(folder);
}

static const struct suite_test tests[] = {
    SUITE_TEST(without_memory_it_is_refused_and_nothing_is_left),
};
SUITE_MAIN("app_new", tests)
