"""pixie as the DHCP server of a segment, as the cases have it."""

import ipaddress

from .segment import Segment

SERVER, MASK = "10.80.0.1", "255.255.255.0"
FIRST, LAST = "10.80.0.100", "10.80.0.110"
POOL = f"{FIRST}-{LAST}"
X64_ROM = "snponly64.efi"  # as pixie calls snponly.efi, too
ROUTER, DNS, DOMAIN = "10.80.0.254", "10.80.0.253", "lab.example"


def in_pool(address):
    """Whether an address is of POOL."""
    return address is not None and (
        ipaddress.ip_address(FIRST) <= ipaddress.ip_address(address) <= ipaddress.ip_address(LAST))


def start(bench, *options, pool=POOL, segment=None, force=True):
    """Starts pixie as DHCP server on a host of a segment (a new one, unless given); returns both.

    `force` spares the seconds that it otherwise waits for the offers of another server.
    """
    segment = segment or new_segment(bench)
    words = ["--dhcp-force"] if force else []
    pixie = bench.start("--dhcp", "server", "--dhcp-range", pool, "--dhcp-router", ROUTER,
                        "--dhcp-dns", DNS, "--dhcp-domain", DOMAIN,
                        "--state", bench.folder / "state", *words, *options,
                        namespace=segment.server)
    return segment, pixie


def start_proxy(bench, *options, segment=None, host=None, **more):
    """Starts pixie as proxyDHCP server; returns the segment and pixie. `more` is Bench.start's."""
    segment = segment or new_segment(bench)
    pixie = bench.start("--dhcp", "proxy", *options, namespace=host or segment.server, **more)
    return segment, pixie


def new_segment(bench, prefix=24):
    """A segment with the server's host on it, which ends with the case."""
    segment = bench.enter(Segment())
    segment.server = segment.host("server", f"{SERVER}/{prefix}", "fd80::1/64")
    return segment
