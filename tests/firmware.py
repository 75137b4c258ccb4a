#!/usr/bin/python3
"""Boots machines with real firmware (QEMU) through pixie, each in a private network. Needs root.

Two machines run at a time. Each case prints one line, PASS, FAIL or SKIP, with the seconds from
power-on to each thing that was seen; what a case leaves behind is in build/e2e/<case>/. The exit
status is 0 when nothing failed.

The README's DHCP snippets are what the DHCP servers run. PIXIE_TEST_ROMS may name a folder with the
ROMs for ia32 and arm32, which pixie can't always embed; without it those cases are skipped.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import signal
import sys
import threading
import time

from lab import disk, mini_image, net, process
from lab.machine import MAC
from lab.scene import (Assign, Case, Logged, NETBOOT_XYZ_RUNS, OWN_FILE, Scene, SCRIPT_RUNS,
                       Screenshot, See, Shown, Type, TypeLine)

TOP = pathlib.Path(__file__).resolve().parent.parent
LOG_LINES = 30

# The firmware of a serial console may move the cursor in the midst of a word.
IPXE = See("ipxe", rb"(?:iPXE ini|ising devices)[^\n]*\n")
MENU = See("menu", rb"own script")
MENU_AGAIN = See("menu again", MENU.pattern)
SCRIPT = See("script", SCRIPT_RUNS.encode())
SHELL = See("shell", rb"iPXE> ")
NO_SCRIPT = See("message", rb"52-54-00-77-00-01,? has no script yet")


def linux(machine, firmware):
    """Linux runs, says what the machine is, and which kind of firmware started it."""
    return (See("linux", rb"LINUX-RUNS " + machine), See("firmware", rb"FIRMWARE-IS " + firmware))


X86_BIOS = linux(rb"x86_64", rb"bios")
X86_EFI = linux(rb"x86_64", rb"efi64")
BOOT = (IPXE, MENU, SCRIPT)
# QEMU's own ROM shows iPXE's banner first, then undionly.kpxe does.
QEMU_ROM = See("QEMU's ROM", IPXE.pattern)
BOOT_UNDIONLY = (QEMU_ROM, *BOOT, *X86_BIOS)

SERVED_BIOS = ("undionly.kpxe", "chain.ipxe", OWN_FILE, "vmlinuz", "initrd.gz")
SERVED_EFI = ("snponly.efi", OWN_FILE, "vmlinuz", "initrd.gz")
SERVED_X64 = ("snponly64.efi", *SERVED_EFI[1:])  # by the name that pixie gives

OWN_MENU = See("menu", rb"\(this machine's own\)")
FLEET = """\
[profiles.linux]
title = "Linux"
kernel = "/extra/vmlinuz"
initrd = "/extra/initrd.gz"
cmdline = "console=ttyS0 panic=-1 quiet"
[profiles.install]
kernel = "/extra/vmlinuz"
initrd = "/extra/initrd.gz"
cmdline = "console=ttyS0 panic=-1 quiet then-reboot"
[profiles.disk]
local = true
[[rules]]
firmware = "uefi"
arch = "x86_64"
profile = "linux"
"""
# The preseed that people copy, but it calls back as soon as the installer has read it: what comes
# after that (partitions, packages) is Debian's, takes an hour here, and needs the internet.
INSTALL = """\
[profiles.debian12]
kernel = "/extra/debian/linux"
initrd = "/extra/debian/initrd.gz"
cmdline = """ + \
    '"auto=true priority=critical url={{server}}/t/preseed.cfg?mac={{mac}} ' \
    '{{#if hostname}}hostname={{hostname}} {{/if}}DEBIAN_FRONTEND=text console=ttyS0 ---"' + """
vars = { mirror = "mirror.example.org", disk = "/dev/vda", packages = ["curl"] }
[profiles.disk]
local = true
"""
PRESEED = re.sub("^d-i preseed/late_command string (.*)$",
                 r"d-i preseed/early_command string \1 && reboot -f",
                 (TOP / "examples/fleet/templates/preseed.cfg").read_text(), flags=re.M)
UPSTREAM = f"""\
{{"kernel": "http://{net.ADDRESS}/extra/vmlinuz", "initrd": ["http://{net.ADDRESS}/extra/initrd.gz"],
 "cmdline": "console=ttyS0 panic=-1 quiet"}}
"""

# UEFI's HTTP client takes an offer only if it says HTTPClient too.
HTTP_BOOT_RULES = f"""\
dhcp-vendorclass=set:http,HTTPClient
dhcp-match=set:ipxe,175
dhcp-option-force=tag:http,tag:!ipxe,60,HTTPClient
dhcp-boot=tag:!ipxe,tag:http,http://{net.ADDRESS}/snponly.efi
dhcp-boot=tag:ipxe,chain.ipxe,pixie,{net.ADDRESS}
"""
IPV6_RULES = f"""\
dhcp-userclass=set:ipxe,iPXE
dhcp-option=tag:!ipxe,option6:bootfile-url,tftp://[{net.ADDRESS6}]/snponly.efi
dhcp-option=tag:ipxe,option6:bootfile-url,tftp://[{net.ADDRESS6}]/chain.ipxe
"""
NO_CHAIN_RULES = f"dhcp-boot=snponly.efi,pixie,{net.ADDRESS}\n"

NO_IPV4_PXE = ("-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=n")
NO_PXE = (*NO_IPV4_PXE, "-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n")

# pixie's own DHCP: beside a server that knows nothing of booting, and alone.
def told(event, *fields):
    """pixie's log has an event of the machine with these fields."""
    return re.compile(rf"event={re.escape(event)} mac={MAC} [^\n]*interface=br0 [^\n]*" +
                      "[^\n]*".join(map(re.escape, fields)))


PROXY = {"dhcp": "plain", "pixie_options": ("--dhcp", "proxy"),
         "logged": (told("dhcp.proxy_offered"),)}
SERVER = {"dhcp": "none",
          "pixie_options": ("--dhcp", "server", "--dhcp-range", "10.77.0.100-10.77.0.150"),
          "logged": (told("dhcp.offered"), told("dhcp.acknowledged", "address=10.77.0.1"))}
RELAY = {"dhcp": "relay",
         "pixie_options": ("--dhcp", "server", "--dhcp-range", "10.76.0.100-10.76.0.150",
                           "--dhcp-router", net.RELAY),
         "logged": (told("dhcp.acknowledged", f"relay={net.RELAY}", "address=10.76.0.1"),)}
FILE6 = f"file=tftp://[{net.ADDRESS6}]/snponly64.efi"
IPV6 = {"ipv6": True, "base": f"http://[{net.ADDRESS6}]", "qemu": NO_IPV4_PXE}
DHCP_CASES = {
    "bios-proxy": Case(
        "BIOS with a plain PXE ROM, by proxyDHCP", "bios", BOOT_UNDIONLY, plain_pxe=True,
        served=SERVED_BIOS, **PROXY),
    "bios-ipxerom-proxy": Case(
        "BIOS with a network card whose ROM is iPXE, by proxyDHCP", "bios", (*BOOT, *X86_BIOS),
        served=SERVED_BIOS[1:], **PROXY),
    "uefi64-proxy": Case(
        "UEFI x64 by proxyDHCP", "uefi64", (*BOOT, *X86_EFI), served=SERVED_X64, **PROXY),
    "arm64-proxy": Case(
        "UEFI arm64 by proxyDHCP", "arm64", (*BOOT, *linux(rb"aarch64", rb"efi64")),
        served=("snponly-arm64.efi", *SERVED_EFI[1:]), **PROXY),
    "uefi32-proxy": Case(
        "UEFI ia32 by proxyDHCP", "uefi32", (*BOOT, *linux(rb"i686", rb"efi32")),
        needs_roms=("snponly32.efi",), served=("snponly32.efi", *SERVED_EFI[1:]), **PROXY),
    "arm32-proxy": Case(  # this ROM dies at its first HTTP transfer: all goes over TFTP
        "UEFI arm32 by proxyDHCP", "arm32", (*BOOT, *linux(rb"armv7l", rb"efi32")),
        base=f"tftp://{net.ADDRESS}", needs_roms=("snponly-arm32.efi",),
        served=("snponly-arm32.efi", *SERVED_EFI[1:]), **PROXY),
    "uefi64-http-boot-proxy": Case(
        "UEFI HTTP Boot by proxyDHCP", "uefi64", (*BOOT, *X86_EFI), qemu=NO_PXE,
        served=("path=snponly64.efi", *SERVED_EFI[1:]), **PROXY),
    # iPXE takes no DHCPv6 offer without an address (its net/udp/dhcpv6.c): DHCPv4 tells the script.
    "uefi64-ipv6-proxy": Case(
        "UEFI x64 loads its ROM over IPv6, pixie beside another DHCPv6 server", "uefi64",
        (*BOOT, *X86_EFI),
        served=SERVED_X64, dhcp="plain", pixie_options=("--dhcp", "proxy"),
        logged=(told("dhcp.proxy_offered", FILE6),), **IPV6),
    "bios-server": Case(
        "BIOS with a plain PXE ROM, pixie is the DHCP server", "bios", BOOT_UNDIONLY,
        plain_pxe=True, served=SERVED_BIOS, **SERVER),
    "uefi64-server": Case(
        "UEFI x64, pixie is the DHCP server", "uefi64", (*BOOT, *X86_EFI), served=SERVED_X64,
        **SERVER),
    "uefi64-http-boot-server": Case(
        "UEFI HTTP Boot, pixie is the DHCP server", "uefi64", (*BOOT, *X86_EFI), qemu=NO_PXE,
        served=("path=snponly64.efi", *SERVED_EFI[1:]), **SERVER),
    "uefi64-ipv6-server": Case(
        "UEFI x64 over IPv6, pixie is the DHCPv6 server", "uefi64", (*BOOT, *X86_EFI),
        served=SERVED_X64, dhcp="none",
        pixie_options=(*SERVER["pixie_options"], "--dhcp-range6", "fd77::100-fd77::1ff"),
        logged=(told("dhcp.offered", "address=fd77::1", FILE6),), **IPV6),
    "bios-relay": Case(
        "BIOS on another network, behind a relay agent", "bios", BOOT_UNDIONLY, plain_pxe=True,
        served=SERVED_BIOS, **RELAY),
    "uefi64-relay": Case(
        "UEFI x64 on another network, behind a relay agent", "uefi64", (*BOOT, *X86_EFI),
        served=SERVED_X64, **RELAY),
}

# Images in the folder, booted by their entry in the menu, the first below the machine's own.
FIRST_ENTRY = (Type("\x1b[B"), Type("\r"))
SERIAL = f"""\
[machines."{MAC}".vars]
arguments = "console=ttyS0 panic=-1"
"""
SERIAL_ARM = SERIAL.replace("ttyS0", "ttyAMA0")


def image_case(name, firmware, machine=rb"x86_64", system="efi64", holds=None):
    """The lab's Linux in the place of the image's gets the command line that its system wants."""
    image = mini_image.read(name)
    words = [re.escape(text.replace("192.0.2.1", net.ADDRESS).replace("52-54-00-12-34-56", OWN_FILE[:17]))
             for text in image.required
             if not text.startswith(("kernel ", "initrd ", "http", "efi-"))]
    line = "".join(f"(?=[^\r\n]*{word})" for word in words)
    steps = (IPXE, MENU, *FIRST_ENTRY,
             See("linux", rb"LINUX-RUNS " + machine + b" " + line.encode()),
             See("firmware", b"FIRMWARE-IS " + system.encode()))
    if holds:
        steps += (See("file in the initramfs", rb"ROOT-HOLDS [^\r\n]*" + re.escape(holds.encode())),)
    return Case(
        f"{image.file} by its menu entry, {firmware}", firmware, steps, scripts=(),
        fleet=SERIAL_ARM if firmware == "arm64" else SERIAL, images=(name,), menu_timeout=100,
        dhcp="plain", pixie_options=("--dhcp", "proxy", "--interface", "br0"))


def real_case(note, name, firmware, *steps, **more):
    """An image that Debian's packages carry."""
    return Case(f"{note}, {firmware}", firmware, (IPXE, MENU, *FIRST_ENTRY, *steps), scripts=(),
                fleet=SERIAL, real_images=(name,), menu_timeout=100, dhcp="plain",
                pixie_options=("--dhcp", "proxy", "--interface", "br0"), **more)


INSTALLER = See("installer", rb"Choose language|Select a language")
GRUB = See("GRUB", rb"GNU GRUB +version")
MEMTEST = See("Memtest86+", rb"Memtest86\+ v\d")
IMAGE_CASES = {
    **{f"images-{name}-bios": image_case(name, "bios", system="bios")
       for name in ("debian-live", "arch", "opensuse", "systemrescue", "talos", "clonezilla")},
    **{f"images-{name}-uefi64": image_case(name, "uefi64")
       for name in ("ubuntu-server", "rocky", "fedora-live", "fedora-coreos", "flatcar", "grml")},
    "images-proxmox-bios": image_case("proxmox", "bios", system="bios", holds="proxmox.iso"),
    "images-proxmox-uefi64": image_case("proxmox", "uefi64", holds="proxmox.iso"),
    "images-nixos-uefi64": image_case("nixos", "uefi64", holds="nixos.iso"),
    "images-alma-arm64": image_case("alma-arm64", "arm64", machine=rb"aarch64"),
    "images-debian-installer-bios": real_case(
        "Debian's installer from its mini.iso", "debian-12-mini.iso", "bios", INSTALLER,
        qemu=("-m", "1024")),
    "images-debian-installer-uefi64": real_case(
        "Debian's installer from its mini.iso", "debian-12-mini.iso", "uefi64", INSTALLER,
        qemu=("-m", "1024")),
    "images-sanboot-bios": real_case(
        "GRUB's rescue disc, which no recipe knows", "grub-rescue.iso", "bios", GRUB),
    "images-memtest-uefi64": real_case(
        "Memtest86+ from its ISO", "memtest86+x64.iso", "uefi64", MEMTEST, display=True),
    "images-memtest-bios": real_case(
        "Memtest86+ from a folder", "memtest", "bios", MEMTEST, display=True),
}

CASES = {
    "bios-undionly": Case(
        "BIOS by undionly.kpxe", "bios", BOOT_UNDIONLY, force_undionly=True, served=SERVED_BIOS),
    "bios-ipxerom": Case(
        "BIOS with a network card whose ROM is iPXE", "bios", (*BOOT, *X86_BIOS),
        served=SERVED_BIOS[1:]),
    "uefi64-snponly": Case(
        "UEFI x64 by snponly.efi", "uefi64", (*BOOT, *X86_EFI), served=SERVED_EFI),
    "uefi64-ipxe64": Case(
        "UEFI x64 by ipxe64.efi, with iPXE's own drivers", "uefi64", (*BOOT, *X86_EFI),
        rom="ipxe64.efi", served=("ipxe64.efi", *SERVED_EFI[1:])),
    "uefi64-loss": Case(
        "UEFI x64 where one packet of fifty is lost", "uefi64", (*BOOT, *X86_EFI), loss=2,
        served=SERVED_EFI),
    "arm64": Case(
        "UEFI arm64 by snponly-arm64.efi", "arm64", (*BOOT, *linux(rb"aarch64", rb"efi64")),
        rom="snponly-arm64.efi", served=("snponly-arm64.efi", *SERVED_EFI[1:])),
    "uefi32-snponly": Case(
        "UEFI ia32 by snponly32.efi", "uefi32", (*BOOT, *linux(rb"i686", rb"efi32")),
        rom="snponly32.efi", needs_roms=("snponly32.efi",),
        served=("snponly32.efi", *SERVED_EFI[1:])),
    "uefi32-ipxe32": Case(
        "UEFI ia32 by ipxe32.efi", "uefi32", (*BOOT, *linux(rb"i686", rb"efi32")),
        rom="ipxe32.efi", needs_roms=("ipxe32.efi",), served=("ipxe32.efi", *SERVED_EFI[1:])),
    "arm32": Case(  # this ROM dies at its first HTTP transfer: all goes over TFTP
        "UEFI arm32 by snponly-arm32.efi, all over TFTP", "arm32",
        (*BOOT, *linux(rb"armv7l", rb"efi32")), rom="snponly-arm32.efi",
        base=f"tftp://{net.ADDRESS}", needs_roms=("snponly-arm32.efi",),
        served=("snponly-arm32.efi", *SERVED_EFI[1:])),
    "bios-isc-dhcpd": Case(
        "BIOS behind ISC dhcpd", "bios", BOOT_UNDIONLY, dhcp="isc-dhcpd", force_undionly=True,
        served=SERVED_BIOS),
    "uefi64-isc-dhcpd": Case(
        "UEFI x64 behind ISC dhcpd", "uefi64", (*BOOT, *X86_EFI), dhcp="isc-dhcpd",
        served=SERVED_EFI),
    "bios-kea": Case(
        "BIOS behind Kea", "bios", BOOT_UNDIONLY, dhcp="kea", force_undionly=True,
        served=SERVED_BIOS),
    "uefi64-kea": Case(
        "UEFI x64 behind Kea", "uefi64", (*BOOT, *X86_EFI), dhcp="kea", served=SERVED_EFI),
    "uefi64-dnsmasq-printed": Case(
        "UEFI x64 behind dnsmasq, by what pixie dhcp-config prints", "uefi64", (*BOOT, *X86_EFI),
        printed_rules=True, served=SERVED_EFI),
    "uefi64-isc-printed": Case(
        "UEFI x64 behind ISC dhcpd, by what pixie dhcp-config prints", "uefi64",
        (*BOOT, *X86_EFI), dhcp="isc-dhcpd", printed_rules=True, served=SERVED_EFI),
    "uefi64-kea-printed": Case(
        "UEFI x64 behind Kea, by what pixie dhcp-config prints", "uefi64", (*BOOT, *X86_EFI),
        dhcp="kea", printed_rules=True, served=SERVED_EFI),
    "uefi64-ipv6": Case(
        "UEFI x64 over IPv6 only", "uefi64", (*BOOT, *X86_EFI), rules=IPV6_RULES, ipv6=True,
        base=f"http://[{net.ADDRESS6}]", qemu=NO_IPV4_PXE, served=SERVED_EFI),
    "uefi64-http-boot": Case(
        "UEFI HTTP Boot: the firmware loads the ROM over HTTP", "uefi64", (*BOOT, *X86_EFI),
        rules=HTTP_BOOT_RULES, qemu=NO_PXE, served=("path=snponly.efi", *SERVED_EFI[1:])),
    "uefi64-autoexec": Case(
        "UEFI x64 without a rule for iPXE: it finds autoexec.ipxe itself", "uefi64",
        (*BOOT, *X86_EFI), rules=NO_CHAIN_RULES,
        served=("snponly.efi", "autoexec.ipxe", *SERVED_EFI[1:])),
    "bios-default-script": Case(
        "no script of its own, but default.ipxe", "bios", (*BOOT, *X86_BIOS),
        scripts=("default.ipxe",), served=SERVED_BIOS[1:]),
    "bios-no-script": Case(
        "no script: the machine's screen says so, then the menu comes again", "bios",
        (IPXE, MENU, NO_SCRIPT, MENU_AGAIN), scripts=()),
    "uefi64-no-script": Case(
        "no script: the machine's screen says so, then the menu comes again", "uefi64",
        (IPXE, MENU, NO_SCRIPT, MENU_AGAIN), scripts=()),
    "menu-own": Case(
        "key o: the machine's own script at once", "uefi64", (IPXE, MENU, Type("o"), SCRIPT),
        menu_timeout=100),
    "menu-shell": Case(
        "key s: a shell, and from there back to the menu", "bios",
        (IPXE, MENU, Type("s"), SHELL, TypeLine("echo This is ${platform}"),
         See("its answer", rb"This is pcbios"), SHELL, TypeLine("exit"), MENU_AGAIN),
        menu_timeout=100, scripts=(), dead_end=None),
    "menu-netboot.xyz": Case(
        "key n: netboot.xyz, and from there back to the menu", "uefi64",
        (IPXE, MENU, Type("n"), See("netboot.xyz", NETBOOT_XYZ_RUNS.encode()),
         MENU_AGAIN), menu_timeout=100, scripts=()),
    "menu-exit-bios": Case(
        "key x: the BIOS boots the next device", "bios",
        (IPXE, MENU, Type("x"), See("disk", disk.SAYS.encode())), menu_timeout=100, scripts=(),
        with_disk=True, dead_end=None),
    "menu-exit-uefi64": Case(
        "key x: UEFI goes on to its next boot option", "uefi64",
        (IPXE, MENU, Type("x"), See("end", rb'BdsDxe: failed to start Boot\w+ "UEFI PXEv4'),
         See("next option", rb'Boot\w+ "UEFI (PXEv6|HTTPv4)')), menu_timeout=100, scripts=()),
    **DHCP_CASES,
    **IMAGE_CASES,
    "uefi64-rule": Case(
        "a rule finds the machine by its firmware; its title stands in the menu", "uefi64",
        (IPXE, OWN_MENU, *X86_EFI), scripts=(), fleet=FLEET, dhcp="plain",
        pixie_options=("--dhcp", "proxy", "--interface", "br0"),
        served=("snponly64.efi", OWN_FILE, "vmlinuz", "initrd.gz"),
        logged=(re.compile(rf"boot\.script [^\n]*mac={MAC} because=rule profile=linux"),
                re.compile(rf"boot\.started mac={MAC}"))),
    "bios-once": Case(
        "installs once, then boots its own disk", "bios",
        (Assign('{"profile": "disk", "once": "install"}'), IPXE, OWN_MENU, *X86_BIOS,
         See("again", IPXE.pattern), OWN_MENU, See("disk", disk.SAYS.encode())),
        scripts=(), fleet=FLEET, with_disk=True, dead_end=None,
        served=("chain.ipxe", OWN_FILE, "vmlinuz", "chain.ipxe", OWN_FILE),
        qemu=("-action", "reboot=reset"),
        logged=(re.compile(rf"machine\.claimed mac={MAC} profile=install"),
                re.compile(rf"boot\.script [^\n]*mac={MAC} because=assigned profile=disk"))),
    "bios-debian-installer": Case(
        "Debian's installer reads its preseed and calls back, once; then the disk boots", "bios",
        (Assign('{"profile": "disk", "once": "debian12"}'), IPXE, OWN_MENU,
         Logged("kernel and initrd", rb"http\.done [^\n]*debian/initrd\.gz"),
         See("installer's kernel", rb"Linux version"),
         Logged("preseed", rb"http\.done [^\n]*t/preseed\.cfg"),
         Logged("called back", rf"machine\.done mac={MAC} profile=debian12".encode()),
         Shown({"install": {"status": "done", "profile": "debian12"},
                "assignment": {"profile": "disk", "once": None}}),
         See("again", IPXE.pattern), OWN_MENU, See("disk", disk.SAYS.encode())),
        scripts=(), fleet=INSTALL, preseed=PRESEED, with_disk=True, dead_end=None, seconds=900,
        qemu=("-m", "1024", "-action", "reboot=reset")),
    "uefi64-upstream": Case(
        "another server says what it boots (Pixiecore's API)", "uefi64",
        (IPXE, MENU, *X86_EFI), scripts=(), served=SERVED_EFI, upstream=UPSTREAM,
        logged=(re.compile(rf"boot\.script [^\n]*mac={MAC} because=upstream"),)),
    "uefi64-https": Case(
        "UEFI x64 over HTTPS, the firmware trusting pixie's authority; the scripts' URLs are https", "uefi64",
        (IPXE, *X86_EFI), scripts=(), fleet=FLEET, https=True,
        served=("snponly.efi", OWN_FILE, "vmlinuz", "initrd.gz"),
        logged=(re.compile(r"https\.connected [^\n]*version=TLSv1\.2"),)),
    "screenshot": Case(  # the menu is complete when its first entry is drawn again, to count down
        "saves menu.png for the README", "bios",
        (QEMU_ROM, IPXE, MENU, See("last entry", rb"boot device"), See("count-down", MENU.pattern),
         Screenshot("menu.png")),
        force_undionly=True, menu_timeout=10, scripts=(), display=True, by_default=False),
}


class Runner:
    """Runs cases and prints their results. Several threads use it."""

    def __init__(self, options):
        self._options = options
        self._roms = os.environ.get("PIXIE_TEST_ROMS")
        self._printing = threading.Lock()
        self.counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}
        self.skipped = []

    def run(self, name):
        """Plays one case, or says why not."""
        case = CASES[name]
        if reason := self._missing(case):
            self._report("SKIP", name, reason)
            self.skipped.append(f"{name}: {reason}")
            return
        folder = TOP / "build" / "e2e" / name
        scene = Scene(case, folder, self._options.pixie, self._options.readme, self._roms)
        begin = time.monotonic()
        try:
            scene.play()
        except Exception as error:  # whatever went wrong, the other cases go on
            if process.is_cancelled():
                return
            self._report("FAIL", name, self._times(scene, begin), self._story(scene, folder, error))
        else:
            self._report("PASS", name, self._times(scene, begin))

    def _missing(self, case):
        if not case.needs_roms:
            return None
        if not self._roms:
            return f"PIXIE_TEST_ROMS names no folder with {', '.join(case.needs_roms)}"
        lacking = [rom for rom in case.needs_roms if not (pathlib.Path(self._roms) / rom).exists()]
        return f"{self._roms} has no {', '.join(lacking)}" if lacking else None

    @staticmethod
    def _times(scene, begin):
        seen = [f"{label} {seconds:.1f}" for label, seconds in scene.steps]
        return ", ".join([*seen, f"in all {time.monotonic() - begin:.1f} s"])

    @staticmethod
    def _story(scene, folder, error):
        parts = [f"{type(error).__name__}: {error}"]
        parts += [f"--- the end of {title}:\n{text}" for title, text in scene.logs(LOG_LINES)]
        return "\n".join([*parts, f"--- all of it: {folder}"])

    def _report(self, status, name, text, story=""):
        with self._printing:
            self.counts[status] += 1
            print(f"{status} {name:20} {text}", flush=True)
            if story:
                print("    " + story.replace("\n", "\n    "), flush=True)


def parse(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="cases to run (default: all)")
    parser.add_argument("--list", action="store_true", help="list the cases")
    parser.add_argument("--jobs", type=int, default=2, help="machines at a time (default: 2)")
    parser.add_argument("--pixie", type=pathlib.Path, default=TOP / "build" / "release" / "pixie",
                        help="the program under test (default: build/release/pixie)")
    parser.add_argument("--readme", type=pathlib.Path, default=TOP / "README.md",
                        help="where the DHCP snippets are (default: README.md)")
    options = parser.parse_args(arguments)
    if unknown := set(options.cases) - CASES.keys():
        parser.error(f"no such case: {', '.join(sorted(unknown))} (--list shows them)")
    return options


def run_all(options):
    """Runs the chosen cases and prints the closing lines; returns the exit status."""
    names = options.cases or [name for name, case in CASES.items() if case.by_default]
    runner = Runner(options)
    pool = concurrent.futures.ThreadPoolExecutor(options.jobs)
    futures = [pool.submit(runner.run, name) for name in names]
    try:
        concurrent.futures.wait(futures)
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        process.cancel_all()
        pool.shutdown()  # the cases remove their networks
        print("interrupted")
        return 130
    counts = runner.counts
    print(f"{counts['PASS']} passed, {counts['FAIL']} failed, {counts['SKIP']} skipped")
    for line in runner.skipped:
        print(f"  skipped {line}")
    return 1 if counts["FAIL"] else 0


def main():
    """The command described on top of this file; returns the exit status."""
    options = parse(sys.argv[1:])
    if options.list:
        for name, case in CASES.items():
            print(f"{name:20} {case.note}{'' if case.by_default else ' (only when named)'}")
        return 0
    if os.geteuid() != 0:
        sys.exit("firmware.py: network namespaces need root; try: sudo python3 tests/firmware.py")
    if not os.access(options.pixie, os.X_OK):
        sys.exit(f"firmware.py: {options.pixie} is missing; build it first, or say --pixie PATH")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    net.remove_leftovers()
    return run_all(options)


if __name__ == "__main__":
    sys.exit(main())
