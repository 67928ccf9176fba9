/* See man.h. Only macros of man(7) are used, which every formatter knows. */
#include "app/man.h"

#include "app/cli.h"
#include "app/command.h"
#include "base/text.h"
#include "job/keys.h"

#include <string.h>

/* ---- text ---- */

/* `n` bytes as they are to be read: a hyphen is one, a line begins with no macro. */
static void put_bytes(struct gy_buf *b, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool begins = b->len == 0 || b->data[b->len - 1] == '\n';
        if (begins && (text[i] == '.' || text[i] == '\''))
            gy_buf_text(b, "\\&");
        if (text[i] == '\\')
            gy_buf_text(b, "\\e");
        else if (text[i] == '-')
            gy_buf_text(b, "\\-");
        else if (text[i] == '\'' || text[i] == '`')
            gy_buf_text(b, text[i] == '`' ? "\\(ga" : "\\(aq");
        else
            gy_buf_u8(b, (uint8_t)text[i]);
    }
}

static void put(struct gy_buf *b, const char *text)
{
    put_bytes(b, text, strlen(text));
}

static void put_section(struct gy_buf *b, const char *title)
{
    gy_buf_printf(b, ".SH %s\n", title);
}

/* "NAME takes", and the text under it; `name` in bold. */
static void put_entry(struct gy_buf *b, const char *name, const char *takes, const char *text)
{
    gy_buf_text(b, ".TP\n\\fB");
    put(b, name);
    gy_buf_text(b, "\\fR");
    if (takes != NULL && takes[0] != '\0') {
        gy_buf_u8(b, ' ');
        put(b, takes);
    }
    gy_buf_u8(b, '\n');
    put(b, text);
    gy_buf_u8(b, '\n');
}

/* A sentence of a text of the tables, which begin small and have no full stop. */
static void put_sentence(struct gy_buf *b, const char *text)
{
    gy_buf_u8(b, (uint8_t)gy_text_upper(text[0]));
    put(b, text + 1);
    gy_buf_text(b, ".\n");
}

static void put_head(struct gy_buf *b, const char *name, const char *section, const char *manual,
                     const char *text)
{
    gy_buf_printf(b, ".TH %s %s \"\" \"gyre " GY_VERSION "\" \"%s\"\n.SH NAME\n", name, section,
                  manual);
    put(b, name);
    gy_buf_text(b, " \\- ");
    put(b, text);
    gy_buf_u8(b, '\n');
}

/* Text in the lines that it has. */
static void put_lines(struct gy_buf *b, const char *text)
{
    gy_buf_text(b, ".nf\n");
    for (const char *end; *text != '\0'; text = *end != '\0' ? end + 1 : end) {
        end = text + strcspn(text, "\n");
        put_bytes(b, text, (size_t)(end - text));
        gy_buf_u8(b, '\n');
    }
    gy_buf_text(b, ".fi\n");
}

static void put_environment(struct gy_buf *b)
{
    put_section(b, "ENVIRONMENT");
    for (const struct gy_word *variable = gy_environment; variable->name != NULL; variable++)
        put_entry(b, variable->name, NULL, variable->text);
}

/* ---- a command ---- */

/* Lines "  STATUS  text", and lines that go on with the text. */
static void put_exits(struct gy_buf *b, const char *exits)
{
    put_section(b, "EXIT STATUS");
    for (const char *end, *line = exits; *line != '\0'; line = *end != '\0' ? end + 1 : end) {
        end = line + strcspn(line, "\n");
        const char *at = line + strspn(line, " ");
        size_t digits = strspn(at, "0123456789");
        if (digits > 0) {
            gy_buf_text(b, ".TP\n\\fB");
            put_bytes(b, at, digits);
            gy_buf_text(b, "\\fR\n");
            at += digits + strspn(at + digits, " ");
        }
        put_bytes(b, at, (size_t)(end - at));
        gy_buf_u8(b, '\n');
    }
}

static bool loads_plugins(const struct gy_command *c)
{
    bool loads = false;
    for (size_t i = 0; i < gy_command_flags(c); i++)
        loads |= strcmp(c->flags[i].name, "--plugin-path") == 0;
    return loads;
}

static void put_command(struct gy_buf *b, const struct gy_command *c)
{
    char name[64];
    snprintf(name, sizeof name, "gyre-%s", c->name);
    put_head(b, name, "1", "gyre", c->text);
    put_section(b, "SYNOPSIS");
    gy_buf_text(b, "\\fBgyre ");
    put(b, c->name);
    gy_buf_text(b, "\\fR ");
    put(b, c->operands);
    gy_buf_text(b, gy_command_flags(c) > 0 ? " [\\fIFLAG\\fR]...\n" : "\n");
    put_section(b, "DESCRIPTION");
    put_sentence(b, c->text);
    if (c->lesson != NULL) {
        gy_buf_text(b, ".PP\n");
        put_lines(b, c->lesson);
    }
    put_section(b, "OPTIONS");
    for (size_t i = 0; i < gy_command_flags(c); i++)
        put_entry(b, c->flags[i].name, c->flags[i].value, c->flags[i].text);
    put_entry(b, "--help", NULL, "shows the same in short");
    put_exits(b, c->exits);
    if (loads_plugins(c))
        put_environment(b);
    put_section(b, "SEE ALSO");
    gy_buf_text(b, "\\fBgyre\\fR(1), \\fBgyre\\-job\\fR(5)\n");
}

/* ---- gyre(1) ---- */

static void put_program(struct gy_buf *b)
{
    put_head(b, "gyre", "1", "gyre", "runs dataflows whose operators are plugins");
    put_section(b, "SYNOPSIS");
    gy_buf_text(b, "\\fBgyre\\fR \\fICOMMAND\\fR [\\fIOPERAND\\fR]... [\\fIFLAG\\fR]...\n");
    put_section(b, "DESCRIPTION");
    put(b, gy_about);
    gy_buf_text(b,
                "\nA job is a file, described in \\fBgyre\\-job\\fR(5), that says which operators "
                "there are and whose rows they take.\n"
                "Standard output is the job's alone; what gyre has to say goes to standard "
                "error.\n"
                "Guides are beside the example jobs, in \\fIshare/gyre\\fR where gyre is "
                "installed; \\fBgyre list\\fR and \\fBgyre inspect\\fR describe the operators.\n");
    put_section(b, "COMMANDS");
    for (size_t i = 0; i < gy_n_commands; i++)
        put_entry(b, gy_commands[i].name, gy_commands[i].operands, gy_commands[i].text);
    put_section(b, "OPTIONS");
    for (const struct gy_word *flag = gy_general_flags; flag->name != NULL; flag++)
        put_entry(b, flag->name, NULL, flag->text);
    put_environment(b);
    put_section(b, "SEE ALSO");
    for (size_t i = 0; i < gy_n_commands; i++)
        gy_buf_printf(b, "\\fBgyre\\-%s\\fR(1),\n", gy_commands[i].name);
    gy_buf_text(b, "\\fBgyre\\-job\\fR(5)\n");
}

/* ---- gyre-job(5) ---- */

#define ROWS(table)                                                                                \
    (const struct gy_key_row[])                                                                    \
    {                                                                                              \
        table(GY_KEY_ROW)                                                                          \
        {                                                                                          \
            NULL, NULL, NULL, NULL                                                                 \
        }                                                                                          \
    }

static void put_keys(struct gy_buf *b, const char *title, const struct gy_key_row *rows)
{
    put_section(b, title);
    for (; rows->name != NULL; rows++) {
        put_entry(b, rows->name, rows->takes, rows->text);
        if (strcmp(rows->fallback, "required") == 0)
            gy_buf_text(b, "(required)\n");
        else if (rows->fallback[0] != '\0') {
            gy_buf_text(b, "(default: ");
            put(b, rows->fallback);
            gy_buf_text(b, ")\n");
        }
    }
}

static const char example[] =
    "job = \"wordcount\";\n"
    "operators = (\n"
    "  { id = \"lines\";  op = \"file.read\";  path = \"hamlet.txt\"; },\n"
    "  { id = \"words\";  op = \"text.words\"; input = \"lines\"; },\n"
    "  { id = \"counts\"; op = \"std.sum\";    input = \"words\"; key = \"word\"; field = "
    "\"count\"; },\n"
    "  { id = \"out\";    op = \"file.write\"; input = \"counts\"; path = \"-\"; }\n"
    ");\n";

static void put_values(struct gy_buf *b)
{
    static const struct gy_word values[] = {
        {"DURATION", "a string with its unit: \"250us\" \"10ms\" \"1.5s\" \"1m\" \"2h\" \"7d\""},
        {"SIZE", "likewise: \"100B\" \"64KiB\" \"1MiB\" \"2GiB\" \"1TiB\""},
        {"N", "an integer; beyond 32 bits it needs an L: 5000000000L"},
        {"PATH, FOLDER", "relative to the job file; with --set, to the working directory"},
        {"${NAME}, ${NAME:-text}", "in a string: the environment's value; $${ stands for ${"},
        {"@include \"FILE\"", "at the start of a line: that file's settings stand here"},
    };
    put_section(b, "VALUES");
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        put_entry(b, values[i].name, NULL, values[i].text);
}

static void put_job(struct gy_buf *b)
{
    put_head(b, "gyre-job", "5", "gyre", "the job file of gyre");
    put_section(b, "DESCRIPTION");
    gy_buf_text(b,
                "One file is one job, in the syntax of libconfig: settings \\fIname = value;\\fR, "
                "lists in ( ), groups in { }, strings in \" \", comments with #, // or /* */.\n"
                "Any key that is not listed here, or in the options of an operator, is an error; "
                "\\fBgyre check\\fR names all mistakes of a file.\n");
    put_section(b, "EXAMPLE");
    put_lines(b, example);
    put_keys(b, "JOB KEYS", ROWS(GY_JOB_KEY_TABLE));
    put_keys(b, "SNAPSHOT", ROWS(GY_SNAPSHOT_KEY_TABLE));
    put_keys(b, "RESTART", ROWS(GY_RESTART_KEY_TABLE));
    put_keys(b, "LOOP", ROWS(GY_LOOP_KEY_TABLE));
    put_keys(b, "OPERATOR KEYS", ROWS(GY_OPERATOR_KEY_TABLE));
    gy_buf_text(b, ".PP\nAll others are options of the operator: \\fBgyre inspect\\fR "
                   "\\fIPLUGIN.NAME\\fR lists them.\n");
    put_keys(b, "TESTS", ROWS(GY_TEST_KEY_TABLE));
    put_values(b);
    put_section(b, "SEE ALSO");
    gy_buf_text(b, "\\fBgyre\\fR(1), \\fBgyre\\-run\\fR(1), \\fBgyre\\-check\\fR(1), "
                   "\\fBgyre\\-inspect\\fR(1)\n");
}

bool gy_man(struct gy_buf *b, const char *name)
{
    const struct gy_command *command = gy_command_find(name);
    if (name[0] == '\0')
        put_program(b);
    else if (strcmp(name, "job") == 0)
        put_job(b);
    else if (command != NULL)
        put_command(b, command);
    else
        return false;
    return true;
}
