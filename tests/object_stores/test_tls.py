"""Stores behind TLS: a proxy before each of them has a certificate that the tests' own authority has signed."""
import pytest
from support.certificates import Authority
from support.control import index
from support.fault_proxy import FaultProxy
from support.inference import ask, values
from support.server import run_neso


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("theirs"), "theirs")


@pytest.fixture
def behind(store, folder, repository):
    """The store as it is behind a proxy with this certificate."""
    proxies = []

    def start(pair):
        repository.add_identity("m")
        store.upload(repository.path, folder)
        proxies.append(FaultProxy(store.port, pair=pair).start())
        return store.behind(proxies[-1])

    yield start
    for proxy in proxies:
        proxy.stop()


def test_the_authorities_of_ssl_cert_file_are_trusted(behind, folder, authority, temporary, start_server):
    secure = behind(authority.issue("server"))
    server = start_server(f"{secure.url}/{folder}", env={**secure.environment, "TMPDIR": str(temporary),
                                                         "SSL_CERT_FILE": str(authority.certificate)})
    assert index(server) == {"m:1": "READY"}
    assert values(ask(server, "m")) == [1]
    assert secure.proxy.paths(secure.read_path(f"{folder}/m/config.pbtxt"))


def test_the_bundle_of_s3_goes_before_that(behind, store, folder, authority, stranger, temporary, start_server):
    if store.scheme != "s3":
        pytest.skip("AWS_CA_BUNDLE is of S3")
    secure = behind(authority.issue("server"))
    server = start_server(f"{secure.url}/{folder}", env={
        **secure.environment, "TMPDIR": str(temporary), "SSL_CERT_FILE": str(stranger.certificate),
        "AWS_CA_BUNDLE": str(authority.certificate)})
    assert index(server) == {"m:1": "READY"}


@pytest.mark.parametrize("why, text", [("stranger", "SSL certificate problem"), ("other host", "no alternative certificate")])
def test_who_is_not_the_store_is_refused_with_what_to_set(behind, folder, authority, stranger, temporary, why, text):
    secure = behind(stranger.issue("server") if why == "stranger" else authority.issue("other", hosts="DNS:elsewhere"))
    result = run_neso(f"--model-repository={secure.url}/{folder}", env={
        **secure.environment, "TMPDIR": str(temporary), "SSL_CERT_FILE": str(authority.certificate)})
    output = result.stdout + result.stderr
    assert result.returncode == 1
    assert text in output
    assert "SSL_CERT_FILE (with S3, AWS_CA_BUNDLE before it) names a PEM file" in output
    assert secure.proxy.requests == [], "nothing was sent"


def test_a_file_of_authorities_that_is_not_there_is_named(behind, folder, authority, temporary):
    secure = behind(authority.issue("server"))
    result = run_neso(f"--model-repository={secure.url}/{folder}", env={
        **secure.environment, "TMPDIR": str(temporary), "SSL_CERT_FILE": "/no/such/file"})
    assert result.returncode == 1
    assert "/no/such/file" in result.stdout + result.stderr
