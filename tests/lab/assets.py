"""What the tests borrow from Debian: small Linux systems to boot, and servers to compare with.

As a command:   python3 tests/lab/assets.py peer tftpd-hpa     prints the folder with its files
                python3 tests/lab/assets.py linux amd64 arm64  prints the kernels and initrds
                python3 tests/lab/assets.py sysroot arm64      prints the folder to cross-compile against
As a module:    peer(), peer_environment(), linux(), sysroot(), image().

Everything is kept in ${XDG_CACHE_HOME:-~/.cache}/pixie/ (lab/ and peers/), fetched on first use,
and appears there in one step: a file or folder that exists is complete. Safe to call from several
threads and processes at once. Errors are DebianError.
"""

import contextlib
import dataclasses
import fcntl
import gzip
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zlib

if __package__:
    from . import debian, iso
else:
    import debian
    import iso

# The smallest kernel package of each architecture that drives QEMU's machines.
KERNEL_PACKAGES = {
    "amd64": "linux-image-cloud-amd64",
    "i386": "linux-image-686",
    "arm64": "linux-image-cloud-arm64",
    "armhf": "linux-image-armmp",
}

# What pixie is compiled and linked against.
SYSROOT_PACKAGES = ("libc6", "libc6-dev", "linux-libc-dev", "libgcc-s1", "libgcc-12-dev", "libstdc++6",
                    "libstdc++-12-dev", "libssl-dev", "zlib1g-dev", "libboost1.81-dev", "libfmt-dev",
                    "libcli11-dev", "libtomlplusplus-dev", "libsqlite3-0", "libsqlite3-dev",
                    "libc-ares2", "libc-ares-dev", "nlohmann-json3-dev")

# Debian's own installer, of the package debian-installer-12-netboot-amd64: linux and initrd.gz.
INSTALLER = pathlib.Path(
    "/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64")

INIT = """\
#!/bin/sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
echo
echo "LINUX-RUNS $(/bin/busybox uname -m) $(/bin/busybox cat /proc/cmdline)"
if [ -d /sys/firmware/efi ]; then
  echo "FIRMWARE-IS efi$(/bin/busybox cat /sys/firmware/efi/fw_platform_size)"
else
  echo "FIRMWARE-IS bios"
fi
echo "ROOT-HOLDS" *
case " $(/bin/busybox cat /proc/cmdline) " in
  *" then-reboot "*) /bin/busybox reboot -f ;;
esac
/bin/busybox poweroff -f
"""


@dataclasses.dataclass(frozen=True)
class Linux:
    """A kernel and an initrd whose init prints LINUX-RUNS, FIRMWARE-IS and ROOT-HOLDS, then powers off;
    with the word then-reboot on its command line it reboots."""
    kernel: pathlib.Path
    initrd: pathlib.Path


def cache():
    """The cache folder of this project (not made here)."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "pixie"


@contextlib.contextmanager
def _making(target):
    """Yields a new folder that becomes `target` at the end; None when `target` exists already."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.parent / f".{target.name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.exists():
            yield None
            return
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as scratch:
            made = pathlib.Path(scratch) / "made"
            made.mkdir()
            yield made
            made.rename(target)


def linux(architecture):
    """The Linux of a Debian architecture (amd64, i386, arm64, armhf)."""
    target = cache() / "lab" / f"linux-{architecture}-{zlib.crc32(INIT.encode()):08x}"
    with _making(target) as made:
        if made:
            _make_linux(architecture, made)
    return Linux(target / "vmlinuz", target / "initrd.gz")


def _make_linux(architecture, made):
    with tempfile.TemporaryDirectory(dir=made.parent) as scratch:
        scratch = pathlib.Path(scratch)
        apt = debian.Apt(scratch / "apt", architecture)
        wanted = KERNEL_PACKAGES[architecture]
        image = next(name for name in apt.depends(wanted) if name.startswith("linux-image-"))
        debian.unpack(apt.fetch(image, "busybox-static"), scratch / "root")
        [kernel] = (scratch / "root" / "boot").glob("vmlinuz-*")
        shutil.copyfile(kernel, made / "vmlinuz")
        [busybox] = scratch.glob("root/**/bin/busybox")
        (made / "initrd.gz").write_bytes(_initrd(busybox, scratch / "initrd"))


def _initrd(busybox, tree):
    """A gzipped cpio archive of busybox and INIT; `tree` is a folder to build it in."""
    for folder in ("bin", "proc", "sys", "dev"):
        (tree / folder).mkdir(parents=True)
    shutil.copy(busybox, tree / "bin" / "busybox")
    (tree / "bin" / "sh").symlink_to("busybox")
    (tree / "init").write_text(INIT)
    (tree / "init").chmod(0o755)
    names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*"))
    archive = subprocess.run(["cpio", "--create", "--format=newc", "--quiet", "--owner=0:0"],
                             input="\n".join(names).encode(), cwd=tree, check=True,
                             stdout=subprocess.PIPE).stdout
    return gzip.compress(archive, mtime=0)


# Real images: the file below a Debian package, or a function that makes it of the unpacked package.
IMAGES = {
    "grub-rescue.iso": ("grub-rescue-pc", "usr/lib/grub-rescue/grub-rescue-cdrom.iso"),
    "memtest86+x64.iso": ("memtest86+", "usr/lib/memtest86+/memtest86+x64.iso"),
    "memtest": ("memtest86+", "boot"),
    "debian-12-mini.iso": ("debian-installer-12-netboot-amd64", None),
    "debian-12-netboot": ("debian-installer-12-netboot-amd64",
                          "usr/lib/debian-installer/images/12/amd64/text"),
}


def image(name):
    """The file or folder of one of IMAGES."""
    package, path = IMAGES[name]
    target = cache() / "images" / name
    with _making(target) as made:
        if made:
            with tempfile.TemporaryDirectory(dir=made.parent) as scratch:
                scratch = pathlib.Path(scratch)
                apt = debian.Apt(scratch / "apt", "amd64")
                debian.unpack(apt.fetch(package), scratch / "root")
                source = scratch / "root" / path if path else _mini_iso(scratch)
                if source.is_dir():
                    shutil.copytree(source, made, symlinks=True, dirs_exist_ok=True)
                else:
                    shutil.copyfile(source, made / name)
    return target / name if (target / name).exists() else target


def _mini_iso(scratch):
    """Debian's mini.iso: its netboot package has all that is in it, but not the disc itself."""
    [netboot] = scratch.glob("root/usr/lib/debian-installer/images/*/amd64/text/debian-installer/amd64")
    tree = scratch / "mini"
    (tree / "boot").mkdir(parents=True)
    for file in ("linux", "initrd.gz"):
        shutil.copyfile(netboot / file, tree / file)
    shutil.copytree(netboot / "grub", tree / "boot" / "grub")
    return iso.make(scratch / "mini.iso", tree, "-R", "-V", "ISOIMAGE")


def sysroot(architecture):
    """The folder with a Debian architecture's headers and libraries that pixie needs."""
    # With other packages it is another folder.
    packages = zlib.crc32(" ".join(SYSROOT_PACKAGES).encode())
    target = cache() / f"sysroot-{architecture}-{packages:08x}"
    with _making(target) as made:
        if made:
            with tempfile.TemporaryDirectory(dir=made.parent) as scratch:
                apt = debian.Apt(pathlib.Path(scratch), architecture)
                debian.unpack(apt.fetch(*SYSROOT_PACKAGES), made)
    return target


def peer(package):
    """The folder with a Debian package, unpacked, and all that this system lacks for it.

    The package isn't installed: no daemon starts, no user is made. Its programs are
    <folder>/usr/sbin/…; run them with peer_environment(folder).
    """
    target = cache() / "peers" / package
    with _making(target) as made:
        if made:
            with tempfile.TemporaryDirectory(dir=made.parent) as scratch:
                apt = debian.Apt(pathlib.Path(scratch))
                debian.unpack(apt.fetch_missing(package), made)
    return target


def peer_environment(folder):
    """This process's environment with PATH and LD_LIBRARY_PATH that find a peer's files first."""
    programs = [folder / "usr/sbin", folder / "usr/bin", folder / "sbin", folder / "bin"]
    libraries = [path for base in ("usr/lib", "lib")
                 for path in (*sorted(folder.glob(f"{base}/*-linux-gnu*")), folder / base)]
    environment = dict(os.environ)
    for name, folders in (("PATH", programs), ("LD_LIBRARY_PATH", libraries)):
        found = [str(path) for path in folders if path.is_dir()]
        environment[name] = ":".join([*found, *filter(None, [environment.get(name)])])
    return environment


def main(arguments):
    """The command described on top of this file; returns the exit status."""
    match arguments:
        case ["peer", *packages] if packages:
            for package in packages:
                print(peer(package))
        case ["sysroot", architecture]:
            print(sysroot(architecture))
        case ["linux", *architectures] if set(architectures) <= KERNEL_PACKAGES.keys():
            for architecture in architectures or KERNEL_PACKAGES:
                made = linux(architecture)
                print(made.kernel, made.initrd, sep="\n")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except debian.DebianError as error:
        sys.exit(f"assets.py: {error}")
