/* Any bytes that a request line may have as a target, with each kind of method: what is accepted
 * is slices of it, and a path made ready stays inside the root, encoded again and decoded too. */
#include "wire/target.h"
#include "base/check.h"
#include "wire/chars.h"
#include "wire/escape.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool contains(struct stoa_str s, const char *what)
{
    return memmem(s.p, s.n, what, strlen(what)) != NULL;
}

static void check_ready(const struct target_path *t, size_t came_n)
{
    struct stoa_str path = t->path;
    check(path.n > 0 && path.n <= came_n && path.p[0] == '/' && path.p[path.n] == 0);
    check(strlen(path.p) == path.n);
    check(!contains(path, "//") && !contains(path, "/./") && !contains(path, "/../"));
    check(!str_ends(path, STR("/.")) && !str_ends(path, STR("/..")));
    check(t->is_dir == (path.p[path.n - 1] == '/'));
    check(t->is_hidden == contains(path, "/."));
}

static void check_path(struct stoa_str came)
{
    struct target_path ready, again;
    char *buf = malloc(came.n + 1);
    check(buf);
    int r = target_decode(&ready, came, buf);
    if (r == 0) {
        check_ready(&ready, came.n);
        char *url = malloc(ready.path.n * ESCAPE_URL_MAX),
             *back = malloc(came.n * ESCAPE_URL_MAX + 1);
        check(url && back);
        size_t url_n = escape_url(url, ready.path);
        check(target_decode(&again, (struct stoa_str){ url, url_n }, back) == 0);
        check(str_eq(again.path, ready.path));
        free(url);
        free(back);
    }
    check(r >= 0 || fault_status(r) > 0);
    free(buf);
}

static void check_slice(struct stoa_str s, struct stoa_str of)
{
    check(s.n == 0 || (s.p >= of.p && s.p + s.n <= of.p + of.n));
}

static void check_target(struct stoa_str in, enum method method)
{
    static struct head h;
    struct target t;
    head_init(&h, &head_limits_default);
    h.p = in.p;
    h.method = method;
    h.target = (struct head_span){ 0, (uint16_t)in.n };
    int r = target_parse(&t, &h);
    check(r >= 0 || fault_status(r) > 0);
    if (r < 0)
        return;
    check_slice(t.authority, in);
    check_slice(t.query, in);
    check(head_is_host(t.authority));
    check(t.has_query || t.query.n == 0);
    check((t.form == TARGET_AUTHORITY) == (method == METHOD_CONNECT));
    check(t.form != TARGET_ASTERISK || method == METHOD_OPTIONS);
    if (t.form == TARGET_ORIGIN || t.form == TARGET_ABSOLUTE)
        check_path(t.path);
    else
        check(t.path.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct stoa_str in = { (const char *)data, n };
    in.n = char_span(in, CHAR_TARGET);
    if (in.n == 0 || in.n > HEAD_BYTES_MAX)
        return 0;
    check_target(in, METHOD_GET);
    check_target(in, METHOD_OPTIONS);
    check_target(in, METHOD_CONNECT);
    return 0;
}
