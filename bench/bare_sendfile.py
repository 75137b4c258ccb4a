#!/usr/bin/python3
"""bare_sendfile.py PORT FILE: gives FILE to whoever connects and says something, by sendfile(2) and nothing else.

What a kernel makes of a file on one processor: no server can do it for less.
"""

import os
import socket
import sys
import threading


def serve(connection, path):
    """One request, whatever it is."""
    with connection, open(path, "rb") as file:
        connection.recv(65536)
        size = os.fstat(file.fileno()).st_size
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        offset = 0
        while offset < size:
            offset += os.sendfile(connection.fileno(), file.fileno(), offset, size - offset)


def main():
    """Until it is killed."""
    port, path = sys.argv[1:]
    with socket.create_server(("127.0.0.1", int(port))) as listening:
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=serve, args=(connection, path), daemon=True).start()


if __name__ == "__main__":
    main()
