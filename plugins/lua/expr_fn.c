/* plugins/lua/expr_fn.c: see expr_fn.h. */
#include "expr_fn.h"
#include "expr_look.h"

#define ANY EXPR_ANY_ARGS

static const struct expr_fn functions[] = {
    {"coalesce", CALL_COALESCE, 1, ANY, "a", 0, NULL, NULL,
     "coalesce(a, b, ...): the first that is not nil"},
    {"cast", CALL_CAST, 2, 2, "aL", 0, NULL, NULL,
     "cast(x, \"i64\" | \"f64\" | \"str\" | \"bool\" | \"time\" | \"bytes\"): x as that type; f64 "
     "to i64 "
     "cuts the fraction off"},
    {"if", CALL_IF, 3, 3, "baa", 0, NULL, NULL, "if(c, a, b): a where c is true, else b"},
    {"abs", CALL_ABS, 1, 1, "n", 'n', NULL, NULL, "abs(x)"},
    {"floor", CALL_FLOOR, 1, 1, "n", 'n', NULL, NULL, "floor(x): of an f64 an f64"},
    {"ceil", CALL_CEIL, 1, 1, "n", 'n', NULL, NULL, "ceil(x): of an f64 an f64"},
    {"round", CALL_ROUND, 1, 2, "ni", 'n', "round_to", NULL,
     "round(x), round(x, digits): halves away from 0"},
    {"min", CALL_MIN, 1, ANY, "n", 'n', NULL, NULL, "min(a, b, ...)"},
    {"max", CALL_MAX, 1, ANY, "n", 'n', NULL, NULL, "max(a, b, ...)"},
    {"len", CALL_LEN, 1, 1, "s", 'i', NULL, NULL, "len(s): bytes, as #s"},
    {"lower", CALLED, 1, 1, "s", 'S', "lower", NULL, "lower(s): ASCII letters"},
    {"upper", CALLED, 1, 1, "s", 'S', "upper", NULL, "upper(s): ASCII letters"},
    {"trim", CALLED, 1, 1, "s", 'v', "trim", NULL, "trim(s): without blanks around it"},
    {"substr", CALLED, 2, 3, "sii", 'v', "substr", NULL,
     "substr(s, from), substr(s, from, n): n bytes from byte `from` on, 1 the first, -1 the last"},
    {"replace", CALLED, 3, 3, "sss", 'S', "replace", NULL, "replace(s, what, by): all of them"},
    {"starts", CALLED, 2, 2, "ss", 'b', "starts", NULL, "starts(s, with)"},
    {"ends", CALLED, 2, 2, "ss", 'b', "ends", NULL, "ends(s, with)"},
    {"contains", CALLED, 2, 2, "ss", 'b', "contains", NULL, "contains(s, part)"},
    {"like", CALLED, 2, 2, "ss", 'b', "like", NULL,
     "like(s, \"a%b_\"): % any bytes, _ any character, a backslash before either: itself"},
    {"re", CALLED, 2, 2, "sL", 'B', "re_any", expr_look_pattern,
     "re(s, \"pattern\"): whether it is found in s (PCRE2)"},
    {"re", CALLED, 3, 3, "sLi", 'W', "re_group", expr_look_pattern,
     "re(s, \"pattern\", group): what that group has matched, or nil"},
    {"hash", CALL_HASH, 1, 1, "a", 'i', NULL, NULL, "hash(x): 64 bits that follow from x alone"},
    {"time.parse", CALLED, 1, 2, "sL", 'T', "time_parse", expr_look_read_format,
     "time.parse(s), time.parse(s, \"format\"): as strptime; iso, s, ms, us too"},
    {"time.format", CALLED, 1, 2, "tL", 'S', "time_format", expr_look_write_format,
     "time.format(t), time.format(t, \"format\"): as strftime; iso, s, ms, us too"},
    {"time.floor", CALLED, 2, 2, "tL", 'T', "time_floor", expr_look_unit,
     "time.floor(t, \"5m\" | \"1d\" | \"1mo\" ...)"},
    {"time.year", CALLED, 1, 1, "t", 'i', "time_year", NULL, "time.year(t)"},
    {"time.month", CALLED, 1, 1, "t", 'i', "time_month", NULL, "time.month(t): 1 to 12"},
    {"time.day", CALLED, 1, 1, "t", 'i', "time_day", NULL, "time.day(t): 1 to 31"},
    {"time.hour", CALLED, 1, 1, "t", 'i', "time_hour", NULL, "time.hour(t)"},
    {"time.minute", CALLED, 1, 1, "t", 'i', "time_minute", NULL, "time.minute(t)"},
    {"time.second", CALLED, 1, 1, "t", 'i', "time_second", NULL, "time.second(t)"},
    {"time.weekday", CALLED, 1, 1, "t", 'i', "time_weekday", NULL,
     "time.weekday(t): 1 Monday to 7 Sunday"},
    {"time.yearday", CALLED, 1, 1, "t", 'i', "time_yearday", NULL, "time.yearday(t): 1 to 366"},
};

const struct expr_fn *expr_fn_at(uint32_t i)
{
    return i < sizeof functions / sizeof functions[0] ? &functions[i] : NULL;
}

const struct expr_fn *expr_fn_find(const char *name, uint32_t n)
{
    const struct expr_fn *found = NULL;
    for (uint32_t i = 0; expr_fn_at(i) != NULL; i++) {
        const struct expr_fn *fn = &functions[i];
        if (strcmp(fn->name, name) != 0)
            continue;
        if (n >= fn->least && n <= fn->most)
            return fn;
        found = found != NULL ? found : fn;
    }
    return found;
}
