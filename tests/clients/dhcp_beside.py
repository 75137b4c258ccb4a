"""pixie beside others that speak DHCP: another server, another proxy, a relay agent."""

import contextlib
import re
import shutil
import socket
import time

from lab import assets
from lab.process import Process

from . import dhcp_client, dhcp_message as dhcp
from .case import Failure, Skip, Stopwatch, case, check, equal
from .dhcp_client import BOOT_SERVER_PORT, Client
from .dhcp_serve import (DNS, POOL, SERVER, X64_ROM, in_pool, new_segment, start,
                         start_proxy)
from .network import run
from .segment import Segment

SECOND = "10.80.0.9"
OTHER, OTHER_MAC = "10.80.0.7", "02:00:00:cc:00:07"
RELAY_INSIDE, RELAY_OUTSIDE = "10.81.0.2", "10.80.0.2"
FAR_POOL = "10.81.0.100-10.81.0.110"
CIRCUIT = b"\1\4eth7"  # option 82 with a circuit id
DNSMASQ = """\
port=0
keep-in-foreground
user=root
log-facility=-
pid-file=
bind-interfaces
interface=eth0
no-ping
dhcp-authoritative
dhcp-range=10.80.0.200,10.80.0.220,255.255.255.0,1h
"""


def _other_server(bench, segment, host=None):
    """Starts another DHCP server, without a word about booting, on a host of its own, or this."""
    if not shutil.which("dnsmasq"):
        raise Skip("dnsmasq is not installed (package dnsmasq-base)")
    host = host or segment.host("other", f"{OTHER}/24", mac=OTHER_MAC)
    config = bench.folder / "other.conf"
    config.write_text(f"{DNSMASQ}dhcp-leasefile={bench.folder}/other.leases\n")
    _start(bench, host, rb"started, version", "dnsmasq", f"--conf-file={config}")


def _start(bench, host, ready, *command, environment=None):
    process = Process(host, command, bench.folder / f"{command[0]}.log", environment)
    bench.enter(contextlib.ExitStack()).callback(process.stop)
    process.transcript.wait_for(ready, time.monotonic() + 20)


@case("dhcp.other-server", slow=True)
def other_server(bench):
    """another DHCP server is on the network: pixie names it and won't serve, unless --dhcp-force"""
    segment = new_segment(bench)
    _other_server(bench, segment)
    try:
        start(bench, segment=segment, force=False)
    except Failure as failure:
        for wanted in (OTHER, OTHER_MAC, "--dhcp-force"):
            check(wanted in str(failure), f"{wanted} isn't named: {failure}")
        check(not re.search(r"ended with status 0\b", str(failure)), f"status 0: {failure}")
    else:
        raise Failure("it serves beside another server")
    _, pixie = start(bench, segment=segment, force=True)
    with Client(segment.host("client")) as client:
        client.send(dhcp.DISCOVER)
        servers = {answer.address(dhcp.SERVER) for answer in client.receive_all()}
    equal("servers", servers, {SERVER, OTHER})
    check(not pixie.logged(rb"level=error"), "an error is logged")


@case("dhcp.alone")
def alone(bench):
    """no other DHCP server answers: it serves after some seconds, without --dhcp-force"""
    watch = Stopwatch()
    segment, _ = start(bench, force=False)
    watch.check_below(8, "the start")
    with Client(segment.host("client")) as client:
        check(in_pool(client.lease()), "no address of the pool")


def _check_proxy_offer(offer, file):
    """What both kinds of firmware want of a proxy's offer."""
    equal("address", offer.yiaddr, dhcp.NOWHERE)
    equal("next server", offer.siaddr, offer.address(dhcp.SERVER))
    equal("class", offer.options.get(dhcp.VENDOR_CLASS, b"").rstrip(b"\0"), b"PXEClient")
    equal("machine", offer.options.get(dhcp.MACHINE), dhcp_client.MACHINE)
    equal("file", offer.file, file)
    for code in (dhcp.LEASE_TIME, dhcp.SUBNET_MASK, dhcp.ROUTER):
        check(code not in offer.options, f"a proxy tells option {code}: {offer}")


@case("dhcp.proxy")
def proxy(bench):
    """a proxy's offers: a file and no address; silence for who doesn't boot; UEFI without menu"""
    segment, pixie = start_proxy(bench)
    host = segment.host("client")
    with Client(host, boots=dhcp_client.BIOS) as bios:
        offer = bios.discover()
        _check_proxy_offer(offer, b"undionly.kpxe")
        equal("boot server discovery", offer.options.get(dhcp.VENDOR, b"")[:3], b"\6\1\x08")
    with Client(host, boots=dhcp_client.UEFI) as uefi:
        offer = uefi.discover()
        _check_proxy_offer(offer, X64_ROM.encode())
        check(dhcp.VENDOR not in offer.options, f"option 43 for UEFI: {offer}")
    with Client(host) as phone:
        phone.send(dhcp.DISCOVER)
        check(not phone.receive(1), "it answers who doesn't boot")
    with Client(host, boots=dhcp_client.UEFI_HTTP) as http:
        offer = http.discover()
        equal("class", offer.options.get(dhcp.VENDOR_CLASS, b"").rstrip(b"\0"), b"HTTPClient")
        url = offer.options.get(dhcp.BOOT_FILE, b"").rstrip(b"\0") or offer.file
        equal("URL", url, f"http://{SERVER}:{pixie.http}/{X64_ROM}".encode())


@case("dhcp.port-4011")
def port_4011(bench):
    """who has an address asks on port 4011, from 4011 (UEFI) or 68 (BIOS), and is told the file"""
    for starter in (start, start_proxy):
        segment, _ = starter(bench)
        for number, (boots, port, file) in enumerate((
                (dhcp_client.UEFI, BOOT_SERVER_PORT, X64_ROM.encode()),
                (dhcp_client.BIOS, dhcp_client.CLIENT_PORT, b"undionly.kpxe"))):
            address = f"10.80.0.{230 + number}"
            host = segment.host(f"client{number}", f"{address}/24")
            with Client(host, boots=boots, port=port, address=address) as client:
                for kind in (dhcp.REQUEST, dhcp.INFORM):
                    client.send(kind, to=(SERVER, BOOT_SERVER_PORT), ciaddr=address, flags=0)
                    ack = client.expect(dhcp.ACK)
                    equal("from", ack.source, (SERVER, BOOT_SERVER_PORT))
                    equal("file", ack.file, file)
                    equal("next server", ack.siaddr, SERVER)
                    equal("server", ack.address(dhcp.SERVER), SERVER)
                    equal("address", ack.yiaddr, dhcp.NOWHERE)


@case("dhcp.second-address")
def second_address(bench):
    """asked on port 4011 of its second address, it answers from there and names that address"""
    for starter in (start, start_proxy):
        segment = new_segment(bench)
        run("ip", "-n", segment.server, *f"addr add {SECOND}/24 dev eth0".split())
        starter(bench, segment=segment)
        host = segment.host("client", "10.80.0.230/24")
        with Client(host, boots=dhcp_client.UEFI, address="10.80.0.230") as client:
            client.send(dhcp.REQUEST, to=(SECOND, BOOT_SERVER_PORT), ciaddr="10.80.0.230", flags=0)
            ack = client.expect(dhcp.ACK)
        equal("from", ack.source, (SECOND, BOOT_SERVER_PORT))
        equal("server", ack.address(dhcp.SERVER), SECOND)
        equal("next server", ack.siaddr, SECOND)


@case("dhcp.same-host")
def same_host(bench):
    """a proxy on the host of the DHCP server itself: the one gives addresses, the other files"""
    segment = new_segment(bench)
    _other_server(bench, segment, host=segment.server)
    start_proxy(bench, segment=segment)
    with Client(segment.host("client"), boots=dhcp_client.UEFI) as client:
        client.send(dhcp.DISCOVER)
        offers = {answer.yiaddr == dhcp.NOWHERE: answer for answer in client.receive_all()}
        equal("offers of a proxy, and of a server", set(offers), {True, False})
        _check_proxy_offer(offers[True], X64_ROM.encode())
        address = client.take(offers[False]).yiaddr
    with Client(segment.host("booted", f"{address}/24"), boots=dhcp_client.UEFI,
                address=address) as client:
        client.send(dhcp.REQUEST, to=(SERVER, 67), ciaddr=address, flags=0)
        equal("renewed", client.expect(dhcp.ACK).yiaddr, address)


@case("dhcp.two-proxies")
def two_proxies(bench):
    """two proxies and a DHCP server on one wire: each gives what it has, an address is obtained"""
    segment, first = start_proxy(bench)
    _other_server(bench, segment)
    _, second = start_proxy(bench, segment=segment,
                            host=segment.host("second", "10.80.0.3/24"))
    host = segment.host("client")
    with Client(host, boots=dhcp_client.UEFI) as client:
        client.send(dhcp.DISCOVER)
        offers = {answer.address(dhcp.SERVER): answer for answer in client.receive_all()}
        equal("servers", set(offers), {SERVER, "10.80.0.3", OTHER})
        for server in (SERVER, "10.80.0.3"):
            _check_proxy_offer(offers[server], X64_ROM.encode())
        check(client.take(offers[OTHER]).address(dhcp.SERVER) == OTHER, "no address is obtained")
        check(not client.receive(1), "a proxy answers the request to another server, too")
    for pixie in (first, second):
        check(not pixie.logged(rb"level=(error|warning) [^\n]*event=dhcp"), "a complaint is logged")


def _far_segment(bench, segment):
    """Another segment, and a relay agent's host that is on both; returns both."""
    far = bench.enter(Segment())
    agent = segment.host("agent", f"{RELAY_OUTSIDE}/24")
    far.connect(agent, "eth1", f"{RELAY_INSIDE}/24")
    run("ip", "-n", segment.server, *f"route add 10.81.0.0/24 via {RELAY_OUTSIDE}".split())
    return far, agent


@case("dhcp.relay")
def relay(bench):
    """through ISC dhcrelay -a, a client on another segment obtains an address of its network"""
    segment, pixie = start(bench, pool=FAR_POOL)
    far, agent = _far_segment(bench, segment)
    folder = assets.peer("isc-dhcp-relay")
    _start(bench, agent, rb"Socket/fallback", "dhcrelay", "-4", "-d", "--no-pid", "-a", "-id",
           "eth1", "-iu", "eth0", SERVER, environment=assets.peer_environment(folder))
    ear = bench.enter(segment.ear())
    with Client(far.host("client"), boots=dhcp_client.UEFI) as client:
        ack = client.take(client.discover())
    check(ack.yiaddr.startswith("10.81.0.1"), f"{ack.yiaddr} is given")
    equal("through", ack.giaddr, RELAY_INSIDE)
    equal("next server", ack.siaddr, SERVER)
    check(dhcp.RELAY not in ack.options, "the agent's option reaches the client")
    ear.listen(0.2)
    asked = [said for said in ear.messages if said.op == dhcp.BOOTREQUEST]
    answered = [said for said in ear.messages if said.op == dhcp.BOOTREPLY]
    check(asked and dhcp.RELAY in asked[0].options, "the agent adds no option 82")
    equal("option 82 of the answers", {said.options.get(dhcp.RELAY) for said in answered},
          {asked[0].options[dhcp.RELAY]})
    equal("to", {said.destination for said in answered}, {(RELAY_INSIDE, 67)})
    check(pixie.logged(client.mac.encode()), "the log doesn't name the client")


@case("dhcp.option-82")
def option_82(bench):
    """the agent's option comes back unchanged, as the last one, to the agent's address, port 67"""
    segment, _ = start(bench)
    agent = segment.host("agent", f"{RELAY_OUTSIDE}/24")
    with Client(agent, address=RELAY_OUTSIDE, port=67) as client:
        for option in (CIRCUIT, CIRCUIT + b"\2\6\0\1\2\3\4\5", b"\x09\0", b"\1"):
            client.send(dhcp.DISCOVER, {dhcp.RELAY: option}, to=(SERVER, 67), hops=1,
                        giaddr=RELAY_OUTSIDE)
            offer = client.expect(dhcp.OFFER)
            equal("option 82", offer.options.get(dhcp.RELAY), option)
            equal("the last option", list(offer.options)[-1], dhcp.RELAY)
            equal("giaddr", offer.giaddr, RELAY_OUTSIDE)
            check(in_pool(offer.yiaddr), f"{offer.yiaddr} is offered, not one of {POOL}")


@case("dhcp.inform")
def inform(bench):
    """who has an address from elsewhere is told the rest (INFORM), without a lease"""
    segment, _ = start(bench)
    address = "10.80.0.90"
    host = segment.host("client", f"{address}/24")
    with Client(host, address=address) as client:
        client.send(dhcp.INFORM, ciaddr=address, to=(SERVER, 67), flags=0)
        ack = client.expect(dhcp.ACK)
        equal("address", ack.yiaddr, dhcp.NOWHERE)
        equal("lease", ack.options.get(dhcp.LEASE_TIME), None)
        equal("DNS", ack.options.get(dhcp.DNS), socket.inet_aton(DNS))
