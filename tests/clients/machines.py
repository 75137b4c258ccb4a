"""What machines boot: profiles, rules, templates, one-shots, and how that is changed while pixie runs."""

import gzip
import json
import re
import socket

from .api import READER, TOKEN, ask, call, script, tokens
from .case import case, check, equal
from .http import Connection, get
from .network import SERVER
from .tftp import OACK, Client, fetch_patiently

MAC = "52-54-00-ab-cd-01"
OTHER = "52-54-00-ab-cd-02"

FLEET = """
[profiles.debian]
title = "Debian, unattended"
menu = true
menu-group = "Installers"
kernel = "/extra/linux"
initrd = ["/extra/initrd.gz", "http://192.0.2.9/more.gz"]
cmdline = "auto url={{server}}/t/preseed.cfg?mac={{mac}} disk={{disk}} serial={{serial}}"
vars = { disk = "/dev/sda" }

[profiles.disk]
local = true

[profiles.rescue]
menu = true
script = "rescue.ipxe"

[machines."52:54:00:ab:cd:02"]
hostname = "web2"
vars = { disk = "/dev/vdb" }

[[rules]]
name = "old ones"
arch = "i386"
profile = "rescue"

[[rules]]
name = "the lab"
mac = "52:54:00:*"
profile = "debian"
"""
PRESEED = "# {{hostname}} {{mac}}\nd-i partman-auto/disk string {{disk}}\n" \
          "{{#if callback}}d-i late_command string wget {{callback}}\n{{/if}}"


def fleet(bench, text=FLEET):
    """Writes pixie.toml and what it names."""
    bench.file("rescue.ipxe", b"#!ipxe\necho rescue of {{mac}} ${net0/mac}\nshell\n", bench.scripts)
    bench.file("templates/preseed.cfg", PRESEED.encode(), bench.scripts)
    bench.file("pixie.toml", text.encode(), bench.scripts)


def _fetch(bench, pixie, name):
    return fetch_patiently(bench.network, SERVER, pixie.tftp, name, 10)[0]


@case("machines.rules")
def rules(bench):
    """own script, rule, default.ipxe, message; facts from the query; the menu offers profiles"""
    fleet(bench)
    bench.file("default.ipxe", b"#!ipxe\necho default\n", bench.scripts)
    pixie = bench.start()
    text = script(bench, pixie, MAC, "?serial=AB%20C%7C%7C&arch=x86_64&platform=efi")
    server = f"http://{SERVER}:{pixie.http}"
    check(re.search(rf"^kernel {server}/extra/linux .*auto url={server}/t/preseed.cfg\?mac="
                    rf"52:54:00:ab:cd:01 disk=/dev/sda serial=AB_C__", text, re.M), text)
    check(re.search(rf"^initrd .*{server}/extra/initrd.gz", text, re.M), text)
    check("http://192.0.2.9/more.gz" in text and "the lab" in text, text)
    check("rescue of 52:54:00:ab:cd:01 ${net0/mac}" in script(bench, pixie, MAC, "?arch=i386"),
          "the first rule does not win")
    check("disk=/dev/vdb" in script(bench, pixie, OTHER), "the machine's own variable")
    check("echo default" in script(bench, pixie, "00-11-22-33-44-55"), "default.ipxe")
    bench.file(f"{MAC}.ipxe", b"#!ipxe\necho own {{mac}}\n", bench.scripts)
    check("echo own {{mac}}" in script(bench, pixie, MAC), "the own script does not win")
    pixie.await_line(rb"boot\.script .*because=rule .*profile=debian")
    pixie.await_line(rb"boot\.script .*because=own")
    menu = get(bench, pixie, "/chain.ipxe").body.decode()
    check("Debian, unattended" in menu and "item --gap Installers" in menu, menu)
    chosen = get(bench, pixie, f"/profiles/rescue/{OTHER}.ipxe").body.decode()
    check("rescue of 52:54:00:ab:cd:02" in chosen, chosen)
    equal("a profile that is not there", script(bench, pixie, OTHER).count("rescue"), 0)


@case("machines.tftp")
def over_tftp(bench):
    """the same scripts, templates and menu over TFTP, where nothing is known but the address"""
    fleet(bench)
    pixie = bench.start()
    text = _fetch(bench, pixie, f"ipxe/{MAC}.ipxe").decode()
    check("disk=/dev/sda" in text and "the lab" in text, text)
    check("rescue of" in _fetch(bench, pixie, f"profiles/rescue/{MAC}.ipxe").decode(), "no profile")
    check("Debian, unattended" in _fetch(bench, pixie, "chain.ipxe").decode(), "no menu")


@case("machines.templates")
def templates(bench):
    """/t/ renders for the machine that is named; mistakes are told; the sources are not served"""
    fleet(bench)
    pixie = bench.start()
    answer = get(bench, pixie, f"/t/preseed.cfg?mac={OTHER}")
    text = answer.body.decode()
    check(text.startswith("# web2 52:54:00:ab:cd:02\nd-i partman-auto/disk string /dev/vdb\n"), text)
    check(f"wget http://{SERVER}:{pixie.http}/api/v1/machines/52-54-00-ab-cd-02/done?token=" in text,
          text)
    equal("who asks has no disk", get(bench, pixie, "/t/preseed.cfg").status, 500)
    pixie.await_line(rb"script\.mistake .*templates/preseed\.cfg:2:32: .*disk")
    equal("no template", get(bench, pixie, f"/t/none?mac={MAC}").status, 404)
    for secret in ("pixie.toml", "templates/preseed.cfg", "templates/", "pixie.d/x.toml"):
        equal(secret, get(bench, pixie, f"/ipxe/{secret}").status, 403)
    for path in ("/t/../pixie.toml", "/t/%2e%2e/pixie.toml", "/t//etc/passwd"):
        check(get(bench, pixie, f"{path}?mac={MAC}").status in (400, 404), path)
    check(b"pixie.toml" not in get(bench, pixie, "/ipxe/").body, "it is listed")


@case("machines.reload")
def reload(bench):
    """changes are live within a second; a mistake keeps what was, and is told with its place"""
    fleet(bench)
    pixie = bench.start()
    check("/dev/sda" in script(bench, pixie, MAC), "not the first state")
    fleet(bench, FLEET.replace("/dev/sda", "/dev/nvme0n1"))
    pixie.await_line(rb"fleet\.loaded")
    check("/dev/nvme0n1" in script(bench, pixie, MAC), "not the second state")
    fleet(bench, FLEET.replace('profile = "debian"', 'profile = "debain"'))
    pixie.await_line(rb"fleet\.mistake .*pixie\.toml:\d+:\d+: .*debain.*debian")
    check("/dev/nvme0n1" in script(bench, pixie, MAC), "the mistake replaced the good state")
    problems = json.loads(get(bench, pixie, "/api/v1/problems").body)["problems"]
    check(problems and problems[0]["file"] == "pixie.toml" and "debain" in problems[0]["excerpt"],
          str(problems))
    check(b"degraded" in get(bench, pixie, "/healthz").body, "healthz says all is well")
    checked = bench.refused("check", bench.scripts)
    equal("pixie check", (checked.returncode != 0, "debain" in checked.stdout + checked.stderr),
          (True, True))
    fleet(bench)
    equal("pixie check", bench.run(bench.program, "check", bench.scripts).returncode, 0)
    check(b"degraded" not in _await_health(bench, pixie), "healthz is not well again")
    check("/dev/sda" in script(bench, pixie, MAC), "not the last state")


def _await_health(bench, pixie):
    pixie.await_line(rb"fleet\.loaded")
    return get(bench, pixie, "/healthz").body


@case("machines.once")
def once(bench):
    """a one-shot is given once, to the fetch of the script alone, and survives an aborted one"""
    fleet(bench)
    pixie = bench.start(*tokens(bench))
    call(bench, pixie, "PUT", f"machines/{MAC}", {"profile": "disk", "once": "debian"}, status=201)
    equal("HEAD", get(bench, pixie, f"/ipxe/{MAC}.ipxe", method="HEAD").status, 200)
    equal("explain", call(bench, pixie, "GET", f"explain/{MAC}")["decision"]["because"], "once")
    check("/extra/linux" in script(bench, pixie, MAC), "not the one-shot")
    preseed = get(bench, pixie, f"/t/preseed.cfg?mac={MAC}").body.decode()
    token = re.search(r"done\?token=(\S+)", preseed).group(1)
    check("/extra/linux" not in script(bench, pixie, MAC), "the one-shot came twice")
    machine = call(bench, pixie, "GET", f"machines/{MAC}")
    equal("install", (machine["install"]["profile"], machine["install"]["status"]),
          ("debian", "started"))
    call(bench, pixie, "POST", f"machines/{MAC}/done?token=1-{'0' * 32}", status=403, token=None)
    call(bench, pixie, "POST", f"machines/{OTHER}/done?token={token}", status=403, token=None)
    call(bench, pixie, "POST", f"machines/{MAC}/done?token={token}", status=204, token=None)
    equal("done", call(bench, pixie, "GET", f"machines/{MAC}")["install"]["status"], "done")
    pixie.await_line(rb"machine\.done .*52:54:00:ab:cd:01")


@case("machines.once-tftp")
def once_tftp(bench):
    """no one-shot is used up by who asks for the size and leaves, by TFTP; nor by a stop, nor by a profile's mistake"""
    fleet(bench)
    options = (*tokens(bench), "--state", bench.folder / "state")
    pixie = bench.start(*options)
    call(bench, pixie, "PUT", f"machines/{MAC}", {"profile": "disk", "once": "debian"}, status=201)
    with Client(bench.network, SERVER, pixie.tftp) as client:
        client.ask(f"ipxe/{MAC}.ipxe", tsize=0)
        client.expect(OACK)
    pixie.stop()
    pixie = bench.start(*options)
    with Client(bench.network, SERVER, pixie.tftp) as client:
        for _ in range(20):
            client.ask(f"ipxe/{MAC}.ipxe", tsize=0)
            client.expect(OACK)
            client.error(8, "User aborted the transfer")
        check(b"/extra/linux" in client.fetch(f"ipxe/{MAC}.ipxe"), "not the one-shot")
        check(b"/extra/linux" not in client.fetch(f"ipxe/{MAC}.ipxe"), "the one-shot came twice")
    fleet(bench, FLEET.replace('disk = "/dev/sda"', ""))
    pixie.await_line(rb"fleet\.loaded")
    call(bench, pixie, "PUT", f"machines/{MAC}", {"profile": "disk", "once": "debian"})
    equal("a script with a mistake", get(bench, pixie, f"/ipxe/{MAC}.ipxe").status, 500)
    fleet(bench)
    pixie.await_line(rb"fleet\.loaded")
    check("/extra/linux" in script(bench, pixie, MAC), "the mistake used the one-shot up")


@case("machines.once-race")
def once_race(bench):
    """sixteen fetches at once: exactly one gets the one-shot"""
    fleet(bench)
    pixie = bench.start(*tokens(bench))
    call(bench, pixie, "PUT", f"machines/{MAC}", {"profile": "disk", "once": "debian"}, status=201)
    connections = [Connection(bench, pixie) for _ in range(16)]
    for connection in connections:
        connection.ask(f"/ipxe/{MAC}.ipxe")
    texts = [connection.response().body for connection in connections]
    for connection in connections:
        connection.socket.close()
    equal("given", sum(b"/extra/linux" in text for text in texts), 1)


@case("machines.news")
def news(bench):
    """what a machine newly tells of itself is known at once, and the weaker of two sources changes nothing"""
    fleet(bench)
    pixie = bench.start(*tokens(bench))
    for number in ("S1", "S2"):
        script(bench, pixie, OTHER, f"?serial={number}&hostname={number}")
        seen = call(bench, pixie, "GET", f"machines/{OTHER}")
        serial = [fact for fact in seen["facts"] if fact["name"] == "serial"]
        equal("serial", serial, [{"name": "serial", "value": number, "source": "claimed"}])
        equal("hostname", seen["hostname"], "web2")


@case("machines.restart")
def restart(bench):
    """what was acknowledged is there after kill -9: assignments, one-shots, machines that were seen"""
    fleet(bench)
    options = (*tokens(bench), "--state", bench.folder / "kept")
    pixie = bench.start(*options)
    call(bench, pixie, "PUT", f"machines/{MAC}", {"profile": "disk", "once": "debian",
                                                  "vars": {"disk": "/dev/xvda"}}, status=201)
    call(bench, pixie, "PUT", f"machines/{OTHER}", {"profile": "rescue"}, status=201)
    script(bench, pixie, OTHER, "?serial=S1")
    pixie.await_line(rb"boot\.script")
    call(bench, pixie, "GET", f"machines/{OTHER}")
    bench.kill(pixie)
    pixie = bench.start(*options)
    check("/dev/xvda" in script(bench, pixie, MAC), "the one-shot or the variable is gone")
    check("rescue" in script(bench, pixie, OTHER), "the assignment is gone")
    bench.kill(pixie)
    pixie = bench.start(*options)
    check("/extra/linux" not in script(bench, pixie, MAC), "the one-shot came twice")
    second = bench.refused("-t", "0.0.0.0:0", "-u", "0.0.0.0:0", *options)
    check(second.returncode != 0 and "state" in second.stderr, second.stderr)


@case("machines.restart-installing")
def restart_installing(bench):
    """pixie ends, gently or by kill -9, while a machine installs: its templates go on as they began"""
    fleet(bench)
    options = (*tokens(bench), "--state", bench.folder / "kept")
    pixie = bench.start(*options)
    call(bench, pixie, "PUT", f"machines/{MAC}", {"profile": "disk", "once": "debian"}, status=201)
    check("/extra/linux" in script(bench, pixie, MAC), "not the one-shot")
    for end in (bench.kill, lambda served: served.stop(), bench.kill):
        end(pixie)
        pixie = bench.start(*options)
        text = get(bench, pixie, f"/t/preseed.cfg?mac={MAC}").body.decode()
        check("disk string /dev/sda\n" in text, f"not of the profile that is installed: {text}")
    token = re.search(r"done\?token=(\S+)", text).group(1)
    call(bench, pixie, "POST", f"machines/{MAC}/done?token={token}", status=204, token=None)
    check("/extra/linux" not in script(bench, pixie, MAC), "the one-shot came twice")
    bench.kill(pixie)
    pixie = bench.start(*options)
    equal("the preseed of one that boots its disk",
          get(bench, pixie, f"/t/preseed.cfg?mac={MAC}").status, 500)


@case("machines.damaged-store")
def damaged_store(bench):
    """a damaged store, and one that is none, are refused with a sentence and left as they are"""
    options = ("--state", bench.folder / "kept")
    bench.kill(bench.start(*options))
    store = next((bench.folder / "kept").rglob("pixie.db"))
    for content in (b"this is no database, whatever its name" * 100,
                    store.read_bytes()[:100] + b"\xff" * 8000):
        store.write_bytes(content)
        refused = bench.refused("-t", "0.0.0.0:0", "-u", "0.0.0.0:0", *options)
        check(refused.returncode != 0 and str(store) in refused.stderr, refused.stderr)
        equal("the file", store.read_bytes(), content)


@case("machines.access")
def access(bench):
    """tokens: none 401, a reader's 403 for writing; without a file others than this host only read"""
    fleet(bench)
    pixie = bench.start(*tokens(bench))
    path = f"machines/{MAC}"
    call(bench, pixie, "GET", path, status=401, token=None)
    call(bench, pixie, "GET", path, status=401, token="f" * 32)
    call(bench, pixie, "PUT", path, {"profile": "disk"}, status=403, token=READER)
    call(bench, pixie, "GET", "machines", token=READER)
    call(bench, pixie, "GET", "version", token=None)
    check(TOKEN not in pixie.transcript.tail(1_000_000), "a token is in the log")
    free = bench.start()
    call(bench, free, "GET", "machines", token=None)
    call(bench, free, "PUT", path, {"profile": "disk"}, status=403, token=None)
    local = bench.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT",
                      "-H", "Content-Type: application/json", "-d", '{"profile": "disk"}',
                      f"http://127.0.0.1:{free.http}/api/v1/{path}",
                      namespace=bench.network.server)
    equal("from loopback", local.stdout, "201")
    foreign = bench.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT",
                        "-H", "Content-Type: application/json", "-H", "Origin: http://evil.example",
                        "-d", '{"profile": "disk"}', f"http://127.0.0.1:{free.http}/api/v1/{path}",
                        namespace=bench.network.server)
    equal("from another site", foreign.stdout, "403")


@case("machines.changed-meanwhile")
def changed_meanwhile(bench):
    """If-Match: a change that another made is not overwritten"""
    fleet(bench)
    pixie = bench.start(*tokens(bench))
    path = f"machines/{MAC}"
    first = ask(bench, pixie, "PUT", path, {"profile": "disk"}, fields=["If-None-Match: *"])
    equal("made", first.status in (200, 201), True)
    call(bench, pixie, "PUT", path, {"profile": "rescue"}, status=412, fields=["If-None-Match: *"])
    tag = first.fields["etag"]
    call(bench, pixie, "PATCH", path, {"vars": {"disk": "/dev/vda"}}, fields=[f"If-Match: {tag}"])
    call(bench, pixie, "PATCH", path, {"profile": None}, status=412, fields=[f"If-Match: {tag}"])
    equal("kept", call(bench, pixie, "GET", path)["assignment"]["profile"], "disk")
    call(bench, pixie, "PUT", path, {"profile": "dsik"}, status=422)
    call(bench, pixie, "PUT", path, {"once": 7}, status=422)
    call(bench, pixie, "DELETE", path, status=204)
    call(bench, pixie, "GET", path, status=404)


@case("machines.stream")
def stream(bench):
    """events arrive as they happen, filtered; a slow listener is let go and harms nobody"""
    fleet(bench)
    pixie = bench.start(*tokens(bench))
    with Connection(bench, pixie) as listener, \
            Connection(bench, pixie, receive_buffer=4096) as lazy:
        for connection in (listener, lazy):
            connection.ask("/api/v1/events?types=log,machine", f"Authorization: Bearer {TOKEN}")
            status, fields = connection.head()
            equal("head", (status, fields["content-type"].split(";")[0]),
                  (200, "text/event-stream"))
        script(bench, pixie, MAC)
        heard = _listen(listener, b'"boot.script"')
        check(b"event: log\n" in heard and b"52:54:00:ab:cd:01" in heard, heard.decode())
        heard += _listen(listener, b"event: machine\n") if b"event: machine\n" not in heard else b""
        for _ in range(300):
            script(bench, pixie, MAC)
        call(bench, pixie, "GET", "machines")


def _listen(connection, until):
    heard = b""
    while until not in heard:
        data = connection.socket.recv(1 << 16)
        check(data, f"the stream ended: {heard[-500:]!r}")
        heard += data
    return heard


@case("machines.hostile")
def hostile(bench):
    """queries and bodies that try to break out: no command gets into a script, nothing falls over"""
    fleet(bench)
    pixie = bench.start(*tokens(bench))
    for serial in ("x%0Ashell", "x%20%7C%7C%20shell", "${net0/mac}", "%24%7Bx%7D", "%00", "%ff%fe",
                   "a" * 3000):
        text = script(bench, pixie, MAC, f"?serial={serial}")
        check("shell" not in text.split() and "${net0" not in text and "${x}" not in text, text)
    deep = b"[" * 30000
    for body in (b"", b"{", b"null", b"[]", deep, b'{"vars": ' + b'{"a":' * 5000, b"\xff\xfe",
                 b'{"once": "debian", "once": "disk"}', b'{"vars": {"mac": "x"}}',
                 b'{"vars": {"a b": 1}}', b'{"unknown": 1}'):
        with Connection(bench, pixie) as connection:
            connection.ask(f"/api/v1/machines/{MAC}", f"Authorization: Bearer {TOKEN}",
                           "Content-Type: application/json", f"Content-Length: {len(body)}",
                           method="PUT")
            connection.send(body)
            check(connection.response().status in (400, 422), repr(body[:50]))
    equal("too large", ask(bench, pixie, "PUT", f"machines/{MAC}",
                           {"vars": {"a": "x" * 70000}}).status, 413)
    for path in ("machines/zz", "machines/..%2f..", "none", "machines?limit=0", "machines?limit=x",
                 "boots?before=-1"):
        check(ask(bench, pixie, "GET", path).status in (400, 404, 422), path)
    equal("another method", ask(bench, pixie, "POST", "machines").status, 405)
    call(bench, pixie, "GET", "machines")


@case("machines.metrics")
def metrics(bench):
    """/metrics is well-formed (promtool), and counts what happened"""
    fleet(bench)
    pixie = bench.start(*tokens(bench))
    script(bench, pixie, MAC)
    call(bench, pixie, "PUT", f"machines/{OTHER}", {"once": "rescue"}, status=201)
    script(bench, pixie, OTHER)
    _fetch(bench, pixie, "undionly.kpxe")
    pixie.await_line(rb"tftp\.done")
    text = get(bench, pixie, "/metrics").body.decode()
    path = bench.folder / "client" / "metrics"
    path.write_text(text)
    checked = bench.run("sh", "-c", "promtool check metrics <metrics")
    equal(f"promtool: {checked.stdout}{checked.stderr}", checked.returncode, 0)
    # The third machine is the client's own host, which fetched a ROM.
    for pattern in (r'^pixie_build_info\{.*version="', r'^pixie_http_requests_total\{.*\} [1-9]',
                    r'^pixie_tftp_sent_bytes_total [1-9]', r'^process_start_time_seconds ',
                    r'^pixie_machines [23]$', r'^pixie_machine_installs\{status="started"\} 1$',
                    r'^pixie_machine_installs\{status="done"\} 0$'):
        check(re.search(pattern, text, re.M), f"no {pattern}\n{text}")


@case("machines.page")
def page(bench):
    """the page and its parts: types, compression, caching, a strict policy; no asset names another host"""
    pixie = bench.start()
    answer = get(bench, pixie, "/")
    equal("type", answer.fields["content-type"].split(";")[0], "text/html")
    check("default-src 'none'" in answer.fields["content-security-policy"], str(answer.fields))
    assets = re.findall(r'(?:src|href)="/?([^"]+)"', answer.body.decode())
    check(len(assets) >= 2, answer.body.decode())
    for name in assets:
        plain = get(bench, pixie, f"/{name}")
        zipped = get(bench, pixie, f"/{name}", "Accept-Encoding: gzip")
        equal(name, (plain.status, zipped.status), (200, 200))
        equal(f"{name}, both forms", (gzip.decompress(zipped.body), zipped.fields["vary"],
                                      plain.fields["vary"], zipped.fields["content-encoding"]),
              (plain.body, "Accept-Encoding", "Accept-Encoding", "gzip"))
        check(plain.fields["etag"] != zipped.fields["etag"], f"{name}: two forms with one tag")
        check(not re.search(rb"https?://(?!www\.w3\.org)", plain.body), f"{name} names another host")
        for accept in ("identity", "gzip"):
            statuses = []
            for form in (plain, zipped):
                again = get(bench, pixie, f"/{name}", f"Accept-Encoding: {accept}",
                            f"If-None-Match: W/\"x\", {form.fields['etag']}")
                equal(f"{name} again, Vary", again.fields["vary"], "Accept-Encoding")
                statuses.append(again.status)
            equal(f"{name} again, {accept}", statuses,
                  [304, 200] if accept == "identity" else [200, 304])
    equal("the tree", get(bench, pixie, "/files/").status, 200)
    equal("ready", get(bench, pixie, "/readyz").status, 200)


@case("machines.finish")
def finish(bench):
    """listeners of the stream hold up no stop"""
    pixie = bench.start()
    listener = bench.enter(Connection(bench, pixie))
    listener.ask("/api/v1/events")
    listener.head()
    pixie.stop()
    listener.socket.settimeout(5)
    try:
        while listener.socket.recv(1 << 16):
            pass
    except socket.timeout:
        check(False, "the connection is still open")
