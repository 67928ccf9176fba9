/* plugins/file/csv_cut.c: see csv_cut.h. */
#include "csv_cut.h"

/* Cuts the quoted field at text->i, up to what follows its closing quote. */
static inline int cut_quoted(const struct csv_style *style, struct csv_text *text,
                             struct csv_piece *piece, const char **mistake)
{
    size_t from = ++text->i;
    for (;;) {
        const char *quote = memchr(text->at + text->i, style->quote, text->n - text->i);
        if (quote == NULL) {
            *mistake = "a quoted field is not closed";
            text->i = text->n;
            return text->at_eof ? CSV_BAD : CSV_MORE;
        }
        text->i = (size_t)(quote - text->at) + 1;
        if (text->i == text->n && !text->at_eof)
            return CSV_MORE;
        if (text->i == text->n || (uint8_t)text->at[text->i] != style->quote)
            break;
        piece->escaped = 1;
        text->i++;
    }
    piece->at = (uint32_t)from;
    piece->len = (uint32_t)(text->i - 1 - from);
    piece->quoted = 1;
    text->end = text->i;
    if (text->i + 1 < text->n && memcmp(text->at + text->i, "\r\n", 2) == 0)
        text->i++;
    else if (text->i + 1 == text->n && text->at[text->i] == '\r' && !text->at_eof)
        return CSV_MORE;
    if (text->i == text->n || text->at[text->i] == style->delimiter || text->at[text->i] == '\n')
        return CSV_WHOLE;
    *mistake = "text follows the closing quote of a field";
    return CSV_BAD;
}

#define EACH_BYTE 0x0101010101010101u

/* The bytes of a word that are `c`: the lowest one of the bits 0x80 is right. */
static inline uint64_t bytes_equal(uint64_t word, char c)
{
    uint64_t x = word ^ (EACH_BYTE * (uint8_t)c);
    return (x - EACH_BYTE) & ~x & (EACH_BYTE << 7);
}

/* Where the next delimiter or line end is, from `i` on; n where there is none. */
static inline size_t plain_end(const char *at, size_t i, size_t n, char delimiter)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (uint64_t word; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, at + i, sizeof word);
        uint64_t ends = bytes_equal(word, delimiter) | bytes_equal(word, '\n');
        if (ends != 0)
            return i + (size_t)__builtin_ctzll(ends) / 8;
    }
#endif
    while (i < n && at[i] != delimiter && at[i] != '\n')
        i++;
    return i;
}

/* Cuts the unquoted field at text->i, up to the delimiter or line end behind it. */
static inline int cut_plain(struct csv_text *text, struct csv_piece *piece, char delimiter)
{
    size_t from = text->i, i = plain_end(text->at, from, text->n, delimiter);
    text->i = i;
    if (i == text->n && !text->at_eof)
        return CSV_MORE;
    int crlf = i < text->n && text->at[i] == '\n' && i > from && text->at[i - 1] == '\r';
    piece->at = (uint32_t)from;
    piece->len = (uint32_t)(i - from) - (uint32_t)crlf;
    text->end = from + piece->len;
    return CSV_WHOLE;
}

/* The rest of a record that is wrong: goes on behind the line. */
static int cut_bad(struct csv_text *text)
{
    const char *lf = memchr(text->at + text->i, '\n', text->n - text->i);
    text->i = text->end = text->n;
    if (lf == NULL)
        return text->at_eof ? CSV_BAD : CSV_MORE;
    text->i = (size_t)(lf - text->at) + 1;
    text->end = text->i - 1 - (lf > text->at && lf[-1] == '\r');
    return CSV_BAD;
}

/* The place and the count are this function's own while it works, and stay in registers. */
int csv_cut(const struct csv_style *style, struct csv_record *record, struct csv_text *text)
{
    struct csv_text t = *text;
    struct csv_piece *pieces = record->pieces;
    uint32_t n = 0, capacity = record->capacity, quote = style->quote;
    char delimiter = style->delimiter;
    int cut = CSV_WHOLE;
    for (;;) {
        struct csv_piece piece = {0};
        if (t.i < t.n && (uint8_t)t.at[t.i] == quote)
            cut = cut_quoted(style, &t, &piece, &record->mistake);
        else
            cut = cut_plain(&t, &piece, delimiter);
        if (cut != CSV_WHOLE)
            break;
        if (n < capacity)
            pieces[n] = piece;
        n++;
        if (t.i == t.n || t.at[t.i++] == '\n')
            break;
    }
    if (cut == CSV_BAD)
        cut = cut_bad(&t);
    record->n_pieces = n;
    *text = t;
    return cut;
}

uint32_t csv_undouble(char *text, uint32_t n, char quote)
{
    const char *from = text, *end = text + n, *inside;
    char *to = text;
    while ((inside = memchr(from, quote, (size_t)(end - from))) != NULL) {
        size_t with = (size_t)(inside - from) + 1;
        memmove(to, from, with);
        to += with;
        from = inside + 2;
    }
    memmove(to, from, (size_t)(end - from));
    return (uint32_t)(to - text) + (uint32_t)(end - from);
}

int csv_is_called(const char *at, const struct csv_piece *piece, uint32_t i, const char *name)
{
    char place[CSV_PLACE];
    if (piece->len != 0)
        return strlen(name) == piece->len && memcmp(at + piece->at, name, piece->len) == 0;
    csv_place(place, i);
    return strcmp(place, name) == 0;
}
