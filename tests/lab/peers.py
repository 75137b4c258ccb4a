"""The other servers on the network: DHCP servers with the rules of a test, a relay agent, DNS, and
a web server.

All run on the router's host. Each function returns a running Process that is ready to answer, or
raises Unexpected. `folder` takes configuration and logs.
"""

import json
import sys
import time

from . import assets
from .net import ADDRESS, ROUTER
from .plain_pxe import QEMU_ROM_ASKS
from .process import Process

READY_SECONDS = 30
POOL = ("10.77.0.100", "10.77.0.150")

# Addresses, names and router advertisements. Without the advertisement each stage of iPXE waits
# 13 s in its IPv6 autoconfiguration.
DNSMASQ = f"""\
keep-in-foreground
user=root
log-facility=-
pid-file=
log-dhcp
bind-interfaces
no-resolv
no-hosts
no-ping
address=/boot.netboot.xyz/{ROUTER}
enable-ra
"""
DNSMASQ_ADVERTISE = "dhcp-range=fd77::,ra-only\nra-param=eth0,4,600\n"
DNSMASQ_ADVERTISE_RELAYED = "dhcp-range=fd76::,ra-only\nra-param=br1,4,600\n"
# It tells machines to ask for an address by DHCPv6, but leaves the answer to another server.
DNSMASQ_ADVERTISE_MANAGED = """\
dhcp-range=set:all,fd77::f00,fd77::fff,64,1h
dhcp-ignore=tag:all
ra-param=eth0,4,600
"""
DNSMASQ_IPV4 = f"dhcp-authoritative\ndhcp-range={POOL[0]},{POOL[1]},255.255.255.0,1h\n"
DNSMASQ_IPV6 = "dhcp-range=fd77::100,fd77::1ff,64,1h\n"
DNSMASQ_FORCE = f"""\
dhcp-match=set:qemurom,55,{QEMU_ROM_ASKS.hex(":")}
dhcp-boot=tag:qemurom,undionly.kpxe,pixie,{ADDRESS}
"""

ISC = f"""\
authoritative;
subnet 10.77.0.0 netmask 255.255.255.0 {{
  range {POOL[0]} {POOL[1]};
  option domain-name-servers {ROUTER};
}}
"""
ISC_FORCE = f"""\
if substring(option dhcp-parameter-request-list, 0, {len(QEMU_ROM_ASKS)}) = \
    {QEMU_ROM_ASKS.hex(":")} {{
  filename "undionly.kpxe";
}}
"""

KEA = {
    "interfaces-config": {
        "interfaces": ["eth0"],
        # The kernel may call a new interface "not running" for its first second.
        "service-sockets-max-retries": 50,
        "service-sockets-retry-wait-time": 100,  # milliseconds
    },
    "lease-database": {"type": "memfile", "persist": False},
    "subnet4": [{
        "subnet": "10.77.0.0/24",
        "pools": [{"pool": " - ".join(POOL)}],
        "option-data": [{"name": "domain-name-servers", "data": ROUTER}],
    }],
}
KEA_FORCE = {
    "name": "qemu-rom",
    "test": f"substring(option[55].hex,0,{len(QEMU_ROM_ASKS)}) == 0x{QEMU_ROM_ASKS.hex()}",
    "next-server": ADDRESS,
    "boot-file-name": "undionly.kpxe",
}


def _start(network, name, command, log, ready, environment=None):
    process = Process(network.router, command, log, environment)
    process.transcript.name = name
    process.transcript.wait_for(ready, time.monotonic() + READY_SECONDS)
    return process


def dnsmasq(network, folder, rules, force_undionly=False, ipv6=False):
    """dnsmasq as DHCP server with `rules`; `ipv6` makes it serve DHCPv6 and no DHCPv4.

    `force_undionly` sends pixie's undionly.kpxe to QEMU's own ROM, which is iPXE already.
    """
    ranges = DNSMASQ_IPV6 if ipv6 else DNSMASQ_IPV4 + DNSMASQ_ADVERTISE
    # Of several dhcp-boot lines that match, dnsmasq takes the last.
    return _dnsmasq(network, folder, ranges + rules + (DNSMASQ_FORCE if force_undionly else ""))


def _dnsmasq(network, folder, settings, interface="eth0"):
    config = folder / "dnsmasq.conf"
    config.write_text(f"{DNSMASQ}interface={interface}\ndhcp-leasefile={folder}/dnsmasq.leases\n"
                      f"{settings}")
    return _start(network, "dnsmasq", ["dnsmasq", f"--conf-file={config}"], folder / "dnsmasq.log",
                  rb"started, version")


def isc_dhcpd(network, folder, rules, force_undionly=False):
    """ISC dhcpd with `rules` at the top level of its file."""
    root = assets.peer("isc-dhcp-server")
    config, leases = folder / "dhcpd.conf", folder / "dhcpd.leases"
    config.write_text(rules + ISC + (ISC_FORCE if force_undionly else ""))
    leases.touch()
    command = ["dhcpd", "-4", "-f", "-d", "--no-pid", "-cf", config, "-lf", leases, "eth0"]
    return _start(network, "dhcpd", command, folder / "dhcpd.log", rb"Server starting service",
                  assets.peer_environment(root))


def kea(network, folder, rules, force_undionly=False):
    """Kea with `rules`: members of its "Dhcp4" object, as JSON."""
    root = assets.peer("kea-dhcp4-server")
    settings = KEA | json.loads("{" + rules.strip().removesuffix(",") + "}")
    if force_undionly:  # of several classes that set a boot file, Kea takes the first
        settings["client-classes"] = [KEA_FORCE, *settings["client-classes"]]
    config = folder / "kea.json"
    config.write_text(json.dumps({"Dhcp4": settings}, indent=2))
    environment = assets.peer_environment(root) | {
        "KEA_LOCKFILE_DIR": str(folder), "KEA_PIDFILE_DIR": str(folder)}
    return _start(network, "kea", ["kea-dhcp4", "-c", config], folder / "kea.log",
                  rb"DHCP4_STARTED", environment)


def advertiser(network, folder, managed=False):
    """dnsmasq for DNS and router advertisements only, beside another DHCP server. `managed` says
    that addresses are given by DHCPv6."""
    return _dnsmasq(network, folder, DNSMASQ_ADVERTISE_MANAGED if managed else DNSMASQ_ADVERTISE)


def advertiser_behind_relay(network, folder):
    """As advertiser(), for the machine's own network."""
    return _dnsmasq(network, folder, DNSMASQ_ADVERTISE_RELAYED, "br1")


def dhcp_relay(network, folder):
    """ISC dhcrelay between the machine's own network and pixie; it adds option 82."""
    environment = assets.peer_environment(assets.peer("isc-dhcp-relay"))
    command = ["dhcrelay", "-4", "-d", "--no-pid", "-a", "-id", "br1", "-iu", "eth0", ADDRESS]
    return _start(network, "dhcrelay", command, folder / "dhcrelay.log",
                  rb"Sending on   Socket/fallback", environment)


def web(network, folder, port, log):
    """A static web server for the files in `folder`, in place of a site on the Internet."""
    return _start(network, f"web server {port}",
                  [sys.executable, "-u", "-m", "http.server", port, "--bind", "::", "-d", folder],
                  log, rb"Serving HTTP")
