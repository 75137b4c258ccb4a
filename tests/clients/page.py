"""The page in a real browser, beside a real pixie and a machine that boots."""

import contextlib
import json
import pathlib
import subprocess
import sys

from .api import TOKEN, call, script, tokens
from .case import Failure, case, check, equal
from .http import Connection
from .images import images_folder, indexed, make_iso, settle
from .machines import FLEET, fleet

BROWSER = pathlib.Path(__file__).resolve().parent.parent / "lab" / "browser.py"
IMAGE_BYTES = 600_000_000
UPLOAD_BYTES = 200_000_000
# The machine takes so much of the initrd, then somebody looks at the page.
PART = 500_000


class Browser:
    """Chromium on pixie's host, where the page may assign; a context manager."""

    def __init__(self, bench):
        self._folder = bench.folder
        self._child = subprocess.Popen(
            ["ip", "netns", "exec", bench.network.server, sys.executable, BROWSER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=open(bench.folder / "browser.log", "w", encoding="utf-8"))

    def __enter__(self):
        self._answer()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.close()
        self._child.wait(30)

    def _answer(self):
        line = self._child.stdout.readline()
        check(line, f"the browser ended: {(self._folder / 'browser.log').read_text()[-2000:]}")
        answer = json.loads(line)
        if "error" in answer:
            self._order("screenshot", str(self._folder / "page.png"))
            raise Failure(f"the page: {answer['error']}")
        return answer["value"]

    def _order(self, *words):
        self._child.stdin.write(json.dumps(words) + "\n")
        self._child.stdin.flush()
        return json.loads(self._child.stdout.readline())

    def __getattr__(self, order):
        def give(*arguments):
            self._child.stdin.write(json.dumps([order, *map(str, arguments)]) + "\n")
            self._child.stdin.flush()
            return self._answer()
        return give


def _mac(bench):
    """The address of the client's host, which plays the machine."""
    shown = bench.run("ip", "-o", "link", "show", "eth0").stdout
    return shown.split("link/ether ")[1].split()[0]


@case("page.first-visit", slow=True)
def first_visit(bench):
    """nothing booted yet: the page says what to do; no complaint in the console; a phone's width"""
    pixie = bench.start()
    with Browser(bench) as browser:
        browser.open(f"http://127.0.0.1:{pixie.http}/")
        for text in ("No machine has come yet", "--dhcp proxy", "dhcp-boot=", "default.ipxe"):
            browser.wait_text(text)
        browser.size(390, 800)
        equal("wider than a phone", browser.overflow(), 0)
        equal("console", [line for line in browser.console() if "favicon" not in line], [])


@case("page.boot", slow=True)
def boot(bench):
    """a machine boots: it appears, its progress moves, it ends booted; its timeline and script"""
    mac = _mac(bench)
    fleet(bench, FLEET.replace('mac = "52:54:00:*"', f'mac = "{mac}"').replace(
        '"http://192.0.2.9/more.gz"', '"/extra/more.gz"'))
    for name in ("linux", "initrd.gz", "more.gz"):
        bench.file(name, 100_000)
    with (bench.extra / "initrd.gz").open("r+b") as image:
        image.truncate(IMAGE_BYTES)
    pixie = bench.start()
    with Browser(bench) as browser, Connection(bench, pixie) as machine:
        browser.open(f"http://127.0.0.1:{pixie.http}/")
        browser.wait_text("No machine has come yet")
        answer = machine.get(f"/ipxe/{mac.replace(':', '-')}.ipxe?serial=S-4711&product=R640"
                             "&arch=x86_64&platform=efi", "User-Agent: iPXE/1.21.1")
        check("/extra/linux" in answer.body.decode(), answer.body.decode())
        browser.wait_text("R640")
        machine.get("/extra/linux")
        machine.ask("/extra/initrd.gz")
        machine.head()
        seen = set()
        for _ in range(IMAGE_BYTES // PART):
            machine.read(PART)
            if len(seen) < 2 and 0 < (part := browser.progress()) < 1:
                seen.add(part)
        equal("places in which the progress was seen", len(seen), 2)
        machine.get("/extra/more.gz")
        browser.wait_text("100 %")
        pixie.await_line(rb"boot\.ended .*outcome=booted", 40)
        browser.wait_text("booted")
        browser.open(f"http://127.0.0.1:{pixie.http}/#/machines/{mac}")
        for text in ("S-4711", "extra/initrd.gz", "claimed", "kernel http://"):
            browser.wait_text(text)
        browser.screenshot(bench.folder / "machine.png")


@case("page.assign", slow=True)
def assign(bench):
    """a one-shot by the button; a mistake in pixie.toml appears on the page, and goes"""
    mac = "52:54:00:ab:cd:02"
    fleet(bench)
    pixie = bench.start()
    with Browser(bench) as browser, Connection(bench, pixie) as machine:
        machine.get(f"/ipxe/{mac.replace(':', '-')}.ipxe")
        browser.open(f"http://127.0.0.1:{pixie.http}/#/machines/{mac}")
        browser.wait_text("Next boot only")
        browser.choose("form.assign label:nth-of-type(2) select", "rescue")
        browser.click("form.assign button.primary")
        pixie.await_line(rb"machine\.assigned .*once=rescue")
        check("rescue of" in machine.get(f"/ipxe/{mac.replace(':', '-')}.ipxe").body.decode(),
              "the one-shot was not given")
        fleet(bench, FLEET.replace('profile = "debian"', 'profile = "debain"'))
        browser.wait_text("there is no profile 'debain'")
        fleet(bench)
        browser.wait_no_text("there is no profile 'debain'")


@case("page.variables", slow=True)
def variables(bench):
    """with a token: variables are written, refused, shown when others change them; who is forgotten vanishes"""
    mac = "52:54:00:ab:cd:01"
    fleet(bench)
    pixie = bench.start(*tokens(bench))
    script(bench, pixie, mac.replace(":", "-"))
    with Browser(bench) as browser:
        browser.open(f"http://127.0.0.1:{pixie.http}/#/machines/{mac}")
        browser.wait_text("The server wants a token")
        browser.fill("#token", TOKEN)
        browser.click("form.token button")
        browser.click(".var-lines button.link")
        browser.fill(".var-line input:nth-of-type(1)", "disk")
        browser.fill(".var-line input:nth-of-type(2)", "/dev/nvme0n1")
        browser.click("form.assign button.primary")
        browser.wait_text("disk=/dev/nvme0n1")
        browser.wait_none("form.assign button.primary:not(:disabled)")
        equal("set", call(bench, pixie, "GET", f"machines/{mac}")["assignment"]["vars"],
              {"disk": "/dev/nvme0n1"})
        browser.click(".var-lines button.link")
        browser.fill(".var-line:nth-of-type(2) input:nth-of-type(1)", "server")
        browser.click("form.assign button.primary")
        browser.wait_text("no variable can have this name")
        browser.fill(".var-line:nth-of-type(2) input:nth-of-type(1)", "sizes")
        browser.fill(".var-line:nth-of-type(2) input:nth-of-type(2)", '[1, "2"]')
        browser.click(".var-line:nth-of-type(1) button")
        browser.click("form.assign button.primary")
        browser.wait_none("form.assign button.primary:not(:disabled)")
        equal("the second", call(bench, pixie, "GET", f"machines/{mac}")["assignment"]["vars"],
              {"sizes": [1, "2"]})
        browser.screenshot(bench.folder / "variables.png")
        browser.size(390, 800)
        equal("wider than a phone", browser.overflow(), 0)
        call(bench, pixie, "PATCH", f"machines/{mac}", {"vars": {"disk": "/dev/elsewhere"}})
        browser.wait_text("disk=/dev/elsewhere")
        browser.open(f"http://127.0.0.1:{pixie.http}/#/")
        equal("the row", browser.text("a[data-row]"), mac)
        call(bench, pixie, "DELETE", f"machines/{mac}", status=204)
        browser.wait_none("a[data-row]")
        browser.wait_text("No machine has come yet")


@case("page.images", slow=True)
def images(bench):
    """images: the empty folder teaches; one that comes is read; a broken one says why; sent, resumed, removed"""
    folder = images_folder(bench)
    folder.chmod(0o777)
    make_iso(bench, bench.folder / "whole.iso", {"kernel": b"x" * 5000})
    large = bench.folder / "large.img"
    with large.open("wb") as file:
        file.write(b"begin")
        file.truncate(UPLOAD_BYTES)
    pixie = bench.start()
    with Browser(bench) as browser:
        browser.open(f"http://127.0.0.1:{pixie.http}/#/images")
        for text in ("There is none. Copy ISO files", str(folder), "Send images"):
            browser.wait_text(text)
        (folder / "half.iso").write_bytes((bench.folder / "whole.iso").read_bytes()[:40_000])
        settle(folder / "half.iso")
        browser.wait_text("can't be used")
        browser.give("input[type=file]", bench.folder / "whole.iso")
        browser.wait_text("PIXIE_TEST")
        browser.wait_text("ready")
        indexed(pixie, "whole.iso")

        # What is here of it by an earlier attempt is not sent again.
        (folder / f".large.img.{UPLOAD_BYTES}.part").write_bytes(b"begin" + bytes(UPLOAD_BYTES // 2 - 5))
        (folder / f".large.img.{UPLOAD_BYTES}.part").chmod(0o666)
        browser.wait_text("100 MB of 200 MB are here")
        browser.give("input[type=file]", large)
        browser.wait_text("sent")
        pixie.await_line(rb"images\.uploaded file=large\.img size=200000000")
        equal("all of it", (folder / "large.img").read_bytes(), large.read_bytes())
        browser.wait_text("disk image")

        browser.give("input[type=file]", large)
        browser.wait_text("is there already")
        browser.click("[aria-label='Remove large.img']")
        browser.click("td .danger")
        pixie.await_line(rb"images\.deleted file=large\.img")
        browser.wait_no_text("disk image")
        browser.give("input[type=file]", bench.folder / "browser.log")
        browser.wait_text("is no image")
        browser.size(390, 800)
        equal("wider than a phone", browser.overflow(), 0)
        browser.screenshot(bench.folder / "images.png")


@case("page.no-images", slow=True)
def no_images(bench):
    """without an images folder the page says how to have one"""
    pixie = bench.start()
    with Browser(bench) as browser:
        browser.open(f"http://127.0.0.1:{pixie.http}/#/images")
        for text in ("There is no images folder yet", "--images /srv/images"):
            browser.wait_text(text)
