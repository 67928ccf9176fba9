/* plugins/file/number.c: see number.h. The work is done by the runtime's runtime/base/number.c, which
 * plugin.mk compiles into the plugin: it knows no locale, and there is one way from a double to its
 * text. */
#include "number.h"
#include "../../runtime/base/number.h"
#include <math.h>

_Static_assert(NUMBER_MAX >= GY_NUMBER_MAX, "any number has room");

char *number_put_i64(char *to, int64_t v)
{
    return to + gy_number_format_i64(to, v);
}

char *number_put_f64(char *to, double v)
{
    return to + gy_number_format_f64(to, v);
}

int number_get_i64(const char *at, size_t n, int64_t *v)
{
    return gy_number_parse_i64(at, n, v) == 0;
}

/* Not in any case, as they may be in a job file, and no `infinity`: these are words, too. */
static int is_name(const char *at, size_t n)
{
    size_t sign = n != 0 && (*at == '-' || *at == '+');
    return n - sign == 3 && (memcmp(at + sign, "nan", 3) == 0 || memcmp(at + sign, "inf", 3) == 0);
}

int number_get_f64(const char *at, size_t n, double *v)
{
    if (gy_number_parse_f64(at, n, v) != 0)
        return 0;
    return isfinite(*v) || is_name(at, n); /* 1e999 is out of range */
}
