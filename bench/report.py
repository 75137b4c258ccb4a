"""The tables of a benchmark run, as plain text or as Markdown."""

import datetime
import pathlib
import platform
import re
import statistics


class Report:
    """Collects results and texts; text() renders them.

    A result is a row's name, its unit, whether more is better, and for each server its figures.
    """

    def __init__(self):
        self._ratios = []
        self._details = []
        self._notes = []

    def note(self, text):
        """A line below the tables, once."""
        if text not in self._notes:
            self._notes.append(text)

    def add(self, name, unit, figures, goal=1.0, more_is_better=True, below=None):
        """`figures`: by server's name, pixie among them, a list with one for each turn. `goal`: the ratio to the best
        peer that is wanted; or pixie's own figure is to be `below` something. Returns the table's line."""
        own = figures["pixie"]

        def ratio(peer):
            pairs = zip(own, figures[peer])
            return statistics.median(a / b if more_is_better else b / a for a, b in pairs)

        ratios = sorted((ratio(peer), peer) for peer in figures if peer != "pixie")
        line = [name, unit, _number(statistics.median(own))]
        for least, best in ratios[:1]:
            line += [f"{best} {_number(statistics.median(figures[best]))}", f"{least:.2f}"]
        line += ["-"] * (5 - len(line))
        if below is not None:
            line += [f"< {below}", _verdict(statistics.median(own) < below)]
        elif ratios:
            line += [f">= {goal}", _verdict(round(ratios[0][0], 2) >= goal)]
        else:
            line += ["-"] * 2
        line.append(", ".join(f"{peer} {more:.2f}" for more, peer in ratios[1:]))
        self._ratios.append(line)
        return line

    def add_details(self, name, server, samples):
        """One server's runs of one row."""
        ordered = sorted(samples, key=lambda sample: sample.figure)
        middle = ordered[len(ordered) // 2]
        spread = (ordered[-1].figure - ordered[0].figure) / middle.figure
        self._details.append([
            name, server, str(len(samples)), _number(middle.work), f"{middle.cpu:.3f}",
            f"{middle.wall:.2f}", _number(middle.work / middle.wall), f"{spread:.0%}",
            str(sum(sample.again for sample in samples)),
            str(sum(sample.failed for sample in samples))])

    def text(self, markdown):
        """Everything."""
        ratios = ["row", "unit", "pixie", "best peer", "ratio", "goal", "", "ratio to the others"]
        details = ["row", "server", "runs", "work", "CPU s", "wall s", "per wall s", "spread",
                   "sent again", "failed"]
        heading = "## " if markdown else ""
        bullet = "- " if markdown else ""
        parts = [
            f"{heading}Ratios: above 1 pixie is better",
            _table(ratios, self._ratios, markdown),
            f"{heading}The median run: work in MB or requests, CPU time of the server; and what "
            "went wrong in all runs",
            _table(details, self._details, markdown) if self._details else "",
            f"{heading}Conditions",
            "\n".join(f"{bullet}{note}" for note in [*machine(), *self._notes])]
        return "\n\n".join(part for part in parts if part) + "\n"


def machine():
    """What the figures were measured on, and when."""
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", info, re.M)
    return [f"date: {datetime.date.today().isoformat()}",
            f"processor: {model.group(1) if model else platform.machine()}, "
            f"{info.count('processor')} cores; kernel {platform.release()}",
            "server on cpu 0, load on cpu 1, over the loopback of a network namespace; CPU time is "
            "user and system time of the server's control group"]


def _verdict(met):
    return "met" if met else "MISSED"


def _number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.3f}"


def _table(header, lines, markdown):
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]

    def row(cells):
        padded = [cell.ljust(width) if i < 2 else cell.rjust(width)
                  for i, (cell, width) in enumerate(zip(cells, widths))]
        return "| " + " | ".join(padded) + " |" if markdown else "  ".join(padded).rstrip()

    rule = ["-" * width for width in widths]
    return "\n".join(row(cells) for cells in [header, rule, *lines])
