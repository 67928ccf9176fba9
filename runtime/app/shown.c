/* What a command shows on standard output, to its end; see cli.h. */
#include "app/cli.h"

#include "base/say.h"

#include <errno.h>
#include <string.h>

int gy_cli_end(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    gy_say(stderr, "gyre: standard output cannot be written: %s\n", strerror(errno));
    return GY_EXIT_FAILED;
}

int gy_cli_put(const struct gy_cli *cli, const struct gy_buf *shown, int status)
{
    if (shown->failed) {
        gy_say(stderr, "gyre %s: out of memory\n", cli->command);
        return GY_EXIT_FAILED;
    }
    if (strcmp(cli->format, "json") == 0)
        gy_say_data(stdout, shown->data, shown->len);
    else
        gy_say_lines(stdout, (const char *)shown->data, shown->len);
    return gy_cli_end(status);
}
