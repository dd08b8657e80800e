"""Files that cannot be used end the start; without TLS none of its libraries is there."""
import pathlib

import pytest
from support.certificates import tls_flags
from support.server import run_neso


def mapped_libraries(server):
    return {line.split()[-1].rsplit("/", 1)[-1] for line in pathlib.Path(f"/proc/{server.pid}/maps").read_text().splitlines()}


def test_openssl_is_loaded_by_servers_with_tls_only(repository, start_server, pki):
    repository.add_identity("identity")
    plain = mapped_libraries(start_server(repository.path))
    assert "libtritonserver.so" in plain
    assert not plain & {"libneso_tls.so", "libssl.so.3", "libcrypto.so.3"}
    assert mapped_libraries(start_server(repository.path, *tls_flags("grpc", pki.server))) >= {
        "libneso_tls.so", "libssl.so.3", "libcrypto.so.3"}


@pytest.mark.parametrize("service", ["grpc", "http"])
@pytest.mark.parametrize("flags, reason", [
    (["use-ssl=true"], "--{s}-use-ssl needs --{s}-server-cert and --{s}-server-key"),
    (["use-ssl=true", "server-cert={server.certificate}"], "--{s}-use-ssl needs --{s}-server-cert and --{s}-server-key"),
    (["use-ssl-mutual=true", "server-cert={server.certificate}", "server-key={server.key}"],
     "--{s}-use-ssl-mutual needs --{s}-root-cert"),
    (["use-ssl=true", "server-cert=/none", "server-key={server.key}"],
     "cannot use '/none' as the server's certificate: No such file or directory"),
    (["use-ssl=true", "server-cert={server.certificate}", "server-key={client.key}"],
     "cannot use '{client.key}' as the key of the server's certificate: key values mismatch"),
    (["use-ssl-mutual=true", "server-cert={server.certificate}", "server-key={server.key}", "root-cert={server.key}"],
     "cannot use '{server.key}' as root certificates: no certificate or crl found"),
])
def test_what_cannot_be_used_is_told_at_start(repository, pki, service, flags, reason):
    names = {"s": service, "server": pki.server, "client": pki.client}
    options = [f"--{service}-{flag.format(**names)}" for flag in flags]
    result = run_neso(f"--model-repository={repository.path}", *options)
    assert result.returncode == 1
    assert f'"failed to start {service.upper()} service: {reason.format(**names)}"' in result.stderr


def test_files_are_not_looked_at_when_a_service_is_off_or_plain(repository, start_server):
    start_server(repository.path, "--allow-grpc=false", "--grpc-use-ssl=true", "--http-server-cert=/none")
