#!/usr/bin/python3
"""`stoa call` from outside: what it sends, what it prints, its exit codes, on both implementations of
I/O."""
import contextlib
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(__file__))
from call_rig import (Peer, call, free_port, read_request, replies, reply, reset,  # noqa: E402
                      start)
from stoa_process import IO, STOA, WITHIN, Stoa, run_tests  # noqa: E402

ODD = bytes(range(1, 9)) + b"\x1b[31m\x1b]0;x\x07\x7f\x80\x9b31m\xff\xc2\x9b"


def is_plain(text):
    return all(c == "\n" or " " <= c < "\x7f" for c in text)


def stages(err):
    """The stages of the lines on stderr, in their order."""
    names = "resolve socket connect reuse write wait read close".split()
    return [line.split()[0] for line in err.split("\n") if line.split()[:1] and line.split()[0] in names
            and line[0] != " "]


def cause(err):
    found = re.findall(r"^  cause  +([a-z_.]+[a-z_])", err, re.M)
    return found[0] if found else None


def check_failed(said, code, cause_id):
    """It failed with that, said so, and showed nothing of the peer's bytes as they came."""
    assert (said.code, cause(said.err)) == (code, cause_id), said
    assert is_plain(said.err), said
    assert f"exit code {code}" in said.err.replace("\n            ", " "), said


# ---- words ----

def test_help_and_manual_name_every_option():
    said = call("--help")
    assert said.code == 0 and not said.err
    with open("man/stoa-call.1") as f:
        page = f.read()
    options = re.findall(r"^  (?:-(.), |    )--([a-z0-9-]+)", said.out.decode(), re.M)
    assert len(options) > 18
    for letter, option in options:
        assert (f".It Fl {letter} , Fl -{option}" if letter else f".It Fl -{option}") in page, option
    assert max(map(len, said.out.decode().split("\n"))) <= 110
    top = subprocess.run([STOA, "--help"], capture_output=True, text=True).stdout
    assert "stoa call" in top


def test_wrong_usage_is_said_and_exits_2():
    for args, says in (
            ((), "a target is wanted"),
            (("--frobnicate", "http://a/"), "there is no option --frobnicate"),
            (("--hedaer", "a: b", "http://a/"), "did you mean --header?"),
            (("http://a/", "one", "two"), "not more"),
            (("https://a/",), "TLS is not there yet"),
            (("ftp://a/",), "no other scheme"),
            (("http:///x",), "host is missing"),
            (("http://:80/",), "host is missing"),
            (("http://a:0/",), "from 1 to 65535"),
            (("http://a:http/",), "from 1 to 65535"),
            (("http://a:99999/",), "65535"),
            (("http://a:1:2/",), "brackets"),
            (("http://[::1/",), "bracket"),
            (("http://[abc]/",), "only an IPv6 address"),
            (("http://[fe80::1%lo]/",), "--resolve NAME:PORT:"),
            (("http://[fe80::1%25lo]:80/",), "--resolve NAME:PORT:"),
            (("http://u:p@a/",), "Authorization"),
            (("http://a/b c",), "percent-encoded"),
            (("http://a/\x1b[1m",), "percent-encoded"),
            (("http://a/\u00e9",), "percent-encoded"),
            (("http://a/" + "x" * 9000,), "longer than 8190"),
            (("http://" + "a" * 300 + "/",), "255"),
            (("example.com",), "did you mean http://example.com?"),
            (("example.com/path",), "did you mean http://example.com/path?"),
            (("a:b:c",), "brackets"),
            (("tcp://a",), "port is missing"),
            (("a:0",), "port 0"),
            (("a:",), "port is missing"),
            (("",), "address is empty"),
            (("unix:",), "path is missing"),
            (("unix:" + "x" * 200,), "at most 107"),
            (("udp://a:99999",), "65535"),
            (("-X", "", "http://a/"), "one word"),
            (("-X", "GET /x", "http://a/"), "one word"),
            (("-X", "CONNECT", "http://a/"), "tunnels"),
            (("-H", "no colon", "http://a/"), "Name: value"),
            (("-H", "A b: c", "http://a/"), "Name: value"),
            (("-H", "A: b\r\nC: d", "http://a/"), "Name: value"),
            (("-H", "A: b\nC: d", "http://a/"), "Name: value"),
            (("-H", ": x", "http://a/"), "Name: value"),
            (("-H", "Content-Length: 3", "http://a/"), "stoa itself"),
            (("-H", "Transfer-Encoding: chunked", "http://a/"), "stoa itself"),
            (("-I", "-d", "x", "http://a/"), "goes without data"),
            (("-I", "-X", "PUT", "http://a/"), "goes without -X"),
            (("-d", "x", "http://a/", "y"), "do not go together"),
            (("-d", "@/no/such/file", "http://a/"), "cannot read"),
            (("-4", "-6", "http://a/"), "do not go together"),
            (("-m", "0", "http://a/"), "at least 1ms"),
            (("-m", "soon", "http://a/"), "time"),
            (("--resolve", "a:80", "http://a/"), "HOST:PORT:ADDR"),
            (("--resolve", "a:80:b", "http://a/"), "numeric address"),
            (("--resolve", ":80:127.0.0.1", "http://a/"), "HOST:PORT:ADDR"),
            (("--resolve", "a:x:127.0.0.1", "http://a/"), "HOST:PORT:ADDR"),
            (("--resolve", "a:0:127.0.0.1", "http://a/"), "HOST:PORT:ADDR"),
            (("--resolve", "a:80:127.0.0.1%lo", "http://a/"), "HOST:PORT:ADDR"),
            (("--resolve", "a:80:fe80::1%", "http://a/"), "HOST:PORT:ADDR"),
            (("--unix", "", "http://a/"), "path is missing"),
            (("--unix", "x" * 300, "http://a/"), "at most 107"),
            (("--io", "kqueue", "http://a/"), "uring or epoll"),
            (("-L", "a:1"), "-L is for http://"),
            (("-X", "PUT", "a:1"), "-X is for http://"),
            (("-H", "A: b", "udp://a:1"), "-H is for http://"),
            (("--unix", "/x", "unix:/y"), "--unix is for http://")):
        said = call(*args)
        assert said.code == 2 and says in said.err and not said.out, (args, said)
        assert is_plain(said.err), (args, said)
    assert call("http://a/", env={"STOA_IO": "bogus"}).code == 2


def test_a_url_is_proposed_only_where_it_would_do():
    for target in ("::1:80", ":", "-", "[::1]"):
        said = call("--", target)
        assert said.code == 2 and "did you mean" not in said.err, said


def test_a_zone_is_part_of_an_address_of_resolve():
    """There is no such address here: what is told is where it was tried, and in which zone."""
    said = call("-m", "0.2", "--resolve", "a.test:9:[fe80::1%lo]", "http://a.test:9/")
    assert said.code in (21, 22, 24) and "[fe80::1%1]:9" in said.err, said


def test_a_port_by_an_unknown_name():
    for target in ("127.0.0.1:nosuchservice", "tcp://localhost:nosuchservice", "udp://[::1]:nosuchservice",
                   "a.name.invalid:nosuchservice"):
        said = call(target)
        check_failed(said, 2, "resolve.unknown_service")
        assert "no service has the name" in said.err and "getent services" in said.err, said
    said = call("http://localhost:nosuchservice/")
    assert said.code == 2 and "a number from 1 to 65535" in said.err, said


def test_a_zone_of_no_interface():
    said = call("[fe80::1%nosuchif]:9")
    check_failed(said, 10, "resolve.not_found")
    assert "no interface of the name" in said.err, said


def test_a_walk_that_the_own_machine_ends():
    said = call("--walk", "[fe80::1]:9")  # without its zone
    check_failed(said, 24, "connect.no_scope")
    assert re.search(r"^  walk +1  nobody, E[A-Z]+(, |$)", said.err, re.M), said


# ---- success ----

def test_success_is_silent_and_the_body_is_on_stdout():
    for io in IO:
        with Peer(replies(reply(b"\0binary\xff\n"))) as p:
            said = call(p.url, io=io)
            assert (said.code, said.out, said.err) == (0, b"\0binary\xff\n", ""), said
            assert p.requests[0].startswith(b"GET / HTTP/1.1\r\n"), p.requests
            assert f"Host: 127.0.0.1:{p.port}\r\n".encode() in p.requests[0]


def test_stage_lines():
    for io in IO:
        with Peer(replies(reply(b"x" * 1256, fields=[
                'Server-Timing: queue;dur=0.2, miss, handler;desc="a, b";dur=7.9']))) as p:
            said = call("-v", "--resolve", f"example.test:{p.port}:127.0.0.1",
                        f"http://example.test:{p.port}/a?b", io=io)
            assert said.code == 0 and said.out == b"x" * 1256, said
            assert stages(said.err) == "resolve socket connect write wait read close".split(), said
            assert re.search(r"^resolve +example\.test +-> 127\.0\.0\.1", said.err, re.M), said
            assert re.search(r"^socket +TCP/IPv4 +CLOSED$", said.err, re.M), said
            assert re.search(rf"^connect +127\.0\.0\.1:\d+ -> 127\.0\.0\.1:{p.port} \(ephemeral port\) +"
                             r"SYN_SENT -> ESTABLISHED +[0-9.]+ ms, 1 SYN$", said.err, re.M), said
            sent = len(p.requests[0])
            assert re.search(rf"^write +GET /a\?b HTTP/1\.1, {sent} bytes +[0-9.]+ ms$", said.err,
                             re.M), said
            assert re.search(r"^wait +first byte of the reply +[0-9.]+ ms  \(server says: queue 0\.2, "
                             r"handler 7\.9\)$", said.err, re.M), said
            assert re.search(r"^read +200 OK, 1,256 bytes +[0-9.]+ ms$", said.err, re.M), said
            assert re.search(r"^close +FIN ", said.err, re.M), said


def test_the_end_of_a_connection_to_all_addresses():
    """The server here lets the client close first."""
    with Stoa("--text", "hello") as s:
        said = call("-v", f"http://0.0.0.0:{s.port}/")
        assert said.code == 0 and re.search(r"^close +FIN sent.* (TIME_WAIT|FIN_WAIT.)$", said.err, re.M), said


def test_stages_are_told_when_they_are_passed():
    for io in IO:
        for last in ("write", "wait"):  # with no reply yet; with no end of it
            told = threading.Event()

            def handle(peer, c):
                read_request(c)
                text = reply()
                if last == "wait":
                    c.sendall(text[:-1])
                    text = text[-1:]
                assert told.wait(WITHIN)
                c.sendall(text)

            with Peer(handle) as p:
                running = start("-v", p.url, io=io, stdin=subprocess.DEVNULL)
                while not running.stderr.readline().startswith(last.encode()):
                    assert running.poll() is None
                told.set()
                out, err = running.communicate(timeout=WITHIN)
                assert (running.returncode, out) == (0, b"hello\n"), err


def test_our_own_server():
    for io in IO:
        with Stoa("--text", "hello", io=io) as s:
            said = call("-v", "-i", s.url, io=io)
            assert said.code == 0 and said.out.endswith(b"\r\n\r\nhello"), said
            assert said.out.startswith(b"HTTP/1.1 200 OK\r\n")
            assert re.search(r"^close +FIN sent.* (FIN_WAIT1|FIN_WAIT2|TIME_WAIT)$", said.err, re.M), said


def test_what_is_sent():
    with tempfile.TemporaryDirectory() as d, Peer(replies(reply())) as p:
        path = os.path.join(d, "f")
        with open(path, "wb") as f:
            f.write(b"a\0b\r\n")

        def sent(*args, **more):
            said = call(*args, p.url, *more.pop("data", []), **more)
            assert said.code == 0, said
            head, _, body = p.requests[-1].partition(b"\r\n\r\n")
            return head.split(b"\r\n"), body

        head, body = sent("-d", "a=1", "--data", "b=2")
        assert head[0] == b"POST / HTTP/1.1" and body == b"a=1&b=2"
        assert b"Content-Type: application/x-www-form-urlencoded" in head
        assert b"Content-Length: 7" in head
        assert sent(data=["words"])[1] == b"words"
        assert sent(data=["@literal"])[1] == b"@literal"
        assert sent("-d", "@" + path)[1] == b"a\0b\r\n"
        big = os.urandom(3 << 20)
        assert sent("-d", "@-", stdin=big)[1] == big
        head, body = sent("-d", "")
        assert head[0] == b"POST / HTTP/1.1" and b"Content-Length: 0" in head and body == b""
        head, _ = sent("-X", "PUT", "-H", "Content-Type: text/plain", "-H", "X-A:  b c ", "-d", "x")
        assert head[0] == b"PUT / HTTP/1.1" and b"X-A: b c" in head
        assert b"Content-Type: text/plain" in head and len([h for h in head if b"ontent-" in h]) == 2
        assert sent("-X", "DELETE")[0][0] == b"DELETE / HTTP/1.1"
        head, _ = sent("-H", "Host: other")
        assert b"Host: other" in head and len([h for h in head if h.startswith(b"Host")]) == 1
        assert [h for h in sent()[0] if h.startswith(b"User-Agent: stoa")]


def test_a_body_that_does_not_come_in_time():
    """The time of -m runs while files are read, wherever it stands among the options."""
    with tempfile.TemporaryDirectory() as d:
        fifo = os.path.join(d, "fifo")
        os.mkfifo(fifo)

        def late(*args, **popen):
            running = start(*args, **popen)
            with running:  # its standard input stays open
                assert running.wait(WITHIN) == 60, running
                return running.stderr.read().decode()

        nobody = late("-d", "@" + fifo, "-m", "0.1", "http://127.0.0.1:9/")
        assert cause(nobody) == "request.body_late" and is_plain(nobody), nobody
        said = " ".join(nobody.split())
        assert f"reading the body from {fifo} took too long: nothing came" in said, said
        assert "nothing was sent yet" in said, said
        writer = os.open(fifo, os.O_RDWR)
        os.write(writer, b"x")
        said = " ".join(late("-m", "0.1", "-d", "a&b", "-d", "@" + fifo, "tcp://127.0.0.1:9").split())
        assert f"from {fifo} took too long: 1 byte came" in said, said
        os.close(writer)
        said = " ".join(late("-m", "0.1", "-d", "@-", "http://127.0.0.1:9/").split())
        assert "from standard input took too long: nothing came" in said, said
        report = json.loads(late("-m", "0.1", "--json", "-d", "@-", "http://127.0.0.1:9/"))
        assert report["cause"]["id"] == "request.body_late" and report["total_ms"] >= 100 and report["exchanges"] == [], report
        said = late("-m", "0.1", "-d", "@/dev/zero", "http://127.0.0.1:9/")  # without an end, but never silent
        assert cause(said) == "request.body_late", said


def test_a_body_from_a_fifo():
    with tempfile.TemporaryDirectory() as d, Peer(replies(reply(), reply())) as p:
        fifo = os.path.join(d, "fifo")
        os.mkfifo(fifo)
        for parts in ((), (b"one ", b"two")):
            running = start("-d", "@" + fifo, p.url, stdin=subprocess.DEVNULL)
            with open(fifo, "wb", buffering=0) as writer:  # waits for its reader
                for part in parts:
                    writer.write(part)
            out, err = running.communicate(timeout=WITHIN)
            assert (running.returncode, out, err) == (0, b"hello\n", b""), (out, err)
            assert p.requests[-1].partition(b"\r\n\r\n")[2] == b"".join(parts)


def test_head_and_include():
    with Peer(replies(reply(b"body", fields=["ETag: \"x\"", b"X-Odd: \xff\xc2\x9b"]))) as p:
        said = call("-i", p.url)
        assert said.code == 0 and said.out.endswith(b"\r\n\r\nbody"), said
        assert b"\r\nX-Odd: \xff\xc2\x9b\r\n" in said.out
    with Peer(replies(reply(b"", length=1000))) as p:
        said = call("-I", p.url)
        assert said.code == 0 and b"\r\nContent-Length: 1000\r\n" in said.out, said
        assert p.requests[0].startswith(b"HEAD ")


def test_output_file():
    with tempfile.TemporaryDirectory() as d, Peer(replies(reply(b"to the file"))) as p:
        path = os.path.join(d, "f")
        with open(path, "w") as f:
            f.write("what was there before, and longer")
        said = call("-o", path, p.url)
        assert (said.code, said.out, said.err) == (0, b"", ""), said
        with open(path, "rb") as f:
            assert f.read() == b"to the file"
        said = call("-o", "/no/such/folder/f", p.url)
        assert said.code == 1 and "/no/such/folder/f" in said.err and "ENOENT" in said.err, said
        said = call("-o", "/dev/full", p.url)
        assert said.code == 1 and "ENOSPC" in said.err, said


def test_every_framing_of_a_reply():
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n"
    for io in IO:
        for text, body in ((chunked, b"abcde"), (b"HTTP/1.0 200 OK\r\n\r\nto the end", b"to the end"),
                           (b"HTTP/1.1 100 Continue\r\n\r\n" + reply(), b"hello\n"),
                           (b"HTTP/1.1 204 No Content\r\n\r\n", b"")):
            with Peer(replies(text)) as p:
                said = call(p.url, io=io)
                assert (said.code, said.out, said.err) == (0, body, ""), said


def test_a_large_body_is_passed_on_as_it_comes():
    part = os.urandom(1 << 20)
    for io in IO:
        seen = threading.Event()

        def handle(peer, c):
            read_request(c)
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (48 * len(part)) + part)
            assert seen.wait(WITHIN)  # nothing more before the first part has come out
            for _ in range(47):
                c.sendall(part)

        with Peer(handle) as p:
            running = start(p.url, io=io, stdin=subprocess.DEVNULL)
            got = running.stdout.read(len(part))
            seen.set()
            assert got == part
            for _ in range(47):
                assert running.stdout.read(len(part)) == part
            assert running.communicate(timeout=WITHIN) == (b"", b"")
            assert running.returncode == 0


def test_a_reader_that_has_enough_is_no_failure():
    for io in IO:
        with Peer(replies(reply(b"x" * (4 << 20)))) as p:
            running = start(p.url, io=io, stdin=subprocess.DEVNULL)
            assert running.stdout.read(10) == b"x" * 10
            running.stdout.close()
            err = running.stderr.read()
            assert (running.wait(WITHIN), err) == (0, b"")
            running.stderr.close()


def test_families_and_names():
    with Peer(replies(reply()), family=socket.AF_INET6) as p6, Peer(replies(reply())) as p4:
        assert call("-6", f"http://localhost:{p6.port}/").code == 0
        assert call("-4", f"http://localhost:{p4.port}/").code == 0
        assert call(f"http://[::1]:{p6.port}/").code == 0
        said = call("-v", f"http://localhost:{p4.port}/")  # both are tried; one is refused
        assert said.code == 0 and "127.0.0.1" in said.err, said
        assert f"Host: [::1]:{p6.port}\r\n".encode() in p6.requests[1]
    for option, host, detail in (("-6", "127.0.0.1", "an IPv4 address, and only IPv6 is allowed"),
                                 ("-4", "[::1]", "an IPv6 address, and only IPv4 is allowed")):
        said = call(option, f"http://{host}:1/")
        check_failed(said, 10, "resolve.other_family")
        assert detail in said.err and "Leave -4 or -6 out" in said.err, said
    said = call("http://no.such.host.invalid/")
    check_failed(said, 10, "resolve.not_found")
    assert stages(said.err) == ["resolve"], said


def test_unix():
    for io in IO:
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "s")
            with Peer(replies(reply()), path=path) as p:
                said = call("-v", "--unix", path, "http://name.of.it/x", io=io)
                assert said.code == 0 and said.out == b"hello\n", said
                assert b"Host: name.of.it\r\n" in p.requests[0]
                assert re.search(r"^connect +unix:\S+ +CONNECTED", said.err, re.M), said
            said = call("--unix", path, "http://x/", io=io)
            check_failed(said, 20, "connect.unix_stale")
            said = call("--unix", os.path.join(d, "none"), "http://x/", io=io)
            check_failed(said, 20, "connect.unix_missing")


def test_no_permission_for_a_unix_socket():
    if os.getuid() != 0:
        return
    with tempfile.TemporaryDirectory() as d:
        os.chmod(d, 0o755)
        path = os.path.join(d, "s")
        with Peer(replies(reply()), path=path):
            os.chmod(path, 0o600)
            check_failed(call("--unix", path, "http://x/", user=65534), 6, "connect.unix_permission")


# ---- redirects ----

def test_redirects_are_followed_only_when_asked():
    with Peer(replies(reply(b"there", status="302 Found", fields=["Location: /x"]))) as p:
        assert call(p.url).out == b"there"


def test_methods_after_a_redirect():
    for status, first, then in (
            (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (307, "POST", "POST"),
            (308, "POST", "POST"), (301, "PUT", "PUT"), (302, "PUT", "PUT"), (303, "PUT", "GET"),
            (303, "HEAD", "HEAD"), (301, "GET", "GET"), (307, "DELETE", "DELETE")):
        with Peer(replies(reply(b"", f"{status} X", ["Location: ../b?c#d"]), reply(b""))) as p:
            body = ["-d", "data", "-H", "Content-Language: xx"] if first in ("POST", "PUT") else []
            said = call("-L", "-X", first, *body, p.url + "a/a")
            assert said.code == 0, said
            head, _, data = p.requests[1].partition(b"\r\n\r\n")
            assert head.startswith(f"{then} /b?c HTTP/1.1\r\n".encode()), (status, first, head)
            keeps = then == first and body
            assert data == (b"data" if keeps else b""), (status, first, data)
            assert (b"Content-Language" in head) == bool(keeps), head


def test_redirects_on_one_connection_and_to_another_host():
    for io in IO:
        with Peer(replies(reply(b"secret", "200 OK"))) as other:
            first = reply(b"", "307 X", [f"Location: http://127.0.0.1:{other.port}/there"])
            second = reply(b"gone", "302 X", ["Location: /again"])
            with Peer(replies(second, first)) as p:
                said = call("-v", "-L", "-H", "Authorization: Basic eA==", "-H", "Cookie: a=b", "-H",
                            "X-Mine: 1", p.url, io=io)
                assert said.code == 0 and said.out == b"secret", said
                assert stages(said.err).count("connect") == 2 and "reuse" in stages(said.err), said
                assert all(b"Authorization" in r and b"Cookie" in r for r in p.requests)
                assert b"X-Mine: 1" in other.requests[0]
                assert b"Authorization" not in other.requests[0] and b"Cookie" not in other.requests[0]


def test_a_kept_connection_that_has_ended_is_told_with_the_new_one():
    """The peer ends it under the second request, when its stages have been told so far."""
    for io in IO:
        told = threading.Event()

        def handle(peer, c):
            request = read_request(c)
            if request.startswith(b"GET /there "):
                c.sendall(reply())
                return
            c.sendall(reply(b"", "302 X", ["Location: /there"]))
            if read_request(c):
                told.wait(WITHIN)

        with Peer(handle) as p, start("-v", "-L", p.url, io=io, text=True) as process:
            lines = []
            for line in process.stderr:
                lines.append(line)
                if len(lines) > 1 and lines[-2].startswith("reuse"):
                    told.set()  # what follows it was told, too
            assert process.wait(WITHIN) == 0 and process.stdout.read() == "hello\n"
            names = [line.split()[0] for line in lines]
            then = names[names.index("reuse"):]
            assert then == ["reuse", "write", "socket", "connect", "write", "wait", "read", "close", "close"], lines


def test_the_body_of_a_redirect_is_not_read_for_ever():
    def endless(peer, c):
        if read_request(c).startswith(b"GET /there "):
            c.sendall(reply())
            return
        c.sendall(b"HTTP/1.1 302 X\r\nLocation: /there\r\n\r\n")
        while True:
            c.sendall(b"x" * 65536)

    for io in IO:
        with Peer(endless) as p:
            said = call("-L", p.url, io=io)
            assert (said.code, said.out, said.err) == (0, b"hello\n", ""), said


def test_redirects_that_are_not_followed():
    with Peer(replies(*[reply(b"", "302 X", ["Location: /"])] * 30)) as p:
        check_failed(call("-L", p.url), 44, "reply.redirects_many")
        assert len(p.requests) == 11
    for location, code, id_ in (("https://a/", 45, "reply.redirect_scheme"),
                                ("file:///etc/passwd", 45, "reply.redirect_scheme"),
                                ("http:///x", 44, "reply.redirect_malformed"),
                                ("http://a:0/", 44, "reply.redirect_malformed"),
                                ("//u:p@a/", 44, "reply.redirect_malformed")):
        with Peer(replies(reply(b"", "302 X", [f"Location: {location}"]))) as p:
            said = call("-L", p.url)
            check_failed(said, code, id_)
            assert location.lstrip("/") in said.err.replace("\n            ", ""), said
            assert "tcp://" not in said.err, said  # which no redirect leads to
    with Peer(replies(reply(b"as it is", "302 X"))) as p:  # it leads nowhere
        assert call("-L", p.url).out == b"as it is"
    with Peer(replies(reply(b"", "302 X", [b"Location: /\xc3\xa9 x"]), reply())) as p:
        assert call("-L", p.url).code == 0
        assert p.requests[1].startswith(b"GET /%C3%A9%20x HTTP/1.1\r\n")


# ---- failures ----

def test_refused():
    held, port = free_port()
    with held:
        for io in IO:
            for target in (f"http://127.0.0.1:{port}/", f"127.0.0.1:{port}", f"tcp://127.0.0.1:{port}"):
                said = call(target, io=io)
                check_failed(said, 20, "connect.refused")
                assert stages(said.err) == ["socket", "connect"], said
                assert "SYN_SENT -> CLOSED" in said.err and "ECONNREFUSED" in said.err, said
                assert "who " in said.err and "rules out" in said.err and "  try" in said.err, said


def test_walk():
    held, port = free_port()
    with held:
        for io in IO:
            said = call("--walk", f"127.0.0.1:{port}", io=io)
            check_failed(said, 20, "connect.refused")
            assert re.search(r"^  walk +1  127\.0\.0\.1, a reset, [0-9.]+ ms\n +the reset comes from 1 hop "
                             r"away$", said.err, re.M), said
            told = json.loads(call("--walk", "--json", f"http://127.0.0.1:{port}/", io=io).err)
            assert [(h["ttl"], h["by"], h["error"]) for h in told["walk"]] == [
                (1, "127.0.0.1", "ECONNREFUSED")], told
            said = call("--walk", f"udp://127.0.0.1:{port}", "x", io=io)
            assert "walk" not in said.err.replace("--walk", ""), said
    with Peer(replies(reply())) as p:
        assert call("--walk", p.url).err == ""  # there is nothing to find out


def test_nobody_accepts():
    with socket.socket() as lis, contextlib.ExitStack() as held:
        lis.bind(("127.0.0.1", 0))
        lis.listen(0)
        held.enter_context(socket.create_connection(lis.getsockname()))  # its queue takes one
        for io in IO:
            said = call("-m", "1.5", f"127.0.0.1:{lis.getsockname()[1]}", io=io)
            check_failed(said, 21, "connect.queue_full")
            assert f"pid {os.getpid()}" in said.err, said


def test_a_process_here_that_never_reads():
    for io in IO:
        with socket.create_server(("127.0.0.1", 0)) as lis:
            url = f"http://127.0.0.1:{lis.getsockname()[1]}/"
            said = call("-m", "1", url, io=io)
            check_failed(said, 42, "reply.never_read")
            assert "accept queue" in said.err, said
            lis.accept()[0].close()
            running = start("-m", "1", url, io=io, stdin=subprocess.DEVNULL)
            with lis.accept()[0]:
                err = b" ".join(running.communicate(timeout=WITHIN)[1].split())
                assert running.returncode == 42 and b"reply.never_read" in err, err
                assert f"unread in the receive buffer of pid {os.getpid()}".encode() in err, err


def fails(handle, code, id_, *args, says=()):
    for io in IO:
        with Peer(handle) as p:
            said = call(*args, p.url, io=io)
            check_failed(said, code, id_)
            for text in says:
                assert text in said.err.replace("\n            ", " "), (text, said)


def test_replies_that_fail():
    def silent(peer, c):
        read_request(c)
        peer.gone.wait(WITHIN)

    def halfway(peer, c):
        read_request(c)
        c.sendall(reply(b"half", length=8))
        peer.gone.wait(WITHIN)

    def closes_at_once(peer, c):
        read_request(c)

    def resets(peer, c):
        read_request(c)
        reset(c)

    def resets_within(peer, c):
        read_request(c)
        c.sendall(reply(b"half", length=8))
        peer.may_reset.wait(WITHIN)
        reset(c)

    fails(closes_at_once, 40, "reply.closed")
    fails(resets, 41, "reply.reset_after_request")
    fails(silent, 42, "reply.timeout", "-m", "1")
    fails(halfway, 42, "reply.stalled", "-m", "1")
    fails(replies(reply(b"half", length=8)), 43, "reply.truncated", says=["4 of 8"])
    fails(replies(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), 43,
          "reply.truncated_chunks")
    fails(replies(b"HTTP/1.1 200 OK\r\nServ"), 43, "reply.truncated_head")
    fails(replies(b"HTTP/1.1 200 OK\r\nA: \x01\x1b[31m\r\n\r\n"), 44, "reply.malformed_head")
    fails(replies(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), 44,
          "reply.malformed_length")
    fails(replies(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 44,
          "reply.malformed_chunk")
    fails(replies(b"\x15\x03\x01\x00\x02\x02\x46"), 45, "reply.tls")
    fails(replies(b"SSH-2.0-\x1b[31mOpenSSH\r\n"), 45, "reply.ssh")
    fails(replies(ODD * 4 + b"\r\n"), 45, "reply.not_http")
    for io in IO:  # a reset may overtake what came before it: only once that has been seen
        with Peer(resets_within) as p:
            p.may_reset = threading.Event()
            running = start(p.url, io=io, stdin=subprocess.DEVNULL)
            assert running.stdout.read(4) == b"half"
            p.may_reset.set()
            out, err = running.communicate(timeout=WITHIN)
            assert running.returncode == 41 and b"reply.reset_within" in err, err


def test_fail_option():
    for status, code in (("200 OK", 0), ("399 X", 0), ("400 Bad Request", 50), ("503 X", 50)):
        with Peer(replies(reply(b"page", status))) as p:
            said = call("-f", p.url)
            assert (said.code, said.out) == (code, b"" if code else b"page"), said
            if code:
                check_failed(said, 50, "reply.http_error")
                assert status[:3] in said.err, said
            assert call(p.url).code == 0


def test_a_body_that_goes_on_past_the_deadline():
    def drips(peer, c):
        read_request(c)
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not peer.gone.wait(0.02):
            c.sendall(b"x")

    for io in IO:
        with Peer(drips) as p:
            said = call("-m", "2", p.url, io=io)
            check_failed(said, 60, "reply.deadline")
            assert said.out.startswith(b"x"), said


def test_an_interrupt_tells_what_is_known():
    for io in IO:
        asked = threading.Event()

        def silent(peer, c):
            read_request(c)
            asked.set()
            peer.gone.wait(WITHIN)

        with Peer(silent) as p:
            running = start(p.url, io=io, stdin=subprocess.DEVNULL)
            assert asked.wait(WITHIN)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=WITHIN)
            assert running.returncode == 130 and b"interrupted" in err and b"\nwrite " in err, err
            assert out == b""


def test_nothing_of_the_peer_reaches_stderr_unescaped():
    for io in IO:
        for text in (ODD, b"HTTP/1.1 200 " + ODD + b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + ODD + b": x\r\n\r\n",
                     reply(b"", "302 X", [b"Location: http://a/\x80\xff\xc2\x9b:"]),
                     reply(b"", "302 X", [b"Location: \x80\xc2\x9b://\xff"]),
                     reply(b"x", fields=[b"Server-Timing: \xff\xc2\x9b;dur=\x80\xc2\x9b"]),
                     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + ODD + b"\r\n"):
            with Peer(replies(text)) as p:
                for args in (("-v",), ("-L",), ("--json",), ("--timings",)):
                    said = call("-m", "5", *args, p.url, io=io)
                    assert is_plain(said.err), (text, said)


# ---- terminals ----

def on_terminal(*args):
    """What a call writes to a terminal, and its exit code."""
    main, side = pty.openpty()
    running = start(*args, stdin=subprocess.DEVNULL, stdout=side)
    os.close(side)
    shown = b""
    with contextlib.suppress(OSError):  # EIO: the other end has gone
        while True:
            shown += os.read(main, 65536)
    os.close(main)
    err = running.stderr.read()
    running.stderr.close()
    return running.wait(WITHIN), shown, err


def test_a_terminal_sees_text_only():
    for body, is_text in ((b"plain \xc3\xa9\t\n", True), (b"\x1b[31m", False), (b"a\0b", False),
                          (b"\xc2\x9b31m", False), (b"\x7f", False)):
        with Peer(replies(reply(body))) as p:
            code, shown, err = on_terminal(p.url)
            if is_text:
                assert (code, shown, err) == (0, body.replace(b"\n", b"\r\n"), b""), (shown, err)
            else:
                assert code == 2 and b"-o -" in err and shown == b"", (body, shown, err)
                code, shown, err = on_terminal("-o", "-", p.url)
                assert (code, shown, err) == (0, body, b""), (body, shown, err)


# ---- reports for programs ----

def test_json():
    for io in IO:
        odd = bytes(range(0x80, 0x100)) + b'"\\/'
        with Peer(replies(reply(b"body", "302 X", ["Location: /b"]), reply(b"body", fields=[
                b"X-Odd: " + odd]))) as p:
            said = call("--json", "-L", "-X", "GET", p.url, io=io)
            assert said.code == 0 and said.out == b"body", said
            assert is_plain(said.err) and said.err.count("\n") == 1
            told = json.loads(said.err)
            assert told["target"] == p.url and told["exit_code"] == 0 and told["cause"] is None
            first, second = told["exchanges"]
            assert first["status"] == 302 and second["status"] == 200 and second["reused"]
            assert dict(map(tuple, second["fields"]))["X-Odd"].encode("latin-1") == odd
            assert first["tries"][0]["to"] == f"127.0.0.1:{p.port}" and first["connected"] == 0
            assert first["url"] == p.url and second["url"] == p.url + "b"
            assert second["whole"] and second["body_bytes"] == 4
            assert all(first[k] >= 0 for k in ("write_ms", "wait_ms", "read_ms"))
            assert told["total_ms"] >= first["wait_ms"] + second["wait_ms"]


def test_json_of_failures():
    held, port = free_port()
    with held:
        said = call("--json", f"127.0.0.1:{port}")
        told = json.loads(said.err)
        assert said.code == told["exit_code"] == 20
        assert told["cause"]["id"] == "connect.refused" and told["cause"]["stage"] == "connect"
        assert told["error"] == "ECONNREFUSED"
        assert told["exchanges"][0]["tries"][0]["syns"] == 1
        assert told["exchanges"][0]["method"] is None and told["exchanges"][0]["connected"] == -1
    with tempfile.TemporaryDirectory() as d:
        odd = os.path.join(os.fsencode(d), b"\xff\"\\\x01\xc3\xa9")
        told = json.loads(call("--json", b"unix:" + odd).err)
        assert told["target"].encode("latin-1") == b"unix:" + odd
        assert told["cause"]["id"] == "connect.unix_missing"


def test_json_members_are_documented():
    with open("man/stoa-call.1") as f:
        page = f.read()
    with Peer(replies(reply())) as p:
        told = json.loads(call("--json", p.url).err)
    x = told["exchanges"][0]
    for name in (*told, *x, *x["tries"][0], "id", "stage", "what", "rules_out", "try"):
        assert re.search(rf"^\.(It )?.*\b{name}\b", page, re.M), name


def test_timings():
    with Peer(replies(reply())) as p:
        said = call("--timings", p.url)
        assert said.code == 0
        told = dict(pair.split("=") for pair in said.err.split())
        assert told["status"] == "200" and told["exit_code"] == "0" and told["cause"] == "-"
        assert all(float(told[k]) >= 0 for k in ("connect_ms", "write_ms", "wait_ms", "read_ms", "total_ms"))
    held, port = free_port()
    with held:
        last = call("--timings", f"http://127.0.0.1:{port}/").err.strip().split("\n")[-1]
        assert "write_ms=- " in last and "exit_code=20 cause=connect.refused" in last, last


# ---- raw peers ----

def echo(peer, c):
    while True:
        got = c.recv(65536)
        if not got:
            return
        c.sendall(got)


def test_raw_echo_with_half_close():
    data = os.urandom(5 << 20)
    for io in IO:
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "s")
            with Peer(echo) as p, Peer(echo, path=path):
                for target in (f"127.0.0.1:{p.port}", f"tcp://localhost:{p.port}", f":{p.port}",
                               f"unix:{path}"):
                    if target[0] in "t:":  # only IPv4 is listened on
                        said = call("-4", target, io=io, stdin=data)
                    else:
                        said = call(target, io=io, stdin=data)
                    assert said.code == 0 and said.out == data and not said.err, (target, len(said.out))
                    assert call("-4", target, "data", io=io).out == b"data"
                said = call("-v", f"127.0.0.1:{p.port}", "data", io=io)
                assert stages(said.err) == "socket connect write wait read close".split(), said
                assert "4 bytes" in said.err, said


def test_raw_peer_speaks_first_while_input_is_quiet():
    for io in IO:
        def greets(peer, c):
            c.sendall(b"220 hi\r\n")
            line = c.recv(100)
            c.sendall(b"you said " + line)

        with Peer(greets) as p:
            running = start(f"127.0.0.1:{p.port}", io=io)
            assert running.stdout.read(8) == b"220 hi\r\n"
            running.stdin.write(b"x\n")
            running.stdin.flush()
            assert running.stdout.read() == b"you said x\n"
            # The peer's end is the end, though our input goes on.
            assert running.wait(WITHIN) == 0
            assert running.stderr.read() == b""
            for stream in (running.stdin, running.stdout, running.stderr):
                stream.close()


def test_raw_failures():
    def silent(peer, c):
        c.recv(100)
        peer.gone.wait(WITHIN)

    def resets(peer, c):
        c.recv(100)
        reset(c)

    def some_then_silent(peer, c):
        c.sendall(b"some")
        peer.gone.wait(WITHIN)

    for io in IO:
        for handle, code, id_, args in ((silent, 42, "reply.timeout", ("-m", "1")),
                                        (some_then_silent, 60, "reply.deadline", ("-m", "1")),
                                        (resets, 41, "reply.reset_after_request", ())):
            with Peer(handle) as p:
                said = call(*args, f"127.0.0.1:{p.port}", "data", io=io)
                check_failed(said, code, id_)


def test_raw_deadline_with_a_quiet_input_and_a_full_pipe():
    def floods(peer, c):
        while True:
            c.sendall(b"x" * 65536)

    for io in IO:
        with Peer(floods) as p:
            running = start("-m", "0.5", f"127.0.0.1:{p.port}", io=io)  # nobody reads, nobody writes
            assert running.wait(WITHIN) == 60
            for stream in (running.stdin, running.stdout, running.stderr):
                stream.close()


def test_raw_input_that_cannot_be_read():
    for io in IO:
        with Peer(echo) as p:
            folder = os.open("/", os.O_RDONLY)
            running = start(f"127.0.0.1:{p.port}", io=io, stdin=folder)
            os.close(folder)
            out, err = running.communicate(timeout=WITHIN)
            assert running.returncode == 1 and b"standard input" in err and b"EISDIR" in err, err


def test_an_interrupt_ends_a_raw_call_that_waits_for_both_sides():
    for io in IO:
        with Peer(echo) as p:
            running = start(f"127.0.0.1:{p.port}", io=io)
            running.stdin.write(b"x")
            running.stdin.flush()
            assert running.stdout.read(1) == b"x"
            running.send_signal(signal.SIGINT)
            assert running.wait(WITHIN) == 130
            assert b"interrupted" in running.stderr.read()
            for stream in (running.stdin, running.stdout, running.stderr):
                stream.close()


def test_udp():
    for io in IO:
        with Stoa("--echo", listen="udp://127.0.0.1:0", io=io) as s:
            target = f"udp://127.0.0.1:{s.port}"
            said = call(target, "ping", io=io)
            assert (said.code, said.out, said.err) == (0, b"ping", ""), said
            said = call(target, io=io, stdin=b"from a pipe")
            assert (said.code, said.out, said.err) == (0, b"from a pipe", ""), said
            said = call("-v", target, "x" * 60000, io=io)
            assert said.code == 0 and len(said.out) == 60000, said
            assert "UDP/IPv4" in said.err
            assert call(target, "x" * 70000, io=io).code == 2
    for io in IO:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
            mute.bind(("127.0.0.1", 0))
            port = mute.getsockname()[1]
            check_failed(call("-m", "1", f"udp://127.0.0.1:{port}", "x", io=io), 42, "reply.none_udp")
        check_failed(call(f"udp://127.0.0.1:{port}", "x", io=io), 20, "connect.refused_udp")


if __name__ == "__main__":
    run_tests(globals())
