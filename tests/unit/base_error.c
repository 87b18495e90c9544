/* Errors by name and in words; results of system calls; and the end of a process with a bug. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/error.h"
#include "base/sys.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void names(void **state)
{
    (void)state;
    assert_string_equal(error_name(-ECONNRESET), "ECONNRESET");
    assert_string_equal(error_name(STOA_EEOF), "STOA_EEOF");
    assert_string_equal(error_name(STOA_EPROTO), "STOA_EPROTO");
    assert_string_equal(error_name(STOA_ETOOBIG), "STOA_ETOOBIG");
    assert_string_equal(error_name(-4999), "E?");
}

static void words(void **state)
{
    (void)state;
    assert_string_equal(stoa_strerror(0), "no error");
    assert_string_equal(stoa_strerror(1), "no error");
    assert_string_equal(stoa_strerror(-ECONNRESET), "Connection reset by peer");
    assert_non_null(strstr(stoa_strerror(STOA_EEOF), "ended"));
    assert_non_null(strstr(stoa_strerror(STOA_EPROTO), "protocol"));
    assert_non_null(strstr(stoa_strerror(STOA_ETOOBIG), "limit"));
    assert_string_equal(stoa_strerror(-4999), "an error without a name");
}

static void system_calls(void **state)
{
    (void)state;
    char c;
    assert_int_equal(sys_int(close(-1)), -EBADF);
    assert_int_equal(sys_int(3), 3);
    assert_int_equal(sys_size(read(-1, &c, 1)), -EBADF);
    assert_int_equal(sys_size(3), 3);
    assert_int_equal(sys_ptr(mmap(NULL, 1, PROT_READ, MAP_PRIVATE, -1, 0), MAP_FAILED), -EBADF);
    assert_int_equal(sys_ptr(&c, MAP_FAILED), 0);
}

static sigjmp_buf aborted;

static void on_abort(int signal_number)
{
    (void)signal_number;
    siglongjmp(aborted, 1);
}

/* In a child, which comes back from abort() to end in order: else its coverage would be lost. */
static void a_bug(void **state)
{
    (void)state;
    char said[256] = "";
    int out[2], status;
    check(1 + 1 == 2);
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], STDERR_FILENO);
        signal(SIGABRT, on_abort);
        if (sigsetjmp(aborted, 1))
            exit(3);
        check(1 + 1 == 3);
        exit(4);
    }
    close(out[1]);
    for (ssize_t n, at = 0; (n = read(out[0], said + at, sizeof said - 1 - (size_t)at)) > 0;
         at += n)
        ;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_non_null(strstr(said, "base_error.c"));
    assert_non_null(strstr(said, "1 + 1 == 3"));
    close(out[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(words),
        cmocka_unit_test(system_calls),
        cmocka_unit_test(a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
