"""A small TFTP client for tests (RFC 1350, 2347, 2348, 2349, 7440), which can also misbehave.

Each step is the caller's: nothing is sent again by itself. fetch() is a whole transfer of a client
that keeps to the rules.
"""

import contextlib
import dataclasses
import struct

from .case import Stopwatch, check
from .network import family_of

RRQ, WRQ, DATA, ACK, ERROR, OACK = range(1, 7)
SECONDS = 10


@dataclasses.dataclass(frozen=True)
class Packet:
    """A packet from the server; what its kind lacks is empty."""
    opcode: int
    source: tuple
    block: int = 0
    data: bytes = b""
    options: dict = dataclasses.field(default_factory=dict)
    code: int = -1
    text: str = ""


def parse(datagram, source):
    """A datagram as a Packet. Raises Failure when it is none that a server may send."""
    check(len(datagram) >= 4, f"a packet of {len(datagram)} bytes: {datagram!r}")
    opcode, number = struct.unpack("!HH", datagram[:4])
    if opcode == DATA:
        return Packet(opcode, source, block=number, data=datagram[4:])
    if opcode == ERROR:
        check(datagram.endswith(b"\0"), f"an ERROR without a NUL: {datagram!r}")
        return Packet(opcode, source, code=number, text=datagram[4:-1].decode())
    check(opcode == OACK, f"a packet with opcode {opcode} from {source}: {datagram[:80]!r}")
    words = datagram[2:].decode().split("\0")
    check(len(words) % 2 == 1 and not words[-1], f"a malformed OACK: {datagram!r}")
    return Packet(opcode, source, options=dict(zip(words[0:-1:2], words[1::2])))


def request(name, mode="octet", opcode=RRQ, **options):
    """The bytes of a read (or write) request. A name may be bytes."""
    raw = name if isinstance(name, bytes) else name.encode()
    words = [raw, mode.encode()]
    for option, value in options.items():
        words += [option.encode(), str(value).encode()]
    return struct.pack("!H", opcode) + b"".join(word + b"\0" for word in words)


class Client:
    """One client: one socket. A context manager."""

    def __init__(self, network, server, port):
        self.server, self.port = server, port
        self.socket = network.socket(family_of(server))
        self.socket.settimeout(SECONDS)
        self.peer = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, datagram, to=None):
        """Sends to where the last packet came from, at first to the server's port."""
        self.socket.sendto(datagram, to or self.peer or (self.server, self.port))

    def ask(self, name, mode="octet", opcode=RRQ, **options):
        """Sends a request to the server's port."""
        self.send(request(name, mode, opcode, **options), (self.server, self.port))

    def receive(self, timeout=SECONDS):
        """The next packet; None when none comes in time."""
        self.socket.settimeout(timeout)
        try:
            datagram, source = self.socket.recvfrom(70000)
        except (TimeoutError, BlockingIOError):
            return None
        self.peer = source
        return parse(datagram, source)

    def expect(self, opcode, timeout=SECONDS):
        """The next packet, which must be of that kind."""
        packet = self.receive(timeout)
        check(packet, f"no packet within {timeout} s where one with opcode {opcode} must come")
        check(packet.opcode == opcode, f"{packet} where opcode {opcode} was expected")
        return packet

    def data(self, block, timeout=SECONDS):
        """The next packet, which must be that block; returns what it carries."""
        packet = self.expect(DATA, timeout)
        check(packet.block == block % 65536, f"block {packet.block} where {block} must come")
        return packet.data

    def ack(self, block):
        """Acknowledges."""
        self.send(struct.pack("!HH", ACK, block % 65536))

    def error(self, code, text):
        """Ends the transfer."""
        self.send(struct.pack("!HH", ERROR, code) + text.encode() + b"\0")

    def waiting(self):
        """What has arrived and was not received yet."""
        packets = []
        with contextlib.suppress(OSError):
            while packet := self.receive(0):
                packets.append(packet)
        return packets

    def fetch(self, name, mode="octet", **options):
        """A whole file, as a client does it that keeps to the rules and loses nothing."""
        self.ask(name, mode, **options)
        state = Download()
        while not state.complete:
            packet = self.receive()
            check(packet, f"{name}: silence after {len(state.received)} bytes")
            answer = state.take(packet)
            if answer is not None:
                self.ack(answer)
        return bytes(state.received)


class Download:
    """The receiving side of one transfer (RFC 7440), without a socket. It takes lost, doubled and
    late packets: blocks are counted from 1 without roll-over. What comes from elsewhere than its
    first packet is of another transfer (RFC 1350 section 4), to who had the port before."""

    def __init__(self):
        self._source = None
        self.received = bytearray()
        self.options = {}
        self.complete = False
        self._next = 1
        self._blksize, self._window = 512, 1
        self._unacknowledged = 0
        self._told_of_gap = False

    def take(self, packet):
        """Takes a packet; returns the block to acknowledge, or None."""
        self._source = self._source or packet.source
        if packet.source != self._source:
            return None
        check(packet.opcode != ERROR, f"ERROR {packet.code} {packet.text!r}")
        if packet.opcode == OACK:
            self.options = packet.options
            self._blksize = int(packet.options.get("blksize", 512))
            self._window = int(packet.options.get("windowsize", 1))
            return 0 if self._next == 1 else None
        if packet.block != self._next % 65536:
            return self._out_of_order()
        check(len(packet.data) <= self._blksize, f"block {self._next}: {len(packet.data)} bytes")
        self.received += packet.data
        self.complete = len(packet.data) < self._blksize
        self._next += 1
        self._unacknowledged += 1
        self._told_of_gap = False
        if self.complete or self._unacknowledged >= self._window:
            self._unacknowledged = 0
            return self._next - 1
        return None

    def _out_of_order(self):
        """RFC 7440 section 4: tell once what came last in order."""
        if self._told_of_gap and self._window > 1:
            return None
        self._told_of_gap = True
        self._unacknowledged = 0
        return self._next - 1

    def repeat(self):
        """What to acknowledge again after a silence; None before anything came."""
        self._told_of_gap = False
        self._source = None
        return None if self._next == 1 and not self.options else self._next - 1


def fetch_patiently(network, server, port, name, seconds, **options):
    """A whole file, and the options agreed on, over a bad network, within that time: sends again
    after each half second of silence."""
    watch = Stopwatch()
    with Client(network, server, port) as client:
        client.ask(name, **options)
        state = Download()
        while not state.complete:
            packet = client.receive(0.5)
            if packet:
                answer = state.take(packet)
            else:
                watch.check_below(seconds, f"{name} from {server} with {options}: "
                                  f"{len(state.received)} bytes so far: that")
                answer = state.repeat()
                if answer is None:
                    client.ask(name, **options)
            if answer is not None:
                client.ack(answer)
        return bytes(state.received), state.options


