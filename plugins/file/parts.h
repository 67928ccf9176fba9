/* plugins/file/parts.h: the part files of a folder.
 *
 *   .part-T-N   written by task T, its N-th; not to be seen
 *   part-T-N    the same, committed: renamed
 *
 * Behind that stands what the name of a compressed file ends in.
 *
 * Each task's numbers only grow, over restarts too, so a name is never used twice; what bears a number
 * that the restored snapshot has not come to is removed before. A task cleans what belongs to it: the
 * files of tasks T with T mod tasks == its own number, so that none meets another's. */
#ifndef GYRE_PLUGIN_FILE_PARTS_H
#define GYRE_PLUGIN_FILE_PARTS_H

#include "codec.h"

#define PART_PATH_MAX 4352
#define PART_NAME_MAX 64u

struct part {
    uint32_t task;
    int32_t codec;
    uint64_t number;
};

/* Writes the path of a part in `folder` (which ends in '/'); returns it. */
const char *part_path(char path[PART_PATH_MAX], const char *folder, struct part part, int is_seen);

/* Makes the folder where there is none; then *is_new is 1. */
int32_t parts_make_folder(struct gyre_ctx *ctx, const char *folder, int *is_new);
/* Makes a folder of the base `from`, which is its first bytes, with those that it is in; 0 or errno. */
int parts_make_folders(const char *folder, size_t from);
/* Removes it, and those that it is in up to the base, as far as they are empty. */
void parts_remove_folders(const char *folder, size_t from);
/* Brings the names in the folder to the disk; then those of the folders from it up to the base `from`. */
int32_t parts_sync(struct gyre_ctx *ctx, const char *folder, size_t from);
/* Brings the folder's own name to the disk. */
int32_t parts_sync_name(struct gyre_ctx *ctx, const char *folder);
/* A run that does not restore: removes all parts of this task; their number, or a code. */
int32_t parts_remove(struct gyre_ctx *ctx, const char *folder);
/* A run that restores: removes this task's parts, seen or not, from the number in `next` on; those of
 * tasks that are not in `next` all. Files that only begin like a part stay. */
int32_t parts_remove_beyond(struct gyre_ctx *ctx, const char *folder, const struct part *next,
                            uint32_t n);

/* One that goes on, and was shown after the snapshot, is hidden again. */
int32_t part_hide(struct gyre_ctx *ctx, const char *folder, struct part part);
/* Renames; the folder's names have to be brought to the disk. Both may be called again after they have succeeded. With `must` a part that is not there is an
 * error; else whoever reads them is thought to have taken it away. */
int32_t part_show(struct gyre_ctx *ctx, const char *folder, struct part part, int must);
int32_t part_drop(struct gyre_ctx *ctx, const char *folder, struct part part);

#endif
