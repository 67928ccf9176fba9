#define _GNU_SOURCE /* mkdtemp */
#include "test.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A folder of its own for each test. */
struct place {
    char folder[32], path[64];
};

static struct gyre_kit_setup begin(struct place *place)
{
    struct gyre_kit_setup setup = {.plugin = "./litedb.so",
                                   .op = "litedb.table",
                                   .options = "path = \"my.db\"; table = \"my words\";",
                                   .inputs = {{.schema = "word: str or null, n: i64"}},
                                   .snapshots = 1};
    strcpy(place->folder, "/tmp/litedb_XXXXXX");
    setup.folder = mkdtemp(place->folder);
    snprintf(place->path, sizeof place->path, "%s/my.db", place->folder);
    return setup;
}

/* What another program sees: the words, a space behind each. */
static int sees(const struct place *place, const char *wanted)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;
    char is[1024] = "";
    sqlite3_open_v2(place->path, &db, SQLITE_OPEN_READONLY, NULL);
    if (sqlite3_prepare_v2(db, "SELECT coalesce(word, 'NULL') || n FROM \"my words\" ORDER BY n",
                           -1, &rows, NULL) != SQLITE_OK)
        snprintf(is, sizeof is, "%s", sqlite3_errmsg(db));
    while (rows != NULL && sqlite3_step(rows) == SQLITE_ROW)
        snprintf(is + strlen(is), sizeof is - strlen(is), "%s ",
                 (const char *)sqlite3_column_text(rows, 0));
    sqlite3_finalize(rows);
    sqlite3_close(db);
    if (strcmp(is, wanted) != 0)
        fprintf(stderr, "is:     %s\nwanted: %s\n", is, wanted);
    return strcmp(is, wanted) == 0;
}

static int end(struct place *place, struct gyre_kit *kit, int ok)
{
    static const char *const all[] = {"", "-wal", "-shm"};
    ok = test_end(kit, ok);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char path[80];
        snprintf(path, sizeof path, "%s%s", place->path, all[i]);
        unlink(path);
    }
    rmdir(place->folder);
    return ok;
}

static int rows_are_seen_when_they_are_committed(void)
{
    struct place place;
    struct gyre_kit_setup setup = begin(&place);
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_push(kit, NULL, "to,1\nbe,2");
    int ok = sees(&place, "");
    gyre_kit_snapshot_free(gyre_kit_snapshot(kit)); /* prepares */
    ok &= sees(&place, "");
    gyre_kit_push(kit, NULL, "or,3"); /* of the next one */
    gyre_kit_commit(kit);
    ok &= sees(&place, "to1 be2 ");
    gyre_kit_push(kit, NULL, "{\"n\": 4}");
    gyre_kit_snapshot_free(gyre_kit_snapshot(kit));
    gyre_kit_commit(kit);
    return end(&place, kit, sees(&place, "to1 be2 or3 NULL4 ") && ok);
}

static int what_is_undone_is_gone(void)
{
    struct place place;
    struct gyre_kit_setup setup = begin(&place);
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_push(kit, NULL, "to,1\nbe,2");
    gyre_kit_snapshot_free(gyre_kit_snapshot(kit));
    gyre_kit_abort(kit);
    gyre_kit_push(kit, NULL, "or,3");
    gyre_kit_snapshot_free(gyre_kit_snapshot(kit));
    gyre_kit_commit(kit);
    return end(&place, kit, sees(&place, "or3 "));
}

/* The process dies between the snapshot and the commit: the next one commits. */
static int a_restart_commits_what_was_prepared(void)
{
    struct place place;
    struct gyre_kit_setup setup = begin(&place);
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_push(kit, NULL, "to,1\nbe,2");
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    gyre_kit_push(kit, NULL, "lost,3");
    int ok = test_end(kit, snapshot != NULL && sees(&place, ""));
    kit = snapshot != NULL ? gyre_kit_restore(&setup, snapshot) : NULL;
    gyre_kit_snapshot_free(snapshot);
    ok &= sees(&place, "to1 be2 ");
    gyre_kit_push(kit, NULL, "not,3");
    gyre_kit_snapshot_free(gyre_kit_snapshot(kit));
    gyre_kit_commit(kit);
    return end(&place, kit, sees(&place, "to1 be2 not3 ") && ok);
}

/* What was committed after the snapshot comes again: it goes first. */
static int an_older_snapshot_takes_back_what_came_later(void)
{
    struct place place;
    struct gyre_kit_setup setup = begin(&place);
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_push(kit, NULL, "to,1");
    struct gyre_kit_snapshot *older = gyre_kit_snapshot(kit);
    gyre_kit_commit(kit);
    gyre_kit_push(kit, NULL, "be,2\nor,3");
    gyre_kit_snapshot_free(gyre_kit_snapshot(kit));
    gyre_kit_commit(kit);
    int ok = test_end(kit, older != NULL && sees(&place, "to1 be2 or3 "));
    kit = older != NULL ? gyre_kit_restore(&setup, older) : NULL;
    gyre_kit_snapshot_free(older);
    return end(&place, kit, sees(&place, "to1 ") && ok);
}

static int a_run_that_begins_anew_has_an_empty_table(void)
{
    struct place place;
    struct gyre_kit_setup setup = begin(&place);
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_push(kit, NULL, "to,1");
    gyre_kit_snapshot_free(gyre_kit_snapshot(kit));
    gyre_kit_commit(kit);
    int ok = test_end(kit, sees(&place, "to1 "));
    kit = gyre_kit_new(&setup);
    return end(&place, kit, sees(&place, "") && ok);
}

static const struct test tests[] = {
    {"rows are seen when they are committed", rows_are_seen_when_they_are_committed},
    {"what is undone is gone", what_is_undone_is_gone},
    {"a restart commits what was prepared", a_restart_commits_what_was_prepared},
    {"an older snapshot takes back what came later", an_older_snapshot_takes_back_what_came_later},
    {"a run that begins anew has an empty table", a_run_that_begins_anew_has_an_empty_table},
};

int main(void)
{
    return test_run(tests, sizeof tests / sizeof *tests);
}
