"""DHCPv6 as firmware speaks it."""

import socket
import struct

from .case import case, check, equal
from .dhcp_client import BOOT_SERVER_PORT
from .dhcp_serve import start_proxy
from .network import inside

SOLICIT, REPLY, REQUEST = 1, 7, 3
CLIENT_ID, SERVER_ID, ORO, VENDOR_CLASS, BOOT_FILE_URL, ARCHITECTURE = 1, 2, 6, 16, 59, 61
CLIENT_PORT, SERVER_PORT = 546, 547
EVERY_SERVER, SERVER = "ff02::1:2", "fd80::1"
XID = b"\x12\x34\x56"


def _write(kind, options):
    return struct.pack("!B3s", kind, XID) + b"".join(
        struct.pack("!HH", code, len(value)) + value for code, value in options.items())


def _read(message):
    options, place = {}, 4
    while place < len(message):
        code, size = struct.unpack_from("!HH", message, place)
        options[code] = message[place + 4:place + 4 + size]
        place += 4 + size
    return message[0], options


def _socket(port):
    made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    made.settimeout(10)
    made.bind(("::", port))
    return made


@case("dhcp.late-listener6")
def late_listener(bench):
    """EDK2 listens on port 4011 only after it has asked there: an answer that came sooner comes again"""
    segment, _ = start_proxy(bench, bind="[::]:69")
    machine = segment.host("machine", "fd80::50/64")
    vendor = b"PXEClient:Arch:00007:UNDI:003000"
    asked = {CLIENT_ID: b"\0\4" + bytes(range(16)), ORO: struct.pack("!H", BOOT_FILE_URL),
             ARCHITECTURE: struct.pack("!H", 7),
             VENDOR_CLASS: struct.pack("!IH", 343, len(vendor)) + vendor}
    with inside(machine):
        client, early = _socket(CLIENT_PORT), _socket(BOOT_SERVER_PORT)
        scope = socket.if_nametoindex("eth0")
    with client:
        client.sendto(_write(SOLICIT, asked), (EVERY_SERVER, SERVER_PORT, 0, scope))
        _, advertised = _read(client.recv(1500))
    check(b"snponly64.efi" in advertised[BOOT_FILE_URL], f"offered: {advertised}")
    with early:
        early.sendto(_write(REQUEST, {SERVER_ID: advertised[SERVER_ID], **asked}),
                     (SERVER, BOOT_SERVER_PORT))
        first = early.recv(1500)
    with inside(machine):
        late = _socket(BOOT_SERVER_PORT)
    with late:
        equal("the same answer", late.recv(1500), first)
    kind, answer = _read(first)
    equal("kind", kind, REPLY)
    equal("file", answer[BOOT_FILE_URL], advertised[BOOT_FILE_URL])
