/* See sink_world.h. */
#include "unit/sink_world.h"

#include "base/mem.h"
#include "base/rng.h"
#include "files.h"
#include "suite.h"
#include "unit/dealt.h"
#include "unit/file_rig.h"
#include "unit/hand.h"
#include "unit/packed.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TASKS_MAX = 5, PENDING_MAX = 64, SNAPSHOTS_MAX = 64, NUMBERS_MAX = 40000, KEYS = 5 };

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
    int kind;                   /* SINK_... */
    bool is_folder, has_header; /* many files; those of file.write */
    bool by_value;              /* a folder for each of KEYS values */
    bool goes_on;               /* parts may be written over several snapshots */
    int codec;
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

static void put_line(struct rig *rig, uint32_t row)
{
    const struct gyre_str *line = (struct gyre_str *)rig->data[0] + row;
    rig_say(rig, gyre_str_data(line), line->len);
    rig_say(rig, "\n", 1);
}

/* The text of a file, by file.read where it is compressed; free() it. */
static char *read_text(const struct world *w, const char *path)
{
    struct rig rig;
    if (w->codec == PACKED_NONE)
        return file_read(path, NULL);
    rig_init(&rig, path, LINES);
    rig.on_row = put_line;
    *(int32_t *)rig_option(&rig, "compression") = w->codec;
    rig_open(&rig);
    rig_add_file(&rig, NULL);
    while (rig_poll(&rig, 60).status != GYRE_POLL_SPLIT) {}
    rig_close(&rig);
    char *text = strdup(rig.log);
    rig_fini(&rig);
    return text;
}

/* Rows are a number, or a key and a number behind it; `key` -1: any. */
static bool count_rows(struct world *w, const char *at, const char *path, long key)
{
    bool ok = true;
    while (ok && *at != 0) {
        char *end;
        long n = strtol(at, &end, 10);
        if (w->by_value && *end == ',') {
            ok = n == key;
            at = end + 1;
            n = strtol(at, &end, 10);
        }
        ok = ok && end != at && *end == '\n' && n >= 0 && n < NUMBERS_MAX && w->seen[n]++ == 0;
        ok = ok && (key < 0 || n % KEYS == key);
        if (!ok)
            fprintf(stderr, "%s: not a number for the first time: %.20s\n", path, at);
        at = end + 1;
    }
    return ok;
}

static bool count_numbers(struct world *w, const char *path, long key)
{
    char *text = read_text(w, path), *at = text;
    bool ok = *text != 0 || w->kind == SINK_LEDGER; /* an empty part is none */
    if (w->has_header && (!w->is_folder || ok)) {
        char *end = strchr(at, '\n');
        ok = end != NULL && end - at >= 5 && strncmp(end - 5, "value\n", 6) == 0;
        at = ok ? end + 1 : at;
    }
    ok = ok && count_rows(w, at, path, key);
    ok = ok || (!w->is_folder && *text == 0 && (!w->has_header || w->codec != PACKED_NONE));
    if (!ok)
        fprintf(stderr, "%s is \"%.40s\"\n", path, text);
    free(text);
    return ok;
}

static bool is_visible(const char *name)
{
    return strncmp(name, "part-", 5) == 0 || strncmp(name, "job-out-", 8) == 0;
}

/* The k-th folder in which files are, in `of`; NULL: there are no more. free() it. */
static char *folder_of(const struct world *w, const char *of, int k)
{
    char name[16];
    snprintf(name, sizeof name, "k=%d/", k);
    if (w->by_value)
        return k < KEYS ? path_join(of, name) : NULL;
    return k == 0 ? strdup(of) : NULL;
}

static bool look_into(struct world *w, const char *folder, long key, bool all)
{
    bool ok = true;
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        bool is_hidden = e->d_name[0] == '.' && is_visible(e->d_name + 1);
        if (!is_visible(e->d_name) && !(all && is_hidden))
            continue;
        char *path = path_join(folder, e->d_name);
        ok = count_numbers(w, path, key) && ok;
        free(path);
    }
    if (dir != NULL)
        closedir(dir);
    return ok;
}

/* Counts all that can be seen, and with `all` what cannot as well; false where a number is there twice. */
static bool look(struct world *w, bool all)
{
    bool ok = true;
    memset(w->seen, 0, sizeof w->seen);
    if (!w->is_folder)
        return count_numbers(w, w->out, -1);
    char *folder;
    for (int k = 0; (folder = folder_of(w, w->out, k)) != NULL; k++) {
        ok = look_into(w, folder, w->by_value ? k : -1, all) && ok;
        free(folder);
    }
    return ok;
}

/* True where 0 ... count - 1 are there, each once, and of others those below `most` at most; those in parts
 * that are being written, too. */
static bool shows(struct world *w, int64_t count, int64_t most)
{
    bool ok = look(w, w->goes_on);
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

static void link_all(const struct world *w, const char *from, const char *to)
{
    char *old, *new;
    for (int k = 0; (old = folder_of(w, from, k)) != NULL; k++) {
        new = folder_of(w, to, k);
        mkdir(new, 0777); /* it is there, or it is not */
        link_hidden(old, new);
        free(old);
        free(new);
    }
}

/* Ends the process as a signal does: what `close` would tidy up stays. */
static void kill_all(struct world *w)
{
    dir_remove(w->aside);
    CU_ASSERT_EQUAL_FATAL(mkdir(w->aside, 0700), 0);
    if (w->is_folder)
        link_all(w, w->out, w->aside);
    for (uint32_t t = 0; t < w->tasks; t++)
        gy_instance_free(w->instances[t]);
    if (w->is_folder)
        link_all(w, w->aside, w->out);
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
            gy_instance_prepare(w->instances[t], txn, &p->prepared) != 0 ||
            gy_instance_save_items(w->instances[t], &s->items[t]) != 0)
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
    bool ok = dealt_items(GYRE_ITEMS_UNION, s->items, s->tasks, dealt, w->tasks) == 0;
    for (uint32_t t = 0; t < w->tasks; t++) {
        for (size_t i = 0; ok && i < dealt[t].list.n; i++)
            ok = gy_instance_restore_item(w->instances[t], SINK_ITEMS_VERSION,
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

/* As hand_numbers, with a key before each. */
static int put_pairs(struct gy_instance *instance, int64_t from, uint32_t n)
{
    int64_t keys[64], values[64];
    struct gy_column columns[2] = {{.data = keys}, {.data = values}};
    struct gy_batch batch = {.rows = n, .kept = n, .n_columns = 2, .columns = columns};
    for (uint32_t i = 0; i < n; i++) {
        values[i] = from + i;
        keys[i] = values[i] % KEYS;
    }
    return gy_instance_process(instance, 0, &batch);
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
    gy_clock_manual_advance(&w->hand.clock, (int64_t)gy_rng_below(&w->rng, 1000));
    bool ok = (w->by_value ? put_pairs(to, w->count, n) : hand_numbers(to, w->count, n)) == 0;
    w->count += n;
    return ok;
}

/* ---- seeds ---- */

static uint64_t traces_in(const char *folder)
{
    uint64_t sum = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        struct stat st;
        if (fstatat(dirfd(dir), e->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
            sum += (uint64_t)st.st_mtim.tv_nsec + (uint64_t)st.st_mtim.tv_sec * 1000003 +
                   (uint64_t)st.st_size + (uint64_t)st.st_ino + 1;
    }
    if (dir != NULL)
        closedir(dir);
    return sum;
}

/* The names, sizes and times of change, added up. */
static uint64_t traces(struct world *w)
{
    char *folder;
    uint64_t sum = 0;
    if (!w->is_folder)
        return traces_in(w->dir);
    for (int k = 0; (folder = folder_of(w, w->out, k)) != NULL; k++) {
        sum += traces_in(folder);
        free(folder);
    }
    return sum;
}

/* The end of the job, and a restore of its end. */
static bool finish(struct world *w)
{
    bool ok = w->tasks > 0 || begin(w);
    for (uint32_t t = 0; t < w->tasks; t++)
        ok = ok && gy_instance_watermark(w->instances[t], INT64_MAX) == 0;
    w->goes_on = false; /* all has to be seen */
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

static char *job_text(struct world *w)
{
    static const char *const codecs[] = {"auto", "none", "gzip", "zstd"};
    char *op =
        w->kind == SINK_LEDGER
            ? text_format("op = \"sim_sinks.ledger\"; dir = \"%s\";", w->out)
            : text_format(
                  "op = \"file.write\"; path = \"%s%s\"; compression = \"%s\";"
                  " path_fields = \"%s\"; open_max = %d; %s%s%s",
                  w->out, w->by_value ? "k={key}/" : "", codecs[w->codec],
                  w->by_value && gy_rng_below(&w->rng, 2) == 0 ? "drop" : "keep",
                  1 + (int)gy_rng_below(&w->rng, 4), w->goes_on ? "rotate_size = \"200B\"; " : "",
                  w->goes_on && gy_rng_below(&w->rng, 2) == 0 ? "rotate_time = \"10ms\"; " : "",
                  w->has_header ? "header = true;" : "");
    char *text = text_format(
        "job = \"t\"; snapshot = { every = \"1s\"; dir = \"s\"; };\n"
        "operators = ( { id = \"in\"; op = \"gen.events\"; count = 1; },\n"
        "{ id = \"some\"; input = \"in\"; op = \"std.select\"; fields = [%s\"value\"]; },\n"
        "{ id = \"out\"; input = \"some\"; %s } );\n",
        w->by_value ? "\"key\", " : "", op);
    free(op);
    return text;
}

/* There is much that is brought to the disk; in memory that takes no time. */
static char *dir_in_memory(void)
{
    const char *before = getenv("TMPDIR");
    char *kept = before != NULL ? strdup(before) : NULL;
    if (access("/dev/shm", W_OK | X_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    char *dir = dir_temp();
    if (kept != NULL)
        setenv("TMPDIR", kept, 1);
    else
        unsetenv("TMPDIR");
    free(kept);
    return dir;
}

static void init(struct world *w, uint64_t seed, int kind)
{
    gy_rng_init(&w->rng, seed);
    w->kind = kind;
    w->is_folder = kind != SINK_ONE_FILE && kind != SINK_PACKED_FILE;
    w->by_value = kind == SINK_VALUES;
    w->has_header = kind != SINK_LEDGER && gy_rng_below(&w->rng, 2) == 0;
    w->goes_on = (kind == SINK_VALUES || kind == SINK_ROTATED) && gy_rng_below(&w->rng, 3) != 0;
    w->codec = kind == SINK_PACKED_FILE ? PACKED_GZIP + (int)gy_rng_below(&w->rng, 2)
               : kind >= SINK_ROTATED   ? PACKED_NONE + (int)gy_rng_below(&w->rng, 3)
                                        : PACKED_NONE;
    w->dir = dir_in_memory();
    w->out = path_join(w->dir, w->is_folder ? "out/" : "out");
    w->aside = path_join(w->dir, "aside");
}

bool sink_world_seed(uint64_t seed, int kind)
{
    struct world *w = calloc(1, sizeof *w);
    init(w, seed, kind);
    char *text = job_text(w);
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

void sink_world_seeds(int kind, uint64_t few, uint64_t many)
{
    const char *big = getenv("GYRE_BIG");
    uint64_t seeds = big != NULL && big[0] == '1' ? many : suite_share(few);
    for (uint64_t seed = 1; seed <= seeds; seed++)
        CU_ASSERT_TRUE_FATAL(sink_world_seed(seed, kind));
}
