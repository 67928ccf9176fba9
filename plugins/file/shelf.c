/* plugins/file/shelf.c: see shelf.h. */
#include "shelf.h"
#include "mark.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FOLDERS_KEPT 4096u /* without a part; more are forgotten at a snapshot */
#define MANY         100   /* times that a file is opened in vain */

/* ---- folders ----------------------------------------------------------------------------------- */

/* FNV-1a */
static uint32_t hash_of(const char *at, size_t n)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (uint8_t)at[i]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 32);
}

/* Where the folder stands, or where it would. */
static uint32_t place_of(const struct shelf *s, const char *name, size_t n, uint32_t hash)
{
    uint32_t i = hash & (s->table_size - 1);
    for (; s->folders[i] != NULL; i = (i + 1) & (s->table_size - 1)) {
        const struct shelf_folder *f = s->folders[i];
        if (f->hash == hash && strncmp(f->path + s->base_length, name, n) == 0 &&
            f->path[s->base_length + n] == 0)
            break;
    }
    return i;
}

/* Puts the folders into a table of another size, those that are wanted. */
static int32_t rebuild(struct shelf *s, struct gyre_ctx *ctx, uint32_t size, int all)
{
    struct shelf_folder **old = s->folders;
    uint32_t n = s->table_size;
    struct shelf_folder **table = gyre_alloc(ctx, NULL, size * sizeof *table);
    if (table == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for %u folders", (unsigned)size);
    memset(table, 0, size * sizeof *table);
    s->folders = table;
    s->table_size = size;
    s->n_folders = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct shelf_folder *f = old[i];
        if (f == NULL)
            continue;
        if (!all && f->current == NULL) {
            gyre_alloc(ctx, f->path, 0);
            gyre_alloc(ctx, f, 0);
            continue;
        }
        const char *name = f->path + s->base_length;
        table[place_of(s, name, strlen(name), f->hash)] = f;
        s->n_folders++;
    }
    if (old != NULL)
        gyre_alloc(ctx, old, 0);
    return GYRE_OK;
}

static struct shelf_folder *add_folder(struct shelf *s, struct gyre_ctx *ctx, const char *name,
                                       size_t n, uint32_t hash)
{
    struct shelf_folder *f = gyre_alloc(ctx, NULL, sizeof *f);
    char *path = gyre_alloc(ctx, NULL, s->base_length + n + 1);
    if (f == NULL || path == NULL) {
        if (f != NULL)
            gyre_alloc(ctx, f, 0);
        if (path != NULL)
            gyre_alloc(ctx, path, 0);
        gyre_fail(ctx, GYRE_ENOMEM, "no memory for a folder");
        return NULL;
    }
    memcpy(path, s->base, s->base_length);
    memcpy(path + s->base_length, name, n);
    path[s->base_length + n] = 0;
    *f = (struct shelf_folder){.path = path, .hash = hash};
    s->folders[place_of(s, name, n, hash)] = f;
    s->n_folders++;
    return f;
}

struct shelf_folder *shelf_find(struct shelf *s, struct gyre_ctx *ctx, const char *name, size_t n)
{
    uint32_t hash = hash_of(name, n);
    if (2 * s->n_folders >= s->table_size &&
        rebuild(s, ctx, s->table_size != 0 ? 2 * s->table_size : 64, 1) != GYRE_OK)
        return NULL;
    struct shelf_folder *f = s->folders[place_of(s, name, n, hash)];
    return f != NULL ? f : add_folder(s, ctx, name, n, hash);
}

/* ---- slots ------------------------------------------------------------------------------------- */

/* Writes out what is buffered, and closes the part. */
static int32_t close_part(struct shelf_part *p, struct gyre_ctx *ctx)
{
    if (p->slot == NULL)
        return GYRE_OK;
    int32_t code = output_begin_sync(&p->slot->output, ctx);
    p->length = p->slot->output.length;
    output_close(&p->slot->output);
    p->slot->of = NULL;
    p->slot = NULL;
    return code;
}

/* The open one that was not written to for longest. */
static struct shelf_slot *oldest(const struct shelf *s)
{
    struct shelf_slot *found = NULL;
    for (uint32_t i = 0; i < s->n_slots; i++)
        if (s->slots[i]->of != NULL && (found == NULL || s->slots[i]->used_at < found->used_at))
            found = s->slots[i];
    return found;
}

static struct shelf_slot *add_slot(struct shelf *s, struct gyre_ctx *ctx)
{
    struct shelf_slot *slot = gyre_alloc(ctx, NULL, sizeof *slot);
    struct shelf_slot **slots = gyre_alloc(ctx, s->slots, (s->n_slots + 1) * sizeof(void *));
    if (slots != NULL)
        s->slots = slots;
    if (slot != NULL)
        *slot = (struct shelf_slot){.used_at = 0};
    if (slot == NULL || slots == NULL) {
        if (slot != NULL)
            gyre_alloc(ctx, slot, 0);
        gyre_fail(ctx, GYRE_ENOMEM, "no memory for an open file");
        return NULL;
    }
    s->slots[s->n_slots++] = slot;
    if (output_init(&slot->output, ctx, s->pack) != GYRE_OK)
        return NULL;
    slot->output.writes_back = s->writes_back;
    return slot;
}

static struct shelf_slot *free_slot(struct shelf *s, struct gyre_ctx *ctx)
{
    for (uint32_t i = 0; i < s->n_slots; i++)
        if (s->slots[i]->of == NULL)
            return s->slots[i];
    if (s->n_slots < (uint32_t)s->open_max)
        return add_slot(s, ctx);
    struct shelf_slot *slot = oldest(s);
    return close_part(slot->of, ctx) == GYRE_OK ? slot : NULL;
}

static int close_another(struct shelf *s, struct gyre_ctx *ctx)
{
    struct shelf_slot *slot = oldest(s);
    return slot != NULL && close_part(slot->of, ctx) == GYRE_OK;
}

/* Whoever starts the process may allow it fewer open files than `open_max`. */
static int is_too_many(int error)
{
    return error == EMFILE || error == ENFILE;
}

static int32_t open_new(struct shelf *s, struct gyre_ctx *ctx, struct shelf_slot *slot,
                        struct shelf_folder *folder)
{
    int error = output_try(&slot->output, slot->path, O_TRUNC), is_made = 1;
    for (int again = 0; error != 0 && is_made && again < MANY; again++) {
        if (error == ENOENT && folder->path[s->base_length] != 0) {
            /* another task may find it empty right then, and take it away again */
            error = parts_make_folders(folder->path, s->base_length);
            is_made = error == 0 || error == ENOENT;
            folder->is_on_disk = 0;
        } else if (!is_too_many(error) || !close_another(s, ctx)) {
            break;
        }
        if (is_made)
            error = output_try(&slot->output, slot->path, O_TRUNC);
    }
    slot->output.is_new = 0; /* shelf_sync sees to its name */
    if (error != 0)
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be %s: %s", is_made ? slot->path : folder->path,
                         is_made ? "opened for writing" : "made", strerror(error));
    return GYRE_OK;
}

static int32_t open_again(struct shelf *s, struct gyre_ctx *ctx, struct shelf_slot *slot,
                          uint64_t length)
{
    int error = output_reopen(&slot->output, slot->path, length);
    while (is_too_many(error) && close_another(s, ctx))
        error = output_reopen(&slot->output, slot->path, length);
    slot->output.is_new = 0;
    return error == 0 ? GYRE_OK
                      : gyre_fail(ctx, GYRE_EIO, "%s cannot be opened again: %s", slot->path,
                                  strerror(error));
}

static int32_t open_part(struct shelf *s, struct gyre_ctx *ctx, struct shelf_part *p, int is_new)
{
    struct shelf_slot *slot = free_slot(s, ctx);
    if (slot == NULL)
        return ctx->error->code;
    part_path(slot->path, p->folder->path, p->part, 0);
    int32_t code = is_new ? open_new(s, ctx, slot, p->folder) : open_again(s, ctx, slot, p->length);
    if (code != GYRE_OK)
        return code;
    slot->of = p;
    p->slot = slot;
    return GYRE_OK;
}

/* ---- parts ------------------------------------------------------------------------------------- */

static struct shelf_part *add_part(struct shelf *s, struct gyre_ctx *ctx,
                                   struct shelf_folder *folder, struct part part)
{
    if (s->n_parts == s->parts_capacity) {
        uint32_t capacity = s->parts_capacity != 0 ? 2 * s->parts_capacity : 16;
        struct shelf_part **parts = gyre_alloc(ctx, s->parts, capacity * sizeof *parts);
        if (parts == NULL) {
            gyre_fail(ctx, GYRE_ENOMEM, "no memory for %u parts", (unsigned)capacity);
            return NULL;
        }
        s->parts = parts;
        s->parts_capacity = capacity;
    }
    struct shelf_part *p = gyre_alloc(ctx, NULL, sizeof *p);
    if (p == NULL) {
        gyre_fail(ctx, GYRE_ENOMEM, "no memory for a part");
        return NULL;
    }
    *p = (struct shelf_part){.part = part, .folder = folder, .since_us = gyre_now(ctx)};
    s->parts[s->n_parts++] = p;
    folder->current = p;
    return p;
}

struct output *shelf_open(struct shelf *s, struct gyre_ctx *ctx, struct shelf_folder *folder,
                          int *is_new)
{
    struct shelf_part *p = folder->current;
    *is_new = p == NULL;
    if (p == NULL) {
        p = add_part(s, ctx, folder,
                     (struct part){.task = s->task, .codec = s->codec, .number = s->next});
        if (p == NULL)
            return NULL;
        s->next++;
        folder->has_new_names = 1;
    }
    if (p->slot == NULL && open_part(s, ctx, p, *is_new) != GYRE_OK)
        return NULL;
    p->slot->used_at = ++s->clock;
    p->is_unsynced = 1;
    return &p->slot->output;
}

static int32_t end_part(struct shelf_part *p, struct gyre_ctx *ctx)
{
    p->is_ended = 1;
    if (p->folder->current == p)
        p->folder->current = NULL;
    return close_part(p, ctx);
}

int32_t shelf_wrote(struct shelf *s, struct gyre_ctx *ctx, struct shelf_folder *folder)
{
    struct shelf_part *p = folder->current;
    const struct output *o = &p->slot->output;
    uint64_t size = o->length + (o->pack == NULL ? o->used : 0);
    if (o->error != 0)
        return output_flush(&p->slot->output, ctx);
    int is_large = s->size_max != 0 && size >= (uint64_t)s->size_max;
    int is_old = s->age_max_us != 0 && gyre_now(ctx) - p->since_us >= s->age_max_us;
    return is_large || is_old ? end_part(p, ctx) : GYRE_OK;
}

int32_t shelf_end(struct shelf *s, struct gyre_ctx *ctx, int all)
{
    int32_t code = GYRE_OK;
    if (!all && s->age_max_us == 0)
        return code;
    int64_t now_us = gyre_now(ctx);
    for (uint32_t i = 0; i < s->n_parts && code == GYRE_OK; i++) {
        struct shelf_part *p = s->parts[i];
        if (!p->is_ended && (all || now_us - p->since_us >= s->age_max_us))
            code = end_part(p, ctx);
    }
    return code;
}

int32_t shelf_flush(struct shelf *s, struct gyre_ctx *ctx)
{
    int32_t code = GYRE_OK;
    for (uint32_t i = 0; i < s->n_slots && code == GYRE_OK; i++)
        if (s->slots[i]->of != NULL)
            code = output_flush(&s->slots[i]->output, ctx);
    return code;
}

uint64_t shelf_length(const struct shelf_part *p)
{
    return p->slot != NULL ? p->slot->output.length : p->length;
}

uint64_t shelf_mark(struct shelf_part *p)
{
    char path[PART_PATH_MAX];
    uint64_t length = shelf_length(p);
    if (p->mark != 0 && p->marked_to == length)
        return p->mark; /* no row has come since */
    int fd = open(part_path(path, p->folder->path, p->part, 0), O_RDONLY | O_CLOEXEC);
    p->mark = fd >= 0 ? file_mark(fd, length) : 0;
    p->marked_to = length;
    if (fd >= 0)
        close(fd);
    return p->mark;
}

/* ---- the disk ---------------------------------------------------------------------------------- */

static int32_t sync_closed(struct shelf_part *p, struct gyre_ctx *ctx)
{
    char path[PART_PATH_MAX];
    part_path(path, p->folder->path, p->part, 0);
    int fd = open(path, O_WRONLY | O_CLOEXEC), failed = fd < 0 || fdatasync(fd) != 0;
    int code = errno;
    if (fd >= 0)
        close(fd);
    return failed ? gyre_fail(ctx, GYRE_EIO, "%s cannot be brought to the disk: %s", path,
                              strerror(code))
                  : GYRE_OK;
}

static int32_t sync_part(struct shelf_part *p, struct gyre_ctx *ctx)
{
    if (!p->is_unsynced)
        return GYRE_OK;
    int32_t code = p->slot != NULL ? output_sync(&p->slot->output, ctx) : sync_closed(p, ctx);
    p->is_unsynced = code != GYRE_OK;
    return code;
}

/* Where tasks share a folder none knows whether the one that made it has brought its name to the disk. */
static int32_t sync_names(struct shelf *s, struct gyre_ctx *ctx, struct shelf_folder *f)
{
    if (!f->has_new_names)
        return GYRE_OK;
    size_t from = f->is_on_disk ? strlen(f->path) : s->base_length;
    int32_t code = parts_sync(ctx, f->path, from);
    f->has_new_names = code != GYRE_OK;
    f->is_on_disk |= code == GYRE_OK;
    return code;
}

/* All are on their way before the first is waited for: one commit of the file system's journal does for many. */
static int32_t begin_sync(struct shelf *s, struct gyre_ctx *ctx)
{
    int32_t code = GYRE_OK;
    for (uint32_t i = 0; i < s->n_slots && code == GYRE_OK; i++)
        if (s->slots[i]->of != NULL && s->slots[i]->of->is_unsynced)
            code = output_begin_sync(&s->slots[i]->output, ctx);
    return code;
}

int32_t shelf_sync(struct shelf *s, struct gyre_ctx *ctx)
{
    int32_t code = begin_sync(s, ctx);
    if (code == GYRE_OK && s->is_base_new && s->n_parts != 0) {
        code = parts_sync_name(ctx, s->base);
        s->is_base_new = code != GYRE_OK;
    }
    for (uint32_t i = 0; i < s->n_parts && code == GYRE_OK; i++) {
        code = sync_part(s->parts[i], ctx);
        if (code == GYRE_OK)
            code = sync_names(s, ctx, s->parts[i]->folder);
    }
    return code;
}

void shelf_take_ended(struct shelf *s, struct gyre_ctx *ctx)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->n_parts; i++) {
        if (s->parts[i]->is_ended)
            gyre_alloc(ctx, s->parts[i], 0);
        else
            s->parts[kept++] = s->parts[i];
    }
    s->n_parts = kept;
    if (s->n_folders > FOLDERS_KEPT && s->n_folders > 4 * kept)
        rebuild(s, ctx, s->table_size, 0); /* without memory they are kept */
}

/* ---- restores ---------------------------------------------------------------------------------- */

int32_t shelf_add(struct shelf *s, struct gyre_ctx *ctx, struct shelf_folder *folder,
                  struct part part, uint64_t length, uint64_t mark)
{
    struct shelf_part *before = folder->current, *p = add_part(s, ctx, folder, part);
    if (p == NULL)
        return ctx->error->code;
    p->length = length;
    p->mark = mark;
    p->marked_to = length;
    p->is_unsynced = p->is_saved = p->is_restored = 1;
    if (before != NULL) { /* of a task that is no more */
        p->is_ended = 1;
        folder->current = before;
    }
    return GYRE_OK;
}

/* Opened, cut back, and closed: all of them, before anything is written. */
static int32_t restore_part(struct shelf *s, struct gyre_ctx *ctx, struct shelf_part *p)
{
    uint64_t length = p->length, mark = p->mark;
    int32_t code = part_hide(ctx, p->folder->path, p->part);
    if (code == GYRE_OK)
        code = open_part(s, ctx, p, 0);
    if (code == GYRE_OK)
        code = output_cut(&p->slot->output, ctx, length, mark);
    if (code == GYRE_OK)
        code = close_part(p, ctx);
    p->is_restored = code != GYRE_OK;
    p->folder->has_new_names = 1;
    int is_other = p->part.codec != s->codec || !s->goes_on;
    return code == GYRE_OK && is_other && !p->is_ended ? end_part(p, ctx) : code;
}

int32_t shelf_restore(struct shelf *s, struct gyre_ctx *ctx)
{
    int32_t code = GYRE_OK;
    for (uint32_t i = 0; i < s->n_parts && code == GYRE_OK; i++)
        if (s->parts[i]->is_restored)
            code = restore_part(s, ctx, s->parts[i]);
    return code;
}

/* ---- the end ----------------------------------------------------------------------------------- */

static void free_slots(struct shelf *s, struct gyre_ctx *ctx)
{
    for (uint32_t i = 0; i < s->n_slots; i++) {
        output_fini(&s->slots[i]->output, ctx);
        gyre_alloc(ctx, s->slots[i], 0);
    }
    if (s->slots != NULL)
        gyre_alloc(ctx, s->slots, 0);
}

/* A part that neither a transaction nor a snapshot has goes. */
static void free_parts(struct shelf *s, struct gyre_ctx *ctx)
{
    for (uint32_t i = 0; i < s->n_parts; i++) {
        struct shelf_part *p = s->parts[i];
        if (!p->is_saved)
            part_drop(ctx, p->folder->path, p->part);
        gyre_alloc(ctx, p, 0);
    }
    if (s->parts != NULL)
        gyre_alloc(ctx, s->parts, 0);
}

void shelf_fini(struct shelf *s, struct gyre_ctx *ctx)
{
    free_slots(s, ctx);
    free_parts(s, ctx);
    for (uint32_t i = 0; i < s->table_size; i++) {
        if (s->folders[i] == NULL)
            continue;
        gyre_alloc(ctx, s->folders[i]->path, 0);
        gyre_alloc(ctx, s->folders[i], 0);
    }
    if (s->folders != NULL)
        gyre_alloc(ctx, s->folders, 0);
    *s = (struct shelf){0};
}
