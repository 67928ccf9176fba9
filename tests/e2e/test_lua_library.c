/* What code has beside Lua: times, regular expressions, values; and what of Lua's own is made anew: patterns, the
 * order of keys, sorting, integers beyond 2^53. */
#include "lua_kit.h"
#include "support/suite.h"

/* Each expression gives this text. */
struct giving {
    const char *expression;
    const char *gives;
};

static void each_gives(const struct giving *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char code[512];
        snprintf(code, sizeof code, "emit{s = tostring(%s)}", cases[i].expression);
        lua_kit_rows(code, "x", cases[i].gives);
    }
}
#define EACH_GIVES(cases) each_gives(cases, sizeof(cases) / sizeof *(cases))

static void times_are_read_written_and_floored_in_utc(void)
{
    static const struct giving cases[] = {
        {"time.parse(\"2025-01-02T03:04:05.678Z\")", "1735787045678000"},
        {"time.parse(\"2025-01-02 03:04:05+02:00\")", "1735779845000000"},
        {"time.parse(\"02/Jan/2025:03:04:05 +0000\", \"%d/%b/%Y:%H:%M:%S %z\")",
         "1735787045000000"},
        {"time.parse(\"1735787045\", \"s\")", "1735787045000000"},
        {"time.parse(\"1969-12-31T23:59:59.999999Z\")", "-1"},
        {"time.format(0)", "1970-01-01T00:00:00Z"},
        {"time.format(1735787045678000, \"%Y-%m\")", "2025-01"},
        {"time.format(1735787045678000, \"%H:%M\")", "03:04"},
        {"time.format(-1, \"%F %T\")", "\"1969-12-31 23:59:59\""},
        {"time.format(time.floor(1735787045678000, \"5m\"))", "2025-01-02T03:00:00Z"},
        {"time.format(time.floor(1735787045678000, \"1h\"))", "2025-01-02T03:00:00Z"},
        {"time.format(time.floor(1735787045678000, \"1d\"))", "2025-01-02T00:00:00Z"},
        {"time.format(time.floor(1735787045678000, \"1w\"))", "2024-12-30T00:00:00Z"},
        {"time.format(time.floor(1735787045678000, \"1mo\"))", "2025-01-01T00:00:00Z"},
        {"time.format(time.floor(1709210096000000, \"1mo\"))", "2024-02-01T00:00:00Z"},
        {"time.format(time.floor(1735787045678000, \"3mo\"))", "2025-01-01T00:00:00Z"},
        {"time.format(time.floor(-1, \"3mo\"))", "1969-10-01T00:00:00Z"},
        {"time.format(time.floor(1735787045678000, \"10y\"))", "2020-01-01T00:00:00Z"},
        {"time.floor(-1, \"1ms\")", "-1000"},
        {"time.floor(-1, \"1d\")", "-86400000000"},
        {"time.year(-1) .. \" \" .. time.month(-1) .. \" \" .. time.day(-1)", "1969 12 31"},
        {"time.hour(-1) .. \" \" .. time.minute(-1) .. \" \" .. time.second(-1)", "23 59 59"},
        {"time.weekday(0) .. time.weekday(-1) .. time.weekday(4 * 86400000000)", "431"},
        {"time.yearday(1709164800000000)", "60"},
        {"time.year(time.parse(\"2000-02-29T00:00:00Z\"))", "2000"},
    };
    EACH_GIVES(cases);
}

static void what_is_no_time_is_told(void)
{
    lua_kit_bad_row("time.parse(\"yesterday\")", LUA_KIT_STEPS,
                    "t.lua:1: time.parse: \"yesterday\" is no time as \"iso\" has it");
    lua_kit_bad_row("time.parse(nil)", LUA_KIT_STEPS,
                    "time.parse: argument 1 is a nil: it takes a string");
    lua_kit_bad_row("time.parse(\"x\", \"%Q\")", LUA_KIT_STEPS,
                    "time.parse: \"%Q\" has a directive");
    lua_kit_bad_row("time.floor(0, \"5 minutes\")", LUA_KIT_STEPS,
                    "time.floor: \"5 minutes\" is no unit");
    lua_kit_bad_row("time.floor(0, \"0m\")", LUA_KIT_STEPS, "is no unit");
    lua_kit_bad_row("time.floor(0.5, \"1m\")", LUA_KIT_STEPS, "time.floor: 0.5 is no whole number");
    lua_kit_bad_row("time.format(\"x\")", LUA_KIT_STEPS, "time.format: x is no whole number");
    lua_kit_bad_row("time.floor(-9223372036854775807, \"1y\")", LUA_KIT_STEPS,
                    "is no whole number");
}

static void expressions_of_pcre_find_and_give_groups(void)
{
    static const struct giving cases[] = {
        {"re(\"abc\", \"b\")", "true"},
        {"re(\"abc\", \"^b\")", "false"},
        {"re(\"user=ann id=7\", \"id=(\\\\d+)\", 1)", "7"},
        {"re(\"user=ann\", \"id=(\\\\d+)\", 1)", "nil"},
        {"re(\"ab\", \"a(x)?b\", 1)", "nil"},
        {"re(\"ABC\", \"(?i)b\")", "true"},
        {"re(\"abc\", \"b\", 0)", "b"},
        {"re(\"\", \"^$\")", "true"},
    };
    EACH_GIVES(cases);
    lua_kit_bad_row("re(\"a\", \"(\")", LUA_KIT_STEPS,
                    "re: \"(\": missing closing parenthesis at byte 2");
    lua_kit_bad_row("re(\"a\", \"a\", 1)", LUA_KIT_STEPS, "re: the pattern has no group 1");
    lua_kit_bad_row("re(nil, \"a\")", LUA_KIT_STEPS, "re: argument 1 is a nil");
    lua_kit_bad_row("re((\"a\"):rep(60) .. \"!\", \"^(a|aa)+$\")", LUA_KIT_STEPS,
                    "took more than 200000 steps");
    lua_kit_bad_row("re(\"\\200\", \"(*UTF)a\")", LUA_KIT_STEPS, "re: UTF-8 error");
}

static void values_are_chosen_and_hashed(void)
{
    static const struct giving cases[] = {
        {"9007199254740991", "9007199254740991"},
        {"1e15", "1000000000000000"},
        {"0.1", "0.1"},
        {"1 / 3", "0.3333333333333333"},
        {"-0.5", "-0.5"},
        {"1e300", "1e+300"},
        {"1 / 0", "inf"},
        {"coalesce(nil, nil, 3, 4)", "3"},
        {"coalesce(nil, false)", "false"},
        {"coalesce()", "nil"},
        {"iif(1 > 2, \"a\", \"b\")", "b"},
        {"isin(3, 1, 2, 3)", "true"},
        {"isin(\"x\", \"y\")", "false"},
        {"isin(nil, 1)", "nil"},
        {"hash(\"a\") == hash(\"a\")", "true"},
        {"hash(\"a\") == hash(\"b\")", "false"},
        {"hash(1) == hash(1.0)", "true"},
    };
    EACH_GIVES(cases);
}

static void texts_and_numbers_are_worked_on_as_in_expressions(void)
{
    static const struct giving cases[] = {
        {"lower(\"AbC \\195\\132\")", "abc \303\204"},
        {"upper(\"a text longer than 12\")", "A TEXT LONGER THAN 12"},
        {"\"[\" .. trim(\"  a b \\t\") .. \"]\"", "[a b]"},
        {"substr(\"hello\", 2)", "ello"},
        {"substr(\"hello\", -3, 2)", "ll"},
        {"substr(\"hello\", 9)", "\"\""},
        {"replace(\"a-b-c\", \"-\", \"+\")", "a+b+c"},
        {"replace(\"abc\", \"\", \"x\")", "abc"},
        {"starts(\"hello\", \"he\")", "true"},
        {"ends(\"hello\", \"he\")", "false"},
        {"contains(\"hello\", \"ell\")", "true"},
        {"like(\"hello\", \"h%o\")", "true"},
        {"like(\"hello\", \"h_llo\")", "true"},
        {"like(\"50%\", \"50\\\\%\")", "true"},
        {"like(\"hello\", \"h\")", "false"},
        {"len(\"hello\")", "5"},
        {"round(2.5)", "3"},
        {"round(-2.5)", "-3"},
        {"round(2.345, 2)", "2.35"},
        {"round(1250, -2)", "1300"},
        {"abs(-3)", "3"},
        {"floor(-1.5)", "-2"},
        {"ceil(1.2)", "2"},
        {"min(3, 1, 2)", "1"},
        {"max(3, 1, 2)", "3"},
        {"cast(\"9007199254740993\", \"i64\")", "9007199254740993"},
        {"cast(-1.9, \"i64\")", "-1"},
        {"cast(\"1.5\", \"f64\")", "1.5"},
        {"cast(\"true\", \"bool\")", "true"},
        {"cast(0.1, \"str\")", "0.1"},
        {"cast(1e15, \"str\")", "1000000000000000"},
        {"cast(nil, \"i64\")", "nil"},
        {"cast(true, \"i64\")", "1"},
        {"cast(\"1970-01-01T00:00:01Z\", \"time\")", "1000000"},
        {"cast(cast(\"9007199254740993\", \"i64\"), \"f64\")", "9007199254740992"},
    };
    EACH_GIVES(cases);
    lua_kit_bad_row("lower(nil)", LUA_KIT_STEPS,
                    "t.lua:1: lower: argument 1 is a nil: it takes a string");
    lua_kit_bad_row("like(\"a\", 5)", LUA_KIT_STEPS,
                    "like: argument 2 is a number: it takes a string");
    lua_kit_bad_row("cast(\"x\", \"i64\")", LUA_KIT_STEPS, "cast: no i64 is made of \"x\"");
    lua_kit_bad_row("cast(1, \"int\")", LUA_KIT_STEPS, "cast(x, \"TYPE\") makes a bool, i64");
    lua_kit_bad_row("cast(5, \"bool\")", LUA_KIT_STEPS, "cast: no bool is made of a number");
    lua_kit_bad_row("max(1, \"2\")", LUA_KIT_STEPS,
                    "max: argument 2 is a string: it takes a number");
    lua_kit_bad_row("local s = (\"ab\"):rep(1000000) while true do s = lower(s) end", LUA_KIT_STEPS,
                    "took more than 200000 steps");
}

static void patterns_are_those_of_lua(void)
{
    static const struct giving cases[] = {
        {"table.concat({(\"hello world\"):find(\"o w\")}, \",\")", "\"5,7\""},
        {"table.concat({(\"hello\"):find(\"l+\")}, \",\")", "\"3,4\""},
        {"table.concat({(\"key = value\"):match(\"(%w+)%s*=%s*(%w+)\")}, \",\")", "\"key,value\""},
        {"table.concat({(\"hello\"):find(\"()ll()\")}, \",\")", "\"3,4,3,5\""},
        {"(\"hello\"):match(\".-(l+)\")", "ll"},
        {"(\"f(a(b)c)d\"):match(\"%b()\")", "(a(b)c)"},
        {"(\"THE (quick) fox\"):find(\"%f[%a]%a+%f[%A]\")", "1"},
        {"(\"abcabc\"):match(\"(abc)%1\")", "abc"},
        {"(\"hello\"):find(\"\")", "1"},
        {"(\"hello\"):find(\"\", 10)", "nil"},
        {"(\"hello\"):find(\"l\", -2)", "4"},
        {"(\"a.b\"):find(\".\", 1, true)", "2"},
        {"(\"a.b\"):find(\".\", 3, true)", "nil"},
        {"(\"a+b\"):gsub(\"%+\", \"-\")", "a-b"},
        {"(\"hello world\"):gsub(\"o\", \"0\", 1)", "hell0 world"},
        {"(\"hello\"):gsub(\"\", \"-\")", "-h-e-l-l-o-"},
        {"(\"abc\"):gsub(\"%w\", \"%0%0\")", "aabbcc"},
        {"(\"abc\"):gsub(\"%w\", {a = \"1\", b = true and 2})", "12c"},
        {"(\"abc\"):gsub(\"%w\", function(c) if c == \"b\" then return \"B\" end end)", "aBc"},
        {"(\"abc\"):gsub(\"^a\", \"x\")", "xbc"},
        {"(\"$name is\"):gsub(\"%$(%w+)\", {name = \"Lua\"})", "Lua is"},
        {"(\"[a]b]\"):match(\"[]]\")", "]"},
        {"(\"a-z\"):match(\"[a%-z]+\")", "a-z"},
        {"(\"x^y\"):match(\"[%^]\")", "^"},
        {"(\"x\\0y\"):find(\"%z\")", "2"},
        {"(\"  trim  \"):match(\"^%s*(.-)%s*$\")", "trim"},
        {"select(2, (\"a,b,,c\"):gsub(\",\", \"\"))", "3"},
        {"(\"2025-01-02\"):match(\"^(%d+)-(%d+)-(%d+)$\")", "2025"},
        {"(\"0xFf\"):match(\"^0x%x+$\")", "0xFf"},
        {"(\"aaa\"):match(\"a?a?a?a?\")", "aaa"},
        {"(\"aaab\"):match(\"a*b\")", "aaab"},
        {"(\"ab\"):match(\"a$\")", "nil"},
        {"(\"a$\"):match(\"a$\")", "nil"},
        {"(\"a$b\"):match(\"a$b\")", "a$b"},
        {"string.rep(5, 2)", "55"},
    };
    EACH_GIVES(cases);
    lua_kit_rows("for k, v in line:gmatch(\"(%w+)=(%w+)\") do emit{s = k .. v} end", "a=1 b=2",
                 "a1\nb2");
    lua_kit_rows("for w in line:gmatch(\"%a*\") do emit{s = \"[\" .. w .. \"]\"} end", "ab c",
                 "[ab]\n[]\n[c]\n[]");
    lua_kit_bad_row("line:find(\"[a\")", LUA_KIT_STEPS, "string.find: a pattern has a `[`");
    lua_kit_bad_row("line:find(\"%\")", LUA_KIT_STEPS, "string.find: a pattern ends with `%`");
    lua_kit_bad_row("line:match(\"(a\")", LUA_KIT_STEPS, "string.match: a pattern has a `(`");
    lua_kit_bad_row("line:match(\"b)\")", LUA_KIT_STEPS, "string.match: a pattern has a `)`");
    lua_kit_bad_row("line:gsub(\"a\", \"%9\")", LUA_KIT_STEPS, "is the number of no capture");
}

static void keys_come_in_order_and_sorting_takes_any_comparison(void)
{
    lua_kit_rows("for k, v in pairs{b = 1, a = 2, [10] = 3, [2] = 4, [true] = 5, [1.5] = 6} do\n"
                 "emit{s = tostring(k) .. \"=\" .. v} end",
                 "x", "1.5=6\n2=4\n10=3\na=2\nb=1\ntrue=5");
    lua_kit_rows("for k, v in pairs{\"a\", \"b\"} do emit{s = k .. v} end", "x", "1a\n2b");
    lua_kit_rows("local t = {3, 1, 2} table.sort(t) emit{s = table.concat(t)}", "x", "123");
    lua_kit_rows(
        "local t = {} for i = 1, 100 do t[i] = i * 37 % 101 end\n"
        "table.sort(t, function(a, b) return a > b end) emit{s = table.concat(t, \" \", 1, 3)}",
        "x", "100 99 98");
    lua_kit_rows("local t = {2, 1} table.sort(t, function() return true end) emit{s = #t .. \"\"}",
                 "x", "2");
    lua_kit_rows("local t = {1, 2, 3} table.insert(t, 2, 9) emit{s = table.concat(t)}\n"
                 "emit{s = table.remove(t, 1) .. table.concat(t)} emit{s = tostring(next({}))}",
                 "x", "1923\n1923\nnil");
    lua_kit_bad_row("for k in pairs{[{}] = 1} do end", LUA_KIT_STEPS, "a table as a key");
    lua_kit_bad_row("table.insert({}, 5, 1)", LUA_KIT_STEPS, "5 is no place from 1 to 1");
    lua_kit_rows("emit{s = tostring({}) .. tostring(emit) .. (\"%s\"):format({})}", "x",
                 "tablefunctiontable");
}

#define I64 "{name = \"n\"; type = \"i64\";}"

static void integers_beyond_2_to_the_53_are_exact_or_an_error(void)
{
    static const char most[] = "9223372036854775807", least[] = "-9223372036854775808";
    lua_kit_fields("n: i64", I64, "emit{n = n}", most, most);
    lua_kit_fields("n: i64", I64, "emit{n = n}", least, least);
    lua_kit_fields("n: i64", I64, "emit{n = n + 1}", "9007199254740993", "9007199254740994");
    lua_kit_fields("n: i64", I64, "emit{n = n - 9007199254740991}", "9007199254740993", "2");
    lua_kit_fields("n: i64", I64, "emit{n = n - n}", most, "0");
    lua_kit_fields("n: i64", I64, "emit{n = 2 * n}", "4611686018427387903", "9223372036854775806");
    lua_kit_fields("n: i64", I64, "emit{n = n % 10} emit{n = -n % 10}", most, "7\n3");
    lua_kit_fields("n: i64", I64, "emit{n = n / n}", most, "1");
    lua_kit_fields("n: i64", I64,
                   "emit{n = pcall(function() return n.v end) and 1 or 0}\n"
                   "emit{n = pcall(function() n[\"gyre__\" .. \"v\"] = 5 end) and 1 or 0}",
                   most, "0\n0");
    lua_kit_fields("n: i64", I64, "local t = {} t[n] = 1 t[n + 0] = t[n] + 1 emit{n = t[n]}", most,
                   "2");
    lua_kit_fields("n: i64", I64,
                   "if n > 1.5 and n >= n and n ~= 3 and not (n < 7) and n > 9e15 then\n"
                   "emit{n = 1} end",
                   most, "1");
    lua_kit_fields("n: i64", I64, "emit{n = n > 9223372036854775807 and 1 or 0}", most, "0");
    lua_kit_fields("n: i64", "{name = \"s\"; type = \"str\";}",
                   "emit{s = \"id \" .. n} emit{s = tostring(n)} emit{s = (\"%d\"):format(n)}\n"
                   "emit{s = type(n)}",
                   most,
                   "id 9223372036854775807\n9223372036854775807\n9223372036854775807\nnumber");
    lua_kit_fields("n: i64", "{name = \"s\"; type = \"str\";}",
                   "for _, f in ipairs{function() return n + 1 end, function() return n * 2 end,\n"
                   "function() return n + 0.5 end, function() return n % 0 end,\n"
                   "function() return n < \"a\" end, function() return -(-n - 1) end} do\n"
                   "emit{s = tostring(pcall(f))} end",
                   most, "false\nfalse\nfalse\nfalse\nfalse\nfalse");
}

static void numbers_that_would_not_be_exact_are_refused(void)
{
    lua_kit_refused("local x = 5LL", "t.lua:1: a number has no suffix");
    lua_kit_refused("local x = 0xffULL", "t.lua:1: a number has no suffix");
    lua_kit_refused("local x = 5i", "t.lua:1: a number has no suffix");
    lua_kit_fields("n: i64", I64, "emit{n = 0xff + 1e2}", "1", "355");
}

static void values_keep_their_types_and_nulls(void)
{
    static const char in[] = "b: bool or null, i: i32 or null, n: i64 or null, x: f64 or null, "
                             "s: str or null, y: bytes or null, t: time or null";
    static const char out[] = "{name = \"b\"; type = \"bool\"; nullable = true;}, {name = \"i\"; "
                              "type = \"i32\"; nullable = true;},"
                              "{name = \"n\"; type = \"i64\"; nullable = true;}, {name = \"x\"; "
                              "type = \"f64\"; nullable = true;},"
                              "{name = \"s\"; type = \"str\"; nullable = true;}, {name = \"y\"; "
                              "type = \"bytes\"; nullable = true;},"
                              "{name = \"t\"; type = \"time\"; nullable = true;}";
    static const char rows[] =
        "{\"b\": true, \"i\": -5, \"n\": 7, \"x\": 1.5, \"s\": \"a text that is longer\", \"y\": "
        "\"YWI=\", \"t\": 5}\n"
        "{\"b\": false, \"i\": null, \"n\": null, \"x\": null, \"s\": null, \"y\": null, \"t\": "
        "null}\n"
        "{\"b\": null, \"i\": 0, \"n\": 0, \"x\": -0.25, \"s\": \"\", \"y\": \"\", \"t\": -1}";
    lua_kit_fields(in, out, "emit{b = b, i = i, n = n, x = x, s = s, y = y, t = t}", rows, rows);
}

static void what_is_put_out_must_be_of_its_fields_type(void)
{
    lua_kit_bad_row("emit{s = 5}", LUA_KIT_STEPS, "t.lua:1: `s` is str: a number is none");
    lua_kit_bad_row("emit{S = \"x\"}", LUA_KIT_STEPS, "t.lua:1: the rows have no field `S`");
    lua_kit_bad_row("emit{sh = \"x\"}", LUA_KIT_STEPS,
                    "t.lua:1: the rows have no field `sh`: did you mean `s`?");
    lua_kit_fields("n: i64", I64 ", {name = \"place\"; type = \"i64\"; nullable = true;}",
                   "local ok, e = pcall(emit, {n = 1, palce = 2})\n"
                   "emit{n = ok and 1 or 2} emit{n = 3, place = 4, other = 5}",
                   "1", "2,\n3,4");
    lua_kit_bad_row("emit{}", LUA_KIT_STEPS, "t.lua:1: `s` is missing, and is not nullable");
    lua_kit_bad_row("emit(\"x\")", LUA_KIT_STEPS,
                    "t.lua:1: emit takes a table: emit{name = value}");
    lua_kit_fields(
        "n: i64", I64 ", {name = \"i\"; type = \"i32\";}, {name = \"b\"; type = \"bool\";}",
        "local function bad(t) local ok, e = pcall(emit, t) return ok end\n"
        "if bad{n = 1.5, i = 1, b = true} or bad{n = 1, i = 2147483648, b = true} or\n"
        "bad{n = 1, i = 1, b = 1} or bad{n = \"1\", i = 1, b = true} or bad{n = 1e16, i = 1, b = "
        "true}\n"
        "or bad{n = 0 / 0, i = 1, b = true} then error(\"taken\") end emit{n = n, i = 1, b = true}",
        "4", "4,1,true");
}

static void a_task_logs_and_draws_numbers_of_its_own(void)
{
    lua_kit_logs("print(\"n is\", 5, nil, {})", "n is\t5\tnil\ttable");
    lua_kit_rows(
        "local r = math.random() local d = math.random(6) local e = math.random(-1, 1)\n"
        "emit{s = tostring(r >= 0 and r < 1 and d >= 1 and d <= 6 and e >= -1 and e <= 1)}",
        "a\nb\nc", "true\ntrue\ntrue");
    lua_kit_bad_row("math.random(0)", LUA_KIT_STEPS,
                    "math.random: there is no whole number from 1 to 0");
}

static const struct suite_test tests[] = {
    SUITE_TEST(times_are_read_written_and_floored_in_utc),
    SUITE_TEST(what_is_no_time_is_told),
    SUITE_TEST(expressions_of_pcre_find_and_give_groups),
    SUITE_TEST(values_are_chosen_and_hashed),
    SUITE_TEST(texts_and_numbers_are_worked_on_as_in_expressions),
    SUITE_TEST(patterns_are_those_of_lua),
    SUITE_TEST(integers_beyond_2_to_the_53_are_exact_or_an_error),
    SUITE_TEST(numbers_that_would_not_be_exact_are_refused),
    SUITE_TEST(values_keep_their_types_and_nulls),
    SUITE_TEST(what_is_put_out_must_be_of_its_fields_type),
    SUITE_TEST(a_task_logs_and_draws_numbers_of_its_own),
    SUITE_TEST(keys_come_in_order_and_sorting_takes_any_comparison),
};
SUITE_MAIN("lua_library", tests)
