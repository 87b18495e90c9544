#!/usr/bin/env python3
"""`stoa serve` that cannot bind or listen: each way of it made to happen in a network namespace of
our own, and what stoa says of it: the cause, the exit code, who or what is in the way."""
import contextlib
import ctypes
import os
import pwd
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "e2e")]
import own_net  # noqa: E402
from own_net import NOBODY, Sysctl, libc  # noqa: E402
from stoa_process import STOA, WITHIN, Stoa, run_tests  # noqa: E402

STREAM, DGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM
BIND, IN_USE, PERMISSION = 5, 7, 6  # exit codes


def refused(cause, code, *listen, args=("--text", "x"), says=(), never=(), **popen):
    """stoa serve ends with that cause and exit code, and says all of `says` on the way."""
    command = [STOA, "serve", *args]
    for l in listen:
        command += ["-l", l]
    p = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                       timeout=WITHIN, **popen)
    said = " ".join(p.stderr.split())  # lines are wrapped
    assert p.returncode == code, (code, p.returncode, p.stderr)
    assert f"cause {cause} " in said + " ", (cause, p.stderr)
    assert f"stage {cause.split('.')[0]}," in said, p.stderr
    for text in says:
        assert text in said, (text, p.stderr)
    for text in never:
        assert text not in said, (text, p.stderr)


def serves(listen, args=("--text", "x"), **popen):
    with Stoa(*args, listen=listen, **popen):
        pass


def bound(host, port=0, family=socket.AF_INET, type=STREAM, reuse=False, share=False, only=False,
          listen=True):
    s = socket.socket(family, type)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(share))
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(only))
    s.bind((host, port))
    if listen and type == STREAM:
        s.listen(4)
    return s


def port_of(s):
    return s.getsockname()[1]


def free_port(type=STREAM):
    with bound("127.0.0.1", type=type, listen=False) as s:
        return port_of(s)


def me():
    with open("/proc/self/comm") as f:
        return f"pid {os.getpid()} ({f.read().strip()}) of user root"


def skipped(why):
    print("skipped:", why)


@contextlib.contextmanager
def as_nobody(make):
    """Another process, of another user, that holds what make() returns; yields what it prints."""
    there, here = os.pipe()
    go_on, end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(end)
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            kept = make()
            os.write(here, str(port_of(kept[0])).encode())
            os.read(go_on, 1)
        finally:
            os._exit(0)
    os.close(here)
    os.close(go_on)
    try:
        yield pid, int(os.read(there, 20))
    finally:
        os.close(end)
        os.close(there)
        os.waitpid(pid, 0)


NOBODY_S = {"user": NOBODY, "group": NOBODY, "extra_groups": []}


# ---- the port is in use ----

def test_same_address():
    for listen in (True, False):
        with bound("127.0.0.1", listen=listen) as s:
            if not listen and not tells_of_bound(s):
                skipped("this kernel does not tell of sockets that are only bound")
                continue
            says = [f"127.0.0.1:{port_of(s)} is held by {me()}"]
            says += [] if listen else ["it is bound, but does not listen"]
            refused("bind.in_use", IN_USE, f"127.0.0.1:{port_of(s)}", says=says,
                    never=["very process", "share"])
    with bound("::1", family=socket.AF_INET6) as s:
        refused("bind.in_use", IN_USE, f"[::1]:{port_of(s)}",
                says=[f"[::1]:{port_of(s)} is held by {me()}"])


def tells_of_bound(s):
    release = tuple(int(n) for n in os.uname().release.split("-")[0].split(".")[:2])
    return release >= (6, 8)


def test_holder_of_another_user():
    with bound("127.0.0.1") as s:
        refused("bind.in_use", IN_USE, f"127.0.0.1:{port_of(s)}", **NOBODY_S,
                says=["is held by a process of user root"], never=["pid"])
    with as_nobody(lambda: [bound("127.0.0.1")]) as (pid, port):
        refused("bind.in_use", IN_USE, f"127.0.0.1:{port}",
                says=[f"pid {pid} (", f"of user {name_of(NOBODY)}"])


def name_of(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def in_child(test, *args):
    """Runs it in a process of its own; returns what it returned, 1 when it failed."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = test(*args)
        except BaseException:
            traceback.print_exc(file=sys.stdout)
            sys.stdout.flush()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def mount_groups():
    """Control groups are to be seen, if need be in mounts of our own."""
    CLONE_NEWNS, MS_REC, MS_PRIVATE, root = 0x20000, 0x4000, 0x40000, b"/sys/fs/cgroup"
    return os.path.exists(root + b"/cgroup.controllers") or not (
        libc.unshare(CLONE_NEWNS) or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        or libc.mount(b"none", root, b"cgroup2", 0, None))


def hold_as(service, folder):
    try:
        with open(f"{folder}/cgroup.procs", "w") as f:
            f.write(str(os.getpid()))
    except OSError:
        return 77
    with bound("127.0.0.1") as s:
        refused("bind.in_use", IN_USE, f"127.0.0.1:{port_of(s)}", **NOBODY_S,
                says=[f"is held by a process of user root, {service}"])
        refused("bind.in_use", IN_USE, f"127.0.0.1:{port_of(s)}", says=[f"{me()}, {service}"])
    return 0


def make_service():
    """A control group with a name as systemd gives to a service."""
    service = f"stoa-test-{os.getpid()}.service"
    folder = f"/sys/fs/cgroup/{service}"
    if not mount_groups():
        return 77
    try:
        os.mkdir(folder)
    except OSError:
        return 77
    try:
        return in_child(hold_as, service, folder)
    finally:
        os.rmdir(folder)


def test_service_of_the_holder():
    code = in_child(make_service)
    if code == 77:
        skipped("no control group can be made here")
    else:
        assert code == 0


def test_odd_command_is_escaped():
    pid_says = "(a\\x1b[2J\\x0a)"
    PR_SET_NAME = 15
    with open("/proc/self/comm") as f:
        before = f.read().strip()
    try:
        libc.prctl(PR_SET_NAME, b"a\x1b[2J\n", 0, 0, 0)
        with bound("127.0.0.1") as s:
            refused("bind.in_use", IN_USE, f"127.0.0.1:{port_of(s)}", says=[pid_says],
                    never=["\x1b"])
    finally:
        libc.prctl(PR_SET_NAME, before.encode(), 0, 0, 0)


def test_wildcard():
    with bound("0.0.0.0") as s:
        refused("bind.in_use_wildcard", IN_USE, f"127.0.0.1:{port_of(s)}",
                says=[f"0.0.0.0:{port_of(s)} is held by {me()}"])
        refused("bind.in_use", IN_USE, f"0.0.0.0:{port_of(s)}")
    with bound("127.0.0.1") as s:
        refused("bind.in_use_one_address", IN_USE, f"0.0.0.0:{port_of(s)}",
                says=[f"127.0.0.1:{port_of(s)} is held by {me()}"])
        serves(f"127.0.0.2:{port_of(s)}")
    with bound("::1", family=socket.AF_INET6) as s:
        refused("bind.in_use_one_address", IN_USE, f"[::]:{port_of(s)}",
                says=[f"[::1]:{port_of(s)} is held"])


def test_dual_stack():
    with bound("::", family=socket.AF_INET6) as s:
        for host in ("127.0.0.1", "0.0.0.0"):
            refused("bind.in_use_dual_stack", IN_USE, f"{host}:{port_of(s)}",
                    says=[f"[::]:{port_of(s)} is held by {me()}"])
        refused("bind.in_use", IN_USE, f":{port_of(s)}")
        refused("bind.in_use_wildcard", IN_USE, f"[::1]:{port_of(s)}")
    for host in ("0.0.0.0", "127.0.0.1"):
        with bound(host) as s:
            refused("bind.in_use_dual_stack", IN_USE, f":{port_of(s)}",
                    says=[f"{host}:{port_of(s)} is held by {me()}"])
            serves(f"[::1]:{port_of(s)}")
    with bound("::", family=socket.AF_INET6, only=True) as s:
        serves(f"127.0.0.1:{port_of(s)}")
        serves(f"0.0.0.0:{port_of(s)}")


def test_shared_among_another_user():
    def share():
        first = bound("127.0.0.1", share=True)
        return [first, bound("127.0.0.1", port_of(first), share=True)]
    with as_nobody(share) as (pid, port):
        refused("bind.in_use_other_user", IN_USE, f"127.0.0.1:{port}",
                says=["(2 sockets share it)", f"pid {pid} ("])
    first, second = share()
    with first, second:
        refused("bind.in_use", IN_USE, f"127.0.0.1:{port_of(first)}", says=["(2 sockets share it)"])


def test_our_own_other_address():
    port = free_port()
    refused("bind.in_use_dual_stack", IN_USE, f"127.0.0.1:{port}", f":{port}",
            says=["(stoa) of user root: this very process"])


def test_another_stoa():
    for workers in ("1", "2"):
        with Stoa("--text", "x", "-w", workers) as s:
            refused("bind.in_use", IN_USE, f"127.0.0.1:{s.port}",
                    says=[f"pid {s.process.pid} (stoa) of user root"])


def closed_first(reuse):
    """A listener's connection, closed by the listener's side first: TIME_WAIT there."""
    listener = bound("127.0.0.1", reuse=reuse)
    port = port_of(listener)
    client = socket.create_connection(("127.0.0.1", port))
    server, _ = listener.accept()
    server.close()
    assert client.recv(1) == b""
    client.close()
    listener.close()
    return port


def test_time_wait():
    port = closed_first(reuse=False)
    refused("bind.in_use_time_wait", IN_USE, f"127.0.0.1:{port}",
            says=["1 ended connection of that port is in TIME_WAIT, for ", " s more"],
            never=["held by"])
    refused("bind.in_use_time_wait", IN_USE, f":{port}")
    serves(f"127.0.0.1:{closed_first(reuse=True)}")


def test_connection_of_an_earlier_listener():
    listener = bound("127.0.0.1")
    port = port_of(listener)
    for _ in range(3):  # what is in TIME_WAIT is not named while something lives
        with socket.create_connection(("127.0.0.1", port)) as client:
            listener.accept()[0].close()
            assert client.recv(1) == b""
    with socket.create_connection(("127.0.0.1", port)):
        server, peer = listener.accept()
        listener.close()
        with server:
            refused("bind.in_use_connection", IN_USE, f"127.0.0.1:{port}",
                    says=[f"the connection 127.0.0.1:{port} -> 127.0.0.1:{peer[1]} "
                          f"(ESTABLISHED) is held by {me()}"])
    listener = bound("127.0.0.1", reuse=True)
    port = port_of(listener)
    with socket.create_connection(("127.0.0.1", port)):
        server, _ = listener.accept()
        listener.close()
        with server:
            serves(f"127.0.0.1:{port}")


def test_source_port_of_a_connection():
    with bound("127.0.0.1") as listener, \
            socket.create_connection(listener.getsockname()) as client:
        port = port_of(client)
        refused("bind.in_use_connection", IN_USE, f"127.0.0.1:{port}",
                says=[f"the connection 127.0.0.1:{port} -> 127.0.0.1:{port_of(listener)} "
                      f"(ESTABLISHED) is held by {me()}"])


def test_datagrams():
    echo = ("--echo",)
    with bound("127.0.0.1", type=DGRAM) as s:
        refused("bind.in_use", IN_USE, f"udp://127.0.0.1:{port_of(s)}", args=echo,
                says=[f"127.0.0.1:{port_of(s)} is held by {me()}"])
        serves(f"tcp://127.0.0.1:{port_of(s)}", echo)
    with bound("0.0.0.0", type=DGRAM) as s:
        refused("bind.in_use_wildcard", IN_USE, f"udp://127.0.0.1:{port_of(s)}", args=echo)
    with bound("127.0.0.1") as s:
        serves(f"udp://127.0.0.1:{port_of(s)}", echo)


def test_no_port_left():
    with Sysctl("net/ipv4/ip_local_port_range", "40000 40003"), contextlib.ExitStack() as held:
        for port in range(40000, 40004):
            held.enter_context(bound("127.0.0.1", port))
        refused("bind.no_ports", IN_USE, "127.0.0.1:0",
                says=["each of the ports 40000 to 40003 (net.ipv4.ip_local_port_range)"])


# ---- the address ----

def test_addresses_of_others():
    refused("bind.not_local", BIND, "192.0.2.1:0", says=["this machine has 127.0.0.1, ::1"])
    refused("bind.not_local", BIND, "[2001:db8::1]:0", says=["this machine has 127.0.0.1, ::1"])
    refused("bind.not_local", BIND, "udp://192.0.2.1:0", args=("--echo",))
    for many in ("224.0.0.1", "255.255.255.255", "[ff02::1%1]"):
        refused("bind.not_local", BIND, f"{many}:0",
                says=["nobody can connect to a multicast or broadcast address"])


@contextlib.contextmanager
def cable(*commands):
    """A pair of interfaces, of which only one is up: no other machine answers on it."""
    def ip(line):
        subprocess.run(["ip", *line.split()], check=True, timeout=WITHIN)
    ip("link add stoa0 type veth peer name stoa1")
    try:
        for line in commands:
            ip(line)
        yield socket.if_nametoindex("stoa0")
    finally:
        ip("link del stoa0")


def test_address_that_is_still_looked_for():
    with cable("link set stoa0 up", "addr add 2001:db8::7/64 dev stoa0"):
        refused("bind.not_local", BIND, "[2001:db8::7]:0", says=["another has it, too (tentative)"])


def test_link_local_without_its_interface():
    refused("bind.no_scope", BIND, "[fe80::1]:0", never=["this machine has"])
    with cable("link set stoa0 addrgenmode none", "link set stoa0 up",
               "addr add fe80::5/64 dev stoa0 nodad") as index:
        refused("bind.no_scope", BIND, "[fe80::5]:0", says=[f"this machine has fe80::5%{index}"])
        refused("bind.failed", BIND, "[fe80::5%9999]:0")
        serves(f"[fe80::5%{index}]:0")
        serves("[fe80::5%stoa0]:0")


def test_many_addresses():
    with cable("link set stoa0 up", *(f"addr add 192.0.2.{n}/24 dev stoa0" for n in range(1, 60))):
        refused("bind.not_local", BIND, "198.51.100.1:0",
                says=["this machine has 127.0.0.1, 192.0.2.1, 192.0.2.2, ", " and 3",
                      " more stage"])


def test_without_ipv6():
    with Sysctl("net/ipv6/conf/lo/disable_ipv6", 1):
        refused("bind.not_local", BIND, "[::1]:0", says=["this machine has 127.0.0.1"],
                never=["127.0.0.1,"])
        serves("localhost:0")


# ---- permission ----

def test_privileged_port():
    refused("bind.permission", PERMISSION, "127.0.0.1:80", **NOBODY_S,
            says=["ports below 1024", "net.ipv4.ip_unprivileged_port_start"])
    with Sysctl("net/ipv4/ip_unprivileged_port_start", 90):
        refused("bind.permission", PERMISSION, "127.0.0.1:89", **NOBODY_S,
                says=["ports below 90"])
        serves("127.0.0.1:90", **NOBODY_S)


LANDLOCK_CREATE, LANDLOCK_RESTRICT, NET_BIND_TCP, PR_SET_NO_NEW_PRIVS = 444, 446, 1, 38


def forbid_to_bind():
    rules = struct.pack("QQ", 0, NET_BIND_TCP)
    fd = libc.syscall(LANDLOCK_CREATE, rules, len(rules), 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.syscall(LANDLOCK_RESTRICT, fd, 0)


def test_forbidden_by_landlock():
    rules = struct.pack("QQ", 0, NET_BIND_TCP)
    fd = libc.syscall(LANDLOCK_CREATE, rules, len(rules), 0)
    if fd < 0:
        return skipped("no Landlock for ports here (Linux 6.7): "
                       + os.strerror(ctypes.get_errno()))
    os.close(fd)
    refused("bind.forbidden", PERMISSION, "127.0.0.1:0", preexec_fn=forbid_to_bind)
    refused("bind.forbidden", PERMISSION, "127.0.0.1:8080", preexec_fn=forbid_to_bind,
            never=["ip_unprivileged_port_start)"])


# ---- Unix sockets ----

@contextlib.contextmanager
def folder(mode=0o755):
    with tempfile.TemporaryDirectory(dir="/tmp") as d:
        os.chmod(d, mode)
        yield d


def unix(path, type=STREAM, listen=True):
    s = socket.socket(socket.AF_UNIX, type)
    s.bind(path)
    if listen and type == STREAM:
        s.listen(1)
    return s


def test_unix_somebody_answers():
    with folder() as d:
        path = os.path.join(d, "s")
        with unix(path):
            refused("bind.unix_in_use", IN_USE, f"unix:{path}", says=[f"it is held by {me()}"])
            refused("bind.unix_in_use", IN_USE, "unix:s", cwd=d, says=[f"it is held by {me()}"])
            refused("bind.unix_in_use", IN_USE, f"unix:{path}", **NOBODY_S,
                    says=["it is held by a process of user root"])
        os.unlink(path)
        with unix(path, DGRAM):
            refused("bind.unix_in_use", IN_USE, f"unix:{path}", says=[f"it is held by {me()}"])


def test_unix_full_backlog_is_no_dead_server():
    with folder() as d, contextlib.ExitStack() as held:
        path = os.path.join(d, "s")
        held.enter_context(unix(path))
        for _ in range(8):
            client = held.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                client.connect(path)
        refused("bind.unix_in_use", IN_USE, f"unix:{path}", says=[f"it is held by {me()}"])


def test_unix_dead_server():
    with folder() as d:
        path = os.path.join(d, "s")
        unix(path).close()
        serves(f"unix:{path}")
        assert not os.path.exists(path)
        unix(path).close()
        os.chmod(path, 0o777)
        refused("bind.unix_stale", PERMISSION, f"unix:{path}", **NOBODY_S,
                says=[f"the folder {d} is of user root, mode 0755"])
        os.chmod(path, 0o600)
        refused("bind.unix_in_use", IN_USE, f"unix:{path}", **NOBODY_S,
                says=["nobody is seen on it, but this user may not ask it"])
        assert os.path.exists(path)


def test_unix_no_socket():
    with folder() as d:
        path = os.path.join(d, "file")
        with open(path, "w") as f:
            f.write("kept")
        refused("bind.unix_no_socket", BIND, f"unix:{path}")
        refused("bind.unix_no_folder", BIND, f"unix:{path}/s", says=[f"{path} is no folder"])
        refused("bind.unix_no_folder", BIND, f"unix:{d}/a/b/s", says=[f"there is no {d}/a "])
        refused("bind.unix_no_folder", BIND, "unix:a\x1b/s", cwd=d, says=["there is no a\\x1b "],
                never=["\x1b"])
        os.symlink("nowhere", os.path.join(d, "link"))
        refused("bind.unix_no_socket", BIND, f"unix:{d}/link")
        with open(path) as f:
            assert f.read() == "kept"


def test_unix_no_permission():
    with folder(0o750) as d:
        for inner in ("s", "inner/s"):
            refused("bind.unix_permission", PERMISSION, f"unix:{d}/{inner}", **NOBODY_S,
                    says=[f"the folder {d} is of user root, mode 0750"])


# ---- listen ----

def test_backlog_is_cut():
    with Sysctl("net/core/somaxconn", 16):
        for listen in ("127.0.0.1:0", "unix:s"):
            with folder() as d, \
                    Stoa("--text", "x", "--backlog", "100", listen=listen, cwd=d) as s:
                s.wait_for("cause listen.backlog_cut")
                assert b"100 asked for, 16 given" in s.said, s.said
        for args in (("--backlog", "16"), (), ("--backlog", "100", "--quiet")):
            s = subprocess.Popen([STOA, "serve", "--text", "x", "-l", "127.0.0.1:0", *args],
                                 stderr=subprocess.PIPE)
            wait_until_it_can_be_stopped(s.pid)
            s.terminate()
            said = s.communicate(timeout=WITHIN)[1]
            assert s.returncode == 0 and b"backlog_cut" not in said, said


def wait_until_it_can_be_stopped(pid):
    """Until it catches SIGTERM, when it has said all that is to be said at the start."""
    while True:
        with open(f"/proc/{pid}/status") as f:
            caught = next(line for line in f if line.startswith("SigCgt:"))
        if int(caught.split()[1], 16) & 1 << (signal.SIGTERM - 1):
            return
        os.sched_yield()


def test_handed_over_without_listening():
    with bound("127.0.0.1", listen=False) as s:
        p = subprocess.run(["/bin/sh", "-c",
                            'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve --text x', STOA],
                           preexec_fn=lambda: os.dup2(s.fileno(), 3), pass_fds=(3,),
                           stderr=subprocess.PIPE, text=True, timeout=WITHIN)
        assert p.returncode == BIND and "cause listen.failed" in p.stderr, p
        assert "is not a socket that listens" in p.stderr, p.stderr


if __name__ == "__main__":
    STOA = os.path.abspath(STOA)
    if os.getuid() != 0:
        own_net.skip("these tests become other users: they need root")
    own_net.enter()
    run_tests(globals())
