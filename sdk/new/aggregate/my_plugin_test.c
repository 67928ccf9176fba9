/* Unit tests: one function at a time, driven by hand. gyre/testkit.h says what can be done with a kit. */
#include "test.h"

static const struct gyre_kit_setup mean = {
    .plugin = "./my_plugin.so",
    .op = "my_plugin.mean",
    .options = "key = \"item\";", /* what stands beside `op` in a job file */
    .inputs = {{.schema = "item: str, price: f64 or null, pieces: i64 or null"}},
    .mode = GYRE_MODE_BATCH, /* one result for each key, when the input ends */
};

static int mean_is_weighted_by_pieces_and_skips_nulls(void)
{
    struct gyre_kit *kit = gyre_kit_new(&mean);
    gyre_kit_push(kit, NULL, "tea,2,1\ntea,4,3\ntea,100,\nsalt,1,0");
    gyre_kit_end(kit, NULL);
    return test_end(kit, gyre_kit_expect(kit, NULL, "tea,3.5\nsalt,", GYRE_KIT_ANY_ORDER));
}

/* Windows that overlap are merged from parts: this is what tests `merge`. */
static int windows_that_slide_hold_the_rows_of_their_parts(void)
{
    struct gyre_kit_setup slides = mean;
    slides.mode = GYRE_MODE_STREAM;
    slides.options = "key = \"item\"; window = { time = \"2m\"; }; every = { time = \"1m\"; };";
    struct gyre_kit *kit = gyre_kit_new(&slides);
    gyre_kit_push(kit, NULL, "@1s tea,2,1\n@61s tea,4,1\n@121s tea,6,1");
    gyre_kit_end(kit, NULL);
    return test_end(kit, gyre_kit_expect(kit, NULL,
                                         "tea,-60000000,60000000,2\ntea,0,120000000,3\n"
                                         "tea,60000000,180000000,5\ntea,120000000,240000000,6",
                                         0));
}

static int longest_goes_on_after_a_restart(void)
{
    static const struct gyre_kit_setup longest = {
        .plugin = "./my_plugin.so",
        .op = "my_plugin.longest",
        .inputs = {{.schema = "note: str or null"}},
    };
    struct gyre_kit *kit = gyre_kit_new(&longest);
    gyre_kit_push(kit, NULL, "a note beyond twelve bytes");
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    int ok = test_end(kit, snapshot != NULL);
    if (snapshot == NULL)
        return 0;
    kit = gyre_kit_restore(&longest, snapshot);
    gyre_kit_snapshot_free(snapshot);
    gyre_kit_push(kit, NULL, "short");
    return test_end(kit, gyre_kit_expect(kit, NULL, "a note beyond twelve bytes", 0)) && ok;
}

static const struct test tests[] = {
    {"mean is weighted by pieces, and skips nulls", mean_is_weighted_by_pieces_and_skips_nulls},
    {"windows that slide hold the rows of their parts",
     windows_that_slide_hold_the_rows_of_their_parts},
    {"longest goes on after a restart", longest_goes_on_after_a_restart},
};

int main(void)
{
    return test_run(tests, sizeof tests / sizeof *tests);
}
