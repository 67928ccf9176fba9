# Windows are the same for joins as for aggregates: what they are as arithmetic is the runtime's.
std_SRC := runtime/op/periods.c
