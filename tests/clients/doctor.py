"""pixie doctor: staged failures of a network boot, each of which it must name, and a boot that works.

pixie, dnsmasq and what else answers run on the server's host; the doctor probes from the client's.
"""

import contextlib
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import threading
import time

from lab.process import Process
from lab.snippets import snippet

from .case import case, check, equal
from .network import SERVER, SERVER_OTHER, inside

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
MAC = "52:54:00:d0:c7:01"
IN_USE = "10.78.0.77"
RELAY = "10.78.0.99"
ADDRESSES = "dhcp-range=10.78.0.100,10.78.0.110,255.255.255.0,1h\n"
DNSMASQ = """\
keep-in-foreground
user=root
log-facility=-
pid-file=
log-dhcp
port=0
bind-interfaces
interface=eth0
no-ping
dhcp-authoritative
"""
FILE_FOR_ALL = f"dhcp-boot=snponly.efi,pixie,{SERVER}\n"
MAGIC = b"\x63\x82\x53\x63"


@contextlib.contextmanager
def dnsmasq(bench, rules, leases=""):
    """dnsmasq on the server's host."""
    config, held = bench.folder / "dnsmasq.conf", bench.folder / "dnsmasq.leases"
    held.write_text(leases)
    config.write_text(f"{DNSMASQ}dhcp-leasefile={held}\n{rules}")
    process = Process(bench.network.server, ["dnsmasq", f"--conf-file={config}"],
                      bench.folder / "dnsmasq.log")
    try:
        process.transcript.wait_for(rb"started, version", time.monotonic() + 20)
        yield process
    finally:
        process.stop()


class Stub:
    """A DHCP server that answers each DISCOVER with one OFFER: what dnsmasq can't be made to say."""

    def __init__(self, bench, identifier, siaddr=SERVER, file=b"", options=((60, b"PXEClient"),)):
        with inside(bench.network.server):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        self._socket.bind(("", 67))
        self._socket.settimeout(0.2)
        self._identifier, self._siaddr = identifier, siaddr
        self._file, self._options = file, options
        self._going = True
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._going = False
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while self._going:
            try:
                request = self._socket.recv(2048)
            except TimeoutError:
                continue
            if b"\x35\x01\x01" in request[240:]:
                self._socket.sendto(self._offer(request), ("255.255.255.255", 68))

    def _offer(self, request):
        header = b"\2\1\6\0" + request[4:8] + b"\0\0\x80\0" + bytes(8)
        header += socket.inet_aton(self._siaddr) + bytes(4) + request[28:44]
        header += bytes(64) + self._file.ljust(128, b"\0") + MAGIC
        options = ((53, b"\2"), (54, socket.inet_aton(self._identifier)), *self._options)
        return header + b"".join(bytes([code, len(value)]) + value
                                 for code, value in options) + b"\xff"


def start(bench, *options):
    """pixie on its well-known ports."""
    return bench.start(*options, bind="0.0.0.0:0", command=[
        bench.program, "-t", "0.0.0.0:69", "-u", "0.0.0.0:80", "--threads", "1",
        "-d", bench.scripts, "-e", bench.extra, "--user", "root", *options])


def probe(bench, *options, wait="1"):
    """Runs the probe; returns the finished process."""
    return bench.run(bench.program, "doctor", "probe", "--interface", "eth0", "--mac", MAC,
                     "--wait", wait, *options)


def names(done, *ids, status=1):
    """Fails unless the doctor ended with that status and named these findings."""
    equal(f"exit status; it said:\n{done.stdout}{done.stderr}", done.returncode, status)
    for name in ids:
        check(f"[{name}]" in done.stdout, f"no [{name}] in:\n{done.stdout}")
    causes = re.findall(r"cause: \[([a-z0-9-]+)\]", done.stdout)
    surplus = set(causes) - set(ids)
    check(not surplus, f"also said: {surplus}:\n{done.stdout}")
    remedies = done.stdout.count("remedy: ")
    check(remedies >= len(ids), f"{remedies} remedies for {ids}")


def own_script(bench, text, mac=MAC):
    """Writes the machine's own script."""
    bench.file(f"{mac.replace(':', '-')}.ipxe", text.encode(), bench.scripts)


def rules_of_readme():
    """The dnsmasq lines that the README tells."""
    return ADDRESSES + snippet(README, "dnsmasq", SERVER)


@case("doctor.healthy", own_network=True)
def healthy(bench):
    """pixie behind dnsmasq with the README's rules: BIOS and UEFI would boot, status 0"""
    own_script(bench, "#!ipxe\nkernel ${pixie}/extra/vmlinuz quiet\n"
                      "initrd --name i ${pixie}/extra/initrd.gz\nboot\n")
    bench.file("vmlinuz", 5000)
    bench.file("initrd.gz", 5000)
    start(bench)
    with dnsmasq(bench, rules_of_readme()):
        for kind in ("x64-uefi", "x86-bios"):
            done = probe(bench, "--arch", kind)
            names(done, status=0)
            for word in ("would boot", "extra/vmlinuz: is there", "extra/initrd.gz: is there",
                         SERVER, MAC.replace(":", "-")):
                check(word in done.stdout, f"no {word!r} in:\n{done.stdout}")


@case("doctor.local", own_network=True)
def local(bench):
    """the probe on the very host of pixie and dnsmasq: it sees what they would tell others"""
    own_script(bench, "#!ipxe\nexit\n")
    start(bench)
    with dnsmasq(bench, rules_of_readme()):
        done = bench.run(bench.program, "doctor", "probe", "--mac", MAC, "--wait", "1",
                         "--interface", "eth0", namespace=bench.network.server)
        names(done, status=0)
        check(f"offer  {SERVER}" in done.stdout, done.stdout)


@case("doctor.pixie-dhcp", own_network=True)
def pixie_dhcp(bench):
    """pixie as proxy beside dnsmasq, and as the DHCP server: every kind of firmware would boot"""
    own_script(bench, "#!ipxe\nexit\n")
    state = bench.folder / "state"
    state.mkdir()
    kinds = ("x64-uefi", "x86-bios", "x64-http")
    pixie = start(bench, "--dhcp", "proxy", "--interface", "eth0", "--state", state)
    with dnsmasq(bench, ADDRESSES):
        for kind in kinds:
            names(probe(bench, "--arch", kind), status=0)
    pixie.signal(signal.SIGTERM)
    pixie.wait(5)
    start(bench, "--dhcp", "server", "--dhcp-force", "--interface", "eth0", "--state", state,
          "--dhcp-range", "10.78.0.100-10.78.0.110")
    for kind in kinds:
        names(probe(bench, "--arch", kind), status=0)


@case("doctor.http-boot", own_network=True)
def http_boot(bench):
    """UEFI HTTP Boot: a URL alone is ignored, with option 60 it boots"""
    own_script(bench, "#!ipxe\nexit\n")
    start(bench)
    rules = (f"{ADDRESSES}dhcp-match=set:ipxe,175\n"
             f"dhcp-boot=tag:!ipxe,http://{SERVER}/snponly.efi\n"
             f"dhcp-boot=tag:ipxe,chain.ipxe,pixie,{SERVER}\n")
    with dnsmasq(bench, rules):
        names(probe(bench, "--arch", "x64-http"), "offer-ignored")
    with dnsmasq(bench, rules + "dhcp-option-force=tag:!ipxe,60,HTTPClient\n"):
        names(probe(bench, "--arch", "x64-http"), status=0)


@case("doctor.wrong-rom", own_network=True)
def wrong_rom(bench):
    """a ROM for another architecture is named with both architectures"""
    start(bench)
    with dnsmasq(bench, ADDRESSES + FILE_FOR_ALL):
        done = probe(bench, "--arch", "x86-bios")
        names(done, "rom-wrong")
        check("x64 UEFI" in done.stdout and "x86 BIOS" in done.stdout, done.stdout)
        names(probe(bench, "--arch", "arm64-uefi"), "rom-wrong")


@case("doctor.boot-server-silent", own_network=True)
def boot_server_silent(bench):
    """a proxy that UEFI must ask on port 4011, where nobody is; BIOS doesn't ask"""
    start(bench)
    with dnsmasq(bench, ADDRESSES), Stub(bench, SERVER_OTHER, file=b"snponly.efi"):
        names(probe(bench), "boot-server-silent")


@case("doctor.option-60-alone", own_network=True)
def option_60_alone(bench):
    """a DHCP server with option 60 and without 43: UEFI asks it on port 4011 in vain"""
    start(bench)
    with dnsmasq(bench, ADDRESSES + FILE_FOR_ALL + "dhcp-option-force=60,PXEClient\n"):
        names(probe(bench), "option-60-alone")


@case("doctor.two-proxies", own_network=True)
def two_proxies(bench):
    """two proxies are named by their addresses"""
    start(bench)
    with dnsmasq(bench, ADDRESSES), Stub(bench, SERVER_OTHER, file=b"undionly.kpxe"), \
            Stub(bench, SERVER, file=b"undionly.kpxe"):
        done = probe(bench, "--arch", "x86-bios")
        names(done, "two-proxies", "rom-loop")
        check(f"{SERVER}" in done.stdout and SERVER_OTHER in done.stdout, done.stdout)


@case("doctor.tftp-silent", own_network=True)
def tftp_silent(bench):
    """port 69 swallows requests, or is closed"""
    with dnsmasq(bench, ADDRESSES + FILE_FOR_ALL):
        names(probe(bench), "tftp-closed")
        with inside(bench.network.server):
            deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with deaf:
            deaf.bind(("", 69))
            names(probe(bench), "tftp-silent")


@case("doctor.tftp-file-missing", own_network=True)
def tftp_file_missing(bench):
    """a boot file that the TFTP server does not have"""
    start(bench)
    with dnsmasq(bench, ADDRESSES + f"dhcp-boot=pxelinux.0,pixie,{SERVER}\n"):
        done = probe(bench)
        names(done, "tftp-file-missing")
        check("pxelinux.0" in done.stdout, done.stdout)


@case("doctor.http-closed", own_network=True)
def http_closed(bench):
    """the web server that iPXE is sent to does not run"""
    start(bench)
    rules = snippet(README, "dnsmasq", SERVER).replace(
        f"chain.ipxe,pixie,{SERVER}", f"http://{SERVER}:81/chain.ipxe")
    with dnsmasq(bench, ADDRESSES + rules):
        names(probe(bench), "http-closed")


@case("doctor.script-missing", own_network=True)
def script_missing(bench):
    """a machine without a script, and no default.ipxe; with default.ipxe all is well"""
    start(bench)
    with dnsmasq(bench, rules_of_readme()):
        done = probe(bench)
        names(done, "script-missing")
        check(MAC.replace(":", "-") in done.stdout, done.stdout)
        bench.file("default.ipxe", b"#!ipxe\nexit\n", bench.scripts)
        names(probe(bench), status=0)


@case("doctor.file-missing", own_network=True)
def file_missing(bench):
    """a script whose kernel is not there, and whose initrd is"""
    own_script(bench, "#!ipxe\nset base ${pixie}/extra\nkernel ${base}/vmlinuz-9\n"
                      "initrd ${base}/initrd.gz\nboot\n")
    bench.file("initrd.gz", 5000)
    start(bench)
    with dnsmasq(bench, rules_of_readme()):
        done = probe(bench)
        names(done, "file-missing")
        check("extra/vmlinuz-9" in done.stdout and "404" in done.stdout, done.stdout)


@case("doctor.address-in-use", own_network=True)
def address_in_use(bench):
    """the address that is offered has another owner"""
    subprocess.run(["ip", "-n", bench.network.server, *f"addr add {IN_USE}/32 dev lo".split()],
                   check=True)
    start(bench)
    with dnsmasq(bench, f"dhcp-range={IN_USE},{IN_USE},255.255.255.0,1h\n"
                 + snippet(README, "dnsmasq", SERVER)):
        done = probe(bench)
        check("[address-in-use]" in done.stdout and IN_USE in done.stdout, done.stdout)
        equal("exit status", done.returncode, 1)


@case("doctor.pool-empty", own_network=True)
def pool_empty(bench):
    """a DHCP server whose only address another machine has"""
    taken = "0 02:00:00:00:00:99 10.78.0.100 other *\n"
    with dnsmasq(bench, "dhcp-range=10.78.0.100,10.78.0.100,255.255.255.0,infinite\n"
                 + FILE_FOR_ALL, taken):
        done = probe(bench)
        names(done, "pool-empty")
        check(SERVER in done.stdout, done.stdout)


@case("doctor.loop", own_network=True)
def loop(bench):
    """iPXE is given the ROM again"""
    start(bench)
    with dnsmasq(bench, ADDRESSES + FILE_FOR_ALL):
        names(probe(bench), "rom-loop")


@case("doctor.no-dhcp", own_network=True)
def no_dhcp(bench):
    """nobody answers at all; and only a proxy does"""
    names(probe(bench), "no-dhcp-server")
    with Stub(bench, SERVER_OTHER, file=b"undionly.kpxe"):
        names(probe(bench, "--arch", "x86-bios"), "no-address")


@case("doctor.no-boot-information", own_network=True)
def no_boot_information(bench):
    """an address from a server that says nothing of booting; and a proxy that firmware ignores"""
    with dnsmasq(bench, ADDRESSES):
        done = probe(bench)
        names(done, "no-boot-information")
        check(SERVER in done.stdout, done.stdout)
        with Stub(bench, SERVER_OTHER, file=b"snponly.efi", options=()):
            done = probe(bench)
            names(done, "offer-ignored")
            check("option 60" in done.stdout, done.stdout)


@case("doctor.next-server-missing", own_network=True)
def next_server_missing(bench):
    """a file without a server to load it from"""
    with dnsmasq(bench, ADDRESSES), \
            Stub(bench, SERVER_OTHER, siaddr="0.0.0.0", file=b"undionly.kpxe"):
        names(probe(bench, "--arch", "x86-bios"), "next-server-missing")


@case("doctor.usage", own_network=True)
def usage(bench):
    """wrong arguments and a missing capability: status 2, and what would be right"""
    for options, words in ((("probe", "--arch", "vax"), ("x64-uefi", "vax")),
                           (("probe", "--mac", "me"), ("--mac", "me")),
                           (("probe", "--interface", "eth7"), ("eth7", "eth0")),
                           (("--for", "soon"), ("--for",)), (("dance",), ("dance",))):
        done = bench.run(bench.program, "doctor", *options)
        equal(f"exit status of {options} ({done.stdout}{done.stderr})", done.returncode, 2)
        for word in words:
            check(word in done.stderr, f"no {word!r} in {done.stderr!r}")
    for options in (("probe",), ()):
        done = bench.run("setpriv", "--reuid", "1", "--regid", "1", "--clear-groups",
                         bench.program, "doctor", *options)
        equal(f"exit status ({done.stdout}{done.stderr})", done.returncode, 2)
        check("CAP_NET_RAW" in done.stderr, done.stderr)


@contextlib.contextmanager
def watching(bench):
    """The doctor watches on the server's host."""
    doctor = Process(bench.network.server,
                     [bench.program, "doctor", "--interface", "eth0"], bench.folder / "doctor.log")
    try:
        doctor.transcript.wait_for(rb"Watching eth0", time.monotonic() + 10)
        yield doctor
    finally:
        doctor.stop()


def conclusion(doctor):
    """Ends the doctor; returns its exit status and all that it said."""
    doctor.signal(signal.SIGINT)
    with contextlib.suppress(Exception):
        doctor.transcript.wait_for(rb"never said", time.monotonic() + 5)
    return doctor.stop(), doctor.transcript.tail(10_000)


def mac_of_client(bench):
    """The address of the client's own interface: what watches tells machines by it."""
    with inside(bench.network.client):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as packet:
            packet.bind(("eth0", 0))
            return ":".join(f"{octet:02x}" for octet in packet.getsockname()[4])


@case("doctor.watch", own_network=True)
def watch(bench):
    """watching: the steps of a boot that works (status 0), and of one whose script is missing"""
    mac = mac_of_client(bench)
    start(bench)
    with dnsmasq(bench, rules_of_readme()):
        for there in (False, True):
            if there:
                own_script(bench, "#!ipxe\nexit\n", mac)
            with watching(bench) as doctor:
                done = bench.run(bench.program, "doctor", "probe", "--interface", "eth0", "--mac",
                                 mac, "--wait", "1")
                equal(f"the probe says\n{done.stdout}", done.returncode, 0 if there else 1)
                doctor.transcript.wait_for(rb"answered by HTTP", time.monotonic() + 5)
                status, said = conclusion(doctor)
            equal(f"exit status; it said:\n{said}", status, 0 if there else 1)
            wanted = ("DISCOVER", "is offered", "snponly.efi", "has by TFTP", "chain.ipxe",
                      "got its script" if there else "[script-missing]", mac)
            for word in wanted:
                check(word in said, f"no {word!r} in:\n{said}")


def discover(mac, giaddr):
    """A DISCOVER of x64 UEFI firmware."""
    header = b"\1\1\6\1" + os.urandom(4) + bytes(16) + socket.inet_aton(giaddr)
    header += bytes.fromhex(mac.replace(":", "")).ljust(16, b"\0") + bytes(192) + MAGIC
    return header + b"\x35\1\1\x5d\2" + struct.pack("!H", 7) + b"\x3c\x09PXEClient\xff"


@case("doctor.relay-unreachable", own_network=True)
def relay_unreachable(bench):
    """watching: a relay agent that does not get the server's answers"""
    with dnsmasq(bench, ADDRESSES + FILE_FOR_ALL), watching(bench) as doctor, \
            bench.network.socket() as relay:
        for _ in range(3):
            relay.sendto(discover(MAC, RELAY), (SERVER, 67))
            time.sleep(1.2)
        status, said = conclusion(doctor)
        equal(f"exit status; it said:\n{said}", status, 1)
        check("[relay-unreachable]" in said and RELAY in said, said)


@case("doctor.watch-silence", own_network=True)
def watch_silence(bench):
    """watching: a machine that nobody answers is told when it is stuck, before the end"""
    with watching(bench) as doctor, bench.network.socket() as machine:
        machine.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        machine.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        machine.sendto(discover(MAC, "0.0.0.0"), ("255.255.255.255", 67))
        doctor.transcript.wait_for(rb"\[no-dhcp-server\]", time.monotonic() + 20)
        status, _ = conclusion(doctor)
        equal("exit status", status, 1)
