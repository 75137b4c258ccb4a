#!/usr/bin/python3
"""Runs pixie against real TFTP, HTTP and DHCP clients, in private networks. Needs root.

Several cases run at a time, each with its own pixie. Each prints one line, PASS, FAIL or SKIP, with
its seconds; a failure shows the reason and the end of pixie's log. A sanitizer's report in pixie's
log is a failure, too. The exit status is 0 when nothing failed.
"""

import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import resource
import signal
import sys
import tempfile
import threading
import traceback

from clients import (api_docs, clients_http, clients_tftp, dhcp, dhcp6, dhcp_beside, dhcp_config,  # noqa: F401
                     dhcp_load, dhcp_server, doctor, explain, faults_disk, faults_flood,
                     faults_interfaces, faults_life, faults_network, http_files, http_messages,
                     http_paths, http_patience, https, images, images_upload, life, life_start,
                     machines, mirror, mirror_answers, mirror_commands, page, sandbox, storm,
                     tftp_faults, tftp_load, tftp_names, tftp_protocol,
                     webhook)  # (cases register themselves)
from clients.bench import Bench
from clients.case import CASES, Failure, Skip, Stopwatch, check
from clients.network import Network
from lab import net, process

TOP = pathlib.Path(__file__).resolve().parent.parent
OPEN_FILES = 16384


class Runner:
    """Runs cases and prints their results. Several threads use it."""

    def __init__(self, program, folder, network):
        self._program, self._folder, self._network = program, folder, network
        self._printing = threading.Lock()
        self.counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}
        self.skipped = []

    def run(self, case):
        """Runs one case and tells how it went."""
        watch = Stopwatch()
        story = log = ""
        told = []
        try:
            self._play(case, told)
            status = "PASS"
        except Skip as skip:
            status = "SKIP"
            self.skipped.append(f"{case.name}: {skip}")
        except Exception as error:  # whatever went wrong, the other cases go on
            if process.is_cancelled():
                return
            status = "FAIL"
            story, log = self._story(error), getattr(error, "log", "")
        with self._printing:
            self.counts[status] += 1
            print(f"{status} {case.name:36} {watch.seconds():5.1f} s  {case.note}", flush=True)
            for text in told:
                print(f"    {text}", flush=True)
            if story:
                text = f"{story}\n--- the end of pixie's log:\n{log}"
                print("    " + text.replace("\n", "\n    "), flush=True)

    def _play(self, case, told):
        folder = self._folder / case.name
        folder.mkdir()
        if case.faults or case.own_network:
            with Network(folder, case.faults) as network:
                self._play_in(network, case, folder, told)
        else:
            self._play_in(self._network, case, folder, told)

    def _play_in(self, network, case, folder, told):
        bench = Bench(folder, network, self._program)
        bench.told = told
        try:
            try:
                case.run(bench)
            except Failure as failure:
                if ended := bench.close():
                    raise Failure(f"{failure}\n{ended}") from None
                raise
            finally:
                ended = bench.close()
            check(not ended, ended)
        except Exception as error:
            error.log = bench.logs()
            raise

    @staticmethod
    def _story(error):
        if isinstance(error, Failure):
            return str(error)
        return "".join(traceback.format_exception(error)).rstrip()


def chosen(patterns):
    """The cases that match a pattern (or contain its text), slow ones first."""
    cases = [case for case in CASES.values()
             if not patterns or any(fnmatch.fnmatch(case.name, f"*{pattern}*")
                                    for pattern in patterns)]
    return sorted(cases, key=lambda case: not case.slow)


def run_all(options, cases):
    """Runs the cases and prints the closing lines; returns the exit status."""
    with tempfile.TemporaryDirectory(prefix="pixie-clients-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)  # pixie reads the files as the user nobody
        with Network(folder) as network:
            runner = Runner(options.pixie, folder, network)
            pool = concurrent.futures.ThreadPoolExecutor(options.jobs)
            futures = [pool.submit(runner.run, case) for case in cases]
            try:
                concurrent.futures.wait(futures)
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                process.cancel_all()
                pool.shutdown()
                print("interrupted")
                return 130
    counts = runner.counts
    print(f"{counts['PASS']} passed, {counts['FAIL']} failed, {counts['SKIP']} skipped")
    for line in runner.skipped:
        print(f"  skipped {line}")
    return 1 if counts["FAIL"] else 0


def parse(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*", metavar="CASE-PATTERN",
                        help="cases to run: a part of the name, * and ? stand for anything")
    parser.add_argument("--list", action="store_true", help="list the cases")
    parser.add_argument("--jobs", type=int, default=4, help="cases at a time (default: 4)")
    parser.add_argument("--pixie", type=pathlib.Path, default=TOP / "build" / "release" / "pixie",
                        help="the program under test (default: build/release/pixie)")
    return parser.parse_args(arguments)


def main():
    """The command described on top of this file; returns the exit status."""
    options = parse(sys.argv[1:])
    cases = chosen(options.patterns)
    if options.list:
        for case in cases:
            print(f"{case.name:36} {case.note}")
        return 0
    if not cases:
        sys.exit("clients.py: no case of that name; --list shows them")
    if os.geteuid() != 0:
        sys.exit("clients.py: network namespaces need root; try: sudo python3 tests/clients.py")
    if not os.access(options.pixie, os.X_OK):
        sys.exit(f"clients.py: {options.pixie} is missing; build it first, or say --pixie PATH")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(OPEN_FILES, limit), limit))
    net.remove_leftovers()
    return run_all(options, cases)


if __name__ == "__main__":
    sys.exit(main())
