"""A small private network of namespaces: pixie's host, a router's host, and a port for a machine.

    lan     bridge br0, 10.77.0.1 and fd77::1: pixie's host; the machine's port hangs on the bridge
    router  eth0, 10.77.0.2 and fd77::2: DHCP, DNS and other web servers

With a relay, the machine's port hangs on another network, which the router leads to pixie's:

    router  bridge br1, 10.76.0.2 and fd76::2

Needs root. Nothing in it reaches the outside. The namespaces are named pixie-<pid>-<n>-…, and those
which a killed test run left behind are removed when the next one starts.
"""

import contextlib
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys

from .process import Process

ADDRESS, ADDRESS6 = "10.77.0.1", "fd77::1"
ROUTER, ROUTER6 = "10.77.0.2", "fd77::2"
RELAY, RELAY6 = "10.76.0.2", "fd76::2"
TUN = pathlib.Path("/dev/net/tun")

_numbers = itertools.count(1)


def _run(*command, text=None):
    """Runs a command to its end and returns what it printed."""
    result = subprocess.run(command, input=text, text=True, check=False, capture_output=True)
    if result.returncode != 0:
        raise OSError(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout


def _ip(*arguments, batch=None):
    return _run("ip", *arguments, *(["-batch", "-"] if batch else []), text=batch)


def remove_leftovers():
    """Removes namespaces (and ends their programs) of test runs whose process is gone."""
    for name, owner in re.findall(r"^(pixie-(\d+)-\d+-\w+)", _ip("netns", "list"), re.M):
        if not os.path.exists(f"/proc/{owner}"):
            remove(name)


def remove(namespace):
    """Removes a namespace and ends the programs in it."""
    inside = subprocess.run(["ip", "netns", "pids", namespace], text=True, check=False,
                            capture_output=True)
    for pid in inside.stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run(["ip", "netns", "delete", namespace], check=False, capture_output=True)


class Network:
    """One network, for one test; a context manager that removes it and ends all that runs in it.

    `folder` takes logs. `machine_loss` and `router_loss` are the percentages of frames that get
    lost each way on the wire from the bridge to the machine's port or the router's host.
    `plain_pxe` makes QEMU's network boot ROM a plain PXE client (plain_pxe.py), `relay` puts the
    machine on a network of its own.
    """

    def __init__(self, folder, machine_loss=0, router_loss=0, plain_pxe=False, relay=False):
        self._folder = folder
        prefix = f"pixie-{os.getpid()}-{next(_numbers)}"
        self.lan, self.router = f"{prefix}-lan", f"{prefix}-router"
        self._between = f"{prefix}-between"  # where wires are, apart from any host's own traffic
        self._machine_loss, self._router_loss = machine_loss, router_loss
        self._plain_pxe, self._relay = plain_pxe, relay
        self._has_tap = TUN.exists() and not machine_loss and not plain_pxe
        self.machine_host = self.router if relay else self.lan  # where the machine's port is
        self._wires = []

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for wire in self._wires:
            wire.stop()
        for namespace in (self.lan, self.router, self._between):
            remove(namespace)

    def _build(self):
        for namespace in (self.lan, self.router, self._between):
            _ip("netns", "add", namespace)
        if self._router_loss:
            self._add_pair(self.lan, "uplink0", self._between, "wire1")
            self._add_pair(self.router, "eth0", self._between, "wire2")
        else:
            self._add_pair(self.lan, "uplink0", self.router, "eth0")
        if self._has_tap:
            _ip("-n", self.machine_host, *"tuntap add dev port0 mode tap".split())
        else:
            self._add_pair(self.machine_host, "port0", self._between, "wire0")
        _ip("-n", self.lan, batch=f"""\
            link set lo up
            {self._bridge("br0", ADDRESS, ADDRESS6)}
            link set uplink0 master br0 up
            """)
        _ip("-n", self.router, batch=f"""\
            link set lo up
            addr add {ROUTER}/24 dev eth0
            addr add {ROUTER6}/64 dev eth0 nodad
            link set eth0 up
            """)
        if self._relay:
            self._build_relay()
        else:
            _ip("-n", self.lan, *"link set port0 master br0 up".split())
        if self._router_loss:
            self._lay_wire("wire1", "wire2", self._router_loss)

    @staticmethod
    def _bridge(name, address, address6):
        return f"""\
            link add {name} type bridge stp_state 0 forward_delay 0 mcast_snooping 0
            addr add {address}/24 dev {name}
            addr add {address6}/64 dev {name} nodad
            link set {name} up"""

    def _build_relay(self):
        _ip("-n", self.router, batch=f"""\
            {self._bridge("br1", RELAY, RELAY6)}
            link set port0 master br1 up
            """)
        for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            _run("ip", "netns", "exec", self.router, "tee", f"/proc/sys/net/{setting}", text="1")
        _ip("-n", self.lan, *f"route add 10.76.0.0/24 via {ROUTER}".split())
        _ip("-n", self.lan, *f"route add fd76::/64 via {ROUTER6}".split())

    def _add_pair(self, left, left_link, right, right_link):
        _ip("-n", left, *f"link add {left_link} type veth peer name {right_link}".split(),
            "netns", right)
        if right == self._between:
            _ip("-n", right, *f"link set {right_link} addrgenmode none up".split())

    def _lay_wire(self, left, right, loss, *words, descriptors=()):
        for namespace in (self.lan, self.router):
            links = json.loads(_ip("-n", namespace, "-json", "link", "show"))
            for name in (link["ifname"] for link in links if link["link_type"] == "ether"):
                _run("ip", "netns", "exec", namespace, "ethtool", "-K", name,
                     *"tx off tso off gso off gro off".split())
        program = pathlib.Path(__file__).with_name("frames.py")
        self._wires.append(Process(
            self._between, [sys.executable, program, left, right, loss, *words],
            self._folder / f"{left}.log", descriptors=descriptors))

    def machine_port(self):
        """QEMU's -netdev value for the machine's port, and the descriptors that QEMU must inherit
        (the caller closes them after that).

        Where no tun device exists, or frames shall be lost or altered, QEMU sends them over a
        socket pair.
        """
        if self._has_tap:
            return "tap,id=net0,ifname=port0,script=no,downscript=no", []
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with ours:
            words = ["plain-pxe"] if self._plain_pxe else []
            self._lay_wire("wire0", str(ours.fileno()), self._machine_loss, *words,
                           descriptors=[ours.fileno()])
        return f"dgram,id=net0,local.type=fd,local.str={theirs.fileno()}", [theirs.detach()]
