"""How long pixie waits for HTTP clients. All waits of a case overlap."""

import select

from .case import Stopwatch, case, check, equal
from .cost import await_idle
from .http import Connection, get

# Seconds: a request may take 15, an idle connection and a client that takes nothing 60.
REQUEST, SILENCE, SLACK = 15, 60, 6


def wait_for_ends(connections, drip):
    """Seconds until each of the named connections ended; `drip` sends a byte to some, again and
    again, before each second."""
    watch, ends = Stopwatch(), {}
    poll = select.poll()
    names = {}
    for name, connection in connections.items():
        poll.register(connection.socket, select.POLLIN | select.POLLRDHUP)
        names[connection.socket.fileno()] = name
    while names and watch.seconds() < SILENCE + SLACK:
        for number, _ in poll.poll(1000):
            name = names[number]
            connection = connections[name]
            try:
                ended = not connection.socket.recv(4096)
            except ConnectionResetError:
                ended = True
            if ended:
                ends[name] = watch.seconds()
                poll.unregister(number)
                del names[number]
        drip([connections[name] for name in names.values()])
    return ends


@case("http.patience", slow=True)
def patience(bench):
    """slow headers, slow bodies and silence end a connection in time; others are served"""
    data = bench.file("file", 1000)
    pixie = bench.start()
    connections = {name: Connection(bench, pixie) for name in
                   ("half a header", "slow header", "slow body", "silent", "idle")}
    connections["half a header"].send(b"GET /extra/file HT")
    connections["slow header"].send(b"GET /extra/file HTTP/1.1\r\nX: ")
    connections["slow body"].ask("/extra/file", "Content-Length: 50000")
    equal("before idling", connections["idle"].get("/extra/file").body, data)
    slow = (connections["slow header"], connections["slow body"])

    def drip(left):
        for connection in slow:
            if connection in left:
                connection.send(b"x")
        equal("another client", get(bench, pixie, "/extra/file").status, 200)

    ends = wait_for_ends(connections, drip)
    for name, limit in {"half a header": REQUEST, "slow header": REQUEST, "slow body": REQUEST,
                        "silent": SILENCE, "idle": SILENCE}.items():
        check(name in ends, f"{name}: still open after {SILENCE + SLACK} s")
        check(limit - 1 < ends[name] < limit + SLACK,
              f"{name}: ended after {ends[name]:.1f} s where {limit} s are allowed")
    await_idle(bench, pixie)


@case("http.stalled-reader", slow=True)
def stalled_reader(bench):
    """a client that takes nothing for 60 s is given up, and the file is closed"""
    data = bench.file("file", 20_000_000)
    pixie = bench.start()
    with Connection(bench, pixie, receive_buffer=4096) as connection:
        connection.ask("/extra/file")
        connection.head()
        watch = Stopwatch()
        pixie.await_line(rb"event=http\.aborted .*took nothing", SILENCE + SLACK)
        check(watch.seconds() > SILENCE - 5, f"given up after {watch.seconds():.1f} s already")
        check(len(connection.rest()) < len(data), "all of it came")
    await_idle(bench, pixie)
