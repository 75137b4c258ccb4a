"""pixie as DHCP server, message by message: whom it gives which address, and what it says of it."""

import contextlib
import re

from . import dhcp_client, dhcp_message as dhcp
from .bench import content
from .case import Stopwatch, case, check, equal
from .dhcp_client import Client
from .dhcp_serve import (DNS, DOMAIN, FIRST, LAST, MASK, ROUTER, SERVER, X64_ROM, in_pool, start)

ELSEWHERE = "192.168.5.5"


def _logged(pixie, pattern):
    """How many lines of pixie's log have a pattern."""
    return len(re.findall(pattern, pixie.transcript.tail(1_000_000)))


@case("dhcp.options")
def options(bench):
    """an offer and its acknowledgement say the same, and all that pixie is set to tell"""
    segment, _ = start(bench)
    with Client(segment.host("client"), boots=dhcp_client.BIOS) as client:
        offer = client.discover()
        ack = client.take(offer)
    for answer in (offer, ack):
        check(in_pool(answer.yiaddr), f"{answer.yiaddr} is given")
        equal("from", answer.source, (SERVER, 67))
        told = [answer.address(code) for code in (
            dhcp.SERVER, dhcp.SUBNET_MASK, dhcp.ROUTER, dhcp.DNS)]
        equal("told", told, [SERVER, MASK, ROUTER, DNS])
        equal("domain", answer.options[dhcp.DOMAIN].rstrip(b"\0"), DOMAIN.encode())
        lease, first, second = map(answer.number, (dhcp.LEASE_TIME, dhcp.T1, dhcp.T2))
        check(0 < first < second < lease, f"times {first}, {second}, {lease}")
        equal("next server", answer.siaddr, SERVER)
        equal("file", answer.file, b"undionly.kpxe")
    equal("address", ack.yiaddr, offer.yiaddr)


FILES = {
    "bios": (dhcp_client.BIOS, b"undionly.kpxe"),
    "uefi": (dhcp_client.UEFI, X64_ROM.encode()),
    "ia32": (dhcp_client.UEFI | {dhcp.ARCHITECTURE: b"\0\6"}, b"snponly32.efi"),
    "arm32": (dhcp_client.UEFI | {dhcp.ARCHITECTURE: b"\0\x0a"}, b"snponly-arm32.efi"),
    "arm64": (dhcp_client.UEFI | {dhcp.ARCHITECTURE: b"\0\x0b"}, b"snponly-arm64.efi"),
}


@case("dhcp.boot-files")
def boot_files(bench):
    """each kind of firmware is told its file, HTTP Boot and iPXE a URL; others none"""
    (bench.folder / "roms").mkdir()
    for name in ("snponly32.efi", "snponly-arm32.efi"):
        bench.file(name, 2000, bench.folder / "roms")
    segment, pixie = start(bench, "--roms", bench.folder / "roms")
    host = segment.host("client")
    base = f"http://{SERVER}:{pixie.http}".encode()
    urls = {"http": (dhcp_client.UEFI_HTTP, base + b"/" + X64_ROM.encode()),
            "ipxe": (dhcp_client.IPXE, base + b"/chain.ipxe")}
    for name, (boots, file) in (FILES | urls).items():
        with Client(host, boots=boots) as client:
            offer = client.discover()
        option = offer.options.get(dhcp.BOOT_FILE, b"").rstrip(b"\0")
        equal(f"{name}: file", offer.file or option, file)
        equal(f"{name}: option 67", option or offer.file, file)
        if name in FILES:
            equal(f"{name}: next server", offer.siaddr, SERVER)
            equal(f"{name}: machine", offer.options.get(dhcp.MACHINE), dhcp_client.MACHINE)
    with Client(host) as client:
        equal("no boot client: file", client.discover().file, b"")


@case("dhcp.pool-empty")
def pool_empty(bench):
    """all addresses given: others hear nothing, and the log says so once; one comes back"""
    segment, pixie = start(bench, pool=f"{FIRST}-10.80.0.101")
    host = segment.host("client")
    with contextlib.ExitStack() as stack:
        first, second, third = (stack.enter_context(Client(host)) for _ in range(3))
        held = {first.lease(), second.lease()}
        equal("leases", held, {FIRST, "10.80.0.101"})
        for _ in range(20):
            third.send(dhcp.DISCOVER)
        check(not third.receive(2), "a third address is given")
        equal("lines that say so", _logged(pixie, r"event=dhcp\.pool_empty "), 1)
        equal("the first's address, still", first.lease() in held, True)
        first.give_up(dhcp.RELEASE, FIRST, SERVER)
        second.give_up(dhcp.RELEASE, "10.80.0.101", SERVER)
        check(third.lease() in held, "a released address isn't given again")


@case("dhcp.not-taken", slow=True)
def not_taken(bench):
    """a client vanishes after the offer: its address is another's after half a minute, not before"""
    segment, _ = start(bench, pool=f"{FIRST}-{FIRST}")
    host = segment.host("client")
    with Client(host) as vanishes, Client(host) as other:
        watch = Stopwatch()
        equal("offered", vanishes.discover().yiaddr, FIRST)
        other.send(dhcp.DISCOVER)
        check(not other.receive(2), "the offered address is offered to another, too")
        other.send(dhcp.DISCOVER)
        while not (offer := other.receive(1)):
            watch.check_below(60, "the address of a client that vanished")
            other.send(dhcp.DISCOVER)
        equal("given", other.take(offer).yiaddr, FIRST)
        check(watch.seconds() > 28, f"it is given away after {watch.seconds():.0f} s already")


@case("dhcp.decline")
def decline(bench):
    """an address that its client declined is given to nobody, and the log names it"""
    segment, pixie = start(bench, pool=f"{FIRST}-10.80.0.102")
    with Client(segment.host("client")) as client:
        declined = client.lease()
        client.give_up(dhcp.DECLINE, declined, SERVER)
        pixie.await_line(rf"event=dhcp\.declined [^\n]*{re.escape(declined)}".encode())
        check(client.lease() != declined, "it gets the address again")
    with Client(segment.host("other")) as other:
        other.send(dhcp.DISCOVER, {dhcp.WANTED_ADDRESS: bytes(map(int, declined.split(".")))})
        check(other.expect(dhcp.OFFER).yiaddr != declined, "another client gets it")


@case("dhcp.conflict")
def conflict(bench):
    """an address that somebody has without a lease isn't given; the log says who has it"""
    segment, pixie = start(bench, pool=f"{FIRST}-10.80.0.101")
    mac = "02:00:00:bb:00:01"
    segment.host("squatter", f"{FIRST}/24", mac=mac)
    host = segment.host("client")
    with Client(host) as client:
        client.send(dhcp.DISCOVER, {dhcp.WANTED_ADDRESS: bytes(map(int, FIRST.split(".")))})
        answer = client.receive()
        if not answer:  # it had to ask the network: firmware asks again, too
            answer = client.discover()
        equal("offered", answer.yiaddr, "10.80.0.101")
        equal("given", client.take(answer).yiaddr, "10.80.0.101")
    pixie.await_line(rf"event=dhcp\.conflict [^\n]*{re.escape(FIRST)}[^\n]*{mac}|"
                     rf"event=dhcp\.conflict [^\n]*{mac}[^\n]*{re.escape(FIRST)}".encode())


@case("dhcp.nak")
def nak(bench):
    """who wants an address that is not of this network, or another's, is told so (NAK)"""
    segment, _ = start(bench)
    host = segment.host("client")
    with Client(host) as client, Client(host) as other:
        client.reboot(ELSEWHERE)
        answer = client.expect(dhcp.NAK)
        equal("address", answer.yiaddr, dhcp.NOWHERE)
        equal("server", answer.address(dhcp.SERVER), SERVER)
        address = client.lease()
        other.reboot(address)
        other.expect(dhcp.NAK)
        client.reboot(address)
        equal("its own", client.expect(dhcp.ACK).yiaddr, address)
        other.send(dhcp.DISCOVER)
        offer = other.expect(dhcp.OFFER)
        other.send(dhcp.REQUEST, {dhcp.SERVER: bytes([10, 80, 0, 77]), dhcp.WANTED_ADDRESS: bytes(
            map(int, offer.yiaddr.split(".")))}, same=True)
        check(not other.receive(1), "it answers who chose another server")


@case("dhcp.events")
def events(bench):
    """an event of a machine tells its MAC, architecture, vendor class and interface"""
    segment, pixie = start(bench)
    with Client(segment.host("client"), boots=dhcp_client.UEFI) as client:
        address = client.lease()
    for event in ("offered", "acknowledged"):
        line = pixie.await_line(rf"event=dhcp\.{event} [^\n]*\n".encode()).group(0).decode()
        for wanted in (f"mac={client.mac} ", "vendor=PXEClient:Arch:00007:UNDI:003000 ",
                       "interface=eth0 ", f"address={address} ", f"file={X64_ROM} "):
            check(wanted in line, f"no {wanted}in {line}")
        check(re.search(r" arch=\S", line) and " arch=- " not in line, f"no architecture: {line}")


@case("dhcp.boundaries")
def boundaries(bench):
    """the pool is from its first address to its last, both included"""
    segment, _ = start(bench)
    host = segment.host("client")
    with contextlib.ExitStack() as stack:
        given = {stack.enter_context(Client(host)).lease() for _ in range(11)}
    equal("addresses", given, {f"10.80.0.{number}" for number in range(100, 111)})
    check(FIRST in given and LAST in given, "an end is missing")


BROKEN = {
    "empty": b"",
    "no cookie": b"\1\1\6\0" + bytes(296),
    "one byte": b"\1",
    "an option beyond the end": dhcp.Message().bytes()[:240] + b"\x35\1\1\x32\xff",
    "a reply": dhcp.Message(op=dhcp.BOOTREPLY, options={dhcp.TYPE: b"\1"}).bytes(),
    "no kind": dhcp.Message(options={}).bytes(),
    "kind 99": dhcp.Message(options={dhcp.TYPE: b"\x63"}).bytes(),
}


@case("dhcp.hostile")
def hostile(bench):
    """broken messages are answered by silence, and the next client is served"""
    segment, pixie = start(bench)
    host = segment.host("client")
    with Client(host) as client:
        for name, data in BROKEN.items():
            client.send_bytes(data)
            check(not client.receive_bytes(0.2), f"an answer to {name}")
        for length in range(0, 548, 7):
            client.send_bytes(content(length))
        check(in_pool(client.lease()), "it doesn't serve any more")
    check(not pixie.logged(rb"level=error"), "an error is logged")
