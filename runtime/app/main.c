/* gyre: runs dataflows whose operators are plugins. */
#include "app/cli.h"
#include "app/crash.h"
#include "app/orders.h"

#include <signal.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "run") == 0)
        gy_orders_keep();
    /* Ignored, as some parents leave it, there would be no child to wait for. */
    signal(SIGCHLD, SIG_DFL);
    gy_crash_install();
    return gy_cli_main(argc, argv);
}
