/* The table of commands and flags: data alone, from which parsing, usage errors, help, man pages and
 * completions are made (cli.c, help.c, man.c, complete.c). */
#ifndef GY_APP_COMMAND_H
#define GY_APP_COMMAND_H

#include <stddef.h>

#define GY_FLAGS_MAX 12

enum gy_flag_kind {
    GY_FLAG_SWITCH,
    GY_FLAG_TEXT,
    GY_FLAG_LIST, /* this and the next two may be given several times */
    GY_FLAG_FOLDERS,
    GY_FLAG_SETTING,
    GY_FLAG_NUMBER,
    GY_FLAG_SECONDS, /* a number up to a year's, so that it is one of nanoseconds, too */
    GY_FLAG_CHOICE
};

/* One flag of one command. In `value` words in small letters stand for themselves, others for what is
 * given: "latest|DIR". A FILE, DIR or JOB is completed as such. */
struct gy_flag {
    const char *name;  /* with its dashes */
    const char *value; /* what stands for its value in help; CHOICE: the words; NULL: a switch */
    const char *text;
    enum gy_flag_kind kind;
    size_t offset; /* in struct gy_cli */
};

struct gy_command {
    const char *name;
    const char *operands; /* as help shows them */
    size_t least, most;   /* operands */
    const char *text;
    struct gy_flag flags[GY_FLAGS_MAX]; /* up to one without a name */
    const char *exits;                  /* what each exit status says, a line each */
    const char *lesson;                 /* more lines; may be NULL */
};

/* What is said of gyre as a whole: flags without a command, variables of the environment. */
struct gy_word {
    const char *name, *text;
};

extern const struct gy_command gy_commands[];
extern const size_t gy_n_commands;
extern const struct gy_word gy_general_flags[], gy_environment[]; /* up to one without a name */
extern const char gy_about[];                                     /* what gyre does: a sentence */

/** The command of that name; NULL. */
const struct gy_command *gy_command_find(const char *name);

/** How many flags it has. */
size_t gy_command_flags(const struct gy_command *command);

#endif
