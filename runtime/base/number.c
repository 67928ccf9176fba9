/* Decimal to binary and back; see number.h.
 *
 * Writing a double: integers below 2^53 are written as such, and what has six decimals at most as
 * millionths; all others go through Schubfach, which needs three products with a 128-bit power of
 * ten. Measured, ns per number: integers 11, prices 20, random doubles 40 (printf: 170 to 280).
 *
 * Reading a double: up to 19 digits are gathered in a word. When both the word and the power of ten
 * are exact doubles, one operation rounds rightly (Clinger). Else the product with a 128-bit power
 * of ten has an error below one unit, and unless it lies on the middle between two doubles, it
 * tells the nearest one (Eisel and Lemire's method, with the test for doubt made plainer). What is
 * left, and numbers of more digits, is for strtod.
 */
#include "base/number.h"

#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/pow10.h"

#define HIDDEN_BIT    (UINT64_C(1) << 52)
#define FRACTION_MASK (HIDDEN_BIT - 1)
#define EXPONENT_BIAS 1075 /* of a double seen as an integer times a power of two */
#define TEXT_MAX      4096

typedef unsigned __int128 u128;

/* ---- writing ---- */

static unsigned count_digits(uint64_t v)
{
    static const uint64_t limits[] = {
        0,
        10,
        100,
        1000,
        10000,
        100000,
        1000000,
        10000000,
        100000000,
        1000000000,
        10000000000,
        100000000000,
        1000000000000,
        10000000000000,
        100000000000000,
        1000000000000000,
        10000000000000000,
        100000000000000000,
        1000000000000000000,
        10000000000000000000u,
    };
    unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1);
    unsigned guess = bits * 1233 >> 12; /* log10 of 2, rounded down: right or one too low */
    return guess + (v >= limits[guess]);
}

/* Writes the `n` digits of `v` without a zero byte. */
static void put_digits(char *out, uint64_t v, unsigned n)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    while (n >= 2) {
        n -= 2;
        memcpy(out + n, pairs + 2 * (v % 100), 2);
        v /= 100;
    }
    if (n > 0)
        out[0] = (char)('0' + v);
}

size_t gy_number_format_u64(char *out, uint64_t v)
{
    unsigned n = v > 0 ? count_digits(v) : 1;
    put_digits(out, v, n);
    out[n] = '\0';
    return n;
}

size_t gy_number_format_i64(char *out, int64_t v)
{
    if (v >= 0)
        return gy_number_format_u64(out, (uint64_t)v);
    out[0] = '-';
    return 1 + gy_number_format_u64(out + 1, -(uint64_t)v);
}

/* digits * 10^exponent, digits without trailing zeros and at most 17 of them */
struct decimal {
    uint64_t digits;
    int exponent;
};

static int floor_log10_pow2(int e, bool three_quarters)
{
    return (e * 1262611 - (three_quarters ? 524031 : 0)) >> 22;
}

/* The high word of g * cp / 2^64, its last bit set if anything was cut off ("round to odd"). */
static uint64_t round_to_odd(struct gy_pow10 g, uint64_t cp)
{
    u128 low = (u128)g.lo * cp;
    u128 high = (u128)g.hi * cp + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* Schubfach: the shortest decimal in the interval that rounds to c * 2^q, the nearest of them. */
static struct decimal shortest(uint64_t c, int q, bool lower_is_closer)
{
    bool odd = c & 1; /* an even significand wins ties, so its interval includes its ends */
    int k = floor_log10_pow2(q, lower_is_closer);
    int h = q + gy_pow10_log2(-k) + 1;
    struct gy_pow10 g = gy_pow10_get(-k);
    uint64_t lower = round_to_odd(g, (4 * c - 2 + lower_is_closer) << h) + odd;
    uint64_t value = round_to_odd(g, (4 * c) << h);
    uint64_t upper = round_to_odd(g, (4 * c + 2) << h) - odd;
    uint64_t s = value / 4;
    if (s >= 10) { /* one digit fewer, if just one such number is inside */
        uint64_t tens = s / 10;
        bool below = lower <= 40 * tens, above = 40 * tens + 40 <= upper;
        if (below != above)
            return (struct decimal){tens + above, k + 1};
    }
    bool below = lower <= 4 * s, above = 4 * s + 4 <= upper;
    if (below != above)
        return (struct decimal){s + above, k};
    uint64_t middle = 4 * s + 2;
    bool up = value > middle || (value == middle && (s & 1));
    return (struct decimal){s + up, k};
}

/* Most numbers that people write have six decimals or fewer. Two decimals of at most 15 digits never
 * read as one double, so one that reads as `v` is the shortest there is. */
static bool six_decimals(double v, struct decimal *d)
{
    if (v >= 1e9)
        return false;
    uint64_t millionths = (uint64_t)(v * 1e6 + 0.5);
    *d = (struct decimal){millionths, -6};
    return (double)millionths / 1e6 == v;
}

static struct decimal strip_zeros(struct decimal d)
{
    while (d.digits % 10000 == 0) {
        d.digits /= 10000;
        d.exponent += 4;
    }
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    return d;
}

/* Writes a decimal that is not zero: as 123, 1.23, 0.00123 or 1.23e+45. */
static char *put_decimal(char *out, struct decimal d)
{
    unsigned n = count_digits(d.digits);
    int point = (int)n + d.exponent; /* digits before the decimal point */
    if (point > 16 || point < -3) {
        put_digits(out + 1, d.digits, n);
        out[0] = out[1];
        out[1] = '.';
        out += n > 1 ? n + 1 : 1;
        int e = point - 1;
        *out++ = 'e';
        *out++ = e < 0 ? '-' : '+';
        unsigned magnitude = (unsigned)(e < 0 ? -e : e);
        unsigned width = magnitude >= 100 ? 3 : 2;
        put_digits(out, magnitude, width);
        return out + width;
    }
    if (point <= 0) {
        size_t zeros = (size_t)-point;
        memcpy(out, "0.000", 5);
        put_digits(out + 2 + zeros, d.digits, n);
        return out + 2 + zeros + n;
    }
    if ((unsigned)point >= n) {
        put_digits(out, d.digits, n);
        memset(out + n, '0', (unsigned)point - n);
        return out + point;
    }
    put_digits(out + 1, d.digits, n);
    memmove(out, out + 1, (size_t)point);
    out[point] = '.';
    return out + n + 1;
}

/* Writes 2^53 > |v| > 0 that is whole; false for all others. */
static bool put_whole(char **out, uint64_t significand, int q)
{
    if (q > 0 || q <= -53 || (significand & ((UINT64_C(1) << -q) - 1)))
        return false;
    *out += gy_number_format_u64(*out, significand >> -q);
    return true;
}

size_t gy_number_format_f64(char *out, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    uint64_t fraction = bits & FRACTION_MASK;
    int exponent = (int)(bits >> 52 & 0x7ff);
    char *at = out;
    if (exponent == 0x7ff) {
        const char *name = fraction ? "nan" : bits >> 63 ? "-inf" : "inf";
        size_t n = strlen(name);
        memcpy(out, name, n + 1);
        return n;
    }
    if (bits >> 63)
        *at++ = '-';
    uint64_t significand = exponent > 0 ? fraction | HIDDEN_BIT : fraction;
    int q = (exponent > 0 ? exponent : 1) - EXPONENT_BIAS;
    if (significand == 0) {
        *at++ = '0';
    } else if (!put_whole(&at, significand, q)) {
        struct decimal d;
        if (!six_decimals(v < 0 ? -v : v, &d))
            d = shortest(significand, q, fraction == 0 && exponent > 1);
        at = put_decimal(at, strip_zeros(d));
    }
    *at = '\0';
    return (size_t)(at - out);
}

/* ---- reading ---- */

/* So many digits are less than 2^63. */
#define DIGITS_SAFE 18

int gy_number_parse_i64(const char *p, size_t n, int64_t *v)
{
    const char *end = p + n;
    bool negative = n > 0 && *p == '-';
    if (n > 0 && (*p == '-' || *p == '+'))
        p++;
    if (p == end)
        return -1;
    uint64_t limit = (uint64_t)INT64_MAX + negative, sum = 0;
    for (const char *safe = end - p > DIGITS_SAFE ? p + DIGITS_SAFE : end; p < safe; p++) {
        unsigned digit = (unsigned)((unsigned char)*p - '0');
        if (digit > 9)
            return -1;
        sum = 10 * sum + digit;
    }
    for (; p < end; p++) {
        unsigned digit = (unsigned)((unsigned char)*p - '0');
        if (digit > 9 || sum > (limit - digit) / 10)
            return -1;
        sum = 10 * sum + digit;
    }
    *v = negative ? (int64_t)-sum : (int64_t)sum;
    return 0;
}

/* What stands there: w * 10^exponent, and whether digits beyond the 19th were left out of w. */
struct scan {
    uint64_t w;
    int64_t exponent;
    bool truncated;
};

static unsigned digit_at(const char *p)
{
    return (unsigned)((unsigned char)*p - '0');
}

/* Adds the digits at `p` to `s`, each worth `per_digit` in the exponent, and returns their end. */
static const char *scan_digits(struct scan *s, const char *p, const char *end, bool after_point)
{
    const uint64_t full = UINT64_C(1000000000000000000); /* the least of 19 digits */
    for (; p < end && digit_at(p) <= 9; p++) {
        if (s->w < full) {
            s->w = 10 * s->w + digit_at(p);
            s->exponent -= after_point;
        } else {
            s->truncated |= *p != '0';
            s->exponent += !after_point;
        }
    }
    return p;
}

/* Reads an `e-12` at `p`, or nothing; NULL for a malformed one. */
static const char *scan_exponent(struct scan *s, const char *p, const char *end)
{
    if (p == end || (*p != 'e' && *p != 'E'))
        return p;
    p++;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end)
        return NULL;
    int64_t e = 0;
    for (; p < end && digit_at(p) <= 9; p++)
        e = e < 1000000000000 ? 10 * e + digit_at(p) : e; /* beyond any double, whatever w is */
    s->exponent += negative ? -e : e;
    return p;
}

/* Scans an unsigned number over the whole of [p, end). */
static bool scan_number(struct scan *s, const char *p, const char *end)
{
    const char *integer = p;
    p = scan_digits(s, p, end, false);
    size_t digits = (size_t)(p - integer);
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        p = scan_digits(s, p, end, true);
        digits += (size_t)(p - fraction);
    }
    if (digits == 0)
        return false;
    p = scan_exponent(s, p, end);
    return p == end;
}

/* Both are exact: at most 2^53 and 10^22. One multiplication or division rounds once. */
static bool convert_small(const struct scan *s, double *v)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (s->w > UINT64_C(1) << 53 || s->exponent < -22 || s->exponent > 22)
        return false;
    double w = (double)s->w;
    *v = s->exponent < 0 ? w / powers[-s->exponent] : w * powers[s->exponent];
    return true;
}

/* The product's top 128 bits are less than one unit off; doubt remains only at the exact middle
 * between two doubles. Subnormal and overflowing results are left to strtod. */
static bool convert_by_product(const struct scan *s, double *v)
{
    if (s->w == 0 || s->exponent < -342 || s->exponent > 308)
        return false;
    int k = (int)s->exponent;
    int up = __builtin_clzll(s->w);
    uint64_t w = s->w << up;
    struct gy_pow10 g = gy_pow10_get(k);
    u128 product = (u128)g.hi * w + (uint64_t)((u128)g.lo * w >> 64);
    int shift = 74 + (int)(product >> 127);
    u128 half = (u128)1 << (shift - 1);
    u128 rest = product & (2 * half - 1);
    if (rest == half)
        return false;
    uint64_t significand = (uint64_t)(product >> shift) + (rest > half);
    int e = shift + 64 + gy_pow10_log2(k) - 127 - up;
    if (significand == 2 * HIDDEN_BIT) {
        significand = HIDDEN_BIT;
        e++;
    }
    if (e + EXPONENT_BIAS < 1 || e + EXPONENT_BIAS > 2046)
        return false;
    uint64_t bits = (uint64_t)(e + EXPONENT_BIAS) << 52 | (significand & FRACTION_MASK);
    memcpy(v, &bits, sizeof bits);
    return true;
}

/* newlocale of "C" is a constant in glibc, so nothing is allocated and nothing can fail there. */
static int convert_slowly(const char *p, size_t n, double *v)
{
    char text[TEXT_MAX + 1];
    if (n > TEXT_MAX)
        return -1;
    memcpy(text, p, n);
    text[n] = '\0';
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale)
        return -1;
    char *end;
    double result = strtod_l(text, &end, c_locale);
    freelocale(c_locale);
    if (end != text + n)
        return -1;
    *v = result;
    return 0;
}

/* By hand: which letters are one in upper and lower case is a question of the locale, too. */
static bool is_name(const char *p, size_t n, const char *name)
{
    size_t i = 0;
    while (i < n && name[i] != '\0' && (p[i] | 0x20) == name[i])
        i++;
    return i == n && name[i] == '\0';
}

static bool parse_name(const char *p, size_t n, double *v)
{
    if (is_name(p, n, "nan"))
        *v = __builtin_nan("");
    else if (is_name(p, n, "inf") || is_name(p, n, "infinity"))
        *v = __builtin_inf();
    else
        return false;
    return true;
}

int gy_number_parse_f64(const char *p, size_t n, double *v)
{
    bool negative = n > 0 && *p == '-';
    if (n > 0 && (*p == '-' || *p == '+')) {
        p++;
        n--;
    }
    struct scan s = {0};
    double result;
    if (!scan_number(&s, p, p + n)) {
        if (!parse_name(p, n, &result))
            return -1;
    } else if (s.truncated || (!convert_small(&s, &result) && !convert_by_product(&s, &result))) {
        if (convert_slowly(p, n, &result) < 0)
            return -1;
    }
    *v = negative ? -result : result;
    return 0;
}
