/* A status written down: every text and number is where its reader looks for it. The table is made
 * here, by hand, and read as any other is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/json.h"
#include "app/status_json.h"
#include "app/status_metrics.h"
#include "base/mem.h"
#include "stage/histogram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct status s;
static struct trend *trend;
static struct buf text;

static int set_up(void **state)
{
    (void)state;
    memset(&s, 0, sizeof s);
    s.now = 100 * STOA_SEC;
    s.real_ns = 1764212345123000000;
    s.started = 40 * STOA_SEC;
    s.pid = 77;
    s.cores = 2;
    s.still[1] = 1500 * STOA_MS;
    strcpy(s.io, "uring");
    strcpy(s.release, "0.1.0");
    strcpy(s.span_names[STOA_SPAN_ACCEPT], "accept");
    strcpy(s.span_names[STOA_SPAN_HANDLER], "handler");
    strcpy(s.cause_names[0], "bind.in_use");
    strcpy(s.cause_names[1], "request.head_timeout");
    strcpy(s.cause_names[2], "reply.malformed");
    buf_init(&text, &mem_default, NULL, 0);
    return trend_new(&trend, &mem_default);
}

static int tear_down(void **state)
{
    (void)state;
    trend_free(trend);
    buf_done(&text);
    return 0;
}

static void add_listener(const char *name)
{
    struct stoa_stage_listener *l = &s.listener[s.listeners++];
    snprintf(l->name, sizeof l->name, "%s", name);
    *l = (struct stoa_stage_listener){
        .queue = 3,
        .queue_max = 4,
        .queue_peak = 5,
        .backlog_asked = 9,
        .syn_queue = 6,
        .drops = 70,
        .overflows = 11,
        .syn_drops = 12,
        .syn_cookies = 13,
        .listen_drops = 14,
        .fullest = 750,
    };
    snprintf(l->name, sizeof l->name, "%s", name);
    s.counts.drops[s.listeners - 1] = l->drops;
}

static bool has(const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

static void expect(const char *part)
{
    if (!has(part))
        fail_msg("'%s' is not in: %.*s", part, (int)text.n, text.p);
}

static void write_json(void)
{
    buf_clear(&text);
    status_json(&text, &s, trend);
    assert_false(text.failed);
}

static void write_metrics(void)
{
    buf_clear(&text);
    status_metrics(&text, &s);
    assert_false(text.failed);
}

static void test_json_values(void **state)
{
    (void)state;
    buf_str(&text, STR("data: "));
    json_open(&text, NULL, '{');
    json_text(&text, "a", STR("q\" b\\ n\n \x7f \xc3\xa4"));
    json_open(&text, "l", '[');
    json_milli(&text, NULL, 1500);
    json_milli(&text, NULL, -1);
    json_milli(&text, NULL, 2000);
    json_milli(&text, NULL, INT64_MIN);
    json_count(&text, NULL, UINT64_MAX);
    json_bool(&text, NULL, true);
    json_null(&text, NULL);
    json_text(&text, NULL, (struct stoa_str){ NULL, 0 });
    json_open(&text, NULL, '{');
    json_close(&text, '}');
    json_close(&text, ']');
    json_count(&text, "z", 0);
    buf_str(&text, STR(",\"o\":")); /* a value that somebody else writes */
    json_open(&text, NULL, '{');
    json_close(&text, '}');
    json_close(&text, '}');
    buf_add(&text, "", 1);
    assert_string_equal(text.p, "data: {\"a\":\"q\\\" b\\\\ n\\u000a \\u007f \\u00c3\\u00a4\","
                                "\"l\":[1.500,-0.001,2,-9223372036854775.808,18446744073709551615,"
                                "true,null,\"\",{}],\"z\":0,\"o\":{}}");
}

static void test_json_of_an_idle_server(void **state)
{
    (void)state;
    write_json();
    expect("{\"server\":{\"pid\":77,\"version\":\"0.1.0\",\"io\":\"uring\",\"cores\":2,\"uptime_"
           "s\":60,"
           "\"time\":1764212345.123,\"draining\":false,\"alive\":[0,1.500],"
           "\"stuck_after_s\":10},"
           "\"rates\":{\"requests\":0,\"connections\":0,\"bytes_out\":0,\"bytes_in\":0},");
    expect("\"listeners\":[],\"spans\":[{\"name\":\"accept\",\"count\":0,\"p50_us\":null,\"p90_"
           "us\":null,"
           "\"p99_us\":null,\"max_us\":null,\"rate\":0,\"grade\":\"bounded\"},");
    expect("\"causes\":[],\"slowest\":[],\"connections\":[],\"connections_more\":0}");
}

static void test_json_of_listeners(void **state)
{
    (void)state;
    add_listener("http://127.0.0.1:8080/");
    trend_note(trend, &s);
    s.now += STOA_SEC / 2;
    s.counts.drops[0] = s.listener[0].drops = 80;
    write_json();
    expect("\"listeners\":[{\"name\":\"http://127.0.0.1:8080/\",\"queue\":3,\"queue_max\":4,"
           "\"queue_peak\":5,\"backlog_asked\":9,\"fullest\":0.750,\"syn_queue\":6,\"drops\":80,"
           "\"overflows\":11,\"syn_drops\":12,\"syn_cookies\":13,\"listen_drops\":14,"
           "\"drops_per_s\":20}]");
}

static void test_rates_are_of_the_last_second(void **state)
{
    (void)state;
    for (int i = 0; i < 15; i++) {
        s.counts.requests = (uint64_t)(i * i);
        trend_note(trend, &s);
        s.now += STOA_SEC;
    }
    /* Kept: 11 of them; noted a second ago: 14 * 14. */
    s.counts.requests = 14 * 14 + 30;
    write_json();
    expect("\"rates\":{\"requests\":30,");
    struct trend_past past;
    assert_true(trend_find(trend, &s, 10 * STOA_SEC, &past));
    assert_int_equal(past.at, s.now - 10 * STOA_SEC);
    assert_int_equal(past.counts->requests, 25);
    s.started = 0; /* long ago */
    assert_true(trend_find(trend, &s, 99 * STOA_SEC, &past));
    assert_int_equal(past.at, s.now - 11 * STOA_SEC);
    s.now -= 11 * STOA_SEC;
    assert_false(trend_find(trend, &s, STOA_SEC, &past));
}

static void test_a_young_server_began_with_zeroes(void **state)
{
    (void)state;
    struct trend_past past;
    s.now = s.started + 4 * STOA_SEC;
    s.counts.requests = 9;
    trend_note(trend, &s);
    s.now += STOA_SEC;
    assert_true(trend_find(trend, &s, 10 * STOA_SEC, &past));
    assert_null(past.counts);
    assert_int_equal(past.at, s.started);
    assert_true(trend_find(trend, &s, STOA_SEC, &past));
    assert_int_equal(past.counts->requests, 9);
    stage_histogram_add(&s.counts.spans[STOA_SPAN_HANDLER], 2000);
    write_json();
    expect("{\"name\":\"handler\",\"count\":1,\"p50_us\":2,");
}

static void test_quantiles_are_of_the_last_ten_seconds(void **state)
{
    (void)state;
    struct stoa_stage_histogram *h = &s.counts.spans[STOA_SPAN_HANDLER];
    for (int i = 0; i < 100; i++)
        stage_histogram_add(h, 1000 * 1000 * 1000); /* long ago */
    trend_note(trend, &s);
    s.now += 10 * STOA_SEC;
    for (int i = 0; i < 98; i++)
        stage_histogram_add(h, 2000);
    stage_histogram_add(h, 4000);
    stage_histogram_add(h, 8000);
    write_json();
    expect(
        "{\"name\":\"handler\",\"count\":200,\"p50_us\":2,\"p90_us\":2,\"p99_us\":4,\"max_us\":8,"
        "\"rate\":10,\"grade\":\"exact\"}");
}

static void test_json_of_causes(void **state)
{
    (void)state;
    s.counts.causes[0] = s.counts.causes[2] = 2;
    s.counts.causes[1] = 7;
    write_json();
    expect("\"causes\":[{\"id\":\"request.head_timeout\",\"count\":7,\"per_s\":0},"
           "{\"id\":\"bind.in_use\",\"count\":2,\"per_s\":0},"
           "{\"id\":\"reply.malformed\",\"count\":2,\"per_s\":0}]");
}

static void test_json_of_requests(void **state)
{
    (void)state;
    struct stoa_stage_request *r = &s.slow[s.slowest++];
    *r = (struct stoa_stage_request){ .began = 99 * STOA_SEC, .took = 1234567, .status = 200 };
    strcpy(r->method, "GET");
    strcpy(r->path, "/\\x0a<\"");
    strcpy(r->peer, "127.0.0.1");
    r->grade[STOA_SPAN_ACCEPT] = STOA_BOUNDED;
    r->span[STOA_SPAN_ACCEPT] = (struct stoa_span_time){ .least = 1000, .ns = 4000000 };
    r->grade[STOA_SPAN_HANDLER] = STOA_EXACT;
    r->span[STOA_SPAN_HANDLER] = (struct stoa_span_time){ .least = 1500, .ns = 1500 };
    write_json();
    expect("\"slowest\":[{\"method\":\"GET\",\"path\":\"/\\\\x0a<\\\"\",\"status\":200,"
           "\"peer\":\"127.0.0.1\",\"began\":1764212344.123,\"took_us\":1234.567,\"bytes\":0,"
           "\"cause\":\"\",\"spans\":{\"accept\":[1,4000],\"handler\":1.500}}]");
}

static void test_json_of_connections(void **state)
{
    (void)state;
    struct stoa_stage_conn *c = &s.conn[s.conns++];
    *c = (struct stoa_stage_conn){ .at = STOA_AT_HANDLER,
                                   .listener = 1,
                                   .requests = 4,
                                   .since = s.now - 100 * STOA_MS,
                                   .accepted = s.now - 3 * STOA_SEC,
                                   .in = 1,
                                   .out = 2 };
    strcpy(c->peer, "127.0.0.1:5555");
    s.at[STOA_AT_HANDLER] = 1;
    s.conns_more = 8;
    write_json();
    expect("\"at\":{\"ready\":0,\"head\":0,\"body\":0,\"handler\":1,\"send\":0,\"idle\":0,"
           "\"linger\":0,\"held\":0}");
    expect(
        "\"connections\":[{\"peer\":\"127.0.0.1:5555\",\"listener\":1,\"at\":\"handler\","
        "\"age_s\":0.100,\"open_s\":3,\"requests\":4,\"in\":1,\"out\":2}],\"connections_more\":8}");
}

static void test_alive_and_ready(void **state)
{
    (void)state;
    char why[STATUS_WHY_BYTES] = "";
    assert_true(status_is_alive(&s, why) && status_is_ready(&s, why));
    add_listener("http://[::1]:80/");
    assert_true(status_is_alive(&s, why) && !status_is_ready(&s, why));
    assert_string_equal(why, "the accept queue of http://[::1]:80/ is more than half full: 3 of 4 "
                             "wait");
    s.listener[0].queue = s.listener[0].queue_max = 1;
    assert_false(status_is_ready(&s, why));
    assert_string_equal(why, "the accept queue of http://[::1]:80/ is more than half full: 1 of 1 "
                             "waits");
    s.listener[0].fullest = 500;
    assert_true(status_is_ready(&s, why));
    s.draining = true;
    assert_true(status_is_alive(&s, why) && !status_is_ready(&s, why));
    assert_string_equal(why, "draining");
    s.draining = false;
    s.still[1] = 11 * STOA_SEC;
    assert_false(status_is_alive(&s, why) || status_is_ready(&s, why));
    assert_string_equal(why, "core 1 has not looked for work for 11 s");
}

static void test_metrics_of_a_server(void **state)
{
    (void)state;
    s.counts.accepted = 5;
    s.counts.statuses[2] = 4;
    s.counts.statuses[0] = 1;
    write_metrics();
    expect("# TYPE stoa_build info\n# HELP stoa_build What runs here.\n"
           "stoa_build_info{version=\"0.1.0\",io=\"uring\"} 1\n");
    expect("# TYPE stoa_start_time_seconds gauge\n# UNIT stoa_start_time_seconds seconds\n");
    expect("stoa_start_time_seconds 1764212285.123\n");
    expect("stoa_core_busy_seconds{core=\"0\"} 0.0\nstoa_core_busy_seconds{core=\"1\"} 1.5\n");
    expect("\nstoa_connections_accepted_total 5\n");
    expect("\nstoa_requests_total{status=\"none\"} 1\n");
    expect("\nstoa_requests_total{status=\"2xx\"} 4\n");
    assert_memory_equal(text.p + text.n - 7, "\n# EOF\n", 7);
    assert_false(has("netns"));
}

static void test_metrics_of_listeners(void **state)
{
    (void)state;
    add_listener("unix:/run/a\"b\\c\n\xff");
    write_metrics();
    expect("\nstoa_accept_queue{listener=\"unix:/run/a\\\"b\\\\c\\n\\\\xff\"} 3\n");
    s.listeners = 0;
    add_listener("http://[::1]:80/");
    write_metrics();
    expect("\nstoa_accept_queue_limit{listener=\"http://[::1]:80/\"} 4\n");
    expect("\nstoa_accept_queue_peak{listener=\"http://[::1]:80/\"} 5\n");
    expect("\nstoa_accept_queue_asked{listener=\"http://[::1]:80/\"} 9\n");
    expect("\nstoa_accept_queue_fullest_ratio{listener=\"http://[::1]:80/\"} 0.75\n");
    expect("\nstoa_syn_queue{listener=\"http://[::1]:80/\"} 6\n");
    expect("\nstoa_listener_drops_total{listener=\"http://[::1]:80/\"} 70\n");
    expect("\nstoa_netns_accept_queue_overflows_total 11\n");
    expect("\nstoa_netns_syn_queue_drops_total 12\n");
    expect("\nstoa_netns_syn_cookies_sent_total 13\n");
    expect("\nstoa_netns_listen_drops_total 14\n");
}

static void test_metrics_of_causes(void **state)
{
    (void)state;
    s.counts.causes[2] = 3;
    write_metrics();
    expect("\nstoa_causes_total{cause=\"request.head_timeout\",stage=\"request\"} 0\n"
           "stoa_causes_total{cause=\"reply.malformed\",stage=\"reply\"} 3\n");
    assert_false(has("bind.in_use"));
    strcpy(s.cause_names[4], "accept.queue_filling"); /* is only warned of */
    strcpy(s.cause_names[5], "accept.queue_full");
    strcpy(s.cause_names[6], "accept.no_descriptors");
    write_metrics();
    assert_false(has("queue_filling"));
    expect("\nstoa_causes_total{cause=\"accept.queue_full\",stage=\"accept\"} 0\n"
           "stoa_causes_total{cause=\"accept.no_descriptors\",stage=\"accept\"} 0\n");
}

static void test_histograms(void **state)
{
    (void)state;
    struct stoa_stage_histogram *h = &s.counts.spans[STOA_SPAN_HANDLER];
    stage_histogram_add(h, 0);
    stage_histogram_add(h, 8000);
    stage_histogram_add(h, 8001);
    stage_histogram_add(h, 16000);
    stage_histogram_add(h, 2000000000);
    stage_histogram_add(h, 100000000000);
    stage_histogram_add(h, INT64_MAX / 2);
    h->sum_ns = 102000032001;
    write_metrics();
#define BUCKET(le) "stoa_stage_seconds_bucket{stage=\"handler\",grade=\"exact\",le=\"" le "\"} "
    expect("\n" BUCKET("0.000008") "2\n" BUCKET("0.000016") "4\n" BUCKET("0.000032") "4\n");
    expect("\n" BUCKET("1.048576") "4\n" BUCKET("2.097152") "5\n");
    expect("\n" BUCKET("67.108864") "5\n" BUCKET(
        "+Inf") "7\n"
                "stoa_stage_seconds_count{stage=\"handler\",grade=\"exact\"} 7\n"
                "stoa_stage_seconds_sum{stage=\"handler\",grade=\"exact\"} 102.000032001\n");
    expect("\nstoa_request_seconds_bucket{le=\"+Inf\"} 0\nstoa_request_seconds_count 0\n"
           "stoa_request_seconds_sum 0.0\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_json_values),
        TEST(test_json_of_an_idle_server),
        TEST(test_json_of_listeners),
        TEST(test_rates_are_of_the_last_second),
        TEST(test_a_young_server_began_with_zeroes),
        TEST(test_quantiles_are_of_the_last_ten_seconds),
        TEST(test_json_of_causes),
        TEST(test_json_of_requests),
        TEST(test_json_of_connections),
        TEST(test_alive_and_ready),
        TEST(test_metrics_of_a_server),
        TEST(test_metrics_of_listeners),
        TEST(test_metrics_of_causes),
        TEST(test_histograms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
