/* Unit tests: one operator at a time, driven by hand. gyre/testkit.h says what can be done with a kit. */
#include "test.h"

static struct gyre_kit *kit_of(const char *op, const char *options, const char *schema)
{
    struct gyre_kit_setup setup = {
        .plugin = "./my_plugin.so", .op = op, .options = options, .inputs = {{.schema = schema}}};
    return gyre_kit_new(&setup);
}

static int known_drops_nulls_and_what_is_below_the_least(void)
{
    struct gyre_kit *kit =
        kit_of("my_plugin.known", "least = 0;", "place: str, fahrenheit: f64 or null");
    gyre_kit_push(kit, NULL, "roof,14\ncellar,\npole,-60");
    return test_end(kit, gyre_kit_expect(kit, NULL, "roof,14", 0));
}

static int celsius_passes_other_fields_on(void)
{
    struct gyre_kit *kit = kit_of("my_plugin.celsius", NULL, "place: str, fahrenheit: f64 or null");
    gyre_kit_push(kit, NULL, "roof,14\nkettle,212\ncellar,");
    return test_end(kit, gyre_kit_expect(kit, NULL, "roof,14,-10\nkettle,212,100\ncellar,,", 0));
}

static int parts_leave_empty_ones_out(void)
{
    struct gyre_kit *kit = kit_of("my_plugin.parts", NULL, "path: str");
    gyre_kit_push(kit, NULL, "/usr//share/\n/\na name beyond twelve bytes");
    return test_end(kit,
                    gyre_kit_expect(kit, NULL, "usr,0\nshare,1\na name beyond twelve bytes,0", 0));
}

static const struct test tests[] = {
    {"known drops nulls, and what is below the least",
     known_drops_nulls_and_what_is_below_the_least},
    {"celsius passes other fields on", celsius_passes_other_fields_on},
    {"parts leave empty ones out", parts_leave_empty_ones_out},
};

int main(void)
{
    return test_run(tests, sizeof tests / sizeof *tests);
}
