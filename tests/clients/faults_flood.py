"""Floods: requests that lead nowhere, from addresses that don't exist, from clients that crawl. While each goes on a
new honest client is served within a second, memory stays bounded, and the log stays short."""

import contextlib
import os
import random
import socket
import struct
import threading

from . import dhcp_client, dhcp_message as dhcp, tftp
from .case import Stopwatch, case, check, equal
from .cost import Cost, await_idle
from .dhcp_client import Client
from .dhcp_message import Message
from .dhcp_serve import new_segment, start, start_proxy
from .http import get
from .network import SERVER, inside

SERVED_SECONDS = 1
TRIES = 5
DISCOVERS = int(os.environ.get("PIXIE_FLOOD", 20_000))
CONNECTIONS = 2000
SYNS = 50_000


def check_served(bench, pixie, data, what):
    """An honest client gets a file by both protocols, each within a second: what else runs here may delay one try."""
    for name, fetch in (("HTTP", lambda: get(bench, pixie, "/extra/file").body),
                        ("TFTP", lambda: _fetch(bench, pixie))):
        times = []
        while not times or len(times) < TRIES and times[-1] > SERVED_SECONDS:
            watch = Stopwatch()
            equal(f"{what}: by {name}", fetch(), data)
            times.append(watch.seconds())
        bench.tell(f"{what}: served by {name} after {', '.join(f'{took:.2f}' for took in times)} s")
        check(times[-1] < SERVED_SECONDS, f"{what}: by {name} it took {times} s")


def _fetch(bench, pixie):
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        return client.fetch("extra/file", blksize=1400, windowsize=4)


@case("faults.flood.syn", own_network=True)
def syn(bench):
    """50,000 SYNs from addresses that don't answer: HTTP serves within a second"""
    data = bench.file("file", 50_000)
    pixie = bench.start()
    cost = Cost(bench, pixie)
    dice = random.Random(1)
    stop = threading.Event()

    def flood():
        with bench.network.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
            for _ in range(SYNS):
                if stop.is_set():
                    return
                raw.sendto(_syn(dice, pixie.http), (SERVER, 0))

    sender = threading.Thread(target=flood)
    sender.start()
    try:
        check_served(bench, pixie, data, "under SYNs")
        sender.join()
        check_served(bench, pixie, data, "after them")
    finally:
        stop.set()
        sender.join()
    cost.check("SYNs", 8, 200)


def _syn(dice, port):
    """An IPv4 packet with a SYN, from an address of the client's network or beyond."""
    source = bytes([10, 78, dice.randrange(1, 256), dice.randrange(1, 255)])
    header = struct.pack("!HHIIBBHHH", dice.randrange(1024, 65536), port, dice.getrandbits(32), 0,
                         0x50, 2, 65535, 0, 0)
    pseudo = source + socket.inet_aton(SERVER) + struct.pack("!BBH", 0, socket.IPPROTO_TCP,
                                                             len(header))
    total = sum(struct.unpack(f"!{(len(pseudo) + len(header)) // 2}H", pseudo + header))
    total = (total & 0xffff) + (total >> 16)
    total = ~(total + (total >> 16)) & 0xffff
    header = header[:16] + struct.pack("!H", total) + header[18:]
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(header), 0, 0, 64, socket.IPPROTO_TCP,
                       0) + source + socket.inet_aton(SERVER) + header


def _connect(stack, bench, pixie, count, receive_buffer=None):
    connections = []
    for _ in range(count):
        one = stack.enter_context(bench.network.socket(socket.AF_INET, socket.SOCK_STREAM))
        if receive_buffer:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        one.settimeout(10)
        one.connect((SERVER, pixie.http))
        connections.append(one)
    return connections


@case("faults.flood.slow-headers")
def slow_headers(bench):
    """2,000 clients that send a header piece by piece: others are served, and so when the descriptors are too few"""
    data = bench.file("file", 50_000)
    limits = [()]
    if b"__ubsan_" not in bench.program.read_bytes():  # which needs descriptors of its own
        limits.append(("prlimit", "--nofile=512:512"))
    for wrapper in limits:
        pixie = bench.start(wrapper=wrapper)
        cost = Cost(bench, pixie)
        what = "few descriptors" if wrapper else "slow headers"
        with contextlib.ExitStack() as stack:
            slow = _connect(stack, bench, pixie, CONNECTIONS)
            for piece in (b"GET /extra/file HT", b"TP/1.1\r\nX: ", b"slow"):
                for one in slow:
                    with contextlib.suppress(ConnectionError):
                        one.send(piece)
                check_served(bench, pixie, data, what)
        await_idle(bench, pixie)
        cost.check(what, 40, CONNECTIONS // 2)  # some tell of a time-out, where this takes long


@case("faults.flood.streams")
def streams(bench):
    """more listeners to the events than there may be connections: others are served"""
    data = bench.file("file", 50_000)
    pixie = bench.start(wrapper=("prlimit", "--nofile=512:512"))
    with contextlib.ExitStack() as stack:
        for one in _connect(stack, bench, pixie, 400):
            with contextlib.suppress(ConnectionError):
                one.send(f"GET /api/v1/events HTTP/1.1\r\nHost: {SERVER}\r\n\r\n".encode())
        check_served(bench, pixie, data, "streams")
    await_idle(bench, pixie)


@case("faults.flood.slow-readers")
def slow_readers(bench):
    """2,000 clients that ask for a large file and take nothing: others are served, little memory is held"""
    data = bench.file("file", 50_000)
    bench.file("large", 20_000_000)
    pixie = bench.start()
    cost = Cost(bench, pixie)
    with contextlib.ExitStack() as stack:
        for one in _connect(stack, bench, pixie, CONNECTIONS, receive_buffer=4096):
            one.send(f"GET /extra/large HTTP/1.1\r\nHost: {SERVER}\r\n\r\n".encode())
        check_served(bench, pixie, data, "slow readers")
    await_idle(bench, pixie)
    cost.check("slow readers", 40, 400)


def _discovers(namespace, count, boots, stop):
    """Broadcasts so many DISCOVERs, each from another MAC address, unless it is stopped."""
    dice = random.Random(1)
    options = {dhcp.TYPE: bytes([dhcp.DISCOVER]), dhcp.PARAMETERS: dhcp_client.ASKS} | boots
    # Answers that all hosts get would fill the honest client's own buffer.
    message = bytearray(Message(options=options, flags=0).bytes())
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(message), 0, 0, 64,
                         socket.IPPROTO_UDP, 0, bytes(4), b"\xff" * 4)
    total = sum(struct.unpack("!10H", header))
    total = ~((total & 0xffff) + (total >> 16)) & 0xffff
    header = header[:10] + struct.pack("!H", total) + header[12:]
    udp = struct.pack("!HHHH", 68, 67, 8 + len(message), 0)
    with inside(namespace):
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    with raw:
        raw.bind(("eth0", 0))
        for _ in range(count):
            if stop.is_set():
                return
            message[4:8] = dice.randbytes(4)
            mac = b"\x06" + dice.randbytes(5)
            message[28:34] = mac
            raw.send(b"\xff" * 6 + mac + b"\x08\x00" + header + udp + message)


def _check_offered(host, what, boots):
    """Seconds until a new client is offered something. What a full buffer lost is asked for again, as clients do."""
    watch = Stopwatch()
    with Client(host, boots=boots) as client:
        while True:
            client.send(dhcp.DISCOVER)
            if client.receive(0.9):
                break
            watch.check_below(60, f"{what}: an offer")
    return watch.seconds()


def _flood_dhcp(bench, segment, pixie, megabytes):
    attacker, honest = segment.host("attacker"), segment.host("honest")
    cost = Cost(bench, pixie)
    stop = threading.Event()
    sender = threading.Thread(target=_discovers,
                              args=(attacker, DISCOVERS, dhcp_client.UEFI, stop))
    watch = Stopwatch()
    sender.start()
    meanwhile = []
    try:
        while sender.is_alive():  # as fast as one can send: what the kernel must drop is asked for again
            meanwhile.append(_check_offered(honest, "meanwhile", dhcp_client.UEFI))
    finally:
        stop.set()
        sender.join()
    took = watch.seconds()
    bench.tell(f"{DISCOVERS} DISCOVERs in {took:.1f} s; meanwhile {len(meanwhile)} offers, after "
               f"{sorted(meanwhile)[len(meanwhile) // 2]:.2f} s (median), {max(meanwhile):.2f} s at most")
    after = [_check_offered(honest, "afterwards", dhcp_client.UEFI) for _ in range(TRIES)]
    bench.tell(f"afterwards: an offer after {min(after):.2f} to {max(after):.2f} s")
    check(min(after) < SERVED_SECONDS, f"offers took {after} s when all was over")
    cost.check("DISCOVERs", megabytes, 6000)


@case("faults.flood.discovers-proxy", slow=True)
def discovers_proxy(bench):
    """a flood of DISCOVERs ($PIXIE_FLOOD, or 20,000) from random MAC addresses to a proxy: a new machine is told its file, and within a second once it is over"""
    segment, pixie = start_proxy(bench)
    _flood_dhcp(bench, segment, pixie, 200)


@case("faults.flood.discovers-server", slow=True)
def discovers_server(bench):
    """the same to a server with a large pool: a new machine gets its address, too"""
    segment = new_segment(bench, prefix=12)
    _, pixie = start(bench, pool="10.81.0.0-10.84.255.255", segment=segment)
    _flood_dhcp(bench, segment, pixie, 300)
