/* See learning.h. */
#include "learning.h"

#include "graphs.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "no memory for points\n");
        abort();
    }
    return memory;
}

/* ---- clusters ---- */

static double steps(uint64_t *seed, uint32_t width)
{
    return (double)(graph_random(seed) % (width * 64u)) / 64;
}

struct plane_point *points_make(size_t n, uint32_t centres, uint64_t seed)
{
    struct plane_point *points = need(calloc(n + 1, sizeof *points));
    uint64_t at = seed;
    for (size_t i = 0; i < n; i++) {
        uint64_t place = seed + graph_random(&at) % centres;
        double x = steps(&place, 100), y = steps(&place, 100);
        points[i] = (struct plane_point){x + steps(&at, 15) + steps(&at, 15) - 15,
                                         y + steps(&at, 15) + steps(&at, 15) - 15};
    }
    return points;
}

void points_write(const struct plane_point *points, size_t n, const char *path)
{
    FILE *file = need(fopen(path, "w"));
    for (size_t i = 0; i < n; i++)
        fprintf(file, "%zu,%.17g,%.17g\n", i, points[i].x, points[i].y);
    if (fclose(file) != 0)
        abort();
}

static uint32_t nearest(const struct plane_point *p, const struct plane_point *centres, uint32_t k)
{
    double least = INFINITY;
    uint32_t found = 0;
    for (uint32_t c = 0; c < k; c++) {
        double x = p->x - centres[c].x, y = p->y - centres[c].y;
        if (x * x + y * y < least) {
            least = x * x + y * y;
            found = c;
        }
    }
    return found;
}

/* The middles of clusters; one without points stays. */
static void middle(const struct plane_point *points, size_t n, const uint32_t *of,
                   struct plane_point *centres, uint32_t k)
{
    struct plane_point *sums = need(calloc(k, sizeof *sums));
    size_t *count = need(calloc(k, sizeof *count));
    for (size_t i = 0; i < n; i++) {
        sums[of[i]].x += points[i].x;
        sums[of[i]].y += points[i].y;
        count[of[i]]++;
    }
    for (uint32_t c = 0; c < k; c++)
        if (count[c] > 0)
            centres[c] =
                (struct plane_point){sums[c].x / (double)count[c], sums[c].y / (double)count[c]};
    free(sums), free(count);
}

uint32_t points_cluster(const struct plane_point *points, size_t n, uint32_t k, uint32_t *of,
                        struct plane_point *centres)
{
    uint32_t rounds = 0;
    bool moved = true;
    memcpy(centres, points, k * sizeof *centres);
    for (size_t i = 0; i < n; i++)
        of[i] = k;
    while (moved) {
        moved = false;
        for (size_t i = 0; i < n; i++) {
            uint32_t now = nearest(&points[i], centres, k);
            moved |= now != of[i];
            of[i] = now;
        }
        if (moved)
            middle(points, n, of, centres, k);
        rounds++;
    }
    return rounds;
}

/* ---- a model ---- */

static double dot(const double *a, const double *b, uint32_t k)
{
    double sum = 0;
    for (uint32_t i = 0; i < k; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Solves a * x = b of k equations in place (Gauss, with pivots): b becomes x. */
static void solve(double *a, double *b, uint32_t k)
{
    for (uint32_t c = 0; c < k; c++) {
        uint32_t best = c;
        for (uint32_t r = c + 1; r < k; r++)
            best = fabs(a[r * k + c]) > fabs(a[best * k + c]) ? r : best;
        for (uint32_t i = 0; i < k; i++) {
            double swap = a[c * k + i];
            a[c * k + i] = a[best * k + i];
            a[best * k + i] = swap;
        }
        double swap = b[c];
        b[c] = b[best];
        b[best] = swap;
        for (uint32_t r = 0; r < k; r++) {
            double by = r == c ? 0 : a[r * k + c] / a[c * k + c];
            for (uint32_t i = c; i < k && r != c; i++)
                a[r * k + i] -= by * a[c * k + i];
            b[r] -= by * b[c];
        }
    }
    for (uint32_t c = 0; c < k; c++)
        b[c] /= a[c * k + c];
}

double *model_fit(const double *values, const uint8_t *label, size_t n, uint32_t k)
{
    double *weights = need(calloc(k, sizeof *weights));
    double *slope = need(calloc(k, sizeof *slope)), *bend = need(calloc(k * k, sizeof *bend));
    for (int step = 0; step < 20; step++) {
        memset(slope, 0, k * sizeof *slope);
        memset(bend, 0, (size_t)k * k * sizeof *bend);
        for (size_t i = 0; i < n; i++) {
            const double *x = &values[i * k];
            double p = 1 / (1 + exp(-dot(weights, x, k)));
            for (uint32_t a = 0; a < k; a++) {
                slope[a] += (p - label[i]) * x[a];
                for (uint32_t b = 0; b < k; b++)
                    bend[a * k + b] += p * (1 - p) * x[a] * x[b];
            }
        }
        solve(bend, slope, k);
        for (uint32_t a = 0; a < k; a++)
            weights[a] -= slope[a];
    }
    free(slope), free(bend);
    return weights;
}

void model_judge(const double *weights, const double *values, const uint8_t *label, size_t n,
                 uint32_t k, double *loss, double *accuracy)
{
    *loss = *accuracy = 0;
    for (size_t i = 0; i < n; i++) {
        double z = dot(weights, &values[i * k], k);
        *loss += log1p(exp(label[i] ? -z : z)) / (double)n;
        *accuracy += ((z > 0) == (label[i] != 0)) / (double)n;
    }
}
