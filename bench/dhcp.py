"""DHCP: the servers, each on a wire of its own, and Kea's perfdhcp as the load.

perfdhcp plays a relay agent for many machines: DISCOVER, OFFER, REQUEST, ACK is one exchange. The
leases of all servers are kept in files in memory. The machines are known from earlier runs: while
they are new, dnsmasq offers one address to several, and pixie asks the network before it offers.
"""

import dataclasses
import json
import os
import re
import subprocess
import time

from loads import Sample, metered
from servers import Program, Server, program

SERVER, AGENT, NETWORK = "10.82.0.1", "10.82.0.2", "10.82.0.0/16"
POOL = ("10.82.1.0", "10.82.200.255")
LEASES = 60_000
MACHINES, INTRODUCTION_RATE, INTRODUCTIONS = 2000, 200, 8
TRY_SECONDS, FIRST_RATE, LAST_RATE, BISECTIONS = 2, 250, 32_000, 3


class Wire:
    """Two network namespaces with a wire between them; a context manager."""

    def __enter__(self):
        self._hosts = [subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
                       for _ in range(2)]
        deadline = time.monotonic() + 10
        while any(self._is_at_home(host.pid) for host in self._hosts):
            if time.monotonic() > deadline:
                raise OSError("unshare makes no network namespace")
            time.sleep(0.01)
        here, there = (host.pid for host in self._hosts)
        self._run(here, f"link add eth0 type veth peer name eth0 netns {there}")
        for host, address in ((here, SERVER), (there, AGENT)):
            self._run(host, f"addr add {address}/16 dev eth0")
            self._run(host, "link set eth0 up")
            self._run(host, "link set lo up")
        return self

    def __exit__(self, *_):
        for host in self._hosts:
            host.kill()
            host.wait()

    @staticmethod
    def _is_at_home(pid):
        return os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")

    def _run(self, pid, words):
        subprocess.run([*self._enter(pid), "ip", *words.split()], check=True)

    @staticmethod
    def _enter(pid):
        return ["nsenter", f"--net=/proc/{pid}/ns/net"]

    def at_server(self):
        """The words that make a command run on the server's host."""
        return self._enter(self._hosts[0].pid)

    def at_agent(self):
        """The same for the other host."""
        return self._enter(self._hosts[1].pid)


class DhcpServer(Server):
    """A DHCP server on a wire of its own; subclasses say their `own_command`."""

    def start(self):
        self.wire = Wire().__enter__()
        try:
            return super().start()
        except BaseException:
            self.wire.__exit__()
            raise

    def stop(self):
        super().stop()
        self.wire.__exit__()

    def own_command(self):
        """The command line, to be run on the server's host."""
        raise NotImplementedError

    def command(self):
        own = self.own_command()
        enter, *words = self.wire.at_server()
        return [Program(enter, own[0].environment), *words, own[0].path, *own[1:]]

    def _wait_until_ready(self, deadline):
        while self.runs() and time.monotonic() < deadline:
            if exchanges(self, 1, 1).failed == 0:
                return self._introduce()
        raise OSError(f"{self.name} doesn't answer: {self.last_output()}")

    def _introduce(self):
        seconds = MACHINES // INTRODUCTION_RATE
        for _ in range(INTRODUCTIONS):
            if exchanges(self, INTRODUCTION_RATE, seconds).failed == 0:
                return
        raise OSError(f"{self.name} loses exchanges at {INTRODUCTION_RATE} in a second")

    def shown_command(self):
        words = [os.path.basename(self.own_command()[0].path), *map(str, self.own_command()[1:])]
        return " ".join(words).replace(str(self.folder), "DIR").replace(str(self.root), "ROOT")


class PixieDhcp(DhcpServer):
    """One thread, as for the other rows."""

    name = "pixie"
    path = None

    def own_command(self):
        return [Program(str(self.path), dict(os.environ)), "-t", "127.0.0.1:6901",
                "-u", "127.0.0.1:8001", "--threads", "1", "--interface", "eth0",
                "--dhcp", "server", "--dhcp-force", "--dhcp-range", "-".join(POOL),
                "--state", self.folder / "state"]


class DnsmasqDhcp(DhcpServer):
    """It holds 1000 leases by default, and pings an address before it offers it."""

    name = "dnsmasq"

    def own_command(self):
        return [program("dnsmasq", "dnsmasq-base"), "--keep-in-foreground", "--conf-file=/dev/null",
                "--port=0", "--interface=eth0", "--bind-interfaces", "--user=root", "--no-ping",
                "--dhcp-authoritative", f"--dhcp-range={POOL[0]},{POOL[1]},255.255.0.0,12h",
                f"--dhcp-lease-max={LEASES}", f"--dhcp-leasefile={self.folder}/leases",
                f"--pid-file={self.folder}/pid", f"--log-facility={self.log}"]


class KeaDhcp(DhcpServer):
    """Leases in its memfile, written to disk."""

    name = "kea-dhcp4"

    def own_command(self):
        settings = {"Dhcp4": {
            "interfaces-config": {"interfaces": ["eth0"], "service-sockets-max-retries": 50,
                                  "service-sockets-retry-wait-time": 100},
            "lease-database": {"type": "memfile", "persist": True,
                               "name": f"{self.folder}/leases.csv"},
            "valid-lifetime": 43200,
            "subnet4": [{"subnet": NETWORK, "pools": [{"pool": " - ".join(POOL)}]}],
            "loggers": [{"name": "kea-dhcp4", "severity": "INFO",
                         "output_options": [{"output": str(self.log)}]}]}}
        config = self.folder / "kea.json"
        config.write_text(json.dumps(settings))
        found = program("kea-dhcp4", "kea-dhcp4-server")
        return [Program(found.path, found.environment | {
            "KEA_LOCKFILE_DIR": str(self.folder), "KEA_PIDFILE_DIR": str(self.folder),
            "KEA_LFC_EXECUTABLE": program("kea-lfc", "kea-dhcp4-server").path}), "-c", config]


SERVERS = (PixieDhcp, DnsmasqDhcp, KeaDhcp)


def exchanges(server, rate, seconds):
    """A Sample of that many exchanges in a second; those that were not completed have failed."""
    perfdhcp = program("perfdhcp", "kea-admin")
    command = [*server.wire.at_agent(), perfdhcp.path, "-4", "-l", AGENT, "-r", rate,
               "-R", MACHINES, "-p", seconds, "-W", "1000000", SERVER]

    def load():
        return subprocess.run([str(word) for word in command], env=perfdhcp.environment,
                              capture_output=True, text=True, check=False).stdout

    text, cpu = metered(server, load)
    figures = re.findall(r"sent packets: (\d+)\s+received packets: (\d+)", text)
    if len(figures) != 2:
        raise OSError(f"perfdhcp: {text.strip()[-300:]}")
    done = int(figures[1][1])
    return Sample(done, max(cpu, 1e-6), seconds, failed=int(figures[0][0]) - done)


@dataclasses.dataclass(frozen=True)
class Exchanges:
    """The load of a row: exchanges at a rate that every server stands."""
    rate: int
    seconds: int

    def __call__(self, server):
        return exchanges(server, self.rate, self.seconds)


def _stands(server, rate):
    sample = exchanges(server, rate, TRY_SECONDS)
    return sample.failed == 0 and sample.work >= 0.95 * rate * TRY_SECONDS


def highest_rate(server):
    """The most exchanges in a second of which none is lost; LAST_RATE is as fast as it is tried."""
    low, high = 0, FIRST_RATE
    while _stands(server, high):
        low, high = high, high * 2
        if high > LAST_RATE:
            return low
    for _ in range(BISECTIONS):
        middle = (low + high) // 2
        low, high = (middle, high) if _stands(server, middle) else (low, middle)
    return low
