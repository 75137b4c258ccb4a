#!/usr/bin/python3
"""Runs pixie and its peers side by side on the same work and prints the ratios of their efficiency.

The figure is work per second of the server's CPU time, so that other programs on the machine, and
a load that is slower than the server, matter little. The servers of a row take turns, several
times. A ratio is the median over the turns of what pixie and the peer did in the same turn, so that
a machine which gets slower meanwhile slows both. Needs root, two processors, and the build target
tftp_load.
"""

import argparse
import contextlib
import dataclasses
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import traceback

import dhcp
import fleet
import https
import iso_images
import isolation
import loads
import report
import servers
import storm
from servers import Atftpd, BareSendfile, Dnsmasq, Nginx, NginxCache, Pixie, PixieMirror, TftpdHpa

OPEN_TRANSFERS = 10_000
# What pixie itself may take.
TRANSFERS_MEGABYTES, IDLE_MEGABYTES, START_MILLISECONDS = 64, 16, 50
IDLE_CONNECTIONS = 1_000
MANY_SCRIPTS = 10_000
DHCP_RATE = 200  # exchanges in a second, which every server stands
# A peer whose run took longer than this gets no further one.
SLOW_SECONDS = 30
TFTP_PEERS = (Dnsmasq, TftpdHpa, Atftpd)


@dataclasses.dataclass(frozen=True)
class Row:
    """One comparison; `load(server)` gives a Sample."""
    name: str
    unit: str
    servers: tuple
    load: object
    goal: float = 1.0


class Bench:
    """One run of the whole program."""

    def __init__(self, options, scratch, root):
        self._options = options
        self._scratch = scratch
        self._root = root
        self._report = report.Report()
        self.failed = False

    def run(self):
        """All rows that were asked for; a row that can't be measured is told and left out."""
        for row in self._rows():
            self._try(row.name, lambda row=row: self._measure(row))
        self._try("memory, idle", self._idle_memory)
        self._try(f"memory, {OPEN_TRANSFERS} TFTP transfers", self._transfers_memory)
        self._try(f"memory, {IDLE_CONNECTIONS} idle HTTP connections", self._connections_memory)
        self._try("DHCP, highest rate without loss", self._highest_dhcp_rate)
        self._try(f"start with {MANY_SCRIPTS} scripts", self._start_up)
        self._try(f"index of an ISO, {iso_images.LARGE_GIB} GiB", self._index_of_large)
        for count in iso_images.MANY_FILES:
            self._try(f"index of an ISO, {count} files", lambda count=count: self._index_of_many(count))
        for kind in (Pixie, *TFTP_PEERS, Nginx):
            server = self._make(kind)
            self._report.note(f"{kind.name}: {server.version()}: {server.shown_command()}")
        conf = pathlib.Path(__file__).with_name("nginx.conf.in").read_text()
        self._report.note("nginx.conf: " + " ".join(
            line.strip() for line in conf.splitlines() if not line.startswith("#")))
        return self._report

    def _try(self, name, measure):
        if not re.search(self._options.only, name):
            return
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            measure()
        except (OSError, ValueError, subprocess.SubprocessError):
            self.failed = True
            self._report.note(f"NOT MEASURED: {name}: "
                              f"{traceback.format_exc(0).strip().splitlines()[-1]}")
            traceback.print_exc()

    def _rows(self):
        quick, program = self._options.quick, self._options.load
        for clients, transfers in ((1, 100), (100, 600), (1000, 1000)):
            transfers = transfers // 2 if quick and clients < 1000 else transfers
            yield Row(f"TFTP lock step, ROM, {clients} clients", "MB/CPU s", (Pixie, *TFTP_PEERS),
                      loads.Tftp(program, servers.ROM, clients, transfers), 1.0 if clients == 1 else 2.0)
        for window in (4, 16, 64):
            for clients, transfers in ((1, 4), (100, 100)):
                yield Row(f"TFTP window {window}, 16 MB, {clients} clients", "MB/CPU s",
                          (Pixie, *TFTP_PEERS),
                          loads.Tftp(program, servers.BIG, clients, transfers, window), 3.0)
        for name, keep_alive in (("keep-alive", True), ("a connection each", False)):
            yield Row(f"HTTP 1 kB script, {name}", "req/CPU s", (Pixie, Nginx),
                      loads.SmallHttp(1 if quick else 3, keep_alive))
        for name, keep_alive in (("keep-alive", True), ("a connection each", False)):
            yield Row(f"HTTP script rendered for each of {fleet.MANY} machines, {name}", "req/CPU s",
                      (fleet.PixieFleet, fleet.NginxRendered), fleet.Scripts(1 if quick else 3, keep_alive), 1.2)
        yield Row(f"script of one of {fleet.MANY} machines, to one of {fleet.FEW}", "req/CPU s",
                  (fleet.PixieFleet, fleet.PixieFew), fleet.Scripts(1 if quick else 3, True, fleet.FEW), 0.9)
        for clients, rounds in ((1, 16), (8, 4), (64, 1)):
            yield Row(f"HTTP 256 MB, {clients} clients", "MB/CPU s", (Pixie, Nginx),
                      loads.LargeHttp(clients, max(1, rounds // 4) if quick else rounds))
        yield Row("HTTP 256 MB, 1 client, to a bare sendfile loop", "MB/CPU s", (Pixie, BareSendfile),
                  loads.LargeHttp(1, 4 if quick else 16), 0.95)

        yield Row("HTTPS 1 kB script, keep-alive", "req/CPU s", (https.PixieTls, https.NginxTls),
                  loads.SmallHttp(1 if quick else 3, True))
        for clients, rounds in ((1, 8), (8, 2)):
            yield Row(f"HTTPS 256 MB, {clients} clients", "MB/CPU s", (https.PixieTls, https.NginxTls),
                      loads.LargeHttp(clients, max(1, rounds // 4) if quick else rounds))

        for clients, rounds in ((1, 16), (64, 1)):
            yield Row(f"mirror hit, 256 MB, {clients} clients", "MB/CPU s", (PixieMirror, NginxCache),
                      loads.LargeHttp(clients, max(1, rounds // 4) if quick else rounds))

        yield Row("HTTP 1 kB file in an ISO, keep-alive", "req/CPU s", (iso_images.PixieImage, Nginx),
                  loads.SmallHttp(1 if quick else 3, True))
        for clients, rounds in ((1, 16), (64, 1)):
            yield Row(f"HTTP 256 MB in an ISO, {clients} clients", "MB/CPU s", (iso_images.PixieImage, Nginx),
                      loads.LargeHttp(clients, max(1, rounds // 4) if quick else rounds))

        yield Row(f"DHCP, {DHCP_RATE} exchanges/s", "exchanges/CPU s", dhcp.SERVERS,
                  dhcp.Exchanges(DHCP_RATE, 2 if quick else 5))

        for machines, seconds in ((1000, 2), (10_000, 20)):
            yield Row(f"storm of {machines} machines", "machines/CPU s", storm.SERVERS,
                      storm.Storm(machines, seconds), 1.5)

    def _make(self, kind, **changes):
        server = kind(self._scratch, self._root)
        # The program under test, and what peers need of it.
        for attribute in ("path", "pixie"):
            if hasattr(kind, attribute):
                setattr(server, attribute, self._options.pixie)
        for key, value in changes.items():
            setattr(server, key, value)
        return server

    @contextlib.contextmanager
    def _running(self, kind, **changes):
        server = self._make(kind, **changes)
        server.seconds_to_start = server.start()
        try:
            yield server
        finally:
            server.stop()

    def _measure(self, row):
        with contextlib.ExitStack() as stack:
            running = [stack.enter_context(self._running(kind)) for kind in row.servers]
            if getattr(row.load, "windowsize", 1) > 1:
                running = [server for server in running if self._has_windows(server)]
            samples = {server.name: [] for server in running}
            for turn in range(self._options.runs + 1):
                for server in list(running):
                    sample = row.load(server)
                    if not server.runs() or sample.work == 0:
                        self._give_up(row, server, sample)
                        running.remove(server)
                        del samples[server.name]
                    elif turn > 0:  # the first is to warm up
                        samples[server.name].append(sample)
                        if sample.wall > SLOW_SECONDS:
                            running.remove(server)
        for name, runs in samples.items():
            self._report.add_details(row.name, name, runs)
        self.failed |= any(sample.failed for sample in samples[Pixie.name])
        figures = {name: [sample.figure for sample in runs] for name, runs in samples.items()}
        self._add(row.name, row.unit, figures, goal=row.goal)

    def _add(self, name, unit, figures, **goals):
        line = self._report.add(name, unit, figures, **goals)
        print("  " + "  ".join(line), file=sys.stderr, flush=True)

    def _give_up(self, row, server, sample):
        if server.name == Pixie.name:
            raise OSError(f"pixie failed: {server.last_output()}")
        state = "still runs" if server.runs() else "has ended"
        self._report.note(f"{row.name}: {server.name} answers no more and {state}, {sample.failed} "
                          f"transfers failed: {server.last_output()}")

    def _has_windows(self, server):
        accepted = loads.accepted_windowsize(self._options.load, server)
        if accepted == 1:
            self._report.note(f"{server.name} has no windowsize (RFC 7440)")
        return accepted > 1

    def _transfers_memory(self):
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files < OPEN_TRANSFERS + 100:
            raise OSError(f"only {files} open files are allowed here")
        with self._running(Pixie) as server:
            held = loads.memory_with_transfers(self._options.load, server, OPEN_TRANSFERS)
        self._add(f"memory, {OPEN_TRANSFERS} TFTP transfers", "MB", {Pixie.name: [held]}, more_is_better=False,
                  below=TRANSFERS_MEGABYTES)

    def _idle_memory(self):
        figures = {}
        for kind in (Pixie, Dnsmasq, Nginx):
            with self._running(kind) as server:
                figures[kind.name] = [server.group.memory_megabytes()]
        self._add("memory, idle", "MB", figures, more_is_better=False, below=IDLE_MEGABYTES)

    def _connections_memory(self):
        figures = {}
        for kind in (Pixie, Nginx):
            with self._running(kind) as server:
                figures[kind.name] = [loads.memory_with_connections(server, IDLE_CONNECTIONS)]
        self._add(f"memory, {IDLE_CONNECTIONS} idle HTTP connections", "MB", figures, more_is_better=False)

    def _highest_dhcp_rate(self):
        figures = {}
        for kind in dhcp.SERVERS:
            with self._running(kind) as server:
                figures[kind.name] = [dhcp.highest_rate(server)]
                self._report.note(f"DHCP, {kind.name}: {server.shown_command()}")
        self._add("DHCP, highest rate without loss", "exchanges/s", figures)

    def _index_of_large(self):
        with tempfile.TemporaryDirectory(dir=self._scratch.files) as folder:
            self._index(f"index of an ISO, {iso_images.LARGE_GIB} GiB", iso_images.make_large(pathlib.Path(folder)))

    def _index_of_many(self, count):
        with tempfile.TemporaryDirectory(dir=self._scratch.files) as folder:
            image = iso_images.make_many(pathlib.Path(folder), count)
            self._index(f"index of an ISO, {count} files", image)
            if count == iso_images.MOST_FILES:
                with self._running(iso_images.PixieImage, image=image) as server:
                    held = server.group.memory_megabytes()
                self._add(f"memory, an ISO with {count} files", "MB", {Pixie.name: [held]}, more_is_better=False)

    def _index(self, name, image):
        runs = [iso_images.listing_milliseconds(self._options.pixie, image) for _ in range(self._options.runs)]
        self._add(name, "ms", {program: [run[program] for run in runs] for program in runs[0]},
                  more_is_better=False)

    def _start_up(self):
        scripts = self._scratch.files / "scripts"
        scripts.mkdir()
        for number in range(MANY_SCRIPTS):
            name = "52-54-00-{:02x}-{:02x}-{:02x}.ipxe".format(*number.to_bytes(3, "big"))
            (scripts / name).write_text("#!ipxe\nshell\n")
        milliseconds = {Pixie.name: [], Nginx.name: []}
        for _ in range(self._options.runs):
            for kind, changes in ((Pixie, {"scripts": scripts}), (Nginx, {})):
                with self._running(kind, **changes) as server:
                    milliseconds[kind.name].append(server.seconds_to_start * 1000)
        self._add(f"start with {MANY_SCRIPTS} scripts", "ms", milliseconds, more_is_better=False,
                  below=START_MILLISECONDS)


def _options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 shorter runs instead of 5")
    parser.add_argument("--only", default="", metavar="PATTERN",
                        help="only rows whose name contains this regular expression")
    parser.add_argument("--pixie", type=pathlib.Path, default=servers.TOP / "build/release/pixie")
    parser.add_argument("--load", type=pathlib.Path, metavar="TFTP_LOAD",
                        help="the load generator; default: bench/tftp_load beside pixie")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE",
                        help="write the report as Markdown, too")
    options = parser.parse_args()
    options.pixie = options.pixie.resolve()
    options.load = (options.load or options.pixie.parent / "bench/tftp_load").resolve()
    options.runs = 3 if options.quick else 5
    for needed in (options.pixie, options.load):
        if not needed.exists():
            parser.error(f"{needed} is missing: build the targets pixie and tftp_load first")
    return options


def main():
    """The exit status: 1 if pixie failed a transfer or a row couldn't be measured."""
    options = _options()
    if not isolation.entered():
        servers.fetch_programs()
    isolation.enter()
    with tempfile.TemporaryDirectory(prefix="pixie-bench-") as folder:
        pathlib.Path(folder).chmod(0o755)
        with isolation.Scratch(folder) as scratch:
            root = scratch.files / "root"
            root.mkdir()
            servers.make_files(root, options.pixie)
            bench = Bench(options, scratch, root)
            result = bench.run()
    print(result.text(markdown=False))
    if options.markdown:
        options.markdown.write_text(result.text(markdown=True))
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
