"""A network namespace of the test's own: its ports, sysctls and firewall are nobody else's."""
import ctypes
import fcntl
import os
import socket
import struct
import sys

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
NOBODY = 65534

libc = ctypes.CDLL(None, use_errno=True)


def skip(why):
    print(why)
    sys.exit(77)


def enter():
    """Moves this process into a new network namespace, loopback up; ends it with 77 where that is
    not allowed. Without root, a new user namespace comes along, in which we are root."""
    uid, gid = os.getuid(), os.getgid()
    flags = CLONE_NEWNET | (CLONE_NEWUSER if uid else 0)
    if libc.unshare(flags) != 0:
        skip("no network namespace can be made here: " + os.strerror(ctypes.get_errno()))
    if uid:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"),
                           ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{name}", "w") as f:
                f.write(text)
    loopback_up()


def loopback_up():
    SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        name, flags = struct.unpack_from("16sH", fcntl.ioctl(s, SIOCGIFFLAGS,
                                                             struct.pack("16sH22x", b"lo", 0)))
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH22x", name, flags | IFF_UP))


class Sysctl:
    """with Sysctl("net/core/somaxconn", 16): ... ; the old value comes back."""

    def __init__(self, name, value):
        self.path, self.value = "/proc/sys/" + name, str(value)

    def write(self, text):
        with open(self.path, "w") as f:
            f.write(text)

    def __enter__(self):
        with open(self.path) as f:
            self.before = f.read().strip()
        self.write(self.value)
        return self

    def __exit__(self, *_):
        self.write(self.before)
