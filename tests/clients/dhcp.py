"""pixie as DHCP server: the clients that operating systems come with obtain, renew and release."""

import contextlib
import re
import shutil
import signal
import time

from lab.process import Process

from . import dhcp_message as dhcp
from .case import Failure, Skip, case, check, equal
from .dhcp_serve import DNS, DOMAIN, FIRST, MASK, POOL, ROUTER, SERVER, in_pool, start
from .network import run

# Both dhclient and udhcpc run it; it does what their own ones do, but for the resolver.
SCRIPT = """\
#!/bin/sh
[ -n "$reason" ] || reason=$1
address=${new_ip_address:-$ip}
echo "$reason $address ${new_subnet_mask:-$subnet} ${new_routers:-$router} \
${new_domain_name_servers:-$dns} ${new_domain_name:-$domain} ${new_host_name:-$hostname}" >> LOG
case $reason in
  BOUND|RENEW|REBIND|REBOOT|bound|renew) ip addr replace $address/24 dev eth0 ;;
  PREINIT|deconfig|RELEASE|EXPIRE) ip addr flush dev eth0 ;;
esac
"""
MAC = "02:00:00:aa:00:01"


def _program(name, package):
    found = shutil.which(name)
    if not found:
        raise Skip(f"{name} is not installed (package {package})")
    return found


class Machine:
    """A host that runs one of the clients, and what is heard on its segment."""

    def __init__(self, bench, *options, pool=POOL):
        self.segment, self.pixie = start(bench, *options, pool=pool)
        self._bench = bench
        self.host = self.segment.host("machine", mac=MAC)
        self.ear = bench.enter(self.segment.ear())
        self.log = bench.folder / "script.log"
        self.script = bench.folder / "script"
        self.script.write_text(SCRIPT.replace("LOG", str(self.log)))
        self.script.chmod(0o755)

    def run(self, *command):
        """Runs a command there, which must succeed; returns what it printed."""
        done = self._bench.run(*command, namespace=self.host, timeout=60)
        check(done.returncode == 0, f"{command[0]}: {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self, *command):
        """Starts a program there, which ends with the case."""
        process = Process(self.host, command, self._bench.folder / "client.log")
        self._bench.enter(contextlib.ExitStack()).callback(process.stop)
        return process

    def address(self):
        """The IPv4 address of its eth0; None without one."""
        found = re.search(r"inet (\S+)/(\d+)", self.run("ip", "-4", "addr", "show", "dev", "eth0"))
        if found:
            equal("prefix", found.group(2), "24")
        return found and found.group(1)

    def heard(self, kind, **fields):
        """The next message of a kind with these fields; fails without one."""
        message = self.ear.wait_for(lambda said: said.kind == kind and all(
            getattr(said, name) == value for name, value in fields.items()))
        if not message:
            said = "\n".join(map(str, self.ear.messages))
            raise Failure(f"no {dhcp.NAMES[kind]} {fields}; said was:\n{said}")
        return message

    def forget(self):
        """What was heard so far counts no more."""
        self.ear.listen(0.1)
        self.ear.messages.clear()

    def check_told(self):
        """The script was told all that pixie is set to tell."""
        told = self.log.read_text().split("\n")[-2].split(" ")
        equal("told", told[2:6], [MASK, ROUTER, DNS, DOMAIN])


@case("dhcp.dhclient", slow=True)
def dhclient(bench):
    """ISC dhclient: an address, the same after a restart, renewed in time, released"""
    _program("dhclient", "isc-dhcp-client")
    machine = Machine(bench, pool=f"{POOL}/60s")
    config = bench.folder / "dhclient.conf"
    config.write_text("request subnet-mask, routers, domain-name-servers, domain-name;\n")
    files = ("-cf", config, "-sf", machine.script, "-lf", bench.folder / "leases",
             "-pf", bench.folder / "pid")
    machine.run("dhclient", "-4", "-1", *files, "eth0")
    address = machine.address()
    check(in_pool(address), f"{address} is not of {POOL}")
    machine.check_told()
    machine.forget()
    machine.run("dhclient", "-4", "-x", *files, "eth0")
    machine.run("dhclient", "-4", "-1", *files, "eth0")
    equal("after the restart", machine.address(), address)
    check(machine.heard(dhcp.REQUEST).address(dhcp.WANTED_ADDRESS) == address, "it asks anew")
    check(not any(said.kind == dhcp.DISCOVER for said in machine.ear.messages), "it discovers anew")
    machine.forget()
    check(machine.ear.wait_for(lambda said: said.kind == dhcp.ACK and said.ciaddr == address, 45),
          "it isn't renewed")
    machine.run("dhclient", "-4", "-r", *files, "eth0")
    machine.heard(dhcp.RELEASE, ciaddr=address)
    machine.pixie.await_line(rf"event=dhcp\.released .*{MAC}".encode())


AWAIT_ADDRESS6 = "while ip -6 addr show dev eth0 | grep -q tentative; do sleep 0.1; done"
SCRIPT6 = """\
#!/bin/sh
echo "$reason $new_ip6_address" >> LOG
"""


@case("dhcp.dhclient6")
def dhclient6(bench):
    """ISC dhclient over IPv6: an address of --dhcp-range6, the same one again, released"""
    _program("dhclient", "isc-dhcp-client")
    machine = Machine(bench, "--dhcp-range6", "fd80::100-fd80::1ff")
    machine.script.write_text(SCRIPT6.replace("LOG", str(machine.log)))
    files = ("-cf", "/dev/null", "-sf", machine.script, "-lf", bench.folder / "leases",
             "-pf", bench.folder / "pid")
    machine.run("sh", "-c", AWAIT_ADDRESS6)
    for _ in range(2):
        machine.run("dhclient", "-6", "-1", *files, "eth0")
        machine.run("dhclient", "-6", "-r", *files, "eth0")
    told = [line.split(" ")[1] for line in machine.log.read_text().split("\n")
            if line.startswith("BOUND6")]
    equal("leases", len(told), 2)
    check(re.fullmatch(r"fd80::1[0-9a-f]{2}", told[0]), f"{told[0]} is given")
    equal("the second time", told[1], told[0])


@case("dhcp.udhcpc")
def udhcpc(bench):
    """busybox udhcpc, which takes unicast answers: an address, renewed, released"""
    program = _program("busybox", "busybox-static")
    machine = Machine(bench)
    client = machine.start(program, "udhcpc", "-f", "-i", "eth0", "-s", machine.script)
    ack = machine.heard(dhcp.ACK)
    address = ack.yiaddr
    check(in_pool(address), f"{address} is not of {POOL}")
    equal("the answer goes to", ack.destination[0], address)
    client.transcript.wait_for(rb"obtained", time.monotonic() + 10)
    equal("address", machine.address(), address)
    machine.check_told()
    machine.forget()
    client.signal(signal.SIGUSR1)
    machine.heard(dhcp.REQUEST, ciaddr=address)
    machine.heard(dhcp.ACK, yiaddr=address)
    client.signal(signal.SIGUSR2)
    machine.heard(dhcp.RELEASE, ciaddr=address)
    machine.pixie.await_line(rf"event=dhcp\.released .*{MAC}".encode())


# Its files are of the whole machine: each case has them in a mount namespace of its own.
DHCPCD = """\
set -e
mount -t tmpfs none /var/lib/dhcpcd
mkdir -p /run/dhcpcd
mount -t tmpfs none /run/dhcpcd
dhcpcd -4 -b -A --noipv4ll -c /bin/true -o domain_name_servers eth0
until ip -4 addr show dev eth0 | grep -q inet; do sleep 0.1; done
ip -4 addr show dev eth0
dhcpcd -4 -N eth0
sleep 1
dhcpcd -4 -k eth0
sleep 1
"""


@case("dhcp.dhcpcd")
def dhcpcd(bench):
    """dhcpcd: an address, renewed, released"""
    _program("dhcpcd", "dhcpcd-base")
    machine = Machine(bench)
    shown = machine.run("unshare", "--mount", "timeout", "30", "sh", "-c", DHCPCD)
    address = re.search(r"inet (\S+)/24", shown).group(1)
    check(in_pool(address), f"{address} is not of {POOL}")
    machine.heard(dhcp.REQUEST, ciaddr=address)
    machine.heard(dhcp.ACK, ciaddr=address)
    machine.heard(dhcp.RELEASE, ciaddr=address)
    machine.pixie.await_line(rf"event=dhcp\.released .*{MAC}".encode())


@case("dhcp.reservation")
def reservation(bench):
    """a machine with a reservation gets its address and name; nobody else gets the address"""
    program = _program("busybox", "busybox-static")
    config = bench.folder / "pixie.toml"
    config.write_text(f'[[reservation]]\nmac = "{MAC}"\naddress = "10.80.0.50"\n'
                      f'hostname = "kitchen"\n[[reservation]]\nmac = "02:00:00:aa:00:02"\n'
                      f'address = "{FIRST}"\n')
    machine = Machine(bench, "--config", config)
    machine.run(program, "udhcpc", "-i", "eth0", "-s", machine.script, "-n", "-q")
    equal("address", machine.address(), "10.80.0.50")
    equal("name", machine.heard(dhcp.ACK).options.get(dhcp.HOST_NAME), b"kitchen")
    other = machine.segment.host("other")
    bench.run(program, "udhcpc", "-i", "eth0", "-s", machine.script, "-n", "-q", namespace=other)
    told = machine.log.read_text().split("\n")[-2].split(" ")[1]
    check(in_pool(told) and told != FIRST, f"the other machine has {told}")


@case("dhcp.restart")
def restart(bench):
    """kill -9: after it, the leases are those that were told"""
    program = _program("busybox", "busybox-static")
    machine = Machine(bench)
    machine.run(program, "udhcpc", "-i", "eth0", "-s", machine.script, "-n", "-q")
    address = machine.address()
    bench.kill(machine.pixie)
    begin = time.monotonic()
    _, pixie = start(bench, segment=machine.segment)
    check(time.monotonic() - begin < 15, "it takes long to start")
    other = machine.segment.host("other")
    run("ip", "-n", machine.host, "addr", "flush", "dev", "eth0")
    # It may not even ask for the address by name: udhcpc's -r only wishes.
    bench.run(program, "udhcpc", "-i", "eth0", "-s", machine.script, "-n", "-q", "-r", address,
              namespace=other)
    machine.run(program, "udhcpc", "-i", "eth0", "-s", machine.script, "-n", "-q")
    told = [line.split(" ")[1] for line in machine.log.read_text().split("\n")
            if line.startswith("bound")]
    equal("leases", len(told), 3)
    check(told[1] != address, "another machine has the address")
    equal("the machine's", told[2], address)
    check(not pixie.logged(rb"level=error"), "an error is logged")
    equal("the server", machine.heard(dhcp.ACK).address(dhcp.SERVER), SERVER)
