/* See loader.h. */
#include "loader.h"

#include "support/files.h"
#include "support/suite.h"

#include "plugin/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *loader_sentence(const char *path, const char *sentence)
{
    size_t n = strlen(path);
    if (n > 160)
        return text_format("...%s: %s", path + n - 160, sentence);
    return text_format("%s: %s", path, sentence);
}

struct gyre_error loader_add(const char *path)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_plugins *plugins = gy_plugins_new(NULL, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plugins);
    int code = gy_plugins_add(plugins, path, &error);
    CU_ASSERT_EQUAL(code, error.code);
    CU_ASSERT_EQUAL(gy_plugins_at(plugins, 0) == NULL, code < 0);
    gy_plugins_free(plugins);
    return error;
}

void loader_expect_text(const char *is, const char *wanted)
{
    if (strcmp(is, wanted) != 0)
        printf("   is: %s\n  not: %s\n", is, wanted);
    CU_ASSERT_STRING_EQUAL(is, wanted);
}

void loader_expect_refused(const char *path, const char *sentence)
{
    struct gyre_error error = loader_add(path);
    char *absolute = realpath(path, NULL);
    char *wanted = loader_sentence(absolute ? absolute : path, sentence);
    loader_expect_text(error.text, wanted);
    free(wanted);
    free(absolute);
}

char *loader_copy(const char *from, const char *folder, const char *name, size_t most)
{
    size_t size;
    char *source = build_path(from);
    char *bytes = file_read(source, &size);
    char *path = path_join(folder, name);
    file_write(path, bytes, size < most ? size : most);
    chmod(path, 0755);
    free(bytes);
    free(source);
    return path;
}
