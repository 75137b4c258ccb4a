"""Reload, upgrade and kill -9 while clients are served."""

import contextlib
import functools
import json
import os
import random
import signal
import socket
import sys
import threading
import time

from . import dhcp_message as dhcp, tftp
from .api import TOKEN, tokens
from .bench import content
from .case import Failure, case, check, equal
from .dhcp_client import Client, new_mac
from .http import Connection, get
from .life import HAND_OVER
from .machines import FLEET, fleet
from .mirror import upstream_of
from .network import SERVER, inside
from .upstream import Page

RELOADS = 30
KILLS = int(os.environ.get("PIXIE_KILL_ROUNDS", 10))
MACHINES = 20
END_SECONDS = 20  # a disk may be slow to take what is to outlive a pixie


class Load:
    """Threads that do something again and again until the load ends; what goes wrong there fails the case."""

    def __init__(self, *works):
        self._stop = threading.Event()
        self._wrong = []
        self.rounds = 0
        self._threads = [threading.Thread(target=self._run, args=(work,)) for work in works]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if not kind and self._wrong:
            raise self._wrong[0]

    def _run(self, work):
        try:
            while not self._stop.is_set():
                work()
                self.rounds += 1
        except Exception as error:  # pylint: disable=broad-exception-caught
            self._wrong.append(error)


@case("faults.reload", slow=True)
def reload(bench):
    """SIGHUP, another fleet, other settings again and again: not one of the requests meanwhile fails"""
    fleet(bench)
    data = bench.file("file", 300_000)
    config = bench.folder / "pixie.toml"
    config.write_text("menu-timeout = 1\n")
    pixie = bench.start("--config", config, *tokens(bench))

    def by_http():
        with Connection(bench, pixie) as connection:
            for _ in range(5):
                equal("by HTTP", connection.get("/extra/file").body, data)
                equal("menu", connection.get("/chain.ipxe").status, 200)

    def by_tftp():
        got, _ = tftp.fetch_patiently(bench.network, SERVER, pixie.tftp, "extra/file", 20,
                                      blksize=1400, windowsize=8)
        equal("by TFTP", got, data)

    def script():
        answer = get(bench, pixie, "/ipxe/52-54-00-ab-cd-01.ipxe")
        equal("a machine's script", (answer.status, b"/extra/linux" in answer.body), (200, True))

    with Load(by_http, by_http, by_tftp, by_tftp, script) as load:
        for number in range(RELOADS):
            config.write_text(f"menu-timeout = {number}\n")
            bench.file("new.toml", FLEET.replace("/dev/sda", f"/dev/disk{number}").encode(),
                       bench.scripts)
            (bench.scripts / "new.toml").rename(bench.scripts / "pixie.toml")
            pixie.signal(signal.SIGHUP)
            pixie.await_line(rb"event=pixie\.reloaded")
    bench.tell(f"{RELOADS} reloads, {load.rounds} rounds of requests")
    check(load.rounds > RELOADS / 2, f"only {load.rounds} rounds of requests")
    check(not pixie.logged(rb"level=error"), "an error is logged")
    check(not pixie.logged(rb"event=(http\.aborted|tftp\.timeout|tftp\.failed)"), "a transfer broke")


class Supervisor:
    """Holds pixie's two sockets, as systemd does, and starts pixies that inherit them."""

    def __init__(self, bench):
        self._bench = bench
        with inside(bench.network.server):
            self._sockets = [bench.enter(socket.socket(socket.AF_INET, kind))
                             for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)]
        for one in self._sockets:
            one.bind(("0.0.0.0", 0))
        self._sockets[1].listen(100)

    def start(self, *options):
        """A pixie that serves on them."""
        numbers = [one.fileno() for one in self._sockets]
        bench = self._bench
        return bench.start(command=[sys.executable, "-c", HAND_OVER, *numbers, bench.program,
                                    "-e", bench.extra, *options], descriptors=numbers)


class _Slow:
    """A download by each protocol that takes its time: begun, gone on with, ended when the case wants."""

    def __init__(self, bench, pixie, data):
        self._data = data
        self._tftp = bench.enter(tftp.Client(bench.network, SERVER, pixie.tftp))
        self._tftp.ask("extra/file", blksize=1400, windowsize=4)
        self._state = tftp.Download()
        self.go_on(200_000)
        self._http = bench.enter(Connection(bench, pixie, receive_buffer=4096))
        self._http.ask("/extra/file")
        equal("status", self._http.head()[0], 200)
        self._body = self._http.read(1000)

    def go_on(self, size):
        """Takes the next bytes by TFTP."""
        wanted = len(self._state.received) + size
        while len(self._state.received) < wanted and not self._state.complete:
            packet = self._tftp.receive(5)
            check(packet, f"silence after {len(self._state.received)} bytes")
            if (answer := self._state.take(packet)) is not None:
                self._tftp.ack(answer)

    def end(self):
        """Takes the rest; every byte must be right."""
        self.go_on(len(self._data))
        equal("by TFTP", bytes(self._state.received), self._data)
        equal("by HTTP", self._body + self._http.read(len(self._data) - len(self._body)),
              self._data)


@case("faults.upgrade")
def upgrade(bench):
    """another pixie takes over the sockets: transfers end in the old one, what is asked for meanwhile is answered"""
    data = bench.file("file", 20_000_000)
    supervisor = Supervisor(bench)
    old = supervisor.start("--drain", "60", "--state", bench.folder / "old")
    slow = _Slow(bench, old, data)
    new = supervisor.start("--state", bench.folder / "new")
    old.signal(signal.SIGTERM)
    old.await_line(rb"event=pixie\.stopping")
    for _ in range(20):
        with tftp.Client(bench.network, SERVER, new.tftp) as client:
            client.ask("extra/file", blksize=1400)
            check(client.receive(), "a request got no answer")
            client.error(0, "enough")
        equal("by HTTP", get(bench, new, "/chain.ipxe").status, 200)
    new.await_line(rb"event=http\.done")
    slow.end()
    equal("the old one's status", old.wait(END_SECONDS), 0)
    equal("afterwards", get(bench, new, "/extra/file").body, data)


@case("faults.restart")
def restart(bench):
    """a restart with sockets that a supervisor holds, one state: transfers end, requests wait and are answered"""
    data = bench.file("file", 20_000_000)
    supervisor = Supervisor(bench)
    options = ("--drain", "60", "--state", bench.folder / "state")
    old = supervisor.start(*options)
    slow = _Slow(bench, old, data)
    old.signal(signal.SIGTERM)
    old.await_line(rb"event=pixie\.stopping")
    with tftp.Client(bench.network, SERVER, old.tftp) as waiting, \
            Connection(bench, old) as asking:
        waiting.ask("extra/file", blksize=1400, windowsize=16)
        asking.ask("/extra/file")
        slow.end()
        equal("the old one's status", old.wait(END_SECONDS), 0)
        supervisor.start(*options)
        state = tftp.Download()
        while not state.complete:
            packet = waiting.receive(5)
            check(packet, f"silence after {len(state.received)} bytes")
            if (answer := state.take(packet)) is not None:
                waiting.ack(answer)
        equal("by TFTP, asked for meanwhile", bytes(state.received), data)
        equal("by HTTP, asked for meanwhile", asking.response().body, data)


@case("faults.drain")
def drain(bench):
    """--drain: what was begun may take that long after SIGTERM; a second SIGTERM ends pixie without waiting for it"""
    data = bench.file("file", 20_000_000)
    pixie = bench.start("--drain", "60")
    begun = bench.enter(Connection(bench, pixie))
    begun.send(b"GET /chain.ipxe HTTP/1.1\r\n")
    slow = _Slow(bench, pixie, data)
    pixie.signal(signal.SIGTERM)
    pixie.await_line(rb"event=pixie\.stopping")
    with contextlib.suppress(Failure):
        pixie.wait(3)  # longer than without --drain
        raise AssertionError("it ended in the midst of transfers")
    begun.send(b"Host: pixie\r\n\r\n")
    equal("a request that had begun to come", begun.response().status, 200)
    slow.end()
    equal("status", pixie.wait(END_SECONDS), 0)
    again = bench.start("--drain", "60")
    _Slow(bench, again, data)
    again.signal(signal.SIGTERM)
    again.await_line(rb"event=pixie\.stopping")
    again.signal(signal.SIGTERM)
    equal("status", again.wait(END_SECONDS), 0)


class _Work:
    """What is asked of a pixie that may be killed at any moment, and what it promised."""

    def __init__(self, bench, upstream):
        self._bench, self._upstream = bench, upstream
        self.pixie = None
        self._macs = [new_mac() for _ in range(MACHINES)]
        self.values, self.leases = {}, {}
        self.done = 0

    def attempt(self, action):
        """Does it. That pixie is killed meanwhile is no mistake; what `check` says is."""
        try:
            action()
            self.done += 1
        except OSError:
            time.sleep(0.02)  # it starts again

    def assign(self):
        """A machine's variable is set by the API: what was answered is kept, what was only asked for may be."""
        mac = random.choice(self._macs)
        value = str(random.getrandbits(60))
        allowed = self.values.setdefault(mac, {""})
        allowed.add(value)
        data = json.dumps({"vars": {"n": value}}).encode()
        with Connection(self._bench, self.pixie) as connection:
            connection.ask(_path(mac), f"Authorization: Bearer {TOKEN}", "Content-Type: application/json", f"Content-Length: {len(data)}",
                           method="PUT")
            connection.send(data)
            if b"HTTP/1.1 20" in connection.socket.recv(100):
                self.values[mac] = {value}

    def lease(self):
        """A client gets an address."""
        mac = random.choice(self._macs)
        with Client(self._bench.network.client, mac=mac) as client:
            client.send(dhcp.DISCOVER)
            offer = client.receive(0.7)
            if not offer:
                return
            client.send(dhcp.REQUEST, {
                dhcp.WANTED_ADDRESS: socket.inet_aton(offer.yiaddr),
                dhcp.SERVER: offer.options[dhcp.SERVER]}, same=True)
            ack = client.receive(0.7)
            if ack and ack.kind == dhcp.ACK:
                equal(f"the address of {mac}", ack.yiaddr, self.leases.setdefault(mac, ack.yiaddr))

    def mirror(self):
        """A file comes through the mirror: right bytes, whole or visibly not."""
        name = random.choice(list(self._upstream.pages))
        with Connection(self._bench, self.pixie) as connection:
            connection.ask(self._upstream.path(name))
            body = b""
            with contextlib.suppress(Failure):  # it may be killed before it answers
                status, fields = connection.head()
                if status == 200:
                    body = connection.read(int(fields["content-length"]))
            check(self._upstream.pages[name].data.startswith(body), f"{name}: wrong bytes")

    def check_kept(self):
        """All that was promised is so."""
        for mac, values in self.values.items():
            with Connection(self._bench, self.pixie) as connection:
                answer = connection.get(_path(mac), f"Authorization: Bearer {TOKEN}")
            told = json.loads(answer.body)["assignment"]["vars"]["n"] if answer.status == 200 else ""
            check(told in values, f"{mac}: {told!r} where one of {values} must be")
            self.values[mac] = {told}
        equal("addresses that two have", len(set(self.leases.values())), len(self.leases))
        for mac, address in random.sample(sorted(self.leases.items()), min(3, len(self.leases))):
            with Client(self._bench.network.client, mac=mac) as client:
                client.reboot(address)
                equal(f"the lease of {mac}", client.expect(dhcp.ACK).yiaddr, address)


def _path(mac):
    return f"/api/v1/machines/{mac.replace(':', '-')}"


@case("faults.kill", own_network=True, slow=True)
def kill(bench):
    """kill -9 at random under load ($PIXIE_KILL_ROUNDS, or 10 times): store, leases and mirror are intact each time"""
    upstream = upstream_of(bench)
    for number in range(8):
        upstream.pages[f"f{number}"] = Page(content(2_000_000, number), '"1"', rate=20_000_000)
    options = (*tokens(bench), "--mirror", upstream.host, "--state", bench.folder / "state", "--dhcp",
               "server", "--dhcp-force", "--dhcp-range", "10.78.0.100-10.78.0.199", "--interface",
               "eth0")
    work = _Work(bench, upstream)
    work.pixie = bench.start(*options)
    for _ in range(KILLS):
        with Load(*(functools.partial(work.attempt, action) for action in
                    (work.assign, work.lease, work.lease, work.mirror, work.mirror))):
            time.sleep(random.uniform(0, 1.2))
            bench.kill(work.pixie)
        work.pixie = bench.start(*options)
        work.check_kept()
    for name, page in upstream.pages.items():
        equal(name, get(bench, work.pixie, upstream.path(name)).body == page.data, True)
    bench.tell(f"{KILLS} kills, {work.done} actions done, {len(work.leases)} leases, "
               f"{len(work.values)} machines")
    check(not work.pixie.logged(rb"level=error"), "an error is logged")
