/* plugins/file/csv_head.c: see csv_head.h. What is longer than HEAD_BYTES is left to the run. */
#include "csv_head.h"
#include "csv_cut.h"
#include "number.h"
#include "paths.h"
#include "unpack.h"
#include <fcntl.h>
#include <unistd.h>

#define HEAD_BYTES  (64u << 10)
#define NAMES_SHOWN 8u

/* What the texts of a column can all be. */
enum { MAY_BOOL = 1, MAY_I64 = 2, MAY_F64 = 4, MAY_TIME = 8, MAY_ALL = 15 };

/* The first bytes of a file, and its header. */
struct head {
    const struct read_config *config;
    struct gyre_bind *bind;
    struct csv_style style;
    struct unpack *unpack;
    char *bytes;
    struct csv_text text; /* behind the header */
    struct csv_record header;
    const char *file;
    int is_known; /* the header is whole */
};

static int32_t tell(struct head *h, const char *option, const char *what)
{
    return gyre_bind_fail(h->bind, GYRE_EINVAL, option, "%s: %s", h->file, what);
}

/* Reads the first bytes that an open file holds; -1: they cannot be read. */
static ssize_t load_open(struct head *h, int fd, int32_t codec)
{
    size_t used = 0, n = 1;
    int32_t code = UNPACK_OK;
    unpack_begin(h->unpack, codec, fd, 0, (struct frame_place){0, 0});
    while (code == UNPACK_OK && used < HEAD_BYTES && (n != 0 || !h->unpack->at_end)) {
        code = unpack_read(h->unpack, h->bytes + used, HEAD_BYTES - used, 0, &n);
        used += n;
    }
    unpack_end(h->unpack);
    return code == UNPACK_OK ? (ssize_t)used : -1;
}

static ssize_t load(struct head *h, const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    int32_t codec = h->config->compression;
    if (codec == CODEC_AUTO)
        codec = codec_of_file(file);
    ssize_t n = fd >= 0 ? load_open(h, fd, codec) : -1;
    if (fd >= 0)
        close(fd);
    return n;
}

/* Reads a file up to what is behind its header, whose names are then without doubled quotes. A file
 * that cannot be read is left to those who open it. */
static int32_t read_header(struct head *h, const char *file)
{
    ssize_t n = load(h, file);
    size_t mark = n >= 3 && memcmp(h->bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    h->file = file;
    h->is_known = 0;
    h->text = (struct csv_text){0};
    if (n < 0 && h->unpack->why[0] != 0)
        return tell(h, "path", h->unpack->why);
    if (n < 0)
        return GYRE_OK;
    h->text = (struct csv_text){
        .at = h->bytes + mark, .n = (size_t)n - mark, .at_eof = n < (ssize_t)HEAD_BYTES};
    int cut = CSV_WHOLE;
    do {
        h->text.at += h->text.i;
        h->text.n -= h->text.i;
        h->text.i = 0;
        if (h->text.n == 0)
            return GYRE_OK;
        cut = csv_cut(&h->style, &h->header, &h->text);
    } while (cut == CSV_WHOLE && csv_is_blank(&h->header));
    if (cut == CSV_BAD)
        return tell(h, "header", h->header.mistake);
    if (h->header.n_pieces > h->header.capacity)
        return tell(h, "header", "its header has more than 4096 fields");
    h->is_known = cut == CSV_WHOLE;
    for (uint32_t i = 0; h->is_known && i < h->header.n_pieces; i++) {
        struct csv_piece *piece = &h->header.pieces[i];
        if (piece->escaped)
            piece->len = csv_undouble(h->bytes + (h->text.at - h->bytes) + piece->at, piece->len,
                                      (char)h->style.quote);
    }
    return GYRE_OK;
}

static int32_t head_init(struct head *h, const struct read_config *c, struct gyre_bind *bind)
{
    const char *why;
    *h = (struct head){.config = c, .bind = bind, .header.capacity = CSV_COLUMNS_MAX};
    csv_style_parse(CSV_STYLE_OF(c), 1, &h->style, &why); /* its mistakes are told elsewhere */
    h->bytes = bind->alloc(bind, HEAD_BYTES);
    h->header.pieces = bind->alloc(bind, CSV_COLUMNS_MAX * sizeof *h->header.pieces);
    h->unpack = bind->alloc(bind, sizeof *h->unpack);
    if (h->bytes == NULL || h->header.pieces == NULL || h->unpack == NULL)
        return gyre_bind_fail(bind, GYRE_ENOMEM, NULL, "no memory");
    return GYRE_OK;
}

/* ---- types ------------------------------------------------------------------------------------- */

/* True for an integer or decimal that is written as it is read, but for zeros at its end. */
static int is_plain_number(const char *at, size_t n)
{
    size_t i = n != 0 && *at == '-';
    int is_digit = i < n && at[i] >= '0' && at[i] <= '9';
    return is_digit && !(at[i] == '0' && i + 1 < n && at[i + 1] >= '0' && at[i + 1] <= '9');
}

static int is_f64(const char *at, size_t n)
{
    double v;
    if (!number_get_f64(at, n, &v))
        return 0;
    for (size_t i = 0; i < n; i++) /* of more digits than an i64 has, it would lose some */
        if (at[i] == '.' || at[i] == 'e' || at[i] == 'E' || at[i] == 'n')
            return is_plain_number(at, n) || at[n - 1] == 'n' || at[n - 1] == 'f';
    return 0;
}

/* What a text may be. */
static unsigned kinds_of(const struct head *h, const char *at, size_t n)
{
    static const struct times iso = {.kind = TIMES_ISO};
    int is_pattern = h->style.times.kind == TIMES_PATTERN;
    int64_t integer;
    unsigned kinds = 0;
    if ((n == 4 && memcmp(at, "true", 4) == 0) || (n == 5 && memcmp(at, "false", 5) == 0))
        kinds |= MAY_BOOL;
    if (is_plain_number(at, n) && number_get_i64(at, n, &integer))
        kinds |= MAY_I64 | MAY_F64;
    else if (is_f64(at, n))
        kinds |= MAY_F64;
    if (times_get(at, n, is_pattern ? &h->style.times : &iso, &integer))
        kinds |= MAY_TIME;
    return kinds;
}

static uint32_t type_of(unsigned kinds)
{
    return (kinds & MAY_BOOL) != 0   ? GYRE_TYPE_bool
           : (kinds & MAY_TIME) != 0 ? GYRE_TYPE_time
           : (kinds & MAY_I64) != 0  ? GYRE_TYPE_i64
           : (kinds & MAY_F64) != 0  ? GYRE_TYPE_f64
                                     : GYRE_TYPE_str;
}

/* Looks at the rows behind the header: the type of each column into `types`. */
static int32_t infer(struct head *h, uint32_t *types)
{
    uint32_t n = h->header.n_pieces;
    struct csv_record row = {.capacity = n};
    uint8_t *kinds = h->bind->alloc(h->bind, 2 * (size_t)n), *seen = kinds + n;
    row.pieces = h->bind->alloc(h->bind, n * sizeof *row.pieces);
    if (kinds == NULL || row.pieces == NULL)
        return gyre_bind_fail(h->bind, GYRE_ENOMEM, NULL, "no memory");
    memset(kinds, MAY_ALL, n);
    struct csv_text text = h->text;
    while (text.at += text.i, text.n -= text.i, text.i = 0, text.n != 0) {
        int cut = csv_cut(&h->style, &row, &text);
        if (cut == CSV_MORE)
            break;
        if (cut == CSV_BAD || row.n_pieces != n) /* a bad row */
            continue;
        for (uint32_t i = 0; i < n; i++) {
            const struct csv_piece *piece = &row.pieces[i];
            if (piece->len == 0 && !piece->quoted)
                continue;
            kinds[i] &= (uint8_t)kinds_of(h, text.at + piece->at, piece->len);
            seen[i] = 1;
        }
    }
    for (uint32_t i = 0; i < n; i++)
        types[i] = seen[i] ? type_of(kinds[i]) : GYRE_TYPE_str;
    return GYRE_OK;
}

/* ---- the schema -------------------------------------------------------------------------------- */

/* The name of a column, copied; NULL without memory. */
static const char *copy_name(struct head *h, uint32_t i)
{
    const struct csv_piece *piece = &h->header.pieces[i];
    char *name = h->bind->alloc(h->bind, (size_t)piece->len + CSV_PLACE);
    if (name != NULL && piece->len != 0)
        memcpy(name, h->text.at + piece->at, piece->len);
    else if (name != NULL)
        csv_place(name, i);
    return name;
}

static int32_t make_schema(struct head *h, struct read_config *c)
{
    uint32_t n = h->header.n_pieces;
    struct gyre_field *fields = h->bind->alloc(h->bind, n * sizeof *fields);
    uint32_t *types = h->bind->alloc(h->bind, n * sizeof *types);
    if (fields == NULL || types == NULL)
        return gyre_bind_fail(h->bind, GYRE_ENOMEM, NULL, "no memory");
    for (uint32_t i = 0; i < n; i++)
        types[i] = GYRE_TYPE_str;
    if (c->types == TYPES_INFER && infer(h, types) != GYRE_OK)
        return GYRE_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        fields[i] = (struct gyre_field){.size = (uint32_t)sizeof fields[i],
                                        .type = types[i],
                                        .name = copy_name(h, i),
                                        .flags = types[i] == GYRE_TYPE_str ? 0 : GYRE_NULLABLE};
        if (fields[i].name == NULL)
            return gyre_bind_fail(h->bind, GYRE_ENOMEM, NULL, "no memory");
    }
    c->schema = (struct gyre_schema){(uint32_t)sizeof c->schema, n, fields};
    c->is_by_header = 1;
    return GYRE_OK;
}

/* Of the first file; is_known says whether there was one. */
static int32_t take_first(void *user, const char *file, int64_t size)
{
    struct head *h = user;
    if (h->file != NULL)
        return GYRE_OK;
    if (size < 0) {
        h->file = file;
        return tell(h, "schema",
                    "is no regular file, and cannot be looked at before it is read: "
                    "write a `schema`");
    }
    int32_t code = read_header(h, file);
    if (code != GYRE_OK || h->is_known)
        return code == GYRE_OK ? make_schema(h, (struct read_config *)h->config) : code;
    return tell(h, "schema",
                h->text.n == 0 ? "is empty, and has no header to take the fields from: write a "
                                 "`schema`"
                               : "its header is longer than 64 KiB: write a `schema`");
}

int32_t csv_head_schema(struct read_config *c, struct gyre_bind *bind)
{
    struct head h;
    char text[GYRE_ERROR_TEXT];
    if (path_is_standard(c->path))
        return gyre_bind_fail(bind, GYRE_EINVAL, "schema",
                              "standard input cannot be looked at before it is read: write a "
                              "`schema`");
    int32_t code = head_init(&h, c, bind);
    return code == GYRE_OK ? paths_each(c->path, text, take_first, &h) : code;
}

/* ---- the check --------------------------------------------------------------------------------- */

/* How often the header names a field. */
static uint32_t count_name(const struct head *h, const char *name)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < h->header.n_pieces; i++)
        count += csv_is_called(h->text.at, &h->header.pieces[i], i, name) != 0;
    return count;
}

static int32_t tell_missing(struct head *h, const char *name)
{
    char names[256] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < h->header.n_pieces && used < sizeof names; i++) {
        const struct csv_piece *piece = &h->header.pieces[i];
        used += (size_t)snprintf(names + used, sizeof names - used, "%s`%.*s`", i > 0 ? ", " : "",
                                 (int)piece->len, h->text.at + piece->at);
        if (i + 1 == NAMES_SHOWN && used < sizeof names)
            used = sizeof names;
    }
    return gyre_bind_fail(h->bind, GYRE_EINVAL, "schema",
                          "%s: its header has no field `%s`; it has %s%s", h->file, name, names,
                          used >= sizeof names ? "..." : "");
}

static int32_t check_file(void *user, const char *file, int64_t size)
{
    struct head *h = user;
    const struct gyre_schema *schema = &h->config->schema;
    if (size < 0)
        return GYRE_OK;
    int32_t code = read_header(h, file);
    for (uint32_t i = 0; code == GYRE_OK && h->is_known && i < schema->n_fields; i++) {
        const char *name = gyre_schema_field(schema, i)->name;
        uint32_t count = count_name(h, name);
        if (count == 0)
            code = tell_missing(h, name);
        else if (count > 1)
            code = gyre_bind_fail(h->bind, GYRE_EINVAL, "header",
                                  "%s: its header names the field `%s` twice: nobody can say which "
                                  "of them is meant",
                                  file, name);
    }
    return code;
}

int32_t csv_head_check(const struct read_config *c, struct gyre_bind *bind)
{
    struct head h;
    char text[GYRE_ERROR_TEXT];
    int32_t code = head_init(&h, c, bind);
    return code == GYRE_OK ? paths_each(c->path, text, check_file, &h) : code;
}
