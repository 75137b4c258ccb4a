"""A machine with real firmware, in QEMU without hardware acceleration: the same on every host.

The table FIRMWARE says which kinds there are. The serial line is read from the first byte on into
a Transcript (a reader that lags would stall the guest's console), and takes key presses.
"""

import contextlib
import dataclasses
import json
import pathlib
import shutil
import socket
import threading
import time

from .process import Process, Transcript

MAC = "52:54:00:77:00:01"
UUID = "11223344-5566-7788-99aa-bbccddeeff00"
COM1 = 0x3f8
SHARE = pathlib.Path("/usr/share")


@dataclasses.dataclass(frozen=True)
class Firmware:
    """A kind of machine. `flash`: code and variables under /usr/share; none for SeaBIOS."""
    program: str
    board: str
    cpu: str
    memory: int  # MiB
    linux: str  # the Debian architecture of the Linux that it boots
    console: str  # that Linux's name of the serial line
    platform: str  # what that Linux says of the firmware
    flash: tuple[str, str] | None = None
    arguments: tuple[str, ...] = ()
    display: bool = True  # it has a display to be added

    @property
    def is_efi(self):
        return self.flash is not None


FIRMWARE = {
    "bios": Firmware("qemu-system-x86_64", "pc", "max", 512, "amd64", "ttyS0", "bios"),
    "uefi64": Firmware(
        "qemu-system-x86_64", "q35", "max", 512, "amd64", "ttyS0", "efi64",
        ("OVMF/OVMF_CODE_4M.fd", "OVMF/OVMF_VARS_4M.fd")),
    "uefi32": Firmware(
        "qemu-system-x86_64", "q35,smm=on", "max", 512, "i386", "ttyS0", "efi32",
        ("OVMF/OVMF32_CODE_4M.secboot.fd", "OVMF/OVMF32_VARS_4M.fd"),
        ("-global", "driver=cfi.pflash01,property=secure,value=on",
         "-global", "ICH9-LPC.disable_s3=1")),
    "arm64": Firmware(
        "qemu-system-aarch64", "virt", "cortex-a57", 1024, "arm64", "ttyAMA0", "efi64",
        ("AAVMF/AAVMF_CODE.fd", "AAVMF/AAVMF_VARS.fd"), display=False),
    "arm32": Firmware(
        "qemu-system-arm", "virt", "cortex-a15", 1024, "armhf", "ttyAMA0", "efi32",
        ("AAVMF/AAVMF32_CODE.fd", "AAVMF/AAVMF32_VARS.fd"), display=False),
}


class Machine:
    """A machine that is switched on when made; a context manager that switches it off.

    `arguments` are more words for QEMU, `disk` is the content of a disk that is next in the boot
    order. `display` gives it a screen, for screenshot().
    """

    def __init__(self, network, folder, firmware, arguments=(), disk=None, display=False):
        self._folder = folder
        self._serial, serial_end = socket.socketpair()
        self._control, control_end = socket.socketpair()
        self._replies = self._control.makefile("r", encoding="utf-8")
        self.console = Transcript("console", folder / "serial.log")
        port, port_ends = network.machine_port()
        ends = [serial_end.detach(), control_end.detach(), *port_ends]
        command = self._command(firmware, port, *ends[:2], display) + [*arguments]
        if disk:
            command += self._disk(disk)
        (folder / "qemu.cmd").write_text(" ".join(map(str, command)) + "\n")
        self.started = time.monotonic()
        self._process = Process(network.machine_host, command, folder / "qemu.log",
                                on_end=self.console.close, descriptors=ends)
        for end in ends:
            socket.close(end)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stop()
        self._reader.join()
        self._replies.close()
        self._serial.close()
        self._control.close()
        self.console.release()

    def _command(self, firmware, port, serial, control, display):
        board, device = firmware.board, f"virtio-net-pci,netdev=net0,mac={MAC},bootindex=1"
        if firmware.display and not display:
            board += ",graphics=off"
        if firmware.is_efi:
            device += ",romfile="  # the firmware has its own driver and PXE client
        command = [
            firmware.program, "-machine", board, "-accel", "tcg", "-cpu", firmware.cpu, "-smp", "1",
            "-m", firmware.memory, "-uuid", UUID, "-nodefaults", "-no-user-config", "-no-reboot",
            "-display", "none",
            "-chardev", f"socket,id=serial0,fd={serial}", "-serial", "chardev:serial0",
            "-chardev", f"socket,id=control0,fd={control}",
            "-mon", "chardev=control0,mode=control",
            "-netdev", port, "-device", device]
        if display:
            command += self._screen(firmware)
        if firmware.is_efi:
            command += [*self._flash(firmware), "-device", "virtio-rng-pci"]
        return [*command, *firmware.arguments]

    def _screen(self, firmware):
        words = ["-device", "VGA"]
        if not firmware.is_efi:  # SeaBIOS leaves the serial line alone unless told its port
            port = self._folder / "sercon-port"
            port.write_bytes(COM1.to_bytes(2, "little"))
            words += ["-fw_cfg", f"name=etc/sercon-port,file={port}"]
        return words

    def _flash(self, firmware):
        code, variables = firmware.flash
        own = self._folder / "variables.fd"
        shutil.copyfile(SHARE / variables, own)
        return ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={SHARE / code}",
                "-drive", f"if=pflash,format=raw,unit=1,file={own}"]

    def _disk(self, content):
        image = self._folder / "disk.img"
        image.write_bytes(content)
        return ["-drive", f"if=none,id=disk0,format=raw,file={image}",
                "-device", "virtio-blk-pci,drive=disk0,bootindex=2"]

    def _read(self):
        with contextlib.suppress(ConnectionError):
            while data := self._serial.recv(65536):
                self.console.feed(data)

    def type(self, keys):
        """Types on the serial line."""
        self._serial.sendall(keys.encode("ascii"))

    def screenshot(self, path):
        """Saves what its display shows as a PNG file."""
        self._order("qmp_capabilities")
        self._order("screendump", filename=str(path), format="png")

    def _order(self, name, **arguments):
        """Gives QEMU an order (QEMU Machine Protocol) and returns once it is carried out."""
        order = json.dumps({"execute": name, "arguments": arguments})
        self._control.sendall(order.encode() + b"\n")
        for line in self._replies:
            reply = json.loads(line)
            if "error" in reply:
                raise RuntimeError(f"QEMU refuses {name}: {reply['error']['desc']}")
            if "return" in reply:
                return
