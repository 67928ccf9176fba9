/* See lua_folds.h. */
#include "lua_folds.h"

#include "files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In it `@` is the name of what is kept: "acc" or "state". */
struct shape {
    const char *init, *add, *merge, *result, *migrate;
};

/* A table by names with a list and a set of strings in it. */
#define BY_NAME                                                                                    \
    {                                                                                              \
        .init = "{n = 0, sum = 0, last = {}, seen = {}}",                                          \
        .add = "@.n = @.n + 1 @.sum = @.sum + value\n"                                             \
               "      @.last[#@.last + 1] = 'value number ' .. value\n"                            \
               "      if #@.last > 3 then table.remove(@.last, 1) end\n"                           \
               "      @.seen['m' .. value % 8] = true",                                            \
        .merge = "@.n = @.n + other.n @.sum = @.sum + other.sum\n"                                 \
                 "      for _, text in ipairs(other.last) do @.last[#@.last + 1] = text end\n"     \
                 "      while #@.last > 3 do table.remove(@.last, 1) end\n"                        \
                 "      for m in pairs(other.seen) do @.seen[m] = true end",                       \
        .result = "local seen = 0 for _ in pairs(@.seen) do seen = seen + 1 end\n"                 \
                  "      local row = {n = @.n, sum = @.sum, seen = seen,\n"                        \
                  "        last = table.concat(@.last, ', ')}",                                    \
    }

/* A sum beyond 2^53, the last texts one in another, a table for each of some numbers. */
#define BASE "cast('9007199254740993', 'i64')"
#define NESTED(make, n, big, last, seen, from)                                                     \
    {                                                                                              \
        .init = make,                                                                              \
        .add = "@" n " = @" n " + 1 @" big " = @" big " + value\n"                                 \
               "      @" last " = {text = 'value number ' .. value, before = @" last "}\n"         \
               "      local second = @" last ".before or nil\n"                                    \
               "      if second and second.before then second.before.before = false end\n"         \
               "      @" seen "[value % 8] = {'seen', value}",                                     \
        .merge = "@" n " = @" n " + other" n " @" big " = @" big " + (other" big " - " BASE ")\n"  \
                 "      local three, at = {}, other" last "\n"                                     \
                 "      while at do table.insert(three, 1, at.text) at = at.before end\n"          \
                 "      for _, text in ipairs(three) do @" last " = {text = text, before = @" last \
                 "} end\n"                                                                         \
                 "      local third = @" last "\n"                                                 \
                 "      for i = 1, 2 do third = third and third.before end\n"                      \
                 "      if third then third.before = false end\n"                                  \
                 "      for m, of in pairs(other" seen ") do @" seen "[m] = of end",               \
        .result = "local seen, texts, at = 0, {}, @" last "\n"                                     \
                  "      for _ in pairs(@" seen ") do seen = seen + 1 end\n"                       \
                  "      while at do table.insert(texts, 1, at.text) at = at.before end\n"         \
                  "      local row = {n = @" n ", sum = @" big " - " BASE ", seen = seen,\n"       \
                  "        last = table.concat(texts, ', ')}",                                     \
        .migrate = from,                                                                           \
    }
#define FIRST_TO_SECOND                                                                            \
    "      local last, seen = false, {}\n"                                                         \
    "      for _, text in ipairs(@.last) do last = {text = text, before = last} end\n"             \
    "      for m in pairs(@.seen) do seen[cast(m:sub(2), 'i64')] = {'seen', 0} end\n"              \
    "      @ = {of = {@.n, @.sum + " BASE "}, last = last, seen = seen}\n"

static const struct shape shapes[LUA_FOLDS_VERSIONS] = {
    BY_NAME,
    NESTED("{of = {0, " BASE "}, last = false, seen = {}}", ".of[1]", ".of[2]", ".last", ".seen",
           "function(@, from)\n      if from ~= 1 then error('from ' .. from) end\n" FIRST_TO_SECOND
           "      return @ end"),
    NESTED("{0, " BASE ", false, {}}", "[1]", "[2]", "[3]", "[4]",
           "function(@, from)\n      if from == 1 then\n" FIRST_TO_SECOND "      end\n"
           "      return {@.of[1], @.of[2], @.last, @.seen} end"),
};

#define ROW                                                                                        \
    "    schema = ( {name = \"n\"; type = \"i64\";}, {name = \"sum\"; type = \"i64\";},\n"         \
    "      {name = \"seen\"; type = \"i64\";}, {name = \"last\"; type = \"str\";} );\n"
#define KEY_AND_ROW                                                                                \
    "    schema = ( {name = \"key\"; type = \"i64\";}, {name = \"n\"; type = \"i64\";},\n"         \
    "      {name = \"sum\"; type = \"i64\";}, {name = \"seen\"; type = \"i64\";},\n"               \
    "      {name = \"last\"; type = \"str\";} );\n"

static void put(char **to, const char *text, const char *held)
{
    for (; *text != 0; text++)
        *to += sprintf(*to, text[0] == '@' ? "%s" : "%.1s", text[0] == '@' ? held : text);
}

static void put_option(char **to, const char *name, const char *code, const char *more,
                       const char *held)
{
    if (code == NULL)
        return;
    *to += sprintf(*to, "    %s = \"", name);
    put(to, code, held);
    *to += sprintf(*to, "%s\";\n", more);
}

/* An aggregate of the version, whatever it is of; `op` names the option that says so. */
static void put_fold(char **to, const char *op, int version, const char *rest)
{
    const struct shape *shape = &shapes[version - 1];
    bool merges = strstr(op, "lua.aggregate") != NULL;
    *to += sprintf(*to, "  { %s version = %d;\n" ROW, op, version);
    put_option(to, "init", shape->init, "", "acc");
    put_option(to, "add", shape->add, "", "acc");
    put_option(to, "merge", merges ? shape->merge : NULL, "", "acc");
    put_option(to, "result", shape->result, "\n      return row", "acc");
    put_option(to, "migrate", shape->migrate, "", "acc");
    *to += sprintf(*to, "    %s }", rest);
}

static void put_process(char **to, const char *id, int version, const char *rest)
{
    const struct shape *shape = &shapes[version - 1];
    char *code = text_format("%s\n      %s", shape->add, shape->result);
    *to += sprintf(*to,
                   "  { id = \"%s\"; op = \"lua.process\"; input = \"timed\"; version = %d;\n"
                   "    %s\n" KEY_AND_ROW,
                   id, version, rest);
    put_option(to, "init", shape->init, "", "state");
    put_option(to, "on_row", code, "\n      row.key = key emit(row)", "state");
    put_option(to, "migrate", shape->migrate, "", "state");
    *to += sprintf(*to, "  },\n");
    free(code);
}

#define KEYED(id, op) "id = \"" id "\"; op = \"" op "\"; input = \"timed\"; key = \"key\";"

static const struct {
    const char *id, *op, *rest;
} folds[] = {
    {"rolls", KEYED("rolls", "lua.fold"), ""},
    {"counted", KEYED("counted", "lua.fold"), "window = { count = 7; }; every = { count = 3; };"},
    {"tumbles", KEYED("tumbles", "lua.aggregate"), "window = { time = \"100us\"; };"},
    {"slides", KEYED("slides", "lua.aggregate"),
     "window = { time = \"400us\"; }; every = { time = \"100us\"; };"},
    {"visits", KEYED("visits", "lua.aggregate"), "window = { session = \"60us\"; };"},
};

/* In a list of aggregates, with one whose accumulator is a string or nothing, and whose code stays as it is. */
static void put_listed(char **to, int version)
{
    *to += sprintf(
        *to,
        "  { " KEYED("listed", "std.aggregate") " aggregates = (\n"
                                                "    { fn = \"std.count\"; as = \"rows\"; },\n  ");
    put_fold(to, "fn = \"lua.aggregate\"; name = \"merges\";", version, "");
    *to +=
        sprintf(*to, ",\n    { fn = \"lua.fold\"; type = \"str\"; name = \"text\"; as = \"text\";\n"
                     "      add = \"('x' .. (acc or '') .. value %% 10):sub(1, 40)\"; } ); },\n");
}

char *lua_folds_text(int version, const char *ids)
{
    char *text = calloc(1, 1 << 16), *to = text;
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++)
        if (strstr(ids, folds[i].id) != NULL) {
            put_fold(&to, folds[i].op, version, folds[i].rest);
            to += sprintf(to, ",\n");
        }
    if (strstr(ids, "listed") != NULL)
        put_listed(&to, version);
    if (strstr(ids, "keeps") != NULL)
        put_process(&to, "keeps", version, "key = \"key\";");
    if (strstr(ids, "whole") != NULL)
        put_process(&to, "whole", version, "");
    return text;
}
