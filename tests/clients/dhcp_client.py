"""A DHCP client for tests: it says exactly what a case wants, and shows every answer."""

import contextlib
import itertools
import random
import socket
import time

from . import dhcp_message as dhcp
from .case import check
from .dhcp_message import Message
from .network import inside

EVERYBODY = "255.255.255.255"
SERVER_PORT, CLIENT_PORT, BOOT_SERVER_PORT = 67, 68, 4011
SECONDS = 3
ASKS = bytes([1, 3, 6, 12, 15, 43, 51, 54, 58, 59, 60, 66, 67, 97])

MACHINE = bytes.fromhex("00112233445566778899aabbccddeeff00")
BIOS = {dhcp.VENDOR_CLASS: b"PXEClient:Arch:00000:UNDI:002001", dhcp.ARCHITECTURE: b"\0\0",
        dhcp.UNDI: b"\1\2\1", dhcp.MACHINE: MACHINE}
UEFI = {dhcp.VENDOR_CLASS: b"PXEClient:Arch:00007:UNDI:003000", dhcp.ARCHITECTURE: b"\0\7",
        dhcp.UNDI: b"\1\3\0", dhcp.MACHINE: MACHINE}
UEFI_HTTP = {dhcp.VENDOR_CLASS: b"HTTPClient:Arch:00016:UNDI:003000", dhcp.ARCHITECTURE: b"\0\x10",
             dhcp.UNDI: b"\1\3\0", dhcp.MACHINE: MACHINE}
IPXE = UEFI | {dhcp.USER_CLASS: b"iPXE", 175: bytes.fromhex("eb03020000")}

_macs = itertools.count(1)


def new_mac():
    """A MAC address that no other client has."""
    return "02:00:00:" + next(_macs).to_bytes(3, "big").hex(":")


class Client:
    """A client on the eth0 of a host; a context manager. `boots` are the options of its firmware.

    It asks for answers by broadcast, as it has no address. `port` and `address` are what it sends
    from; a relay agent sends from 67.
    """

    def __init__(self, namespace, mac=None, boots=None, port=CLIENT_PORT, address=""):
        self.mac = mac or new_mac()
        self._boots = boots or {}
        self._xid = 0
        with inside(namespace):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if not address:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        self._socket.bind((address, port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, kind, options=None, to=(EVERYBODY, SERVER_PORT), same=False, **fields):
        """Sends a message; `same` goes on with the transaction of the one before."""
        self._xid = self._xid if same else random.getrandbits(32)
        fields = {"flags": dhcp.BROADCAST_FLAG, "xid": self._xid, "mac": self.mac} | fields
        message = Message(options={dhcp.TYPE: bytes([kind]), dhcp.PARAMETERS: ASKS} | self._boots |
                          (options or {}), **fields)
        self._socket.sendto(message.bytes(), to)

    def send_bytes(self, data):
        """Broadcasts a datagram that may be no message at all."""
        self._socket.sendto(data, (EVERYBODY, SERVER_PORT))

    def receive_bytes(self, seconds):
        """The next datagram, whatever it is; None if none comes."""
        self._socket.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            return self._socket.recv(65536)
        return None

    def receive(self, seconds=SECONDS):
        """The next answer to the last message; None if none comes."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            with contextlib.suppress(TimeoutError):
                data, source = self._socket.recvfrom(65536)
                message = Message.parse(data)
                if message.op == dhcp.BOOTREPLY and message.xid == self._xid:
                    message.source = source
                    return message
        return None

    def receive_all(self, seconds=SECONDS):
        """All answers that come within that time."""
        deadline = time.monotonic() + seconds
        answers = []
        while answer := self.receive(deadline - time.monotonic()):
            answers.append(answer)
        return answers

    def expect(self, kind, seconds=SECONDS):
        """The next answer, which must be of that kind."""
        answer = self.receive(seconds)
        check(answer, f"no {dhcp.NAMES[kind]} within {seconds} s")
        check(answer.kind == kind, f"no {dhcp.NAMES[kind]}, but {answer}")
        return answer

    def discover(self, options=None, **fields):
        """Sends DISCOVER; the offer."""
        self.send(dhcp.DISCOVER, options, **fields)
        return self.expect(dhcp.OFFER)

    def take(self, offer, **fields):
        """Sends the REQUEST for an offer (SELECTING); the ACK."""
        self.send(dhcp.REQUEST, {
            dhcp.WANTED_ADDRESS: socket.inet_aton(offer.yiaddr),
            dhcp.SERVER: offer.options[dhcp.SERVER]}, same=True, **fields)
        return self.expect(dhcp.ACK)

    def lease(self):
        """DISCOVER, OFFER, REQUEST, ACK; the address."""
        return self.take(self.discover()).yiaddr

    def reboot(self, address):
        """Sends the REQUEST of a client that had this address before (INIT-REBOOT)."""
        self.send(dhcp.REQUEST, {dhcp.WANTED_ADDRESS: socket.inet_aton(address)})

    def give_up(self, kind, address, server):
        """Sends RELEASE or DECLINE, which nobody answers."""
        options = {dhcp.SERVER: socket.inet_aton(server)}
        if kind == dhcp.DECLINE:
            options[dhcp.WANTED_ADDRESS] = socket.inet_aton(address)
        ciaddr = address if kind == dhcp.RELEASE else dhcp.NOWHERE
        self.send(kind, options, ciaddr=ciaddr)
