"""The servers that the mirror fetches from: one in Python that misbehaves on demand, and nginx."""

import contextlib
import dataclasses
import email.utils
import http.server
import pathlib
import socket
import subprocess
import threading
import time
import urllib.parse

from lab.process import Process

from .case import Failure
from .network import inside

PIECE = 64 * 1024
SECONDS = 30


@dataclasses.dataclass
class Page:
    """A file of the upstream. What is not given is as a good server does it."""
    data: bytes
    etag: str | None = '"1"'
    modified: float | None = None
    fields: tuple[str, ...] = ()
    status: int = 200
    #: whether Content-Length is sent; and what is said instead of the truth
    length: bool = True
    claimed: int | None = None
    #: how many bytes of the body each of the next requests gets before the connection is cut
    cuts: list[int] = dataclasses.field(default_factory=list)
    #: at these bytes of the file the sender waits for the event; and for this one before all else
    gates: dict[int, threading.Event] = dataclasses.field(default_factory=dict)
    hold: threading.Event | None = None
    #: bytes a second
    rate: int | None = None
    chunked: bool = False
    #: whether a range is given although If-Range speaks of another file
    careless: bool = False
    #: all that a 304 says, if it does not repeat the file's fields
    known: tuple[str, ...] | None = None

    @property
    def date(self):
        """What Last-Modified says."""
        return email.utils.formatdate(self.modified, usegmt=True) if self.modified else None


class Upstream:
    """A web server in a namespace, on one port of 127.0.0.1; a context manager. `pages` may be
    changed at any time; `requests` are (method, path, fields), `answered` the paths of those that are over."""

    def __init__(self, namespace, address="127.0.0.1"):
        self.pages, self.requests, self.answered = {}, [], []
        self.lock = threading.Lock()
        upstream = self

        class Handler(_Handler):
            """Serves this upstream's pages."""
            owner = upstream

        with inside(namespace):
            listening = socket.create_server((address, 0), backlog=128)
        self._server = http.server.ThreadingHTTPServer(listening.getsockname(), Handler,
                                                       bind_and_activate=False)
        self._server.daemon_threads = True
        self._server.socket.close()
        self._server.socket = listening
        self.port = listening.getsockname()[1]
        self.host = f"{address}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever,
                                        kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """No connection is taken any more."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def path(self, name):
        """Where the mirror has a file of this server."""
        return f"/mirror/http/{self.host}/{name}"

    def asked(self, name):
        """The fields of the requests for a file."""
        with self.lock:
            return [fields for _, path, fields in self.requests if path == f"/{name}"]

    def await_requests(self, name, count):
        """Waits until so many came."""
        _await(lambda: len(self.asked(name)) >= count,
               lambda: f"{len(self.asked(name))} requests for {name}, not {count}")

    def await_answered(self, name):
        """Waits until a request for that file is over."""
        _await(lambda: f"/{name}" in self.answered, lambda: f"no answer for {name} is over")


def _await(condition, complaint):
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(complaint())
        time.sleep(0.01)


class _Cut(Exception):
    """The connection is to end here."""


class _Handler(http.server.BaseHTTPRequestHandler):
    owner = None
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):  # (its name in the base class)
        pass

    def do_GET(self):  # pylint: disable=invalid-name
        """Answers, or cuts the connection."""
        with self.owner.lock:
            path = urllib.parse.unquote(self.path)
            self.owner.requests.append((self.command, path, dict(self.headers.items())))
            page = self.owner.pages.get(path.lstrip("/"))
        self.close_connection = True
        if page is None:
            self.send_error(404)
            return
        with contextlib.suppress(_Cut, OSError):
            self._answer(page)
        self.owner.answered.append(path)

    do_HEAD = do_GET

    def _answer(self, page):
        if page.hold:
            page.hold.wait(SECONDS)
        cut = page.cuts.pop(0) if page.cuts else None
        first = self._first(page)
        if self._is_known(page):
            bare = page.known is not None
            self._head(304, Page(b"", None, None, page.known) if bare else page, ())
            return
        status = 206 if first else page.status
        size = len(page.data)
        fields = [f"Content-Range: bytes {first}-{size - 1}/{size}"] if first else []
        if page.chunked:
            fields.append("Transfer-Encoding: chunked")
        elif page.length:
            fields.append(f"Content-Length: {page.claimed or size - first}")
        self._head(status, page, fields)
        self._body(page, first, cut)

    def _head(self, status, page, fields):
        lines = [f"HTTP/1.1 {status} text", *fields, *page.fields, "Connection: close"]
        if page.etag:
            lines.append(f"ETag: {page.etag}")
        if page.date:
            lines.append(f"Last-Modified: {page.date}")
        lines.append(f"Date: {email.utils.formatdate(usegmt=True)}")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode())

    def _first(self, page):
        asked, ours = self.headers.get("Range", ""), page.etag or page.date
        is_other = self.headers.get("If-Range", ours) != ours and not page.careless
        if not asked.startswith("bytes=") or is_other:
            return 0
        return int(asked.removeprefix("bytes=").split("-")[0])

    def _is_known(self, page):
        known = self.headers.get("If-None-Match")
        if known is not None:
            return known == page.etag
        since = self.headers.get("If-Modified-Since")
        return bool(since and page.modified and page.etag is None and
                    email.utils.parsedate_to_datetime(since).timestamp() >= int(page.modified))

    def _body(self, page, first, cut):
        at = first
        marks = sorted(page.gates)
        while at < len(page.data):
            if at in page.gates:
                page.gates[at].wait(SECONDS)
            gate = next((mark for mark in marks if mark > at), len(page.data))
            end = min(at + PIECE, gate, len(page.data))
            if cut is not None:
                end = min(end, first + cut)
            if end == at:
                raise _Cut
            self._send(page, page.data[at:end])
            if page.rate:
                time.sleep((end - at) / page.rate)
            at = end
        if page.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _send(self, page, piece):
        if page.chunked:
            piece = b"%x\r\n%s\r\n" % (len(piece), piece)
        self.wfile.write(piece)


NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  sendfile on;
  server {{ listen {address}:{port}; root {root}; }}
  server {{ listen {address}:{secure} ssl; root {root};
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key; }}
}}
"""


class Nginx:
    """nginx in a namespace, serving `root` over HTTP and, with a certificate of its own authority
    (`authority`, a PEM file), over HTTPS; a context manager."""

    def __init__(self, namespace, folder, name="127.0.0.1"):
        self.folder, self.namespace = pathlib.Path(folder), namespace
        self.root = self.folder / "root"
        self.root.mkdir(parents=True)
        self.folder.chmod(0o755)
        self.authority = self.folder / "authority.pem"
        self._name = name
        with inside(namespace):
            probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.port, self.secure = (probe.getsockname()[1] for probe in probes)
        for probe in probes:
            probe.close()
        self._process = None

    def __enter__(self):
        self._make_certificates()
        config = self.folder / "nginx.conf"
        config.write_text(NGINX.format(folder=self.folder, root=self.root, address="127.0.0.1",
                                      port=self.port, secure=self.secure))
        self._process = Process(self.namespace, ["nginx", "-c", config], self.folder / "nginx.log")
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise Failure(f"nginx did not start: {self._process.transcript.tail(10)}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends it."""
        if self._process:
            self._process.stop()
            self._process = None

    def _answers(self):
        with inside(self.namespace), socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.secure)) == 0

    def _make_certificates(self):
        def openssl(*arguments):
            subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                           cwd=self.folder)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", "authority.key", "-out", self.authority, "-days", 2,
                "-subj", "/CN=pixie test authority")
        kind = "IP" if self._name[0].isdigit() else "DNS"
        (self.folder / "names").write_text(f"subjectAltName={kind}:{self._name}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=upstream")
        openssl("x509", "-req", "-in", "server.csr", "-CA", self.authority, "-CAkey",
                "authority.key", "-out", "server.pem", "-days", 2, "-extfile", "names")
        for name in ("server.key", "authority.key"):
            (self.folder / name).chmod(0o644)

    def requests(self, name):
        """How many requests came for a file, by its access log."""
        return (self.folder / "access.log").read_text().count(f" /{name} HTTP")
