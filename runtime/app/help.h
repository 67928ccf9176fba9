/* Help, as text on a terminal, made of the table of commands. */
#ifndef GY_APP_HELP_H
#define GY_APP_HELP_H

#include "app/command.h"

#include <stdio.h>

/** Prints the help of gyre as a whole, and to standard output that of a command. */
void gy_help(FILE *to);
void gy_help_command(const struct gy_command *command);

#endif
