/* What is refused before a run starts, in a sentence: a flag of the command line, or a setting. */
#ifndef GY_APP_REFUSE_H
#define GY_APP_REFUSE_H

#include "app/cli.h"
#include "job/setting.h"

/** "gyre run: --from latest: SENTENCE"; GY_EXIT_USAGE. */
int gy_refuse_flag(const char *flag, const char *value, const char *sentence);

/** "FILE:LINE: ..."; GY_EXIT_USAGE. */
int gy_refuse_setting(const struct gy_setting *at, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
