"""TFTP packet by packet: options, windows, roll-over, addresses, and clients that misbehave."""

import socket
import struct
import threading

from . import tftp
from .case import case, check, equal
from .network import (BROADCAST, CLIENT, DUAL, SERVER, SERVER6, SERVER6_OTHER, SERVER6_SMALL,
                      SERVER_OTHER, SERVER_SMALL, SMALL_MTU)
from .upstream import Page, Upstream

UNKNOWN_TRANSFER = 5
ETHERNET_ROOM = 1500 - 20 - 8 - 4


@case("tftp.sizes")
def sizes(bench):
    """around the block size, for block sizes from 8 to the largest, and windows"""
    pixie = bench.start()
    for blksize in (8, 511, 512, 1428, ETHERNET_ROOM):
        for size in (0, 1, blksize - 1, blksize, blksize + 1, 16 * blksize, 33 * blksize + 5):
            data = bench.file(str(size), size)
            for window in (1, 4, 16, 64):
                with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
                    equal(f"{size} bytes, blksize {blksize}, windowsize {window}",
                          client.fetch(f"extra/{size}", blksize=blksize, windowsize=window), data)


@case("tftp.rollover")
def rollover(bench):
    """block numbers start again at 0 after 65,535, twice, with and without a window"""
    data = bench.file("large", 8 * 140_000 + 3)
    pixie = bench.start()
    for window in (1, 16, 64):
        with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
            equal(f"windowsize {window}",
                  client.fetch("extra/large", blksize=8, windowsize=window), data)


@case("tftp.options")
def options(bench):
    """an OACK has what was asked, never more, and clamps; without options there is none"""
    bench.file("file", 100_000)
    pixie = bench.start("--tftp-max-windowsize", "32")
    for asked, answer in (
            ({"blksize": 1024}, {"blksize": "1024"}),
            ({"BLKSIZE": 1024, "TSize": 0}, {"blksize": "1024", "tsize": "100000"}),
            ({"tsize": 0}, {"tsize": "100000"}),
            ({"timeout": 7}, {"timeout": "7"}),
            ({"timeout": 30}, {"timeout": "30"}),
            ({"blksize": 65464}, {"blksize": str(ETHERNET_ROOM)}),
            ({"windowsize": 65535}, {"windowsize": "32"}),
            ({"windowsize": 4, "blksize": 1468, "tsize": 0, "timeout": 3, "multicast": ""},
             {"windowsize": "4", "blksize": "1468", "tsize": "100000", "timeout": "3"})):
        with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
            client.ask("extra/file", **asked)
            got = client.expect(tftp.OACK).options
            equal(f"answer to {asked}", {k.lower(): v for k, v in got.items()}, answer)
            client.error(8, "enough")
    for asked in ({}, {"blksize": 7}, {"blksize": "big"}, {"timeout": 0}, {"timeout": 31}, {"timeout": 256},
                  {"windowsize": 0}, {"unknown": 1}):
        with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
            client.ask("extra/file", **asked)
            equal(f"length of the first block after {asked}", len(client.data(1)), 512)
            client.error(0, "enough")


@case("tftp.options-limited")
def options_limited(bench):
    """--tftp-max-blksize and --tftp-max-windowsize hold"""
    bench.file("file", 9000)
    pixie = bench.start("--tftp-max-blksize", "600", "--tftp-max-windowsize", "2")
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        client.ask("extra/file", blksize=1400, windowsize=8)
        equal("OACK", client.expect(tftp.OACK).options, {"blksize": "600", "windowsize": "2"})


@case("tftp.mtu")
def mtu(bench):
    """blksize is clamped to the link's MTU of 1280, so that no packet is cut into fragments"""
    data = bench.file("file", 50_000)
    pixie = bench.start(bind=DUAL)
    for server, overhead in ((SERVER_SMALL, 20 + 8 + 4), (SERVER6_SMALL, 40 + 8 + 4)):
        with tftp.Client(bench.network, server, pixie.tftp) as client:
            client.ask("extra/file", blksize=1468)
            equal(server, client.expect(tftp.OACK).options,
                  {"blksize": str(SMALL_MTU - overhead)})
            client.error(0, "enough")
        with tftp.Client(bench.network, server, pixie.tftp) as client:
            equal(server, client.fetch("extra/file", blksize=9000, windowsize=8), data)


@case("tftp.source-address")
def source_address(bench):
    """answers, errors among them, come from the address that was asked"""
    bench.file("file", 3000)
    for bind, servers in ((DUAL, (SERVER, SERVER_OTHER, SERVER6, SERVER6_OTHER)),
                          ("0.0.0.0:0", (SERVER, SERVER_OTHER))):
        for single_port in ((), ("--tftp-single-port",)):
            pixie = bench.start(*single_port, bind=bind)
            for server in servers:
                for name, opcode in (("extra/file", tftp.DATA), ("extra/none", tftp.ERROR)):
                    with tftp.Client(bench.network, server, pixie.tftp) as client:
                        client.ask(name)
                        packet = client.expect(opcode)
                        equal("source", packet.source[0], server)
                        if single_port:
                            equal("port", packet.source[1], pixie.tftp)
                        elif opcode == tftp.DATA:
                            check(packet.source[1] != pixie.tftp, "data from the listening port")
                        client.error(0, "enough")


@case("tftp.one-address")
def one_address(bench):
    """bound to one address, pixie does not answer at the others"""
    bench.file("file", 100)
    pixie = bench.start(bind=f"{SERVER_OTHER}:0")
    with tftp.Client(bench.network, SERVER_OTHER, pixie.tftp) as client:
        client.fetch("extra/file")
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        client.socket.connect((SERVER, pixie.tftp))
        client.socket.send(tftp.request("extra/file"))
        try:
            client.socket.recv(1000)
        except ConnectionRefusedError:
            return
        check(False, "an answer came")


def _broadcast(bench, *options):
    data = bench.file("file", 60_000)
    pixie = bench.start("--threads", "4", "-v", "DEBUG", *options)
    requests = 8
    for number in range(requests):
        to = (BROADCAST, "255.255.255.255")[number % 2]
        with tftp.Client(bench.network, to, pixie.tftp) as client:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
            client.ask("extra/file")
            state, sources = tftp.Download(), set()
            while not state.complete:
                packet = client.receive()
                check(packet, f"{to}: silence after {len(state.received)} bytes")
                sources.add(packet.source)
                client.ack(state.take(packet))
            equal(f"{to}: the file", bytes(state.received), data)
            equal(f"{to}: answers", {source[0] for source in sources}, {SERVER})
            equal(f"{to}: answering ports", len(sources), 1)
            pixie.await_line(rb"event=tftp\.done ")
    started = pixie.transcript.tail(100_000).count("event=tftp.started")
    equal(f"transfers that were started by {requests} requests", started, requests)


# Each on a network of its own: a broadcast reaches the sender's own host, too.
@case("tftp.broadcast", own_network=True)
def broadcast(bench):
    """a request by broadcast is answered once, from the unicast address"""
    _broadcast(bench)


@case("tftp.broadcast-single-port", own_network=True)
def broadcast_single_port(bench):
    """the same with --tftp-single-port"""
    _broadcast(bench, "--tftp-single-port")


@case("tftp.repeated-request")
def repeated_request(bench):
    """a request that comes three times is one transfer, from one port"""
    bench.file("file", 2000)
    for single_port in ((), ("--tftp-single-port",)):
        pixie = bench.start("-v", "DEBUG", *single_port)
        for options in ({}, {"blksize": 600}):
            with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
                for _ in range(3):
                    client.ask("extra/file", **options)
                state, sources = tftp.Download(), set()
                while not state.complete:
                    packet = client.receive()
                    check(packet, "silence")
                    sources.add(packet.source)
                    answer = state.take(packet)
                    client.ack(answer)
                equal("answering ports", len(sources), 1)
                pixie.await_line(rb"event=tftp\.done ")
        started = pixie.transcript.tail(100_000).count("event=tftp.started")
        equal("transfers", started, 2)


@case("tftp.new-request")
def new_request(bench):
    """another request from the same port replaces a transfer that was left"""
    one = bench.file("one", 9000)
    two = bench.file("two", bytes(reversed(one)))
    pixie = bench.start()
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        client.ask("extra/one")
        client.data(1)
        client.ack(1)
        client.data(2)
        client.ask("extra/two")
        equal("the first block", client.data(1), two[:512])


@case("tftp.sorcerer")
def sorcerer(bench):
    """every ACK sent twice: the traffic doesn't double (RFC 1123 section 4.2.3.1)"""
    data = bench.file("file", 512 * 200 + 1)
    pixie = bench.start()
    packets = 0
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        client.ask("extra/file")
        state = tftp.Download()
        while not state.complete:
            packet = client.receive()
            check(packet, "silence")
            packets += 1
            block = state.take(packet)
            client.ack(block)
            client.ack(block)
        packets += len(client.waiting())
    equal("the file", bytes(state.received), data)
    check(packets < 201 + 10, f"{packets} packets for 201 blocks")


@case("tftp.sorcerer-window")
def sorcerer_window(bench):
    """the same with a window, with the echoes that EDK2 sends for each unexpected block"""
    data = bench.file("file", 1000 * 500)
    pixie = bench.start()

    def packets_for_file():
        packets = 0
        with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
            client.ask("extra/file", blksize=1000, windowsize=4)
            state = tftp.Download()
            while not state.complete:
                packet = client.receive()
                check(packet, f"silence after {len(state.received)} bytes")
                packets += 1
                block = state.take(packet)
                for _ in range(2 if block is not None else 0):
                    client.ack(block)
            packets += len(client.waiting())
        equal("the file", bytes(state.received), data)
        return packets

    # A client that gets no processor for a while looks like one that has lost a block: the best of three counts.
    fewest = min(packets_for_file() for _ in range(3))
    check(fewest < 501 * 1.5, f"{fewest} packets for 501 blocks")


@case("tftp.stray")
def stray(bench):
    """a packet from another port gets ERROR 5, and the transfer goes on; errors get no answer"""
    data = bench.file("file", 5000)
    pixie = bench.start()
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client, \
            tftp.Client(bench.network, SERVER, pixie.tftp) as other:
        client.ask("extra/file")
        equal("block 1", client.data(1), data[:512])
        other.peer = client.peer
        other.ack(1)
        packet = other.expect(tftp.ERROR)
        equal("code", packet.code, UNKNOWN_TRANSFER)
        other.error(0, "never mind")
        client.ack(1)
        equal("block 2", client.data(2), data[512:1024])
        other.send(struct.pack("!HH", 9, 9))
        other.ack(7)
        equal("code", other.expect(tftp.ERROR).code, UNKNOWN_TRANSFER)
        state = tftp.Download()
        client.ack(2)
        equal("block 3", client.data(3), data[1024:1536])
        check(not state.complete and not other.waiting(), "an answer to an ERROR")


@case("tftp.acks-of-the-future")
def acks_of_the_future(bench):
    """ACKs of blocks that were not sent are ignored, in lock step and with a window"""
    data = bench.file("file", 4000)
    pixie = bench.start()
    for options, blksize in (({}, 512), ({"blksize": 500, "windowsize": 2}, 500)):
        with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
            client.ask("extra/file", **options)
            if options:
                client.expect(tftp.OACK)
                client.ack(0)
            equal("block 1", client.data(1), data[:blksize])
            for block in (9, 60000, 4):
                client.ack(block)
            client.ack(1)
            packet = client.expect(tftp.DATA)
            check(packet.block in (2, 3), f"block {packet.block} follows")
            client.error(0, "enough")


@case("tftp.gap")
def gap(bench):
    """a block lost inside a window is sent again at once, not after a time-out (RFC 7440)"""
    data = bench.file("file", 10_000)
    pixie = bench.start()
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        client.ask("extra/file", blksize=500, windowsize=8)
        client.expect(tftp.OACK)
        client.ack(0)
        for block in range(1, 9):
            client.data(block)
        client.ack(3)  # 4 was lost
        equal("block 4, again", client.data(4, timeout=0.15), data[1500:2000])


@case("tftp.oack-refused")
def oack_refused(bench):
    """ERROR 8 after the OACK is the size probe; other errors end the transfer, too"""
    bench.file("file", 2000)
    pixie = bench.start("-v", "DEBUG")
    for code, event in ((8, rb"event=tftp\.size_probe"), (0, rb"event=tftp\.client_aborted")):
        with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
            client.ask("extra/file", **({"tsize": 0} if code == 8 else {"blksize": 700}))
            client.expect(tftp.OACK)
            if code == 0:
                client.ack(0)
                client.data(1)
            client.error(code, "enough")
            pixie.await_line(event)
            equal("packets after the end", client.waiting(), [])


@case("tftp.changing-file")
def changing_file(bench):
    """a file that is replaced meanwhile: the old bytes; one that is truncated: an ERROR"""
    data = bench.file("file", 50_000)
    pixie = bench.start()
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        client.ask("extra/file", blksize=1000)
        client.expect(tftp.OACK)
        client.ack(0)
        equal("block 1", client.data(1), data[:1000])
        bench.file("new", bytes(50_000))
        (bench.extra / "new").rename(bench.extra / "file")
        for block in range(2, 51):
            client.ack(block - 1)
            equal(f"block {block}", client.data(block), data[(block - 1) * 1000:block * 1000])
        client.ack(50)
        equal("the last block", client.data(51), b"")
        client.ack(51)
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        client.ask("extra/file")
        client.data(1)
        (bench.extra / "file").write_bytes(b"")
        client.ack(1)
        check("truncated" in client.expect(tftp.ERROR).text, "another reason")
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        equal("afterwards", client.fetch("extra/file"), b"")


@case("tftp.single-port-nat")
def single_port_nat(bench):
    """a client behind address translation: only packets from the port that it asked get through"""
    data = bench.file("file", 40_000)
    single, usual = bench.start("--tftp-single-port", bind=DUAL), bench.start(bind=DUAL)
    for server in (SERVER, SERVER_OTHER, SERVER6):
        for pixie, wanted in ((single, data), (usual, None)):
            with tftp.Client(bench.network, server, pixie.tftp) as client:
                client.socket.connect((server, pixie.tftp))
                client.socket.send(tftp.request("extra/file", blksize=1200, windowsize=4))
                state = tftp.Download()
                while not state.complete and (packet := client.receive(0.5 if not wanted else 10)):
                    if (answer := state.take(packet)) is not None:
                        client.socket.send(struct.pack("!HH", tftp.ACK, answer))
                equal(f"{server}", bytes(state.received) or None, wanted)


@case("tftp.overtaken")
def overtaken(bench):
    """a script that another server (--api) is still asked for is not sent to a client that asks for another file"""
    data, answer = bench.file("file", 900), b'{"kernel": "http://192.0.2.1/vmlinuz"}'
    with Upstream(bench.network.server) as server:
        released = threading.Event()
        server.pages["v1/boot/02:00:00:00:00:01"] = Page(answer, hold=released)
        server.pages["v1/boot/02:00:00:00:00:02"] = Page(answer)
        pixie = bench.start("--threads", "1", "--api", f"http://{server.host}")
        with tftp.Client(bench.network, SERVER, pixie.tftp) as client, \
                tftp.Client(bench.network, SERVER, pixie.tftp) as later:
            client.ask("ipxe/02-00-00-00-00-01.ipxe")
            server.await_requests("v1/boot/02:00:00:00:00:01", 1)
            client.ask("extra/file")
            equal("the first block", client.data(1), data[:512])
            released.set()
            server.await_answered("v1/boot/02:00:00:00:00:01")
            check(b"vmlinuz" in later.fetch("ipxe/02-00-00-00-00-02.ipxe"), "another script")
            equal("what came meanwhile", client.waiting(), [])
            client.ack(1)
            equal("the rest", client.data(2), data[512:])


@case("tftp.many-addresses-one-client")
def source_of_client(bench):
    """two clients with the same port at two addresses, at one time"""
    one = bench.file("one", 5000)
    two = bench.file("two", bytes(reversed(one)))
    pixie = bench.start(bind=DUAL)
    with tftp.Client(bench.network, SERVER, pixie.tftp) as first, \
            tftp.Client(bench.network, SERVER6, pixie.tftp) as second:
        first.socket.bind((CLIENT, 0))
        second.socket.bind(("fd78::2", first.socket.getsockname()[1]))
        first.ask("extra/one")
        second.ask("extra/two")
        for block in range(1, 10):
            part = slice((block - 1) * 512, block * 512)
            equal("of the first", first.data(block), one[part])
            equal("of the second", second.data(block), two[part])
            first.ack(block)
            second.ack(block)
