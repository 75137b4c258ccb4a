"""Test cases: their registry, and what a case says when something is wrong."""

import dataclasses
import time
from collections.abc import Callable


class Failure(Exception):
    """pixie (or a client) did not do what the case expects; the text says what it did."""


class Skip(Exception):
    """The case can't run here; the text says why."""


@dataclasses.dataclass(frozen=True)
class Case:
    """A named test. `run` gets a Bench; `faults` damage the network (see wire.py), and
    `own_network` asks for one that no other case uses. `slow` cases are started first."""
    name: str
    note: str
    run: Callable
    faults: tuple[str, ...] = ()
    own_network: bool = False
    slow: bool = False


CASES = {}


def register(name, note, run, **properties):
    """Adds a case."""
    assert name not in CASES, name
    CASES[name] = Case(name, note, run, **properties)


def case(name, **properties):
    """Decorates a function that is a case; the first line of its docstring is the note."""
    def add(function):
        register(name, function.__doc__.splitlines()[0], function, **properties)
        return function
    return add


def check(condition, text):
    """Fails with the text unless the condition holds."""
    if not condition:
        raise Failure(text)


def _short(value):
    text = repr(value)
    return text if len(text) < 300 else f"{text[:200]}… ({len(value)} long)"


def equal(what, got, wanted):
    """Fails unless both are equal; long values are told by where they differ."""
    if got == wanted:
        return
    if isinstance(got, bytes) and isinstance(wanted, bytes) and max(len(got), len(wanted)) > 100:
        at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b),
                  min(len(got), len(wanted)))
        raise Failure(f"{what}: {len(got)} bytes where {len(wanted)} were expected; they differ "
                      f"from {at} on: {got[at:at + 24]!r} where {wanted[at:at + 24]!r} should be")
    raise Failure(f"{what}: {_short(got)} where {_short(wanted)} was expected")


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self):
        self._begin = time.monotonic()

    def seconds(self):
        """Seconds so far."""
        return time.monotonic() - self._begin

    def check_below(self, limit, what):
        """Fails if `what` took as long as `limit` seconds."""
        took = self.seconds()
        check(took < limit, f"{what} took {took:.2f} s, not below {limit} s")
