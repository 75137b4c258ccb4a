"""ISO 9660 with each of its extensions."""

import os

from clients.case import check, equal
from lab.iso import make as xorriso

from . import trees
from .readers import by_7z, by_bsdtar, of_folder, run, same

CASES = []


def case(function):
    """Registers a case."""
    CASES.append(function)
    return function


def genisoimage(image, tree, *options):
    """Makes an image of a folder."""
    run(["genisoimage", "-quiet", *options, "-o", image, tree])
    return image


def lower(files):
    """With names in lower case, as plain ISO 9660 is shown."""
    return {path.lower(): what for path, what in files.items()}


def compare(pixie, image, tree, kind, lower_case=False, skip=()):
    """With what went in, and with bsdtar; `kind` is what pixie must say that it is."""
    files, notes = pixie.files(image)
    check(kind in notes, f"pixie says: {notes}")
    wanted = of_folder(tree)
    same("went in", files, lower(wanted) if lower_case else wanted)
    read = by_bsdtar(image, lower_case)
    same("bsdtar", {path: what for path, what in files.items() if path in read or path not in skip}, read)


@case
def plain(pixie, folder):
    """no extensions, by genisoimage, levels 1 to 3"""
    tree = trees.small(folder / "tree")
    for level in "123":
        image = genisoimage(folder / f"{level}.iso", tree, "-iso-level", level)
        compare(pixie, image, tree, ": ISO 9660, 13 files", lower_case=True)


@case
def joliet(pixie, folder):
    """Joliet, by genisoimage and xorriso"""
    tree = trees.named(folder / "tree")
    (tree / "efi" / "Boot" / "a;b").unlink()
    for make, options in ((genisoimage, ["-J", "-joliet-long", "-input-charset", "utf-8"]), (xorriso, ["-J"])):
        image = make(folder / f"{make.__name__}.iso", tree, *options)
        files, notes = pixie.files(image)
        if make is genisoimage:
            check("Joliet" in notes, notes)
            same("went in", files, of_folder(tree))
            same("7z", files, by_7z(image, "Iso", folder / "7z"))
        else:
            check("Rock Ridge" in notes, notes)  # xorriso always adds it
            same("went in", files, of_folder(tree))


@case
def rock_ridge_names(pixie, folder):
    """Rock Ridge: names in other scripts and long ones, by genisoimage and xorriso"""
    tree = trees.named(folder / "tree")
    (tree / ("x" * 240)).write_text("continued elsewhere\n")
    for make in (genisoimage, xorriso):
        compare(pixie, make(folder / f"{make.__name__}.iso", tree, "-R", "-J"), tree, "Rock Ridge")


@case
def rock_ridge_links(pixie, folder):
    """Rock Ridge: symbolic links are followed, circles and dangling ones left out"""
    tree = trees.linked(folder / "tree")
    wanted = of_folder(tree)
    # The test's folder is not the image's root.
    wanted["absolute"] = wanted["dists/bookworm/Release"]
    for make in (xorriso, genisoimage):
        if make is genisoimage:
            del wanted["long"]  # of a target that takes several fields it loses slashes
        image = make(folder / f"{make.__name__}.iso", tree, "-R")
        files, _ = pixie.files(image)
        same("went in", files, wanted)
        regular = by_bsdtar(image)
        same("bsdtar", {path: what for path, what in files.items() if path in regular}, regular)
        equal("through a link", pixie.content(image, "debian/debian/dists/stable/Release"), b"Debian\n")


@case
def rock_ridge_deep(pixie, folder):
    """Rock Ridge: folders deeper than ISO 9660 allows, moved away and back"""
    tree = trees.deep(folder / "tree")
    for name, make, options in (("moved", genisoimage, ["-R"]), ("hidden", genisoimage, ["-R", "-hide-rr-moved"]),
                                ("not-moved", genisoimage, ["-R", "-D"]), ("xorriso", xorriso, ["-R"])):
        compare(pixie, make(folder / f"{name}.iso", tree, *options), tree, "Rock Ridge")


@case
def many_files(pixie, folder):
    """10,000 files"""
    tree = trees.many(folder / "tree")
    compare(pixie, xorriso(folder / "many.iso", tree, "-R"), tree, "10000 files")


@case
def beyond_4_gib(pixie, folder):
    """a file of more than 4 GiB, in several sections"""
    tree = trees.large(folder / "tree")
    wanted = of_folder(tree)
    image = xorriso(folder / "large.iso", tree, "-R", "-iso-level", "3")
    files, _ = pixie.files(image)
    same("went in", files, wanted)


@case
def boot_images(pixie, folder):
    """El Torito: BIOS and UEFI images, and an emulated floppy"""
    tree = trees.small(folder / "tree")
    (tree / "BIOS.IMG").write_bytes(os.urandom(20_000))
    (tree / "EFI.IMG").write_bytes(os.urandom(70_000))
    (tree / "FLOPPY.IMG").write_bytes(os.urandom(1440 * 1024))
    image = xorriso(folder / "both.iso", tree, "-R", "-b", "BIOS.IMG", "-no-emul-boot", "-boot-load-size", "4",
                    "-eltorito-alt-boot", "-e", "EFI.IMG", "-no-emul-boot")
    check_boot_images(pixie, image, tree, [("0x00", "BIOS.IMG"), ("0xef", "EFI.IMG")])
    image = genisoimage(folder / "floppy.iso", tree, "-R", "-b", "FLOPPY.IMG")
    check_boot_images(pixie, image, tree, [("0x00", "FLOPPY.IMG")])


def check_boot_images(pixie, image, tree, wanted):
    """Whether the bytes that pixie takes for boot images are the files."""
    _, notes = pixie.files(image)
    found = [line.split() for line in notes.splitlines() if line.startswith("boot image")]
    equal("platforms", [words[4].rstrip(":") for words in found], [platform for platform, _ in wanted])
    for words, (_, name) in zip(found, wanted):
        length, offset = int(words[5]), int(words[8])
        with image.open("rb") as file:
            file.seek(offset)
            equal(name, file.read(length), (tree / name).read_bytes())
