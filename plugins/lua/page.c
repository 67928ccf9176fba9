/* plugins/lua/page.c: see page.h. The emitted code sets run->used to 0 before each row. */
#include "page.h"
#include "calls.h"

#include <stdlib.h>

#define PAGE_FIRST (64u << 10)

struct run_page {
    struct run_page *older;
    size_t size;
    char bytes[];
};

static void free_older(struct run_page *page)
{
    while (page->older != NULL) {
        struct run_page *older = page->older;
        page->older = older->older;
        free(older);
    }
}

char *page_take(struct run *run, size_t n)
{
    struct run_page *page = run->page;
    if (n > CALLS_STR_MAX)
        return NULL;
    if (page != NULL && run->used == 0 && page->older != NULL)
        free_older(page);
    if (page == NULL || page->size - run->used < n) {
        size_t size = page != NULL ? page->size * 2 : PAGE_FIRST;
        while (size < n)
            size *= 2;
        if (size > 4 * (size_t)CALLS_STR_MAX)
            return NULL;
        page = malloc(sizeof *page + size);
        if (page == NULL)
            return NULL;
        page->older = run->page;
        page->size = size;
        run->page = page;
        run->used = n != 0 ? n : 1;
        return page->bytes;
    }
    char *at = page->bytes + run->used;
    run->used += n;
    return at;
}

void page_free(struct run *run)
{
    if (run->page == NULL)
        return;
    free_older(run->page);
    free(run->page);
    run->page = NULL;
}
