/* plugins/lua/calls_library.h: those of calls.h that stand on when.h and re.h, and hashes: the same for
 * expressions as for code. */
#ifndef GYRE_PLUGIN_LUA_CALLS_LIBRARY_H
#define GYRE_PLUGIN_LUA_CALLS_LIBRARY_H

#include "calls.h"

int32_t re_any(struct run *run, int32_t text, const struct gyre_str *s);
int32_t re_group(struct run *run, struct gyre_str *to, int32_t text, const struct gyre_str *s,
                 int64_t group);
int64_t hash_text(struct run *run, const struct gyre_str *s);
int64_t hash_i64(struct run *run, int64_t v);
int64_t hash_f64(struct run *run, double v);
int32_t time_parse(struct run *run, int32_t text, const struct gyre_str *s);
int32_t time_format(struct run *run, struct gyre_str *to, int32_t text, int64_t t);
int32_t time_floor(struct run *run, int64_t unit, int64_t t);
int64_t time_year(struct run *run, int64_t t);
int64_t time_month(struct run *run, int64_t t);
int64_t time_day(struct run *run, int64_t t);
int64_t time_hour(struct run *run, int64_t t);
int64_t time_minute(struct run *run, int64_t t);
int64_t time_second(struct run *run, int64_t t);
int64_t time_weekday(struct run *run, int64_t t);
int64_t time_yearday(struct run *run, int64_t t);

/** Compiles the patterns of the run's expression for its task; -1 without memory. */
int patterns_init(struct run *run);
void patterns_fini(struct run *run);

#endif
