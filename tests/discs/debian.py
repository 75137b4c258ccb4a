"""The images that Debian's packages carry."""

import pathlib
import subprocess

from clients.case import Skip

from .readers import by_bsdtar, same

CASES = []


def installed(package):
    """The images of an installed package."""
    result = subprocess.run(["dpkg-query", "-L", package], capture_output=True, text=True, check=False)
    found = [pathlib.Path(line) for line in result.stdout.splitlines() if line.endswith(".iso")]
    if not found:
        raise Skip(f"the package {package} is not installed")
    return found


def register(name, package, lower_case):
    """A case for a package."""
    def case(pixie, _folder):
        for image in installed(package):
            files, _ = pixie.files(image)
            same(f"bsdtar in {image.name}", files, by_bsdtar(image, lower_case))
    case.__name__, case.__doc__ = name, f"the images of Debian's package {package}"
    CASES.append(case)


register("debian_grub_rescue", "grub-rescue-pc", False)
register("debian_memtest", "memtest86+", False)
register("debian_ipxe", "ipxe", True)
