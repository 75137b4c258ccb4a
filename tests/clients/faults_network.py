"""HTTP and DHCP over bad wires, and paths that swallow large packets; interfaces that go and come.

TFTP's own cases are in tftp_faults. Every byte must be right; the times are told.
"""

import functools
import re
import time

from lab.process import Process

from . import tftp
from .case import Stopwatch, check, equal, register
from .clients_http import url_of
from .clients_tftp import fetch
from .dhcp import SCRIPT
from .network import SERVER, run

HOLE = 1280  # bytes that an IP packet may have
WIRES = {
    "loss1": ("loss=1",), "loss5": ("loss=5",), "loss20": ("loss=20",),
    "double10": ("double=10",), "reordered": ("late=10", "delay=2"), "delay200": ("delay=200",),
    "all": ("loss=3", "double=5", "late=5", "delay=1"), "hole": (f"hole={HOLE}",),
}
# With 20 % lost each way TCP waits ever longer.
BYTES = {"loss20": 100_000}
USUAL_BYTES = 400_000
SECONDS = 120
POOL = "10.78.0.100-10.78.0.110"
IN_POOL = re.compile(r"10\.78\.0\.1(0\d|10)")
DHCLIENT = "initial-interval 1;\nbackoff-cutoff 2;\ntimeout 100;\nrequest subnet-mask;\n"


def _probe_mtu(bench):
    """TCP alone finds out what a black hole lets pass, if the sender's kernel is told to look (RFC 4821)."""
    for host in (bench.network.server, bench.network.client):
        run("ip", "netns", "exec", host, "sysctl", "-q", "-w", "net.ipv4.tcp_mtu_probing=1")


def _http(wire, bench):
    _probe_mtu(bench)
    data = bench.file("file", BYTES.get(wire, USUAL_BYTES))
    pixie = bench.start()
    watch = Stopwatch()
    done = bench.run("curl", "-sS", "-f", "--max-time", SECONDS, "-o", "got",
                     url_of(pixie, "extra/file"), timeout=SECONDS + 10)
    equal(f"the file ({done.stderr})", bench.downloaded(), data)
    bench.tell(f"{len(data)} bytes in {watch.seconds():.1f} s")
    (bench.folder / "client" / "half").write_bytes(data[:len(data) // 2])
    watch = Stopwatch()
    done = bench.run("curl", "-sS", "-f", "--max-time", SECONDS, "-C", "-", "-o", "half",
                     url_of(pixie, "extra/file"), timeout=SECONDS + 10)
    equal(f"the rest ({done.stderr})", bench.downloaded("half"), data)
    bench.tell(f"the second half alone in {watch.seconds():.1f} s")


def _dhcp(wire, bench):
    pixie = bench.start("--dhcp", "server", "--dhcp-range", POOL, "--interface", "eth0",
                        "--dhcp-force")
    told = bench.folder / "told"
    script = bench.folder / "script"
    # It keeps the host's address: only what was told counts.
    script.write_text(re.sub(r"case.*", "", SCRIPT.replace("LOG", str(told)), flags=re.S))
    script.chmod(0o755)
    config = bench.folder / "dhclient.conf"
    config.write_text(DHCLIENT)
    clients = {
        "udhcpc": ("busybox", "udhcpc", "-i", "eth0", "-s", script, "-n", "-q", "-t", "30",
                   "-T", "1"),
        "dhclient": ("dhclient", "-4", "-1", "-d", "-cf", config, "-sf", script, "-lf",
                     bench.folder / "leases", "-pf", bench.folder / "pid", "eth0"),
    }
    for name, command in clients.items():
        watch = Stopwatch()
        if name == "dhclient":
            _until_bound(bench, command)
        else:
            done = bench.run(*command, timeout=SECONDS)
            equal(f"{name} over {wire} ({done.stderr})", done.returncode, 0)
        line = told.read_text().rstrip().split("\n")[-1]
        check(IN_POOL.search(line), f"{name} was told: {line}")
        bench.tell(f"{name} has its address after {watch.seconds():.1f} s")
    check(not pixie.logged(rb"level=error"), "an error is logged")


def _until_bound(bench, command):
    """Runs dhclient, which stays to renew, until it has an address."""
    client = Process(bench.network.client, command, bench.folder / "dhclient.log")
    try:
        client.transcript.wait_for(rb"bound to ", time.monotonic() + SECONDS)
    finally:
        client.stop()


def _tftp_hole(bench):
    """a path that swallows large packets: blocks of 512 bytes pass, larger ones end in silence"""
    data = bench.file("file", 60_000)
    pixie = bench.start()
    for program, options in (("hpa", ()), ("curl", ("--tftp-no-options",)), ("busybox", ()),
                             ("atftp", ()), ("atftp", ("--option", "blksize 1024",
                                                       "--option", "windowsize 8"))):
        fetch(bench, program, SERVER, pixie.tftp, "extra/file", data, options)
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        client.ask("extra/file", blksize=1428)
        client.expect(tftp.OACK)
        client.ack(0)
        equal("a block of 1428 bytes", client.receive(3), None)
        client.error(0, "no block comes")
        pixie.await_line(rb"event=tftp\.client_aborted")
        equal("a smaller block, asked for anew", client.fetch("extra/file", blksize=1024), data)


for _name, _faults in WIRES.items():
    register(f"faults.http.{_name}", f"curl: a whole file and the rest of one; {' '.join(_faults)}",
             functools.partial(_http, _name), faults=_faults, slow=True)
    register(f"faults.dhcp.{_name}", f"udhcpc and dhclient get addresses; {' '.join(_faults)}",
             functools.partial(_dhcp, _name), faults=_faults, slow=True)
register("faults.tftp.hole", _tftp_hole.__doc__, _tftp_hole, faults=WIRES["hole"])
