/* test.h: what the unit tests of a plugin share.
 *
 * A test is a function that returns 1 where all is well. The kit works with any framework; this one is a page, so
 * that the project needs nothing but gyre. */
#ifndef TEST_H
#define TEST_H

#include <gyre/testkit.h>
#include <stdio.h>

struct test {
    const char *name;
    int (*run)(void);
};

/* How a test ends. A call of the kit that failed has left its sentence there, and so did the setup. */
static inline int test_end(struct gyre_kit *kit, int ok)
{
    const char *error = kit != NULL ? gyre_kit_error(kit) : "out of memory";
    if (error[0] != 0)
        fprintf(stderr, "%s\n", error);
    ok = ok && error[0] == 0;
    gyre_kit_free(kit);
    return ok;
}

/* Runs them all; what main returns. */
static inline int test_run(const struct test *tests, size_t n)
{
    size_t failed = 0;
    for (size_t i = 0; i < n; i++) {
        int ok = tests[i].run();
        printf("%s  %s\n", ok ? "pass" : "FAIL", tests[i].name);
        failed += !ok;
    }
    printf("%zu passed, %zu failed\n", n - failed, failed);
    return failed > 0;
}

#endif
