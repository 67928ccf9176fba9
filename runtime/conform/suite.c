/* See suite.h. */
#include "conform/suite.h"

#include "base/clock.h"
#include "base/mem.h"
#include "conform/golden.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <gyre/error.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef GY_SANITIZED
enum { CHECK_S = 100 };
#else
enum { CHECK_S = 20 };
#endif

enum { SLOTS_MOST = 8, PAUSE_US = 300, SAID_MOST = 2000 };

const char *gy_verdict_name(enum gy_verdict verdict)
{
    static const char *const names[] = {"pass", "fail", "crash", "timeout", "skip", "warn"};
    return names[verdict];
}

size_t gy_suite_count(const struct gy_suite *suite, enum gy_verdict verdict)
{
    size_t n = 0;
    for (size_t i = 0; i < suite->results.n; i++)
        n += suite->results.items[i].verdict == verdict;
    return n;
}

/* How long a check may take, in seconds. */
static int64_t limit_of(const struct gy_suite *suite)
{
    return suite->options.timeout_s > 0 ? suite->options.timeout_s : CHECK_S;
}

/* ---- the folder for files ---- */

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status, (void)kind, (void)at;
    remove(path);
    return 0;
}

static void remove_all(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int make_scratch(struct gy_suite *suite, struct gyre_error *error)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(suite->scratch, sizeof suite->scratch, "%.3000s/gyre-conform-XXXXXX",
             tmp != NULL && tmp[0] != 0 ? tmp : "/tmp");
    if (mkdtemp(suite->scratch) != NULL)
        return 0;
    int code = gyre_error_set(error, GYRE_EIO, -1, "cannot make the folder %.200s: %s",
                              suite->scratch, strerror(errno));
    suite->scratch[0] = 0;
    return code;
}

/* ---- work in a child ---- */

/* One check at work. */
struct slot {
    bool used;
    struct gy_child child;
    struct gy_suite *suite;
    const struct gy_conform_check *check;
    const struct gy_subject *subject; /* NULL: the plugin as a whole */
    size_t result;
    struct gy_script cut; /* while what has crashed is made smaller: the steps that are left ... */
    uint32_t attempt;     /* ... of this script; 0: the scripts are whole */
    char folder[PATH_MAX];
};

static void run_case(struct slot *slot, struct gy_child_area *area)
{
    const struct gy_suite_options *options = &slot->suite->options;
    struct gy_case c = {.check = slot->check,
                        .seed = options->seed,
                        .varies = options->varies,
                        .area = area,
                        .cut = slot->attempt > 0 ? &slot->cut : NULL,
                        .attempt = slot->attempt,
                        .place = {.subject = slot->subject,
                                  .plugin = options->plugin,
                                  .plugin_path = options->plugin_path,
                                  .golden = options->golden,
                                  .scratch = slot->folder}};
    enum gy_verdict verdict = gy_case_run(&c);
    if (area->owner != getpid())
        return; /* a process that the plugin has made */
    const char *text = gy_buf_cstr(&c.text);
    snprintf(area->text, sizeof area->text, "%s", text != NULL && verdict != GY_PASS ? text : "");
    area->verdict = (int)verdict;
    area->done = 1;
    gy_buf_fini(&c.text);
}

static void work(void *host, struct gy_child_area *area)
{
    run_case(host, area);
}

static const char *name_of_end(const struct gy_child *child, char *text, size_t n)
{
    const char *where = child->area->crashed[0] != 0 ? child->area->crashed : "the plugin";
    if (child->end == GY_CHILD_CRASH)
        snprintf(text, n, "crashed: %s in %s%s", strsignal(child->status), where,
                 child->area->doing);
    else if (child->end == GY_CHILD_EXIT)
        snprintf(
            text, n,
            "ended the process with exit status %d: a plugin does not call exit, and says what "
            "is wrong with gyre_fail",
            child->status);
    else
        snprintf(text, n, "did not come back within %lld s%s", (long long)child->timeout_s,
                 child->area->doing);
    return text;
}

/* ---- the smallest input of a crash ---- */

enum { TRY_S = 1, SHRINK_CRASH_S = 4, SHRINK_HANG_S = 12 };

/* A check of which a child has died, in more children. */
struct autopsy {
    struct slot *slot;
    enum gy_child_end end;
    struct gy_buf input; /* the last one of which one died too */
};

static void wait_some(void);

static bool dies(void *host)
{
    struct autopsy *a = host;
    struct slot *slot = a->slot;
    struct gy_child child = {.area = slot->child.area};
    remove_all(slot->folder);
    mkdir(slot->folder, 0700);
    if (gy_child_start(&child, work, slot,
                       a->end == GY_CHILD_TIMEOUT ? TRY_S : limit_of(slot->suite)) != 0)
        return false;
    while (!gy_child_poll(&child))
        wait_some();
    gy_child_fini(&child);
    bool died = child.end == a->end;
    if (died && child.area->input[0] != 0) {
        gy_buf_reset(&a->input);
        gy_buf_text(&a->input, child.area->input);
    }
    return died;
}

/* Appends the smallest input of which a child still dies. */
static void tell_smallest(struct slot *slot, struct gy_buf *text)
{
    const struct gy_child_area *area = slot->child.area;
    struct autopsy a = {.slot = slot, .end = slot->child.end};
    int64_t limit = limit_of(slot->suite);
    int64_t seconds = a.end != GY_CHILD_TIMEOUT ? SHRINK_CRASH_S
                      : limit < SHRINK_HANG_S   ? limit
                                                : SHRINK_HANG_S;
    if (area->attempt == 0 || area->n_steps == 0 || slot->attempt > 0)
        return;
    for (uint32_t i = 0; i < area->n_steps; i++) {
        struct gy_step step = {.kind = area->n_rows[i] > 0 ? GY_STEP_ROWS : GY_STEP_CLOCK,
                               .n = area->n_rows[i],
                               .origin = i};
        gy_vec_push(&slot->cut.steps, step);
    }
    slot->attempt = area->attempt;
    if (dies(&a)) {
        gy_script_shrink(&slot->cut, dies, &a, seconds);
        gy_buf_text(text, "\n  smallest input found:\n");
        gy_buf_bytes(text, a.input.data, a.input.len);
    }
    slot->attempt = 0;
    gy_vec_fini(&slot->cut.steps);
    gy_buf_fini(&a.input);
}

/* Takes what a child has found. */
static void take(struct slot *slot)
{
    struct gy_result *result = &slot->suite->results.items[slot->result];
    const struct gy_child *child = &slot->child;
    char end[512], said[SAID_MOST];
    result->seed = child->area->seed != 0 ? child->area->seed : slot->suite->options.seed;
    if (child->end == GY_CHILD_DONE) {
        result->verdict = (enum gy_verdict)child->area->verdict;
        result->text = gy_strdup(child->area->text);
        return;
    }
    result->verdict = child->end == GY_CHILD_TIMEOUT ? GY_TIMEOUT : GY_CRASH;
    size_t n = gy_child_said(child, said, sizeof said);
    struct gy_buf text = {0};
    gy_buf_printf(&text, "%s%s%s", name_of_end(child, end, sizeof end),
                  n > 0 ? "; before that it said:\n" : "", n > 0 ? said : "");
    tell_smallest(slot, &text);
    result->text = gy_strdup(gy_buf_cstr(&text) != NULL ? gy_buf_cstr(&text) : "");
    gy_buf_fini(&text);
}

/* ---- one check of all subjects ---- */

static bool is_wanted(const struct gy_suite *suite, const char *id, const char *subject)
{
    size_t n = strlen(id);
    for (size_t i = 0; i < suite->options.n_only; i++) {
        const char *only = suite->options.only[i];
        if (strncmp(only, id, n) != 0)
            continue;
        if (only[n] == 0 ||
            (only[n] == ':' && subject != NULL && strcmp(only + n + 1, subject) == 0))
            return true;
    }
    return suite->options.n_only == 0;
}

static bool has_word(const char *list, char between, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = list; at != NULL && *at != 0;) {
        if (strncmp(at, word, n) == 0 && (at[n] == 0 || at[n] == between))
            return true;
        at = strchr(at, between);
        at = at != NULL ? at + 1 : NULL;
    }
    return false;
}

/* The check that had to pass for this one to mean something, and did not; NULL. */
static const char *unmet(const struct gy_suite *suite, const struct gy_conform_check *check,
                         const char *subject)
{
    for (size_t i = 0; i < suite->results.n; i++) {
        const struct gy_result *r = &suite->results.items[i];
        bool bad =
            r->verdict == GY_FAIL || r->verdict == GY_CRASH || r->verdict == GY_TIMEOUT || r->unmet;
        bool same = r->subject == NULL || (subject != NULL && strcmp(r->subject, subject) == 0);
        if (bad && same && r->check != NULL && has_word(check->needs, ' ', r->check->id))
            return r->check->id;
    }
    return NULL;
}

/* Adds a result; true where the check is to be run. */
static bool begin(struct gy_suite *suite, const struct gy_conform_check *check,
                  const struct gy_subject *subject)
{
    const char *name = subject != NULL ? subject->name : NULL;
    struct gy_result result = {.check = check, .subject = name, .verdict = GY_SKIP};
    uint32_t kinds = subject != NULL ? subject->kinds : GY_IS_PLUGIN;
    if (!gy_check_is_for(check, kinds) || !is_wanted(suite, check->id, name))
        return false;
    const char *missing = unmet(suite, check, name);
    if (missing != NULL)
        result.text = gy_printf("%s has to pass first", missing);
    else if (subject != NULL && subject->skip != NULL &&
             (has_word(subject->skip, ',', check->id) || has_word(subject->skip, ',', "all")))
        result.text = gy_strdup("conform.cfg says so");
    bool runs = result.text == NULL;
    result.unmet = missing != NULL;
    result.seed = suite->options.seed;
    result.varied = suite->options.varies;
    return gy_vec_push(&suite->results, result) == 0 && runs;
}

static void wait_some(void)
{
    struct timespec pause = {0, PAUSE_US * 1000};
    nanosleep(&pause, NULL);
}

/* Nothing that an ended child has left goes on. */
static void end_others(const struct slot *slots, size_t n)
{
    pid_t mine[SLOTS_MOST];
    size_t n_mine = 0;
    for (size_t i = 0; i < n; i++)
        if (slots[i].used)
            mine[n_mine++] = slots[i].child.pid;
    gy_child_end_others(mine, n_mine);
}

/* Takes the results of slots whose child has ended; with `all` it waits for every one of them, else for one at
 * least. */
static void reap(struct slot *slots, size_t n, bool all)
{
    for (;;) {
        size_t busy = 0, ended = 0;
        for (size_t i = 0; i < n; i++) {
            if (!slots[i].used)
                continue;
            if (!gy_child_poll(&slots[i].child)) {
                busy++;
                continue;
            }
            take(&slots[i]);
            gy_child_fini(&slots[i].child);
            remove_all(slots[i].folder);
            slots[i].used = false;
            ended++;
        }
        if (ended > 0)
            end_others(slots, n);
        if (busy == 0 || (!all && ended > 0))
            return;
        wait_some();
    }
}

static struct slot *free_slot(struct slot *slots, size_t n)
{
    for (;;) {
        for (size_t i = 0; i < n; i++)
            if (!slots[i].used)
                return &slots[i];
        reap(slots, n, false);
    }
}

static void run_here(struct slot *slot)
{
    struct gy_child_area *area = slot->child.area;
    area->owner = getpid();
    area->seed = 0;
    run_case(slot, area);
    slot->child.end = GY_CHILD_DONE;
    slot->child.out = -1;
    take(slot);
    remove_all(slot->folder);
}

static void start(struct gy_suite *suite, struct slot *slots, size_t n,
                  const struct gy_conform_check *check, const struct gy_subject *subject)
{
    size_t result = suite->results.n;
    if (!begin(suite, check, subject))
        return;
    struct slot *slot = free_slot(slots, n);
    slot->suite = suite;
    slot->check = check;
    slot->subject = subject;
    slot->result = result;
    snprintf(slot->folder, sizeof slot->folder, "%.4000s/%zu", suite->scratch, result);
    mkdir(slot->folder, 0700);
    if (suite->options.in_process) {
        run_here(slot);
        return;
    }
    slot->used = gy_child_start(&slot->child, work, slot, limit_of(suite)) == 0;
    if (!slot->used) {
        suite->results.items[result].verdict = GY_CRASH;
        suite->results.items[result].text = gy_strdup("no process could be made for it");
    }
}

/* Until a time, where there is one. */
static void run_checks(struct gy_suite *suite, struct slot *slots, size_t n, int64_t until_ns)
{
    for (size_t k = 0; k < gy_n_checks && gy_clock_mono_ns(gy_clock_real()) < until_ns; k++) {
        const struct gy_conform_check *check = &gy_checks[k];
        if ((check->kinds & GY_IS_PLUGIN) != 0)
            start(suite, slots, n, check, NULL);
        for (size_t i = 0; (check->kinds & GY_IS_PLUGIN) == 0 && i < suite->subjects.list.n; i++)
            start(suite, slots, n, check, &suite->subjects.list.items[i]);
        reap(slots, n, true);
    }
}

static void forget_results(struct gy_suite *suite)
{
    for (size_t i = 0; i < suite->results.n; i++)
        gy_free(suite->results.items[i].text);
    suite->results.n = 0;
}

static bool is_all_well(const struct gy_suite *suite)
{
    return gy_suite_count(suite, GY_FAIL) == 0 && gy_suite_count(suite, GY_CRASH) == 0 &&
           gy_suite_count(suite, GY_TIMEOUT) == 0;
}

/* Goes on with other seeds, options and orders until time is over or something is found. */
static void fuzz(struct gy_suite *suite, struct slot *slots, size_t n)
{
    int64_t until_ns =
        gy_clock_mono_ns(gy_clock_real()) + suite->options.fuzz_s * INT64_C(1000000000);
    suite->options.varies = true;
    while (gy_clock_mono_ns(gy_clock_real()) < until_ns && is_all_well(suite)) {
        forget_results(suite);
        suite->options.seed += 1000;
        run_checks(suite, slots, n, until_ns);
    }
}

/* ---- finding the subjects ---- */

struct search {
    struct gy_suite *suite;
    struct gyre_error error;
};

static void search(void *host, struct gy_child_area *area)
{
    struct search *s = host;
    const struct gy_suite_options *options = &s->suite->options;
    struct gy_subjects found = {0};
    struct gy_buf bytes = {0};
    struct gyre_error error = {.size = sizeof error};
    area->verdict = gy_subjects_find(&found, options->plugin, options->plugin_path, options->config,
                                     s->suite->scratch, &error);
    gy_subjects_write(&found, &bytes);
    if (bytes.len <= sizeof area->bulk && !bytes.failed) {
        memcpy(area->bulk, bytes.data, bytes.len);
        area->n_bulk = (uint32_t)bytes.len;
    }
    snprintf(area->text, sizeof area->text, "%s", error.text);
    area->done = 1;
    gy_buf_fini(&bytes);
    gy_subjects_fini(&found);
}

/* A plugin that cannot be loaded has no subjects, and checks tell why; what is wrong with a conform.cfg is told
 * here. */
static int take_subjects(struct gy_suite *suite, const struct gy_child_area *area,
                         struct gyre_error *error)
{
    if (area->verdict != 0 && suite->options.config == NULL &&
        strstr(area->text, "conform.cfg") == NULL)
        return 0;
    if (area->verdict != 0)
        return gyre_error_set(error, area->verdict, -1, "%s", area->text);
    return gy_subjects_load(&suite->subjects, area->bulk, area->n_bulk);
}

/* `died` is how the child ended, where it found nothing because of that. */
static int find(struct gy_suite *suite, struct gy_child_area *area, struct gy_result *died,
                struct gyre_error *error)
{
    struct search s = {.suite = suite};
    struct gy_child child = {.area = area};
    char end[512];
    if (suite->options.in_process) {
        search(&s, area);
        return take_subjects(suite, area, error);
    }
    if (gy_child_start(&child, search, &s, limit_of(suite)) != 0)
        return gyre_error_set(error, GYRE_EIO, -1, "no process can be made: %s", strerror(errno));
    while (!gy_child_poll(&child))
        wait_some();
    gy_child_fini(&child);
    gy_child_end_others(NULL, 0);
    if (child.end == GY_CHILD_DONE)
        return take_subjects(suite, area, error);
    died->verdict = child.end == GY_CHILD_TIMEOUT ? GY_TIMEOUT : GY_CRASH;
    died->subject = "the plugin";
    died->text = gy_printf("while a job was made with each of its operators: %s",
                           name_of_end(&child, end, sizeof end));
    return 0;
}

/* Where nothing else tells what became of the child that looked for subjects, this does. */
static void tell_death(struct gy_suite *suite, struct gy_result *died)
{
    bool told = suite->options.n_only > 0 && suite->results.n > 0;
    for (size_t i = 0; i < suite->results.n; i++) {
        enum gy_verdict verdict = suite->results.items[i].verdict;
        told |= verdict == GY_FAIL || verdict == GY_CRASH || verdict == GY_TIMEOUT;
    }
    if (died->text == NULL || told || gy_vec_push(&suite->results, *died) != 0)
        gy_free(died->text);
}

/* What could not be made into a job is told once; a conform.cfg would have helped, so nobody is to overlook it. */
static void tell_unmade(struct gy_suite *suite)
{
    for (size_t i = 0; i < suite->subjects.list.n; i++) {
        const struct gy_subject *s = &suite->subjects.list.items[i];
        struct gy_result result = {.subject = s->name, .verdict = GY_SKIP};
        bool left_out = s->skip != NULL && has_word(s->skip, ',', "all");
        if (s->error == NULL || suite->options.n_only > 0)
            continue;
        result.verdict = left_out || s->apart ? GY_SKIP : GY_WARN;
        result.text = left_out   ? gy_strdup("conform.cfg says so")
                      : s->apart ? gy_strdup(s->error)
                                 : gy_printf("no job could be made with it from its tables alone, "
                                             "say how in a conform.cfg: %s",
                                             s->error);
        if (gy_vec_push(&suite->results, result) != 0)
            gy_free(result.text);
    }
}

/* Makes what children need, and finds the subjects. `n` slots; `died` as for find. */
static int open_suite(struct gy_suite *suite, struct slot *slots, size_t n, struct gy_result *died,
                      struct gyre_error *error)
{
    int code = make_scratch(suite, error);
    if (!suite->options.in_process)
        gy_child_adopt();
    for (size_t i = 0; code == 0 && i < n; i++)
        if ((slots[i].child.area = gy_child_area()) == NULL)
            code = gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory");
    return code != 0 ? code : find(suite, slots[0].child.area, died, error);
}

static void close_suite(struct gy_suite *suite, struct slot *slots, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slots[i].child.area != NULL)
            munmap(slots[i].child.area, sizeof *slots[i].child.area);
    if (suite->scratch[0] != 0)
        remove_all(suite->scratch);
}

int gy_suite_run(struct gy_suite *suite, struct gyre_error *error)
{
    struct slot slots[SLOTS_MOST] = {0};
    struct gy_result died = {0};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = cpus < 1 || suite->options.in_process ? 1
               : cpus > SLOTS_MOST                   ? SLOTS_MOST
                                                     : (size_t)cpus;
    int code = open_suite(suite, slots, n, &died, error);
    if (code == 0) {
        run_checks(suite, slots, n, INT64_MAX);
        if (suite->options.fuzz_s > 0)
            fuzz(suite, slots, n);
        tell_unmade(suite);
        tell_death(suite, &died);
    }
    close_suite(suite, slots, n);
    return code;
}

/* ---- what this version saves ---- */

static const struct gy_conform_check taker = {
    .id = "state.golden", .needs = "", .text = "what it saves is taken", .run = gy_golden_take};

static int write_file(const char *path, const struct gy_buf *text, struct gyre_error *error)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0 && errno == EEXIST)
        return gyre_error_set(
            error, GYRE_EIO, -1,
            "%s is there: it has what an earlier version has saved. Remove it, or "
            "name another file with --golden",
            path);
    ssize_t n = file >= 0 && !text->failed ? write(file, text->data, text->len) : -1;
    int why = n < 0 ? errno : ENOSPC;
    if (file >= 0 && close(file) == 0 && n >= 0 && (size_t)n == text->len)
        return 0;
    if (file >= 0)
        unlink(path);
    return gyre_error_set(error, GYRE_EIO, -1, "%s cannot be written: %s", path, strerror(why));
}

int gy_suite_write_golden(struct gy_suite *suite, const char *path, size_t *n,
                          struct gyre_error *error)
{
    const uint32_t wanted = GY_IS_MADE | GY_HAS_INPUT | GY_HAS_STATE;
    struct slot slot = {0};
    struct gy_buf text = {0};
    struct gy_result died = {0};
    int code = open_suite(suite, &slot, 1, &died, error);
    if (died.text != NULL)
        code = gyre_error_set(error, GYRE_EFAIL, -1, "%s: %s", suite->options.plugin, died.text);
    gy_free(died.text);
    *n = 0;
    gy_golden_head(suite->options.plugin, &text);
    for (size_t i = 0; code == 0 && i < suite->subjects.list.n; i++) {
        const struct gy_subject *subject = &suite->subjects.list.items[i];
        if ((subject->kinds & wanted) != wanted || (subject->kinds & GY_IS_SINK) != 0)
            continue;
        slot.child.area->n_bulk = 0;
        start(suite, &slot, 1, &taker, subject);
        reap(&slot, 1, true);
        gy_buf_bytes(&text, slot.child.area->bulk, slot.child.area->n_bulk);
        *n += slot.child.area->n_bulk > 0;
    }
    if (code == 0)
        code = write_file(path, &text, error);
    close_suite(suite, &slot, 1);
    gy_buf_fini(&text);
    return code;
}

void gy_suite_fini(struct gy_suite *suite)
{
    forget_results(suite);
    gy_vec_fini(&suite->results);
    gy_subjects_fini(&suite->subjects);
}
