/* app/files.c -- see files.h. From a request to the answer: what is at the path decides. */
#include "app/files.h"

#include "app/disk.h"
#include "app/listing.h"
#include "app/page.h"
#include "app/reply.h"
#include "app/store.h"
#include "wire/escape.h"
#include "wire/target.h"

#include <errno.h>

static const struct stoa_str index_name = { "index.html", 10 };

enum {
    PATH_SPARE_BYTES = 10 + STORE_SPARE_BYTES, /* behind a path: "index.html", a suffix */
    PATH_SHORT_BYTES = 240,                    /* up to here a path needs no allocation */
    TRIES = 3, /* when what was found is something else before it could be opened */
    CACHE_BYTES = 32 << 20,
    SMALL_BYTES = 64 << 10
};

struct files {
    struct files_options opt;
    struct store *stores[]; /* of each core, made by its first request */
};

/* A request on its way. */
struct visit {
    stoa_http *x;
    const struct files_options *opt;
    struct store *store;
    struct target_path target;
    struct store_path path; /* the same for the disk: without the "/" at its start */
};

/* ---- life ---- */

int files_new(struct files **ret, const struct files_options *opt)
{
    const struct stoa_mem *mem = opt->mem ? opt->mem : &mem_default;
    struct files *f = mem_zalloc(mem, sizeof *f + (size_t)opt->cores * sizeof f->stores[0]);
    if (!f)
        return -ENOMEM;
    f->opt = *opt;
    f->opt.mem = mem;
    if (f->opt.cache_bytes == 0)
        f->opt.cache_bytes = CACHE_BYTES;
    if (f->opt.small_max == 0)
        f->opt.small_max = SMALL_BYTES;
    *ret = f;
    return 0;
}

void files_free(struct files *f)
{
    if (!f)
        return;
    for (int i = 0; i < f->opt.cores; i++) {
        if (f->stores[i])
            store_done(f->stores[i]);
        mem_free(f->opt.mem, f->stores[i], sizeof *f->stores[i]);
    }
    mem_free(f->opt.mem, f, sizeof *f + (size_t)f->opt.cores * sizeof f->stores[0]);
}

static struct store *store_of(struct files *f, struct core *core)
{
    struct store *s = f->stores[core->index];
    if (s)
        return s;
    s = mem_alloc(f->opt.mem, sizeof *s);
    if (!s)
        return NULL;
    const struct store_options opt = {
        .root = f->opt.root,
        .mem = f->opt.mem,
        .cache_max = f->opt.cache_bytes,
        .small_max = f->opt.small_max,
        .variant = { .cors = f->opt.cors, .cache_s = f->opt.cache_s },
    };
    store_init(s, core, &opt);
    f->stores[core->index] = s;
    return s;
}

/* ---- refusals ---- */

static int refuse(const struct visit *q, int status, const char *why)
{
    int r = q->opt->cors ? stoa_http_set(q->x, "Access-Control-Allow-Origin", "*") : 0;
    return r < 0 ? r : http_refuse(q->x, status, why, false);
}

/* Refuses with what the disk said. */
static int refuse_error(const struct visit *q, int err)
{
    switch (err) {
    case -ENOENT:
    case -ENOTDIR: return refuse(q, 404, "there is no such file here");
    case -ENAMETOOLONG: return refuse(q, 404, "no file's name is that long");
    case -EACCES:
    case -EPERM: return refuse(q, 403, "the server has no permission to read this");
    case -EXDEV: return refuse(q, 403, "a link on the way leads outside of the folder");
    case -ELOOP: return refuse(q, 403, "the links on the way lead nowhere but in a circle");
    case -EMFILE:
    case -ENFILE: return refuse(q, 503, "the server is out of descriptors, try again");
    case -ENOMEM: return refuse(q, 503, "the server is out of memory, try again");
    case -EAGAIN:
    case -ESTALE: return refuse(q, 503, "the server could not get at the file, try again");
    default: return refuse(q, 500, "the disk failed while the file was read");
    }
}

/* ---- methods ---- */

/* 204 to OPTIONS, 405 to others; both say what is allowed. */
static int answer_method(const struct visit *q, enum method method)
{
    static const char *const preflight[][2] = {
        { "Access-Control-Allow-Origin", "*" },
        { "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS" },
        { "Access-Control-Allow-Headers", "*" },
        { "Access-Control-Max-Age", "86400" },
    };
    int r = 0;
    for (size_t i = 0; i < 4 && r == 0 && q->opt->cors && method == METHOD_OPTIONS; i++)
        r = stoa_http_set(q->x, preflight[i][0], preflight[i][1]);
    return r < 0 ? r : http_allow(q->x, STR("GET, HEAD, OPTIONS"));
}

/* ---- paths ---- */

/* Decodes the request's path into the visit.
 *   buf      room for the path, a terminator, and PATH_SPARE_BYTES.
 *   returns  0; enum fault. */
static int take_path(struct visit *q, struct stoa_str path, char *buf)
{
    int r = target_decode(&q->target, path, buf);
    if (r == 0)
        q->path = (struct store_path){ buf + 1, q->target.path.n - 1 };
    return r;
}

/* Whether a segment starts with a dot, but for a first one that is ".well-known". */
static bool is_hidden(const struct visit *q)
{
    struct stoa_str known = STR("/.well-known"), path = q->target.path;
    if (!q->target.is_hidden)
        return false;
    if (str_starts(path, known) && (path.n == known.n || path.p[known.n] == '/'))
        path = str_from(path, known.n);
    for (size_t i = 1; i < path.n; i++)
        if (path.p[i] == '.' && path.p[i - 1] == '/')
            return true;
    return false;
}

/* The folder's path becomes that of its index. */
static void to_index(struct visit *q)
{
    memcpy(q->path.p + q->path.n, index_name.p, index_name.n + 1);
    q->path.n += index_name.n;
}

/* And back. returns the folder as the disk knows it, without the "/" at its end; NULL: no memory. */
static const char *to_folder(struct visit *q)
{
    q->path.n -= index_name.n;
    q->path.p[q->path.n] = 0;
    if (q->path.n == 0)
        return ".";
    char *folder = http_alloc(q->x, q->path.n);
    if (!folder)
        return NULL;
    memcpy(folder, q->path.p, q->path.n - 1);
    folder[q->path.n - 1] = 0;
    return folder;
}

/* ---- answers ---- */

static int send_variant(const struct visit *q, struct variant *v)
{
    const struct head *h = http_head(q->x);
    struct reply_plan plan;
    reply_decide(&plan, h, v, http_now_s(q->x));
    if (reply_has_body(&plan, h) && !v->body) {
        int r = store_open_file(q->store, q->path, v);
        if (r == -ESTALE)
            return r;
        if (r < 0)
            return refuse_error(q, r);
    }
    return reply_send(q->x, v, &plan);
}

/* Answers with the file at the visit's path, if one is there.
 *   returns  STORE_FILE, and *ret is how the answering went; else what store_get says. */
static int answer_file(const struct visit *q, int *ret)
{
    for (int try = 1;; try++) {
        struct variant *v;
        int found = store_get(q->store, q->path, http_head(q->x), &v);
        if (found != STORE_FILE)
            return found;
        *ret = send_variant(q, v);
        store_release(q->store, v);
        if (*ret != -ESTALE)
            return STORE_FILE;
        if (try == TRIES)
            return -ESTALE;
    }
}

/* Whether the client may be shown the application's page for a path where nothing is. */
static bool is_route(const struct visit *q)
{
    struct stoa_str path = q->target.path;
    size_t at = path.n;
    while (at && path.p[at - 1] != '/')
        at--;
    if (!q->opt->spa || str_find(str_from(path, at), '.') < path.n - at)
        return false;
    struct stoa_str accept = head_find(http_head(q->x), STR("Accept")), type;
    if (!accept.p)
        return true;
    while (str_next_element(&accept, &type)) {
        type.n = str_find(type, ';');
        type = str_trim(type);
        if (str_eq_nocase(type, STR("text/html")) || str_eq(type, STR("*/*")) ||
            str_eq_nocase(type, STR("text/*")))
            return true;
    }
    return false;
}

static int answer_missing(struct visit *q, int err)
{
    char page[16 + PATH_SPARE_BYTES];
    int r = 0;
    if (!is_route(q))
        return refuse_error(q, err);
    q->path = (struct store_path){ page, 0 };
    to_index(q);
    int found = answer_file(q, &r);
    if (found == STORE_FILE)
        return r;
    /* A page that is there but cannot be read now is no reason to say that nothing is here. */
    bool is_there = found < 0 && found != -ENOENT && found != -ENOTDIR;
    return refuse_error(q, is_there ? found : err);
}

/* Nothing of the peer's but the path, encoded anew, and its query: it starts with one slash, so that
 * it cannot lead to another host. */
static int redirect_to_folder(const struct visit *q)
{
    struct stoa_str path = q->target.path, query = stoa_http_query(q->x);
    char *to = http_alloc(q->x, path.n * ESCAPE_URL_MAX + query.n + 3);
    if (!to)
        return -ENOMEM;
    size_t n = escape_url(to, path);
    to[n++] = '/';
    if (query.n) {
        to[n++] = '?';
        memcpy(to + n, query.p, query.n);
        n += query.n;
    }
    to[n] = 0;
    int r = stoa_http_set(q->x, "Location", to);
    return r < 0 ? r : refuse(q, 301, "a folder's address ends with a slash");
}

static int answer_listing(const struct visit *q, struct listing *l)
{
    int r = q->opt->cors ? stoa_http_set(q->x, "Access-Control-Allow-Origin", "*") : 0;
    if (r == 0)
        r = page_send(q->x, q->target.path, l);
    listing_done(l);
    return r;
}

static int is_folder_job(const struct disk *d, void *arg)
{
    struct stat st;
    int r = disk_stat(d, arg, &st);
    return r < 0 ? r : S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* A folder without an index. */
static int answer_folder(struct visit *q)
{
    struct listing l;
    const char *folder = to_folder(q);
    int r;
    if (!folder)
        return -ENOMEM;
    if (q->opt->list) {
        r = listing_read(&l, q->store->core, q->opt->root, folder, q->opt->hidden);
        if (r == 0)
            return answer_listing(q, &l);
    } else {
        r = disk_do(q->store->core, q->opt->root, is_folder_job, (void *)folder);
        if (r == 0 && !is_route(q))
            return refuse(q, 403, "this folder has no index.html, and is not listed");
    }
    if (r == 0 || r == -ENOENT || r == -ENOTDIR)
        return answer_missing(q, -ENOENT);
    return refuse_error(q, r);
}

static int answer_path(struct visit *q)
{
    int r = 0;
    if (q->target.is_dir)
        to_index(q);
    int found = answer_file(q, &r);
    if (found == STORE_FILE)
        return r;
    if (found == STORE_OTHER)
        return refuse(q, 403, "this is no regular file");
    if (q->target.is_dir && (found == -ENOENT || found == STORE_FOLDER))
        return answer_folder(q);
    if (found == STORE_FOLDER)
        return redirect_to_folder(q);
    return found == -ENOENT || found == -ENOTDIR ? answer_missing(q, found)
                                                 : refuse_error(q, found);
}

int files_serve(stoa_http *x, void *files)
{
    struct files *f = files;
    struct visit q = { .x = x, .opt = &f->opt };
    enum method method = http_head(x)->method;
    if (method != METHOD_GET && method != METHOD_HEAD)
        return answer_method(&q, method);
    q.store = store_of(f, conn_core(http_conn(x)));
    struct stoa_str path = stoa_http_path(x);
    char shorter[PATH_SHORT_BYTES + 1 + PATH_SPARE_BYTES], *buf = shorter;
    if (path.n > PATH_SHORT_BYTES)
        buf = http_alloc(x, path.n + 1 + PATH_SPARE_BYTES);
    if (!q.store || !buf)
        return -ENOMEM;
    int r = take_path(&q, path, buf);
    if (r < 0)
        return refuse(&q, fault_status(r), fault_reason(r));
    if (is_hidden(&q) && !f->opt.hidden)
        return refuse_error(&q, -ENOENT);
    return answer_path(&q);
}
