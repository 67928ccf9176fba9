/* What the tests of the plugin loader share: files to load, and what is said of them. */
#ifndef TESTS_UNIT_LOADER_H
#define TESTS_UNIT_LOADER_H

#include <stddef.h>

#include <gyre/error.h>

#define LOADER_GOOD "fixtures/plugin_good.so"

/** The path as a sentence shows it, its last 160 bytes, and the sentence. Owns: free(). */
char *loader_sentence(const char *path, const char *sentence);

/** Adds the file at `path` to an empty list; the error, with code 0 where it loaded. */
struct gyre_error loader_add(const char *path);

void loader_expect_text(const char *is, const char *wanted);
void loader_expect_refused(const char *path, const char *sentence);

/** A copy of a built file in `folder`, `most` bytes of it, as NAME; its path. Owns: free(). */
char *loader_copy(const char *from, const char *folder, const char *name, size_t most);

#endif
