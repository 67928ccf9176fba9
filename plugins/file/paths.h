/* plugins/file/paths.h: the files that a `path` option means. */
#ifndef GYRE_PLUGIN_FILE_PATHS_H
#define GYRE_PLUGIN_FILE_PATHS_H

#include <gyre/gyre.h>

/* Calls `each` for every file that `path` means, in the order of their names: the file of this very
 * name, else those that match it as a glob. A directory, a missing file and a glob without a match
 * are errors. `size` is -1 for what is no regular file (a pipe, a terminal).
 * Returns 0, or a code with its text in `text`. */
int32_t paths_each(const char *path, char text[GYRE_ERROR_TEXT],
                   int32_t (*each)(void *user, const char *file, int64_t size), void *user);

/* Bytes of `path` up to its last slash before anything that a glob may replace: the files that it means
 * begin with them. */
size_t paths_folder(const char *path);

/* True where `path` means the file `name` of paths_folder(path), there or not. */
int paths_means(const char *path, const char *name);

/* True for "-", which means standard input or output. */
static inline int path_is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

#endif
