"""Why a machine boots what it boots: pixie explain and the API's explanation, and what they know it from."""

import contextlib
import os
import sys
import time

from lab.process import Process

from .api import TOKEN, call, script, tokens
from .case import case, check, equal
from .machines import FLEET, MAC, fleet
from .network import CLIENT

UPSTREAM = '{"kernel": "/vmlinuz", "cmdline": "from-elsewhere"}'


def _explained(bench, port, *options, token=None):
    """What `pixie explain` prints on pixie's host."""
    environment = {**os.environ, "PIXIE_TOKEN": token} if token else None
    done = bench.run(bench.program, "explain", MAC, "-d", bench.scripts, "-e", bench.extra,
                     "-u", f"0.0.0.0:{port}", *options, namespace=bench.network.server,
                     environment=environment)
    equal(f"the status of pixie explain ({done.stderr})", done.returncode, 0)
    return done.stdout


def _has(text, *parts):
    for part in parts:
        check(part in text, f"no {part!r} in\n{text}")


@contextlib.contextmanager
def _web(bench, namespace, name):
    """Another web server, whose folder is `name`; gives its port and its folder."""
    folder = bench.folder / name
    folder.mkdir()
    server = Process(namespace, [sys.executable, "-u", "-m", "http.server", "0", "--directory", folder],
                     bench.folder / f"{name}.log")
    try:
        found = server.transcript.wait_for(rb"port (\d+)", time.monotonic() + 20)
        yield int(found.group(1)), folder
    finally:
        server.stop()


@case("explain.running")
def running(bench):
    """the command tells what the pixie on this host saw and assigned, and that it does not, if it can't"""
    fleet(bench)
    pixie = bench.start(*tokens(bench))
    script(bench, pixie, MAC, "?serial=S-4711&arch=x86_64&platform=efi")
    call(bench, pixie, "PUT", f"machines/{MAC}", {"profile": "debian", "vars": {"disk": "/dev/xvda"}})
    port = pixie.http
    text = _explained(bench, port, token=TOKEN)
    _has(text, "serial: S-4711", f"the pixie at http://127.0.0.1:{port}",
         'assigned: profile debian, variables {"disk":"/dev/xvda"}', "> profile debian is assigned",
         "disk=/dev/xvda serial=S-4711", "ROM: snponly64.efi")
    _has(_explained(bench, port, "--serial", "other", token=TOKEN), "serial=other")
    _has(_explained(bench, port, "--arch", "arm64", token=TOKEN), "arch: arm64")
    _has(_explained(bench, port), "wants a token", "- nothing is assigned", '> rule "the lab"')
    call(bench, pixie, "PUT", f"machines/{MAC}", {"profile": "debian", "once": "rescue"})
    _has(_explained(bench, port, token=TOKEN), "rescue once", "> profile rescue is assigned for one boot")
    equal("asking takes nothing", call(bench, pixie, "GET", f"machines/{MAC}")["assignment"]["once"],
          "rescue")
    pixie.stop()
    _has(_explained(bench, port, token=TOKEN), "does not answer", "nothing is assigned", "disk=/dev/sda")
    port, _ = bench.enter(_web(bench, bench.network.server, "elsewhere"))
    _has(_explained(bench, port), "gives no answer of pixie's (HTTP status 404)")


@case("explain.upstream")
def upstream(bench):
    """what another server (--api) says is told: by the API as last heard, by the command as it is now"""
    fleet(bench, FLEET.replace('mac = "52:54:00:*"', 'mac = "52:54:00:ab:*"'))
    port, folder = bench.enter(_web(bench, bench.network.client, "upstream"))
    answer = folder / "v1" / "boot" / MAC.replace("-", ":")
    answer.parent.mkdir(parents=True)
    answer.write_text(UPSTREAM)
    server = f"http://{CLIENT}:{port}"
    pixie = bench.start("--api", server)

    def explained(mac=MAC):
        told = call(bench, pixie, "GET", f"explain/{mac}", token=None)
        steps = [step["text"] for step in told["steps"] if step["because"] == "upstream"]
        return told["decision"]["because"], told["script"] or "", steps[0]

    because, _, step = explained()
    check(because == "rule" and "was not asked" in step, f"before any boot: {because}, {step}")
    check("from-elsewhere" in script(bench, pixie, MAC), "not the other server's script")
    because, text, step = explained()
    check(because == "upstream" and "has a script" in step, f"after a boot: {because}, {step}")
    check(f"{server}/vmlinuz" in text, text)
    other = "52-54-00-ab-cd-77"
    script(bench, pixie, other)
    because, _, step = explained(other)
    check(because == "rule" and "has nothing" in step, f"after a boot without: {because}, {step}")
    _has(_explained(bench, pixie.http, "--api", server), f"the other server (--api): {server}",
         "> the other server (--api) has a script", "from-elsewhere")
    _has(_explained(bench, pixie.http), "- no other server is asked (--api)", '> rule "the lab"')
    _has(_explained(bench, pixie.http, "--api", f"http://{CLIENT}:9"), "not the other server (--api):",
         "was not asked", '> rule "the lab"')
