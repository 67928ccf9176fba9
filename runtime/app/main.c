/* gyre: runs dataflows whose operators are plugins. */
#include "app/cli.h"
#include "app/crash.h"
#include "app/orders.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>

/* Large tables have pages of their own, zeroed by the system and given back at once, however many were freed
 * before: glibc would raise the bound with each, and then zero the next ones itself. */
static void settle_malloc(void)
{
    mallopt(M_MMAP_THRESHOLD, 2 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

int main(int argc, char **argv)
{
    settle_malloc();
    if (argc > 1 && strcmp(argv[1], "run") == 0)
        gy_orders_keep();
    /* Ignored, as some parents leave it, there would be no child to wait for. */
    signal(SIGCHLD, SIG_DFL);
    gy_crash_install();
    return gy_cli_main(argc, argv);
}
