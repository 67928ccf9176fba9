/* See help.h. */
#include "app/help.h"

#include "base/say.h"
#include "base/text.h"

#include <string.h>

#define HELP_COLUMN 37

static void print_row(FILE *to, const char *left, const char *more, const char *text)
{
    int width = HELP_COLUMN - 2 - (int)strlen(left);
    gy_say(to, "  %s %-*s %s\n", left, width > 1 ? width - 1 : 0, more, text);
}

static void print_usage(FILE *to, const struct gy_command *c)
{
    size_t n = gy_command_flags(c);
    gy_say(to, "usage: gyre %s%s%s%s\n", c->name, *c->operands ? " " : "", c->operands,
           n > 0 ? " [FLAG]..." : "");
}

/* Texts of several lines, from the tables. */
static void print_section(FILE *to, const char *title, const char *text)
{
    gy_say(to, "\n");
    gy_say_lines(to, title, strlen(title));
    gy_say_lines(to, text, strlen(text));
}

void gy_help_command(const struct gy_command *c)
{
    print_usage(stdout, c);
    gy_say(stdout, "\n%c%s.\n", gy_text_upper(*c->text), c->text + 1);
    if (c->lesson)
        print_section(stdout, "", c->lesson);
    gy_say(stdout, "\nFlags:\n");
    for (size_t i = 0; i < gy_command_flags(c); i++)
        print_row(stdout, c->flags[i].name, c->flags[i].value ? c->flags[i].value : "",
                  c->flags[i].text);
    print_row(stdout, "--help", "", "this text");
    print_section(stdout, "Exit status:\n", c->exits);
}

void gy_help(FILE *to)
{
    gy_say(to, "usage: gyre COMMAND [OPERAND]... [FLAG]...\n\n%s\n\nCommands:\n", gy_about);
    for (size_t i = 0; i < gy_n_commands; i++)
        print_row(to, gy_commands[i].name, gy_commands[i].operands, gy_commands[i].text);
    gy_say(to, "\nFlags:\n");
    for (const struct gy_word *flag = gy_general_flags; flag->name; flag++)
        print_row(to, flag->name, "", flag->text);
    gy_say(to, "\nEnvironment:\n");
    for (const struct gy_word *variable = gy_environment; variable->name; variable++)
        print_row(to, variable->name, "", variable->text);
}
