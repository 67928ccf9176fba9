/* See crumb.h. */
#include "base/crumb.h"

_Thread_local struct gy_crumb gy_crumb;
