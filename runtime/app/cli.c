/* The tables of commands and flags, and everything that is made of them; see cli.h. */
#include "app/cli.h"

#include "app/commands.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/say.h"
#include "base/text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAGS_MAX   8
#define HELP_COLUMN 37

enum kind { SWITCH, TEXT, LIST, NUMBER, CHOICE, FOLDERS, SETTING };

/* One flag of one command. */
struct flag {
    const char *name;  /* with its dashes */
    const char *value; /* what stands for its value in help; CHOICE: the words; NULL: a switch */
    const char *text;
    enum kind kind;
    size_t offset; /* in struct gy_cli */
};

struct command {
    const char *name;
    const char *operands; /* as help shows them */
    size_t least, most;   /* operands */
    const char *text;
    int (*run)(const struct gy_cli *cli);
    struct flag flags[FLAGS_MAX]; /* up to one without a name */
    const char *exits;            /* what each exit status says, a line each; NULL: not yet */
};

static int not_yet(const struct gy_cli *cli);

/* clang-format off */
#define AT(member) offsetof(struct gy_cli, member)
#define PLUGIN_PATH {"--plugin-path", "DIR", "look for plugins in DIR first (repeatable)", FOLDERS, AT(plugin_path)}
#define SET {"--set", "ID.OPTION=VALUE", "set an option of an operator, or job.KEY (repeatable)", SETTING, AT(set)}
#define IS_WRONG "  2    the job file, a plugin or the command line is wrong; nothing was started\n"
#define FORMAT(words) {"--format", words, "how it is put out; the first is the default", CHOICE, AT(format)}

static const struct command commands[] = {
    {"run", "JOB", 1, 1, "run a job until its sources end or it is stopped", gy_cmd_run,
     {SET,
      {"-p", "N", "run with this parallelism", NUMBER, AT(parallelism)},
      {"--from", "latest|DIR", "start from a snapshot: the newest, or that in DIR", TEXT, AT(from)},
      {"--drop-state", "ID", "forget a snapshot's state of an operator (repeatable)", LIST, AT(drop_state)},
      {"--report", "FILE", "write one JSON object about the run at its end", TEXT, AT(report)},
      {"--no-supervise", NULL, "run in one process, without restarts", SWITCH, AT(no_supervise)},
      PLUGIN_PATH},
     "  0    finished, or stopped cleanly (Ctrl-C once)\n"
     "  1    failed while running\n" IS_WRONG
     "  130  ended at once by a second signal (Ctrl-C twice)\n"},
    {"check", "JOB", 1, 1, "load, bind and type-check a job, and start nothing", gy_cmd_check,
     {SET,
      {"-p", "N", "check with this parallelism", NUMBER, AT(parallelism)},
      PLUGIN_PATH},
     "  0    nothing is wrong\n" IS_WRONG},
    {"plan", "JOB", 1, 1, "show the logical and the physical graph of a job", gy_cmd_plan,
     {FORMAT("text|dot|json"),
      SET,
      {"-p", "N", "plan with this parallelism", NUMBER, AT(parallelism)},
      PLUGIN_PATH},
     "  0    shown\n" IS_WRONG},
    {"list", "", 0, 0, "list the operators and functions of every plugin on the path", gy_cmd_list,
     {FORMAT("text|json|markdown"), PLUGIN_PATH},
     "  0    listed; plugins that cannot be loaded are named on standard error\n"},
    {"inspect", "PLUGIN.so|PLUGIN|PLUGIN.OP", 1, 1, "describe a plugin or one of its operators",
     gy_cmd_inspect, {FORMAT("text|json|markdown"), PLUGIN_PATH},
     "  0    described\n"
     "  2    there is no such plugin or operator, or it cannot be loaded\n"},
    {"new", "DIR/NAME", 1, 1, "make a plugin project that builds and passes its tests", not_yet, {{0}}, NULL},
    {"test", "JOB...", 1, SIZE_MAX, "run the tests written in job files", not_yet, {PLUGIN_PATH}, NULL},
    {"conform", "PLUGIN.so", 1, 1, "run the conformance suite on a plugin", not_yet,
     {{"--only", "ID,...", "run only these checks", LIST, AT(only)},
      {"--seed", "N", "seed of the random inputs", NUMBER, AT(seed)},
      FORMAT("text|json|junit"),
      PLUGIN_PATH}, NULL},
    {"snapshots", "DIR [verify|show ID]", 1, 3, "list, verify or describe the snapshots of a folder",
     gy_cmd_snapshots, {FORMAT("text|json")},
     "  0    shown, and intact as far as was looked\n"
     "  1    a snapshot is damaged, or cannot be read\n"
     "  2    there is no such folder or snapshot, or the command line is wrong\n"},
};
/* clang-format on */

/* What the help of a command says beyond its row. */
static const struct {
    const char *command, *text;
} lessons[] = {
    /* clang-format off */
    {"snapshots",
     "  DIR              a line for each: id, time, job, operators, tasks, size; `finished` where the\n"
     "                   job had come to its end; `damaged:` and why, by a look at manifest and sizes\n"
     "  DIR verify       reads every byte of all; exit 1 where one is damaged\n"
     "  DIR verify ID    of one\n"
     "  DIR show ID      its operators, states and tasks\n"},
    /* clang-format on */
};

#define N_COMMANDS (sizeof commands / sizeof *commands)

static int not_yet(const struct gy_cli *cli)
{
    gy_say(stderr, "gyre %s: not yet in gyre " GY_VERSION "\n", cli->command);
    return GY_EXIT_USAGE;
}

/* ---- help ---- */

static size_t count_flags(const struct command *c)
{
    size_t n = 0;
    while (n < FLAGS_MAX && c->flags[n].name)
        n++;
    return n;
}

static void print_row(FILE *to, const char *left, const char *more, const char *text)
{
    int width = HELP_COLUMN - 2 - (int)strlen(left);
    gy_say(to, "  %s %-*s %s\n", left, width > 1 ? width - 1 : 0, more, text);
}

static void print_usage(FILE *to, const struct command *c)
{
    size_t n = count_flags(c);
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

static void print_command_help(const struct command *c)
{
    print_usage(stdout, c);
    gy_say(stdout, "\n%c%s.%s\n", gy_text_upper(*c->text), c->text + 1,
           c->exits ? "" : " Not yet: this version refuses it.");
    for (size_t i = 0; i < sizeof lessons / sizeof *lessons; i++)
        if (strcmp(lessons[i].command, c->name) == 0)
            print_section(stdout, "", lessons[i].text);
    gy_say(stdout, "\nFlags:\n");
    for (size_t i = 0; i < count_flags(c); i++)
        print_row(stdout, c->flags[i].name, c->flags[i].value ? c->flags[i].value : "",
                  c->flags[i].text);
    print_row(stdout, "--help", "", "this text");
    if (c->exits)
        print_section(stdout, "Exit status:\n", c->exits);
}

static void print_help(FILE *to)
{
    gy_say(to, "usage: gyre COMMAND [OPERAND]... [FLAG]...\n\n"
               "Runs dataflows whose operators are plugins.\n\nCommands:\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (commands[i].exits)
            print_row(to, commands[i].name, commands[i].operands, commands[i].text);
    gy_say(to, "\nNot yet there:\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (!commands[i].exits)
            print_row(to, commands[i].name, commands[i].operands, commands[i].text);
    gy_say(to, "\nFlags:\n");
    print_row(to, "--help", "", "this text; gyre COMMAND --help for a command's flags");
    print_row(to, "--version", "", "the version of gyre and of its plugin ABI");
    gy_say(to, "\nEnvironment:\n");
    print_row(to, "GYRE_PLUGIN_PATH", "", "more folders with plugins, a colon between two");
}

/* ---- usage errors ---- */

/* Says what is wrong and where to read on; always GY_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) static int wrong(const struct command *c, const char *format,
                                                       ...)
{
    va_list args;
    gy_say(stderr, "gyre%s%s: ", c ? " " : "", c ? c->name : "");
    va_start(args, format);
    gy_say_args(stderr, format, args);
    va_end(args);
    gy_say(stderr, "; see gyre%s%s --help\n", c ? " " : "", c ? c->name : "");
    return GY_EXIT_USAGE;
}

static int unknown_flag(const struct command *c, const char *given)
{
    const char *names[FLAGS_MAX + 1];
    size_t n = count_flags(c);
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
    const char *names[N_COMMANDS];
    for (size_t i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i].name;
    const char *near = gy_nearest(given, names, N_COMMANDS);
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

static int check_value(const struct command *c, const struct flag *flag, const char *value)
{
    struct stat status;
    int64_t number;
    switch (flag->kind) {
    case NUMBER:
        if (gy_number_parse_i64(value, strlen(value), &number) < 0 || number < 1)
            return wrong(c, "%s %s: give a whole number from 1 on", flag->name, value);
        return GY_EXIT_OK;
    case CHOICE:
        if (!is_choice(flag->value, value))
            return wrong(c, "%s %s: give one of %s", flag->name, value, flag->value);
        return GY_EXIT_OK;
    case FOLDERS:
        if (stat(value, &status) < 0 || !S_ISDIR(status.st_mode))
            return wrong(c, "%s %s: there is no such folder", flag->name, value);
        return GY_EXIT_OK;
    case SETTING: {
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
static void store(struct gy_cli *cli, const struct flag *flag, const char *value)
{
    void *at = (char *)cli + flag->offset;
    switch (flag->kind) {
    case SWITCH: *(bool *)at = true; break;
    case NUMBER: gy_number_parse_i64(value, strlen(value), at); break;
    case TEXT:
    case CHOICE: *(const char **)at = value; break;
    case LIST:
    case FOLDERS:
    case SETTING: {
        struct gy_cli_list *list = at;
        list->items[list->n++] = value;
        break;
    }
    }
}

/* The flag that `arg` gives; `value` is what follows `=` or the letter, NULL where nothing does. */
static const struct flag *find_flag(const struct command *c, const char *arg, const char **value)
{
    for (size_t i = 0; i < count_flags(c); i++) {
        const struct flag *flag = &c->flags[i];
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

static int parse_flag(const struct command *c, struct gy_cli *cli, char **argv, int argc, int *i)
{
    const char *value = NULL;
    const char *given = argv[*i];
    const struct flag *flag = find_flag(c, given, &value);
    if (!flag)
        return unknown_flag(c, given);
    if (flag->kind == SWITCH) {
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

static int check_operands(const struct command *c, const struct gy_cli *cli)
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

static int run_command(const struct command *c, struct gy_cli *cli, char **argv, int argc)
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
            print_command_help(c);
            return gy_cli_end(GY_EXIT_OK);
        } else {
            status = parse_flag(c, cli, argv, argc, &i);
        }
        if (status != GY_EXIT_OK)
            return status;
    }
    int status = check_operands(c, cli);
    return status == GY_EXIT_OK ? c->run(cli) : status;
}

/* Gives every list room for all of argv: nothing can be given more often. -1 without memory. */
static int make_lists(struct gy_cli *cli, int argc)
{
    struct gy_cli_list *lists[] = {&cli->operands, &cli->plugin_path, &cli->set, &cli->drop_state,
                                   &cli->only};
    const size_t n = sizeof lists / sizeof *lists;
    const char **items = gy_calloc(n * (size_t)argc, sizeof *items);
    for (size_t i = 0; items && i < n; i++)
        lists[i]->items = items + i * (size_t)argc;
    return items ? 0 : -1;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* gyre help [COMMAND] */
static int help(const char *name)
{
    const struct command *c = name ? find_command(name) : NULL;
    if (name && !c)
        return unknown_command(name);
    if (c)
        print_command_help(c);
    else
        print_help(stdout);
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
    if (strcmp(name, "help") == 0)
        return help(argc > 2 ? argv[2] : NULL);
    if (strcmp(name, "--version") == 0) {
        gy_say(stdout, "gyre " GY_VERSION " (plugin ABI %u.%u)\n", GYRE_ABI_MAJOR, GYRE_ABI_MINOR);
        return gy_cli_end(GY_EXIT_OK);
    }
    if (argc < 2) {
        print_help(stderr);
        return GY_EXIT_USAGE;
    }
    if (name[0] == '-')
        return no_command(name);
    const struct command *c = find_command(name);
    struct gy_cli cli = {.command = name, .format = "text"};
    if (!c)
        return unknown_command(name);
    if (make_lists(&cli, argc) < 0)
        return wrong(NULL, "out of memory");
    int status = run_command(c, &cli, argv, argc);
    gy_free(cli.operands.items);
    return status;
}
