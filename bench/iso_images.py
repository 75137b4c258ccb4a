"""Images of discs: pixie serves files out of one, and reads what is in it; bsdtar lists the same images."""

import os
import subprocess
import time

import servers

LARGE_GIB = 5
LARGE_FILES = 100
MANY_FILES = (1_000, 10_000, 100_000)
MOST_FILES = MANY_FILES[-1]


def _make(image, tree):
    """An ISO of a folder, which looks as if it had been there for long."""
    subprocess.run([servers.program("xorriso", "xorriso").path, "-as", "mkisofs", "-quiet", "-R", "-iso-level", "3",
                    "-o", image, tree], check=True, capture_output=True)
    os.utime(image, (1_700_000_000, 1_700_000_000))


def make_large(folder):
    """An ISO of LARGE_GIB with LARGE_FILES files; returns its path."""
    tree = folder / "large"
    tree.mkdir()
    for number in range(LARGE_FILES):
        with (tree / f"file{number}").open("wb") as file:
            file.truncate((LARGE_GIB << 30) // LARGE_FILES)
    _make(folder / "large.iso", tree)
    return folder / "large.iso"


def make_many(folder, count):
    """An ISO of `count` small files in folders of a hundred; returns its path."""
    tree = folder / f"many{count}"
    for number in range(count):
        place = tree / f"folder{number // 100}"
        if number % 100 == 0:
            place.mkdir(parents=True)
        (place / f"a-file-with-a-name-{number}").write_bytes(b"content")
    _make(folder / f"many{count}.iso", tree)
    return folder / f"many{count}.iso"


def listing_milliseconds(pixie, image):
    """What the programs take to list what is in an image, by their names."""
    commands = {"pixie": [pixie, "images", "list", image],
                "bsdtar": [servers.program("bsdtar", "libarchive-tools").path, "-tf", image]}
    taken = {}
    for name, command in commands.items():
        began = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        taken[name] = (time.monotonic() - began) * 1000
    return taken


class PixieImage(servers.Pixie):
    """The tree as files in an ISO."""

    tftp_port, http_port = 6905, 8009
    # The image that is there in the place of the tree's.
    image = None

    def command(self):
        return [*super().command(), "--images", self.folder / "images"]

    def start(self):
        """Returns the seconds until it answers; the image is made before."""
        images = self.folder / "images"
        images.mkdir(exist_ok=True)
        if self.image:
            (images / "tree.iso").unlink(missing_ok=True)
            os.link(self.image, images / "tree.iso")
        elif not (images / "tree.iso").exists():
            _make(images / "tree.iso", self.root)
        return super().start()

    def _http_answers(self):
        return self.head(f"/{servers.SCRIPT}") and self.head("/images/tree/") == 200

    def target(self, name):
        return f"/images/tree/{name}"
