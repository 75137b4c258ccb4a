"""One Ethernet segment: a switch, and hosts that hang on it by their eth0. Needs root.

Unlike network.Network it is made per case, has as many hosts as the case wants, and these have no
address but what the case gives them.
"""

import contextlib
import itertools
import socket
import struct
import time

from lab.net import remove

from .dhcp_message import Message
from .network import await_link, inside, new_prefix, run

ETH_P_IP = 0x0800
IP_HEADER_WORDS, UDP, UDP_HEADER = 0x0f, 17, 8
DHCP_PORTS = {67, 68, 4011}
BUFFER = 4 << 20  # bytes


class Segment:
    """A switch and its hosts; a context manager. Hosts are named by their namespaces."""

    def __init__(self):
        self._prefix = new_prefix()
        self.switch = f"{self._prefix}-switch"
        self._namespaces = []
        self._ports = itertools.count()

    def __enter__(self):
        try:
            self._add(self.switch, "link add br0 type bridge stp_state 0 forward_delay 0",
                      "link set br0 up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for namespace in self._namespaces:
            remove(namespace)

    def _add(self, namespace, *lines):
        run("ip", "netns", "add", namespace)
        self._namespaces.append(namespace)
        run("ip", "-n", namespace, "-batch", "-", text="\n".join(("link set lo up", *lines)))

    def host(self, name, *addresses, mac=None):
        """A new host with these addresses (as 10.80.0.1/24); returns its namespace."""
        namespace = f"{self._prefix}-{name}"
        self._add(namespace)
        self.connect(namespace, "eth0", *addresses, mac=mac)
        return namespace

    def connect(self, namespace, link, *addresses, mac=None):
        """Hangs a host of this or another segment on this one's switch, too."""
        port = f"port{next(self._ports)}"
        run("ip", "-n", self.switch, *f"link add {port} type veth peer name {link}".split(),
            "netns", namespace)
        run("ip", "-n", self.switch, *f"link set {port} master br0 up".split())
        lines = [f"link set {link} address {mac}"] if mac else []
        lines += [f"addr add {address} dev {link} " + ("nodad" if ":" in address else "brd +")
                  for address in addresses]
        run("ip", "-n", namespace, "-batch", "-", text="\n".join((*lines, f"link set {link} up")))
        await_link(namespace, link, lambda found: found["operstate"] == "UP")
        await_link(self.switch, port, _forwards)

    @contextlib.contextmanager
    def ear(self):
        """Hears the DHCP messages on the segment from now on; gives an Ear."""
        with inside(self.switch):
            heard = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        with heard:
            heard.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            heard.bind(("br0", ETH_P_IP))
            run("ip", "-n", self.switch, "link", "set", "br0", "promisc", "on")
            yield Ear(heard)


def _forwards(port):
    return port["linkinfo"]["info_slave_data"]["state"] == "forwarding"


class Ear:
    """What was said on a segment. `messages` are all so far, in order."""

    def __init__(self, heard):
        self._socket = heard
        self.messages = []

    def listen(self, seconds):
        """Takes in what comes until that time is over; returns all messages."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            with contextlib.suppress(TimeoutError):
                self._take(self._socket.recv(65536))
        return self.messages

    def wait_for(self, wanted, seconds=10):
        """The first message for which `wanted(message)` is true; None if none comes in time."""
        deadline = time.monotonic() + seconds
        seen = 0
        while True:
            for message in self.messages[seen:]:
                if wanted(message):
                    return message
            seen = len(self.messages)
            if time.monotonic() > deadline:
                return None
            self.listen(0.1)

    def _take(self, packet):
        header = 4 * (packet[0] & IP_HEADER_WORDS)
        if packet[9] != UDP:
            return
        ports = struct.unpack_from("!HH", packet, header)
        if DHCP_PORTS.intersection(ports):
            message = Message.parse(packet[header + UDP_HEADER:])
            message.source = socket.inet_ntoa(packet[12:16]), ports[0]
            message.destination = socket.inet_ntoa(packet[16:20]), ports[1]
            self.messages.append(message)
