"""DHCP messages (RFC 2131, 2132), written and read byte by byte, apart from pixie's own code."""

import dataclasses
import socket
import struct

BOOTREQUEST, BOOTREPLY = 1, 2
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
NAMES = ("?", "DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM")

SUBNET_MASK, ROUTER, DNS, HOST_NAME, DOMAIN = 1, 3, 6, 12, 15
VENDOR, WANTED_ADDRESS, LEASE_TIME, TYPE, SERVER, PARAMETERS = 43, 50, 51, 53, 54, 55
T1, T2, VENDOR_CLASS, CLIENT_IDENTIFIER, TFTP_SERVER, BOOT_FILE = 58, 59, 60, 61, 66, 67
USER_CLASS, RELAY, ARCHITECTURE, UNDI, MACHINE = 77, 82, 93, 94, 97
PAD, END = 0, 255

HEADER = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s4s")
COOKIE = bytes([99, 130, 83, 99])
BROADCAST_FLAG = 0x8000
SMALLEST = 300  # bytes, as BOOTP wants it
NOWHERE = "0.0.0.0"


@dataclasses.dataclass
class Message:
    """One message; addresses and the MAC as text, options by their codes. `source` and
    `destination` are (address, port) of one that was received."""
    op: int = BOOTREQUEST
    mac: str = "00:00:00:00:00:00"
    xid: int = 0
    flags: int = 0
    hops: int = 0
    ciaddr: str = NOWHERE
    yiaddr: str = NOWHERE
    siaddr: str = NOWHERE
    giaddr: str = NOWHERE
    sname: bytes = b""
    file: bytes = b""
    options: dict = dataclasses.field(default_factory=dict)
    source: tuple = ()
    destination: tuple = ()

    @property
    def kind(self):
        """DISCOVER, OFFER, …; 0 if it doesn't say."""
        return (self.options.get(TYPE) or b"\0")[0]

    def address(self, code):
        """An option that is an address; None without it."""
        value = self.options.get(code)
        return socket.inet_ntoa(value) if value else None

    def number(self, code):
        """An option that is a number; None without it."""
        value = self.options.get(code)
        return int.from_bytes(value, "big") if value else None

    def bytes(self):
        """As it is sent."""
        addresses = map(socket.inet_aton, (self.ciaddr, self.yiaddr, self.siaddr, self.giaddr))
        mac = bytes.fromhex(self.mac.replace(":", ""))
        head = HEADER.pack(self.op, 1, 6, self.hops, self.xid, 0, self.flags, *addresses, mac,
                           self.sname, self.file, COOKIE)
        options = b"".join(bytes([code, len(value)]) + value
                           for code, value in self.options.items())
        return (head + options + bytes([END])).ljust(SMALLEST, b"\0")

    @classmethod
    def parse(cls, data):
        """The message in `data`; an option that comes twice is joined (RFC 3396)."""
        (op, _, _, hops, xid, _, flags, ciaddr, yiaddr, siaddr, giaddr, mac, sname, file,
         cookie) = HEADER.unpack_from(data)
        assert cookie == COOKIE, cookie
        options = {}
        at = HEADER.size
        while at < len(data) and data[at] != END:
            if data[at] == PAD:
                at += 1
                continue
            code, size = data[at], data[at + 1]
            options[code] = options.get(code, b"") + data[at + 2:at + 2 + size]
            at += 2 + size
        return cls(op, mac[:6].hex(":"), xid, flags, hops, *map(
            socket.inet_ntoa, (ciaddr, yiaddr, siaddr, giaddr)), sname.split(b"\0")[0],
            file.split(b"\0")[0], options)

    def __str__(self):
        options = ", ".join(f"{code}={value!r}" for code, value in self.options.items())
        return (f"{NAMES[self.kind] if self.kind < len(NAMES) else self.kind} mac={self.mac} "
                f"ciaddr={self.ciaddr} yiaddr={self.yiaddr} siaddr={self.siaddr} "
                f"giaddr={self.giaddr} file={self.file!r} {options}")
