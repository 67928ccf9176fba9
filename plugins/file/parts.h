/* plugins/file/parts.h: the part files of a folder.
 *
 *   .part-T-N   written by task T, its N-th; not to be seen
 *   part-T-N    the same, committed: renamed
 *
 * Each task's numbers only grow, over restarts too, so a name is never used twice; what bears a number
 * that the restored snapshot has not come to is removed before. A task cleans what belongs to it: the
 * files of tasks T with T mod tasks == its own number, so that none meets another's. */
#ifndef GYRE_PLUGIN_FILE_PARTS_H
#define GYRE_PLUGIN_FILE_PARTS_H

#include <gyre/gyre.h>

#define PART_PATH_MAX 4352

struct part {
    uint32_t task;
    uint64_t number;
};

/* Writes the path of a part in `folder` (which ends in '/'); returns it. */
const char *part_path(char path[PART_PATH_MAX], const char *folder, struct part part, int is_seen);

/* Makes the folder where there is none; then *is_new is 1. */
int32_t parts_make_folder(struct gyre_ctx *ctx, const char *folder, int *is_new);
/* Brings the folder's names to the disk, and with `is_new` its own name. */
int32_t parts_sync(struct gyre_ctx *ctx, const char *folder, int is_new);
/* A run that does not restore: removes all parts of this task. */
int32_t parts_remove(struct gyre_ctx *ctx, const char *folder);
/* A run that restores: removes this task's parts, seen or not, from the number in `next` on; those of
 * tasks that are not in `next` all. Files that only begin like a part stay. */
int32_t parts_remove_beyond(struct gyre_ctx *ctx, const char *folder, const struct part *next,
                            uint32_t n);

/* Both may be called again after they have succeeded. With `must` a part that is not there is an
 * error; else whoever reads them is thought to have taken it away. */
int32_t part_show(struct gyre_ctx *ctx, const char *folder, struct part part, int must);
int32_t part_drop(struct gyre_ctx *ctx, const char *folder, struct part part);

#endif
