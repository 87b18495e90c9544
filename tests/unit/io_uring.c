/* io/uring.c where the kernel hands back things in an order that it seldom chooses. */
#include "support/io_rig.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* From now on the kernel has no memory whenever exactly one thing is submitted. */
static void refuse_single_submissions(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_enter, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof code / sizeof code[0], code };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* The peer's end arrives while the cancellation cannot be told: the operation is over when the
 * cancellation is, too, and not before. */
static void ends_before_its_cancellation(void **state)
{
    (void)state;
    int e = io_probe("uring");
    if (e < 0) {
        print_message("uring is not to be had on this machine: %s\n", strerror(-e));
        skip();
    }
    struct rig r = { .peers = rig_kinds[0].peers };
    assert_int_equal(io_open(&r.io, "uring", &mem_default), 0);
    r.sys = r.io->sys;
    int peer, listener = r.peers->listen(&r, 4);
    struct seen in, out;
    seen_init(&in, &r, IO_RECV, rig_connect(&r, listener, &peer));
    seen_init(&out, &r, IO_WRITABLE, in.op.fd);
    seen_submit(&in);
    rig_look(&r);
    refuse_single_submissions();
    r.peers->finish(&r, peer);
    io_cancel(r.io, &in.op);
    for (int i = 0; i < 5; i++)
        rig_look(&r);
    assert_false(in.ended);
    seen_submit(&out); /* with the cancellation it is two */
    rig_wait_end(&r, &out);
    rig_wait_end(&r, &in);
    assert_int_equal(in.count, 1);
    assert_int_equal(in.last, 0); /* "what it was about to be" */
    seen_close(&in);
    seen_done(&out);
    r.peers->close(&r, peer);
    rig_close(&r, listener);
    io_close(r.io);
}

/* For good: nothing can be run after it in this program. */
int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(ends_before_its_cancellation) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
