"""Real HTTP clients and load generators."""

import functools
import os
import re

from .case import case, check, equal, register
from .network import SERVER, SERVER6, DUAL

TEN_MB = 10_000_000
GETS = {
    "curl": ("curl", "-sS", "-f", "-o", "got"),
    "curl-1.0": ("curl", "-sS", "-f", "-0", "-o", "got"),
    "curl-compressed": ("curl", "-sS", "-f", "--compressed", "-o", "got"),
    "curl-ranges": ("curl", "-sS", "-f", "-r", "0-", "-o", "got"),
    "wget": ("wget", "-q", "-O", "got"),
    "wget-no-keep-alive": ("wget", "-q", "--no-http-keep-alive", "-O", "got"),
    "busybox-wget": ("busybox", "wget", "-q", "-O", "got"),
    "aria2c": ("aria2c", "-q", "-x", "8", "-s", "8", "-k", "1M", "-o", "got"),
    "aria2c-plain": ("aria2c", "-q", "-x", "1", "-s", "1", "-o", "got"),
}


def _get(command, bench):
    pixie = bench.start(bind=DUAL)
    # Of an empty file no range can be had (416).
    for size in (1, 20_000, TEN_MB) if "-r" in command else (0, 1, 20_000, TEN_MB):
        data = bench.file(f"f{size}", size)
        for host in (SERVER, f"[{SERVER6}]"):
            done = bench.run(*command, f"http://{host}:{pixie.http}/extra/f{size}")
            equal(f"{size} bytes from {host} (status {done.returncode}, said "
                  f"{(done.stdout + done.stderr).strip()!r})", bench.downloaded(), data)


for _name, _command in GETS.items():
    register(f"http.{_name}", "empty to 10 MB, over IPv4 and IPv6",
             functools.partial(_get, _command))


def url_of(pixie, path):
    """An http URL."""
    return f"http://{SERVER}:{pixie.http}/{path}"


@case("http.aria2c-really-splits")
def aria2c_splits(bench):
    """aria2c's download came in several ranges"""
    bench.file("file", TEN_MB)
    pixie = bench.start()
    bench.run(*GETS["aria2c"], url_of(pixie, "extra/file"))
    check(bench.downloaded(), "no file")
    pixie.await_line(rb"status=206(.|\n)*status=206")


@case("http.resume")
def resume(bench):
    """curl -C, wget -c and busybox wget -c go on with half a file"""
    data = bench.file("file", 1_000_000)
    pixie = bench.start()
    part = bench.folder / "client" / "got"
    for command in (("curl", "-sS", "-f", "-C", "-", "-o", "got"),
                    ("wget", "-q", "-c", "-O", "got"),
                    ("busybox", "wget", "-q", "-c", "-O", "got")):
        part.write_bytes(data[:400_000])
        done = bench.run(*command, url_of(pixie, "extra/file"))
        equal(f"{command[:2]} {done.stderr}", bench.downloaded(), data)
        pixie.await_line(rb"status=206 bytes=600000 ")


@case("http.wget-mirror")
def mirror(bench):
    """wget -r finds every file of a tree by the listings, names with odd characters too"""
    names = ["a", "sub/b", "sub/deeper/c d", "sub/\u00fcml.txt", "x&y", "p%q", "semi;colon"]
    for number, name in enumerate(names):
        bench.file(name, 100 + number)
    pixie = bench.start()
    bench.run("wget", "-q", "-r", "-np", "-nH", "--cut-dirs=1", "-P", "tree",
              "--restrict-file-names=nocontrol", url_of(pixie, "extra/"),
              environment=os.environ | {"LC_ALL": "C.UTF-8"})
    for number, name in enumerate(names):
        path = bench.folder / "client" / "tree" / name
        check(path.exists(), f"{name} was not found")
        equal(name, len(path.read_bytes()), 100 + number)


@case("http.curl-options")
def curl_options(bench):
    """curl: HEAD, a condition that holds, several ranges, POST refused, a failing upload"""
    bench.file("file", 5000)
    os.utime(bench.extra / "file", (1_600_000_000, 1_600_000_000))  # September 2020
    pixie = bench.start()
    url = url_of(pixie, "extra/file")

    def said(*options):
        done = bench.run("curl", "-s", *options, "-o", "/dev/null", "-w", "%{http_code}", url)
        return done.stdout

    equal("HEAD", said("-I"), "200")
    equal("a newer date", said("-z", "1 Jan 2021"), "304")
    equal("an older date", said("-z", "1 Jan 1990"), "200")
    equal("ranges", said("-r", "0-1,5-6,100-"), "206")
    equal("beyond the end", said("-r", "5000-"), "416")
    equal("POST", said("-d", "x=y"), "405")
    equal("a large POST", said("-d", "@" + str(bench.extra / "file")), "405")
    equal("PUT", said("-T", str(bench.extra / "file")), "405")


def _ab(bench, *options):
    done = bench.run("ab", "-q", "-n", "5000", "-c", "50", *options)
    equal(f"ab's status ({done.stderr})", done.returncode, 0)
    counts = {name: int(re.search(rf"{name}:\s+(\d+)", done.stdout).group(1))
              for name in ("Complete requests", "Failed requests")}
    equal("requests", counts, {"Complete requests": 5000, "Failed requests": 0})
    check("Non-2xx" not in done.stdout, done.stdout)


@case("http.ab")
def ab(bench):
    """5,000 requests by ab, with and without keep-alive, for a file, a ROM and the menu"""
    bench.file("file", 8000)
    pixie = bench.start()
    for path in ("extra/file", "undionly.kpxe", "chain.ipxe"):
        _ab(bench, url_of(pixie, path))
        _ab(bench, "-k", url_of(pixie, path))
    check(not pixie.logged(rb"level=(warning|error)"), "there are warnings in the log")


@case("http.wrk")
def wrk(bench):
    """100 connections of wrk for two seconds: no error"""
    bench.file("file", 8000)
    pixie = bench.start()
    for path in ("extra/file", "chain.ipxe"):
        done = bench.run("wrk", "-t", "2", "-c", "100", "-d", "2s", url_of(pixie, path))
        check(int(re.search(r"(\d+) requests in", done.stdout).group(1)) > 100, done.stdout)
        check("Socket errors" not in done.stdout and "Non-2xx" not in done.stdout, done.stdout)
