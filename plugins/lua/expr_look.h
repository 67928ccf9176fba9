/* plugins/lua/expr_look.h: what literal arguments mean: units, formats, patterns. They are looked at at check. */
#ifndef GYRE_PLUGIN_LUA_EXPR_LOOK_H
#define GYRE_PLUGIN_LUA_EXPR_LOOK_H

#include "expr.h"

/** Look at argument `arg` of a call, and set node->integer: a unit of time as one number (expr_unit takes it
 *  apart); the number of a format, or of a regular expression, in e->texts.
 *  Errors: -1 with e->error filled */
int expr_look_unit(struct expr *e, struct expr_node *node, uint32_t arg);
int expr_look_read_format(struct expr *e, struct expr_node *node, uint32_t arg);
int expr_look_write_format(struct expr *e, struct expr_node *node, uint32_t arg);
int expr_look_pattern(struct expr *e, struct expr_node *node, uint32_t arg);

#endif
