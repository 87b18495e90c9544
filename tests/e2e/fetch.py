#!/usr/bin/env python3
"""examples/fetch, the library's client: against stoa itself, against Python's server, and against
peers that break each reply in another way, none of which may read like another."""
import http.server
import os
import socket
import struct
import subprocess
import tempfile
import threading

from stoa_process import Stoa, run_tests

FETCH = os.path.join(os.environ.get("BUILD", "build"), "examples", "fetch")
WITHIN = 60
OK = b"HTTP/1.1 200 OK\r\n"


def fetch(url):
    p = subprocess.run([FETCH, url], capture_output=True, timeout=WITHIN, text=True)
    return p.returncode, p.stdout, p.stderr


def test_from_stoa():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "a"), "wb") as f:
            f.write(b"a" * 3000000)
        with Stoa(folder) as s:
            assert fetch(s.url + "a") == (0, "200, 3000000 bytes\n", "")
            assert fetch(s.url + "none")[1].startswith("404, ")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        if self.path == "/length":
            self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


def test_from_python():
    for version in ("HTTP/1.0", "HTTP/1.1"):
        handler = type("", (Handler,), {"protocol_version": version})
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            url = "http://127.0.0.1:%d" % server.server_port
            try:
                assert fetch(url + "/length") == (0, "200, 5 bytes\n", "")
                if version == "HTTP/1.0":
                    assert fetch(url + "/close") == (0, "200, 5 bytes\n", "")
            finally:
                server.shutdown()
                thread.join()


def reset(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def broken(how):
    """What fetch says of a peer that takes a request and then does how(connection)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            with listener.accept()[0] as c:
                c.settimeout(WITHIN)
                got = b""
                while b"\r\n\r\n" not in got:
                    got += c.recv(65536)
                how(c)
        thread = threading.Thread(target=serve)
        thread.start()
        code, out, err = fetch("http://127.0.0.1:%d/" % listener.getsockname()[1])
        thread.join()
        assert code == 1 and out == "", (code, out, err)
        return err


def sends(data):
    return lambda c: c.sendall(data)


def sends_and_resets(data):
    def how(c):
        c.sendall(data)
        reset(c)
    return how


FAULTS = [
    (sends(b""), "closed without a byte"),
    (reset, "reset the connection instead of a reply"),
    (sends_and_resets(OK), "in the middle of its reply"),
    (sends(OK + b"Content-"), "ended within its head"),
    (sends(OK + b"Content-Length: 40\r\n\r\nhello, hello"), "12 of 40 bytes came"),
    (sends(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), "before its last chunk"),
    (sends(OK + b"Transfer-Encoding: chunked\r\n\r\nx\r\n"), "a chunk of the reply is malformed"),
    (sends(OK + b"no colon\r\n\r\n"), "a field line without a colon"),
    (sends(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\na"), "more than one Content-Length"),
    (sends(OK + b"Transfer-Encoding: gzip\r\n\r\n"), "transfer coding"),
    (sends(OK + b"Content-Length: 1\r\nConnection: close\r\n\r\nab"), "more bytes came"),
    (sends(OK + b"A: b\r\n" * 200), "does not end"),
    (sends(b"\x15\x03\x01\x00\x02\x02\x46"), "speaks TLS"),
    (sends(b"SSH-2.0-OpenSSH_9.6\r\n"), "SSH server"),
    (sends(b"220 mail ESMTP\r\n"), "greets"),
    (sends(b"\0\0\x12\4\0\0\0\0\0"), "HTTP/2"),
    (sends(b"hello\n"), "does not speak HTTP"),
    (sends(b"HTTP/3.0 200 OK\r\n\r\n"), "version of HTTP"),
]


def test_each_fault_reads_differently():
    said = {}
    for how, text in FAULTS:
        err = broken(how)
        assert text in err, (text, err)
        assert err.isprintable() or "\n" in err, err
        assert all(line.isprintable() for line in err.splitlines()), err
        assert err not in said.values(), err
        said[text] = err


def test_nobody_and_nonsense():
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    code, _, err = fetch("http://127.0.0.1:%d/" % port)
    assert code == 1 and "nothing listens on that port" in err, err
    code, _, err = fetch("ftp://a/")
    assert code == 1 and "a URL begins with http://" in err, err


if __name__ == "__main__":
    run_tests(globals())
