/* Completions for shells, made of the table of commands. */
#ifndef GY_APP_COMPLETE_H
#define GY_APP_COMPLETE_H

#include "base/buf.h"

/** Append the script that completes gyre's command line in bash, in zsh.
 *  Errors:  those of `b` */
void gy_complete_bash(struct gy_buf *b);
void gy_complete_zsh(struct gy_buf *b);

#endif
