/* plugins/lua/tick.c: see tick.h. */
#include "tick.h"

#include <stdlib.h>

/* The code, and what becomes of it. */
struct scan {
    const char *at;
    const char *end;
    uint32_t line;
    char *to;
    size_t length;
    size_t room;
    const char *wrong;
    uint32_t wrong_line;
    int before; /* the byte before a name that is no blank: '.' and ':' make a field of it */
    int params; /* 1: behind `function`, before its list of parameters; 2: in it */
};

static void put(struct scan *s, const char *bytes, size_t n)
{
    if (s->room - s->length < n) {
        size_t room = 2 * s->room + n + 256;
        char *to = realloc(s->to, room);
        if (to == NULL) {
            s->wrong = s->wrong == NULL ? "" : s->wrong;
            s->end = s->at;
            return;
        }
        s->to = to;
        s->room = room;
    }
    memcpy(s->to + s->length, bytes, n);
    s->length += n;
}

static void put_tick(struct scan *s, const char *before)
{
    put(s, before, strlen(before));
    put(s, TICK_NAME "();", strlen(TICK_NAME "();"));
}

static void refuse(struct scan *s, const char *text)
{
    if (s->wrong == NULL) {
        s->wrong = text;
        s->wrong_line = s->line;
    }
    s->end = s->at;
}

static int is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (uint8_t)c > 0x7f;
}

/* Copies up to `end`, counting lines. */
static void copy_to(struct scan *s, const char *end)
{
    const char *from = s->at;
    for (const char *c = from; c < end; c++)
        s->line += *c == '\n';
    s->at = end;
    put(s, from, (size_t)(end - from));
}

/* The end of [[ ... ]] or [==[ ... ]==] at `at`; NULL where none begins there. One that does not end goes to the
 * end of the code. */
static const char *long_end(const struct scan *s, const char *at)
{
    const char *c = at + 1;
    size_t level = 0;
    if (at >= s->end || *at != '[')
        return NULL;
    for (; c < s->end && *c == '='; c++)
        level++;
    if (c >= s->end || *c != '[')
        return NULL;
    for (c++; c < s->end; c++) {
        size_t n = 0;
        if (*c != ']')
            continue;
        while (c + 1 + n < s->end && c[1 + n] == '=')
            n++;
        if (n == level && c + 1 + n < s->end && c[1 + n] == ']')
            return c + n + 2;
    }
    return s->end;
}

static void copy_comment(struct scan *s)
{
    const char *end = long_end(s, s->at + 2);
    if (end == NULL)
        for (end = s->at; end < s->end && *end != '\n' && *end != '\r'; end++)
            continue;
    copy_to(s, end);
}

static void copy_string(struct scan *s)
{
    const char *c = s->at + 1, quote = *s->at;
    for (; c < s->end && *c != quote && *c != '\n'; c++) {
        if (*c != '\\' || c + 1 >= s->end)
            continue;
        c++;
        if (*c == 'z') /* takes the white space behind it, line ends too */
            while (c + 1 < s->end && (c[1] == ' ' || (c[1] >= '\t' && c[1] <= '\r')))
                c++;
        else if (*c == '\r' && c + 1 < s->end && c[1] == '\n')
            c++;
    }
    copy_to(s, c < s->end ? c + 1 : c);
}

/* Digits, letters, points and the sign of an exponent: enough to tell a number from a name. */
static void copy_number(struct scan *s)
{
    const char *c = s->at;
    int is_hex = c + 1 < s->end && c[0] == '0' && (c[1] | 0x20) == 'x';
    for (; c < s->end && (is_name(*c) || *c == '.'); c++) {
        if (*c == '.' && c + 1 < s->end && c[1] == '.')
            break; /* 1..2 is no number: the compiler says so */
        int is_exponent = is_hex ? (*c | 0x20) == 'p' : (*c | 0x20) == 'e';
        if (is_exponent && c + 1 < s->end && (c[1] == '+' || c[1] == '-'))
            c++;
    }
    char last = c[-1] | 0x20, before = c - s->at > 1 ? c[-2] | 0x20 : 0;
    if (last == 'i' || (last == 'l' && before == 'l'))
        refuse(s, "a number has no suffix: one of 64 bits is cast(\"9007199254740993\", \"i64\")");
    else
        copy_to(s, c);
}

/* The first byte behind blanks and comments is of a name. */
static int name_follows(const struct scan *s, const char *c)
{
    while (c < s->end) {
        if (*c == ' ' || (*c >= '\t' && *c <= '\r')) {
            c++;
        } else if (*c == '-' && c + 1 < s->end && c[1] == '-') {
            const char *end = long_end(s, c + 2);
            while (end == NULL && c < s->end && *c != '\n')
                c++;
            c = end != NULL ? end : c;
        } else {
            return is_name(*c);
        }
    }
    return 0;
}

static void copy_name(struct scan *s)
{
    const char *c = s->at;
    while (c < s->end && is_name(*c))
        c++;
    size_t n = (size_t)(c - s->at);
    int is_field = s->before == '.' || s->before == ':';
#define IS(word) (!is_field && n == strlen(word) && memcmp(s->at, word, n) == 0)
    int is_loop = IS("do") || IS("repeat"), is_function = IS("function");
    if (IS("goto") && !name_follows(s, c)) {
        refuse(s, "`goto` needs the name of a label behind it");
    } else if (n >= strlen(TICK_OWN) && memcmp(s->at, TICK_OWN, strlen(TICK_OWN)) == 0) {
        refuse(s, "names that begin with `" TICK_OWN "` are not for code");
    } else {
        if (IS("goto"))
            put_tick(s, "");
        copy_to(s, c);
        if (is_loop)
            put_tick(s, " ");
    }
#undef IS
    if (is_function)
        s->params = 1;
}

static void copy_symbol(struct scan *s)
{
    char c = *s->at;
    copy_to(s, s->at + 1);
    if (c == '(' && s->params == 1)
        s->params = 2;
    else if (c == ')' && s->params == 2) {
        put_tick(s, " ");
        s->params = 0;
    }
}

static void copy_token(struct scan *s)
{
    char c = *s->at, next = s->at + 1 < s->end ? s->at[1] : 0;
    const char *end = long_end(s, s->at);
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
        copy_to(s, s->at + 1);
        return;
    }
    if (c == '-' && next == '-') {
        copy_comment(s);
        return;
    }
    if (end != NULL)
        copy_to(s, end);
    else if (c == '"' || c == '\'')
        copy_string(s);
    else if ((c >= '0' && c <= '9') || (c == '.' && next >= '0' && next <= '9'))
        copy_number(s);
    else if (is_name(c))
        copy_name(s);
    else if (c == '.' && next == '.') { /* no field follows `..`, nor `...` */
        copy_to(s, s->at + 2 + (s->at + 2 < s->end && s->at[2] == '.'));
        c = 0;
    } else if (c == ':' && next == ':') { /* a label */
        copy_to(s, s->at + 2);
        c = 0;
    } else
        copy_symbol(s);
    s->before = c;
}

/* Lua takes one in code; a person sees none. */
static void refuse_zero(struct scan *s)
{
    const char *zero = memchr(s->at, 0, (size_t)(s->end - s->at));
    if (zero == NULL)
        return;
    for (const char *c = s->at; c < zero; c++)
        s->line += *c == '\n';
    refuse(s, "a zero byte in code: write \\0 in a string");
}

char *tick_code(const char *code, size_t n, size_t *length, struct tick_wrong *wrong)
{
    struct scan s = {.at = code, .end = code + n, .line = 1};
    if (n != 0 && code[0] == '\033')
        refuse(&s, "bytecode is not run: write Lua");
    else if (n > TICK_BYTES)
        refuse(&s, "more than 1 MiB of code");
    refuse_zero(&s);
    while (s.at < s.end)
        copy_token(&s);
    put(&s, "", 1);
    *length = s.length - 1;
    if (s.wrong == NULL)
        return s.to;
    *wrong = (struct tick_wrong){s.wrong_line, s.wrong[0] != 0 ? s.wrong : NULL};
    free(s.to);
    return NULL;
}
