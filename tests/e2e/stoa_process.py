"""A running `stoa serve` for the tests: started, its addresses read, ended. Python's own library only."""
import atexit
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time


def for_anybody(path):
    """The command where every user may run it: some tests run it as nobody, and what was built may lie in
    a folder that is its owner's alone. Then a copy, gone when the test ends."""
    path = os.path.abspath(path)
    parents = [os.sep.join(path.split(os.sep)[:n]) or os.sep for n in range(1, path.count(os.sep) + 1)]
    if os.getuid() != 0 or all(os.stat(p).st_mode & 0o001 for p in parents):
        return path
    folder = tempfile.mkdtemp(prefix="stoa-")
    atexit.register(shutil.rmtree, folder)
    os.chmod(folder, 0o755)
    return shutil.copy(path, folder)


STOA = for_anybody(os.environ.get("STOA", "build/stoa"))
IO = [name for name in os.environ.get("STOA_TEST_IO", "uring epoll").split()]
WITHIN = 30  # seconds: how long anything may take before the test gives up


class Stoa:
    """with Stoa("--text", "hi") as s: s.port ... ; extra arguments as on the command line."""

    def __init__(self, *args, io=None, listen="127.0.0.1:0", env=None, expect=1, **popen):
        command = [STOA, "serve", *args]
        if listen:
            command += ["-l", listen]
        if io:
            command += ["--io", io]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        stdout=popen.pop("stdout", subprocess.DEVNULL),
                                        env={**os.environ, **(env or {})}, **popen)
        self.said = b""
        self.urls = []
        end = time.monotonic() + WITHIN
        while len(self.urls) < expect:
            if not self.read_more(end - time.monotonic()):
                raise AssertionError("did not start: " + self.said.decode("utf-8", "replace"))
            self.urls = re.findall(r"listening on (\S+)", self.said.decode("utf-8", "replace"))
        ports = [re.search(r":(\d+)/?$", url) for url in self.urls]
        self.ports = [int(p.group(1)) for p in ports if p]
        self.port = self.ports[0] if self.ports else None
        self.url = self.urls[0] if self.urls else None

    def read_more(self, within):
        """Reads what it says on stderr; False when it has ended or nothing came in time."""
        if within <= 0 or not select.select([self.process.stderr], [], [], within)[0]:
            return False
        more = os.read(self.process.stderr.fileno(), 65536)
        self.said += more
        return bool(more)

    def wait_for(self, text):
        """Until it has said text on stderr."""
        end = time.monotonic() + WITHIN
        while text.encode() not in self.said:
            assert self.read_more(end - time.monotonic()), (text, self.said)

    def signal(self, which=signal.SIGTERM):
        self.process.send_signal(which)

    def wait(self):
        """Its exit code, once it has ended."""
        out, err = self.process.communicate(timeout=WITHIN)
        self.said += err or b""
        self.out = out
        return self.process.returncode

    def stop(self):
        if self.process.poll() is None:
            self.signal()
        return self.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None and self.process.poll() is None:
            self.process.kill()
            self.wait()
            return
        code = self.stop() if self.process.returncode is None else self.process.returncode
        assert code == 0, (code, self.said)


def run_tests(tests):
    """Runs functions named test_*; says what failed and exits as the test runner expects."""
    import sys
    import traceback
    failed = 0
    chosen = [(n, f) for n, f in sorted(tests.items()) if n.startswith("test_") and callable(f)]
    for name, test in chosen:
        try:
            test()
        except Exception:
            failed += 1
            print(f"--- {name}")
            traceback.print_exc(file=sys.stdout)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
