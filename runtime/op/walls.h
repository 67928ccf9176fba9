/* Bytes behind what an operator may write to in an output, which nobody may change; see op/strict.h.
 *
 *   column   values of the batch │ wall ...    of a rows port behind its capacity, of an aligned one behind the rows
 *   text     what was asked for  │ wall ...    of the input */
#ifndef GY_OP_WALLS_H
#define GY_OP_WALLS_H

#include "op/output.h"

enum { GY_WALL_BYTES = 4096 };

static inline bool gy_walls(const struct gy_port *port)
{
    return port->strict != NULL && port->strict->walls;
}

/** The size of a block for so many bytes of text and a wall. */
size_t gy_walls_text(uint32_t len);

/** Raises the walls of the columns behind so many rows, and that of the text at hand. */
void gy_walls_raise(struct gy_port *port, uint32_t rows);
void gy_walls_raise_text(struct gy_port *port);

/** True where one was written to: the call whose rule that is, and how the sentence about the port ends. */
bool gy_walls_breached(const struct gy_port *port, const char **call, const char **why);

#endif
