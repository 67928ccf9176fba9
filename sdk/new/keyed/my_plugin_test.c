/* Unit tests: one operator at a time, driven by hand. gyre/testkit.h says what can be done with a kit. */
#include "test.h"

static const struct gyre_kit_setup changes = {
    .plugin = "./my_plugin.so",
    .op = "my_plugin.changes",
    .options = "key = \"device\";", /* what stands beside `op` in a job file */
    .inputs = {{.schema = "device: str, status: str"}},
};

static int a_status_that_stays_is_put_out_once(void)
{
    struct gyre_kit *kit = gyre_kit_new(&changes);
    gyre_kit_push(kit, NULL, "pump,ready\npump,ready\npump,on");
    return test_end(kit, gyre_kit_expect(kit, NULL, "pump,unknown,ready,0\npump,ready,on,2", 0));
}

static int devices_do_not_know_of_each_other(void)
{
    struct gyre_kit *kit = gyre_kit_new(&changes);
    gyre_kit_push(kit, NULL, "pump,ready\nvalve,shut\npump,ready\nvalve,shut");
    return test_end(kit, gyre_kit_expect(kit, NULL, "pump,unknown,ready,0\nvalve,unknown,shut,0",
                                         GYRE_KIT_ANY_ORDER));
}

/* A snapshot is restored by three tasks where one took it: state goes where its key goes. A string beyond 12 bytes
 * is worth a test, for shorter ones stand inside of the struct. */
static int what_is_known_survives_a_restart_with_more_tasks(void)
{
    struct gyre_kit_setup more = changes;
    struct gyre_kit *kit = gyre_kit_new(&changes);
    gyre_kit_push(kit, NULL, "pump,waiting for pressure\nvalve,shut");
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    int ok = test_end(kit, snapshot != NULL);
    if (snapshot == NULL)
        return 0;
    more.tasks = 3;
    kit = gyre_kit_restore(&more, snapshot);
    gyre_kit_snapshot_free(snapshot);
    gyre_kit_push(kit, NULL, "pump,waiting for pressure\npump,on\nvalve,shut");
    return test_end(kit, gyre_kit_expect(kit, NULL, "pump,waiting for pressure,on,2", 0)) && ok;
}

static int share_leaves_nulls_out(void)
{
    static const struct gyre_kit_setup share = {
        .plugin = "./my_plugin.so",
        .op = "my_plugin.share",
        .options = "of = \"on\";",
        .inputs = {{.schema = "status: str or null"}},
        .mode = GYRE_MODE_BATCH, /* one result, when the input ends */
    };
    struct gyre_kit *kit = gyre_kit_new(&share);
    gyre_kit_push(kit, NULL, "on\noff\n{}\non\noff");
    gyre_kit_end(kit, NULL);
    return test_end(kit, gyre_kit_expect(kit, NULL, "0.5", 0));
}

static const struct test tests[] = {
    {"a status that stays is put out once", a_status_that_stays_is_put_out_once},
    {"devices do not know of each other", devices_do_not_know_of_each_other},
    {"what is known survives a restart with more tasks",
     what_is_known_survives_a_restart_with_more_tasks},
    {"share leaves nulls out", share_leaves_nulls_out},
};

int main(void)
{
    return test_run(tests, sizeof tests / sizeof *tests);
}
