/* What the suite found of a build of a plugin, kept beside it: NAME.conform for NAME.so.
 *
 *     plugin moves 0.1.0
 *     build 5a0f...
 *     date 2026-11-29T06:47:43Z
 *     gyre 0.1.0
 *     seed 1
 *     pass 33 fail 0 crash 0 timeout 0 skip 2 warn 0
 *
 * The build is that of build_id.h: a plugin that was compiled anew from changed sources was not tested. */
#ifndef GY_CONFORM_RECORD_H
#define GY_CONFORM_RECORD_H

#include "base/moment.h"
#include "conform/check.h"
#include "plugin/build_id.h"

struct gy_conform_record {
    char plugin[128]; /* its name and version */
    char build[GY_BUILD_ID];
    char date[GY_MOMENT_MAX];
    char gyre[32];
    unsigned long long seed;
    size_t counts[GY_VERDICTS];
};

/** Writes the record of the plugin in the file `plugin`, in place of an older one.
 *  Errors:  GYRE_EIO, GYRE_ENOMEM and a sentence; the older one is there still */
int gy_conform_record_write(const char *plugin, const struct gy_conform_record *record,
                            struct gyre_error *error);

/** Reads it; false where there is none, or it is none. */
bool gy_conform_record_read(const char *plugin, struct gy_conform_record *record);

#endif
