/* Unit tests: the sink, driven by hand, in a folder of their own. gyre/testkit.h says what can be done with a kit. */
#define _GNU_SOURCE /* mkdtemp */
#include "test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct gyre_kit_setup parts = {
    .plugin = "./my_plugin.so",
    .op = "my_plugin.parts",
    .options = "path = \"out\";",
    .inputs = {{.schema = "line: str"}},
    .snapshots = 1,
};

struct place {
    char folder[32]; /* what `path` is relative to */
};

static struct gyre_kit_setup begin(struct place *place)
{
    struct gyre_kit_setup setup = parts;
    strcpy(place->folder, "/tmp/parts_XXXXXX");
    setup.folder = mkdtemp(place->folder);
    return setup;
}

/* Counts the visible files of the output, and those with a dot, or removes them all. */
static void look(const struct place *place, int *visible, int *hidden, int remove_them)
{
    char path[64], file[512];
    const struct dirent *entry;
    snprintf(path, sizeof path, "%s/out", place->folder);
    DIR *out = opendir(path);
    *visible = *hidden = 0;
    while (out != NULL && (entry = readdir(out)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        *(entry->d_name[0] == '.' ? hidden : visible) += 1;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (remove_them)
            unlink(file);
    }
    if (out != NULL)
        closedir(out);
    if (remove_them)
        rmdir(path);
}

static int has(const struct place *place, int visible, int hidden)
{
    int is_visible, is_hidden;
    look(place, &is_visible, &is_hidden, 0);
    if (is_visible != visible || is_hidden != hidden)
        fprintf(stderr, "%d files and %d hidden ones, not %d and %d\n", is_visible, is_hidden,
                visible, hidden);
    return is_visible == visible && is_hidden == hidden;
}

static int end(struct place *place, struct gyre_kit *kit, int ok)
{
    int visible, hidden;
    ok = test_end(kit, ok);
    look(place, &visible, &hidden, 1);
    rmdir(place->folder);
    return ok;
}

static int rows_are_seen_when_they_are_committed(void)
{
    struct place place;
    struct gyre_kit_setup setup = begin(&place);
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_push(kit, NULL, "to\nbe");
    int ok = has(&place, 0, 1);
    gyre_kit_snapshot_free(gyre_kit_snapshot(kit)); /* prepares */
    ok &= has(&place, 0, 1);
    gyre_kit_commit(kit);
    ok &= has(&place, 1, 0);
    gyre_kit_snapshot_free(gyre_kit_snapshot(kit)); /* no row came since */
    gyre_kit_commit(kit);
    return end(&place, kit, has(&place, 1, 0) && ok);
}

static int what_is_undone_is_gone(void)
{
    struct place place;
    struct gyre_kit_setup setup = begin(&place);
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_push(kit, NULL, "to\nbe");
    gyre_kit_snapshot_free(gyre_kit_snapshot(kit));
    gyre_kit_abort(kit);
    return end(&place, kit, has(&place, 0, 0));
}

/* The process dies between the snapshot and the commit: the next one commits. */
static int a_restart_commits_what_was_prepared(void)
{
    struct place place;
    struct gyre_kit_setup setup = begin(&place);
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_push(kit, NULL, "to\nbe");
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    int ok = test_end(kit, snapshot != NULL && has(&place, 0, 1));
    kit = snapshot != NULL ? gyre_kit_restore(&setup, snapshot) : NULL;
    gyre_kit_snapshot_free(snapshot);
    return end(&place, kit, ok && has(&place, 1, 0));
}

/* What was committed after that snapshot comes again. */
static int an_older_snapshot_takes_back_what_came_later(void)
{
    struct place place;
    struct gyre_kit_setup setup = begin(&place);
    struct gyre_kit *kit = gyre_kit_new(&setup);
    gyre_kit_push(kit, NULL, "to");
    struct gyre_kit_snapshot *older = gyre_kit_snapshot(kit);
    gyre_kit_commit(kit);
    gyre_kit_push(kit, NULL, "be");
    gyre_kit_snapshot_free(gyre_kit_snapshot(kit));
    gyre_kit_commit(kit);
    gyre_kit_push(kit, NULL, "or");
    int ok = test_end(kit, older != NULL && has(&place, 2, 1));
    kit = older != NULL ? gyre_kit_restore(&setup, older) : NULL;
    gyre_kit_snapshot_free(older);
    return end(&place, kit, ok && has(&place, 1, 0));
}

static const struct test tests[] = {
    {"rows are seen when they are committed", rows_are_seen_when_they_are_committed},
    {"what is undone is gone", what_is_undone_is_gone},
    {"a restart commits what was prepared", a_restart_commits_what_was_prepared},
    {"an older snapshot takes back what came later", an_older_snapshot_takes_back_what_came_later},
};

int main(void)
{
    return test_run(tests, sizeof tests / sizeof *tests);
}
