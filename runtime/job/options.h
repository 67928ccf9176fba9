/* Options: a job file's settings into the config struct of an operator or function, by its table. */
#ifndef GY_JOB_OPTIONS_H
#define GY_JOB_OPTIONS_H

#include "base/buf.h"
#include "job/setting.h"

#include <gyre/option.h>

/* Whose options they are, for messages. */
struct gy_option_owner {
    const char *what;            /* "std.sum", or the option whose groups are read */
    const char *inspect;         /* "std.sum": what `gyre inspect` lists them by */
    const struct gy_setting *at; /* where a missing option is told */
};

/** Fills `config` with every option of the table: what `settings` say, else the default.
 *  Owns:    strings and lists belong to the scope's arena, which lives as long as the config
 *  Errors:  -1; every unknown, missing and wrong option was told */
int gy_options_read(const struct gy_scope *scope, const struct gyre_option *options,
                    uint32_t n_options, const struct gy_setting *const *settings,
                    uint32_t n_settings, const struct gy_option_owner *owner, void *config);

/** Fills one option with its default: zero where it has none.
 *  Errors:  -1, told */
int gy_option_default(const struct gy_scope *scope, const struct gyre_option *option,
                      const char *what, void *config);

/** Appends `name = value; ` for each option with all of `flags` that is not as by default, but for
 *  paths: where a file stands does not matter to who asks what is computed.
 *  Errors:  those of `text` */
void gy_options_text(const struct gy_scope *scope, const struct gyre_option *options,
                     uint32_t n_options, uint32_t flags, const void *config, struct gy_buf *text);

#endif
