"""HTTP messages: how requests are framed, what is refused, what connections do."""

import contextlib
import functools
import signal
import subprocess

from .case import Stopwatch, case, check, equal, register
from .http import Connection, get, status_of
from .network import SERVER

HOST = b"Host: pixie\r\n"


def one(bench):
    """A pixie with a small file."""
    data = bench.file("file", 1000)
    bench.file("smuggled", b"SMUGGLED")
    return bench.start(), data


@case("http.keep-alive")
def keep_alive(bench):
    """many requests on one connection, HEAD and errors among them"""
    pixie, data = one(bench)
    with Connection(bench, pixie) as connection:
        for _ in range(50):
            equal("the file", connection.get("/extra/file").body, data)
            head = connection.get("/extra/file", method="HEAD")
            equal("length by HEAD", head.fields["content-length"], "1000")
            equal("missing", connection.get("/extra/none").status, 404)
            equal("HEAD of what is missing", connection.get("/none", method="HEAD").status, 404)
        last = connection.get("/extra/file", "Connection: close")
        equal("Connection", last.fields["connection"].lower(), "close")
        equal("after the last", connection.rest(), b"")


@case("http.pipelining")
def pipelining(bench):
    """a hundred requests in one write, and one in single bytes: answered in order"""
    pixie, _ = one(bench)
    files = [bench.file(f"p{i}", 100 + i * 777) for i in range(100)]
    with Connection(bench, pixie) as connection:
        connection.send(b"".join(b"GET /extra/p%d HTTP/1.1\r\n%s\r\n" % (i, HOST)
                                 for i in range(100)))
        for i, data in enumerate(files):
            equal(f"answer {i}", connection.response().body, data)
        for byte in b"GET /extra/p7 HTTP/1.1\r\n" + HOST + b"\r\n":
            connection.send(bytes([byte]))
        equal("the answer to single bytes", connection.response().body, files[7])


@case("http.empty-lines")
def empty_lines(bench):
    """empty lines before a request are ignored (RFC 9112 section 2.2), also in single bytes"""
    pixie, data = one(bench)
    with Connection(bench, pixie) as connection:
        connection.send(b"\r\n\r\n")
        equal("in one piece", connection.get("/extra/file").body, data)
        for byte in b"\r\n\r\n":
            connection.send(bytes([byte]))
        equal("in single bytes", connection.get("/extra/file").body, data)


@case("http.empty-lines-without-end")
def empty_lines_without_end(bench):
    """clients that send nothing but empty lines: others are served, and pixie stops when it is told to"""
    data = bench.file("file", 5000)
    pixie = bench.start("--threads", "1")
    flood = f"exec yes $'\\r' > /dev/tcp/{SERVER}/{pixie.http}"
    with contextlib.ExitStack() as stack:
        children = []
        for _ in range(3):
            children.append(stack.enter_context(subprocess.Popen(
                ["ip", "netns", "exec", bench.network.client, "bash", "-c", flood],
                stderr=subprocess.DEVNULL)))
            stack.callback(children[-1].kill)
        watch = Stopwatch()
        while watch.seconds() < 3:
            with Connection(bench, pixie) as connection:
                equal("meanwhile", connection.get("/extra/file").body, data)
        check(all(child.poll() is None for child in children), "the flood has ended")
        pixie.signal(signal.SIGTERM)
        equal("exit status", pixie.wait(20), 0)


@case("http.version-1.0")
def version_1_0(bench):
    """HTTP/1.0, with and without keep-alive, without Host; other versions are refused"""
    pixie, data = one(bench)
    with Connection(bench, pixie) as connection:
        connection.send(b"GET /extra/file HTTP/1.0\r\n\r\n")
        equal("the file", connection.response().body, data)
        equal("after it", connection.rest(), b"")
    with Connection(bench, pixie) as connection:
        for _ in range(3):
            answer = connection.get("/extra/file", "Connection: keep-alive", version="1.0")
            equal("the file", answer.body, data)
            equal("Connection", answer.fields["connection"].lower(), "keep-alive")
    equal("HTTP/2.0", status_of(bench, pixie, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"), [505])
    equal("HTTP/0.9", status_of(bench, pixie, b"GET /\r\n\r\n"), [400])


@case("http.head")
def head(bench):
    """HEAD has GET's fields and no body"""
    pixie, _ = one(bench)
    for target in ("/extra/file", "/undionly.kpxe", "/chain.ipxe", "/", "/extra/none", "/extra"):
        by_get, by_head = get(bench, pixie, target), get(bench, pixie, target, method="HEAD")
        equal("status", by_head.status, by_get.status)
        for fields in (by_get.fields, by_head.fields):
            fields.pop("date")
        equal(f"fields for {target}", by_head.fields, by_get.fields)


@case("http.methods")
def methods(bench):
    """POST, PUT, DELETE and others: 405 with Allow, and nothing changes"""
    pixie, data = one(bench)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "TRACE", "get"):
        with Connection(bench, pixie) as connection:
            connection.ask("/extra/file", "Content-Length: 3", method=method)
            connection.send(b"abc")
            answer = connection.response()
            equal(method, answer.status, 405)
            equal("Allow", answer.fields["allow"], "GET, HEAD")
    equal("CONNECT", status_of(bench, pixie, b"CONNECT a:1 HTTP/1.1\r\n" + HOST + b"\r\n"), [405])
    equal("the file", (bench.extra / "file").read_bytes(), data)


@case("http.expect")
def expect(bench):
    """Expect: 100-continue is met; another expectation gets 417"""
    pixie, data = one(bench)
    with Connection(bench, pixie) as connection:
        connection.ask("/extra/file", "Expect: 100-continue", "Content-Length: 5")
        equal("first", connection.response().status, 100)
        connection.send(b"12345")
        equal("then", connection.response().body, data)
        connection.ask("/extra/file", "Expect: 100-continue")
        equal("without a body", connection.response().body, data)
        connection.ask("/extra/file", "Expect: 100-continue", "Transfer-Encoding: chunked")
        equal("chunked", connection.response().status, 100)
        connection.send(b"3\r\nabc\r\n0\r\n\r\n")
        equal("then", connection.response().body, data)
    equal("another", get(bench, pixie, "/", "Expect: a-miracle").status, 417)


@case("http.bodies")
def bodies(bench):
    """the body of a GET is read and ignored, so that the next request is found behind it"""
    pixie, data = one(bench)
    with Connection(bench, pixie) as connection:
        for fields, body in (("Content-Length: 4", b"GET "), ("Content-Length: 0", b""),
                             ("Transfer-Encoding: chunked", b"a\r\n0123456789\r\n0\r\n\r\n"),
                             ("Transfer-Encoding: Chunked",
                              b"1;x=y\r\nA\r\n0\r\nTrailer: x\r\n\r\n")):
            connection.ask("/extra/file", fields)
            connection.send(body)
            equal(fields, connection.response().body, data)
    equal("a large body", get(bench, pixie, "/extra/file", "Content-Length: 100000000").status, 413)


@case("http.limits")
def limits(bench):
    """a large header gets 431, a long target 414, and just below the limits all is well"""
    pixie, data = one(bench)
    equal("15 kB", get(bench, pixie, "/extra/file", "X: " + "a" * 15_000).body, data)
    for fields in (["X: " + "a" * 17_000], [f"X{i}: b" for i in range(3000)],
                   ["X" * 20_000 + ": b"], ["X: " + "a" * 1_000_000]):
        answer = status_of(bench, pixie, "\r\n".join(
            ["GET /extra/file HTTP/1.1", "Host: x", *fields, "", ""]).encode())
        equal(f"a header of {sum(map(len, fields))} bytes", answer, [431])
    long = "/extra/file?" + "q" * 4000
    equal("4,012 bytes", get(bench, pixie, long).body, data)
    for size in (5000, 12_000):
        equal("a long target", get(bench, pixie, "/" + "a" * size).status, 414)


HEAD = b"GET /extra/file HTTP/1.1\r\n"
BAD = {
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no Host": HEAD + b"\r\n",
    "two Hosts": HEAD + b"Host: a\r\nHost: b\r\n\r\n",
    "a bad Host": HEAD + b"Host: a b\r\n\r\n",
    "no target": b"GET HTTP/1.1\r\n" + HOST + b"\r\n",
    "a relative target": b"GET extra/file HTTP/1.1\r\n" + HOST + b"\r\n",
    "a star": b"GET * HTTP/1.1\r\n" + HOST + b"\r\n",
    "a blank in the target": b"GET /extra/a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "a fragment": b"GET /extra/file#x HTTP/1.1\r\n" + HOST + b"\r\n",
    "a NUL in the target": b"GET /extra/\0file HTTP/1.1\r\n" + HOST + b"\r\n",
    "an escaped NUL": b"GET /extra/file%00.efi HTTP/1.1\r\n" + HOST + b"\r\n",
    "an escaped newline": b"GET /extra/fi%0Ale HTTP/1.1\r\n" + HOST + b"\r\n",
    "half an escape": b"GET /extra/file%4 HTTP/1.1\r\n" + HOST + b"\r\n",
    "no escape": b"GET /extra/%zz HTTP/1.1\r\n" + HOST + b"\r\n",
    "a field without a colon": HEAD + HOST + b"nonsense\r\n\r\n",
    "a field without a name": HEAD + HOST + b": x\r\n\r\n",
    "a blank before the colon": HEAD + b"Host : x\r\n\r\n",
    "a NUL in a field": HEAD + HOST + b"X: a\0b\r\n\r\n",
    "bare CR": HEAD + HOST + b"X: a\rb\r\n\r\n",
    "a version that is none": b"GET / HTTP/x.1\r\n" + HOST + b"\r\n",
}


def _bad(bench):
    """requests that are none get 400 (once), and the server goes on"""
    pixie, data = one(bench)
    wrong = {what: statuses for what, request in BAD.items()
             if (statuses := status_of(bench, pixie, request)) not in ([400], [505])}
    equal("not refused", wrong, {})
    equal("afterwards", get(bench, pixie, "/extra/file").body, data)


NEXT = b"GET /extra/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKS = b"0\r\n\r\n"
SMUGGLING = {
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(NEXT),
    "two lengths in one": b"Content-Length: 0, %d\r\n\r\n" % len(NEXT),
    "a length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKS,
    "gzip": b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS,
    "identity": b"Transfer-Encoding: identity\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n\r\n" + CHUNKS,
    "chunked in two fields": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
                             + CHUNKS,
    "chunked then identity": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
                             + CHUNKS,
    "xchunked": b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKS,
    "quoted": b'Transfer-Encoding: "chunked"\r\n\r\n' + CHUNKS,
    "a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n" + CHUNKS,
    "a blank before the colon": b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKS,
    "a folded field and a length": b"Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n\r\n"
                                   + CHUNKS,
    "a length with a sign": b"Content-Length: +0\r\n\r\n",
    "a negative length": b"Content-Length: -1\r\n\r\n",
    "a hexadecimal length": b"Content-Length: 0x0\r\n\r\n",
    "a length of 65 bits": b"Content-Length: 18446744073709551616\r\n\r\n",
    "a chunk of 65 bits": b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
    "a chunk with a sign": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    "a chunk that is none": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a chunk without its end": b"Transfer-Encoding: chunked\r\n\r\n1\r\nAB\r\n0\r\n\r\n",
}


def _smuggling(what, bench):
    pixie, data = one(bench)
    # A POST is refused before its body is looked at.
    methods_here = (b"GET",) if what.startswith("a chunk") else (b"GET", b"POST")
    for method in methods_here:
        request = method + b" /extra/file HTTP/1.1\r\nHost: x\r\n" + SMUGGLING[what] + NEXT
        statuses = status_of(bench, pixie, request)
        check(len(statuses) == 1 and statuses[0] in (400, 413, 501),
              f"{method.decode()} with {what}: {statuses}")
    equal("afterwards", get(bench, pixie, "/extra/file").body, data)


register("http.bad-requests", _bad.__doc__, _bad)
for _what in SMUGGLING:
    register(f"http.smuggling.{_what.replace(' ', '-')}",
             "one answer, 400 or 501, and nothing behind it is a request",
             functools.partial(_smuggling, _what))
