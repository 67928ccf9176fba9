/* The files that `gyre new` begins a project with: those below sdk/new/, as they are, in the program itself.
 *
 * They are a plugin called my_plugin that builds and passes its tests; the word is replaced by the name asked for, in
 * file names too, and my-plugin likewise, with dashes, as jobs are called. */
#ifndef GY_APP_TEMPLATE_H
#define GY_APP_TEMPLATE_H

#include "base/buf.h"

struct gy_template {
    const char *kind; /* as --kind says; NULL: for all */
    const char *name; /* of the file */
    const char *text;
};

extern const struct gy_template gy_templates[];
extern const size_t gy_n_templates;

/** Appends a text or a file name of a template, with the name of the plugin in it. */
void gy_template_put(struct gy_buf *b, const char *text, const char *plugin);

#endif
