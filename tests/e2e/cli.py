#!/usr/bin/python3
"""The command from outside: its words, its exit codes, its sockets, its signals."""
import contextlib
import fcntl
import http.client
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from stoa_process import IO, STOA, WITHIN, Stoa, run_tests  # noqa: E402


def run(*args, env=None):
    done = subprocess.run([STOA, *args], capture_output=True, text=True, timeout=WITHIN,
                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


def get(port, path="/", host="127.0.0.1"):
    c = http.client.HTTPConnection(host, port, timeout=WITHIN)
    c.request("GET", path)
    r = c.getresponse()
    body = r.read()
    c.close()
    return r.status, body


def test_help_names_every_option():
    code, out, err = run("serve", "--help")
    assert code == 0 and err == ""
    for option in ("listen", "lan", "workers", "backlog", "io", "max-connections", "log", "quiet",
                   "version", "help", "list", "spa", "cors", "cache", "header", "hidden", "echo",
                   "text", "drain", "head-timeout", "body-timeout", "idle-timeout"):
        assert f"--{option}" in out, option
    assert max(map(len, out.split("\n"))) <= 130
    assert run("--help")[0] == 0 and "serve" in run("--help")[1]


def test_manual_pages_name_every_option():
    with open("man/stoa-serve.1") as f:
        page = f.read()
    for letter, option in re.findall(r"^  (?:-(.), |    )--([a-z-]+)", run("serve", "--help")[1], re.M):
        line = f".It Fl {letter} , Fl -{option}" if letter else f".It Fl -{option}"
        assert line in page, line


def test_causes_named_in_the_source_are_in_the_catalogue():
    named = set()
    for folder, _, files in os.walk("src"):
        for name in files:
            with open(os.path.join(folder, name)) as f:
                named |= set(re.findall(r'"((?:resolve|socket|bind|listen|accept|connect|request|'
                                        r'reply|close)\.[a-z_]+)"', f.read()))
    assert len(named) > 80
    for cause in sorted(named):
        code, out, err = run("explain", cause)
        assert (code, out.split("\n")[0]) == (0, cause), (cause, err)


def test_explain():
    code, out, _ = run("explain")
    assert code == 0 and "bind.in_use" in out and "exit codes" in out
    code, out, _ = run("explain", "eaddrinuse")
    assert code == 0 and "bind.in_use" in out and "listen.in_use" in out
    assert run("explain", "98")[1] == run("explain", "EADDRINUSE")[1]
    code, out, _ = run("explain", "7")
    assert code == 0 and out.startswith("Exit code 7") and "bind.in_use_time_wait" in out
    code, out, err = run("explain", "bnid.in_use")
    assert code == 2 and out == "" and "did you mean bind.in_use?" in err
    for bad in ("EWHAT", "999", "\x1b[1m", ""):
        code, out, err = run("explain", bad)
        assert code == 2 and out == "" and "\x1b" not in err, (bad, err)
    assert max(map(len, run("explain", "connect.timeout")[1].split("\n"))) <= 80


def test_a_name_that_does_not_resolve():
    for addr, cause, says in (("nosuchname.invalid:0", "resolve.not_found", ""),
                              ("[fe80::1%nosuchif]:0", "resolve.not_found", "no interface of the name")):
        code, out, err = run("serve", "-l", addr)
        assert (code, out) == (10, "") and f"cause {cause}\n" in err and says in err, (addr, code, err)


def test_a_port_by_a_name_that_no_service_has():
    for args in (("serve", "-l", ":nosuchservice"), ("serve", "-l", "localhost:nosuchservice"),
                 ("serve", "--echo", "-l", "udp://localhost:nosuchservice"),
                 ("serve", "--text", "x", "-l", "localhost:0", "--admin", ":nosuchservice")):
        code, out, err = run(*args)
        assert (code, out) == (2, "") and "cause resolve.unknown_service\n" in err, (args, code, err)
        assert ":nosuchservice: no service has the name" in err and "getent services" in err, (args, err)
    code, _, err = run("watch", ":nosuchservice")
    assert code == 2 and "no service has the name" in err, (code, err)


def test_closed_standard_streams():
    """Their numbers are not those of sockets and files that are opened later."""
    def closed(how, *args):
        done = subprocess.run(["sh", "-c", f'exec "$0" "$@" {how}', STOA, *args], timeout=WITHIN,
                              capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr
    for io in IO:
        with Stoa("--echo", io=io, listen="tcp://127.0.0.1:0") as s:
            target = f"tcp://127.0.0.1:{s.port}"
            assert closed("<&-", "call", "--io", io, target) == (0, "", "")
            code, _, err = closed(">&-", "call", "--io", io, target, "hello")
            assert code == 1 and "standard output: Bad file descriptor" in err, (code, err)
            assert closed("2>&-", "call", "-v", "--io", io, target, "hello") == (0, "hello", "")


def test_output_that_cannot_be_written():
    """All that is printed: each is told to a full disk, and to a reader that has gone."""
    with tempfile.TemporaryDirectory() as d:
        gone = os.path.join(d, "pipe")
        os.mkfifo(gone)
        for args in (("--help",), ("--version",), ("explain",), ("explain", "EADDRINUSE"), ("explain", "7"),
                     ("explain", "--help"), ("serve", "--help"), ("serve", "--version"),
                     ("serve", "--fault", "list"), ("call", "--help"), ("call", "-V"), ("watch", "--help"),
                     ("watch", "--once", "--json", "-i", "0.1")):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([STOA, *args], stdout=full, stderr=subprocess.PIPE, timeout=WITHIN)
            assert done.returncode == 1, (args, done)
            assert done.stderr == (b"stoa: cannot write to standard output: "
                                   b"No space left on device (ENOSPC)\n"), (args, done)
            with no_reader(gone) as pipe:  # and SIGPIPE ignored, as those do who start it from Python
                done = subprocess.run([STOA, *args], stdout=pipe, stderr=subprocess.PIPE, timeout=WITHIN,
                                      restore_signals=False)
            assert (done.returncode, done.stderr) == (0, b""), (args, done)


@contextlib.contextmanager
def no_reader(fifo):
    """A pipe to write to whose reader has closed it."""
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(fifo, os.O_WRONLY)
    os.close(reader)
    yield writer
    os.close(writer)


def test_version():
    assert re.fullmatch(r"stoa \d+\.\d+\.\d+\n", run("--version")[1])
    assert run("serve", "--version")[1] == run("--version")[1]


def test_wrong_usage_is_said_and_exits_2():
    for args, says in (
            ((), "serve"),
            (("sevre",), "did you mean serve?"),
            (("serve", "--lsiten", ":1"), "did you mean --listen?"),
            (("serve", "--werkers", "1"), "did you mean --workers?"),
            (("serve", "--frobnicate"), "there is no option --frobnicate"),
            (("serve", "-x"), "there is no option -x"),
            (("serve", "-l"), "wants a value"),
            (("serve", "--list=yes"), "takes no value"),
            (("serve", "-w", "0"), "whole number"),
            (("serve", "-w", "many"), "whole number"),
            (("serve", "--drain", "soon"), "time"),
            (("serve", "--head-timeout", "0"), "at least 1ms"),
            (("serve", "--max-body", "1X"), "bytes"),
            (("serve", "--log", "xml"), "none, pretty, combined or json"),
            (("serve", "--io", "kqueue"), "uring or epoll"),
            (("serve", "--header", "no colon"), "Name: value"),
            (("serve", "--header", "A: b\r\nC: d"), "Name: value"),
            (("serve", "--header", "Date: never"), "server's own"),
            (("serve", "-l", "localhost"), "port"),
            (("serve", "-l", "localhost:99999"), "port"),
            (("serve", "-l", "::1:80"), "[::1]:"),
            (("serve", "-l", "unix:"), "path"),
            (("serve", "-l", "unix:" + "x" * 200), "at most 107 bytes"),
            (("serve", "-l", "tcp://:1"), "--echo"),
            (("serve", "--echo", "-l", "http://:1"), "--echo"),
            (("serve", "--echo", "--text", "x"), "together"),
            (("serve", "--lan", "-l", ":1"), "--lan"),
            (("serve", "a", "b"), "one folder")):
        code, out, err = run(*args)
        assert code == 2, (args, code, err)
        assert says in err, (args, err)
        assert out == ""


def test_what_users_type_is_escaped():
    for args in (("serve", "--\x1b[31mred"), ("\x1b]0;x\x07",), ("serve", "-l", "\x1b[1m:1:1")):
        code, _, err = run(*args)
        assert code == 2 and "\x1b" not in err, (args, err)


def test_errors_at_start():
    code, _, err = run("serve", "/no/such/folder", "-l", "127.0.0.1:0")
    assert code == 2 and "no such folder" in err
    code, _, err = run("serve", "/etc/passwd", "-l", "127.0.0.1:0")
    assert code == 2 and "not a folder" in err
    code, _, err = run("serve", "--text", "x", "-l", "192.0.2.1:0")
    assert code == 5 and "bind.not_local" in err and "192.0.2.1" in err
    code, _, err = run("serve", "--text", "x", "-l", "unix:/no/such/folder/s")
    assert code == 5 and "bind.unix_no_folder" in err
    code, _, err = run("serve", "--text", "x", "-l", "no.such.host.invalid:80")
    assert code == 10 and "no.such.host.invalid" in err


def test_port_in_use():
    for io in IO:
        for workers in ("1", "2"):
            with Stoa("--text", "x", "-w", workers, io=io) as s:
                for other in ("1", "2"):
                    code, _, err = run("serve", "--text", "y", "-w", other, "-l",
                                       f"127.0.0.1:{s.port}")
                    assert code == 7, (workers, other, code, err)
                    assert "bind.in_use" in err or "listen.in_use" in err
    with socket.create_server(("127.0.0.1", 0)) as other:
        code, _, err = run("serve", "--text", "y", "-l", f"127.0.0.1:{other.getsockname()[1]}")
        assert code == 7, err


def test_no_permission_for_the_port():
    if os.getuid() != 0:
        return
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as f:
        if int(f.read()) == 0:
            return
    done = subprocess.run([STOA, "serve", "--text", "x", "-l", "127.0.0.1:81"], user=65534,
                          capture_output=True, text=True, timeout=WITHIN)
    assert done.returncode == 6 and "bind.permission" in done.stderr, done


def test_localhost_is_both_families_on_one_port():
    with Stoa("--text", "both", listen="localhost:0", expect=2 if socket.has_ipv6 else 1) as s:
        assert len(set(s.ports)) == 1, s.urls
        assert get(s.port)[1] == b"both" and get(s.port, host="::1")[1] == b"both"


def test_two_listeners_and_unix():
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "s")
        for io in IO:
            with Stoa("--text", "hi", "-l", f"unix:{path}", io=io, expect=2) as s:
                assert get(s.port) == (200, b"hi")
                with socket.socket(socket.AF_UNIX) as c:
                    c.connect(path)
                    c.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    assert c.makefile("rb").read().endswith(b"\r\n\r\nhi")
            assert not os.path.exists(path)
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(path)
        stale.close()
        with Stoa("--text", "hi", listen=f"unix:{path}"):
            code, _, err = run("serve", "--text", "x", "-l", f"unix:{path}")
            assert code == 7 and "bind.unix_in_use" in err, (code, err)  # somebody answers there: it is left alone
            assert os.path.exists(path)


def test_echo():
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "s")
        for io in IO:
            with Stoa("--echo", "-l", f"unix:{path}", "-l", "udp://127.0.0.1:0", io=io,
                      listen="tcp://127.0.0.1:0", expect=3) as s:
                tcp = int(next(u for u in s.urls if u.startswith("tcp")).rsplit(":", 1)[1])
                udp = int(next(u for u in s.urls if u.startswith("udp")).rsplit(":", 1)[1])
                data = os.urandom(1 << 20)
                for make in (lambda: socket.create_connection(("127.0.0.1", tcp)),
                             lambda: connect_unix(path)):
                    with contextlib.closing(make()) as c:
                        assert send_and_read_back(c, data) == data
                for n in (0, 1, 1400, 9000, 60000):
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
                        c.settimeout(WITHIN)
                        c.connect(("127.0.0.1", udp))
                        c.send(data[:n])
                        assert c.recv(70000) == data[:n]


def connect_unix(path):
    c = socket.socket(socket.AF_UNIX)
    c.connect(path)
    return c


def send_and_read_back(c, data):
    c.settimeout(WITHIN)
    got = bytearray()
    at = 0
    while at < len(data):
        at += c.send(data[at:at + 65536])
        while len(got) < at:
            got += c.recv(65536)
    c.shutdown(socket.SHUT_WR)
    assert c.recv(1) == b""
    return bytes(got)


def test_fields_and_quiet():
    with Stoa("--text", "hi", "--header", "X-One: 1", "--header", "X-Two:  2 ") as s:
        c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=WITHIN)
        c.request("GET", "/")
        r = c.getresponse()
        assert r.getheader("X-One") == "1" and r.getheader("X-Two") == "2"
        c.close()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    p = subprocess.Popen([STOA, "serve", "--text", "x", "--quiet", "-l", f"127.0.0.1:{port}"],
                         stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    while True:  # it listens when it answers
        try:
            assert get(port)[0] == 200
            break
        except ConnectionRefusedError:
            assert p.poll() is None
    p.send_signal(signal.SIGTERM)
    out, err = p.communicate(timeout=WITHIN)
    assert (p.returncode, out, err) == (0, b"", b"")


def reset_connection(port):
    """A connection that stoa has a line to say about: its request is cut off by a reset."""
    with socket.create_connection(("127.0.0.1", port), timeout=WITHIN) as c:
        c.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_nobody_reads_what_it_says():
    """A full pipe on stderr holds up nobody, and what it did not take is counted."""
    for io in IO:
        with Stoa("--text", "x", "-w", "1", io=io) as s:
            fcntl.fcntl(s.process.stderr, fcntl.F_SETPIPE_SZ, 4096)
            end = time.monotonic() + WITHIN
            while not re.search(rb"line(s are| is) missing here", s.said):
                assert time.monotonic() < end, s.said[-200:]
                for _ in range(100):
                    reset_connection(s.port)
                assert get(s.port)[1] == b"x"
                assert s.read_more(WITHIN)  # there is room again


def test_io_by_environment():
    with Stoa("--text", "hi", env={"STOA_IO": "epoll"}) as s:
        with open(f"/proc/{s.process.pid}/maps") as f:
            assert "io_uring" not in f.read()
        assert get(s.port)[0] == 200
    assert run("serve", "--text", "x", env={"STOA_IO": "bogus"})[0] == 2


def slow_get(port):
    """A connection in the middle of a request."""
    c = socket.create_connection(("127.0.0.1", port), timeout=WITHIN)
    c.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConn")
    return c


def until_refused(port):
    """Until every worker has stopped listening."""
    with contextlib.suppress(ConnectionError, http.client.HTTPException):
        while True:
            get(port)


def test_drain_lets_a_request_finish():
    for io in IO:
        for sig in (signal.SIGTERM, signal.SIGINT):
            with Stoa("--text", "hi", "-w", "2", io=io) as s:
                idle = socket.create_connection(("127.0.0.1", s.port), timeout=WITHIN)
                idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert idle.recv(4096).endswith(b"hi")
                c = slow_get(s.port)
                get(s.port)  # so that it has read what came before, if on the same worker
                s.signal(sig)
                assert idle.recv(1) == b""  # what is idle goes at once
                until_refused(s.port)
                c.sendall(b"ection: x\r\n\r\n")
                reply = c.makefile("rb").read()
                assert reply.endswith(b"hi") and b"onnection: close" in reply, reply
                c.close()
                assert s.wait() == 0
                idle.close()


def test_drain_ends_in_time_and_second_signal_at_once():
    for io in IO:
        with Stoa("--text", "hi", "--drain", "200ms", io=io) as s:
            c = slow_get(s.port)
            get(s.port)
            s.signal()
            assert s.wait() == 0
            c.close()
        with Stoa("--text", "hi", "--drain", "1000", io=io) as s:
            c = slow_get(s.port)
            get(s.port)
            s.signal()
            until_refused(s.port)
            s.signal()
            assert s.wait() == 0
            c.close()


def test_systemd_sockets_and_notify():
    with tempfile.TemporaryDirectory() as d, socket.create_server(("127.0.0.1", 0)) as lis:
        note = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        note.bind(os.path.join(d, "notify"))
        note.settimeout(WITHIN)

        def hand_over():
            os.dup2(lis.fileno(), 3)
            os.environ["LISTEN_PID"] = str(os.getpid())

        # A shell sets LISTEN_PID to its own pid and becomes stoa.
        for io in IO:
            p = subprocess.Popen(
                ["/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve --text given --io '
                 + io, os.path.abspath(STOA)], preexec_fn=hand_over, pass_fds=(3,),
                stderr=subprocess.PIPE, env={**os.environ, "NOTIFY_SOCKET":
                                             os.path.join(d, "notify")})
            assert note.recv(100) == b"READY=1"
            assert get(lis.getsockname()[1]) == (200, b"given")
            p.send_signal(signal.SIGTERM)
            assert note.recv(100) == b"STOPPING=1"
            p.communicate(timeout=WITHIN)
            assert p.returncode == 0


def test_out_of_descriptors_pauses_and_resumes():
    for io in IO:
        with Stoa("--text", "hi", "-w", "1", io=io, preexec_fn=few_descriptors) as s:
            open_ones = []
            for _ in range(80):
                c = socket.create_connection(("127.0.0.1", s.port), timeout=WITHIN)
                c.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                open_ones.append(c)
            s.wait_for("accept")  # it says that it pauses
            assert open_ones[0].recv(4096).endswith(b"hi")
            before = cpu_ticks(s.process.pid)
            open_ones[0].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert open_ones[0].recv(4096).endswith(b"hi")  # open connections go on
            for c in open_ones[:70]:
                c.close()
            for c in open_ones[70:]:  # those that waited are served
                assert c.recv(4096).endswith(b"hi")
                c.close()
            assert cpu_ticks(s.process.pid) - before < 100  # of 10 ms: nothing spun


def few_descriptors():
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_max_connections():
    for io in IO:
        with Stoa("--text", "hi", "-w", "1", "--max-connections", "4", io=io) as s:
            held = [slow_get(s.port) for _ in range(4)]
            late = socket.create_connection(("127.0.0.1", s.port), timeout=WITHIN)
            late.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            held[0].sendall(b": x\r\n\r\n")
            assert held[0].recv(4096)
            held[0].close()
            assert late.makefile("rb").read().endswith(b"hi")
            for c in held[1:]:
                c.close()


if __name__ == "__main__":
    run_tests(globals())
