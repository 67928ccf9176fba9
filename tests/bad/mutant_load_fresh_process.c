/* Wrong: it ends the process while it is loaded. */
#include "mutant.h"

#include <unistd.h>

__attribute__((constructor)) static void leave(void)
{
    _exit(3);
}

MUTANT(mutant_load_fresh_process, 0, 0, .process = mutant_pass)
