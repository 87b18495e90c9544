/* Fetching: what is sent, how each framing of a reply is read, and what each failure is called,
 * however the bytes come. */
#include "http_client.h"

#define OK "HTTP/1.1 200 OK\r\n"

/* How it went: of stoa_http_fetch, and of the last stoa_http_read. */
struct outcome {
    int fetched, read;
    char body[256];
    size_t body_n;
    int status;
    bool kept;
};

static void read_body(stoa_http *x, size_t piece, struct outcome *o)
{
    char buf[64];
    ssize_t n;
    while ((n = stoa_http_read(x, buf, piece)) > 0) {
        assert_true(o->body_n + (size_t)n < sizeof o->body);
        memcpy(o->body + o->body_n, buf, (size_t)n);
        o->body_n += (size_t)n;
    }
    o->read = (int)n;
    if (n != -ETIMEDOUT)
        assert_int_equal(stoa_http_read(x, buf, 1), n); /* it stays */
}

static struct outcome fetch(struct client *k, struct stoa_http_fetch f, size_t piece)
{
    struct outcome o = { 0 };
    stoa_http *x = NULL;
    int closes = k->closes;
    f.url = f.url ? f.url : "http://a/";
    f.report = &k->report;
    o.fetched = stoa_http_fetch(stoa_conn_task(&k->c), &x, &f);
    if (o.fetched == 0) {
        o.status = stoa_http_status(x);
        read_body(x, piece, &o);
        stoa_http_end(x);
    } else {
        assert_null(x);
    }
    assert_true(k->c.deadline == STOA_NEVER);
    o.kept = k->closes == closes && k->dials > 0;
    return o;
}

/* ---- replies ---- */

struct row {
    const char *method; /* NULL = GET */
    struct script script;
    int fetched, read;
    const char *body;   /* what comes of it */
    const char *cause;  /* NULL = none */
    const char *detail; /* is part of it */
    bool kept;
};

#define S(literal, how)                                                                            \
    {                                                                                              \
        .bytes = literal, .n = sizeof(literal) - 1, .after = how                                   \
    }

static const struct row rows[] = {
    /* whole */
    { NULL, S(OK "Content-Length: 5\r\n\r\nhello", FAKE_SILENCE), 0, 0, "hello", NULL, "", true },
    { NULL, S(OK "Content-Length: 0\r\n\r\n", FAKE_SILENCE), 0, 0, "", NULL, "", true },
    { NULL, S(OK "Content-Length: 5\r\nConnection: close\r\n\r\nhello", FAKE_END), 0, 0, "hello",
      NULL, "", false },
    { NULL, S(OK "Content-Length: 5\r\nConnection: close\r\n\r\nhello", FAKE_SILENCE), 0, 0,
      "hello", NULL, "", false },
    { NULL, S("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", FAKE_END), 0, 0, "hello", NULL,
      "", false },
    { NULL,
      S("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
        FAKE_SILENCE),
      0, 0, "hello", NULL, "", true },
    { NULL, S(OK "\r\nhello", FAKE_END), 0, 0, "hello", NULL, "", false },
    { NULL,
      S(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;a=b\r\n!\r\n0\r\nA: b\r\n\r\n",
        FAKE_SILENCE),
      0, 0, "hello!", NULL, "", true },
    { NULL,
      S("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n" OK
        "Content-Length: 2\r\n\r\nhi",
        FAKE_SILENCE),
      0, 0, "hi", NULL, "", true },
    { NULL, S("HTTP/1.1 204 No Content\r\n\r\n", FAKE_SILENCE), 0, 0, "", NULL, "", true },
    { NULL, S("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", FAKE_SILENCE), 0, 0, "",
      NULL, "", true },
    { "HEAD", S(OK "Content-Length: 9\r\n\r\n", FAKE_SILENCE), 0, 0, "", NULL, "", true },
    { "HEAD", S(OK "Transfer-Encoding: chunked\r\n\r\n", FAKE_SILENCE), 0, 0, "", NULL, "", true },

    /* nothing */
    { NULL, S("", FAKE_END), STOA_EEOF, 0, "", "reply.closed", "64 bytes", false },
    { NULL, S("", FAKE_RESET), -ECONNRESET, 0, "", "reply.reset_after_request", "", false },
    { NULL, S("", FAKE_SILENCE), -ETIMEDOUT, 0, "", "reply.timeout", "", false },
    { NULL, S("", FAKE_CANCEL), -ECANCELED, 0, "", NULL, "", false },
    { NULL, S("HTTP/1.1 100 Continue\r\n\r\n", FAKE_END), STOA_EEOF, 0, "", "reply.closed", "100",
      false },

    /* part of a head */
    { NULL, S(OK "Content-", FAKE_END), STOA_EEOF, 0, "", "reply.truncated_head",
      "25 bytes of its head came: \"HTTP/1.1 200 OK\\x0d\\x0aContent-\"", false },
    { NULL, S("HT", FAKE_END), STOA_EEOF, 0, "", "reply.truncated_head", "\"HT\"", false },
    { NULL, S(OK, FAKE_SILENCE), -ETIMEDOUT, 0, "", "reply.stalled_head", "", false },
    { NULL, S(OK, FAKE_RESET), -ECONNRESET, 0, "", "reply.reset_within", "", false },
    { NULL, S(OK, FAKE_CANCEL), -ECANCELED, 0, "", NULL, "", false },

    /* another protocol */
    { NULL, S("\x15\3\1\0\2\2\x46", FAKE_END), STOA_EPROTO, 0, "", "reply.tls", "\\x15\\x03",
      false },
    { NULL, S("SSH-2.0-OpenSSH_9.6\r\n", FAKE_SILENCE), STOA_EPROTO, 0, "", "reply.ssh", "SSH-",
      false },
    { NULL, S("220 mail ESMTP\r\n", FAKE_SILENCE), STOA_EPROTO, 0, "", "reply.greeting", "220 ",
      false },
    { NULL, S("\0\0\x12\4\0\0\0\0\0\0\3", FAKE_SILENCE), STOA_EPROTO, 0, "", "reply.http2", "",
      false },
    { NULL, S("hello\n", FAKE_END), STOA_EPROTO, 0, "", "reply.not_http", "\"h", false },
    { NULL, S("SSH", FAKE_END), STOA_EPROTO, 0, "", "reply.not_http", "\"SSH\"", false },
    { NULL, S("SSH", FAKE_SILENCE), STOA_EPROTO, 0, "", "reply.not_http", "\"SSH\"", false },
    { NULL, S("HTTP/2.0 200 OK\r\n\r\n", FAKE_SILENCE), STOA_EPROTO, 0, "", "reply.version",
      "line 1: \"HTTP/2.0 200 OK\"", false },

    /* a malformed head */
    { NULL, S("HTTP/1.1 OK\r\n", FAKE_SILENCE), STOA_EPROTO, 0, "", "reply.malformed_head",
      "line 1", false },
    { NULL, S(OK "A: b\r\nno colon\r\n", FAKE_SILENCE), STOA_EPROTO, 0, "", "reply.malformed_head",
      "a field line without a colon, in line 3: \"no colon\"", false },
    { NULL, S(OK "A: b\r\n c\r\n", FAKE_SILENCE), STOA_EPROTO, 0, "", "reply.malformed_head",
      "folded", false },
    { NULL, S(OK "A: b\n", FAKE_SILENCE), STOA_EPROTO, 0, "", "reply.malformed_head",
      "line 2: \"A: b\"", false },
    { NULL, S(OK "A: \0\r\n", FAKE_SILENCE), STOA_EPROTO, 0, "", "reply.malformed_head",
      "control byte in the head, in line 2: \"A: \\x00", false },
    { NULL, S(OK "A: \rb\r\n", FAKE_SILENCE), STOA_EPROTO, 0, "", "reply.malformed_head",
      "a carriage return", false },
    { NULL, S("HTTP/1.1 101 Switching\r\nUpgrade: a\r\n\r\n", FAKE_SILENCE), STOA_EPROTO, 0, "",
      "reply.malformed_head", "101", false },

    /* of no certain length */
    { NULL, S(OK "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", FAKE_SILENCE), STOA_EPROTO, 0,
      "", "reply.malformed_length", "more than one Content-Length field, in line 3", false },
    { NULL, S(OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", FAKE_SILENCE),
      STOA_EPROTO, 0, "", "reply.malformed_length", "both", false },
    { NULL, S(OK "Content-Length: +1\r\n\r\n", FAKE_SILENCE), STOA_EPROTO, 0, "",
      "reply.malformed_length", "\"Content-Length: +1\"", false },
    { NULL, S(OK "Content-Length: 99999999999999999999\r\n\r\n", FAKE_SILENCE), STOA_EPROTO, 0, "",
      "reply.malformed_length", "", false },
    { NULL, S(OK "Transfer-Encoding: gzip\r\n\r\n", FAKE_SILENCE), STOA_EPROTO, 0, "",
      "reply.malformed_coding", "other than chunked", false },
    { NULL, S("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FAKE_SILENCE), STOA_EPROTO,
      0, "", "reply.malformed_coding", "HTTP/1.0", false },

    /* part of a body */
    { NULL, S(OK "Content-Length: 40\r\n\r\nhello, hello", FAKE_END), 0, STOA_EEOF, "hello, hello",
      "reply.truncated", "12 of 40 bytes came", false },
    { NULL, S(OK "Content-Length: 1\r\n\r\n", FAKE_END), 0, STOA_EEOF, "", "reply.truncated",
      "0 of 1 byte came", false },
    { NULL, S(OK "Transfer-Encoding: chunked\r\n\r\n2\r\nh", FAKE_END), 0, STOA_EEOF, "h",
      "reply.truncated_chunks", "1 byte came; of the last chunk 1 byte is missing", false },
    { NULL, S(OK "Content-Length: 40\r\n\r\nhello", FAKE_RESET), 0, -ECONNRESET, "hello",
      "reply.reset_within", "5 of 40 bytes came", false },
    { NULL, S(OK "Content-Length: 40\r\n\r\nhello", FAKE_SILENCE), 0, -ETIMEDOUT, "hello",
      "reply.stalled", "5 of 40 bytes came", false },
    { NULL, S(OK "Content-Length: 40\r\n\r\nhello", FAKE_CANCEL), 0, -ECANCELED, "hello", NULL, "",
      false },
    { NULL, S(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", FAKE_END), 0, STOA_EEOF,
      "hello", "reply.truncated_chunks", "5 bytes came", false },
    { NULL, S(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b", FAKE_END), 0,
      STOA_EEOF, "hello", "reply.truncated_chunks", "", false },
    { NULL, S(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello!", FAKE_SILENCE), 0, STOA_EPROTO,
      "hello", "reply.malformed_chunk", "not followed by CR LF, after 5 bytes", false },
    { NULL, S(OK "Transfer-Encoding: chunked\r\n\r\nx\r\n", FAKE_SILENCE), 0, STOA_EPROTO, "",
      "reply.malformed_chunk", "size is malformed", false },
    { NULL, S(OK "\r\nhello", FAKE_RESET), 0, -ECONNRESET, "hello", "reply.reset_within", "5 bytes",
      false },

    /* more than that */
    { NULL, S(OK "Content-Length: 5\r\nConnection: close\r\n\r\nhello, hello", FAKE_END), 0,
      STOA_EPROTO, "hello", "reply.excess", "behind its end came \",", false },
    { "HEAD", S(OK "Content-Length: 5\r\nConnection: close\r\n\r\nhello", FAKE_END), 0, STOA_EPROTO,
      "", "reply.excess", "", false },
};

static void check_row(const struct row *row, const struct outcome *o, const struct client *k,
                      size_t step)
{
    const struct stoa_cause *cause = k->report.cause;
    const char *id = cause ? cause->id : "none";
    if (strcmp(id, row->cause ? row->cause : "none") != 0)
        fail_msg("row %td, step %zu: %s (%s)", row - rows, step, id, k->report.detail);
    if (!strstr(k->report.detail, row->detail))
        fail_msg("row %td, step %zu: %s: %s", row - rows, step, id, k->report.detail);
    if (o->fetched != row->fetched || o->read != row->read || o->kept != row->kept)
        fail_msg("row %td, step %zu: %d %d %d", row - rows, step, o->fetched, o->read, o->kept);
    assert_int_equal(o->body_n, strlen(row->body));
    assert_memory_equal(o->body, row->body, o->body_n);
    if (o->fetched == 0)
        assert_int_equal(k->report.reply_body_bytes, o->body_n);
    assert_int_equal(k->resets, o->fetched < 0 || o->read < 0); /* and is not waited for */
}

static void replies(void **state)
{
    (void)state;
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++)
        for (size_t step = 0; step < 2 * row->script.n + 1; step++) {
            static struct client k;
            struct stoa_http_fetch f = { .method = row->method, .within = STOA_SEC };
            client_begin(&k, &row->script, 1);
            k.step = step <= row->script.n ? step : 0;
            k.chunk = step <= row->script.n ? 0 : step - row->script.n; /* all at once, in chunks */
            struct outcome o = fetch(&k, f, step % 2 ? 1 : 64);
            check_row(row, &o, &k, step);
            client_end(&k);
        }
}

/* ---- requests ---- */

#define AGENT "User-Agent: stoa/" STOA_VERSION "\r\n"
#define USUAL "Host: a\r\n" AGENT "Accept: */*\r\n"

static void sends(struct stoa_http_fetch f, const char *expected)
{
    static struct client k;
    struct script none = { .after = FAKE_END };
    client_begin(&k, &none, 1);
    fetch(&k, f, 1);
    assert_string_equal(fake_text(&k.c), expected);
    assert_int_equal(k.report.request_bytes, strlen(expected));
    client_end(&k);
}

static void requests(void **state)
{
    (void)state;
    sends((struct stoa_http_fetch){ 0 }, "GET / HTTP/1.1\r\n" USUAL "\r\n");
    sends((struct stoa_http_fetch){ .url = "http://a?b#c" }, "GET /?b HTTP/1.1\r\n" USUAL "\r\n");
    sends((struct stoa_http_fetch){ .url = "http://[::1]:80/b?c", .method = "HEAD" },
          "HEAD /b?c HTTP/1.1\r\nHost: [::1]:80\r\n" AGENT "Accept: */*\r\n\r\n");
    sends((struct stoa_http_fetch){ .url = "http://a", .method = "OPTIONS" },
          "OPTIONS * HTTP/1.1\r\n" USUAL "\r\n");
    sends((struct stoa_http_fetch){ .url = "http://a/", .method = "OPTIONS" },
          "OPTIONS / HTTP/1.1\r\n" USUAL "\r\n");
    sends((struct stoa_http_fetch){ .method = "PURGE" }, "PURGE / HTTP/1.1\r\n" USUAL "\r\n");
    sends((struct stoa_http_fetch){ .body = "hello", .len = 5 },
          "POST / HTTP/1.1\r\n" USUAL "Content-Length: 5\r\n\r\nhello");
    sends((struct stoa_http_fetch){ .method = "PUT" },
          "PUT / HTTP/1.1\r\n" USUAL "Content-Length: 0\r\n\r\n");
    struct stoa_http_field fields[] = {
        { "host", "b" }, { "ACCEPT", NULL }, { "X-A", "b c" }, { "X-Empty", "" }
    };
    sends((struct stoa_http_fetch){ .fields = fields, .fields_count = 4 },
          "GET / HTTP/1.1\r\n" AGENT "host: b\r\nX-A: b c\r\nX-Empty: \r\n\r\n");
}

static void goes_to(struct stoa_http_fetch f, const char *addr, const char *at)
{
    static struct client k;
    struct script none = { .after = FAKE_END };
    client_begin(&k, &none, 1);
    fetch(&k, f, 1);
    assert_string_equal(k.addr, addr);
    assert_string_equal(k.at, at);
    assert_string_equal(k.report.peer, "0.0.0.0:80");
    client_end(&k);
}

static void addresses(void **state)
{
    (void)state;
    goes_to((struct stoa_http_fetch){ .url = "http://a" }, "a:80", "");
    goes_to((struct stoa_http_fetch){ .url = "http://a:8080/b" }, "a:8080", "");
    goes_to((struct stoa_http_fetch){ .url = "http://[::1]:81" }, "[::1]:81", "");
    goes_to((struct stoa_http_fetch){ .url = "http://a", .at = "192.0.2.1" }, "a:80", "192.0.2.1");
    goes_to((struct stoa_http_fetch){ .url = "http://a", .at = "unix:/b" }, "unix:/b", "");
}

static void what_cannot_be_sent(void **state)
{
    static const struct {
        struct stoa_http_fetch f;
        struct stoa_http_field field;
        const char *says;
    } cases[] = {
        { { .url = "ftp://a" }, { NULL, NULL }, "begins with http://" },
        { { .url = "http://a/ b" }, { NULL, NULL }, "percent-encoded" },
        { { .method = "" }, { NULL, NULL }, "method" },
        { { .method = "GET /" }, { NULL, NULL }, "method" },
        { { .method = "CONNECT" }, { NULL, NULL }, "CONNECT" },
        { { .method = "GET" }, { "A b", "c" }, "name" },
        { { .method = "GET" }, { "", "c" }, "name" },
        { { .method = "GET" }, { "A", "b\r\nC: d" }, "control byte" },
        { { .method = "GET" }, { "Host", "a b" }, "Host" },
        { { .method = "GET" }, { "content-length", "1" }, "Content-Length" },
        { { .method = "GET" }, { "transfer-encoding", "chunked" }, "Transfer-Encoding" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct client k;
        struct stoa_http_fetch f = cases[i].f;
        client_begin(&k, NULL, 0);
        f.fields = &cases[i].field;
        f.fields_count = cases[i].field.name != NULL;
        assert_int_equal(fetch(&k, f, 1).fetched, -EINVAL);
        if (!strstr(k.report.detail, cases[i].says))
            fail_msg("case %zu: %s", i, k.report.detail);
        assert_null(k.report.cause);
        assert_int_equal(k.dials, 0);
        client_end(&k);
    }
}

static void nobody_there(void **state)
{
    static struct client k;
    (void)state;
    client_begin(&k, NULL, 0);
    k.dial_fails = -ECONNREFUSED;
    assert_int_equal(fetch(&k, (struct stoa_http_fetch){ 0 }, 1).fetched, -ECONNREFUSED);
    assert_string_equal(k.report.cause->id, "connect.refused");
    assert_string_equal(k.report.detail, "nobody is there");
    assert_int_equal(k.report.write_took, -1);
    client_end(&k);
}

/* ---- a request that is not taken ---- */

static char told[300]; /* in the report of the last one */

static void sending_fails(struct script s, size_t len, const char *id, int fetched)
{
    static struct client k;
    static char body[200000];
    client_begin(&k, &s, 1);
    struct stoa_http_fetch f = { .body = body, .len = len, .within = STOA_SEC };
    assert_int_equal(fetch(&k, f, 1).fetched, fetched);
    if (strcmp(k.report.cause ? k.report.cause->id : "none", id) != 0)
        fail_msg("%s: %s", k.report.cause->id, k.report.detail);
    snprintf(told, sizeof told, "%s", k.report.detail);
    client_end(&k);
}

static void requests_that_are_not_taken(void **state)
{
    (void)state;
    struct script reset = { .after = FAKE_RESET, .send_err = -ECONNRESET };
    sending_fails(reset, 0, "reply.reset_before", -ECONNRESET);
    reset.send_err = -EPIPE;
    sending_fails(reset, 0, "reply.reset_before", -ECONNRESET);
    reset.send_room = 100000;
    sending_fails(reset, 200000, "request.reset", -ECONNRESET);
    struct script stalls = { .after = FAKE_SILENCE, .send_err = -ETIMEDOUT, .send_room = 100000 };
    sending_fails(stalls, 200000, "request.stalled", -ETIMEDOUT);
    struct script left = { .after = FAKE_RESET, .left = { .in_flight = 5 } };
    sending_fails(left, 10, "reply.reset_before", -ECONNRESET);
    left.left = (struct conn_sent){ .waiting = 5 };
    sending_fails(left, 10, "reply.reset_before", -ECONNRESET);
    left.after = FAKE_SILENCE;
    sending_fails(left, 10, "request.stalled", -ETIMEDOUT);
    assert_non_null(strstr(told, "5 of "));
    left.left.in_flight = 5;
    sending_fails(left, 10, "request.unacknowledged", -ETIMEDOUT);
    struct script cancelled = { .after = FAKE_CANCEL, .send_err = -ECANCELED };
    sending_fails(cancelled, 0, "none", -ECANCELED);
}

/* A server that refuses a body, and resets what of it still comes: the refusal is what counts. */
static void a_reply_before_the_request_is_whole(void **state)
{
    static struct client k;
    static char body[200000];
    struct script s = { .bytes = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig",
                        .after = FAKE_RESET,
                        .send_err = -EPIPE,
                        .send_room = 100000 };
    (void)state;
    client_begin(&k, &s, 1);
    struct outcome o = fetch(&k, (struct stoa_http_fetch){ .body = body, .len = sizeof body }, 8);
    assert_int_equal(o.fetched, 0);
    assert_int_equal(o.read, 0);
    assert_int_equal(o.status, 413);
    assert_int_equal(o.body_n, 3);
    assert_false(o.kept);
    assert_null(k.report.cause);
    assert_int_equal(k.report.request_bytes, 100000);
    client_end(&k);
}

/* The same while the rest is still to be sent: it is heard, and no more is sent. Interim replies and
 * those of success do not stop it. */
static void a_reply_while_the_request_is_sent(void **state)
{
    static const struct {
        const char *bytes;
        size_t sent; /* 0 = all of it */
        int fetched, status;
        const char *cause;
    } cases[] = {
        { "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n", 90000, 0, 413, NULL },
        { "HTTP/1.1 303 See Other\r\nContent-Length: 0\r\n\r\n", 90000, 0, 303, NULL },
        { OK "Content-Length: 0\r\n\r\n", 0, 0, 200, NULL },
        { "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 0\r\n\r\n", 0, 0, 200, NULL },
        { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n", 90000, 0,
          400, NULL },
        { "SSH-2.0\r\n", 90000, STOA_EPROTO, 0, "reply.ssh" },
        { "HTTP/1.1 4", 90000, STOA_EEOF, 0, "reply.truncated_head" },
    };
    static char body[200000];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct client k;
        struct script s = { .bytes = cases[i].bytes, .after = FAKE_END, .speaks_at = 90000 };
        client_begin(&k, &s, 1);
        struct outcome o =
            fetch(&k, (struct stoa_http_fetch){ .body = body, .len = sizeof body }, 8);
        assert_int_equal(o.fetched, cases[i].fetched);
        assert_int_equal(o.status, cases[i].status);
        assert_false(o.kept);
        if (cases[i].cause)
            assert_string_equal(k.report.cause->id, cases[i].cause);
        else
            assert_null(k.report.cause);
        if (cases[i].sent)
            assert_int_equal(k.c.out_n, cases[i].sent);
        else
            assert_true(k.c.out_n > sizeof body);
        assert_int_equal(k.report.request_bytes, k.c.out_n);
        assert_true(k.report.wait_took == 0 || cases[i].status == 0);
        client_end(&k);
    }
}

/* ---- heads without an end ---- */

static void no_end(const char *start, const char *again, const char *id, const char *detail)
{
    static struct client k;
    static char text[140000];
    size_t n = (size_t)sprintf(text, "%s", start), m = strlen(again);
    for (; n + m < sizeof text; n += m)
        memcpy(text + n, again, m + 1);
    for (size_t step = 0; step <= 4096; step += 1024) {
        struct script s = { .bytes = text };
        client_begin(&k, &s, 1);
        k.step = step;
        assert_int_equal(fetch(&k, (struct stoa_http_fetch){ 0 }, 1).fetched, STOA_EPROTO);
        assert_string_equal(k.report.cause->id, id);
        if (!strstr(k.report.detail, detail))
            fail_msg("%s", k.report.detail);
        client_end(&k);
    }
}

static void heads_without_an_end(void **state)
{
    (void)state;
    no_end(OK, "A: b\r\n", "reply.head_endless", "too many fields, in line 102");
    no_end(OK "A: ", "b", "reply.head_endless", "too long");
    no_end("HTTP/1.1 200 ", "b", "reply.head_endless", "line 1");
    no_end("", "HTTP/1.1 100 Continue\r\n\r\n", "reply.head_endless", "17 interim");
}

#define SLOW                                                                                       \
    "X-A: "                                                                                        \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" \
    "X-A: "                                                                                        \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" \
    "X-A: "                                                                                        \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"

/* ---- the same connection again ---- */

#define HI OK "Content-Length: 2\r\n\r\nhi"

static void a_connection_is_used_again(void **state)
{
    static struct client k;
    struct script s = { .bytes = HI };
    (void)state;
    client_begin(&k, &s, 1);
    for (int i = 0; i < 3; i++) {
        struct outcome o = fetch(&k, (struct stoa_http_fetch){ 0 }, 8);
        assert_int_equal(o.fetched, 0);
        assert_int_equal(o.body_n, 2);
        assert_true(o.kept);
        assert_int_equal(k.report.dial.count, i == 0);
        k.c.script = STR(HI);
    }
    assert_int_equal(k.dials, 1);
    client_end(&k);
}

/* What leads elsewhere is not the same address. */
static void another_address_is_another_connection(void **state)
{
    static const struct stoa_http_fetch others[] = {
        { .url = "http://b" }, { .url = "http://a:81" }, { .at = "192.0.2.1" },
        { .at = "unix:/a" },   { .family = AF_INET },
    };
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        static struct client k;
        struct script s[] = { { .bytes = HI }, { .bytes = HI } };
        client_begin(&k, s, 2);
        assert_true(fetch(&k, (struct stoa_http_fetch){ 0 }, 8).kept);
        k.closes++; /* as if it were another one */
        assert_int_equal(fetch(&k, others[i], 8).fetched, 0);
        k.closes--;
        assert_int_equal(k.dials, 2);
        client_end(&k);
    }
}

static void what_is_asked_fresh_is(void **state)
{
    static struct client k;
    struct script s[] = { { .bytes = HI }, { .bytes = HI } };
    (void)state;
    client_begin(&k, s, 2);
    assert_true(fetch(&k, (struct stoa_http_fetch){ 0 }, 8).kept);
    k.closes++;
    assert_int_equal(fetch(&k, (struct stoa_http_fetch){ .fresh = true }, 8).fetched, 0);
    k.closes--;
    assert_int_equal(k.dials, 2);
    client_end(&k);
}

static void a_connection_that_the_request_closes(void **state)
{
    static struct client k;
    struct script s = { .bytes = HI };
    struct stoa_http_field field = { "Connection", "x, close" };
    (void)state;
    client_begin(&k, &s, 1);
    struct stoa_http_fetch f = { .fields = &field, .fields_count = 1 };
    assert_false(fetch(&k, f, 8).kept);
    client_end(&k);
}

static void an_idle_connection_that_stirs_is_dropped(void **state)
{
    static struct client k;
    struct script s[] = { { .bytes = HI }, { .bytes = HI } };
    (void)state;
    client_begin(&k, s, 2);
    assert_true(fetch(&k, (struct stoa_http_fetch){ 0 }, 8).kept);
    assert_non_null(k.watcher);
    k.watcher(&k.c);
    assert_int_equal(k.closes, 1);
    assert_int_equal(fetch(&k, (struct stoa_http_fetch){ 0 }, 8).fetched, 0);
    assert_int_equal(k.dials, 2);
    client_end(&k);
}

static void an_idle_connection_grows_old(void **state)
{
    static struct client k;
    struct script s = { .bytes = HI };
    (void)state;
    client_begin(&k, &s, 1);
    assert_true(fetch(&k, (struct stoa_http_fetch){ 0 }, 8).kept);
    struct heap_node *first = heap_first(&k.c.core.sched.timers);
    assert_non_null(first);
    k.c.io.now.mono_ns = first->key;
    heap_remove(&k.c.core.sched.timers, first);
    struct timer *timer = list_owner(first, struct timer, node);
    timer->fire(timer);
    assert_int_equal(k.closes, 1);
    client_end(&k);
}

/* ---- an idle connection that ends just when it is used ---- */

static void tried_again(const char *method, enum fake_after after, int send_err, bool again)
{
    static struct client k;
    struct script s[] = { { .bytes = HI }, { .bytes = HI } };
    client_begin(&k, s, 2);
    assert_true(fetch(&k, (struct stoa_http_fetch){ 0 }, 8).kept);
    k.c.after = after;
    k.c.send_err = send_err;
    k.c.send_room = send_err ? k.c.out_n : SIZE_MAX;
    struct outcome o = fetch(&k, (struct stoa_http_fetch){ .method = method }, 8);
    assert_int_equal(o.fetched, again ? 0 : after == FAKE_END ? STOA_EEOF : -ECONNRESET);
    assert_int_equal(k.dials, 1 + again);
    if (again)
        assert_null(k.report.cause);
    else
        assert_non_null(strstr(k.report.detail, "is not sent twice"));
    client_end(&k);
}

static void what_may_be_sent_twice_is(void **state)
{
    static const char *const idempotent[] = { "GET", "PUT", "DELETE", "OPTIONS", "TRACE" };
    (void)state;
    for (size_t i = 0; i < sizeof idempotent / sizeof *idempotent; i++) {
        tried_again(idempotent[i], FAKE_END, 0, true);
        tried_again(idempotent[i], FAKE_RESET, 0, true);
        tried_again(idempotent[i], FAKE_RESET, -EPIPE, true);
    }
    tried_again("POST", FAKE_END, 0, false);
    tried_again("PATCH", FAKE_RESET, -EPIPE, false);
    tried_again("PURGE", FAKE_RESET, 0, false);
}

/* A 408 is said to an idle connection, and met by a request. */
static void a_408_that_is_no_answer(void **state)
{
    static const char late[] = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
                               "Connection: close\r\n\r\n";
    static struct client k;
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct script s[] = { { .bytes = i == 2 ? late : HI }, { .bytes = HI } };
        client_begin(&k, s, 2);
        if (i < 2) {
            assert_true(fetch(&k, (struct stoa_http_fetch){ 0 }, 8).kept);
            k.c.script = str_of(late);
        }
        k.c.after = FAKE_END;
        struct stoa_http_fetch f = { .method = i == 1 ? "POST" : "GET" };
        struct outcome o = fetch(&k, f, 8);
        assert_int_equal(o.status,
                         i == 0 ? 200 : 408); /* neither to a POST, nor when it is fresh */
        assert_int_equal(k.dials, i == 0 ? 2 : 1);
        client_end(&k);
    }
}

/* Bytes that come, and go on coming, until the deadline. */
static void a_reply_that_is_slow(void **state)
{
    static const struct {
        const char *bytes, *cause;
        int fetched;
    } cases[] = {
        { OK "Content-Length: 400\r\n\r\n" SLOW, "reply.deadline", 0 },
        { OK "\r\n" SLOW, "reply.deadline", 0 },
        { OK SLOW, "reply.deadline", -ETIMEDOUT },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct client k;
        struct script s = { .bytes = cases[i].bytes };
        client_begin(&k, &s, 1);
        k.step = 20;
        k.c.step_time = 100 * STOA_MS;
        struct outcome o = fetch(&k, (struct stoa_http_fetch){ .within = STOA_SEC }, 8);
        assert_int_equal(o.fetched, cases[i].fetched);
        assert_string_equal(k.report.cause->id, cases[i].cause);
        client_end(&k);
    }
}

/* Not when it was fresh, and not when something had come. */
static void it_is_sent_once_more_and_no_more(void **state)
{
    static struct client k;
    struct script s[] = { { .bytes = HI }, { .after = FAKE_END }, { .bytes = HI } };
    (void)state;
    client_begin(&k, s, 3);
    assert_true(fetch(&k, (struct stoa_http_fetch){ 0 }, 8).kept);
    k.c.after = FAKE_END;
    assert_int_equal(fetch(&k, (struct stoa_http_fetch){ 0 }, 8).fetched, STOA_EEOF);
    assert_string_equal(k.report.cause->id, "reply.closed");
    assert_int_equal(k.dials, 2);
    assert_true(fetch(&k, (struct stoa_http_fetch){ 0 }, 8).kept);
    k.c.script = STR("H");
    k.c.after = FAKE_END;
    assert_int_equal(fetch(&k, (struct stoa_http_fetch){ 0 }, 8).fetched, STOA_EEOF);
    assert_string_equal(k.report.cause->id, "reply.truncated_head");
    client_end(&k);
}

/* ---- what is asked of a fetched exchange ---- */

static void assert_str(struct stoa_str s, const char *expected)
{
    if (s.n != strlen(expected) || memcmp(s.p, expected, s.n) != 0)
        fail_msg("'%.*s' is not '%s'", (int)s.n, s.p, expected);
}

static void questions(void **state)
{
    static struct client k;
    struct script s = { .bytes = OK "A: b\r\nContent-Length: 2\r\na: c\r\n\r\nhi" };
    struct stoa_http_fetch f = { .url = "http://a:81/b?c", .report = &k.report };
    struct stoa_str name, value;
    stoa_http *x;
    (void)state;
    client_begin(&k, &s, 1);
    k.step = 1;
    assert_int_equal(stoa_http_fetch(stoa_conn_task(&k.c), &x, &f), 0);
    assert_str(stoa_http_method(x), "GET");
    assert_str(stoa_http_path(x), "/b");
    assert_str(stoa_http_query(x), "c");
    assert_str(stoa_http_host(x), "a:81");
    assert_str(stoa_http_header(x, "A"), "b");
    assert_null(stoa_http_header(x, "B").p);
    assert_true(stoa_http_field_at(x, 2, &name, &value));
    assert_str(name, "a");
    assert_str(value, "c");
    assert_false(stoa_http_field_at(x, 3, &name, &value));
    assert_ptr_equal(stoa_http_task(x), &k.c);
    /* It is no server's. */
    assert_int_equal(stoa_http_set(x, "A", "b"), -EALREADY);
    assert_int_equal(stoa_http_start(x, 200, 0), -EALREADY);
    assert_int_equal(stoa_http_write(x, "a", 1), -EINVAL);
    assert_int_equal(stoa_http_reply(x, 200, NULL, NULL, 0), -EALREADY);
    assert_int_equal(stoa_http_flush(x), 0);
    assert_true(k.report.wait_took >= 0 && k.report.read_took >= 0 && k.report.write_took >= 0);
    assert_int_equal(k.report.reply_head_bytes, strlen(s.bytes) - 2);
    stoa_http_end(x); /* its body has not been read */
    assert_int_equal(k.closes, 1);
    stoa_http_end(NULL);
    client_end(&k);
}

static void a_task_that_ends_takes_it_along(void **state)
{
    static struct client k;
    struct script s = { .bytes = HI };
    struct stoa_http_fetch f = { .url = "http://a" };
    stoa_http *x;
    (void)state;
    client_begin(&k, &s, 1);
    assert_int_equal(stoa_http_fetch(stoa_conn_task(&k.c), &x, &f), 0);
    struct task_owned *o = list_owner(list_pop_front(&k.owned), struct task_owned, node);
    o->end(o);
    client_end(&k);
}

/* A 101 that was asked for is the end of HTTP on that connection. */
static void an_upgrade(void **state)
{
    static struct client k;
    struct script s = { .bytes = "HTTP/1.1 101 Switching\r\nUpgrade: a\r\n\r\n",
                        .after = FAKE_END };
    struct stoa_http_field fields[] = { { "Upgrade", "a" }, { "Connection", "Upgrade" } };
    (void)state;
    client_begin(&k, &s, 1);
    struct outcome o =
        fetch(&k, (struct stoa_http_fetch){ .fields = fields, .fields_count = 2 }, 8);
    assert_int_equal(o.status, 101);
    assert_int_equal(o.read, 0);
    assert_false(o.kept);
    client_end(&k);
}

/* What the task still has, when it is nearer. */
static void two_deadlines(void **state)
{
    static struct client k;
    struct script s = { .bytes = "" };
    (void)state;
    client_begin(&k, &s, 1);
    stoa_time began = k.c.io.now.mono_ns, own = began + STOA_MS;
    struct stoa_http_fetch f = { .url = "http://a", .within = STOA_SEC };
    stoa_http *x;
    k.c.deadline = own;
    assert_int_equal(stoa_http_fetch(stoa_conn_task(&k.c), &x, &f), -ETIMEDOUT);
    assert_true(k.c.io.now.mono_ns == own && k.c.deadline == own);
    client_end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies),
        cmocka_unit_test(requests),
        cmocka_unit_test(addresses),
        cmocka_unit_test(what_cannot_be_sent),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(requests_that_are_not_taken),
        cmocka_unit_test(a_reply_before_the_request_is_whole),
        cmocka_unit_test(a_reply_while_the_request_is_sent),
        cmocka_unit_test(heads_without_an_end),
        cmocka_unit_test(a_connection_is_used_again),
        cmocka_unit_test(another_address_is_another_connection),
        cmocka_unit_test(what_is_asked_fresh_is),
        cmocka_unit_test(a_connection_that_the_request_closes),
        cmocka_unit_test(an_idle_connection_that_stirs_is_dropped),
        cmocka_unit_test(an_idle_connection_grows_old),
        cmocka_unit_test(what_may_be_sent_twice_is),
        cmocka_unit_test(a_408_that_is_no_answer),
        cmocka_unit_test(a_reply_that_is_slow),
        cmocka_unit_test(it_is_sent_once_more_and_no_more),
        cmocka_unit_test(questions),
        cmocka_unit_test(a_task_that_ends_takes_it_along),
        cmocka_unit_test(an_upgrade),
        cmocka_unit_test(two_deadlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
