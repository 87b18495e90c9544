#!/usr/bin/env python3
"""examples/hello: the whole server that the README shows, over a Unix socket, and what it says when it
cannot listen."""
import os
import signal
import socket
import subprocess
import tempfile

from stoa_process import run_tests

HELLO = os.path.join(os.environ.get("BUILD", "build"), "examples", "hello")
WITHIN = 30


def ask(path, data):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(WITHIN)
        s.connect(path)
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        got = b""
        while more := s.recv(65536):
            got += more
        return got


def test_it_says_hello():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "hello")
        with subprocess.Popen([HELLO, "unix:" + path], stdout=subprocess.PIPE) as p:
            assert p.stdout.readline().startswith(b"listening on unix:")
            got = ask(path, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
            assert got.count(b"HTTP/1.1 200 OK\r\n") == 2, got
            assert got.count(b"\r\nContent-Length: 6\r\n\r\nhello\n") == 2, got
            assert ask(path, b"GET\r\n").startswith(b"HTTP/1.1 400 Bad Request\r\n")
            p.send_signal(signal.SIGTERM)
        assert p.returncode == -signal.SIGTERM  # it has no handler, and needs none


def test_an_address_that_is_none():
    for address in ("no-port", "127.0.0.1:no-such-port", "unix:/no/such/folder/hello"):
        p = subprocess.run([HELLO, address], capture_output=True, timeout=WITHIN)
        assert p.returncode == 1, p
        assert p.stderr.startswith(b"hello: " + address.encode()), p
        assert p.stderr.count(b"\n") == 1, p


if __name__ == "__main__":
    run_tests(globals())
