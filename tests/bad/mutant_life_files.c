/* Wrong: what open has opened is never closed. */
#include "mutant.h"

#include <fcntl.h>

static int32_t open_it(void *self, struct gyre_ctx *ctx)
{
    (void)self, (void)ctx;
    return open("/dev/null", O_RDONLY) >= 0 ? GYRE_OK : GYRE_EIO;
}

MUTANT(mutant_life_files, 0, 0, .open = open_it, .process = mutant_pass)
