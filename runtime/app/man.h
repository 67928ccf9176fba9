/* The pages of man(1), made of the tables: gyre(1), one for each command, gyre-job(5). */
#ifndef GY_APP_MAN_H
#define GY_APP_MAN_H

#include "base/buf.h"

/** Appends the page `name`: "" for gyre(1), "job" for gyre-job(5), a command; in man's macros.
 *  Errors:  false where there is no such page; those of `b` */
bool gy_man(struct gy_buf *b, const char *name);

#endif
