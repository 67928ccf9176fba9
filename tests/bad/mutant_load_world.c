/* Wrong: it changes the umask while it is loaded. */
#include "mutant.h"

#include <sys/stat.h>

__attribute__((constructor)) static void change(void)
{
    umask(0);
}

MUTANT(mutant_load_world, 0, 0, .process = mutant_pass)
