/* sim/pages.c -- asking for files, and what may come back: what stood under the name at some moment
 * while it was asked for, or a second before, since so long the server may believe what it saw. */
#include "sim/topics.h"

#include <stdio.h>
#include <stdlib.h>

enum { BELIEVED_MS = 1000 + 2 * BUSY_MS_MAX };

/* What is accepted; best: suffixes in the order in which the server must prefer them; "?" = any. */
static const struct {
    const char *field, *best[3];
} accepts[] = {
    { "", { "" } },
    { "Accept-Encoding: gzip\r\n", { ".gz", "" } },
    { "Accept-Encoding: br\r\n", { ".br", "" } },
    { "Accept-Encoding: gzip, deflate, br\r\n", { ".br", ".gz", "" } },
    { "Accept-Encoding: gzip;q=1.0, br;q=0.5\r\n", { ".gz", ".br", "" } },
    { "Accept-Encoding: gzip;q=0, identity\r\n", { "" } },
};

enum { ACCEPTS = sizeof(accepts) / sizeof(*accepts) };

static const struct {
    const char *suffix, *coding;
} codings[] = { { ".gz", "gzip" }, { ".br", "br" }, { ".zst", "zstd" } };

/* ---- what stood there ---- */

/* The versions of e that can be meant by a; one after another from *i = 0 on. */
static const struct vversion *next_version(const struct client *c, const struct ask *a,
                                           const struct ventry *e, unsigned *i)
{
    stoa_time since = a->begun - BELIEVED_MS * STOA_MS;
    while (*i < e->count) {
        unsigned at = (*i)++;
        stoa_time until = at + 1 < e->count ? e->versions[at + 1].from : STOA_NEVER;
        if (until >= since && e->versions[at].from <= c->w->now)
            return &e->versions[at];
    }
    return NULL;
}

static bool was_gone(const struct client *c, const struct ask *a, const struct ventry *e)
{
    const struct vversion *v;
    for (unsigned i = 0; (v = next_version(c, a, e, &i));)
        if (v->is_gone)
            return true;
    return false;
}

static unsigned version_count(const struct client *c, const struct ask *a, const struct ventry *e)
{
    unsigned n = 0;
    for (unsigned i = 0; next_version(c, a, e, &i); n++)
        ;
    return n;
}

static bool has_size(const struct client *c, const struct ask *a, const struct ventry *e,
                     uint64_t size)
{
    const struct vversion *v;
    for (unsigned i = 0; (v = next_version(c, a, e, &i));)
        if (!v->is_gone && v->size == size)
            return true;
    return false;
}

/* The version of this size that has these bytes at `at`; NULL = none. */
static const struct vversion *version_of_bytes(const struct client *c, const struct ask *a,
                                               const struct ventry *e, uint64_t size, uint64_t at,
                                               struct stoa_str bytes)
{
    const struct vversion *v;
    for (unsigned i = 0; (v = next_version(c, a, e, &i));)
        if (!v->is_gone && v->size == size && content_is(v->content, at, bytes.p, bytes.n))
            return v;
    return NULL;
}

/* Whether each byte is of some version: of a file that is written while it is sent. */
static bool is_mixed(const struct client *c, const struct ask *a, const struct ventry *e,
                     uint64_t at, struct stoa_str bytes)
{
    for (size_t k = 0; k < bytes.n; k++) {
        const struct vversion *v;
        bool found = false;
        for (unsigned i = 0; !found && (v = next_version(c, a, e, &i));)
            found = content_is(v->content, at + k, bytes.p + k, 1);
        if (!found)
            return false;
    }
    return true;
}

bool page_may_break(const struct client *c, const struct ask *a)
{
    uint64_t most = 0;
    const struct vversion *v;
    if (!a->entry || !(a->entry->kinds & CHANGE_SHRINK))
        return false;
    for (unsigned i = 0; (v = next_version(c, a, a->entry, &i));) {
        if (v->size < most)
            return true;
        most = v->size;
    }
    return false;
}

/* ---- judging a representation ---- */

/* The entry whose bytes the reply has: the file, or its sibling in the coding that it names. */
static const struct ventry *entry_of(struct client *c, const struct ask *a)
{
    struct stoa_str coding = heard_field(&c->heard, STR("Content-Encoding"));
    if (!coding.p)
        return a->entry;
    for (size_t i = 0; i < sizeof(codings) / sizeof(*codings); i++)
        if (str_eq(coding, str_of(codings[i].coding)))
            return shelf_sibling(&c->server->shelf, a->entry, codings[i].suffix);
    return NULL;
}

/* Whether siblings may be passed over that could not be read for lack of something: for as long as
 * that is believed. */
static bool is_unsure(const struct client *c, const struct ask *a)
{
    bool late = c->w->disasters && a->begun - c->w->last_mishap < BELIEVED_MS * STOA_MS;
    return late || c->server->set.is_tight;
}

/* Whether it is in the coding that the client likes best; of siblings that come and go, any. */
static bool is_best(struct client *c, const struct ask *a, const struct ventry *e)
{
    if (is_unsure(c, a))
        return true;
    for (int i = 0; i < 3 && accepts[a->number[0]].best[i]; i++) {
        const char *suffix = accepts[a->number[0]].best[i];
        const struct ventry *f = a->entry;
        if (suffix[0])
            f = shelf_sibling(&c->server->shelf, a->entry, suffix);
        if (f == e)
            return true;
        if (f && f->count == 1 && f->versions[0].size > 0)
            return false;
    }
    return false;
}

static void judge_bytes(struct client *c, const struct ask *a, const struct ventry *e,
                        uint64_t size, uint64_t at, struct stoa_str bytes)
{
    const struct vversion *v = version_of_bytes(c, a, e, size, at, bytes);
    struct stoa_str tag = heard_field(&c->heard, STR("ETag"));
    bool is_edited = e->kinds & (CHANGE_REWRITE | CHANGE_GROW | CHANGE_SHRINK);
    if (!v && is_edited && has_size(c, a, e, size) && is_mixed(c, a, e, at, bytes))
        return;
    if (!v)
        client_fail(c, "%zu bytes at %llu of %llu that never stood there", bytes.n,
                    (unsigned long long)at, (unsigned long long)size);
    else if (tag.p && at == 0 && bytes.n == size && !is_edited &&
             shelf_tag_lies(&c->server->shelf, tag, v->content, v->size))
        client_fail(c, "an ETag that was of other bytes before");
}

static void judge_whole(struct client *c, const struct ask *a, const struct ventry *e)
{
    const struct heard *h = &c->heard;
    if (h->length < 0)
        client_fail(c, "a file without Content-Length");
    else if (!has_size(c, a, e, (uint64_t)h->length))
        client_fail(c, "Content-Length %lld, which was never its size", (long long)h->length);
    else if (!a->is_head)
        judge_bytes(c, a, e, (uint64_t)h->length, 0, buf_slice(&h->body));
}

/* ---- ranges ---- */

/* Reads "bytes 1-2/3". */
static bool content_range(struct stoa_str s, uint64_t n[3])
{
    char text[80];
    unsigned long long a[3];
    int end = 0;
    if (!s.p || s.n >= sizeof(text))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    if (sscanf(text, "bytes %llu-%llu/%llu%n", &a[0], &a[1], &a[2], &end) != 3 ||
        (size_t)end != s.n || a[0] > a[1] || a[1] >= a[2])
        return false;
    for (int i = 0; i < 3; i++)
        n[i] = a[i];
    return true;
}

/* What of `size` bytes the span means. returns false when it is nothing. */
static bool span_clip(struct span s, uint64_t size, uint64_t *from, uint64_t *to)
{
    if (s.from < 0) {
        *from = (uint64_t)s.to < size ? size - (uint64_t)s.to : 0;
        *to = size - 1;
        return size && s.to > 0;
    }
    *from = (uint64_t)s.from;
    *to = s.to < 0 || (uint64_t)s.to >= size ? size - 1 : (uint64_t)s.to;
    return *from < size;
}

/* Is the byte asked for? */
static bool is_asked(const struct ask *a, uint64_t size, uint64_t byte)
{
    uint64_t from, to;
    for (unsigned i = 0; i < a->ranges_n; i++)
        if (span_clip(a->ranges[i], size, &from, &to) && byte >= from && byte <= to)
            return true;
    return false;
}

static void judge_part(struct client *c, const struct ask *a, const struct ventry *e,
                       const uint64_t n[3], struct stoa_str bytes)
{
    bool starts = is_asked(a, n[2], n[0]) && (n[0] == 0 || !is_asked(a, n[2], n[0] - 1));
    bool ends = is_asked(a, n[2], n[1]) && !is_asked(a, n[2], n[1] + 1);
    if (bytes.n != n[1] - n[0] + 1)
        client_fail(c, "a range of %zu bytes", bytes.n);
    else if (!starts || !ends)
        client_fail(c, "a range that was not asked for: %llu-%llu", (unsigned long long)n[0],
                    (unsigned long long)n[1]);
    else
        judge_bytes(c, a, e, n[2], n[0], bytes);
}

/* Cuts s behind `end`. returns what stands before; p NULL when it is not there. */
static struct stoa_str cut(struct stoa_str *s, struct stoa_str end)
{
    struct stoa_str rest = *s;
    while (rest.n >= end.n && !str_starts(rest, end))
        rest = str_from(rest, 1);
    if (rest.n < end.n)
        return (struct stoa_str){ NULL, 0 };
    struct stoa_str before = { s->p, (size_t)(rest.p - s->p) };
    *s = str_from(rest, end.n);
    return before;
}

/* The value of a field in lines that end with CRLF. */
static struct stoa_str line_value(struct stoa_str lines, struct stoa_str name)
{
    struct stoa_str line;
    while ((line = cut(&lines, STR("\r\n"))).p)
        if (str_starts(line, name))
            return str_from(line, name.n);
    return (struct stoa_str){ NULL, 0 };
}

static const struct ventry *part_entry(struct client *c, const struct ask *a, struct stoa_str lines)
{
    struct stoa_str coding = line_value(lines, STR("Content-Encoding: "));
    for (size_t i = 0; coding.p && i < sizeof(codings) / sizeof(*codings); i++)
        if (str_eq(coding, str_of(codings[i].coding)))
            return shelf_sibling(&c->server->shelf, a->entry, codings[i].suffix);
    return coding.p ? NULL : a->entry;
}

/* multipart/byteranges (RFC 9110 section 14.6). */
static void judge_parts(struct client *c, const struct ask *a, struct stoa_str boundary)
{
    struct stoa_str rest = buf_slice(&c->heard.body);
    unsigned parts = 0;
    char text[120];
    snprintf(text, sizeof(text), "--%.*s", (int)boundary.n, boundary.p);
    if (!str_starts(rest, str_of(text)))
        client_fail(c, "a multipart body without its boundary");
    rest = str_from(rest, strlen(text) < rest.n ? strlen(text) : rest.n);
    while (str_starts(rest, STR("\r\n")) && !world_failed(c->w)) {
        uint64_t n[3] = { 0 };
        struct stoa_str lines = cut(&rest, STR("\r\n\r\n"));
        lines.n += lines.p ? 2 : 0;
        const struct ventry *e = part_entry(c, a, lines);
        if (!e || !content_range(line_value(lines, STR("Content-Range: ")), n) ||
            n[1] - n[0] >= rest.n) {
            client_fail(c, "a part whose head is wrong");
            return;
        }
        judge_part(c, a, e, n, (struct stoa_str){ rest.p, n[1] - n[0] + 1 });
        rest = str_from(rest, n[1] - n[0] + 1);
        if (cut(&rest, STR("\r\n")).n || !str_starts(rest, str_of(text)))
            client_fail(c, "a part that does not end with the boundary");
        else
            rest = str_from(rest, strlen(text));
        parts++;
    }
    if (!str_eq(rest, STR("--\r\n")) || parts < 2 || parts > a->ranges_n)
        client_fail(c, "a multipart body that does not end, or of %u parts", parts);
}

static void judge_partial(struct client *c, const struct ask *a)
{
    static const struct stoa_str multipart = { "multipart/byteranges; boundary=", 31 };
    struct stoa_str type = heard_field(&c->heard, STR("Content-Type"));
    const struct ventry *e = entry_of(c, a);
    uint64_t n[3];
    if (!a->ranges_n || a->is_head)
        client_fail(c, "a 206 that was not asked for");
    else if (type.p && str_starts(type, multipart))
        judge_parts(c, a, str_from(type, multipart.n));
    else if (!e || !content_range(heard_field(&c->heard, STR("Content-Range")), n))
        client_fail(c, "a 206 without a right Content-Range");
    else
        judge_part(c, a, e, n, buf_slice(&c->heard.body));
}

/* Is there a version of which nothing is asked for? */
static bool may_be_unsatisfiable(struct client *c, const struct ask *a)
{
    const struct ventry *all[] = { a->entry, shelf_sibling(&c->server->shelf, a->entry, ".gz"),
                                   shelf_sibling(&c->server->shelf, a->entry, ".br") };
    const struct vversion *v;
    for (int k = 0; k < 3; k++)
        for (unsigned i = 0; all[k] && (v = next_version(c, a, all[k], &i));) {
            uint64_t from, to;
            unsigned n = 0;
            for (unsigned r = 0; r < a->ranges_n; r++)
                n += span_clip(a->ranges[r], v->size, &from, &to);
            if (n == 0)
                return true;
        }
    return false;
}

/* ---- the topics ---- */

/* How many bytes the reply may have, at most. */
static uint64_t size_most(const struct shelf *s, const struct ventry *e)
{
    uint64_t most = e->kinds ? 100000 : e->versions[0].size;
    for (size_t i = 0; i < sizeof(codings) / sizeof(*codings); i++) {
        const struct ventry *f = shelf_sibling(s, e, codings[i].suffix);
        uint64_t size = !f ? 0 : f->kinds ? 100000 : f->versions[0].size;
        most = size > most ? size : most;
    }
    return most;
}

static struct ventry *entry_draw(struct client *c)
{
    struct shelf *s = &c->server->shelf;
    for (;;) {
        struct ventry *e = s->files[world_below(c->w, s->count)];
        uint64_t size = size_most(s, e);
        if (size <= c->grain * 100 || size <= 500)
            return e;
    }
}

static void file_write(struct client *c, struct ask *a, bool keep, struct ventry *e)
{
    char target[200];
    a->entry = e;
    a->number[0] = (int64_t)world_below(c->w, ACCEPTS);
    a->n = size_most(&c->server->shelf, e); /* for the client's patience */
    shelf_target(e, target, sizeof(target));
    request_begin(c, a, keep, world_below(c->w, 6) ? "GET" : "HEAD", target);
    buf_fmt(&c->out, "%s", accepts[a->number[0]].field);
}

static void file_ask(struct client *c, struct ask *a, bool keep)
{
    file_write(c, a, keep, entry_draw(c));
    request_end(c, a);
}

/* What holds for every answer to a request for a file but those with bytes of it. */
static void judge_without_bytes(struct client *c, const struct ask *a)
{
    int status = c->heard.status;
    if (status == 404 && was_gone(c, a, a->entry))
        return;
    if (status == 503 && version_count(c, a, a->entry) > 2) /* something else each time */
        return;
    if (status == 416 && a->ranges_n && may_be_unsatisfiable(c, a))
        return;
    if (status == 304 && a->tag[0])
        return;
    client_fail(c, "status %d for %s: %.*s", status, a->entry->name,
                (int)(c->heard.body.n < 100 ? c->heard.body.n : 100), c->heard.body.p);
}

static void judge_options(struct client *c)
{
    const struct files_options *opt = &c->server->shelf.opt;
    struct stoa_str cors = heard_field(&c->heard, STR("Access-Control-Allow-Origin"));
    struct stoa_str cache = heard_field(&c->heard, STR("Cache-Control"));
    if (opt->cors != str_eq(cors, STR("*")))
        client_fail(c, "Access-Control-Allow-Origin is not as told");
    if ((opt->cache_s >= 0) != str_eq(cache, STR("public, max-age=60")))
        client_fail(c, "Cache-Control is not as told");
}

static void file_judge(struct client *c, const struct ask *a)
{
    const struct ventry *e = entry_of(c, a);
    int status = c->heard.status;
    if (status != 200 && status != 206) {
        judge_without_bytes(c, a);
        return;
    }
    judge_options(c);
    if (status == 206)
        judge_partial(c, a);
    else if (!e)
        client_fail(c, "a Content-Encoding that there is not");
    else if (!is_best(c, a, e))
        client_fail(c, "%s: not in the coding that is liked best", a->entry->name);
    else
        judge_whole(c, a, e);
}

static void range_ask(struct client *c, struct ask *a, bool keep)
{
    struct world *w = c->w;
    file_write(c, a, keep, entry_draw(c));
    int64_t size = (int64_t)a->entry->versions[0].size;
    a->ranges_n = (unsigned)world_size(w, 1, 3);
    for (unsigned i = 0; i < a->ranges_n; i++) {
        int64_t from = world_between(w, -1, size + 1), to = world_between(w, -1, size + 10);
        if (from < 0 && to < 0)
            to = 5;
        if (from >= 0 && to >= 0 && to < from)
            to = from;
        a->ranges[i] = (struct span){ from, to };
        char first[24] = "", last[24] = "";
        if (from >= 0)
            snprintf(first, sizeof(first), "%lld", (long long)from);
        if (to >= 0)
            snprintf(last, sizeof(last), "%lld", (long long)to);
        buf_fmt(&c->out, "%s%s-%s", i ? ", " : "Range: bytes=", first, last);
    }
    buf_fmt(&c->out, "\r\n");
    request_end(c, a);
}

/* Not modified by tag, by date; or a range, if it is still the same. */
static void write_condition(struct client *c, struct ask *a)
{
    uint64_t kind = world_below(c->w, 4);
    if (!a->tag[0] || !c->date[0])
        return;
    if (kind == 0 && !a->is_head) {
        a->ranges[a->ranges_n++] = (struct span){ 0, 4 };
        buf_fmt(&c->out, "Range: bytes=0-4\r\nIf-Range: %s\r\n", a->tag);
    } else if (kind == 1) {
        buf_fmt(&c->out, "If-Modified-Since: %s\r\n", c->date);
    } else {
        buf_fmt(&c->out, "If-None-Match: \"not\", %s\r\n", a->tag);
    }
}

/* The second half of `returning`: the first reply's ETag is still in the client's mind. */
static void again_ask(struct client *c, struct ask *a, bool keep)
{
    char target[200];
    const struct ask *first = &c->asks[0];
    a->entry = first->entry;
    a->number[0] = first->number[0];
    memcpy(a->tag, c->tag, sizeof(a->tag));
    shelf_target(a->entry, target, sizeof(target));
    request_begin(c, a, keep, world_below(c->w, 6) ? "GET" : "HEAD", target);
    buf_fmt(&c->out, "%s", accepts[a->number[0]].field);
    write_condition(c, a);
    request_end(c, a);
}

/* What has not changed is not sent again. */
static void again_judge(struct client *c, const struct ask *a)
{
    const struct ask *first = &c->asks[0];
    /* A file's date is never told as later than the server's own. */
    bool same = !is_unsure(c, first) && !c->w->happened[MISHAP_REAL_JUMP];
    const struct ventry *all[] = { a->entry, shelf_sibling(&c->server->shelf, a->entry, ".gz"),
                                   shelf_sibling(&c->server->shelf, a->entry, ".br") };
    for (int i = 0; i < 3; i++)
        same &= !all[i] || version_count(c, first, all[i]) == 1;
    int want = a->ranges_n ? 206 : 304;
    bool is_empty = a->ranges_n && a->entry->versions[0].size == 0;
    if (same && !is_empty && a->tag[0] && c->date[0] && c->heard.status != want)
        client_fail(c, "status %d for a file that has not changed", c->heard.status);
    else
        file_judge(c, a);
    if (c->heard.status == 304 && !str_eq(heard_field(&c->heard, STR("ETag")), str_of(a->tag)))
        client_fail(c, "a 304 without the ETag");
}

const struct topic page_topics[] = {
    { "file", 12, file_ask, file_judge, false, false, 0 },
    { "range", 5, range_ask, file_judge, false, false, 0 },
};
const size_t page_topics_n = sizeof(page_topics) / sizeof(*page_topics);

const struct topic topic_again = { "again", 0, again_ask, again_judge, false, false, 0 };
