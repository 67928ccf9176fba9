/* Unit tests: the operator, driven by hand. gyre/testkit.h says what can be done with a kit. */
#include "test.h"

static const struct gyre_kit_setup match = {
    .plugin = "./my_plugin.so",
    .op = "my_plugin.match",
    .options = "key = { orders = \"id\"; payments = \"id\"; };",
    .inputs = {{"orders", "id: str, item: str"}, {"payments", "id: str, cents: i64"}},
};

static int either_may_come_first(void)
{
    struct gyre_kit *kit = gyre_kit_new(&match);
    gyre_kit_push(kit, "orders", "a,tea");
    int ok = gyre_kit_expect(kit, NULL, "", 0);
    gyre_kit_push(kit, "payments", "a,250\nb,100");
    ok &= gyre_kit_expect(kit, NULL, "a,tea,250", 0);
    gyre_kit_push(kit, "orders", "b,salt from the sea");
    return test_end(kit, gyre_kit_expect(kit, NULL, "b,salt from the sea,100", 0) && ok);
}

static int a_payment_is_for_one_order(void)
{
    struct gyre_kit *kit = gyre_kit_new(&match);
    gyre_kit_push(kit, "payments", "a,250");
    gyre_kit_push(kit, "orders", "a,tea\na,more tea");
    return test_end(kit, gyre_kit_expect(kit, NULL, "a,tea,250", 0));
}

/* Two tasks where one took the snapshot: what waits goes where its key goes. */
static int what_waits_survives_a_restart_with_more_tasks(void)
{
    struct gyre_kit_setup more = match;
    struct gyre_kit *kit = gyre_kit_new(&match);
    gyre_kit_push(kit, "orders", "a,a thing beyond twelve bytes\nb,salt");
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    int ok = test_end(kit, snapshot != NULL);
    if (snapshot == NULL)
        return 0;
    more.tasks = 2;
    kit = gyre_kit_restore(&more, snapshot);
    gyre_kit_snapshot_free(snapshot);
    gyre_kit_push(kit, "payments", "b,1\na,2");
    return test_end(kit, gyre_kit_expect(kit, NULL, "a,a thing beyond twelve bytes,2\nb,salt,1",
                                         GYRE_KIT_ANY_ORDER)) &&
           ok;
}

static int an_order_is_forgotten_after_an_hour(void)
{
    struct gyre_kit *kit = gyre_kit_new(&match);
    gyre_kit_push(kit, "orders", "a,tea");
    gyre_kit_clock(kit, 3602 * INT64_C(1000000)); /* the clock stands still until it is told */
    gyre_kit_push(kit, "payments", "a,250");
    return test_end(kit, gyre_kit_expect(kit, NULL, "", 0));
}

static const struct test tests[] = {
    {"either may come first", either_may_come_first},
    {"a payment is for one order", a_payment_is_for_one_order},
    {"what waits survives a restart with more tasks",
     what_waits_survives_a_restart_with_more_tasks},
    {"an order is forgotten after an hour", an_order_is_forgotten_after_an_hour},
};

int main(void)
{
    return test_run(tests, sizeof tests / sizeof *tests);
}
