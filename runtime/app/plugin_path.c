/* The folders in which a command looks for plugins; see gy_cli_plugins in cli.h. */
#include "app/cli.h"

#include "base/mem.h"
#include "base/vec.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct folders {
    GY_VEC(char *) v;
    bool oom;
};

static void add(struct folders *folders, const char *text, size_t n)
{
    char *copy = n > 0 ? gy_strndup(text, n) : NULL;
    if (n == 0)
        return;
    if (!copy || gy_vec_push(&folders->v, copy) < 0) {
        gy_free(copy);
        folders->oom = true;
    }
}

/* A list with colons, as PATH has; empty entries are none. */
static void add_list(struct folders *folders, const char *list)
{
    while (list && *list) {
        size_t n = strcspn(list, ":");
        add(folders, list, n);
        list += n + (list[n] == ':');
    }
}

/* The build's folder beside the program, and the installed one. */
static void add_own(struct folders *folders)
{
    static const char *const beside[] = {"plugins", "../lib/gyre/plugins"};
    char path[PATH_MAX + sizeof "/../lib/gyre/plugins"];
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
    if (n <= 0 || n >= PATH_MAX)
        return;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    for (size_t i = 0; slash && i < sizeof beside / sizeof *beside; i++) {
        char absolute[PATH_MAX];
        strcpy(slash + 1, beside[i]);
        if (realpath(path, absolute))
            add(folders, absolute, strlen(absolute));
        else if (i == 0)
            add(folders, path, strlen(path)); /* named where nothing is found */
    }
}

struct gy_plugins *gy_cli_plugins(const struct gy_cli *cli, const char *const *job_paths, size_t n)
{
    struct folders folders = {{0}, false};
    struct gy_plugins *plugins = NULL;
    for (size_t i = 0; i < cli->plugin_path.n; i++)
        add(&folders, cli->plugin_path.items[i], strlen(cli->plugin_path.items[i]));
    for (size_t i = 0; job_paths && i < n; i++)
        add(&folders, job_paths[i], strlen(job_paths[i]));
    add_list(&folders, getenv("GYRE_PLUGIN_PATH"));
    add_own(&folders);
    if (!folders.oom)
        plugins = gy_plugins_new((const char *const *)folders.v.items, folders.v.n);
    for (size_t i = 0; i < folders.v.n; i++)
        gy_free(folders.v.items[i]);
    gy_vec_fini(&folders.v);
    return plugins;
}
