/* plugins/file/scan.h: which files the names of a `path` lead to now. */
#ifndef GYRE_PLUGIN_FILE_SCAN_H
#define GYRE_PLUGIN_FILE_SCAN_H

#include "known.h"

/* Looks `path` up. What is new is added, the oldest first; what a snapshot knew is found again under
 * whatever name, or given up with a warning. */
int32_t scan_names(struct follow *f, struct gyre_ctx *ctx);

#endif
