/* gyre: runs dataflows whose operators are plugins. */
#include "app/cli.h"
#include "app/crash.h"

int main(int argc, char **argv)
{
    gy_crash_install();
    return gy_cli_main(argc, argv);
}
