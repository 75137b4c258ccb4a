"""HTTP's files: ranges, conditions, large and changing files, content types."""

import email.utils
import os
import re
import socket

from .bench import content
from .case import Stopwatch, case, check, equal
from .cost import await_idle
from .http import Connection, get

GIB = 1 << 30


def parts_of(response):
    """The (first, last, size, bytes) of a multipart/byteranges response."""
    found = re.fullmatch(r'multipart/byteranges; boundary="?([^"]+)"?',
                         response.fields["content-type"])
    check(found, response.fields["content-type"])
    mark = b"--" + found.group(1).encode()
    pieces = response.body.split(b"\r\n" + mark if response.body[:2] == b"\r\n" else mark)
    check(pieces[-1].strip() == b"--", f"no end mark: {response.body[-80:]!r}")
    parts = []
    for piece in pieces[1:-1]:
        head, data = piece.split(b"\r\n\r\n", 1)
        where = re.search(rb"(?i)content-range: bytes (\d+)-(\d+)/(\d+)", head)
        check(where, f"a part without Content-Range: {head!r}")
        parts.append((*map(int, where.groups()), data.removesuffix(b"\r\n")))
    return parts


@case("http.ranges")
def ranges(bench):
    """single ranges: first, middle, open, suffix, beyond the end; unsatisfiable; not understood"""
    data = bench.file("file", 10_000)
    pixie = bench.start()
    for asked, first, last in (("0-0", 0, 0), ("0-99", 0, 99), ("5000-5999", 5000, 5999),
                               ("9999-", 9999, 9999), ("0-", 0, 9999), ("-1", 9999, 9999),
                               ("-500", 9500, 9999), ("-20000", 0, 9999),
                               ("9000-99999999999999999999", 9000, 9999)):
        answer = get(bench, pixie, "/extra/file", f"Range: bytes={asked}")
        equal(asked, answer.status, 206)
        equal(asked, answer.fields["content-range"], f"bytes {first}-{last}/10000")
        equal(asked, answer.body, data[first:last + 1])
    for asked in ("10000-", "10000-20000", "-0"):
        answer = get(bench, pixie, "/extra/file", f"Range: bytes={asked}")
        equal(asked, answer.status, 416)
        equal(asked, answer.fields["content-range"], "bytes */10000")
    for asked in ("bytes=5-1", "bytes=", "bytes=a-b", "bytes", "lines=1-2", "bytes=0-1-2",
                  "bytes=0-1," + ",".join(f"{i}-{i}" for i in range(1000))):
        answer = get(bench, pixie, "/extra/file", f"Range: {asked}")
        equal(asked[:40], (answer.status, answer.body == data), (200, True))
    equal("HEAD", get(bench, pixie, "/extra/file", "Range: bytes=0-1", method="HEAD").status, 200)
    rom = get(bench, pixie, "/undionly.kpxe").body
    equal("of a ROM", get(bench, pixie, "/undionly.kpxe", "Range: bytes=100-1099").body,
          rom[100:1100])


@case("http.multiple-ranges")
def multiple_ranges(bench):
    """several ranges in one request, of a small and of a large file: each byte checked"""
    pixie = bench.start()
    for size in (10_000, 3_000_000):
        data = bench.file("file", size)
        wanted = [(0, 9), (size // 2, size - 1000), (size - 7, size - 1)]
        asked = f"0-9, {wanted[1][0]}-{wanted[1][1]},-7"
        answer = get(bench, pixie, "/extra/file", f"Range: bytes={asked}")
        equal("status", answer.status, 206)
        equal("parts", parts_of(answer),
              [(first, last, size, data[first:last + 1]) for first, last in wanted])
        joined = get(bench, pixie, "/extra/file", "Range: bytes=0-99,100-199,50-250")
        equal("ranges that touch", (joined.fields.get("content-range"), joined.body),
              (f"bytes 0-250/{size}", data[:251]))
        some = get(bench, pixie, "/extra/file", f"Range: bytes={size + 5}-,3-4")
        equal("one of two is beyond the end", (some.status, some.body), (206, data[3:5]))


@case("http.conditions")
def conditions(bench):
    """If-Match, If-None-Match, If-(Un)Modified-Since, If-Range: 200, 206, 304, 412"""
    data = bench.file("file", 5000)
    old = 1_600_000_000
    os.utime(bench.extra / "file", (old, old))
    pixie = bench.start()
    whole = get(bench, pixie, "/extra/file")
    etag, modified = whole.fields["etag"], whole.fields["last-modified"]
    equal("Last-Modified", modified, email.utils.formatdate(old, usegmt=True))
    before = email.utils.formatdate(old - 10, usegmt=True)
    after = email.utils.formatdate(old + 10, usegmt=True)
    some = "Range: bytes=10-19"
    for fields, status in (
            ([f"If-None-Match: {etag}"], 304), (["If-None-Match: *"], 304),
            ([f'If-None-Match: "x", W/{etag}'], 304), (['If-None-Match: "x"'], 200),
            ([f"If-Modified-Since: {modified}"], 304), ([f"If-Modified-Since: {after}"], 304),
            ([f"If-Modified-Since: {before}"], 200), (["If-Modified-Since: nonsense"], 200),
            (['If-None-Match: "x"', f"If-Modified-Since: {after}"], 200),
            ([f"If-Match: {etag}"], 200), (["If-Match: *"], 200), (['If-Match: "x"'], 412),
            ([f"If-Match: W/{etag}"], 412), ([f"If-Unmodified-Since: {modified}"], 200),
            ([f"If-Unmodified-Since: {before}"], 412),
            ([f"If-Match: {etag}", f"If-Unmodified-Since: {before}"], 200),
            ([some, f"If-Range: {etag}"], 206), ([some, 'If-Range: "x"'], 200),
            ([some, f"If-Range: W/{etag}"], 200), ([some, f"If-Range: {modified}"], 206),
            ([some, f"If-Range: {before}"], 200), ([some, f"If-Match: {etag}"], 206),
            ([some, 'If-Match: "x"'], 412), ([some, f"If-None-Match: {etag}"], 304)):
        for method in ("GET", "HEAD"):
            answer = get(bench, pixie, "/extra/file", *fields, method=method)
            wanted = 200 if method == "HEAD" and status == 206 else status
            equal(f"{method} {fields}", answer.status, wanted)
            if method == "GET" and status in (200, 206):
                equal(str(fields), answer.body, data if status == 200 else data[10:20])
            if status == 304:
                equal("ETag of 304", answer.fields["etag"], etag)
    bench.file("file", 5001)
    check(get(bench, pixie, "/extra/file").fields["etag"] != etag, "the ETag stayed")


@case("http.etags")
def etags(bench):
    """ROMs and scripts have ETags that work, too; the script isn't to be cached"""
    pixie = bench.start()
    for target in ("/undionly.kpxe", "/chain.ipxe"):
        etag = get(bench, pixie, target).fields["etag"]
        equal(target, get(bench, pixie, target, f"If-None-Match: {etag}").status, 304)
        equal(target, get(bench, pixie, target, f"If-Match: {etag}").status, 200)
    equal("Cache-Control", get(bench, pixie, "/chain.ipxe").fields["cache-control"], "no-cache")


@case("http.huge")
def huge(bench):
    """a file of 5 GiB: HEAD, ranges beyond 4 GiB, its last byte, two ranges"""
    size, spot = 5 * GIB, 4 * GIB + 12345
    marks = {0: b"begin", 4 * GIB - 3: b"across the border", spot: b"behind", size - 3: b"end"}
    with open(bench.extra / "huge", "wb") as file:
        file.truncate(size)
        for offset, mark in marks.items():
            file.seek(offset)
            file.write(mark)
    pixie = bench.start()
    head = get(bench, pixie, "/extra/huge", method="HEAD")
    equal("length", head.fields["content-length"], str(size))
    for offset, mark in marks.items():
        last = offset + len(mark) - 1
        answer = get(bench, pixie, "/extra/huge", f"Range: bytes={offset}-{last}")
        equal("range", answer.fields["content-range"], f"bytes {offset}-{last}/{size}")
        equal("its bytes", answer.body, mark)
    equal("suffix", get(bench, pixie, "/extra/huge", "Range: bytes=-3").body, b"end")
    wide = get(bench, pixie, "/extra/huge", f"Range: bytes={4 * GIB - 1_000_000}-{spot + 5}").body
    equal("2 MB around 4 GiB", (len(wide), wide[999_997:1_000_014], wide[-6:]),
          (1_000_000 + 12345 + 6, b"across the border", b"behind"))
    answer = get(bench, pixie, "/extra/huge", f"Range: bytes=0-4,{spot}-{spot + 5}")
    equal("two ranges", [part[3] for part in parts_of(answer)], [b"begin", b"behind"])


def begin(bench, pixie, size):
    """A download that has begun and waits; its connection and the first bytes."""
    connection = Connection(bench, pixie, receive_buffer=4096)
    connection.ask("/extra/file")
    status, fields = connection.head()
    equal("status and length", (status, fields["content-length"]), (200, str(size)))
    return connection, connection.read(1000)


@case("http.replaced")
def replaced(bench):
    """a file that is replaced while it is sent: the old bytes come whole, then the new ones"""
    old, new = bench.file("file", 20_000_000), content(20_000_000, "new")
    pixie = bench.start()
    connection, first = begin(bench, pixie, len(old))
    with connection:
        bench.file("file.new", new)
        (bench.extra / "file.new").rename(bench.extra / "file")
        equal("the new file", get(bench, pixie, "/extra/file").body, new)
        equal("the old one", first + connection.read(len(old) - len(first)), old)
        (bench.extra / "file").unlink()
        equal("when removed", connection.get("/extra/file").status, 404)


@case("http.truncated")
def truncated(bench):
    """a file that is truncated while it is sent: the connection ends early, the server lives"""
    old = bench.file("file", 20_000_000)
    pixie = bench.start()
    connection, first = begin(bench, pixie, len(old))
    with connection:
        os.truncate(bench.extra / "file", 5)
        rest = connection.rest()
        check(len(first) + len(rest) < len(old), "all of it came")
    equal("afterwards", get(bench, pixie, "/extra/file").body, old[:5])
    pixie.await_line(rb"event=http\.aborted .*truncated")


@case("http.grown")
def grown(bench):
    """a file that grows while it is sent: as much comes as was promised"""
    old = bench.file("file", 5_000_000)
    pixie = bench.start()
    connection, first = begin(bench, pixie, len(old))
    with connection:
        with open(bench.extra / "file", "ab") as file:
            file.write(b"more" * 1000)
        equal("the file", first + connection.read(len(old) - len(first)), old)
        equal("the next answer", len(connection.get("/extra/file").body), len(old) + 4000)


@case("http.content-types")
def content_types(bench):
    """.efi and .ipxe have the types that firmware and people need"""
    pixie = bench.start()
    for name, kind in (("a.efi", "application/efi"), ("A.EFI", "application/efi"),
                       ("a.ipxe", "text/plain"), ("a.iso", "application/vnd.efi-iso"),
                       ("a.img", "application/vnd.efi-img"), ("a.txt", "text/plain"),
                       ("vmlinuz", "application/octet-stream"), ("a.html", "text/html")):
        bench.file(name, b"x")
        got = get(bench, pixie, f"/extra/{name}").fields["content-type"]
        equal(name, got.split(";")[0], kind)
    for name, kind in (("ipxe64.efi", "application/efi"), ("SNPONLY.EFI", "application/efi"),
                       ("chain.ipxe", "text/plain")):
        got = get(bench, pixie, f"/{name}").fields["content-type"]
        equal(name, got.split(";")[0], kind)


@case("http.slow-reader")
def slow_reader(bench):
    """a client that takes a few bytes at a time gets all of them, and others don't wait for it"""
    data = bench.file("file", 3_000_000)
    pixie = bench.start()
    slow = [begin(bench, pixie, len(data)) for _ in range(20)]
    watch = Stopwatch()
    equal("another client", get(bench, pixie, "/extra/file").body, data)
    watch.check_below(2, "another client's download")
    for connection, first in slow:
        with connection:
            pieces = [first, *(connection.read(777) for _ in range(300))]
            pieces.append(connection.read(len(data) - sum(map(len, pieces))))
            equal("the file", b"".join(pieces), data)


@case("http.leaving")
def leaving(bench):
    """clients that leave in the middle, by FIN and by RST: the server goes on, and says so once"""
    data = bench.file("file", 20_000_000)
    pixie = bench.start()
    for reset in (True, False) * 10:
        connection, _ = begin(bench, pixie, len(data))
        if reset:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                         b"\1\0\0\0\0\0\0\0")
        connection.socket.close()
    pixie.await_line(rb"event=http\.aborted")
    equal("afterwards", get(bench, pixie, "/extra/file").body, data)
    await_idle(bench, pixie)
