/* plugins/file/scan.c: see scan.h. */
#include "scan.h"
#include "copies.h"
#include "paths.h"
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static int64_t changed_ns(const struct stat *st)
{
    return st->st_mtim.tv_sec * 1000000000ll + st->st_mtim.tv_nsec;
}

/* ---- names ------------------------------------------------------------------------------------- */

/* Rotation compresses what a glob may well match; its rows have been read. */
static int is_compressed(int fd)
{
    static const struct {
        uint8_t bytes[4];
        uint8_t n;
    } magics[] = {{{0x1f, 0x8b}, 2},
                  {{0x28, 0xb5, 0x2f, 0xfd}, 4},
                  {{0xfd, '7', 'z', 'X'}, 4},
                  {{'B', 'Z', 'h'}, 3}};
    uint8_t bytes[4];
    ssize_t n = pread(fd, bytes, sizeof bytes, 0);
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (n >= magics[i].n && memcmp(bytes, magics[i].bytes, magics[i].n) == 0)
            return 1;
    return 0;
}

static struct known *find_unmet(const struct follow *f, const struct identity *id)
{
    for (uint32_t i = 0; i < f->n; i++)
        if ((f->files[i]->is_restored || f->files[i]->is_aside) && known_is(f->files[i], id))
            return f->files[i];
    return NULL;
}

/* Opens the file of a name to which none of the open ones belongs; *met is NULL where it has gone. */
static int32_t meet(struct follow *f, struct gyre_ctx *ctx, const char *path, struct known **met)
{
    struct identity id;
    *met = NULL;
    if (identity_open(&id, path) != 0) {
        if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
            return GYRE_OK;
        if (errno != EACCES && errno != EPERM)
            return gyre_fail(ctx, GYRE_EIO, "%s cannot be opened: %s", path, strerror(errno));
        if (!f->has_refused)
            gyre_log(ctx, GYRE_LOG_WARN, "waiting for %s: %s", path, strerror(errno));
        f->has_refused = f->has_said = 1;
        return GYRE_OK;
    }
    struct known *k = known_find(f, (uint64_t)id.st.st_dev, (uint64_t)id.st.st_ino);
    if (k != NULL) {
        close(id.fd);
    } else {
        k = find_unmet(f, &id);
        if (k == NULL)
            k = known_add(f, ctx, path);
        if (k == NULL) {
            close(id.fd);
            return ctx->error->code;
        }
        known_attach(k, &id);
        k->changed_ns = changed_ns(&id.st);
    }
    *met = k;
    return GYRE_OK;
}

static int32_t note_name(struct follow *f, struct gyre_ctx *ctx, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return GYRE_OK;
    struct known *k = known_find(f, (uint64_t)st.st_dev, (uint64_t)st.st_ino);
    int32_t code = k != NULL ? GYRE_OK : meet(f, ctx, path, &k);
    if (k == NULL)
        return code;
    if (!k->is_named && strcmp(k->path, path) != 0) {
        k->is_moved = 1;
        code = known_rename(k, ctx, path);
    }
    k->is_named = 1;
    f->has_successor |= st.st_size > 0;
    return code;
}

static int32_t each_name(struct follow *f, struct gyre_ctx *ctx)
{
    const char *path = f->config->path;
    struct stat st;
    f->is_glob = strpbrk(path, "*?[") != NULL && stat(path, &st) != 0;
    if (!f->is_glob)
        return note_name(f, ctx, path);
    glob_t found = {0};
    int32_t code = GYRE_OK;
    if (glob(path, GLOB_NOSORT, NULL, &found) == GLOB_NOSPACE)
        code = gyre_fail(ctx, GYRE_ENOMEM, "no memory for the files of %s", path);
    for (size_t i = 0; code == GYRE_OK && i < found.gl_pathc; i++)
        code = note_name(f, ctx, found.gl_pathv[i]);
    globfree(&found);
    return code;
}

/* ---- what a snapshot knew ---------------------------------------------------------------------- */

/* Calls `each` for the regular files in the folder in which `path` is, or to which it leads. */
static void each_in_folder(const char *path,
                           int (*each)(void *user, struct identity *id, const char *path,
                                       const char *name),
                           void *user)
{
    char real[PATH_MAX], at[PATH_MAX];
    const char *in = realpath(path, real) != NULL ? real : path, *slash = strrchr(in, '/');
    int length = slash != NULL ? (int)(slash - in) + 1 : 0, is_found = 0;
    snprintf(at, sizeof at, "%.*s", length != 0 ? length : 1, length != 0 ? in : ".");
    DIR *folder = opendir(at);
    const struct dirent *entry;
    struct identity id;
    while (folder != NULL && !is_found && (entry = readdir(folder)) != NULL) {
        int n = snprintf(at, sizeof at, "%.*s%s", length, in, entry->d_name);
        if (n < 0 || (size_t)n >= sizeof at || stat(at, &id.st) != 0 || !S_ISREG(id.st.st_mode) ||
            identity_open(&id, at) != 0)
            continue;
        is_found = each(user, &id, at, entry->d_name);
        if (!is_found)
            close(id.fd);
    }
    if (folder != NULL)
        closedir(folder);
}

/* A copy of the file is not it: what it holds before the mark need not be other than what the next
 * file of a rotation begins with. One that was truncated has only its birth to be known by. */
static int is_the_one(void *user, struct identity *id, const char *path, const char *name)
{
    struct known *k = user;
    (void)path, (void)name;
    if (!known_is(k, id) || (k->born_ns == 0 && !known_has_bytes(k, id->fd)))
        return 0;
    known_attach(k, id);
    return 1;
}

static void say_gone(const struct follow *f, struct gyre_ctx *ctx, const struct known *k)
{
    struct stat st;
    const char *text = "%s of the snapshot has gone: what was added to it since may be missing";
    if (!f->is_glob && stat(k->path, &st) == 0)
        text = "%s is another file than in the snapshot, which has gone: read from its start";
    else if (!f->is_glob)
        text =
            "%s is not there, nor the file of the snapshot under another name: what comes is read "
            "from its start";
    char said[GYRE_ERROR_TEXT];
    snprintf(said, sizeof said, text, k->path);
    gyre_log(ctx, GYRE_LOG_WARN, "%s", said);
}

static int32_t find_restored(struct follow *f, struct gyre_ctx *ctx)
{
    int32_t code = GYRE_OK;
    for (uint32_t i = 0; code == GYRE_OK && i < f->n; i++) {
        struct known *k = f->files[i];
        if (!k->is_restored)
            continue;
        each_in_folder(k->path, is_the_one, k);
        if (k->is_open)
            continue;
        say_gone(f, ctx, k);
        code = copies_hand_over(f, ctx, k);
        k->is_restored = 0;
        k->is_gone = k->partial_len != 0;
        if (!k->is_gone)
            known_drop(f, ctx, i--);
    }
    return code;
}

/* ---- what is new ------------------------------------------------------------------------------- */

struct middle {
    const struct follow *f;
    struct gyre_ctx *ctx;
    const char *name; /* that rotation puts something behind */
    int64_t since_ns;
};

static int warn_of_middle(void *user, struct identity *id, const char *path, const char *name)
{
    const struct middle *m = user;
    size_t n = strlen(m->name);
    if (strncmp(name, m->name, n) == 0 && name[n] != 0 && id->st.st_size > 0 &&
        changed_ns(&id->st) > m->since_ns && !is_compressed(id->fd) &&
        known_find(m->f, (uint64_t)id->st.st_dev, (uint64_t)id->st.st_ino) == NULL)
        gyre_log(m->ctx, GYRE_LOG_WARN,
                 "%s was rotated more than once between two looks: what %s holds may be missing "
                 "(path = \"%s*\" reads such files as well)",
                 m->f->config->path, path, m->f->config->path);
    return 0;
}

static int older_first(const void *a, const void *b)
{
    const struct known *x = *(struct known *const *)a, *y = *(struct known *const *)b;
    int order = (x->changed_ns > y->changed_ns) - (x->changed_ns < y->changed_ns);
    return order != 0 ? order : strcmp(x->path, y->path);
}

static void take_new(struct follow *f, struct gyre_ctx *ctx, uint32_t first)
{
    const char *path = f->config->path, *slash = strrchr(path, '/');
    struct middle m = {f, ctx, slash != NULL ? slash + 1 : path, f->seen_ns};
    if (!f->is_glob && f->n > first && f->seen_ns != 0)
        each_in_folder(path, warn_of_middle, &m);
    if (!f->is_glob || f->n == first)
        return;
    qsort(f->files + first, f->n - first, sizeof *f->files, older_first);
    for (uint32_t i = first; i < f->n; i++) {
        struct known *k = f->files[i];
        k->is_passed = (uint8_t)is_compressed(k->fd);
        if (k->is_passed)
            gyre_log(ctx, GYRE_LOG_INFO, "%s is compressed, and passed over", k->path);
    }
}

int32_t scan_names(struct follow *f, struct gyre_ctx *ctx)
{
    uint32_t before = f->n, open = 0;
    for (uint32_t i = 0; i < f->n; i++)
        f->files[i]->is_named = f->files[i]->is_moved = 0;
    f->has_successor = 0;
    int32_t code = each_name(f, ctx);
    uint32_t n_new = f->n - before;
    if (code == GYRE_OK)
        code = find_restored(f, ctx);
    if (code == GYRE_OK)
        take_new(f, ctx, f->n - n_new);
    for (uint32_t i = 0; i < f->n; i++)
        open += f->files[i]->is_open;
    if (code == GYRE_OK && open == 0 && !f->has_said)
        gyre_log(ctx, GYRE_LOG_INFO, "waiting for %s", f->config->path);
    f->has_said = open == 0;
    return code;
}
