"""What is in an image, or a folder: for each file's path its size and SHA-256."""

import hashlib
import os
import pathlib
import subprocess
import tarfile

from clients.case import Failure

BLOCK = 1 << 20


def run(command, **options):
    """Runs a command that must succeed; returns its standard output."""
    result = subprocess.run([str(part) for part in command], capture_output=True, check=False, **options)
    if result.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))} failed ({result.returncode}): "
                      f"{(result.stderr or result.stdout).decode(errors='replace').strip()[-2000:]}")
    return result.stdout


def _digest(stream):
    size, sha = 0, hashlib.sha256()
    while block := stream.read(BLOCK):
        size += len(block)
        sha.update(block)
    return size, sha.hexdigest()


class Pixie:
    """The program under test."""

    def __init__(self, program):
        self.program = program

    def files(self, image):
        """path -> (size, SHA-256), and what pixie says that the image is."""
        result = subprocess.run([self.program, "images", "list", image, "--sha256"],
                                capture_output=True, check=False)
        if result.returncode != 0:
            raise Failure(f"pixie refused the image: {result.stderr.decode().strip()}")
        found = {}
        for line in os.fsdecode(result.stdout).splitlines():
            size, sha, path = line.split(maxsplit=2)
            found[path] = (int(size), sha)
        return found, result.stderr.decode()

    def error(self, image):
        """The sentence with which pixie refuses the image; fails if it does not."""
        result = subprocess.run([self.program, "images", "list", image],
                                capture_output=True, check=False, timeout=20)
        if result.returncode == 0:
            raise Failure("pixie read what it should have refused")
        if result.returncode != 1 or result.stderr.count(b"\n") != 1:
            raise Failure(f"pixie ended with {result.returncode}: {result.stderr.decode()}")
        return result.stderr.decode().strip()

    def content(self, image, path):
        """One file's bytes."""
        return run([self.program, "images", "cat", image, path])


def of_folder(folder):
    """Of what an image was made from. Links count as what they lead to, if that is in the folder; links to folders
    don't."""
    folder = folder.resolve()
    found = {}
    for path in folder.rglob("*"):
        target = pathlib.Path(os.path.realpath(path))
        if path.is_symlink() and (not target.is_relative_to(folder) or not target.is_file()):
            continue
        if target.is_file():
            with target.open("rb") as stream:
                found[str(path.relative_to(folder))] = _digest(stream)
    return found


def by_bsdtar(image, lower_case=False):
    """As libarchive reads it: without links."""
    found = {}
    with subprocess.Popen(["bsdtar", "-cf", "-", "--format=pax", f"@{image}"], stdout=subprocess.PIPE,
                          env=os.environ | {"LC_ALL": "C.UTF-8"}) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|", errors="surrogateescape") as archive:
            for member in archive:
                path = member.name.removeprefix("./")
                path = path.lower() if lower_case else path
                if member.isreg():
                    found[path] = _digest(archive.extractfile(member))
                elif member.islnk():
                    source = member.linkname.removeprefix("./")
                    found[path] = found[source.lower() if lower_case else source]
    if process.returncode != 0:
        raise Failure(f"bsdtar can't read {image.name}: {process.returncode}")
    return found


def by_7z(image, kind, folder):
    """As 7z reads it; `kind`: Iso or Udf. It is unpacked into the folder."""
    run(["7z", "x", "-y", f"-t{kind}", f"-o{folder}", image])
    return of_folder(folder)


def same(what, got, wanted):
    """Fails, with the first differences, unless both have the same files."""
    wrong = [f"{path}: {got.get(path, 'missing')}, not {wanted.get(path, 'there')}"
             for path in sorted(got.keys() | wanted.keys()) if got.get(path) != wanted.get(path)]
    if wrong or not got:
        raise Failure("\n".join([f"pixie reads other files than {what}: {len(wrong)} of {len(wanted)}",
                                 *wrong[:10]]))
