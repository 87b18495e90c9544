/* Media types by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/edge.h"
#include "wire/mime.h"

static void types(void **state)
{
    (void)state;
    static const struct {
        const char *name, *type;
    } cases[] = {
        { "index.html", "text/html; charset=utf-8" },
        { "/a.b/INDEX.HTM", "text/html; charset=utf-8" },
        { "style.css", "text/css; charset=utf-8" },
        { "app.js", "text/javascript; charset=utf-8" },
        { "app.mjs", "text/javascript; charset=utf-8" },
        { "app.min.js.map", "application/json; charset=utf-8" },
        { "data.json", "application/json; charset=utf-8" },
        { "app.webmanifest", "application/manifest+json" },
        { "mod.wasm", "application/wasm" },
        { "logo.svg", "image/svg+xml" },
        { "a.png", "image/png" },
        { "a.JPeG", "image/jpeg" },
        { "a.webp", "image/webp" },
        { "a.avif", "image/avif" },
        { "favicon.ico", "image/vnd.microsoft.icon" },
        { "a.woff2", "font/woff2" },
        { "a.mp4", "video/mp4" },
        { "a.mp3", "audio/mpeg" },
        { "a.pdf", "application/pdf" },
        { "a.tar.gz", "application/gzip" },
        { "a.zip", "application/zip" },
        { "a.7z", "application/x-7z-compressed" }, /* the first of the table */
        { "a.zst", "application/zstd" },           /* and the last */
        { "a.txt", "text/plain; charset=utf-8" },
        { "main.c", "text/plain; charset=utf-8" },
        { "a.md", "text/markdown; charset=utf-8" },
        { "a.xml", "application/xml" },
        { ".html", "text/html; charset=utf-8" },
        { "", "application/octet-stream" },
        { "a", "application/octet-stream" },
        { "html", "application/octet-stream" },
        { "a.", "application/octet-stream" },
        { "a.html/b", "application/octet-stream" },
        { "a/xc", "application/octet-stream" },
        { "a.html/", "application/octet-stream" },
        { "a.htmlx", "application/octet-stream" },
        { "a.thisistoolongforanything", "application/octet-stream" },
    };
    struct edge edge;
    edge_open(&edge, 64);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stoa_str type = mime_type(edge_put(&edge, str_of(cases[i].name)));
        assert_int_equal(type.n, strlen(cases[i].type));
        assert_string_equal(type.p, cases[i].type);
    }
    edge_close(&edge);
}

/* Each is found, which wants them in order. */
static void each_extension(void **state)
{
    (void)state;
    char name[32] = "a.";
    size_t n = 0;
    for (; mime_extension(n); n++) {
        if (n)
            assert_true(strcmp(mime_extension(n - 1), mime_extension(n)) < 0);
        strcpy(name + 2, mime_extension(n));
        struct stoa_str type = mime_type(str_of(name));
        assert_true(str_find(type, '/') < type.n);
        if (strcmp(mime_extension(n), "bin") != 0)
            assert_false(str_eq(type, STR("application/octet-stream")));
    }
    assert_in_range(n, 100, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(types), cmocka_unit_test(each_extension) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
