"""pixie's start: what it refuses, with which exit code and words, and where settings come from."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess

from .case import Skip, Stopwatch, case, check, equal
from .http import get
from .network import SERVER, inside

FAILURE, USAGE, CANNOT_LISTEN = 1, 2, 3
MEGABYTES = 16


def says(done, status, *words):
    """Fails unless pixie ended with that status and one line with all the words."""
    equal(f"exit status ({done.stderr.strip()!r})", done.returncode, status)
    lines = done.stderr.strip().splitlines()
    equal("lines of error", len(lines), 1)
    for word in words:
        check(word in lines[0], f"no {word!r} in {lines[0]!r}")


@case("life.second-pixie")
def second_pixie(bench):
    """a second pixie on the same port is refused, and is told by whom; so with several threads"""
    for threads in ("1", "4"):
        first = bench.start(command=[bench.program, "-t", "0.0.0.0:0", "-u", "0.0.0.0:0",
                                     "--threads", threads])
        for place in ("0.0.0.0", SERVER, "[::]"):
            done = bench.refused("-t", f"{place}:{first.tftp}", "-u", "0.0.0.0:0",
                                 "--threads", threads)
            says(done, CANNOT_LISTEN, f"pixie (process {first.pid})", "--tftp", str(first.tftp))
            done = bench.refused("-t", "0.0.0.0:0", "-u", f"{place}:{first.http}",
                                 "--threads", threads)
            says(done, CANNOT_LISTEN, f"pixie (process {first.pid})", "--http", str(first.http))
        equal("the first serves on", get(bench, first, "/").status, 200)


@case("life.port-taken")
def port_taken(bench):
    """a port that another program has: refused by its name, even if it shares its port"""
    with contextlib.ExitStack() as stack:
        for kind, option in ((socket.SOCK_DGRAM, "-t"), (socket.SOCK_STREAM, "-u")):
            other = {"-t": "-u", "-u": "-t"}[option]
            for share in (False, True):
                with inside(bench.network.server):
                    taken = stack.enter_context(socket.socket(socket.AF_INET, kind))
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(share))
                taken.bind(("0.0.0.0", 0))
                if kind == socket.SOCK_STREAM:
                    taken.listen()
                place = f"0.0.0.0:{taken.getsockname()[1]}"
                done = bench.refused(option, place, other, "0.0.0.0:0", "--user", "root")
                says(done, CANNOT_LISTEN, f"(process {os.getpid()})", place)


@case("life.no-privilege")
def no_privilege(bench):
    """port 69 without root: refused, and both ways out are said"""
    wrapper = ("setpriv", "--reuid", "1", "--regid", "1", "--clear-groups")
    says(bench.refused(wrapper=wrapper), CANNOT_LISTEN, "sudo", "cap_net_bind_service", ":69")
    says(bench.refused("-t", "0.0.0.0:0", wrapper=wrapper), CANNOT_LISTEN, "sudo", ":80")


@case("life.wrong-arguments")
def wrong_arguments(bench):
    """missing folders, wrong options and values: exit code 2 and one line that says what to do"""
    there = str(bench.scripts)
    bench.file("file", 1, bench.folder)
    for arguments, words in (
            (("-d", "/not/there"), ("/not/there", "scripts")),
            (("-e", "/not/there"), ("/not/there", "extra")),
            (("--roms", "/not/there"), ("/not/there", "roms")),
            (("-d", str(bench.folder / "file")), ("file",)),
            (("--scipts", there), ("--scipts", "did you mean", "scripts")),
            (("--menu-timeot=3",), ("did you mean", "menu-timeout")),
            (("--tfpt", "x"), ("did you mean", "tftp")),
            (("serve",), ("serve",)),
            (("-d",), ()),
            (("--menu-timeout", "soon"), ("menu-timeout", "soon", "86400")),
            (("--menu-timeout", "-1"), ("menu-timeout",)),
            (("--tftp-max-blksize", "100"), ("512",)),
            (("-t", "nowhere"), ("nowhere", "ADDRESS:PORT")),
            (("-t", "0.0.0.0:99999"), ("99999",)),
            (("-u", "1.2.3:80"), ("1.2.3",)),
            (("-v", "LOUD"), ("LOUD", "DEBUG")),
            (("--log-format", "xml"), ("xml", "json")),
            (("--advertise", "my-host"), ("my-host", "IP address")),
            (("--user", "who-is-that"), ("who-is-that", "/etc/passwd")),
            (("-u", "0.0.0.0:8080", "--https", "127.0.0.1:8080"), ("127.0.0.1:8080", "0.0.0.0:8080", "--http")),
            (("--config", "/not/there.toml"), ("/not/there.toml",))):
        done = bench.refused("-t", "0.0.0.0:0", "-u", "0.0.0.0:0", *arguments) \
            if arguments[0] not in ("-t", "-u") else bench.refused(*arguments)
        says(done, USAGE, "pixie: ", *words)
    done = bench.refused("-t", "192.0.2.1:0", "-u", "0.0.0.0:0")
    says(done, CANNOT_LISTEN, "192.0.2.1", "no address of this machine")


@case("life.config-errors")
def config_errors(bench):
    """errors in the config file have file, line and column"""
    config = bench.folder / "pixie.toml"
    for text, line, column, words in (
            ("menu-timeout = 20\nhttp = [oops\n", 2, None, ()),
            ("# a comment\n\nmenu-timeout = 99999999\n", 3, None, ("86400",)),
            ("menu-timeout = true\n", 1, 16, ("number",)),
            ("  scipts = \"x\"\n", 1, 3, ("scipts", "scripts")),
            ("tftp = 69\n", 1, 8, ("ADDRESS:PORT",)),
            ("verbosity = \"LOUD\"\n", 1, None, ("DEBUG",)),
            ("[server]\ntftp = \"x\"\n", 1, None, ("server",)),
            ("a = 1\na = 2\n", None, None, ())):
        config.write_text(text)
        done = bench.refused("--config", config, "--print-config")
        if done.returncode == 0:
            done = bench.refused("--config", config)
        says(done, USAGE, str(config), *words)
        place = re.search(re.escape(str(config)) + r":(\d+):(\d+)", done.stderr)
        check(place, f"no line and column in {done.stderr!r}")
        check(line in (None, int(place.group(1))), f"line {place.group(1)} for {text!r}")
        check(column in (None, int(place.group(2))), f"column {place.group(2)} for {text!r}")


@case("life.precedence")
def precedence(bench):
    """default < file < environment < option, and PIXIE_X before X; --print-config says which"""
    config = bench.folder / "pixie.toml"
    config.write_text('menu-timeout = 20\nverbosity = "ERROR"\ntftp = "127.0.0.1:1069"\n'
                      'scripts = "/from/file"\n')
    clean = {"PATH": os.environ["PATH"]}

    def setting(name, *arguments, **environment):
        done = bench.refused("--print-config", *arguments, environment=clean | environment)
        equal(f"exit status ({done.stderr})", done.returncode, 0)
        found = re.search(rf"^(?:# *)?{name} = (.*?)(?:\s+#\s*(.*))?$", done.stdout, re.M)
        check(found, f"no {name} in:\n{done.stdout}")
        return found.group(1).strip("'\"")

    equal("default", setting("menu-timeout"), "10")
    equal("file", setting("menu-timeout", "--config", config), "20")
    equal("file by environment", setting("menu-timeout", PIXIE_CONFIG=str(config)), "20")
    equal("environment", setting("menu-timeout", "--config", config, PIXIE_MENU_TIMEOUT="30"), "30")
    equal("option", setting("menu-timeout", "--config", config, "--menu-timeout", "40",
                            PIXIE_MENU_TIMEOUT="30"), "40")
    for name, variable, values in (("tftp", "TFTP", ("1.1.1.1:1", "2.2.2.2:2")),
                                   ("http", "HTTP", ("1.1.1.1:1", "2.2.2.2:2")),
                                   ("scripts", "SCRIPTS", ("/a", "/b")),
                                   ("extra", "EXTRA", ("/a", "/b")),
                                   ("verbosity", "LEVEL", ("ERROR", "DEBUG"))):
        one, two = values
        equal(variable, setting(name, **{variable: one}), one)
        equal(f"PIXIE_{variable}", setting(name, **{variable: one, f"PIXIE_{variable}": two}), two)
        equal(f"option over {variable}",
              setting(name, f"--{name}", two, **{f"PIXIE_{variable}": one}), two)
    done = bench.refused("--print-config", "--config", config)
    again = bench.folder / "again.toml"
    again.write_text(done.stdout)
    equal("what it prints, read again", setting("menu-timeout", "--config", again), "20")
    done = bench.refused("-d", bench.scripts, environment=clean | {"PIXIE_MENU_TIMEOUT": "never"})
    says(done, USAGE, "PIXIE_MENU_TIMEOUT", "never")


@case("life.help")
def help_and_versions(bench):
    """--help, --version, man, roms, roms verify: exit code 0 and something to read"""
    for arguments, words in ((("--help",), ("--tftp", "Examples", "Exit codes")),
                             (("-h",), ("--scripts",)), (("explain", "-h"), ("pixie explain MAC", "--arch")),
                             (("--version",), ("pixie", "iPXE")), (("man",), (".TH",)),
                             (("roms",), ("undionly.kpxe", "ipxe64.efi")),
                             (("roms", "--long"), ("GPL",)), (("roms", "verify"), ("undionly",))):
        done = bench.refused(*arguments)
        equal(f"{arguments}: {done.stderr}", done.returncode, 0)
        for word in words:
            check(word in done.stdout, f"{arguments}: no {word!r} in {done.stdout[:500]!r}")


@case("life.exit-codes")
def exit_codes(bench):
    """a wrong argument or a missing folder: exit code 2 and one line; a mistake in a file: 1"""
    folder = bench.folder / "exit-codes"
    folder.mkdir()
    mac = "52:54:00:12:34:56"
    for arguments, word in ((("explain", "nomac"), "nomac"), (("explain", mac, "--ip", "x"), "--ip"),
                            (("fetch", "none/1"), "none"), (("fetch", "debian/99"), "99"),
                            (("fetch", "debian/12", "--from", "x", "-d", folder), "x/"),
                            (("fetch", "debian/12", "--from", "http://192.0.2.1/"), "-d DIR"),
                            (("check", folder / "none"), "none"), (("check",), "pixie check DIR"),
                            (("tls", "init", folder / "tls", "--name", "a b"), "a b"),
                            (("machine", "show", "nomac"), "nomac"), (("doctor", "nothing"), "nothing"),
                            (("storm", "192.0.2.256"), "192.0.2.256")):
        says(bench.refused(*arguments), USAGE, word)
    check(not (folder / "tls").exists(), "a folder was made for names that can't be")
    (folder / "pixie.toml").write_text("[profiles.a]\n")
    for arguments in (("check", folder), ("explain", mac, "-d", folder)):
        equal(f"{arguments}", bench.refused(*arguments).returncode, FAILURE)


@case("life.no-network")
def no_network(bench):
    """it starts and serves where there is no network and no DNS at all"""
    name = bench.network.server.replace("-server", "-empty")
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        watch = Stopwatch()
        pixie = bench.start(namespace=name)
        watch.check_below(5, "the start")
        pixie.signal(signal.SIGTERM)
        equal("exit status", pixie.wait(3), 0)
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@case("life.static")
def static(bench):
    """one static executable below 16 MB that runs alone, in an empty root"""
    if bench.is_sanitized():
        raise Skip("a build with a sanitizer is neither static nor small")
    done = subprocess.run(["ldd", bench.program], capture_output=True, text=True, check=False)
    check("not a dynamic executable" in done.stdout + done.stderr, done.stdout + done.stderr)
    size = bench.program.stat().st_size
    check(size < MEGABYTES * 1_000_000, f"{size} bytes")
    root = bench.folder / "root"
    root.mkdir()
    (root / "pixie").write_bytes(bench.program.read_bytes())
    (root / "pixie").chmod(0o755)
    done = subprocess.run(["chroot", root, "/pixie", "--version"], capture_output=True, text=True,
                          check=False)
    equal(f"exit status alone ({done.stderr})", done.returncode, 0)
    pixie = bench.start(command=["chroot", root, "/pixie", "-t", "0.0.0.0:0", "-u", "0.0.0.0:0",
                                 "--user", "root"])
    equal("a ROM", get(bench, pixie, "/undionly.kpxe").status, 200)


@case("life.descriptors")
def descriptors(bench):
    """64 descriptors and 200 idle connections: a later client is served by both protocols"""
    if b"__ubsan_" in bench.program.read_bytes():
        raise Skip("UBSan needs descriptors of its own and reports nonsense without")
    data = bench.file("file", 3000)
    pixie = bench.start(wrapper=("prlimit", "--nofile=64:64"))
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            idle = stack.enter_context(bench.network.socket(socket.AF_INET, socket.SOCK_STREAM))
            idle.connect((SERVER, pixie.http))
        done = bench.run("curl", "-sS", "--max-time", "15", "-o", "got",
                         f"http://{SERVER}:{pixie.http}/extra/file")
        equal(f"by HTTP ({done.stderr})", bench.downloaded(), data)
        done = bench.run("busybox", "tftp", "-g", "-r", "extra/file", "-l", "got", SERVER,
                         pixie.tftp)
        equal(f"by TFTP ({done.stderr})", bench.downloaded(), data)
    lines = pixie.transcript.tail(10_000).count("descriptors_exhausted")
    check(lines < 30, f"{lines} lines about descriptors")
    equal("when the idle ones are gone", get(bench, pixie, "/extra/file").body, data)


@case("life.log-formats")
def log_formats(bench):
    """--log-format json: each line is one; -v ERROR is silent in peace; names can't forge lines"""
    pixie = bench.start("--log-format", "json", command=None)
    equal("status", get(bench, pixie, "/nothing%20%22here%22%5C").status, 404)
    pixie.await_line(rb"nothing")
    for line in pixie.transcript.tail(1000).splitlines():
        check(json.loads(line)["event"], line)
