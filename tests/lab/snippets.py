"""DHCP snippets: what people are told to paste, by the README or by pixie, is what the tests run.

The README's is a fenced code block whose info string is its kind: dnsmasq, isc-dhcpd or kea. In it
192.0.2.1 (RFC 5737) stands for pixie's address.
"""

import re
import subprocess

PLACEHOLDER = "192.0.2.1"


def snippet(readme, kind, address):
    """The text of the one block of that kind, for a server at `address`; ValueError without it."""
    blocks = re.findall(rf"^```{re.escape(kind)}\n(.*?)^```$", readme.read_text(), re.M | re.S)
    if len(blocks) != 1:
        raise ValueError(f"{readme} has {len(blocks)} fenced blocks of kind {kind}, not one")
    if PLACEHOLDER not in blocks[0]:
        raise ValueError(f"{readme}: the {kind} block doesn't name {PLACEHOLDER}")
    return blocks[0].replace(PLACEHOLDER, address)


def printed(pixie, kind, address):
    """What `pixie dhcp-config` prints for that server, without what only Kea takes for comments."""
    server = {"isc-dhcpd": "isc"}.get(kind, kind)
    command = [str(pixie), "dhcp-config", server, "--address", address]
    text = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    return re.sub(r"^\s*//.*\n", "", text, flags=re.M) if kind == "kea" else text
