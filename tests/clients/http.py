"""HTTP by bare sockets: what is sent is the caller's, byte by byte."""

import contextlib
import dataclasses
import re
import socket

from .case import check, equal
from .network import SERVER, family_of, url_host

SECONDS = 10


@dataclasses.dataclass(frozen=True)
class Response:
    """A response; the names of its fields are in lower case."""
    status: int
    fields: dict[str, str]
    body: bytes


class Connection:
    """One connection to pixie's HTTP port; a context manager."""

    def __init__(self, bench, pixie, host=SERVER, receive_buffer=None):
        self.host = f"{url_host(host)}:{pixie.http}"
        self.socket = bench.network.socket(family_of(host), socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(SECONDS)
        self.socket.connect((host, pixie.http))
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends bytes as they are."""
        self.socket.sendall(data)

    def ask(self, target, *fields, method="GET", version="1.1"):
        """Sends a request; each field is a line."""
        lines = [f"{method} {target} HTTP/{version}", f"Host: {self.host}", *fields, "", ""]
        self.send("\r\n".join(lines).encode())

    def _more(self):
        data = self.socket.recv(1 << 16)
        self._buffer += data
        return bool(data)

    def head(self):
        """The status and fields of the next response; its body is still to be read."""
        while b"\r\n\r\n" not in self._buffer:
            check(self._more(), f"the connection ended; what had come: {self._buffer[:200]!r}")
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        found = re.fullmatch(r"HTTP/1\.1 (\d\d\d) \S.*", first)
        check(found, f"a bad status line: {first!r}")
        fields = {}
        for line in lines:
            name, colon, value = line.partition(": ")
            check(colon and name.lower() not in fields, f"a bad field: {line!r}")
            fields[name.lower()] = value
        return int(found.group(1)), fields

    def read(self, size):
        """So many bytes of a body; fewer if the connection ends before."""
        pieces = [self._buffer[:size]]
        self._buffer = self._buffer[size:]
        missing = size - len(pieces[0])
        while missing and (data := self.socket.recv(min(missing, 1 << 20))):
            pieces.append(data)
            missing -= len(data)
        return b"".join(pieces)

    def response(self, to="GET"):
        """The next response, whole."""
        status, fields = self.head()
        if to == "HEAD" or status in (100, 204, 304):
            return Response(status, fields, b"")
        size = int(fields["content-length"])
        body = self.read(size)
        equal("length of the body", len(body), size)
        return Response(status, fields, body)

    def get(self, target, *fields, method="GET", version="1.1"):
        """Asks, and returns the response."""
        self.ask(target, *fields, method=method, version=version)
        return self.response(method)

    def rest(self):
        """What still comes, until the server closes."""
        pieces, self._buffer = [self._buffer], b""
        with contextlib.suppress(ConnectionResetError):
            while data := self.socket.recv(1 << 20):
                pieces.append(data)
        return b"".join(pieces)


def get(bench, pixie, target, *fields, method="GET", host=SERVER):
    """One request on a connection of its own."""
    with Connection(bench, pixie, host) as connection:
        return connection.get(target, *fields, method=method)


def status_of(bench, pixie, data):
    """Sends bytes; the statuses of all responses that come before the server closes."""
    with Connection(bench, pixie) as connection:
        connection.send(data)
        connection.socket.shutdown(socket.SHUT_WR)
        text = connection.rest()
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d\d\d) ", text)]
