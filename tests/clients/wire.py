"""wire.py LINK LINK [FAULT=VALUE…]: a bad wire that carries frames both ways until killed.

    loss=PERCENT    of the frames vanish
    double=PERCENT  come twice
    late=PERCENT    come 30 ms later, after frames that were sent behind them
    delay=MS        every frame takes that long
    hole=BYTES      IP packets larger than that vanish, and nobody is told (a black hole)

ARP and IPv6's neighbour discovery always get through. It stands in for netem, which not every
kernel has. Says "ready" when frames pass.
"""

import heapq
import itertools
import pathlib
import random
import select
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from lab.frames import open_end  # noqa: E402 (found by the line above)

PACKET_OUTGOING = 4
LATE_SECONDS = 0.03
ETHERNET_HEADER = 14  # bytes
IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"
UDP, TCP = 17, 6


def may_suffer(frame):
    """Whether a frame carries what is tested: UDP or TCP."""
    kind = frame[12:14]
    return kind == IPV4 and frame[23] in (UDP, TCP) or kind == IPV6 and frame[20] in (UDP, TCP)


class Wire:
    """Frames under way, and the dice."""

    def __init__(self, faults):
        self._faults = {"loss": 0.0, "double": 0.0, "late": 0.0, "delay": 0.0,
                        "hole": float("inf")} | faults
        self._dice = random.Random(1)
        self._under_way = []
        self._order = itertools.count()

    def _happens(self, fault):
        return self._dice.random() * 100 < self._faults[fault]

    def take(self, frame, exit_end):
        """A frame enters at one end, to leave at the other."""
        due = time.monotonic() + self._faults["delay"] / 1000
        copies = 1
        if may_suffer(frame):
            if self._happens("loss") or len(frame) - ETHERNET_HEADER > self._faults["hole"]:
                return
            copies += self._happens("double")
            due += LATE_SECONDS if self._happens("late") else 0
        for _ in range(copies):
            heapq.heappush(self._under_way, (due, next(self._order), frame, exit_end))

    def deliver(self):
        """Lets out what is due; returns the milliseconds until the next frame is, or None."""
        while self._under_way:
            due, _, frame, exit_end = self._under_way[0]
            wait = due - time.monotonic()
            if wait > 0:
                return wait * 1000
            heapq.heappop(self._under_way)
            exit_end.send(frame)
        return None


def main(left, right, *faults):
    """Carries frames for ever."""
    wire = Wire({name: float(value) for name, value in (fault.split("=") for fault in faults)})
    ends = [open_end(left), open_end(right)]
    others = {ends[0].fileno(): (ends[0], ends[1]), ends[1].fileno(): (ends[1], ends[0])}
    poll = select.poll()
    for end in ends:
        poll.register(end, select.POLLIN)
    print("ready", flush=True)
    wait = None
    while True:
        for number, _ in poll.poll(wait):
            entry, exit_end = others[number]
            frame, sender = entry.recvfrom(65536)
            if sender[2] != PACKET_OUTGOING:
                wire.take(frame, exit_end)
        wait = wire.deliver()


if __name__ == "__main__":
    main(*sys.argv[1:])
