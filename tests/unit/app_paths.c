/* A folder over HTTP: which path leads where, and what the disk refuses. */
#include "app_fake.h"

/* ---- paths ---- */

static void folders(void **state)
{
    (void)state;
    static struct site s;
    disk_init();
    disk_add("index.html", S_IFREG, "root");
    disk_add("d", S_IFDIR, "");
    disk_add("d/index.html", S_IFREG, "in d");
    disk_add("d/e", S_IFDIR, "");
    disk_add("d/odd", S_IFDIR, "");
    disk_add("d/odd/index.html", S_IFDIR, "");
    open_site(&s, plain);
    struct fake_reply *r = site_get(&s, "/");
    assert_reply(r, 200, "root");
    assert_string_equal(field_of_reply(r, "Content-Type"), "text/html; charset=utf-8");
    assert_reply(site_get(&s, "/d/"), 200, "in d");
    assert_reply(site_get(&s, "/d/e/.."), 200, "in d");
    assert_reply(site_get(&s, "/d//./index.html"), 200, "in d");
    assert_int_equal(site_get(&s, "/d/e/")->status, 403);
    assert_int_equal(site_get(&s, "/d/odd/")->status, 403);
    assert_int_equal(site_get(&s, "/d/none/")->status, 404);
    assert_int_equal(site_get(&s, "/index.html/")->status, 404);
    site_done(&s);
}

static void redirects(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "/d", "/d/" },
        { "/d?a=1&b=%20", "/d/?a=1&b=%20" },
        { "//d", "/d/" },
        { "//d?//x", "/d/?//x" },
        { "/./d", "/d/" },
        { "/%64", "/d/" },
        { "/a%20b%3F%25%0d%0aX:%20y", "/a%20b%3F%25%0D%0AX%3A%20y/" },
        { "/%5cevil.example", "/%5Cevil.example/" },
        { "http://other.example/d", "/d/" },
    };
    static struct site s;
    disk_init();
    disk_add("d", S_IFDIR, "");
    disk_add("a b?%\r\nX: y", S_IFDIR, "");
    disk_add("\\evil.example", S_IFDIR, "");
    open_site(&s, plain);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_reply *r = site_get(&s, rows[i][0]);
        assert_int_equal(r->status, 301);
        assert_string_equal(field_of_reply(r, "Location"), rows[i][1]);
    }
    site_done(&s);
}

static void paths_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        int status;
    } rows[] = {
        { "/../a", 400 },          { "/%2e%2e/a", 400 },       { "/d/../../a", 400 },
        { "/d%2Fa", 400 },         { "/a%00", 400 },           { "/a%", 400 },
        { "/a%zz", 400 },          { "/%252e%252e/a", 404 },   { "/.secret", 404 },
        { "/d/.secret", 404 },     { "/.d/a", 404 },           { "/%2esecret", 404 },
        { "/d/.well-known", 404 }, { "/.well-known/.x", 404 }, { "/.well-knownx", 404 },
        { "/...", 404 },
    };
    static struct site s;
    struct files_options opt = plain;
    disk_init();
    disk_add("a", S_IFREG, "a");
    disk_add("d", S_IFDIR, "");
    disk_add("d/a", S_IFREG, "a");
    disk_add(".secret", S_IFREG, "secret");
    disk_add("d/.secret", S_IFREG, "secret");
    disk_add(".d/a", S_IFREG, "secret");
    disk_add("d/.well-known", S_IFREG, "secret");
    disk_add(".well-known/.x", S_IFREG, "secret");
    disk_add(".well-knownx", S_IFREG, "secret");
    disk_add("...", S_IFREG, "secret");
    disk_add(".well-known/acme/a", S_IFREG, "known");
    open_site(&s, opt);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(site_get(&s, rows[i].target)->status, rows[i].status);
    assert_reply(site_get(&s, "/.well-known/acme/a"), 200, "known");
    site_done(&s);
    opt.hidden = true;
    open_site(&s, opt);
    assert_reply(site_get(&s, "/.secret"), 200, "secret");
    assert_reply(site_get(&s, "/.d/a"), 200, "secret");
    site_done(&s);
}

static void long_paths(void **state)
{
    (void)state;
    static struct site s;
    static char target[4000];
    disk_init();
    open_site(&s, plain);
    memset(target, 'x', sizeof target);
    target[0] = '/';
    static const size_t lengths[] = { 239, 240, 241, 255, 256, 257, 300, 3999 };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        target[lengths[i]] = 0;
        assert_int_equal(site_get(&s, target)->status, 404);
        target[lengths[i] - 1] = '/';
        assert_int_equal(site_get(&s, target)->status, 404);
        target[lengths[i] - 1] = target[lengths[i]] = 'x';
    }
    site_done(&s);
}

/* ---- what the disk refuses ---- */

static void errors(void **state)
{
    (void)state;
    static const struct {
        int err, status;
    } rows[] = {
        { -ENOENT, 404 }, { -ENOTDIR, 404 }, { -ENAMETOOLONG, 404 }, { -EACCES, 403 },
        { -EPERM, 403 },  { -EXDEV, 403 },   { -ELOOP, 403 },        { -EMFILE, 503 },
        { -ENFILE, 503 }, { -ENOMEM, 503 },  { -EAGAIN, 503 },       { -EIO, 500 },
    };
    static struct site s;
    disk_init();
    struct node *a = disk_add("a", S_IFREG, "a");
    struct node *large = disk_add("large", S_IFREG, "larger");
    struct files_options opt = plain;
    opt.small_max = 2;
    open_site(&s, opt);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        a->err = rows[i].err;
        assert_int_equal(site_get(&s, "/a")->status, rows[i].status);
        a->err = 0;
        a->err_read = rows[i].err;
        assert_int_equal(site_get(&s, "/a")->status, rows[i].status);
        a->err_read = 0;
        assert_reply(site_get(&s, "/large"), 200, "larger");
        large->err_read = rows[i].err;
        assert_int_equal(site_get(&s, "/large")->status, rows[i].status);
        large->err_read = 0;
    }
    assert_reply(site_get(&s, "/a"), 200, "a");
    site_done(&s);
}

static void only_regular_files(void **state)
{
    (void)state;
    static const mode_t kinds[] = { S_IFIFO, S_IFCHR, S_IFBLK, S_IFSOCK };
    static struct site s;
    disk_init();
    struct node *a = disk_add("a", 0, "");
    disk_add("d", S_IFDIR, "");
    struct node *index = disk_add("d/index.html", 0, "");
    open_site(&s, plain);
    for (size_t i = 0; i < 4; i++) {
        a->mode = index->mode = kinds[i];
        assert_int_equal(site_get(&s, "/a")->status, 403);
        assert_int_equal(site_get(&s, "/d/")->status, 403);
    }
    site_done(&s);
}

static int ask_all(struct site *s)
{
    static const char *const targets[] = { "/a", "/large", "/d/", "/d", "/none" };
    int refused = 0;
    for (int i = 0; i < 10; i++) {
        struct fake_reply *r = site_get(s, targets[i % 5]);
        if (r->status == 503 || r->status == 500)
            refused++;
        else if (i % 5 == 0)
            assert_reply(r, 200, "small");
        else if (i % 5 == 1)
            assert_reply(r, 200, "larger");
    }
    struct fake_reply *r = site_ask(s, "GET", "/a", "Range: bytes=0-0,2-2\r\n");
    assert_true(r->status == 206 || r->status == 503);
    return refused + (r->status != 206);
}

static void without_memory(void **state)
{
    (void)state;
    struct files_options opt = plain;
    opt.small_max = 5;
    opt.list = true;
    bool done = false;
    for (size_t fail_at = 1; !done; fail_at++) {
        static struct site s;
        disk_init();
        disk_add("a", S_IFREG, "small");
        disk_add("a.gz", S_IFREG, "zip");
        disk_add("large", S_IFREG, "larger");
        disk_add("d", S_IFDIR, "");
        disk_add("d/x", S_IFREG, "x");
        int r = site_open(&s, opt, fail_at);
        if (r < 0) {
            assert_int_equal(r, -ENOMEM);
            fake_done(&s.c);
            assert_int_equal(s.mem.live, 0);
            continue;
        }
        assert_true(ask_all(&s) <= 1);
        done = s.mem.calls < fail_at;
        site_done(&s);
        assert_true(fail_at < 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders),
        cmocka_unit_test(redirects),
        cmocka_unit_test(paths_that_are_refused),
        cmocka_unit_test(long_paths),
        cmocka_unit_test(errors),
        cmocka_unit_test(only_regular_files),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
