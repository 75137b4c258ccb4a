"""One end-to-end case: what is set up for it, what the machine must show, and how it is played."""

import contextlib
import dataclasses
import json
import os
import re
import shutil
import subprocess
import time

from . import assets, certificates, disk, mini_image, net, peers, snippets
from .machine import FIRMWARE, MAC, Machine
from .process import Process, Unexpected

CASE_SECONDS = 240
PIXIE_SECONDS = 20
UPSTREAM_PORT = 8088

# A machine that shows one of these goes nowhere any more.
GAVE_UP = rb"PXE-E\d+|Shell> |No more network devices|No bootable device|iPXE> "

# The script of a machine that boots the Linux of assets.py, and the file name of its own script.
SCRIPT_RUNS = "SCRIPT-RUNS"
BOOT_SCRIPT = """\
#!ipxe
echo {runs}
kernel {base}/extra/vmlinuz initrd=initrd.gz console={console} panic=-1 quiet
initrd {base}/extra/initrd.gz
boot
"""
OWN_FILE = MAC.replace(":", "-") + ".ipxe"

NETBOOT_XYZ_RUNS = "NETBOOT-XYZ-RUNS"
NETBOOT_XYZ = f"#!ipxe\necho {NETBOOT_XYZ_RUNS}\n"


@dataclasses.dataclass(frozen=True)
class See:
    """The machine's console shows `pattern` (bytes); `label` names the moment in the report."""
    label: str
    pattern: bytes


@dataclasses.dataclass(frozen=True)
class Type:
    """Somebody presses a key on the machine's keyboard."""
    key: str


@dataclasses.dataclass(frozen=True)
class TypeLine:
    """Somebody types a line to a prompt, each character once the one before is on the screen."""
    text: str


@dataclasses.dataclass(frozen=True)
class Assign:
    """Somebody on pixie's host assigns something to the machine: the JSON of the API's PUT."""
    body: str


@dataclasses.dataclass(frozen=True)
class Logged:
    """pixie's log gets a line with `pattern` (bytes), behind what the last of these found."""
    label: str
    pattern: bytes


@dataclasses.dataclass(frozen=True)
class Shown:
    """What pixie's API shows of the machine has these members, some of them within others."""
    members: dict


@dataclasses.dataclass(frozen=True)
class Screenshot:
    """The machine's display is saved under this name in the case's folder."""
    file: str


@dataclasses.dataclass(frozen=True)
class Case:
    """A case of the table in tests/firmware.py."""
    note: str
    firmware: str  # a key of FIRMWARE
    steps: tuple
    scripts: tuple[str, ...] = (OWN_FILE,)  # files of the scripts folder; each boots Linux
    fleet: str | None = None  # pixie.toml in the scripts folder
    preseed: str | None = None  # templates/preseed.cfg there; Debian's installer is in extra/debian
    https: bool = False  # pixie serves HTTPS, the firmware trusts its authority, and chain.ipxe leads there
    upstream: str | None = None  # what another server (--api) answers for the machine
    # Whose rules of the README are used: dnsmasq, isc-dhcpd or kea; or plain, a DHCP server without
    # any; or none, where pixie is the only one; or relay, where it is that, but behind a relay.
    dhcp: str = "dnsmasq"
    printed_rules: bool = False  # those of `pixie dhcp-config` in place of the README's
    pixie_options: tuple[str, ...] = ()
    rules: str | None = None  # dnsmasq rules in place of the README's
    rom: str = "snponly.efi"  # the ROM that takes the place of snponly.efi in the rules
    force_undionly: bool = False  # QEMU's own ROM is iPXE already: send undionly.kpxe to it
    plain_pxe: bool = False  # QEMU's own ROM doesn't tell that it is iPXE
    ipv6: bool = False  # no IPv4 but pixie's name for it, or pixie's own DHCP
    menu_timeout: int = 2  # seconds
    base: str = f"http://{net.ADDRESS}"  # where the boot script takes the kernel from
    served: tuple[str, ...] = ()  # what pixie's log must say was sent, in this order
    logged: tuple[re.Pattern, ...] = ()  # what else pixie's log must have, anywhere
    needs_roms: tuple[str, ...] = ()  # ROMs that only the user can give (PIXIE_TEST_ROMS)
    seconds: int = CASE_SECONDS  # from power-on to the last step
    loss: float = 0  # percent of the packets from and to the machine
    with_disk: bool = False  # a disk is next in the boot order
    images: tuple[str, ...] = ()  # of src/recipes/testdata, in the images folder
    real_images: tuple[str, ...] = ()  # of assets.IMAGES, there too
    qemu: tuple[str, ...] = ()
    dead_end: bytes | None = GAVE_UP
    display: bool = False
    by_default: bool = True  # runs when no case is named


def _has(shown, members):
    """Whether a table has these members; of those that are tables themselves, these ones."""
    return all(_has(shown.get(name) or {}, value) if isinstance(value, dict)
               else shown.get(name) == value for name, value in members.items())


class Scene:
    """Plays one case; `steps` holds (label, seconds since power-on) of what was seen so far."""

    def __init__(self, case, folder, pixie, readme, roms):
        self._case, self._folder, self._readme = case, folder, readme
        self._pixie_program, self._roms = pixie, roms
        self._firmware = FIRMWARE[case.firmware]
        self._pixie = None
        self._machine = self._lan = None
        self._image_files = []
        self._secure = None
        self.steps = []

    def play(self):
        """Returns when everything came as the case says; else raises (Unexpected, OSError, …)."""
        if self._folder.exists():
            shutil.rmtree(self._folder)
        self._folder.mkdir(parents=True)
        self._make_files()
        with contextlib.ExitStack() as stack:
            stack.callback(self._remove_large_files)
            network = stack.enter_context(net.Network(
                self._folder, self._case.loss, plain_pxe=self._case.plain_pxe,
                relay=self._case.dhcp == "relay"))
            for start in (self._start_dhcp, self._start_advertiser, self._start_site,
                          self._start_upstream, self._start_pixie):
                if process := start(network):
                    stack.callback(process.stop)
            self._machine = stack.enter_context(Machine(
                network, self._folder, self._firmware, (*self._case.qemu, *self._trust()),
                disk.image() if self._case.with_disk else None, self._case.display))
            self._follow()
            if status := self._pixie.stop():
                raise Unexpected(f"pixie ended with status {status}")

    def logs(self, lines):
        """(title, text) pairs with the ends of the console's and pixie's logs."""
        parts = []
        if self._machine:
            parts.append(("the machine's console", self._machine.console.tail(lines)))
        if self._pixie:
            parts.append(("pixie's log", self._pixie.transcript.tail(lines)))
        return parts

    def _make_files(self):
        scripts, extra = self._folder / "scripts", self._folder / "extra"
        scripts.mkdir()
        extra.mkdir()
        if self._case.fleet:
            (scripts / "pixie.toml").write_text(self._case.fleet)
        self._make_images(scripts / "images")
        if self._case.https:
            self._secure = certificates.make(self._pixie_program, self._folder / "tls", net.ADDRESS)
            (scripts / "chain.ipxe").write_text(
                f"#!ipxe\nchain https://{net.ADDRESS}/ipxe/${{mac:hexhyp}}.ipxe"
                "?platform=${platform}&arch=${buildarch}\n")
        if self._case.scripts or self._case.fleet or self._case.upstream:
            linux = assets.linux(self._firmware.linux)
            shutil.copyfile(linux.kernel, extra / "vmlinuz")
            shutil.copyfile(linux.initrd, extra / "initrd.gz")
        if self._case.preseed:
            (scripts / "templates").mkdir()
            (scripts / "templates" / "preseed.cfg").write_text(self._case.preseed)
            shutil.copytree(assets.INSTALLER, extra / "debian")
        for name in self._case.scripts:
            (scripts / name).write_text(BOOT_SCRIPT.format(
                runs=SCRIPT_RUNS, base=self._case.base, console=self._firmware.console))

    def _make_images(self, folder):
        for name in self._case.images:
            made = mini_image.make(name, assets.linux(self._firmware.linux), folder)
            self._image_files.append(made.file)
        for name in self._case.real_images:
            source = assets.image(name)
            folder.mkdir(exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copyfile)(source, folder / name)
            self._image_files.append(name)
        for name in self._image_files:  # else pixie waits whether they still grow
            os.utime(folder / name, (1_700_000_000, 1_700_000_000))

    def _trust(self):
        return self._secure.qemu() if self._secure else ()

    def _remove_large_files(self):
        for name in ("extra", "disk.img", "variables.fd", "scripts/images"):
            path = self._folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _start_dhcp(self, network):
        case = self._case
        match case.dhcp:
            case "none":
                return None
            case "plain":
                return peers.plain_dnsmasq(network, self._folder, case.ipv6)
            case "relay":
                return peers.dhcp_relay(network, self._folder)
        if case.printed_rules:
            rules = snippets.printed(self._pixie_program, case.dhcp, net.ADDRESS)
        else:
            rules = case.rules or snippets.snippet(self._readme, case.dhcp, net.ADDRESS)
        rules = rules.replace("snponly.efi", case.rom)
        match case.dhcp:
            case "dnsmasq":
                return peers.dnsmasq(network, self._folder, rules, case.force_undionly, case.ipv6)
            case "isc-dhcpd":
                return peers.isc_dhcpd(network, self._folder, rules, case.force_undionly)
            case "kea":
                return peers.kea(network, self._folder, rules, case.force_undionly)
        raise ValueError(f"no such DHCP server: {case.dhcp}")

    def _start_advertiser(self, network):
        match self._case.dhcp:
            case "dnsmasq" | "plain":
                return None  # it advertises too
            case "relay":
                return peers.advertiser_behind_relay(network, self._folder)
        return peers.advertiser(network, self._folder, managed=self._case.ipv6)

    def _start_site(self, network):
        site = self._folder / "netboot.xyz"
        site.mkdir()
        (site / "index.html").write_text(NETBOOT_XYZ)
        return peers.web(network, site, 80, self._folder / "netboot.xyz.log")

    def _start_upstream(self, network):
        if self._case.upstream is None:
            return None
        answers = self._folder / "upstream/v1/boot"
        answers.mkdir(parents=True)
        (answers / MAC).write_text(self._case.upstream)
        return peers.web(network, self._folder / "upstream", UPSTREAM_PORT,
                         self._folder / "upstream.log")

    def _start_pixie(self, network):
        host = "[::]" if self._case.ipv6 else "0.0.0.0"
        command = [self._pixie_program, "-t", f"{host}:69", "-u", f"{host}:80",
                   "-d", self._folder / "scripts", "-e", self._folder / "extra", "-v", "DEBUG",
                   "--menu-timeout", self._case.menu_timeout, "--state", self._folder / "state",
                   *self._case.pixie_options]
        if self._secure:
            command += ["--https", f"{host}:443", *self._secure.options()]
        if self._case.upstream is not None:
            command += ["--api", f"http://{net.ROUTER}:{UPSTREAM_PORT}"]
        if self._case.needs_roms:
            command += ["--roms", self._roms]
        self._lan = network.lan
        self._pixie = Process(network.lan, command, self._folder / "pixie.log",
                              on_end=self._pixie_ended)
        deadline = time.monotonic() + PIXIE_SECONDS
        self._pixie.transcript.wait_for(rb"pixie\.ready", deadline)
        if self._image_files:  # their profiles are in force
            self._pixie.transcript.wait_anywhere(rb"fleet\.loaded profiles=[1-9]", deadline)
        return self._pixie

    def _pixie_ended(self, reason):
        if self._machine:
            self._machine.console.close(reason)

    def _follow(self):
        machine, case = self._machine, self._case
        deadline = machine.started + case.seconds
        for step in case.steps:
            match step:
                case See(label, pattern):
                    machine.console.wait_for(pattern, deadline, case.dead_end)
                    self.steps.append((label, time.monotonic() - machine.started))
                case Type(key):
                    machine.type(key)
                case TypeLine(text):
                    for character in text:
                        machine.type(character)
                        machine.console.wait_for(re.escape(character.encode()), deadline)
                    machine.type("\r")
                case Assign(body):
                    self._assign(body)
                case Logged(label, pattern):
                    self._pixie.transcript.wait_for(pattern, deadline)
                    self.steps.append((label, time.monotonic() - machine.started))
                case Shown(members):
                    self._check_shown(members)
                case Screenshot(file):
                    machine.screenshot(self._folder / file)
        for name in case.served:
            done = rf"event=(tftp|http)\.done [^\n]*{re.escape(name)}"
            self._pixie.transcript.wait_for(done.encode(), min(deadline, time.monotonic() + 10))
        self._check_log()

    def _assign(self, body):
        self._call("-X", "PUT", "-H", "Content-Type: application/json", "-d", body)

    def _check_shown(self, members):
        shown = json.loads(self._call())
        if not _has(shown, members):
            raise Unexpected(f"the API shows no {members} in {shown}")

    def _call(self, *options):
        done = subprocess.run(
            ["ip", "netns", "exec", self._lan, "curl", "-sS", "--fail-with-body", *options,
             f"http://127.0.0.1/api/v1/machines/{MAC}"],
            text=True, capture_output=True, check=False, timeout=20)
        if done.returncode != 0:
            raise Unexpected(f"the API refuses {' '.join(options)}: {done.stdout}{done.stderr}")
        return done.stdout

    def _check_log(self):
        log = self._pixie.transcript.tail(1_000_000)
        for pattern in self._case.logged:
            if not pattern.search(log):
                raise Unexpected(f"pixie's log has no {pattern.pattern!r}")
