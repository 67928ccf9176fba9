/* plugins/file/sink.c: see sink.h. */
#include "sink.h"
#include "csv_write.h"
#include <unistd.h>

void sink_put_header(const struct sink *s, struct output *o)
{
    if (s->config->header)
        csv_write_header(o, &s->style, s->config->n_fields, s->config->names);
}

/* A folder of which nothing is left goes too, but for the base. */
static int32_t clear_folder(void *user, struct gyre_ctx *ctx, const char *folder)
{
    struct sink *s = user;
    int32_t n = s->is_restored ? parts_remove_beyond(ctx, folder, s->known, s->n_known)
                               : parts_remove(ctx, folder);
    if (n > 0 && !s->is_restored)
        parts_remove_folders(folder, strlen(s->config->base));
    return n < 0 ? n : GYRE_OK;
}

int32_t sink_start(struct sink *s, struct gyre_ctx *ctx)
{
    if (s->is_started)
        return GYRE_OK;
    int32_t code = GYRE_OK;
    if (s->config->target == TO_FILE)
        code = output_cut(&s->output, ctx, s->length, s->mark);
    else if (s->config->target == TO_FOLDER)
        code = clear_folder(s, ctx, s->config->base);
    else if (s->config->target == TO_FOLDERS)
        code = folders_each(&s->config->folders, ctx, s->config->base, clear_folder, s);
    if (code == GYRE_OK)
        code = shelf_restore(&s->shelf, ctx);
    if (code != GYRE_OK)
        return code;
    s->is_started = 1;
    if (!sink_has_parts(s) && !s->is_restored)
        sink_put_header(s, &s->output);
    return GYRE_OK;
}
