/* Looks at the text of job files itself, for what libconfig does not: integers that it would corrupt,
 * included files that cannot be read, at which its scanner ends the process, and trees of includes
 * that it would be busy with for ever; see setting.h.
 *
 * The scanner knows libconfig's tokens as far as it must to tell an integer from a part of a name,
 * a string, a comment or a number with a point or an exponent:
 *
 *   comment   # or // to the end of the line, or between slash-star and star-slash
 *   string    "..." with \ before any byte
 *   name      [A-Za-z*][-A-Za-z0-9_*]*
 *   integer   [-+]?[0-9]+, 0x..., 0b...; then L or LL for 64 bits
 *   include   @include "FILE" at the start of a line; \\ and \" in it are escapes */
#include "job/setting.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "job/source.h"

#define INCLUDE_DEPTH 10 /* libconfig's own */
#define INCLUDES_MAX  1000

/* What the includes of a job have come to; `told`: something is told, or libconfig will. */
struct included {
    unsigned files;
    size_t bytes;
    bool told;
};

struct scan {
    const struct gy_scope *scope;
    const char *file;
    const char *dir; /* NULL: includes are not followed */
    const char *at;
    int line;
    int depth;
    struct included *included; /* not NULL: includes are counted, and integers are passed over */
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
    for (s->at += 2; *s->at != '\0'; s->at++) {
        if (s->at[0] == '*' && s->at[1] == '/') {
            s->at += 2;
            return;
        }
        s->line += *s->at == '\n';
    }
}

static void skip_string(struct scan *s)
{
    for (s->at++; *s->at != '\0' && *s->at != '"'; s->at++) {
        if (s->at[0] == '\\' && s->at[1] != '\0')
            s->at++;
        s->line += *s->at == '\n';
    }
    s->at += *s->at == '"';
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
    int n = (int)(end - start);
    if (wide || errno != 0 || v > (unsigned long long)INT64_MAX + negative)
        gy_diags_add(s->scope->diags, s->file, s->line, "%.*s does not fit a 64-bit integer", n,
                     start);
    else
        gy_diags_add(s->scope->diags, s->file, s->line,
                     "%.*s does not fit a 32-bit integer: write %.*sL", n, start, n, start);
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
    if (s->included == NULL)
        judge_integer(s, start, end, base, wide);
    s->at = end + strspn(end, "L");
}

static void scan_text(struct scan *s);

/* Tells why libconfig must not be given the text; one such mistake is enough. */
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

/* Takes @include and the name behind it; NULL where there is no name (libconfig tells of it), a name
 * that libconfig would not read as it is meant (told), or no memory (the arena knows). */
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
    if (s->included != NULL && *c == '"') /* libconfig would print it */
        refuse(s, s->file, line, "a backslash in the name of an @include is written \\\\");
    else if (s->included != NULL) /* libconfig would ignore it, and all that follows */
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
    else if (text == NULL) /* at a folder, libconfig would end the process */
        refuse(s, s->file, line, "@include \"%s\" cannot be read: %s", name, strerror(error));
    else if (strlen(text) != size) /* libconfig would read on behind it */
        refuse(s, path, 0, "is no job file: it holds a zero byte");
}

/* The kind of the file at `path`, as in st_mode; 0 where there is none. */
static mode_t file_kind(const char *path)
{
    struct stat st;
    return path != NULL && stat(path, &st) == 0 ? st.st_mode & S_IFMT : 0;
}

/* False, and told, for a file that can be read here but not by libconfig afterwards. */
static bool can_be_read_again(struct scan *s, const char *name, const char *path, int line)
{
    if (file_kind(path) == S_IFIFO) {
        refuse(s, s->file, line, "@include \"%s\" is a pipe: include a file", name);
        return false;
    }
    /* libconfig 1.5 looks below its folder for an absolute path too, and may find a folder there. */
    if (s->dir[0] == '\0' || name[0] != '/' ||
        file_kind(gy_arena_ctl_printf(s->scope->arena, "%s/%s", s->dir, name)) != S_IFDIR)
        return true;
    refuse(s, s->file, line, "@include \"%s\": write its path from the job file's folder on", name);
    return false;
}

static void scan_include(struct scan *s)
{
    int line = s->line;
    bool is_ahead = s->included != NULL;
    if (is_ahead && s->dir == NULL) {
        refuse(s, s->file, 0, "a value has no @include");
        return;
    }
    const char *name = take_include(s);
    if (name == NULL || s->dir == NULL)
        return;
    if (s->depth >= INCLUDE_DEPTH) { /* libconfig tells of it, and reads no more */
        if (is_ahead)
            s->included->told = true;
        return;
    }
    const char *path = gy_path_in(s->scope, s->dir, name);
    if (is_ahead && !can_be_read_again(s, name, path, line))
        return;
    size_t size = 0;
    char *text = gy_setting_load(path, &size);
    if (is_ahead)
        count(s, name, path, line, text, size);
    else if (text == NULL) /* since it was looked at */
        gy_diags_add(s->scope->diags, s->file, line, "@include \"%s\" cannot be read: %s", name,
                     strerror(errno));
    struct scan inner = {s->scope, path, s->dir, text, 1, s->depth + 1, s->included};
    if (text != NULL)
        scan_text(&inner);
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
}

void gy_setting_scan_integers(const struct gy_scope *scope, const char *text, const char *file,
                              const char *dir)
{
    struct scan s = {scope, file, dir, text, file != NULL && dir == NULL ? 0 : 1, 0, NULL};
    scan_text(&s);
}

int gy_setting_scan_includes(const struct gy_scope *scope, const char *text, const char *file,
                             const char *dir)
{
    size_t before = gy_diags_count(scope->diags);
    struct included included = {0};
    struct scan s = {scope, file, dir, text, 1, 0, &included};
    scan_text(&s);
    if (scope->arena->oom)
        gy_diags_add(scope->diags, file, 0, "out of memory");
    return gy_diags_count(scope->diags) == before ? 0 : -1;
}
