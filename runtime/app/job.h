/* A job loaded for a command: check, plan, run and test begin with it. */
#ifndef GY_APP_JOB_H
#define GY_APP_JOB_H

#include "app/cli.h"
#include "plan/config.h"
#include "plan/logical.h"

struct gy_loaded {
    struct gy_job *job;
    struct gy_plugins *plugins;
    struct gy_graph *graph;
};

/** Loads the job that the command line names, its plugins, its graph.
 *  Owns:    the caller, until gy_loaded_fini, also after a failure
 *  Errors:  GY_EXIT_USAGE, with every mistake printed to standard error */
int gy_load(const struct gy_cli *cli, struct gy_loaded *loaded);
void gy_loaded_fini(struct gy_loaded *loaded);

#endif
