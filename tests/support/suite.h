/* A test suite: a table of functions, each run in a process of its own.
 *
 *     static void empty_buffer_reads_as_truncated(void)
 *     {
 *         CU_ASSERT_EQUAL(gy_reader_u32(&r), 0);
 *     }
 *
 *     static const struct suite_test tests[] = {
 *         SUITE_TEST(empty_buffer_reads_as_truncated),
 *         SUITE_TEST_WITHIN(a_slow_one, 120),
 *     };
 *     SUITE_MAIN("buf", tests)
 *
 * Assertions are CUnit's (CU_ASSERT..., and ..._FATAL to end the test). A test fails when one
 * of them does, when it crashes, exits, hangs (30 s unless it says otherwise; ten times that
 * under a sanitizer), or when it asserted nothing at all. The other tests run all the same.
 *
 * The program:  test_buf [--list] [--no-fork] [--verbose] [--timeout SECONDS] [FILTER]
 * FILTER is a part of a name. --no-fork runs the tests in this process, for the debugger.
 * $GYRE_TEST_TIMEOUT is --timeout for all suites of a run. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <CUnit/CUnit.h>
#include <stddef.h>
#include <stdint.h>

struct suite_test {
    const char *name;
    void (*run)(void);
    int timeout_s; /* 0: the default */
};

/* What a program is to be linked with (LDFLAGS) where it takes something of this build, a library or a plugin. */
#if defined(__SANITIZE_ADDRESS__)
#define SUITE_LDFLAGS "-fsanitize=address,undefined"
#elif defined(__SANITIZE_THREAD__)
#define SUITE_LDFLAGS "-fsanitize=thread"
#elif defined(GY_SANITIZED)
#define SUITE_LDFLAGS "-fsanitize=undefined"
#else
#define SUITE_LDFLAGS ""
#endif

/* clang-format off */
#define SUITE_TEST(fn) {#fn, (fn), 0}
#define SUITE_TEST_WITHIN(fn, seconds) {#fn, (fn), (seconds)}
/* clang-format on */

/** Runs the tests that `argv` asks for; the status for `main` to return: 0 all passed, 1 not, 2 usage. */
int suite_main(const char *suite, const struct suite_test *tests, size_t test_count, int argc,
               char **argv);

/* Each try takes several times as long under a sanitizer, and the thread sanitizer finds little on one thread. */
#if defined(__SANITIZE_THREAD__)
enum { SUITE_SHARE = 20 };
#elif defined(GY_SANITIZED)
enum { SUITE_SHARE = 5 };
#else
enum { SUITE_SHARE = 1 };
#endif

/** How many of `usual` tries a run is to make: one of SUITE_SHARE, at least one; all of them with GYRE_BIG=1. */
uint64_t suite_share(uint64_t usual);

/** Ends the running test as skipped (neither passed nor failed), for want of what `reason` says. */
_Noreturn void suite_skip(const char *reason);

/** Skips the running test where there is no plugin of that name: it was left out of the build for want of `library`. */
void suite_need_plugin(const char *name, const char *library);

#define SUITE_MAIN(suite, tests)                                                                   \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return suite_main((suite), (tests), sizeof(tests) / sizeof(*(tests)), argc, argv);         \
    }

#endif
