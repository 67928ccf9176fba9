/* std.quantile and std.distinct with approx = true: what they are off by, of many values in several orders, put in at
 * once and merged of panes; and that they are exact for few. */
#include "base/rng.h"
#include "run_job.h"
#include "support/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 60000, AT = 5 };

static const double at[AT] = {0.01, 0.1, 0.5, 0.9, 0.99};

/* Orders of the values 0 ... N - 1. */
enum order { UP, DOWN, MIXED, ZIGZAG, ORDERS };

static int64_t value_in(enum order order, int64_t i, uint64_t step)
{
    switch (order) {
    case UP: return i;
    case DOWN: return N - 1 - i;
    case MIXED: return (int64_t)((uint64_t)i * step % N);
    default: return i % 2 == 0 ? i / 2 : N - 1 - i / 2;
    }
}

/* Rows `time,value`, a row each millisecond. */
static void write_values(const char *dir, enum order order)
{
    char *text = malloc(N * 32), *to = text;
    for (int64_t i = 0; i < N; i++)
        to += sprintf(to, "%lld,%lld\n", (long long)i * 1000, (long long)value_in(order, i, 7919));
    run_write(dir, "in", text);
    free(text);
}

/* The lines that a job with this operator puts out over the file; free() it. */
static char *result_of(const char *dir, const char *op)
{
    struct process_result result;
    char *job =
        text_format("job = \"t\"; mode = \"batch\"; parallelism = 2; operators = (\n"
                    "{ id = \"in\"; op = \"file.read\"; path = \"in\"; format = \"csv\"; schema = "
                    "({name = \"t\"; "
                    "type = \"time\";}, {name = \"v\"; type = \"i64\";}); },\n"
                    "{ id = \"timed\"; op = \"std.timestamps\"; input = \"in\"; field = \"t\"; },\n"
                    "{ id = \"a\"; input = \"timed\"; %s },\n"
                    "{ id = \"out\"; op = \"file.write\"; input = \"a\"; path = \"-\"; });\n",
                    op);
    run_job(dir, job, NULL, &result);
    if (result.status != 0)
        printf("%s", result.err);
    CU_ASSERT_EQUAL_FATAL(result.status, 0);
    char *out = text_format("%s", result.out);
    process_result_fini(&result);
    free(job);
    return out;
}

/* The furthest that a line's quantiles are off, in parts of `n` values from `first` on. */
static double off_by(const char *line, double first, double n)
{
    double most = 0;
    for (int i = 0; i < AT; i++) {
        char *end;
        double value = strtod(line, &end);
        CU_ASSERT_PTR_NOT_EQUAL(line, end);
        line = end + (*end == ',');
        most = fmax(most, fabs((value - first + 1) / n - at[i]));
    }
    return most;
}

#define QUANTILE "op = \"std.quantile\"; field = \"v\"; at = [0.01, 0.1, 0.5, 0.9, 0.99];"

static void ranks_of_quantiles_are_within_the_bound(void)
{
    char *dir = dir_temp();
    for (enum order order = 0; order < ORDERS; order++) {
        write_values(dir, order);
        char *all = result_of(dir, QUANTILE);
        double off = off_by(all, 0, N);
        if (off > 0.007)
            printf("order %d: %g: %s", order, off, all);
        CU_ASSERT(off > 0 && off <= 0.007); /* exact it would not be a sketch */
        free(all);
    }
    dir_end(dir);
}

/* Windows of 32 s that slide by one are each merged of 32 panes. */
static void merged_sketches_are_within_the_bound(void)
{
    char *dir = dir_temp();
    write_values(dir, UP);
    char *all = result_of(dir, QUANTILE " window = {time = \"32s\";}; every = {time = \"1s\";};");
    uint32_t n = 0;
    for (const char *line = all; *line != 0; line = strchr(line, '\n') + 1) {
        char *end;
        double start = strtod(line, &end) / 1000, stop = strtod(end + 1, &end) / 1000;
        double first = start < 0 ? 0 : start, last = stop > N ? N : stop;
        double off = off_by(end + 1, first, last - first);
        if (off > 0.01)
            printf("%.80s: %g\n", line, off);
        CU_ASSERT(off <= 0.01);
        n++;
    }
    CU_ASSERT_EQUAL(n, N / 1000 + 31);
    free(all);
    dir_end(dir);
}

static void of_few_values_quantiles_are_exact(void)
{
    static const struct {
        const char *in, *op, *out;
    } cases[] = {
        {"1,5\n2,3\n3,9\n4,7\n", "op = \"std.quantile\"; field = \"v\";", "5\n"},
        {"1,5\n2,3\n3,9\n", "op = \"std.quantile\"; field = \"v\"; at = (0, 0.5, 0.999, 1);",
         "3,5,9,9\n"},
        {"1,5\n2,3\n3,9\n", "op = \"std.quantile\"; field = \"t\"; at = 0.25; as = \"x\";", "1\n"},
        {"1,5\n", "op = \"std.distinct\"; field = \"v\"; approx = true;", "1\n"},
    };
    char *dir = dir_temp();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run_write(dir, "in", cases[i].in);
        char *out = result_of(dir, cases[i].op);
        CU_ASSERT_STRING_EQUAL(out, cases[i].out);
        free(out);
    }
    dir_end(dir);
}

/* 4 standard errors. */
static void counts_of_different_values_are_within_the_bound(void)
{
    static const int64_t different[] = {10, 1024, 1025, 2000, 5000, 20000, N};
    char *dir = dir_temp(), *text = malloc(N * 32);
    for (size_t k = 0; k < sizeof different / sizeof different[0]; k++) {
        char *to = text;
        for (int64_t i = 0; i < N; i++)
            to += sprintf(to, "%lld,%lld\n", (long long)i, (long long)(i * 7919 % different[k]));
        run_write(dir, "in", text);
        char *all = result_of(dir, "op = \"std.distinct\"; field = \"v\"; approx = true;");
        double off = fabs(strtod(all, NULL) / (double)different[k] - 1);
        if (off > 4 * 1.04 / 128)
            printf("%lld: %s", (long long)different[k], all);
        CU_ASSERT(off <= 4 * 1.04 / 128);
        CU_ASSERT(different[k] > 1024 || off == 0);
        free(all);
        /* the same set in another order, merged of panes in windows that have all of it */
        char *merged =
            result_of(dir, "op = \"std.distinct\"; field = \"v\"; approx = true; window = "
                           "{time = \"80ms\";}; every = {time = \"20ms\";};");
        char *whole =
            text_format(",%.0f\n", strtod(all = result_of(dir, "op = \"std.distinct\"; field = "
                                                               "\"v\"; approx = true;"),
                                          NULL));
        CU_ASSERT_PTR_NOT_NULL(strstr(merged, whole));
        free(all);
        free(merged);
        free(whole);
    }
    free(text);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(ranks_of_quantiles_are_within_the_bound),
    SUITE_TEST(merged_sketches_are_within_the_bound),
    SUITE_TEST(of_few_values_quantiles_are_exact),
    SUITE_TEST(counts_of_different_values_are_within_the_bound),
};
SUITE_MAIN("sketches", tests)
