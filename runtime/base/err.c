/* Mistakes are stored as they come and sorted when printed; see err.h. */
#include "base/err.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/say.h"
#include "base/vec.h"

void gy_diags_fini(struct gy_diags *d)
{
    for (size_t i = 0; i < d->list.n; i++)
        gy_free(d->list.items[i].text);
    for (size_t i = 0; i < d->files.n; i++)
        gy_free(d->files.items[i]);
    gy_vec_fini(&d->list);
    gy_vec_fini(&d->files);
    d->oom = false;
}

/* Finds or adds a file name; a job file has a handful of them. -1 without memory. */
static int file_index(struct gy_diags *d, const char *file, size_t *index)
{
    for (size_t i = 0; i < d->files.n; i++) {
        const char *known = d->files.items[i];
        if (strcmp(known, file) == 0) {
            *index = i;
            return 0;
        }
    }
    char *copy = gy_strdup(file);
    if (!copy)
        return -1;
    if (gy_vec_push(&d->files, copy) < 0) {
        gy_free(copy);
        return -1;
    }
    *index = d->files.n - 1;
    return 0;
}

static bool is_known(const struct gy_diags *d, const struct gy_diag *diag)
{
    for (size_t i = 0; i < d->list.n; i++) {
        const struct gy_diag *other = &d->list.items[i];
        if (other->line == diag->line && other->file_index == diag->file_index &&
            strcmp(other->text, diag->text) == 0)
            return true;
    }
    return false;
}

/* "--set out.format" has said which option it is: a text that begins "format: " does without. */
static void say_once(const char *label, char *text)
{
    const char *dot = strncmp(label, "--", 2) == 0 ? strrchr(label, '.') : NULL;
    size_t n = dot ? strlen(dot + 1) : 0;
    if (n > 0 && strncmp(text, dot + 1, n) == 0 && strncmp(text + n, ": ", 2) == 0)
        memmove(text, text + n + 2, strlen(text + n + 2) + 1);
}

void gy_diags_add(struct gy_diags *d, const char *file, int line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct gy_diag diag = {.line = file ? line : 0, .text = gy_vprintf(fmt, args)};
    va_end(args);
    if (!diag.text || file_index(d, file ? file : "", &diag.file_index) < 0)
        goto fail;
    if (file && line == 0)
        say_once(file, diag.text);
    if (is_known(d, &diag)) {
        gy_free(diag.text);
        return;
    }
    diag.seen = d->list.n;
    if (gy_vec_push(&d->list, diag) == 0)
        return;
fail:
    gy_free(diag.text);
    d->oom = true;
}

size_t gy_diags_count(const struct gy_diags *d)
{
    return d->list.n + d->oom;
}

static int compare(const void *a, const void *b)
{
    const struct gy_diag *x = a, *y = b;
    if (x->file_index != y->file_index)
        return x->file_index < y->file_index ? -1 : 1;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->seen < y->seen ? -1 : 1;
}

void gy_diags_print(struct gy_diags *d, FILE *to)
{
    if (d->list.n > 0)
        qsort(d->list.items, d->list.n, sizeof *d->list.items, compare);
    for (size_t i = 0; i < d->list.n; i++) {
        const struct gy_diag *diag = &d->list.items[i];
        const char *file = d->files.items[diag->file_index];
        if (diag->line > 0)
            gy_say(to, "%s:%d: %s\n", file, diag->line, diag->text);
        else if (*file)
            gy_say(to, "%s: %s\n", file, diag->text);
        else
            gy_say(to, "%s\n", diag->text);
    }
    if (d->oom)
        gy_say(to, "out of memory: there are more mistakes than are shown here\n");
}
