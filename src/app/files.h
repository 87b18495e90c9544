/* app/files.h -- a folder served over HTTP: the handler, its options. Called by src/tool and by
 * programs that serve files.
 *
 * GET and HEAD of what lies beneath the folder; conditions, ranges, compressed siblings (.br, .zst,
 * .gz); index.html; listings. Never leads outside of the folder, never opens what is no regular
 * file, never waits for the disk on a core. */
#ifndef APP_FILES_H
#define APP_FILES_H

#include <stoa/embed.h>
#include <stoa/http.h>

#include <stdbool.h>

struct files_options {          /* copied */
    int root;                   /* the folder's descriptor, borrowed */
    int cores;                  /* of the runtime, at least 1 */
    const struct stoa_mem *mem; /* NULL = malloc */
    bool list;                  /* folders without index.html are listed, else 403 */
    bool spa;    /* an application with one page: where nothing is, and the last segment of the path
                    has no dot, and the client would take HTML, /index.html is answered */
    bool cors;   /* any other site's scripts may read */
    bool hidden; /* also what starts with a dot; else 404, but for /.well-known/ (RFC 8615) */
    int cache_s; /* Cache-Control: public, max-age=; -1 = no such field */
    size_t cache_bytes; /* per core, for files kept in memory; 0 = 32 MiB */
    size_t small_max;   /* larger files are not kept in memory; 0 = 64 KiB */
};

struct files;

/* returns  0; -ENOMEM.
 *   ret      yours, for files_free after stoa_run. */
int files_new(struct files **ret, const struct files_options *opt);
void files_free(struct files *f);

/* The handler (a stoa_http_handler): files is a struct files.                      [waits] */
int files_serve(stoa_http *x, void *files);

#endif
