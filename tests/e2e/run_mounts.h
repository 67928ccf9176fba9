/* Mounts that the test's process and what it starts see alone. */
#ifndef TESTS_RUN_MOUNTS_H
#define TESTS_RUN_MOUNTS_H

/** Gives this process mounts of its own; skips the test where that is not allowed. */
void run_own_mounts(void);

#endif
