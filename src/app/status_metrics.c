/* app/status_metrics.c -- see status_metrics.h. The text's grammar: the OpenMetrics specification,
 * section 4; names and units: its section 3. */
#include "app/status_metrics.h"
#include "probe/drops.h"

#include <stdio.h>

/* ---- the text ---- */

struct family {
    const char *name; /* without the suffix of its samples */
    const char *type; /* "gauge", "counter", "histogram", "info" */
    const char *unit; /* the name ends with it; NULL = none */
    const char *help;
};

static void begin(struct buf *b, const struct family *f)
{
    buf_fmt(b, "# TYPE %s %s\n", f->name, f->type);
    if (f->unit)
        buf_fmt(b, "# UNIT %s %s\n", f->name, f->unit);
    buf_fmt(b, "# HELP %s %s\n", f->name, f->help);
}

/* A label's value may hold anything but these; other bytes than ASCII are none of ours. */
static void put_value(struct buf *b, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            buf_add(b, (char[]){ '\\', *c }, 2);
        else if (*c == '\n')
            buf_str(b, STR("\\n"));
        else if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
            buf_fmt(b, "\\\\x%02x", (unsigned char)*c);
        else
            buf_add(b, c, 1);
    }
}

struct label {
    const char *name; /* NULL ends them */
    const char *value;
};

enum { LABELS_MAX = 4 };

static void put_labels(struct buf *b, const struct label labels[LABELS_MAX])
{
    for (int i = 0; labels && i < LABELS_MAX && labels[i].name; i++) {
        buf_fmt(b, "%c%s=\"", i ? ',' : '{', labels[i].name);
        put_value(b, labels[i].value);
        buf_str(b, STR("\""));
    }
    if (labels && labels[0].name)
        buf_str(b, STR("}"));
}

/* The name and the labels of a sample; a number and a line's end must follow. */
static void put_name(struct buf *b, const struct family *f, const char *suffix,
                     const struct label labels[LABELS_MAX])
{
    buf_fmt(b, "%s%s", f->name, suffix);
    put_labels(b, labels);
    buf_str(b, STR(" "));
}

static void put_count(struct buf *b, const struct family *f, const struct label *labels, uint64_t v)
{
    put_name(b, f, f->type[0] == 'c' ? "_total" : "", labels);
    buf_u64(b, v);
    buf_str(b, STR("\n"));
}

/* A span of nanoseconds, in seconds, without needless zeros. */
static void put_seconds(struct buf *b, uint64_t ns)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%llu.%09llu", (unsigned long long)(ns / 1000000000),
                     (unsigned long long)(ns % 1000000000));
    while (text[n - 1] == '0' && text[n - 2] != '.')
        n--;
    buf_add(b, text, (size_t)n);
}

static void put_time(struct buf *b, const struct family *f, const struct label *labels, int64_t ns)
{
    put_name(b, f, "", labels);
    put_seconds(b, ns > 0 ? (uint64_t)ns : 0);
    buf_str(b, STR("\n"));
}

/* ---- the server ---- */

static void put_server(struct buf *b, const struct status *s)
{
    static const struct family build = { "stoa_build", "info", NULL, "What runs here." };
    static const struct family start = { "stoa_start_time_seconds", "gauge", "seconds",
                                         "When the server started, in seconds since 1970." };
    static const struct family draining = { "stoa_draining", "gauge", NULL,
                                            "1 while the server stops." };
    static const struct family busy = {
        "stoa_core_busy_seconds", "gauge", "seconds",
        "How long the turn of a core's loop lasts that is under way; 0 while it waits."
    };
    begin(b, &build);
    put_name(b, &build, "_info",
             (struct label[LABELS_MAX]){ { "version", s->release }, { "io", s->io } });
    buf_str(b, STR("1\n"));
    begin(b, &start);
    put_time(b, &start, NULL, s->started + (s->real_ns - s->now));
    begin(b, &draining);
    put_count(b, &draining, NULL, s->draining);
    begin(b, &busy);
    for (int i = 0; i < s->cores; i++) {
        char core[16];
        snprintf(core, sizeof core, "%d", i);
        put_time(b, &busy, (struct label[LABELS_MAX]){ { "core", core } }, s->still[i]);
    }
}

/* ---- connections and requests ---- */

static void put_traffic(struct buf *b, const struct status *s)
{
    static const struct {
        struct family family;
        size_t at; /* in struct status_counts */
    } counters[] = {
        { { "stoa_connections_accepted", "counter", NULL, "Connections accepted." },
          offsetof(struct status_counts, accepted) },
        { { "stoa_connections_closed", "counter", NULL, "Connections that have ended." },
          offsetof(struct status_counts, closed) },
        { { "stoa_received_bytes", "counter", "bytes", "Bytes read from clients." },
          offsetof(struct status_counts, bytes_in) },
        { { "stoa_sent_bytes", "counter", "bytes", "Bytes handed to the kernel for clients." },
          offsetof(struct status_counts, bytes_out) },
    };
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        uint64_t v;
        memcpy(&v, (const char *)&s->counts + counters[i].at, sizeof v);
        begin(b, &counters[i].family);
        put_count(b, &counters[i].family, NULL, v);
    }
}

static void put_states(struct buf *b, const struct status *s)
{
    static const struct family open = { "stoa_connections", "gauge", NULL,
                                        "Connections open now, by what they are at." };
    begin(b, &open);
    for (enum stoa_at at = STOA_AT_READY; at < STOA_ATS; at++)
        put_count(b, &open, (struct label[LABELS_MAX]){ { "at", status_at_name(at) } }, s->at[at]);
}

static void put_statuses(struct buf *b, const struct status *s)
{
    static const char *const classes[STOA_STATUSES] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };
    static const struct family requests = {
        "stoa_requests", "counter", NULL,
        "Requests that have ended, by the class of their status; none: without a reply."
    };
    begin(b, &requests);
    for (int i = 0; i < STOA_STATUSES; i++)
        put_count(b, &requests, (struct label[LABELS_MAX]){ { "status", classes[i] } },
                  s->counts.statuses[i]);
}

static bool is_of_drops(struct stoa_str id)
{
    for (enum drops_verdict v = DROPS_OF_SYNS; v < DROPS_VERDICTS; v++)
        if (str_eq(id, str_of(drops_cause(v))))
            return true;
    return false;
}

static bool is_of_pauses(struct stoa_str id)
{
    return str_eq(id, STR("accept.no_descriptors")) || str_eq(id, STR("accept.no_memory")) ||
           str_eq(id, STR("accept.connections_max"));
}

/* What is counted of a server's stages is there from the start: a rate needs the 0 before the first
 * one. Causes that are only warned of are not: their 0 would say that they did not come. */
static bool is_of_server(struct stoa_str id)
{
    return str_starts(id, STR("request.")) || str_starts(id, STR("close.")) || is_of_drops(id) ||
           is_of_pauses(id);
}

static void put_causes(struct buf *b, const struct status *s)
{
    static const struct family causes = {
        "stoa_causes", "counter", NULL,
        "What failed or was refused, by its cause; `stoa explain CAUSE` says more."
    };
    begin(b, &causes);
    for (int i = 0; i < STOA_CAUSES_MAX; i++) {
        struct stoa_str id = str_of(s->cause_names[i]);
        char stage[sizeof s->cause_names[i]];
        size_t n = str_find(id, '.');
        if (id.n == 0 || (s->counts.causes[i] == 0 && !is_of_server(id)))
            continue;
        memcpy(stage, id.p, n);
        stage[n] = 0;
        put_count(b, &causes, (struct label[LABELS_MAX]){ { "cause", id.p }, { "stage", stage } },
                  s->counts.causes[i]);
    }
}

/* ---- histograms ---- */

enum { FIRST_LE = 7, LAST_LE = 8 * 23 + 7, EACH_LE = 8 }; /* 8 us, 16 us, ... 67 s */

static void put_bucket(struct buf *b, const struct family *f, const struct label labels[],
                       uint64_t le_ns, uint64_t count)
{
    buf_fmt(b, "%s_bucket{", f->name);
    for (int i = 0; i < LABELS_MAX && labels[i].name; i++) {
        buf_fmt(b, "%s=\"", labels[i].name);
        put_value(b, labels[i].value);
        buf_str(b, STR("\","));
    }
    buf_str(b, STR("le=\""));
    if (le_ns)
        put_seconds(b, le_ns);
    else
        buf_str(b, STR("+Inf"));
    buf_str(b, STR("\"} "));
    buf_u64(b, count);
    buf_str(b, STR("\n"));
}

static void put_histogram(struct buf *b, const struct family *f,
                          const struct label labels[LABELS_MAX],
                          const struct stoa_stage_histogram *h)
{
    uint64_t count = 0;
    for (int i = 0; i < STOA_BUCKETS; i++) {
        count += h->buckets[i];
        if (i >= FIRST_LE && i <= LAST_LE && (i - FIRST_LE) % EACH_LE == 0)
            put_bucket(b, f, labels, (uint64_t)stoa_bucket_le(i), count);
    }
    put_bucket(b, f, labels, 0, count);
    put_name(b, f, "_count", labels);
    buf_u64(b, count);
    buf_str(b, STR("\n"));
    put_name(b, f, "_sum", labels);
    put_seconds(b, h->sum_ns);
    buf_str(b, STR("\n"));
}

static void put_times(struct buf *b, const struct status *s)
{
    static const struct family took = {
        "stoa_request_seconds", "histogram", "seconds",
        "From a request's first byte in the kernel to its reply's last byte in the kernel."
    };
    static const struct family stages = { "stoa_stage_seconds", "histogram", "seconds",
                                          "Where the time of connections and requests goes." };
    begin(b, &took);
    put_histogram(b, &took, (struct label[LABELS_MAX]){ { NULL, NULL } },
                  &s->counts.spans[STATUS_TOOK]);
    begin(b, &stages);
    for (enum stoa_span span = 0; span < STOA_SPANS; span++)
        if (s->span_names[span][0])
            put_histogram(
                b, &stages,
                (struct label[LABELS_MAX]){ { "stage", s->span_names[span] },
                                            { "grade", status_grade_name(status_grade(span)) } },
                &s->counts.spans[span]);
}

/* ---- listeners ---- */

static uint64_t queue_of(const struct stoa_stage_listener *l)
{
    return l->queue;
}

static uint64_t limit_of(const struct stoa_stage_listener *l)
{
    return l->queue_max;
}

static uint64_t peak_of(const struct stoa_stage_listener *l)
{
    return l->queue_peak;
}

static uint64_t asked_of(const struct stoa_stage_listener *l)
{
    return l->backlog_asked;
}

static uint64_t syn_queue_of(const struct stoa_stage_listener *l)
{
    return l->syn_queue;
}

static uint64_t drops_of(const struct stoa_stage_listener *l)
{
    return l->drops;
}

static void put_listeners(struct buf *b, const struct status *s)
{
    static const struct {
        struct family family;
        uint64_t (*of)(const struct stoa_stage_listener *l);
    } all[] = {
        { { "stoa_accept_queue", "gauge", NULL, "Connections that wait to be accepted." },
          queue_of },
        { { "stoa_accept_queue_limit", "gauge", NULL, "How many may wait to be accepted." },
          limit_of },
        { { "stoa_accept_queue_peak", "gauge", NULL, "The most that waited since the start." },
          peak_of },
        { { "stoa_accept_queue_asked", "gauge", NULL,
            "The backlog asked for; more than the limit: cut by net.core.somaxconn." },
          asked_of },
        { { "stoa_syn_queue", "gauge", NULL, "Handshakes that wait for the client's ACK." },
          syn_queue_of },
        { { "stoa_listener_drops", "counter", NULL,
            "SYNs and final ACKs that the listener dropped; an ACK counts twice." },
          drops_of },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        begin(b, &all[i].family);
        for (int k = 0; k < s->listeners; k++)
            put_count(b, &all[i].family,
                      (struct label[LABELS_MAX]){ { "listener", s->listener[k].name } },
                      all[i].of(&s->listener[k]));
    }
}

static void put_fullest(struct buf *b, const struct status *s)
{
    static const struct family fullest = { "stoa_accept_queue_fullest_ratio", "gauge", "ratio",
                                           "How full the fullest socket of a listener is." };
    begin(b, &fullest);
    for (int k = 0; k < s->listeners; k++) {
        put_name(b, &fullest, "",
                 (struct label[LABELS_MAX]){ { "listener", s->listener[k].name } });
        put_seconds(b, (uint64_t)s->listener[k].fullest * 1000000);
        buf_str(b, STR("\n"));
    }
}

/* What the network namespace counts: the same at each listener. */
static void put_namespace(struct buf *b, const struct status *s)
{
    static const struct family all[] = {
        { "stoa_netns_accept_queue_overflows", "counter", NULL,
          "SYNs and ACKs dropped since an accept queue was full, in the network namespace." },
        { "stoa_netns_syn_queue_drops", "counter", NULL,
          "SYNs dropped since a SYN queue was full, in the network namespace." },
        { "stoa_netns_syn_cookies_sent", "counter", NULL,
          "SYN cookies sent in the network namespace." },
        { "stoa_netns_listen_drops", "counter", NULL,
          "All that was dropped by listeners in the network namespace." },
    };
    if (s->listeners == 0)
        return;
    const struct stoa_stage_listener *l = &s->listener[0];
    uint64_t values[] = { l->overflows, l->syn_drops, l->syn_cookies, l->listen_drops };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        begin(b, &all[i]);
        put_count(b, &all[i], NULL, values[i]);
    }
}

void status_metrics(struct buf *b, const struct status *s)
{
    put_server(b, s);
    put_traffic(b, s);
    put_states(b, s);
    put_statuses(b, s);
    put_causes(b, s);
    put_times(b, s);
    put_listeners(b, s);
    put_fullest(b, s);
    put_namespace(b, s);
    buf_str(b, STR("# EOF\n"));
}
