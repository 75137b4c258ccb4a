"""What a case works with: folders with files, pixies, and programs on the client's host."""

import contextlib
import os
import pathlib
import random
import re
import signal
import subprocess
import time

from lab.process import Process, Unexpected

from .case import Failure
from .network import SERVER

# In logfmt and in JSON.
READY = (rb"""pixie\.ready.*?tftp["=:]+(\S+?)"?[ ,]"?http["=:]+(\S+?)"?[ ,]"""
         rb""""?https["=:]+(\S+?)"?[ ,].*\n""")
READY_SECONDS = 20
SANITIZER = re.compile(r"(Address|Thread|Leak|UndefinedBehavior)Sanitizer|runtime error:")
LOG_LINES = 30


def content(size, seed=0):
    """Bytes that look like noise, always the same ones."""
    return random.Random(f"{size}/{seed}").randbytes(size)


class Pixie(Process):
    """A pixie on the server's host that is ready. Its transcript is both of its streams."""

    def __init__(self, namespace, command, log, environment=None, descriptors=()):
        super().__init__(namespace, command, log, environment, descriptors=descriptors)
        try:
            ready = self.transcript.wait_for(READY, time.monotonic() + READY_SECONDS)
        except Unexpected as error:
            self.stop()
            raise Failure(f"pixie did not start: {error}\n{self.transcript.tail(LOG_LINES)}"
                          ) from None
        self.tftp, self.http, self.https = map(self._port, ready.groups())

    @staticmethod
    def _port(places):
        """The first one's; None for `-`, which is none."""
        port = places.decode().split(",")[0].rpartition(":")[2]
        return int(port) if port != "-" else None

    @property
    def pid(self):
        """The process id."""
        return self._child.pid

    def await_line(self, pattern, timeout=10):
        """Waits until the log has a line with `pattern` (bytes)."""
        return self.transcript.wait_for(pattern, time.monotonic() + timeout)

    def logged(self, pattern):
        """Whether the log has it (bytes) by now."""
        return re.search(pattern, self.transcript.tail(1_000_000).encode()) is not None

    def wait(self, timeout):
        """The exit status; fails when it still runs after `timeout` seconds."""
        try:
            return self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"pixie still runs after {timeout} s") from None


class Bench:
    """One case's folders and programs. `scripts` and `extra` are what pixie serves."""

    def __init__(self, folder, network, program):
        self.network, self.program = network, pathlib.Path(program).resolve()
        self.folder = folder
        self.scripts, self.extra = folder / "scripts", folder / "extra"
        for made in (self.scripts, self.extra, folder / "client"):
            made.mkdir()
        self._running = []
        self._started = 0
        self._stack = contextlib.ExitStack()
        self.told = []

    def tell(self, text):
        """A line that is printed with the result: a time, a size."""
        self.told.append(text)

    def enter(self, context):
        """Enters a context manager that ends after all pixies; returns what it gives."""
        return self._stack.enter_context(context)

    def file(self, name, data, folder=None):
        """Writes a file (in the extra folder); returns its bytes. A number: so many of noise."""
        path = (folder or self.extra) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content(data) if isinstance(data, int) else data
        path.write_bytes(data)
        return data

    def start(self, *options, bind="0.0.0.0:0", wrapper=(), command=None, namespace=None, **more):
        """Starts pixie with two threads, both protocols on `bind` (free ports of all IPv4
        addresses), its state in a new folder unless the options name one (or there is a wrapper), and a sandbox that
        ends it when it does what it may not. `wrapper` is a command to run it with, `command` replaces its own."""
        own_state = () if wrapper or "--state" in options else ("--state", self.folder / f"state-{self._started}")
        command = [*wrapper, *(command or [
            self.program, "-t", bind, "-u", bind, "--threads", "2", "-d", self.scripts,
            "-e", self.extra, *own_state, *options])]
        log = self.folder / f"pixie-{self._started}.log"
        self._started += 1
        environment = {"PIXIE_SANDBOX": "strict"} | (more.pop("environment", None) or os.environ)
        pixie = Pixie(namespace or self.network.server, command, log, environment, **more)
        self._running.append(pixie)
        return pixie

    def is_sanitized(self):
        """Whether the program is a build with a sanitizer."""
        return re.search(rb"__(asan|tsan)_init", self.program.read_bytes()) is not None

    def kill(self, pixie):
        """Ends a pixie by SIGKILL, which is no fault of its own."""
        pixie.signal(signal.SIGKILL)
        pixie.wait(5)
        self._running.remove(pixie)

    def refused(self, *arguments, wrapper=(), environment=None, timeout=20):
        """Runs pixie where it must end by itself; returns the finished process."""
        return self.run(*wrapper, self.program, *arguments, namespace=self.network.server,
                        environment=environment, timeout=timeout)

    def run(self, *command, namespace=None, timeout=120, environment=None):
        """Runs a program on the client's host, in the folder `client`; returns it with its output
        as text."""
        full = ["ip", "netns", "exec", namespace or self.network.client, *map(str, command)]
        try:
            return subprocess.run(full, cwd=self.folder / "client", env=environment, text=True,
                                  errors="replace", capture_output=True, check=False,
                                  stdin=subprocess.DEVNULL, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{' '.join(map(str, command))}: still runs after {timeout} s") from None

    def downloaded(self, name="got"):
        """The bytes of a file that a program left in the folder `client`, which is removed."""
        path = self.folder / "client" / name
        if not path.exists():
            return None
        data = path.read_bytes()
        path.unlink()
        return data

    def url(self, pixie, path, host=SERVER):
        """An http URL of a path."""
        return f"http://{host}:{pixie.http}/{path}"

    def close(self):
        """Ends every pixie; returns what was wrong with their ends, or an empty text."""
        bad = []
        for pixie in self._running:
            status = pixie.stop()
            if SANITIZER.search(pixie.transcript.tail(1_000_000)):
                bad.append("a sanitizer's report is in pixie's log")
            elif status != 0:
                bad.append(f"pixie ended with status {status}")
        self._stack.close()
        return "; ".join(bad)

    def logs(self):
        """The ends of all pixies' logs, for people."""
        return "\n".join(pixie.transcript.tail(LOG_LINES) for pixie in self._running)
