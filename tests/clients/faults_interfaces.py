"""Interfaces that go down, come back, change their address, or are made anew, while pixie serves."""

import socket
import time

from . import dhcp_client, dhcp_message as dhcp, tftp
from .case import Stopwatch, case, check, equal
from .dhcp_client import Client
from .dhcp_serve import FIRST, SERVER, in_pool, start
from .http import get
from .network import inside, run

CLIENT, NEW_SERVER, SQUATTER = "10.80.0.2", "10.80.0.7", "02:00:00:bb:00:09"
SECONDS = 20  # pixie looks for interfaces every five at most


class _Host:
    """A host of the segment, as the clients of tftp and http want a network."""

    def __init__(self, namespace):
        self.client = namespace

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_DGRAM, protocol=0):
        with inside(self.client):
            return socket.socket(family, kind, protocol)


def _ip(namespace, *lines):
    run("ip", "-n", namespace, "-batch", "-", text="\n".join(lines))


def _serves(bench, host, pixie, server, data):
    """All three protocols, at that address, within seconds."""
    watch = Stopwatch()
    with Client(host.client, boots=dhcp_client.UEFI) as client:
        deadline = time.monotonic() + SECONDS
        client.send(dhcp.DISCOVER)
        while not (offer := client.receive(1)):  # as firmware does
            check(time.monotonic() < deadline, f"no offer within {SECONDS} s")
            client.send(dhcp.DISCOVER)
        ack = client.take(offer)
        check(in_pool(ack.yiaddr), f"{ack.yiaddr} is given")
        equal("who says so", ack.address(dhcp.SERVER), server)
        equal("where the file is", ack.siaddr, server)
        client.give_up(dhcp.RELEASE, ack.yiaddr, server)
    got, _ = tftp.fetch_patiently(host, server, pixie.tftp, "extra/file", SECONDS, blksize=1400,
                                  windowsize=4)
    equal("by TFTP", got, data)
    network, bench.network = bench.network, host
    try:
        equal("by HTTP", get(bench, pixie, "/extra/file", host=server).body, data)
    finally:
        bench.network = network
    bench.tell(f"all of it served by {server} after {watch.seconds():.1f} s")


@case("faults.interface", slow=True)
def interface(bench):
    """an interface goes down and up, gets another address, is made anew: each time all is served again"""
    data = bench.file("file", 200_000)
    segment, pixie = start(bench)
    host = _Host(segment.host("client", f"{CLIENT}/24"))
    _serves(bench, host, pixie, SERVER, data)
    _ip(segment.server, "link set eth0 down")
    _ip(segment.server, "link set eth0 up")
    _serves(bench, host, pixie, SERVER, data)
    _ip(segment.server, f"addr del {SERVER}/24 dev eth0", f"addr add {NEW_SERVER}/24 dev eth0 brd +")
    _serves(bench, host, pixie, NEW_SERVER, data)
    _ip(segment.server, "link del eth0")
    segment.connect(segment.server, "eth0", f"{SERVER}/24")
    _ip(host.client, "neigh flush all")  # (the new one has another MAC address)
    _serves(bench, host, pixie, SERVER, data)
    segment.host("squatter", f"{FIRST}/24", mac=SQUATTER)
    with Client(host.client) as client:
        client.send(dhcp.DISCOVER, {dhcp.WANTED_ADDRESS: socket.inet_aton(FIRST)})
        offer = client.receive() or client.discover()
        check(offer.yiaddr != FIRST, "an address is offered that somebody has")
    pixie.await_line(rf"event=dhcp\.conflict [^\n]*user={SQUATTER}".encode())
    check(not pixie.logged(rb"level=error"), "an error is logged")


@case("faults.interface-pause")
def pause(bench):
    """the server's interface is down for two seconds in the midst of a transfer, which goes on"""
    data = bench.file("file", 3_000_000)
    segment, pixie = start(bench)
    host = _Host(segment.host("client", f"{CLIENT}/24"))
    with tftp.Client(host, SERVER, pixie.tftp) as client:
        client.ask("extra/file", blksize=1400, windowsize=8)
        state = tftp.Download()
        while len(state.received) < 1_000_000:
            if (answer := state.take(client.receive())) is not None:
                client.ack(answer)
        _ip(segment.server, "link set eth0 down")
        time.sleep(2)
        _ip(segment.server, "link set eth0 up")
        watch = Stopwatch()
        while not state.complete:
            packet = client.receive(0.5)
            answer = state.take(packet) if packet else state.repeat()
            if answer is not None:
                client.ack(answer)
            watch.check_below(20, f"the rest after {len(state.received)} bytes")
        equal("the file", bytes(state.received), data)
        bench.tell(f"the rest came within {watch.seconds():.1f} s")
