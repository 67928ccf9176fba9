/* weblog: what is particular to the logs of web servers. One map, as small as a plugin can be. */
#include <gyre/gyre.h>

#define REQUEST(F, N) F(i32, status)
#define OUTCOME(F, N) F(f64, failed)
GYRE_RECORD(request, REQUEST)
GYRE_RECORD(outcome, OUTCOME)

static void judge(const struct request *in, struct outcome *out)
{
    out->failed = in->status >= 500 ? 1 : 0;
}

GYRE_MAP(outcome, "Adds `failed`: 1 where the server could not answer (5xx), else 0.", request,
         outcome, judge)
GYRE_PLUGIN(weblog, "0.1.0", GYRE_OP(outcome))
