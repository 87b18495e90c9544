/* Opening an I/O: by its name, without it, where the kernel forbids io_uring, without memory and
 * without descriptors: nothing is left behind, and each failure is told. */
#include "io/io.h"
#include "support/flaky.h"
#include "support/io_rig.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_here(const char *name)
{
    int r = io_probe(name);
    if (r < 0)
        print_message("%s is not to be had on this machine: %s\n", name, strerror(-r));
    return r == 0;
}

static void by_name(void **state)
{
    (void)state;
    struct io *io = NULL;
    assert_int_equal(io_open(&io, "nothing", &mem_default), -EINVAL);
    assert_int_equal(io_open(&io, "", &mem_default), -EINVAL);
    assert_null(io);
    assert_int_equal(io_probe("nothing"), -EINVAL);
    assert_int_equal(io_open(&io, "epoll", &mem_default), 0);
    assert_string_equal(io->ops->name, "epoll");
    assert_ptr_equal(io->sys, io_sys_kernel());
    io_close(io);
    assert_int_equal(io_open(&io, NULL, &mem_default), 0);
    assert_string_equal(io->ops->name, is_here("uring") ? "uring" : "epoll");
    assert_true(io->now.mono_ns > 0);
    io_close(io);
}

/* Makes io_uring_setup(2) fail with err in this process, for good, as containers do. */
static void forbid_uring(int err)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof code / sizeof code[0], code };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* In a process of its own: 0 when all is as it should be. */
static int without_uring(int err, int expected)
{
    struct io *io = NULL;
    forbid_uring(err);
    if (io_open(&io, "uring", &mem_default) != expected || io)
        return 1;
    if (io_open(&io, NULL, &mem_default) != 0 || strcmp(io->ops->name, "epoll") != 0)
        return 2;
    io_close(io);
    return 0;
}

static void where_uring_is_forbidden(void **state)
{
    (void)state;
    static const int cases[][2] = { { EPERM, -EPERM },
                                    { ENOSYS, -ENOSYS },
                                    { EINVAL, -ENOSYS },
                                    { EACCES, -EPERM },
                                    { ENOMEM, -ENOMEM } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            _exit(without_uring(cases[i][0], cases[i][1]));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

/* Opens, receives from a high descriptor and from a datagram socket; gives up at the first failure,
 * which must be -ENOMEM. returns whether all was there. */
static bool use_it(struct rig *r, const char *name, const struct stoa_mem *mem)
{
    int e = io_open(&r->io, name, mem);
    if (e < 0) {
        assert_int_equal(e, -ENOMEM);
        return false;
    }
    r->sys = r->io->sys;
    int high = dup2(0, 900);
    assert_int_equal(high, 900);
    const struct io_sys *s = r->sys;
    struct seen stream, datagram;
    int fd = s->socket(s, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(dup2(fd, high), high);
    rig_close(r, fd);
    seen_init(&stream, r, IO_RECV, high);
    seen_init(&datagram, r, IO_RECV_FROM, s->socket(s, AF_INET, SOCK_DGRAM, 0));
    bool whole = true;
    for (int i = 0; i < 2; i++) {
        struct seen *x = i ? &datagram : &stream;
        e = io_submit(r->io, &x->op);
        if (e < 0) {
            assert_int_equal(e, -ENOMEM);
            assert_false(io_is_under_way(&x->op));
            whole = false;
        }
        rig_look(r);
        seen_close(x);
    }
    io_close(r->io);
    return whole;
}

static void without_memory(void **state)
{
    (void)state;
    for (size_t k = 0; k < rig_kinds_count; k++) {
        const char *name = rig_kinds[k].name;
        if (!is_here(name))
            continue;
        bool whole = false;
        int n = 0;
        for (; !whole; n++) {
            struct flaky f;
            struct rig r = { .peers = rig_kinds[k].peers };
            flaky_init(&f, n);
            whole = use_it(&r, name, &f.mem);
            assert_int_equal(f.bytes, 0);
            assert_true(whole == (f.failed == 0));
        }
        assert_true(n > 3);
    }
}

static void without_descriptors(void **state)
{
    (void)state;
    for (size_t k = 0; k < rig_kinds_count; k++) {
        struct rig r = { .peers = rig_kinds[k].peers };
        if (!is_here(rig_kinds[k].name))
            continue;
        int e = -EMFILE, n = 0;
        for (; e < 0; n++) {
            struct flaky f;
            int before = dup(0);
            close(before);
            flaky_init(&f, -1);
            r.peers->descriptors_left(&r, n);
            e = io_open(&r.io, rig_kinds[k].name, &f.mem);
            r.peers->descriptors_left(&r, -1);
            if (e < 0)
                assert_int_equal(e, -EMFILE);
            else
                io_close(r.io);
            int after = dup(0);
            close(after);
            assert_int_equal(after, before);
            assert_int_equal(f.bytes, 0);
        }
        assert_true(n > 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_name),
        cmocka_unit_test(where_uring_is_forbidden),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(without_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
