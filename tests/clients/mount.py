"""File systems of a case's own."""

import contextlib
import subprocess

from .case import Skip


@contextlib.contextmanager
def mounted(folder, *options):
    """Something is mounted at a folder meanwhile; skips the case where that is not possible."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextlib.contextmanager
def frozen(folder):
    """The file system that is mounted at a folder takes no writing meanwhile (fsfreeze(8)): who writes waits."""
    subprocess.run(["fsfreeze", "--freeze", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "--unfreeze", folder], check=True)
