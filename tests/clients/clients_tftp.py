"""Real TFTP clients, in each mode and with each option that they have."""

import dataclasses
import functools
from collections.abc import Callable

from .case import Failure, check, equal, register
from .network import DUAL, SERVER, SERVER6, SERVER6_OTHER, SERVER_OTHER, url_host

MANY_BLOCKS = 65_540 * 512 + 7
TEN_MB = 10 * 1000 * 1000
# curl's exit statuses (its texts for them are not reliable)
CURL_NOT_FOUND, CURL_REFUSED = 68, 69


def hpa(bench, host, port, name, *options):
    """tftp-hpa. It knows no RFC 2348 option."""
    mode = () if "-m" in options else ("-m", "octet")
    return bench.run("tftp", *mode, *options, host, port, "-c", "get", name, "got")


def atftp(bench, host, port, name, *options):
    """atftp."""
    return bench.run("atftp", *options, "--get", "-r", name, "-l", "got", host, port)


def curl(bench, host, port, name, *options):
    """curl. What follows the URL's first slash is the name."""
    return bench.run("curl", "-sS", "--max-time", "100", *options, "-o", "got",
                     f"tftp://{url_host(host)}:{port}/{name}")


def busybox(bench, host, port, name, *options):
    """busybox."""
    return bench.run("busybox", "tftp", "-g", *options, "-r", name, "-l", "got", host, port)


@dataclasses.dataclass(frozen=True)
class Program:
    """A client program: how it gets a file, and its variants with the block size of each."""
    get: Callable
    variants: dict[str, tuple[tuple[str, ...], int]]


def _atftp_options(*options):
    return tuple(word for option in options for word in ("--option", option))


PROGRAMS = {
    "hpa": Program(hpa, {
        "plain": ((), 512),
        "mode-octet": (("-m", "octet"), 512),
        "mode-binary": (("-m", "binary"), 512),
        "ipv4": (("-4",), 512),
        "literal": (("-l",), 512),
        "verbose": (("-v",), 512),
    }),
    "atftp": Program(atftp, {
        "plain": ((), 512),
        "blksize-8": (_atftp_options("blksize 8"), 8),
        "blksize-1428": (_atftp_options("blksize 1428"), 1428),
        "tsize": (_atftp_options("tsize 0"), 512),
        "timeout": (_atftp_options("timeout 3"), 512),
        "windowsize-1": (_atftp_options("windowsize 1"), 512),
        "windowsize-8": (_atftp_options("windowsize 8"), 512),
        "all": (_atftp_options("blksize 1024", "windowsize 16", "tsize 0", "timeout 2"), 1024),
        "multicast": (_atftp_options("multicast"), 512),
        "no-port-check": (("--no-source-port-checking",), 512),
        "prevent-sas": (("--prevent-sas",), 512),
    }),
    "curl": Program(curl, {
        "plain": ((), 512),
        "blksize-8": (("--tftp-blksize", "8"), 8),
        "blksize-1024": (("--tftp-blksize", "1024"), 1024),
        "blksize-1468": (("--tftp-blksize", "1468"), 1468),
        "blksize-65464": (("--tftp-blksize", "65464"), 1468),
        "no-options": (("--tftp-no-options",), 512),
    }),
    "busybox": Program(busybox, {
        "plain": ((), 512),
        "blksize-64": (("-b", "64"), 64),
        "blksize-1468": (("-b", "1468"), 1468),
        "blksize-65464": (("-b", "65464"), 1468),
    }),
}


def fetch(bench, program, host, port, name, wanted, options=()):
    """Fails unless the program gets exactly the wanted bytes."""
    done = PROGRAMS[program].get(bench, host, port, name, *options)
    got = bench.downloaded()
    if got != wanted:
        said = (done.stdout + done.stderr).strip()
        what = f"{program} {' '.join(options)} {name} (status {done.returncode}, said {said!r})"
        if got is None:
            raise Failure(f"{what}: no file")
        equal(what, got, wanted)


def _sizes(program, options, blksize, bench):
    pixie = bench.start()
    sizes = {0, 1, blksize - 1, blksize, blksize + 1, 7 * blksize}
    if program == "curl" and options != ("--tftp-no-options",):
        sizes -= {0}  # curl takes the size 0 in an OACK for an error
    for size in sorted(sizes):
        fetch(bench, program, SERVER, pixie.tftp, f"extra/{size}",
              bench.file(str(size), size), options)


def _large(program, options, size, bench):
    pixie = bench.start()
    fetch(bench, program, SERVER, pixie.tftp, "extra/large", bench.file("large", size), options)


def _addresses(program, bench):
    """Clients that are strict about where answers come from, on a host with several addresses."""
    wanted = bench.file("file", 5000)
    dual = bench.start(bind=DUAL)
    plain = bench.start()
    hosts = [(SERVER, dual), (SERVER_OTHER, dual), (SERVER_OTHER, plain), (SERVER6, dual),
             (SERVER6_OTHER, dual)]
    for host, pixie in hosts:
        fetch(bench, program, host, pixie.tftp, "extra/file", wanted)


def _netascii(program, options, bench):
    """The client turns netascii back into this system's line ends."""
    text = b"one\ntwo\r\nthree\rfour\n" * 200 + b"end"
    pixie = bench.start()
    bench.file("text", text)
    fetch(bench, program, SERVER, pixie.tftp, "extra/text", text, options)


def _curl_netascii(bench):
    """curl leaves netascii as it comes."""
    text = b"one\ntwo\r\nthree\rfour\n" * 200 + b"end"
    coded = text.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")
    pixie = bench.start()
    bench.file("text", text)
    fetch(bench, "curl", SERVER, pixie.tftp, "extra/text;mode=netascii", coded)


def _no_file(program, bench):
    """A file that is not there: the client is told, and leaves nothing or an empty file."""
    pixie = bench.start()
    done = PROGRAMS[program].get(bench, SERVER, pixie.tftp, "extra/nothing")
    said = done.stdout + done.stderr
    check("no extra/nothing here" in said or "not found" in said.lower()
          or done.returncode == CURL_NOT_FOUND, f"status {done.returncode}, said only {said!r}")
    if got := bench.downloaded():
        raise Failure(f"{program} wrote {got!r}")


def _put(program, command, bench):
    """Writing is refused, and nothing changes."""
    before = bench.file("file", b"as it was")
    pixie = bench.start()
    (bench.folder / "client" / "file").write_bytes(b"new")
    place = (SERVER, pixie.tftp)
    done = bench.run(*(word.format(host=place[0], port=place[1]) for word in command))
    said = done.stdout + done.stderr
    pixie.await_line(rb"event=tftp\.refused")
    equal("the file", (bench.extra / "file").read_bytes(), before)
    check("takes none" in said or "violation" in said or done.returncode == CURL_REFUSED,
          f"status {done.returncode}, said only {said!r}")


PUTS = {
    "hpa": ("tftp", "-m", "octet", "{host}", "{port}", "-c", "put", "file", "extra/file"),
    "atftp": ("atftp", "--put", "-l", "file", "-r", "extra/file", "{host}", "{port}"),
    "curl": ("curl", "-sS", "-T", "file", "tftp://{host}:{port}/extra/file"),
    "busybox": ("busybox", "tftp", "-p", "-l", "file", "-r", "extra/file", "{host}", "{port}"),
}

for _program, _properties in PROGRAMS.items():
    for _variant, (_options, _blksize) in _properties.variants.items():
        register(f"tftp.{_program}.{_variant}", "empty, one byte, and around its block size",
                 functools.partial(_sizes, _program, _options, _blksize))
    register(f"tftp.{_program}.10MB", "10 MB in blocks of the program's own choice",
             functools.partial(_large, _program, (), TEN_MB))
    register(f"tftp.{_program}.rollover", "more than 65,535 blocks",
             functools.partial(_large, _program,
                               {"curl": ("--tftp-blksize", "512")}.get(_program, ()), MANY_BLOCKS))
    register(f"tftp.{_program}.addresses", "IPv4, IPv6, both on one socket; each by two addresses",
             functools.partial(_addresses, _program))
    register(f"tftp.{_program}.missing", "a file that is not there", functools.partial(_no_file,
                                                                                       _program))
    register(f"tftp.{_program}.put", "writing is refused",
             functools.partial(_put, _program, PUTS[_program]))

register("tftp.hpa.netascii", "a text with every kind of line end",
         functools.partial(_netascii, "hpa", ("-m", "netascii")))
register("tftp.hpa.ascii", "the same under the mode's other name",
         functools.partial(_netascii, "hpa", ("-m", "ascii")))
register("tftp.curl.netascii", "a text with every kind of line end, as it is on the wire",
         _curl_netascii)
