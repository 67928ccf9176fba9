/* Plugins: finding, checking and loading them; their operators and functions by name.
 *
 * The ELF note is read from the file and checked BEFORE dlopen, so that no code of a wrong plugin
 * runs. A plugin is loaded with RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE by its absolute path, and
 * never unloaded. After loading, every descriptor is checked once; what passes can be used without
 * further checks. */
#ifndef GY_PLUGIN_LOAD_H
#define GY_PLUGIN_LOAD_H

#include "plugin/build_id.h"
#include "plugin/item.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct gy_plugin {
    char *path; /* absolute */
    const struct gyre_plugin *abi;
    struct gyre_note note;
    char build[GY_BUILD_ID];
};

/* What this host offers; a plugin that needs more is refused when it is loaded. */
#define GY_HOST_FEATURES                                                                           \
    (GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS | GYRE_FEATURE_ROUNDS | GYRE_FEATURE_ITEMS |         \
     GYRE_FEATURE_TWO_PHASE)

/* The plugins of one job or command. Owned by one thread. */
struct gy_plugins;

/** Starts with the folders of the plugin path, first to last; NULL without memory. */
struct gy_plugins *gy_plugins_new(const char *const *dirs, size_t n_dirs);
void gy_plugins_free(struct gy_plugins *plugins);

/** The first NAME.so of the path, into `path`; false where there is none. Nothing is loaded. */
bool gy_plugins_find(const struct gy_plugins *plugins, const char *name, char path[PATH_MAX]);

/** Adds a plugin file by path (`plugins = ("./my.so")`); 0, or a code and a sentence in `error`. */
int gy_plugins_add(struct gy_plugins *plugins, const char *path, struct gyre_error *error);

/** Adds a folder behind those of the plugin path. 0, or GYRE_ENOMEM. A plugin that was added before is taken,
 *  whatever of its name the folder has. */
int gy_plugins_add_folder(struct gy_plugins *plugins, const char *folder);

/** Adds a plugin that is part of this program; 0, or a code and a sentence. */
int gy_plugins_add_own(struct gy_plugins *plugins, const struct gyre_plugin *abi,
                       struct gyre_error *error);

/** The same unchecked, in place of one of its name that was put before; the name is none that a file could
 *  have, so that no job file can ask for it.
 *  Owns:    `abi` is borrowed
 *  Errors:  -1 without memory */
int gy_plugins_put(struct gy_plugins *plugins, const struct gyre_plugin *abi);

/** The plugin `name`, loaded on first use; NULL and a sentence: not found (with the nearest known
 *  name and the folders searched), or refused. */
const struct gy_plugin *gy_plugins_get(struct gy_plugins *plugins, const char *name,
                                       struct gyre_error *error);

/** Loads every plugin of the path, each after a trial in a child process (trial.h), for nobody
 *  asked for them by name; those refused are told to `refused` and left out. */
void gy_plugins_load_all(struct gy_plugins *plugins,
                         void (*refused)(void *host, const struct gyre_error *error), void *host);

/** The i-th loaded plugin, in order of name; NULL past the last. */
const struct gy_plugin *gy_plugins_at(const struct gy_plugins *plugins, size_t i);

/** The operator or function `name` of a plugin; NULL where there is none. */
const struct gyre_operator *gy_plugin_operator(const struct gy_plugin *plugin, const char *name);
const struct gyre_function *gy_plugin_function(const struct gy_plugin *plugin, const char *name);

/** Names of all operators and functions of a plugin, for suggestions: fills up to `most`; count. */
size_t gy_plugin_names(const struct gy_plugin *plugin, const char **names, size_t most);

#endif
