"""Images by the API: sent whole and in parts, refused, removed."""

import json
import os
import pathlib
import select
import subprocess
import time

from .api import READER, TOKEN, tokens
from .bench import content
from .case import case, check, equal
from .clients_http import url_of
from .http import Connection, get
from .images import images_folder, indexed, make_iso
from .mount import frozen, mounted

BEARER = f"Authorization: Bearer {TOKEN}"


def writable(bench):
    """An images folder that pixie's user may write to."""
    folder = images_folder(bench)
    folder.chmod(0o777)
    return folder


def curl(bench, pixie, path, *options):
    """curl's call with the token; the status, and what was answered as JSON."""
    done = bench.run("curl", "-sS", "-H", BEARER, "-w", "\n%{http_code}", *options,
                     url_of(pixie, f"api/v1/images/{path}"))
    body, _, status = done.stdout.rpartition("\n")
    check(status, done.stderr)
    return int(status), json.loads(body) if body else None


def send_part(bench, pixie, name, data, first, size, length=None):
    """A PUT of a part on a connection that is given back; its body is sent, its answer not read."""
    connection = Connection(bench, pixie)
    last = first + (length or len(data)) - 1
    connection.ask(f"/api/v1/images/{name}", BEARER, f"Content-Range: bytes {first}-{last}/{size}",
                   f"Content-Length: {last - first + 1}", method="PUT")
    connection.send(data)
    return connection


def await_received(bench, pixie, name, size, count):
    """How much of a file is here, once it is so many bytes."""
    received = 0
    while received < count:
        received = curl(bench, pixie, name, "-X", "PUT", "-H", f"Content-Range: bytes */{size}")[1]["received"]
    return received


def told(bench, pixie, seconds=10):
    """What the API tells of files that were not sent whole, once it tells of one."""
    deadline = time.monotonic() + seconds
    while True:
        listed = json.loads(get(bench, pixie, "/api/v1/images", BEARER).body)
        if listed["uploads"] or time.monotonic() > deadline:
            return listed["uploads"]
        time.sleep(0.05)


@case("images.upload")
def upload(bench):
    """curl -T sends an ISO: it lands whole, is indexed and served; DELETE removes it"""
    folder = writable(bench)
    kernel = content(5_000_000)
    make_iso(bench, bench.folder / "a.iso", {"kernel": kernel})
    size = (bench.folder / "a.iso").stat().st_size
    pixie = bench.start(*tokens(bench))
    status, answer = curl(bench, pixie, "a.iso", "-T", bench.folder / "a.iso")
    equal("answer", (status, answer),
          (201, {"file": "a.iso", "received": size, "size": size, "whole": True}))
    pixie.await_line(rb"images\.uploaded file=a\.iso")
    indexed(pixie, "a.iso")
    equal("what came", (folder / "a.iso").read_bytes(), (bench.folder / "a.iso").read_bytes())
    equal("the kernel", get(bench, pixie, "/images/a/kernel").body, kernel)
    equal("only once", curl(bench, pixie, "a.iso", "-T", bench.folder / "a.iso", "-H", "If-None-Match: *")[0], 412)
    equal("removed", curl(bench, pixie, "a.iso", "-X", "DELETE"), (204, None))
    pixie.await_line(rb"images\.deleted file=a\.iso")
    pixie.await_line(rb"images\.removed file=a\.iso")
    equal("again", curl(bench, pixie, "a.iso", "-X", "DELETE")[0], 404)
    equal("what is left", os.listdir(folder), [])


@case("images.upload-resumed")
def resumed(bench):
    """an upload whose connection breaks goes on where it ended, also after pixie was killed"""
    folder, state = writable(bench), bench.folder / "state"
    data = content(8_000_000)
    (bench.folder / "d.img").write_bytes(data)
    pixie = bench.start(*tokens(bench), "--state", state)
    send_part(bench, pixie, "d.img", data[:3_000_000], 0, len(data), len(data)).socket.close()
    pixie.await_line(rb"images\.upload_ended file=d\.img received=3000000 size=8000000")
    question = ("-X", "PUT", "-H", f"Content-Range: bytes */{len(data)}")
    equal("what is here", curl(bench, pixie, "d.img", *question)[1]["received"], 3_000_000)
    equal("told to all", [(upload["file"], upload["size"]) for upload in told(bench, pixie)],
          [("d.img", len(data))])
    status, answer = curl(bench, pixie, "d.img", "-C", "5000000", "-T", bench.folder / "d.img")
    equal("a gap", (status, answer["received"]), (409, 3_000_000))

    with send_part(bench, pixie, "d.img", data[3_000_000:5_000_000], 3_000_000, len(data)) as part:
        answer = part.response()
        equal("a part", (answer.status, json.loads(answer.body)["received"]), (200, 5_000_000))
    bench.kill(pixie)
    pixie = bench.start(*tokens(bench), "--state", state)
    equal("kept", curl(bench, pixie, "d.img", *question)[1]["received"], 5_000_000)
    status, answer = curl(bench, pixie, "d.img", "-C", "5000000", "-T", bench.folder / "d.img")
    equal("the rest", (status, answer["whole"]), (201, True))
    equal("all of it", (folder / "d.img").read_bytes(), data)


@case("images.upload-taken-over")
def taken_over(bench):
    """a second connection goes on although the first still hangs, whose bytes don't count any more"""
    folder = writable(bench)
    data = content(6_000_000)
    pixie = bench.start(*tokens(bench))
    # Of a part that comes slowly, what is more than a megabyte is written at once.
    with send_part(bench, pixie, "d.img", data[:2_500_000], 0, len(data), len(data)) as first:
        received = await_received(bench, pixie, "d.img", len(data), 2 << 20)
        with send_part(bench, pixie, "d.img", data[received:], received, len(data)) as second:
            equal("the second", second.response().status, 201)
        first.send(b"x" * 2_000_000)
        equal("the first", first.response().status, 409)
    equal("all of it", (folder / "d.img").read_bytes(), data)


@case("images.upload-refused")
def refused(bench):
    """who may not write, bad names, no length, no room, no folder, a folder that can't be written"""
    folder = writable(bench)
    (bench.folder / "a.iso").write_bytes(content(3_000_000))
    pixie = bench.start(*tokens(bench))
    url = "/api/v1/images/a.iso"
    equal("without a token", get(bench, pixie, url, "Content-Length: 5", method="PUT").status, 401)
    equal("to read", get(bench, pixie, url, f"Authorization: Bearer {READER}", "Content-Length: 5", method="PUT").status, 403)
    done = bench.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-T", bench.folder / "a.iso", url_of(pixie, url[1:]))
    equal("a large file without a token", done.stdout, "401")
    for name in ("a.txt", ".a.iso", "..a.iso", "a"):
        equal(name, curl(bench, pixie, name, "-T", bench.folder / "a.iso")[0], 422)
    equal("a group that is not there", curl(bench, pixie, "none/a.iso", "-T", bench.folder / "a.iso")[0], 403)
    equal("chunked", get(bench, pixie, url, BEARER, "Transfer-Encoding: chunked", method="PUT").status, 411)
    for bad in ("bytes 0-9/5", "bytes 5-1/9", "bytes 0-1/*", "pages 0-1/9", "bytes 0-8/9"):
        equal(bad, get(bench, pixie, url, BEARER, f"Content-Range: {bad}", "Content-Length: 2", method="PUT").status, 400)
    size = 1 << 60
    answer = get(bench, pixie, url, BEARER, f"Content-Range: bytes 0-{size - 1}/{size}", f"Content-Length: {size}", method="PUT")
    equal("an exabyte", answer.status, 507)
    check(b"no room" in answer.body, answer.body)
    equal("what is left", os.listdir(folder), [])
    folder.chmod(0o755)
    status, answer = curl(bench, pixie, "a.iso", "-T", bench.folder / "a.iso")
    equal("a folder of root's", status, 403)
    check("user that pixie runs as" in answer["detail"], answer)
    equal("and it says so", json.loads(get(bench, pixie, "/api/v1/images", BEARER).body)["writable"], False)
    off = bench.start(*tokens(bench), "--images", "")
    equal("without a folder", curl(bench, off, "a.iso", "-T", bench.folder / "a.iso")[0], 404)
    equal("the connection after all that", get(bench, pixie, "/chain.ipxe").status, 200)


@case("images.upload-disk-full")
def disk_full(bench):
    """the disk fills up under an upload: 507 with a sentence; what is here stays, and goes on when there is room"""
    folder = writable(bench)
    bench.enter(mounted(folder, "-t", "tmpfs", "-o", "size=8m,mode=777", "pixie-test"))
    pixie = bench.start(*tokens(bench))
    data = content(6_000_000)
    with send_part(bench, pixie, "d.img", data[:2_000_000], 0, len(data), len(data)) as sending:
        await_received(bench, pixie, "d.img", len(data), 1 << 20)
        (folder / "filler").write_bytes(bytes(5_000_000))
        sending.send(data[2_000_000:])
        answer = sending.response()
    equal("status", answer.status, 507)
    said = json.loads(answer.body)
    check("Make room" in said["detail"], said)
    received = said["received"]
    check(0 < received < len(data), said)
    (folder / "filler").unlink()
    with send_part(bench, pixie, "d.img", data[received:], received, len(data)) as rest:
        equal("the rest", rest.response().status, 201)
    equal("all of it", (folder / "d.img").read_bytes(), data)


@case("images.upload-frozen")
def stalled_disk(bench):
    """the disk under an upload stands still: nobody else waits for it, and the upload goes on when the disk does"""
    folder = writable(bench)
    disk = bench.folder / "disk.ext4"
    with open(disk, "wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", disk], check=True, capture_output=True)
    bench.enter(mounted(folder, "-o", "loop", disk))
    folder.chmod(0o777)
    pixie = bench.start(*tokens(bench))
    data = content(6_000_000)
    with send_part(bench, pixie, "d.img", data[:2_000_000], 0, len(data), len(data)) as sending:
        await_received(bench, pixie, "d.img", len(data), 1 << 20)
        with frozen(folder):
            sending.send(data[2_000_000:4_000_000])
            for _ in range(20):
                with Connection(bench, pixie) as other:
                    equal("somebody else", other.get("/chain.ipxe").status, 200)
            check(not select.select([sending.socket], [], [], 0)[0], "an upload was answered that could not be written")
        sending.send(data[4_000_000:])
        equal("status", sending.response().status, 201)
    equal("all of it", (folder / "d.img").read_bytes(), data)


@case("images.upload-large", slow=True)
def large(bench):
    """a large upload takes little memory, and nobody waits for it"""
    writable(bench)
    path = bench.folder / "large.img"
    with open(path, "wb") as file:
        for number in range(20):
            file.write(content(20_000_000, number))
    pixie = bench.start(*tokens(bench))
    status = pathlib.Path(f"/proc/{pixie.pid}/status")

    def memory():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024

    before = memory()
    sending = subprocess.Popen(
        ["ip", "netns", "exec", bench.network.client, "curl", "-sS", "-f", "-H", BEARER, "-T", path,
         url_of(pixie, "api/v1/images/large.img")], stdout=subprocess.PIPE)
    answered = 0
    while sending.poll() is None:
        get(bench, pixie, "/chain.ipxe")
        answered += 1
    equal("curl's status", sending.returncode, 0)
    check(answered > 20, f"{answered} other requests were answered meanwhile")
    # A sanitizer keeps what was freed.
    limit = 150_000_000 if bench.is_sanitized() else 30_000_000
    check(memory() - before < limit, f"it took {(memory() - before) / 1e6:.0f} MB of memory")
    equal("all of it", (bench.scripts / "images" / "large.img").read_bytes(), path.read_bytes())
