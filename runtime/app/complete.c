/* See complete.h. What a flag or an operand may be follows from its placeholder: words in small letters are
 * taken as they are, JOB, FILE and DIR are completed as files and folders, PLUGIN asks gyre itself. */
#include "app/complete.h"

#include "app/command.h"

#include <string.h>

/* What a placeholder stands for. */
struct offer {
    bool files, folders, jobs, operators;
    struct gy_buf words; /* with a blank between two */
};

static bool is_small(const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (word[i] < 'a' || word[i] > 'z')
            return false;
    return n > 0;
}

static bool is_word(const char *word, size_t n, const char *wanted)
{
    return strlen(wanted) == n && memcmp(word, wanted, n) == 0;
}

static void read_placeholder(struct offer *offer, const char *text)
{
    *offer = (struct offer){0};
    for (const char *at = text; *at != '\0';) {
        size_t n = strcspn(at, "|[] ");
        if (is_small(at, n)) {
            gy_buf_text(&offer->words, offer->words.len > 0 ? " " : "");
            gy_buf_bytes(&offer->words, at, n);
        }
        offer->files |= is_word(at, n, "FILE") || is_word(at, n, "PLUGIN.so");
        offer->folders |= is_word(at, n, "DIR") || is_word(at, n, "DIR/NAME");
        offer->jobs |= is_word(at, n, "JOB") || is_word(at, n, "JOB...");
        offer->operators |= is_word(at, n, "PLUGIN.OP");
        at += n + strspn(at + n, "|[] ");
    }
}

static const char *words_of(struct offer *offer)
{
    const char *words = gy_buf_cstr(&offer->words);
    return words != NULL ? words : "";
}

/* ---- bash ---- */

static void bash_reply(struct gy_buf *b, struct offer *offer)
{
    const char *words = words_of(offer);
    if (words[0] != '\0' || offer->operators)
        gy_buf_printf(b, "COMPREPLY+=($(compgen -W \"%s%s\" -- \"$cur\")); ", words,
                      offer->operators ? "$(_gyre_operators)" : "");
    if (offer->files)
        gy_buf_text(b, "_gyre_files -f; ");
    else if (offer->folders)
        gy_buf_text(b, "_gyre_files -d; ");
    if (offer->jobs)
        gy_buf_text(b, "_gyre_files -f -X '!*.cfg'; _gyre_files -d; ");
}

/* One command: the values of its flags, its flags, its operands. */
static void bash_command(struct gy_buf *b, const struct gy_command *c)
{
    struct offer offer;
    gy_buf_printf(b, "    %s)\n        case $prev in\n", c->name);
    for (size_t i = 0; i < gy_command_flags(c); i++) {
        if (c->flags[i].value == NULL)
            continue;
        read_placeholder(&offer, c->flags[i].value);
        gy_buf_printf(b, "        %s) ", c->flags[i].name);
        bash_reply(b, &offer);
        gy_buf_text(b, "return ;;\n");
        gy_buf_fini(&offer.words);
    }
    gy_buf_text(b, "        esac\n        flags='");
    for (size_t i = 0; i < gy_command_flags(c); i++)
        gy_buf_printf(b, "%s ", c->flags[i].name);
    gy_buf_text(b, "--help'\n        case $cur in\n"
                   "        -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$cur\")) ;;\n        *) ");
    read_placeholder(&offer, c->operands);
    bash_reply(b, &offer);
    gy_buf_fini(&offer.words);
    gy_buf_text(b, ";;\n        esac\n        ;;\n");
}

void gy_complete_bash(struct gy_buf *b)
{
    gy_buf_text(b,
                "# Completes gyre's command line in bash; made by gyre from its tables.\n"
                "_gyre_operators() {\n"
                "    \"${COMP_WORDS[0]}\" list 2>/dev/null | sed 's/ .*//; s/^\\([^.]*\\)\\..*/"
                "\\1\\n&/' | sort -u\n"
                "}\n"
                "_gyre_files() {\n"
                "    local line\n"
                "    compopt -o filenames 2>/dev/null\n"
                "    while IFS= read -r line; do COMPREPLY+=(\"$line\"); done \\\n"
                "        < <(compgen \"$@\" -- \"$cur\")\n"
                "}\n"
                "_gyre() {\n"
                "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} flags\n"
                "    COMPREPLY=()\n"
                "    [ \"$cur\" != = ] || cur=\n"
                "    [ \"$prev\" != = ] || prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
                "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                "        COMPREPLY=($(compgen -W '");
    for (size_t i = 0; i < gy_n_commands; i++)
        gy_buf_printf(b, "%s ", gy_commands[i].name);
    gy_buf_text(b, "help");
    for (const struct gy_word *flag = gy_general_flags; flag->name != NULL; flag++)
        gy_buf_printf(b, " %s", flag->name);
    gy_buf_text(b, "' -- \"$cur\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < gy_n_commands; i++)
        bash_command(b, &gy_commands[i]);
    gy_buf_text(b, "    esac\n}\ncomplete -F _gyre gyre\n");
}

/* ---- zsh ---- */

/* Text of a description, within '...' and [...]. */
static void zsh_text(struct gy_buf *b, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            gy_buf_text(b, "'\\''");
        else if (strchr("[]:\\", *text) != NULL)
            gy_buf_printf(b, "\\%c", *text);
        else
            gy_buf_u8(b, (uint8_t)*text);
    }
}

/* What completes a placeholder: an action of _arguments. */
static void zsh_action(struct gy_buf *b, struct offer *offer)
{
    const char *words = words_of(offer);
    if (words[0] != '\0' && (offer->folders || offer->files))
        gy_buf_printf(b, "{compadd -- %s; _files%s}", words, offer->files ? "" : " -/");
    else if (words[0] != '\0')
        gy_buf_printf(b, "(%s)", words);
    else if (offer->operators)
        gy_buf_text(b, "_gyre_operators");
    else if (offer->jobs)
        gy_buf_text(b, "_files -g \"*.cfg(-.)\"");
    else if (offer->files || offer->folders)
        gy_buf_printf(b, "_files%s", offer->files ? "" : " -/");
}

static bool is_repeatable(const struct gy_flag *flag)
{
    return flag->kind == GY_FLAG_LIST || flag->kind == GY_FLAG_FOLDERS ||
           flag->kind == GY_FLAG_SETTING;
}

static void zsh_flag(struct gy_buf *b, const struct gy_flag *flag)
{
    struct offer offer;
    gy_buf_printf(b, "            '%s%s[", is_repeatable(flag) ? "*" : "", flag->name);
    zsh_text(b, flag->text);
    gy_buf_u8(b, ']');
    if (flag->value != NULL) {
        read_placeholder(&offer, flag->value);
        gy_buf_u8(b, ':');
        zsh_text(b, flag->value);
        gy_buf_u8(b, ':');
        zsh_action(b, &offer);
        gy_buf_fini(&offer.words);
    }
    gy_buf_text(b, "' \\\n");
}

static void zsh_command(struct gy_buf *b, const struct gy_command *c)
{
    struct offer offer;
    gy_buf_printf(b, "    %s)\n        _arguments \\\n", c->name);
    for (size_t i = 0; i < gy_command_flags(c); i++)
        zsh_flag(b, &c->flags[i]);
    gy_buf_text(b, "            '--help[show the help of the command]'");
    if (c->operands[0] != '\0') {
        read_placeholder(&offer, c->operands);
        gy_buf_text(b, " \\\n            '*:");
        zsh_text(b, c->operands);
        gy_buf_u8(b, ':');
        zsh_action(b, &offer);
        gy_buf_u8(b, '\'');
        gy_buf_fini(&offer.words);
    }
    gy_buf_text(b, "\n        ;;\n");
}

void gy_complete_zsh(struct gy_buf *b)
{
    gy_buf_text(b, "#compdef gyre\n"
                   "# Completes gyre's command line in zsh; made by gyre from its tables.\n"
                   "_gyre_operators() {\n"
                   "    compadd -- ${(f)\"$(_call_program operators gyre list 2>/dev/null |"
                   " sed 's/ .*//')\"}\n"
                   "    _files -g \"*.so(-.)\"\n"
                   "}\n"
                   "_gyre_commands() {\n    local -a commands\n    commands=(\n");
    for (size_t i = 0; i < gy_n_commands; i++) {
        gy_buf_printf(b, "        '%s:", gy_commands[i].name);
        zsh_text(b, gy_commands[i].text);
        gy_buf_text(b, "'\n");
    }
    gy_buf_text(b, "    )\n    _describe command commands\n"
                   "    compadd -- help");
    for (const struct gy_word *flag = gy_general_flags; flag->name != NULL; flag++)
        gy_buf_printf(b, " %s", flag->name);
    gy_buf_text(b, "\n}\n"
                   "if ((CURRENT == 2)); then\n    _gyre_commands\n    return\nfi\n"
                   "local command=$words[2]\nshift words\n((CURRENT--))\n"
                   "case $command in\n");
    for (size_t i = 0; i < gy_n_commands; i++)
        zsh_command(b, &gy_commands[i]);
    gy_buf_text(b, "esac\n");
}
