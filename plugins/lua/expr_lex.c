/* plugins/lua/expr_lex.c: see expr_lex.h. */
#include "expr_lex.h"

#include "../../runtime/base/number.h"

#include <stdlib.h>

int lex_fail(struct lex_error *error, uint32_t at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    error->at = at;
    return -1;
}

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_of(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte `ahead` of the next one; 0 behind the end. */
static char peek(const struct lex *lex, uint32_t ahead)
{
    return lex->next + ahead < lex->n ? lex->source[lex->next + ahead] : 0;
}

static int out_of_memory(const struct lex *lex, struct lex_error *error)
{
    return lex_fail(error, lex->at, "out of memory");
}

static void skip_blanks(struct lex *lex)
{
    for (;;) {
        char c = peek(lex, 0);
        if (lex->next < lex->n && (c == ' ' || (c >= '\t' && c <= '\r'))) {
            lex->next++;
        } else if (c == '-' && peek(lex, 1) == '-') {
            while (lex->next < lex->n && lex->source[lex->next] != '\n')
                lex->next++;
        } else {
            return;
        }
    }
}

/* ---- names ------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum lex_kind kind;
} words[] = {
    {"and", LEX_AND}, {"or", LEX_OR},     {"not", LEX_NOT},     {"in", LEX_IN},
    {"nil", LEX_NIL}, {"true", LEX_TRUE}, {"false", LEX_FALSE},
};

static int take_text(struct lex *lex, uint32_t from, uint32_t n, struct lex_error *error)
{
    lex->text = lex->alloc(lex->host, (size_t)n + 1);
    if (lex->text == NULL)
        return out_of_memory(lex, error);
    memcpy(lex->text, lex->source + from, n);
    lex->text[n] = 0;
    lex->len = n;
    return 0;
}

static int read_name(struct lex *lex, struct lex_error *error)
{
    uint32_t from = lex->next;
    for (;;) {
        while (is_letter(peek(lex, 0)) || is_digit(peek(lex, 0)))
            lex->next++;
        if (peek(lex, 0) != '.' || !is_letter(peek(lex, 1)))
            break;
        lex->next++;
    }
    lex->kind = LEX_NAME;
    if (take_text(lex, from, lex->next - from, error) != 0)
        return -1;
    for (uint32_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].name, lex->text) == 0)
            lex->kind = words[i].kind;
    return 0;
}

static int read_quoted_name(struct lex *lex, struct lex_error *error)
{
    uint32_t from = ++lex->next;
    while (lex->next < lex->n && lex->source[lex->next] != '`')
        lex->next++;
    if (lex->next == lex->n)
        return lex_fail(error, lex->at, "a name in backquotes that does not end");
    lex->kind = LEX_NAME;
    return take_text(lex, from, lex->next++ - from, error);
}

/* ---- numbers ----------------------------------------------------------------------------------- */

static int read_hex(struct lex *lex, struct lex_error *error)
{
    uint64_t v = 0;
    uint32_t digits = 0;
    for (lex->next += 2; hex_of(peek(lex, 0)) >= 0; lex->next++, digits++) {
        if (v >> 60 != 0)
            return lex_fail(error, lex->at, "a hexadecimal number beyond 64 bits");
        v = v << 4 | (uint64_t)hex_of(peek(lex, 0));
    }
    if (digits == 0 || is_letter(peek(lex, 0)) || peek(lex, 0) == '.')
        return lex_fail(error, lex->at, "no hexadecimal integer");
    lex->kind = LEX_INTEGER;
    memcpy(&lex->integer, &v, sizeof v);
    return 0;
}

static void skip_digits(struct lex *lex)
{
    while (is_digit(peek(lex, 0)))
        lex->next++;
}

/* 9223372036854775808 is read as the least i64, which only a minus before it makes right: see expr_parse.c. */
static int read_decimal(struct lex *lex, struct lex_error *error)
{
    uint32_t from = lex->next;
    int is_integer = 1;
    skip_digits(lex);
    if (peek(lex, 0) == '.' && peek(lex, 1) != '.') {
        is_integer = 0;
        lex->next++;
        skip_digits(lex);
    }
    char e = peek(lex, 0), sign = peek(lex, 1);
    if (e == 'e' || e == 'E') {
        is_integer = 0;
        lex->next += sign == '+' || sign == '-' ? 2 : 1;
        if (!is_digit(peek(lex, 0)))
            return lex_fail(error, from, "a number without digits in its exponent");
        skip_digits(lex);
    }
    if (is_letter(peek(lex, 0)))
        return lex_fail(error, from, "no number: `%.*s`", (int)(lex->next + 1 - from),
                        lex->source + from);
    const char *text = lex->source + from;
    size_t n = lex->next - from;
    lex->kind = is_integer ? LEX_INTEGER : LEX_NUMBER;
    if (!is_integer && gy_number_parse_f64(text, n, &lex->number) != 0)
        return lex_fail(error, from, "no number: `%.*s`", (int)(n < 60 ? n : 60), text);
    if (!is_integer || gy_number_parse_i64(text, n, &lex->integer) == 0)
        return 0;
    if (n == 19 && memcmp(text, "9223372036854775808", 19) == 0) {
        lex->integer = INT64_MIN;
        return 0;
    }
    return lex_fail(error, from, "%.*s is beyond an i64; with `.0` it is an f64",
                    (int)(n < 60 ? n : 60), text);
}

/* ---- strings ----------------------------------------------------------------------------------- */

/* One escape behind its backslash: the byte, or -1 with `error` filled; -2: none, as after \z. */
static int read_escape(struct lex *lex, struct lex_error *error)
{
    static const char from[] = "abfnrtv\\\"'\n", to[] = "\a\b\f\n\r\t\v\\\"'\n";
    uint32_t at = lex->next - 1;
    char c = peek(lex, 0);
    const char *simple = c != 0 ? strchr(from, c) : NULL;
    if (simple != NULL) {
        lex->next++;
        return (unsigned char)to[simple - from];
    }
    if (c == 'z') {
        lex->next++;
        while (lex->next < lex->n && (peek(lex, 0) == ' ' || (unsigned)peek(lex, 0) - '\t' < 5))
            lex->next++;
        return -2;
    }
    if (c == 'x') {
        int high = hex_of(peek(lex, 1)), low = hex_of(peek(lex, 2));
        if (high < 0 || low < 0)
            return lex_fail(error, at, "\\x needs two hexadecimal digits");
        lex->next += 3;
        return high * 16 + low;
    }
    int v = 0, digits = 0;
    for (; digits < 3 && is_digit(peek(lex, 0)); digits++)
        v = v * 10 + (lex->source[lex->next++] - '0');
    if (digits == 0 || v > 255)
        return lex_fail(error, at, "no escape that a string can have; a backslash is \\\\");
    return v;
}

static int read_string(struct lex *lex, struct lex_error *error)
{
    char quote = lex->source[lex->next++];
    char *to = lex->text = lex->alloc(lex->host, (size_t)(lex->n - lex->next) + 1);
    if (to == NULL)
        return out_of_memory(lex, error);
    while (lex->next < lex->n && lex->source[lex->next] != quote) {
        char c = lex->source[lex->next++];
        int v = c == '\\' ? read_escape(lex, error) : (unsigned char)c;
        if (v == -1)
            return -1;
        if (v >= 0)
            *to++ = (char)v;
    }
    if (lex->next++ >= lex->n)
        return lex_fail(error, lex->at, "a string that does not end");
    *to = 0;
    lex->len = (uint32_t)(to - lex->text);
    lex->kind = LEX_STRING;
    return 0;
}

/* [[a]], [=[a]=] and so on. */
static int read_long_string(struct lex *lex, struct lex_error *error)
{
    uint32_t level = 0;
    for (lex->next++; peek(lex, 0) == '='; lex->next++)
        level++;
    if (peek(lex, 0) != '[')
        return lex_fail(error, lex->at, "`[` cannot stand here");
    uint32_t from = ++lex->next;
    for (; lex->next < lex->n; lex->next++) {
        uint32_t equals = 0;
        if (lex->source[lex->next] != ']')
            continue;
        while (equals < level && peek(lex, 1 + equals) == '=')
            equals++;
        if (equals != level || peek(lex, 1 + level) != ']')
            continue;
        uint32_t to = lex->next;
        lex->next += level + 2;
        lex->kind = LEX_STRING;
        from += from < to && lex->source[from] == '\n'; /* as Lua does */
        return take_text(lex, from, to - from, error);
    }
    return lex_fail(error, lex->at, "a string that does not end");
}

/* ---- signs ------------------------------------------------------------------------------------- */

static const struct {
    const char *sign;
    enum lex_kind kind;
    const char *instead; /* what is written here in its place */
} signs[] = {
    {"...", LEX_END, NULL}, {"..", LEX_CONCAT, NULL}, {"//", LEX_IDIV, NULL},
    {"===", LEX_END, "=="}, {"==", LEX_EQ, NULL},     {"~=", LEX_NE, NULL},
    {"<=", LEX_LE, NULL},   {">=", LEX_GE, NULL},     {"!=", LEX_END, "~="},
    {"<>", LEX_END, "~="},  {"&&", LEX_END, "and"},   {"||", LEX_END, "or"},
    {"+", LEX_ADD, NULL},   {"-", LEX_SUB, NULL},     {"*", LEX_MUL, NULL},
    {"/", LEX_DIV, NULL},   {"%", LEX_MOD, NULL},     {"^", LEX_POW, NULL},
    {"#", LEX_LEN, NULL},   {"<", LEX_LT, NULL},      {">", LEX_GT, NULL},
    {"(", LEX_OPEN, NULL},  {")", LEX_CLOSE, NULL},   {",", LEX_COMMA, NULL},
    {"!", LEX_END, "not"},  {"=", LEX_END, "=="},
};

static int read_sign(struct lex *lex, struct lex_error *error)
{
    for (uint32_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t n = strlen(signs[i].sign);
        if (lex->n - lex->next < n || memcmp(lex->source + lex->next, signs[i].sign, n) != 0)
            continue;
        if (signs[i].instead != NULL)
            return lex_fail(error, lex->at, "`%s` is written `%s` here", signs[i].sign,
                            signs[i].instead);
        if (signs[i].kind == LEX_END)
            break;
        lex->kind = signs[i].kind;
        lex->next += (uint32_t)n;
        return 0;
    }
    unsigned char c = (unsigned char)lex->source[lex->next];
    if (c > ' ' && c < 0x7f)
        return lex_fail(error, lex->at, "`%c` cannot stand here", c);
    return lex_fail(error, lex->at, "a byte %u cannot stand here", c);
}

int lex_next(struct lex *lex, struct lex_error *error)
{
    skip_blanks(lex);
    lex->at = lex->next;
    lex->kind = LEX_END;
    int code = 0;
    char c = peek(lex, 0), after = peek(lex, 1);
    if (lex->next >= lex->n)
        code = 0;
    else if (is_letter(c))
        code = read_name(lex, error);
    else if (c == '`')
        code = read_quoted_name(lex, error);
    else if (c == '0' && (after == 'x' || after == 'X'))
        code = read_hex(lex, error);
    else if (is_digit(c) || (c == '.' && is_digit(after)))
        code = read_decimal(lex, error);
    else if (c == '"' || c == '\'')
        code = read_string(lex, error);
    else if (c == '[' && (after == '[' || after == '='))
        code = read_long_string(lex, error);
    else
        code = read_sign(lex, error);
    lex->end = lex->next;
    return code;
}
