/* The stages of a process from look to look: when they come later than the first look, go, or become
 * another file's. The process is ourselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stage/table.h"
#include "tool/watch/stoa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct io_sys *sys;
static struct watch_stoa stoa;
static struct watch_picture p;
static struct watch_listener listener;

static int set_up(void **state)
{
    (void)state;
    listener = (struct watch_listener){ .holder = { .command = "stoa" } };
    p = (struct watch_picture){ .at = STOA_SEC, .listener = &listener, .listeners = 1 };
    watch_stoa_init(&stoa, sys, &mem_default);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    watch_stoa_done(&stoa);
    return 0;
}

/* A server's half: the file, written. returns its descriptor. */
static int make(const char *release)
{
    const struct stage_shape shape = { .cores = 1, .conns_each = 2 };
    void *memory;
    struct stage_table t;
    size_t bytes = stage_table_bytes(&shape);
    int fd = sys->make_file(sys, NULL, STAGE_FILE_NAME, bytes);
    assert_true(fd >= 0);
    assert_int_equal(sys->map(sys, fd, bytes, true, &memory), 0);
    stage_table_init(&t, memory, &shape);
    t.head->pid = getpid();
    snprintf(t.head->release, sizeof t.head->release, "%s", release);
    sys->unmap(sys, memory, bytes);
    return fd;
}

static void look_at(int pid)
{
    watch_stoa_aim(&stoa, pid, p.at);
    watch_stoa_take(&stoa, &p);
}

/* A look, long after the one before. */
static void look(void)
{
    p.at += 3600 * STOA_SEC;
    look_at(getpid());
}

static void test_later(void **state)
{
    (void)state;
    look();
    assert_false(p.has_stoa);
    assert_non_null(strstr(p.stoa_text, "--stages off"));
    int fd = make("1");
    look_at(getpid()); /* that it is looked for has its price */
    assert_false(p.has_stoa);
    look();
    assert_true(p.has_stoa);
    assert_string_equal(p.stoa->release, "1");
    assert_string_equal(p.stoa_text, "");
    close(fd);
}

static void test_another_file(void **state)
{
    (void)state;
    int fd = make("1");
    look();
    assert_true(p.has_stoa);
    assert_int_equal(close(fd), 0);
    assert_int_equal(make("2"), fd); /* as of a program that has executed itself again */
    look();
    assert_true(p.has_stoa);
    assert_string_equal(p.stoa->release, "2");
    close(fd);
    look();
    assert_false(p.has_stoa);
    assert_non_null(strstr(p.stoa_text, "--stages off"));
}

static void test_another_process(void **state)
{
    (void)state;
    int fd = make("1");
    look();
    assert_true(p.has_stoa);
    look_at(0);
    assert_false(p.has_stoa);
    look_at(getpid()); /* at once: it is none that was looked for in vain */
    assert_true(p.has_stoa);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_process, set_up, tear_down),
    };
    sys = io_sys_kernel();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
