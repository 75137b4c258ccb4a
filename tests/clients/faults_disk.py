"""Disks that are full, or that can't be read: pixie serves on, says what is wrong, keeps its promises, and goes on when
all is well again."""

import contextlib
import os
import subprocess
import threading
import time

from lab.process import Process

from . import dhcp_message as dhcp, tftp
from .api import ask, call, tokens
from .bench import content
from .case import Stopwatch, case, check, equal
from .dhcp_client import Client
from .dhcp_serve import in_pool, start
from .http import Connection, get
from .mirror import patiently, upstream_of
from .mount import mounted
from .network import SERVER
from .upstream import Page

MAC = "52-54-00-0f-0f-01"


def small_disk(bench, name, size):
    """A file system with so many bytes, until the case ends."""
    return bench.enter(mounted(bench.folder / name, "-t", "tmpfs", "-o",
                               f"size={size},mode=777", "pixie-test"))


def fill(folder):
    """Takes all room that is left; returns the file that does."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    return filler


class Quiet:
    """A pixie whose log goes elsewhere; found by what it prints. As much of a Pixie as http and tftp need."""

    def __init__(self, bench, redirection):
        command = [bench.program, "-t", "0.0.0.0:0", "-u", "0.0.0.0:0", "-e", bench.extra,
                   "--user", "root", "--state", bench.folder / "quiet-state"]
        self._process = Process(bench.network.server,
                                ["sh", "-c", f'exec "$@" {redirection}', "sh", *command],
                                bench.folder / "quiet.log")
        bench.enter(contextlib.ExitStack()).callback(self._process.stop)
        found = self._process.transcript.wait_for(rb"TFTP +\S+:(\d+)\n +HTTP +\S+:(\d+)",
                                                  time.monotonic() + 20)
        self.tftp, self.http = (int(port) for port in found.groups())

    def stop(self):
        """Ends it; the status."""
        return self._process.stop()


def _served(bench, pixie, data, times):
    watch = Stopwatch()
    for _ in range(times):
        equal("the file", get(bench, pixie, "/extra/file").body, data)
    watch.check_below(60, f"{times} requests")


@case("faults.disk.log")
def log_full(bench):
    """the log's disk is full: all is served; with room again whole lines are written"""
    data = bench.file("file", 3000)
    disk = small_disk(bench, "log", 65536)
    pixie = Quiet(bench, f"2>>{disk}/log")
    (disk / "filler").write_bytes(bytes(40_000))
    _served(bench, pixie, data, 300)
    full = (disk / "log").stat().st_size
    equal("room that is left", os.statvfs(disk).f_bavail, 0)
    (disk / "filler").unlink()
    equal("not found", get(bench, pixie, "/extra/after").status, 404)
    equal("exit status", pixie.stop(), 0)
    text = (disk / "log").read_text()
    check(len(text) > full, "nothing is logged any more")
    lines = text.split("\n")
    torn = [line for line in lines if line.count("event=") > 1]
    check(not torn, f"lines run into one another: {torn}")
    check(any("extra/after" in line and line.startswith("time=") for line in lines), lines[-3:])


@case("faults.disk.log-stuck")
def log_stuck(bench):
    """nobody reads the log: all is served all the same"""
    data = bench.file("file", 100)
    fifo = bench.folder / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDWR)
    try:
        pixie = Quiet(bench, f"2>{fifo}")
        _served(bench, pixie, data, 1000)
    finally:
        os.close(reader)
    equal("exit status", pixie.stop(), 0)


def _exchange(client):
    """DISCOVER and REQUEST; whether the server promises an address."""
    client.send(dhcp.DISCOVER)
    offer = client.receive(4)
    if not offer:
        return False
    client.send(dhcp.REQUEST, {dhcp.WANTED_ADDRESS: bytes(map(int, offer.yiaddr.split("."))),
                               dhcp.SERVER: offer.options[dhcp.SERVER]}, same=True)
    return client.receive(3) is not None


@case("faults.disk.leases")
def leases_full(bench):
    """no room for leases: no address is promised, and it says so; with room again they are given"""
    disk = small_disk(bench, "leases", 1 << 20)
    segment, pixie = start(bench, "--state", disk)
    host = segment.host("client")
    with Client(host) as first, Client(host) as second:
        kept = first.lease()
        filler = fill(disk)
        while _exchange(second):  # the file's last block has room for some
            pass
        pixie.await_line(rb"event=dhcp\.not_kept .*No space left")
        equal("an acknowledgement that can't be kept", _exchange(second), False)
        filler.unlink()
        given = second.lease()
        check(in_pool(given) and given != kept, f"{given} where {kept} is taken")
    bench.kill(pixie)
    segment, pixie = start(bench, "--state", disk, segment=segment)
    with Client(host, mac=second.mac) as again:
        equal("after kill -9", again.lease(), given)


@case("faults.disk.store")
def store_full(bench):
    """no room for what is known of machines: a write is refused with a sentence, reading goes on; then it is written"""
    disk = small_disk(bench, "store", 2 << 20)
    options = (*tokens(bench), "--state", disk)
    pixie = bench.start(*options)
    call(bench, pixie, "PUT", f"machines/{MAC}", {"vars": {"a": "kept"}}, status=201)
    filler = fill(disk)
    size, status = 1000, 200
    while status == 200 and size > 0:  # what is in the journal's file already may be written over
        status = _put(bench, pixie, "x" * 30_000)
        size -= 1
    check(status in (503, 507), f"status {status} on a full disk")
    call(bench, pixie, "GET", f"machines/{MAC}")
    equal("the rest is served", get(bench, pixie, "/chain.ipxe").status, 200)
    filler.unlink()
    equal("with room again", _put(bench, pixie, "new"), 200)
    bench.kill(pixie)
    pixie = bench.start(*options)
    equal("after kill -9", call(bench, pixie, "GET", f"machines/{MAC}")["assignment"]["vars"],
          {"a": "new"})


def _put(bench, pixie, text):
    return ask(bench, pixie, "PUT", f"machines/{MAC}", {"vars": {"a": text}}).status


@case("faults.disk.mirror")
def mirror_full(bench):
    """the mirror's disk fills up under a fetch: who gets it gets right bytes, others an error; then it works"""
    upstream, data = upstream_of(bench), content(12_000_000)
    gate = threading.Event()
    upstream.pages["big"] = Page(data, '"1"', gates={6_000_000: gate})
    upstream.pages["small"] = Page(data[:100_000], '"1"')
    disk = small_disk(bench, "mirror", 84 << 20)  # 64 MiB are left to others
    pixie = bench.start("--mirror", upstream.host, "--mirror-dir", disk)
    with Connection(bench, pixie) as connection:
        connection.ask(upstream.path("big"))
        equal("status", connection.head()[0], 200)
        begun = connection.read(5_000_000)
        filler = fill(disk)
        gate.set()
        body = begun + connection.read(len(data) - len(begun))
        check(data.startswith(body), "wrong bytes came")
    pixie.await_line(rb"event=mirror\.failed .*No space left")
    answer = get(bench, pixie, upstream.path("small"))
    check(answer.status == 502 and b"no room" in answer.body, answer)
    filler.unlink()
    for name, wanted in (("small", data[:100_000]), ("big", data)):
        answer = patiently(lambda path=upstream.path(name): get(bench, pixie, path))
        equal(f"{name}, with room again", answer.body == wanted, True)


@case("faults.disk.read-error")
def read_error(bench):
    """a disk that can't be read in the midst of a file: the transfer ends early with an error, and others go on"""
    image, size = bench.folder / "disk.img", 24_000_000
    with open(image, "wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", image], check=True,
                   capture_output=True)
    data = content(12_000_000)
    with mounted(bench.extra / "disk", "-o", "loop", image) as disk:
        (disk / "file").write_bytes(data)
    os.sync()
    with mounted(bench.extra / "disk", "-o", "loop,ro", image):
        os.truncate(image, 9_000_000)  # what lies behind can't be read: EIO
        pixie = bench.start()
        with Connection(bench, pixie) as connection:
            connection.ask("/extra/disk/file")
            equal("status", connection.head()[0], 200)
            body = connection.read(len(data))
            check(len(body) < len(data), "all of it came")
            check(data.startswith(body), "wrong bytes came")
        pixie.await_line(rb"event=http\.(aborted|failed) ")
        with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
            client.ask("extra/disk/file", blksize=1400, windowsize=16)
            state = tftp.Download()
            packet = client.receive()
            while packet and packet.opcode != tftp.ERROR:
                if (answer := state.take(packet)) is not None:
                    client.ack(answer)
                packet = client.receive()
            check(packet, "silence where an ERROR must come")
            check(data.startswith(bytes(state.received)), "wrong bytes came")
            check(not state.complete, "the part passes for the whole")
        pixie.await_line(rb"event=tftp\.failed .*reason=")
        equal("others", get(bench, pixie, "/chain.ipxe").status, 200)
