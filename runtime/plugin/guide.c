/* Which section is about which call; see guide.h. */
#include "plugin/guide.h"

#include <stddef.h>
#include <string.h>

const char *gy_guide_of_call(const char *call)
{
    /* by what the call begins with, the longer before the shorter */
    static const struct {
        const char *begins, *section;
    } calls[] = {
        {"gyre_state_", GY_GUIDE_STATE},    {"gyre_list_", GY_GUIDE_STATE},
        {"gyre_map_", GY_GUIDE_STATE},      {"gyre_timer_", GY_GUIDE_TIMERS},
        {"gyre_late", GY_GUIDE_TIMERS},     {"gyre_vote", GY_GUIDE_ROUNDS},
        {"gyre_bad_", GY_GUIDE_ERRORS},     {"gyre_watermark", GY_GUIDE_SOURCES},
        {"gyre_out_row", GY_GUIDE_BATCHES}, {"gyre_out_", GY_GUIDE_STRINGS},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strncmp(call, calls[i].begins, strlen(calls[i].begins)) == 0)
            return calls[i].section;
    return GY_GUIDE_HOST;
}
