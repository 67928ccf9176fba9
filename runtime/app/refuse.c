/* See refuse.h. */
#include "app/refuse.h"

#include "base/err.h"
#include "base/say.h"

#include <stdarg.h>

int gy_refuse_flag(const char *flag, const char *value, const char *sentence)
{
    gy_say(stderr, "gyre run: %s %s: %s\n", flag, value, sentence);
    return GY_EXIT_USAGE;
}

int gy_refuse_setting(const struct gy_setting *at, const char *format, ...)
{
    struct gy_diags diags = {0};
    char sentence[5000];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    gy_diags_add(&diags, at->file, at->line, "%s", sentence);
    gy_diags_print(&diags, stderr);
    gy_diags_fini(&diags);
    return GY_EXIT_USAGE;
}
