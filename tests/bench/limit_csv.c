/* limit_csv FILE: cuts a file of CSV into records and fields by hand, as RFC 4180 has it, and counts
 * them: what reading csv is held to. file.read has no library for CSV, so there is none here.
 *
 * One pass over the bytes with the state in the place of the code: at a field's start a quote is
 * looked for, then its end. Nothing is converted, decoded or kept, just as the callbacks of limit_json
 * do nothing. A field that the buffer cuts is moved to the buffer's front and looked at again. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES (256u << 10)

struct counter {
    uint64_t rows;
    uint64_t fields;
    uint64_t bytes; /* of the fields: so that their ends must be found */
};

/* The end of the field at `at`: the comma or line end behind it; NULL where it is not there yet. */
static const char *field_end(const char *at, const char *end, uint64_t *bytes)
{
    const char *from = at;
    if (at < end && *at == '"') {
        for (at++;; at += 2) {
            at = memchr(at, '"', (size_t)(end - at));
            if (at == NULL || at + 1 == end)
                return NULL;
            if (at[1] != '"')
                break;
        }
        at++;
    }
    while (at < end && *at != ',' && *at != '\n')
        at++;
    *bytes += (uint64_t)(at - from);
    return at < end ? at : NULL;
}

/* Counts the whole fields in front; the bytes that are left. */
static size_t count(struct counter *counter, const char *at, size_t n)
{
    const char *end = at + n, *field = at;
    for (;;) {
        uint64_t bytes = 0;
        const char *behind = field_end(field, end, &bytes);
        if (behind == NULL)
            return (size_t)(end - field);
        counter->bytes += bytes;
        counter->fields++;
        counter->rows += *behind == '\n';
        field = behind + 1;
    }
}

int main(int argc, char **argv)
{
    static char buffer[BUFFER_BYTES];
    struct counter counter = {0};
    int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0) {
        fprintf(stderr, "usage: limit_csv FILE: %s\n", strerror(errno));
        return 2;
    }
    size_t left = 0;
    ssize_t n;
    while ((n = read(fd, buffer + left, sizeof buffer - left)) > 0) {
        size_t have = left + (size_t)n;
        left = count(&counter, buffer, have);
        memmove(buffer, buffer + have - left, left);
    }
    if (n < 0 || left != 0) {
        fprintf(stderr, "limit_csv: %s: %s\n", argv[1], n < 0 ? strerror(errno) : "no CSV");
        return 1;
    }
    printf("rows=%llu fields=%llu bytes=%llu\n", (unsigned long long)counter.rows,
           (unsigned long long)counter.fields, (unsigned long long)counter.bytes);
    return fflush(stdout) == 0 ? 0 : 1;
}
