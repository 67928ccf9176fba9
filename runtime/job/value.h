/* Values: a setting read as the type that is wanted, or a sentence why not.
 *
 * A setting of the command line (RAW) is text until here: strings are taken bare, lists and groups in
 * libconfig syntax. Every function returns 0, or -1 with the mistake told at the setting's line and
 * the result left as it was. */
#ifndef GY_JOB_VALUE_H
#define GY_JOB_VALUE_H

#include "job/setting.h"

int gy_value_bool(const struct gy_scope *scope, const struct gy_setting *s, bool *v);

/** An integer of min ... max; both 0: any. */
int gy_value_int(const struct gy_scope *scope, const struct gy_setting *s, int64_t min, int64_t max,
                 int64_t *v);

/** A number; an integer will do. */
int gy_value_float(const struct gy_scope *scope, const struct gy_setting *s, double *v);

/** A string.
 *  Owns:    the setting's arena */
int gy_value_string(const struct gy_scope *scope, const struct gy_setting *s, const char **v);

/** A path, made relative to where the setting stands; "-" as it is.
 *  Owns:    the setting's arena, or the scope's */
int gy_value_path(const struct gy_scope *scope, const struct gy_setting *s, const char **v);

/** A duration in µs, a size in bytes, of min ... max; both 0: any. */
int gy_value_duration(const struct gy_scope *scope, const struct gy_setting *s, int64_t min,
                      int64_t max, int64_t *us);
int gy_value_size(const struct gy_scope *scope, const struct gy_setting *s, int64_t min,
                  int64_t max, int64_t *bytes);

/** One of the words of "a|b|c"; its index. */
int gy_value_choice(const struct gy_scope *scope, const struct gy_setting *s, const char *choices,
                    int32_t *index);

/** The same; `meant` is what a wrong text stood for, where the caller knows, else NULL. */
int gy_value_choice_or(const struct gy_scope *scope, const struct gy_setting *s,
                       const char *choices, const char *meant, int32_t *index);

/** The setting itself, or the tree that a RAW one spells where it begins with a bracket.
 *  Errors:  NULL, told */
const struct gy_setting *gy_value_tree(const struct gy_scope *scope, const struct gy_setting *s);

/** A list, or with `one_too` a single value: its items.
 *  Owns:    the scope's arena */
int gy_value_items(const struct gy_scope *scope, const struct gy_setting *s, bool one_too,
                   const char *wanted, struct gy_setting ***items, uint32_t *n);

/** A group: every member's name must be in `names` ("a b c"); unknown ones are told, `what` says of
 *  what ("window").
 *  Errors:  NULL where it is no group, told */
const struct gy_setting *gy_value_group(const struct gy_scope *scope, const struct gy_setting *s,
                                        const char *names, const char *what);

/** Tells that `name` is unknown: "unknown WHAT `name` of OF: did you mean `near`? (WHERE)". `of` may
 *  be NULL; `where` says where the known names are listed. */
void gy_value_unknown(const struct gy_scope *scope, const struct gy_setting *at, const char *what,
                      const char *name, const char *of, const char *const *known, size_t n_known,
                      const char *where);

/** Tells that the setting is no `wanted`: "NAME: expected WANTED, not ...". */
int gy_value_wrong(const struct gy_scope *scope, const struct gy_setting *s, const char *wanted);

/** Tells that `name` is missing in a group that takes `names`, unless a member looks like it
 *  misspelt: that was told. */
void gy_value_missing(const struct gy_scope *scope, const struct gy_setting *group,
                      const char *names, const char *what, const char *name);

/** Splits "a b c" (or "a|b|c") into its words.
 *  Owns:    the scope's arena */
const char **gy_value_words(const struct gy_scope *scope, const char *words, size_t *n);

#endif
