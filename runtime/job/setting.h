/* Settings: a job file as a tree, each node with its file and line.
 *
 * libconfig reads the text; its tree is copied into this one, which adds what the rest needs: where a
 * setting stands (an included file too), `${NAME}` replaced in strings, what relative paths are
 * relative to, and values given on the command line. Those stay text (RAW) until somebody knows the
 * type that is wanted: gy_value_... in value.h.
 *
 * Before libconfig sees the text it is scanned for integers beyond 32 bits without `L` (beyond 64
 * with it), which libconfig 1.5 corrupts silently. Only what libconfig 1.5 has is used of it.
 *
 * Everything is in the scope's arena. */
#ifndef GY_JOB_SETTING_H
#define GY_JOB_SETTING_H

#include "base/arena_ctl.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Where things are allocated and where mistakes are told. Both borrowed. */
struct gy_scope {
    struct gy_arena_ctl *arena;
    struct gy_diags *diags;
};

enum gy_setting_kind {
    GY_SETTING_BOOL,
    GY_SETTING_INT,
    GY_SETTING_FLOAT,
    GY_SETTING_STRING,
    GY_SETTING_LIST, /* libconfig's lists and arrays */
    GY_SETTING_GROUP,
    GY_SETTING_RAW,   /* from the command line: text whose type is not known yet */
    GY_SETTING_BROKEN /* an integer that does not fit: told, and nothing more is said of it */
};

struct gy_setting {
    const char *name; /* that of the setting around it in a list */
    const char *file; /* or "--set ID.OPTION", with line 0 */
    int line;
    const char *dir; /* relative paths are relative to it; "": the working directory */
    enum gy_setting_kind kind;
    bool bool_value;
    int64_t int_value;
    double float_value;
    const char *text; /* STRING, RAW */
    const int *lines; /* of the lines of a STRING of several: where they stand; NULL: not known */
    uint32_t n_lines;
    uint32_t n; /* LIST, GROUP */
    struct gy_setting **items;
};

/** Reads a job file; NULL with the mistakes told. A mistake of syntax is told alone.
 *  Owns:    the scope's arena */
struct gy_setting *gy_setting_read_file(const struct gy_scope *scope, const char *path);

/** The same for the text of a job file that is called `path`, and need not be there. */
struct gy_setting *gy_setting_read_text(const struct gy_scope *scope, const char *path,
                                        const char *text);

/** Reads one value in libconfig syntax, for a RAW setting at whose place it then stands.
 *  Errors:  NULL, told */
struct gy_setting *gy_setting_read_value(const struct gy_scope *scope,
                                         const struct gy_setting *raw);

/** A setting of the command line: `label` stands for the file in messages ("--set a.b"). */
struct gy_setting *gy_setting_raw(const struct gy_scope *scope, const char *name, const char *label,
                                  const char *text);

/** An empty group at the place of `at`. */
struct gy_setting *gy_setting_group(const struct gy_scope *scope, const char *name,
                                    const struct gy_setting *at);

/** The member `name` of a group, NULL where there is none; `group` may be NULL. */
struct gy_setting *gy_setting_get(const struct gy_setting *group, const char *name);

/** Where line `line` of a setting's text stands, 1 the first. */
int gy_setting_text_line(const struct gy_setting *setting, uint32_t line);

/** Adds a member to a group, in place of one with its name. */
void gy_setting_put(const struct gy_scope *scope, struct gy_setting *group,
                    struct gy_setting *member);

#endif
