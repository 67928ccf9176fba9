/* Where the lines of a string stand that is written over several of them: `\n` makes a line where the file goes
 * on with the same, and strings one behind another are one. See flat.h. */
#include "job/flat.h"

#include <string.h>

/* Blanks and comments. */
static const char *skip_blanks(const char *c, int *line)
{
    for (;; c++) {
        if (c[0] == '#' || (c[0] == '/' && c[1] == '/')) {
            c += strcspn(c, "\n");
        } else if (c[0] == '/' && c[1] == '*') {
            for (c += 2; *c != '\0' && (c[0] != '*' || c[1] != '/'); c++)
                *line += *c == '\n';
            c += *c != '\0';
            if (*c == '/')
                continue;
        }
        if (*c == '\0' || strchr(" \t\r\f\v\n", *c) == NULL)
            return c;
        *line += *c == '\n';
    }
}

/* The opening quote of the string that `name` is set to, on this line of the text or behind it. */
static const char *find_string(const char *text, int at, const char *name, int *line)
{
    size_t n = strlen(name);
    for (*line = 1; *line < at && text != NULL; ++*line) {
        text = strchr(text, '\n');
        text += text != NULL;
    }
    const char *end = text != NULL ? text + strcspn(text, "\n") : NULL;
    for (const char *c = text; c != NULL && c < end; c++) {
        if (strncmp(c, name, n) != 0)
            continue;
        int there = *line;
        const char *quote = skip_blanks(c + n, &there);
        if (*quote != '=' && *quote != ':')
            continue;
        quote = skip_blanks(quote + 1, &there);
        if (*quote != '"')
            continue;
        *line = there;
        return quote;
    }
    return NULL;
}

/* Calls of put() for each line of the string at `c`, a quote, with the line it begins on. */
static void walk(const char *c, int line, int *lines, uint32_t most)
{
    uint32_t n = 0;
    lines[n++] = line;
    while (*c == '"' && n < most) {
        for (c++; *c != '\0' && *c != '"' && n < most; c++) {
            bool escaped = c[0] == '\\' && c[1] != '\0';
            c += escaped;
            line += *c == '\n';
            if (*c == '\n' || (escaped && *c == 'n'))
                lines[n++] = line;
        }
        if (*c == '"')
            c = skip_blanks(c + 1, &line);
    }
    for (; n < most; n++) /* of what ${NAME} stands for */
        lines[n] = line;
}

const int *gy_flat_text_lines(const struct gy_flat *flat, const struct gy_scope *scope, int at,
                              const char *name, const char *value, uint32_t *n)
{
    int line;
    const char *quote = find_string(gy_flat_text(flat), at, name, &line);
    *n = 1;
    for (const char *c = value; *c != '\0'; c++)
        *n += *c == '\n';
    int *lines = quote != NULL ? gy_arena_ctl_calloc(scope->arena, *n, sizeof *lines) : NULL;
    if (lines == NULL) {
        *n = 0;
        return NULL;
    }
    walk(quote, line, lines, *n);
    for (uint32_t i = 0; i < *n; i++)
        gy_flat_place(flat, lines[i], &lines[i]);
    return lines;
}
