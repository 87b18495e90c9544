/* sim/paths.c -- asking the folder for what is no plain file: odd paths, folders, other methods. */
#include "sim/topics.h"

#include <stdio.h>

/* What a target gives. A status; or 200 and the bytes of an entry; which of both, the options say. */
static const struct {
    const char *target, *entry;
    int status;
    enum { ALWAYS, HIDDEN, LISTED, ROUTE } when; /* the entry only then; ROUTE: else index.html */
} rows[] = {
    { "/", "index.html", 200, ALWAYS },
    { "/?a=b", "index.html", 200, ALWAYS },
    { "/./small.txt", "small.txt", 200, ALWAYS },
    { "/dir/../small.txt", "small.txt", 200, ALWAYS },
    { "/%73mall%2Etxt", "small.txt", 200, ALWAYS },
    { "//dir//a.txt", "dir/a.txt", 200, ALWAYS },
    { "/dir/", "dir/index.html", 200, ALWAYS },
    { "/.well-known/acme", ".well-known/acme", 200, ALWAYS },
    { "/dir", NULL, 301, ALWAYS },
    { "/dir?a=b", NULL, 301, ALWAYS },
    { "/list/", NULL, 403, LISTED },
    { "/.hidden", ".hidden", 404, HIDDEN },
    { "/list/.five", "list/.five", 404, HIDDEN },
    { "/nothing.txt", NULL, 404, ALWAYS },
    { "/nothing", NULL, 404, ROUTE },
    { "/small.txt/", NULL, 404, ROUTE },
    { "/pipe", NULL, 403, ALWAYS },
    { "/socket", NULL, 403, ALWAYS },
    { "/locked.txt", NULL, 403, ALWAYS },
    { "/a%00b", NULL, 400, ALWAYS },
    { "/dir%2Fa.txt", NULL, 400, ALWAYS },
    { "/dir/%zz", NULL, 400, ALWAYS },
    { "/../small.txt", NULL, 400, ALWAYS },
    { "/dir/..%2f..", NULL, 400, ALWAYS },
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

/* ---- paths ---- */

static void path_ask(struct client *c, struct ask *a, bool keep)
{
    do
        a->number[0] = (int64_t)world_below(c->w, ROWS);
    while (c->grain < 64 && rows[a->number[0]].when == LISTED); /* that is a long page */
    request_begin(c, a, keep, world_below(c->w, 6) ? "GET" : "HEAD", rows[a->number[0]].target);
    request_end(c, a);
    a->n = 3000;
    /* A listing has a length that was not told. */
    a->may_close = rows[a->number[0]].status == 400 || rows[a->number[0]].when == LISTED;
}

static void judge_redirect(struct client *c, const char *target)
{
    struct stoa_str to = heard_field(&c->heard, STR("Location"));
    if (!str_eq(to, strchr(target, '?') ? STR("/dir/?a=b") : STR("/dir/")))
        client_fail(c, "a redirection to %.*s", (int)to.n, to.p);
}

/* All that can be asked for is there, and nothing else. */
static void judge_listing(struct client *c, const struct ask *a)
{
    static const char *const names[] = { "one%20&amp;%20two.txt", "three/", "four.bin", ".five",
                                         "pipe" };
    bool hidden = c->server->shelf.opt.hidden;
    char text[80];
    if (!status_is(c, 200) || a->is_head)
        return;
    buf_add(&c->heard.body, "", 1); /* its end, for strstr */
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "href=\"%s\"", names[i]);
        bool is_there = strstr(c->heard.body.p, text) != NULL;
        if (is_there != (i < 3 || (i == 3 && hidden)))
            client_fail(c, "the listing %s %s", is_there ? "has" : "lacks", names[i]);
    }
}

static void judge_entry(struct client *c, const struct ask *a, const char *path)
{
    const struct ventry *e = vdisk_find(&c->server->k->disk, path);
    const struct heard *h = &c->heard;
    if (!status_is(c, 200))
        return;
    if (h->length != (int64_t)e->versions[0].size)
        client_fail(c, "Content-Length %lld", (long long)h->length);
    else if (!a->is_head && !content_is(e->versions[0].content, 0, h->body.p, h->body.n))
        client_fail(c, "other bytes than those of %s", path);
}

static void path_judge(struct client *c, const struct ask *a)
{
    int64_t i = a->number[0];
    const struct files_options *opt = &c->server->shelf.opt;
    bool has_entry = rows[i].entry && (rows[i].when != HIDDEN || opt->hidden);
    if (has_entry)
        judge_entry(c, a, rows[i].entry);
    else if (rows[i].when == ROUTE && opt->spa)
        judge_entry(c, a, "index.html");
    else if (rows[i].when == LISTED && opt->list)
        judge_listing(c, a);
    else if (rows[i].when == LISTED && opt->spa)
        judge_entry(c, a, "index.html");
    else if (status_is(c, rows[i].status) && rows[i].status == 301)
        judge_redirect(c, rows[i].target);
}

/* ---- methods and conditions ---- */

static const struct {
    const char *method, *target, *fields;
    int status;
    bool allows; /* the reply must have Allow */
} others[] = {
    { "OPTIONS", "/small.txt", "", 204, true },
    { "POST", "/small.txt", "", 405, true },
    { "DELETE", "/small.txt", "", 405, true },
    { "OPTIONS", "*", "", 204, true },
    { "BREW", "/small.txt", "", 501, false },
    { "TRACE", "/small.txt", "", 501, false },
    { "GET", "/small.txt", "If-Match: \"no\"\r\n", 412, false },
    { "GET", "/small.txt", "If-Match: *\r\n", 200, false },
    { "GET", "/small.txt", "If-None-Match: *\r\n", 304, false },
    { "GET", "/small.txt", "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n", 412, false },
    { "GET", "/small.txt", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n", 200, false },
    { "GET", "/small.txt", "If-Modified-Since: nonsense\r\n", 200, false },
    { "GET", "/text", "Expect: nonsense\r\n", 417, false },
    { "GET", "/nothing", "Accept: image/png, text/css\r\n", 404, false },
    { "HEAD", "/small.txt", "Range: bytes=0-0\r\n", 200, false },
    { "GET", "/small.txt", "Range: lines=0-0\r\n", 200, false },
};

static void other_ask(struct client *c, struct ask *a, bool keep)
{
    int64_t i = a->number[0] = (int64_t)world_below(c->w, sizeof(others) / sizeof(*others));
    request_begin(c, a, keep, others[i].method, others[i].target);
    buf_str(&c->out, str_of(others[i].fields));
    request_end(c, a);
    a->n = 500;
    a->may_close = true;
}

static void other_judge(struct client *c, const struct ask *a)
{
    int64_t i = a->number[0];
    if (others[i].status == 417 && a->is_old) /* RFC 9110 section 10.1.1 */
        status_is(c, 200);
    else if (status_is(c, others[i].status) && others[i].allows &&
             !heard_field(&c->heard, STR("Allow")).p)
        client_fail(c, "%s is answered without Allow", others[i].method);
}

/* A name that is longer than those of the server's own storage. */
static void long_ask(struct client *c, struct ask *a, bool keep)
{
    char target[600];
    size_t n = (size_t)world_between(c->w, 200, (int64_t)sizeof(target) - 10);
    memset(target, 'a', n);
    target[0] = '/';
    strcpy(target + n, ".txt");
    request_begin(c, a, keep, "GET", target);
    request_end(c, a);
}

static void long_judge(struct client *c, const struct ask *a)
{
    (void)a;
    status_is(c, 404);
}

const struct topic path_topics[] = {
    { "path", 6, path_ask, path_judge, false, false, 0 },
    { "other", 4, other_ask, other_judge, false, false, 0 },
    { "long", 1, long_ask, long_judge, false, false, 16 },
};
const size_t path_topics_n = sizeof(path_topics) / sizeof(*path_topics);
