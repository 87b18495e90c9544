/* A folder over HTTP, from a request's bytes to the response's, over a scripted disk: whole files,
 * what is kept in memory of them, and how changes are seen. */
#include "app_fake.h"

/* ---- whole files ---- */

static void a_file_and_its_fields(void **state)
{
    (void)state;
    static struct site s;
    disk_init();
    disk_add("a.txt", S_IFREG, "hello");
    open_site(&s, plain);
    struct fake_reply *r = site_get(&s, "/a.txt");
    assert_reply(r, 200, "hello");
    assert_string_equal(field_of_reply(r, "Content-Type"), "text/plain; charset=utf-8");
    assert_string_equal(field_of_reply(r, "Content-Length"), "5");
    assert_string_equal(field_of_reply(r, "Last-Modified"), "Mon, 19 Sep 1994 18:40:00 GMT");
    assert_string_equal(field_of_reply(r, "Accept-Ranges"), "bytes");
    const char *tag = field_of_reply(r, "ETag");
    assert_true(tag[0] == '"' && tag[strlen(tag) - 1] == '"' && strlen(tag) > 10);
    assert_string_equal(field_of_reply(r, "Vary"), "");
    assert_string_equal(field_of_reply(r, "Cache-Control"), "");
    assert_string_equal(field_of_reply(r, "Access-Control-Allow-Origin"), "");
    site_done(&s);
}

static void head_is_get_without_the_body(void **state)
{
    (void)state;
    static const char *const names[] = { "Content-Type", "Content-Length", "Last-Modified", "ETag",
                                         "Accept-Ranges" };
    static struct site s;
    struct files_options opt = plain;
    opt.small_max = 3;
    disk_init();
    disk_add("small", S_IFREG, "abc");
    disk_add("large", S_IFREG, "abcd");
    open_site(&s, opt);
    for (int i = 0; i < 2; i++) {
        const char *target = i ? "/large" : "/small";
        static struct fake_reply get;
        get = *site_get(&s, target);
        struct fake_reply *head = site_ask(&s, "HEAD", target, "");
        assert_reply(head, 200, "");
        for (int j = 0; j < 5; j++) {
            const char *of_head = field_of_reply(head, names[j]);
            site_get(&s, target);
            assert_string_equal(of_head, field_of_reply(&s.reply, names[j]));
        }
        assert_int_equal(get.status, 200);
    }
    site_done(&s);
}

static void sizes(void **state)
{
    (void)state;
    static struct site s;
    struct files_options opt = plain;
    opt.small_max = 4;
    disk_init();
    disk_add("empty", S_IFREG, "");
    disk_add("four", S_IFREG, "1234");
    disk_add("five", S_IFREG, "12345");
    open_site(&s, opt);
    for (int i = 0; i < 3; i++) {
        assert_reply(site_get(&s, "/empty"), 200, "");
        assert_reply(site_get(&s, "/four"), 200, "1234");
        assert_reply(site_get(&s, "/five"), 200, "12345");
    }
    site_done(&s);
}

static void methods(void **state)
{
    (void)state;
    static struct site s;
    struct files_options opt = plain;
    disk_init();
    open_site(&s, opt);
    struct fake_reply *r = site_ask(&s, "OPTIONS", "/none", "");
    assert_reply(r, 204, "");
    assert_string_equal(field_of_reply(r, "Allow"), "GET, HEAD, OPTIONS");
    assert_string_equal(field_of_reply(r, "Access-Control-Allow-Methods"), "");
    r = site_ask(&s, "DELETE", "/none", "");
    assert_int_equal(r->status, 405);
    assert_string_equal(field_of_reply(r, "Allow"), "GET, HEAD, OPTIONS");
    r = site_ask(&s, "POST", "/none", "Content-Length: 0\r\n");
    assert_int_equal(r->status, 405);
    site_done(&s);
}

/* ---- memory ---- */

static void a_hit_asks_nobody(void **state)
{
    (void)state;
    static struct site s;
    disk_init();
    struct node *a = disk_add("a", S_IFREG, "old");
    open_site(&s, plain);
    site_get(&s, "/a");
    unsigned calls = disk.calls;
    size_t allocations = s.mem.calls;
    site_pass(&s, STOA_SEC - 1);
    assert_reply(site_get(&s, "/a"), 200, "old");
    assert_reply(site_ask(&s, "HEAD", "/a", ""), 200, "");
    assert_reply(site_ask(&s, "GET", "/%61", ""), 200, "old");
    assert_int_equal(disk.calls, calls);
    assert_int_equal(s.mem.calls, allocations);
    a->bytes = "new";
    a->ino++;
    assert_reply(site_get(&s, "/a"), 200, "old");
    site_pass(&s, 1);
    assert_reply(site_get(&s, "/a"), 200, "new");
    site_done(&s);
}

/* Looking again opens nothing for reading while nothing has changed. */
static void an_unchanged_file_is_read_once(void **state)
{
    (void)state;
    static struct site s;
    disk_init();
    disk_add("a", S_IFREG, "same");
    open_site(&s, plain);
    site_get(&s, "/a");
    for (int i = 0; i < 5; i++) {
        site_pass(&s, 2 * STOA_SEC);
        unsigned calls = disk.calls;
        assert_reply(site_get(&s, "/a"), 200, "same");
        assert_true(disk.calls > calls);
    }
    assert_int_equal(disk.opens, 1);
    site_done(&s);
}

/* Each way in which a file can change is seen, and shows in the tag. */
static void changes_are_seen(void **state)
{
    (void)state;
    static struct site s;
    char tag[80];
    disk_init();
    struct node *a = disk_add("a", S_IFREG, "12345");
    open_site(&s, plain);
    snprintf(tag, sizeof tag, "%s", field_of_reply(site_get(&s, "/a"), "ETag"));
    for (int i = 0; i < 4; i++) {
        site_pass(&s, STOA_SEC);
        a->bytes = i & 1 ? "54321" : "67890";
        if (i == 0)
            a->ino++;
        else if (i == 1)
            a->modified_s++;
        else if (i == 2)
            a->changed_ns = 1;
        else
            a->n = 4;
        site_pass(&s, STOA_SEC);
        struct fake_reply *r = site_get(&s, "/a");
        assert_memory_equal(r->body, a->bytes, a->n);
        assert_string_not_equal(field_of_reply(r, "ETag"), tag);
        snprintf(tag, sizeof tag, "%s", field_of_reply(r, "ETag"));
    }
    a->path = NULL;
    site_pass(&s, STOA_SEC);
    assert_int_equal(site_get(&s, "/a")->status, 404);
    site_done(&s);
}

/* A file written within the last tick can be written again without a trace. */
static void a_file_just_written_is_not_vouched_for(void **state)
{
    (void)state;
    static struct site s;
    disk_init();
    struct node *a = disk_add("a", S_IFREG, "first");
    open_site(&s, plain);
    a->changed_ns = 1;
    struct fake_reply *r = site_get(&s, "/a");
    assert_reply(r, 200, "first");
    assert_string_equal(field_of_reply(r, "ETag"), "");
    assert_string_equal(field_of_reply(r, "Last-Modified"), "");
    a->bytes = "other";
    assert_reply(site_get(&s, "/a"), 200, "other");
    assert_int_equal(site_ask(&s, "GET", "/a", "If-Range: \"x\"\r\nRange: bytes=0-0\r\n")->status,
                     200);
    site_pass(&s, 21 * STOA_MS);
    assert_string_not_equal(field_of_reply(site_get(&s, "/a"), "ETag"), "");
    unsigned calls = disk.calls;
    assert_reply(site_get(&s, "/a"), 200, "other");
    assert_int_equal(disk.calls, calls);
    site_done(&s);
}

static void a_date_in_the_future_is_now(void **state)
{
    (void)state;
    static struct site s;
    disk_init();
    disk_add("a", S_IFREG, "x")->modified_s = 2000000000;
    disk_add("b", S_IFREG, "x")->modified_s = INT64_MIN;
    open_site(&s, plain);
    assert_string_equal(field_of_reply(site_get(&s, "/a"), "Last-Modified"),
                        "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(field_of_reply(site_get(&s, "/b"), "Last-Modified"),
                        "Mon, 01 Jan 0001 00:00:00 GMT");
    site_done(&s);
}

static int tears;

static void tear(struct node *node)
{
    if (tears-- > 0) {
        node->ino++;
        node->bytes = node->bytes[0] == 'a' ? "bbbbbbbb" : "aaaaaaaa";
    }
}

/* A file replaced while it is read is read again; what never holds still is not vouched for. */
static void a_torn_file_is_read_again(void **state)
{
    (void)state;
    static struct site s;
    disk_init();
    struct node *a = disk_add("a", S_IFREG, "aaaaaaaa");
    a->on_read = tear;
    open_site(&s, plain);
    tears = 1;
    struct fake_reply *r = site_get(&s, "/a");
    assert_reply(r, 200, "bbbbbbbb");
    assert_string_not_equal(field_of_reply(r, "ETag"), "");
    site_pass(&s, STOA_SEC);
    tears = 1000;
    a->ino++;
    r = site_get(&s, "/a");
    assert_int_equal(r->status, 200);
    assert_int_equal(r->body_n, 8);
    assert_string_equal(field_of_reply(r, "ETag"), "");
    tears = 0;
    a->bytes = "aaaaaaaa";
    assert_reply(site_get(&s, "/a"), 200, "aaaaaaaa");
    site_done(&s);
}

static void grow(struct node *node)
{
    node->bytes = "1234567890";
    node->n = 10;
}

static void a_file_that_grows_too_large_while_read(void **state)
{
    (void)state;
    static struct site s;
    struct files_options opt = plain;
    opt.small_max = 6;
    disk_init();
    disk_add("a", S_IFREG, "123456")->on_read = grow;
    open_site(&s, opt);
    assert_reply(site_get(&s, "/a"), 200, "1234567890");
    site_done(&s);
}

static void a_large_file_replaced_meanwhile(void **state)
{
    (void)state;
    static struct site s;
    struct files_options opt = plain;
    opt.small_max = 1;
    disk_init();
    struct node *a = disk_add("a", S_IFREG, "first");
    open_site(&s, opt);
    assert_reply(site_get(&s, "/a"), 200, "first");
    a->ino++;
    a->bytes = "second one";
    a->n = 10;
    assert_reply(site_get(&s, "/a"), 200, "second one"); /* no second passes: it is opened anew */
    a->path = NULL;
    assert_int_equal(site_get(&s, "/a")->status, 404);
    site_done(&s);
}

static void a_cold_file_comes_from_a_helper(void **state)
{
    (void)state;
    static struct site s;
    disk_init();
    struct node *a = disk_add("a", S_IFREG, "cold");
    a->is_cold = true;
    open_site(&s, plain);
    assert_reply(site_get(&s, "/a"), 200, "cold");
    assert_int_equal(disk.offloads, 2);
    assert_reply(site_get(&s, "/a"), 200, "cold");
    assert_int_equal(disk.offloads, 2);
    a->is_cold = false;
    site_pass(&s, STOA_SEC);
    assert_reply(site_get(&s, "/a"), 200, "cold");
    assert_int_equal(disk.offloads, 2);
    site_done(&s);
}

/* Files whose size is made up, and whose changes nobody dates (/sys): as they are now, each time. */
static void a_file_shorter_than_it_says(void **state)
{
    (void)state;
    static struct site s;
    disk_init();
    struct node *a = disk_add("a", S_IFREG, "first");
    a->more = 4000;
    open_site(&s, plain);
    struct fake_reply *r = site_get(&s, "/a");
    assert_reply(r, 200, "first");
    assert_string_equal(field_of_reply(r, "ETag"), "");
    a->bytes = "other";
    assert_reply(site_get(&s, "/a"), 200, "other");
    site_done(&s);
}

static void what_has_gone_leaves_nothing(void **state)
{
    (void)state;
    static struct site s;
    disk_init();
    struct node *a = disk_add("a", S_IFREG, "x");
    size_t live = 0;
    open_site(&s, plain);
    for (int i = 0; i < 3; i++) {
        a->path = "a";
        assert_reply(site_get(&s, "/a"), 200, "x");
        a->path = NULL;
        site_pass(&s, STOA_SEC);
        assert_int_equal(site_get(&s, "/a")->status, 404);
        if (i)
            assert_int_equal(s.mem.live, live);
        live = s.mem.live;
        a->path = "a";
        site_get(&s, "/a");
        assert_true(s.mem.live > live);
        a->path = NULL;
        site_pass(&s, STOA_SEC);
        site_get(&s, "/a");
    }
    site_done(&s);
}

static void missing_paths_leave_nothing(void **state)
{
    (void)state;
    static struct site s;
    char target[32];
    disk_init();
    open_site(&s, plain);
    site_get(&s, "/0");
    size_t live = s.mem.live;
    for (int i = 0; i < 100; i++) {
        snprintf(target, sizeof target, "/%d", i);
        assert_int_equal(site_get(&s, target)->status, 404);
    }
    assert_int_equal(s.mem.live, live);
    site_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_and_its_fields),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(sizes),
        cmocka_unit_test(methods),
        cmocka_unit_test(a_hit_asks_nobody),
        cmocka_unit_test(an_unchanged_file_is_read_once),
        cmocka_unit_test(changes_are_seen),
        cmocka_unit_test(a_file_just_written_is_not_vouched_for),
        cmocka_unit_test(a_date_in_the_future_is_now),
        cmocka_unit_test(a_torn_file_is_read_again),
        cmocka_unit_test(a_file_that_grows_too_large_while_read),
        cmocka_unit_test(a_large_file_replaced_meanwhile),
        cmocka_unit_test(a_cold_file_comes_from_a_helper),
        cmocka_unit_test(a_file_shorter_than_it_says),
        cmocka_unit_test(what_has_gone_leaves_nothing),
        cmocka_unit_test(missing_paths_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
