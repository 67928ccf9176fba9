/* See record.h. */
#include "conform/record.h"

#include "base/mem.h"
#include "conform/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_MOST = 1024 };

/* NAME.conform, and `end` behind it. Owns: gy_free. */
static char *path_of(const char *plugin, const char *end)
{
    size_t n = strlen(plugin);
    if (n > 3 && strcmp(plugin + n - 3, ".so") == 0)
        n -= 3;
    return gy_printf("%.*s.conform%s", (int)n, plugin, end);
}

static void put(struct gy_buf *b, const struct gy_conform_record *r)
{
    gy_buf_printf(b, "plugin %s\nbuild %s\ndate %s\ngyre %s\nseed %llu\n", r->plugin, r->build,
                  r->date, r->gyre, r->seed);
    for (int v = 0; v < GY_VERDICTS; v++)
        gy_buf_printf(b, "%s%s %zu", v > 0 ? " " : "", gy_verdict_name((enum gy_verdict)v),
                      r->counts[v]);
    gy_buf_text(b, "\n");
}

/* All of it in a file of its own first: nobody reads half of it. 0, or an errno. */
static int replace(const char *path, char *other, const struct gy_buf *text)
{
    int fd = mkstemp(other), code = 0;
    if (fd < 0)
        return errno;
    ssize_t n = write(fd, text->data, text->len);
    if (n < 0 || (size_t)n != text->len || fchmod(fd, 0644) != 0)
        code = n >= 0 && (size_t)n != text->len ? ENOSPC : errno;
    if (close(fd) != 0 && code == 0)
        code = errno;
    if (code == 0 && rename(other, path) != 0)
        code = errno;
    if (code != 0)
        unlink(other);
    return code;
}

int gy_conform_record_write(const char *plugin, const struct gy_conform_record *record,
                            struct gyre_error *error)
{
    struct gy_buf text = {0};
    char *path = path_of(plugin, ""), *other = path_of(plugin, ".XXXXXX");
    int code = GYRE_ENOMEM;
    put(&text, record);
    if (path == NULL || other == NULL || text.failed) {
        gyre_error_set(error, code, -1, "out of memory");
    } else {
        int why = replace(path, other, &text);
        code = why == 0 ? 0
                        : gyre_error_set(error, GYRE_EIO, -1, "%s cannot be written: %s", path,
                                         strerror(why));
    }
    gy_buf_fini(&text);
    gy_free(other);
    gy_free(path);
    return code;
}

static bool parse(const char *text, struct gy_conform_record *r)
{
    _Static_assert(GY_VERDICTS == 6, "all of them are read");
    size_t *n = r->counts;
    return sscanf(text,
                  "plugin %127[^\n]\nbuild %64[0-9a-f]\ndate %39[0-9TZ:-]\ngyre %31[0-9a-z.-]\n"
                  "seed %llu\npass %zu fail %zu crash %zu timeout %zu skip %zu warn %zu",
                  r->plugin, r->build, r->date, r->gyre, &r->seed, &n[GY_PASS], &n[GY_FAIL],
                  &n[GY_CRASH], &n[GY_TIMEOUT], &n[GY_SKIP], &n[GY_WARN]) == 11;
}

bool gy_conform_record_read(const char *plugin, struct gy_conform_record *record)
{
    char text[RECORD_MOST];
    char *path = path_of(plugin, "");
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    size_t n = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    gy_free(path);
    text[n] = '\0';
    return parse(text, record);
}
