"""The loads: each runs on LOAD_CPU against one server and gives a Sample; all count what failed."""

import dataclasses
import http.client
import json
import pathlib
import re
import socket
import subprocess
import sys

import http_load
import servers

WRK_CONNECTIONS = 64


@dataclasses.dataclass
class Sample:
    """One run: `work` (MB or requests) for `cpu` seconds of the server, in `wall` seconds.

    `again` counts packets that a TFTP client sent again, `failed` the transfers or requests that
    were not answered in full.
    """
    work: float
    cpu: float
    wall: float
    again: int = 0
    failed: int = 0

    @property
    def figure(self):
        """Work per second of the server's CPU time."""
        return self.work / self.cpu


def _run(*command):
    """What the command prints; its failures are counted by what it says, not by its status."""
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, check=False)
    if not result.stdout:
        raise OSError(f"{command[0]} printed nothing (status {result.returncode})")
    return result.stdout.decode()


def metered(server, load):
    """The load's result and the CPU seconds that the server used for it."""
    before = server.quiet_cpu_seconds()
    result = load()
    return result, server.quiet_cpu_seconds() - before


@dataclasses.dataclass(frozen=True)
class Tftp:
    """`transfers` of one file by `clients` at once, every byte compared."""
    program: pathlib.Path
    file: str
    clients: int
    transfers: int
    windowsize: int = 1

    def command(self, server):
        """The load generator's command line."""
        return [self.program, "--port", server.tftp_port, "--file", self.file,
                "--expect", server.root / self.file, "--clients", self.clients,
                "--transfers", self.transfers, "--windowsize", self.windowsize]

    def result(self, server):
        """Runs it; the generator's JSON."""
        return json.loads(_run(*self.command(server)))

    def __call__(self, server):
        result, cpu = metered(server, lambda: self.result(server))
        for reason, count in result["failures"].items():
            print(f"  {server.name}: {count} transfers failed: {reason}", file=sys.stderr)
        return Sample(result["bytes"] / 1e6, cpu, result["seconds"], result["repeats"],
                      result["failed"])


@dataclasses.dataclass(frozen=True)
class SmallHttp:
    """Requests for the script from WRK_CONNECTIONS clients, for some seconds."""
    seconds: int
    keep_alive: bool

    def __call__(self, server):
        _check_script(server)
        return wrk(server, self.seconds, self.keep_alive, server.target(servers.SCRIPT))


def wrk(server, seconds, keep_alive, target, *options):
    """A Sample of requests by WRK_CONNECTIONS clients."""
    program = servers.program("wrk", "wrk")
    closing = [] if keep_alive else ["-H", "Connection: close"]
    text, cpu = metered(server, lambda: _run(
        program.path, "-t1", f"-c{WRK_CONNECTIONS}", f"-d{seconds}s", *closing, *options,
        f"{server.scheme}://127.0.0.1:{server.http_port}{target}"))
    requests, took = re.search(r"(\d+) requests in ([\d.]+)s", text).groups()
    failed = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", text)))
    failed += sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", text)))
    return Sample(int(requests), cpu, float(took), failed=failed)


def _check_script(server):
    """The server must give exactly the file, else its speed means nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port) if server.scheme == "http" else \
        http.client.HTTPSConnection("127.0.0.1", server.http_port, context=http_load.unverified())
    connection.request("GET", server.target(servers.SCRIPT))
    if connection.getresponse().read() != (server.root / servers.SCRIPT).read_bytes():
        raise OSError(f"{server.name} gives something else than the script")
    connection.close()


@dataclasses.dataclass(frozen=True)
class LargeHttp:
    """Whole downloads of the huge file."""
    clients: int
    rounds: int

    def __call__(self, server):
        program = pathlib.Path(__file__).with_name("http_load.py")
        size = (server.root / servers.HUGE).stat().st_size
        text, cpu = metered(server, lambda: _run(
            sys.executable, program, server.http_port, server.target(servers.HUGE), size, self.clients,
            self.rounds, server.scheme))
        result = json.loads(text)
        return Sample(result["bytes"] / 1e6, cpu, result["seconds"], failed=result["failed"])


def accepted_windowsize(program, server):
    """The window that a TFTP server agrees to when asked for 64."""
    return Tftp(program, servers.ROM, 1, 1, 64).result(server)["windowsize"]


def memory_with_transfers(program, server, count):
    """MB that the server holds while `count` transfers are open."""
    load = Tftp(program, servers.ROM, count, count)
    with subprocess.Popen([*map(str, load.command(server)), "--hold"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as child:
        result = json.loads(child.stdout.readline())
        if result["holding"] != count:
            raise OSError(f"{server.name} holds {result['holding']}: {result['failures']}")
        return server.group.memory_megabytes()


def memory_with_connections(server, count):
    """MB that the server holds while `count` HTTP connections are idle after one request each."""
    request = f"GET /{servers.SCRIPT} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    connections = []
    try:
        for _ in range(count):
            connections.append(socket.create_connection(("127.0.0.1", server.http_port)))
            connections[-1].sendall(request)
            connections[-1].recv(65536)
        return server.group.memory_megabytes()
    finally:
        for connection in connections:
            connection.close()
