/* See sim_disk.h.
 *
 * A node is a file or a folder. A folder has the names as they are (`live`), those that outlast a power
 * cut whatever happens (`kept`), and the changes between the two, in order. A file has its bytes,
 * of which the first `synced` are safe, but for a range that a failed sync has lost; one that is written
 * over has those of before as well, until a sync. */
#include "support/sim_disk.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

#define NODE_BYTES 64u

struct entry {
    char *name;
    struct sim_node *node;
};

struct entries {
    struct entry *items;
    size_t n;
};

/* made: `to` alone; removed: `from` alone; renamed: both */
struct change {
    char *from, *to;
    struct sim_node *node;
    bool lost; /* by a sync that failed */
};

struct sim_node {
    struct sim_node *next; /* in sim->nodes */
    bool folder, counted;
    uint8_t *data;
    size_t n, cap, synced;
    uint8_t *before; /* NULL: it is not written over */
    size_t n_before;
    size_t lost_from, lost_to;
    struct entries live, kept;
    struct change *changes;
    size_t n_changes;
};

struct sim_handle {
    struct sim_node *node; /* NULL: closed */
    size_t at;
    bool writes, over;
};

static void *grown(void *items, size_t size)
{
    items = realloc(items, size > 0 ? size : 1);
    if (items == NULL)
        abort();
    return items;
}

static char *text_copy(const char *text, size_t n)
{
    char *copy = grown(NULL, n + 1);
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

static uint64_t draw(struct sim_disk *sim)
{
    sim->rng++;
    return gy_rng_mix(sim->rng);
}

/* ---- names ---- */

static struct entry *entry_find(const struct entries *entries, const char *name)
{
    for (size_t i = 0; i < entries->n; i++)
        if (strcmp(entries->items[i].name, name) == 0)
            return &entries->items[i];
    return NULL;
}

static void entry_set(struct entries *entries, const char *name, struct sim_node *node)
{
    struct entry *entry = entry_find(entries, name);
    if (entry == NULL) {
        entries->items = grown(entries->items, (entries->n + 1) * sizeof *entries->items);
        entry = &entries->items[entries->n++];
        entry->name = text_copy(name, strlen(name));
    }
    entry->node = node;
}

/* Drops a name if it is that node's. */
static void entry_drop(struct entries *entries, const char *name, const struct sim_node *node)
{
    struct entry *entry = entry_find(entries, name);
    if (entry == NULL || entry->node != node)
        return;
    free(entry->name);
    *entry = entries->items[--entries->n];
}

static void entries_clear(struct entries *entries)
{
    for (size_t i = 0; i < entries->n; i++)
        free(entries->items[i].name);
    free(entries->items);
    *entries = (struct entries){0};
}

static void change_apply(struct entries *entries, const struct change *change)
{
    if (change->from != NULL)
        entry_drop(entries, change->from, change->node);
    if (change->to != NULL)
        entry_set(entries, change->to, change->node);
}

static void change_add(struct sim_node *folder, const char *from, const char *to,
                       struct sim_node *node)
{
    folder->changes = grown(folder->changes, (folder->n_changes + 1) * sizeof *folder->changes);
    struct change *change = &folder->changes[folder->n_changes++];
    *change = (struct change){.from = from != NULL ? text_copy(from, strlen(from)) : NULL,
                              .to = to != NULL ? text_copy(to, strlen(to)) : NULL,
                              .node = node};
    change_apply(&folder->live, change);
}

static void changes_clear(struct sim_node *folder)
{
    for (size_t i = 0; i < folder->n_changes; i++) {
        free(folder->changes[i].from);
        free(folder->changes[i].to);
    }
    free(folder->changes);
    folder->changes = NULL;
    folder->n_changes = 0;
}

/* ---- paths ---- */

static struct sim_node *node_new(struct sim_disk *sim, bool folder)
{
    struct sim_node *node = grown(NULL, sizeof *node);
    *node = (struct sim_node){.next = sim->nodes, .folder = folder};
    sim->nodes = node;
    return node;
}

/* The folder around the last part of a path, and that part (free it); NULL and `error`. The root is
 * around itself, by the name "". */
static struct sim_node *walk(const struct sim_disk *sim, const char *path, char **last, int *error)
{
    struct sim_node *folder = sim->root;
    *last = text_copy("", 0);
    *error = 0;
    while (*path != '\0') {
        size_t n = strcspn(path, "/");
        if (n > 0 && !(n == 1 && *path == '.')) {
            if (**last != '\0') {
                struct entry *entry = entry_find(&folder->live, *last);
                *error = entry == NULL ? -ENOENT : !entry->node->folder ? -ENOTDIR : 0;
                if (*error != 0)
                    return NULL;
                folder = entry->node;
            }
            free(*last);
            *last = text_copy(path, n);
        }
        path += n + (path[n] == '/');
    }
    return folder;
}

static struct sim_node *find(const struct sim_disk *sim, const char *path, int *error)
{
    char *last;
    struct sim_node *folder = walk(sim, path, &last, error);
    struct sim_node *node = folder;
    if (folder != NULL && *last != '\0') {
        struct entry *entry = entry_find(&folder->live, last);
        node = entry != NULL ? entry->node : NULL;
        *error = node == NULL ? -ENOENT : 0;
    }
    free(last);
    return node;
}

/* ---- operations ---- */

static void log_add(struct sim_disk *sim, const char *verb, const char *what, size_t n)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%4llu %s %s %zu", (unsigned long long)sim->n_ops,
                          verb, what, n);
    if ((sim->n_log & (sim->n_log - 1)) == 0) /* 0, 1, 2, 4 ...: it is full */
        sim->log = grown(sim->log, (sim->n_log > 0 ? 2 * sim->n_log : 1) * sizeof *sim->log);
    sim->log[sim->n_log++] =
        text_copy(line, length < (int)sizeof line ? (size_t)length : sizeof line - 1);
}

/* Begins an operation, under the lock: 0, or the errno with which it is to fail. */
static int op_begin(struct sim_disk *sim, const char *verb, const char *what, size_t n,
                    bool changes)
{
    pthread_mutex_lock(&sim->lock);
    sim->n_ops++;
    log_add(sim, verb, what, n);
    if (sim->stop_at != 0 && sim->n_ops >= sim->stop_at)
        return -EIO;
    if (sim->fail_at == sim->n_ops) {
        sim->failed = true;
        return -sim->fail_errno;
    }
    return changes && sim->read_only ? -EROFS : 0;
}

static bool is_stopped(const struct sim_disk *sim)
{
    return sim->stop_at != 0 && sim->n_ops >= sim->stop_at;
}

static int op_end(struct sim_disk *sim, int code)
{
    if (code != 0) {
        char **line = &sim->log[sim->n_log - 1];
        size_t n = strlen(*line), more = strlen(strerror(-code)) + 5;
        *line = grown(*line, n + more);
        snprintf(*line + n, more, "  (%s)", strerror(-code));
    }
    pthread_mutex_unlock(&sim->lock);
    return code;
}

static int make(struct sim_disk *sim, const char *path, bool folder, struct sim_node **made)
{
    char *name;
    int code;
    struct sim_node *around = walk(sim, path, &name, &code);
    if (code == 0 && (*name == '\0' || entry_find(&around->live, name) != NULL))
        code = -EEXIST;
    if (code == 0 && sim->space - sim->used < NODE_BYTES)
        code = -ENOSPC;
    if (code == 0) {
        sim->used += NODE_BYTES;
        *made = node_new(sim, folder);
        change_add(around, NULL, name, *made);
    }
    free(name);
    return code;
}

static int sim_make_dir(struct gy_disk *disk, const char *path)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    struct sim_node *made;
    int code = op_begin(sim, "make_dir", path, 0, true);
    return op_end(sim, code != 0 ? code : make(sim, path, true, &made));
}

static int handle_new(struct sim_disk *sim, struct sim_node *node, bool writes)
{
    int at = 0;
    while (at < sim->n_handles && sim->handles[at].node != NULL)
        at++;
    if (at == sim->n_handles)
        sim->handles = grown(sim->handles, (size_t)++sim->n_handles * sizeof *sim->handles);
    sim->handles[at] = (struct sim_handle){.node = node, .writes = writes};
    sim->n_open++;
    return at;
}

static int sim_create(struct gy_disk *disk, const char *path, int *handle)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    struct sim_node *made;
    int code = op_begin(sim, "create", path, 0, true);
    code = code != 0 ? code : make(sim, path, false, &made);
    if (code == 0)
        *handle = handle_new(sim, made, true);
    return op_end(sim, code);
}

/* The names that a node has. */
static size_t n_names(const struct sim_disk *sim, const struct sim_node *node)
{
    size_t n = 0;
    for (const struct sim_node *folder = sim->nodes; folder != NULL; folder = folder->next)
        for (size_t i = 0; i < folder->live.n; i++)
            n += folder->live.items[i].node == node;
    return n;
}

/* True where a file is open for reading, or to be written over. */
static bool is_held(const struct sim_disk *sim, const struct sim_node *node, bool to_read)
{
    for (int i = 0; i < sim->n_handles; i++) {
        const struct sim_handle *h = &sim->handles[i];
        if (h->node == node && (h->over || (!to_read && !h->writes)))
            return true;
    }
    return false;
}

static int sim_reopen(struct gy_disk *disk, const char *path, int *handle)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    int code = op_begin(sim, "reopen", path, 0, true);
    struct sim_node *node = code == 0 ? find(sim, path, &code) : NULL;
    if (node != NULL && node->folder)
        code = -EISDIR;
    else if (node != NULL && n_names(sim, node) != 1)
        code = -EMLINK;
    else if (node != NULL && is_held(sim, node, false))
        code = -EBUSY;
    if (node != NULL && code == 0) {
        if (node->before == NULL) {
            node->before = grown(NULL, node->n);
            if (node->n > 0)
                memcpy(node->before, node->data, node->n);
            node->n_before = node->n;
        }
        node->synced = 0;
        *handle = handle_new(sim, node, true);
        sim->handles[*handle].over = true;
    }
    return op_end(sim, code);
}

static int sim_open(struct gy_disk *disk, const char *path, int *handle)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    int code = op_begin(sim, "open", path, 0, false);
    struct sim_node *node = code == 0 ? find(sim, path, &code) : NULL;
    if (node != NULL && is_held(sim, node, true))
        code = -EBUSY;
    else if (node != NULL)
        *handle = handle_new(sim, node, false);
    return op_end(sim, code);
}

/* The node of an open handle; a wrong one is a defect of who calls. */
static struct sim_handle *opened(struct sim_disk *sim, int handle)
{
    if (handle < 0 || handle >= sim->n_handles || sim->handles[handle].node == NULL)
        abort();
    return &sim->handles[handle];
}

static void put(struct sim_disk *sim, struct sim_node *node, size_t at, const void *bytes, size_t n)
{
    if (node->cap < at + n) {
        node->cap = (at + n) * 2;
        node->data = grown(node->data, node->cap);
    }
    if (n > 0)
        memcpy(node->data + at, bytes, n);
    if (node->n < at + n) {
        sim->used += at + n - node->n;
        node->n = at + n;
    }
}

static int sim_write(struct gy_disk *disk, int handle, const void *bytes, size_t n)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    int code = op_begin(sim, "write", "", n, false);
    struct sim_handle *h = is_stopped(sim) ? NULL : opened(sim, handle);
    size_t fits = n;
    if (h != NULL && code == 0 && !h->writes)
        code = -EBADF;
    if (h != NULL && code != 0 && code != -EBADF)
        fits = n > 0 ? draw(sim) % n : 0; /* a part of it has been written */
    size_t room = h != NULL ? h->node->n - h->at + (sim->space - sim->used) : 0;
    if (code == 0 && n > room) {
        fits = room;
        code = -ENOSPC;
    }
    if (h != NULL && code != -EBADF) {
        put(sim, h->node, h->at, bytes, fits);
        h->at += fits;
    }
    return op_end(sim, code);
}

static int sim_cut(struct gy_disk *disk, int handle, uint64_t n)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    int code = op_begin(sim, "cut", "", n, true);
    if (code == 0) {
        struct sim_handle *h = opened(sim, handle);
        if (!h->writes || n > h->node->n)
            abort();
        sim->used -= h->node->n - n;
        h->node->n = n;
        h->node->synced = n < h->node->synced ? n : h->node->synced;
    }
    return op_end(sim, code);
}

static int sim_read(struct gy_disk *disk, int handle, void *bytes, size_t n, size_t *got)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    int code = op_begin(sim, "read", "", n, false);
    *got = 0;
    if (code == 0) {
        struct sim_handle *h = opened(sim, handle);
        size_t left = h->node->n - h->at;
        *got = n < left ? n : left;
        code = h->node->folder ? -EISDIR : 0;
        if (*got > 0)
            memcpy(bytes, h->node->data + h->at, *got);
        h->at += *got;
    }
    return op_end(sim, code);
}

static int sim_sync(struct gy_disk *disk, int handle)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    int code = op_begin(sim, "sync", "", 0, false);
    if (!is_stopped(sim)) {
        struct sim_node *node = opened(sim, handle)->node;
        if (code == 0) {
            node->synced = node->n;
            free(node->before);
            node->before = NULL;
        } else if (node->n > node->synced) {
            bool first = node->lost_to == 0;
            node->lost_from =
                first || node->synced < node->lost_from ? node->synced : node->lost_from;
            node->lost_to = node->n;
        }
    }
    return op_end(sim, code);
}

static int sim_close(struct gy_disk *disk, int handle)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    int code = op_begin(sim, "close", "", 0, false);
    opened(sim, handle)->node = NULL; /* whatever it says, it is closed */
    sim->n_open--;
    return op_end(sim, code);
}

static int rename_in(struct sim_node *folder, const char *from, const char *to)
{
    struct entry *entry = entry_find(&folder->live, from);
    struct entry *there = entry_find(&folder->live, to);
    if (entry == NULL || *from == '\0' || *to == '\0')
        return -ENOENT;
    struct sim_node *node = entry->node;
    if (there != NULL && there->node != node) {
        if (there->node->folder && there->node->live.n > 0)
            return -ENOTEMPTY;
        if (there->node->folder != node->folder)
            return there->node->folder ? -EISDIR : -ENOTDIR;
    }
    if (there == NULL || there->node != node)
        change_add(folder, from, to, node);
    return 0;
}

static int sim_rename(struct gy_disk *disk, const char *from, const char *to)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    int code = op_begin(sim, "rename", from, 0, true);
    if (code == 0) {
        char *from_name, *to_name;
        int from_code, to_code;
        struct sim_node *from_folder = walk(sim, from, &from_name, &from_code);
        struct sim_node *to_folder = walk(sim, to, &to_name, &to_code);
        if (from_code != 0 || to_code != 0)
            code = from_code != 0 ? from_code : to_code;
        else
            code = from_folder != to_folder ? -EXDEV : rename_in(from_folder, from_name, to_name);
        free(from_name);
        free(to_name);
    }
    return op_end(sim, code);
}

static int sim_link(struct gy_disk *disk, const char *from, const char *to)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    int code = op_begin(sim, "link", from, 0, true);
    struct sim_node *node = code == 0 ? find(sim, from, &code) : NULL;
    if (node != NULL && node->folder)
        code = -EPERM;
    if (node != NULL && code == 0) {
        char *name;
        struct sim_node *around = walk(sim, to, &name, &code);
        if (code == 0 && (*name == '\0' || entry_find(&around->live, name) != NULL))
            code = -EEXIST;
        if (code == 0)
            change_add(around, NULL, name, node);
        free(name);
    }
    return op_end(sim, code);
}

static int sim_remove(struct gy_disk *disk, const char *path)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    int code = op_begin(sim, "remove", path, 0, true);
    if (code == 0) {
        char *name;
        struct sim_node *folder = walk(sim, path, &name, &code);
        struct entry *entry = code == 0 ? entry_find(&folder->live, name) : NULL;
        if (code == 0 && entry == NULL)
            code = -ENOENT;
        if (code == 0 && entry->node->folder && entry->node->live.n > 0)
            code = -ENOTEMPTY;
        if (code == 0) {
            if (n_names(sim, entry->node) == 1)
                sim->used -= NODE_BYTES + entry->node->n;
            change_add(folder, name, NULL, entry->node);
        }
        free(name);
    }
    return op_end(sim, code);
}

static int sim_sync_dir(struct gy_disk *disk, const char *path)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    int code = op_begin(sim, "sync_dir", path, 0, false), missing;
    struct sim_node *folder = is_stopped(sim) ? NULL : find(sim, path, &missing);
    if (code == 0 && folder == NULL)
        code = missing;
    else if (code == 0 && !folder->folder)
        code = -ENOTDIR;
    for (size_t i = 0; folder != NULL && i < folder->n_changes; i++) {
        struct change *change = &folder->changes[i];
        change->lost = change->lost || code != 0;
        if (code == 0 && (!change->lost || draw(sim) % 2 == 0))
            change_apply(&folder->kept, change);
    }
    if (code == 0)
        changes_clear(folder);
    return op_end(sim, code);
}

static int add_name(struct gy_names *names, const char *name)
{
    char *copy = gy_strdup(name);
    if (copy != NULL && gy_vec_push(&names->v, copy) == 0)
        return 0;
    gy_free(copy);
    return -ENOMEM;
}

static int sim_list(struct gy_disk *disk, const char *path, struct gy_names *names)
{
    struct sim_disk *sim = (struct sim_disk *)disk;
    *names = (struct gy_names){0};
    int code = op_begin(sim, "list", path, 0, false);
    struct sim_node *folder = code == 0 ? find(sim, path, &code) : NULL;
    if (folder != NULL && !folder->folder)
        code = -ENOTDIR;
    for (size_t i = 0; code == 0 && i < folder->live.n; i++)
        code = add_name(names, folder->live.items[i].name);
    if (code != 0)
        gy_names_fini(names);
    return op_end(sim, code);
}

/* ---- the whole ---- */

struct sim_disk *sim_disk_new(uint64_t seed)
{
    struct sim_disk *sim = grown(NULL, sizeof *sim);
    *sim = (struct sim_disk){.disk = {.make_dir = sim_make_dir,
                                      .create = sim_create,
                                      .reopen = sim_reopen,
                                      .open = sim_open,
                                      .write = sim_write,
                                      .read = sim_read,
                                      .cut = sim_cut,
                                      .sync = sim_sync,
                                      .close = sim_close,
                                      .rename = sim_rename,
                                      .link = sim_link,
                                      .remove = sim_remove,
                                      .sync_dir = sim_sync_dir,
                                      .list = sim_list},
                             .space = SIZE_MAX,
                             .rng = gy_rng_mix(seed)};
    pthread_mutex_init(&sim->lock, NULL);
    sim->root = node_new(sim, true);
    return sim;
}

static void log_clear(struct sim_disk *sim)
{
    for (size_t i = 0; i < sim->n_log; i++)
        free(sim->log[i]);
    free(sim->log);
    sim->log = NULL;
    sim->n_log = 0;
}

void sim_disk_free(struct sim_disk *sim)
{
    if (sim == NULL)
        return;
    for (struct sim_node *next, *node = sim->nodes; node != NULL; node = next) {
        next = node->next;
        entries_clear(&node->live);
        entries_clear(&node->kept);
        changes_clear(node);
        free(node->data);
        free(node->before);
        free(node);
    }
    log_clear(sim);
    free(sim->handles);
    pthread_mutex_destroy(&sim->lock);
    free(sim);
}

void sim_disk_fail(struct sim_disk *sim, uint64_t k, int error)
{
    sim->fail_at = k > 0 ? sim->n_ops + k : 0;
    sim->fail_errno = error;
    sim->failed = false;
}

bool sim_disk_failed(const struct sim_disk *sim)
{
    return sim->failed;
}

void sim_disk_stop_after(struct sim_disk *sim, uint64_t n)
{
    sim->stop_at = sim->n_ops + n + 1;
}

void sim_disk_set_space(struct sim_disk *sim, size_t more)
{
    sim->space = more < SIZE_MAX - sim->used ? sim->used + more : SIZE_MAX;
}

static bool outlasts(struct sim_disk *sim, uint64_t seed)
{
    return seed == 1 || (seed > 1 && draw(sim) % 2 == 0);
}

/* Of what was written over and not synced any range may be as it was, and the length too. */
static void crash_over(struct sim_disk *sim, struct sim_node *node, uint64_t seed)
{
    size_t n = node->n_before, from = 0, to = n;
    bool as_long = seed == 0 || draw(sim) % 2 == 0;
    if (seed > 0) {
        from = draw(sim) % (n + 1);
        to = from + draw(sim) % (n - from + 1);
    }
    if (as_long && node->n < n) {
        from = from < node->n ? from : node->n;
        to = n;
    } else if (as_long) {
        node->n = n;
    }
    to = to > node->n && !as_long ? node->n : to;
    if (from < to)
        put(sim, node, from, node->before + from, to - from);
}

static void crash_file(struct sim_disk *sim, struct sim_node *node, uint64_t seed)
{
    if (node->before != NULL && (seed == 0 || (seed > 1 && draw(sim) % 4 > 0))) {
        crash_over(sim, node, seed);
        node->synced = node->n;
    }
    free(node->before);
    node->before = NULL;
    size_t unsynced = node->n - node->synced, left = 0;
    if (unsynced > 0 && seed > 0)
        left = seed == 1 || draw(sim) % 4 == 0 ? unsynced : draw(sim) % unsynced;
    node->n = node->synced + left;
    if (left > 0 && seed > 1 && draw(sim) % 4 == 0) {
        size_t from = draw(sim) % left;
        memset(node->data + node->synced + from, 0, draw(sim) % (left - from) + 1);
    }
    for (size_t i = node->lost_from; i < node->lost_to && i < node->n; i++)
        node->data[i] = 0;
    node->lost_from = node->lost_to = 0;
    node->synced = node->n;
}

static void crash_folder(struct sim_disk *sim, struct sim_node *node, uint64_t seed)
{
    for (size_t i = 0; i < node->n_changes; i++)
        if (outlasts(sim, seed))
            change_apply(&node->kept, &node->changes[i]);
    changes_clear(node);
    entries_clear(&node->live);
    for (size_t i = 0; i < node->kept.n; i++)
        entry_set(&node->live, node->kept.items[i].name, node->kept.items[i].node);
}

/* Bytes of what can be reached, a file of several names once; recursion as deep as the folders are. */
static size_t used_by(struct sim_node *node)
{
    size_t bytes = node->n;
    node->counted = true;
    for (size_t i = 0; i < node->live.n; i++)
        if (!node->live.items[i].node->counted)
            bytes += NODE_BYTES + used_by(node->live.items[i].node);
    return bytes;
}

static size_t used(struct sim_disk *sim)
{
    for (struct sim_node *node = sim->nodes; node != NULL; node = node->next)
        node->counted = false;
    return used_by(sim->root);
}

void sim_disk_crash(struct sim_disk *sim, uint64_t seed)
{
    sim->rng = gy_rng_mix(seed);
    for (struct sim_node *node = sim->nodes; node != NULL; node = node->next) {
        if (node->folder)
            crash_folder(sim, node, seed);
        else
            crash_file(sim, node, seed);
    }
    sim->used = used(sim);
    sim->n_handles = sim->n_open = 0;
    sim->fail_at = sim->stop_at = 0;
    sim->failed = sim->read_only = false;
    sim->space = SIZE_MAX;
    log_clear(sim);
}

void sim_disk_put(struct sim_disk *sim, const char *path, const void *bytes, size_t n)
{
    struct sim_node *folder = sim->root;
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        bool is_last = path[length] == '\0';
        if (length > 0 && !(length == 1 && *path == '.')) {
            char *name = text_copy(path, length);
            struct entry *entry = entry_find(&folder->live, name);
            struct sim_node *node = entry != NULL ? entry->node : node_new(sim, !is_last);
            sim->used += entry != NULL ? 0 : NODE_BYTES;
            entry_set(&folder->live, name, node);
            entry_set(&folder->kept, name, node);
            free(name);
            folder = node;
        }
        path += length + !is_last;
    }
    sim->used -= folder->n;
    folder->n = 0;
    put(sim, folder, 0, bytes, n);
    folder->synced = n;
    free(folder->before);
    folder->before = NULL;
    folder->lost_from = folder->lost_to = 0;
}

const void *sim_disk_get(const struct sim_disk *sim, const char *path, size_t *n)
{
    int code;
    const struct sim_node *node = find(sim, path, &code);
    if (node == NULL || node->folder)
        return NULL;
    *n = node->n;
    return node->data != NULL ? (const void *)node->data : "";
}

void sim_disk_drop(struct sim_disk *sim, const char *path)
{
    char *name;
    int code;
    struct sim_node *folder = walk(sim, path, &name, &code);
    struct entry *entry = folder != NULL ? entry_find(&folder->live, name) : NULL;
    if (entry != NULL) {
        struct sim_node *node = entry->node;
        entry_drop(&folder->live, name, node);
        entry_drop(&folder->kept, name, node);
        sim->used = used(sim);
    }
    free(name);
}

void sim_disk_print(const struct sim_disk *sim, FILE *to)
{
    for (size_t i = 0; i < sim->n_log; i++)
        fprintf(to, "  %s\n", sim->log[i]);
}
