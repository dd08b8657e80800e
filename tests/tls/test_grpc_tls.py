"""gRPC over TLS with the stock clients: who is let in, who is not, and what goes through."""
import asyncio
import socket

import grpc
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.grpc.aio as aioclient
from support.certificates import tls_flags
from support.server import PATIENCE
from support.wait import wait_until
from tritonclient.utils import InferenceServerException


@pytest.fixture(scope="module")
def server(module_repository, start_module_server, pki):
    module_repository.add_identity("identity")
    return start_module_server(module_repository.path, *tls_flags("grpc", pki.server))


@pytest.fixture(scope="module")
def mutual_server(module_repository, start_module_server, pki):
    module_repository.add_identity("identity")
    return start_module_server(module_repository.path, *tls_flags("grpc", pki.server, pki.ours.certificate))


def tensor(array):
    tensor = grpcclient.InferInput("INPUT0", list(array.shape), "FP32")
    tensor.set_data_from_numpy(array)
    return tensor


def credentials(roots, pair=None):
    """As arguments of a client."""
    return {"ssl": True, "root_certificates": str(roots), "private_key": pair and str(pair.key),
            "certificate_chain": pair and str(pair.certificate)}


def is_live(server, **arguments):
    with grpcclient.InferenceServerClient(server.grpc, **arguments) as client:
        return client.is_server_live()


def refusal(server, **arguments):
    with pytest.raises(InferenceServerException) as caught:
        is_live(server, **arguments)
    assert caught.value.status() == "StatusCode.UNAVAILABLE"
    return caught.value.message()


def test_inference(server, pki):
    array = np.arange(12, dtype=np.float32).reshape(4, 3)
    with grpcclient.InferenceServerClient(server.grpc, **credentials(pki.ours.certificate)) as client:
        assert client.get_server_metadata().version == "2.73.0"
        for _ in range(20):
            np.testing.assert_array_equal(client.infer("identity", [tensor(array)]).as_numpy("OUTPUT0"), array)


def test_large_tensors_both_ways(server, pki):
    array = np.random.default_rng(1).random((1, 5_000_000), dtype=np.float32)
    with grpcclient.InferenceServerClient(server.grpc, **credentials(pki.ours.certificate)) as client:
        for _ in range(2):
            np.testing.assert_array_equal(client.infer("identity", [tensor(array)]).as_numpy("OUTPUT0"), array)


def test_a_stream(server, pki):
    answers = []
    with grpcclient.InferenceServerClient(server.grpc, **credentials(pki.ours.certificate)) as client:
        client.start_stream(lambda result, error: answers.append((result, error)))
        for i in range(50):
            client.async_stream_infer("identity", [tensor(np.full((1, 3), i, dtype=np.float32))])
        client.stop_stream()
    assert [error for _, error in answers] == [None] * 50
    assert [result.as_numpy("OUTPUT0")[0, 0] for result, _ in answers] == list(range(50))


def test_the_asyncio_client(server, pki):
    async def run():
        async with aioclient.InferenceServerClient(server.grpc, **credentials(pki.ours.certificate)) as client:
            array = np.ones((2, 5), dtype=np.float32)
            results = await asyncio.gather(*(client.infer("identity", [tensor(array * i)]) for i in range(20)))
            return [result.as_numpy("OUTPUT0")[1, 4] for result in results]

    assert asyncio.run(run()) == list(range(20))


def test_channel_credentials_of_grpc_itself(server, pki):
    creds = grpc.ssl_channel_credentials(pki.ours.certificate.read_bytes())
    assert is_live(server, creds=creds)


def test_clients_that_trust_another_authority_refuse(server, pki):
    assert "CERTIFICATE_VERIFY_FAILED" in refusal(server, **credentials(pki.theirs.certificate))


def test_a_plain_client_is_refused_and_does_no_harm(server, pki):
    refusal(server)
    assert is_live(server, **credentials(pki.ours.certificate))


def test_a_server_with_an_expired_certificate_is_not_trusted(module_repository, start_server, pki):
    server = start_server(module_repository.path, *tls_flags("grpc", pki.expired_server))
    assert "CERTIFICATE_VERIFY_FAILED" in refusal(server, **credentials(pki.ours.certificate))


def test_clients_with_a_certificate_are_let_in(mutual_server, pki):
    assert is_live(mutual_server, **credentials(pki.ours.certificate, pki.client))
    array = np.ones((1, 3), dtype=np.float32)

    async def run():
        arguments = credentials(pki.ours.certificate, pki.client)
        async with aioclient.InferenceServerClient(mutual_server.grpc, **arguments) as client:
            return (await client.infer("identity", [tensor(array)])).as_numpy("OUTPUT0")

    np.testing.assert_array_equal(asyncio.run(run()), array)


@pytest.mark.parametrize("shown", [None, "stranger", "expired_client"])
def test_clients_without_a_good_certificate_are_not(mutual_server, pki, shown):
    refusal(mutual_server, **credentials(pki.ours.certificate, shown and getattr(pki, shown)))


def test_mutual_alone_switches_tls_on(module_repository, start_server, pki):
    flags = [flag for flag in tls_flags("grpc", pki.server) if "use-ssl" not in flag]
    server = start_server(module_repository.path, *flags, "--grpc-use-ssl-mutual=false")
    assert is_live(server, **credentials(pki.ours.certificate))


def test_a_failed_handshake_is_told_at_verbose_level_1(module_repository, start_server, pki):
    server = start_server(module_repository.path, *tls_flags("grpc", pki.server), "--log-verbose=1")
    with socket.create_connection(("127.0.0.1", server.grpc_port), timeout=20 * PATIENCE) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert plain.recv(100)[:1] in (b"\x15", b"")  # an alert, then the end
    wait_until(lambda: "TLS handshake failed: http request" in server.log)
