#!/usr/bin/env python3
"""tests/browser/mock.py [--port N] [--every SECONDS] PAGE -- stands in for `stoa serve --admin`: the
page, /stages and /events with numbers made up for one scene at a time, /scene?NAME to change it.

Prints its URL and serves until its standard input ends. Its policy is that of the real server.
Python's own library only."""
import argparse
import json
import os
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

POLICY = ("default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
          "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
SPANS = ["handshake", "accept", "queued", "buffer", "core", "head", "body", "handler", "send",
         "network"]
GRADES = {"accept": "bounded", "network": "estimated"}
# What a page may be handed by a peer, or by a program's own names: it must stay text.
HOSTILE = "<img src=x onerror=alert(1)>"

# Per scene: requests a second, and for each span how long half of its times are (us).
CALM = {"handshake": 38, "accept": 90, "queued": 12, "buffer": 9, "core": 4, "head": 0, "body": 0,
        "handler": 61, "send": 7, "network": 44}
SCENES = {
    "idle": {"rate": 0},
    "load": {"rate": 18400, "open": 1240, "marks": {"database": 310, "template": 45}},
    "stalled": {"rate": 210, "open": 96, "slow": {"handler": 2.4e6}, "stuck": 13.2},
    "busy": {"rate": 210, "open": 96, "slow": {"handler": 2.4e6}, "busy": 3.2},
    "overflow": {"rate": 5200, "open": 900, "queue": 129, "slow": {"accept": 3.1e5, "queued": 2.9e5},
                 "drops": 12},
    "drain": {"rate": 40, "open": 7, "draining": True},
    "many": {"rate": 9000, "open": 420, "listeners": 4, "cores": 64},
    "hostile": {"rate": 12, "open": 4, "marks": {HOSTILE: 100}, "hostile": True},
}


class World:
    """The numbers as they grow; the same from one run to the next."""

    def __init__(self):
        self.scene = "load"
        self.random = random.Random(4)
        self.begin = time.time()
        self.requests = self.dropped = 0
        self.peak = 17
        self.lock = threading.Lock()

    def about(self, value, by=0.12):
        return value * self.random.uniform(1 - by, 1 + by)

    def span(self, name, half, rate):
        if not half:
            return {"name": name, "count": 0, "p50_us": None, "p90_us": None, "p99_us": None,
                    "max_us": None, "rate": 0.0, "grade": GRADES.get(name, "exact")}
        p50 = round(self.about(half), 1)
        return {"name": name, "count": self.requests, "p50_us": p50,
                "p90_us": round(self.about(p50 * 2.4), 1), "p99_us": round(self.about(p50 * 9), 1),
                "max_us": round(self.about(p50 * 60), 1), "rate": rate,
                "grade": GRADES.get(name, "exact")}

    def listener(self, i, s):
        most = 128 if s.get("queue") else 4096
        queue = s.get("queue", 0) if i == 0 else 0
        queue = queue or int(self.about(6, 0.9)) * (s["rate"] > 1000)
        self.peak = max(self.peak if most > 128 else 0, queue)
        name = HOSTILE if s.get("hostile") else "http://127.0.0.1:%d/" % (8080 + i)
        return {"name": name, "queue": queue, "queue_max": most, "queue_peak": self.peak,
                "backlog_asked": 4096, "fullest": round(queue / most, 3), "syn_queue": int(self.about(41)) if s.get("drops") else 0,
                "drops": self.dropped if i == 0 else 0, "overflows": self.dropped, "syn_drops": 0,
                "syn_cookies": 0, "listen_drops": self.dropped,
                "drops_per_s": s.get("drops", 0) * 1.0 if i == 0 else 0.0}

    def slow_request(self, i, halves, s, now):
        spans = {}
        for name, half in halves.items():
            us = half * self.random.uniform(0.6, 1.4) * (9 if half < 1e5 else 1) / (1 + i * 0.13)
            if half and not (name in ("handshake", "accept", "queued") and i % 3):
                spans[name] = round(us, 1)
        if i == 4:
            spans["body"] = 890.0
        if "accept" in spans:
            spans["accept"] = [round(spans["accept"] * 0.98, 1), round(spans["accept"] + 4000, 1)]
        took = sum(v for k, v in spans.items() if k not in ("handshake", "accept", "network"))
        paths = ["/", "/orders/8821/items", "/search", "/assets/app.9f3c1a.js", "/api/v2/reports/annual"]
        status = 504 if took > 3e6 else self.random.choice([200, 200, 200, 304, 404])
        return {"method": "POST" if i == 4 else "GET", "path": HOSTILE if s.get("hostile") else paths[i % 5],
                "status": status, "peer": "192.0.2.%d" % (17 + i), "began": now - 9.5 + i * 0.6,
                "took_us": round(took, 1), "bytes": 812 * (i + 1),
                "cause": "reply.deadline" if status == 504 else "", "spans": spans}

    def connections(self, s):
        ats = (["handler"] * 5 + ["send"] * 2 + ["ready", "head", "body", "linger"] + ["idle"] * 40)
        for i, at in enumerate(ats[:s.get("open", 0)]):
            age = (9.1 if s.get("stuck") and at == "handler" else 0.4) / (i + 1) if at != "idle" else 58.0 - i
            yield {"peer": "192.0.2.%d:%d" % (17 + i, 40112 + i * 7), "listener": 0, "at": at,
                   "age_s": round(age, 3), "open_s": round(age + 31 + i, 3), "requests": 4 + i * 3,
                   "in": 420 * (i + 1), "out": 88120 * (i + 1)}

    def stages(self):
        with self.lock:
            s = SCENES[self.scene]
            now = time.time()
            rate = round(self.about(s["rate"], 0.04), 1)
            self.requests += int(rate)
            self.dropped += s.get("drops", 0)
            halves = {k: v if s["rate"] else 0 for k, v in CALM.items()}
            halves.update(s.get("slow", {}))
            marks = s.get("marks", {})
            busy = {"ready": 2, "head": 1, "body": 3, "handler": 14 if not s.get("stuck") else 61,
                    "send": 9, "linger": 2} if s["rate"] > 100 else dict.fromkeys(
                        ("ready", "head", "body", "handler", "send", "linger"), 0)
            opened = s.get("open", 0)
            conns = list(self.connections(s))
            alive = [max(0, round(self.about(0.001, 4), 3)) for _ in range(s.get("cores", 2))]
            if s.get("stuck"):
                alive[1] = s["stuck"] + round(now % 60, 2)
            if s.get("busy"):
                alive[1] = s["busy"] + round(now % 6, 2)
            failed = int(self.requests * 0.004)
            took = sum(v for k, v in halves.items() if k not in ("handshake", "accept", "network"))
            slow = sorted((self.slow_request(i, {**halves, **marks}, s, now)
                           for i in range(16 if s["rate"] else 0)), key=lambda r: -r["took_us"])
            return {
                "server": {"pid": 4711, "version": "0.1.0", "io": "uring", "cores": len(alive),
                           "uptime_s": round(now - self.begin + 5025, 3), "time": now,
                           "draining": s.get("draining", False), "alive": alive, "stuck_after_s": 10},
                "rates": {"requests": rate, "connections": round(rate / 41, 1), "bytes_out": rate * 1740.0,
                          "bytes_in": rate * 190.0},
                "totals": {"requests": self.requests, "connections": self.requests // 41 + opened,
                           "open": opened, "bytes_in": self.requests * 190,
                           "bytes_out": self.requests * 1740,
                           "statuses": {"1xx": 0, "2xx": self.requests - failed * 2, "3xx": failed,
                                        "4xx": failed - failed // 5, "5xx": failed // 5,
                                        "none": failed // 40}},
                "listeners": [self.listener(i, s) for i in range(s.get("listeners", 1))],
                "spans": [self.span(n, halves[n], rate / 41 if n in SPANS[:3] else rate) for n in SPANS]
                + [self.span(n, us, rate / 3) for n, us in marks.items()],
                "took": {k: v for k, v in self.span("took", took, rate).items() if k not in ("name", "grade")},
                "at": {**busy, "idle": max(0, opened - sum(busy.values()))},
                "causes": [{"id": "request.head_timeout", "count": failed // 9, "per_s": 0.0},
                           {"id": "reply.reset", "count": failed // 30, "per_s": 0.2}] if failed > 30 else [],
                "slowest": slow,
                "connections": conns,
                "connections_more": max(0, opened - len(conns)),
            }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/":
            with open(options.page, "rb") as f:
                self.reply("text/html; charset=utf-8", f.read())
        elif path == "/stages":
            self.reply("application/json", json.dumps(world.stages()).encode())
        elif path == "/scene":
            world.scene = query
            self.reply("text/plain", b"")
        elif path == "/events" and not options.no_events:
            self.events()
        else:
            self.send_error(404)

    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b"event: stages\ndata: " + json.dumps(world.stages()).encode() + b"\n\n")
                time.sleep(options.every)
        except OSError:
            pass


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--every", type=float, default=1.0, help="seconds between two events")
parser.add_argument("--no-events", action="store_true", help="there is no /events")
parser.add_argument("page")
options = parser.parse_args()
world = World()
server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
server.daemon_threads = True
print("http://127.0.0.1:%d/" % server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
os._exit(0)
