/* The sections of the guide for those who write plugins that messages point to. This is all of them: a test looks for
 * each in sdk/README.md, and for none elsewhere in the runtime. */
#ifndef GY_PLUGIN_GUIDE_H
#define GY_PLUGIN_GUIDE_H

#define GY_GUIDE_SET_UP     "sdk/README.md#set-up"
#define GY_GUIDE_FIRST      "sdk/README.md#your-first-operators"
#define GY_GUIDE_OPTIONS    "sdk/README.md#options"
#define GY_GUIDE_BATCHES    "sdk/README.md#what-a-batch-is"
#define GY_GUIDE_BY_HAND    "sdk/README.md#an-operator-by-hand"
#define GY_GUIDE_STATE      "sdk/README.md#state-by-key"
#define GY_GUIDE_TIMERS     "sdk/README.md#timers"
#define GY_GUIDE_ROUNDS     "sdk/README.md#rounds-of-a-loop"
#define GY_GUIDE_AGGREGATES "sdk/README.md#aggregates"
#define GY_GUIDE_KEYS       "sdk/README.md#keys-that-are-computed"
#define GY_GUIDE_WINDOWS    "sdk/README.md#functions-for-windows"
#define GY_GUIDE_SOURCES    "sdk/README.md#a-source"
#define GY_GUIDE_ITEMS      "sdk/README.md#state-without-a-key"
#define GY_GUIDE_SINKS      "sdk/README.md#a-sink"
#define GY_GUIDE_ERRORS     "sdk/README.md#errors-and-bad-rows"
#define GY_GUIDE_STRINGS    "sdk/README.md#strings-and-arenas"
#define GY_GUIDE_HOST       "sdk/README.md#logs-counters-time-memory"
#define GY_GUIDE_THREADS    "sdk/README.md#threads"
#define GY_GUIDE_ABI        "sdk/README.md#the-abi"

/** The section about a call of the host, "gyre_timer_set". Thread: [any] */
const char *gy_guide_of_call(const char *call);

#endif
