#!/usr/bin/python3
"""`stoa call` against every fault of `stoa serve --fault`: no two print the same report, no reply that
is not whole passes for one."""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(__file__))
from call_rig import call, start  # noqa: E402
from stoa_process import IO, STOA, WITHIN, Stoa, run_tests  # noqa: E402

WHOLE = b"This reply is whole.\n"
PATIENT, HASTY = str(WITHIN), "2"  # -m, in seconds; hasty for what would not end by itself
ENDLESS = {"never-accept", "never-read", "stall", "stall-in-head", "stall-in-body", "slow", "never-close",
           "endless-body"}

# What one request does not meet, or takes as it comes: exit 0, and the whole body.
HARMLESS = {"no-continue", "close-when-idle", "reset-on-reuse", "bad-gzip"}
# What each is given, where it needs an argument.
ARGUMENTS = {"refuse-after": "1", "slow": "20000"}
# Where a short request says the same: how a raw connection that says nothing ends, and a long request.
MORE = {"reset-at-accept": PATIENT, "close-at-accept": PATIENT, "reset-while-request": HASTY,
        "reset-after-request": HASTY, "close-without-reply": HASTY}
EXITS = {
    "refuse-after": 20, "never-accept": 42, "reset-at-accept": 41, "close-at-accept": 40, "early-408": 50,
    "never-read": 42, "reset-while-request": 41, "early-413": 50, "reset-after-request": 41,
    "close-without-reply": 40, "stall": 42, "stall-in-head": 42, "stall-in-body": 42, "reset-in-head": 41,
    "reset-in-body": 41, "cut-head": 43, "cut-body": 43, "cut-chunk": 43, "cut-in-chunk": 43,
    "two-lengths": 44, "length-and-chunked": 44, "bad-length": 44, "huge-length": 44, "bad-chunk": 44,
    "huge-chunk": 44, "bad-status-line": 44, "endless-head": 44, "endless-1xx": 44, "endless-body": 60,
    "redirect-loop": 44, "old-http": 45, "garbage": 45, "tls-alert": 45, "ssh-banner": 45,
    "smtp-banner": 45, "http2-preface": 45, "wrong-length": 44, "slow": 60, "never-close": 42,
    "body-with-204": 44, "bad-header": 44, "folded-header": 44, "escapes": 44,
}


def kinds():
    done = subprocess.run([STOA, "serve", "--fault", "list"], capture_output=True, text=True)
    found = re.findall(r"^  ([a-z0-9-]+)", done.stdout, re.M)
    assert len(found) >= 24, found
    return found


def plain(text):
    """A report without times, ports, addresses, processes and counts of what was in flight."""
    for what, instead in ((r"\d+\.\d+\.\d+\.\d+:\d+", "ADDR"), (r"[0-9.]+ m?s\b", "TIME"),
                          (r"pid \d+", "PID"), (r" +", " "), (r"TIME_WAIT|FIN_WAIT[12]|CLOSED", "STATE"),
                          (r"FIN [a-z, A-Z]*", "FIN")):
        text = re.sub(what, instead, text)
    return text


def more(kind, port, io):
    """A raw connection that says nothing, and a request that is longer than all buffers."""
    quiet = start("-m", MORE[kind], f"127.0.0.1:{port}", io=io)
    code = quiet.wait(WITHIN)
    quiet.communicate()
    long = call("-m", PATIENT, "-d", "@-", f"http://127.0.0.1:{port}/", io=io, stdin=b"x" * (32 << 20))
    return code, long.code, tuple(re.findall(r"^  cause  +(\S+),", long.err, re.M))


def report(kind, io):
    """What a request to a server with that fault prints, and what else tells it apart."""
    fault = kind + ("=" + ARGUMENTS[kind] if kind in ARGUMENTS else "")
    limit = HASTY if kind in ENDLESS else PATIENT
    with Stoa("--fault", fault, io=io) as s:
        url = f"http://127.0.0.1:{s.port}/x"
        if kind == "refuse-after":
            assert call(url).out == WHOLE
        said = call("-v", "-f", "-L", "-m", limit, url, io=io)
        told = (plain(said.err), more(kind, s.port, io) if kind in MORE else None)
        s.signal()
        s.signal()
    return kind, said, told


def test_every_fault():
    with ThreadPoolExecutor(4) as pool:
        for io in IO:
            seen = {}
            for kind, said, told in pool.map(lambda k: report(k, io), kinds()):
                assert re.fullmatch(r"[\n -~]*", said.err), (kind, said)
                if kind in HARMLESS:
                    assert (said.code, said.out) == (0, WHOLE), (kind, said)
                    continue
                # A reset may be there as soon as the connection is. A kind that is not known here yet
                # must fail somehow.
                as_soon = kind == "reset-at-accept" and said.code == 23
                assert as_soon or said.code == EXITS.get(kind, said.code or "a failure"), (kind, said)
                assert told not in seen, (kind, seen[told], told)
                seen[told] = kind
            assert len(seen) >= 24


if __name__ == "__main__":
    run_tests(globals())
