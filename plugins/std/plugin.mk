# Windows are the same for joins as for aggregates: what they are as arithmetic is the runtime's. Numbers
# become text by the runtime's own code too: there is one way only.
std_SRC := runtime/op/periods.c runtime/base/number.c runtime/base/pow10.c
# Standard deviations need sqrt(), values are hashed by xxHash.
std_HDR  := xxhash.h
std_LIBS := -lm
