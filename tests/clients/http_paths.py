"""HTTP's tree: spellings, folders, scripts, and paths that must lead nowhere."""

from .case import Stopwatch, case, check, equal
from .http import Connection, get, status_of
from .network import DUAL, SERVER, SERVER6, SERVER6_OTHER, SERVER_OTHER, url_host

MAC = "52-54-00-ab-cd-ef"


@case("http.spellings")
def spellings(bench):
    """double slashes, dots, escapes, backslashes, ROM names in any case: never a redirect"""
    data = bench.file("dir/File.bin", 3000)
    bench.file("dir/a b \u00fc%.bin", data)
    pixie = bench.start()
    for target in ("/extra/dir/File.bin", "//extra//dir///File.bin", "/./extra/./dir/File.bin",
                   "/extra/%64ir/File%2Ebin", "/extra%2Fdir%2fFile.bin", "/extra\\dir\\File.bin",
                   "/extra/dir/File.bin?query=/../x", f"http://{SERVER}/extra/dir/File.bin",
                   "http://other.example:99/extra/dir/File.bin",
                   "/extra/dir/a%20b%20%C3%BC%25.bin"):
        answer = get(bench, pixie, target)
        equal(target, (answer.status, answer.body == data), (200, True))
    rom = get(bench, pixie, "/undionly.kpxe").body
    for target in ("//undionly.kpxe", "/UNDIONLY.KPXE", "/efi/boot/undionly.kpxe",
                   "///a//undionly.kpxe"):
        answer = get(bench, pixie, target)
        equal(target, (answer.status, answer.body == rom), (200, True))
    equal("case counts in files", get(bench, pixie, "/extra/dir/file.bin").status, 404)
    equal("a slash behind a file", get(bench, pixie, "/extra/dir/File.bin/").status, 404)


@case("http.folders")
def folders(bench):
    """a folder without its slash gets 301; index.html or a listing is its page"""
    bench.file("a<b>&\"c'.txt", b"x")
    bench.file(".hidden", b"x")
    bench.file("sub/index.html", b"<p>own page")
    pixie = bench.start()
    for target, location in (("/ipxe", "/ipxe/"), ("/extra", "/extra/"), ("//ipxe", "/ipxe/"),
                             ("/extra/sub", "/extra/sub/"), ("//extra//sub", "/extra/sub/")):
        answer = get(bench, pixie, target)
        equal(target, (answer.status, answer.fields.get("location")), (301, location))
    page = get(bench, pixie, "/extra/sub/")
    equal("index.html", (page.body, page.fields["content-type"].split(";")[0]),
          (b"<p>own page", "text/html"))
    for target in ("/files/", "//files//"):
        top = get(bench, pixie, target)
        equal(target, top.status, 200)
        for name in (b"ipxe/", b"extra/", b"undionly.kpxe", b"chain.ipxe"):
            check(b'href="' + name in top.body or b'href="./' + name in top.body,
                  f"no link to {name.decode()} on {target}")
    listing = get(bench, pixie, "/extra/").body
    check(b"a&lt;b&gt;&amp;" in listing, "the name is not escaped")
    check(b"a%3Cb%3E%26%22c%27.txt" in listing, "the link is not escaped")
    check(b"hidden" not in listing and b"<b>" not in listing, listing.decode())


TRAVERSALS = (
    "/extra/../secret", "/ipxe/../secret", "/../secret", "/extra/%2e%2e/secret",
    "/extra/%2E%2E%2Fsecret", "/extra/..%2fsecret", "/extra/..%5csecret", "/extra\\..\\secret",
    "/extra/.%2e/secret", "/extra/%252e%252e/secret", "/extra/%252e%252e%252fsecret",
    "/extra/..%c0%afsecret", "/extra/%c0%ae%c0%ae/secret", "/extra/%e0%80%ae%e0%80%ae/secret",
    "/extra/..;/secret", "/extra/..%00/secret", "/extra/....//secret", "/extra/./../secret",
    "/extra//../secret", "/extra/sub/../../secret", "/extra/..\u2215secret",
    "/extra/..%u2215secret", "/extra/~/../secret", "http://x/extra/../secret", "http://x/../secret",
    "/extra?/../secret",
    "/etc/passwd", "//etc/passwd", "/extra//etc/passwd", "/extra/%2fetc/passwd",
    "/extra/%2Fproc/self/environ", "/proc/self/maps")


@case("http.traversal")
def traversal(bench):
    """paths that climb, in every encoding: refused, and nothing from outside comes"""
    (bench.folder / "secret").write_bytes(b"SECRET")
    bench.file("sub/file", 10)
    pixie = bench.start()
    for target in (*TRAVERSALS, *(str(bench.folder) + ending for ending in ("", "/secret"))):
        answer = get(bench, pixie, target)
        wanted = (301,) if target.startswith("/extra?") else (400, 403, 404)
        check(answer.status in wanted, f"{target}: {answer.status}")
        check(b"SECRET" not in answer.body and b"root:" not in answer.body, f"{target}: a leak")


@case("http.links")
def links(bench):
    """links within the folder are followed; those that lead out get 403; pipes, devices too"""
    data = bench.file("dir/file", 900)
    (bench.folder / "secret").write_bytes(b"SECRET")
    for name, target in {"in": "dir/file", "out": "../secret", "loop": "loop", "up": "..",
                         "absolute": str(bench.folder / "secret"),
                         "root": "/", "proc": "/proc/self/root"}.items():
        (bench.extra / name).symlink_to(target)
    pixie = bench.start()
    equal("within", get(bench, pixie, "/extra/in").body, data)
    for name in ("out", "absolute", "loop", "up/secret", "root/etc/passwd", "up", "up/", "root/",
                 "proc/etc/passwd"):
        answer = get(bench, pixie, f"/extra/{name}")
        equal(name, answer.status, 403)
        check(b"SECRET" not in answer.body, f"{name}: a leak")
    (bench.extra / "closed").write_bytes(b"SECRET")
    (bench.extra / "closed").chmod(0)
    equal("unreadable", get(bench, pixie, "/extra/closed").status, 403)


@case("http.chain-address", own_network=True)
def chain_address(bench):
    """the menu names the address by which the client reached pixie; default ports are left out"""
    pixie = bench.start(bind=DUAL)
    for host in (SERVER, SERVER_OTHER, SERVER6, SERVER6_OTHER):
        for target in ("/chain.ipxe", "/autoexec.ipxe", "/ipxe/autoexec.ipxe",
                       "/extra/any/where/autoexec.ipxe", "/EFI/BOOT/AUTOEXEC.IPXE"):
            script = get(bench, pixie, target, host=host).body.decode()
            check(f"set pixie http://{url_host(host)}:{pixie.http}\n" in script,
                  f"{target} by {host}: {script[:400]}")
            check(f"set pixie tftp://{url_host(host)}:{pixie.tftp} " in script, "the tftp URL")
    usual = bench.start(command=[bench.program, "-d", bench.scripts])
    equal("ports", (usual.tftp, usual.http), (69, 80))
    script = get(bench, usual, "/chain.ipxe").body.decode()
    check(f"set pixie http://{SERVER}\n" in script, script[:400])
    check(f"set pixie tftp://{SERVER} " in script, script[:400])
    check("${mac:hexhyp}.ipxe" in script and "{{" not in script, script)


@case("http.advertise")
def advertise(bench):
    """--advertise puts another address into the menu; --menu-timeout its time"""
    pixie = bench.start("--advertise", "192.0.2.7", "--menu-timeout", "77")
    script = get(bench, pixie, "/chain.ipxe").body.decode()
    check("set pixie http://192.0.2.7:" in script and SERVER not in script, script)
    check("set menu-timeout:int32 77000\n" in script, script)


@case("http.machine-scripts")
def machine_scripts(bench):
    """a machine's own script, default.ipxe, or a message; the MAC in other spellings"""
    pixie = bench.start()
    answer = get(bench, pixie, f"/ipxe/{MAC}.ipxe?uuid=1&serial=2&arch=x86_64")
    equal("status", answer.status, 200)
    check(f"{MAC}, has no script yet" in answer.body.decode(), answer.body.decode())
    equal("type", answer.fields["content-type"].split(";")[0], "text/plain")
    pixie.await_line(rb"event=script\.missing .*52:54:00:ab:cd:ef")
    default = bench.file("default.ipxe", b"#!ipxe\ndefault\n", bench.scripts)
    equal("default.ipxe", get(bench, pixie, f"/ipxe/{MAC}.ipxe").body, default)
    (bench.scripts / "default.ipxe").rename(bench.folder / "elsewhere.ipxe")
    (bench.scripts / "default.ipxe").symlink_to(bench.folder / "elsewhere.ipxe")
    refused = get(bench, pixie, f"/ipxe/{MAC}.ipxe")
    equal("a default.ipxe that can't be served", refused.status, 403)
    check(b"default.ipxe is a symbolic link that leads out" in refused.body, refused.body)
    (bench.scripts / "default.ipxe").unlink()
    (bench.folder / "elsewhere.ipxe").rename(bench.scripts / "default.ipxe")
    own = bench.file(f"{MAC}.ipxe", b"#!ipxe\nown\n", bench.scripts)
    for name in (MAC, MAC.upper(), "52:54:00:ab:cd:ef", "52%3A54%3A00%3Aab%3Acd%3Aef",
                 "525400abcdef", "525400ABCDEF"):
        equal(name, get(bench, pixie, f"/ipxe/{name}.ipxe?x=y").body, own)
    equal("no MAC", get(bench, pixie, "/ipxe/52-54-00-ab-cd.ipxe").status, 404)


@case("http.own-chain")
def own_chain(bench):
    """chain.ipxe in the scripts folder replaces the menu at once; removed, it is back"""
    pixie = bench.start()
    check(b"own script" in get(bench, pixie, "/chain.ipxe").body, "no menu")
    own = bench.file("chain.ipxe", b"#!ipxe\necho mine ${mac}\n", bench.scripts)
    for target in ("/chain.ipxe", "/autoexec.ipxe", "/ipxe/chain.ipxe", "/x/autoexec.ipxe"):
        equal(target, get(bench, pixie, target).body, own)
    (bench.scripts / "chain.ipxe").unlink()
    check(b"own script" in get(bench, pixie, "/chain.ipxe").body, "the menu is not back")


@case("http.switched-folder")
def switched_folder(bench):
    """the scripts folder is a link that is switched while pixie runs: the new one within seconds"""
    for name in ("one", "two"):
        (bench.folder / name).mkdir()
        bench.file("x.ipxe", name.encode(), bench.folder / name)
    link = bench.folder / "current"
    link.symlink_to("one")
    pixie = bench.start(command=[bench.program, "-t", "0.0.0.0:0", "-u", "0.0.0.0:0", "-d", link])
    with Connection(bench, pixie) as connection:
        equal("before", connection.get("/ipxe/x.ipxe").body, b"one")
        (bench.folder / "new").symlink_to("two")
        (bench.folder / "new").rename(link)
        watch = Stopwatch()
        while (body := connection.get("/ipxe/x.ipxe").body) == b"one":
            watch.check_below(3, "the switch")
        equal("after", body, b"two")


@case("http.no-folders")
def no_folders(bench):
    """without folders pixie serves ROMs and the menu; /ipxe/<mac>.ipxe is the message or 404"""
    pixie = bench.start(command=[bench.program, "-t", "0.0.0.0:0", "-u", "0.0.0.0:0"])
    equal("a ROM", get(bench, pixie, "/undionly.kpxe").status, 200)
    equal("the menu", get(bench, pixie, "/chain.ipxe").status, 200)
    equal("/extra/x", get(bench, pixie, "/extra/x").status, 404)
    equal("nonsense", status_of(bench, pixie, b"GET /%"), [])
