#!/usr/bin/python3
"""A tree of some 3,000 files of odd sizes and names, fetched by many at once, byte for byte."""
import http.client
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from urllib.parse import quote

sys.path.insert(0, os.path.dirname(__file__))
from stoa_process import IO, WITHIN, Stoa, run_tests  # noqa: E402

COUNT = 3000
SIZES = [0, 1, 2, 3, 1023, 1024, 1025, 4095, 4096, 4097, 16383, 16384, 16385]
RARE_SIZES = [65535, 65536, 65537, 262143, 1024 * 1024 + 1]  # one file in 20
LARGE_SIZES = [8 * 1024 * 1024 + 3]
ODD_NAMES = [
    b"a b", b"%41", b"100%", b"#hash", b"que?ry", b"q?a=b&c=d", b"semi;colon", b"plus+plus",
    b"new\nline", b"tab\ttab", b"carriage\rreturn", b"quote\"quote", b"apos'trophe", b"back\\slash",
    b"<html>&amp;", b"~tilde", b"star*", b"[brackets]{braces}", b"$dollar", b"!bang", b"at@sign",
    b"co:lon", b"=equals", b",comma", b"|pipe", b"^caret", b"`backtick", b"a...", b"a.", b" lead",
    b"trail ", b"-dash", b"--two", b"\xc3\xa9t\xc3\xa9", b"\xe6\x97\xa5\xe6\x9c\xac", b"\xff\xfe",
    b"\xf0\x9f\x98\x80", b"\x01\x02\x7f", b"x" * 255, b"\xe2\x82\xac" * 85, b"index.htm", b"a..b",
    b"%2e%2e", b"%00", b"%2F", b"con", b"A.TXT", b"a.txt",
]


def make_tree(root):
    """{path: bytes}; both as they are on disk."""
    rng = random.Random(1)
    noise = rng.randbytes(9 * 1024 * 1024)
    folders = [b"", b"d", b"d/e", b"d/e/f f", b"%25", b"deep/" * 40 + b"end", b"y" * 255]
    tree = {}
    for folder in folders:
        os.makedirs(os.path.join(root, folder), exist_ok=True)
        for name in ODD_NAMES:
            tree[os.path.join(folder, name)] = rng.choice(SIZES)
    for i in range(COUNT - len(tree)):
        name = b"%d.%s" % (i, rng.choice([b"html", b"css", b"js", b"png", b"bin", b"md"]))
        sizes = RARE_SIZES if i % 20 == 0 else SIZES
        tree[os.path.join(rng.choice(folders), name)] = rng.choice(sizes)
    for i, size in enumerate(LARGE_SIZES):
        tree[b"large%d" % i] = size
    for path in tree:
        at = rng.randrange(64 * 1024)
        tree[path] = noise[at:at + tree[path]]
        with open(os.path.join(root, path), "wb") as f:
            f.write(tree[path])
    return tree


def fetch_with_curl(port, paths, tree, where):
    """Thousands of transfers in one curl, 50 at a time."""
    lines = []
    for i, path in enumerate(paths):
        lines.append(f'url = "http://127.0.0.1:{port}/{quote(path)}"\noutput = "{where}/{i}"\n')
    subprocess.run(["curl", "-sS", "--no-progress-meter", "--fail", "--parallel", "--parallel-max", "50", "--path-as-is",
                    "--max-time", "120", "--config", "-"], input="".join(lines).encode(), check=True)
    for i, path in enumerate(paths):
        with open(f"{where}/{i}", "rb") as f:
            assert f.read() == tree[path], path


def fetch_with_python(port, paths, tree, wrong):
    work = queue.SimpleQueue()
    for path in paths:
        work.put(path)

    def run():
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN)
        try:
            while True:
                path = work.get_nowait()
                c.request("GET", "/" + quote(path))
                r = c.getresponse()
                body = r.read()
                if r.status != 200 or body != tree[path]:
                    wrong.append((path, r.status, len(body), len(tree[path])))
                elif r.getheader("Content-Length") != str(len(body)):
                    wrong.append((path, r.getheader("Content-Length")))
        except queue.Empty:
            pass
        except Exception as e:  # in a thread: to be told in the main one
            wrong.append(e)
        finally:
            c.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for t in threads:
        t.start()
    return threads


def check_tree(root, tree, io):
    rng = random.Random(io)
    for_curl, for_python = list(tree), list(tree)
    rng.shuffle(for_curl)
    rng.shuffle(for_python)
    out, wrong = tempfile.mkdtemp(), []
    try:
        with Stoa(root, "--log", "none", "-w", "2", io=io) as s:
            threads = fetch_with_python(s.port, for_python, tree, wrong)
            fetch_with_curl(s.port, for_curl, tree, out)
            for t in threads:
                t.join()
    finally:
        shutil.rmtree(out)
    assert not wrong, wrong[:5]


def test_every_file_comes_whole():
    root = tempfile.mkdtemp()
    try:
        tree = make_tree(root.encode())
        for io in IO:
            check_tree(root, tree, io)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    if not shutil.which("curl"):
        print("curl is not installed")
        sys.exit(77)
    run_tests(globals())
