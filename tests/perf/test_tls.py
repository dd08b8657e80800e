"""`neso perf` over TLS, HTTP and gRPC: whom it trusts, and what it shows."""
import subprocess

import pytest
from support.certificates import Authority, tls_flags
from support.server import run_neso


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    return Authority(folder, "ours"), Authority(folder, "theirs")


@pytest.fixture(scope="module")
def server(module_repository, start_module_server, pki):
    """Both protocols ask for a client's certificate."""
    module_repository.add_identity("wide", dims=(16,))
    ours, _ = pki
    pair, client = ours.issue("server"), ours.issue("client")
    return start_module_server(
        module_repository.path, *tls_flags("http", pair, ours.certificate), *tls_flags("grpc", pair, ours.certificate),
        tls={"verify": str(ours.certificate), "cert": (str(client.certificate), str(client.key))})


@pytest.fixture
def perf(server, pki):
    ours, theirs = pki

    def run(protocol, trusted=ours, shown=True, more=(), host="127.0.0.1"):
        roots, certificate, key = trusted.certificate, ours.folder / "client.crt", ours.folder / "client.key"
        if protocol == "grpc":
            words = ["-i", "grpc", "-u", f"{host}:{server.grpc_port}", "--ssl-grpc-use-ssl",
                     "--ssl-grpc-root-certifications-file", roots]
            own = ["--ssl-grpc-certificate-chain-file", certificate, "--ssl-grpc-private-key-file", key]
        else:
            words = ["-u", f"https://{host}:{server.http_port}", "--ssl-https-ca-certificates-file", roots]
            own = ["--ssl-https-client-certificate-file", certificate, "--ssl-https-private-key-file", key]
        words += [*(own if shown else ()), *more]
        return run_neso("perf", "-m", "wide", "--concurrency-range", "4", "--request-count", "100", *map(str, words))
    run.theirs = theirs
    return run


@pytest.mark.parametrize("protocol, more", [("http", ()), ("grpc", ()), ("grpc", ("--streaming",))])
def test_a_trusted_server_is_measured(perf, protocol, more):
    ran = perf(protocol, more=more)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Request count: 100\n" in ran.stdout


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_stranger_is_not(perf, protocol):
    ran = perf(protocol, trusted=perf.theirs)
    assert ran.returncode == 99 and ": TLS: " in ran.stderr and "certificate" in ran.stderr


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_who_shows_no_certificate_is_refused(perf, protocol):
    assert perf(protocol, shown=False).returncode == 99


def test_verification_can_be_turned_off(perf):
    ran = perf("http", trusted=perf.theirs, more=("--ssl-https-verify-peer", 0))
    assert ran.returncode == 0, ran.stderr


def test_der_files_are_read(perf, pki, tmp_path):
    ours, _ = pki
    for kind, name in (("x509", "client.crt"), ("pkey", "client.key")):
        subprocess.run(["openssl", kind, "-in", ours.folder / name, "-outform", "DER", "-out", tmp_path / name], check=True)
    ran = perf("http", shown=False, more=(
        "--ssl-https-client-certificate-file", tmp_path / "client.crt", "--ssl-https-client-certificate-type", "DER",
        "--ssl-https-private-key-file", tmp_path / "client.key", "--ssl-https-private-key-type", "DER"))
    assert ran.returncode == 0, ran.stderr


def test_files_that_cannot_be_used_are_named(perf, tmp_path):
    ran = perf("http", more=("--ssl-https-ca-certificates-file", tmp_path / "none"))
    assert ran.returncode == 99 and f"cannot use '{tmp_path / 'none'}' as root certificates" in ran.stderr
