/* Wrong: it closes all descriptors, and leaves a process behind. */
#include "mutant.h"

#include <unistd.h>

static int32_t tidy_up(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    if (fork() == 0) {
        pause();
        _exit(0);
    }
    for (int fd = 0; fd < 64; fd++)
        close(fd);
    return mutant_pass(self, ctx, in);
}

MUTANT(mutant_life_close_all, 0, 0, .process = tidy_up)
