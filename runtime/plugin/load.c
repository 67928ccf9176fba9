/* Finding and loading; what is read from the file is in note.c, what is checked after in
 * check.c.
 *
 * A plugin is known by the name in its note. Found on the path it must be called NAME.so, and the
 * first folder that has one wins, as with PATH; a file that was added must not meet another of its
 * name, on the path or added, for nobody could say which of them a job means. The list is sorted by
 * name; a plugin that was refused is not in it. */
#include "plugin/load.h"

#include "base/err.h"
#include "base/crumb.h"
#include "base/mem.h"
#include "base/vec.h"
#include "plugin/note.h"
#include "plugin/check.h"
#include "plugin/guard.h"
#include "plugin/guide.h"
#include "plugin/trial.h"

#include <assert.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder with more entries than this is not read to its end: it is no plugin folder. */
#define ENTRIES_MAX 4096u

struct names {
    GY_VEC(char *) v;
};

struct gy_plugins {
    GY_VEC(char *) dirs;
    GY_VEC(struct gy_plugin *) list;
};

static int no_memory(struct gyre_error *error)
{
    return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory while loading plugins");
}

/* ---- who may write it ---- */

/* Whoever owns gyre itself is trusted with its plugins: that lets a root in a container use a
 * checkout of its user. */
static bool is_trusted_user(uid_t owner, const struct stat *gyre)
{
    return owner == 0 || owner == geteuid() || owner == gyre->st_uid;
}

static bool is_trusted_group(gid_t group, const struct stat *gyre)
{
    return group == getegid() || ((gyre->st_mode & S_IWGRP) && group == gyre->st_gid);
}

/* A folder with the sticky bit (/tmp) lets nobody replace another's file. */
static int check_writers(const char *path, const char *shown, const struct stat *gyre,
                         struct gyre_error *error)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return gy_note_refuse(error, shown, "cannot be looked at: %s", strerror(errno));
    bool is_dir = S_ISDIR(status.st_mode);
    const char *what = is_dir ? "stands in the folder" : "is the file";
    unsigned mode = status.st_mode & 07777;
    if (!is_trusted_user(status.st_uid, gyre))
        return gy_note_refuse(error, shown,
                              "%s %.120s of user %u, who is neither root nor the user %u that runs "
                              "gyre; copy it to a folder of yours",
                              what, path, status.st_uid, geteuid());
    bool shared = (mode & S_IWOTH) || ((mode & S_IWGRP) && !is_trusted_group(status.st_gid, gyre));
    if (shared && !(is_dir && (mode & S_ISVTX)))
        return gy_note_refuse(error, shown,
                              "%s %.120s that others may write (mode %04o); chmod go-w %.120s",
                              what, path, mode, path);
    return 0;
}

/* The folder of `path`: whoever may write there can put another file in its place. */
static int check_folder(const char *path, const struct stat *gyre, struct gyre_error *error)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1,
                     slash ? path : ".");
    if (n >= PATH_MAX)
        return gy_note_refuse(error, path, "has a path of more than %d bytes; use a shorter one",
                              PATH_MAX);
    return check_writers(n > 0 ? folder : "/", path, gyre, error);
}

/* `path` as it was given can be a link to `absolute`: then both folders count. */
static int check_permissions(const char *path, const char *absolute, struct gyre_error *error)
{
    struct stat gyre = {0};
    if (stat("/proc/self/exe", &gyre) < 0)
        gyre = (struct stat){.st_uid = geteuid(), .st_gid = getegid()};
    int code = check_writers(absolute, absolute, &gyre, error);
    if (code == 0)
        code = check_folder(absolute, &gyre, error);
    if (code == 0 && strcmp(path, absolute) != 0)
        code = check_folder(path, &gyre, error);
    return code;
}

/* ---- loading one file ---- */

static void plugin_free(struct gy_plugin *plugin)
{
    if (!plugin)
        return;
    gy_free(plugin->path);
    gy_free(plugin);
}

/* The linker's words repeat the path; what follows it is what matters. */
static const char *linker_says(const char *path)
{
    const char *says = dlerror();
    size_t n = strlen(path);
    if (!says)
        return "no reason given";
    if (strncmp(says, path, n) == 0 && strncmp(says + n, ": ", 2) == 0)
        return says + n + 2;
    return says;
}

static int open_object(struct gy_plugin *plugin, struct gyre_error *error)
{
    struct gy_crumb_site site = {.plugin_path = plugin->path};
    struct gy_guard guard;
    gy_guard_enter(&guard);
    struct gy_crumb before = gy_crumb_enter(&site, "constructor");
    void *object = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    gy_crumb = before;
    gy_guard_leave(&guard, plugin->path, "while it was loaded");
    if (!object)
        return gy_note_refuse(error, plugin->path,
                              "cannot be loaded: %s; link it with what it needs (" GY_GUIDE_SET_UP
                              ")",
                              linker_says(plugin->path));
    plugin->abi = dlsym(object, GYRE_SYMBOL);
    if (!plugin->abi)
        return gy_note_refuse(error, plugin->path,
                              "has a note and does not export " GYRE_SYMBOL
                              "; write GYRE_PLUGIN(...) instead of the note alone (" GY_GUIDE_FIRST
                              ")");
    return 0;
}

/* Loads the file at `path`; NULL and a sentence. `name`: what its note must say, NULL: anything. */
static struct gy_plugin *load(const char *path, const char *name, struct gyre_error *error)
{
    char absolute[PATH_MAX];
    struct gy_plugin *plugin = gy_alloc(sizeof *plugin);
    if (!realpath(path, absolute)) {
        gy_note_refuse(error, path, "cannot be opened: %s", strerror(errno));
        goto fail;
    }
    if (!plugin || !(plugin->path = gy_strdup(absolute))) {
        no_memory(error);
        goto fail;
    }
    if (gy_note_read(plugin->path, &plugin->note, error) < 0 ||
        gy_build_id(plugin->path, plugin->build, error) < 0)
        goto fail;
    if (!gy_check_is_name(plugin->note.name)) {
        gy_note_refuse(error, plugin->path,
                       "calls itself `%s`, but names are [a-z][a-z0-9_]*, 47 bytes at most; rename "
                       "it in GYRE_PLUGIN(...) (" GY_GUIDE_FIRST ")",
                       plugin->note.name);
        goto fail;
    }
    if (name && strcmp(name, plugin->note.name) != 0) {
        gy_note_refuse(error, path,
                       "calls itself `%s` and its file `%s`; call the file %s.so (" GY_GUIDE_SET_UP
                       ")",
                       plugin->note.name, name, plugin->note.name);
        goto fail;
    }
    if (check_permissions(path, plugin->path, error) < 0 || open_object(plugin, error) < 0 ||
        gy_plugin_check(plugin, error) < 0)
        goto fail;
    return plugin;
fail:
    plugin_free(plugin);
    return NULL;
}

/* ---- the list ---- */

int gy_plugins_add_folder(struct gy_plugins *plugins, const char *folder)
{
    char *copy = gy_strdup(folder);
    if (copy && gy_vec_push(&plugins->dirs, copy) == 0)
        return 0;
    gy_free(copy);
    return GYRE_ENOMEM;
}

struct gy_plugins *gy_plugins_new(const char *const *dirs, size_t n_dirs)
{
    struct gy_plugins *plugins = gy_alloc(sizeof *plugins);
    for (size_t i = 0; plugins && i < n_dirs; i++)
        if (gy_plugins_add_folder(plugins, dirs[i]) != 0) {
            gy_plugins_free(plugins);
            return NULL;
        }
    return plugins;
}

void gy_plugins_free(struct gy_plugins *plugins)
{
    if (!plugins)
        return;
    for (size_t i = 0; i < plugins->dirs.n; i++)
        gy_free(plugins->dirs.items[i]);
    for (size_t i = 0; i < plugins->list.n; i++)
        plugin_free(plugins->list.items[i]);
    gy_vec_fini(&plugins->dirs);
    gy_vec_fini(&plugins->list);
    gy_free(plugins);
}

static const struct gy_plugin *find_loaded(const struct gy_plugins *plugins, const char *name)
{
    for (size_t i = 0; i < plugins->list.n; i++)
        if (strcmp(plugins->list.items[i]->note.name, name) == 0)
            return plugins->list.items[i];
    return NULL;
}

/* Puts a plugin where its name belongs, and owns it then; NULL without memory, and it is freed. */
static const struct gy_plugin *insert(struct gy_plugins *plugins, struct gy_plugin *plugin,
                                      struct gyre_error *error)
{
    if (gy_vec_push(&plugins->list, plugin) < 0) {
        no_memory(error);
        plugin_free(plugin);
        return NULL;
    }
    size_t i = plugins->list.n - 1;
    struct gy_plugin **items = plugins->list.items;
    for (; i > 0 && strcmp(items[i - 1]->note.name, plugin->note.name) > 0; i--)
        items[i] = items[i - 1];
    items[i] = plugin;
    return plugin;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool gy_plugins_find(const struct gy_plugins *plugins, const char *name, char path[PATH_MAX])
{
    for (size_t i = 0; i < plugins->dirs.n; i++) {
        int n = snprintf(path, PATH_MAX, "%s/%s.so", plugins->dirs.items[i], name);
        if (n < PATH_MAX && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static int refuse_two(struct gyre_error *error, const char *name, const char *one,
                      const char *other)
{
    return gyre_error_set(error, GYRE_EINVAL, -1,
                          "two plugins are called `%s`: %.200s and %.200s; use only one of them",
                          name, one, other);
}

int gy_plugins_add(struct gy_plugins *plugins, const char *path, struct gyre_error *error)
{
    char found[PATH_MAX];
    for (size_t i = 0; i < plugins->list.n; i++)
        if (is_same_file(plugins->list.items[i]->path, path))
            return 0;
    struct gy_plugin *plugin = load(path, NULL, error);
    if (!plugin)
        return error->code;
    const struct gy_plugin *other = find_loaded(plugins, plugin->note.name);
    const char *other_path = other ? other->path : NULL;
    if (!other && gy_plugins_find(plugins, plugin->note.name, found) &&
        !is_same_file(found, plugin->path))
        other_path = found;
    if (other_path) {
        int code = refuse_two(error, plugin->note.name, other_path, plugin->path);
        plugin_free(plugin);
        return code;
    }
    return insert(plugins, plugin, error) ? 0 : error->code;
}

/* A plugin that is part of this program; NULL without memory. */
static struct gy_plugin *make_own(const struct gyre_plugin *abi)
{
    struct gy_plugin *plugin = gy_alloc(sizeof *plugin);
    if (!plugin || !(plugin->path = gy_printf("/proc/self/exe/%s", abi->name))) {
        plugin_free(plugin);
        return NULL;
    }
    plugin->abi = abi;
    snprintf(plugin->note.name, sizeof plugin->note.name, "%s", abi->name);
    snprintf(plugin->note.version, sizeof plugin->note.version, "%s", abi->version);
    return plugin;
}

int gy_plugins_add_own(struct gy_plugins *plugins, const struct gyre_plugin *abi,
                       struct gyre_error *error)
{
    struct gy_plugin *plugin = make_own(abi);
    if (!plugin)
        return no_memory(error);
    if (gy_plugin_check(plugin, error) < 0) {
        plugin_free(plugin);
        return error->code;
    }
    return insert(plugins, plugin, error) ? 0 : error->code;
}

int gy_plugins_put(struct gy_plugins *plugins, const struct gyre_plugin *abi)
{
    struct gyre_error error = {.size = sizeof error};
    assert(!gy_check_is_name(abi->name));
    for (size_t i = 0; i < plugins->list.n; i++)
        if (strcmp(plugins->list.items[i]->note.name, abi->name) == 0) {
            plugins->list.items[i]->abi = abi;
            return 0;
        }
    struct gy_plugin *plugin = make_own(abi);
    return plugin && insert(plugins, plugin, &error) ? 0 : -1;
}

const struct gy_plugin *gy_plugins_at(const struct gy_plugins *plugins, size_t i)
{
    return i < plugins->list.n ? plugins->list.items[i] : NULL;
}

/* ---- the path ---- */

static void names_fini(struct names *names)
{
    for (size_t i = 0; i < names->v.n; i++)
        gy_free(names->v.items[i]);
    gy_vec_fini(&names->v);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds NAME of every NAME.so of a folder; a folder that is not there has none. */
static int list_folder(const char *folder, struct names *names)
{
    DIR *dir = opendir(folder);
    int code = 0;
    struct dirent *entry;
    for (unsigned i = 0; dir && code == 0 && i < ENTRIES_MAX && (entry = readdir(dir)); i++) {
        size_t n = strlen(entry->d_name);
        if (n <= 3 || entry->d_name[0] == '.' || strcmp(entry->d_name + n - 3, ".so") != 0)
            continue;
        char *name = gy_strndup(entry->d_name, n - 3);
        if (!name || gy_vec_push(&names->v, name) < 0) {
            gy_free(name);
            code = GYRE_ENOMEM;
        }
    }
    if (dir)
        closedir(dir);
    return code;
}

/* All names on the path, sorted, each once. */
static int list_path(const struct gy_plugins *plugins, struct names *names)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < plugins->dirs.n; i++)
        code = list_folder(plugins->dirs.items[i], names);
    if (names->v.n > 0)
        qsort(names->v.items, names->v.n, sizeof *names->v.items, compare_names);
    size_t kept = 0;
    for (size_t i = 0; i < names->v.n; i++) {
        if (kept > 0 && strcmp(names->v.items[kept - 1], names->v.items[i]) == 0)
            gy_free(names->v.items[i]);
        else
            names->v.items[kept++] = names->v.items[i];
    }
    names->v.n = kept;
    return code;
}

/* Says that there is no such plugin, which one is nearly called so, and where was looked. */
static void refuse_unknown(const struct gy_plugins *plugins, const char *name,
                           struct gyre_error *error)
{
    struct names names = {{0}};
    char folders[GYRE_ERROR_TEXT / 2] = "";
    size_t used = 0;
    list_path(plugins, &names);
    for (size_t i = 0; i < plugins->list.n; i++) {
        char *loaded = gy_strdup(plugins->list.items[i]->note.name);
        if (!loaded || gy_vec_push(&names.v, loaded) < 0)
            gy_free(loaded);
    }
    const char *near = gy_nearest(name, (const char *const *)names.v.items, names.v.n);
    for (size_t i = 0; i < plugins->dirs.n && used < sizeof folders; i++)
        used += (size_t)snprintf(folders + used, sizeof folders - used, "%s%s", i > 0 ? ", " : "",
                                 plugins->dirs.items[i]);
    gyre_error_set(error, GYRE_EINVAL, -1,
                   "no plugin `%.48s`%s%s%s: looked for %.48s.so in %s%s; `gyre list` shows those "
                   "that are there",
                   name, near ? " (did you mean `" : "", near ? near : "", near ? "`?)" : "", name,
                   plugins->dirs.n > 0 ? folders : "no folder",
                   used >= sizeof folders ? "..." : "");
    names_fini(&names);
}

const struct gy_plugin *gy_plugins_get(struct gy_plugins *plugins, const char *name,
                                       struct gyre_error *error)
{
    char path[PATH_MAX];
    const struct gy_plugin *loaded = find_loaded(plugins, name);
    if (loaded)
        return loaded;
    if (!gy_check_is_name(name)) {
        gyre_error_set(error, GYRE_EINVAL, -1,
                       "`%.48s` cannot be a plugin: names are [a-z][a-z0-9_]*; `gyre list` shows "
                       "those that are there",
                       name);
        return NULL;
    }
    if (!gy_plugins_find(plugins, name, path)) {
        refuse_unknown(plugins, name, error);
        return NULL;
    }
    struct gy_plugin *plugin = load(path, name, error);
    return plugin ? insert(plugins, plugin, error) : NULL;
}

/* What a child process does with a plugin, to see whether it comes back. */
struct trial {
    const char *path;
    const char *name;
};

static void try_load(void *host)
{
    const struct trial *trial = host;
    struct gyre_error error = {.size = sizeof error};
    load(trial->path, trial->name, &error);
}

void gy_plugins_load_all(struct gy_plugins *plugins,
                         void (*refused)(void *host, const struct gyre_error *error), void *host)
{
    struct gyre_error error = {.size = sizeof error};
    struct names names = {{0}};
    char path[PATH_MAX];
    if (list_path(plugins, &names) < 0) {
        no_memory(&error);
        refused(host, &error);
    }
    for (size_t i = 0; i < names.v.n; i++) {
        const char *name = names.v.items[i];
        if (find_loaded(plugins, name) || !gy_plugins_find(plugins, name, path))
            continue;
        struct trial trial = {path, name};
        struct gy_plugin *plugin = NULL;
        if (gy_plugin_trial(path, try_load, &trial, &error) == 0)
            plugin = load(path, name, &error);
        if (!plugin || !insert(plugins, plugin, &error))
            refused(host, &error);
    }
    names_fini(&names);
}

/* ---- what a plugin brings ---- */

static const void *find_item(const struct gy_plugin *plugin, uint32_t kind, const char *name)
{
    assert(plugin->abi != NULL && plugin->path[0] == '/'); /* loaded, and checked */
    for (uint32_t i = 0; i < plugin->abi->n_items; i++) {
        const struct gyre_item *item = &plugin->abi->items[i];
        if (item->kind == kind && strcmp(gy_item_name(item), name) == 0)
            return item->what;
    }
    return NULL;
}

const struct gyre_operator *gy_plugin_operator(const struct gy_plugin *plugin, const char *name)
{
    return find_item(plugin, GYRE_ITEM_OPERATOR, name);
}

const struct gyre_function *gy_plugin_function(const struct gy_plugin *plugin, const char *name)
{
    return find_item(plugin, GYRE_ITEM_FUNCTION, name);
}

size_t gy_plugin_names(const struct gy_plugin *plugin, const char **names, size_t most)
{
    size_t n = 0;
    for (uint32_t i = 0; i < plugin->abi->n_items && n < most; i++) {
        const char *name = gy_item_name(&plugin->abi->items[i]);
        if (name)
            names[n++] = name;
    }
    return n;
}
