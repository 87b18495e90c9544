#!/usr/bin/python3
"""A folder that is not tidy: links, pipes, devices, no permission, files that change, shrink and
grow while they are sent."""
import contextlib
import http.client
import os
import shutil
import socket
import stat
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from stoa_process import IO, STOA, WITHIN, Stoa, run_tests  # noqa: E402

NOBODY = 65534
MIB = 1024 * 1024


@contextlib.contextmanager
def folder():
    root = tempfile.mkdtemp()
    os.chmod(root, 0o755)
    try:
        yield root
    finally:
        shutil.rmtree(root)


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def get(s, target):
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=WITHIN)
    c.request("GET", target)
    r = c.getresponse()
    body = r.read()
    c.close()
    return r.status, body


def expect(s, target, status, body=None):
    got = get(s, target)
    assert got[0] == status and (body is None or got[1] == body), (target, got[0], got[1][:100])


def test_links():
    with folder() as top:
        root = top + "/root"
        os.makedirs(root + "/d")
        write(top + "/secret", b"secret")
        write(root + "/a", b"a")
        for name, to in (("in", "a"), ("in-d", "d"), ("d/up", "../a"), ("dangling", "none"),
                         ("out", "../secret"), ("out-abs", top + "/secret"), ("abs", root + "/a"),
                         ("out-d", ".."), ("self", "self"), ("d/around", "../../root/a"),
                         ("proc", "/proc/self/root/etc/passwd"), ("here", ".")):
            os.symlink(to, f"{root}/{name}")
        for io in IO:
            with Stoa(root, "-w", "1", "--list", io=io) as s:
                for target in ("/a", "/in", "/d/up", "/here/a", "/here/here/in"):
                    expect(s, target, 200, b"a")
                expect(s, "/in-d", 301)
                expect(s, "/dangling", 404)
                for target in ("/out", "/out-abs", "/abs", "/out-d/secret", "/out-d/", "/d/around",
                               "/proc", "/self"):
                    status, body = get(s, target)
                    assert status == 403 and b"secret" not in body, (target, status)
                page = get(s, "/")[1]
                assert b'"in"' in page and b'"in-d/"' in page
                for name in (b"out", b"dangling", b"self", b"abs"):
                    assert b'"' + name not in page, name


def test_what_is_no_file_is_never_opened():
    with folder() as root, socket.socket(socket.AF_UNIX) as unix:
        os.mkfifo(root + "/fifo")
        os.mkdir(root + "/d")
        os.mkfifo(root + "/d/index.html")
        write(root + "/a", b"a")
        os.mkfifo(root + "/a.gz")
        unix.bind(root + "/socket")
        targets = ["/fifo", "/socket", "/d/"]
        with contextlib.suppress(PermissionError):
            os.mknod(root + "/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
            os.mknod(root + "/loop", 0o666 | stat.S_IFBLK, os.makedev(7, 250))
            targets += ["/null", "/loop"]
        for io in IO:
            opened = threading.Event()
            writer = threading.Thread(target=lambda: (os.close(os.open(root + "/fifo", os.O_WRONLY)),
                                                      opened.set()))
            writer.start()
            with Stoa(root, "-w", "1", io=io) as s:
                for _ in range(3):
                    for target in targets:
                        expect(s, target, 403)
                    expect(s, "/a", 200, b"a")
            assert not opened.is_set()  # it would be, had the server opened the FIFO to read
            os.close(os.open(root + "/fifo", os.O_RDONLY))
            writer.join()


def can_run_as_nobody():
    """Whether we are root, and nobody may run the command where it lies."""
    if os.getuid() != 0:
        return False
    path = os.path.abspath(STOA)
    while path != "/":
        if not os.stat(path).st_mode & 0o001:
            return False
        path = os.path.dirname(path)
    return True


def test_no_permission():
    if not can_run_as_nobody():
        return
    with folder() as root:
        for name in ("a", "open", "d/a", "blind/a", "closed/a"):
            os.makedirs(os.path.dirname(f"{root}/{name}"), exist_ok=True)
            write(f"{root}/{name}", b"a")
        os.chmod(root + "/a", 0o600)
        os.chmod(root + "/blind", 0o711)
        os.chmod(root + "/closed", 0o700)
        for io in IO:
            with Stoa(root, "-w", "1", "--list", io=io, user=NOBODY, group=NOBODY,
                      extra_groups=[]) as s:
                for target in ("/a", "/blind/", "/closed/", "/closed/a", "/closed/none"):
                    expect(s, target, 403)
                for target in ("/open", "/d/a", "/blind/a"):
                    expect(s, target, 200, b"a")
                expect(s, "/", 200)
                os.chmod(root + "/open", 0o600)
                wait_until(lambda: get(s, "/open")[0] == 403)
                os.chmod(root + "/open", 0o644)
                wait_until(lambda: get(s, "/open")[0] == 200)


def wait_until(true):
    end = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_changes_are_noticed():
    with folder() as root:
        for io in IO:
            write(root + "/a", b"first")
            write(root + "/large", b"1" * 200_000)
            with Stoa(root, "-w", "1", io=io) as s:
                expect(s, "/a", 200, b"first")
                write(root + "/a", b"other")  # in place, of the same size
                wait_until(lambda: get(s, "/a") == (200, b"other"))
                write(root + "/new", b"moved")
                os.rename(root + "/new", root + "/a")
                wait_until(lambda: get(s, "/a") == (200, b"moved"))
                os.unlink(root + "/a")
                wait_until(lambda: get(s, "/a")[0] == 404)
                os.mkdir(root + "/a")
                wait_until(lambda: get(s, "/a")[0] == 301)
                os.rmdir(root + "/a")
                expect(s, "/large", 200, b"1" * 200_000)
                write(root + "/new", b"2" * 200_001)
                os.rename(root + "/new", root + "/large")
                expect(s, "/large", 200, b"2" * 200_001)
                write(root + "/late", b"late")
                expect(s, "/late", 200, b"late")


def start_slow_get(s, target):
    """Asks, and reads the head only: the connection, the announced length, what came of the body."""
    c = socket.socket()
    c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    c.settimeout(WITHIN)
    c.connect(("127.0.0.1", s.port))
    c.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    data = b""
    while b"\r\n\r\n" not in data:
        data += c.recv(4096)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length:"))
    return c, int(length.split(b":")[1]), len(body)


def test_a_file_that_shrinks_ends_the_connection():
    with folder() as root:
        for io in IO:
            with Stoa(root, "-w", "1", io=io) as s:
                write(root + "/a", b"a")
                with open(root + "/large", "wb") as f:
                    f.truncate(64 * MIB)
                c, length, got = start_slow_get(s, "/large")
                assert length == 64 * MIB
                os.truncate(root + "/large", MIB)
                with contextlib.suppress(ConnectionResetError):
                    while more := c.recv(MIB):
                        got += len(more)
                assert got < length, got
                c.close()
                expect(s, "/a", 200, b"a")
                wait_until(lambda: len(get(s, "/large")[1]) == MIB)


def test_a_file_that_grows_is_sent_to_the_announced_length():
    with folder() as root:
        for io in IO:
            with Stoa(root, "-w", "1", io=io) as s:
                write(root + "/large", b"x" * (32 * MIB))
                c, length, got = start_slow_get(s, "/large")
                with open(root + "/large", "ab") as f:
                    f.write(b"y" * MIB)
                while got < length:
                    more = c.recv(MIB)
                    assert more and more.count(b"x") == len(more)
                    got += len(more)
                assert got == length == 32 * MIB
                c.sendall(b"GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                rest = b""
                while more := c.recv(4096):
                    rest += more
                assert rest.startswith(b"HTTP/1.1 404 ")
                c.close()


def test_slow_readers_hold_up_nobody():
    with folder() as root:
        with open(root + "/large", "wb") as f:
            f.truncate(256 * MIB)
        write(root + "/a", b"a")
        for io in IO:
            with Stoa(root, "-w", "1", io=io) as s:
                slow = [start_slow_get(s, "/large")[0] for _ in range(20)]
                for _ in range(50):
                    expect(s, "/a", 200, b"a")
                for c in slow:
                    c.close()


def test_long_names():
    with folder() as root:
        for io in IO:
            with Stoa(root, "-w", "1", "--list", io=io) as s:
                for n in (255, 256, 4094, 4095, 4096, 5000, 8000):
                    expect(s, "/" + "x" * n, 404)
                    expect(s, "/" + "x" * n + "/", 404)
                    expect(s, "/" + "x/" * (n // 2), 404)
                expect(s, "/" + "x" * 9000, 414)


if __name__ == "__main__":
    run_tests(globals())
