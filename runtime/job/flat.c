/* The places of a text that was put together; see flat.h. The text is put together in setting_scan.c. */
#include "job/flat.h"

#include <string.h>

void gy_flat_fini(struct gy_flat *flat)
{
    gy_buf_fini(&flat->text);
    gy_vec_fini(&flat->runs);
}

void gy_flat_put(struct gy_flat *flat, const char *bytes, size_t n)
{
    gy_buf_bytes(&flat->text, bytes, n);
    for (const char *end = bytes + n; (bytes = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL;
         bytes++)
        flat->lines++;
}

void gy_flat_from(struct gy_flat *flat, const char *file, int line)
{
    struct gy_flat_run run = {flat->lines + 1, line, file};
    flat->failed |= gy_vec_push(&flat->runs, run) < 0;
}

const char *gy_flat_place(const struct gy_flat *flat, int flat_line, int *line)
{
    size_t low = 0, high = flat->runs.n; /* the last run that begins at the line or before it */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (flat->runs.items[middle].from <= flat_line)
            low = middle;
        else
            high = middle;
    }
    const struct gy_flat_run *run = &flat->runs.items[low];
    *line = run->line + (flat_line > run->from ? flat_line - run->from : 0);
    return run->file;
}
