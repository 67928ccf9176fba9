/* The command line: parsed by the table of commands (command.h), from which help is made as well.
 *
 * Flags may stand before, between and behind the operands; `--flag VALUE`, `--flag=VALUE` and `-p4`
 * are all fine; `--` ends the flags. What a command does not take is an error that names the
 * nearest thing that it does. Usage errors go to standard error and end with status 2. */
#ifndef GY_APP_CLI_H
#define GY_APP_CLI_H

#include "base/buf.h"
#include "plugin/load.h"

#include <stdio.h>

#define GY_VERSION "0.1.0"

/* Exit statuses of every command. */
enum gy_exit { GY_EXIT_OK = 0, GY_EXIT_FAILED = 1, GY_EXIT_USAGE = 2 };

/* Strings given one after the other, borrowed from argv. */
struct gy_cli_list {
    size_t n;
    const char **items;
};

/* A parsed command line. Owned by main; the strings are argv's. */
struct gy_cli {
    const char *command;             /* "run" */
    struct gy_cli_list operands;     /* as many as the command's table row says */
    struct gy_cli_list plugin_path;  /* --plugin-path DIR, existing folders */
    struct gy_cli_list set;          /* --set ID.OPTION=VALUE, with a dot and an equals sign */
    struct gy_cli_list drop_state;   /* --drop-state ID */
    struct gy_cli_list rename_state; /* --rename-state OLD=NEW */
    struct gy_cli_list only;         /* --only NAME; --only ID,... not yet split at the commas */
    const char *from;                /* --from latest|DIR, or NULL */
    const char *report;              /* --report FILE, or NULL */
    const char *kind;                /* --kind: one of the command's words, or NULL */
    const char *format;  /* --format: one of the command's words; its first if not given */
    int64_t parallelism; /* -p N from 1 on; 0: not given */
    int64_t seed;        /* --seed N; 0: not given */
    int64_t timeout;     /* --timeout N, seconds; 0: not given */
    int64_t fuzz;        /* --fuzz SECONDS; 0: not given */
    const char *config;  /* --config FILE, or NULL */
    const char *golden;  /* --golden FILE, or NULL */
    bool vary;           /* --vary */
    bool write_golden;   /* --write-golden */
    bool in_process;     /* --in-process */
    bool no_supervise;   /* --no-supervise */
};

/** Parses `argv` and runs its command; the status for main to return. */
int gy_cli_main(int argc, char **argv);

/** The plugins on the path of this command: --plugin-path, `job_paths` (a job's plugin_path, may be
 *  NULL), GYRE_PLUGIN_PATH, the folders `plugins` and `../lib/gyre/plugins` of the running gyre.
 *  Owns:    the caller, freed with gy_plugins_free
 *  Thread:  [control], as it reads the environment
 *  Errors:  NULL without memory */
struct gy_plugins *gy_cli_plugins(const struct gy_cli *cli, const char *const *job_paths, size_t n);

/** Writes what a command shows to standard output, JSON as it is and text escaped, and flushes it.
 *  Without memory for the whole of it, a message. The status as of gy_cli_end. */
int gy_cli_put(const struct gy_cli *cli, const struct gy_buf *shown, int status);

/** Flushes what a command wrote to standard output; `status`, or GY_EXIT_FAILED and a message where
 *  it could not be written. */
int gy_cli_end(int status);

#endif
