/* gyre as `make install` puts it into a folder of the test, and a folder outside of the source tree to work in. */
#ifndef TESTS_RUN_INSTALLED_H
#define TESTS_RUN_INSTALLED_H

struct installed {
    char *root;    /* DESTDIR; the prefix is /opt/g */
    char *work;    /* not in the tree */
    char *program; /* as installed */
};

/** Installs; skips the test where make, cc or pkg-config is not here. */
void installed_init(struct installed *installed);
void installed_fini(struct installed *installed);

/** Runs `make TARGET` of the source tree for the prefix. */
void installed_make(const struct installed *installed, const char *target);

/** Runs a command by sh -e in the folder to work in, with pkg-config's paths, $ROOT, and $GYRE, the program. It must
 *  succeed, and put out what is wanted, where that is said. */
void installed_shell(const struct installed *installed, const char *command, const char *wanted);

/** Writes a file into the folder to work in. */
void installed_put(const struct installed *installed, const char *name, const char *text);

/** Skips the test where there is no such command. */
void installed_need(const char *command);

#endif
