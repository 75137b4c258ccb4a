"""The DHCP snippets of the README: what it tells people to paste is what the tests run.

A snippet is a fenced code block whose info string is its kind: dnsmasq, isc-dhcpd or kea. In it
192.0.2.1 (RFC 5737) stands for pixie's address.
"""

import re

PLACEHOLDER = "192.0.2.1"


def snippet(readme, kind, address):
    """The text of the one block of that kind, for a server at `address`; ValueError without it."""
    blocks = re.findall(rf"^```{re.escape(kind)}\n(.*?)^```$", readme.read_text(), re.M | re.S)
    if len(blocks) != 1:
        raise ValueError(f"{readme} has {len(blocks)} fenced blocks of kind {kind}, not one")
    if PLACEHOLDER not in blocks[0]:
        raise ValueError(f"{readme}: the {kind} block doesn't name {PLACEHOLDER}")
    return blocks[0].replace(PLACEHOLDER, address)
