/* limit_json FILE: has yajl parse a file of JSON lines, with callbacks that do nothing: what reading
 * json is held to. Prints how many objects there were, which is all that is counted.
 *
 * The library is as file.read has it: one parser for all lines, numbers handed out as text, many
 * values allowed. UTF-8 is left to the library's own check; file.read has a check of its own. Without
 * yajl at build time it exits with 77. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if __has_include(<yajl/yajl_parse.h>)
#include <yajl/yajl_parse.h>

#define BUFFER_BYTES (256u << 10)

static int on_nothing(void *user)
{
    (void)user;
    return 1;
}

static int on_bool(void *user, int value)
{
    (void)user, (void)value;
    return 1;
}

static int on_number(void *user, const char *text, size_t n)
{
    (void)user, (void)text, (void)n;
    return 1;
}

static int on_string(void *user, const unsigned char *text, size_t n)
{
    (void)user, (void)text, (void)n;
    return 1;
}

static int on_end(void *user)
{
    ++*(uint64_t *)user;
    return 1;
}

static const yajl_callbacks callbacks = {.yajl_null = on_nothing,
                                         .yajl_boolean = on_bool,
                                         .yajl_number = on_number,
                                         .yajl_string = on_string,
                                         .yajl_start_map = on_nothing,
                                         .yajl_map_key = on_string,
                                         .yajl_end_map = on_end,
                                         .yajl_start_array = on_nothing,
                                         .yajl_end_array = on_nothing};

int main(int argc, char **argv)
{
    static unsigned char buffer[BUFFER_BYTES];
    uint64_t rows = 0;
    int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    yajl_handle parser = yajl_alloc(&callbacks, NULL, &rows);
    if (fd < 0 || parser == NULL) {
        fprintf(stderr, "usage: limit_json FILE: %s\n", strerror(errno));
        return 2;
    }
    yajl_config(parser, yajl_allow_multiple_values, 1);
    ssize_t n;
    yajl_status status = yajl_status_ok;
    while (status == yajl_status_ok && (n = read(fd, buffer, sizeof buffer)) > 0)
        status = yajl_parse(parser, buffer, (size_t)n);
    if (status == yajl_status_ok)
        status = yajl_complete_parse(parser);
    if (status != yajl_status_ok) {
        fprintf(stderr, "limit_json: %s is no JSON\n", argv[1]);
        return 1;
    }
    yajl_free(parser);
    printf("rows=%llu\n", (unsigned long long)rows);
    return fflush(stdout) == 0 ? 0 : 1;
}

#else

int main(void)
{
    fprintf(stderr, "limit_json: built without yajl\n");
    return 77;
}

#endif
