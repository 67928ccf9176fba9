/* Which build of a plugin a file is. */
#ifndef GY_PLUGIN_BUILD_ID_H
#define GY_PLUGIN_BUILD_ID_H

#include <gyre/error.h>

/* Bytes of a build as text: at most 32 bytes in hexadecimal, and a zero byte. */
enum { GY_BUILD_ID = 65 };

/** The build ID that the linker has put into an ELF file (the note NT_GNU_BUILD_ID), or where it has
 *  none, the XXH3-64 of the file; in hexadecimal.
 *  Thread:  [control]
 *  Errors:  GYRE_EIO, GYRE_ENOMEM and a sentence that begins with the path */
int gy_build_id(const char *path, char id[GY_BUILD_ID], struct gyre_error *error);

#endif
