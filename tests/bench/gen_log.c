/* gen_log BYTES SEED: lines of a web server's log on standard output, in the format `combined`: the input of the
 * benchmark of patterns.
 *
 * Nine lines in ten are requests of pages, with paths of one to four parts and now and then a query; some have no
 * bytes, no referer or a user; a few are no requests at all, or have quotes in their agent.
 *
 * The lines are a function of (BYTES, SEED) alone, by integer arithmetic. */
#include "lots.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static const char *const methods[] = {"GET", "GET", "GET", "GET", "POST", "HEAD"};
static const char *const parts[] = {"/static", "/img", "/articles", "/api/v2", "/users", "/search",
                                    "/2025",   "/a",   "/index",    "/cart",   "/en",    "/feed"};
static const char *const statuses[] = {"200", "200", "200", "200", "200",
                                       "304", "404", "301", "500"};
static const char *const agents[] = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
    "curl/8.5.0",
    "a \\\"quoted\\\" crawler",
    "-",
};

static int put_request(char *to)
{
    int n = 0;
    if (below(200) == 0)
        return sprintf(to, "\\x16\\x03\\x01");
    n += sprintf(to, "%s ", methods[below(COUNT(methods))]);
    for (uint32_t left = 1 + below(4); left > 0; left--)
        n += sprintf(to + n, "%s", parts[below(COUNT(parts))]);
    if (below(4) == 0)
        n += sprintf(to + n, "?page=%" PRIu32 "&sort=%s", below(1000), below(2) ? "price" : "name");
    return n + sprintf(to + n, " HTTP/1.1");
}

static int put_line(char *to, uint64_t id)
{
    uint64_t second = id / 50 % 86400;
    int n = sprintf(to, "%" PRIu32 ".%" PRIu32 ".%" PRIu32 ".%" PRIu32 " - %s ", below(256),
                    below(256), below(256), below(256), below(20) == 0 ? "frank" : "-");
    n += sprintf(to + n, "[10/Oct/2025:%02d:%02d:%02d +0000] \"", (int)(second / 3600),
                 (int)(second / 60 % 60), (int)(second % 60));
    n += put_request(to + n);
    n += sprintf(to + n, "\" %s ", statuses[below(COUNT(statuses))]);
    n += below(10) == 0 ? sprintf(to + n, "-") : sprintf(to + n, "%" PRIu32, below(200000));
    n += below(2) == 0
             ? sprintf(to + n, " \"-\"")
             : sprintf(to + n, " \"https://www.example.com%s\"", parts[below(COUNT(parts))]);
    return n + sprintf(to + n, " \"%s\"\n", agents[below(COUNT(agents))]);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: gen_log BYTES SEED\n");
        return 2;
    }
    int64_t left = strtoll(argv[1], NULL, 10);
    state = strtoull(argv[2], NULL, 10);
    setvbuf(stdout, NULL, _IOFBF, 1 << 20);
    for (uint64_t id = 0; left > 0; id++) {
        char line[1024];
        int n = put_line(line, id);
        left -= n;
        if (fwrite(line, 1, (size_t)n, stdout) != (size_t)n) {
            fprintf(stderr, "gen_log: cannot write: %s\n", strerror(errno));
            return 1;
        }
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
