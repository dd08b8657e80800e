"""HTTP over TLS with the stock clients and curl: who is let in, who is not, and what goes through."""
import asyncio
import json
import ssl
import subprocess

import gevent.ssl
import numpy as np
import pytest
import requests
import tritonclient.http as httpclient
import tritonclient.http.aio as aioclient
from support.certificates import tls_flags
from support.inference import ask, body, values
from support.server import PATIENCE
from support.wait import wait_until


@pytest.fixture(scope="module")
def server(module_repository, start_module_server, pki):
    module_repository.add_identity("identity")
    return start_module_server(module_repository.path, *tls_flags("http", pki.server),
                               tls={"verify": pki.ours.certificate})


@pytest.fixture(scope="module")
def mutual_server(module_repository, start_module_server, pki):
    module_repository.add_identity("identity")
    return start_module_server(module_repository.path, *tls_flags("http", pki.server, pki.ours.certificate),
                               tls={"verify": pki.ours.certificate, "cert": pki.client})


def context_factory(roots, pair=None):
    """What the stock client calls for its TLS settings; gevent has a context class of its own."""
    def make():
        context = gevent.ssl.create_default_context(cafile=str(roots))
        if pair:
            context.load_cert_chain(*map(str, pair))
        return context
    return make


def stock_client(server, roots, pair=None, **more):
    return httpclient.InferenceServerClient(server.http, ssl=True, ssl_context_factory=context_factory(roots, pair), **more)


def tensor(array, module=httpclient):
    tensor = module.InferInput("INPUT0", array.shape, "FP32")
    tensor.set_data_from_numpy(array)
    return tensor


def test_inference(server, pki):
    array = np.arange(12, dtype=np.float32).reshape(4, 3)
    with stock_client(server, pki.ours.certificate) as client:
        assert client.is_server_ready()
        assert client.get_server_metadata()["version"] == "2.73.0"
        for _ in range(20):
            np.testing.assert_array_equal(client.infer("identity", [tensor(array)]).as_numpy("OUTPUT0"), array)


def test_ssl_options(server, pki):
    options = {"ca_certs": str(pki.ours.certificate)}
    with httpclient.InferenceServerClient(server.http, ssl=True, ssl_options=options) as client:
        assert client.is_server_live()


def test_a_certificate_for_another_host_is_for_insecure_clients_only(module_repository, start_server, pki):
    server = start_server(module_repository.path, *tls_flags("http", pki.elsewhere), ready=False,
                          tls={"verify": pki.ours.certificate})
    wait_until(lambda: "Started Metrics Service" in server.log)
    with stock_client(server, pki.ours.certificate, insecure=True) as client:
        wait_until(client.is_server_ready)
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        with stock_client(server, pki.ours.certificate) as client:
            client.is_server_live()


def test_large_tensors_and_many_at_once(server, pki):
    array = np.random.default_rng(1).random((1, 4_000_000), dtype=np.float32)
    with stock_client(server, pki.ours.certificate, concurrency=4) as client:
        np.testing.assert_array_equal(client.infer("identity", [tensor(array)]).as_numpy("OUTPUT0"), array)
        waiting = [client.async_infer("identity", [tensor(array[:, i:i + 100_000])]) for i in range(12)]
        for i, request in enumerate(waiting):
            np.testing.assert_array_equal(request.get_result().as_numpy("OUTPUT0"), array[:, i:i + 100_000])


def test_the_asyncio_client(server, pki):
    async def run():
        context = ssl.create_default_context(cafile=str(pki.ours.certificate))
        async with aioclient.InferenceServerClient(server.http, ssl=True, ssl_context=context) as client:
            array = np.ones((2, 5), dtype=np.float32)
            results = await asyncio.gather(*(client.infer("identity", [tensor(array * i, aioclient)]) for i in range(20)))
            return [result.as_numpy("OUTPUT0")[1, 4] for result in results]

    assert asyncio.run(run()) == list(range(20))


@pytest.mark.parametrize("flag, version", [("--http2", "2"), ("--http1.1", "1.1")])
def test_curl_gets_the_version_it_asks_for(server, pki, flag, version):
    result = subprocess.run(["curl", "-sS", flag, "--cacert", pki.ours.certificate, "-w", "\n%{http_version}", "-d",
                             json.dumps(body([1.0, 2.5])), f"{server.url}/v2/models/identity/infer"],
                            capture_output=True, text=True, timeout=30 * PATIENCE)
    assert result.returncode == 0, result.stderr
    answer, spoken = result.stdout.rsplit("\n", 1)
    assert json.loads(answer)["outputs"][0]["data"] == [1.0, 2.5]
    assert spoken == version


def test_certificates_alone_switch_nothing_on_and_that_is_said(module_repository, start_server, pki):
    flags = [flag for flag in tls_flags("http", pki.server) if "use-ssl" not in flag]
    server = start_server(module_repository.path, *flags)
    assert "Warning: '--http-server-cert' has no effect without '--http-use-ssl=true': the service speaks no TLS." in server.log


def test_metrics_stay_plain(server):
    assert server.metric("nv_cpu_utilization") is not None


def test_clients_that_trust_another_authority_refuse(server, pki):
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        with stock_client(server, pki.theirs.certificate) as client:
            client.is_server_live()


def test_a_plain_client_is_refused_and_does_no_harm(server):
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://{server.http}/v2/health/live", timeout=20 * PATIENCE)
    assert values(ask(server, "identity")) == [1.0]


def test_a_server_with_an_expired_certificate_is_not_trusted(module_repository, start_server, pki):
    server = start_server(module_repository.path, *tls_flags("http", pki.expired_server), ready=False)
    wait_until(lambda: "Started Metrics Service" in server.log)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
        with stock_client(server, pki.ours.certificate) as client:
            client.is_server_live()


def test_clients_with_a_certificate_are_let_in(mutual_server, pki):
    with stock_client(mutual_server, pki.ours.certificate, pki.client) as client:
        assert client.is_server_live()

    async def run():
        context = ssl.create_default_context(cafile=str(pki.ours.certificate))
        context.load_cert_chain(*pki.client)
        async with aioclient.InferenceServerClient(mutual_server.http, ssl=True, ssl_context=context) as client:
            return await client.is_server_live()

    assert asyncio.run(run())


@pytest.mark.parametrize("shown, alert", [(None, "CERTIFICATE_REQUIRED"), ("stranger", "UNKNOWN_CA"),
                                          ("expired_client", "CERTIFICATE_EXPIRED")])
def test_clients_without_a_good_certificate_are_not(mutual_server, pki, shown, alert):
    with pytest.raises(ssl.SSLError, match=alert):
        with stock_client(mutual_server, pki.ours.certificate, shown and getattr(pki, shown)) as client:
            client.is_server_live()
