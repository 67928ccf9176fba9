/* Files for tests; see files.h. */
#include "support/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void die(const char *what, const char *path)
{
    fprintf(stderr, "%s %s: %s\n", what, path, strerror(errno));
    abort();
}

char *text_format(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        die("format", format);
    }
    va_end(args);
    return text;
}

char *path_join(const char *folder, const char *name)
{
    return text_format("%s/%s", folder, name);
}

char *build_path(const char *name)
{
    const char *build = getenv("GYRE_BUILD");
    if (!build || !*build) {
        build = "build";
    }
    char *folder = realpath(build, NULL);
    if (!folder) {
        die("build folder", build);
    }
    if (!name) {
        return folder;
    }
    char *path = path_join(folder, name);
    free(folder);
    return path;
}

char *dir_temp(void)
{
    const char *tmp = getenv("TMPDIR");
    char *path = path_join(tmp && *tmp ? tmp : "/tmp", "gyre-test-XXXXXX");
    if (!mkdtemp(path)) {
        die("mkdtemp", path);
    }
    return path;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void dir_remove(const char *path)
{
    struct stat st;
    if (lstat(path, &st) < 0 && errno == ENOENT) {
        return;
    }
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0) {
        die("remove", path);
    }
}

void dir_end(char *path)
{
    dir_remove(path);
    free(path);
}

int dir_count(const char *path)
{
    int count = 0;
    DIR *dir = opendir(path);
    if (!dir) {
        return -1;
    }
    for (const struct dirent *e; (e = readdir(dir));) {
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    closedir(dir);
    return count;
}

char *file_read(const char *path, size_t *size)
{
    size_t used = 0, room = 4096;
    char *bytes = malloc(room + 1);
    FILE *file = fopen(path, "rb");

    if (!file || !bytes) {
        die("read", path);
    }
    for (;;) {
        used += fread(bytes + used, 1, room - used, file);
        if (used < room) {
            break;
        }
        room *= 2;
        bytes = realloc(bytes, room + 1);
        if (!bytes) {
            die("read", path);
        }
    }
    if (ferror(file)) {
        die("read", path);
    }
    fclose(file);
    bytes[used] = 0;
    if (size) {
        *size = used;
    }
    return bytes;
}

void file_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        die("write", path);
    }
}

void file_write_text(const char *path, const char *text)
{
    file_write(path, text, strlen(text));
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}
