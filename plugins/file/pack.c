/* plugins/file/pack.c: see pack.h. */
#include "pack.h"
#include <stdlib.h>

#if __has_include(<zlib.h>)
#include <zlib.h>
#endif
#if __has_include(<zstd.h>)
#include <zstd.h>
#endif

/* ---- the libraries ----------------------------------------------------------------------------- */

#if __has_include(<zlib.h>)
static size_t gzip_init(struct pack *p)
{
    z_stream *z = calloc(1, sizeof *z);
    if (z == NULL || deflateInit2(z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
                                  Z_DEFAULT_STRATEGY) != Z_OK) {
        free(z);
        return 0;
    }
    p->encoder = z;
    return deflateBound(z, PACK_BUFFER);
}

static size_t gzip_frame(struct pack *p, const char *bytes, size_t n)
{
    z_stream *z = p->encoder;
    deflateReset(z);
    z->next_in = (Bytef *)(uintptr_t)bytes; /* it does not write there */
    z->avail_in = (uInt)n;
    z->next_out = (Bytef *)p->frame;
    z->avail_out = (uInt)p->size;
    return deflate(z, Z_FINISH) == Z_STREAM_END ? p->size - z->avail_out : 0;
}

static void gzip_fini(struct pack *p)
{
    deflateEnd(p->encoder);
    free(p->encoder);
}
#endif

#if __has_include(<zstd.h>)
static size_t zstd_init(struct pack *p)
{
    p->encoder = ZSTD_createCCtx();
    if (p->encoder == NULL)
        return 0;
    ZSTD_CCtx_setParameter(p->encoder, ZSTD_c_checksumFlag, 1);
    return ZSTD_compressBound(PACK_BUFFER);
}

static size_t zstd_frame(struct pack *p, const char *bytes, size_t n)
{
    size_t length = ZSTD_compress2(p->encoder, p->frame, p->size, bytes, n);
    return ZSTD_isError(length) ? 0 : length;
}
#endif

/* ---- frames ------------------------------------------------------------------------------------ */

/* Makes the encoder: the most that a frame takes; 0: there is no memory, or no such library. */
static size_t encoder_init(struct pack *p)
{
    (void)p;
#if __has_include(<zlib.h>)
    if (p->codec == CODEC_GZIP)
        return gzip_init(p);
#endif
#if __has_include(<zstd.h>)
    if (p->codec == CODEC_ZSTD)
        return zstd_init(p);
#endif
    return 0;
}

int32_t pack_init(struct pack *p, struct gyre_ctx *ctx, int32_t codec)
{
    *p = (struct pack){.codec = codec};
    p->size = encoder_init(p);
    if (p->size != 0)
        p->frame = gyre_alloc(ctx, NULL, p->size);
    if (p->frame == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to compress by %s", codec_name(codec));
    return GYRE_OK;
}

size_t pack_frame(struct pack *p, const char *bytes, size_t n)
{
    (void)p, (void)bytes, (void)n;
#if __has_include(<zlib.h>)
    if (p->codec == CODEC_GZIP)
        return gzip_frame(p, bytes, n);
#endif
#if __has_include(<zstd.h>)
    if (p->codec == CODEC_ZSTD)
        return zstd_frame(p, bytes, n);
#endif
    return 0;
}

void pack_fini(struct pack *p, struct gyre_ctx *ctx)
{
#if __has_include(<zlib.h>)
    if (p->codec == CODEC_GZIP && p->encoder != NULL)
        gzip_fini(p);
#endif
#if __has_include(<zstd.h>)
    if (p->codec == CODEC_ZSTD)
        ZSTD_freeCCtx(p->encoder);
#endif
    if (p->frame != NULL)
        gyre_alloc(ctx, p->frame, 0);
    *p = (struct pack){0};
}
