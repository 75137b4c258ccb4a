"""The API as it is documented: the examples of docs/api.md, the OpenAPI document, pixie machine."""

import json
import os
import pathlib
import re

from .api import READER, TOKEN, call, script, tokens
from .case import Skip, case, check, equal
from .http import get
from .images import images_folder, indexed, make_iso, settle
from .network import SERVER

DOCS = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "api.md"
IMAGE = "memtest.iso"
MAC = "52:54:00:12:34:56"
SETTINGS = b"""
[profiles.debian12]
kernel = "/extra/linux"
cmdline = "hostname={{hostname}} disk={{disk}}"
[profiles.debian12.vars]
disk = "/dev/sda"
[profiles.disk]
local = true
[groups.web]
profile = "disk"
[[rules]]
name = "arm"
arch = "arm64"
group = "web"
profile = "disk"
"""
# curl's own statuses: it was told to leave the endless stream after a while.
TIMED_OUT = 28


def served(bench, *options):
    """A pixie with profiles and tokens."""
    bench.file("pixie.toml", SETTINGS, bench.scripts)
    bench.file("linux", 1000)
    make_iso(bench, images_folder(bench) / IMAGE, {"kernel": b"x"})
    settle(bench.scripts / "images" / IMAGE)
    pixie = bench.start(*tokens(bench), *options)
    indexed(pixie, IMAGE)
    return pixie


def curl(bench, pixie, command):
    """Runs an example as the docs show it; returns the finished process."""
    environment = dict(os.environ, PIXIE=f"http://{SERVER}:{pixie.http}", TOKEN=TOKEN)
    return bench.run("sh", "-c", command, environment=environment)


@case("api.docs")
def docs(bench):
    """every curl example of docs/api.md does what it says"""
    examples = re.findall(r"^```sh\n(curl .*)\n```$", DOCS.read_text(), re.MULTILINE)
    check(len(examples) >= 15, f"docs/api.md has {len(examples)} examples only")
    images_folder(bench).chmod(0o777)
    bench.file("debian-12.iso", 1_000_000, bench.folder / "client")
    pixie = served(bench)
    for example in examples:
        done = curl(bench, pixie, example)
        wanted = TIMED_OUT if "/events" in example else 0
        equal(f"the status of {example}", done.returncode, wanted)
        check("Bearer" not in done.stdout, "a token was told")


def validator_for(document):
    """Checks an answer against the schema of `name`; needs python3-jsonschema."""
    try:
        import jsonschema  # pylint: disable=import-outside-toplevel
    except ImportError:
        raise Skip("python3-jsonschema is not installed") from None
    jsonschema.Draft202012Validator.check_schema({"$defs": document["components"]["schemas"]})

    def validate(what, schema, instance):
        whole = {"components": document["components"], **schema}
        errors = list(jsonschema.Draft202012Validator(whole).iter_errors(instance))
        check(not errors, f"{what}: {errors[0].message if errors else ''} in {instance}")
    return validate


def filled(path):
    """A path of the document with a machine or an image in it."""
    return path.replace("{mac}", MAC).replace("{file}", IMAGE)


@case("api.openapi")
def openapi(bench):
    """what every GET answers is what the OpenAPI document says"""
    pixie = served(bench)
    document = json.loads(get(bench, pixie, "/api/v1/openapi.json").body)
    validate = validator_for(document)
    # A machine that was seen, with a boot, and something assigned.
    script(bench, pixie, MAC.replace(":", "-"), "?arch=arm64&serial=S1&platform=efi")
    put = call(bench, pixie, "PUT", f"machines/{MAC}",
               {"profile": "disk", "once": "debian12", "vars": {"a": [1, {"b": True}]}})
    validate("PUT", {"$ref": "#/components/schemas/MachineDetail"}, put)
    for path, item in document["paths"].items():
        if "get" not in item or path == "/events":
            continue
        answer = get(bench, pixie, "/api/v1" + filled(path), f"Authorization: Bearer {READER}")
        equal(f"the status of {path}", answer.status, 200)
        described = item["get"]["responses"]["200"]["content"]
        (kind, content), = described.items()
        equal(f"the type of {path}", answer.fields["content-type"].split(";")[0], kind)
        if kind == "application/json":
            validate(path, content["schema"], json.loads(answer.body))
    for path, status in (("/machines/x", 400), ("/nothing", 404), ("/machines?limit=0", 400)):
        answer = get(bench, pixie, "/api/v1" + path, f"Authorization: Bearer {READER}")
        equal(path, answer.status, status)
        validate(path, {"$ref": "#/components/schemas/Problem"}, json.loads(answer.body))


@case("api.tokens")
def without_token(bench):
    """without a token nobody reads, with a reader's nobody writes; without a file loopback writes"""
    pixie = served(bench)
    equal("no token", get(bench, pixie, "/api/v1/machines").status, 401)
    equal("open", get(bench, pixie, "/api/v1/version").status, 200)
    reading = "curl -sS -o /dev/null -w '%{http_code}' -X DELETE -H " \
        f"'Authorization: Bearer {READER}' \"$PIXIE/api/v1/machines/{MAC}\""
    equal("a reader's write", curl(bench, pixie, reading).stdout, "403")
    free = bench.start()
    equal("no file, reading", get(bench, free, "/api/v1/machines").status, 200)
    write = "curl -sS -o /dev/null -w '%{http_code}' -X PUT -H 'Content-Type: application/json' " \
        f"-d '{{}}' http://{{}}:{free.http}/api/v1/machines/{MAC}"
    equal("no file, writing from elsewhere",
          bench.run("sh", "-c", write.replace("http://{}", f"http://{SERVER}")).stdout, "403")
    local = bench.run("sh", "-c", write.replace("http://{}", "http://127.0.0.1"),
                      namespace=bench.network.server)
    check(local.stdout in ("200", "201"), f"no file, writing from here: {local.stdout}")
    forged = write.replace("http://{}", "http://127.0.0.1") + " -H 'Origin: http://evil.example'"
    equal("a foreign page's write",
          bench.run("sh", "-c", forged, namespace=bench.network.server).stdout, "403")


@case("api.machine-command")
def machine_command(bench):
    """pixie machine lists, shows, sets, gives once and forgets machines"""
    pixie = served(bench)
    environment = dict(os.environ, PIXIE_TOKEN=TOKEN)

    def machine(*words, status=0):
        done = bench.run(bench.program, "machine", *words, "--server",
                         f"http://{SERVER}:{pixie.http}", environment=environment)
        equal(f"the status of machine {' '.join(words)} ({done.stderr})", done.returncode, status)
        return done.stdout + done.stderr

    check("MAC  " in machine("list"), "the empty list has no heading")
    machine("set", MAC, "--profile", "disk", "--var", "disk=/dev/vda", "--var", "a=b=c")
    equal("set", machine("set", MAC, "--unset", "a"),
          f'{MAC}: profile disk, once -, variables {{"disk":"/dev/vda"}}\n')
    check("once debian12" in machine("once", MAC, "debian12"), "no one-shot")
    check("once -" in machine("once", MAC, ""), "the one-shot was not taken back")
    check(MAC in machine("list", "00:12:34"), "it is not in the list")
    shown = json.loads(machine("show", MAC, "--json"))
    equal("shown", shown["assignment"]["profile"], "disk")
    check("there is no profile 'x'" in machine("once", MAC, "x", status=1), "no cause")
    machine("show", "nonsense", status=2)
    machine("forget", MAC)
    check("was ever seen" in machine("show", MAC, status=1), "it is still there")
    environment["PIXIE_TOKEN"] = READER
    check("reading only" in machine("forget", MAC, status=1), "a reader may write")
