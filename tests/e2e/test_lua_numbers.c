/* Numbers that code gives to functions of Lua: they are taken as they are, with all digits, or the row is a bad one.
 * LuaJIT by itself takes others for them: 2^63 for 1e300, 1 for 1.5, 0 for 2^32. */
#include "lua_kit.h"
#include "support/files.h"
#include "support/suite.h"

#include <stdlib.h>

#define BIG "cast('9007199254740993', 'i64')"

/* Expressions, each with the text that it gives. */
struct giving {
    const char *expression;
    const char *gives;
};

static void each_gives(const struct giving *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *code = text_format("local big = " BIG " emit{s = tostring(%s)}", cases[i].expression);
        lua_kit_rows(code, "x", cases[i].gives);
        free(code);
    }
}

/* Each makes a bad row that is told so. */
static void each_fails(const struct giving *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *code =
            text_format("local big = " BIG " local v = %s emit{s = ''}", cases[i].expression);
        char *says = text_format("t.lua:1: %s", cases[i].gives);
        lua_kit_bad_row(code, LUA_KIT_STEPS, says);
        free(says);
        free(code);
    }
}
#define EACH_GIVES(cases) each_gives(cases, sizeof(cases) / sizeof *(cases))
#define EACH_FAILS(cases) each_fails(cases, sizeof(cases) / sizeof *(cases))

static void a_format_takes_numbers_as_they_are(void)
{
    static const struct giving right[] = {
        {"('%d %i'):format(-5, 2 ^ 53)", "-5 9007199254740992"},
        {"('%d %x %X %o'):format(big, big, 255, 8)", "9007199254740993 20000000000001 FF 10"},
        {"('%x %u'):format(-1, -1)", "ffffffffffffffff 18446744073709551615"},
        {"('%d'):format(-2 ^ 63)", "-9223372036854775808"},
        {"('%d %d'):format('5', '9007199254740993')", "5 9007199254740993"},
        {"('%s|%5.2s|%%|%-4s|'):format(big, 'abc', 7)", "9007199254740993|   ab|%|7   |"},
        {"('%s %s %s'):format(2 ^ 53, 0.1, 123456789012345)",
         "\"9007199254740992 0.1 123456789012345\""},
        {"('%s %s %s'):format(nil, true, {})", "nil true table"},
        {"('%c%c'):format(65, '98')", "Ab"},
        {"('%.2f %5.1e %g'):format(0.75, 100, '0.5')", "0.75 1.0e+02 0.5"},
        {"('%q'):format('a\\0b\"')", "\"\"\"a\\0b\\\"\"\"\"\""},
        {"('none'):format(1, 2)", "none"},
    };
    static const struct giving wrong[] = {
        {"('%d'):format(1e300)",
         "string.format: argument 2 is 1e+300: %d takes a whole number of 64 bits"},
        {"('%d'):format(2 ^ 63)", "string.format: argument 2 is 9.223372036854776e+18: %d takes"},
        {"('%s %x'):format(1, 1.5)", "string.format: argument 3 is 1.5: %x takes a whole number"},
        {"('%d'):format(0 / 0)", "string.format: argument 2 is nan: %d takes"},
        {"('%d'):format(1 / 0)", "string.format: argument 2 is inf: %d takes"},
        {"('%i'):format('5.5')", "string.format: argument 2 is \"5.5\": %i takes"},
        {"('%d'):format(true)", "string.format: argument 2 is a boolean: %d takes"},
        {"('%c'):format(256)", "string.format: argument 2 is 256: %c takes a byte, 0 to 255"},
        {"('%c'):format(-1)", "string.format: argument 2 is -1: %c takes a byte"},
        {"('%.1f'):format(big)", "string.format: argument 2 is 9007199254740993: %f takes a number "
                                 "that may be rounded: write cast(x, \"f64\")"},
        {"('%g'):format('x')", "string.format: argument 2 is \"x\": %g takes a number"},
        {"('%p'):format({})", "string.format: `%p`, of argument 2, is nothing that it knows"},
        {"('%d %d'):format(1)", "string.format: \"%d %d\" takes 2 arguments, and there are 1"},
    };
    EACH_GIVES(right);
    EACH_FAILS(wrong);
}

static void places_in_a_text_are_whole_numbers(void)
{
    static const struct giving right[] = {
        {"('abc'):sub(2)", "bc"},
        {"('abc'):sub(2, math.huge) .. ('abc'):sub(-1e300, 1)", "bca"},
        {"('abc'):sub(2 ^ 32 + 1) .. '|' .. ('abc'):sub(1, big)", "|abc"},
        {"('abc'):byte() .. ' ' .. ('abc'):byte(-1)", "97 99"},
        {"select('#', ('abc'):byte(1, 1e300)) .. select('#', ('abc'):byte(2 ^ 32 + 1))", "30"},
        {"('abc'):find('c', 1e300)", "nil"},
        {"('abc'):find('c', -1e300)", "3"},
        {"('abcabc'):match('c(.*)', -4)", "abc"},
        {"('aaa'):gsub('a', 'b', '2')", "bba"},
        {"('x'):rep('3') .. ('x'):rep(-1) .. #('').rep('', 1e300)", "xxx0"},
        {"string.char(65, 66) .. string.char()", "AB"},
        {"string.len(1234567890123456)", "16"},
        {"string.find(1234567890123456, '456')", "4"},
        {"string.sub(1234567890123456, -3)", "456"},
        {"('a-b'):gsub('%a', 1234567890123456)", "1234567890123456-1234567890123456"},
        {"('a'):gsub('a', function() return 1234567890123456 end)", "1234567890123456"},
        {"('a'):gsub('a', {a = big})", "9007199254740993"},
    };
    static const struct giving wrong[] = {
        {"('abc'):sub(1.5)", "string.sub: argument 2 is 1.5: it takes a whole number"},
        {"('abc'):sub()", "string.sub: argument 2 is nil: it takes a whole number"},
        {"('abc'):byte(1, 2.5)", "string.byte: argument 3 is 2.5: it takes a whole number"},
        {"('abc'):find('b', 'x')", "string.find: argument 3 is a string: it takes a whole number"},
        {"('abc'):match('b', 0 / 0)", "string.match: argument 3 is nan: it takes a whole number"},
        {"('abc'):gsub('b', '', 0.5)", "string.gsub: argument 4 is 0.5: it takes a whole number"},
        {"('x'):rep(2 ^ 32 + 1)", "string.rep: a text of more than 2 GiB"},
        {"('x'):rep(1.5)", "string.rep: argument 2 is 1.5: it takes a whole number"},
        {"string.char(65.5)", "string.char: argument 1 is 65.5: it takes a whole number"},
        {"string.char(1, 2 ^ 32 + 65)",
         "string.char: argument 2 is 4294967361: it takes a byte, 0 to 255"},
    };
    EACH_GIVES(right);
    EACH_FAILS(wrong);
}

static void places_in_a_table_are_whole_numbers(void)
{
    static const struct giving right[] = {
        {"table.concat({1234567890123456, 'x', big, 0.1}, ' ')",
         "1234567890123456 x 9007199254740993 0.1"},
        {"table.concat({'a', 2, 'c', 4}, ',', 2, 3)", "\"2,c\""},
        {"table.concat({'a', 'b'}) .. table.concat({}, ',')", "ab"},
        {"select('#', unpack({1, 2, 3}, 2))", "2"},
        {"select('#', unpack({1, 2, 3}, 2, 5))", "4"},
    };
    static const struct giving wrong[] = {
        {"table.insert({1, 2}, 1.5, 9)", "table.insert: 1.5 is no place from 1 to 3"},
        {"table.remove({1, 2, 3}, 1.5)", "table.remove: 1.5 is no place from 1 to 3"},
        {"table.concat({1, 2}, ',', 1, 1.5)",
         "table.concat: argument 4 is 1.5: it takes a whole number"},
        {"unpack({1, 2, 3}, 1.5)", "unpack: argument 2 is 1.5: it takes a whole number"},
    };
    EACH_GIVES(right);
    EACH_FAILS(wrong);
}

static void a_text_that_is_a_number_gives_that_number(void)
{
    static const struct giving right[] = {
        {"tonumber('9007199254740991') + 0", "9007199254740991"},
        {"tonumber('9007199254740993')", "9007199254740993"},
        {"tonumber(' -9007199254740993 ')", "-9007199254740993"},
        {"tonumber('9223372036854775807')", "9223372036854775807"},
        {"tonumber('9223372036854775808')", "9.223372036854776e+18"},
        {"tonumber('1e300') == 1e300", "true"},
        {"tonumber('ff', 16) .. ' ' .. tostring(tonumber('zz'))", "255 nil"},
        {"tonumber('1fffffffffffff', 16) == 2 ^ 53 - 1", "true"},
        {"tonumber(big) == big", "true"},
        {"math.random(3, 3)", "3"},
    };
    static const struct giving wrong[] = {
        {"tonumber('20000000000001', 16)", "tonumber: `20000000000001` is beyond 2^53"},
        {"math.random(1e300)", "math.random takes whole numbers below 2^53"},
        {"math.random(big)", "math.random takes whole numbers below 2^53"},
        {"math.random('x')", "math.random takes whole numbers below 2^53"},
        {"math.random(1.5)", "math.random: there is no whole number from 1 to 1.5"},
    };
    EACH_GIVES(right);
    EACH_FAILS(wrong);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_format_takes_numbers_as_they_are),
    SUITE_TEST(places_in_a_text_are_whole_numbers),
    SUITE_TEST(places_in_a_table_are_whole_numbers),
    SUITE_TEST(a_text_that_is_a_number_gives_that_number),
};
SUITE_MAIN("lua_numbers", tests)
