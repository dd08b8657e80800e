"""Certificates made for a test, with the program openssl.

    authority = Authority(folder, "ours")
    server = authority.issue("server")      # server.certificate, server.key: PEM files for localhost and 127.0.0.1
"""
import pathlib
import subprocess
import typing


class Pair(typing.NamedTuple):
    certificate: pathlib.Path
    key: pathlib.Path


def openssl(*args):
    result = subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.certificate = self.folder / f"{name}.crt"
        self.key = self.folder / f"{name}.key"
        openssl("req", "-x509", *NEW_KEY, "-keyout", self.key, "-out", self.certificate, "-subj", f"/CN={name}", "-days", 2,
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # CPython 3.13 is strict

    def issue(self, name, days=2, hosts="DNS:localhost,IP:127.0.0.1"):
        """A key and a certificate for it; with negative days one that has expired."""
        pair = Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        request, names = self.folder / f"{name}.csr", self.folder / f"{name}.names"
        names.write_text(f"subjectAltName={hosts}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        openssl("req", *NEW_KEY, "-keyout", pair.key, "-out", request, "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-days", days, "-extfile", names, "-out", pair.certificate)
        return pair


def tls_flags(service, pair, roots=None):
    """Options that let `service`, "grpc" or "http", speak TLS; with `roots`, clients need a certificate, too."""
    flags = [f"--{service}-use-ssl=true", f"--{service}-server-cert={pair.certificate}",
             f"--{service}-server-key={pair.key}"]
    return flags + ([f"--{service}-use-ssl-mutual=true", f"--{service}-root-cert={roots}"] if roots else [])
