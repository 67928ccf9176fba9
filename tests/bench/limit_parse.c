/* limit_parse FILE [OUT]: matches each line of a web server's log with PCRE2, compiled to machine code, and adds
 * up the bytes by status: what text.parse is held to, whose pattern of the format `combined` this is. OUT gets
 * a line "status,bytes" for each status.
 *
 * A bare loop: lines are found by memchr in one buffer, the library's fast way in is taken, and of all groups two
 * are read. A line that does not match is a mistake. Without PCRE2 at build time it exits with 77. */
#define PCRE2_CODE_UNIT_WIDTH 8

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if __has_include(<pcre2.h>)
#include <pcre2.h>

#define BUFFER_BYTES (256u << 10)
#define STATUSES     1000

#define QUOTED               "(?:[^\"\\\\]++|\\\\.)*+"
#define QUOTED_OR_NONE(name) "\"(?:-(?=\")|(?<" name ">" QUOTED "))\""

static const char pattern[] =
    "(?s)^(?<host>\\S++) (?:-|(?<ident>\\S++)) (?:-(?= \\[)|(?<user>.+?)) "
    "\\[(?<time>[^\\]\"]++)\\] "
    "\"(?<request>(?<method>[^\\s\"\\\\]++) (?<path>(?:[^\"\\\\ ]++|\\\\.| (?!HTTP/[0-9.]+\"))++)"
    "(?: (?<protocol>HTTP/[0-9.]++))?(?=\")|" QUOTED ")\" "
    "(?<status>[0-9]{3}) (?:-|(?<bytes>[0-9]++)) " QUOTED_OR_NONE("referer") " " QUOTED_OR_NONE(
        "agent") "(?:\\s|$)";

struct parser {
    pcre2_code *code;
    pcre2_match_data *data;
    const PCRE2_SIZE *places; /* where the groups are */
    int status, bytes;        /* their numbers */
    uint64_t rows;
    uint64_t sums[STATUSES];
    uint8_t seen[STATUSES];
};

static int parser_init(struct parser *p)
{
    int number;
    PCRE2_SIZE at;
    p->code = pcre2_compile((PCRE2_SPTR)pattern, sizeof pattern - 1, 0, &number, &at, NULL);
    if (p->code == NULL || pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE) != 0)
        return -1;
    p->data = pcre2_match_data_create_from_pattern(p->code, NULL);
    if (p->data == NULL)
        return -1;
    p->places = pcre2_get_ovector_pointer(p->data);
    p->status = pcre2_substring_number_from_name(p->code, (PCRE2_SPTR) "status");
    p->bytes = pcre2_substring_number_from_name(p->code, (PCRE2_SPTR) "bytes");
    return 0;
}

static uint64_t number_of(const struct parser *p, const char *line, int group)
{
    uint64_t v = 0;
    for (PCRE2_SIZE i = p->places[2 * group]; i < p->places[2 * group + 1]; i++)
        v = v * 10 + (uint64_t)(line[i] - '0');
    return v;
}

static int take_line(struct parser *p, const char *line, size_t n)
{
    int code = pcre2_jit_match(p->code, (PCRE2_SPTR)line, n, 0, 0, p->data, NULL);
    if (code <= 0)
        return -1;
    uint64_t status = number_of(p, line, p->status);
    p->seen[status] = 1;
    if (p->bytes < code && p->places[2 * p->bytes] != PCRE2_UNSET)
        p->sums[status] += number_of(p, line, p->bytes);
    p->rows++;
    return 0;
}

/* Takes the whole lines in front; the bytes that are left, or -1. */
static ssize_t take(struct parser *p, const char *at, size_t n)
{
    const char *end = at + n, *line = at, *stop;
    while ((stop = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        if (take_line(p, line, (size_t)(stop - line)) != 0)
            return -1;
        line = stop + 1;
    }
    return end - line;
}

static int write_sums(const struct parser *p, const char *path)
{
    FILE *out = path != NULL ? fopen(path, "w") : NULL;
    if (out == NULL)
        return path == NULL ? 0 : -1;
    for (int s = 0; s < STATUSES; s++)
        if (p->seen[s])
            fprintf(out, "%d,%llu\n", s, (unsigned long long)p->sums[s]);
    return fclose(out);
}

int main(int argc, char **argv)
{
    static char buffer[BUFFER_BYTES];
    static struct parser parser;
    int fd = argc == 2 || argc == 3 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0) {
        fprintf(stderr, "usage: limit_parse FILE [OUT]: %s\n", strerror(errno));
        return 2;
    }
    if (parser_init(&parser) != 0) {
        fprintf(stderr, "limit_parse: the pattern cannot be compiled\n");
        return 1;
    }
    ssize_t left = 0, n;
    while (left >= 0 && (n = read(fd, buffer + left, sizeof buffer - (size_t)left)) > 0) {
        size_t have = (size_t)(left + n);
        left = take(&parser, buffer, have);
        if (left > 0)
            memmove(buffer, buffer + have - left, (size_t)left);
    }
    if (left != 0 || n < 0 || write_sums(&parser, argv[2]) != 0) {
        fprintf(stderr, "limit_parse: %s: %s\n", argv[1],
                left != 0 ? "a line does not match" : strerror(errno));
        return 1;
    }
    printf("rows=%llu\n", (unsigned long long)parser.rows);
    return fflush(stdout) == 0 ? 0 : 1;
}

#else

int main(void)
{
    fprintf(stderr, "limit_parse: built without PCRE2\n");
    return 77;
}

#endif
