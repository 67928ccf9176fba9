/* The note of a plugin, read from the file: what it was built for, before any code of it runs.
 *
 * The file is hostile until proven otherwise: every offset and length in it is checked against the
 * size of the file, nothing in it is trusted to be aligned, terminated or in order. The note is
 * looked for in the PT_NOTE segments, then in the section .note.gyre. Its layout stands in
 * gyre/plugin.h. */
#ifndef GY_PLUGIN_NOTE_H
#define GY_PLUGIN_NOTE_H

#include <gyre/plugin.h>

/** Reads the note of the file at `path` and compares it with what this gyre and this machine are.
 *  Thread:  [control]
 *  Errors:  GYRE_EINVAL, GYRE_EIO and a sentence that begins with the path */
int gy_note_read(const char *path, struct gyre_note *note, struct gyre_error *error);

/** The instruction-set level of this CPU, as in the note: 1 to 4 on x86-64, 0 elsewhere.
 *  Thread:  [any] */
unsigned gy_note_cpu_level(void);

/** Fills `error` with "PATH: " and the sentence, a long path cut at its front; returns GYRE_EINVAL.
 *  All that is refused about a plugin goes through here.
 *  Thread:  [any] */
int gy_note_refuse(struct gyre_error *error, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
