"""The mirror: what its upstreams' answers do to a copy, or to a part of a file, that is here."""

import contextlib
import hashlib
import pathlib
import signal
import threading
import time

from .bench import content
from .case import case, check, equal
from .http import Connection, get, status_of
from .mirror import MIB, partial_read, start, upstream_of
from .upstream import Page

ALWAYS = ("Cache-Control: no-cache",)
VALIDATED = "pixie; hit; fwd=stale; fwd-status=304"
OLD, NEW = time.time() - 2e6, time.time() - 1e6
PART = 4 * MIB
WHOLE = PART + MIB
MOST_FETCHES = 32


def leave_parts(bench, upstream, state, pages):
    """A pixie that ends when a part of each of these files is here."""
    gate = threading.Event()
    upstream.pages |= pages
    pixie = start(bench, upstream, "--state", state)
    for name, page in pages.items():
        page.gates[PART] = gate
        part = get(bench, pixie, upstream.path(name), f"Range: bytes=0-{PART - 1}")
        equal("the part", part.body == page.data[:PART], True)
    equal("its end", pixie.stop(), 0)
    gate.set()


def fetch_and_count(bench, pixie, upstream, name):
    """Has a file fetched; the bytes that pixie read of its files meanwhile."""
    def count():
        told = pathlib.Path(f"/proc/{pixie.pid}/io").read_text()
        return int(told.split()[told.split().index("rchar:") + 1])

    before = count()
    equal(name, get(bench, pixie, upstream.path(name), "Range: bytes=0-9").status, 206)
    pixie.await_line(rb"mirror\.fetched.*" + name.encode())
    return count() - before


def check_whole(bench, pixie, upstream, name, data):
    """The mirror's file is this one, also by the SHA-256 that it told."""
    equal(name, get(bench, pixie, upstream.path(name)).body == data, True)
    told = rf"mirror\.fetched.*/{name}\b.*{hashlib.sha256(data).hexdigest()}"
    check(pixie.logged(told.encode()), f"{name}: another SHA-256 was told")


@case("mirror.part-goes-on")
def part_goes_on(bench):
    """a part is gone on with after a restart, by ETag or by date; its bytes count for the SHA-256"""
    upstream, data, state = upstream_of(bench), content(WHOLE), bench.folder / "part-state"
    pages = {"tagged": Page(data, '"v"'), "dated": Page(data, None, OLD)}
    leave_parts(bench, upstream, state, pages)
    pixie = start(bench, upstream, "--state", state)
    for name, page in pages.items():
        read = fetch_and_count(bench, pixie, upstream, name)
        check(read >= PART, f"{name}: {read} bytes were read for the hash")
        check_whole(bench, pixie, upstream, name, data)
        asked = upstream.asked(name)
        equal(name, [fields.get("Range") for fields in asked], [None, f"bytes={PART}-"])
        equal(name, asked[1]["If-Range"], page.etag or page.date)


@case("mirror.part-of-another")
def part_of_another(bench):
    """a part of a file that is another one by now is dropped, unread; also when the upstream ignores If-Range"""
    upstream, state = upstream_of(bench), bench.folder / "part-state"
    old, new = content(WHOLE, 1), content(WHOLE, 2)
    pages = {"tagged": Page(new, '"new"'), "dated": Page(new, None, NEW),
             "careless": Page(new, None, NEW, careless=True)}
    leave_parts(bench, upstream, state, {"tagged": Page(old, '"old"'), "dated": Page(old, None, OLD),
                                         "careless": Page(old, None, OLD)})
    upstream.pages |= pages
    pixie = start(bench, upstream, "--state", state)
    for name in pages:
        read = fetch_and_count(bench, pixie, upstream, name)
        check(read < PART, f"{name}: {read} bytes were read, maybe those of the part")
        check_whole(bench, pixie, upstream, name, new)
        equal(name, ["Range" in fields for fields in upstream.asked(name)],
              [False, True] + [False] * pages[name].careless)
    equal("files left", len(list((state / "mirror").iterdir())), 1 + 2 * len(pages))


@case("mirror.another-date")
def another_date(bench):
    """a rest that has another date, and no ETag, is not put behind what was sent: the answer ends short"""
    upstream, state = upstream_of(bench), bench.folder / "date-state"
    old, new, gate = content(WHOLE, 1), content(WHOLE, 2), threading.Event()
    upstream.pages["file"] = Page(old, None, OLD, cuts=[PART], gates={MIB: gate})
    pixie = start(bench, upstream, "--state", state)
    with Connection(bench, pixie) as connection:
        connection.ask(upstream.path("file"))
        equal("length", connection.head()[1]["content-length"], str(WHOLE))
        got = partial_read(connection, MIB)
        upstream.pages["file"] = Page(new, None, NEW, careless=True)
        gate.set()
        got += connection.rest()
    equal("what came", got == old[:PART], True)
    pixie.await_line(rb"mirror\.failed.*another part")
    pixie.stop()
    equal("files left", [path.name for path in (state / "mirror").iterdir()], ["lock"])
    pixie = start(bench, upstream, "--state", state)
    equal("the new one", get(bench, pixie, upstream.path("file")).body == new, True)
    equal("ranges", [fields.get("Range") for fields in upstream.asked("file")],
          [None, f"bytes={PART}-", None])


@case("mirror.side-by-side")
def side_by_side(bench):
    """31 slow downloads that are asked for at once wait for no other one, nor does the next file"""
    upstream, gate = upstream_of(bench), threading.Event()
    names = [f"slow{number}" for number in range(MOST_FETCHES - 1)]
    upstream.pages |= {name: Page(name.encode(), gates={0: gate}) for name in names}
    upstream.pages |= {name: Page(name.encode()) for name in ("first", "next")}
    pixie = start(bench, upstream)
    get(bench, pixie, upstream.path("first"))  # its thread is idle then, and not to be taken for many
    pixie.await_line(rb"mirror\.fetched")
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(Connection(bench, pixie)) for _ in names]
        pixie.signal(signal.SIGSTOP)
        for name, connection in zip(names, connections):
            connection.ask(upstream.path(name))
        pixie.signal(signal.SIGCONT)
        for name in names:
            upstream.await_requests(name, 1)
        equal("the next", get(bench, pixie, upstream.path("next")).body, b"next")
        gate.set()
        equal("the slow ones", [connection.response().body.decode() for connection in connections],
              names)


@case("mirror.redirects-to-silence", slow=True)
def redirects_to_silence(bench):
    """a redirection gives the upstream no more time: 5 s in all, then the copy is served"""
    upstream, gate = upstream_of(bench), threading.Event()
    upstream.pages["kept"] = Page(b"kept", '"1"', None, ALWAYS)
    upstream.pages["silent"] = Page(b"silent", hold=gate)
    pixie = start(bench, upstream)
    equal("fetched", get(bench, pixie, upstream.path("kept")).body, b"kept")
    pixie.await_line(rb"mirror\.fetched")
    upstream.pages["kept"] = Page(b"moved", None, None, ("Location: silent",), status=302)
    answer = get(bench, pixie, upstream.path("kept"))
    gate.set()
    equal("served", (answer.status, answer.body), (200, b"kept"))
    check("detail=" in answer.fields["cache-status"], answer.fields["cache-status"])
    equal("requests", len(upstream.asked("silent")), 1)


@case("mirror.bare-304")
def bare_304(bench):
    """a 304 that does not repeat the date: the copy keeps its own, for its next question and for its life"""
    upstream = upstream_of(bench)
    page = upstream.pages["dated"] = Page(b"dated", None, OLD, ALWAYS, known=ALWAYS)
    pixie = start(bench, upstream)

    def ask():
        answer = get(bench, pixie, upstream.path("dated"))
        equal("the file", (answer.body, answer.fields["last-modified"]), (b"dated", page.date))
        how, _, seconds = answer.fields["cache-status"].partition("; ttl=")
        return how, int(seconds or 0)

    ask()
    pixie.await_line(rb"mirror\.fetched")
    for _ in range(2):
        how, seconds = ask()
        equal("to be asked for each time", (how, seconds <= 0), (VALIDATED, True))
    page.known = ()
    how, seconds = ask()
    equal("for an hour, as old as it is", (how, 3000 < seconds <= 3600), (VALIDATED, True))
    equal("not asked for again", ask()[0], "pixie; hit")
    equal("conditions", [fields.get("If-Modified-Since") for fields in upstream.asked("dated")],
          [None] + [page.date] * 3)


@case("mirror.errors")
def errors(bench):
    """401, 403 and 429 leave the copy where it is, 404 and 410 end it; and what is answered without one"""
    upstream, state = upstream_of(bench), bench.folder / "errors-state"
    alone = {401: 502, 403: 403, 404: 404, 410: 410, 429: 502}
    gone = (404, 410)
    pixie = start(bench, upstream, "--state", state)
    for status in alone:
        upstream.pages[f"{status}"] = Page(b"kept", '"1"', None, ALWAYS)
        equal("fetched", get(bench, pixie, upstream.path(status)).body, b"kept")
        pixie.await_line(rb"mirror\.fetched")
        for name in (f"{status}", f"new-{status}"):
            upstream.pages[name] = Page(b"an error", '"2"', status=status)

    def statuses(name):
        return status_of(bench, pixie, f"GET {upstream.path(name)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    for status, answered in alone.items():
        if status in gone:
            equal(status, statuses(status), [status])
        else:
            answer = get(bench, pixie, upstream.path(status))
            equal(status, (answer.status, answer.body), (200, b"kept"))
            check("detail=" in answer.fields["cache-status"], answer.fields["cache-status"])
        equal("new", statuses(f"new-{status}"), [answered])
    pixie.stop()
    upstream.stop()
    pixie = start(bench, upstream, "--state", state)
    for status in alone:
        equal(f"left after {status}", statuses(status), [502 if status in gone else 200])
