"""What pixie can't do any more once it serves: capabilities, files, system calls; and its watchdog."""

import contextlib
import ctypes
import os
import pathlib
import re
import signal
import socket
import time

from .case import Skip, Stopwatch, case, check, equal
from .http import get
from .life import NO_CAPABILITIES
from .network import inside

SHADOW = "/etc/shadow"
# Linux' <sys/ptrace.h> and <bits/waitflags.h>
SEIZE, INTERRUPT, DETACH, WAIT_ALL = 0x4206, 0x4207, 17, 0x40000000
# epoll_wait and epoll_pwait of x86-64, epoll_pwait of arm64
EPOLL_CALLS = {"232", "281"} if os.uname().machine == "x86_64" else {"22"}


def _plain_build(bench):
    if re.search(rb"__(asan|tsan)_init", bench.program.read_bytes()):
        raise Skip("a build with a sanitizer has neither Landlock nor seccomp, and says so")


def _status(path):
    return dict(line.split(":\t", 1) for line in path.read_text().splitlines())


@case("sandbox.in-force")
def in_force(bench):
    """every thread, and the process that reads settings: no capabilities, no way back, a filter"""
    _plain_build(bench)
    pixie = bench.start("--sandbox", "on")
    found = re.search(r"event=pixie\.sandboxed user=(\S+) capabilities=(\S+) landlock=(\S+) "
                      r"seccomp=(\S+)", pixie.transcript.tail(100))
    check(found, "the log does not say what is in force")
    equal("told", (found[1], found[2], found[4]), ("65534", "none", "refuses"))
    check(int(found[3]) >= 1, f"Landlock {found[3]!r}")
    tasks = list(pathlib.Path(f"/proc/{pixie.pid}/task").iterdir())
    children = {child for task in tasks for child in (task / "children").read_text().split()}
    equal("processes of its own", len(children), 1)
    tasks += [pathlib.Path("/proc", child) for child in children]
    check(len(tasks) > 5, f"only {len(tasks)} threads")
    for task in tasks:
        status = _status(task / "status")
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            equal(f"{name} of {status['Name']}", status[name], NO_CAPABILITIES)
        equal(f"no_new_privs, seccomp of {status['Name']} {task}",
              (status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))


@case("sandbox.root")
def of_root(bench):
    """a root that stays root keeps the capabilities for files of others, and no more"""
    pixie = bench.start("--user", "root")
    status = _status(pathlib.Path(f"/proc/{pixie.pid}/status"))
    # CAP_CHOWN, CAP_DAC_OVERRIDE and CAP_FOWNER are 0, 1 and 3 (capabilities(7)).
    for name in ("CapPrm", "CapEff", "CapBnd"):
        equal(name, int(status[name], 16), 0b1011)
    equal("no_new_privs", status["NoNewPrivs"], "1")


@case("sandbox.off")
def off(bench):
    """--sandbox off: no filter, one process, and the log says so"""
    pixie = bench.start("--sandbox", "off")
    check(pixie.logged(rb'event=pixie\.sandboxed .*landlock="off: --sandbox off"'), "not told")
    status = _status(pathlib.Path(f"/proc/{pixie.pid}/status"))
    equal("no_new_privs, seccomp", (status["NoNewPrivs"], status["Seccomp"]), ("0", "0"))


@case("sandbox.stops")
def stops(bench):
    """files beside the folders, links out of them, and programs are out of reach, even of root"""
    _plain_build(bench)
    state = bench.folder / "state"
    for folder in (state, bench.scripts / "images"):
        folder.mkdir()
    bench.file("own", b"own", bench.scripts)
    bench.file("beside", b"secret", bench.folder)
    (bench.scripts / "link").symlink_to(bench.folder / "beside")

    def outcome(mode, action, path):
        done = bench.refused("sandbox", action, path, "-d", bench.scripts, "--state", state,
                             "--user", "root", "--sandbox", mode)
        return done.returncode, done.stdout + done.stderr

    done, denied, refused = "not stopped", "Permission denied", "Operation not permitted"
    for action, path, wanted in (
            ("read", SHADOW, denied), ("read", bench.folder / "beside", denied),
            ("read", bench.scripts / "link", denied), ("read", bench.scripts / "own", done),
            ("read", "/etc/passwd", denied), ("read", f"/proc/{os.getpid()}/environ", denied),
            ("write", bench.folder / "new", denied), ("write", bench.folder / "beside", denied),
            ("write", bench.scripts / "new", denied), ("write", bench.scripts / "own", denied),
            ("write", state / "new", done), ("write", bench.scripts / "images" / "new", done),
            ("run", "/bin/true", refused)):
        status, text = outcome("on", action, path)
        equal(f"{action} {path}: {text}", (status, wanted in text), (int(wanted != done), True))
        if action == "run":
            equal("run, strictly", outcome("strict", action, path)[0], -signal.SIGSYS)
        status, text = outcome("off", action, path)
        equal(f"{action} {path} without it: {text}", status, 0)


@case("sandbox.reload")
def reload(bench):
    """files of settings that an editor replaced are read again; a folder that is new is refused"""
    _plain_build(bench)
    config, tokens = bench.folder / "pixie.toml", bench.folder / "tokens"
    for folder in (bench.folder / "new", bench.extra / "within"):
        folder.mkdir()
        bench.file("x.ipxe", b"other", folder)
    bench.file("x.ipxe", b"first", bench.scripts)

    def write(path, text):
        beside = path.with_suffix(".new")
        beside.write_text(text)
        beside.replace(path)

    def reloaded(pixie, scripts, token, event):
        write(config, f'scripts = "{scripts}"\n')
        write(tokens, f"{token} write\n")
        pixie.signal(signal.SIGHUP)
        return pixie.await_line(rb"event=pixie\." + event + rb" .*\n")[0]

    write(config, f'scripts = "{bench.scripts}"\n')
    write(tokens, "token-number-one write\n")
    pixie = bench.start(command=[bench.program, "-t", "0.0.0.0:0", "-u", "0.0.0.0:0", "-e",
                                 bench.extra, "--config", config, "--api-tokens", tokens])

    def answers(token):
        done = bench.run("curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "-H",
                         f"Authorization: Bearer {token}", bench.url(pixie, "api/v1/machines"))
        return done.stdout

    reloaded(pixie, bench.extra / "within", "token-number-two", rb"reloaded")
    equal("a folder within another", get(bench, pixie, "/ipxe/x.ipxe").body, b"other")
    equal("tokens", (answers("token-number-one"), answers("token-number-two")), ("401", "200"))
    line = reloaded(pixie, bench.folder / "new", "token-number-three", rb"reload_failed")
    check(b"--scripts" in line and b"restart pixie" in line, line)
    equal("the folder, still", get(bench, pixie, "/ipxe/x.ipxe").body, b"other")
    equal("tokens, still", answers("token-number-two"), "200")


@contextlib.contextmanager
def _stopped(thread):
    """Keeps a thread of another process from running."""
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    check(library.ptrace(SEIZE, thread, None, None) == 0, os.strerror(ctypes.get_errno()))
    library.ptrace(INTERRUPT, thread, None, None)
    os.waitpid(thread, WAIT_ALL)
    try:
        yield
    finally:
        library.ptrace(DETACH, thread, None, None)


def _loops(pixie, count):
    """The threads that wait for events, as soon as there are so many: one may be at work."""
    watch = Stopwatch()
    while True:
        loops = []
        for task in pathlib.Path(f"/proc/{pixie.pid}/task").iterdir():
            with contextlib.suppress(OSError):  # a thread that has ended
                if (task / "syscall").read_text().split()[0] in EPOLL_CALLS:
                    loops.append(int(task.name))
        if len(loops) == count:
            return loops
        watch.check_below(10, f"{len(loops)} loops where {count} must be: that")
        time.sleep(0.01)


@case("sandbox.unit")
def unit(bench):
    """systemd-analyze rates the unit's exposure at 2.0 of 10 at most"""
    unit_file = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "pixie.service"
    done = bench.run("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", unit_file)
    equal(f"the status, with {done.stdout[-200:]}", done.returncode, 0)


@case("sandbox.watchdog")
def watchdog(bench):
    """WATCHDOG=1 comes while all loops turn, in half of the time; one that hangs ends that"""
    path = str(bench.folder / "notify")
    with inside(bench.network.server):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with manager:
        manager.settimeout(10)
        manager.bind(path)
        os.chmod(path, 0o777)
        pixie = bench.start(environment=os.environ | {"NOTIFY_SOCKET": path,
                                                      "WATCHDOG_USEC": "1000000"})
        heard = [manager.recv(1000) for _ in range(3)]
        equal("at first", heard, [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"])
        with _stopped(_loops(pixie, 2)[1]):
            manager.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                while manager.recv(1000):
                    pass
            # Longer than two of its turns; one may have been under way when the loop stopped.
            manager.settimeout(2)
            late = []
            with contextlib.suppress(TimeoutError):
                while len(late) < 2:
                    late.append(manager.recv(1000))
            check(len(late) < 2, f"it still says {late}")
        manager.settimeout(10)
        equal("and on", manager.recv(1000), b"WATCHDOG=1")
        pixie.signal(signal.SIGTERM)
        while (state := manager.recv(1000)) != b"STOPPING=1":
            equal("before the end", state, b"WATCHDOG=1")
        equal("status", pixie.wait(3), 0)
