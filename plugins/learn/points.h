/* plugins/learn/points.h: learn.points, points as kmeans takes them. */
#ifndef GYRE_PLUGIN_LEARN_POINTS_H
#define GYRE_PLUGIN_LEARN_POINTS_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_points;

#endif
