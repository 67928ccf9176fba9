/* plugins/learn/plugin.c: the plugin `learn`, what is learnt in loops: clusters, and a model of two classes.
 *
 * | operator | file       | what it does                                                |
 * |----------|------------|-------------------------------------------------------------|
 * | points   | points.c   | k-means: points and where clusters begin                    |
 * | centres  | centres.c  | ... where the centres of clusters are, in rounds            |
 * | assign   | assign.c   | ... to which of them points belong                          |
 * | examples | examples.c | examples of two classes, made from a seed                   |
 * | weights  | weights.c  | logistic regression: the weights of a model                 |
 * | train    | train.c    | ... what examples say of them                               | */
#include "assign.h"
#include "centres.h"
#include "examples.h"
#include "points.h"
#include "train.h"
#include "weights.h"

GYRE_PLUGIN(learn, "0.1.0", GYRE_OP(points), GYRE_OP(centres), GYRE_OP(assign), GYRE_OP(examples),
            GYRE_OP(weights), GYRE_OP(train))
