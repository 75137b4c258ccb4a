"""TFTP over bad wires: lost, doubled, late frames. Every byte must be right, with every client.

The programs' own patience limits what a case can ask: after a silence atftp and tftp-hpa wait 5 s
before they send again, and curl 16 s; busybox 50 ms at first. With options, curl asks for a timeout
of 6 s between repetitions (RFC 2349), so that a lossy transfer takes it minutes: it goes without.
"""

import contextlib
import functools

from . import tftp
from .case import Stopwatch, check, equal, register
from .clients_tftp import fetch
from .cost import await_idle
from .network import SERVER, SERVER6, DUAL

FAULTS = {
    "loss1": ("loss=1",),
    "loss5": ("loss=5",),
    "loss20": ("loss=20",),
    "double10": ("double=10",),
    "reordered": ("late=10", "delay=2"),
    "delay200": ("delay=200",),
    "all": ("loss=3", "double=5", "late=5", "delay=1"),
}
PROGRAMS = {
    "hpa": (), "curl": ("--tftp-no-options",), "busybox": ("-b", "1024"),
    "atftp": ("--option", "blksize 1024", "--option", "windowsize 8"),
}
# For one transfer of the test's own client: that it ends at all is what counts. At 20 % loss each way a block
# takes 0.3 s in lock step, and a window now and then a pause of 2 s for each few blocks.
SECONDS = 180
# What is lost of a block or its ACK costs a pause each time, and each block of a slow wire a round trip: less data.
BLOCKS = {"loss20": 40, "delay200": 6}


def _program(program, options, fault, bench):
    data = bench.file("file", 1024 * BLOCKS.get(fault, 150) + 17)
    pixie = bench.start()
    fetch(bench, program, SERVER, pixie.tftp, "extra/file", data, options)


def _windows(fault, bench):
    pixie = bench.start(bind=DUAL)
    for window in (1, 4, 16, 64):
        data = bench.file("file", 1024 * BLOCKS.get(fault, 150) * (1 if window == 1 else 3) + 17)
        for server in (SERVER, SERVER6):
            got, options = tftp.fetch_patiently(bench.network, server, pixie.tftp, "extra/file",
                                                SECONDS, blksize=1024, windowsize=window)
            equal(f"windowsize {window} from {server}", got, data)
            equal("the windowsize agreed on", options.get("windowsize"), str(window))
    if "loss" in fault:
        check(pixie.logged(rb"resent=[1-9]"), "nothing was sent again: was anything lost?")


def _bounded(bench):
    """A client that only asks: bounded packets, then silence, and the transfer is given up."""
    bench.file("file", 1024 * 1000)
    pixie = bench.start()
    with tftp.Client(bench.network, SERVER, pixie.tftp) as quiet, \
            tftp.Client(bench.network, SERVER, pixie.tftp) as windowed:
        quiet.ask("extra/file")
        windowed.ask("extra/file", windowsize=64, blksize=1400)
        pixie.await_line(rb"event=tftp\.timeout", 60)
        pixie.await_line(rb"event=tftp\.timeout", 60)
        equal("packets of data to one who never spoke", len(quiet.waiting()), 1)
        packets = windowed.waiting()
        check(1 < len(packets) <= 4, f"{len(packets)} OACKs to one who never spoke")
    await_idle(bench, pixie)


def _vanished(bench):
    """Clients that vanish in the middle are given up, and pixie says so; windows stay bounded."""
    bench.file("file", 1024 * 1000)
    pixie = bench.start()
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        client.ask("extra/file", windowsize=16, blksize=1000)
        client.expect(tftp.OACK)
        client.ack(0)
        for block in range(1, 17):
            client.data(block)
        client.ack(16)
        pixie.await_line(rb"event=tftp\.timeout .*bytes=16000 ", 100)
        packets = client.waiting()
        check(16 < len(packets) <= 16 * 9, f"{len(packets)} packets to a client that vanished")
    await_idle(bench, pixie)


def _no_final_ack(bench):
    """A client that never sends the last ACK: no failure, and pixie is done with it."""
    data = bench.file("file", 900)
    pixie = bench.start()
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        client.ask("extra/file")
        equal("block 1", client.data(1), data[:512])
        client.ack(1)
        equal("block 2", client.data(2), data[512:])
        pixie.await_line(rb"event=tftp\.done_unconfirmed", 60)
    await_idle(bench, pixie)


def _unconfirmed(bench):
    """Requests without options that nobody confirms: few blocks go to one address; who asks with options is served"""
    data = bench.file("file", 900)
    pixie = bench.start("--threads", "1", "--tftp-unconfirmed", "5")
    with contextlib.ExitStack() as stack:
        forged = [stack.enter_context(tftp.Client(bench.network, SERVER, pixie.tftp))
                  for _ in range(100)]
        watch = Stopwatch()
        for client in forged:
            client.ask("extra/file")
        with tftp.Client(bench.network, SERVER, pixie.tftp) as honest:
            equal("the file with options", honest.fetch("extra/file", blksize=1000), data)
        answered = sum(bool(client.waiting()) for client in forged)
        most = 5 * (watch.seconds() + 2)
        check(5 <= answered <= most, f"{answered} of 100 requests were answered")
    got, _ = tftp.fetch_patiently(bench.network, SERVER, pixie.tftp, "extra/file", 30)
    equal("the file without options", got, data)
    pixie.await_line(rb"event=tftp\.crowded", 10)


for _fault, _values in FAULTS.items():
    for _name, _options in PROGRAMS.items():
        register(f"tftp.{_fault}.{_name}", f"{_name} over a wire with {' '.join(_values)}",
                 functools.partial(_program, _name, _options, _fault), faults=_values, slow=True)
    register(f"tftp.{_fault}.windows", f"windowsize 1, 4, 16, 64 with {' '.join(_values)}",
             functools.partial(_windows, _fault), faults=_values, slow=True)
register("tftp.never-answers", _bounded.__doc__, _bounded, slow=True)
register("tftp.vanishes", _vanished.__doc__, _vanished, slow=True)
register("tftp.no-final-ack", _no_final_ack.__doc__, _no_final_ack, slow=True)
