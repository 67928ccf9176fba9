/* The commands of gyre, each in a file of its name; cli.c calls them.
 *
 * A command gets a command line that fits its row of the table, and returns the exit status. */
#ifndef GY_APP_COMMANDS_H
#define GY_APP_COMMANDS_H

#include "app/cli.h"

int gy_cmd_run(const struct gy_cli *cli);
int gy_cmd_check(const struct gy_cli *cli);
int gy_cmd_plan(const struct gy_cli *cli);
int gy_cmd_list(const struct gy_cli *cli);
int gy_cmd_inspect(const struct gy_cli *cli);
int gy_cmd_new(const struct gy_cli *cli);
int gy_cmd_conform(const struct gy_cli *cli);
int gy_cmd_snapshots(const struct gy_cli *cli);
int gy_cmd_test(const struct gy_cli *cli);

#endif
