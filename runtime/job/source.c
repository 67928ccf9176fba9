/* Paths and texts of a job's files; see source.h. */
#include "job/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

const char *gy_path_dir(const struct gy_scope *scope, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return "";
    if (slash == path)
        return "/";
    const char *dir = gy_arena_ctl_strndup(scope->arena, path, (size_t)(slash - path));
    return dir != NULL ? dir : "";
}

const char *gy_path_in(const struct gy_scope *scope, const char *dir, const char *path)
{
    if (path[0] == '/' || dir[0] == '\0')
        return path;
    const char *joined = gy_arena_ctl_printf(scope->arena, "%s/%s", dir, path);
    return joined != NULL ? joined : path;
}

char *gy_setting_load(const char *path, size_t *size)
{
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return NULL;
    struct gy_buf bytes = {0};
    char part[4096];
    size_t n;
    while (bytes.len <= GY_SETTING_BYTES && (n = fread(part, 1, sizeof part, f)) > 0)
        gy_buf_bytes(&bytes, part, n);
    int failed = ferror(f)                      ? errno
                 : bytes.failed                 ? ENOMEM
                 : bytes.len > GY_SETTING_BYTES ? EFBIG
                                                : 0;
    fclose(f);
    char *text = NULL;
    if (failed == 0) {
        text = gy_strndup(bytes.data != NULL ? (const char *)bytes.data : "", bytes.len);
        failed = text == NULL ? ENOMEM : 0;
    }
    *size = bytes.len;
    gy_buf_fini(&bytes);
    errno = failed;
    return text;
}
