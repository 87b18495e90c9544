"""What the tests of `stoa call` share: running it, and odd peers for it. Python's own library only."""
import contextlib
import errno
import os
import socket
import struct
import subprocess
import threading

from stoa_process import STOA, WITHIN


class Said:
    """How a call ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err.decode("latin-1")

    def __repr__(self):
        return f"exit {self.code}, stdout {self.out[:200]!r}, stderr {self.err}"


def call(*args, io=None, stdin=None, **popen):
    """Runs `stoa call`; stdin: bytes, None = nothing to read."""
    env = {**os.environ, **({"STOA_IO": io} if io else {}), **popen.pop("env", {})}
    given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    done = subprocess.run([STOA, "call", *args], capture_output=True, timeout=WITHIN, env=env, **given,
                          **popen)
    return Said(done.returncode, done.stdout, done.stderr)


def start(*args, io=None, **popen):
    """A call that goes on; the caller ends it."""
    env = {**os.environ, **({"STOA_IO": io} if io else {})}
    for stream in ("stdin", "stdout", "stderr"):
        popen.setdefault(stream, subprocess.PIPE)
    return subprocess.Popen([STOA, "call", *args], env=env, **popen)


def read_request(c):
    """A whole request: its head, and the body that Content-Length announces."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = c.recv(65536)
        if not more:
            return head
        head += more
    head, _, body = head.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            while len(body) < int(line.split(b":")[1]):
                body += c.recv(65536)
    return head + b"\r\n\r\n" + body


def reset(c):
    """Makes the close a reset."""
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def replies(*texts):
    """A handler that answers a connection's requests with these, and closes it in order."""
    def handle(peer, c):
        for text in texts:
            request = read_request(c)
            if not request:
                return
            peer.requests.append(request)
            c.sendall(text)
        c.shutdown(socket.SHUT_WR)
        while c.recv(65536):
            pass
    return handle


def reply(body=b"hello\n", status="200 OK", fields=(), length=None):
    """A response in bytes."""
    lines = [f"HTTP/1.1 {status}".encode(), *(f if isinstance(f, bytes) else f.encode() for f in fields),
             b"Content-Length: %d" % (len(body) if length is None else length)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Peer:
    """with Peer(handler) as p: each connection to p.port is given to handler(p, connection), in a
    thread of its own, and closed when it returns."""

    def __init__(self, handler, family=socket.AF_INET, path=None, host=None):
        self.handler, self.requests, self.wrong = handler, [], []
        self.lis = socket.socket(socket.AF_UNIX if path else family)
        if path:
            self.lis.bind(path)
        else:
            self.lis.bind((host or ("127.0.0.1" if family == socket.AF_INET else "::1"), 0))
            self.port = self.lis.getsockname()[1]
            self.url = f"http://127.0.0.1:{self.port}/"
        self.lis.listen(64)
        self.gone = threading.Event()  # for handlers that hold a connection until the test is done
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                c, _ = self.lis.accept()
                if self.gone.is_set():
                    c.close()
                    return
                c.settimeout(WITHIN)
                t = threading.Thread(target=self.serve, args=(c,))
                self.threads.append(t)
                t.start()

    def serve(self, c):
        try:
            self.handler(self, c)
        except ConnectionError:
            pass
        except Exception as e:  # a test's own fault: told at its end
            if getattr(e, "errno", None) != errno.ENOTCONN:  # it was reset meanwhile
                self.wrong.append(e)
        finally:
            c.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.gone.set()
        with contextlib.suppress(OSError):
            self.lis.shutdown(socket.SHUT_RDWR)
        self.threads[0].join(WITHIN)
        self.lis.close()
        for t in self.threads[1:]:
            t.join(WITHIN)
        if kind is None:
            assert not self.wrong, self.wrong


def free_port():
    """A port that nobody listens on, and that stays so: bound, but not listening."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    return s, s.getsockname()[1]
