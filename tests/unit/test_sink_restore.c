/* Exactly-once sinks, file.write and the ledger of tests/fixtures, through snapshots, by hand: random rows to random tasks, barriers that are published or
 * not, transactions that stay pending, processes that die anywhere, restores of the last snapshot or
 * an older one, at another parallelism. The rows are the numbers 0, 1, 2, ...: what is to be seen after
 * a restore are those the snapshot had, each once. GYRE_BIG=1: more seeds. */
#include "base/mem.h"
#include "base/rng.h"
#include "files.h"
#include "suite.h"
#include "unit/hand.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ITEMS_VERSION = 1 }; /* of file.write; the ledger does not care */
enum { TASKS_MAX = 5, PENDING_MAX = 64, SNAPSHOTS_MAX = 64, NUMBERS_MAX = 40000 };

struct pending {
    uint32_t task;
    uint64_t epoch;
    struct gyre_writer prepared;
};

struct snapshot {
    int64_t count; /* rows before its barrier */
    uint32_t tasks;
    struct gy_items items[TASKS_MAX];
    uint32_t n_pending;
    struct pending pending[PENDING_MAX];
};

struct world {
    struct gy_rng rng;
    struct hand hand;
    char *dir, *out, *aside;
    enum { FOLDER, ONE_FILE, LEDGER } kind;
    bool is_folder, has_header; /* many files; those of file.write */
    /* the process */
    uint32_t tasks;
    struct gy_instance *instances[TASKS_MAX];
    int64_t count;
    uint64_t epoch;
    uint32_t n_pending;
    struct pending pending[PENDING_MAX];
    /* the disk */
    uint32_t n_snapshots;
    struct snapshot snapshots[SNAPSHOTS_MAX];
    uint8_t seen[NUMBERS_MAX];
};

/* ---- what is to be seen ---- */

static bool count_numbers(struct world *w, const char *path)
{
    char *text = file_read(path, NULL), *at = text;
    bool ok = *text != 0 || w->kind == LEDGER; /* an empty part is none */
    if (w->has_header && (!w->is_folder || ok)) {
        ok = strncmp(at, "value\n", 6) == 0;
        at += ok ? 6 : 0;
    }
    while (ok && *at != 0) {
        char *end;
        long n = strtol(at, &end, 10);
        ok = end != at && *end == '\n' && n >= 0 && n < NUMBERS_MAX && w->seen[n]++ == 0;
        if (!ok)
            fprintf(stderr, "%s: not a number for the first time: %.20s\n", path, at);
        at = end + 1;
    }
    ok = ok || (!w->is_folder && *text == 0 && !w->has_header);
    if (!ok)
        fprintf(stderr, "%s is \"%.40s\"\n", path, text);
    free(text);
    return ok;
}

static bool is_visible(const char *name)
{
    return strncmp(name, "part-", 5) == 0 || strncmp(name, "job-out-", 8) == 0;
}

/* Counts all that can be seen; false where a number is there twice. */
static bool look(struct world *w)
{
    bool ok = true;
    memset(w->seen, 0, sizeof w->seen);
    if (!w->is_folder)
        return count_numbers(w, w->out);
    DIR *dir = opendir(w->out);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (!is_visible(e->d_name))
            continue;
        char *path = path_join(w->out, e->d_name);
        ok = count_numbers(w, path) && ok;
        free(path);
    }
    closedir(dir);
    return ok;
}

/* True where 0 ... count - 1 are there, each once, and of others those below `most` at most. */
static bool shows(struct world *w, int64_t count, int64_t most)
{
    bool ok = look(w);
    for (int64_t i = 0; i < NUMBERS_MAX && ok; i++) {
        ok = i < count ? w->seen[i] == 1 : i < most || w->seen[i] == 0;
        if (!ok)
            fprintf(stderr, "number %lld is there %d times; %lld ... %lld rows are to be seen\n",
                    (long long)i, w->seen[i], (long long)count, (long long)most);
    }
    return ok;
}

/* ---- the process ---- */

static bool flush_all(struct world *w)
{
    for (uint32_t t = 0; t < w->tasks; t++)
        if (gy_instance_flush(w->instances[t], true) != 0)
            return hand_failed(w->instances[t], "no failure");
    return true;
}

static void forget_pending(struct world *w)
{
    for (uint32_t i = 0; i < w->n_pending; i++)
        gy_free(w->pending[i].prepared.data);
    w->n_pending = 0;
}

/* Puts the names in folder `from` that begin with a dot into `to` as well. */
static void link_hidden(const char *from, const char *to)
{
    DIR *dir = opendir(from);
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        char *old = path_join(from, e->d_name), *new = path_join(to, e->d_name);
        bool is_hidden = e->d_name[0] == '.' && is_visible(e->d_name + 1);
        if (is_hidden && link(old, new) != 0 && !file_exists(new))
            CU_FAIL_FATAL("link");
        free(old);
        free(new);
    }
    if (dir != NULL)
        closedir(dir);
}

/* Ends the process as a signal does: what `close` would tidy up stays. */
static void kill_all(struct world *w)
{
    dir_remove(w->aside);
    CU_ASSERT_EQUAL_FATAL(mkdir(w->aside, 0700), 0);
    if (w->is_folder)
        link_hidden(w->out, w->aside);
    for (uint32_t t = 0; t < w->tasks; t++)
        gy_instance_free(w->instances[t]);
    if (w->is_folder)
        link_hidden(w->aside, w->out);
    forget_pending(w);
    w->tasks = 0;
}

static int commit_one(struct world *w, const struct pending *p)
{
    char txn[64];
    snprintf(txn, sizeof txn, "job-out-%u-%llu", p->task, (unsigned long long)p->epoch);
    return gy_instance_commit(w->instances[p->task % w->tasks], txn, &p->prepared);
}

static bool commit_some(struct world *w, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint64_t again = 1 + gy_rng_below(&w->rng, 2); again > 0; again--)
            if (commit_one(w, &w->pending[i]) != 0)
                return hand_failed(w->instances[w->pending[i].task % w->tasks], "no failure");
    return true;
}

static struct pending copy_pending(const struct pending *p)
{
    struct pending copy = *p;
    copy.prepared.data = gy_alloc(p->prepared.length + 1);
    memcpy(copy.prepared.data, p->prepared.data, p->prepared.length);
    return copy;
}

static void drop_snapshots(struct world *w, uint32_t keep)
{
    while (w->n_snapshots > keep) {
        struct snapshot *s = &w->snapshots[--w->n_snapshots];
        for (uint32_t t = 0; t < s->tasks; t++)
            gy_items_fini(&s->items[t]);
        for (uint32_t i = 0; i < s->n_pending; i++)
            gy_free(s->pending[i].prepared.data);
    }
}

/* ---- snapshots ---- */

/* The barrier: every task saves and prepares. */
static bool barrier(struct world *w, struct snapshot *s)
{
    *s = (struct snapshot){.count = w->count, .tasks = w->tasks};
    w->epoch++;
    for (uint32_t t = 0; t < w->tasks; t++) {
        struct pending *p = &w->pending[w->n_pending++];
        char txn[64];
        *p = (struct pending){.task = t, .epoch = w->epoch};
        snprintf(txn, sizeof txn, "job-out-%u-%llu", t, (unsigned long long)w->epoch);
        if (gy_instance_flush(w->instances[t], true) != 0 ||
            gy_instance_save_items(w->instances[t], &s->items[t]) != 0 ||
            gy_instance_prepare(w->instances[t], txn, &p->prepared) != 0)
            return hand_failed(w->instances[t], "no failure");
    }
    s->n_pending = w->n_pending;
    for (uint32_t i = 0; i < w->n_pending; i++)
        s->pending[i] = copy_pending(&w->pending[i]);
    return true;
}

/* A snapshot, in which the process may die anywhere; false where something is wrong. */
static bool take_snapshot(struct world *w)
{
    if (w->n_snapshots == SNAPSHOTS_MAX || w->n_pending + 2 * TASKS_MAX > PENDING_MAX)
        return true;
    uint64_t fate = gy_rng_below(&w->rng, 10);
    bool ok = barrier(w, &w->snapshots[w->n_snapshots++]);
    if (fate <= 1) /* it failed, or nobody heard that it did not */
        drop_snapshots(w, w->n_snapshots - (uint32_t)(fate == 0));
    if (fate <= 2) {
        if (fate == 2 || gy_rng_below(&w->rng, 2) == 0)
            kill_all(w);
        return ok;
    }
    if (fate == 3) {
        ok = ok && commit_some(w, (uint32_t)gy_rng_below(&w->rng, w->n_pending));
        kill_all(w);
        return ok;
    }
    ok = ok && commit_some(w, w->n_pending);
    forget_pending(w);
    return ok && shows(w, w->count, w->count);
}

static bool restore_from(struct world *w, const struct snapshot *s)
{
    struct gy_items dealt[TASKS_MAX] = {0};
    bool ok = gy_items_deal(GYRE_ITEMS_UNION, s->items, s->tasks, dealt, w->tasks) == 0;
    for (uint32_t t = 0; t < w->tasks; t++) {
        for (size_t i = 0; ok && i < dealt[t].list.n; i++)
            ok = gy_instance_restore_item(w->instances[t], ITEMS_VERSION,
                                          &dealt[t].list.items[i]) == 0;
        gy_items_fini(&dealt[t]);
    }
    for (uint32_t i = 0; i < s->n_pending; i++)
        w->pending[w->n_pending++] = copy_pending(&s->pending[i]);
    ok = ok && commit_some(w, w->n_pending);
    forget_pending(w);
    w->count = s->count;
    return ok;
}

/* A new process, from the last snapshot or, where that is damaged, one before. */
static bool begin(struct world *w)
{
    w->tasks = w->is_folder ? 1 + (uint32_t)gy_rng_below(&w->rng, TASKS_MAX) : 1;
    while (w->n_snapshots > 0 && gy_rng_below(&w->rng, 5) == 0)
        drop_snapshots(w, w->n_snapshots - 1);
    for (uint32_t t = 0; t < w->tasks; t++)
        w->instances[t] = hand_open(&w->hand, "out", t, w->tasks);
    w->count = 0;
    bool ok = w->n_snapshots == 0 || restore_from(w, &w->snapshots[w->n_snapshots - 1]);
    if (gy_rng_below(&w->rng, 3) == 0) /* dies at once */
        return ok;
    return ok && flush_all(w) && shows(w, w->count, w->count);
}

static bool step(struct world *w)
{
    if (w->tasks == 0)
        return begin(w);
    switch (gy_rng_below(&w->rng, 12)) {
    case 0: kill_all(w); return true;
    case 1:
    case 2: return take_snapshot(w);
    case 3: return flush_all(w);
    default: break;
    }
    uint32_t n = (uint32_t)gy_rng_below(&w->rng, 40);
    struct gy_instance *to = w->instances[gy_rng_below(&w->rng, w->tasks)];
    if (w->count + n >= NUMBERS_MAX)
        return true;
    bool ok = hand_numbers(to, w->count, n) == 0;
    w->count += n;
    return ok;
}

/* ---- seeds ---- */

/* The folder's names, sizes and times of change, added up. */
static uint64_t traces(struct world *w)
{
    uint64_t sum = 0;
    DIR *dir = opendir(w->is_folder ? w->out : w->dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct stat st;
        if (fstatat(dirfd(dir), e->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
            sum += (uint64_t)st.st_mtim.tv_nsec + (uint64_t)st.st_mtim.tv_sec * 1000003 +
                   (uint64_t)st.st_size + (uint64_t)st.st_ino + 1;
    }
    closedir(dir);
    return sum;
}

/* The end of the job, and a restore of its end. */
static bool finish(struct world *w)
{
    bool ok = w->tasks > 0 || begin(w);
    drop_snapshots(w, 0);
    ok = ok && barrier(w, &w->snapshots[w->n_snapshots++]) && commit_some(w, w->n_pending);
    forget_pending(w);
    ok = ok && shows(w, w->count, w->count);
    kill_all(w);
    uint64_t before = traces(w);
    w->tasks = w->is_folder ? 1 + (uint32_t)gy_rng_below(&w->rng, TASKS_MAX) : 1;
    for (uint32_t t = 0; t < w->tasks; t++)
        w->instances[t] = hand_open(&w->hand, "out", t, w->tasks);
    ok = ok && restore_from(w, &w->snapshots[0]) && flush_all(w);
    kill_all(w);
    if (ok && before != traces(w))
        fprintf(stderr, "a finished job that was restored changed something\n");
    return ok && before == traces(w);
}

static bool run_seed(uint64_t seed, int kind)
{
    struct world *w = calloc(1, sizeof *w);
    gy_rng_init(&w->rng, seed);
    w->kind = kind;
    w->is_folder = kind != ONE_FILE;
    w->has_header = kind != LEDGER && gy_rng_below(&w->rng, 2) == 0;
    w->dir = dir_temp();
    w->out = path_join(w->dir, w->is_folder ? "out/" : "out");
    w->aside = path_join(w->dir, "aside");
    char *text =
        text_format("job = \"t\"; snapshot = { every = \"1s\"; dir = \"s\"; };\n"
                    "operators = ( { id = \"in\"; op = \"gen.sequence\"; to = 0; },\n"
                    "{ id = \"out\"; input = \"in\"; %s = \"%s\"; %s } );\n",
                    kind == LEDGER ? "op = \"sim_sinks.ledger\"; dir" : "op = \"file.write\"; path",
                    w->out, w->has_header ? "header = true;" : "");
    hand_init(&w->hand, w->dir, text);
    bool ok = true;
    for (int i = 0; ok && i < 150; i++)
        ok = step(w);
    ok = ok && finish(w);
    if (!ok) {
        printf("seed %llu\n", (unsigned long long)seed);
        for (uint32_t t = 0; t < w->tasks; t++)
            hand_failed(w->instances[t], "");
    }
    if (w->tasks > 0)
        kill_all(w);
    drop_snapshots(w, 0);
    hand_fini(&w->hand);
    dir_remove(w->dir);
    free(text), free(w->aside), free(w->out), free(w->dir), free(w);
    return ok;
}

static void run_seeds(int kind)
{
    const char *big = getenv("GYRE_BIG");
    uint64_t seeds = big != NULL && big[0] == '1' ? 2000 : 40;
    for (uint64_t seed = 1; seed <= seeds; seed++)
        CU_ASSERT_TRUE_FATAL(run_seed(seed, kind));
}

static void part_files_show_each_row_once_whenever_processes_die(void)
{
    run_seeds(FOLDER);
}

static void a_single_file_shows_each_row_once_whenever_processes_die(void)
{
    run_seeds(ONE_FILE);
}

static void the_ledger_shows_each_row_once_whenever_processes_die(void)
{
    run_seeds(LEDGER);
}

/* ---- what has been changed from outside ---- */

/* A job with one sink and the state it has after ten rows and a barrier. */
struct small {
    struct hand hand;
    char *dir, *out;
    struct gy_items items;
    struct gyre_writer prepared;
};

static void small_init(struct small *s, const char *name)
{
    memset(s, 0, sizeof *s);
    s->dir = dir_temp();
    s->out = path_join(s->dir, name);
    char *text = text_format("job = \"t\"; snapshot = { every = \"1s\"; dir = \"s\"; };\n"
                             "operators = ( { id = \"in\"; op = \"gen.sequence\"; to = 0; },\n"
                             "{ id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"%s\"; }"
                             " );\n",
                             s->out);
    hand_init(&s->hand, s->dir, text);
    free(text);
    struct gy_instance *i = hand_open(&s->hand, "out", 0, 1);
    CU_ASSERT_EQUAL(hand_numbers(i, 0, 10), 0);
    CU_ASSERT_EQUAL(gy_instance_flush(i, true), 0);
    CU_ASSERT_EQUAL(gy_instance_save_items(i, &s->items), 0);
    CU_ASSERT_EQUAL(gy_instance_prepare(i, "t", &s->prepared), 0);
    gy_instance_free(i);
}

static struct gy_instance *small_restored(struct small *s)
{
    struct gy_instance *i = hand_open(&s->hand, "out", 0, 1);
    for (size_t k = 0; k < s->items.list.n; k++)
        CU_ASSERT_EQUAL(gy_instance_restore_item(i, ITEMS_VERSION, &s->items.list.items[k]), 0);
    return i;
}

static void small_fini(struct small *s)
{
    gy_items_fini(&s->items);
    gy_free(s->prepared.data);
    hand_fini(&s->hand);
    dir_remove(s->dir);
    free(s->out);
    free(s->dir);
}

static void a_single_file_that_is_shorter_or_gone_is_refused_and_left_alone(void)
{
    struct small s;
    small_init(&s, "out");
    CU_ASSERT_EQUAL(truncate(s.out, 19), 0);
    struct gy_instance *i = small_restored(&s);
    CU_ASSERT_NOT_EQUAL(gy_instance_flush(i, true), 0);
    CU_ASSERT(hand_failed(i, "out has 19 bytes, less than the 20 it had in the snapshot"));
    gy_instance_free(i);
    CU_ASSERT_EQUAL(unlink(s.out), 0);
    i = small_restored(&s);
    CU_ASSERT_NOT_EQUAL(hand_numbers(i, 10, 1), 0);
    CU_ASSERT(hand_failed(i, "out is not there; it had 20 bytes in the snapshot"));
    gy_instance_free(i);
    CU_ASSERT_FALSE(file_exists(s.out));
    small_fini(&s);
}

static void a_single_file_that_is_another_is_refused_and_left_alone(void)
{
    struct small s;
    small_init(&s, "out");
    file_write_text(s.out, "a line of others, and one more\n");
    struct gy_instance *i = small_restored(&s);
    CU_ASSERT_NOT_EQUAL(hand_numbers(i, 10, 1), 0);
    CU_ASSERT(hand_failed(i, "out is not the file of the snapshot: what precedes byte 20"));
    gy_instance_free(i);
    char *text = file_read(s.out, NULL);
    CU_ASSERT_STRING_EQUAL(text, "a line of others, and one more\n");
    free(text);
    small_fini(&s);
}

/* Snapshots of before know its length alone. */
static void an_item_of_the_first_version_is_taken_without_a_mark(void)
{
    struct small s;
    small_init(&s, "out");
    struct gy_instance *i = hand_open(&s.hand, "out", 0, 1);
    struct gy_item *item = &s.items.list.items[0];
    CU_ASSERT_EQUAL(s.items.list.n, 1);
    item->n = 20;
    CU_ASSERT_EQUAL(gy_instance_restore_item(i, 0, item), 0);
    CU_ASSERT_EQUAL(hand_numbers(i, 10, 1), 0);
    CU_ASSERT_EQUAL(gy_instance_flush(i, true), 0);
    gy_instance_free(i);
    char *text = file_read(s.out, NULL);
    CU_ASSERT_STRING_EQUAL(text, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
    free(text);
    small_fini(&s);
}

/* ... each time: the folder that `open` makes is not left. */
static void parts_of_a_folder_that_is_gone_are_refused(void)
{
    struct small s;
    small_init(&s, "out/");
    dir_remove(s.out);
    for (int again = 0; again < 2; again++) {
        struct gy_instance *i = hand_open(&s.hand, "out", 0, 1);
        struct gy_item *item = &s.items.list.items[0];
        CU_ASSERT_NOT_EQUAL(gy_instance_restore_item(i, ITEMS_VERSION, item), 0);
        CU_ASSERT(hand_failed(i, "was not there"));
        gy_instance_free(i);
        CU_ASSERT_FALSE(file_exists(s.out));
        gy_instance_free(hand_open(&s.hand, "out", 0, 1)); /* another has failed before it */
        CU_ASSERT_FALSE(file_exists(s.out));
    }
    small_fini(&s);
}

/* Asserts that the state of the sink `name` is refused by one that writes `other`, and leaves nothing. */
static void check_refused_by(const char *name, const char *other, const char *says)
{
    struct small s, to;
    small_init(&s, name);
    small_init(&to, other);
    dir_remove(to.out);
    struct gy_instance *i = hand_open(&to.hand, "out", 0, 1);
    CU_ASSERT_NOT_EQUAL(gy_instance_restore_item(i, ITEMS_VERSION, &s.items.list.items[0]), 0);
    CU_ASSERT(hand_failed(i, says));
    gy_instance_free(i);
    CU_ASSERT_FALSE(file_exists(to.out));
    small_fini(&to);
    small_fini(&s);
}

static void a_path_of_another_kind_is_refused(void)
{
    check_refused_by("out", "other/", "in the snapshot, one file, and is ");
    check_refused_by("out/", "other", "in the snapshot, a folder of parts, and is ");
}

static void a_part_that_was_taken_from_a_folder_that_has_moved_is_not_missed(void)
{
    struct small s, to;
    small_init(&s, "out/");
    small_init(&to, "other/");
    dir_remove(to.out);
    CU_ASSERT_EQUAL_FATAL(rename(s.out, to.out), 0);
    for (int again = 0; again < 2; again++) {
        struct gy_instance *i = hand_open(&to.hand, "out", 0, 1);
        CU_ASSERT_EQUAL(gy_instance_restore_item(i, ITEMS_VERSION, &s.items.list.items[0]), 0);
        CU_ASSERT_EQUAL(gy_instance_commit(i, "t", &s.prepared), 0);
        gy_instance_free(i);
        char *part = path_join(to.out, "part-0-0");
        CU_ASSERT_EQUAL(unlink(part), again == 0 ? 0 : -1);
        free(part);
    }
    small_fini(&to);
    small_fini(&s);
}

static void a_pending_part_is_missed_in_another_folder(void)
{
    struct small s, to;
    small_init(&s, "out/");
    small_init(&to, "other/");
    struct gy_instance *i = hand_open(&to.hand, "out", 0, 1);
    CU_ASSERT_EQUAL(gy_instance_restore_item(i, ITEMS_VERSION, &s.items.list.items[0]), 0);
    char *part = path_join(to.out, ".part-0-0");
    CU_ASSERT_EQUAL(unlink(part), 0);
    CU_ASSERT_NOT_EQUAL(gy_instance_commit(i, "t", &s.prepared), 0);
    CU_ASSERT(hand_failed(i, "part-0-0 is there: put it back"));
    gy_instance_free(i);
    free(part);
    small_fini(&to);
    small_fini(&s);
}

static void a_part_that_goes_before_it_is_committed_is_missed(void)
{
    struct small s;
    struct gyre_writer prepared = {0};
    small_init(&s, "out/");
    struct gy_instance *i = hand_open(&s.hand, "out", 0, 1);
    CU_ASSERT_EQUAL(hand_numbers(i, 0, 10), 0);
    CU_ASSERT_EQUAL(gy_instance_prepare(i, "t", &prepared), 0);
    char *part = path_join(s.out, ".part-0-0");
    CU_ASSERT_EQUAL(unlink(part), 0);
    CU_ASSERT_NOT_EQUAL(gy_instance_commit(i, "t", &prepared), 0);
    CU_ASSERT(hand_failed(i, "part-0-0 is there: put it back"));
    gy_instance_free(i);
    gy_free(prepared.data);
    free(part);
    small_fini(&s);
}

static void a_part_that_a_reader_took_away_is_taken_for_committed(void)
{
    struct small s;
    small_init(&s, "out/");
    struct gy_instance *i = small_restored(&s);
    CU_ASSERT_EQUAL(gy_instance_commit(i, "t", &s.prepared), 0);
    gy_instance_free(i);
    char *part = path_join(s.out, "part-0-0");
    CU_ASSERT_EQUAL(unlink(part), 0);
    i = small_restored(&s);
    CU_ASSERT_EQUAL(gy_instance_commit(i, "t", &s.prepared), 0);
    CU_ASSERT_EQUAL(hand_numbers(i, 10, 1), 0);
    gy_instance_free(i);
    CU_ASSERT_EQUAL(dir_count(s.out), 0);
    free(part);
    small_fini(&s);
}

static void files_that_only_begin_like_parts_survive_a_restore_and_no_first_run(void)
{
    static const char *const names[] = {"part-mine", "part-01-2", ".part-0-x", "part-0-7 ",
                                        "other"};
    struct small s;
    small_init(&s, "out/");
    for (size_t k = 0; k < 5; k++) {
        char *path = path_join(s.out, names[k]);
        file_write_text(path, "x");
        free(path);
    }
    char *beyond = path_join(s.out, "part-3-0"), *other = path_join(s.out, "other");
    file_write_text(beyond, "x");
    struct gy_instance *i = small_restored(&s);
    CU_ASSERT_EQUAL(gy_instance_flush(i, true), 0);
    gy_instance_free(i);
    CU_ASSERT_FALSE(file_exists(beyond));
    CU_ASSERT_EQUAL(dir_count(s.out), 6); /* and the pending part */
    i = hand_open(&s.hand, "out", 0, 1);
    CU_ASSERT_EQUAL(gy_instance_flush(i, true), 0);
    gy_instance_free(i);
    CU_ASSERT_EQUAL(dir_count(s.out), 1);
    CU_ASSERT(file_exists(other));
    free(beyond);
    free(other);
    small_fini(&s);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(part_files_show_each_row_once_whenever_processes_die, 300),
    SUITE_TEST_WITHIN(a_single_file_shows_each_row_once_whenever_processes_die, 300),
    SUITE_TEST_WITHIN(the_ledger_shows_each_row_once_whenever_processes_die, 300),
    SUITE_TEST(a_single_file_that_is_shorter_or_gone_is_refused_and_left_alone),
    SUITE_TEST(a_single_file_that_is_another_is_refused_and_left_alone),
    SUITE_TEST(an_item_of_the_first_version_is_taken_without_a_mark),
    SUITE_TEST(parts_of_a_folder_that_is_gone_are_refused),
    SUITE_TEST(a_path_of_another_kind_is_refused),
    SUITE_TEST(a_part_that_was_taken_from_a_folder_that_has_moved_is_not_missed),
    SUITE_TEST(a_pending_part_is_missed_in_another_folder),
    SUITE_TEST(a_part_that_goes_before_it_is_committed_is_missed),
    SUITE_TEST(a_part_that_a_reader_took_away_is_taken_for_committed),
    SUITE_TEST(files_that_only_begin_like_parts_survive_a_restore_and_no_first_run),
};

SUITE_MAIN("sink_restore", tests)
