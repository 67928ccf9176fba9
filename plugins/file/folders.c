/* plugins/file/folders.c: see folders.h. */
#include "folders.h"
#include "base64.h"
#include "number.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#define NOTHING "__HIVE_DEFAULT_PARTITION__"

/* ---- binding ----------------------------------------------------------------------------------- */

static int32_t add_piece(struct folders *f, struct gyre_bind *bind, struct folder_piece piece)
{
    struct folder_piece *more = bind->alloc(bind, (f->n_pieces + 1) * sizeof *more);
    if (more == NULL)
        return gyre_bind_fail(bind, GYRE_ENOMEM, NULL, "no memory");
    if (f->n_pieces != 0)
        memcpy(more, f->pieces, f->n_pieces * sizeof *more);
    more[f->n_pieces++] = piece;
    f->pieces = more;
    return GYRE_OK;
}

/* The field whose name stands behind '{'. */
static int32_t add_field(struct folders *f, struct gyre_bind *bind, const char *name, size_t n)
{
    char *copy = bind->alloc(bind, n + 1);
    if (copy == NULL)
        return gyre_bind_fail(bind, GYRE_ENOMEM, NULL, "no memory");
    memcpy(copy, name, n);
    copy[n] = 0;
    int32_t column = bind->read(bind, 0, copy, "path");
    if (column < 0)
        return column;
    uint32_t type = gyre_schema_field(bind->inputs[0], (uint32_t)column)->type;
    return add_piece(
        f, bind,
        (struct folder_piece){
            .name = copy, .column = (uint32_t)column, .type = type, .level = f->levels});
}

/* One level, up to its slash. */
static int32_t add_level(struct folders *f, struct gyre_bind *bind, const char *at, size_t n)
{
    int32_t code = GYRE_OK;
    if (n == 0 || (n == 1 && *at == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
        return gyre_bind_fail(bind, GYRE_EINVAL, "path",
                              "%s: behind a field a folder needs a name of its own", f->path);
    if (f->levels == FOLDER_LEVELS)
        return gyre_bind_fail(bind, GYRE_EINVAL, "path", "%s: more than %u levels of folders",
                              f->path, FOLDER_LEVELS);
    for (size_t i = 0; i < n && code == GYRE_OK;) {
        const char *open = memchr(at + i, '{', n - i), *close;
        size_t text = open != NULL ? (size_t)(open - at) - i : n - i;
        if (text != 0)
            code = add_piece(
                f, bind,
                (struct folder_piece){.text = at + i, .len = (uint32_t)text, .level = f->levels});
        i += text;
        if (open == NULL || code != GYRE_OK)
            continue;
        close = memchr(open, '}', n - i);
        if (close == NULL)
            return gyre_bind_fail(bind, GYRE_EINVAL, "path",
                                  "%s: a { without its }; between them stands a field", f->path);
        code = add_field(f, bind, open + 1, (size_t)(close - open) - 1);
        i = (size_t)(close - at) + 1;
    }
    f->levels++;
    return code;
}

int32_t folders_bind(struct folders *f, const char *path, struct gyre_bind *bind)
{
    const char *open = strchr(path, '{'), *at;
    int32_t code = GYRE_OK;
    *f = (struct folders){.path = path, .base = (uint32_t)strlen(path)};
    if (open == NULL)
        return GYRE_OK;
    for (at = open; at > path && at[-1] != '/';)
        at--;
    f->base = (uint32_t)(at - path);
    for (; code == GYRE_OK && *at != 0; at = strchr(at, '/') + 1)
        code = add_level(f, bind, at, (size_t)(strchr(at, '/') - at));
    return code;
}

int folders_have(const struct folders *f, uint32_t column)
{
    for (uint32_t i = 0; i < f->n_pieces; i++)
        if (f->pieces[i].text == NULL && f->pieces[i].column == column)
            return 1;
    return 0;
}

/* ---- values ------------------------------------------------------------------------------------ */

struct name {
    char *to;
    size_t used;
    size_t level; /* where the last folder's name begins */
};

/* Appends as it is; 0 where there is no room: names end at NAME_MAX, paths at PATH_MAX. */
static int put(struct name *name, const char *at, size_t n)
{
    if (name->used + n - name->level > NAME_MAX || name->used + n + 2 > PART_PATH_MAX)
        return 0;
    if (n != 0)
        memcpy(name->to + name->used, at, n);
    name->used += n;
    return 1;
}

static int is_special(char c)
{
    return (uint8_t)c < 0x20 || c == 0x7f || strchr("\"#%'*/:=?\\{[]^", c) != NULL;
}

static int put_escaped(struct name *name, const char *at, size_t n)
{
    static const char hex[] = "0123456789ABCDEF";
    int is_nothing = n == sizeof NOTHING - 1 && memcmp(at, NOTHING, n) == 0;
    for (size_t i = 0; i < n; i++) {
        char escape[3] = {'%', hex[(uint8_t)at[i] >> 4], hex[at[i] & 15]};
        int is_first = i == 0 && (*at == '.' || is_nothing);
        int is_put = is_first || is_special(at[i]) ? put(name, escape, 3) : put(name, at + i, 1);
        if (!is_put)
            return 0;
    }
    return n != 0 || put(name, NOTHING, sizeof NOTHING - 1);
}

static int put_bytes(struct name *name, const struct gyre_str *s)
{
    const char *at = gyre_str_data(s);
    for (size_t i = 0; i < s->len; i += 3) { /* four letters each */
        char text[8];
        const char *end = base64_put(text, at + i, s->len - i < 3 ? s->len - i : 3);
        if (!put_escaped(name, text, (size_t)(end - text)))
            return 0;
    }
    return s->len != 0 || put_escaped(name, "", 0);
}

static int put_value(struct name *name, const struct times *times, const struct gyre_column *column,
                     uint32_t type, uint32_t row)
{
    char text[TIMES_MAX > NUMBER_MAX ? TIMES_MAX : NUMBER_MAX], *end = text;
    const struct gyre_str *s = (const struct gyre_str *)column->data + row;
    if (column->valid != NULL && !column->valid[row])
        return put_escaped(name, "", 0);
    switch (type) {
    case GYRE_TYPE_bool: {
        int is_true = ((const uint8_t *)column->data)[row] != 0;
        return put_escaped(name, is_true ? "true" : "false", is_true ? 4 : 5);
    }
    case GYRE_TYPE_i32: end = number_put_i64(text, ((const int32_t *)column->data)[row]); break;
    case GYRE_TYPE_i64: end = number_put_i64(text, ((const int64_t *)column->data)[row]); break;
    case GYRE_TYPE_f64: end = number_put_f64(text, ((const double *)column->data)[row]); break;
    case GYRE_TYPE_time: end = times_put(text, times, ((const int64_t *)column->data)[row]); break;
    case GYRE_TYPE_bytes: return put_bytes(name, s);
    default: return put_escaped(name, gyre_str_data(s), s->len);
    }
    return put_escaped(name, text, (size_t)(end - text));
}

int32_t folders_of_row(const struct folders *f, const struct times *times,
                       const struct gyre_batch *in, uint32_t row, char to[PART_PATH_MAX],
                       const char **wrong)
{
    struct name name = {to, 0, 0};
    for (uint32_t i = 0; i < f->n_pieces; i++) {
        const struct folder_piece *piece = &f->pieces[i];
        int is_put = piece->text != NULL
                         ? put(&name, piece->text, piece->len)
                         : put_value(&name, times, &in->columns[piece->column], piece->type, row);
        if (piece->text == NULL)
            *wrong = piece->name;
        if (!is_put)
            return -1;
        if (i + 1 < f->n_pieces && f->pieces[i + 1].level == piece->level)
            continue;
        name.to[name.used++] = '/';
        name.level = name.used;
    }
    name.to[name.used] = 0;
    return f->base + name.used + PART_NAME_MAX < PATH_MAX ? (int32_t)name.used : -1;
}

/* ---- what there is ----------------------------------------------------------------------------- */

struct walk {
    const struct folders *f;
    int32_t (*each)(void *user, struct gyre_ctx *ctx, const char *folder);
    void *user;
    char path[PART_PATH_MAX];
};

/* The text that a level begins, or ends, with. */
static const struct folder_piece *edge(const struct folders *f, uint32_t level, int is_last)
{
    const struct folder_piece *found = NULL;
    for (uint32_t i = 0; i < f->n_pieces; i++)
        if (f->pieces[i].level == level && (found == NULL || is_last))
            found = &f->pieces[i];
    return found != NULL && found->text != NULL ? found : NULL;
}

/* True where a folder of this level may be called so. */
static int may_be_called(const struct folders *f, uint32_t level, const char *name)
{
    const struct folder_piece *first = edge(f, level, 0), *last = edge(f, level, 1);
    size_t n = strlen(name);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (first == NULL && *name == '.'))
        return 0;
    if (first != NULL && (n < first->len || memcmp(name, first->text, first->len) != 0))
        return 0;
    return last == NULL ||
           (n >= last->len && memcmp(name + n - last->len, last->text, last->len) == 0);
}

/* The levels are few: FOLDER_LEVELS. */
static int32_t walk_level(struct walk *w, struct gyre_ctx *ctx, uint32_t level, size_t used)
{
    if (level == w->f->levels)
        return w->each(w->user, ctx, w->path);
    DIR *dir = opendir(w->path);
    int32_t code = GYRE_OK;
    const struct dirent *entry = NULL;
    while (dir != NULL && code == GYRE_OK && (errno = 0, entry = readdir(dir)) != NULL) {
        struct stat st;
        if (!may_be_called(w->f, level, entry->d_name) ||
            fstatat(dirfd(dir), entry->d_name, &st, 0) != 0 || !S_ISDIR(st.st_mode))
            continue;
        int n = snprintf(w->path + used, sizeof w->path - used, "%s/", entry->d_name);
        if (n > 0 && (size_t)n < sizeof w->path - used)
            code = walk_level(w, ctx, level + 1, used + (size_t)n);
        w->path[used] = 0;
    }
    if (code == GYRE_OK && (dir == NULL || entry == NULL) && errno != 0 && errno != ENOENT)
        code =
            gyre_fail(ctx, GYRE_EIO, "the folder %s cannot be read: %s", w->path, strerror(errno));
    if (dir != NULL)
        closedir(dir);
    return code;
}

int32_t folders_each(const struct folders *f, struct gyre_ctx *ctx, const char *base,
                     int32_t (*each)(void *user, struct gyre_ctx *ctx, const char *folder),
                     void *user)
{
    struct walk w = {.f = f, .each = each, .user = user};
    size_t n = strlen(base);
    memcpy(w.path, base, n + 1); /* bind has seen to its length */
    return walk_level(&w, ctx, 0, n);
}
