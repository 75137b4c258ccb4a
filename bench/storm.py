"""A storm of booting machines: pixie alone, and dnsmasq for DHCP and TFTP with nginx for HTTP.

Both serve the same ROM, the same script, one script for each machine, a kernel and an initrd, on a wire of their own.
`pixie storm` is the load: each machine goes the whole way from DHCP to its initrd.
"""

import dataclasses
import json
import shutil
import subprocess
import sys
import time

import dhcp
from loads import Sample, metered
from servers import ROM, Nginx, program

MOST_MACHINES = 10_000
KERNEL_BYTES, INITRD_BYTES = 1_000_000, 4_000_000
URL = f"http://{dhcp.SERVER}"


def make_tree(root):
    """Beside the tree of the other rows, made once: its folder."""
    tree = root.parent / "storm"
    if tree.exists():
        return tree
    (tree / "ipxe").mkdir(parents=True)
    (tree / "extra").mkdir()
    shutil.copy(root / ROM, tree / ROM)
    (tree / "extra/linux").write_bytes(bytes(KERNEL_BYTES))
    (tree / "extra/initrd").write_bytes(bytes(INITRD_BYTES))
    chain = "#!ipxe\nchain --autofree ipxe/${mac:hexhyp}.ipxe\n"
    for folder in (tree, tree / "ipxe"):  # nginx's place for it, and pixie's
        (folder / "chain.ipxe").write_text(chain)
    for number in range(MOST_MACHINES):
        name = "02-70-78-{:02x}-{:02x}-{:02x}.ipxe".format(*number.to_bytes(3, "big"))
        (tree / "ipxe" / name).write_text(
            f"#!ipxe\nkernel {URL}/extra/linux hostname=node{number}\ninitrd {URL}/extra/initrd\nboot\n")
    return tree


class StormServer(dhcp.DhcpServer):
    """One that machines boot from; `pixie` is the program whose storm asks it."""

    pixie = None

    def _wait_until_ready(self, deadline):
        said = ""
        while self.runs() and time.monotonic() < deadline:
            report, said = ask(self, 1, 0)
            if report and report["completed"] == 1:
                return
        raise OSError(f"{self.name} boots no machine: {said} {self.last_output()}")


class PixieStorm(StormServer, dhcp.PixieDhcp):
    """One thread."""

    def own_command(self):
        tree = make_tree(self.root)
        command = super().own_command()
        command[command.index("-t") + 1] = f"{dhcp.SERVER}:69"
        command[command.index("-u") + 1] = f"{dhcp.SERVER}:80"
        return [*command, "-d", tree / "ipxe", "-e", tree / "extra"]


class DnsmasqNginx(StormServer, dhcp.DnsmasqDhcp):
    """With as many transfers and connections as the storm may need."""

    name = "dnsmasq+nginx"

    def own_command(self):
        return [*super().own_command(), "--enable-tftp", f"--tftp-root={make_tree(self.root)}",
                f"--tftp-max={MOST_MACHINES}", "--dhcp-match=set:ipxe,175",
                f"--dhcp-boot=tag:!ipxe,{ROM},,{dhcp.SERVER}", f"--dhcp-boot=tag:ipxe,{URL}/chain.ipxe"]

    def _wait_until_ready(self, deadline):
        nginx = Nginx(self._scratch, make_tree(self.root), self.folder)
        executable, *words = nginx.command()
        conf = self.folder / "nginx.conf"
        conf.write_text(conf.read_text().replace(f"127.0.0.1:{nginx.http_port}", f"{dhcp.SERVER}:80")
                        .replace("worker_connections 4096", f"worker_connections {2 * MOST_MACHINES}"))
        with open(self.folder / "output", "ab") as output:
            # It ends with the processes of the group.
            self._web = subprocess.Popen([*self.wire.at_server(), executable.path, *map(str, words)],
                                         env=executable.environment, stdin=subprocess.DEVNULL, stdout=output,
                                         stderr=output, preexec_fn=self.group.join)
        super()._wait_until_ready(deadline)

    def runs(self):
        return super().runs() and self._web.poll() is None

    def stop(self):
        super().stop()
        self._web.wait()


SERVERS = (PixieStorm, DnsmasqNginx)


def ask(server, machines, seconds):
    """The report of a storm of machines that arrive within `seconds`, and what it said beside."""
    command = [*server.wire.at_agent(), server.pixie, "storm", "--dhcp", dhcp.SERVER, "--relay", dhcp.AGENT,
               "--machines", machines, "--arrive", "poisson" if seconds else "all", "--over", max(seconds, 1),
               "--patience", 30 if seconds else 1, "--json"]
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    return json.loads(result.stdout) if result.stdout else None, result.stderr[-500:]


@dataclasses.dataclass(frozen=True)
class Storm:
    """So many machines, which arrive by chance within `seconds`."""
    machines: int
    seconds: int

    def __call__(self, server):
        (report, said), cpu = metered(server, lambda: ask(server, self.machines, self.seconds))
        if report is None:
            raise OSError(f"storm: {said}")
        for failure in report["failures"]:
            print(f"  {server.name}: {failure['count']} in {failure['step']}: {failure['cause']}", file=sys.stderr)
        return Sample(report["completed"], cpu, report["seconds"], report["packets_sent_again"],
                      report["failed"] + report["unfinished"])
