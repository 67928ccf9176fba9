#include "test.h"

static const struct gyre_kit_setup histogram = {
    .plugin = "./lengths.so",
    .op = "lengths.histogram",
    .options = "key = \"who\"; period = \"10s\";",
    .inputs = {{.schema = "who: str, word: str"}},
};

static int a_histogram_comes_when_its_period_is_over(void)
{
    struct gyre_kit *kit = gyre_kit_new(&histogram);
    gyre_kit_push(kit, NULL, "@1s ann,to\n@2s ann,be\n@9s ann,or\n@9s bob,not\n@10s ann,a");
    gyre_kit_watermark(kit, NULL, 9999999);
    int ok = gyre_kit_expect(kit, NULL, "", 0);
    gyre_kit_watermark(kit, NULL, 10000000);
    ok &= gyre_kit_expect(kit, NULL, "ann,10s,2,3\nbob,10s,3,1", GYRE_KIT_ANY_ORDER);
    gyre_kit_end(kit, NULL);
    return test_end(kit, gyre_kit_expect(kit, NULL, "ann,20s,1,1", 0) && ok);
}

static int lengths_are_of_characters_and_have_an_end(void)
{
    struct gyre_kit *kit = gyre_kit_new(&histogram);
    gyre_kit_push(kit, NULL,
                  "@0s ann,für\n@0s ann,\n@0s ann,0123456789012345678901234567890123456789");
    gyre_kit_end(kit, NULL);
    return test_end(kit, gyre_kit_expect(kit, NULL, "ann,10s,0,1\nann,10s,3,1\nann,10s,32,1", 0));
}

static int what_comes_too_late_is_counted(void)
{
    struct gyre_kit *kit = gyre_kit_new(&histogram);
    gyre_kit_push(kit, NULL, "@1s ann,to");
    gyre_kit_watermark(kit, NULL, 10000000);
    gyre_kit_push(kit, NULL, "@2s ann,be");
    gyre_kit_end(kit, NULL);
    int ok = gyre_kit_late_rows(kit) == 1;
    return test_end(kit, gyre_kit_expect(kit, NULL, "ann,10s,2,1", 0) && ok);
}

static int counts_and_timers_survive_a_restart_with_more_tasks(void)
{
    struct gyre_kit_setup more = histogram;
    struct gyre_kit *kit = gyre_kit_new(&histogram);
    gyre_kit_push(kit, NULL, "@1s a name of many letters,to\n@1s bob,be");
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    int ok = test_end(kit, snapshot != NULL);
    if (snapshot == NULL)
        return 0;
    more.tasks = 3;
    kit = gyre_kit_restore(&more, snapshot);
    gyre_kit_snapshot_free(snapshot);
    gyre_kit_push(kit, NULL, "@2s bob,or");
    gyre_kit_watermark(kit, NULL, 10000000);
    return test_end(kit, gyre_kit_expect(kit, NULL, "a name of many letters,10s,2,1\nbob,10s,2,2",
                                         GYRE_KIT_ANY_ORDER)) &&
           ok;
}

static const struct test tests[] = {
    {"a histogram comes when its period is over", a_histogram_comes_when_its_period_is_over},
    {"lengths are of characters, and have an end", lengths_are_of_characters_and_have_an_end},
    {"what comes too late is counted", what_comes_too_late_is_counted},
    {"counts and timers survive a restart with more tasks",
     counts_and_timers_survive_a_restart_with_more_tasks},
};

int main(void)
{
    return test_run(tests, sizeof tests / sizeof *tests);
}
