"""HTTPS: curl and openssl as clients, certificates that change, clients that must show one, and what is no TLS."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import ssl

from .bench import content
from .case import Skip, case, check, equal
from .http import get
from .network import SERVER

TLS_STAT = pathlib.Path("/proc/net/tls_stat")
GARBAGE = content(4096, "no TLS")


class Office:
    """Makes certificates in a folder, by pixie itself and (a client's, or a bad one) by openssl."""

    def __init__(self, bench, folder):
        self.bench, self.folder = bench, folder
        self.authority = folder / "ca.crt"
        self.certificate, self.key = folder / "server.crt", folder / "server.key"
        self.issue()

    def issue(self, *names):
        """A new server's certificate, of the same authority."""
        for file in (self.certificate, self.key):
            file.unlink(missing_ok=True)
        made = self.bench.refused("tls", "init", self.folder, "--name", SERVER,
                                  *(word for name in names for word in ("--name", name)))
        equal("pixie tls init", (made.returncode, made.stderr), (0, ""))
        self.key.chmod(0o644)  # pixie reads it again as the user nobody
        return made.stdout

    def client(self, name, authority=None):
        """The files of a client's certificate and key."""
        where = self.folder / name
        where.mkdir()
        authority = authority or self
        for command in (
                ("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", where / "key", "-subj", f"/CN={name}",
                 "-out", where / "request"),
                ("x509", "-req", "-in", where / "request", "-CA", authority.authority, "-CAkey",
                 authority.folder / "ca.key", "-set_serial", "7", "-days", "1", "-out", where / "crt")):
            done = self.bench.run("openssl", *command)
            equal("openssl", done.returncode, 0)
        return where / "crt", where / "key"


class Secure:
    """A pixie with HTTPS, and its clients."""

    def __init__(self, bench, *options, names=(), files=None):
        folder = bench.folder / "tls"
        folder.mkdir()
        self.bench, self.office = bench, Office(bench, folder)
        if names:
            self.office.issue(*names)
        certificate, key = files or (self.office.certificate, self.office.key)
        self.pixie = bench.start("--https", "0.0.0.0:0", "--tls-certificate", certificate, "--tls-key", key, "-v",
                                 "DEBUG", *options)
        self.port = self.pixie.https

    def curl(self, path, *options, host=SERVER):
        """curl, which trusts the authority; the finished process. What it got is in the folder `client`, as `got`."""
        return self.bench.run("curl", "-sS", "--cacert", self.office.authority, "-o", "got", *options,
                              f"https://{host}:{self.port}/{path}")

    def fetch(self, path, *options):
        """The bytes that curl gets."""
        done = self.curl(path, *options)
        equal(f"curl {path}", (done.returncode, done.stderr), (0, ""))
        return self.bench.downloaded()

    def connect(self, **options):
        """A TLS connection from Python."""
        context = ssl.create_default_context(cafile=str(self.office.authority))
        for name, value in options.items():
            setattr(context, name, value)
        plain = self.plain()
        return context.wrap_socket(plain, server_hostname=SERVER)

    def serial(self):
        """Of the certificate that it shows."""
        with self.connect() as connection:
            return connection.getpeercert()["serialNumber"]

    def plain(self):
        """A TCP connection to the port of HTTPS."""
        made = self.bench.network.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.settimeout(30)
        made.connect((SERVER, self.port))
        return made

    def ends(self, plain):
        """Whether pixie closes the connection."""
        with contextlib.suppress(ConnectionResetError):
            while plain.recv(1 << 16):
                pass
        return True


def ask(connection, target):
    """A GET on a connection that stays; the body."""
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {SERVER}\r\n\r\n".encode())
    return body_of(connection)


def body_of(connection, begun=b""):
    """The body of an answer, of which this much came already."""
    came = bytearray(begun)

    def read():
        more = connection.recv(1 << 20)
        check(more, f"the connection ended after {len(came)} bytes; what came: {bytes(came[:200])!r}")
        came.extend(more)

    while (end := came.find(b"\r\n\r\n")) < 0:
        read()
    head = bytes(came[:end])
    equal("status", head.split(b" ")[1], b"200")
    size = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
    while len(came) < end + 4 + size:
        read()
    return bytes(came[end + 4:])


@case("https.versions")
def versions(bench):
    """curl and openssl speak TLS 1.3 and 1.2; older ones, and what is no TLS, are turned away and told of once"""
    secure = Secure(bench)
    data = bench.file("file", 3_000_000)
    for version, options in (("TLSv1.3", ["--tlsv1.3"]), ("TLSv1.2", ["--tls-max", "1.2"])):
        equal(version, secure.fetch("extra/file", *options), data)
        secure.pixie.await_line(rb"event=https\.connected [^\n]*version=" + version.encode())
    for cipher in ("AES256-SHA256", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256",
                   "ECDHE-RSA-AES256-GCM-SHA384"):  # iPXE's, old and new
        equal(cipher, secure.fetch("extra/file", "--tls-max", "1.2", "--ciphers", cipher), data)
    done = bench.run("openssl", "s_client", "-connect", f"{SERVER}:{secure.port}", "-tls1_1", "-cipher",
                     "DEFAULT:@SECLEVEL=0")
    check(done.returncode != 0, "TLS 1.1 was taken")
    secure.pixie.await_line(rb"event=https\.handshake_failed [^\n]*no TLS 1\.2")
    done = bench.run("curl", "-sS", f"http://{SERVER}:{secure.port}/extra/file")
    check(done.returncode != 0, "plain HTTP was taken")
    secure.pixie.await_line(rb"event=https\.handshake_failed [^\n]*plain HTTP")
    done = bench.run("curl", "-sS", "--capath", "/nowhere", f"https://{SERVER}:{secure.port}/extra/file")
    check(done.returncode == 60, f"a client that trusts nobody: status {done.returncode}, {done.stderr}")
    secure.pixie.await_line(rb"event=https\.handshake_failed [^\n]*does not trust")


@case("https.files")
def files(bench):
    """a big file, ranges, several ranges, a small file, a ROM, HEAD: each byte as over HTTP"""
    secure = Secure(bench)
    data = bench.file("big", 70_000_001)
    small = bench.file("small", 700)
    equal("big", secure.fetch("extra/big"), data)
    equal("small", secure.fetch("extra/small"), small)
    for first, last in ((0, 0), (16_383, 16_384), (1_000_000, 40_000_000), (69_999_990, 70_000_000)):
        equal(f"{first}-{last}", secure.fetch("extra/big", "-r", f"{first}-{last}"), data[first:last + 1])
    several = secure.fetch("extra/big", "-r", "0-99,5000000-9000000")
    check(data[:100] in several and data[5_000_000:9_000_001] in several, "several ranges differ")
    equal("ROM", secure.fetch("snponly.efi"), get(bench, secure.pixie, "/snponly.efi").body)
    equal("HEAD", secure.curl("extra/big", "-I").returncode, 0)
    gap = bench.extra / "gap"
    with open(gap, "wb") as file:
        file.write(b"begin")
        file.truncate(5_000_000)
    equal("a file with a hole", secure.fetch("extra/gap"), gap.read_bytes())


@case("https.keep-alive")
def keep_alive(bench):
    """requests one after another on a connection, at once, and with a slow reader beside; resumed sessions"""
    secure = Secure(bench)
    data, small = bench.file("big", 20_000_000), bench.file("small", 1000)
    with secure.connect() as slow, secure.connect() as connection:
        slow.sendall(f"GET /extra/big HTTP/1.1\r\nHost: {SERVER}\r\n\r\n".encode())
        first = slow.recv(1000)
        for _ in range(50):
            equal("small", ask(connection, "/extra/small"), small)
        equal("big", ask(connection, "/extra/big"), data)
        request = f"GET /extra/small HTTP/1.1\r\nHost: {SERVER}\r\n\r\n"
        connection.sendall((request * 100).encode())
        seen = bytearray()
        while seen.count(small) < 100:
            more = connection.recv(1 << 16)
            check(more, f"{seen.count(small)} of 100 answers came")
            seen += more
        equal("the slow reader's file", body_of(slow, first), data)
    done = bench.run("openssl", "s_client", "-connect", f"{SERVER}:{secure.port}", "-tls1_2", "-reconnect")
    check("Reused, " in done.stdout, "no session was resumed")


@case("https.upload")
def upload(bench):
    """a body that a client sends comes whole, in records and pieces: an image by PUT, from pixie's own host"""
    folder = bench.folder / "images"
    folder.mkdir()
    folder.chmod(0o777)
    secure = Secure(bench, "--images", folder, names=("127.0.0.1",))
    data = bench.file("disk.img", 9_000_000, bench.folder / "client")
    done = bench.run("curl", "-sS", "--fail-with-body", "--cacert", secure.office.authority, "-T", "disk.img",
                     f"https://127.0.0.1:{secure.port}/api/v1/images/disk.img", namespace=bench.network.server)
    equal("curl", (done.returncode, done.stderr), (0, ""))
    equal("the image", (folder / "disk.img").read_bytes(), data)


@case("https.urls")
def urls(bench):
    """scripts that are asked for by HTTPS have https URLs, by the name that the client used; others http ones"""
    secure = Secure(bench, names=("boot.example.org",))
    menu = secure.fetch("chain.ipxe").decode()
    check(f"set pixie https://{SERVER}:{secure.port}\n" in menu, menu[:400])
    done = secure.curl("chain.ipxe", "--resolve", f"boot.example.org:{secure.port}:{SERVER}", host="boot.example.org")
    equal("curl", (done.returncode, done.stderr), (0, ""))
    menu = bench.downloaded().decode()
    check(f"set pixie https://boot.example.org:{secure.port}\n" in menu, menu[:400])
    plain = get(bench, secure.pixie, "/chain.ipxe").body.decode()
    check(f"set pixie http://{SERVER}:{secure.pixie.http}\n" in plain, plain[:400])
    bench.file("own.ipxe", b"#!ipxe\necho {{server}} {{host}}\n", bench.scripts)
    bench.file("pixie.toml", b'[profiles.p]\nscript = "own.ipxe"\n[[rules]]\nprofile = "p"\n', bench.scripts)
    secure.pixie.await_line(rb"event=fleet\.loaded")
    script = secure.fetch("ipxe/52-54-00-00-00-01.ipxe").decode()
    check(f"https://{SERVER}:{secure.port}" in script, script)


@case("https.clients")
def clients(bench):
    """--tls-clients: a client with a certificate is let in; without one, or with a stranger's, it is not"""
    folder = bench.folder / "strangers"
    folder.mkdir()
    strangers = Office(bench, folder)
    secure = Secure(bench, "--tls-clients", bench.folder / "tls" / "ca.crt")
    data = bench.file("file", 100_000)
    certificate, key = secure.office.client("machine")
    for options in ((), ("--tls-max", "1.2")):
        equal("with one", secure.fetch("extra/file", "--cert", certificate, "--key", key, *options), data)
        check(secure.curl("extra/file", *options).returncode != 0, "a client without a certificate was let in")
        secure.pixie.await_line(rb"event=https\.handshake_failed [^\n]*no certificate")
    certificate, key = secure.office.client("stranger", strangers)
    check(secure.curl("extra/file", "--cert", certificate, "--key", key).returncode != 0, "a stranger was let in")
    secure.pixie.await_line(rb"event=https\.handshake_failed [^\n]*not accepted")


@case("https.renewed")
def renewed(bench):
    """a new certificate is served when its files change and on SIGHUP, while a download goes on; a bad one is not"""
    secure = Secure(bench)
    data = bench.file("big", 30_000_000)
    serial = secure.serial()
    with secure.connect() as download:
        download.sendall(f"GET /extra/big HTTP/1.1\r\nHost: {SERVER}\r\n\r\n".encode())
        got = download.recv(1000)
        secure.office.issue()
        secure.pixie.await_line(rb"event=https\.certificate file=")
        while (now := secure.serial()) == serial:  # (two events, if the key was seen before the certificate)
            secure.pixie.await_line(rb"event=https\.certificate file=")
        secure.office.key.write_text("no key\n")
        secure.pixie.await_line(rb"event=https\.certificate_refused [^\n]*server\.key holds no private key")
        equal("after a bad key", secure.serial(), now)
        secure.pixie.signal(signal.SIGHUP)
        secure.pixie.await_line(rb"event=https\.certificate_refused")
        equal("after SIGHUP with it", secure.serial(), now)
        secure.office.issue()
        secure.pixie.signal(signal.SIGHUP)
        while secure.serial() == now:
            secure.pixie.await_line(rb"event=https\.certificate file=")
        equal("the download", body_of(download, got), data)


@case("https.linked")
def linked(bench):
    """a certificate and key that are links into another folder (certbot's): what they are switched to is served"""
    live = bench.folder / "live"
    live.mkdir()
    links = live / "server.crt", live / "server.key"
    for link in links:
        link.symlink_to(pathlib.Path("..", "tls", link.name))
    secure = Secure(bench, files=links)
    serial = secure.serial()
    secure.office.issue()
    for link in links:
        beside = link.with_suffix(".new")
        beside.symlink_to(link.readlink())
        beside.replace(link)
    while secure.serial() == serial:
        secure.pixie.await_line(rb"event=https\.certificate file=")
    check(not secure.pixie.logged(rb"event=https\.certificate_refused [^\n]*Permission denied"), "it could not be read")


@case("https.bad-start")
def bad_start(bench):
    """without a certificate, with another's key, with a file that is not there: one line, status 2"""
    (bench.folder / "one").mkdir()
    (bench.folder / "two").mkdir()
    one, two = Office(bench, bench.folder / "one"), Office(bench, bench.folder / "two")
    common = ("-t", "0.0.0.0:0", "-u", "0.0.0.0:0", "--https", "0.0.0.0:0")
    for options, words in (((), "--tls-certificate"),
                           (("--tls-certificate", one.certificate, "--tls-key", two.key), "is not the key of"),
                           (("--tls-certificate", one.certificate), "holds no private key"),
                           (("--tls-certificate", "/nowhere", "--tls-key", one.key), "/nowhere can't be read"),
                           (("--tls-certificate", one.key, "--tls-key", one.key), "holds no certificate"),
                           (("--tls-certificate", one.certificate, "--tls-key", one.key, "--tls-clients", one.key),
                            "holds no certificates")):
        done = bench.refused(*common, *options)
        equal(words, (done.returncode, words in done.stderr, done.stderr.count("\n")), (2, True, 1))
    # A protection that is not in force must not be thought to be.
    done = bench.refused(*common[:4], "--tls-clients", one.certificate)
    equal("without --https", (done.returncode, "without --https" in done.stderr), (2, True))


@case("https.hostile", slow=True)
def hostile(bench):
    """garbage, half a greeting, silence, a hundred at once: each is closed in time, and others are served meanwhile"""
    secure = Secure(bench)
    data = bench.file("file", 1_000_000)
    with secure.plain() as silent, secure.plain() as half:
        hello = ssl.MemoryBIO()
        with contextlib.suppress(ssl.SSLWantReadError):
            ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname=SERVER).do_handshake()
        greeting = hello.read()
        half.sendall(greeting[:len(greeting) // 2])
        for _ in range(100):
            with secure.plain() as bad:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    bad.sendall(GARBAGE)
                check(secure.ends(bad), "garbage was answered")
        secure.pixie.await_line(rb"event=https\.handshake_failed [^\n]*not TLS")
        lines = secure.pixie.transcript.tail(1_000_000).count("https.handshake_failed")
        check(lines <= 60, f"the log has {lines} lines of a hundred bad clients")
        with secure.plain() as gone:
            gone.sendall(greeting)
        equal("others", secure.fetch("extra/file"), data)
        check(secure.ends(silent) and secure.ends(half), "a handshake that never ends was not ended")
    # What was encrypted is damaged on its way.
    with secure.connect() as connection:
        equal("before", ask(connection, "/extra/file"), data)
        raw = socket.socket(fileno=os.dup(connection.fileno()))
        raw.settimeout(30)
        raw.sendall(b"\x17\x03\x03\x00\x40" + GARBAGE[:64])
        check(secure.ends(raw), "a damaged record was taken")
        raw.close()
    equal("afterwards", secure.fetch("extra/file"), data)


@case("https.kernel")
def kernel(bench):
    """where the kernel knows TLS, it encrypts what is sent (kTLS), and the bytes are right"""
    if not TLS_STAT.exists():
        raise Skip("this kernel has no TLS (CONFIG_TLS), or it is not loaded (modprobe tls)")
    secure = Secure(bench)
    data = bench.file("big", 50_000_000)

    def sessions():
        text = bench.run("cat", TLS_STAT, namespace=bench.network.server).stdout
        return int(re.search(r"TlsTxSw\s+(\d+)", text).group(1))

    before = sessions()
    for options in (("--tlsv1.3",), ("--tls-max", "1.2", "--ciphers", "ECDHE-RSA-AES128-GCM-SHA256")):
        equal("big", secure.fetch("extra/big", *options), data)
        secure.pixie.await_line(rb"event=https\.connected [^\n]*kernel=yes")
    check(sessions() >= before + 2, "the kernel counts no sessions")
    # Answers that are gathered from parts, to a client that does not read them yet.
    small, count = bench.file("small", 16_000), 1000
    with secure.connect() as connection:
        connection.sendall(f"GET /extra/small HTTP/1.1\r\nHost: {SERVER}\r\n\r\n".encode() * count)
        got = bytearray()
        while len(got) < count * len(small) or not got.endswith(small):
            more = connection.recv(1 << 20)
            check(more, f"the connection ended after {len(got)} bytes")
            got += more
    equal("answers", got.count(small), count)


@case("https.init")
def init(bench):
    """pixie tls init: modes, names, no overwriting, an authority that stays; what is wrong is told before it writes"""
    folder = bench.folder / "new"
    made = bench.refused("tls", "init", folder, "--name", "boot.example.org", "--name", "fd00::1")
    equal("status", (made.returncode, made.stderr), (0, ""))
    for name, mode in (("ca.crt", 0o644), ("ca.key", 0o600), ("server.crt", 0o644), ("server.key", 0o600)):
        equal(name, (folder / name).stat().st_mode & 0o777, mode)
    check("TRUST=" in made.stdout and "--tls-certificate" in made.stdout, made.stdout)
    shown = bench.run("openssl", "x509", "-in", folder / "server.crt", "-noout", "-text", "-checkhost",
                      "boot.example.org", "-checkip", "fd00::1").stdout
    equal("names", (shown.count("does match certificate"), "2048 bit" in shown), (2, True))
    verified = bench.run("openssl", "verify", "-CAfile", folder / "ca.crt", "-purpose", "sslserver",
                         folder / "server.crt")
    equal("verified", verified.returncode, 0)
    digest = bench.run("openssl", "x509", "-in", folder / "ca.crt", "-noout", "-fingerprint", "-sha256").stdout
    check(digest.strip().split("=")[1].replace(":", "").lower() in made.stdout, "another fingerprint is told")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    again = bench.refused("tls", "init", folder, "--name", "x")
    equal("again", (again.returncode, "server.crt is there already" in again.stderr), (1, True))
    equal("the files", {file.name: file.read_bytes() for file in folder.iterdir()}, before)
    for file in ("server.crt", "server.key"):
        (folder / file).unlink()
    equal("a new one", bench.refused("tls", "init", folder, "--name", "x").returncode, 0)
    equal("the authority", (folder / "ca.crt").read_bytes(), before["ca.crt"])
    bad = bench.refused("tls", "init", bench.folder / "bad", "--name", "a,DNS:b")
    equal("a bad name", (bad.returncode, any((bench.folder / "bad").glob("*"))), (2, False))
