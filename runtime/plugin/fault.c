/* A fault of a descriptor, and what a name is; see fault.h. */
#include "plugin/fault.h"

#include "plugin/note.h"

#include <stdio.h>

#define NAME_BYTES_MAX       47u
#define IDENTIFIER_BYTES_MAX 63u

int gy_check_fault(const struct gy_check *check, const char *format, ...)
{
    char text[GYRE_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return gy_note_refuse(check->error, check->path, "%s%s %s (%s)", check->item, check->part, text,
                          check->guide);
}

/* ---- names ---- */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool gy_check_is_name(const char *name)
{
    size_t n = 0;
    if (!name || !is_lower(*name))
        return false;
    while (n <= NAME_BYTES_MAX && (is_lower(name[n]) || is_digit(name[n]) || name[n] == '_'))
        n++;
    return n <= NAME_BYTES_MAX && name[n] == '\0';
}

bool gy_check_is_identifier(const char *name)
{
    size_t n = 0;
    if (!name || is_digit(*name) || !*name)
        return false;
    while (n <= IDENTIFIER_BYTES_MAX && (is_lower(name[n]) || is_digit(name[n]) || name[n] == '_' ||
                                         (name[n] >= 'A' && name[n] <= 'Z')))
        n++;
    return n <= IDENTIFIER_BYTES_MAX && name[n] == '\0';
}
