/* What stands in a folder of snapshots, as far as it can be seen: for choosing and for sentences. */
#ifndef GY_APP_FOLDER_H
#define GY_APP_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

bool gy_folder_is(const char *path);
bool gy_folder_is_same(const char *a, const char *b);

/** The greatest id in a folder; 0 for none. */
uint64_t gy_folder_newest(const char *dir);

/** True where the manifest of a snapshot can be read, and its run had not finished. */
bool gy_folder_is_unfinished(const char *dir, uint64_t id);

/** The newest snapshot above `least` that a run has not finished with; 0 for none. With `only` it has to
 *  be the newest of all that can be read. Files are not verified. */
uint64_t gy_folder_unfinished(const char *dir, uint64_t least, bool only);

#endif
