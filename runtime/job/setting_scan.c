/* Looks at the text of job files itself, for what libconfig does not: integers that it would corrupt,
 * strings that it would, and included files, which it looks for in one folder alone, and ends the process where it cannot read
 * one. So it gets one text without includes, and what stands in it is told where it came from: flat.h.
 *
 * The scanner knows libconfig's tokens as far as it must to tell an integer from a part of a name,
 * a string, a comment or a number with a point or an exponent:
 *
 *   comment   # or // to the end of the line, or between slash-star and star-slash
 *   string    "..." with \ before any byte
 *   name      [A-Za-z*][-A-Za-z0-9_*]*
 *   integer   [-+]?[0-9]+, 0x..., 0b...; then L or LL for 64 bits
 *   include   @include "FILE" at the start of a line; \\ and \" in it are escapes */
#include "job/flat.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "job/source.h"

#define INCLUDE_DEPTH 10
#define INCLUDES_MAX  1000

/* What the includes of a job have come to. */
struct included {
    unsigned files;
    size_t bytes;
    bool told;
};

struct scan {
    const struct gy_scope *scope;
    const char *text;
    const char *file;
    const char *dir; /* of the file; NULL: nothing is included */
    const char *at;
    int line;
    int depth;
    struct gy_flat *flat;         /* the text is put there; NULL: integers and strings are judged */
    const char *copied;           /* up to here it is */
    const struct gy_flat *places; /* of the text that is judged */
    struct included *included;
    int open_line; /* where a string or comment begins that does not end; 0: none */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           c == '*' || c == '-';
}

static void skip_line(struct scan *s)
{
    while (*s->at != '\0' && *s->at != '\n')
        s->at++;
}

static void skip_comment(struct scan *s)
{
    int line = s->line;
    for (s->at += 2; *s->at != '\0'; s->at++) {
        if (s->at[0] == '*' && s->at[1] == '/') {
            s->at += 2;
            return;
        }
        s->line += *s->at == '\n';
    }
    s->open_line = line;
}

/* libconfig leaves a byte 0 out, and puts together what is before and behind it. */
static void judge_escape(struct scan *s)
{
    int line;
    if ((s->at[1] | 0x20) != 'x' || s->at[2] != '0' || s->at[3] != '0')
        return;
    const char *file = gy_flat_place(s->places, s->line, &line);
    gy_diags_add(
        s->scope->diags, file, line,
        "a string here has no byte 0, `\\%c00`: write `\\\\%c00` where code or a pattern is to "
        "see that",
        s->at[1], s->at[1]);
}

static void skip_string(struct scan *s)
{
    int line = s->line;
    for (s->at++; *s->at != '\0' && *s->at != '"'; s->at++) {
        if (s->at[0] == '\\' && s->flat == NULL)
            judge_escape(s);
        if (s->at[0] == '\\' && s->at[1] != '\0')
            s->at++;
        s->line += *s->at == '\n';
    }
    if (*s->at == '"')
        s->at++;
    else
        s->open_line = line;
}

/* The digits of an integer and their base; false where it is a number with point or exponent. */
static bool integer_end(const char *digits, const char **end, int *base)
{
    const char *p = digits;
    *base = 10;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        *base = 16;
        p += 2;
        p += strspn(p, "0123456789abcdefABCDEF");
    } else if (p[0] == '0' && (p[1] == 'b' || p[1] == 'B')) {
        *base = 2;
        p += 2;
        p += strspn(p, "01");
    } else {
        p += strspn(p, "0123456789");
        if (*p == '.' || *p == 'e' || *p == 'E')
            return false;
    }
    *end = p;
    return true;
}

static void judge_integer(struct scan *s, const char *start, const char *end, int base, bool wide)
{
    const char *digits = start + (*start == '-' || *start == '+');
    bool negative = *start == '-';
    errno = 0;
    unsigned long long v = strtoull(base == 10 ? digits : digits + 2, NULL, base);
    unsigned long long most =
        wide ? (unsigned long long)INT64_MAX + negative : (unsigned long long)INT32_MAX + negative;
    if (errno == 0 && v <= most)
        return;
    int n = (int)(end - start), line;
    const char *file = gy_flat_place(s->places, s->line, &line);
    if (wide || errno != 0 || v > (unsigned long long)INT64_MAX + negative)
        gy_diags_add(s->scope->diags, file, line, "%.*s does not fit a 64-bit integer", n, start);
    else
        gy_diags_add(s->scope->diags, file, line, "%.*s does not fit a 32-bit integer: write %.*sL",
                     n, start, n, start);
}

static void scan_number(struct scan *s)
{
    const char *start = s->at, *end = NULL;
    int base = 10;
    const char *digits = start + (*start == '-' || *start == '+');
    if (!integer_end(digits, &end, &base)) {
        s->at = digits + strspn(digits, "0123456789.eE");
        while ((s->at[-1] == 'e' || s->at[-1] == 'E') && (*s->at == '-' || *s->at == '+'))
            s->at += 1 + strspn(s->at + 1, "0123456789");
        return;
    }
    bool wide = *end == 'L';
    if (s->flat == NULL)
        judge_integer(s, start, end, base, wide);
    s->at = end + strspn(end, "L");
}

static void scan_text(struct scan *s);

/* Tells why there is no one text; one such mistake is enough. */
__attribute__((format(printf, 4, 5))) static void refuse(struct scan *s, const char *file, int line,
                                                         const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    gy_diags_add(s->scope->diags, file, line, "%s", text);
    s->included->told = true;
}

/* True where nothing but blanks precedes on the line: elsewhere libconfig knows no @include. */
static bool is_first(const struct scan *s)
{
    const char *c = s->at;
    while (c > s->text && (c[-1] == ' ' || c[-1] == '\t'))
        c--;
    return c == s->text || c[-1] == '\n';
}

/* Takes @include and the name behind it; NULL where there is no name (libconfig tells of it), one with
 * other escapes than libconfig has (told), or no memory (the arena knows). */
static char *take_include(struct scan *s)
{
    int line = s->line;
    const char *c = s->at + strlen("@include");
    c += strspn(c, " \t");
    if (*c != '"') {
        s->at++;
        return NULL;
    }
    s->at = c++;
    skip_string(s);
    char *name = gy_arena_ctl_strndup(s->scope->arena, c, (size_t)(s->at - c)), *to = name;
    if (name == NULL)
        return NULL;
    bool is_odd = false;
    for (; *c != '\0' && *c != '"'; c++) {
        if (c[0] == '\\') {
            is_odd |= c[1] != '\\' && c[1] != '"';
            c += c[1] != '\0';
        }
        *to++ = *c;
    }
    *to = '\0';
    if (*c == '"' && !is_odd)
        return name;
    if (*c == '"')
        refuse(s, s->file, line, "a backslash in the name of an @include is written \\\\");
    else
        refuse(s, s->file, line, "the name of an @include has no closing quote");
    return NULL;
}

/* Counts a file that is to be included, whose text is NULL where it cannot be read. */
static void count(struct scan *s, const char *name, const char *path, int line, const char *text,
                  size_t size)
{
    struct included *all = s->included;
    int error = text == NULL ? errno : 0;
    all->files++;
    all->bytes += size;
    if (all->files > INCLUDES_MAX)
        refuse(s, s->file, line,
               "more than %d files are included, a file counted each time: merge some of them",
               INCLUDES_MAX);
    else if (error == EFBIG || all->bytes > GY_SETTING_BYTES)
        refuse(s, s->file, line,
               "what is included is more than %u MiB, a file counted each time: a job has less",
               GY_SETTING_BYTES >> 20);
    else if (text == NULL)
        refuse(s, s->file, line, "@include \"%s\" cannot be read: %s", name, strerror(error));
    else if (strlen(text) != size) /* what is behind it would not be seen */
        refuse(s, path, 0, "is no job file: it holds a zero byte");
}

/* Puts what has been passed over into the one text. */
static void flush(struct scan *s, const char *end)
{
    gy_flat_put(s->flat, s->copied, (size_t)(end - s->copied));
    s->copied = end;
}

/* The text of an included file in the place of its @include, which began at `start`. */
static void put_file(struct scan *s, const char *start, const char *path, const char *text)
{
    struct scan inner = {.scope = s->scope,
                         .text = text,
                         .file = path,
                         .dir = gy_path_dir(s->scope, path),
                         .at = text,
                         .line = 1,
                         .depth = s->depth + 1,
                         .flat = s->flat,
                         .copied = text,
                         .included = s->included};
    flush(s, start);
    gy_flat_from(s->flat, path, 1);
    scan_text(&inner);
    if (inner.open_line != 0 && !s->included->told) /* it would go on in the file that includes */
        refuse(s, path, inner.open_line, "what begins here, a string or a comment, does not end");
    size_t size = strlen(text);
    if (size != 0 && text[size - 1] != '\n')
        gy_flat_put(s->flat, "\n", 1);
    gy_flat_from(s->flat, s->file, s->line);
    s->copied = s->at;
}

static void scan_include(struct scan *s)
{
    int line = s->line;
    const char *start = s->at;
    if (s->flat != NULL && s->dir == NULL) {
        refuse(s, s->file, 0, "a value has no @include");
        return;
    }
    if (s->flat == NULL || !is_first(s)) {
        s->at++;
        return;
    }
    const char *name = take_include(s);
    if (name == NULL)
        return;
    if (s->depth >= INCLUDE_DEPTH) {
        refuse(s, s->file, line, "include file nesting too deep");
        return;
    }
    const char *path = gy_arena_ctl_strdup(s->scope->arena, gy_path_in(s->scope, s->dir, name));
    struct stat st;
    if (path == NULL)
        return;
    if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode)) { /* nobody may ever write to it */
        refuse(s, s->file, line, "@include \"%s\" is a pipe: include a file", name);
        return;
    }
    size_t size = 0;
    char *text = gy_setting_load(path, &size);
    count(s, name, path, line, text, size);
    if (!s->included->told)
        put_file(s, start, path, text);
    gy_free(text);
}

static void scan_text(struct scan *s)
{
    while (*s->at != '\0' && (s->included == NULL || !s->included->told)) {
        char c = s->at[0], next = s->at[1];
        if (c == '#' || (c == '/' && next == '/'))
            skip_line(s);
        else if (c == '/' && next == '*')
            skip_comment(s);
        else if (c == '"')
            skip_string(s);
        else if (strncmp(s->at, "@include", 8) == 0)
            scan_include(s);
        else if (is_digit(c) || ((c == '-' || c == '+') && is_digit(next)))
            scan_number(s);
        else if (c == '.')
            s->at += 1 + strspn(s->at + 1, "0123456789");
        else if (is_name(c))
            while (is_name(*s->at))
                s->at++;
        else
            s->line += *s->at++ == '\n';
    }
    if (s->flat != NULL)
        flush(s, s->at);
}

void gy_flat_scan_literals(const struct gy_scope *scope, const struct gy_flat *flat)
{
    const char *text = gy_flat_text(flat);
    struct scan s = {.scope = scope, .text = text, .at = text, .line = 1, .places = flat};
    scan_text(&s);
}

int gy_flat_make(struct gy_flat *flat, const struct gy_scope *scope, const char *text,
                 const char *file, const char *dir)
{
    struct included included = {0};
    struct scan s = {.scope = scope,
                     .text = text,
                     .file = file,
                     .dir = dir,
                     .at = text,
                     .line = dir != NULL ? 1 : 0, /* a value has no lines */
                     .flat = flat,
                     .copied = text,
                     .included = &included};
    gy_flat_from(flat, file, s.line);
    scan_text(&s);
    gy_flat_put(flat, "", 1);
    if (scope->arena->oom || flat->text.failed || flat->failed) {
        gy_diags_add(scope->diags, file, 0, "out of memory");
        return -1;
    }
    return included.told ? -1 : 0;
}
