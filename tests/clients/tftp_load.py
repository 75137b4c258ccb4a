"""Many TFTP clients at once, translated addresses, and requests that lead nowhere."""

import contextlib
import random
import selectors
import socket
import struct
import threading

from . import tftp
from .bench import content
from .case import Stopwatch, case, check, equal
from .clients_tftp import PROGRAMS, fetch
from .cost import Cost, await_idle
from .network import CLIENT, SERVER, family_of, inside

MANY = 1000
HALF_OPEN = 10_000
SILENCE_SECONDS = 0.5


def fetch_many(bench, pixie, names, **options):
    """All the files at once, each by a client of its own; returns them in order."""
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        states = []
        for name in names:
            client = stack.enter_context(tftp.Client(bench.network, SERVER, pixie.tftp))
            states.append((client, tftp.Download(), name))
            selector.register(client.socket, selectors.EVENT_READ, states[-1])
        for client, _, name in states:
            client.ask(name, **options)
        left = len(states)
        watch = Stopwatch()
        while left:
            events = selector.select(SILENCE_SECONDS)
            for key, _ in events:
                client, state, _ = key.data
                if state.complete:
                    continue
                if (answer := state.take(client.receive())) is not None:
                    client.ack(answer)
                left -= state.complete
            if not events:
                watch.check_below(60, f"{left} of {len(states)} transfers are not done: that")
                _wake(states, options)
        return [bytes(state.received) for _, state, _ in states]


def _wake(states, options):
    """After a silence: what may have been lost for want of buffers is sent again."""
    for client, state, name in states:
        if not state.complete:
            answer = state.repeat()
            if answer is None:
                client.ask(name, **options)
            else:
                client.ack(answer)


@case("tftp.thousand")
def thousand(bench):
    """1,000 transfers at once, of ten files, all bytes right; so from a single port"""
    files = {f"extra/{i}": bench.file(str(i), content(90_000 + 700 * i, i)) for i in range(10)}
    for single_port in ((), ("--tftp-single-port",)):
        pixie = bench.start(*single_port)
        names = [f"extra/{i % 10}" for i in range(MANY)]
        for name, got in zip(names, fetch_many(bench, pixie, names, blksize=1428, windowsize=4)):
            equal(name, got, files[name])


@case("tftp.half-open", slow=True)
def half_open(bench):
    """10,000 requests from as many ports that lead nowhere; then an honest client is served"""
    data = bench.file("file", 50_000)
    pixie = bench.start()
    cost = Cost(bench, pixie)
    asked = tftp.request("extra/file", blksize=1400)
    with bench.network.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
        for port in range(1025, 1025 + HALF_OPEN):
            raw.sendto(struct.pack("!HHHH", port, pixie.tftp, 8 + len(asked), 0) + asked,
                       (SERVER, 0))
    watch = Stopwatch()
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        equal("the file", client.fetch("extra/file", blksize=1400), data)
    watch.check_below(1, "a transfer behind them")
    cost.check(f"{HALF_OPEN} requests", 64, 100)
    await_idle(bench, pixie, 90)
    cost.check("when they are given up", 64, 400)


@case("tftp.garbage")
def garbage(bench):
    """random and cut packets at both ports: nothing breaks, the log stays short"""
    data = bench.file("file", 9000)
    pixie = bench.start()
    dice = random.Random(1)
    whole = tftp.request("extra/file", blksize=1400, windowsize=4, tsize=0, timeout=3)
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        for length in range(len(whole)):
            client.send(whole[:length], (SERVER, pixie.tftp))
        for _ in range(2000):
            noise = dice.randbytes(dice.randrange(600))
            client.send(struct.pack("!H", dice.randrange(8)) + noise, (SERVER, pixie.tftp))
        client.send(tftp.request("x" * 60_000), (SERVER, pixie.tftp))
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        client.ask("extra/file", blksize=600)
        client.expect(tftp.OACK)
        for _ in range(2000):
            client.send(struct.pack("!H", dice.randrange(9, 65536)) + dice.randbytes(50))
        client.ack(0)
        state = tftp.Download()
        state.take(tftp.Packet(tftp.OACK, client.peer, options={"blksize": "600"}))
        while not state.complete:
            packet = client.receive()
            check(packet, "silence")
            client.ack(state.take(packet))
        equal("the file", bytes(state.received), data)
    lines = pixie.transcript.tail(100_000).count("event=tftp.malformed")
    check(lines < 200, f"{lines} lines about malformed packets in the log")


class Translation:
    """A router that translates addresses, on the client's host: clients talk to `port`, and what
    pixie sends from any port but the one that was asked is dropped."""

    def __init__(self, bench, server, port):
        self._server = (server, port)
        self._network = bench.network
        self._inner = bench.network.socket()
        self._inner.bind((CLIENT, 0))
        self.port = self._inner.getsockname()[1]
        self._outer = {}
        self._clients = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._inner, selectors.EVENT_READ)
        self._stop_read, self._stop = socket.socketpair()
        self._selector.register(self._stop_read, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.close()
        self._thread.join()
        for end in (self._inner, self._stop_read, *self._outer.values()):
            end.close()

    def _run(self):
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._stop_read:
                    return
                with contextlib.suppress(ConnectionRefusedError):
                    if key.fileobj is self._inner:
                        self._outward()
                    else:
                        self._inner.sendto(key.fileobj.recv(70000), self._clients[key.fileobj])

    def _outward(self):
        datagram, client = self._inner.recvfrom(70000)
        if client not in self._outer:
            with inside(self._network.client):
                outer = socket.socket(family_of(self._server[0]), socket.SOCK_DGRAM)
            outer.connect(self._server)
            self._outer[client] = outer
            self._clients[outer] = client
            self._selector.register(outer, selectors.EVENT_READ)
        self._outer[client].send(datagram)


@case("tftp.nat")
def nat(bench):
    """all client programs through address translation, with --tftp-single-port (and not without)"""
    data = bench.file("file", 30_000)
    single, usual = bench.start("--tftp-single-port"), bench.start()
    with Translation(bench, SERVER, single.tftp) as router:
        for program in PROGRAMS:
            fetch(bench, program, CLIENT, router.port, "extra/file", data)
    with Translation(bench, SERVER, usual.tftp) as router:
        with tftp.Client(bench.network, CLIENT, router.port) as client:
            client.ask("extra/file")
            equal("a packet without that option", client.receive(0.5), None)
