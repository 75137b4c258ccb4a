"""What `pixie dhcp-config` prints: real DHCP servers take it, and answer machines as it means."""

import itertools
import json
import os
import re
import socket
import struct
import time

from lab import assets
from lab.process import Process

from .case import case, check, equal
from .network import SERVER, SERVER_SMALL, inside

HTTP_PORT = 8080
URL = f"http://{SERVER}:{HTTP_PORT}"
READY_SECONDS = 30
ANSWER_SECONDS = 10
POOL = ("10.78.0.100", "10.78.0.199")

# What machines of each architecture type (option 93) must be told, as firmware and as iPXE.
TFTP_FILES = {0: "undionly.kpxe", 6: "snponly32.efi", 7: "snponly.efi", 9: "snponly.efi",
              10: "snponly-arm32.efi", 11: "snponly-arm64.efi", 27: "ipxe-riscv64.efi",
              39: "ipxe-loong64.efi"}
HTTP_FILES = {15: "snponly32.efi", 16: "snponly.efi", 18: "snponly-arm32.efi",
              19: "snponly-arm64.efi"}

END, COOKIE = 255, bytes([99, 130, 83, 99])
MESSAGE_TYPE, REQUESTED, VENDOR_CLASS, BOOT_FILE, USER_CLASS, ARCHITECTURE, ETHERBOOT = \
    53, 55, 60, 67, 77, 93, 175
_numbers = itertools.count(1)


def printed(bench, server, *options):
    """The snippet for a server; fails unless pixie printed it without a word on the side."""
    done = bench.refused("dhcp-config", server, "--address", SERVER,
                         "-u", f"0.0.0.0:{HTTP_PORT}", *options)
    equal(f"exit status ({done.stderr})", (done.returncode, done.stderr), (0, ""))
    return done.stdout


def discover(architecture, vendor, ipxe):
    """A DHCPDISCOVER (RFC 2131) of a machine that boots, as the firmware or iPXE sends it."""
    number = next(_numbers)
    options = {MESSAGE_TYPE: b"\x01", REQUESTED: bytes([1, 3, 6, 43, 60, 66, 67, 175]),
               VENDOR_CLASS: f"{vendor}:Arch:{architecture:05}:UNDI:003016".encode(),
               ARCHITECTURE: struct.pack("!H", architecture)}
    if ipxe:
        options |= {USER_CLASS: b"iPXE", ETHERBOOT: bytes([0xb1, 1, 1])}
    head = struct.pack("!4BI2H", 1, 1, 6, 0, number, 0, 0x8000)
    mac = bytes([0x52, 0x54, 0, 0xdc, 0, number])
    tail = b"".join(bytes([code, len(value)]) + value for code, value in options.items())
    return head + bytes(16) + mac + bytes(10 + 64 + 128) + COOKIE + tail + bytes([END])


def answer_to(link, request):
    """(boot file, next server, option 60) of the offer to a request; None after a silence."""
    link.sendto(request, ("255.255.255.255", 67))
    deadline = time.monotonic() + ANSWER_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        link.settimeout(left)
        try:
            packet = link.recv(2000)
        except TimeoutError:
            return None
        if packet[:1] == b"\x02" and packet[4:8] == request[4:8]:
            options, at = {}, 240
            while packet[at] != END:
                code, size = packet[at:at + 2]
                options[code] = packet[at + 2:at + 2 + size]
                at += 2 + size
            file = options.get(BOOT_FILE) or packet[108:236]
            return (file.split(b"\0")[0].decode(), socket.inet_ntoa(packet[20:24]),
                    options.get(VENDOR_CLASS))
    return None


def check_answers(bench):
    """Asks as every kind of machine."""
    with inside(bench.network.client):
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        link.bind(("0.0.0.0", 68))
        for number, file in TFTP_FILES.items():
            got = answer_to(link, discover(number, "PXEClient", ipxe=False))
            equal(f"firmware of type {number}", got and got[:2], (file, SERVER))
            got = answer_to(link, discover(number, "PXEClient", ipxe=True))
            equal(f"iPXE of type {number}", got and got[0], f"{URL}/chain.ipxe")
        for number, file in HTTP_FILES.items():
            got = answer_to(link, discover(number, "HTTPClient", ipxe=False))
            equal(f"HTTP Boot of type {number}", got and (got[0], got[2]),
                  (f"{URL}/{file}", b"HTTPClient"))


def try_server(bench, test, run, ready, environment=None):
    """Lets the server check its file (`test`), then runs it and asks it."""
    done = bench.run(*test, namespace=bench.network.server, environment=environment)
    equal(f"{' '.join(map(str, test))}: {done.stdout}{done.stderr}", done.returncode, 0)
    server = Process(bench.network.server, run, bench.folder / "server.log", environment)
    try:
        server.transcript.wait_for(ready, time.monotonic() + READY_SECONDS)
        check_answers(bench)
    finally:
        server.stop()


@case("dhcp-config.dnsmasq", own_network=True)
def dnsmasq(bench):
    """dnsmasq takes its snippet, and each kind of machine gets its file"""
    config = bench.folder / "dnsmasq.conf"
    config.write_text("keep-in-foreground\nuser=root\nlog-facility=-\npid-file=\nport=0\n"
                      "bind-interfaces\ninterface=eth0\nno-ping\n"
                      f"dhcp-leasefile={bench.folder}/leases\n"
                      f"dhcp-range={POOL[0]},{POOL[1]},255.255.255.0,1h\n"
                      + printed(bench, "dnsmasq"))
    command = ["dnsmasq", f"--conf-file={config}"]
    try_server(bench, [*command, "--test"], command, rb"started, version")


@case("dhcp-config.isc", own_network=True)
def isc(bench):
    """ISC dhcpd takes its snippet, and each kind of machine gets its file"""
    config, leases = bench.folder / "dhcpd.conf", bench.folder / "dhcpd.leases"
    config.write_text(f"{printed(bench, 'isc')}\nauthoritative;\nping-check off;\n"
                      "subnet 10.78.0.0 netmask 255.255.255.0 {\n"
                      f"  range {POOL[0]} {POOL[1]};\n}}\n")
    leases.touch()
    files = ["-cf", config, "-lf", leases]
    environment = assets.peer_environment(assets.peer("isc-dhcp-server"))
    try_server(bench, ["dhcpd", "-4", "-t", *files],
               ["dhcpd", "-4", "-f", "-d", "--no-pid", *files, "eth0"],
               rb"Server starting service", environment)


@case("dhcp-config.kea", own_network=True)
def kea(bench):
    """Kea takes its snippet, and each kind of machine gets its file"""
    rest = {
        "interfaces-config": {"interfaces": ["eth0"], "service-sockets-max-retries": 50,
                              "service-sockets-retry-wait-time": 100},
        "lease-database": {"type": "memfile", "persist": False},
        "subnet4": [{"subnet": "10.78.0.0/24", "pools": [{"pool": " - ".join(POOL)}]}]}
    config = bench.folder / "kea.json"
    config.write_text(f'{{ "Dhcp4": {{\n{printed(bench, "kea")},\n{json.dumps(rest)[1:-1]}\n}} }}')
    environment = assets.peer_environment(assets.peer("kea-dhcp4-server")) | {
        "KEA_LOCKFILE_DIR": str(bench.folder), "KEA_PIDFILE_DIR": str(bench.folder)}
    try_server(bench, ["kea-dhcp4", "-t", config], ["kea-dhcp4", "-c", config],
               rb"DHCP4_STARTED", environment)


@case("dhcp-config.choices")
def choices(bench):
    """which address it takes and that it says so; what it refuses"""
    clean = {"PATH": os.environ["PATH"]}

    def run(*arguments):
        return bench.refused("dhcp-config", *arguments, environment=clean)

    guessed = run("dnsmasq")
    equal("exit status", guessed.returncode, 0)
    check(re.search(rf"dhcp-boot=.*,({re.escape(SERVER)}|{re.escape(SERVER_SMALL)})$",
                    guessed.stdout, re.M), guessed.stdout)
    for word in ("eth0 " + SERVER, "eth1 " + SERVER_SMALL, "--address"):
        check(word in guessed.stderr, f"no {word!r} in {guessed.stderr!r}")
    for arguments in (("--advertise", "192.0.2.9"), ("-t", "192.0.2.9:69"),
                      ("--advertise", "192.0.2.8", "--address", "192.0.2.9")):
        done = run("isc", *arguments)
        equal(f"{arguments}: {done.stderr}", (done.returncode, done.stderr), (0, ""))
        check("next-server 192.0.2.9;" in done.stdout, f"{arguments}: {done.stdout}")
        check('"http://192.0.2.9/chain.ipxe"' in done.stdout, f"{arguments}: {done.stdout}")
    for arguments, words in ((("kee",), ("did you mean 'kea'",)), ((), ("mikrotik",)),
                             (("kea", "-t", "0.0.0.0:6969"), ("port 69 only", "6969")),
                             (("kea", "--address", "here"), ("--address", "here")),
                             (("kea", "more"), ("more",))):
        done = run(*arguments)
        equal(f"{arguments}: exit status", (done.returncode, done.stdout), (2, ""))
        for word in words:
            check(word in done.stderr, f"{arguments}: no {word!r} in {done.stderr!r}")
