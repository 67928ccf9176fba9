/* plugins/file/mark.h: by what a file is known again where a snapshot left it. */
#ifndef GYRE_PLUGIN_FILE_MARK_H
#define GYRE_PLUGIN_FILE_MARK_H

#include <stdint.h>

/* How many bytes a mark looks at. */
#define MARK_BYTES 64u

/* A hash of the last bytes before byte `at`, which need not be many: a file that only grows keeps
 * them, and another has others. 0: they cannot be read. */
uint64_t file_mark(int fd, uint64_t at);

#endif
