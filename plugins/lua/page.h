/* plugins/lua/page.h: memory for the strings that an expression makes for one row. */
#ifndef GYRE_PLUGIN_LUA_PAGE_H
#define GYRE_PLUGIN_LUA_PAGE_H

#include "run.h"

/** `n` bytes that last until the next row. Where a page is used up another, twice as large, follows; the next
 *  row begins with the largest, and the others go.
 *  Errors: NULL where n is beyond CALLS_STR_MAX, or without memory */
char *page_take(struct run *run, size_t n);

/** Frees all of it. */
void page_free(struct run *run);

#endif
