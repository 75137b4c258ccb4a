"""Certificates for HTTPS, made by pixie, and how UEFI firmware in QEMU is told to trust them."""

import dataclasses
import pathlib
import ssl
import struct
import subprocess
import uuid

X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")  # EFI_CERT_X509_GUID
OWNER = uuid.UUID(int=1)


@dataclasses.dataclass(frozen=True)
class Certificates:
    """An authority's and a server's, in a folder."""
    folder: pathlib.Path

    def options(self):
        """pixie's options for them."""
        return ["--tls-certificate", self.folder / "server.crt", "--tls-key", self.folder / "server.key"]

    def qemu(self):
        """QEMU's: OVMF makes the variable TlsCaCertificate of this file, a list of signatures (UEFI 2.10, 32.4.1)."""
        certificate = ssl.PEM_cert_to_DER_cert((self.folder / "ca.crt").read_text())
        signature = OWNER.bytes_le + certificate
        header = struct.pack("<16sIII", X509.bytes_le, 28 + len(signature), 0, len(signature))
        (self.folder / "cacerts").write_bytes(header + signature)
        return ["-fw_cfg", f"name=etc/edk2/https/cacerts,file={self.folder / 'cacerts'}"]


def make(pixie, folder, address):
    """By `pixie tls init`, for a server at an address."""
    subprocess.run([pixie, "tls", "init", folder, "--name", address], check=True, stdout=subprocess.DEVNULL)
    return Certificates(folder)
