"""Scripts that pixie renders for each machine of a fleet, and nginx has as files of the same bytes."""

import dataclasses
import http.client
import pathlib

import loads
import servers

MANY, FEW = 100_000, 100
# Machines that take turns in asking: what pixie keeps of each costs time, too.
ASKED = 1000


def mac(number):
    """Of the machine with that number, as in file names."""
    return "52-54-{:02x}-{:02x}-{:02x}-{:02x}".format(*number.to_bytes(4, "big"))


def _settings(count):
    """pixie.toml: each machine with a name and a disk of its own."""
    parts = ["""[profiles.debian]
kernel = "/extra/linux"
initrd = "/extra/initrd.gz"
cmdline = "auto=true url={{server}}/t/preseed.cfg?mac={{mac}} hostname={{hostname}} disk={{disk}}"
[groups.web]
profile = "debian"
"""]
    parts += [f'[machines."{mac(number)}"]\nhostname = "web{number}"\ngroups = ["web"]\nvars = {{ disk = "/dev/vda" }}\n'
              for number in range(count)]
    return "".join(parts)


class PixieFleet(servers.Pixie):
    """It knows MANY machines."""

    tftp_port, http_port = 6907, 8013
    count = MANY

    def command(self):
        folder = self.folder / f"fleet-{self.count}"
        if not folder.exists():
            folder.mkdir()
            (folder / "pixie.toml").write_text(_settings(self.count))
        self.scripts = folder
        return super().command()

    def paths(self, asked=ASKED):
        """The targets that are asked in turns."""
        return [f"/ipxe/{mac(number * self.count // asked)}.ipxe" for number in range(asked)]

    def bodies(self):
        """What it gives for them."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port)
        for path in self.paths():
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or b"hostname=web" not in body:
                raise OSError(f"{path} is {answer.status}: {body[:200]}")
            yield body
        connection.close()

    def _http_answers(self):
        return self.head(self.paths()[0]) is not None

    def start(self):
        seconds = super().start()
        folder = self.root / "rendered"
        folder.mkdir(exist_ok=True)
        for number, body in enumerate(self.bodies()):
            (folder / f"{number}.ipxe").write_bytes(body)
        return seconds


class PixieFew(PixieFleet):
    """It knows FEW machines."""

    name = "pixie of 100"
    tftp_port, http_port = 6908, 8014
    count = FEW


class NginxRendered(servers.Nginx):
    """What PixieFleet gave when it started, as files."""

    http_port = 8015

    def paths(self, asked=ASKED):
        """The targets that are asked in turns."""
        return [f"/rendered/{number}.ipxe" for number in range(asked)]


@dataclasses.dataclass(frozen=True)
class Scripts:
    """Requests for the scripts of `asked` machines that take turns, for some seconds."""
    seconds: int
    keep_alive: bool
    asked: int = ASKED

    def __call__(self, server):
        script = pathlib.Path(server.folder) / "turns.lua"
        paths = ",\n".join(f'"{path}"' for path in server.paths(self.asked))
        script.write_text(f"local paths = {{{paths}}}\nlocal turn = 0\nfunction request()\n"
                          "  turn = turn % #paths + 1\n  return wrk.format('GET', paths[turn])\nend\n")
        return loads.wrk(server, self.seconds, self.keep_alive, "/", "-s", script)
