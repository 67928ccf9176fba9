/* plugins/lua/calls.h: what the emitted code calls: functions on strings, and numbers as text and back.
 *
 * One table gives their declarations, the struct of their addresses, and what LuaJIT's FFI is told of that.
 * Those that make a str take its slot behind R; it may point into an argument's bytes. An int32_t is a
 * status, 0 or -1, or 0 and 1 of a bool. None keeps anything, raises or waits. */
#ifndef GYRE_PLUGIN_LUA_CALLS_H
#define GYRE_PLUGIN_LUA_CALLS_H

#include "run.h"

#define CALLS_STR const struct gyre_str *
#define CALLS_TO  struct run *, struct gyre_str *

#define CALLS(X)                                                                                   \
    X(int32_t, equal, (CALLS_STR, CALLS_STR))                                                      \
    X(int32_t, compare, (CALLS_STR, CALLS_STR))                                                    \
    X(int64_t, truncated, (double))                                                                \
    X(double, modulo, (double, double))                                                            \
    X(double, power, (double, double))                                                             \
    X(double, round_to, (double, int64_t))                                                         \
    X(int32_t, round_integer, (struct run *, int64_t, int64_t))                                    \
    X(int32_t, put, (struct run *, uint32_t, CALLS_STR))                                           \
    X(int32_t, concat, (CALLS_TO, CALLS_STR, CALLS_STR))                                           \
    X(int32_t, text_of_i64, (CALLS_TO, int64_t))                                                   \
    X(int32_t, text_of_f64, (CALLS_TO, double))                                                    \
    X(int32_t, text_of_bool, (CALLS_TO, int32_t))                                                  \
    X(int32_t, text_of_time, (CALLS_TO, int64_t))                                                  \
    X(int32_t, i64_of_text, (struct run *, CALLS_STR))                                             \
    X(int32_t, f64_of_text, (struct run *, CALLS_STR))                                             \
    X(int32_t, bool_of_text, (struct run *, CALLS_STR))                                            \
    X(int32_t, time_of_text, (struct run *, CALLS_STR))                                            \
    X(int32_t, lower, (CALLS_TO, CALLS_STR))                                                       \
    X(int32_t, upper, (CALLS_TO, CALLS_STR))                                                       \
    X(int32_t, trim, (CALLS_TO, CALLS_STR))                                                        \
    X(int32_t, substr, (CALLS_TO, CALLS_STR, int64_t, int64_t))                                    \
    X(int32_t, replace, (CALLS_TO, CALLS_STR, CALLS_STR, CALLS_STR))                               \
    X(int32_t, starts, (struct run *, CALLS_STR, CALLS_STR))                                       \
    X(int32_t, ends, (struct run *, CALLS_STR, CALLS_STR))                                         \
    X(int32_t, contains, (struct run *, CALLS_STR, CALLS_STR))                                     \
    X(int32_t, like, (struct run *, CALLS_STR, CALLS_STR))                                         \
    X(int32_t, re_any, (struct run *, int32_t, CALLS_STR))                                         \
    X(int32_t, re_group, (CALLS_TO, int32_t, CALLS_STR, int64_t))                                  \
    X(int64_t, hash_text, (struct run *, CALLS_STR))                                               \
    X(int64_t, hash_i64, (struct run *, int64_t))                                                  \
    X(int64_t, hash_f64, (struct run *, double))                                                   \
    X(int32_t, time_parse, (struct run *, int32_t, CALLS_STR))                                     \
    X(int32_t, time_format, (CALLS_TO, int32_t, int64_t))                                          \
    X(int32_t, time_floor, (struct run *, int64_t, int64_t))                                       \
    X(int64_t, time_year, (struct run *, int64_t))                                                 \
    X(int64_t, time_month, (struct run *, int64_t))                                                \
    X(int64_t, time_day, (struct run *, int64_t))                                                  \
    X(int64_t, time_hour, (struct run *, int64_t))                                                 \
    X(int64_t, time_minute, (struct run *, int64_t))                                               \
    X(int64_t, time_second, (struct run *, int64_t))                                               \
    X(int64_t, time_weekday, (struct run *, int64_t))                                              \
    X(int64_t, time_yearday, (struct run *, int64_t))

struct calls {
#define CALLS_MEMBER(result, name, arguments) result(*name) arguments;
    CALLS(CALLS_MEMBER)
#undef CALLS_MEMBER
};

extern const struct calls calls_table;

/* The struct, as the FFI is told. */
extern const char calls_cdef[];

/* No str that is made is longer. */
#define CALLS_STR_MAX (64u << 20)

#endif
