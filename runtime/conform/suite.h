/* The suite: every check of every subject of a plugin, each in a child, several at once.
 *
 *   find the subjects, in a child ── for each check in the table's order: its subjects, as many at once as there are
 *   CPUs ── results in that order
 *
 * What ends in another way than by coming back is a crash, an exit or a time-out of that one check. */
#ifndef GY_CONFORM_SUITE_H
#define GY_CONFORM_SUITE_H

#include "conform/check.h"

struct gy_suite_options {
    const char *plugin;      /* the file, by its absolute path */
    const char *plugin_path; /* folders, a colon between two */
    const char *config;      /* NULL: that beside the plugin */
    const char *golden;      /* NULL: that beside the plugin */
    const char *const *only; /* "ID" or "ID:SUBJECT", n of them; 0: all */
    size_t n_only;
    uint64_t seed;
    int64_t timeout_s; /* a check that takes longer is given up; 0: as long as usual */
    int64_t fuzz_s;    /* goes on with other seeds for so long */
    bool varies;       /* options and the order of things are drawn, as fuzz_s does */
    bool in_process;
};

struct gy_result {
    const struct gy_conform_check *check;
    const char *subject; /* NULL: the plugin as a whole */
    enum gy_verdict verdict;
    uint64_t seed;
    bool varied;
    bool unmet; /* skipped, because what it needs did not pass */
    char *text; /* what is to be told; "" */
};

struct gy_suite {
    const char *shown; /* the file, as it was asked for */
    struct gy_suite_options options;
    char scratch[PATH_MAX];
    struct gy_subjects subjects;
    GY_VEC(struct gy_result) results;
};

/** Runs the suite. 0, or a code and a sentence: there are no results. */
int gy_suite_run(struct gy_suite *suite, struct gyre_error *error);
/** Writes NAME.golden, or what `golden` says, instead: what each subject with state saves. How many have some. 0, or a
 *  code and a sentence; a file that is there stays. */
int gy_suite_write_golden(struct gy_suite *suite, const char *path, size_t *n,
                          struct gyre_error *error);
void gy_suite_fini(struct gy_suite *suite);

/** "pass" ... */
const char *gy_verdict_name(enum gy_verdict verdict);

/** How many results have a verdict. */
size_t gy_suite_count(const struct gy_suite *suite, enum gy_verdict verdict);

#endif
