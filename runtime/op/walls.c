/* See walls.h. */
#include "op/walls.h"

#define WALL 0xC5

size_t gy_walls_text(uint32_t len)
{
    return (size_t)len + GY_WALL_BYTES;
}

static void raise_behind(void *memory, size_t bytes)
{
    memset((char *)memory + bytes, WALL, GY_WALL_BYTES);
}

static bool stands(const void *memory, size_t bytes)
{
    const uint8_t *wall = (const uint8_t *)memory + bytes;
    return wall[0] == WALL && memcmp(wall, wall + 1, GY_WALL_BYTES - 1) == 0;
}

void gy_walls_raise(struct gy_port *port, uint32_t rows)
{
    if (!gy_walls(port))
        return;
    port->walled = rows;
    for (uint32_t k = 0; k < port->plan->n_own; k++) {
        raise_behind(port->data[k], (size_t)rows * gyre_type_size(port->plan->own[k].type));
        if (port->valid[k] != NULL)
            raise_behind(port->valid[k], rows);
    }
    if (port->out.time != NULL)
        raise_behind(port->out.time, rows * sizeof(int64_t));
    if (port->out.keep != NULL)
        raise_behind(port->out.keep, rows);
}

void gy_walls_raise_text(struct gy_port *port)
{
    memset(port->out.text_end, WALL, GY_WALL_BYTES);
}

static bool columns_stand(const struct gy_port *port)
{
    bool all = true;
    size_t rows = port->walled;
    for (uint32_t k = 0; k < port->plan->n_own; k++) {
        all &= stands(port->data[k], rows * gyre_type_size(port->plan->own[k].type));
        all &= port->valid[k] == NULL || stands(port->valid[k], rows);
    }
    all &= port->out.time == NULL || stands(port->out.time, rows * sizeof(int64_t));
    return all && (port->out.keep == NULL || stands(port->out.keep, rows));
}

bool gy_walls_breached(const struct gy_port *port, const char **call, const char **why)
{
    bool aligned = (port->plan->flags & GYRE_PORT_ALIGNED) != 0;
    *call = "gyre_out_room";
    *why = "was written to beyond the room that was asked for";
    if (port->text_buf != NULL && port->out.text_end != NULL && !stands(port->out.text_end, 0))
        return true;
    *call = "gyre_out_row";
    *why = aligned ? "is aligned, and was written to behind the last row of the input"
                   : "was written to beyond its capacity";
    return port->memory != NULL && port->error == 0 && !columns_stand(port);
}
