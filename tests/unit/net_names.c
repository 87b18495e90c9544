/* Names asked for by tasks, of a name service that answers when the test says so: its getaddrinfo
 * stands in for libc's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/names.h"
#include "support/server.h"

#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* ---- the name service ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_held; /* "slow" is not answered */

static void hold(bool on)
{
    pthread_mutex_lock(&lock);
    is_held = on;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_while_held(void)
{
    pthread_mutex_lock(&lock);
    while (is_held)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

struct answer {
    struct addrinfo info;
    struct sockaddr_in a;
};

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    (void)port;
    if (hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    if (strcmp(host, "slow") == 0)
        wait_while_held();
    if (strcmp(host, "unknown") == 0)
        return EAI_NONAME;
    if (strcmp(host, "silent") == 0)
        return EAI_AGAIN;
    if (strcmp(host, "broken") == 0)
        return EAI_FAIL;
    struct answer *answer = calloc(1, sizeof *answer);
    answer->a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(0x7f000001) } };
    answer->info.ai_family = AF_INET;
    answer->info.ai_addr = (struct sockaddr *)&answer->a;
    answer->info.ai_addrlen = sizeof answer->a;
    *ret = &answer->info;
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    free(info);
}

static int count_threads(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/task");
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static int threads_at_first; /* a sanitizer may have its own */

/* Until no question's thread is there any more. */
static void await_threads(void)
{
    while (count_threads() > threads_at_first)
        sched_yield();
}

/* ---- the task ---- */

static struct names names;
static stoa_rt *rt;

static int resolve(stoa_task *t, const char *host)
{
    struct addr_parts parts = { .port = "80" };
    struct addr_query query = { .socktype = SOCK_STREAM };
    strcpy(parts.host, host);
    return names_resolve(core_of(t), &parts, &query, &names);
}

static void run(void **state, stoa_fn *fn)
{
    assert_int_equal(stoa_new(&rt, &(struct stoa_options){ .io = *state, .cores = 1 }), 0);
    assert_int_equal(stoa_start(rt, fn, NULL), 0);
    assert_int_equal(stoa_run(rt), 0);
    stoa_free(rt);
}

static int ask_all(stoa_task *t, void *arg)
{
    (void)arg;
    assert_int_equal(resolve(t, "known"), 0);
    assert_int_equal(names.count, 1);
    assert_int_equal(names.list[0].v4.sin_addr.s_addr, htonl(0x7f000001));
    assert_int_equal(resolve(t, "unknown"), -ENOENT);
    assert_int_equal(names.count, 0);
    assert_string_equal(names.why, gai_strerror(EAI_NONAME));
    assert_int_equal(resolve(t, "silent"), -EAGAIN);
    assert_non_null(names.why);
    assert_int_equal(resolve(t, "broken"), -EIO);
    assert_non_null(names.why);
    return 0;
}

static void test_answers(void **state)
{
    run(state, ask_all);
    await_threads();
}

static int lose_patience(stoa_task *t, void *arg)
{
    (void)arg;
    stoa_time old = stoa_deadline(t, stoa_now(t) + 2 * STOA_MS);
    assert_int_equal(resolve(t, "slow"), -ETIMEDOUT);
    stoa_deadline(t, old);
    assert_int_equal(resolve(t, "known"), 0); /* others are not held up */
    return 0;
}

/* The runtime ends while the question is still asked. */
static void test_deadline(void **state)
{
    hold(true);
    run(state, lose_patience);
    hold(false);
    await_threads();
}

static int lose_patience_and_stay(stoa_task *t, void *arg)
{
    lose_patience(t, arg);
    hold(false);
    await_threads();
    assert_int_equal(resolve(t, "known"), 0);
    return 0;
}

static void test_late_answer(void **state)
{
    hold(true);
    run(state, lose_patience_and_stay);
    await_threads();
}

static int ask_slow(stoa_task *t, void *arg)
{
    (void)arg;
    return resolve(t, "slow");
}

static int answer_late(stoa_task *t, void *arg)
{
    (void)arg;
    assert_int_equal(stoa_spawn(t, ask_slow, NULL, 0), 0);
    assert_int_equal(stoa_sleep(t, STOA_MS), 0);
    hold(false);
    assert_int_equal(stoa_join(t), 0);
    return 0;
}

static void test_waits(void **state)
{
    hold(true);
    run(state, answer_late);
    await_threads();
}

static int cancel_many(stoa_task *t, void *arg)
{
    (void)arg;
    for (int i = 0; i < 32; i++)
        assert_int_equal(stoa_spawn(t, ask_slow, NULL, 0), 0);
    assert_int_equal(stoa_sleep(t, STOA_MS), 0);
    assert_int_equal(resolve(t, "known"), -EAGAIN); /* there are too many threads already */
    assert_null(names.why);
    stoa_cancel(t);
    assert_int_equal(stoa_join(t), -ECANCELED);
    assert_int_equal(resolve(t, "known"), -EAGAIN); /* still: nobody can stop them */
    hold(false);
    await_threads();
    assert_int_equal(resolve(t, "known"), 0);
    return 0;
}

static void test_too_many(void **state)
{
    hold(true);
    run(state, cancel_many);
    await_threads();
}

static void *end_at_once(void *arg)
{
    return arg;
}

int main(void)
{
    pthread_t first; /* ThreadSanitizer begins one of its own with it */
    pthread_create(&first, NULL, end_at_once, NULL);
    pthread_join(first, NULL);
    threads_at_first = count_threads();
    const struct CMUnitTest tests[] = {
        BOTH(test_answers), BOTH(test_deadline), BOTH(test_late_answer),
        BOTH(test_waits),   BOTH(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
