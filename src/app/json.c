/* app/json.c -- see json.h. */
#include "app/json.h"

static void put_name(struct buf *b, const char *name)
{
    char last = b->n > 0 ? b->p[b->n - 1] : ' ';
    if (last != '{' && last != '[' && last != ':' && last != ' ' && last != '\n')
        buf_str(b, STR(","));
    if (name)
        buf_fmt(b, "\"%s\":", name);
}

void json_open(struct buf *b, const char *name, char bracket)
{
    put_name(b, name);
    buf_add(b, &bracket, 1);
}

void json_close(struct buf *b, char bracket)
{
    buf_add(b, &bracket, 1);
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\';
}

void json_text(struct buf *b, const char *name, struct stoa_str s)
{
    put_name(b, name);
    buf_str(b, STR("\""));
    while (s.n) {
        size_t n = 0;
        while (n < s.n && is_plain(s.p[n]))
            n++;
        buf_add(b, s.p, n);
        s = str_from(s, n);
        if (s.n == 0)
            break;
        if (*s.p == '"' || *s.p == '\\')
            buf_add(b, (char[]){ '\\', *s.p }, 2);
        else
            buf_fmt(b, "\\u%04x", (unsigned char)*s.p);
        s = str_from(s, 1);
    }
    buf_str(b, STR("\""));
}

void json_count(struct buf *b, const char *name, uint64_t v)
{
    put_name(b, name);
    buf_u64(b, v);
}

void json_bool(struct buf *b, const char *name, bool v)
{
    put_name(b, name);
    buf_str(b, v ? STR("true") : STR("false"));
}

void json_null(struct buf *b, const char *name)
{
    put_name(b, name);
    buf_str(b, STR("null"));
}

void json_milli(struct buf *b, const char *name, int64_t thousandths)
{
    uint64_t v = thousandths < 0 ? -(uint64_t)thousandths : (uint64_t)thousandths;
    put_name(b, name);
    if (thousandths < 0)
        buf_str(b, STR("-"));
    buf_u64(b, v / 1000);
    if (v % 1000)
        buf_fmt(b, ".%03u", (unsigned)(v % 1000));
}
