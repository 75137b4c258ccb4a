"""What a pixie holds: memory, lines of its log, open transfers and connections."""

import pathlib
import re
import time

from .case import Stopwatch, check
from .http import get

MEGABYTE = 1_000_000


def memory(pixie):
    """Bytes that a pixie has in memory."""
    status = pathlib.Path(f"/proc/{pixie.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024


class Cost:
    """What a flood costs a pixie: made before it, asked after it."""

    def __init__(self, bench, pixie):
        self._bench, self._pixie = bench, pixie
        self._before = memory(pixie)

    def check(self, what, megabytes, lines):
        """Fails if more memory was taken, or more lines were logged, since it was made."""
        after = memory(self._pixie)
        logged = self._pixie.transcript.tail(10_000_000).count("\n")
        self._bench.tell(f"{what}: memory {self._before / MEGABYTE:.1f} to {after / MEGABYTE:.1f} MB,"
                         f" {logged} lines in the log")
        sanitized = re.search(rb"__(asan|tsan)_init", self._bench.program.read_bytes())
        check(sanitized or after - self._before < megabytes * MEGABYTE,
              f"{what} took {(after - self._before) / MEGABYTE:.1f} MB")
        check(logged < lines, f"{what}: {logged} lines in the log")


def await_idle(bench, pixie, seconds=20):
    """Waits until no transfer and no connection but the asking one is open."""
    watch = Stopwatch()
    while True:
        text = get(bench, pixie, "/metrics").body.decode()
        still = [int(re.search(rf"^{name} (\d+)$", text, re.M).group(1)) for name in
                 ("pixie_tftp_transfers_active", "pixie_http_connections")]
        if still[0] == 0 and still[1] <= 1:
            return
        watch.check_below(seconds, f"{still[0]} transfers and {still[1]} connections, still: that")
        time.sleep(0.2)
