/* plugins/text/logfmt.c: see logfmt.h. */
#include "logfmt.h"

/* What is left of a line. */
struct rest {
    const char *from; /* the line's beginning */
    const char *at;
    const char *end;
};

static int is_blank(char c)
{
    return (uint8_t)c <= ' ';
}

/* The four hexadecimal digits at `at`; -1 where they are none. */
static int32_t hex4(const char *at, const char *end)
{
    int32_t v = 0;
    for (int i = 0; i < 4; i++) {
        int c = end - at > i ? at[i] | 0x20 : 0;
        if (c >= '0' && c <= '9')
            v = v * 16 + c - '0';
        else if (c >= 'a' && c <= 'f')
            v = v * 16 + c - 'a' + 10;
        else
            return -1;
    }
    return v;
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (c & 0x3f));
    return to;
}

/* Decodes \uXXXX, of which `at` is behind the \; what is half of a surrogate pair is U+FFFD. Returns where it
 * ends, or NULL where it is none. What is written is no longer than what is read. */
static const char *take_unicode(const char *at, const char *end, char **to)
{
    int32_t first = hex4(at + 1, end);
    if (first < 0)
        return NULL;
    at += 5;
    uint32_t c = (uint32_t)first;
    if (first >= 0xd800 && first <= 0xdfff) {
        int32_t second = first < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u'
                             ? hex4(at + 2, end)
                             : -1;
        int is_pair = second >= 0xdc00 && second <= 0xdfff;
        c = is_pair ? 0x10000 + ((uint32_t)first - 0xd800) * 0x400 + ((uint32_t)second - 0xdc00)
                    : 0xfffd;
        at += is_pair ? 6 : 0;
    }
    *to = put_utf8(*to, c);
    return at;
}

/* Decodes one escape at its \, before the closing quote; returns where it ends. */
static const char *take_escape(const char *at, const char *end, char **to)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    const char *found = at[1] != 0 ? strchr(from, at[1]) : NULL;
    const char *behind = at[1] == 'u' ? take_unicode(at + 1, end, to) : NULL;
    if (behind != NULL)
        return behind;
    if (found == NULL) {
        *(*to)++ = *at;
        return at + 1;
    }
    *(*to)++ = into[found - from];
    return at + 2;
}

static struct piece decode(struct piece raw, struct gyre_out *out)
{
    char *made = gyre_out_room(out, raw.len), *to = made;
    const char *at = raw.at, *end = raw.at + raw.len;
    if (made == NULL)
        return (struct piece){"", 0};
    while (at < end) {
        if (*at == '\\')
            at = take_escape(at, end, &to);
        else
            *to++ = *at++;
    }
    gyre_out_used(out, (uint32_t)(to - made));
    return (struct piece){made, (uint32_t)(to - made)};
}

static int fail(const struct rest *rest, const char *at, const char *what, char why[CAST_WHY])
{
    snprintf(why, CAST_WHY, "no logfmt at byte %zu: %s", (size_t)(at - rest->from), what);
    return 0;
}

/* Takes a quoted value, whose quote `rest` is at; it is decoded where it is wanted. */
static int take_quoted(struct rest *rest, struct gyre_out *out, struct piece *value,
                       char why[CAST_WHY])
{
    const char *quote = rest->at, *at = quote + 1;
    int has_escapes = 0;
    for (; at < rest->end && *at != '"'; at++)
        if (*at == '\\' && rest->end - at > 1) {
            has_escapes = 1;
            at++;
        }
    if (at >= rest->end)
        return fail(rest, quote, "a quote that is not closed", why);
    rest->at = at + 1;
    if (rest->at < rest->end && !is_blank(*rest->at))
        return fail(rest, rest->at, "a blank is expected behind a quoted value", why);
    if (value == NULL)
        return 1;
    *value = (struct piece){quote + 1, (uint32_t)(at - quote - 1)};
    if (has_escapes)
        *value = decode(*value, out);
    return 1;
}

/* The piece of a key; NULL where nobody asks for it. Keys mostly come in one order. */
static struct piece *find_piece(const struct cast *casts, uint32_t n, uint32_t *expected,
                                struct piece key, struct piece *pieces)
{
    for (uint32_t tried = 0, i = *expected; tried < n; tried++, i++) {
        i = i < n ? i : 0;
        if (strncmp(casts[i].name, key.at, key.len) == 0 && casts[i].name[key.len] == 0) {
            *expected = i + 1;
            return &pieces[i];
        }
    }
    return NULL;
}

int logfmt_cut(struct piece text, const struct cast *casts, uint32_t n, struct gyre_out *out,
               struct piece *pieces, char why[CAST_WHY])
{
    struct rest rest = {text.at, text.at, text.at + text.len};
    uint32_t expected = 0;
    for (uint32_t i = 0; i < n; i++)
        pieces[i] = (struct piece){NULL, 0};
    for (;;) {
        while (rest.at < rest.end && is_blank(*rest.at))
            rest.at++;
        if (rest.at == rest.end)
            return 1;
        const char *from = rest.at;
        while (rest.at < rest.end && !is_blank(*rest.at) && *rest.at != '=')
            rest.at++;
        struct piece key = {from, (uint32_t)(rest.at - from)};
        if (key.len == 0)
            return fail(&rest, from, "a value without a key", why);
        struct piece *piece = find_piece(casts, n, &expected, key, pieces);
        if (rest.at == rest.end || is_blank(*rest.at)) {
            if (piece != NULL)
                *piece = casts[piece - pieces].type == GYRE_TYPE_bool ? (struct piece){"true", 4}
                                                                      : (struct piece){"", 0};
            continue;
        }
        from = ++rest.at;
        if (rest.at < rest.end && *rest.at == '"') {
            if (!take_quoted(&rest, out, piece, why))
                return 0;
            continue;
        }
        while (rest.at < rest.end && !is_blank(*rest.at))
            rest.at++;
        if (piece != NULL)
            *piece = (struct piece){from, (uint32_t)(rest.at - from)};
    }
}
