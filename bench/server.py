"""bench/server.py -- the servers that are compared: started, found, asked what CPU time they took, ended.

Knows each one's options; not what is measured with them. Used by bench/run, idle.py and calls.py.
"""
import ctypes
import glob
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

BUILD = os.environ.get("BUILD", "build")
TEXT = "hello\n"  # the small response
DESCRIPTORS = 20000
WITHIN = 20  # seconds: how long a start or an end may take
TICK = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1

NGINX = """
%(user)s
daemon off;
worker_processes 1;
worker_rlimit_nofile %(descriptors)d;
pid %(dir)s/nginx.pid;
error_log %(dir)s/error.log crit;
events { worker_connections %(descriptors)d; }
http {
    access_log off;
    default_type application/octet-stream;
    client_body_temp_path %(dir)s/body;
    proxy_temp_path %(dir)s/proxy;
    fastcgi_temp_path %(dir)s/fastcgi;
    uwsgi_temp_path %(dir)s/uwsgi;
    scgi_temp_path %(dir)s/scgi;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    open_file_cache max=10000 inactive=60s;
    server {
        listen 127.0.0.1:%(port)d backlog=4096;
        root %(root)s;
        location = / { default_type text/plain; return 200 "hello\\n"; }
    }
}
"""


def cpus():
    """One CPU for the server and one for the load: of different cores where there are such."""
    mine = sorted(os.sched_getaffinity(0))
    siblings = set()
    try:
        path = "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list" % mine[0]
        for part in open(path).read().strip().split(","):
            first, _, last = part.partition("-")
            siblings.update(range(int(first), int(last or first) + 1))
    except (OSError, ValueError):
        pass
    others = [c for c in mine if c not in siblings] or mine[1:] or mine
    return mine[0], others[0]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(command, cpu, first=False, **popen):
    """A process on that CPU, which ends when we do; first: it runs before all others there."""
    prctl = ctypes.CDLL(None).prctl

    def before():
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        os.sched_setaffinity(0, {cpu})
        if first:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))

    return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=before, **popen)


def read_file(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return ""


class Server:
    """with Nginx(...) as s: s.port, s.cpu() ..."""

    name = ""

    def __init__(self, cpu, work, root=None):
        self.at = cpu
        self.work = work  # a folder for what it writes
        self.root = root  # files to serve; None = the small response to everything
        self.port = 0
        self.process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(WITHIN)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def start(self):
        raise NotImplementedError

    def pids(self):
        """The processes whose costs count."""
        return [self.process.pid]

    def cpu(self):
        """CPU time so far: seconds, exact; and the user's and the system's, by the clock's ticks."""
        exact = user = system = 0
        for pid in self.pids():
            for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
                exact += int((read_file(path).split() or [0])[0])
            fields = read_file("/proc/%d/stat" % pid).rpartition(")")[2].split()
            user += int(fields[11])
            system += int(fields[12])
        return exact / 1e9, user / TICK, system / TICK

    def memory(self):
        """Bytes that are this server's: what it shares with others counts in proportion."""
        text = "".join(read_file("/proc/%d/smaps_rollup" % pid) for pid in self.pids())
        return sum(int(n) for n in re.findall(r"^Pss: +(\d+) kB", text, re.M)) * 1024

    def is_idle(self):
        states = [read_file(path).rpartition(")")[2].split()[:1]
                  for pid in self.pids() for path in glob.glob("/proc/%d/task/*/stat" % pid)]
        return ["R"] not in states

    def settle(self):
        """Until it has nothing more to do."""
        last, end = -1.0, time.monotonic() + WITHIN
        while time.monotonic() < end:
            now = self.cpu()[0]
            if self.is_idle() and now - last < 2e-5:
                return
            last = now
            time.sleep(0.01)


class Announcing(Server):
    """One that picks its port and says so."""

    def run(self, command, stream):
        # Into a file: a pipe that nobody empties holds it up in the end.
        with tempfile.TemporaryFile(dir=self.work) as out:
            self.process = start(command, self.at, **{"stdout": subprocess.DEVNULL,
                                                      "stderr": subprocess.DEVNULL, stream: out})
            end = time.monotonic() + WITHIN
            while not (found := re.search(rb"listening on http://127\.0\.0\.1:(\d+)/",
                                          said := os.pread(out.fileno(), 4096, 0))):
                if self.process.poll() is not None or time.monotonic() > end:
                    raise SystemExit("%s did not start: %s" % (self.name, said.decode(errors="replace")))
                time.sleep(0.01)
        self.port = int(found.group(1))


class Stoa(Announcing):
    io = None
    options = ()

    def start(self):
        what = [self.root] if self.root else ["--text", TEXT]
        self.run([os.path.join(BUILD, "stoa"), "serve", "-w", "1", "--log", "none", "--io", self.io,
                  "--idle-timeout", "600", "-l", "127.0.0.1:0", *self.options, *what], "stderr")


class StoaUring(Stoa):
    name, io = "stoa uring", "uring"


class StoaEpoll(Stoa):
    name, io = "stoa epoll", "epoll"


class Floor(Announcing):
    """bench/io_floor.c: our I/O, a fixed reply, and nothing else."""

    io, options = None, []

    def start(self):
        self.run([os.path.join(BUILD, "bench", "io_floor"), *self.options, self.io], "stdout")


class FloorUring(Floor):
    name, io = "floor uring", "uring"


class FloorEpoll(Floor):
    name, io = "floor epoll", "epoll"


class FloorUringOnce(FloorUring):
    options = ["-1"]


class FloorEpollOnce(FloorEpoll):
    options = ["-1"]


def floor_kinds(once):
    """Those for connections that are kept, or for a connection each."""
    return [FloorUringOnce, FloorEpollOnce] if once else [FloorUring, FloorEpoll]


class Nginx(Server):
    name = "nginx"

    def start(self):
        self.port = free_port()
        folder = os.path.join(self.work, "nginx-%d" % self.port)
        os.makedirs(folder)
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w") as f:
            f.write(NGINX % {"dir": folder, "port": self.port, "root": self.root or folder,
                             "descriptors": DESCRIPTORS,
                             "user": "user root root;" if os.geteuid() == 0 else ""})
        # Before it has read the file, it would log to where the distribution says.
        self.process = start(["nginx", "-p", folder, "-e", folder + "/error.log", "-c", config],
                             self.at)
        end = time.monotonic() + WITHIN
        while not (self.answers() and self.pids()):
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit("nginx did not start: " + read_file(folder + "/error.log"))
            time.sleep(0.02)

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def pids(self):
        """Its worker. The master only waits."""
        master = self.process.pid
        return [int(p) for p in read_file("/proc/%d/task/%d/children" % (master, master)).split()]


def stoa_kinds():
    """The two of stoa, but for what this kernel does not allow; the default comes first."""
    kinds = []
    for kind in (StoaUring, StoaEpoll):
        trial = [os.path.join(BUILD, "stoa"), "serve", "--io", kind.io, "-l", "127.0.0.1:0", "-w", "1",
                 "--text", TEXT]
        with subprocess.Popen(trial, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as p:
            if b"listening" in p.stderr.readline():
                kinds.append(kind)
            p.terminate()
    return kinds
