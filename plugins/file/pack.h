/* plugins/file/pack.h: bytes made into whole frames of a compressed file.
 *
 * A frame (gzip: member) holds at most PACK_BUFFER bytes and depends on none before it. So whatever has been
 * written of a file is a right one, it can be cut back to any length that a snapshot names, reading can
 * begin again close to any place, and files that are written in turn share one encoder. */
#ifndef GYRE_PLUGIN_FILE_PACK_H
#define GYRE_PLUGIN_FILE_PACK_H

#include "codec.h"

#define PACK_BUFFER (256u << 10)

struct pack {
    int32_t codec;
    void *encoder; /* of the library */
    char *frame;   /* the last one */
    size_t size;
};

int32_t pack_init(struct pack *p, struct gyre_ctx *ctx, int32_t codec);
/* Makes a frame of n <= PACK_BUFFER bytes, in `frame`; its length, 0: there is no memory. */
size_t pack_frame(struct pack *p, const char *bytes, size_t n);
void pack_fini(struct pack *p, struct gyre_ctx *ctx);

#endif
