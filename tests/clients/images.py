"""Images: files straight out of ISO images that xorriso made, and how the folder is kept up with."""

import json
import os
import random
import re
import shutil
import subprocess
import urllib.parse

from lab import iso

from .bench import content
from .case import Stopwatch, case, check, equal
from .clients_http import GETS, url_of
from .clients_tftp import atftp
from .clients_tftp import curl as curl_tftp
from .http import Connection, get
from .http_files import parts_of
from .network import SERVER

GIB = 1 << 30
TREE = {"README.txt": 300, "empty": 0, "boot/vmlinuz": 3_000_001, "boot/initrd.gz": 20_000_000,
        "deep/1/2/3/4/5/6/7/8/9/leaf": 5000, "names/Größe 1 & 2.txt": 2048, "names/a#b%c?d": 2049}


def make_iso(bench, path, files, *options):
    """An ISO with Rock Ridge and Joliet of files (name to bytes), by xorriso."""
    top = bench.folder / "tree"
    shutil.rmtree(top, ignore_errors=True)
    for name, data in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    iso.make(path, top, "-R", "-J", "-V", "PIXIE_TEST", *options)


def images_folder(bench):
    """The folder that pixie takes without being told."""
    folder = bench.scripts / "images"
    folder.mkdir(exist_ok=True)
    return folder


def settle(path):
    """Makes a file look as if it had been there for long, as `mv` and `cp -p` do."""
    os.utime(path, (1_700_000_000, 1_700_000_000))


def tree():
    """The files of an image."""
    return {name: content(size, name) for name, size in TREE.items()}


def happened(pixie, pattern):
    """Waits until the log has a line with `pattern` (bytes), unless it has one already."""
    if not pixie.logged(pattern):
        pixie.await_line(pattern)


def indexed(pixie, file):
    """Waits until the image is."""
    happened(pixie, rb"images\.indexed file=" + re.escape(file.encode()) + rb"\s")


def quoted(path):
    """A path as a URL has it."""
    return urllib.parse.quote(path)


@case("images.files")
def files(bench):
    """every file of an ISO byte for byte, by curl, aria2c, ranges, and over TFTP; the ISO itself"""
    folder, wanted = images_folder(bench), tree()
    make_iso(bench, folder / "debian.iso", wanted)
    settle(folder / "debian.iso")
    pixie = bench.start()
    indexed(pixie, "debian.iso")
    for name, data in wanted.items():
        url = url_of(pixie, "images/debian/" + quoted(name))
        done = bench.run(*GETS["curl"], url)
        equal(f"{name} {done.stderr}", bench.downloaded(), data)
    large = wanted["boot/initrd.gz"]
    bench.run(*GETS["aria2c"], url_of(pixie, "images/debian/boot/initrd.gz"))
    equal("by aria2c", bench.downloaded(), large)
    for name in ("boot/vmlinuz", "empty", "README.txt"):
        done = atftp(bench, SERVER, pixie.tftp, f"/images/debian/{name}", "--option", "blksize 1428")
        equal(f"{name} over TFTP {done.stderr}", bench.downloaded(), wanted[name])
    done = curl_tftp(bench, SERVER, pixie.tftp, "images/debian/boot/initrd.gz", "--tftp-blksize", "1468")
    equal(f"a large file over TFTP {done.stderr}", bench.downloaded(), large)
    bench.run(*GETS["curl"], url_of(pixie, "images/debian.iso"))
    equal("the ISO itself", bench.downloaded(), (folder / "debian.iso").read_bytes())
    equal("a name in another case", get(bench, pixie, "/images/debian/BOOT/VMLINUZ").body,
          wanted["boot/vmlinuz"])


@case("images.ranges")
def ranges(bench):
    """ranges and conditions of a file within an ISO; ETags differ from file to file"""
    folder, wanted = images_folder(bench), tree()
    make_iso(bench, folder / "a.iso", wanted)
    settle(folder / "a.iso")
    pixie = bench.start()
    indexed(pixie, "a.iso")
    data, path = wanted["boot/vmlinuz"], "/images/a/boot/vmlinuz"
    for first, last in ((0, 0), (1, 100), (2047, 2048), (2_999_999, 3_000_000)):
        answer = get(bench, pixie, path, f"Range: bytes={first}-{last}")
        equal(f"{first}-{last}", (answer.status, answer.body), (206, data[first:last + 1]))
    equal("beyond the end", get(bench, pixie, path, "Range: bytes=3000001-").status, 416)
    answer = get(bench, pixie, path, "Range: bytes=0-9,1000000-1999999,-5")
    equal("several", [part[3] for part in parts_of(answer)],
          [data[:10], data[1_000_000:2_000_000], data[-5:]])
    tags = {name: get(bench, pixie, f"/images/a/{quoted(name)}", method="HEAD").fields["etag"]
            for name in wanted}
    equal("tags", len(set(tags.values())), len(wanted))
    tag = tags["boot/vmlinuz"]
    equal("If-None-Match", get(bench, pixie, path, f"If-None-Match: {tag}").status, 304)


@case("images.listings")
def listings(bench):
    """the folders of an ISO, as a page and as JSON; wget -r finds every file"""
    folder, wanted = images_folder(bench), tree()
    make_iso(bench, folder / "tools" / "a.iso", wanted)
    settle(folder / "tools" / "a.iso")
    pixie = bench.start()
    indexed(pixie, "tools/a.iso")

    def walk(path, prefix=""):
        answer = get(bench, pixie, path, "Accept: application/json")
        equal(path, answer.fields["content-type"], "application/json")
        found = {}
        for entry in json.loads(answer.body):
            if entry["type"] == "directory":
                found |= walk(f"{path}{quoted(entry['name'])}/", f"{prefix}{entry['name']}/")
            else:
                found[prefix + entry["name"]] = entry["size"]
        return found

    equal("the files by JSON", walk("/images/tools/a/"), {name: len(data) for name, data in wanted.items()})
    group = json.loads(get(bench, pixie, "/images/tools/?format=json").body)
    equal("the group", [(entry["name"], entry["type"]) for entry in group],
          [("a", "directory"), ("a.iso", "file")])
    equal("without a slash", get(bench, pixie, "/images/tools/a").status, 301)
    page = get(bench, pixie, "/images/tools/a/", "Accept: text/html,application/json")
    check(b"<table>" in page.body and b"boot/" in page.body, page.body[:500])
    equal("it is for people or programs", page.fields["vary"], "Accept")
    bench.run("wget", "-q", "-r", "-l", "20", "-np", "-nH", "--cut-dirs=3", "-P", "tree", "--restrict-file-names=nocontrol",
              url_of(pixie, "images/tools/a/"), environment=os.environ | {"LC_ALL": "C.UTF-8"})
    for name, data in wanted.items():
        path = bench.folder / "client" / "tree" / name
        check(path.exists(), f"{name} was not found")
        equal(name, path.read_bytes(), data)


@case("images.huge", slow=True)
def huge(bench):
    """a file of more than 4 GiB within an ISO (several extents): ranges around the border"""
    size, spot = 4 * GIB + 5_000_000, 4 * GIB + 12_345
    marks = {0: b"begin", 4 * GIB - 2048 - 3: b"across", 4 * GIB - 3: b"border", spot: b"behind", size - 3: b"end"}
    top = bench.folder / "tree"
    top.mkdir()
    with open(top / "huge", "wb") as file:
        file.truncate(size)
        for offset, mark in marks.items():
            file.seek(offset)
            file.write(mark)
    folder = images_folder(bench)
    done = subprocess.run(
        f"xorriso -as mkisofs -quiet -R -iso-level 3 -o - {top} | dd of={folder}/big.iso bs=1M conv=sparse "
        "iflag=fullblock status=none", shell=True, capture_output=True, text=True, check=False)
    equal(f"xorriso: {done.stderr}", done.returncode, 0)
    settle(folder / "big.iso")
    pixie = bench.start()
    indexed(pixie, "big.iso")
    path = "/images/big/huge"
    equal("length", get(bench, pixie, path, method="HEAD").fields["content-length"], str(size))
    for offset, mark in marks.items():
        last = offset + len(mark) - 1
        equal(f"at {offset}", get(bench, pixie, path, f"Range: bytes={offset}-{last}").body, mark)
    begin, end = 4 * GIB - 1_000_000, spot + 5
    wide = get(bench, pixie, path, f"Range: bytes={begin}-{end}").body
    with open(top / "huge", "rb") as file:
        file.seek(begin)
        equal("around the border", wide, file.read(end - begin + 1))


@case("images.replaced")
def replaced(bench):
    """an ISO that is replaced: never the new file by the old index; a download goes on as it began"""
    folder, old = images_folder(bench), tree()
    make_iso(bench, folder / "a.iso", old)
    settle(folder / "a.iso")
    pixie = bench.start()
    indexed(pixie, "a.iso")
    new = {"boot/other": content(5_000_000), "boot/vmlinuz": content(3_000_001, "new")}
    make_iso(bench, bench.folder / "new.iso", new)
    path = "/images/a/boot/vmlinuz"
    with Connection(bench, pixie, receive_buffer=4096) as slow:
        slow.ask("/images/a/boot/initrd.gz")
        slow.head()
        first = slow.read(1000)
        (bench.folder / "new.iso").rename(folder / "a.iso")
        seen = set()
        while 200 not in seen:
            answer = get(bench, pixie, path)
            seen.add(answer.status)
            check(answer.body != old["boot/vmlinuz"], "the old file was served")
            if answer.status == 200:
                equal("the new file", answer.body, new["boot/vmlinuz"])
            else:
                equal("until then", (answer.status, answer.fields["retry-after"]), (503, "3"))
        check(503 in seen, "it was never refused")
        data = old["boot/initrd.gz"]
        equal("the download under way", first + slow.read(len(data) - len(first)), data)
    equal("what is no longer there", get(bench, pixie, "/images/a/boot/initrd.gz").status, 404)
    (folder / "a.iso").unlink()
    pixie.await_line(rb"images\.removed file=a\.iso")
    equal("removed", get(bench, pixie, path).status, 404)


@case("images.growing")
def growing(bench):
    """an ISO that is copied slowly is pending until it is whole, and is never told to be broken"""
    folder, wanted = images_folder(bench), tree()
    make_iso(bench, bench.folder / "a.iso", wanted)
    data = (bench.folder / "a.iso").read_bytes()
    pixie = bench.start()
    with open(folder / "a.iso", "wb") as file:
        step = len(data) // 8
        for begin in range(0, len(data), step):
            file.write(data[begin:begin + step])
            file.flush()
            if begin == 0:
                pixie.await_line(rb"images\.growing file=a\.iso")
            image = json.loads(get(bench, pixie, "/api/v1/images/a").body)
            equal("pending, fault", (image["pending"], image["fault"]), (True, None))
            equal("a file of it", get(bench, pixie, "/images/a/boot/vmlinuz").status, 503)
    indexed(pixie, "a.iso")
    check(not pixie.logged(rb"images\.failed"), "it was told to be broken")
    equal("a file of it", get(bench, pixie, "/images/a/boot/vmlinuz").body, wanted["boot/vmlinuz"])


@case("images.broken")
def broken(bench):
    """half an ISO, and what is none: named with the reason; read again when it is whole"""
    folder, wanted = images_folder(bench), tree()
    make_iso(bench, bench.folder / "a.iso", wanted)
    data = (bench.folder / "a.iso").read_bytes()
    for name, half in (("a.iso", data[:len(data) // 2]), ("none.iso", content(100_000)), ("empty.iso", b"")):
        bench.file(name, half, folder)
        settle(folder / name)
    pixie = bench.start()
    for name in ("a", "none", "empty"):
        happened(pixie, rb"images\.failed file=" + name.encode() + rb"\.iso reason=\S")
        image = json.loads(get(bench, pixie, f"/api/v1/images/{name}").body)
        check(not image["pending"] and image["fault"], image)
        answer = get(bench, pixie, f"/images/{name}/boot/vmlinuz")
        equal(name, answer.status, 404)
        check(image["fault"].encode() in answer.body, answer.body)
    (folder / "a.iso").write_bytes(data)
    indexed(pixie, "a.iso")
    equal("whole", get(bench, pixie, "/images/a/boot/vmlinuz").body, wanted["boot/vmlinuz"])


@case("images.restart")
def restart(bench):
    """a hundred ISOs are there at once after a restart, by the kept indexes; a changed one is read"""
    folder = images_folder(bench)
    make_iso(bench, folder / "0.iso", {"kernel": content(5000)})
    for number in range(1, 100):
        shutil.copy(folder / "0.iso", folder / f"{number}.iso")
    for path in folder.iterdir():
        settle(path)
    state = bench.folder / "state"
    first = bench.start("--state", state)
    happened(first, rb"images\.loaded .*images=100 to_index=100\s")
    for number in range(100):
        indexed(first, f"{number}.iso")
    first.stop()
    make_iso(bench, folder / "7.iso", {"kernel": content(6000)})
    os.utime(folder / "7.iso", (1_700_000_100, 1_700_000_100))
    watch = Stopwatch()
    second = bench.start("--state", state)
    happened(second, rb"images\.loaded .*images=100 to_index=1\s")
    watch.check_below(5, "the restart")
    for number in (0, 50, 99):
        equal(str(number), get(bench, second, f"/images/{number}/kernel").body, content(5000))
    indexed(second, "7.iso")
    equal("the changed one", get(bench, second, "/images/7/kernel").body, content(6000))
    check(not second.logged(rb"images\.indexed file=8\.iso"), "an image was read again")


@case("images.kinds")
def kinds(bench):
    """programs, disks, unpacked images and groups: what the API says, and their bytes over HTTP and TFTP"""
    folder = bench.folder / "pictures"
    wanted = {"tools/shell.efi": content(3000), "dos.img": content(4000), "win/sources/boot.wim": content(5000),
              "win/bootmgr": b"x", "fedora/vmlinuz": content(6000), "fedora/initrd.img": content(7000)}
    for name, data in wanted.items():
        bench.file(name, data, folder)
        settle(folder / name)
    for name in ("win/sources", "win", "fedora"):
        settle(folder / name)
    pixie = bench.start("--images", folder)
    happened(pixie, rb"images\.loaded .*images=4 to_index=0")
    listed = json.loads(get(bench, pixie, "/api/v1/images").body)
    equal("the folder", listed["folder"], str(folder))
    equal("the images", [(image["name"], image["kind"], image["path"]) for image in listed["images"]],
          [("dos", "img", "images/dos.img"), ("fedora", "folder", "images/fedora/"),
           ("tools/shell", "efi", "images/tools/shell.efi"), ("win", "folder", "images/win/")])
    for name, data in wanted.items():
        equal(name, get(bench, pixie, f"/images/{name}").body, data)
    atftp(bench, SERVER, pixie.tftp, "/images/fedora/initrd.img")
    equal("over TFTP", bench.downloaded(), wanted["fedora/initrd.img"])
    off = bench.start("--images", "")
    equal("without", get(bench, off, "/images/dos.img").status, 404)


@case("images.output-full")
def output_full(bench):
    """`images list` and `images cat` onto a full disk fail, and say so"""
    image = bench.folder / "a.iso"
    make_iso(bench, image, {"kernel": content(5000)})
    for arguments in (("list", image), ("cat", image, "kernel")):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([bench.program, "images", *arguments], stdout=full, stderr=subprocess.PIPE,
                                  text=True, check=False)
        check(done.returncode != 0 and "can't be written" in done.stderr, (arguments[0], done))


@case("images.outside")
def outside(bench):
    """links that lead out of the folder, and paths that try to: refused"""
    folder = images_folder(bench)
    make_iso(bench, bench.folder / "secret.iso", {"kernel": content(5000)})
    (folder / "a.iso").symlink_to(bench.folder / "secret.iso")
    (folder / "out").symlink_to("/etc")
    pixie = bench.start()
    happened(pixie, rb"images\.failed file=a\.iso")
    equal("a file of it", get(bench, pixie, "/images/a/kernel").status, 404)
    equal("itself", get(bench, pixie, "/images/a.iso").status, 403)
    equal("a folder", get(bench, pixie, "/images/out/passwd").status, 403)


@case("images.crowd", slow=True)
def crowd(bench):
    """many clients take files of an ISO at once while images come and go"""
    folder, wanted = images_folder(bench), tree()
    make_iso(bench, folder / "a.iso", wanted)
    settle(folder / "a.iso")
    pixie = bench.start()
    indexed(pixie, "a.iso")
    names = sorted(name for name, data in wanted.items() if data)
    chance = random.Random(7)
    for round_ in range(30):
        shutil.copy(folder / "a.iso", folder / f"{round_}.iso")
        settle(folder / f"{round_}.iso")
        with Connection(bench, pixie) as connection:
            asked = [chance.choice(names) for _ in range(5)]
            for name in asked:
                equal(name, connection.get(f"/images/a/{quoted(name)}").body, wanted[name])
        if round_ % 2:
            (folder / f"{round_ - 1}.iso").unlink()
    indexed(pixie, "29.iso")
