/* plugins/lua/pattern.c: see pattern.h. Letters are those of ASCII, whatever the locale. */
#include "pattern.h"

#define DEPTH_MOST    180 /* frames of match(): a pattern has no more parts in a row that go back */
#define WORK_PER_STEP 16
#define PART_OPEN     (-1)

struct match {
    const char *text;
    const char *end;
    const char *pattern_end;
    double work_left;
    const char *wrong;
    int32_t is_over;
    int32_t depth;
    int32_t n_parts;
    struct pattern_part parts[PATTERN_PARTS];
};

static const char *match(struct match *m, const char *s, const char *p);

static const char *refuse(struct match *m, const char *text)
{
    if (m->wrong == NULL)
        m->wrong = text;
    m->is_over = 1;
    return NULL;
}

/* 0: the match is at its end, with or without a result. */
static int may_go_on(struct match *m)
{
    m->work_left--;
    m->is_over |= m->work_left < 0;
    return !m->is_over;
}

/* ---- one byte ---------------------------------------------------------------------------------- */

static int is_letter(uint8_t c)
{
    return (uint8_t)((c | 0x20) - 'a') < 26;
}

static int is_digit(uint8_t c)
{
    return (uint8_t)(c - '0') < 10;
}

static int is_in_class(uint8_t c, uint8_t class)
{
    int is = 0;
    switch (class | 0x20) {
    case 'a': is = is_letter(c); break;
    case 'c': is = c < 32 || c == 127; break;
    case 'd': is = is_digit(c); break;
    case 'l': is = is_letter(c) && (c & 0x20) != 0; break;
    case 'p': is = c > 32 && c < 127 && !is_letter(c) && !is_digit(c); break;
    case 's': is = c == ' ' || (c >= '\t' && c <= '\r'); break;
    case 'u': is = is_letter(c) && (c & 0x20) == 0; break;
    case 'w': is = is_letter(c) || is_digit(c); break;
    case 'x': is = is_digit(c) || (uint8_t)((c | 0x20) - 'a') < 6; break;
    case 'z': is = c == 0; break;
    default: return class == c;
    }
    if (!is_letter(class))
        return class == c;
    return (class & 0x20) != 0 ? is : !is;
}

/* Behind the part of a pattern that stands for one byte. */
static const char *one_end(struct match *m, const char *p)
{
    char c = *p++;
    if (c == '%')
        return p < m->pattern_end ? p + 1 : refuse(m, "a pattern ends with `%`");
    if (c != '[')
        return p;
    p += p < m->pattern_end && *p == '^';
    for (int first = 1;; first = 0) {
        if (p >= m->pattern_end)
            return refuse(m, "a pattern has a `[` without its `]`");
        c = *p++;
        if (c == ']' && !first)
            return p;
        if (c == '%' && p++ >= m->pattern_end)
            return refuse(m, "a pattern has a `[` without its `]`");
    }
}

/* True where `c` is in the set from p, a '[', to its ']' at `last`. */
static int is_in_set(uint8_t c, const char *p, const char *last)
{
    int is = 1;
    p++;
    if (*p == '^') {
        is = 0;
        p++;
    }
    for (; p < last; p++) {
        if (*p == '%' && p + 1 < last) {
            if (is_in_class(c, (uint8_t) * ++p))
                return is;
        } else if (p + 2 < last && p[1] == '-') {
            if ((uint8_t)p[0] <= c && c <= (uint8_t)p[2])
                return is;
            p += 2;
        } else if ((uint8_t)*p == c) {
            return is;
        }
    }
    return !is;
}

/* True where the byte at `s` is one that the pattern from p up to `end` stands for. */
static int is_one(struct match *m, const char *s, const char *p, const char *end)
{
    if (s >= m->end || !may_go_on(m))
        return 0;
    switch (*p) {
    case '.': return 1;
    case '%': return is_in_class((uint8_t)*s, (uint8_t)p[1]);
    case '[': return is_in_set((uint8_t)*s, p, end - 1);
    default: return *p == *s;
    }
}

/* ---- more of them ------------------------------------------------------------------------------ */

/* As many as there are, then fewer. */
static const char *most(struct match *m, const char *s, const char *p, const char *end)
{
    ptrdiff_t n = 0;
    while (is_one(m, s + n, p, end))
        n++;
    for (; n >= 0 && !m->is_over; n--) {
        const char *found = match(m, s + n, end + 1);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* None, then more. */
static const char *least(struct match *m, const char *s, const char *p, const char *end)
{
    for (;; s++) {
        const char *found = match(m, s, end + 1);
        if (found != NULL)
            return found;
        if (m->is_over || !is_one(m, s, p, end))
            return NULL;
    }
}

static const char *open_part(struct match *m, const char *s, const char *p, int64_t length)
{
    if (m->n_parts == PATTERN_PARTS)
        return refuse(m, "a pattern has more than 32 captures");
    m->parts[m->n_parts++] = (struct pattern_part){s - m->text, length};
    const char *found = match(m, s, p);
    if (found == NULL)
        m->n_parts--;
    return found;
}

static const char *close_part(struct match *m, const char *s, const char *p)
{
    int32_t k = m->n_parts - 1;
    while (k >= 0 && m->parts[k].length != PART_OPEN)
        k--;
    if (k < 0)
        return refuse(m, "a pattern has a `)` without its `(`");
    m->parts[k].length = s - m->text - m->parts[k].at;
    const char *found = match(m, s, p);
    if (found == NULL)
        m->parts[k].length = PART_OPEN;
    return found;
}

/* %bxy: behind the y that belongs to the x at `s`. */
static const char *balance(struct match *m, const char *s, const char *p)
{
    int64_t open = 1;
    if (m->pattern_end - p < 2)
        return refuse(m, "a pattern has a `%b` without its two bytes");
    if (s >= m->end || *s != p[0])
        return NULL;
    for (s++; s < m->end && may_go_on(m); s++) {
        if (*s == p[1]) {
            if (--open == 0)
                return s + 1;
        } else if (*s == p[0]) {
            open++;
        }
    }
    return NULL;
}

/* %f[set]: between a byte that is not in the set and one that is. */
static int is_frontier(struct match *m, const char *s, const char *p, const char **end)
{
    if (p >= m->pattern_end || *p != '[') {
        refuse(m, "a pattern has a `%f` without its `[`");
        return 0;
    }
    *end = one_end(m, p);
    if (*end == NULL)
        return 0;
    uint8_t before = s == m->text ? 0 : (uint8_t)s[-1], at = s == m->end ? 0 : (uint8_t)*s;
    return !is_in_set(before, p, *end - 1) && is_in_set(at, p, *end - 1);
}

/* %1 ... %9: the same bytes once more. */
static const char *again(struct match *m, const char *s, char digit)
{
    int32_t k = digit - '1';
    if (k < 0 || k >= m->n_parts || m->parts[k].length < 0)
        return refuse(m, "a pattern has a `%` with the number of no capture");
    size_t n = (size_t)m->parts[k].length;
    m->work_left -= (double)n / WORK_PER_STEP;
    if ((size_t)(m->end - s) < n || memcmp(m->text + m->parts[k].at, s, n) != 0)
        return NULL;
    return s + n;
}

/* ---- the whole --------------------------------------------------------------------------------- */

/* What stands for one byte, and what follows it. Where nothing goes back the caller goes on with `next`. */
static const char *match_one(struct match *m, const char *s, const char *p, const char **next)
{
    const char *end = one_end(m, p);
    *next = NULL;
    if (end == NULL)
        return NULL;
    char how = end < m->pattern_end ? *end : 0;
    if (how == '*')
        return most(m, s, p, end);
    if (how == '-')
        return least(m, s, p, end);
    int is = is_one(m, s, p, end);
    if (how == '+')
        return is ? most(m, s + 1, p, end) : NULL;
    if (how == '?') {
        const char *found = is ? match(m, s + 1, end + 1) : NULL;
        if (found != NULL || m->is_over)
            return found;
        *next = end + 1;
        return s;
    }
    if (!is)
        return NULL;
    *next = end;
    return s + 1;
}

/* %b, %f, %1: what they leave to go on with, in `next`; *next NULL where it is none of these. */
static const char *match_special(struct match *m, const char *s, const char *p, const char **next)
{
    char c = p + 1 < m->pattern_end ? p[1] : 0;
    *next = NULL;
    if (c == 'b') {
        *next = p + 4;
        return balance(m, s, p + 2);
    }
    if (c == 'f') {
        int is = is_frontier(m, s, p + 2, next);
        *next = *next != NULL ? *next : p;
        return is ? s : NULL;
    }
    if (is_digit((uint8_t)c)) {
        *next = p + 2;
        return again(m, s, c);
    }
    return s;
}

static const char *match_from(struct match *m, const char *s, const char *p)
{
    while (p < m->pattern_end && may_go_on(m)) {
        const char *next = NULL;
        if (*p == '(' && p + 1 < m->pattern_end && p[1] == ')')
            return open_part(m, s, p + 2, PATTERN_POSITION);
        if (*p == '(')
            return open_part(m, s, p + 1, PART_OPEN);
        if (*p == ')')
            return close_part(m, s, p + 1);
        if (*p == '$' && p + 1 == m->pattern_end)
            return s == m->end ? s : NULL;
        if (*p == '%')
            s = match_special(m, s, p, &next);
        if (next == NULL)
            s = match_one(m, s, p, &next);
        if (s == NULL || next == NULL)
            return s;
        p = next;
    }
    return m->is_over ? NULL : s;
}

/* Where the text ends that the pattern from p on stands for, at `s`; NULL where it does not. */
static const char *match(struct match *m, const char *s, const char *p)
{
    if (m->depth == DEPTH_MOST)
        return refuse(m, "a pattern is too long for what it asks");
    m->depth++;
    const char *found = match_from(m, s, p);
    m->depth--;
    return found;
}

static void put_found(const struct match *m, struct pattern_found *found, const char *start,
                      const char *end)
{
    found->start = start - m->text;
    found->end = end - m->text;
    found->n_parts = m->n_parts;
    memcpy(found->parts, m->parts, (size_t)m->n_parts * sizeof *m->parts);
}

int32_t pattern_find(struct gauge *gauge, struct pattern_found *found, const char *text, size_t n,
                     const char *pattern, size_t length, size_t from)
{
    struct match m = {.text = text,
                      .end = text + n,
                      .pattern_end = pattern + length,
                      .work_left = gauge->steps * WORK_PER_STEP};
    double work = m.work_left;
    int is_anchored = length != 0 && *pattern == '^';
    const char *end = NULL, *s = text + from;
    for (; s <= m.end && !m.is_over; s++) {
        m.n_parts = 0;
        end = match(&m, s, pattern + is_anchored);
        if (end != NULL || is_anchored)
            break;
    }
    for (int32_t k = 0; end != NULL && k < m.n_parts; k++)
        if (m.parts[k].length == PART_OPEN)
            end = refuse(&m, "a pattern has a `(` without its `)`");
    gauge->steps -= (work - m.work_left) / WORK_PER_STEP;
    found->wrong = m.wrong;
    if (m.is_over)
        return -1;
    if (end == NULL)
        return 0;
    put_found(&m, found, s, end);
    return 1;
}

int32_t pattern_find_plain(struct gauge *gauge, struct pattern_found *found, const char *text,
                           size_t n, const char *what, size_t length, size_t from)
{
    const char *at = memmem(text + from, n - from, what, length);
    gauge->steps -= (double)(n - from) / (4 * WORK_PER_STEP);
    found->n_parts = 0;
    found->start = at - text;
    found->end = found->start + (int64_t)length;
    return at != NULL;
}
