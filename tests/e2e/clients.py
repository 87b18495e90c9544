#!/usr/bin/python3
"""The clients that people have, each against both I/O implementations: all get the right bytes."""
import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from stoa_process import IO, WITHIN, Stoa, run_tests  # noqa: E402

CONTENT = {"small.txt": b"a porch\n", "empty": b"", "large.bin": os.urandom(3 * 1024 * 1024 + 17)}


def each_server(test):
    with tempfile.TemporaryDirectory() as d:
        for name, content in CONTENT.items():
            with open(os.path.join(d, name), "wb") as f:
                f.write(content)
        for io in IO:
            with Stoa(d, io=io) as s:
                test(s, d)


def run(*command, ok=(0,)):
    done = subprocess.run(command, capture_output=True, timeout=WITHIN, stdin=subprocess.DEVNULL)
    assert done.returncode in ok, (command, done)
    return done.stdout


def when_installed(program):
    if shutil.which(program):
        return True
    print(f"{program} is not installed: left out")
    return False


def test_curl():
    def test(s, _):
        for name, content in CONTENT.items():
            assert run("curl", "-sSf", s.url + name) == content
        head = run("curl", "-sSfI", s.url + "small.txt")
        assert b"Content-Length: 8\r\n" in head and b"text/plain" in head
        assert run("curl", "-sSf", "-r", "2-6", s.url + "small.txt") == b"porch"
        many = [a for name in CONTENT for a in (s.url + name, "-o", os.devnull)]
        assert run("curl", "-sSf", "-w", "%{num_connects}", *many) == b"100"  # one connection
        assert run("curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "-T", "/etc/hostname",
                   s.url + "x") == b"405"
        assert run("curl", "-sSf", "--http1.0", s.url + "large.bin") == CONTENT["large.bin"]
    each_server(test)


def test_wget():
    def test(s, d):
        for name, content in CONTENT.items():
            assert run("wget", "-qO-", s.url + name) == content
        part = os.path.join(d, "part")
        with open(part, "wb") as f:
            f.write(CONTENT["large.bin"][:1000000])
        run("wget", "-qcO", part, s.url + "large.bin")  # goes on where it ended
        with open(part, "rb") as f:
            assert f.read() == CONTENT["large.bin"]
    if when_installed("wget"):
        each_server(test)


def test_http_client():
    def test(s, _):
        c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=WITHIN)
        for _ in range(3):
            for name, content in CONTENT.items():
                c.request("GET", "/" + name)
                assert c.getresponse().read() == content
        c.request("POST", "/", body=(b"x" * 1000 for _ in range(50)), encode_chunked=True,
                  headers={"Transfer-Encoding": "chunked"})
        r = c.getresponse()
        assert r.status == 405 and "GET" in r.getheader("Allow") and r.read()
        c.close()
    each_server(test)


def test_ab():
    def test(s, _):
        for keep in ((), ("-k",)):
            out = run("ab", "-q", "-n", "500", "-c", "8", *keep, s.url + "small.txt").decode()
            assert re.search(r"Complete requests: +500\b", out), out
            assert re.search(r"Failed requests: +0\b", out) and "Non-2xx" not in out, out
            assert re.search(r"HTML transferred: +4000 bytes", out), out
    if when_installed("ab"):
        each_server(test)


def test_wrk():
    def test(s, _):
        out = run("wrk", "-t1", "-c8", "-d1s", s.url + "small.txt").decode()
        assert "Non-2xx" not in out and "Socket errors" not in out, out
        assert int(re.search(r"(\d+) requests in", out).group(1)) > 0
    if when_installed("wrk"):
        each_server(test)


if __name__ == "__main__":
    run_tests(globals())
