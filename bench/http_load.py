#!/usr/bin/python3
"""http_load.py PORT PATH SIZE CLIENTS ROUNDS http|https: large downloads by several clients at once.

Each client fetches the whole file ROUNDS times, one connection for each. Prints JSON: the bytes of
bodies, the downloads that were complete (exactly SIZE bytes, status 200) and those that were not.
Certificates are not verified.
"""

import json
import selectors
import socket
import ssl
import sys
import time

BUFFER_BYTES = 1 << 20


class Download:
    """One request on a connection of its own."""

    def __init__(self, port, path, tls):
        self.socket = socket.create_connection(("127.0.0.1", port))
        if tls:
            self.socket = tls.wrap_socket(self.socket)
        self._pending = self.socket.pending if tls else lambda: 0
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
                            .encode())
        self.body_bytes = 0
        self._head = b""

    def receive(self, buffer):
        """Takes what has come; false at the end."""
        while count := self.socket.recv_into(buffer):
            self._take(buffer, count)
            if not self._pending():
                return True
        return False

    def _take(self, buffer, count):
        if b"\r\n\r\n" in self._head:
            self.body_bytes += count
            return
        self._head += bytes(buffer[:count])
        head, end, body = self._head.partition(b"\r\n\r\n")
        if end:
            self._head = head + end
            self.body_bytes = len(body)

    def succeeded(self, size):
        """Whether the answer was the whole file."""
        return self._head.startswith(b"HTTP/1.1 200 ") and self.body_bytes == size


def unverified():
    """TLS with whoever answers."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def main(port, path, size, clients, rounds, tls):
    """Downloads and prints."""
    buffer = memoryview(bytearray(BUFFER_BYTES))
    selector = selectors.DefaultSelector()
    waiting = clients * rounds
    result = {"completed": 0, "failed": 0, "bytes": 0}

    def begin():
        nonlocal waiting
        if waiting > 0:
            waiting -= 1
            download = Download(port, path, tls)
            selector.register(download.socket, selectors.EVENT_READ, download)

    began = time.monotonic()
    for _ in range(clients):
        begin()
    while selector.get_map():
        for key, _ in selector.select():
            download = key.data
            if download.receive(buffer):
                continue
            selector.unregister(download.socket)
            download.socket.close()
            result["bytes"] += download.body_bytes
            result["completed" if download.succeeded(size) else "failed"] += 1
            begin()
    result["seconds"] = time.monotonic() - began
    print(json.dumps(result))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6]),
         unverified() if sys.argv[6] == "https" else None)
