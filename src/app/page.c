/* app/page.c -- see page.h. */
#include "app/page.h"

#include "app/words.h"
#include "base/date.h"
#include "wire/escape.h"

#include <errno.h>

enum {
    PIECE_BYTES = 8 * 1024,  /* written at once */
    BUFFER_BYTES = 16 * 1024 /* a piece and the longest row */
};

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1c1e21;--soft:#687078;--line:#e4e7ea;--link:#0a58ca}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e6e8;--soft:#9aa3ab;--line:#33383d;"
    "--link:#7ab4ff}}"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);max-width:60em;margin:2em auto;"
    "padding:0 1em}"
    "h1{font-size:1.2em;font-weight:600;overflow-wrap:anywhere}"
    "table{border-collapse:collapse;width:100%}"
    "th{font-weight:normal;text-align:left;color:var(--soft)}"
    "th,td{padding:.25em .5em;border-bottom:1px solid var(--line);vertical-align:top}"
    "td:first-child{overflow-wrap:anywhere;unicode-bidi:isolate}"
    "td+td,th+th{text-align:right;white-space:nowrap;color:var(--soft);"
    "font-variant-numeric:tabular-nums}"
    "a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}"
    "p{color:var(--soft)}";

static void add_html(struct buf *b, struct stoa_str s)
{
    char *to = buf_room(b, s.n * ESCAPE_HTML_MAX);
    if (to)
        b->n += escape_html(to, s);
}

/* What escape_url leaves as it is can still mean something to HTML: "&" and "'". */
static void add_href(struct buf *b, struct stoa_str name)
{
    char url[LISTING_NAME_BYTES_MAX * ESCAPE_URL_MAX];
    add_html(b, (struct stoa_str){ url, escape_url(url, name) });
}

/* Each folder on the way, as a link to it. */
static void add_trail(struct buf *b, struct stoa_str path)
{
    size_t above = 0;
    for (size_t i = 1; i < path.n; i++)
        above += path.p[i] == '/';
    for (size_t at = 0; at < path.n; above--) {
        struct stoa_str name = str_from(path, at);
        name.n = str_find(name, '/');
        buf_str(b, STR("<a href=\"./"));
        for (size_t i = 0; i < above; i++)
            buf_str(b, STR("../"));
        buf_str(b, STR("\">"));
        add_html(b, name);
        buf_str(b, STR("/</a>"));
        at += name.n + 1;
    }
}

void page_head(struct buf *b, struct stoa_str path)
{
    buf_str(b, STR("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width\">\n<title>"));
    add_html(b, path);
    buf_str(b, STR("</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>"));
    buf_add(b, style, sizeof style - 1);
    buf_str(b, STR("</style>\n<h1>"));
    add_trail(b, path);
    buf_str(b, STR("</h1>\n<table>\n<tr><th>Name<th>Size<th>Changed (UTC)\n"));
    if (path.n > 1)
        buf_str(b, STR("<tr><td><a href=\"../\">../</a><td><td>\n"));
}

static void add_size(struct buf *b, uint64_t n)
{
    buf_str(b, STR("<td title=\""));
    buf_u64(b, n);
    buf_str(b, STR(" bytes\">"));
    char words[WORDS_SIZE_BYTES];
    buf_add(b, words, words_size(words, n));
}

static void add_time(struct buf *b, int64_t s)
{
    static const int64_t year_1_s = -62135596800, year_9999_s = 253402300799;
    struct date_parts d = date_split(s < year_1_s ? year_1_s : s > year_9999_s ? year_9999_s : s);
    buf_fmt(b, "<td>%04d-%02d-%02d %02d:%02d\n", d.year, d.month, d.day, d.hour, d.minute);
}

void page_row(struct buf *b, const struct listing_entry *e)
{
    struct stoa_str slash = e->is_folder ? STR("/") : STR("");
    buf_str(b, STR("<tr><td><a href=\""));
    add_href(b, e->name);
    buf_str(b, slash);
    buf_str(b, STR("\">"));
    add_html(b, e->name);
    buf_str(b, slash);
    buf_str(b, STR("</a>"));
    if (e->is_folder)
        buf_str(b, STR("<td>"));
    else
        add_size(b, e->size);
    add_time(b, e->modified_s);
}

void page_tail(struct buf *b, const struct listing *l)
{
    buf_str(b, STR("</table>\n"));
    if (l->count == 0)
        buf_str(b, STR("<p>There is nothing in this folder.</p>\n"));
    if (l->is_cut)
        buf_fmt(b, "<p>There is more: these are %zu of its entries.</p>\n", l->count);
}

static int write_out(stoa_http *x, struct buf *b)
{
    int r = b->failed ? -ENOMEM : stoa_http_write(x, b->p, b->n);
    buf_clear(b);
    return r;
}

static int write_all(stoa_http *x, struct stoa_str path, const struct listing *l, struct buf *b)
{
    int r = 0;
    page_head(b, path);
    for (size_t i = 0; i < l->count && r == 0; i++) {
        page_row(b, &l->entries[i]);
        if (b->n >= PIECE_BYTES)
            r = write_out(x, b);
    }
    page_tail(b, l);
    return r == 0 ? write_out(x, b) : r;
}

static int start(stoa_http *x)
{
    int r = stoa_http_set(x, "Content-Type", "text/html; charset=utf-8");
    if (r == 0)
        r = stoa_http_set(x, "Content-Security-Policy",
                          "default-src 'none'; style-src 'unsafe-inline'; img-src data:");
    return r == 0 ? stoa_http_start(x, 200, -1) : r;
}

int page_send(stoa_http *x, struct stoa_str path, const struct listing *l)
{
    struct buf b;
    buf_init(&b, l->mem, NULL, 0);
    /* First, while it can still be answered that there is no memory. */
    int r = buf_room(&b, BUFFER_BYTES) ? start(x) : -ENOMEM;
    if (r == 0 && http_head(x)->method != METHOD_HEAD)
        r = write_all(x, path, l, &b);
    buf_done(&b);
    return r;
}
