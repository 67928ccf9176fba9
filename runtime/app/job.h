/* A job loaded for a command: check, plan, run and test begin with it. */
#ifndef GY_APP_JOB_H
#define GY_APP_JOB_H

#include "app/cli.h"
#include "job/config.h"
#include "graph/logical.h"

struct gy_loaded {
    struct gy_diags diags; /* mistakes found so far, not printed yet */
    struct gy_job *job;
    struct gy_plugins *plugins;
    struct gy_graph *graph;
};

/** Loads the job that the command line names, its plugins, its graph.
 *  Owns:    the caller, until gy_loaded_fini, also after a failure
 *  Errors:  GY_EXIT_USAGE, with every mistake printed to standard error */
int gy_load(const struct gy_cli *cli, struct gy_loaded *loaded);

/** The two halves of gy_load: the job file alone, which loads no plugin and prints nothing; then all
 *  the rest, whatever the first half found. */
void gy_load_job(const struct gy_cli *cli, struct gy_loaded *loaded);
int gy_load_plugins(const struct gy_cli *cli, struct gy_loaded *loaded);

void gy_loaded_fini(struct gy_loaded *loaded);

#endif
