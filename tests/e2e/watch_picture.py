"""python3 tests/e2e/watch_picture.py PICTURE.png -- what `stoa watch` shows while an accept queue overflows,
as the picture in docs/: the command's own output on a pseudo-terminal, drawn by Chromium. As root: the
servers and their clients have a network namespace of their own. No test."""
import contextlib
import html
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stoa_process import Stoa  # noqa: E402
from terminal import Terminal  # noqa: E402

ROWS, COLUMNS = 25, 112
SECONDS = 75  # until a CLOSE_WAIT is old

STYLE = """
body { margin: 0; background: #1b1d21; }
pre { margin: 0; padding: 18px 20px; color: #d8d5cf; font: 15px/21px "JetBrains Mono", "DejaVu Sans Mono";
  font-variant-ligatures: none; }
.l1 { font-weight: 700; color: #fffdf8; } .l2 { color: #85827b; }
.l31 { color: #ff8a7a; } .l32 { color: #8fc17c; } .l33 { color: #e8b95b; }
"""

SLOW = """
import socket, time
s = socket.create_server(('', 8089), backlog=128)
while True:
    time.sleep(0.1)
    s.accept()[0].close()
"""

LEAKS = """
import socket
s = socket.create_server(('127.0.0.1', 9000))
kept = []
while True:
    kept.append(s.accept()[0])
"""

NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 512; }}
http {{ access_log off; server {{ listen 80; root {site}; keepalive_timeout 600; client_header_timeout 600; }} }}
"""


def picture_of(screen, to):
    """The screen as HTML, then by Chromium as a picture."""
    lines = []
    for row in screen.cells:
        lines.append("".join(f'<span class="{" ".join(f"l{n}" for n in sorted(look))}">'
                             f"{html.escape(c)}</span>" for c, look in row))
    with tempfile.TemporaryDirectory() as folder:
        page = os.path.join(folder, "page.html")
        with open(page, "w", encoding="utf-8") as f:
            f.write(f"<meta charset=utf-8><style>{STYLE}</style><pre>" + "\n".join(lines) + "</pre>")
        size = f"{screen.columns * 9 + 40},{screen.rows * 21 + 36}"
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                        "--force-device-scale-factor=1.25", f"--user-data-dir={folder}",
                        f"--window-size={size}", f"--screenshot={os.path.abspath(to)}", page],
                       check=True, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def running(command, **options):
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, **options) as p:
        try:
            yield p
        finally:
            p.terminate()


class Clients:
    """Connections that are under way, again and again: more than the slow server accepts."""

    def __init__(self, port, many):
        self.port, self.many = port, many
        self.selector = selectors.DefaultSelector()

    def turn(self):
        while len(self.selector.get_map()) < self.many:
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", self.port))
            self.selector.register(s, selectors.EVENT_READ)
        for key, _ in self.selector.select(0):  # served, or refused
            self.selector.unregister(key.fileobj)
            key.fileobj.close()


def wait_for(port):
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port))
        time.sleep(0.05)


def show(t, stoa):
    slow, quick = Clients(8089, 146), []
    for _ in range(34):
        with socket.create_connection(("127.0.0.1", 9000)):
            pass
    quick = [socket.create_connection(("127.0.0.1", 80)) for _ in range(212)]
    quick += [socket.create_connection(("127.0.0.1", stoa.port)) for _ in range(48)]
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or "dropped" not in t.screen.text():
        slow.turn()
        t.read(0.05)
    return quick


def main(to):
    site = os.path.join(os.path.dirname(__file__), "../../examples/site")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        with open(os.path.join(folder, "nginx.conf"), "w", encoding="utf-8") as f:
            f.write(NGINX.format(site=os.path.abspath(site)))
        stack.enter_context(running(["nginx", "-p", folder, "-c", "nginx.conf"]))
        stack.enter_context(running([sys.executable, "-c", SLOW]))
        stack.enter_context(running([sys.executable, "-c", LEAKS]))
        stoa = stack.enter_context(Stoa(site, listen="127.0.0.1:8080"))
        for port in (80, 8089, 9000):
            wait_for(port).close()
        t = stack.enter_context(Terminal([os.environ.get("STOA", "build/stoa"), "watch"], ROWS, COLUMNS))
        show(t, stoa)
        picture_of(t.screen, to)
        print(t.screen.text())


if os.environ.get("IN_NAMESPACE") != "1":
    os.execvpe("unshare", ["unshare", "--net", sys.executable, *sys.argv],
               {**os.environ, "IN_NAMESPACE": "1"})
main(sys.argv[1])
