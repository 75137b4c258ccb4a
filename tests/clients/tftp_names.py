"""Which names TFTP answers for, which it refuses, and how."""

import os

from . import tftp
from .case import Stopwatch, case, check, equal
from .network import SERVER

# Aliases and what they stand for (the drop-in contract).
ALIASES = {"snponly.efi": "snponly64.efi", "ipxe.efi": "ipxe64.efi",
           "snponly-arm.efi": "snponly-arm64.efi"}
CONTRACT = ("undionly.kpxe", "snponly64.efi", "snponly32.efi", "ipxe64.efi", "ipxe32.efi",
            "snponly-arm64.efi", "snponly-arm32.efi")
LARGE = {"blksize": 1428, "windowsize": 16}
NOT_FOUND, ACCESS_VIOLATION, ILLEGAL = 1, 2, 4


def fetch(bench, pixie, name, **options):
    """A file by the test's own client."""
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        return client.fetch(name, **(options or LARGE))


def refusal(bench, pixie, name, **how):
    """The ERROR that a request gets, at once."""
    watch = Stopwatch()
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        client.ask(name, **how)
        packet = client.expect(tftp.ERROR)
        watch.check_below(1, f"the ERROR for {name!r}")
        return packet


def roms_here(bench):
    """The ROMs inside pixie, as `pixie roms export` writes them."""
    done = bench.refused("roms", "export", bench.folder / "roms")
    equal("status of roms export", done.returncode, 0)
    return {path.name: path.read_bytes() for path in (bench.folder / "roms").iterdir()}


@case("tftp.roms")
def roms(bench):
    """every ROM by every name of the contract; what this build lacks is refused with a remedy"""
    here = roms_here(bench)
    check("undionly.kpxe" in here and "ipxe64.efi" in here, f"only these ROMs: {sorted(here)}")
    pixie = bench.start()
    lacking = []
    for name in (*CONTRACT, *ALIASES):
        rom = here.get(ALIASES.get(name, name)) or here.get(
            {"snponly-arm64.efi": "ipxe-arm64.efi"}.get(ALIASES.get(name, name)))
        if rom:
            equal(name, fetch(bench, pixie, name), rom)
        else:
            lacking.append(name)
            packet = refusal(bench, pixie, name)
            equal(f"code for {name}", packet.code, NOT_FOUND)
            check("pixie roms import" in packet.text or "--roms" in packet.text, packet.text)
            pixie.await_line(rb"event=rom\.missing .*" + name.encode())
    for name in here.keys() - set(CONTRACT):
        equal(name, fetch(bench, pixie, name), here[name])


@case("tftp.rom-spellings")
def rom_spellings(bench):
    """a ROM in upper case, with backslashes, folders, double slashes, and bytes behind its name"""
    rom = roms_here(bench)["undionly.kpxe"]
    pixie = bench.start()
    for name in (b"UNDIONLY.KPXE", b"Undionly.kPXE", b"/undionly.kpxe", b"//undionly.kpxe",
                 b"\\undionly.kpxe", b"boot\\x86\\undionly.kpxe", b"/tftpboot/undionly.kpxe",
                 b"ipxe/undionly.kpxe", b"extra//none//undionly.kpxe", b"./undionly.kpxe",
                 b"a/./b//UNDIONLY.kpxe", b"undionly.kpxe\xff", b"undionly.kpxe\xff\xff"):
        equal(repr(name), fetch(bench, pixie, name), rom)


@case("tftp.file-before-rom")
def file_before_rom(bench):
    """a file of exactly that path in a folder wins over the ROM of the same name"""
    own = bench.file("boot/undionly.kpxe", 3000)
    pixie = bench.start()
    equal("the file", fetch(bench, pixie, "extra/boot/undionly.kpxe"), own)
    equal("elsewhere", fetch(bench, pixie, "extra/else/undionly.kpxe"),
          roms_here(bench)["undionly.kpxe"])


@case("tftp.file-spellings")
def file_spellings(bench):
    """a file under names with backslashes, double slashes, dots; other bytes are of the name"""
    wanted = bench.file("dir/File.bin", 2000)
    spaced = bench.file("dir/a b \u00fc%41.bin", 2100)
    pixie = bench.start()
    for name in ("extra/dir/File.bin", "/extra/dir/File.bin", "extra\\dir\\File.bin",
                 "//extra//dir//File.bin", "./extra/./dir/File.bin", b"extra/dir/File.bin\xff"):
        equal(repr(name), fetch(bench, pixie, name), wanted)
    equal("blanks", fetch(bench, pixie, "extra/dir/a b \u00fc%41.bin"), spaced)
    equal("case counts in files", refusal(bench, pixie, "extra/dir/file.bin").code, NOT_FOUND)


@case("tftp.modes")
def modes(bench):
    """octet, netascii in any case; mail is refused"""
    text = bench.file("text", b"a\nb\rc\r\n")
    pixie = bench.start()
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        equal("OCTET", client.fetch("extra/text", mode="OCTET"), text)
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        equal("NetASCII", client.fetch("extra/text", mode="NetASCII"), b"a\r\nb\r\0c\r\0\r\n")
    for mode in ("mail", "image"):
        with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
            client.ask("extra/text", mode=mode)
            packet = client.receive(1)
            if mode == "mail":
                check(packet and packet.code == ILLEGAL, f"mail: {packet}")
            else:
                check(not packet or packet.opcode == tftp.ERROR, f"{mode}: {packet}")


@case("tftp.refusals")
def refusals(bench):
    """missing, `..`, control characters, absolute paths, folders, pipes, writes: ERROR"""
    bench.file("file", 100)
    (bench.folder / "secret").write_bytes(b"SECRET")
    os.mkfifo(bench.extra / "pipe")
    pixie = bench.start()
    for name, code in (
            ("extra/nothing", NOT_FOUND), ("nothing", NOT_FOUND), ("extra/file/below", NOT_FOUND),
            ("extra", NOT_FOUND), ("extra/", NOT_FOUND), ("/", None),
            ("../secret", ACCESS_VIOLATION), ("extra/../../secret", ACCESS_VIOLATION),
            ("extra\\..\\..\\secret", ACCESS_VIOLATION), ("extra/../extra/file", ACCESS_VIOLATION),
            ("/etc/passwd", NOT_FOUND), ("//etc/passwd", NOT_FOUND),
            (str(bench.folder / "secret"), NOT_FOUND), ("extra/a\nb", ACCESS_VIOLATION),
            ("extra/a\x1b[2J", ACCESS_VIOLATION), ("extra/a\x7f", ACCESS_VIOLATION),
            ("extra/pipe", ACCESS_VIOLATION), ("extra/" + "x" * 300, NOT_FOUND),
            ("extra/" + "y/" * 520, None)):
        packet = refusal(bench, pixie, name)
        check(code in (None, packet.code), f"{name[:60]!r}: {packet}")
        check(packet.text and "\n" not in packet.text, f"{name[:60]!r}: {packet}")
    packet = refusal(bench, pixie, "extra/file", opcode=tftp.WRQ)
    equal("code for a write", packet.code, ACCESS_VIOLATION)
    check("\x1b" not in pixie.transcript.tail(1000), "an escape sequence is in the log")


@case("tftp.links")
def links(bench):
    """symbolic links inside the folder are followed; those that lead out, and loops, are refused"""
    wanted = bench.file("dir/file", 900)
    (bench.folder / "secret").write_bytes(b"SECRET")
    for name, target in {"inside": "dir/file", "up-and-down": "dir/../dir/file",
                         "out": "../secret", "absolute": str(bench.folder / "secret"),
                         "loop": "loop", "out-folder": ".."}.items():
        (bench.extra / name).symlink_to(target)
    pixie = bench.start()
    for name in ("inside", "up-and-down"):
        equal(name, fetch(bench, pixie, f"extra/{name}"), wanted)
    for name in ("out", "absolute", "loop", "out-folder/secret"):
        packet = refusal(bench, pixie, f"extra/{name}")
        equal(f"code for {name}", packet.code, ACCESS_VIOLATION)
    equal("code for no target", refusal(bench, pixie, "extra/inside/more").code, NOT_FOUND)


@case("tftp.unreadable")
def unreadable(bench):
    """a file that pixie's user may not read is refused, and the reason is said"""
    pixie = bench.start()
    bench.file("closed", 10)
    (bench.extra / "closed").chmod(0)
    packet = refusal(bench, pixie, "extra/closed")
    equal("code", packet.code, ACCESS_VIOLATION)
    check("may not be read" in packet.text, packet.text)


@case("tftp.probes-are-quiet")
def probes_are_quiet(bench):
    """shim's and EDK2's probes (optional files, the size alone) leave no line in the log"""
    bench.file("file", 10)
    pixie = bench.start()
    refusal(bench, pixie, "revocations_sku.efi")
    refusal(bench, pixie, "shim_certificate_0.efi")
    with tftp.Client(bench.network, SERVER, pixie.tftp) as client:
        client.ask("extra/file", tsize=0)
        equal("the size", client.expect(tftp.OACK).options, {"tsize": "10"})
        client.error(8, "User aborted the transfer")
        equal("the file", client.fetch("extra/file", tsize=0), (bench.extra / "file").read_bytes())
    pixie.await_line(rb"event=tftp\.done ")
    lines = pixie.transcript.tail(1000).split("event=pixie.ready")[1].splitlines()
    equal("lines after the start", sum("event=" in line for line in lines), 1)


@case("tftp.autoexec")
def autoexec(bench):
    """chain.ipxe and, in any folder, autoexec.ipxe are the menu; it names the address asked"""
    pixie = bench.start()
    for name in ("chain.ipxe", "autoexec.ipxe", "EFI\\boot\\autoexec.ipxe", "extra/autoexec.ipxe",
                 "ipxe/deep/er/AUTOEXEC.IPXE"):
        script = fetch(bench, pixie, name).decode()
        check(script.startswith("#!ipxe\n"), f"{name}: {script[:40]!r}")
        check(f"set pixie http://{SERVER}:{pixie.http}\n" in script, f"{name}: no URL of pixie")
        check(f"set pixie tftp://{SERVER}:{pixie.tftp} " in script, f"{name}: no tftp URL")
    own = bench.file("chain.ipxe", b"#!ipxe\nshell\n", bench.scripts)
    equal("its replacement", fetch(bench, pixie, "chain.ipxe"), own)
    mine = bench.file("x/autoexec.ipxe", b"#!ipxe\nmine\n")
    equal("an autoexec.ipxe of one's own", fetch(bench, pixie, "extra/x/autoexec.ipxe"), mine)


@case("tftp.machine-scripts")
def machine_scripts(bench):
    """a machine's own script, default.ipxe, or a message; the MAC in other spellings"""
    pixie = bench.start()
    message = fetch(bench, pixie, "ipxe/52-54-00-ab-cd-ef.ipxe").decode()
    check(message.startswith("#!ipxe\n") and "52-54-00-ab-cd-ef, has no script" in message, message)
    pixie.await_line(rb"event=script\.missing .*52:54:00:ab:cd:ef")
    default = bench.file("default.ipxe", b"#!ipxe\ndefault\n", bench.scripts)
    equal("default.ipxe", fetch(bench, pixie, "ipxe/52-54-00-ab-cd-ef.ipxe"), default)
    own = bench.file("52-54-00-ab-cd-ef.ipxe", b"#!ipxe\nown\n", bench.scripts)
    for spelling in ("52-54-00-ab-cd-ef", "52-54-00-AB-CD-EF", "52:54:00:ab:cd:ef", "525400abcdef"):
        equal(spelling, fetch(bench, pixie, f"ipxe/{spelling}.ipxe"), own)
