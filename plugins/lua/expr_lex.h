/* plugins/lua/expr_lex.h: an expression as words: Lua's, without statements.
 *
 * | word     | as                                                                              |
 * |----------|---------------------------------------------------------------------------------|
 * | name     | letters, digits, `_`, with dots between (`time.floor`); `any text` in backquotes |
 * | integer  | 42, 0x2a; what is beyond an i64 is refused                                      |
 * | number   | 1.5, 1e9, .5                                                                    |
 * | string   | 'a' or "a" with Lua's escapes, or [[a]]                                         |
 * | sign     | + - * / // % ^ # .. == ~= < <= > >= ( ) ,                                       |
 * | comment  | -- to the end of the line                                                       |
 *
 * The signs of other languages are known, so that they are told by their names here. */
#ifndef GYRE_PLUGIN_LUA_EXPR_LEX_H
#define GYRE_PLUGIN_LUA_EXPR_LEX_H

#include <gyre/gyre.h>

enum lex_kind {
    LEX_END,
    LEX_NAME,
    LEX_INTEGER,
    LEX_NUMBER,
    LEX_STRING,
    LEX_ADD,
    LEX_SUB,
    LEX_MUL,
    LEX_DIV,
    LEX_IDIV,
    LEX_MOD,
    LEX_POW,
    LEX_LEN,
    LEX_CONCAT,
    LEX_EQ,
    LEX_NE,
    LEX_LT,
    LEX_LE,
    LEX_GT,
    LEX_GE,
    LEX_OPEN,
    LEX_CLOSE,
    LEX_COMMA,
    LEX_AND,
    LEX_OR,
    LEX_NOT,
    LEX_IN,
    LEX_NIL,
    LEX_TRUE,
    LEX_FALSE
};

/* What is wrong with an expression, and at which byte of it. */
struct lex_error {
    uint32_t at;
    char text[GYRE_ERROR_TEXT];
};

struct lex {
    const char *source;
    uint32_t n;
    uint32_t next; /* where the next word is looked for */
    /* the word at hand */
    enum lex_kind kind;
    uint32_t at, end; /* its bytes */
    int64_t integer;
    double number;
    char *text; /* a name or string, as it is meant, with a 0 behind it */
    uint32_t len;
    void *(*alloc)(void *host, size_t size); /* of these texts */
    void *host;
};

/* Goes to the next word; 0, or -1 with `error` filled. */
int lex_next(struct lex *lex, struct lex_error *error);

/* Fills `error` and returns -1. */
GYRE_PRINTF(3, 4)
int lex_fail(struct lex_error *error, uint32_t at, const char *format, ...);

#endif
