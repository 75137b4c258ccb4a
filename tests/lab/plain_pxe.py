"""Makes QEMU's network boot ROM a vendor's one, on the wire.

The ROM is iPXE, and says so in DHCP options 77 (user class) and 175. Without both it is a plain PXE
client for a DHCP server, as the ROMs of most network cards are. What undionly.kpxe says later,
which is iPXE too, stays: hide_ipxe() knows the ROM by the options that it asks for.
"""

# How the list (option 55) begins. pixie's undionly.kpxe is newer: it asks for 42 before 43.
QEMU_ROM_ASKS = bytes([1, 3, 6, 7, 12, 15, 17, 26, 43])

ETHERNET_SIZE, UDP_SIZE = 14, 8  # bytes
IPV4, UDP, DHCP_SERVER_PORT = b"\x08\x00", 17, 67
OPTIONS_AT = 236 + 4  # behind BOOTP's header and the magic cookie (RFC 2131)
PAD, PARAMETER_LIST, USER_CLASS, IPXE, END = 0, 55, 77, 175, 255


def _options(message):
    """(code, begin, end) of the options of a DHCP message; begin is where the code stands."""
    at = OPTIONS_AT
    while at + 1 < len(message) and message[at] != END:
        if message[at] == PAD:
            at += 1
            continue
        end = at + 2 + message[at + 1]
        yield message[at], at, end
        at = end


def hide_ipxe(frame):
    """The frame; if the ROM sends a DHCP message in it, with options 77 and 175 padded away."""
    if frame[12:14] != IPV4 or frame[23] != UDP:
        return frame
    udp = ETHERNET_SIZE + 4 * (frame[14] & 15)
    if int.from_bytes(frame[udp + 2:udp + 4], "big") != DHCP_SERVER_PORT:
        return frame
    message = bytearray(frame[udp + UDP_SIZE:])
    options = list(_options(message))
    if not any(code == PARAMETER_LIST and message[begin + 2:end].startswith(QEMU_ROM_ASKS)
               for code, begin, end in options):
        return frame
    for code, begin, end in options:
        if code in (USER_CLASS, IPXE):
            message[begin:end] = bytes(end - begin)
    no_checksum = b"\0\0"  # RFC 768: none was made
    return frame[:udp + 6] + no_checksum + bytes(message)
