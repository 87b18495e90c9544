/* Who has a socket: ourselves, by pid and command; users and units from fixed texts; control groups
 * from a folder of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/cgroup.h"
#include "probe/holder.h"
#include "support/texts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void find_own(struct holder *h)
{
    struct stat st;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(fstat(fd, &st), 0);
    struct diag_socket s = { .inode = (uint32_t)st.st_ino, .uid = getuid() };
    holder_find(io_sys_kernel(), &s, h);
    close(fd);
}

static void test_ourselves(void **state)
{
    (void)state;
    struct holder h;
    char expected[100], text[300];
    prctl(PR_SET_NAME, "a\x1b[2J \"b\"\n");
    find_own(&h);
    assert_int_equal(h.pid, getpid());
    assert_int_equal(h.uid, getuid());
    assert_string_equal(h.command, "a\\x1b[2J \\x22b\\x22\\x0a");
    snprintf(expected, sizeof expected, "pid %d (a\\x1b[2J \\x22b\\x22\\x0a) of user ", getpid());
    assert_memory_equal(holder_format(&h, text, sizeof text), expected, strlen(expected));
}

static void *no_memory(void *ctx, size_t n)
{
    (void)ctx;
    (void)n;
    return NULL;
}

static void test_nobody(void **state)
{
    (void)state;
    struct holder h;
    char text[300];
    struct diag_socket s = { .inode = 0, .uid = UINT32_MAX };
    holder_find(io_sys_kernel(), &s, &h);
    assert_int_equal(h.pid, 0);
    assert_string_equal(holder_format(&h, text, sizeof text), "a process that cannot be seen");
}

static uint32_t inode_of(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    return (uint32_t)st.st_ino;
}

static int pid_of(const struct holder_of *list, int count, uint32_t inode)
{
    for (int i = 0; i < count; i++)
        if (list[i].inode == inode)
            return list[i].pid;
    return -1;
}

/* Several at a time: ours, a child's, and one that is nobody's. */
static void test_many(void **state)
{
    (void)state;
    const struct io_sys *sys = io_sys_kernel();
    int ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), gone[2], end[2];
    int childs = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(pipe(gone) | pipe(end), 0);
    struct holder_of list[] = { { inode_of(childs), 7 }, { inode_of(ours), 7 }, { 1, 7 } };
    const uint32_t inode[] = { list[0].inode, list[1].inode };
    pid_t child = fork();
    if (child == 0) {
        char c;
        close(ours);
        close(gone[0]);
        close(gone[1]);
        close(end[1]);
        _exit((int)read(end[0], &c, 1));
    }
    close(gone[1]);
    close(childs);
    assert_int_equal(read(gone[0], list + 2, 1), 0); /* it has closed ours */
    assert_int_equal(holder_search(sys, 0, list, 3), 0);
    assert_int_equal(pid_of(list, 3, inode[0]), child);
    assert_int_equal(pid_of(list, 3, inode[1]), getpid());
    assert_int_equal(pid_of(list, 3, 1), 0);
    assert_int_equal(holder_search(sys, getpid(), list, 3), 0); /* of one process */
    assert_int_equal(pid_of(list, 3, inode[0]), 0);
    assert_int_equal(pid_of(list, 3, inode[1]), getpid());
    close(end[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(holder_search(sys, child, list, 3), -ESRCH);
    close(end[0]);
    close(gone[0]);
    close(ours);
}

/* A fork of ours whose number is less than ours, as the kernel gives them when it has begun to count anew.
 * returns 0 in it; < 0: it may not be chosen here. */
static pid_t fork_below(void)
{
    pid_t pid = -1;
    for (pid_t wanted = getpid() - 1; pid < 0 && wanted > 1 && wanted > getpid() - 100; wanted--) {
        struct clone_args how = { .exit_signal = SIGCHLD,
                                  .set_tid = (uintptr_t)&wanted,
                                  .set_tid_size = 1 };
        pid = (pid_t)syscall(SYS_clone3, &how, sizeof how);
        if (pid < 0 && errno != EEXIST)
            break;
    }
    return pid;
}

/* All the sockets of one process, by number. */
static void test_sockets_of_a_process(void **state)
{
    (void)state;
    struct buf list;
    struct stat st;
    int fds[3];
    size_t found = 0;
    buf_init(&list, &mem_default, NULL, 0);
    for (int i = 0; i < 3; i++)
        fds[i] = i == 1 ? open("/dev/null", O_RDONLY) : socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(holder_sockets(io_sys_kernel(), getpid(), &list), 0);
    const uint32_t *inodes = (const void *)list.p;
    for (size_t at = 0; at < list.n / sizeof *inodes; at++) {
        assert_true(at == 0 || inodes[at - 1] <= inodes[at]);
        for (int i = 0; i < 3; i++)
            found += fstat(fds[i], &st) == 0 && st.st_ino == inodes[at] && S_ISSOCK(st.st_mode);
    }
    assert_int_equal(found, 2);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fstat(fds[i], &st), 0);
        assert_int_equal(holder_has(&list, (uint32_t)st.st_ino), i != 1);
    }
    assert_false(holder_has(&list, 0));
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    buf_done(&list);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    assert_int_equal(holder_sockets(io_sys_kernel(), child, &list), -ESRCH);
    assert_int_equal(list.n, 0);
    assert_false(holder_has(&list, (uint32_t)st.st_ino));
    struct stoa_mem none = { .alloc = no_memory };
    buf_init(&list, &none, NULL, 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(holder_sockets(io_sys_kernel(), getpid(), &list), -ENOMEM);
    close(fd);
}

/* What the two of us have is ours, though the child is looked through first. */
static void test_parent_comes_first(void **state)
{
    (void)state;
    struct holder h;
    char c;
    int end[2];
    assert_int_equal(pipe(end), 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    pid_t child = fork_below();
    if (child == 0) {
        close(end[1]);
        _exit((int)read(end[0], &c, 1));
    }
    if (child > 0) {
        struct diag_socket s = { .inode = inode_of(fd), .uid = getuid() };
        holder_find(io_sys_kernel(), &s, &h);
        assert_in_range(child, 2, getpid() - 1);
        assert_int_equal(h.pid, getpid());
    }
    close(fd);
    close(end[0]);
    close(end[1]);
    if (child < 0)
        skip(); /* it takes CAP_SYS_ADMIN, or CAP_CHECKPOINT_RESTORE */
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_user_names(void **state)
{
    (void)state;
    static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                                 "odd line\n"
                                 "\n:::\n"
                                 "gecos:x:7:7:one two:x:8:/:/bin/sh two:x:8:0\n"
                                 "ann\x1b:x:8:8::/:\n"
                                 "last:x:4294967295:0";
    static const struct {
        uint32_t uid;
        const char *name, *words;
    } cases[] = {
        { 0, "root", "a process of user root" },
        { 7, "gecos", "a process of user gecos" },
        { 8, "ann\\x1b", "a process of user ann\\x1b" },
        { 9, "", "a process of user 9" },
        { UINT32_MAX, "", "a process that cannot be seen" },
    };
    for (size_t step = 0; step < 40; step++) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct texts t;
            struct holder h;
            char text[300];
            texts_init(&t);
            t.files[0] = (struct text){ "/etc/passwd", passwd, 0 };
            t.step = step;
            holder_find(&t.sys, &(struct diag_socket){ .uid = cases[i].uid }, &h);
            assert_string_equal(h.user, cases[i].name);
            assert_string_equal(holder_format(&h, text, sizeof text), cases[i].words);
            assert_int_equal(t.open, 0);
        }
    }
}

static void test_words(void **state)
{
    (void)state;
    struct holder h = { .pid = 12, .command = "nginx", .user = "root", .unit = "nginx.service" };
    char text[300], small[10];
    assert_string_equal(holder_format(&h, text, sizeof text),
                        "pid 12 (nginx) of user root, nginx.service");
    assert_string_equal(holder_format(&h, small, sizeof small), "pid 12 (n");
    h = (struct holder){ .uid = 33, .unit = "web.service" };
    assert_string_equal(holder_format(&h, text, sizeof text), "a process of user 33, web.service");
}

/* ---- control groups ---- */

static void test_group_of_a_process(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path;
        int result;
    } cases[] = {
        { "0::/system.slice/a.service\n", "system.slice/a.service", 0 },
        { "12:pids:/x\n1:name=systemd:/user.slice/b.scope\n0::/\n", "user.slice/b.scope", 0 },
        { "0::/\n", "", -ENOENT },
        { "", "", -ENOENT },
        { "0", "", -ENOENT },
        { "0:", "", -ENOENT },
        { "0::", "", -ENOENT },
        { "\n\n:::\n", ":", 0 },
        { "0::/a/very/long/path/indeed/longer/than/that/buffer", "", -ENAMETOOLONG },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct texts t;
        char path[40] = "";
        texts_init(&t);
        t.files[0] = (struct text){ "/proc/7/cgroup", cases[i].text, 0 };
        assert_int_equal(cgroup_of_process(&t.sys, 7, path, sizeof path), cases[i].result);
        assert_string_equal(path, cases[i].path);
        assert_int_equal(t.open, 0);
    }
}

static void test_unit_of_a_path(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "system.slice/nginx.service", "nginx.service" },
        { "user.slice/user@1.service/app.slice/run-1.scope", "run-1.scope" },
        { "system.slice/a.service/workers", "a.service" },
        { "lxc/box", "" },
        { "", "" },
        { "///", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(str_eq(cgroup_unit(str_of(cases[i][0])), str_of(cases[i][1])));
}

/* The number that the folder above shows for it: as cgroup.c finds it. */
static uint64_t inode_in(const char *folder, const char *name)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    uint64_t found = 0;
    assert_non_null(d);
    while ((e = readdir(d)))
        if (strcmp(e->d_name, name) == 0)
            found = e->d_ino;
    closedir(d);
    return found;
}

static void test_path_of_a_group(void **state)
{
    (void)state;
    char root[] = "/dev/shm/stoa-probe-XXXXXX", at[300], path[64];
    const struct io_sys *sys = io_sys_kernel();
    assert_non_null(mkdtemp(root));
    int fd = open(root, O_DIRECTORY | O_CLOEXEC);
    int beneath = sys->open_beneath(sys, fd, ".", O_RDONLY, false);
    if (beneath == -ENOSYS) { /* valgrind 3.19 does not know openat2(2) */
        rmdir(root);
        skip();
    }
    close(beneath);
    assert_int_equal(mkdirat(fd, "one", 0700) | mkdirat(fd, "two", 0700) |
                         mkdirat(fd, "two/three", 0700) | mkdirat(fd, "two/three/four", 0700),
                     0);
    struct stat st;
    fstat(fd, &st);
    snprintf(at, sizeof at, "%s/two/three", root);
    uint64_t id = inode_in(at, "four");
    int found = cgroup_find_path(sys, root, id, path, sizeof path);
    assert_string_equal(path, "two/three/four");
    assert_int_equal(cgroup_find_path(sys, root, id, path, 10), -ENAMETOOLONG);
    assert_int_equal(cgroup_find_path(sys, root, (uint64_t)st.st_ino, path, sizeof path), 0);
    assert_string_equal(path, "");
    assert_int_equal(cgroup_find_path(sys, root, UINT64_MAX, path, sizeof path), -ENOENT);
    unlinkat(fd, "two/three/four", AT_REMOVEDIR);
    unlinkat(fd, "two/three", AT_REMOVEDIR);
    unlinkat(fd, "two", AT_REMOVEDIR);
    unlinkat(fd, "one", AT_REMOVEDIR);
    close(fd);
    rmdir(root);
    assert_int_equal(cgroup_find_path(sys, root, id, path, sizeof path), -ENOENT);
    assert_int_equal(found, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ourselves),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_sockets_of_a_process),
        cmocka_unit_test(test_parent_comes_first),
        cmocka_unit_test(test_user_names),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_group_of_a_process),
        cmocka_unit_test(test_unit_of_a_path),
        cmocka_unit_test(test_path_of_a_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
