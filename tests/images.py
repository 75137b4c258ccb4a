#!/usr/bin/python3
"""Compares how pixie reads images with what went into them and with how other readers read them.

Images are made by genisoimage, xorriso, mkudffs and udfclient, and taken from Debian's packages; the other readers
are bsdtar and 7z. Each case prints one line, PASS, FAIL or SKIP, with its seconds. Needs no root. The exit status is
0 when nothing failed.
"""

import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import sys
import tempfile
import threading
import traceback

from clients.case import Failure, Skip, Stopwatch
from discs import damaged, debian, iso, udf
from discs.readers import Pixie

TOP = pathlib.Path(__file__).resolve().parent.parent
CASES = [*iso.CASES, *udf.CASES, *debian.CASES, *damaged.CASES]


class Runner:
    """Runs cases and prints their results. Several threads use it."""

    def __init__(self, program, folder):
        self._pixie, self._folder = Pixie(program), folder
        self._printing = threading.Lock()
        self.counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}
        self.skipped = []

    def run(self, case):
        """Runs one case and tells how it went."""
        watch, story = Stopwatch(), ""
        folder = self._folder / case.__name__
        folder.mkdir()
        try:
            case(self._pixie, folder)
            status = "PASS"
        except Skip as skip:
            status = "SKIP"
            self.skipped.append(f"{case.__name__}: {skip}")
        except Failure as failure:
            status, story = "FAIL", str(failure)
        except Exception as error:  # whatever went wrong, the other cases go on
            status, story = "FAIL", "".join(traceback.format_exception(error)).rstrip()
        with self._printing:
            self.counts[status] += 1
            print(f"{status} {case.__name__:36} {watch.seconds():5.1f} s  {note(case)}", flush=True)
            if story:
                print("    " + story.replace("\n", "\n    "), flush=True)


def note(case):
    """The first line of what a case says of itself."""
    return case.__doc__.splitlines()[0]


def main():
    """The command described on top of this file; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*", metavar="CASE-PATTERN", help="cases to run: a part of the name")
    parser.add_argument("--list", action="store_true", help="list the cases")
    parser.add_argument("--pixie", type=pathlib.Path, default=TOP / "build" / "release" / "pixie",
                        help="the program under test (default: build/release/pixie)")
    options = parser.parse_args()
    cases = [case for case in CASES
             if not options.patterns or any(fnmatch.fnmatch(case.__name__, f"*{pattern}*")
                                            for pattern in options.patterns)]
    if options.list:
        for case in cases:
            print(f"{case.__name__:36} {note(case)}")
        return 0
    if not cases:
        sys.exit("images.py: no case of that name; --list shows them")
    if not os.access(options.pixie, os.X_OK):
        sys.exit(f"images.py: {options.pixie} is missing; build it first, or say --pixie PATH")
    with tempfile.TemporaryDirectory(prefix="pixie-images-") as name:
        runner = Runner(options.pixie.resolve(), pathlib.Path(name))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(runner.run, cases))
    print(f"{runner.counts['PASS']} passed, {runner.counts['FAIL']} failed, "
          f"{runner.counts['SKIP']} skipped")
    for line in runner.skipped:
        print(f"SKIP {line}")
    return 1 if runner.counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
