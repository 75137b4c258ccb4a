"""Where a benchmark runs: its own namespaces, and a control group per server for its CPU time.

enter() starts this program again in new network, mount and process namespaces: ports and files are
its own, and whatever it started ends with it. Needs root.

A server's CPU time comes from the cpu.stat of a version 2 control group: user and system time, in
microseconds, of all processes in it, also of children that have ended (tftpd-hpa forks one for each
transfer), whoever reaped them. cpu.stat needs no controller: any kernel since 4.15 has it.
"""

import contextlib
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

MARK = "PIXIE_BENCH_ISOLATED"
SERVER_CPU, LOAD_CPU = 0, 1


def entered():
    """Whether this process runs within the namespaces already."""
    return MARK in os.environ


def enter():
    """Returns inside of the namespaces, with the loopback up and this process on LOAD_CPU."""
    if entered():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        # tftpd-hpa looks 127.0.0.1 up with AI_ADDRCONFIG, which fails without another address.
        subprocess.run(["ip", "address", "add", "192.0.2.1/32", "dev", "lo"], check=True)
        os.sched_setaffinity(0, {LOAD_CPU})
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        return
    if os.geteuid() != 0:
        sys.exit("bench: namespaces and control groups need root: sudo python3 bench/run.py")
    if not {SERVER_CPU, LOAD_CPU} <= os.sched_getaffinity(0):
        sys.exit("bench: needs two processors, one for the servers and one for the load")
    sys.stdout.flush()
    os.environ[MARK] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc",
                          "--kill-child", sys.executable, *sys.argv])


class Scratch:
    """A folder in memory, and the root of the control groups; both go at the end."""

    def __init__(self, folder):
        self.files = pathlib.Path(folder) / "files"
        groups = pathlib.Path(folder) / "groups"
        self.files.mkdir()
        groups.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "bench", self.files], check=True)
        subprocess.run(["mount", "-t", "cgroup2", "bench", groups], check=True)
        # Process numbers here begin at 1; the control groups are the whole machine's.
        self._groups = pathlib.Path(tempfile.mkdtemp(prefix="pixie-bench-", dir=groups))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for group in (*self._groups.glob("*/"), self._groups):
            with contextlib.suppress(OSError):  # of a server that has not ended
                group.rmdir()
        subprocess.run(["umount", self._groups.parent], check=False)
        subprocess.run(["umount", "--lazy", self.files], check=False)

    def group(self, name):
        """A new control group."""
        return Group(self._groups / name)


class Group:
    """A control group: the processes of one server."""

    def __init__(self, folder):
        self._folder = folder
        folder.mkdir()

    def join(self):
        """Moves the calling process into it, onto the servers' processor."""
        (self._folder / "cgroup.procs").write_text("0")
        os.sched_setaffinity(0, {SERVER_CPU})

    def cpu_seconds(self):
        """User and system time used so far."""
        stat = (self._folder / "cpu.stat").read_text()
        return int(re.search(r"^usage_usec (\d+)", stat, re.M).group(1)) / 1e6

    def processes(self):
        """The numbers of its processes."""
        return [int(line) for line in (self._folder / "cgroup.procs").read_text().split()]

    def memory_megabytes(self):
        """What its processes hold in memory; pages that several share are counted once (PSS)."""
        kilobytes = 0
        for pid in self.processes():
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            kilobytes += int(re.search(r"^Pss:\s+(\d+) kB", rollup, re.M).group(1))
        return kilobytes * 1024 / 1e6

    def remove(self):
        """When no process is left in it."""
        self._folder.rmdir()
