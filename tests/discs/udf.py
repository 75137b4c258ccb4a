"""UDF, of several revisions and kinds of medium."""

import re
import shutil
import subprocess

from clients.case import Failure, check

from . import trees
from .iso import genisoimage
from .readers import by_7z, of_folder, run, same

CASES = []


def case(function):
    """Registers a case."""
    CASES.append(function)
    return function


def compare(pixie, image, tree, kind, folder, extra=(), with_7z=True):
    """With what went in, and with 7z; `extra` is what the maker adds."""
    files, notes = pixie.files(image)
    check(kind in notes, f"pixie says: {notes}")
    files = {path: what for path, what in files.items() if path not in extra}
    same("went in", files, of_folder(tree))
    if not with_7z:
        return
    read = by_7z(image, "Udf", folder / f"7z-{image.stem}")
    same("7z", files, {path: what for path, what in read.items() if path not in extra})


@case
def udf_bridge(pixie, folder):
    """UDF beside ISO 9660, with and without Joliet, by genisoimage"""
    tree = trees.named(folder / "tree")
    (tree / "efi" / "Boot" / "a;b").unlink()  # genisoimage calls it a_b
    (tree / "efi" / "Boot" / "日本語.img").write_bytes(bytes(range(256)) * 1000)
    for name, options in (("alone", []), ("joliet", ["-J", "-joliet-long"])):
        image = genisoimage(folder / f"{name}.iso", tree, "-udf", "-input-charset", "utf-8", *options)
        compare(pixie, image, tree, "UDF 1.02", folder)


@case
def udf_deep_and_many(pixie, folder):
    """UDF: deep folders, and thousands of files"""
    tree = trees.many(folder / "tree", 3000)
    trees.deep(tree / "deep", 12)
    image = genisoimage(folder / "many.iso", tree, "-udf", "-D", "-allow-limited-size")
    compare(pixie, image, tree, "UDF 1.02", folder)


@case
def udf_beyond_4_gib(pixie, folder):
    """UDF: a file of more than 4 GiB, whose ISO 9660 size is cut"""
    tree = trees.large(folder / "tree")
    image = genisoimage(folder / "large.iso", tree, "-udf", "-allow-limited-size")
    files, notes = pixie.files(image)
    check("UDF" in notes, notes)
    same("went in", files, of_folder(tree))


def fill(image, tree, block_size):
    """Writes a folder's content into a UDF image, by udfclient. Its commands fail without an exit status; what was not
    written is found when the files are compared."""
    def udfclient(*commands):
        result = subprocess.run(["udfclient", "-W", "-b", str(block_size), image], capture_output=True, check=False,
                                input="\n".join([*commands, "quit", ""]), text=True, cwd=tree, timeout=100)
        if result.returncode != 0:
            raise Failure(f"udfclient failed ({result.returncode}): {result.stdout[-500:]}{result.stderr[-500:]}")
        return result.stdout
    found = re.search(r"^d\S+ +\S+ +\S+ +\S+  (\S.*)$", udfclient("ls"), re.M)
    if not found:
        raise Failure("udfclient finds no volume in the image")
    udfclient(f'cd "{found.group(1)}"', *(f"put {path.name}" for path in sorted(tree.iterdir())), "sync")


def made_by_mkudffs(pixie, folder, revision, options, block_size=2048, **how):
    """Makes an image, fills it, compares."""
    for program in ("mkudffs", "udfclient"):
        check(shutil.which(program), f"{program} is missing")
    tree = trees.small(folder / "tree")
    image = folder / "disc.udf"
    run(["mkudffs", "--new-file", f"--blocksize={block_size}", *options, f"--udfrev={revision}", image,
         (256 << 20) // block_size])  # on smaller ones udfclient finds no room
    fill(image, tree, block_size)
    compare(pixie, image, tree, f"UDF {revision}", folder, **how)


@case
def udf_1_02(pixie, folder):
    """UDF 1.02, as on DVDs"""
    made_by_mkudffs(pixie, folder, "1.02", ["--media-type=dvd"])


@case
def udf_1_50_sparable(pixie, folder):
    """UDF 1.50 with a sparable partition, as on CD-RWs"""
    made_by_mkudffs(pixie, folder, "1.50", ["--media-type=cdrw"], extra={"Non-Allocatable Space"},
                    with_7z=False)  # which knows no sparable partitions


@case
def udf_2_01_short(pixie, folder):
    """UDF 2.01, short allocation descriptors"""
    made_by_mkudffs(pixie, folder, "2.01", ["--media-type=hd", "--ad=short"])


@case
def udf_2_01_long(pixie, folder):
    """UDF 2.01, long allocation descriptors"""
    made_by_mkudffs(pixie, folder, "2.01", ["--media-type=hd", "--ad=long"])


@case
def udf_2_01_hard_disk(pixie, folder):
    """UDF 2.01, blocks of 512 bytes, as on hard disks"""
    made_by_mkudffs(pixie, folder, "2.01", ["--media-type=hd"], block_size=512)
