#!/usr/bin/python3
"""What a folder answers: redirects, conditions, ranges, encodings, listings, options."""
import contextlib
import gzip
import http.client
import os
import re
import shutil
import sys
import tempfile
import time
from html import unescape
from urllib.parse import unquote_to_bytes

sys.path.insert(0, os.path.dirname(__file__))
from stoa_process import IO, WITHIN, Stoa, run_tests  # noqa: E402

TEXT = b"".join(b"%d " % i for i in range(5000))
LARGE = os.urandom(300_000)  # more than is kept in memory


def write(root, name, data, age=100):
    path = os.path.join(os.fsencode(root), os.fsencode(name))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    os.utime(path, (time.time() - age,) * 2)


@contextlib.contextmanager
def site(*options):
    """A server of a fresh folder on each I/O in turn: [(folder, server)]."""
    root = tempfile.mkdtemp()
    try:
        write(root, "index.html", b"<p>home")
        write(root, "a.txt", TEXT)
        write(root, "large.bin", LARGE)
        write(root, "d/e/f.txt", b"f")
        write(root, ".hidden", b"secret")
        write(root, ".well-known/x", b"known")
        write(root, "app.js", b"plain" * 100)
        write(root, "app.js.gz", gzip.compress(b"plain" * 100))
        write(root, "app.js.br", b"not really br")
        wait_until_settled(root)
        with contextlib.ExitStack() as stack:
            yield root, [stack.enter_context(Stoa(root, "-w", "1", *options, io=io)) for io in IO]
    finally:
        shutil.rmtree(root)


def wait_until_settled(root):
    """A file written within the last tick has no ETag: until the clock has moved on."""
    changed = max(os.stat(os.path.join(where, n)).st_ctime_ns
                  for where, _, names in os.walk(root) for n in names)
    while time.time_ns() - changed < 50_000_000:
        pass


def ask(s, target, method="GET", **fields):
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=WITHIN)
    c.request(method, target, headers={k.replace("_", "-"): v for k, v in fields.items()})
    r = c.getresponse()
    body = r.read()
    c.close()
    return r, body


def expect(s, target, status, body=None, method="GET", **fields):
    r, got = ask(s, target, method, **fields)
    assert r.status == status, (target, str(fields)[:200], r.status, got[:200])
    if body is not None:
        assert got == body, (target, fields, len(got))
    elif status >= 400 and method != "HEAD":
        assert got.count(b"\n") == 1 and len(got) > 10, got  # one line that says why
    return r


def test_index_and_redirects():
    with site() as (_, servers):
        for s in servers:
            r = expect(s, "/", 200, b"<p>home")
            assert r.getheader("Content-Type") == "text/html; charset=utf-8"
            for target, to in (("/d", "/d/"), ("/d?x=1&y", "/d/?x=1&y"), ("//d/e", "/d/e/"),
                               ("/d/./e/../e", "/d/e/"), ("/%64", "/d/")):
                assert expect(s, target, 301, None).getheader("Location") == to, target
            expect(s, "/d/", 403)
            expect(s, "/none", 404)
            expect(s, "/none/", 404)
            expect(s, "/a.txt/", 404)
            expect(s, "/.hidden", 404)
            expect(s, "/.well-known/x", 200, b"known")
            for target in ("/../a.txt", "/d/..%2fa.txt", "/a%00", "/%2e%2e/a.txt", "/%zz"):
                expect(s, target, 400)


def test_methods():
    with site() as (_, servers):
        for s in servers:
            r = expect(s, "/a.txt", 204, b"", method="OPTIONS")
            assert r.getheader("Allow") == "GET, HEAD, OPTIONS"
            assert r.getheader("Content-Length") is None
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                assert expect(s, "/a.txt", 405, method=method).getheader("Allow")
            get, head = expect(s, "/a.txt", 200, TEXT), expect(s, "/a.txt", 200, b"", "HEAD")
            same = [(k, v) for k, v in get.getheaders() if k != "Date"]
            assert same == [(k, v) for k, v in head.getheaders() if k != "Date"]
            get, head = expect(s, "/large.bin", 200, LARGE), expect(s, "/large.bin", 200, b"", "HEAD")
            assert get.getheader("Content-Length") == head.getheader("Content-Length")


def test_conditions():
    with site() as (root, servers):
        for s in servers:
            for target, data in (("/a.txt", TEXT), ("/large.bin", LARGE)):
                r = expect(s, target, 200, data)
                tag, date = r.getheader("ETag"), r.getheader("Last-Modified")
                stat = os.stat(root + target)
                assert date == time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(stat.st_mtime))
                assert re.fullmatch(r'"[!#-~]+"', tag)
                later, sooner = "Fri, 31 Dec 2100 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"
                r = expect(s, target, 304, b"", If_None_Match=f'"x", W/{tag}')
                assert r.getheader("ETag") == tag and r.getheader("Date")
                expect(s, target, 304, b"", "HEAD", If_None_Match="*")
                expect(s, target, 200, data, If_None_Match='"x"', If_Modified_Since=later)
                expect(s, target, 304, b"", If_Modified_Since=date)
                expect(s, target, 200, data, If_Modified_Since=sooner)
                expect(s, target, 200, data, If_Modified_Since="yesterday")
                expect(s, target, 200, data, If_Match=tag)
                expect(s, target, 412, If_Match=f"W/{tag}")
                expect(s, target, 412, If_Unmodified_Since=sooner)
                expect(s, target, 200, data, If_Unmodified_Since=date)


def test_one_range():
    with site() as (_, servers):
        for s in servers:
            for target, data in (("/a.txt", TEXT), ("/large.bin", LARGE)):
                n = len(data)
                tag = expect(s, target, 200).getheader("ETag")
                for asked, first, last in (("0-0", 0, 0), ("5-9", 5, 9), (f"{n - 1}-", n - 1, n - 1),
                                           ("-7", n - 7, n - 1), (f"-{n + 9}", 0, n - 1),
                                           (f"9-{n + 9}", 9, n - 1), ("1-5,6-9, 3-4", 1, 9)):
                    r = expect(s, target, 206, data[first:last + 1], Range="bytes=" + asked)
                    assert r.getheader("Content-Range") == f"bytes {first}-{last}/{n}"
                    assert r.getheader("ETag") == tag
                for asked in (f"{n}-", "-0", f"{n + 5}-{n + 9}"):
                    r = expect(s, target, 416, Range="bytes=" + asked)
                    assert r.getheader("Content-Range") == f"bytes */{n}"
                for asked in ("bytes=5-1", "bytes=", "bytes=a-b", "pages=1-2", "bytes"):
                    expect(s, target, 200, data, Range=asked)
                expect(s, target, 200, b"", "HEAD", Range="bytes=0-0")
                expect(s, target, 206, data[:1], Range="bytes=0-0", If_Range=tag)
                expect(s, target, 200, data, Range="bytes=0-0", If_Range='"x"')
                expect(s, target, 200, data, Range="bytes=0-0", If_Range="W/" + tag)


def test_several_ranges():
    with site() as (_, servers):
        for s in servers:
            for target, data in (("/a.txt", TEXT), ("/large.bin", LARGE)):
                n = len(data)
                r, body = ask(s, target, Range="bytes=0-9, 20-29, -5")
                assert r.status == 206 and len(body) == int(r.getheader("Content-Length"))
                assert r.getheader("Content-Range") is None
                boundary = re.fullmatch(r"multipart/byteranges; boundary=(\w+)",
                                        r.getheader("Content-Type")).group(1).encode()
                pieces = body.split(b"--" + boundary)
                assert pieces[0] == b"" and pieces[-1] == b"--\r\n" and len(pieces) == 5
                for piece, (first, last) in zip(pieces[1:], ((0, 9), (20, 29), (n - 5, n - 1))):
                    head, _, bytes_ = piece.partition(b"\r\n\r\n")
                    assert f"Content-Range: bytes {first}-{last}/{n}".encode() in head
                    assert bytes_ == data[first:last + 1] + b"\r\n"
                many = "bytes=" + ",".join(f"{i * 10}-{i * 10 + 100}" for i in range(10))
                expect(s, target, 206, data[:191], Range=many)  # they overlap: one
                abuse = "bytes=" + ",".join(f"{i * 2}-{i * 2}" for i in range(500))
                expect(s, target, 200, data, Range=abuse)


def test_encodings():
    with site() as (root, servers):
        plain = b"plain" * 100
        with open(root + "/app.js.gz", "rb") as f:
            zipped = f.read()
        for s in servers:
            tags = set()
            for accept, coding, data in ((None, None, plain), ("gzip", "gzip", zipped),
                                         ("gzip, br", "br", b"not really br"),
                                         ("gzip;q=1, br;q=0.5", "gzip", zipped),
                                         ("br;q=0, gzip;q=0", None, plain),
                                         ("zstd", None, plain)):
                fields = {"Accept_Encoding": accept} if accept else {"Accept_Encoding": "identity"}
                r = expect(s, "/app.js", 200, data, **fields)
                assert r.getheader("Content-Encoding") == coding, accept
                assert r.getheader("Content-Type") == "text/javascript; charset=utf-8"
                assert r.getheader("Vary") == "Accept-Encoding"
                tags.add((coding, r.getheader("ETag")))
            assert len(tags) == 3 and len({tag for _, tag in tags}) == 3
            r = expect(s, "/app.js", 206, zipped[2:5], Accept_Encoding="gzip", Range="bytes=2-4")
            assert r.getheader("Content-Encoding") == "gzip"
            assert r.getheader("Content-Range") == f"bytes 2-4/{len(zipped)}"
            assert expect(s, "/a.txt", 200, TEXT, Accept_Encoding="gzip").getheader("Vary") is None


def test_listing():
    names = [b"a b", b"<b>", b"100%", b"q?#", b"'\"&", b"javascript:alert(1)", b"\xff", b"new\nline",
             b"\xc3\xa9"]
    with site("--list") as (root, servers):
        for name in names:
            write(root, b"list/" + name, b"x" * 2048)
        os.mkdir(root + "/list/folder")
        os.symlink("/etc", root + "/list/outside")
        os.mkfifo(root + "/list/fifo")
        for s in servers:
            r, page = ask(s, "/list/")
            assert r.status == 200 and r.getheader("Content-Type") == "text/html; charset=utf-8"
            text = page.decode("utf-8", "surrogateescape")
            assert "<script" not in text and "http" not in text.split("</style>")[1]
            hrefs = re.findall(r'<tr><td><a href="([^"]*)">', text)
            listed = [unquote_to_bytes(unescape(href)) for href in hrefs]
            assert listed[:2] == [b"../", b"folder/"] and sorted(listed[2:]) == sorted(names), hrefs
            for href in hrefs[2:]:
                expect(s, "/list/" + unescape(href), 200, b"x" * 2048)
            expect(s, "/list", 301)
            expect(s, "/", 200, b"<p>home")
            assert expect(s, "/list/", 200, b"", "HEAD").getheader("Content-Type")
            assert b".hidden" not in ask(s, "/d/")[1]


def test_a_large_listing():
    with site("--list") as (root, servers):
        os.mkdir(root + "/many")
        for i in range(3000):
            open(f"{root}/many/{i:05}{'x' * 200}", "w").close()
        for s in servers:
            _, page = ask(s, "/many/")
            found = re.findall(rb'href="(\d{5})x', page)
            assert found == [b"%05d" % i for i in range(3000)]


def test_hidden():
    with site("--hidden", "--list") as (root, servers):
        write(root, "d/.x", b"x")
        for s in servers:
            expect(s, "/.hidden", 200, b"secret")
            assert b'href=".x"' in ask(s, "/d/")[1]


def test_spa():
    with site("--spa") as (_, servers):
        for s in servers:
            for target in ("/", "/users/7", "/users/7/", "/d/", "/a.txt/x"):
                r = expect(s, target, 200, b"<p>home", Accept="text/html,*/*;q=0.8")
                assert r.getheader("Content-Type") == "text/html; charset=utf-8"
            expect(s, "/users/7", 404, Accept="application/json")
            expect(s, "/none.js", 404)
            expect(s, "/.git/config", 404)
            expect(s, "/a.txt", 200, TEXT)


def test_cors_cache_and_header():
    with site("--cors", "--cache", "60", "--header", "X-Test: yes") as (_, servers):
        for s in servers:
            r = expect(s, "/a.txt", 200, TEXT, Origin="http://example.org")
            assert r.getheader("Access-Control-Allow-Origin") == "*"
            assert r.getheader("Cache-Control") == "public, max-age=60"
            assert r.getheader("X-Test") == "yes"
            r = expect(s, "/a.txt", 304, b"", If_None_Match=r.getheader("ETag"))
            assert r.getheader("Cache-Control") == "public, max-age=60"
            r = expect(s, "/a.txt", 204, b"", "OPTIONS", Origin="http://example.org",
                       Access_Control_Request_Method="GET")
            assert r.getheader("Access-Control-Allow-Origin") == "*"
            assert "GET" in r.getheader("Access-Control-Allow-Methods")
            r = expect(s, "/none", 404)
            assert r.getheader("Access-Control-Allow-Origin") == "*"
            assert r.getheader("Cache-Control") is None and r.getheader("X-Test") == "yes"


if __name__ == "__main__":
    run_tests(globals())
