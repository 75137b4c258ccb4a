"""pixie mirror fetch|list|verify, pixie fetch, and what the API tells of the mirror."""

import hashlib
import json
import os
import shutil
import subprocess
import tomllib

from .bench import content
from .case import case, check, equal
from .http import get
from .mirror import patiently, start, upstream_of
from .upstream import Page

MAC = "52-54-00-ab-cd-01"


def run(bench, state, *arguments, environment=None):
    """Runs a command of pixie on the server's host, as root as its owner would."""
    return bench.refused(*arguments, "--state", state, environment=environment, timeout=60)


@case("mirror.commands")
def commands(bench):
    """fetch straight into the folder, list, verify, damage; then by way of the pixie that runs"""
    upstream, data = upstream_of(bench), content(2_000_000)
    upstream.pages["a"] = Page(data, '"a"', None, ("Cache-Control: max-age=1000",))
    upstream.pages["b"] = Page(data[:1000], '"b"')
    state = bench.folder / "commands-state"
    done = run(bench, state, "mirror")
    equal("no mirror yet", (done.returncode, "--mirror-dir" in done.stderr), (2, True))
    done = run(bench, state, "mirror", "fetch", f"http://{upstream.host}/a", upstream.path("b"))
    equal("fetch", done.returncode, 0)
    sums = [f"{hashlib.sha256(bytes_).hexdigest()}  {upstream.path(name)}"
            for name, bytes_ in (("a", data), ("b", data[:1000]))]
    equal("sums", done.stdout.splitlines(), sums)
    check("a  2.0 MB" in done.stderr, done.stderr)
    done = run(bench, state, "mirror", "fetch", f"http://{upstream.host}/a")
    check("was here" in done.stderr, done.stderr)
    equal("requests", len(upstream.asked("a")), 1)
    done = run(bench, state, "mirror", "fetch", f"http://{upstream.host}/none")
    equal("what is not there", (done.returncode, "404" in done.stderr), (1, True))
    done = run(bench, state, "mirror", "list")
    check("fresh" in done.stdout and "2 files, 2.0 MB" in done.stdout, done.stdout)
    equal("sound", run(bench, state, "mirror", "verify").stdout, "2 sound, 0 damaged\n")
    for file in (state / "mirror").iterdir():
        if file.stat().st_size == len(data):
            file.write_bytes(data[:-1] + b"?")
    pixie = start(bench, upstream, "--state", state)
    done = run(bench, state, "mirror", "verify")
    equal("damaged", (done.returncode, f"http://{upstream.host}/a" in done.stdout), (1, True))
    equal("fetched anew", get(bench, pixie, upstream.path("a")).body == data, True)
    equal("requests", len(upstream.asked("a")), 2)
    place = ("-u", f"0.0.0.0:{pixie.http}")
    upstream.pages["c"] = Page(data)
    for _ in range(2):
        done = run(bench, state, "mirror", "fetch", f"http://{upstream.host}/c", *place)
        equal("by way of pixie", (done.returncode, done.stdout.split()[0]),
              (0, hashlib.sha256(data).hexdigest()))
    equal("requests", len(upstream.asked("c")), 1)
    done = run(bench, state, "mirror", "fetch", "http://127.0.0.1:1/x", *place)
    equal("not allowed", (done.returncode, "--mirror does not allow" in done.stderr), (1, True))
    equal("verified while it runs", run(bench, state, "mirror", "verify").returncode, 0)


@case("mirror.api")
def api(bench):
    """GET /api/v1/mirror: on or off, counts, files"""
    upstream = upstream_of(bench)
    upstream.pages["x"] = Page(b"hello", '"1"', None, ("Cache-Control: max-age=1000",))
    off = json.loads(get(bench, bench.start(), "/api/v1/mirror").body)
    equal("off", (off["on"], off["entries"], off["hit_rate"]), (False, [], None))
    pixie = start(bench, upstream)
    get(bench, pixie, upstream.path("x"))
    pixie.await_line(rb"mirror\.fetched")
    for _ in range(3):
        get(bench, pixie, upstream.path("x"))
    told = json.loads(get(bench, pixie, "/api/v1/mirror").body)
    equal("counts", [told[name] for name in ("on", "hits", "misses", "stale", "hit_rate", "files",
                                             "fetched_bytes", "fetching")],
          [True, 3, 1, 0, 0.75, 1, 5, 0])
    entry = told["entries"][0]
    equal("the file", [entry[name] for name in ("url", "path", "size", "have", "whole", "sha256")],
          [f"http://{upstream.host}/x", upstream.path("x"), 5, 5, True,
           hashlib.sha256(b"hello").hexdigest()])


class Signer:
    """A key of its own, which signs with gpg."""

    def __init__(self, folder):
        self.home = folder / "gpg"
        self.home.mkdir(mode=0o700)
        self.keyring = folder / "keyring.gpg"
        self._gpg("--quick-gen-key", "Test Archive <archive@example.org>", "ed25519", "sign", "1d")
        self.keyring.write_bytes(self._gpg("--export"))

    def _gpg(self, *arguments, text=None):
        command = ["gpg", "--homedir", self.home, "--batch", "--quiet", "--pinentry-mode",
                   "loopback", "--passphrase", "", *arguments]
        return subprocess.run(command, input=text, check=True, capture_output=True).stdout

    def inline(self, text):
        """The text, signed."""
        return self._gpg("--clearsign", text=text)

    def detached(self, text):
        """Its signature."""
        return self._gpg("--detach-sign", text=text)

    def close(self):
        """Ends gpg's agent."""
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False,
                       capture_output=True)


def digest(data):
    """Its SHA-256."""
    return hashlib.sha256(data).hexdigest()


IMAGES = "debian/dists/bookworm/main/installer-amd64/current/images/"
NETBOOT = IMAGES + "netboot/debian-installer/amd64/"


def debian_mirror(upstream, signer, linux, initrd):
    """Debian's layout of an installer, signed."""
    sums = (f"{digest(linux)}  ./netboot/debian-installer/amd64/linux\n"
            f"{digest(initrd)}  ./netboot/debian-installer/amd64/initrd.gz\n").encode()
    release = (f"Origin: Test\nMD5Sum:\n {'0' * 32} {len(sums)} main/installer-amd64/current/images/SHA256SUMS\n"
               f"SHA256:\n {digest(sums)} {len(sums)} main/installer-amd64/current/images/SHA256SUMS\n")
    upstream.pages["debian/dists/bookworm/InRelease"] = Page(signer.inline(release.encode()))
    upstream.pages[IMAGES + "SHA256SUMS"] = Page(sums)
    upstream.pages[NETBOOT + "linux"] = Page(linux, '"l"')
    upstream.pages[NETBOOT + "initrd.gz"] = Page(initrd, '"i"')


@case("fetch.debian")
def fetch_debian(bench):
    """pixie fetch debian/12: signature, sums, files, profile; the profile boots from the mirror"""
    upstream, signer = upstream_of(bench), Signer(bench.folder)
    linux, initrd = content(300_000, 1), content(900_000, 2)
    debian_mirror(upstream, signer, linux, initrd)
    state = bench.folder / "fetch-state"
    profile = bench.scripts / "pixie.d" / "debian-12.toml"

    def fetch(*more, environment=None):
        return run(bench, state, "-d", bench.scripts, "fetch", "debian/12", "--from",
                   f"http://{upstream.host}/debian", "--keyring", signer.keyring, *more,
                   environment=environment)

    try:
        done = fetch()
        equal(f"fetch ({done.stderr})", done.returncode, 0)
        for words in ("InRelease: signed by Test Archive <archive@example.org>",
                      "SHA256SUMS: as InRelease says", "linux: as listed", f"--mirror {upstream.host}"):
            check(words in done.stdout, f"no {words!r} in {done.stdout}")
        written = tomllib.loads(profile.read_text())["profiles"]["debian-12"]
        equal("the profile", written["sha256"],
              {upstream.path(NETBOOT + "linux"): digest(linux),
               upstream.path(NETBOOT + "initrd.gz"): digest(initrd)})
        equal("check", run(bench, state, "check", bench.scripts).returncode, 0)
        pixie = start(bench, upstream, "--state", state)
        script = get(bench, pixie, f"/profiles/debian-12/{MAC}.ipxe").body.decode()
        check(f"{upstream.path(NETBOOT + 'linux')} initrd=initrd.gz" in script, script)
        equal("kernel", get(bench, pixie, written["kernel"]).body == linux, True)
        equal("initrd", get(bench, pixie, written["initrd"]).body == initrd, True)
        equal("from here", len(upstream.asked(NETBOOT + "linux")), 1)
        newer = content(310_000, 5)
        debian_mirror(upstream, signer, newer, initrd)
        done = fetch("-u", f"0.0.0.0:{pixie.http}")
        equal(f"once more, while pixie runs ({done.stderr})", done.returncode, 0)
        served = patiently(lambda: get(bench, pixie, written["kernel"]))
        equal("the new kernel", served.body == newer, True)
        bench.kill(pixie)
        _refusals(bench, upstream, fetch, profile)
    finally:
        signer.close()


def _refusals(bench, upstream, fetch, profile):
    """What is wrong anywhere ends it, and the profile stays as it was."""
    before = profile.read_text()
    for name, words in ((NETBOOT + "linux", "SHA-256"), (IMAGES + "SHA256SUMS", "SHA-256"),
                        ("debian/dists/bookworm/InRelease", "not good by the keys")):
        page = upstream.pages[name]
        upstream.pages[name] = Page(page.data.replace(page.data[60:70], b"0123456789"), '"bad"')
        if name.endswith("linux"):  # what is here already is right, whatever the upstream has now
            equal(name, fetch().returncode, 0)
            shutil.rmtree(bench.folder / "fetch-state" / "mirror")
        done = fetch()
        equal(name, (done.returncode, words in done.stderr), (1, True))
        upstream.pages[name] = page
    equal("the profile", profile.read_text(), before)
    bare = {**os.environ, "PATH": "/sbin:/usr/sbin"}  # where ip is, and gpgv is not
    done = fetch(environment=bare)
    equal("without gpgv", (done.returncode, "gpgv is not installed" in done.stdout,
                           "NOTHING PROTECTS IT" in done.stdout), (0, True, True))
    profile.write_text("[profiles.mine]\nlocal = true\n")
    done = fetch()
    equal("somebody's own", (done.returncode, "--force" in done.stderr), (1, True))
    equal("forced", fetch("--force").returncode, 0)


@case("fetch.others")
def fetch_others(bench):
    """pixie fetch rocky/9 and ubuntu/24.04, their command lines; what is asked for wrongly"""
    upstream, signer = upstream_of(bench), Signer(bench.folder)
    linux, initrd = content(30_000, 1), content(90_000, 2)
    folder = "rocky/9/BaseOS/x86_64/os/"
    upstream.pages[folder + ".treeinfo"] = Page(
        (f"[checksums]\nimages/pxeboot/vmlinuz = sha256:{digest(linux)}\n"
         f"images/pxeboot/initrd.img = sha256:{digest(initrd)}\n").encode())
    upstream.pages[folder + "images/pxeboot/vmlinuz"] = Page(linux)
    upstream.pages[folder + "images/pxeboot/initrd.img"] = Page(initrd)
    image = content(200_000, 3)
    sums = (f"{'a' * 64} *ubuntu-24.04.2-live-server-amd64.iso\n"
            f"{digest(image)} *ubuntu-24.04.10-live-server-amd64.iso\n").encode()
    upstream.pages["ubuntu/24.04/ubuntu-24.04.10-live-server-amd64.iso"] = Page(image)
    upstream.pages["ubuntu/24.04/SHA256SUMS"] = Page(sums)
    upstream.pages["ubuntu/24.04/SHA256SUMS.gpg"] = Page(signer.detached(sums))
    upstream.pages["ubuntu/24.04/netboot/amd64/linux"] = Page(linux)
    upstream.pages["ubuntu/24.04/netboot/amd64/initrd"] = Page(initrd)
    signer.close()
    state = bench.folder / "fetch-state"

    def fetch(name, *more):
        done = run(bench, state, "-d", bench.scripts, "fetch", name, "--keyring", signer.keyring, *more)
        file = bench.scripts / "pixie.d" / f"{name.replace('/', '-')}.toml"
        profiles = tomllib.loads(file.read_text())["profiles"] if file.exists() else {}
        return done, profiles.get(name.replace("/", "-"))

    done, profile = fetch("rocky/9", "--from", f"http://{upstream.host}/rocky/")
    equal(f"rocky ({done.stderr})", done.returncode, 0)
    equal("its command line", profile["cmdline"],
          "ip=dhcp inst.repo={{server}}" + upstream.path(folder))
    done, profile = fetch("ubuntu/24.04", "--from", f"http://{upstream.host}/ubuntu/")
    equal(f"ubuntu ({done.stderr})", done.returncode, 0)
    iso = upstream.path("ubuntu/24.04/ubuntu-24.04.10-live-server-amd64.iso")
    equal("its command line", profile["cmdline"], "ip=dhcp iso-url={{server}}" + iso)
    equal("the ISO's sum", profile["sha256"][iso], digest(image))
    equal("the ISO is here", len(upstream.asked("ubuntu/24.04/ubuntu-24.04.10-live-server-amd64.iso")), 1)
    check("linux: its sum is published nowhere" in done.stdout, done.stdout)
    equal("check", run(bench, state, "check", bench.scripts).returncode, 0)
    for name, more, status, words in (
            ("debain/12", (), 2, "'debian'"), ("debian/3", (), 2, "12"), ("rocky/9", (), 2, "--from"),
            ("rocky/9", ("--from", "x"), 2, "http"),
            ("rocky/9", ("--from", f"http://{upstream.host}/"), 1, "404")):
        done, _ = fetch(name, *more)
        check(done.returncode == status and (words in done.stderr or words in done.stdout),
              f"{name} {more}: {done.stderr}")
    listed = run(bench, state, "fetch")
    check(listed.returncode == 0 and "debian" in listed.stdout and "fedora" in listed.stdout,
          listed.stdout)
