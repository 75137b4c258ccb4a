"""pixie storm: many simulated machines boot from pixie, and from dnsmasq with nginx."""

import contextlib
import json
import time

from lab.process import Process

from .case import case, check, equal
from .network import SERVER

MACHINES = 200
KERNEL, INITRD = 300_000, 200_001
SCRIPT = ("#!ipxe\nkernel ${pixie}/extra/vmlinuz quiet || goto failed\n"
          "initrd --name i ${pixie}/extra/initrd.gz || goto failed\nboot\n:failed\nshell\n")
MACHINE = "02-70-78-00-00-07.ipxe"  # the eighth one's


def storm(bench, *options, status=0, namespace=None, machines=MACHINES):
    """Runs a storm with a report in JSON; returns that."""
    done = bench.run(bench.program, "storm", "--machines", machines, "--json", *options,
                     namespace=namespace)
    equal(f"exit status; it said:\n{done.stdout}{done.stderr}", done.returncode, status)
    return json.loads(done.stdout)


def files(bench):
    """What the machines boot; the sizes of the scripts are known."""
    bench.file("vmlinuz", KERNEL)
    bench.file("initrd.gz", INITRD)
    bench.file("default.ipxe", SCRIPT.encode(), bench.scripts)


def size_of(bench, pixie, path):
    """How many bytes pixie serves under that path."""
    done = bench.run("curl", "-sf", "-o", "got", bench.url(pixie, path))
    equal(f"curl {path}: {done.stderr}", done.returncode, 0)
    return len(bench.downloaded())


def all_booted(report):
    """Fails unless all machines did, in some time."""
    equal("failures", report["failures"], [])
    equal("completed, failed, unfinished",
          [report[key] for key in ("completed", "failed", "unfinished")], [MACHINES, 0, 0])
    times = [report["boot_seconds"][key] for key in ("p50", "p90", "p99", "max")]
    check(0 < times[0] and times == sorted(times) and times[-1] <= report["seconds"],
          f"times {times} in {report['seconds']} s")


@case("storm.boots")
def boots(bench):
    """200 machines boot from pixie by TFTP and HTTP; the report's numbers are right"""
    files(bench)
    pixie = bench.start()
    report = storm(bench, f"{SERVER}:{pixie.tftp}", "--pid", pixie.pid)
    all_booted(report)
    sizes = {path: size_of(bench, pixie, path)
             for path in ("snponly.efi", "chain.ipxe", "ipxe/" + MACHINE)}
    equal("bytes by TFTP", report["tftp_bytes"],
          MACHINES * (sizes["snponly.efi"] + sizes["chain.ipxe"]))
    equal("bytes by HTTP", report["http_bytes"],
          MACHINES * (sizes["ipxe/" + MACHINE] + KERNEL + INITRD))
    used = report["server"]
    check(used["cpu_seconds"] > 0 and used["peak_memory_bytes"] >= used["memory_bytes"] > 1 << 20,
          f"the server's usage: {used}")
    text = bench.run(bench.program, "storm", f"{SERVER}:{pixie.tftp}", "--machines", "3",
                     "--arch", "x86-bios", "--think", "0.1")
    check(text.stdout.startswith("3 completed, 0 failed in "), text.stdout + text.stderr)


@case("storm.loopback")
def loopback(bench):
    """on pixie's own host: the CPU and memory of who holds the ports are told"""
    files(bench)
    bench.start(bind="127.0.0.1:0", command=[
        bench.program, "-t", "127.0.0.1:69", "-u", "127.0.0.1:80", "--threads", "1",
        "-d", bench.scripts, "-e", bench.extra, "--user", "root",
        "--state", bench.folder / "state"])
    report = storm(bench, "127.0.0.1", namespace=bench.network.server)
    all_booted(report)
    check(report["server"] and report["server"]["memory_bytes"] > 0, f"{report['server']}")


@case("storm.failures")
def failures(bench):
    """a missing kernel, a missing script, a closed port: the step, the cause, the count, status 1"""
    files(bench)
    pixie = bench.start()
    server = f"{SERVER}:{pixie.tftp}"
    bench.file(MACHINE, SCRIPT.replace("vmlinuz", "vmlinuz-9").encode(), bench.scripts)
    report = storm(bench, server, status=1)
    equal("completed and failed", (report["completed"], report["failed"]), (MACHINES - 1, 1))
    found, = report["failures"]
    equal("the failure", [found[key] for key in ("step", "count", "finding")],
          ["files", 1, "file-missing"])
    check("vmlinuz-9" in found["cause"] and "404" in found["cause"], found["cause"])
    for name in (MACHINE, "default.ipxe"):
        (bench.scripts / name).unlink()
    report = storm(bench, server, status=1)
    equal("failures", [(entry["step"], entry["finding"], entry["count"])
                       for entry in report["failures"]], [("script", "script-missing", MACHINES)])
    report = storm(bench, server, "--rom", "no-such.efi", status=1)
    equal("failures", [(entry["step"], entry["finding"]) for entry in report["failures"]],
          [("rom", "tftp-file-missing")])
    # The server's kernel tells of a closed port six times at once, then once in a second (icmp(7)).
    report = storm(bench, SERVER, status=1, machines=5)
    equal("failures", [(entry["step"], entry["finding"]) for entry in report["failures"]],
          [("rom", "tftp-closed")])


@case("storm.loss")
def loss(bench):
    """every fiftieth packet is lost: all machines boot, having sent some again"""
    files(bench)
    pixie = bench.start()
    report = storm(bench, f"{SERVER}:{pixie.tftp}", "--loss", "2", "--patience", "60", "--arrive",
                   "poisson", "--over", "1", "--seed", "5")
    all_booted(report)
    check(report["packets_sent_again"] > 0, "no packet was sent again")
    check(report["seconds"] > 0.5, f"arrivals over a second took {report['seconds']} s")


@case("storm.refuses")
def refuses(bench):
    """public addresses, unknown servers and senseless options: one sentence, status 2"""
    for words, told in (
            (["192.0.2.1"], "--public"),
            (["2001:db8::1"], "--public"),
            (["--dhcp", "192.0.2.1"], "--public"),
            (["example.com"], "expected an IP address"),
            ([], "name the server"),
            ([SERVER, "--dhcp", SERVER], "not both"),
            ([SERVER, "--relay", SERVER], "--relay"),
            (["--dhcp", SERVER, "--rom", "a"], "--dhcp"),
            ([SERVER, "--arrive", "never"], "--arrive"),
            ([SERVER, "--arch", "vax"], "--arch"),
            ([SERVER, "--mac", "1"], "--mac"),
            ([SERVER, "--pid", "4194304"], "--pid"),
            ([SERVER, "--machines", "0"], "--machines")):
        done = bench.run(bench.program, "storm", *words)
        equal(f"status of {words}; {done.stderr}", done.returncode, 2)
        check(told in done.stderr and done.stderr.count("\n") == 1, f"{words}: {done.stderr}")
    few = bench.run("setpriv", "--reuid", "65534", "--clear-groups", "prlimit", "--nofile=64:64",
                    bench.program, "storm", SERVER, "--machines", "1000")
    equal(f"status; {few.stderr}", few.returncode, 2)
    check("ulimit -n" in few.stderr, few.stderr)


@case("storm.dhcp-server", own_network=True)
def dhcp_server(bench):
    """pixie gives 200 machines addresses by way of the storm's relay, and boots them"""
    files(bench)
    bench.start(command=[
        bench.program, "-t", "0.0.0.0:69", "-u", "0.0.0.0:80", "--threads", "2", "-d", bench.scripts,
        "-e", bench.extra, "--user", "root", "--dhcp", "server", "--dhcp-force", "--interface",
        "eth0", "--state", bench.folder / "state", "--dhcp-range", "10.78.0.20-10.78.0.250"])
    for kind in ("x64-uefi", "x86-bios", "x64-http"):
        all_booted(storm(bench, "--dhcp", SERVER, "--arch", kind))
    # Without DHCP UEFI HTTP Boot has its ROM by HTTP, too; and --over alone means a ramp.
    report = storm(bench, SERVER, "--arch", "x64-http", "--over", "0.5")
    all_booted(report)
    equal("by TFTP, and how they came", (report["tftp_bytes"], report["arrive"]), (0, "ramp"))


@contextlib.contextmanager
def dnsmasq_and_nginx(bench, root):
    """dnsmasq (DHCP, TFTP) and nginx on the server's host, which serve that folder."""
    config = bench.folder / "nginx.conf"
    config.write_text(
        f"user root; worker_processes 1; daemon off; pid {bench.folder}/nginx.pid;\n"
        f"error_log stderr; events {{ worker_connections 4096; }}\n"
        f"http {{ access_log off; server {{ listen 80; root {root}; }} }}\n")
    words = ["dnsmasq", "--conf-file=/dev/null", "--keep-in-foreground", "--log-facility=-", "--port=0",
             "--user=root", "--pid-file", "--no-ping", "--dhcp-authoritative", "--interface=eth0",
             "--bind-interfaces", "--enable-tftp", f"--tftp-root={root}", "--tftp-max=1000",
             f"--dhcp-leasefile={bench.folder}/leases", "--dhcp-lease-max=1000",
             "--dhcp-range=10.78.0.20,10.78.0.250,255.255.255.0,1h", "--dhcp-match=set:ipxe,175",
             f"--dhcp-boot=tag:!ipxe,rom.efi,server,{SERVER}",
             f"--dhcp-boot=tag:ipxe,chain.ipxe,server,{SERVER}"]
    with contextlib.ExitStack() as stack:
        for name, command, ready in (
                ("dnsmasq", words, rb"started, version"),
                ("nginx", ["nginx", "-c", str(config), "-e", "stderr"], None)):
            process = Process(bench.network.server, command, bench.folder / f"{name}.log")
            stack.callback(process.stop)
            if ready:
                process.transcript.wait_for(ready, time.monotonic() + 20)
        bench.run("curl", "-sf", "--retry", "50", "--retry-connrefused", "--retry-delay", "0",
                  "-o", "got", f"http://{SERVER}/chain.ipxe")
        check(bench.downloaded(), "nginx does not serve")
        yield


@case("storm.others", own_network=True)
def others(bench):
    """dnsmasq with nginx in pixie's place, with DHCP and without"""
    root = bench.folder / "root"
    root.mkdir()
    exported = bench.run(bench.program, "roms", "export", root)
    equal(exported.stderr, exported.returncode, 0)
    (root / "snponly64.efi").rename(root / "rom.efi")
    bench.file("vmlinuz", KERNEL, root)
    script = (f"#!ipxe\niseq ${{platform}} efi || goto x\nkernel http://{SERVER}/vmlinuz "
              "mac=${mac} || shell\nboot\n:x\n")
    bench.file("chain.ipxe", script.encode(), root)
    rom = (root / "rom.efi").stat().st_size
    with dnsmasq_and_nginx(bench, root):
        for words in (["--dhcp", SERVER], [SERVER, "--rom", "rom.efi"]):
            report = storm(bench, *words)
            all_booted(report)
            equal("bytes", (report["tftp_bytes"], report["http_bytes"]),
                  (MACHINES * (rom + len(script)), MACHINES * KERNEL))
