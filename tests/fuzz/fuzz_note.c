/* Any bytes as a plugin's file: gy_note_read refuses it with a sentence, or takes its note. */
#include "plugin/note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static int file_of(const uint8_t *bytes, size_t n, char path[64])
{
    int fd = memfd_create("plugin", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n)
        abort();
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char path[64];
    struct gyre_note note;
    struct gyre_error error = {.size = sizeof error};
    int fd = file_of(bytes, n, path);
    int code = gy_note_read(path, &note, &error);
    if (code != 0 && (error.code != code || strstr(error.text, path) != error.text))
        abort(); /* a refusal says which file */
    if (code == 0 && (strnlen(note.name, sizeof note.name) == sizeof note.name ||
                      strnlen(note.version, sizeof note.version) == sizeof note.version))
        abort();
    close(fd);
    return 0;
}
