/* What of a plugin is under test: one of its operators or functions with options and inputs it can be run with.
 *
 * A plugin may ship a conform.cfg (or NAME.conform.cfg) beside it:
 *
 *     subjects = (
 *       { op = "my.last"; input = "symbol: str, price: f64"; rows = ("ACME,10.5", "INIT,3.25"); key = "symbol"; },
 *       { op = "my.pairs"; input = {left = "k: i64, a: str"; right = "k: i64, b: str";}; key = "k"; }
 *     );
 *
 * `op`, `input`, `rows`, `mode`, `files`, `seen` and `skip` are the suite's; all else is what a job file would say. Paths
 * are relative to a folder that each run has for itself, in which `files` are written before. `seen` is a command that
 * prints what others see of a sink's output, where that is not in files.
 *
 * What it does not name is derived from the plugin's tables: fields of static ports, or some of every type; values
 * for required options; a key where one is needed. The first guess that a job could be made of is taken. */
#ifndef GY_CONFORM_SUBJECT_H
#define GY_CONFORM_SUBJECT_H

#include "base/buf.h"
#include "kit/kit.h"

enum gy_kind {
    GY_IS_SOURCE = 1 << 0,
    GY_IS_TRANSFORM = 1 << 1,
    GY_IS_SINK = 1 << 2,
    GY_IS_AGGREGATE = 1 << 3,
    GY_IS_KEYED = 1 << 4,   /* and what it keeps is by key */
    GY_HAS_STATE = 1 << 5,  /* keyed, items, timers, windows */
    GY_HAS_TIME = 1 << 6,   /* sees watermarks: by callback, timers or a window */
    GY_SETS_TIMES = 1 << 7, /* of its rows */
    GY_IS_EXACT = 1 << 8,   /* neither at least nor at most once */
    GY_HAS_PHASES = 1 << 9, /* prepare, commit, abort */
    GY_HAS_OPTIONS = 1 << 10,
    GY_HAS_FIELDS = 1 << 11, /* an option that names a field */
    GY_HAS_WINDOW = 1 << 12,
    GY_HAS_INPUT = 1 << 13,
    GY_IS_ENDLESS = 1 << 14,
    GY_IS_PLUGIN = 1 << 15,  /* the plugin as a whole */
    GY_IS_MADE = 1 << 16,    /* it can be run */
    GY_BY_TASK = 1 << 17,    /* has state of its own that no key divides */
    GY_HAS_ROUNDS = 1 << 18, /* is in a loop with rounds */
    GY_HAS_PATHS = 1 << 20,  /* reads or writes files */
    GY_IS_FED = 1 << 19,     /* is in a loop: its own rows come back, or those of a round */
};

struct gy_subject_input {
    char *port, *schema, *rows; /* rows NULL: made from the schema */
};

/* Every pointer is owned. */
struct gy_subject {
    char *name; /* "my.last"; "my.last/2" for the second one of it */
    char *op;
    char *options;
    char *error; /* why no job with it could be made; NULL: one could */
    char *seen;  /* a command, run in its folder; NULL: files are what is seen */
    int line;    /* of the conform.cfg; 0: derived */
    char *skip;  /* ids of checks, a comma between two; NULL */
    struct gy_subject_input inputs[GYRE_KIT_INPUTS];
    char *file_names[GYRE_KIT_INPUTS], *file_texts[GYRE_KIT_INPUTS];
    uint32_t mode;
    uint32_t rounds; /* 1: it needs a loop with rounds, and its options name none */
    uint32_t kinds;  /* gy_kind */
    bool apart;      /* it is not for being run alone: `error` says why */
};

struct gy_subjects {
    GY_VEC(struct gy_subject) list;
};

void gy_subject_fini(struct gy_subject *subject);
void gy_subjects_fini(struct gy_subjects *subjects);

/** The setup of a kit; nothing in it is owned. `folder` is where its paths lead. */
struct gyre_kit_setup gy_subject_setup(const struct gy_subject *subject, const char *plugin,
                                       const char *plugin_path, const char *folder);

/** Writes its files into a folder. */
void gy_subject_files(const struct gy_subject *subject, const char *folder);

/** Finds all subjects of a plugin: loads it, reads `config` (NULL: that beside it, if there is one), derives the
 *  rest. 0, or a code and a sentence. */
int gy_subjects_find(struct gy_subjects *subjects, const char *plugin, const char *plugin_path,
                     const char *config, const char *scratch, struct gyre_error *error);

/** Reads what a conform.cfg says. 0, or a code, told to `diags`. */
int gy_subjects_read(struct gy_subjects *subjects, const char *config, struct gy_diags *diags);

/** What of the plugin is derived, as far as it is not there yet. */
void gy_subjects_derive(struct gy_subjects *subjects, const struct gy_plugin *plugin,
                        const char *plugin_path, const char *scratch);

/** True where an operator makes sense in a loop with rounds alone. */
bool gy_needs_rounds(const struct gyre_operator *op);

/** Sets the kinds, by a kit that was made of it. */
void gy_subject_look(struct gy_subject *subject, const struct gyre_kit *kit);

/** The kinds of an operator or a function as its tables alone have them: with the key that it is tried with first,
 *  and as its flags say that `bind` may change. 0: it is tested with the operator that calls it. */
uint32_t gy_kinds_of_item(const struct gyre_item *item);

/** Writes and reads them, for another process. */
void gy_subjects_write(const struct gy_subjects *subjects, struct gy_buf *into);
int gy_subjects_load(struct gy_subjects *subjects, const void *bytes, size_t n);

#endif
