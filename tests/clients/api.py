"""pixie's API as a program uses it, and the scripts that machines get."""

import json

from .case import check, equal
from .http import Connection

TOKEN = "0b1c2d3e4f5061728394a5b6c7d8e9fa"
READER = "8c2f6f0d1f6b4f5f9a1e2d3c4b5a6978"


def tokens(bench):
    """The options that give TOKEN the right to write and READER the right to read."""
    path = bench.folder / "tokens"
    path.write_text(f"{TOKEN} write tests\n{READER} read\n")
    path.chmod(0o644)
    return ("--api-tokens", path)


def ask(bench, pixie, method, path, body=None, fields=(), token=TOKEN):
    """Calls the API; returns the response. A body is sent as JSON."""
    data = b"" if body is None else json.dumps(body).encode()
    lines = [*fields, *([f"Authorization: Bearer {token}"] if token else ())]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    with Connection(bench, pixie) as connection:
        connection.ask(f"/api/v1/{path}", *lines, method=method)
        connection.send(data)
        return connection.response(method)


def call(bench, pixie, method, path, body=None, status=200, **more):
    """The same, where it must end with that status; returns the JSON of the answer."""
    answer = ask(bench, pixie, method, path, body, **more)
    equal(f"{method} {path}: {answer.body[:500].decode(errors='replace')}", answer.status, status)
    return json.loads(answer.body) if answer.body else None


def script(bench, pixie, mac, query="", status=200):
    """The text of a machine's script, as iPXE asks for it."""
    with Connection(bench, pixie) as connection:
        answer = connection.get(f"/ipxe/{mac}.ipxe{query}", "User-Agent: iPXE/1.21.1")
    equal(f"the script of {mac}: {answer.body[:300]!r}", answer.status, status)
    text = answer.body.decode()
    check(status != 200 or text.startswith("#!ipxe\n"), f"no script: {text!r}")
    return text
