"""HTTPS: pixie and nginx with the same certificate, and kTLS where the kernel has it."""

import pathlib
import subprocess

import servers

KERNEL_TLS = pathlib.Path("/proc/net/tls_stat").exists()


def _certificate(server):
    """The files of the certificate and its key, made once for all servers of a run."""
    folder = server.root.parent / "tls"
    if not folder.exists():
        subprocess.run([server.pixie, "tls", "init", folder, "--name", "127.0.0.1"], check=True,
                       stdout=subprocess.DEVNULL)
    return folder / "server.crt", folder / "server.key"


class PixieTls(servers.Pixie):
    """As over HTTP, which has a port of its own."""

    tftp_port, http_port = 6906, 8010
    plain_port = 8011
    scheme = "https"

    def command(self):
        self.pixie = self.path
        certificate, key = _certificate(self)
        command = super().command()
        command[command.index("-u") + 1] = f"127.0.0.1:{self.plain_port}"
        return [*command, "--https", f"127.0.0.1:{self.http_port}", "--tls-certificate", certificate, "--tls-key", key]


class NginxTls(servers.Nginx):
    """The same configuration, with TLS."""

    http_port = 8012
    scheme = "https"
    pixie = None

    def command(self):
        command = super().command()
        certificate, key = _certificate(self)
        conf = self.folder / "nginx.conf"
        kernel = "ssl_conf_command Options KTLS; " if KERNEL_TLS else ""
        conf.write_text(conf.read_text().replace(
            f"listen 127.0.0.1:{self.http_port};",
            f"listen 127.0.0.1:{self.http_port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key}; "
            f"ssl_protocols TLSv1.2 TLSv1.3; {kernel}"))
        return command
