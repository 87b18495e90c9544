/* A folder over HTTP: encodings, conditions, ranges, options, listings. */
#include "app_fake.h"

/* ---- compressed siblings ---- */

static void codings(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        { "", "plain", "" },
        { "Accept-Encoding: gzip\r\n", "gz", "gzip" },
        { "Accept-Encoding: gzip, zstd, br\r\n", "brotli", "br" },
        { "Accept-Encoding: gzip, zstd\r\n", "zst", "zstd" },
        { "Accept-Encoding: br;q=0.1, gzip;q=0.2\r\n", "gz", "gzip" },
        { "Accept-Encoding: br;q=0\r\n", "plain", "" },
        { "Accept-Encoding: identity;q=0, compress\r\n", "plain", "" },
        { "Accept-Encoding: *\r\n", "brotli", "br" },
    };
    static struct site s;
    char tags[8][80];
    disk_init();
    disk_add("a.js", S_IFREG, "plain");
    disk_add("a.js.gz", S_IFREG, "gz");
    disk_add("a.js.zst", S_IFREG, "zst");
    disk_add("a.js.br", S_IFREG, "brotli");
    open_site(&s, plain);
    for (size_t i = 0; i < 8; i++) {
        struct fake_reply *r = site_ask(&s, "GET", "/a.js", rows[i][0]);
        assert_reply(r, 200, rows[i][1]);
        assert_string_equal(field_of_reply(r, "Content-Encoding"), rows[i][2]);
        assert_string_equal(field_of_reply(r, "Content-Type"), "text/javascript; charset=utf-8");
        assert_string_equal(field_of_reply(r, "Vary"), "Accept-Encoding");
        snprintf(tags[i], sizeof tags[i], "%s", field_of_reply(r, "ETag"));
        for (size_t j = 0; j < i; j++)
            assert_int_equal(strcmp(tags[i], tags[j]) == 0, rows[i][2] == rows[j][2]);
    }
    struct fake_reply *r = site_get(&s, "/a.js.gz");
    assert_reply(r, 200, "gz");
    assert_string_equal(field_of_reply(r, "Content-Type"), "application/gzip");
    assert_string_equal(field_of_reply(r, "Vary"), "");
    site_done(&s);
}

/* A sibling that is a link to the same file: other words about the same bytes. */
static void a_sibling_that_is_the_same_file(void **state)
{
    (void)state;
    static struct site s;
    char tag[80];
    disk_init();
    struct node *a = disk_add("a", S_IFREG, "same");
    disk_add("a.gz", S_IFREG, "same")->ino = a->ino;
    open_site(&s, plain);
    snprintf(tag, sizeof tag, "%s", field_of_reply(site_get(&s, "/a"), "ETag"));
    struct fake_reply *r = site_ask(&s, "GET", "/a", "Accept-Encoding: gzip\r\n");
    assert_string_equal(field_of_reply(r, "Content-Encoding"), "gzip");
    assert_string_not_equal(field_of_reply(r, "ETag"), tag);
    site_done(&s);
}

static void siblings_come_and_go(void **state)
{
    (void)state;
    const char *gzip = "Accept-Encoding: gzip\r\n";
    static struct site s;
    disk_init();
    disk_add("a", S_IFREG, "plain");
    struct node *gz = disk_add("a.gz", S_IFREG, "gz");
    open_site(&s, plain);
    gz->path = NULL;
    struct fake_reply *r = site_ask(&s, "GET", "/a", gzip);
    assert_reply(r, 200, "plain");
    assert_string_equal(field_of_reply(r, "Vary"), "");
    gz->path = "a.gz";
    site_pass(&s, STOA_SEC);
    assert_reply(site_ask(&s, "GET", "/a", gzip), 200, "gz");
    r = site_get(&s, "/a");
    assert_reply(r, 200, "plain");
    assert_string_equal(field_of_reply(r, "Vary"), "Accept-Encoding");
    site_pass(&s, STOA_SEC);
    gz->mode = S_IFIFO;
    assert_reply(site_ask(&s, "GET", "/a", gzip), 200, "plain");
    site_pass(&s, STOA_SEC);
    gz->mode = S_IFREG;
    gz->err_read = -EACCES;
    assert_reply(site_ask(&s, "GET", "/a", gzip), 200, "plain");
    gz->err_read = 0;
    gz->n = 0;
    site_pass(&s, STOA_SEC);
    assert_reply(site_ask(&s, "GET", "/a", gzip), 200, "plain");
    site_done(&s);
}

/* ---- conditions and ranges ---- */

static void conditions(void **state)
{
    (void)state;
    static struct site s;
    char fields[200], tag[80];
    struct files_options opt = plain;
    opt.cache_s = 60;
    opt.cors = true;
    disk_init();
    disk_add("a", S_IFREG, "body");
    disk_add("a.gz", S_IFREG, "gz");
    open_site(&s, opt);
    snprintf(tag, sizeof tag, "%s", field_of_reply(site_get(&s, "/a"), "ETag"));
    snprintf(fields, sizeof fields, "If-None-Match: W/%s\r\n", tag);
    struct fake_reply *r = site_ask(&s, "GET", "/a", fields);
    assert_reply(r, 304, "");
    assert_string_equal(field_of_reply(r, "ETag"), tag);
    assert_string_equal(field_of_reply(r, "Vary"), "Accept-Encoding");
    assert_string_equal(field_of_reply(r, "Cache-Control"), "public, max-age=60");
    assert_string_equal(field_of_reply(r, "Access-Control-Allow-Origin"), "*");
    assert_string_equal(field_of_reply(r, "Content-Type"), "");
    assert_string_equal(field_of_reply(r, "Content-Length"), "");
    assert_reply(site_ask(&s, "HEAD", "/a", fields), 304, "");
    snprintf(fields, sizeof fields, "If-None-Match: %s\r\nAccept-Encoding: gzip\r\n", tag);
    assert_reply(site_ask(&s, "GET", "/a", fields), 200, "gz");
    snprintf(fields, sizeof fields, "If-Match: %s\r\n", tag);
    assert_reply(site_ask(&s, "GET", "/a", fields), 200, "body");
    assert_int_equal(site_ask(&s, "GET", "/a", "If-Match: \"x\"\r\n")->status, 412);
    assert_reply(site_ask(&s, "GET", "/a", "If-Modified-Since: Mon, 19 Sep 1994 18:40:00 GMT\r\n"),
                 304, "");
    assert_reply(site_ask(&s, "GET", "/a", "If-Modified-Since: Mon, 19 Sep 1994 18:39:59 GMT\r\n"),
                 200, "body");
    assert_int_equal(
        site_ask(&s, "GET", "/a", "If-Unmodified-Since: Mon, 19 Sep 1994 18:39:59 GMT\r\n")->status,
        412);
    site_done(&s);
}

/* The same of a small file and of a large one. */
static void one_range(void **state)
{
    (void)state;
    static const struct {
        const char *range;
        int status;
        const char *body, *content;
    } rows[] = {
        { "bytes=0-0", 206, "0", "bytes 0-0/10" },
        { "bytes=2-4", 206, "234", "bytes 2-4/10" },
        { "bytes=7-", 206, "789", "bytes 7-9/10" },
        { "bytes=-2", 206, "89", "bytes 8-9/10" },
        { "bytes=0-99", 206, "0123456789", "bytes 0-9/10" },
        { "bytes=1-2,3-4,2-3", 206, "1234", "bytes 1-4/10" },
        { "bytes=10-", 416, NULL, "bytes */10" },
        { "bytes=-0", 416, NULL, "bytes */10" },
        { "lines=0-1", 200, "0123456789", "" },
        { "bytes=x", 200, "0123456789", "" },
    };
    static struct site s;
    struct files_options opt = plain;
    opt.small_max = 10;
    disk_init();
    disk_add("small", S_IFREG, "0123456789");
    disk_add("large.gz", S_IFREG, "0123456789");
    disk_add("large", S_IFREG, "0123456789ab");
    open_site(&s, opt);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char fields[80];
        snprintf(fields, sizeof fields, "Range: %s\r\nAccept-Encoding: gzip\r\n", rows[i].range);
        for (int j = 0; j < 2; j++) {
            struct fake_reply *r = site_ask(&s, "GET", j ? "/large" : "/small", fields);
            assert_int_equal(r->status, rows[i].status);
            assert_string_equal(field_of_reply(r, "Content-Range"), rows[i].content);
            if (rows[i].body)
                assert_string_equal(body_of_reply(r), rows[i].body);
            assert_string_equal(field_of_reply(r, "Content-Encoding"),
                                j && r->status != 416 ? "gzip" : "");
        }
        assert_int_equal(site_ask(&s, "HEAD", "/small", fields)->status, 200);
    }
    assert_reply(site_ask(&s, "GET", "/large", "Range: bytes=10-\r\n"), 206, "ab");
    assert_int_equal(
        site_ask(&s, "GET", "/small", "Range: bytes=0-0\r\nRange: bytes=1-1\r\n")->status, 200);
    site_done(&s);
}

static void if_range(void **state)
{
    (void)state;
    static struct site s;
    char fields[160], tag[80];
    disk_init();
    disk_add("a", S_IFREG, "0123456789");
    open_site(&s, plain);
    snprintf(tag, sizeof tag, "%s", field_of_reply(site_get(&s, "/a"), "ETag"));
    snprintf(fields, sizeof fields, "Range: bytes=1-1\r\nIf-Range: %s\r\n", tag);
    assert_reply(site_ask(&s, "GET", "/a", fields), 206, "1");
    snprintf(fields, sizeof fields, "Range: bytes=1-1\r\nIf-Range: W/%s\r\n", tag);
    assert_reply(site_ask(&s, "GET", "/a", fields), 200, "0123456789");
    snprintf(fields, sizeof fields, "Range: bytes=1-1\r\nIf-Range: \"x\"\r\n");
    assert_reply(site_ask(&s, "GET", "/a", fields), 200, "0123456789");
    snprintf(fields, sizeof fields, "Range: bytes=99-\r\nIf-None-Match: %s\r\n", tag);
    assert_reply(site_ask(&s, "GET", "/a", fields), 304, "");
    site_done(&s);
}

static void several_ranges(void **state)
{
    (void)state;
    static struct site s;
    struct files_options opt = plain;
    opt.small_max = 10;
    disk_init();
    disk_add("small.txt", S_IFREG, "0123456789");
    disk_add("large.txt", S_IFREG, "0123456789ab");
    open_site(&s, opt);
    for (int i = 0; i < 2; i++) {
        char expected[1000];
        const char *size = i ? "12" : "10";
        struct fake_reply *r =
            site_ask(&s, "GET", i ? "/large.txt" : "/small.txt", "Range: bytes=0-1, 4-4, 8-9\r\n");
        const char *type = field_of_reply(r, "Content-Type");
        const char *b = type + strlen("multipart/byteranges; boundary=");
        assert_int_equal(r->status, 206);
        assert_memory_equal(type, "multipart/byteranges; boundary=5a5a", 35);
        assert_string_equal(field_of_reply(r, "Content-Range"), "");
        snprintf(expected, sizeof expected,
                 "--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes "
                 "0-1/%s\r\n\r\n01\r\n"
                 "--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes "
                 "4-4/%s\r\n\r\n4\r\n"
                 "--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes "
                 "8-9/%s\r\n\r\n89\r\n--%s--\r\n",
                 b, size, b, size, b, size, b);
        assert_string_equal(body_of_reply(r), expected);
        assert_int_equal(r->head.content_length, strlen(expected));
        assert_string_not_equal(field_of_reply(r, "ETag"), "");
        assert_string_not_equal(field_of_reply(r, "Last-Modified"), "");
    }
    site_done(&s);
}

/* ---- options ---- */

static void spa(void **state)
{
    (void)state;
    static struct site s;
    struct files_options opt = plain;
    opt.spa = true;
    disk_init();
    open_site(&s, opt);
    assert_int_equal(site_get(&s, "/users/7")->status, 404); /* no page to show */
    disk_add("index.html", S_IFREG, "app");
    disk_add("assets", S_IFDIR, "");
    disk_add("assets/a.js", S_IFREG, "js");
    assert_reply(site_get(&s, "/"), 200, "app");
    assert_reply(site_get(&s, "/users/7"), 200, "app");
    assert_reply(site_get(&s, "/users/7/"), 200, "app");
    assert_reply(site_get(&s, "/assets/"), 200, "app");
    assert_reply(site_get(&s, "/assets/a.js"), 200, "js");
    assert_reply(site_get(&s, "/assets/a.js/x"), 200, "app");
    assert_int_equal(site_get(&s, "/assets")->status, 301);
    assert_int_equal(site_get(&s, "/assets/b.js")->status, 404);
    assert_int_equal(site_get(&s, "/.git/config")->status, 404);
    assert_reply(site_ask(&s, "GET", "/x", "Accept: image/png, text/html;q=0.9\r\n"), 200, "app");
    assert_reply(site_ask(&s, "GET", "/x", "Accept: application/json, */*;q=0.1\r\n"), 200, "app");
    assert_int_equal(site_ask(&s, "GET", "/x", "Accept: application/json\r\n")->status, 404);
    site_done(&s);
}

static void cors(void **state)
{
    (void)state;
    static struct site s;
    struct files_options opt = plain;
    opt.cors = opt.list = true;
    disk_init();
    disk_add("a", S_IFREG, "a");
    open_site(&s, opt);
    static const char *const targets[] = { "/a", "/none", "/", "/%00" };
    for (int i = 0; i < 4; i++)
        assert_string_equal(field_of_reply(site_get(&s, targets[i]), "Access-Control-Allow-Origin"),
                            "*");
    struct fake_reply *r =
        site_ask(&s, "OPTIONS", "/a", "Origin: http://b\r\nAccess-Control-Request-Method: GET\r\n");
    assert_reply(r, 204, "");
    assert_string_equal(field_of_reply(r, "Access-Control-Allow-Origin"), "*");
    assert_string_equal(field_of_reply(r, "Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
    assert_string_equal(field_of_reply(r, "Access-Control-Allow-Headers"), "*");
    site_done(&s);
}

static void cache_control(void **state)
{
    (void)state;
    static struct site s;
    struct files_options opt = plain;
    opt.cache_s = 0;
    disk_init();
    disk_add("a", S_IFREG, "abc");
    open_site(&s, opt);
    assert_string_equal(field_of_reply(site_get(&s, "/a"), "Cache-Control"), "public, max-age=0");
    assert_string_equal(
        field_of_reply(site_ask(&s, "GET", "/a", "Range: bytes=0-0\r\n"), "Cache-Control"),
        "public, max-age=0");
    assert_string_equal(field_of_reply(site_get(&s, "/b"), "Cache-Control"), "");
    site_done(&s);
}

/* ---- listings ---- */

static void listing(void **state)
{
    (void)state;
    static struct site s;
    struct files_options opt = plain;
    opt.list = true;
    disk_init();
    disk_add("d", S_IFDIR, "");
    disk_add("d/b<&>\"'.txt", S_IFREG, "12345");
    disk_add("d/A 100%?#.txt", S_IFREG, "");
    disk_add("d/.hidden", S_IFREG, "x");
    disk_add("d/pipe", S_IFIFO, "");
    disk_add("d/outside", S_IFREG, "")->err = -EXDEV;
    disk_add("d/z", S_IFDIR, "");
    disk_add("d/javascript:x", S_IFREG, "x");
    open_site(&s, opt);
    struct fake_reply *r = site_get(&s, "/d/");
    assert_int_equal(r->status, 200);
    assert_string_equal(field_of_reply(r, "Content-Type"), "text/html; charset=utf-8");
    const char *rows = strstr(body_of_reply(r), "<table>");
    assert_string_equal(
        rows, "<table>\n<tr><th>Name<th>Size<th>Changed (UTC)\n"
              "<tr><td><a href=\"../\">../</a><td><td>\n"
              "<tr><td><a href=\"z/\">z/</a><td><td>1994-09-19 18:40\n"
              "<tr><td><a href=\"A%20100%25%3F%23.txt\">A 100%?#.txt</a>"
              "<td title=\"0 bytes\">0 B<td>1994-09-19 18:40\n"
              "<tr><td><a href=\"b%3C&amp;%3E%22&#39;.txt\">b&lt;&amp;&gt;&quot;&#39;.txt</a>"
              "<td title=\"5 bytes\">5 B<td>1994-09-19 18:40\n"
              "<tr><td><a href=\"javascript%3Ax\">javascript:x</a>"
              "<td title=\"1 bytes\">1 B<td>1994-09-19 18:40\n</table>\n");
    r = site_ask(&s, "HEAD", "/d/", "");
    assert_reply(r, 200, "");
    assert_string_equal(field_of_reply(r, "Content-Type"), "text/html; charset=utf-8");
    assert_int_equal(site_get(&s, "/d")->status, 301);
    assert_int_equal(site_get(&s, "/none/")->status, 404);
    assert_non_null(strstr(body_of_reply(site_get(&s, "/d/z/")), "There is nothing"));
    disk_at("d")->err_read = -EACCES;
    assert_int_equal(site_get(&s, "/d/")->status, 403);
    disk_at("d")->err_read = 0;
    disk_add("d/index.html", S_IFREG, "index");
    assert_reply(site_get(&s, "/d/"), 200, "index");
    site_done(&s);
    opt.hidden = true;
    disk_at("d/index.html")->path = NULL;
    open_site(&s, opt);
    assert_non_null(strstr(body_of_reply(site_get(&s, "/d/")), ".hidden"));
    assert_non_null(strstr(body_of_reply(site_get(&s, "/")), "<h1><a href=\"./\">/</a></h1>"));
    site_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codings),
        cmocka_unit_test(a_sibling_that_is_the_same_file),
        cmocka_unit_test(siblings_come_and_go),
        cmocka_unit_test(conditions),
        cmocka_unit_test(one_range),
        cmocka_unit_test(if_range),
        cmocka_unit_test(several_ranges),
        cmocka_unit_test(spa),
        cmocka_unit_test(cors),
        cmocka_unit_test(cache_control),
        cmocka_unit_test(listing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
