#!/usr/bin/env python3
"""`stoa call` on a small internet, where each way in which a connection fails is made to happen: the
cause that it tells, the exit code, the device that it names, the SYNs and the time.

The rows are those of the table in docs/diagnosis.md, which is compared with what was seen."""
import concurrent.futures
import fcntl
import itertools
import json
import os
import socket
import sys
import termios
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "e2e")]
from bed import WITHIN, Bed  # noqa: E402
from call_rig import Peer, read_request, replies, reply, reset  # noqa: E402
from stoa_process import STOA  # noqa: E402

TABLE = os.path.join(HERE, "..", "..", "docs", "diagnosis.md")
REFUSED, TIMEOUT, UNREACHABLE, LOCAL, NO_PORTS = 20, 21, 22, 24, 25  # exit codes
CLOSED, RESET, NO_REPLY = 40, 41, 42
AT_ONCE_MS = 20000  # far more than any round trip here takes: two SYNs are the sharper limit

rows = []
ports = itertools.count(2000)  # a port for each row, so that they can run side by side


class Row:
    def __init__(self, name, cause, code, error, v, like, by, syns, after_ms, work):
        self.name, self.cause, self.code, self.error, self.v = name, cause, code, error, v
        self.like, self.by, self.syns, self.after_ms, self.work = like, by, syns, after_ms, work


def row(name, cause, code, error, v=(4, 6), like=None, by=None, syns=None, after_ms=0):
    """A function that makes it happen and returns what stoa call reports.
      like      the row that the kernel does not tell from this one, when they have the same cause
      by        the host of the bed that answers and is named
      syns      how many were sent; None = one, or two when the answer came while the socket was busy
      after_ms  it cannot be known sooner"""
    def add(work):
        rows.extend(Row(name, cause, code, error, n, like, by, syns, after_ms, work)
                    for n in ((v,) if isinstance(v, int) else v))
        return work
    return add


def at(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def call(bed, target, *args, where=None, scheme="http://"):
    """The report of `stoa call` on the first client, or where it says."""
    done = (where or bed.client).run(STOA, "call", "--json", *args, scheme + target,
                                     cpu=bed.client_cpu)
    try:
        report = json.loads(done.stderr)
    except ValueError:
        raise AssertionError((done.returncode, done.stderr)) from None
    assert report["exit_code"] == done.returncode, (done.returncode, report)
    return report


def main_try(report):
    tries = report["exchanges"][-1]["tries"]
    return next((t for t in tries if t["cause"] == report["cause"]["id"]), tries[-1])


def check(r, bed, report):
    cause = report["cause"] and report["cause"]["id"]
    tried = main_try(report) if cause else report["exchanges"][-1]["tries"][-1]
    assert (cause, report["exit_code"]) == (r.cause, r.code), report
    assert report["error"] == r.error, report
    assert tried["by"] in (getattr(bed, r.by).addresses if r.by else [None]), report
    wanted = (1, 1 + bool(tried["soft_error"])) if r.syns is None else r.syns
    assert tried["syns"] in (wanted if isinstance(wanted, tuple) else (wanted,)), report
    assert tried["took_ms"] >= r.after_ms, report
    assert r.after_ms or tried["took_ms"] < AT_ONCE_MS, report


# ---- the host, or a device on the way, refuses ----

def barred(host, hook, verdict, v):
    """A port whose packets meet that rule."""
    port = next(ports)
    host.firewall([f"meta nfproto ipv{v} tcp dport {port} {verdict}"], hook)
    return port


def rejected(host, v, kind, kind6=None, hook="forward"):
    icmp = f"icmp type {kind}" if v == 4 else f"icmpv6 type {kind6 or kind}"
    return barred(host, hook, f"reject with {icmp}", v)


@row("closed port", "connect.refused", REFUSED, "ECONNREFUSED")
def closed_port(bed, v):
    report = call(bed, at(bed.server.address[v], next(ports)), "--walk")
    assert [h["error"] for h in report["walk"]] == ["EHOSTUNREACH", "EHOSTUNREACH", "ECONNREFUSED"]
    return report


@row("reset forged by a firewall right before the host", "connect.refused", REFUSED, "ECONNREFUSED",
     like="closed port")
def reset_before_host(bed, v):
    port = barred(bed.r2, "forward", "reject with tcp reset", v)
    return call(bed, at(bed.server.address[v], port), "--walk")


@row("reset forged by a firewall on the way, with --walk", "connect.refused_by_device", REFUSED,
     "ECONNREFUSED")
def reset_on_the_way(bed, v):
    port = barred(bed.r1, "forward", "reject with tcp reset", v)
    report = call(bed, at(bed.server.address[v], port), "--walk")
    assert len(report["walk"]) == 2, report
    assert report["walk"][0]["by"] in bed.r1.addresses, report
    assert report["walk"][1]["error"] == "ECONNREFUSED", report
    assert f"at or right behind {report['walk'][0]['by']}" in report["detail"], report
    return report


@row("ICMP port unreachable", "connect.refused_by_firewall", REFUSED, "ECONNREFUSED", by="r2")
def port_unreachable(bed, v):
    return call(bed, at(bed.server.address[v], rejected(bed.r2, v, "port-unreachable")))


@row("ICMP network unreachable", "connect.net_unreachable", UNREACHABLE, "ENETUNREACH", by="r2")
def net_unreachable(bed, v):
    return call(bed, at(bed.server.address[v], rejected(bed.r2, v, "net-unreachable", "no-route")))


@row("a router without a route", "connect.net_unreachable", UNREACHABLE, "ENETUNREACH", by="r1",
     like="ICMP network unreachable")
def no_route_at_router(bed, v):
    return call(bed, at({4: "203.0.113.9", 6: "2001:db8::9"}[v], 80))


@row("ICMP host unreachable", "connect.host_unreachable", UNREACHABLE, "EHOSTUNREACH", by="r2")
def host_unreachable(bed, v):
    port = rejected(bed.r2, v, "host-unreachable", "addr-unreachable")
    return call(bed, at(bed.server.address[v], port))


@row("absent host of a far network", "connect.host_unreachable", UNREACHABLE, "EHOSTUNREACH", by="r2",
     like="ICMP host unreachable", syns=(2, 3), after_ms=2000)
def absent_host(bed, v):
    c = bed.new_client()
    c.sysctl("ipv4/tcp_syn_retries", 3)
    return call(bed, at({4: "10.77.3.99", 6: "2001:db8:3::99"}[v], 80), where=c)


@row("ICMP network prohibited", "connect.net_prohibited", UNREACHABLE, "ENETUNREACH", v=4, by="r2")
def net_prohibited(bed, v):
    return call(bed, at(bed.server.address[v], rejected(bed.r2, v, "net-prohibited")))


@row("ICMP host prohibited", "connect.host_prohibited", UNREACHABLE, "EHOSTUNREACH", v=4, by="r2")
def host_prohibited(bed, v):
    return call(bed, at(bed.server.address[v], rejected(bed.r2, v, "host-prohibited")))


@row("ICMP administratively prohibited", "connect.admin_prohibited", UNREACHABLE, "EHOSTUNREACH", v=4,
     by="r2")
@row("ICMPv6 administratively prohibited", "connect.admin_prohibited", UNREACHABLE, "EACCES", v=6,
     by="r2", like="ICMP administratively prohibited")
def admin_prohibited(bed, v):
    return call(bed, at(bed.server.address[v], rejected(bed.r2, v, "admin-prohibited")))


@row("ICMP protocol unreachable", "connect.protocol_unreachable", UNREACHABLE, "ENOPROTOOPT", v=4,
     by="r2")
def protocol_unreachable(bed, v):
    return call(bed, at(bed.server.address[v], rejected(bed.r2, v, "prot-unreachable")))


@row("ICMPv6 source address failed a policy", "connect.source_prohibited", UNREACHABLE, "EACCES", v=6,
     by="r2")
def policy_fail(bed, v):
    return call(bed, at(bed.server.address[v], rejected(bed.r2, v, None, "policy-fail")))


@row("ICMPv6 route rejected", "connect.net_prohibited", UNREACHABLE, "EACCES", v=6, by="r2",
     like="ICMP network prohibited")
def reject_route(bed, v):
    return call(bed, at(bed.server.address[v], rejected(bed.r2, v, None, "reject-route")))


@row("a loop of two routers", "connect.hops_exceeded", UNREACHABLE, "EHOSTUNREACH", by="r2")
def loop(bed, v):
    net = {4: "10.77.200.0/24", 6: "2001:db8:200::/64"}[v]
    bed.r1.ip(f"route add {net} via {({4: '10.77.2.2', 6: '2001:db8:2::2'})[v]}")
    return call(bed, at({4: "10.77.200.1", 6: "2001:db8:200::1"}[v], 80))


# ---- nobody answers ----

@row("dropped on the way", "connect.timeout", TIMEOUT, "ETIMEDOUT", syns=2, after_ms=2900)
def dropped(bed, v):
    port = barred(bed.r2, "forward", "drop", v)
    report = call(bed, at(bed.server.address[v], port), "--walk")
    hops = report["walk"]
    assert [h["error"] for h in hops] == ["EHOSTUNREACH", "EHOSTUNREACH", "ETIMEDOUT"], report
    assert hops[0]["by"] in bed.r1.addresses and hops[1]["by"] in bed.r2.addresses, report
    return report


@row("dropped on the way, -m 1.5", "connect.timeout", TIMEOUT, "ETIMEDOUT", like="dropped on the way",
     syns=2, after_ms=1400)
def dropped_deadline(bed, v):
    return call(bed, at(bed.server.address[v], barred(bed.r1, "forward", "drop", v)), "-m", "1.5")


@row("a host that is silent itself", "connect.timeout", TIMEOUT, "ETIMEDOUT",
     like="dropped on the way", syns=2, after_ms=2900)
def silent_host(bed, v):
    return call(bed, at(bed.server.address[v], barred(bed.server, "input", "drop", v)))


def fill(host, listener, address):
    """Connections to a listener that accepts none, until its queue is full."""
    def make():
        to = (address, listener.getsockname()[1])
        return [socket.create_connection(to, WITHIN) for _ in range(2)]  # listen(1) has room for
    return host.inside(make)


@row("accept queue of a far server full", "connect.timeout", TIMEOUT, "ETIMEDOUT",
     like="dropped on the way", syns=2, after_ms=2900)
def far_queue_full(bed, v):
    address = bed.server.address[v]
    with bed.server.listen(next(ports), backlog=1, host=address) as lis:
        filled = fill(bed.server, lis, address)
        report = call(bed, at(address, lis.getsockname()[1]))
        assert filled
        return report


@row("accept queue on this machine full", "connect.queue_full", TIMEOUT, "ETIMEDOUT", syns=2,
     after_ms=1400)
def own_queue_full(bed, v):
    address = bed.server.address[v]
    with bed.server.listen(next(ports), backlog=1, host=address) as lis:
        filled = fill(bed.server, lis, address)
        report = call(bed, at(address, lis.getsockname()[1]), "-m", "1.5", where=bed.server)
        tried = main_try(report)
        assert filled and (tried["queue"], tried["queue_max"]) == (2, 1), report
        assert f"pid {os.getpid()}" in report["detail"], report
        return report


@row("absent host of the own network", "connect.no_neighbour", UNREACHABLE, "EHOSTUNREACH", syns=0,
     by="silent_client", after_ms=2000)
def absent_neighbour(bed, v):
    c = bed.silent_client
    report = call(bed, at({4: f"10.77.{c.net}.99", 6: f"2001:db8:{c.net}::99"}[v], 80), where=c)
    assert report["detail"].endswith("; the next hop is the host itself"), report
    return report


@row("absent host of the own network, -m 1.5", "connect.no_neighbour", UNREACHABLE, "ETIMEDOUT",
     syns=0, like="absent host of the own network", after_ms=1400)
def absent_neighbour_deadline(bed, v):
    return call(bed, at({4: "10.77.1.98", 6: "2001:db8:1::98"}[v], 80), "-m", "1.5")


def absent_gateway_of(c, v):
    """A client with a route by way of a host that is not there."""
    net, gateway = {4: ("203.0.113.0/24", f"10.77.{c.net}.97"),
                    6: ("2001:db8:9::/64", f"2001:db8:{c.net}::97")}[v]
    c.ip(f"route replace {net} via {gateway}")
    return {4: "203.0.113.9", 6: "2001:db8:9::9"}[v], gateway


@row("absent gateway", "connect.no_neighbour", UNREACHABLE, "EHOSTUNREACH", syns=0,
     like="absent host of the own network", by="silent_client", after_ms=2000)
def absent_gateway(bed, v):
    address, gateway = absent_gateway_of(bed.silent_client, v)
    report = call(bed, at(address, 80), where=bed.silent_client)
    assert report["detail"].endswith(f"; the next hop is the gateway {gateway}"), report
    return report


@row("absent gateway, -m 1.5", "connect.no_neighbour", UNREACHABLE, "ETIMEDOUT", syns=0,
     like="absent host of the own network", after_ms=1400)
def absent_gateway_deadline(bed, v):
    address, gateway = absent_gateway_of(bed.client, v)
    report = call(bed, at(address, 80), "-m", "1.5")
    assert report["detail"].endswith(f"; the next hop is the gateway {gateway}"), report
    return report


# ---- this machine itself ----

@row("own firewall drops what goes out", "connect.timeout_own_firewall_out", TIMEOUT, "ETIMEDOUT",
     syns=0, after_ms=2900)
def own_output_drop(bed, v):
    c = bed.new_client()
    return call(bed, at(bed.server.address[v], barred(c, "output", "drop", v)), where=c)


@row("own firewall drops the answers", "connect.timeout_own_firewall_in", TIMEOUT, "ETIMEDOUT",
     syns=2, after_ms=2900)
def own_input_drop(bed, v):
    c, port = bed.new_client(), next(ports)
    c.firewall([f"tcp sport {port} drop"], "input")
    return call(bed, at(bed.server.address[v], port), where=c)


@row("own firewall rejects what goes out, by ICMP", "connect.own_firewall_rejects", LOCAL,
     "ECONNREFUSED", syns=0, by="rejecting_client", after_ms=900)
def own_output_reject(bed, v):
    port = rejected(bed.rejecting_client, v, "port-unreachable", hook="output")
    return call(bed, at(bed.server.address[v], port), where=bed.rejecting_client)


@row("own firewall rejects what goes out, by a reset, with --walk", "connect.refused_by_device",
     REFUSED, "ECONNREFUSED", like="reset forged by a firewall on the way, with --walk")
def own_output_reset(bed, v):
    c = bed.rejecting_client
    port = barred(c, "output", "reject with tcp reset", v)
    report = call(bed, at(bed.server.address[v], port), "--walk", where=c)
    assert "this machine's own firewall" in report["detail"], report
    return report


OWN_NET = {4: "198.51.100.0/24", 6: "2001:db8:100::/64"}
IN_OWN_NET = {4: "198.51.100.1", 6: "2001:db8:100::1"}


def with_route(bed, v, kind):
    c = bed.new_client()
    c.ip(f"route add {kind} {OWN_NET[v]}")
    return call(bed, at(IN_OWN_NET[v], 80), where=c)


@row("own route unreachable", "connect.route_unreachable", LOCAL, "EHOSTUNREACH", syns=0)
def route_unreachable(bed, v):
    return with_route(bed, v, "unreachable")


@row("own route prohibit", "connect.route_prohibited", LOCAL, "EACCES", syns=0)
def route_prohibit(bed, v):
    return with_route(bed, v, "prohibit")


@row("own route blackhole", "connect.route_blackhole", LOCAL, "EINVAL", syns=0)
def route_blackhole(bed, v):
    return with_route(bed, v, "blackhole")


@row("no route", "connect.no_route_local", LOCAL, "ENETUNREACH", syns=0)
def no_route(bed, v):
    c = bed.new_client()
    c.ip("route del default" if v == 4 else "route del ::/0")
    return call(bed, at(bed.server.address[v], 80), where=c)


@row("link down", "connect.no_route_local", LOCAL, "ENETUNREACH", syns=0, like="no route")
def link_down(bed, v):
    c = bed.new_client()
    c.ip("link set c0 down")
    return call(bed, at({4: f"10.77.{c.net}.1", 6: f"2001:db8:{c.net}::1"}[v], 80), where=c)


@row("broadcast destination", "connect.not_unicast", LOCAL, "ENETUNREACH", v=4, syns=0)
def broadcast(bed, v):
    report = call(bed, at("255.255.255.255", 80))
    assert report["cause"]["id"] == "connect.not_unicast", report
    return call(bed, at("10.77.1.255", 80))


@row("multicast destination", "connect.not_unicast", LOCAL, "ENETUNREACH", syns=0,
     like="broadcast destination")
def multicast(bed, v):
    return call(bed, at({4: "224.0.0.1", 6: "ff02::1"}[v], 80))


@row("link-local address without its interface", "connect.no_scope", LOCAL, "EINVAL", v=6, syns=0)
def no_scope(bed, v):
    return call(bed, at("fe80::1", 80))


@row("no ephemeral port left", "connect.no_ports", NO_PORTS, "EADDRNOTAVAIL", syns=0)
def no_ports(bed, v):
    c, address = bed.new_client(), bed.server.address[v]
    c.sysctl("ipv4/ip_local_port_range", "40000 40003")
    with bed.server.listen(next(ports), host=address) as lis:
        port = lis.getsockname()[1]
        held = c.inside(lambda: [socket.create_connection((address, port), 10) for _ in range(4)])
        report = call(bed, at(address, port), where=c)
        assert len(held) == 4
        assert "of the 4 ports from 40000 to 40003, 4 are held" in report["detail"], report
        return report


@row("connected to itself", "connect.self", REFUSED, "ECONNREFUSED", syns=1)
def to_itself(bed, v):
    c = bed.new_client()
    c.sysctl("ipv4/ip_local_port_range", "40000 40000")
    return call(bed, at({4: "127.0.0.1", 6: "::1"}[v], 40000), where=c)


@row("closed port of this machine, open on another address", "connect.wrong_address", REFUSED,
     "ECONNREFUSED", syns=1)
def wrong_address(bed, v):
    with bed.server.listen(next(ports), host={4: "127.0.0.1", 6: "::1"}[v]) as lis:
        report = call(bed, at(bed.server.address[v], lis.getsockname()[1]), where=bed.server)
        assert f"pid {os.getpid()}" in report["detail"], report
        return report


# ---- connected, and then ----

def peer(bed, v, handler):
    """A server that does that with each connection."""
    return bed.server.inside(lambda: Peer(handler, family=socket.AF_INET6, host="::"))


def ask(bed, v, handler, *args):
    with peer(bed, v, handler) as p:
        return call(bed, at(bed.server.address[v], p.port), *args)


def hold(p, _):
    p.gone.wait(WITHIN)


def barred_request(bed, v, verdict):
    """A server behind a firewall that lets handshakes pass, but no data."""
    with peer(bed, v, hold) as p:
        bed.r2.firewall([f"tcp dport {p.port} tcp flags & psh == psh {verdict}"], "forward")
        return call(bed, at(bed.server.address[v], p.port), "-m", "3")


@row("a reply", None, 0, None)
def all_well(bed, v):
    return ask(bed, v, replies(reply()))


@row("a firewall resets the request", "reply.reset_before", RESET, "ECONNRESET")
def request_reset(bed, v):
    return barred_request(bed, v, "reject with tcp reset")


@row("a firewall swallows the request", "request.unacknowledged", NO_REPLY, "ETIMEDOUT")
def request_swallowed(bed, v):
    return barred_request(bed, v, "drop")


@row("reset after the request", "reply.reset_after_request", RESET, "ECONNRESET")
def reset_after_request(bed, v):
    def handle(_, c):
        read_request(c)
        reset(c)
    return ask(bed, v, handle)


@row("reset within the reply", "reply.reset_within", RESET, "ECONNRESET")
def reset_within_reply(bed, v):
    def handle(_, c):
        read_request(c)
        c.sendall(reply(b"some", length=1000))
        while fcntl.ioctl(c, termios.TIOCOUTQ, b"1234") != bytes(4):
            os.sched_yield()  # until it has arrived
        reset(c)
    return ask(bed, v, handle)


@row("closed without a reply", "reply.closed", CLOSED, "STOA_EEOF")
def closed_without_reply(bed, v):
    return ask(bed, v, lambda _, c: read_request(c))


@row("no reply in time", "reply.timeout", NO_REPLY, "ETIMEDOUT")
def no_reply(bed, v):
    return ask(bed, v, hold, "-m", "1.5")


# ---- names with an address of each family (RFC 8305) ----

HOSTS = "127.0.0.1 localhost\n10.77.3.2 both.test\n2001:db8:3::2 both.test\n"


def race(bed, port):
    report = call(bed, f"both.test:{port}")
    x = report["exchanges"][-1]
    assert x["addresses"] == 2 and [t["to"][0] for t in x["tries"]] in (["["], ["[", "1"]), report
    return report, x["connected"], x["tries"]


@row("both families answer", None, 0, None, v=6)
def both_answer(bed, v):
    with peer(bed, v, replies(reply())) as p:
        report, connected, tries = race(bed, p.port)
        assert connected == 0 and len(tries) == 1, report
        return report


@row("IPv6 is swallowed, IPv4 answers", None, 0, None, v=4)
def ipv6_swallowed(bed, v):
    with peer(bed, v, replies(reply())) as p:
        bed.r2.firewall([f"meta nfproto ipv6 tcp dport {p.port} drop"], "forward")
        report, connected, tries = race(bed, p.port)
        assert connected == 1 and tries[0]["cause"] == "connect.cancelled", report
        assert tries[0]["error"] == "ECANCELED" and tries[1]["began_ms"] >= 250, report
        return report


@row("IPv6 is refused, IPv4 answers", None, 0, None, v=4)
def ipv6_refused(bed, v):
    with peer(bed, v, replies(reply())) as p:
        bed.r2.firewall([f"meta nfproto ipv6 tcp dport {p.port} reject with tcp reset"], "forward")
        report, connected, tries = race(bed, p.port)
        assert connected == 1 and tries[0]["cause"] == "connect.refused", report
        return report


@row("IPv6 is swallowed, IPv4 is refused", "connect.refused", REFUSED, "ECONNREFUSED", v=4,
     like="closed port")
def both_fail(bed, v):
    report, connected, tries = race(bed, barred(bed.r2, "forward", "drop", 6))
    assert connected == -1 and tries[0]["cause"] == "connect.timeout", report
    return report


# ---- the table of docs/diagnosis.md ----

seen = {}  # what was told: (cause, exit code, error, sentence) by row


def root(r):
    while r.like:
        r = next(o for o in rows if o.name == r.like)
    return r.name


def check_causes_differ():
    """No two rows have the same cause, unless the kernel does not tell them apart."""
    first = {}
    for r in rows:
        assert not r.cause or first.setdefault(r.cause, root(r)) == root(r), (r.name, first[r.cause])


def check_table():
    """The table says what was seen, and has no other rows. The second column is for people: it must
    name the error."""
    with open(TABLE) as f:
        lines = [[c.strip() for c in line.strip().strip("|").split("|")] for line in f if line[0] == "|"]
    told = {cells[0]: cells[1:] for cells in lines if len(cells) == 4}
    for name, (cause, code, error, what) in seen.items():
        assert name in told, f"no row: {name}"
        linux, id_and_code, sentence = told[name]
        assert id_and_code == (f"`{cause}`, {code}" if cause else "0"), (name, id_and_code, cause, code)
        assert not error or error in linux, (name, linux, error)
        assert sentence == (what or ""), (name, sentence, what)
    assert set(told) - {r.name for r in rows} <= {"row", "what is in the way", "---"}, told.keys()


# ---- running them ----

class Outcome:
    def __init__(self):
        self.passed, self.failed, self.lock = 0, 0, threading.Lock()

    def run(self, name, work):
        began = time.monotonic()
        try:
            work()
        except Exception:
            with self.lock:
                self.failed += 1
                print(f"--- {name}")
                traceback.print_exc(file=sys.stdout)
                return
        with self.lock:
            self.passed += 1
        if "-v" in sys.argv:
            print(f"{time.monotonic() - began:6.2f} s  {name}")


def run_row(r, bed):
    report = r.work(bed, r.v)
    check(r, bed, report)
    seen[r.name] = (r.cause, r.code, r.error, report["cause"] and report["cause"]["what"])


def main():
    chosen = [a for a in sys.argv[1:] if not a.startswith("-")]
    work = [(f"{r.name}, IPv{r.v}", r) for r in rows]
    work = [w for w in work if not chosen or any(c in w[0] for c in chosen)]
    outcome = Outcome()
    with Bed() as bed, concurrent.futures.ThreadPoolExecutor(16) as pool:
        bed.client.files(hosts=HOSTS)
        bed.silent_client, bed.rejecting_client = bed.new_client(), bed.new_client()
        bed.silent_client.sysctl("ipv4/tcp_syn_retries", 3)
        try:
            list(pool.map(lambda w: outcome.run(w[0], lambda: run_row(w[1], bed)), work))
        finally:
            pool.shutdown(cancel_futures=True)  # what waits when this is interrupted
    outcome.run("no two rows have the same cause", check_causes_differ)
    outcome.run("docs/diagnosis.md", check_table)
    print(f"{outcome.passed} passed, {outcome.failed} failed")
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
