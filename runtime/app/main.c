/* gyre: runs dataflows whose operators are plugins. */
#include "app/cli.h"

int main(int argc, char **argv)
{
    return gy_cli_main(argc, argv);
}
