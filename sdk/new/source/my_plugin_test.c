/* Unit tests: the source, driven by hand. gyre/testkit.h says what can be done with a kit. */
#include "test.h"

#include <string.h>

static struct gyre_kit_setup setup_of(const char *options)
{
    return (struct gyre_kit_setup){
        .plugin = "./my_plugin.so", .op = "my_plugin.numbers", .options = options};
}

static int all_numbers_come_once(void)
{
    struct gyre_kit_setup setup = setup_of("from = -2; to = 4; per_split = 3;");
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_run(kit, 100);
    return test_end(kit, gyre_kit_expect(kit, NULL, "-2\n-1\n0\n1\n2\n3\n4", GYRE_KIT_ANY_ORDER));
}

static int an_empty_range_has_no_rows(void)
{
    struct gyre_kit_setup setup = setup_of("from = 5; to = 4;");
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_run(kit, 100);
    return test_end(kit, gyre_kit_expect(kit, NULL, "", 0));
}

/* What came before the snapshot does not come again, and nothing is left out; at two tasks, too. */
static int it_goes_on_where_it_was(void)
{
    struct gyre_kit_setup setup = setup_of("from = 1; to = 6; per_split = 4;");
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_poll(kit, 2); /* about two rows */
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    int ok = gyre_kit_expect(kit, NULL, "1\n2", 0);
    ok = test_end(kit, snapshot != NULL && ok);
    if (snapshot == NULL)
        return 0;
    setup.tasks = 2;
    kit = gyre_kit_restore(&setup, snapshot);
    gyre_kit_snapshot_free(snapshot);
    gyre_kit_run(kit, 100);
    return test_end(kit, gyre_kit_expect(kit, NULL, "3\n4\n5\n6", GYRE_KIT_ANY_ORDER)) && ok;
}

static int too_many_splits_are_refused_with_a_sentence(void)
{
    struct gyre_kit_setup setup = setup_of("to = 1000000; per_split = 1;");
    struct gyre_kit *kit = gyre_kit_new(&setup);
    int ok = kit != NULL && strstr(gyre_kit_error(kit), "more than 10000 splits") != NULL;
    gyre_kit_free(kit);
    return ok;
}

static const struct test tests[] = {
    {"all numbers come once", all_numbers_come_once},
    {"an empty range has no rows", an_empty_range_has_no_rows},
    {"it goes on where it was", it_goes_on_where_it_was},
    {"too many splits are refused with a sentence", too_many_splits_are_refused_with_a_sentence},
};

int main(void)
{
    return test_run(tests, sizeof tests / sizeof *tests);
}
