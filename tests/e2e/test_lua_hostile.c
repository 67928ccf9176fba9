/* Code that means no good: what would run for ever, take all memory or get out of its sandbox is refused or ended,
 * with a sentence that says what it did, and the rows that come after it are as if it had not been there. */
#include "lua_kit.h"
#include "support/suite.h"

/* Each is told by `says`; the row behind it comes through. */
struct hostile {
    const char *code;
    const char *says;
};

static void each_is_ended(const struct hostile *cases, size_t n, int steps)
{
    for (size_t i = 0; i < n; i++)
        lua_kit_bad_row(cases[i].code, steps, cases[i].says);
}
#define EACH_IS_ENDED(cases) each_is_ended(cases, sizeof(cases) / sizeof *(cases), LUA_KIT_STEPS)

#define STEPS "t.lua:1: took more than 200000 steps for one row: a loop without an end?"

static void loops_without_an_end_end(void)
{
    static const struct hostile cases[] = {
        {"while true do end", STEPS},
        {"repeat until false", STEPS},
        {"::a:: goto a", STEPS},
        {"for i = 1, math.huge do end", STEPS},
        {"local function f() return f() end f()", STEPS},
        {"local function f() f() end f()", "t.lua:1: stack overflow"},
        {"for _ in function() return 1 end do end", STEPS},
        {"local function f(...) while ... do end end f(true)", STEPS},
        {"local function f(...) for _ = 1, ... do end end f(math.huge)", STEPS},
        {"(\"x\"):rep(10):gsub(\".\", function() while true do end end)", STEPS},
        {"coroutine.wrap(function() while true do end end)()", STEPS},
        {"while true do coroutine.resume(coroutine.create(function() end)) end", STEPS},
        {"local t = setmetatable({}, {__index = function(t, k) while true do end end}) t.x()",
         STEPS},
        /* LuaJIT says line 0 now and then: it depends on what it has compiled. */
        {"local t = setmetatable({}, {__index = function(t, k) return t[k] end}) t.x()",
         ": stack overflow"},
        {"table.sort({3, 2, 1}, function() while true do end end)", STEPS},
        {"tostring(setmetatable({}, {__tostring = function() while true do end end}))", STEPS},
    };
    EACH_IS_ENDED(cases);
}

static void what_catches_errors_does_not_catch_the_end(void)
{
    static const struct hostile cases[] = {
        {"pcall(function() while true do end end) emit{s = \"survived\"}", STEPS},
        {"while true do pcall(function() while true do end end) end", STEPS},
        {"xpcall(function() while true do end end, function() return 1 end) emit{s = \"x\"}",
         STEPS},
        {"xpcall(function() while true do end end, function() while true do end end)", STEPS},
        {"xpcall(error, function() while true do end end) emit{s = \"x\"}", STEPS},
        {"coroutine.resume(coroutine.create(function() while true do end end)) emit{s = \"x\"}",
         STEPS},
        {"pcall(pcall, pcall, function() while true do end end) emit{s = \"x\"}", STEPS},
        {"pcall(string.rep, \"x\", -1) pcall(table.sort, {2, 1}, function() repeat until nil end)",
         STEPS},
    };
    EACH_IS_ENDED(cases);
}

static void calls_that_take_long_count_what_they_do(void)
{
    static const struct hostile cases[] = {
        {"(\"a\"):rep(30000):find(\".-.-.-.-b\")", STEPS},
        {"(\"a\"):rep(30000):match(\"(.-)(.-)(.-)b\")", STEPS},
        {"(\"a\"):rep(30000):gsub(\"a*a*a*b\", \"\")", STEPS},
        {"for _ in (\"a\"):rep(30000):gmatch(\"a*a*b\") do end", STEPS},
        {"local s = (\"a\"):rep(100000) while true do s:find(\"b\", 1, true) end", STEPS},
        {"local s = (\"a\"):rep(1000000) while true do s:upper() end", STEPS},
        {"local s = (\"a\"):rep(1000000) while true do local t = s .. \"b\" end", STEPS},
        {"local s = (\"a\"):rep(1000000) local t = s:upper() while true do s:upper() end", STEPS},
        {"local s = (\"a\"):rep(1000000) while true do (\"a\"):rep(1000000) end", STEPS},
        {"local s = (\"a\"):rep(1000000) while true do (\"%s\"):format(s) end", STEPS},
        {"local t = {} for i = 1, 90000 do t[i] = i end while true do table.maxn(t) end", STEPS},
        {"local t = {} while true do table.insert(t, 1, 0) end", STEPS},
        {"local t = {} for i = 1, 100000 do t[i] = i end while true do table.remove(t, 1) end",
         STEPS},
        {"local t = {} for i = 1, 90000 do t[i] = \"\" end while true do table.concat(t) end",
         STEPS},
        {"local t = {} for i = 1, 9000 do t[-i] = 1 end while true do for _ in pairs(t) do break "
         "end "
         "end",
         STEPS},
    };
    EACH_IS_ENDED(cases);
}

#define MEMORY "took more than the 16 MiB of memory that it may (`memory` is an option)"

static void memory_has_an_end(void)
{
    static const struct hostile cases[] = {
        {"emit{s = (\"x\"):rep(1e9)}", MEMORY},
        {"local s = \"x\" while true do s = s .. s end", MEMORY},
        {"local t = {} while true do t[#t + 1] = {} end", MEMORY},
        {"local t = {} for i = 1, 64 do t[i] = (\"x\"):rep(1e6) .. i end", MEMORY},
        {"table.concat({(\"x\"):rep(9e6), (\"y\"):rep(9e6)})", MEMORY},
        {"local s = (\"x\"):rep(6e6) s = s:gsub(\"x\", \"yyyyyyyy\", 1) .. s .. s", MEMORY},
        {"local t = {} while true do t = {t} end", MEMORY},
        {"local t = {} while true do t[#t + 1] = coroutine.create(function() end) end", MEMORY},
        {"local t = {} while true do t[#t + 1] = function() return t end end", MEMORY},
        {"while true do emit{s = \"a row that is longer than twelve bytes\"} end",
         "the rows put out for one row take more memory than they may"},
        {"(\"%1000d\"):format(1)", "t.lua:1: invalid option '%100' to 'format'"},
        {"local f = function(...) return ... end f(unpack({}, 1, 1e8))",
         "too many results to unpack"},
    };
    each_is_ended(cases, sizeof cases / sizeof *cases, 50000000);
}

static void memory_that_is_refused_may_be_caught_and_is_given_back(void)
{
    lua_kit_rows("local ok = pcall(string.rep, \"x\", 1e9) emit{s = tostring(ok)}", "a\nb",
                 "false\nfalse");
    lua_kit_rows("local s = (\"x\"):rep(1e6) emit{s = tostring(#(s .. s))}",
                 "a\nb\nc\nd\ne\nf\ng\nh",
                 "2000000\n2000000\n2000000\n2000000\n2000000\n2000000\n2000000\n2000000");
}

/* A task's memory has what the rows before have left in it, until it is collected. That is no fault of a row's. */
static void a_row_does_not_fail_for_what_those_before_it_have_left(void)
{
    char in[200] = "a", out[200] = "x";
    for (int i = 1; i < 60; i++) {
        strcat(in, "\na");
        strcat(out, "\nx");
    }
    lua_kit_rows("local s = (\"x\"):rep(2999980) .. math.random() emit{s = s:sub(1, 1)}", in, out);
    lua_kit_rows("emit{s = coroutine.wrap(function()\n"
                 "  return ((\"x\"):rep(2999980) .. math.random()):sub(1, 1) end)()}",
                 in, out);
}

static void the_ways_out_are_not_there(void)
{
    static const char *const names[] = {
        "os",       "io",      "ffi",     "debug",      "jit",      "package",        "load",
        "dofile",   "getfenv", "setfenv", "loadstring", "loadfile", "collectgarbage", "gcinfo",
        "newproxy", "_G",      "module",  "gyre__x",    "arg",      "host",           "env",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char code[64], says[64];
        snprintf(code, sizeof code, "local x = %s", names[i]);
        snprintf(says, sizeof says,
                 strncmp(names[i], "gyre__", 6) == 0 ? "names that begin with `gyre__`"
                                                     : "t.lua:1: no name `%s` is known here",
                 names[i]);
        lua_kit_refused(code, says);
    }
    lua_kit_refused("x = 1", "t.lua:1: `x` is no `local`");
    lua_kit_refused("function f() end", "t.lua:1: `f` is no `local`");
    lua_kit_refused("string = {}", "t.lua:1: `string` is a name of the sandbox");
    lua_kit_refused("\033LJ\002", "bytecode is not run");
    lua_kit_refused("end os.exit() do", "t.lua:1: ");
    lua_kit_refused("require \"../x\"",
                    "require \"../x\": a file beside this one is named by letters");
    lua_kit_refused("require \"/etc/x\"", "a file beside this one is named by letters");
    lua_kit_refused("require(\"a..b\")", "a file beside this one is named by letters");
    lua_kit_refused("local n = \"x\" require(n)", "require takes the name of a file as it stands");
    lua_kit_refused("local r = require", "require takes the name of a file as it stands");
    lua_kit_refused("require \"nothing\"", "nothing.lua: No such file or directory");
    lua_kit_refused("require \"t\" x = 1", "t.lua:1: ");
    lua_kit_refused("return ...", "t.lua:1: ");
}

static void what_code_shares_cannot_be_changed(void)
{
    static const struct hostile cases[] = {
        {"getmetatable(\"\").__index = {}", "t.lua:1: "},
        {"setmetatable(\"\", {})", "t.lua:1: "},
        {"string.rep = nil", "t.lua:1: `string` cannot be changed"},
        {"rawset(string, \"rep\", 1)", "rawset: `string` cannot be changed"},
        {"setmetatable(string, {})", "t.lua:1: cannot change a protected metatable"},
        {"getmetatable(string).__index = {}", "t.lua:1: "},
        {"math.floor = nil", "t.lua:1: `math` cannot be changed"},
        {"string.dump(emit)", "t.lua:1: attempt to call field 'dump'"},
        {"(\"\").dump(emit)", "t.lua:1: attempt to call field 'dump'"},
    };
    EACH_IS_ENDED(cases);
}

static void whatever_is_raised_is_told(void)
{
    static const struct hostile cases[] = {
        {"error(\"boom\")", "t.lua:1: boom"},
        {"error(\"boom\", 0)", "boom"},
        {"error({})", "raises an error that is no text (a table): error() takes one"},
        {"error(nil)", "raises an error that is no text (a nil)"},
        {"error()", "raises an error that is no text (a nil)"},
        {"error(function() end)", "raises an error that is no text (a function)"},
        {"error(42)", "42"},
        {"error(setmetatable({}, {__tostring = function() error(1) end}))", "(a table)"},
        {"tostring(setmetatable({}, {__tostring = function() error(\"evil\") end}))", "evil"},
        {"error((\"x\"):rep(100000))", "xxxxxxxxxxxxxxxxxxxx"},
        {"error(\"\\1\" .. \"99:1: x\", 0)", "99:1: x"},
        {"coroutine.yield()", "attempt to yield"},
    };
    EACH_IS_ENDED(cases);
    lua_kit_rows("local x = setmetatable({}, {__gc = function() while true do end end}) x = nil "
                 "emit{s = line}",
                 "a\nb", "a\nb");
}

static void rows_of_a_row_that_fails_are_not_put_out(void)
{
    lua_kit_bad_row("emit{s = \"gone\"} if line == \"bad\" then error(\"late\") end", LUA_KIT_STEPS,
                    "late");
    lua_kit_bad_row(
        "for i = 1, 5000 do emit{s = \"a row longer than twelve bytes\"} end error(\"x\")",
        LUA_KIT_STEPS, "x");
}

static const struct suite_test tests[] = {
    SUITE_TEST(loops_without_an_end_end),
    SUITE_TEST(what_catches_errors_does_not_catch_the_end),
    SUITE_TEST(calls_that_take_long_count_what_they_do),
    SUITE_TEST(memory_has_an_end),
    SUITE_TEST(memory_that_is_refused_may_be_caught_and_is_given_back),
    SUITE_TEST(a_row_does_not_fail_for_what_those_before_it_have_left),
    SUITE_TEST(the_ways_out_are_not_there),
    SUITE_TEST(what_code_shares_cannot_be_changed),
    SUITE_TEST(whatever_is_raised_is_told),
    SUITE_TEST(rows_of_a_row_that_fails_are_not_put_out),
};
SUITE_MAIN("lua_hostile", tests)
