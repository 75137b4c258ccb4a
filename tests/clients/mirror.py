"""The mirror: what it fetches, keeps and sends, whatever the upstream does."""

import contextlib
import hashlib
import os
import pathlib
import random
import socket
import threading
import time

from .bench import content
from .case import Failure, Stopwatch, case, check, equal
from .http import Connection, get
from .network import SERVER, inside
from .upstream import Nginx, Page, Upstream

MIB = 1 << 20


def upstream_of(bench):
    """An upstream on the server's host, for as long as the case runs."""
    return bench.enter(Upstream(bench.network.server))


def start(bench, upstream, *options, **more):
    """A pixie that mirrors that upstream alone."""
    return bench.start("--mirror", upstream.host, *options, **more)


def partial_read(connection, size):
    """So many bytes of a body, each of which must come."""
    data = connection.read(size)
    equal("bytes that came", len(data), size)
    return data


@case("mirror.kept")
def kept(bench):
    """a file is fetched once; HEAD, ranges, conditions and a restart are answered from the copy"""
    upstream, data = upstream_of(bench), content(3_000_001)
    upstream.pages["dir/a+b.img"] = Page(data, '"v1"', time.time() - 1e6)
    state = bench.folder / "kept-state"
    pixie = start(bench, upstream, "--state", state)
    target = upstream.path("dir/a+b.img")
    first = get(bench, pixie, target)
    equal("the first answer", (first.status, first.body == data), (200, True))
    equal("its ETag", first.fields["etag"], '"v1"')
    check("fwd=uri-miss" in first.fields["cache-status"], first.fields["cache-status"])
    pixie.await_line(rb"mirror\.fetched")
    head = get(bench, pixie, target, method="HEAD")
    equal("HEAD", (head.status, head.fields["content-length"]), (200, str(len(data))))
    check(head.fields["cache-status"].startswith("pixie; hit; ttl="), head.fields["cache-status"])
    some = get(bench, pixie, target, "Range: bytes=1000000-1999999")
    equal("a range", (some.status, some.body == data[1_000_000:2_000_000]), (206, True))
    equal("a condition", get(bench, pixie, target, 'If-None-Match: "v1"').status, 304)
    bench.kill(pixie)
    pixie = start(bench, upstream, "--state", state)
    again = get(bench, pixie, upstream.path("dir/a%2Bb.img"))
    equal("after a restart", (again.status, again.body == data), (200, True))
    equal("requests to the upstream", len(upstream.asked("dir/a+b.img")), 1)
    check(b'pixie_mirror_requests_total{result="hit"} 1\n' in get(bench, pixie, "/metrics").body,
          "the metrics don't count the hit")


@case("mirror.refused")
def refused(bench):
    """no open proxy: off, another host, another port, another scheme, bad paths"""
    upstream = upstream_of(bench)
    upstream.pages["x"] = Page(b"x")
    off = bench.start()
    equal("without --mirror", get(bench, off, upstream.path("x")).status, 404)
    pixie = start(bench, upstream)
    equal("allowed", get(bench, pixie, upstream.path("x")).status, 200)
    for target, status in (("/mirror/http/127.0.0.1/x", 403),
                           (f"/mirror/http/127.0.0.1:{upstream.port ^ 1}/x", 403),
                           (f"/mirror/http/localhost:{upstream.port}/x", 403),
                           (f"/mirror/http/{upstream.host}.example.org/x", 400),
                           (f"/mirror/http/{upstream.host}@example.org/x", 400),
                           (f"/mirror/http/user@{upstream.host}/x", 400),
                           (f"/mirror/http/{upstream.host}/../x", 400),
                           (f"/mirror/http/{upstream.host}/%2e%2e/x", 400),
                           (f"/mirror/ftp/{upstream.host}/x", 400),
                           ("/mirror/http/", 400), ("/mirror/http", 400), ("/mirror/x", 400),
                           ("/mirror/http//x", 403)):
        equal(target, get(bench, pixie, target).status, status)
    equal("POST", get(bench, pixie, upstream.path("x"), method="POST").status, 405)
    equal("requests", [path for _, path, _ in upstream.requests], ["/x"])
    for words in ("*", "a/b", "http://example.org", "*.192.0.2.1", "example.org:0"):
        done = bench.refused("--mirror", words, "-t", "0.0.0.0:0", "-u", "0.0.0.0:0")
        equal(words, (done.returncode, "--mirror" in done.stderr), (2, True))


@contextlib.contextmanager
def names(bench, text):
    """/etc/hosts of the server's host has these lines meanwhile."""
    folder = pathlib.Path("/etc/netns") / bench.network.server
    folder.mkdir(parents=True)
    try:
        (folder / "hosts").write_text(text)
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        yield
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


@case("mirror.private-addresses", own_network=True)
def private_addresses(bench):
    """a name that a pattern allows leads to no private address; one that is listed itself may"""
    upstream = upstream_of(bench)
    upstream.pages["x"] = Page(b"x")
    with names(bench, "127.0.0.1 a.example.org b.example.org\n"):
        with inside(bench.network.server):
            taken = socket.create_server(("127.0.0.1", 80))
        with taken:
            pixie = bench.start("--mirror", f"*.example.org,b.example.org:{upstream.port}")
            answer = get(bench, pixie, "/mirror/http/a.example.org/x")
            equal("by pattern", answer.status, 502)
            check(b"may be asked" in answer.body, answer.body)
            taken.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                taken.accept()
                raise Failure("the private address was asked all the same")
            listed = get(bench, pixie, f"/mirror/http/b.example.org:{upstream.port}/x")
            equal("listed itself", (listed.status, listed.body), (200, b"x"))
        equal("not in the list", get(bench, pixie, "/mirror/http/example.org/x").status, 403)


@case("mirror.tls")
def tls(bench):
    """HTTPS to the outside by nginx, HTTP to the machine; who is not trusted is not asked"""
    nginx = bench.enter(Nginx(bench.network.server, bench.folder / "nginx"))
    data = bench.file("linux", 5_000_000, nginx.root)
    hosts = f"127.0.0.1:{nginx.secure},127.0.0.1:{nginx.port}"
    trusting = {**os.environ, "SSL_CERT_FILE": str(nginx.authority)}
    pixie = bench.start("--mirror", hosts, environment=trusting)
    for _ in range(2):
        answer = get(bench, pixie, f"/mirror/https/127.0.0.1:{nginx.secure}/linux")
        equal("over TLS", (answer.status, answer.body == data), (200, True))
    equal("requests", nginx.requests("linux"), 1)
    missing = get(bench, pixie, f"/mirror/https/127.0.0.1:{nginx.secure}/missing")
    equal("what is not there", missing.status, 404)
    plain = get(bench, pixie, f"/mirror/http/127.0.0.1:{nginx.port}/linux")
    equal("in the clear", (plain.status, plain.body == data), (200, True))
    stranger = bench.start("--mirror", hosts)
    answer = get(bench, stranger, f"/mirror/https/127.0.0.1:{nginx.secure}/linux")
    equal("not trusted", (answer.status, b"certificate" in answer.body), (502, True))


@case("mirror.validation")
def validation(bench):
    """Cache-Control decides when the upstream is asked again; 304 keeps the copy, a change replaces it"""
    upstream = upstream_of(bench)
    pages = upstream.pages
    pages["young"] = Page(b"young", '"1"', None, ("Cache-Control: max-age=1000",))
    pages["always"] = Page(b"always", '"1"', None, ("Cache-Control: no-cache",))
    pages["dated"] = Page(b"dated", None, time.time() - 1e6, ("Cache-Control: max-age=0",))
    pages["never"] = Page(b"never", '"1"', None, ("Cache-Control: no-store",))
    pages["weak"] = Page(b"weak", 'W/"1"', None, ("Cache-Control: max-age=0",))
    pixie = start(bench, upstream)

    def ask(name):
        answer = get(bench, pixie, upstream.path(name))
        equal(name, answer.status, 200)
        return answer.body, answer.fields

    for name in pages:
        equal(name, ask(name)[0], pages[name].data)
        pixie.await_line(rb"mirror\.fetched.*" + name.encode())
        for _ in range(2):
            equal(name, ask(name)[0], pages[name].data)
            if name == "never":
                pixie.await_line(rb"mirror\.fetched.*never")
    equal("requests", {name: len(upstream.asked(name)) for name in pages},
          {"young": 1, "always": 3, "dated": 3, "never": 3, "weak": 3})
    equal("conditions", [fields.get("If-None-Match") for fields in upstream.asked("always")],
          [None, '"1"', '"1"'])
    check(all("If-Modified-Since" in fields for fields in upstream.asked("dated")[1:]), "no date")
    equal("no-store is not kept", [fields.get("If-None-Match") for fields in upstream.asked("never")],
          [None] * 3)
    check("fwd-status=304" in ask("always")[1]["cache-status"], "not validated")
    pages["always"] = Page(b"another one", '"2"', None, ("Cache-Control: no-cache",))
    equal("changed", ask("always")[0], b"another one")
    pixie.await_line(rb"mirror\.fetched.*always")
    equal("its tag", ask("always")[1]["etag"], '"2"')


@case("mirror.stale")
def stale(bench):
    """upstream down or broken: the copy is served and said to be stale; without one it is 502"""
    upstream = upstream_of(bench)
    always = ("Cache-Control: no-cache",)
    upstream.pages["kept"] = Page(b"kept", '"1"', None, always)
    pixie = start(bench, upstream)
    target = upstream.path("kept")
    equal("fetched", get(bench, pixie, target).body, b"kept")
    pixie.await_line(rb"mirror\.fetched")
    upstream.pages["kept"] = Page(b"broken", '"1"', None, always, status=503)
    upstream.pages["other"] = Page(b"broken", status=500)
    # (the upstream would say 304 to its own ETag)
    upstream.pages["kept"].etag = '"x"'
    answer = get(bench, pixie, target)
    equal("served", (answer.status, answer.body), (200, b"kept"))
    check("detail=" in answer.fields["cache-status"] and "ttl=-" in answer.fields["cache-status"],
          answer.fields["cache-status"])
    pixie.await_line(rb"mirror\.stale")
    equal("without a copy", get(bench, pixie, upstream.path("other")).status, 502)
    upstream.stop()
    watch = Stopwatch()
    for _ in range(20):
        equal("down", get(bench, pixie, target).body, b"kept")
    watch.check_below(5, "20 requests while the upstream is down")
    equal("never seen", get(bench, pixie, upstream.path("new")).status, 502)


@case("mirror.gone")
def gone(bench):
    """what the upstream does not have any more is 404 here, too, and comes back with it"""
    upstream = upstream_of(bench)
    page = Page(b"there", '"1"', None, ("Cache-Control: no-cache",))
    upstream.pages["file"] = page
    pixie = start(bench, upstream)
    equal("there", get(bench, pixie, upstream.path("file")).body, b"there")
    pixie.await_line(rb"mirror\.fetched")
    del upstream.pages["file"]
    equal("gone", get(bench, pixie, upstream.path("file")).status, 404)
    pixie.await_line(rb"mirror\.refused")
    for _ in range(10):
        equal("still gone", get(bench, pixie, upstream.path("file")).status, 404)
    check(len(upstream.asked("file")) <= 3, "every machine's question went to the upstream")


@case("mirror.while-it-comes")
def while_it_comes(bench):
    """sent as it arrives: ranges within what is here at once, beyond it they wait; leaving ends nothing"""
    upstream, data = upstream_of(bench), content(4 * MIB)
    gate = threading.Event()
    upstream.pages["big"] = Page(data, gates={2 * MIB: gate})
    pixie = start(bench, upstream)
    target = upstream.path("big")
    with contextlib.ExitStack() as stack:
        first, leaver, ranged, late = (stack.enter_context(Connection(bench, pixie))
                                       for _ in range(4))
        first.ask(target)
        equal("status", first.head()[0], 200)
        got = partial_read(first, 2 * MIB)
        equal("the first half", got == data[:2 * MIB], True)
        leaver.ask(target)
        leaver.head()
        leaver.socket.close()
        for asked, low, high in (("0-99", 0, 100), ("1000000-1999999", 1_000_000, 2_000_000)):
            some = get(bench, pixie, target, f"Range: bytes={asked}")
            equal(asked, (some.status, some.body == data[low:high]), (206, True))
        equal("HEAD", get(bench, pixie, target, method="HEAD").fields["content-length"],
              str(len(data)))
        ranged.ask(target, "Range: bytes=2000000-2199999")
        equal("a range across the edge", ranged.head()[0], 206)
        late.ask(target, f"Range: bytes={3 * MIB}-")
        equal("a range beyond", late.head()[0], 206)
        late.socket.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            late.read(1)
            raise Failure("bytes came that are not here yet")
        late.socket.settimeout(10)
        gate.set()
        equal("the second half", partial_read(first, 2 * MIB) == data[2 * MIB:], True)
        equal("across", partial_read(ranged, 200_000) == data[2_000_000:2_200_000], True)
        equal("beyond", partial_read(late, MIB) == data[3 * MIB:], True)
        equal("the connection serves on", first.get(target, "Range: bytes=5-9").body, data[5:10])
    equal("requests", len(upstream.asked("big")), 1)


@case("mirror.goes-on-alone")
def goes_on_alone(bench):
    """a fetch ends well although everybody who waited for it has left"""
    upstream, data = upstream_of(bench), content(3 * MIB)
    gate = threading.Event()
    upstream.pages["big"] = Page(data, gates={MIB: gate})
    pixie = start(bench, upstream)
    with Connection(bench, pixie) as connection:
        connection.ask(upstream.path("big"))
        connection.head()
        partial_read(connection, MIB)
    gate.set()
    pixie.await_line(rb"mirror\.fetched")
    equal("the copy", get(bench, pixie, upstream.path("big")).body == data, True)
    equal("requests", len(upstream.asked("big")), 1)


def crowd(bench, pixie, target, count, wanted):
    """So many clients fetch a file at once, each at its own speed; what went wrong, a line each."""
    wrong = []

    def client(number):
        try:
            with Connection(bench, pixie, receive_buffer=65536 if number % 5 == 0 else None) as one:
                one.socket.settimeout(120)
                one.ask(target)
                status, fields = one.head()
                equal("status", status, 200)
                hash_, left = hashlib.sha256(), int(fields["content-length"])
                while left and (data := one.read(min(left, MIB))):
                    hash_.update(data)
                    left -= len(data)
                equal("bytes that lack", left, 0)
                equal("SHA-256", hash_.hexdigest(), wanted)
        except Exception as error:  # pylint: disable=broad-exception-caught
            wrong.append(f"client {number}: {error!r}")

    threads = [threading.Thread(target=client, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


@case("mirror.crowd", slow=True)
def fleet(bench):
    """200 clients for one file of 20 MB: one request to nginx, every copy right"""
    nginx = bench.enter(Nginx(bench.network.server, bench.folder / "nginx"))
    size = int(os.environ.get("PIXIE_MIRROR_CROWD_BYTES", 20_000_000))
    block = content(MIB)
    digest = hashlib.sha256()
    with open(nginx.root / "initrd", "wb") as file:
        for number in range(size // MIB + 1):
            piece = number.to_bytes(8) + block[8:]
            file.write(piece)
            digest.update(piece)
    pixie = bench.start("--mirror", f"127.0.0.1:{nginx.port}")
    wrong = crowd(bench, pixie, f"/mirror/http/127.0.0.1:{nginx.port}/initrd", 200,
                  digest.hexdigest())
    check(not wrong, "\n".join(wrong[:5]))
    equal("requests to the upstream", nginx.requests("initrd"), 1)


@case("mirror.cut")
def cut(bench):
    """the upstream cuts the connection at random bytes: the fetch goes on where it was"""
    upstream, data = upstream_of(bench), content(3_000_000)
    dice = random.Random(7)
    cuts = [dice.randrange(1, 600_000) for _ in range(4)]
    upstream.pages["cut"] = Page(data, '"v"', cuts=list(cuts))
    pixie = start(bench, upstream)
    answer = get(bench, pixie, upstream.path("cut"))
    equal("the file", (answer.status, answer.body == data), (200, True))
    asked = upstream.asked("cut")
    equal("requests", len(asked), 5)
    wanted = [sum(cuts[:count]) for count in range(1, 5)]
    equal("where they went on", [fields["Range"] for fields in asked[1:]],
          [f"bytes={at}-" for at in wanted])
    equal("conditions", {fields["If-Range"] for fields in asked[1:]}, {'"v"'})


@case("mirror.changed-under-way")
def changed(bench):
    """a file that changes while it is fetched ends short, never mixed; the next gets the new one"""
    upstream, old, new = upstream_of(bench), content(2_000_000, 1), content(2_500_000, 2)
    upstream.pages["file"] = Page(old, '"old"', cuts=[700_000])
    pixie = start(bench, upstream)
    with Connection(bench, pixie) as connection:
        connection.ask(upstream.path("file"))
        equal("length", connection.head()[1]["content-length"], str(len(old)))
        got = partial_read(connection, 600_000)
        upstream.pages["file"] = Page(new, '"new"')
        got += connection.rest()
    check(600_000 <= len(got) <= 700_000 and old.startswith(got), f"{len(got)} bytes, or mixed")
    pixie.await_line(rb"mirror\.failed")
    answer = patiently(lambda: get(bench, pixie, upstream.path("file")))
    equal("the new one", (answer.status, answer.body == new), (200, True))


def patiently(ask):
    """Asks again while the mirror remembers a failure (5 s)."""
    deadline = time.monotonic() + 15
    while True:
        answer = ask()
        if answer.status != 502 or time.monotonic() > deadline:
            return answer
        time.sleep(0.5)


@case("mirror.wrong-length")
def wrong_length(bench):
    """less than promised is cut, never padded; unknown lengths come whole, or not at all"""
    upstream, data = upstream_of(bench), content(400_000)
    pages = upstream.pages
    pages["short"] = Page(data, None, claimed=len(data) + 5)
    pages["long"] = Page(data, '"1"', claimed=len(data) - 5)
    pages["chunked"] = Page(data, '"1"', chunked=True)
    pages["unknown"] = Page(data, '"1"', length=False)
    pages["chunks-cut"] = Page(data, '"1"', chunked=True, cuts=[100_000] * 9)
    pages["empty"] = Page(b"", '"1"')
    pixie = start(bench, upstream)
    with Connection(bench, pixie) as connection:
        connection.ask(upstream.path("short"))
        equal("promised", connection.head()[1]["content-length"], str(len(data) + 5))
        equal("what came", connection.rest() == data, True)
    equal("more than promised", get(bench, pixie, upstream.path("long")).body == data[:-5], True)
    for name in ("chunked", "unknown"):
        for _ in range(2):
            answer = get(bench, pixie, upstream.path(name))
            equal(name, (answer.status, answer.body == data), (200, True))
        equal(name, len(upstream.asked(name)), 1)
    equal("cut", get(bench, pixie, upstream.path("chunks-cut")).status, 502)
    empty = get(bench, pixie, upstream.path("empty"))
    equal("empty", (empty.status, empty.body), (200, b""))


@case("mirror.redirects")
def redirects(bench):
    """a redirection is followed to hosts that are allowed, and to no other"""
    upstream, other = upstream_of(bench), upstream_of(bench)
    data = content(100_000)
    other.pages["target"] = Page(data)
    upstream.pages["target"] = Page(data)
    moved = {"here": f"http://{upstream.host}/target", "relative": "target",
             "there": f"http://{other.host}/target", "loop": "loop"}
    for name, location in moved.items():
        upstream.pages[name] = Page(b"moved", None, None, (f"Location: {location}",), status=302)
    pixie = start(bench, upstream)
    for name in ("here", "relative"):
        for _ in range(2):
            answer = get(bench, pixie, upstream.path(name))
            equal(name, (answer.status, answer.body == data), (200, True))
        equal(name, len(upstream.asked(name)), 1)
    answer = get(bench, pixie, upstream.path("there"))
    equal("elsewhere", answer.status, 502)
    check(f"--mirror does not allow {other.host}".encode() in answer.body, answer.body)
    equal("requests there", other.requests, [])
    equal("in a circle", get(bench, pixie, upstream.path("loop")).status, 502)
    equal("requests in a circle", len(upstream.asked("loop")), 6)
    both = bench.start("--mirror", f"{upstream.host},{other.host}")
    equal("allowed", get(bench, both, upstream.path("there")).body == data, True)


@case("mirror.killed", slow=True)
def killed(bench):
    """kill -9 at random moments: no part is taken for the whole, and fetching goes on where it was"""
    upstream, size = upstream_of(bench), 100_000_000
    block = content(MIB)
    data = b"".join(number.to_bytes(8) + block[8:] for number in range(size // MIB))
    gate = threading.Event()
    upstream.pages["big"] = Page(data, '"v"', gates={80_000_000: gate}, rate=300_000_000)
    state = bench.folder / "kill-state"
    dice = random.Random(11)
    for size_read in [dice.randrange(1, 80_000_000) for _ in range(4)] + [78_000_000]:
        pixie = start(bench, upstream, "--state", state)
        with Connection(bench, pixie) as connection:
            connection.ask(upstream.path("big"))
            connection.head()
            part = connection.read(size_read)
            check(data.startswith(part), "wrong bytes")
            bench.kill(pixie)
    gate.set()
    pixie = start(bench, upstream, "--state", state)
    answer = get(bench, pixie, upstream.path("big"))
    equal("the file", (answer.status, answer.body == data), (200, True))
    pixie.await_line(rb"mirror\.fetched")
    check("Range" in upstream.asked("big")[-1], "it began anew")
    names_left = sorted(path.name for path in (state / "mirror").iterdir())
    equal("files left", len(names_left), 3)


@case("mirror.limits")
def limits(bench):
    """--mirror-size: what was not used for longest goes; what is sent meanwhile is sent on; too large is refused"""
    upstream = upstream_of(bench)
    files = {f"f{number}": content(1_000_000, number) for number in range(6)}
    for name, data in files.items():
        upstream.pages[name] = Page(data, '"1"', time.time() - 1e6)
    upstream.pages["huge"] = Page(content(5_000_000))
    pixie = start(bench, upstream, "--mirror-size", "4M")
    with Connection(bench, pixie, receive_buffer=4096) as slow:
        for name in ("f0", "f1", "f2"):
            get(bench, pixie, upstream.path(name))
        pixie.await_line(rb"mirror\.fetched.*f2")
        slow.ask(upstream.path("f1"))
        slow.head()
        for name in ("f0", "f2", "f3", "f4"):
            equal(name, get(bench, pixie, upstream.path(name)).body == files[name], True)
        pixie.await_line(rb"mirror\.evicted.*f1")
        equal("the one that is sent", partial_read(slow, 1_000_000) == files["f1"], True)
    equal("f0 was used and stays", len(upstream.asked("f0")), 1)
    get(bench, pixie, upstream.path("f1"))
    equal("f1 went", len(upstream.asked("f1")), 2)
    equal("too large", get(bench, pixie, upstream.path("huge")).status, 502)
    get(bench, pixie, upstream.path("f4"))
    equal("and nothing went for it", len(upstream.asked("f4")), 1)


@case("mirror.pinned")
def pinned(bench):
    """a file with a SHA-256 in a profile is served when it is that file, and else never"""
    upstream, good, bad = upstream_of(bench), content(500_000, 1), content(500_000, 2)
    upstream.pages["linux"] = Page(good, '"1"', None, ("Cache-Control: no-cache",))
    upstream.pages["initrd"] = Page(bad, '"1"')
    (bench.scripts / "pixie.toml").write_text(f"""
[profiles.p]
kernel = "{upstream.path('linux')}"
initrd = "{upstream.path('initrd')}"
sha256 = {{ "{upstream.path('linux')}" = "{hashlib.sha256(good).hexdigest()}",
            "http://{upstream.host}/initrd" = "{hashlib.sha256(good).hexdigest()}" }}
""".replace(",\n            ", ", "))
    pixie = start(bench, upstream)
    for _ in range(3):
        answer = get(bench, pixie, upstream.path("linux"))
        equal("good", (answer.status, answer.body == good), (200, True))
    equal("never asked again", len(upstream.asked("linux")), 1)
    for _ in range(3):
        answer = get(bench, pixie, upstream.path("initrd"))
        equal("bad", (answer.status, b"SHA-256" in answer.body), (502, True))
    pixie.await_line(rb"mirror\.mismatch")
    equal("not fetched again and again", len(upstream.asked("initrd")), 1)
    (bench.scripts / "pixie.toml").write_text(f"""
[profiles.p]
kernel = "{upstream.path('initrd')}"
sha256 = {{ "{upstream.path('initrd')}" = "{hashlib.sha256(bad).hexdigest()}" }}
""")
    pixie.await_line(rb"fleet\.loaded")
    answer = patiently(lambda: get(bench, pixie, upstream.path("initrd")))
    equal("wanted now", answer.body == bad, True)


@case("http.max-transfers")
def max_transfers(bench):
    """--max-transfers: large files beyond the limit get 503 with Retry-After; scripts always come"""
    data = bench.file("big", 8_000_000)
    small = bench.file("small", 1000)
    pixie = bench.start("--max-transfers", "2")
    with contextlib.ExitStack() as stack:
        busy = [stack.enter_context(Connection(bench, pixie, receive_buffer=4096))
                for _ in range(2)]
        for connection in busy:
            connection.ask("/extra/big")
            equal("in its turn", connection.head()[0], 200)
        answer = get(bench, pixie, "/extra/big")
        equal("beyond", answer.status, 503)
        check(1 <= int(answer.fields["retry-after"]) <= 10, answer.fields["retry-after"])
        equal("small", get(bench, pixie, "/extra/small").body, small)
        equal("HEAD", get(bench, pixie, "/extra/big", method="HEAD").status, 200)
        equal("a small range", get(bench, pixie, "/extra/big", "Range: bytes=0-9").status, 206)
        equal("whole", partial_read(busy[0], len(data)) == data, True)
        # The place is given back when the last byte is in the kernel; the answer tells it.
        equal("the next", busy[0].get("/extra/big").body == data, True)
        pixie.await_line(rb"http\.deferred")
