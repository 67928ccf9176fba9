/* What clusters points have, and how well a model can know examples, by the textbook: for tests of jobs that learn. */
#ifndef TESTS_LEARNING_H
#define TESTS_LEARNING_H

#include <stddef.h>
#include <stdint.h>

struct plane_point {
    double x, y;
};

/** `n` points around `centres` places, which follow from the seed, in steps of 1/64. Owns: free() it. */
struct plane_point *points_make(size_t n, uint32_t centres, uint64_t seed);

/** Writes lines `id,x,y`. */
void points_write(const struct plane_point *points, size_t n, const char *path);

/** Lloyd's algorithm, begun at the first `k` points, until no point moves: the cluster of each point (of several that
 *  are as near the first), and the k centres. Owns: free() both. Returns the rounds that it took. */
uint32_t points_cluster(const struct plane_point *points, size_t n, uint32_t k, uint32_t *of,
                        struct plane_point *centres);

/** The weights with the least mean loss over all examples (logistic regression, by Newton's method).
 *  Shape:   n rows of `k` values; label[i] 0 or 1. Owns: free() it */
double *model_fit(const double *values, const uint8_t *label, size_t n, uint32_t k);

/** The mean loss, and the part of the examples whose class a model says rightly. */
void model_judge(const double *weights, const double *values, const uint8_t *label, size_t n,
                 uint32_t k, double *loss, double *accuracy);

#endif
