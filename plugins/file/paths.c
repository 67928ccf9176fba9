/* plugins/file/paths.c: see paths.h. */
#include "paths.h"
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>

typedef int32_t each_file(void *user, const char *file, int64_t size);

static int32_t one_file(const char *file, char text[GYRE_ERROR_TEXT], each_file *each, void *user)
{
    struct stat st;
    if (stat(file, &st) != 0) {
        snprintf(text, GYRE_ERROR_TEXT, "%s: %s", file, strerror(errno));
        return GYRE_EINVAL;
    }
    if (S_ISDIR(st.st_mode)) {
        snprintf(text, GYRE_ERROR_TEXT, "%s is a directory: name its files, as in \"%s/*\"", file,
                 file);
        return GYRE_EINVAL;
    }
    return each(user, file, S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1);
}

int32_t paths_each(const char *path, char text[GYRE_ERROR_TEXT], each_file *each, void *user)
{
    struct stat st;
    if (stat(path, &st) == 0 || strpbrk(path, "*?[") == NULL)
        return one_file(path, text, each, user);
    glob_t found = {0};
    int code = glob(path, GLOB_ERR, NULL, &found);
    int32_t result = GYRE_EINVAL;
    if (code == GLOB_NOMATCH)
        snprintf(text, GYRE_ERROR_TEXT, "%s: no file matches", path);
    else if (code != 0)
        snprintf(text, GYRE_ERROR_TEXT, "%s: a folder cannot be read: %s", path, strerror(errno));
    else
        result = GYRE_OK;
    for (size_t i = 0; result == GYRE_OK && i < found.gl_pathc; i++)
        result = one_file(found.gl_pathv[i], text, each, user);
    globfree(&found);
    return result;
}

size_t paths_folder(const char *path)
{
    size_t n = strcspn(path, "*?[\\");
    while (n > 0 && path[n - 1] != '/')
        n--;
    return n;
}

int paths_means(const char *path, const char *name)
{
    const char *pattern = path + paths_folder(path);
    return strcmp(pattern, name) == 0 || fnmatch(pattern, name, FNM_PATHNAME | FNM_PERIOD) == 0;
}
