/* See run_mounts.h. */
#include "run_mounts.h"

#include "support/files.h"
#include "support/suite.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static bool write_to(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line);
    if (fd >= 0)
        close(fd);
    return done;
}

void run_own_mounts(void)
{
    if (unshare(CLONE_NEWNS) != 0) {
        char *user = text_format("%d %d 1", (int)getuid(), (int)getuid());
        bool done =
            unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_to("/proc/self/uid_map", user);
        free(user);
        if (!done)
            suite_skip("this user may not mount anything, not even for a process alone");
    }
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        suite_skip("mounts cannot be made private");
}
