/* app/reply.c -- see reply.h. */
#include "app/reply.h"

#include "base/buf.h"

#include <errno.h>
#include <stdio.h>

enum {
    FIELDS_BYTES = 768,  /* those of a variant, and Content-Range */
    BOUNDARY_BYTES = 24, /* 96 random bits: in no file, and nobody can foresee it */
    PART_HEAD_BYTES = 384
};

/* ---- deciding ---- */

void reply_decide(struct reply_plan *ret, const struct head *h, const struct variant *v,
                  int64_t now_s)
{
    ret->status = 200;
    if (h->has & CONDITIONAL_FIELDS) {
        switch (conditional_judge(h, &v->validators, now_s)) {
        case CONDITION_PROCEED: break;
        case CONDITION_NOT_MODIFIED: ret->status = 304; return;
        case CONDITION_FAILED: ret->status = 412; return;
        }
    }
    if (!head_has(h, FIELD_RANGE) || h->method != METHOD_GET || h->repeats >> FIELD_RANGE & 1)
        return;
    if (!conditional_range(h, &v->validators, now_s))
        return;
    switch (range_parse(&ret->ranges, head_value(h, FIELD_RANGE), v->size)) {
    case RANGE_IGNORE: break;
    case RANGE_OK: ret->status = 206; break;
    case RANGE_UNSATISFIABLE: ret->status = 416; break;
    }
}

bool reply_has_body(const struct reply_plan *plan, const struct head *h)
{
    return h->method != METHOD_HEAD && (plan->status == 200 || plan->status == 206);
}

/* ---- sending ---- */

static int send_whole(stoa_http *x, const struct variant *v)
{
    if (v->body)
        return http_reply_ready(x, 200, v->fields, v->body, v->size);
    if (v->fd < 0) /* HEAD */
        return http_reply_ready(x, 200, v->fields, NULL, 0);
    return http_reply_file(x, 200, v->fields, v->fd, 0, v->size);
}

static int send_range(stoa_http *x, const struct variant *v, const struct range *range)
{
    char text[FIELDS_BYTES], content[RANGE_CONTENT_MAX];
    struct buf b;
    buf_init(&b, &mem_default, text, sizeof text);
    buf_str(&b, STR("Content-Length: "));
    buf_u64(&b, range->n);
    buf_str(&b, STR("\r\nContent-Range: "));
    buf_add(&b, content, range_content(content, range, v->size));
    buf_str(&b, STR("\r\n"));
    buf_str(&b, v->fields_range);
    if (v->body)
        return http_reply_ready(x, 206, buf_slice(&b), v->body + range->from, range->n);
    return http_reply_file(x, 206, buf_slice(&b), v->fd, (off_t)range->from, range->n);
}

/* ---- several ranges: multipart/byteranges (RFC 9110 section 14.6) ---- */

struct parts {
    const struct variant *v;
    const struct ranges *ranges;
    char boundary[BOUNDARY_BYTES + 1];
};

/* What stands before part i, and for i == count behind the last. In an encoded variant each part
 * says so, not the whole: the multipart itself is not encoded. */
static struct stoa_str part_head(const struct parts *p, unsigned i, char *buf)
{
    char content[RANGE_CONTENT_MAX];
    struct buf b;
    buf_init(&b, &mem_default, buf, PART_HEAD_BYTES);
    buf_str(&b, i ? STR("\r\n--") : STR("--"));
    buf_add(&b, p->boundary, BOUNDARY_BYTES);
    if (i == p->ranges->count) {
        buf_str(&b, STR("--\r\n"));
        return buf_slice(&b);
    }
    buf_str(&b, STR("\r\nContent-Type: "));
    buf_str(&b, p->v->type);
    if (p->v->coding != CODING_IDENTITY) {
        buf_str(&b, STR("\r\nContent-Encoding: "));
        buf_str(&b, accept_coding_name(p->v->coding));
    }
    buf_str(&b, STR("\r\nContent-Range: "));
    buf_add(&b, content, range_content(content, &p->ranges->at[i], p->v->size));
    buf_str(&b, STR("\r\n\r\n"));
    return buf_slice(&b);
}

static uint64_t parts_length(const struct parts *p)
{
    char buf[PART_HEAD_BYTES];
    uint64_t n = 0;
    for (unsigned i = 0; i < p->ranges->count; i++)
        n += part_head(p, i, buf).n + p->ranges->at[i].n;
    return n + part_head(p, p->ranges->count, buf).n;
}

/* Sets the fields that the lines hold. */
static int set_lines(stoa_http *x, struct stoa_str lines)
{
    int r = 0;
    char *z = http_alloc(x, lines.n + 1);
    if (!z)
        return -ENOMEM;
    memcpy(z, lines.p, lines.n);
    z[lines.n] = 0;
    while (r == 0 && *z) {
        char *colon = strchr(z, ':'), *end = strchr(z, '\r');
        *colon = *end = 0;
        r = stoa_http_set(x, z, colon + 2);
        z = end + 2;
    }
    return r;
}

static int start_parts(stoa_http *x, struct parts *p)
{
    unsigned char bits[BOUNDARY_BYTES / 2];
    char type[40 + BOUNDARY_BYTES];
    const struct io_sys *sys = conn_core(http_conn(x))->sys;
    sys->random(sys, bits, sizeof bits);
    for (size_t i = 0; i < sizeof bits; i++)
        snprintf(p->boundary + 2 * i, 3, "%02x", bits[i]);
    snprintf(type, sizeof type, "multipart/byteranges; boundary=%s", p->boundary);
    int r = stoa_http_set(x, "Content-Type", type);
    if (r == 0)
        r = set_lines(x, p->v->fields_parts);
    return r < 0 ? r : stoa_http_start(x, 206, (int64_t)parts_length(p));
}

static int write_part(stoa_http *x, const struct variant *v, const struct range *range)
{
    if (v->body)
        return stoa_http_write(x, v->body + range->from, range->n);
    return http_write_file(x, v->fd, (off_t)range->from, range->n);
}

static int send_parts(stoa_http *x, const struct variant *v, const struct ranges *ranges)
{
    struct parts p = { .v = v, .ranges = ranges };
    char buf[PART_HEAD_BYTES];
    int r = start_parts(x, &p);
    for (unsigned i = 0; i <= ranges->count && r == 0; i++) {
        struct stoa_str head = part_head(&p, i, buf);
        r = stoa_http_write(x, head.p, head.n);
        if (r == 0 && i < ranges->count)
            r = write_part(x, v, &ranges->at[i]);
    }
    return r;
}

static int refuse_range(stoa_http *x, const struct variant *v)
{
    char content[RANGE_CONTENT_MAX + 1];
    content[range_content(content, NULL, v->size)] = 0;
    int r = stoa_http_set(x, "Content-Range", content);
    if (r == 0)
        r = stoa_http_set(x, "Accept-Ranges", "bytes");
    return r < 0 ? r : http_refuse(x, 416, "the file has no bytes in the range asked for", false);
}

int reply_send(stoa_http *x, const struct variant *v, const struct reply_plan *plan)
{
    switch (plan->status) {
    case 206:
        if (plan->ranges.count == 1)
            return send_range(x, v, &plan->ranges.at[0]);
        return send_parts(x, v, &plan->ranges);
    case 304: return http_reply_ready(x, 304, v->fields_304, NULL, 0);
    case 412: return http_refuse(x, 412, "the file is not as the request demands", false);
    case 416: return refuse_range(x, v);
    default: return send_whole(x, v);
    }
}
