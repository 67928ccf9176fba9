/* NAME.golden: what a version of a plugin has saved, kept beside the plugin for the versions to come.
 *
 * A text, a section for each subject that has state, in lines:
 *
 *     gyre golden 1
 *     plugin NAME VERSION
 *     subject NAME, op NAME, options TEXT, mode N, rounds N, input PORT SCHEMA ...   how the operator is made
 *     now N, epoch N, ended N, version N                                             of the snapshot
 *     state VERSION NAME, port WATERMARK ENDED, task SEEN TOLD ENDED                 ... each in its order
 *     record KIND INDEX BYTES                                                        ... of the task before it
 *     give PORT, watermark N, clock N, round                                         what came then
 *     expect PORT                                                                    what came of it
 *     @TIME {...}                                                                    rows of `give` and `expect`
 *     done
 *
 * It is made of a script like any check's, with the snapshot in its middle. The check that reads it gives the rest of the
 * script to an operator restored from the snapshot, by the options that it was made with. */
#ifndef GY_CONFORM_GOLDEN_H
#define GY_CONFORM_GOLDEN_H

#include "conform/check.h"

/** Writes a subject's section into the child's area, where it has one; the `run` of a check. */
enum gy_verdict gy_golden_take(struct gy_case *c);

/** Appends the head of a file: of which plugin it is. */
void gy_golden_head(const char *plugin, struct gy_buf *into);

/** The path of NAME.golden; the caller's, gy_free. */
char *gy_golden_path(const char *plugin);

#endif
