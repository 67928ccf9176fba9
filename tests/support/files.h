/* Files for tests: whole-file reading and writing, temporary folders, where the build is.
 *
 * A test that cannot have its file cannot go on: all of these print the path and the reason and
 * end the test (abort) instead of returning an error, so callers need no checks. */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include <stdbool.h>
#include <stddef.h>

/** A new empty folder under $TMPDIR or /tmp. Owns: free() the name after dir_remove(). */
char *dir_temp(void);

/** Removes a folder and all in it; one that is not there is fine. Links are not followed. */
void dir_remove(const char *path);

/** Removes what dir_temp() made, and frees its name. */
void dir_end(char *path);

/** How many entries a folder has, those that begin with a dot too; -1 if there is no such folder. */
int dir_count(const char *path);

/** The whole file, with a 0 behind it that `size` (may be NULL) does not count. Owns: free() it. */
char *file_read(const char *path, size_t *size);

void file_write(const char *path, const void *bytes, size_t size);
void file_write_text(const char *path, const char *text);
bool file_exists(const char *path);

/** A string made like printf does. Owns: free() it. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** "FOLDER/NAME". Owns: free() it. */
char *path_join(const char *folder, const char *name);

/** The build folder's absolute path ($GYRE_BUILD, else "build") joined with `name` if that is not
 *  NULL: build_path("gyre"), build_path("plugins/std.so"). Owns: free() it. */
char *build_path(const char *name);

#endif
