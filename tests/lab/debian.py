"""Debian packages without installing them: a private apt state, used as an ordinary user or root.

Neither the system's package lists nor its dpkg status nor its set of architectures is changed. The
packages come from wherever this machine's own apt takes them.
"""

import collections
import getpass
import pathlib
import re
import subprocess

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class DebianError(Exception):
    """A package can't be had; the text says which command failed and what it printed."""


def _run(command, **options):
    result = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if result.returncode != 0:
        tail = (result.stderr or result.stdout).strip()[-2000:]
        raise DebianError(f"{command[0]} {command[-1]} failed ({result.returncode}): {tail}")
    return result.stdout


def mirror():
    """The URI of the Debian archive that this machine's apt uses most."""
    sites = _run(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages",
                  "Origin: Debian", "Label: Debian", "Component: main"]).split()
    if not sites:  # the lists were never updated: read the sources themselves
        folder = pathlib.Path("/etc/apt")
        files = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*.sources")),
                 *sorted(folder.glob("sources.list.d/*.list"))]
        text = "\n".join(file.read_text() for file in files if file.exists())
        sites = re.findall(r"^(?:URIs:|deb(?:\s+\[.*?\])?)\s+(\S+/debian)/?(?:\s|$)", text, re.M)
    if not sites:
        raise DebianError("no Debian archive among this machine's apt sources")
    return collections.Counter(sites).most_common(1)[0][0]


def suite():
    """The code name of the Debian release that this machine runs."""
    release = pathlib.Path("/etc/os-release").read_text()
    return re.search(r'^VERSION_CODENAME="?(\w+)', release, re.M).group(1)


class Apt:
    """One private apt state in `folder` (made when missing; the caller removes it).

    Without `architecture` it sees this machine's sources and installed packages, so that
    fetch_missing() knows what the system lacks. With one it sees the release's `main` component for
    that architecture, and nothing counts as installed.
    """

    def __init__(self, folder, architecture=None):
        self._archives = folder / "cache" / "archives"
        for needed in (folder / "lists" / "partial", self._archives / "partial"):
            needed.mkdir(parents=True, exist_ok=True)
        settings = {
            "Dir::State::lists": folder / "lists",
            "Dir::Cache": folder / "cache",
            "Debug::NoLocking": "1",
            "Acquire::Languages": "none",
            "APT::Sandbox::User": getpass.getuser(),
        }
        if architecture:
            sources = folder / "debian.sources"
            sources.write_text(f"Types: deb\nURIs: {mirror()}\nSuites: {suite()}\n"
                               f"Components: main\nSigned-By: {KEYRING}\n")
            settings |= {
                "Dir::Etc::sourcelist": sources,
                "Dir::Etc::sourceparts": "/dev/null",
                "Dir::Etc::preferencesparts": "/dev/null",
                "Dir::State::status": "/dev/null",
                "APT::Architecture": architecture,
                "APT::Architectures": architecture,
            }
        self._options = [f"-o{key}={value}" for key, value in settings.items()]
        # Without this a list that can't be had is no failure, and its packages are unknown later.
        _run(["apt-get", *self._options, "-qq", "-oAPT::Update::Error-Mode=any", "update"])

    def depends(self, package):
        """The names that `package` depends on directly."""
        output = _run(["apt-cache", *self._options, "depends", package])
        return re.findall(r"^\s*Depends: (\S+)", output, re.M)

    def fetch(self, *packages):
        """Downloads these packages, without what they depend on; returns the .deb files."""
        _run(["apt-get", *self._options, "-qq", "download", *packages], cwd=self._archives)
        return sorted(self._archives.glob("*.deb"))

    def fetch_missing(self, package):
        """Downloads `package` and whatever it needs that this system lacks; returns the files."""
        _run(["apt-get", *self._options, "-qq", "--yes", "--no-install-recommends", "--reinstall",
              "--download-only", "install", package])
        return sorted(self._archives.glob("*.deb"))


def unpack(packages, root):
    """Unpacks .deb files under `root`; none of their scripts runs."""
    for package in packages:
        _run(["dpkg", "-x", str(package), str(root)])
