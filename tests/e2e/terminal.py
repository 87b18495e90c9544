"""A terminal for the tests: a program runs on a pseudo-terminal, and what it writes is drawn on a screen
as a terminal would. Strict: a sequence that not every terminal knows is an error. Python's own library
only."""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

WITHIN = 30  # seconds: how long anything may take before the test gives up

CSI = re.compile(r"\[([?\d;]*)([A-Za-z])")
UP, DOWN, RIGHT, LEFT, ESC, ENTER = "\033[A", "\033[B", "\033[C", "\033[D", "\033", "\r"


class Screen:
    """Rows of [character, look], where look is a frozenset of SGR numbers."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.pending = ""
        self.alternate, self.cursor_shown, self.wraps = False, True, True
        self.look = frozenset()
        self.looks_used = set()
        self.clear()

    def clear(self):
        self.cells = [[(" ", frozenset())] * self.columns for _ in range(self.rows)]
        self.at = (0, 0)

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.clear()

    def feed(self, data):
        text = self.pending + self.decoder.decode(data)
        self.pending = ""
        while text:
            if text[0] == "\033":
                m = CSI.match(text, 1)
                if not m:
                    if re.fullmatch(r"\033(\[[?\d;]*)?", text):
                        break
                    raise AssertionError(f"not a sequence of every terminal: {text[:20]!r}")
                self.control(m.group(1), m.group(2))
                text = text[m.end():]
            else:
                self.put(text[0])
                text = text[1:]
        self.pending = text

    def control(self, parameters, letter):
        if letter == "H":
            row, column = ([int(n) for n in parameters.split(";")] if parameters else [1, 1])
            assert 1 <= row <= self.rows and 1 <= column <= self.columns, (row, column)
            self.at = (row - 1, column - 1)
        elif letter == "m":
            for n in parameters.split(";"):
                self.look = frozenset() if int(n or 0) == 0 else self.look | {int(n)}
            self.looks_used |= self.look
        elif letter == "J":
            assert parameters == "2", parameters
            self.clear()
        elif letter in "hl" and parameters in ("?1049", "?25", "?7"):
            name = {"?1049": "alternate", "?25": "cursor_shown", "?7": "wraps"}[parameters]
            setattr(self, name, letter == "h")
        else:
            raise AssertionError(f"not known: CSI {parameters}{letter}")

    def put(self, c):
        row, column = self.at
        if not self.alternate:  # the shell's page: lines scroll by and are not drawn
            return
        assert c.isprintable(), repr(c)
        assert column < self.columns, (row, column, c)
        self.cells[row][column] = (c, self.look)
        self.at = (row, column + 1)

    def lines(self):
        return ["".join(c for c, _ in row).rstrip() for row in self.cells]

    def text(self):
        return "\n".join(self.lines())

    def looks_of(self, part):
        """The looks of the first place where part stands."""
        for line, row in zip(self.lines(), self.cells):
            if part in line:
                at = line.index(part)
                return frozenset().union(*(look for _, look in row[at:at + len(part)]))
        raise AssertionError(f"{part!r} is not on the screen:\n{self.text()}")


class Terminal:
    """with Terminal(["stoa", "watch"], rows=24, columns=80) as t: t.until("quit"); t.type("q")"""

    def __init__(self, command, rows=24, columns=80, env=None, **popen):
        self.screen = Screen(rows, columns)
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.raw = b""
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(env or {})}
        environment = {k: v for k, v in environment.items() if v is not None}
        self.process = subprocess.Popen(command, stdin=self.slave, stdout=self.slave,
                                        stderr=subprocess.PIPE, start_new_session=True,
                                        preexec_fn=self.take, env=environment, **popen)

    def take(self):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def resize(self, rows, columns):
        if (rows, columns) != (self.screen.rows, self.screen.columns):
            self.screen.resize(rows, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self.master, keys.encode())

    def read(self, within):
        """Draws what comes; False when nothing came."""
        if within <= 0 or not select.select([self.master], [], [], within)[0]:
            return False
        data = os.read(self.master, 65536)
        self.raw += data
        self.screen.feed(data)
        return True

    def until(self, what):
        """Until the text is on the screen, or the function of the screen says so."""
        is_so = what if callable(what) else lambda s: what in s.text()
        end = time.monotonic() + WITHIN
        while not is_so(self.screen):
            assert self.read(end - time.monotonic()), f"never: {what}\n{self.screen.text()}"
        return self.screen

    def until_said(self, text):
        """Until the text was written, on whichever screen."""
        end = time.monotonic() + WITHIN
        while text.encode() not in self.raw:
            assert self.read(end - time.monotonic()), f"never: {text}\n{self.raw[-2000:]}"

    def hang_up(self):
        os.close(self.master)
        self.master = -1

    def wait(self):
        """Its exit code once it has ended, with all of its output drawn."""
        end = time.monotonic() + WITHIN
        while self.process.poll() is None:
            assert time.monotonic() < end, "does not end:\n" + self.screen.text()
            self.read(0.05)
        while self.read(0.01):
            pass
        self.error = self.process.stderr.read().decode()
        return self.process.returncode

    def is_as_before(self):
        s = self.screen
        return (termios.tcgetattr(self.slave) == self.before and s.cursor_shown and s.wraps
                and not s.alternate and not s.look)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.process.stderr.close()
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)
