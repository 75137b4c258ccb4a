"""Images that are cut or damaged: refused with one sentence, or read as they were."""

import random
import subprocess

from clients.case import check

from . import trees
from .iso import genisoimage, xorriso

CASES = []


def case(function):
    """Registers a case."""
    CASES.append(function)
    return function


@case
def cut(pixie, folder):
    """half a copy is refused, wherever it ends"""
    tree = trees.small(folder / "tree")
    for name, make, options in (("iso", genisoimage, ["-R"]), ("udf", genisoimage, ["-udf"])):
        whole = make(folder / f"{name}.iso", tree, *options).read_bytes()
        # genisoimage pads with 150 sectors.
        for share in (0.0, 0.1, 0.3, 0.5):
            copy = folder / "cut.iso"
            copy.write_bytes(whole[:int((len(whole) - 150 * 2048) * share)])
            sentence = pixie.error(copy)
            check("file complete" in sentence or "neither" in sentence, sentence)


@case
def not_an_image(pixie, folder):
    """what is no image is refused"""
    for name, content in (("empty", b""), ("zeros", bytes(1 << 20)), ("text", b"hello\n" * 100_000)):
        file = folder / f"{name}.iso"
        file.write_bytes(content)
        check("neither ISO 9660 nor UDF" in pixie.error(file), pixie.error(file))
    check("not a file" in pixie.error(folder), pixie.error(folder))
    check("No such file" in pixie.error(folder / "none.iso"), pixie.error(folder / "none.iso"))


@case
def spoilt(pixie, folder):
    """200 images with some bytes changed: read or refused, never a crash, never for long"""
    tree = trees.deep(trees.small(folder / "tree") / "DEEP", 10).parent
    images = [xorriso(folder / "a.iso", tree, "-R").read_bytes(),
              genisoimage(folder / "b.iso", tree, "-udf", "-D").read_bytes()]
    rng = random.Random(7)
    for number in range(200):
        image = bytearray(images[number % 2])
        for _ in range(rng.choice((1, 10, 100))):
            # Where metadata is.
            at = rng.randrange(32768, min(len(image), 32768 + 600_000))
            image[at] = rng.randrange(256)
        file = folder / "spoilt.iso"
        file.write_bytes(image)
        result = subprocess.run([pixie.program, "images", "list", file], capture_output=True, check=False, timeout=20)
        check(result.returncode in (0, 1), f"pixie ended with {result.returncode} for image {number}: "
                                           f"{result.stderr.decode(errors='replace')[-1000:]}")
