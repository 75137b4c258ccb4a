"""ISO images, made by xorriso."""

import subprocess

CRASH = b"UNIX-SIGNAL"


def make(image, tree, *options):
    """Makes an image of a folder; returns it. xorriso 1.5.4 was seen to die of SIGSEGV before it had begun, though
    rarely: then it has another try."""
    command = [str(word) for word in ("xorriso", "-as", "mkisofs", "-quiet", *options, "-o", image, tree)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0 and CRASH in done.stderr:
        done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.decode(errors='replace').strip()}")
    return image
