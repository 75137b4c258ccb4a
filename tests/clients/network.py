"""Two hosts, made of network namespaces, with pixie on one and its clients on the other.

    server  eth0 10.78.0.1, 10.78.0.3, fd78::1, fd78::3     eth1 10.79.0.1, fd79::1 (MTU 1280)
    client  eth0 10.78.0.2, fd78::2                         eth1 10.79.0.2, fd79::2 (MTU 1280)

Needs root. The namespaces are named as those of lab.net, so that its remove_leftovers() finds them.
"""

import contextlib
import ctypes
import itertools
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

from lab.process import Process

SERVER, SERVER_OTHER, CLIENT = "10.78.0.1", "10.78.0.3", "10.78.0.2"
SERVER6, SERVER6_OTHER, CLIENT6 = "fd78::1", "fd78::3", "fd78::2"
SMALL_MTU, SERVER_SMALL, SERVER6_SMALL = 1280, "10.79.0.1", "fd79::1"
BROADCAST = "10.78.0.255"
DUAL = "[::]:0"  # a free port of all IPv6 and IPv4 addresses

CLONE_NEWNET = 0x40000000
RTMGRP_LINK = 1

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)


def new_prefix():
    """What the names of one network's namespaces begin with."""
    return f"pixie-{os.getpid()}-{next(_numbers)}"


def run(*command, text=None):
    """Runs a command that sets the network up; `text` is its input."""
    result = subprocess.run(command, input=text, text=True, check=False, capture_output=True)
    if result.returncode != 0:
        raise OSError(f"{' '.join(command)}: {result.stderr.strip()}")


def _enter(path):
    with open(path, "rb") as namespace:
        if _libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")


@contextlib.contextmanager
def inside(namespace):
    """This thread's new sockets belong to that namespace meanwhile, and stay in it."""
    with open("/proc/thread-self/ns/net", "rb") as home:
        _enter(f"/run/netns/{namespace}")
        try:
            yield
        finally:
            if _libc.setns(home.fileno(), CLONE_NEWNET) != 0:
                os._exit(70)  # a thread that is lost in another namespace must not go on


def await_link(namespace, link, is_ready, seconds=10):
    """Waits until a link is as wanted: the kernel tells of a new carrier only some time after both
    ends are up, and drops what is sent before. `is_ready` judges what `ip -details` says of it."""
    with inside(namespace), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                          socket.NETLINK_ROUTE) as changes:
        changes.bind((0, RTMGRP_LINK))
        deadline = time.monotonic() + seconds
        while not is_ready(_link(namespace, link)):
            changes.settimeout(max(0.001, deadline - time.monotonic()))
            changes.recv(65536)


def _link(namespace, link):
    command = ["ip", "-n", namespace, "-details", "-json", "link", "show", "dev", link]
    return json.loads(subprocess.run(command, text=True, check=True, capture_output=True).stdout)[0]


class Network:
    """The two hosts; a context manager. `faults` (options of wire.py) damage the traffic between
    their eth0."""

    def __init__(self, folder, faults=()):
        prefix = new_prefix()
        self.server, self.client = f"{prefix}-server", f"{prefix}-client"
        self._between = f"{prefix}-between"
        self._folder, self._faults = folder, faults
        self._wire = None

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._wire:
            self._wire.stop()
        for namespace in (self.server, self.client, self._between):
            subprocess.run(["ip", "netns", "delete", namespace], check=False, capture_output=True)

    def _build(self):
        for namespace in (self.server, self.client, self._between):
            run("ip", "netns", "add", namespace)
        if self._faults:
            self._pair(self.server, "eth0", self._between, "wire0")
            self._pair(self.client, "eth0", self._between, "wire1")
        else:
            self._pair(self.server, "eth0", self.client, "eth0")
        self._pair(self.server, "eth1", self.client, "eth1")
        self._addresses(self.server, [f"{SERVER}/24", f"{SERVER_OTHER}/24", f"{SERVER6}/64",
                                      f"{SERVER6_OTHER}/64"],
                        [f"{SERVER_SMALL}/24", f"{SERVER6_SMALL}/64"])
        self._addresses(self.client, [f"{CLIENT}/24", f"{CLIENT6}/64"],
                        ["10.79.0.2/24", "fd79::2/64"])
        if self._faults:
            self._lay_wire()
        for namespace in (self.server, self.client):
            for link in ("eth0", "eth1"):
                await_link(namespace, link, lambda found: found["operstate"] == "UP")

    @staticmethod
    def _pair(left, left_link, right, right_link):
        run("ip", "-n", left, *f"link add name {left_link} type veth".split(),
             *f"peer name {right_link} netns {right}".split())

    @staticmethod
    def _addresses(namespace, eth0, eth1):
        lines = [f"link set eth1 mtu {SMALL_MTU}"]
        for link, addresses in (("eth0", eth0), ("eth1", eth1)):
            for address in addresses:
                text = f"addr add {address} dev {link}"
                lines.append(f"{text} nodad" if ":" in address else f"{text} brd +")
        lines += [f"link set {link} up" for link in ("lo", "eth0", "eth1")]
        run("ip", "-n", namespace, "-batch", "-", text="\n".join(lines))

    def _lay_wire(self):
        for link in ("wire0", "wire1"):
            run("ip", "-n", self._between, *f"link set {link} addrgenmode none up".split())
        for namespace in (self.server, self.client):
            run("ip", "netns", "exec", namespace, "ethtool", "-K", "eth0",
                 *"tx off tso off gso off gro off".split())
        program = pathlib.Path(__file__).with_name("wire.py")
        self._wire = Process(self._between,
                             [sys.executable, program, "wire0", "wire1", *self._faults],
                             self._folder / "wire.log")
        self._wire.transcript.wait_for(rb"ready", time.monotonic() + 20)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_DGRAM, protocol=0):
        """A new socket of the client's host."""
        with inside(self.client):
            return socket.socket(family, kind, protocol)


def family_of(address):
    """The socket family of an IP address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def url_host(address):
    """An address as the host of a URL."""
    return f"[{address}]" if ":" in address else address
