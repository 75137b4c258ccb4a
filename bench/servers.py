"""pixie and its peers: how each one is started, with the best reasonable settings, on its own port.

All serve the same tree of files (make_files()); pixie has the ROM inside. Each writes its log, at
its default level, to a file; tftpd-hpa only knows syslog, so that it writes none here.
"""

import dataclasses
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests"))
from lab import assets  # noqa: E402
import http_load  # noqa: E402

ROM = "snponly64.efi"
SCRIPT = "ipxe/52-54-00-00-00-01.ipxe"
BIG = "extra/big16"
HUGE = "extra/huge256"
READY_SECONDS = 20


def make_files(root, pixie):
    """The tree that all servers serve."""
    subprocess.run([pixie, "roms", "export", root], check=True, stdout=subprocess.DEVNULL)
    (root / "ipxe").mkdir()
    (root / "extra").mkdir()
    (root / SCRIPT).write_text("#!ipxe\n" + "#" * (1024 - 8) + "\n")
    (root / BIG).write_bytes(os.urandom(16 << 20))
    with open(root / HUGE, "wb") as huge:
        for _ in range(256):
            huge.write(os.urandom(1 << 20))


@dataclasses.dataclass
class Program:
    """An executable with the environment that it needs."""
    path: str
    environment: dict


def program(name, package):
    """The installed one, or else the one in a Debian package that is unpacked into the cache."""
    installed = shutil.which(name)
    if installed:
        return Program(installed, dict(os.environ))
    environment = assets.peer_environment(assets.peer(package))
    return Program(shutil.which(name, path=environment["PATH"]), environment)


# What the benchmarks run, and the Debian package of each.
PROGRAMS = {"dnsmasq": "dnsmasq-base", "in.tftpd": "tftpd-hpa", "atftpd": "atftpd", "nginx": "nginx",
            "kea-dhcp4": "kea-dhcp4-server", "perfdhcp": "kea-admin", "wrk": "wrk", "xorriso": "xorriso",
            "bsdtar": "libarchive-tools"}


def fetch_programs():
    """Fetches what is neither installed nor in the cache: from within the benchmarks' own network
    nothing can be had."""
    for name, package in PROGRAMS.items():
        program(name, package)


def _output(executable, *arguments):
    result = subprocess.run([executable.path, *arguments], env=executable.environment, text=True,
                            capture_output=True, check=False)
    return result.stdout + result.stderr


class Server:
    """A running server. Subclasses say how to start it."""

    name = ""
    tftp_port = http_port = None
    scheme = "http"

    def __init__(self, scratch, root, folder=None):
        self.root = root
        self.folder = folder or scratch.files / self.name
        self.folder.mkdir(exist_ok=True)
        self.log = self.folder / "log"
        self._scratch = scratch
        self._child = self.group = None

    def command(self):
        """The command line."""
        raise NotImplementedError

    def start(self):
        """Returns the seconds until it answers."""
        self.group = self._scratch.group(self.name)
        command = self.command()
        began_at = self.folder / "began"

        def prepare():
            self.group.join()
            # Not what it takes this program to fork.
            began_at.write_text(str(time.monotonic()))

        with open(self.folder / "output", "ab") as output:
            self._child = subprocess.Popen(
                [command[0].path, *map(str, command[1:])], env=command[0].environment,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=prepare)
        try:
            self._wait_until_ready(time.monotonic() + READY_SECONDS)
        except BaseException:
            self.stop()
            raise
        return time.monotonic() - float(began_at.read_text())

    def _wait_until_ready(self, deadline):
        answers = self._http_answers if self.http_port else self._tftp_answers
        while not answers():
            if not self.runs() or time.monotonic() > deadline:
                raise OSError(f"{self.name} doesn't answer: {self.last_output()}")

    def _http_answers(self):
        return self.head(f"/{SCRIPT}") is not None

    def head(self, target):
        """The status of a HEAD request; None: nobody answers."""
        with socket.socket() as plain:
            if plain.connect_ex(("127.0.0.1", self.http_port)) != 0:
                time.sleep(0.001)
                return None
            client = plain if self.scheme == "http" else http_load.unverified().wrap_socket(plain)
            client.sendall(f"HEAD {target} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
            words = client.recv(1024).split()
            return int(words[1]) if words else None

    def _tftp_answers(self):
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.settimeout(0.05)
            client.sendto(b"\0\1no-such-file\0octet\0", ("127.0.0.1", self.tftp_port))
            try:
                return bool(client.recv(2048))
            except TimeoutError:
                return False

    def runs(self):
        """Whether its main process has not ended."""
        return self._child.poll() is None

    def last_output(self):
        """The last of what it printed (not of its log)."""
        return (self.folder / "output").read_text(errors="replace").strip()[-500:]

    def stop(self):
        """Ends all its processes."""
        self._child.terminate()
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        while left := self.group.processes():
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        self.group.remove()

    def quiet_cpu_seconds(self):
        """The CPU time used, once it stands still: forked children end a little later."""
        used = self.group.cpu_seconds()
        for _ in range(20):
            time.sleep(0.05)
            before, used = used, self.group.cpu_seconds()
            if used - before < 0.0005:
                break
        return used

    def target(self, name):
        """The request target of a file of the tree."""
        return f"/{name}"

    def shown_command(self):
        """For the report: no folders of this run."""
        words = [pathlib.Path(self.command()[0].path).name, *map(str, self.command()[1:])]
        line = " ".join(words).replace(str(self.folder), "DIR").replace(str(self.root), "ROOT")
        return line

    def version(self):
        """As it says itself."""
        raise NotImplementedError


class Pixie(Server):
    """One thread; it leaves root like the others."""

    name = "pixie"
    tftp_port, http_port = 6901, 8001
    path = None
    scripts = None

    def command(self):
        return [Program(str(self.path), dict(os.environ)), "-t", f"127.0.0.1:{self.tftp_port}",
                "-u", f"127.0.0.1:{self.http_port}", "-d", self.scripts or self.root / "ipxe",
                "-e", self.root / "extra", "--threads", "1", "--state", self.folder / "state"]

    def version(self):
        return _output(self.command()[0], "--version").splitlines()[0]


class Dnsmasq(Server):
    """Its TFTP port can't be chosen. A thousand transfers need --tftp-max (50 by default)."""

    name = "dnsmasq"
    tftp_port = 69

    def command(self):
        return [program("dnsmasq", "dnsmasq-base"), "--keep-in-foreground", "--conf-file=/dev/null",
                "--port=0", "--listen-address=127.0.0.1", "--bind-interfaces", "--enable-tftp",
                f"--tftp-root={self.root}", "--tftp-max=1100", "--user=nobody",
                f"--pid-file={self.folder}/pid", f"--log-facility={self.log}"]

    def version(self):
        return " ".join(_output(self.command()[0], "--version").split()[:3])


class TftpdHpa(Server):
    """Standalone, as Debian's init script starts it (--secure)."""

    name = "tftpd-hpa"
    tftp_port = 6903

    def command(self):
        return [program("in.tftpd", "tftpd-hpa"), "--foreground", "--user", "nobody",
                "--address", f"127.0.0.1:{self.tftp_port}", "--secure", self.root]

    def version(self):
        return _output(self.command()[0], "--version").split(",")[0]


class Atftpd(Server):
    """Standalone; a thousand transfers need --maxthread (100 by default)."""

    name = "atftpd"
    tftp_port = 6904

    def command(self):
        return [program("atftpd", "atftpd"), "--daemon", "--no-fork", "--user", "nobody.nogroup",
                "--bind-address", "127.0.0.1", "--port", self.tftp_port, "--maxthread", "1100",
                "--logfile", self.log, self.root]

    def start(self):
        # It opens its log as the user that it becomes.
        self.log.touch()
        self.log.chmod(0o666)
        return super().start()

    def version(self):
        return _output(self.command()[0], "--version").splitlines()[0]


class Nginx(Server):
    """The configuration is nginx.conf.in."""

    name = "nginx"
    http_port = 8005

    def command(self):
        template = pathlib.Path(__file__).with_name("nginx.conf.in").read_text()
        values = {"@FOLDER@": str(self.folder), "@PORT@": str(self.http_port),
                  "@ROOT@": str(self.root)}
        for key, value in values.items():
            template = template.replace(key, value)
        (self.folder / "nginx.conf").write_text(template)
        return [program("nginx", "nginx"), "-p", self.folder, "-c", self.folder / "nginx.conf"]

    def version(self):
        return re.sub(r"nginx version: ", "", _output(self.command()[0], "-v")).strip()


class BareSendfile(Server):
    """No server: the huge file by sendfile(2), whatever is asked for."""

    name = "sendfile"
    http_port = 8016

    def command(self):
        return [Program(sys.executable, dict(os.environ)), pathlib.Path(__file__).with_name("bare_sendfile.py"),
                self.http_port, self.root / HUGE]

    def _http_answers(self):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.http_port)) == 0

    def version(self):
        return "python " + sys.version.split()[0]


class _Upstream(Nginx):
    """What a cache fetches from; its own CPU time counts for nobody."""

    name = "upstream"


class _Caching:
    """A server that has the tree from an upstream of its own."""

    upstream_port = None

    def start(self):
        """Returns the seconds until it answers; the upstream runs before."""
        self._upstream = _Upstream(self._scratch, self.root, self.folder / "upstream")
        self._upstream.name = f"{self.name}-upstream"
        self._upstream.http_port = self.upstream_port
        self._upstream.start()
        return super().start()

    def stop(self):
        """Ends it, then its upstream."""
        super().stop()
        self._upstream.stop()


class PixieMirror(_Caching, Pixie):
    """The tree as files of the mirror."""

    tftp_port, http_port, upstream_port = 6902, 8002, 8006

    def command(self):
        return [*super().command(), "--mirror", f"127.0.0.1:{self.upstream_port}", "--mirror-dir",
                self.folder / "mirror"]

    def target(self, name):
        return f"/mirror/http/127.0.0.1:{self.upstream_port}/{name}"


class NginxCache(_Caching, Nginx):
    """The same configuration with proxy_cache in the place of the files."""

    http_port, upstream_port = 8008, 8007

    def command(self):
        command = super().command()
        conf = self.folder / "nginx.conf"
        text = conf.read_text().replace(
            f"root {self.root};",
            f"location / {{ proxy_pass http://127.0.0.1:{self.upstream_port}; proxy_cache files; "
            "proxy_cache_valid 200 1h; proxy_cache_lock on; }")
        conf.write_text(text.replace(
            "sendfile on;", f"proxy_cache_path {self.folder}/cache keys_zone=files:10m max_size=2g "
            "use_temp_path=off; sendfile on;"))
        return command
