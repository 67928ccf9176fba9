/* plugins/file/number.c: see number.h.
 *
 * Common doubles take a short way: whole numbers are printed as integers, and decimals of few digits
 * are found by trying v * 10^k for a whole number m such that m / 10^k is v again (both m and 10^k
 * are exact, so that the quotient is the double nearest to the decimal). Reading takes the same way
 * back. The rest is left to the C library, with 15, 16 or 17 digits. */
#include "number.h"
#include <math.h>
#include <stdlib.h>

static const double pow10_exact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#define POW10_EXACT    22
#define WHOLE_EXACT    9007199254740992.0 /* 2^53 */
#define DECIMALS_TRIED 9
#define DIGITS_SAFE    18 /* so many are less than 2^63 */

static const char two_digits[] =
    "00010203040506070809101112131415161718192021222324252627282930313233"
    "34353637383940414243444546474849505152535455565758596061626364656667"
    "68697071727374757677787980818283848586878889909192939495969798"
    "99";

static char *put_u64(char *to, uint64_t v)
{
    char digits[20];
    unsigned at = sizeof digits;
    while (v >= 100) {
        at -= 2;
        memcpy(digits + at, two_digits + 2 * (v % 100), 2);
        v /= 100;
    }
    if (v >= 10) {
        at -= 2;
        memcpy(digits + at, two_digits + 2 * v, 2);
    } else {
        digits[--at] = (char)('0' + v);
    }
    memcpy(to, digits + at, sizeof digits - at);
    return to + (sizeof digits - at);
}

char *number_put_i64(char *to, int64_t v)
{
    uint64_t magnitude = (uint64_t)v;
    if (v < 0) {
        *to++ = '-';
        magnitude = 0 - magnitude;
    }
    return put_u64(to, magnitude);
}

/* Writes m / 10^k, k > 0. */
static char *put_decimal(char *to, uint64_t m, unsigned k)
{
    uint64_t unit = (uint64_t)pow10_exact[k];
    to = put_u64(to, m / unit);
    *to++ = '.';
    uint64_t fraction = m % unit;
    for (unsigned i = k; i-- > 0; fraction /= 10)
        to[i] = (char)('0' + fraction % 10);
    return to + k;
}

/* Any v > 0. */
static char *put_general(char *to, double v)
{
    char text[NUMBER_MAX];
    int digits = v < 1e-290 ? 1 : 15; /* near zero a double has fewer of them */
    while (snprintf(text, sizeof text, "%.*g", digits, v), digits < 17 && strtod(text, NULL) != v)
        digits++;
    if (v >= 1e16 && strchr(text, 'e') == NULL) /* %g shows 17 digits without an exponent */
        snprintf(text, sizeof text, "%.*e", digits - 1, v);
    size_t n = strlen(text);
    memcpy(to, text, n);
    return to + n;
}

static char *put_word(char *to, const char *word)
{
    size_t n = strlen(word);
    memcpy(to, word, n);
    return to + n;
}

char *number_put_f64(char *to, double v)
{
    if (isnan(v))
        return put_word(to, "nan");
    if (signbit(v)) {
        *to++ = '-';
        v = -v;
    }
    if (isinf(v))
        return put_word(to, "inf");
    if (v < 1e16 && (double)(uint64_t)v == v)
        return put_u64(to, (uint64_t)v);
    if (v < 1e-4 || v > 1e12)
        return put_general(to, v);
    for (unsigned k = 1; k <= DECIMALS_TRIED && v * pow10_exact[k] < WHOLE_EXACT; k++) {
        uint64_t m = (uint64_t)(v * pow10_exact[k] + 0.5);
        if ((double)m / pow10_exact[k] == v)
            return put_decimal(to, m, k);
    }
    return put_general(to, v);
}

int number_get_i64(const char *at, size_t n, int64_t *v)
{
    int negative = n != 0 && *at == '-';
    size_t i = n != 0 && (*at == '-' || *at == '+');
    uint64_t magnitude = 0, limit = (uint64_t)INT64_MAX + (uint64_t)negative;
    if (i == n)
        return 0;
    size_t safe = n - i < DIGITS_SAFE ? n : i + DIGITS_SAFE;
    for (; i < safe; i++) {
        uint64_t digit = (uint64_t)(uint8_t)at[i] - '0';
        if (digit > 9)
            return 0;
        magnitude = magnitude * 10 + digit;
    }
    for (; i < n; i++) {
        uint64_t digit = (uint64_t)(uint8_t)at[i] - '0';
        if (digit > 9 || magnitude > (limit - digit) / 10)
            return 0;
        magnitude = magnitude * 10 + digit;
    }
    *v = (int64_t)(negative ? 0 - magnitude : magnitude);
    return 1;
}

/* A decimal number as it was scanned. */
struct decimal {
    uint64_t digits; /* without the point */
    int64_t exponent;
    int too_long; /* for these two */
};

static size_t scan_digits(const char *at, size_t n, struct decimal *d, int after_point)
{
    size_t i = 0;
    for (; i < n && at[i] >= '0' && at[i] <= '9'; i++) {
        if (d->digits > (UINT64_MAX - 9) / 10)
            d->too_long = 1;
        else
            d->digits = d->digits * 10 + (uint64_t)(at[i] - '0');
        d->exponent -= after_point;
    }
    return i;
}

/* Scans [sign]digits, the exponent; 0 where it is not that. */
static int scan_exponent(const char *at, size_t n, struct decimal *d)
{
    size_t sign = n != 0 && (*at == '-' || *at == '+');
    struct decimal e = {0};
    if (n == sign || scan_digits(at + sign, n - sign, &e, 0) != n - sign)
        return 0;
    if (e.too_long || e.digits > 400)
        d->too_long = 1;
    else
        d->exponent += *at == '-' ? -(int64_t)e.digits : (int64_t)e.digits;
    return 1;
}

/* Scans [digits][.digits][e exponent] with a digit at least; 0 where it is not all of that. */
static int scan_decimal(const char *at, size_t n, struct decimal *d)
{
    size_t i = scan_digits(at, n, d, 0), digits = i;
    if (i < n && at[i] == '.') {
        size_t more = scan_digits(at + i + 1, n - i - 1, d, 1);
        digits += more;
        i += 1 + more;
    }
    if (digits == 0)
        return 0;
    if (i < n && (at[i] | 0x20) == 'e')
        return scan_exponent(at + i + 1, n - i - 1, d);
    return i == n;
}

int number_get_f64(char *at, size_t n, double *v)
{
    size_t sign = n != 0 && (*at == '-' || *at == '+');
    struct decimal d = {0};
    if (n - sign == 3 && memcmp(at + sign, "nan", 3) == 0) {
        *v = NAN;
        return 1;
    }
    if (n - sign == 3 && memcmp(at + sign, "inf", 3) == 0) {
        *v = *at == '-' ? -INFINITY : INFINITY;
        return 1;
    }
    if (!scan_decimal(at + sign, n - sign, &d))
        return 0;
    if (!d.too_long && d.digits <= (uint64_t)WHOLE_EXACT && d.exponent >= -POW10_EXACT &&
        d.exponent <= POW10_EXACT) {
        double whole = (double)d.digits;
        *v = d.exponent < 0 ? whole / pow10_exact[-d.exponent] : whole * pow10_exact[d.exponent];
        *v = *at == '-' ? -*v : *v;
        return 1;
    }
    char behind = at[n];
    at[n] = 0;
    *v = strtod(at, NULL);
    at[n] = behind;
    return isfinite(*v) != 0; /* 1e999 is out of range; "inf" is written so */
}
