"""Small images of operating systems: their layout, with the lab's Linux in the place of theirs.

The texts src/recipes/testdata/*.image say what is in each; their grammar is in src/recipes/testing.h.
"""

import dataclasses
import pathlib
import shutil
import subprocess

from . import iso

TESTDATA = pathlib.Path(__file__).resolve().parent.parent.parent / "src/recipes/testdata"
# What BIOS and UEFI would start from the disc; nothing here does.
BOOT_IMAGES = {"bios": ("boot-bios.bin", ("-b", "boot-bios.bin", "-no-emul-boot", "-boot-load-size", "4")),
               "uefi": ("boot-efi.bin", ("-eltorito-alt-boot", "-e", "boot-efi.bin", "-no-emul-boot"))}


@dataclasses.dataclass
class MiniImage:
    """One of the texts. `files`: (path, content, what it stands for: kernel, initrd, microcode or nothing)."""
    file: str = ""
    volume: str = ""
    firmware: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    files: list = dataclasses.field(default_factory=list)


def read(name):
    """The image of that name."""
    image = MiniImage()
    for line in (TESTDATA / f"{name}.image").read_text().splitlines():
        if line.startswith("== "):
            path, _, kind = line[3:].partition(" [")
            image.files.append([path, "", kind.rstrip("]")])
        elif image.files:
            image.files[-1][1] += line + "\n"
        elif line and not line.startswith("#"):
            key, _, value = line.partition(" ")
            match key:
                case "file":
                    image.file = value
                case "volume":
                    image.volume = value
                case "el-torito":
                    image.firmware = tuple(value.split())
                case "requires":
                    image.required += (value,)
    return image


def make(name, linux, folder):
    """Makes the image in `folder` (an ISO, or a folder where it is one) and returns its MiniImage."""
    image = read(name)
    tree = folder / (image.file if not image.file.endswith(".iso") else f".{name}.tree")
    for path, content, kind in image.files:
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == "microcode":  # an archive without a file
            target.write_bytes(subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=b"", check=True,
                                              capture_output=True).stdout)
        elif kind:
            shutil.copyfile(linux.kernel if kind == "kernel" else linux.initrd, target)
        else:
            target.write_text(content)
    if image.file.endswith(".iso"):
        _make_iso(image, tree, folder / image.file)
        shutil.rmtree(tree)
    return image


def _make_iso(image, tree, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    options = ["-R", "-J", "-V", image.volume]
    for firmware in image.firmware:
        name, more = BOOT_IMAGES[firmware]
        (tree / name).write_bytes(bytes(2048))
        options += more
    iso.make(target, tree, *options)
