/* What writing and reading a manifest have in common; see snapshot.h for what a manifest is. */
#ifndef GY_STATE_MANIFEST_H
#define GY_STATE_MANIFEST_H

#include "state/snapshot.h"

#define GY_MANIFEST_FORMAT 1
#define GY_MANIFEST_NAME   "manifest.cfg"
#define GY_MANIFEST_MAX    ((size_t)256 << 20) /* bytes; hundreds for each task */
#define GY_CHECKSUM_LINE   33u                 /* bytes of the last line, with its line end */
#define GY_TIME_TEXT       40u                 /* bytes for a time as people read it */

/** "value", "list", "map"; NULL for another kind. */
const char *gy_manifest_kind(uint32_t kind);

/** Writes a time as "2026-11-22T20:44:37.123456Z"; false beyond the years 1 to 9999. */
bool gy_manifest_time(char out[GY_TIME_TEXT], int64_t time_us);

/** Writes the line that ends a manifest whose first n bytes are `text`, and gives its checksum. */
uint64_t gy_manifest_checksum_line(const void *text, size_t n, char out[GY_CHECKSUM_LINE + 1]);

#endif
