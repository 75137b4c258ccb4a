"""pixie as DHCP server for many machines at once: Kea's perfdhcp, which plays a relay agent."""

import re

from lab import assets

from .case import case, check, equal
from .dhcp_serve import SERVER, new_segment, start

AGENT = "10.80.0.2"
EXCHANGES, RATE = 1000, 200
# perfdhcp may begin a few more than it is to finish; a machine's second one would give it its address again.
MACHINES = EXCHANGES + 500
POOL = "10.80.1.0-10.80.8.255"


def _figures(text):
    """(sent, received) of DISCOVER-OFFER and of REQUEST-ACK."""
    return re.findall(r"sent packets: (\d+)\s+received packets: (\d+)", text)


@case("dhcp.perfdhcp", slow=True)
def perfdhcp(bench):
    """perfdhcp: a thousand machines, 200 in a second: none is lost, each has its own address"""
    segment, pixie = start(bench, pool=POOL, segment=new_segment(bench, prefix=16))
    agent = segment.host("agent", f"{AGENT}/16")
    environment = assets.peer_environment(assets.peer("kea-admin"))
    done = bench.run("perfdhcp", "-4", "-l", AGENT, "-r", RATE, "-R", MACHINES, "-n", EXCHANGES,
                     "-d", "15", "-W", "15000000", "-u", SERVER, namespace=agent,
                     environment=environment, timeout=60)
    figures = _figures(done.stdout)
    equal("kinds of exchanges", len(figures), 2)
    for sent, received in figures:
        check(int(sent) >= EXCHANGES, f"only {sent} sent: {done.stdout}")
        equal("answers", received, sent)
    equal("addresses given twice", re.findall(r"non unique addresses: (\d+)", done.stdout),
          ["0", "0"])
    check(not pixie.logged(rb"level=error"), "an error is logged")
