"""The web hook (--webhook): the owner's automation hears each step."""

import json
import socket
import threading

from .api import call, tokens
from .case import case, check, equal
from .machines import fleet
from .network import CLIENT

COUNT = 20


class Hook:
    """A web server on the client's host that answers no request before release(); a context
    manager. `told` are the JSON bodies that came."""

    def __init__(self, bench):
        self._listening = bench.network.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listening.bind((CLIENT, 0))
        self._listening.listen(64)
        self.url = f"http://{CLIENT}:{self._listening.getsockname()[1]}/hook"
        self.told = []
        self.asked = threading.Event()
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._released.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def release(self):
        """From now on every request is answered."""
        self._released.set()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection):
        with connection.makefile("rb") as request:
            fields = dict(line.decode().rstrip().split(": ", 1)
                          for line in list(iter(request.readline, b"\r\n"))[1:])
            body = request.read(int(fields["Content-Length"]))
        self.asked.set()
        self._released.wait()
        self.told.append(json.loads(body))
        connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


def _assign(bench, pixie):
    """Assigns something to COUNT machines; returns their addresses."""
    macs = [f"52:54:00:ab:00:{number:02x}" for number in range(COUNT)]
    for mac in macs:
        call(bench, pixie, "PUT", f"machines/{mac}", {"profile": "disk"}, status=201)
    return macs


@case("webhook.stop")
def stop(bench):
    """pixie ends while messages wait: they are sent before it goes, in their order"""
    fleet(bench)
    with Hook(bench) as hook:
        pixie = bench.start(*tokens(bench), "--webhook", hook.url)
        macs = _assign(bench, pixie)
        check(hook.asked.wait(10), "the hook was not called")
        ending = threading.Thread(target=pixie.stop)
        ending.start()
        pixie.await_line(rb"pixie\.stopping")
        hook.release()
        ending.join()
    equal("told", [(message["event"], message["fields"]["mac"]) for message in hook.told],
          [("machine.assigned", mac) for mac in macs])


@case("webhook.stop-silent")
def stop_silent(bench):
    """nobody answers the messages that wait: pixie ends all the same, and says how many it left out"""
    fleet(bench)
    with Hook(bench) as hook:
        pixie = bench.start(*tokens(bench), "--webhook", hook.url)
        _assign(bench, pixie)
        check(hook.asked.wait(10), "the hook was not called")
        equal("status", pixie.stop(), 0)
    pixie.await_line(rb"webhook\.failed .*pixie ends.* count=%d" % COUNT)
