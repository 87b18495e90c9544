/* The stages of a process, found among its descriptors: our own, made as a server makes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/stage_file.h"
#include "stage/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct io_sys *sys;
static const struct stage_shape shape = { .cores = 1, .conns_each = 2 };

/* A server's half: the file, written. returns its descriptor. */
static int make(const char *path)
{
    void *memory;
    struct stage_table t;
    size_t bytes = stage_table_bytes(&shape);
    int fd = sys->make_file(sys, path, STAGE_FILE_NAME, bytes);
    assert_true(fd >= 0);
    assert_int_equal(sys->map(sys, fd, bytes, true, &memory), 0);
    stage_table_init(&t, memory, &shape);
    t.head->pid = getpid();
    sys->unmap(sys, memory, bytes);
    return fd;
}

static void expect_ours(const struct stage_file *f)
{
    assert_int_equal(stage_view_head(&f->view)->pid, getpid());
    assert_int_equal(stage_view_conns(&f->view), 2);
}

static void test_by_pid(void **state)
{
    (void)state;
    struct stage_file f = { 0 };
    assert_int_equal(stage_file_open_pid(&f, sys, getpid()), -ENOENT);
    int pipes[2], fd;
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0); /* passed over */
    fd = make(NULL);
    assert_int_equal(stage_file_open_pid(&f, sys, getpid()), 0);
    expect_ours(&f);
    stage_file_close(&f, sys);
    assert_int_equal(ftruncate(fd, 0), -1); /* nobody can take it away under a reader */
    close(fd);
    close(pipes[0]);
    close(pipes[1]);
}

/* What was found is only that process's while it is open there under the same number. */
static void test_still_there(void **state)
{
    (void)state;
    struct stage_file f = { 0 };
    int fd = make(NULL);
    assert_int_equal(stage_file_open_pid(&f, sys, getpid()), 0);
    assert_true(stage_file_is_of_pid(&f, sys, getpid()));
    assert_false(stage_file_is_of_pid(&f, sys, getppid()));
    close(fd);
    assert_false(stage_file_is_of_pid(&f, sys, getpid()));
    assert_int_equal(make(NULL), fd);
    assert_false(stage_file_is_of_pid(&f, sys, getpid()));
    expect_ours(&f); /* what is mapped stays */
    stage_file_close(&f, sys);
    close(fd);
}

static void test_no_process(void **state)
{
    (void)state;
    struct stage_file f;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    assert_int_equal(stage_file_open_pid(&f, sys, child), -ESRCH);
}

static void test_by_path(void **state)
{
    (void)state;
    char folder[] = "/tmp/stoa-stage-file-XXXXXX", path[64], other[64];
    struct stage_file f;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/stages", folder);
    snprintf(other, sizeof other, "%s/fifo", folder);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(stage_file_open_path(&f, sys, path), -ENOENT);
    assert_int_equal(stage_file_open_path(&f, sys, other), -EINVAL);
    assert_int_equal(stage_file_open_path(&f, sys, "/dev/null"), -EINVAL);
    assert_int_equal(stage_file_open_path(&f, sys, "/etc/passwd"), -EINVAL);
    int fd = make(path);
    assert_int_equal(sys->make_file(sys, path, "", 4096), -EEXIST);
    assert_int_equal(stage_file_open_path(&f, sys, path), 0);
    expect_ours(&f);
    stage_file_close(&f, sys);
    assert_int_equal(stage_file_open_pid(&f, sys, getpid()), 0); /* it has no name of ours */
    stage_file_close(&f, sys);
    close(fd);
    unlink(path);
    unlink(other);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_pid),
        cmocka_unit_test(test_still_there),
        cmocka_unit_test(test_no_process),
        cmocka_unit_test(test_by_path),
    };
    sys = io_sys_kernel();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
