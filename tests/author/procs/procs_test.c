#define _GNU_SOURCE /* mkdtemp */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder that looks like /proc: processes 3 and 20, and others. */
struct place {
    char folder[32];
};

static void put(const struct place *place, const char *pid, const char *stat)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", place->folder, pid);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/stat", place->folder, pid);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(stat, file) < 0 || fclose(file) != 0)
        perror(path);
}

static void gone(const struct place *place, const char *pid)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s/stat", place->folder, pid);
    unlink(path);
    snprintf(path, sizeof path, "%s/%s", place->folder, pid);
    rmdir(path);
}

static struct gyre_kit_setup begin(struct place *place)
{
    strcpy(place->folder, "/tmp/procs_XXXXXX");
    struct gyre_kit_setup setup = {.plugin = "./procs.so",
                                   .op = "procs.processes",
                                   .options = "path = \".\"; interval = \"1s\"; samples = 2;",
                                   .folder = mkdtemp(place->folder)};
    put(place, "20", "20 (a (strange) name) R 1 20\n");
    put(place, "3", "3 (init) S 0 3\n");
    put(place, "self", "7 (me) R 0 7\n");
    put(place, "5", ""); /* has ended meanwhile */
    return setup;
}

static int end(struct place *place, struct gyre_kit *kit, int ok)
{
    static const char *const all[] = {"20", "3", "self", "5", "4"};
    ok = test_end(kit, ok);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        gone(place, all[i]);
    rmdir(place->folder);
    return ok;
}

static int all_processes_come_once_in_each_sample(void)
{
    struct place place;
    struct gyre_kit_setup setup = begin(&place);
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_run(kit, 100);
    int ok =
        gyre_kit_expect(kit, NULL, "@1s 1,3,init,S\n@1s 1,20,a (strange) name,R", GYRE_KIT_TIMES);
    ok &= gyre_kit_told(kit) == 1000001;
    gyre_kit_clock(kit, 1999999);
    gyre_kit_run(kit, 100);
    ok &= gyre_kit_expect(kit, NULL, "", 0);
    gyre_kit_clock(kit, 2000000);
    gyre_kit_run(kit, 100);
    return end(
        &place, kit,
        gyre_kit_expect(kit, NULL, "@2s 2,3,init,S\n@2s 2,20,a (strange) name,R", GYRE_KIT_TIMES) &&
            ok);
}

/* In the middle of a sample, which goes on as the one that it was. */
static int it_goes_on_behind_the_last_process(void)
{
    struct place place;
    struct gyre_kit_setup setup = begin(&place);
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_poll(kit, 1);
    int ok = gyre_kit_expect(kit, NULL, "1,3,init,S", 0);
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    ok &= test_end(kit, snapshot != NULL);
    gone(&place, "3");
    put(&place, "4", "4 (cc1) R 3 4\n");
    setup.now_us = 9000000;
    kit = snapshot != NULL ? gyre_kit_restore(&setup, snapshot) : NULL;
    gyre_kit_snapshot_free(snapshot);
    gyre_kit_run(kit, 2);
    ok &= gyre_kit_expect(kit, NULL, "@1s 1,4,cc1,R\n@1s 1,20,a (strange) name,R", GYRE_KIT_TIMES);
    gyre_kit_run(kit, 100);
    return end(
        &place, kit,
        gyre_kit_expect(kit, NULL, "@9s 2,4,cc1,R\n@9s 2,20,a (strange) name,R", GYRE_KIT_TIMES) &&
            ok);
}

static int the_test_itself_is_among_the_processes(void)
{
    struct gyre_kit_setup setup = {
        .plugin = "./procs.so", .op = "procs.processes", .options = "samples = 1;"};
    struct gyre_kit *kit = gyre_kit_new(&setup);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"pid\":%d,\"name\":\"procs_test\"", (int)getpid());
    gyre_kit_run(kit, 1000000);
    const char *rows = gyre_kit_rows(kit, NULL, 0);
    return test_end(kit, rows != NULL && strstr(rows, wanted) != NULL);
}

static int a_folder_that_is_not_there_is_told(void)
{
    struct gyre_kit_setup setup = {
        .plugin = "./procs.so", .op = "procs.processes", .options = "path = \"nowhere\";"};
    struct gyre_kit *kit = gyre_kit_new(&setup);
    int ok = kit != NULL && strstr(gyre_kit_error(kit), "nowhere: No such file") != NULL;
    gyre_kit_free(kit);
    return ok;
}

static const struct test tests[] = {
    {"all processes come once in each sample", all_processes_come_once_in_each_sample},
    {"it goes on behind the last process", it_goes_on_behind_the_last_process},
    {"the test itself is among the processes", the_test_itself_is_among_the_processes},
    {"a folder that is not there is told", a_folder_that_is_not_there_is_told},
};

int main(void)
{
    return test_run(tests, sizeof tests / sizeof *tests);
}
