/* Parsing, by the table of command.h; see cli.h. */
#include "app/cli.h"

#include "app/command.h"
#include "app/commands.h"
#include "app/complete.h"
#include "app/help.h"
#include "app/man.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/say.h"
#include "base/text.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { YEAR_S = 366 * 24 * 3600 };

/* The functions of the commands, by name. */
static const struct {
    const char *name;
    int (*run)(const struct gy_cli *cli);
} runs[] = {
    {"run", gy_cmd_run},   {"check", gy_cmd_check},     {"plan", gy_cmd_plan},
    {"list", gy_cmd_list}, {"inspect", gy_cmd_inspect}, {"snapshots", gy_cmd_snapshots},
    {"test", gy_cmd_test}, {"conform", gy_cmd_conform}, {"new", gy_cmd_new},
};

static int run(const struct gy_cli *cli)
{
    size_t i = 0;
    while (strcmp(runs[i].name, cli->command) != 0)
        assert(++i < sizeof runs / sizeof *runs);
    return runs[i].run(cli);
}

/* ---- usage errors ---- */

/* Says what is wrong and where to read on; always GY_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) static int wrong(const struct gy_command *c,
                                                       const char *format, ...)
{
    va_list args;
    gy_say(stderr, "gyre%s%s: ", c ? " " : "", c ? c->name : "");
    va_start(args, format);
    gy_say_args(stderr, format, args);
    va_end(args);
    gy_say(stderr, "; see gyre%s%s --help\n", c ? " " : "", c ? c->name : "");
    return GY_EXIT_USAGE;
}

static int unknown_flag(const struct gy_command *c, const char *given)
{
    const char *names[GY_FLAGS_MAX + 1];
    size_t n = gy_command_flags(c);
    for (size_t i = 0; i < n; i++)
        names[i] = c->flags[i].name;
    names[n++] = "--help";
    const char *near = gy_nearest(given, names, n);
    if (near)
        return wrong(c, "unknown flag %s (did you mean `%s`?)", given, near);
    return wrong(c, "unknown flag %s", given);
}

static int unknown_command(const char *given)
{
    const char *names[gy_n_commands];
    for (size_t i = 0; i < gy_n_commands; i++)
        names[i] = gy_commands[i].name;
    const char *near = gy_nearest(given, names, gy_n_commands);
    if (near)
        return wrong(NULL, "unknown command %s (did you mean `%s`?)", given, near);
    return wrong(NULL, "unknown command %s", given);
}

/* ---- values of flags ---- */

static bool is_choice(const char *words, const char *value)
{
    size_t n = strlen(value);
    for (const char *word = words; word; word = strchr(word, '|') ? strchr(word, '|') + 1 : NULL)
        if (n > 0 && strncmp(word, value, n) == 0 && (word[n] == '|' || word[n] == '\0'))
            return true;
    return false;
}

static int check_value(const struct gy_command *c, const struct gy_flag *flag, const char *value)
{
    struct stat status;
    int64_t number;
    switch (flag->kind) {
    case GY_FLAG_SECONDS:
        if (gy_number_parse_i64(value, strlen(value), &number) < 0 || number < 1 || number > YEAR_S)
            return wrong(c, "%s %s: give a whole number of seconds, from 1 to %d", flag->name,
                         value, YEAR_S);
        return GY_EXIT_OK;
    case GY_FLAG_NUMBER:
        if (gy_number_parse_i64(value, strlen(value), &number) < 0 || number < 1)
            return wrong(c, "%s %s: give a whole number from 1 on", flag->name, value);
        return GY_EXIT_OK;
    case GY_FLAG_CHOICE:
        if (!is_choice(flag->value, value))
            return wrong(c, "%s %s: give one of %s", flag->name, value, flag->value);
        return GY_EXIT_OK;
    case GY_FLAG_FOLDERS:
        if (stat(value, &status) < 0 || !S_ISDIR(status.st_mode))
            return wrong(c, "%s %s: there is no such folder", flag->name, value);
        return GY_EXIT_OK;
    case GY_FLAG_SETTING: {
        const char *equals = strchr(value, '='), *dot = strchr(value, '.');
        if (!equals || !dot || dot == value || dot + 1 >= equals)
            return wrong(c, "%s %s: write it as ID.OPTION=VALUE", flag->name, value);
        return GY_EXIT_OK;
    }
    default:
        if (!*value)
            return wrong(c, "%s: the value is empty", flag->name);
        return GY_EXIT_OK;
    }
}

/* Stores a value that was checked; every list has room for all of argv. */
static void store(struct gy_cli *cli, const struct gy_flag *flag, const char *value)
{
    void *at = (char *)cli + flag->offset;
    switch (flag->kind) {
    case GY_FLAG_SWITCH: *(bool *)at = true; break;
    case GY_FLAG_SECONDS:
    case GY_FLAG_NUMBER: gy_number_parse_i64(value, strlen(value), at); break;
    case GY_FLAG_TEXT:
    case GY_FLAG_CHOICE: *(const char **)at = value; break;
    case GY_FLAG_LIST:
    case GY_FLAG_FOLDERS:
    case GY_FLAG_SETTING: {
        struct gy_cli_list *list = at;
        list->items[list->n++] = value;
        break;
    }
    }
}

/* The flag that `arg` gives; `value` is what follows `=` or the letter, NULL where nothing does. */
static const struct gy_flag *find_flag(const struct gy_command *c, const char *arg,
                                       const char **value)
{
    for (size_t i = 0; i < gy_command_flags(c); i++) {
        const struct gy_flag *flag = &c->flags[i];
        size_t n = strlen(flag->name);
        if (strncmp(arg, flag->name, n) != 0)
            continue;
        bool is_letter = n == 2;
        if (arg[n] == '\0' || arg[n] == '=' || is_letter) {
            *value = arg[n] == '\0' ? NULL : arg + n + (arg[n] == '=');
            return flag;
        }
    }
    return NULL;
}

/* ---- the command line ---- */

static int parse_flag(const struct gy_command *c, struct gy_cli *cli, char **argv, int argc, int *i)
{
    const char *value = NULL;
    const char *given = argv[*i];
    const struct gy_flag *flag = find_flag(c, given, &value);
    if (!flag)
        return unknown_flag(c, given);
    if (flag->kind == GY_FLAG_SWITCH) {
        if (value)
            return wrong(c, "%s takes no value", flag->name);
    } else {
        if (!value && *i + 1 >= argc)
            return wrong(c, "%s needs a value: %s", flag->name, flag->value);
        if (!value)
            value = argv[++*i];
        int status = check_value(c, flag, value);
        if (status != GY_EXIT_OK)
            return status;
    }
    store(cli, flag, value);
    return GY_EXIT_OK;
}

static int check_operands(const struct gy_command *c, const struct gy_cli *cli)
{
    size_t n = cli->operands.n;
    if (n < c->least)
        return wrong(c, "needs %s", c->operands);
    if (n > c->most && c->most == 0)
        return wrong(c, "takes no operand, and got %s", cli->operands.items[0]);
    if (n > c->most)
        return wrong(c, "takes %s, and got %s as well", c->operands, cli->operands.items[c->most]);
    return GY_EXIT_OK;
}

static int run_command(const struct gy_command *c, struct gy_cli *cli, char **argv, int argc)
{
    bool flags_ended = false;
    for (int i = 2; i < argc; i++) {
        const char *arg = argv[i];
        int status = GY_EXIT_OK;
        if (flags_ended || arg[0] != '-' || arg[1] == '\0') {
            cli->operands.items[cli->operands.n++] = arg;
        } else if (strcmp(arg, "--") == 0) {
            flags_ended = true;
        } else if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            gy_help_command(c);
            return gy_cli_end(GY_EXIT_OK);
        } else {
            status = parse_flag(c, cli, argv, argc, &i);
        }
        if (status != GY_EXIT_OK)
            return status;
    }
    int status = check_operands(c, cli);
    return status == GY_EXIT_OK ? run(cli) : status;
}

/* Gives every list room for all of argv: nothing can be given more often. -1 without memory. */
static int make_lists(struct gy_cli *cli, int argc)
{
    struct gy_cli_list *lists[] = {&cli->operands,   &cli->plugin_path,  &cli->set,
                                   &cli->drop_state, &cli->rename_state, &cli->only};
    const size_t n = sizeof lists / sizeof *lists;
    const char **items = gy_calloc(n * (size_t)argc, sizeof *items);
    for (size_t i = 0; items && i < n; i++)
        lists[i]->items = items + i * (size_t)argc;
    return items ? 0 : -1;
}

/* gyre help --man [COMMAND|job], gyre help --completion bash|zsh: what `make install` puts where others
 * look for it. Not listed in any help. */
static int help_made(const char *what, const char *name)
{
    const struct gy_cli cli = {.command = "help", .format = "text"};
    struct gy_buf b = {0};
    bool found = true;
    if (strcmp(what, "--man") == 0)
        found = gy_man(&b, name);
    else if (strcmp(name, "bash") == 0)
        gy_complete_bash(&b);
    else if (strcmp(name, "zsh") == 0)
        gy_complete_zsh(&b);
    else
        found = false;
    int status = found ? gy_cli_put(&cli, &b, GY_EXIT_OK)
                       : wrong(NULL, "help %s: there is none for %s", what, name);
    gy_buf_fini(&b);
    return status;
}

/* gyre help [COMMAND] */
static int help(const char *name)
{
    const struct gy_command *c = name ? gy_command_find(name) : NULL;
    if (name && !c)
        return unknown_command(name);
    if (c)
        gy_help_command(c);
    else
        gy_help(stdout);
    return gy_cli_end(GY_EXIT_OK);
}

/* A flag where a command should be. */
static int no_command(const char *given)
{
    static const char *const names[] = {"--help", "--version"};
    const char *near = gy_nearest(given, names, 2);
    if (near)
        return wrong(NULL, "unknown flag %s (did you mean `%s`?)", given, near);
    return wrong(NULL, "unknown flag %s: the command comes first", given);
}

int gy_cli_main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(NULL);
    if (strcmp(name, "help") == 0 && argc > 2 &&
        (strcmp(argv[2], "--man") == 0 || strcmp(argv[2], "--completion") == 0))
        return help_made(argv[2], argc > 3 ? argv[3] : "");
    if (strcmp(name, "help") == 0)
        return help(argc > 2 ? argv[2] : NULL);
    if (strcmp(name, "--version") == 0) {
        gy_say(stdout, "gyre " GY_VERSION " (plugin ABI %u.%u)\n", GYRE_ABI_MAJOR, GYRE_ABI_MINOR);
        return gy_cli_end(GY_EXIT_OK);
    }
    if (argc < 2) {
        gy_help(stderr);
        return GY_EXIT_USAGE;
    }
    if (name[0] == '-')
        return no_command(name);
    const struct gy_command *c = gy_command_find(name);
    struct gy_cli cli = {.command = name, .format = "text"};
    if (!c)
        return unknown_command(name);
    if (make_lists(&cli, argc) < 0)
        return wrong(NULL, "out of memory");
    int status = run_command(c, &cli, argv, argc);
    gy_free(cli.operands.items);
    return status;
}
