/* The page of `stoa watch`, of pictures made by hand: what is shown in which size, and what has a
 * colour. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "stage/histogram.h"
#include "support/page.h"
#include "tool/watch/draw.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { MANY = 40 };

static struct scene {
    struct watch_picture p;
    struct watch_listener listeners[MANY];
    struct watch_conn conns[MANY];
    int listener_order[MANY], conn_order[MANY];
    struct status status;
    struct trend *trend;
    struct watch_ui ui;
    struct watch_page page;
    struct cells c;
} * s;

static int set_up(void **state)
{
    (void)state;
    s = calloc(1, sizeof *s);
    s->p.listener = s->listeners;
    s->p.conn = s->conns;
    s->p.at = s->p.walked = 100 * STOA_SEC;
    s->p.real_ns = 1795764105 * STOA_SEC;
    s->page =
        (struct watch_page){ .p = &s->p,
                             .ui = &s->ui,
                             .order = { .listeners = s->listener_order, .conns = s->conn_order },
                             .problem = "",
                             .interval = STOA_SEC };
    setenv("TZ", "UTC", 1);
    return trend_new(&s->trend, &mem_default);
}

static int tear_down(void **state)
{
    (void)state;
    trend_free(s->trend);
    cells_done(&s->c);
    free(s);
    return 0;
}

static struct watch_listener *add_listener(const char *name, const char *who, uint32_t queue,
                                           uint32_t queue_max)
{
    struct watch_listener *l = &s->listeners[s->p.listeners++];
    snprintf(l->name, sizeof l->name, "%s", name);
    snprintf(l->who, sizeof l->who, "%s", who);
    l->sockets = 1;
    l->queue = l->fullest_queue = queue;
    l->queue_max = l->fullest_queue_max = queue_max;
    l->conns.close_wait_least = l->conns.close_wait_most = WATCH_UNKNOWN;
    return l;
}

static void add_verdict(enum watch_level level, int listener, const char *text, const char *next)
{
    struct watch_verdict *v = &s->p.verdict[s->p.verdicts++];
    v->level = level;
    v->listener = listener;
    snprintf(v->text, sizeof v->text, "%s", text);
    snprintf(v->next, sizeof v->next, "%s", next);
}

static struct watch_conn *add_conn(int port)
{
    struct watch_conn *w = &s->conns[s->p.conns++];
    w->peer = (struct addr){ .len = sizeof w->peer.v4,
                             .v4 = { .sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)port),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
    w->local = w->peer;
    w->local.v4.sin_port = htons(80);
    w->state = DIAG_ESTABLISHED;
    w->rtt = w->quiet = w->quiet_sent = w->in_state = WATCH_UNKNOWN;
    return w;
}

static void set_counters(double per_s)
{
    static const char *const names[WATCH_COUNTERS] = {
        "ListenOverflows", "TCPReqQFullDrop", "SyncookiesSent", "ListenDrops",
        "RetransSegs",     "OutRsts",         "EstabResets",    "PassiveOpens",
    };
    for (int i = 0; i < WATCH_COUNTERS; i++)
        s->p.counters[i] =
            (struct watch_count){ .name = names[i], .is_known = true, .per_s = per_s };
}

/* In the order in which they were added. */
static void draw(int rows, int columns)
{
    s->page.order.listeners_n = s->page.order.conns_n = 0;
    for (int i = 0; i < s->p.listeners; i++)
        if (strstr(s->listeners[i].who, s->ui.filter))
            s->listener_order[s->page.order.listeners_n++] = i;
    for (int i = 0; i < s->p.conns; i++)
        s->conn_order[s->page.order.conns_n++] = i;
    watch_ui_follow(&s->ui, &s->p, s->listener_order,
                    watch_ui_is_list(&s->p) ? s->page.order.listeners_n : s->page.order.conns_n);
    assert_int_equal(cells_resize(&s->c, rows, columns), 0);
    watch_draw(&s->c, &s->page);
}

/* One listener that is overrun, one that is busy, one that is idle. */
static void overrun(void)
{
    struct watch_listener *l = add_listener("127.0.0.1:8089", "4242 python3", 129, 128);
    l->drops = 240;
    l->drops_per_s = 18;
    l->conns.states[DIAG_ESTABLISHED] = 129;
    l->conns.states[DIAG_SYN_RECV] = 12;
    l->conns.states[DIAG_CLOSE_WAIT] = 34;
    l->conns.close_wait_least = l->conns.close_wait_most = 180 * STOA_SEC;
    l = add_listener("[::]:80", "1200 nginx", 300, 511);
    l->conns.states[DIAG_ESTABLISHED] = 1240;
    l->conns.states[DIAG_TIME_WAIT] = 5321;
    add_listener("[::1]:22", "812 sshd", 0, 128);
    add_verdict(WATCH_BAD, 0,
                "accept queue full: the process does not accept fast enough; 18 SYNs or ACKs "
                "dropped in the last 1.0 s",
                "Find what keeps that process from accepting.");
    add_verdict(WATCH_WARNING, 0, "34 connections in CLOSE_WAIT, oldest 3 min: it does not close",
                "");
    add_verdict(WATCH_NOTE, 2, "listening on [::1] only: no other machine reaches it", "");
    set_counters(0);
    s->p.counters[WATCH_OVERFLOWS].per_s = 18;
}

static void a_list_on_a_common_terminal(void **state)
{
    (void)state;
    overrun();
    draw(24, 80);
    const char *const rows[] = {
        " stoa watch  all listeners                                 every 1 s   07:21:45",
        "",
        " ● 127.0.0.1:8089 (4242 python3) accept queue full: the process does not accept",
        "   fast enough; 18 SYNs or ACKs dropped in the last 1.0 s",
        "   → Find what keeps that process from accepting.",
        " ● 127.0.0.1:8089 (4242 python3) 34 connections in CLOSE_WAIT, oldest 3 min: it",
        "   does not close",
        " ○ [::1]:22 (812 sshd) listening on [::1] only: no other machine reaches it",
        "",
        "   LISTENER        PROCESS       ACCEPT QUEUE       DROPS/S   ESTAB  CLOSE_WAIT",
        "▸● 127.0.0.1:8089  4242 python3  ━━━━━━━   129/128     18/s     129   34, 3 min",
        "   [::]:80         1200 nginx    ━━━━───   300/511        ·   1,240           ·",
        "   [::1]:22        812 sshd      ───────     0/128        ·       ·           ·",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "   ListenOverflows 18/s   TCPReqQFullDrop ·   SyncookiesSent ·   ListenDrops ·",
        "   RetransSegs ·   OutRsts ·   EstabResets ·   PassiveOpens ·",
        "",
        " q quit  ↑↓ select  enter look into  s sort: trouble  / filter  ? help  p pause",
        NULL,
    };
    assert_true(page_is(&s->c, rows));
    assert_int_equal(page_look(&s->c, "accept queue full"), LOOK_RED | LOOK_BOLD);
    assert_int_equal(page_look(&s->c, "the process does not accept"), LOOK_PLAIN);
    assert_int_equal(page_look(&s->c, "34 connections"), LOOK_YELLOW | LOOK_BOLD);
    assert_int_equal(page_look(&s->c, "129/128"), LOOK_RED | LOOK_BOLD);
    assert_int_equal(page_look(&s->c, "300/511"), LOOK_YELLOW);
    assert_int_equal(page_look(&s->c, "0/128"), LOOK_DIM);
    assert_int_equal(page_look(&s->c, "34, 3 min"), LOOK_YELLOW | LOOK_BOLD);
}

static void a_list_on_a_small_one(void **state)
{
    (void)state;
    overrun();
    draw(15, 40);
    const char *const rows[] = {
        " stoa watch  all listeners     07:21:45",
        " ● 127.0.0.1:8089 (4242 python3) accept",
        "   queue full: the process does not",
        "   accept fast enough; 18 SYNs or ACKs…",
        "   and 2 more",
        "   LISTENER            QUEUE  DROPS/S",
        "▸● 127.0.0.1:8089    129/128     18/s",
        "   [::]:80           300/511        ·",
        "   [::1]:22            0/128        ·",
        "",
        "",
        "",
        "",
        "",
        " q quit  ↑↓ select  enter look into",
        NULL,
    };
    assert_true(page_is(&s->c, rows));
}

/* Every column, and names in full, on a wide one. */
static void a_list_on_a_wide_one(void **state)
{
    (void)state;
    overrun();
    add_listener("[2001:db8:1234:5678:9abc:def0:1234:5678]:8443", "user postgres, pg.service", 3, 9)
        ->sockets = 4;
    draw(60, 200);
    assert_true(
        page_find(&s->c, "SYN  DROPS/S    DROPS   ESTAB      CLOSE_WAIT  TIME_WAIT  RETRANS/S") >
        0);
    assert_true(page_find(&s->c, "   [2001:db8:1234:5678:9abc:def0:1234:5678]:8443  user postgres, "
                                 "pg.service  ━━") > 0);
    assert_true(page_find(&s->c, "─    3/9 ×4 ") > 0);
    assert_true(page_find(&s->c, "PassiveOpens ·") == 57);
}

/* Nothing is wrong: nothing has a colour, but for the sign that says so. */
static void calm_when_all_is_well(void **state)
{
    (void)state;
    add_listener("[::1]:22", "", 1, 128)->conns.states[DIAG_ESTABLISHED] = 3;
    add_verdict(WATCH_NOTE, 0, "listening on [::1] only", "");
    add_verdict(WATCH_FINE, -1, "nothing wrong seen", "");
    set_counters(3);
    for (int i = 0; i < WATCH_RETRANS; i++)
        s->p.counters[i].per_s = 0;
    draw(24, 80);
    unsigned looks = 0;
    for (int i = 0; i < 24 * 80; i++)
        looks |= s->c.at[i].look;
    assert_int_equal(looks & LOOK_COLORS, LOOK_GREEN);
    assert_int_equal(page_find(&s->c, " ● nothing wrong seen"), 2);
    assert_int_equal(page_find(&s->c, " ○ listening on [::1] only"), 3);
    assert_true(page_find(&s->c, "▸  [::1]:22  -") > 0);
    assert_true(page_find(&s->c, "╸───") > 0);         /* one of 128 is seen */
    s->listeners[0].conns.states[DIAG_CLOSE_WAIT] = 1; /* not accepted yet: no age is known */
    draw(24, 80);
    assert_true(page_find(&s->c, "3           1") > 0);
}

static void what_is_not_known_yet(void **state)
{
    (void)state;
    struct watch_listener *l = add_listener("[::1]:22", "812 sshd", 0, 128);
    l->drops_per_s = WATCH_UNKNOWN;
    s->p.walked = 0;
    set_counters(WATCH_UNKNOWN);
    draw(24, 120);
    assert_true(page_find(&s->c, "0/128      -        -        ·       -") > 0);
    assert_true(page_find(&s->c, "ListenOverflows -   TCPReqQFullDrop -") > 0);
    s->p.target.aim = WATCH_PORT;
    draw(24, 120);
    assert_true(page_find(&s->c, "connections   not counted yet") > 0);
    s->p.walked = s->p.at - 12 * STOA_SEC;
    draw(24, 120);
    assert_true(page_find(&s->c, "connections seen 12 s ago   every 1 s   07:21:45") == 0);
    s->ui.is_paused = true;
    draw(24, 120);
    assert_true(page_find(&s->c, "paused at 07:21:45") == 0);
    s->page.problem = "nobody listens at :81";
    draw(24, 120);
    assert_int_equal(page_find(&s->c, " ● nobody listens at :81"), 2);
}

/* The selected one is on the page, wherever it moves to; the page does not move without need. */
static void long_lists_scroll(void **state)
{
    (void)state;
    for (int i = 0; i < MANY; i++) {
        char name[40];
        snprintf(name, sizeof name, "10.0.0.1:%d", 1000 + i);
        add_listener(name, "", 0, 9);
    }
    add_verdict(WATCH_FINE, -1, "nothing wrong seen", "");
    draw(24, 80);
    int rows = s->ui.page;
    assert_in_range(rows, 10, 20);
    assert_int_equal(s->ui.top, 0);
    for (int i = 0; i < MANY; i++) {
        char wanted[40];
        draw(24, 80);
        snprintf(wanted, sizeof wanted, "▸  10.0.0.1:%d", 1000 + i);
        assert_true(page_find(&s->c, wanted) > 0);
        assert_int_equal(s->ui.top, i < rows ? 0 : i - rows + 1);
        watch_ui_key(&s->ui, 'j', &s->p, MANY);
    }
    watch_ui_key(&s->ui, 'k', &s->p, MANY);
    draw(24, 80);
    assert_int_equal(s->ui.top, MANY - rows);
    draw(10, 80);
    assert_true(page_find(&s->c, "▸  10.0.0.1:1038") > 0);
}

static void filters(void **state)
{
    (void)state;
    overrun();
    s->ui.is_typing = true;
    snprintf(s->ui.filter, sizeof s->ui.filter, "ngi");
    draw(24, 80);
    assert_int_equal(page_find(&s->c, " filter ngi    enter keep   esc clear"), 23);
    assert_true(page_find(&s->c, "▸  [::]:80") > 0);
    assert_int_equal(page_find(&s->c, "812 sshd   "), -1);
    s->ui.is_typing = false;
    snprintf(s->ui.filter, sizeof s->ui.filter, "nothing");
    draw(24, 80);
    assert_true(page_find(&s->c, "no listener matches the filter") > 0);
    assert_int_equal(page_find(&s->c, " filter nothing   / change   esc clear"), 23);
    s->p.listeners = 0;
    draw(24, 80);
    assert_true(page_find(&s->c, "no process listens for TCP connections here") > 0);
}

/* ---- one listener ---- */

static void aimed(void)
{
    overrun();
    s->p.listeners = 1;
    s->p.target.aim = WATCH_PORT;
    snprintf(s->p.target.text, sizeof s->p.target.text, ":8089");
    s->p.all = s->listeners[0].conns;
    s->p.all.unread = 1234567;
    s->p.all.unread_conns = 4;
    s->p.all.retransmits = 7;
    for (int i = 0; i < MANY; i++)
        add_conn(50000 + i)->quiet = i * STOA_SEC;
    s->conns[0].unread = 300000;
    s->conns[0].state = DIAG_CLOSE_WAIT;
    s->conns[0].in_state = 180 * STOA_SEC;
    s->conns[1].in_accept_queue = true;
    s->conns[2].timer = 1;
    s->conns[2].repeats = 2;
    s->conns[2].retransmits = 3;
    s->conns[2].rtt = 40 * STOA_MS;
}

static void a_listener_and_its_connections(void **state)
{
    (void)state;
    aimed();
    draw(24, 80);
    assert_int_equal(page_find(&s->c, " stoa watch  :8089  4242 python3     "), 0);
    assert_int_equal(page_find(&s->c, " ● accept queue full: the process"), 2);
    assert_true(page_find(&s->c, "accept queue  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  129 of 128") > 0);
    assert_true(page_find(&s->c, "SYN queue     ━━━────────────────────────────  12") > 0);
    assert_true(page_find(&s->c, "dropped       18/s, 240 SYNs or ACKs since it listens") > 0);
    assert_true(page_find(&s->c, "connections   ESTABLISHED 129   SYN_RECV 12   CLOSE_WAIT 34, "
                                 "oldest 3 min") > 0);
    assert_true(page_find(&s->c, "unread 1.1 MiB on 4   sent again 7") > 0);
    assert_true(page_find(&s->c, "PEER             STATE           UNREAD    UNSENT  SENT AGAIN    "
                                 "QUIET") > 0);
    assert_true(page_find(&s->c, " of 40") > 0);
    assert_int_equal(page_look(&s->c, "129 of 128"), LOOK_RED);
    draw(60, 100);
    assert_true(page_find(&s->c, "127.0.0.1:50000  127.0.0.1:80     CLOSE_WAIT     293 KiB") > 0);
    assert_true(page_find(&s->c, "127.0.0.1:50001  127.0.0.1:80     accept queue") > 0);
    assert_true(page_find(&s->c, "3, now    40 ms") > 0);
    assert_int_equal(page_look(&s->c, "3, now"), LOOK_YELLOW);
}

static void connections_scroll_to_their_end(void **state)
{
    (void)state;
    aimed();
    draw(24, 80);
    watch_ui_key(&s->ui, 'G', &s->p, s->page.order.conns_n);
    draw(24, 80);
    assert_int_equal(s->ui.top, MANY - s->ui.page);
    watch_ui_key(&s->ui, 'k', &s->p, s->page.order.conns_n);
    draw(24, 80);
    assert_int_equal(s->ui.top, MANY - s->ui.page - 1);
}

/* ---- a stoa server ---- */

static void add_span(int span, const char *name, int64_t ns)
{
    snprintf(s->status.span_names[span], sizeof s->status.span_names[span], "%s", name);
    for (int i = 0; ns && i < 100; i++)
        stage_histogram_add(&s->status.counts.spans[span], (uint64_t)(i < 95 ? ns / 8 : ns));
}

static void stoa(void)
{
    aimed();
    s->p.verdicts = 0;
    add_verdict(WATCH_FINE, -1, "nothing wrong seen", "");
    s->p.has_stoa = true;
    s->p.stoa = &s->status;
    s->p.trend = s->trend;
    s->status.now = 100 * STOA_SEC;
    s->status.cores = 2;
    snprintf(s->status.io, sizeof s->status.io, "uring");
    snprintf(s->status.release, sizeof s->status.release, "0.1.0");
    trend_note(s->trend, &s->status);
    s->status.now += STOA_SEC;
    add_span(STOA_SPAN_ACCEPT, "accept", 256 * STOA_MS);
    add_span(STOA_SPAN_CORE, "core", 64 * STOA_MS);
    add_span(STOA_SPAN_BODY, "body", 0);
    add_span(STOA_SPAN_HANDLER, "handler", 16 * STOA_MS);
    add_span(STOA_SPAN_MARKS, "db", 8 * STOA_MS);
    s->status.at[STOA_AT_IDLE] = 32;
    s->status.slowest = 2;
    struct stoa_stage_request *r = &s->status.slow[0];
    *r = (struct stoa_stage_request){
        .took = 426 * STOA_MS, .status = 200, .method = "GET", .path = "/slow"
    };
    r->grade[STOA_SPAN_CORE] = STOA_EXACT;
    r->span[STOA_SPAN_CORE].ns = 400 * STOA_MS;
    r[1] = (struct stoa_stage_request){ .took = 2 * STOA_MS, .status = 400 }; /* malformed */
}

static void stages_of_a_stoa_server(void **state)
{
    (void)state;
    stoa();
    draw(60, 100);
    assert_true(page_find(&s->c, "stoa 0.1.0, uring, 2 cores, up 101 s") > 0);
    assert_true(page_find(&s->c, "open, by what they are at:  idle 32") > 0);
    assert_int_equal(page_find(&s->c, "body"), -1); /* took no time */
    assert_true(page_find(&s->c, "   accept                  ≤ 33 ms") > 0);
    assert_int_equal(page_look(&s->c, "core     "), LOOK_BOLD); /* the worst of a request's own */
    assert_true(page_find(&s->c, "426 ms  GET /slow 200   core 400 ms") > 0);
    assert_true(page_find(&s->c, "2.0 ms  - - 400") > 0);
    assert_true(page_find(&s->c, "127.0.0.1:50000") > 0);
    assert_int_equal(page_find(&s->c, "stands still"), -1);
    s->status.still[1] = 12 * STOA_SEC;
    draw(60, 100);
    assert_true(page_find(&s->c, " ● core 1 stands still for 12 s") > 0);
    s->p.is_stopped = true; /* then a verdict says why */
    draw(60, 100);
    assert_int_equal(page_find(&s->c, "stands still"), -1);
}

static void stages_or_connections_where_room_is_short(void **state)
{
    (void)state;
    stoa();
    draw(24, 80);
    assert_true(page_find(&s->c, "STAGE") > 0);
    assert_int_equal(page_find(&s->c, "PEER"), -1);
    watch_ui_key(&s->ui, '\t', &s->p, MANY);
    draw(24, 80);
    assert_int_equal(page_find(&s->c, "STAGE"), -1);
    assert_true(page_find(&s->c, "PEER") > 0);
    /* A program's own marks are left out first, then the shortest. */
    s->ui.wants_conns = false;
    draw(18, 80);
    assert_true(page_find(&s->c, "   core ") > 0);
    s->p.has_stoa = false;
    snprintf(s->p.stoa_text, sizeof s->p.stoa_text, "its stages are another user's");
    draw(24, 80);
    assert_true(page_find(&s->c, "   its stages are another user's") > 0);
    assert_true(page_find(&s->c, "PEER") > 0);
}

/* ---- all of them ---- */

/* Every part at every small size: nothing is drawn beside the page, and the first row is the title. */
static void any_size(void **state)
{
    (void)state;
    stoa();
    s->status.still[0] = s->status.still[1] = 12 * STOA_SEC;
    for (int view = 0; view < 4; view++) {
        s->p.has_stoa = view == 1;
        s->p.target.aim = view == 2 ? WATCH_ALL : WATCH_PORT;
        s->p.listeners = view == 2 ? 3 : 1;
        s->ui.has_help = view == 3;
        for (int rows = 1; rows <= 40; rows++)
            for (int columns = 1; columns <= 130; columns += rows % 3 + 1)
                draw(rows, columns);
        assert_int_equal(page_find(&s->c, " stoa watch"), 0);
    }
}

static void help_fits(void **state)
{
    (void)state;
    overrun();
    s->ui.has_help = true;
    draw(24, 80);
    assert_true(page_find(&s->c, "   QUIET           how long no byte has come") > 0);
    draw(15, 40);
    assert_true(page_find(&s->c, "   q               quit") > 0);
    assert_true(page_find(&s->c, "   /               show only what") > 0);
    assert_int_equal(page_find(&s->c, "QUIET"), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_on_a_common_terminal),
        TEST(a_list_on_a_small_one),
        TEST(a_list_on_a_wide_one),
        TEST(calm_when_all_is_well),
        TEST(what_is_not_known_yet),
        TEST(long_lists_scroll),
        TEST(filters),
        TEST(a_listener_and_its_connections),
        TEST(connections_scroll_to_their_end),
        TEST(stages_of_a_stoa_server),
        TEST(stages_or_connections_where_room_is_short),
        TEST(any_size),
        TEST(help_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
