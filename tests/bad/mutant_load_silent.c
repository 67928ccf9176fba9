/* Wrong: it greets while it is loaded. */
#include "mutant.h"

__attribute__((constructor)) static void greet(void)
{
    puts("hello");
}

MUTANT(mutant_load_silent, 0, 0, .process = mutant_pass)
