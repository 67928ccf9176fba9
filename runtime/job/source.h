/* The files of a job: their text, and paths as they are written in one. */
#ifndef GY_JOB_SOURCE_H
#define GY_JOB_SOURCE_H

#include "job/setting.h"

#include <stddef.h>

/* A job file, and all that it includes, has no more. */
#define GY_SETTING_BYTES (16u << 20)

/** The whole of a file, 0-terminated; NULL, with errno: EFBIG for more than GY_SETTING_BYTES.
 *  Owns:    the caller, by gy_free */
char *gy_setting_load(const char *path, size_t *size);

/** The folder of a path: "" where it names none, "/" for the root. */
const char *gy_path_dir(const struct gy_scope *scope, const char *path);

/** `path` seen from `dir`; absolute paths as they are. */
const char *gy_path_in(const struct gy_scope *scope, const char *dir, const char *path);

#endif
