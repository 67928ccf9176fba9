/* A plugin is tried in a child process before it is loaded: its constructors are code that runs before
 * anything of it can be checked, and `gyre list` loads plugins that nobody asked for. */
#ifndef GY_PLUGIN_TRIAL_H
#define GY_PLUGIN_TRIAL_H

#include <gyre/error.h>

/** Calls `load` in a child process; what it leaves there is gone when this returns.
 *  Thread:  [control], no other thread of the runtime runs
 *  Errors:  0 where `load` came back, whatever it said; a code and a sentence about `path` where it
 *           crashed, ended the process or did not come back in time */
int gy_plugin_trial(const char *path, void (*load)(void *host), void *host,
                    struct gyre_error *error);

#endif
