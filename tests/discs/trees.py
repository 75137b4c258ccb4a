"""Folders to make images from."""

import os
import random

BLOCK = 2048


def small(folder):
    """Names that every file system has: 8.3 in upper case, files of sizes around a block's."""
    rng = random.Random(1)
    for place in ("", "BOOT", "BOOT/GRUB", "EMPTY"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    for size in (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 100_000):
        for place in ("", "BOOT/GRUB"):
            (folder / place / f"F{size}.BIN").write_bytes(rng.randbytes(size))
    (folder / "BOOT" / "README").write_text("no suffix\n")
    return folder


def named(folder):
    """Names in lower case and other scripts, long ones, with blanks and dots."""
    (folder / "efi" / "Boot").mkdir(parents=True)
    for name in ("bootx64.efi", "with blanks  in it.txt", ".hidden", "two.dots.tar.gz", "Größe.txt", "日本語.img",
                 "n" * 60 + ".cfg", "a;b", "tilde~", "#hash"):
        (folder / "efi" / "Boot" / name).write_text(f"{name}\n" * 3)
    return folder


def linked(folder):
    """Symbolic links of every kind, and hard links."""
    (folder / "dists" / "bookworm").mkdir(parents=True)
    (folder / "dists" / "bookworm" / "Release").write_text("Debian\n")
    os.link(folder / "dists" / "bookworm" / "Release", folder / "hard")
    for name, target in (("debian", "."), ("dists/stable", "bookworm"), ("release", "dists/stable/Release"),
                         ("dists/up", "../release"), ("dots", "./dists/./bookworm/../bookworm/Release"),
                         ("absolute", "/dists/bookworm/Release"), ("dangling", "nowhere"),
                         ("circle-a", "circle-b"), ("circle-b", "circle-a"),
                         ("long", "dists/" + "../dists/" * 60 + "bookworm/Release")):
        os.symlink(target, folder / name)
    return folder


def deep(folder, levels=30):
    """Folders in each other, more than ISO 9660 allows."""
    here = folder
    for level in range(levels):
        here = here / f"level{level}"
        here.mkdir(parents=True)
        (here / "file").write_text(f"{level}\n")
    return folder


def many(folder, count=10_000):
    """Many files, half of them in one folder."""
    for number in range(count):
        place = folder if number % 2 else folder / f"d{number % 97}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"file-{number:06}-with-a-name-of-some-length.txt").write_text(f"{number}\n")
    return folder


def large(folder):
    """A sparse file of more than 4 GiB, with something at its beginning, middle and end, and one behind it."""
    folder.mkdir()
    with (folder / "large.img").open("wb") as file:
        for at in (0, (4 << 30) - 5, (4 << 30) + 12_345_678):
            file.seek(at)
            file.write(b"0123456789")
    (folder / "small.txt").write_text("behind\n")
    return folder
