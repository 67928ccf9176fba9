/* Wrong: a helper is seen from outside. */
#include "mutant.h"

__attribute__((visibility("default"))) int helper_that_others_may_call(void);

int helper_that_others_may_call(void)
{
    return 1;
}

MUTANT(mutant_abi_exports, 0, 0, .process = mutant_pass)
