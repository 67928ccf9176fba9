/* The checks: one function and one row of a table each.
 *
 * A check looks at one subject, or at the plugin as a whole. One that is `scripted` is asked several times with scripts of
 * growing size, and with smaller ones once it has failed. What `needs` names has to have passed for the subject, so that
 * one fault is told once: a plugin that is not deterministic fails proc.deterministic and nothing that compares two runs. */
#ifndef GY_CONFORM_CHECK_H
#define GY_CONFORM_CHECK_H

#include "conform/child.h"
#include "conform/trial.h"

enum gy_verdict { GY_PASS, GY_FAIL, GY_CRASH, GY_TIMEOUT, GY_SKIP, GY_WARN, GY_VERDICTS };

struct gy_case;

struct gy_conform_check {
    const char *id;
    const char *text;   /* what it sees to, in a line */
    uint32_t kinds;     /* subjects that have all of these ... */
    uint32_t not_kinds; /* ... and none of these */
    const char *needs;  /* ids, a blank between two */
    bool scripted;
    bool extreme; /* its scripts have values at the ends of their types */
    enum gy_verdict (*run)(struct gy_case *c);
};

/* One check of one subject, in its child. */
struct gy_case {
    const struct gy_conform_check *check;
    struct gy_place place; /* its subject NULL: the plugin as a whole */
    uint64_t seed;
    bool varies; /* options and the order of things are drawn too */
    const struct gy_script *script;
    const struct gy_script *cut;  /* its one script, and which steps of it: one has crashed */
    uint32_t attempt;             /* ... of which script, from 1 on */
    const struct gyre_kit *probe; /* made and not open: what the subject is */
    struct gy_buf text;           /* what was expected, and what is */
    struct gy_child_area *area;   /* may be NULL */
};

/** Says what was expected, instead of what was said before; GY_FAIL, GY_WARN, GY_SKIP. */
enum gy_verdict gy_case_say(struct gy_case *c, enum gy_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Runs the check with all its scripts. `c->text` has what is to be told. */
enum gy_verdict gy_case_run(struct gy_case *c);

/** Runs a script as it is; false where the subject fails, which life.cycle tells. */
bool gy_case_reference(struct gy_case *c, struct gy_trial *trial);

/** The verdict of a trial that should have put the same rows out. `what` ends "expected the same rows ...". */
enum gy_verdict gy_case_same(struct gy_case *c, const struct gy_trial *expected,
                             const struct gy_trial *actual, bool in_order, const char *what);

/** True where the check is for subjects of these kinds. */
static inline bool gy_check_is_for(const struct gy_conform_check *check, uint32_t kinds)
{
    return (kinds & check->kinds) == check->kinds && (kinds & check->not_kinds) == 0;
}

extern const struct gy_conform_check gy_checks[];
extern const size_t gy_n_checks;

/* What the process has one of, at a moment. */
struct gy_world {
    char cwd[PATH_MAX];
    char locale[256];
    mode_t umask;
    uint64_t environment; /* a checksum */
    uint64_t signals;     /* a checksum of handlers */
    unsigned descriptors, threads;
    int rounding;
    bool has_children;
};
void gy_world_look(struct gy_world *world);
/** What has changed, as "the locale, the umask"; false for nothing. */
bool gy_world_changed(const struct gy_world *before, const struct gy_world *after, char *text,
                      size_t n);

/* check_load.c */
enum gy_verdict gy_check_note(struct gy_case *c);
enum gy_verdict gy_check_exports(struct gy_case *c);
enum gy_verdict gy_check_load(struct gy_case *c);
enum gy_verdict gy_check_load_silent(struct gy_case *c);
enum gy_verdict gy_check_load_world(struct gy_case *c);
enum gy_verdict gy_check_descriptors(struct gy_case *c);
enum gy_verdict gy_check_unknown(struct gy_case *c);
enum gy_verdict gy_check_config(struct gy_case *c);
/* check_life.c */
enum gy_verdict gy_check_cycle(struct gy_case *c);
enum gy_verdict gy_check_interleaved(struct gy_case *c);
enum gy_verdict gy_check_create_failure(struct gy_case *c);
enum gy_verdict gy_check_migrate(struct gy_case *c);
enum gy_verdict gy_check_allocation(struct gy_case *c);
/* check_proc.c */
enum gy_verdict gy_check_deterministic(struct gy_case *c);
enum gy_verdict gy_check_batch_split(struct gy_case *c);
enum gy_verdict gy_check_input(struct gy_case *c);
enum gy_verdict gy_check_lifetime(struct gy_case *c);
enum gy_verdict gy_check_bad_rows(struct gy_case *c);
enum gy_verdict gy_check_dropped(struct gy_case *c);
enum gy_verdict gy_check_silent(struct gy_case *c);
enum gy_verdict gy_check_isolation(struct gy_case *c);
enum gy_verdict gy_check_groups(struct gy_case *c);
enum gy_verdict gy_check_total(struct gy_case *c);
enum gy_verdict gy_check_watermark(struct gy_case *c);
enum gy_verdict gy_check_late(struct gy_case *c);
enum gy_verdict gy_check_timers(struct gy_case *c);
/* check_host.c */
enum gy_verdict gy_check_bounds(struct gy_case *c);
enum gy_verdict gy_check_host_calls(struct gy_case *c);
/* check_state.c */
enum gy_verdict gy_check_pure(struct gy_case *c);
enum gy_verdict gy_check_roundtrip(struct gy_case *c);
enum gy_verdict gy_check_hidden(struct gy_case *c);
enum gy_verdict gy_check_boundary(struct gy_case *c);
enum gy_verdict gy_check_uninitialized(struct gy_case *c);
enum gy_verdict gy_check_corrupt(struct gy_case *c);
enum gy_verdict gy_check_rescale(struct gy_case *c);
/* check_golden.c */
enum gy_verdict gy_check_golden(struct gy_case *c);
/* check_loop.c */
enum gy_verdict gy_check_quiesce(struct gy_case *c);
enum gy_verdict gy_check_rounds(struct gy_case *c);
/* check_ends.c */
enum gy_verdict gy_check_replay(struct gy_case *c);
enum gy_verdict gy_check_position(struct gy_case *c);
enum gy_verdict gy_check_two_phase(struct gy_case *c);
enum gy_verdict gy_check_visible(struct gy_case *c);
enum gy_verdict gy_check_laws(struct gy_case *c);

#endif
