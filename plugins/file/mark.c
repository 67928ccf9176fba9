/* plugins/file/mark.c: see mark.h. */
#include "mark.h"
#include <errno.h>
#include <unistd.h>

/* FNV-1a */
uint64_t file_mark(int fd, uint64_t at)
{
    uint8_t bytes[MARK_BYTES];
    size_t n = at < MARK_BYTES ? (size_t)at : MARK_BYTES;
    uint64_t hash = 0xcbf29ce484222325u;
    ssize_t got;
    do
        got = pread(fd, bytes, n, (off_t)(at - n));
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)n)
        return 0;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash | 1;
}
