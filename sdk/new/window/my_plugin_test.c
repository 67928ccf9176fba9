/* Unit tests: one function at a time, driven by hand. gyre/testkit.h says what can be done with a kit. */
#include "test.h"

/* What stands in a job beside `op` comes first. */
static struct gyre_kit_setup setup_of(const char *options)
{
    return (struct gyre_kit_setup){
        .plugin = "./my_plugin.so",
        .op = "my_plugin.median",
        .options = options,
        .inputs = {{.schema = "symbol: str, price: f64 or null, volume: i64 or null"}},
    };
}

static int median_of_an_even_number_is_between_the_two_in_the_middle(void)
{
    struct gyre_kit_setup setup = setup_of("window = { count = 4; };");
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_push(kit, NULL, "A,10,1\nA,1,1\nA,4,1\nA,3,1");
    return test_end(kit, gyre_kit_expect(kit, NULL, "3.5,4", 0));
}

static int median_skips_nulls_and_may_be_null(void)
{
    struct gyre_kit_setup setup = setup_of("key = \"symbol\"; window = { count = 2; };");
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_push(kit, NULL, "A,10,1\nB,,1\nA,,1\nB,,1");
    return test_end(kit, gyre_kit_expect(kit, NULL, "A,10,1\nB,,0", GYRE_KIT_ANY_ORDER));
}

/* A window of time is put out when the watermark has come to its end. */
static int minutes_are_put_out_one_by_one(void)
{
    struct gyre_kit_setup setup = setup_of("window = { time = \"1m\"; };");
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_push(kit, NULL, "@1s A,10,1\n@59s A,20,1\n@60s A,3,1");
    gyre_kit_watermark(kit, NULL, 60000000);
    return test_end(kit, gyre_kit_expect(kit, NULL, "0,60000000,15,2", 0));
}

static int volume_fires_when_so_much_was_traded_also_over_a_restart(void)
{
    struct gyre_kit_setup setup =
        setup_of("window = { fn = \"my_plugin.volume\"; volume = 100; };");
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_push(kit, NULL, "A,1,40\nA,2,");
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    int ok = test_end(kit, snapshot != NULL && gyre_kit_count(kit, NULL) == 0);
    if (snapshot == NULL)
        return 0;
    kit = gyre_kit_restore(&setup, snapshot);
    gyre_kit_snapshot_free(snapshot);
    gyre_kit_push(kit, NULL, "A,3,60\nA,4,99");
    return test_end(kit, gyre_kit_expect(kit, NULL, "2,3", 0)) && ok;
}

static const struct test tests[] = {
    {"median of an even number is between the two in the middle",
     median_of_an_even_number_is_between_the_two_in_the_middle},
    {"median skips nulls, and may be null", median_skips_nulls_and_may_be_null},
    {"minutes are put out one by one", minutes_are_put_out_one_by_one},
    {"volume fires when so much was traded, also over a restart",
     volume_fires_when_so_much_was_traded_also_over_a_restart},
};

int main(void)
{
    return test_run(tests, sizeof tests / sizeof *tests);
}
