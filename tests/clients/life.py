"""pixie as a process: signals, reload, supervisors, privileges."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import sys
import time

from lab.process import Process

from . import tftp
from .case import Skip, Stopwatch, case, check, equal
from .http import Connection, get
from .network import SERVER, inside

NOBODY = 65534
NO_CAPABILITIES = "0" * 16


@case("life.sigterm")
def sigterm(bench):
    """SIGTERM with transfers under way: those that go on may finish; the end comes in under 3 s"""
    data, less = bench.file("file", 4_000_000), bench.file("less", 1_000_000)
    pixie = bench.start()
    with tftp.Client(bench.network, SERVER, pixie.tftp) as stuck, \
            tftp.Client(bench.network, SERVER, pixie.tftp) as moving, \
            Connection(bench, pixie, receive_buffer=4096) as download, \
            Connection(bench, pixie) as idle, Connection(bench, pixie) as half:
        stuck.ask("extra/file")
        stuck.data(1)
        moving.ask("extra/less", blksize=1400, windowsize=16)
        state = tftp.Download()
        moving.ack(state.take(moving.expect(tftp.OACK)))
        download.ask("/extra/file")
        download.head()
        first = download.read(1000)
        equal("status", idle.get("/").status, 200)
        half.send(b"GET / HTT")
        watch = Stopwatch()
        pixie.signal(signal.SIGTERM)
        pixie.await_line(rb"event=pixie\.stopping")
        while not state.complete:
            packet = moving.receive()
            check(packet, f"silence after {len(state.received)} bytes")
            if (answer := state.take(packet)) is not None:
                moving.ack(answer)
        equal("the file by TFTP", bytes(state.received), less)
        equal("the file by HTTP", first + download.read(len(data) - 1000), data)
        equal("the idle connection", idle.rest(), b"")
        equal("status", pixie.wait(5), 0)
        watch.check_below(3, "the end")


@case("life.signals-at-once")
def signals_at_once(bench):
    """signals that come as soon as pixie says that it is ready do what they do later, too"""
    for _ in range(10):
        pixie = bench.start()
        pixie.signal(signal.SIGHUP)
        pixie.await_line(rb"event=pixie\.reloaded")
        pixie.signal(signal.SIGTERM)
        equal("exit status", pixie.wait(3), 0)
        stopped = bench.start()
        stopped.signal(signal.SIGTERM)
        equal("exit status", stopped.wait(3), 0)


@case("life.sigint")
def sigint(bench):
    """SIGINT without transfers ends pixie at once, with status 0"""
    pixie = bench.start()
    watch = Stopwatch()
    pixie.signal(signal.SIGINT)
    equal("status", pixie.wait(3), 0)
    watch.check_below(1, "the end")


def menu_seconds(bench, pixie):
    """The menu's time-out, as the script has it."""
    script = get(bench, pixie, "/chain.ipxe").body.decode()
    return int(re.search(r"set menu-timeout:int32 (\d+)000\n", script).group(1))


@case("life.reload")
def reload(bench):
    """SIGHUP: a changed setting and folder come into force; a broken file changes nothing"""
    config = bench.folder / "pixie.toml"
    other = bench.scripts / "other"
    bench.file("x.ipxe", b"other", other)
    bench.file("x.ipxe", b"first", bench.scripts)
    config.write_text(f'menu-timeout = 20\nscripts = "{bench.scripts}"\n')
    pixie = bench.start(command=[bench.program, "-t", "0.0.0.0:0", "-u", "0.0.0.0:0", "--config",
                                 config])
    equal("at first", menu_seconds(bench, pixie), 20)
    with Connection(bench, pixie) as connection:
        config.write_text(f'menu-timeout = 33\nscripts = "{other}"\n')
        pixie.signal(signal.SIGHUP)
        pixie.await_line(rb"event=pixie\.reloaded")
        equal("reloaded", menu_seconds(bench, pixie), 33)
        equal("the other folder", connection.get("/ipxe/x.ipxe").body, b"other")
        for broken in ("menu-timeout = 3x", "menu-timeout = -1", 'scripts = "/not/there"',
                       "nonsense = 1"):
            config.write_text(broken)
            pixie.signal(signal.SIGHUP)
            pixie.await_line(rb"event=pixie\.reload_failed reason=")
            equal(f"after {broken}", menu_seconds(bench, pixie), 33)
        equal("the other folder, still", connection.get("/ipxe/x.ipxe").body, b"other")


@case("life.reload-storm")
def reload_storm(bench):
    """many SIGHUPs during downloads and transfers: all bytes right"""
    data = bench.file("file", 3_000_000)
    pixie = bench.start()
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        for _ in range(20):
            pixie.signal(signal.SIGHUP)
            equal("by HTTP", get(bench, pixie, "/extra/file").body, data)
            equal("by TFTP", client.fetch("extra/file", blksize=1400, windowsize=16), data)
    pixie.await_line(rb"event=pixie\.reloaded")


def _notified(bench, address, environment_value):
    """The states that a service manager at that address hears from a pixie's whole life."""
    with inside(bench.network.server):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with manager:
        manager.settimeout(10)
        manager.bind(address)
        if not environment_value.startswith("@"):
            os.chmod(address, 0o777)
        pixie = bench.start(environment=os.environ | {"NOTIFY_SOCKET": environment_value})
        heard = [manager.recv(1000).decode()]
        pixie.signal(signal.SIGHUP)
        pixie.await_line(rb"event=pixie\.reloaded")
        heard += [manager.recv(1000).decode() for _ in range(2)]
        pixie.signal(signal.SIGTERM)
        heard.append(manager.recv(1000).decode())
        equal("exit status", pixie.wait(3), 0)
        return [state.split("\n")[0] for state in heard]


@case("life.notify")
def notify(bench):
    """sd_notify: READY, RELOADING and READY, STOPPING, to a path and to an abstract address"""
    wanted = ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]
    path = str(bench.folder / "notify")
    equal("by path", _notified(bench, path, path), wanted)
    name = f"pixie-test-{os.getpid()}"
    equal("abstract", _notified(bench, "\0" + name, "@" + name), wanted)


# As a supervisor does it (sd_listen_fds(3)): its two sockets become 3 and 4.
HAND_OVER = """
import os, sys
for number, aside in zip(sys.argv[1:3], (100, 101)):
    os.dup2(int(number), aside)
for aside, wanted in ((100, 3), (101, 4)):
    os.dup2(aside, wanted)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2")
os.closerange(5, 200)
os.execv(sys.argv[3], sys.argv[3:])
"""


@case("life.listen-fds")
def listen_fds(bench):
    """sockets from a supervisor (LISTEN_FDS), privileged ports without root; the menu names them"""
    data = bench.file("file", 100_000)
    with contextlib.ExitStack() as stack:
        with inside(bench.network.server):
            udp = stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
            tcp = stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_STREAM))
        for end in (udp, tcp):
            end.bind(("::", 0))
        tcp.listen()
        numbers = (udp.fileno(), tcp.fileno())
        pixie = bench.start(
            command=["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups",
                     sys.executable, "-c", HAND_OVER, *numbers, bench.program, "--threads", "3",
                     "-e", bench.extra], descriptors=numbers)
        ports = udp.getsockname()[1], tcp.getsockname()[1]
    equal("ports", (pixie.tftp, pixie.http), ports)
    for _ in range(8):
        with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
            equal("by TFTP", client.fetch("extra/file", blksize=1400, windowsize=8), data)
        equal("by HTTP", get(bench, pixie, "/extra/file").body, data)
    script = get(bench, pixie, "/chain.ipxe").body.decode()
    check(f"set pixie http://{SERVER}:{pixie.http}\n" in script, f"the menu names another port: "
          f"{re.findall('set pixie .*', script)}")


@case("life.socket-activate")
def socket_activate(bench):
    """systemd-socket-activate starts pixie at the first connection"""
    program = shutil.which("systemd-socket-activate")
    if not program:
        raise Skip("systemd-socket-activate is not installed (package systemd)")
    with inside(bench.network.server), socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        port = probe.getsockname()[1]
    manager = Process(bench.network.server,
                      [program, "-l", f"{SERVER}:{port}", bench.program, "-t", "0.0.0.0:0",
                       "-e", bench.extra], bench.folder / "manager.log")
    try:
        data = bench.file("file", 5000)
        manager.transcript.wait_for(rb"Listening on", time.monotonic() + 10)
        done = bench.run("curl", "-sS", "--max-time", "10", f"http://{SERVER}:{port}/extra/file",
                         "-o", "got")
        equal(done.stderr, bench.downloaded(), data)
        manager.transcript.wait_for(rb"event=pixie\.ready", time.monotonic() + 10)
    finally:
        status = manager.stop()
    equal("status", status, 0)


def status_of(pid):
    """The user, group, further groups and capabilities of all threads of a process."""
    found = set()
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        lines = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines())
        uids, gids = set(lines["Uid"].split()), set(lines["Gid"].split())
        found.add((" ".join(uids), " ".join(gids), lines["Groups"].strip(), lines["CapEff"]))
    return found


@case("life.privileges")
def privileges(bench):
    """started as root it becomes nobody, in every thread, without capabilities; or --user"""
    bench.file("file", 10)
    pixie = bench.start()
    equal("nobody", status_of(pixie.pid), {(str(NOBODY), str(NOBODY), "", NO_CAPABILITIES)})
    daemon = bench.start("--user", "daemon")
    equal("daemon", status_of(daemon.pid), {("1", "1", "", NO_CAPABILITIES)})
    root = bench.start("--user", "root")
    equal("root", {entry[0] for entry in status_of(root.pid)}, {"0"})
    equal("and it serves", get(bench, daemon, "/extra/file").status, 200)


@case("life.stays-root")
def stays_root(bench):
    """a folder that only root can read: it stays root, and says so; with --user it does not"""
    bench.file("file", 10)
    bench.extra.chmod(0o700)
    pixie = bench.start()
    said = rb"event=pixie\.advice .*Stays root, because nobody can't read"
    check(pixie.logged(said), "it doesn't say so")
    equal("user", {entry[0] for entry in status_of(pixie.pid)}, {"0"})
    equal("the file", get(bench, pixie, "/extra/file").status, 200)
    chosen = bench.start("--user", "nobody")
    check(chosen.logged(rb"event=pixie\.advice .*will not be served"), "it doesn't say so")
    equal("user", {entry[0] for entry in status_of(chosen.pid)}, {str(NOBODY)})
    equal("the file", get(bench, chosen, "/extra/file").status, 403)
    (bench.extra / "file").chmod(0o600)
    bench.extra.chmod(0o755)
    inner = bench.start()
    check(inner.logged(said), "it doesn't say so of a file in the folder")


@case("life.without-root")
def without_root(bench):
    """an ordinary user can run it on high ports"""
    data = bench.file("file", 3000)
    pixie = bench.start(wrapper=("setpriv", "--reuid", "1", "--regid", "1", "--clear-groups"))
    equal("user", {entry[0] for entry in status_of(pixie.pid)}, {"1"})
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        equal("by TFTP", client.fetch("extra/file"), data)
    equal("by HTTP", get(bench, pixie, "/extra/file").body, data)
